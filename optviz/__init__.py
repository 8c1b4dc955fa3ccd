"""optviz runs the real `torch.optim` optimizers, step by step, on two-parameter loss surfaces.

>>> import optviz as ov
>>> exp = ov.Experiment(
...     surface=ov.SurfaceSpec("Rosenbrock"),
...     start=(-1.2, 1.0),
...     steps=300,
...     runs=(ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.05})),),
... )
>>> (adam,) = ov.run(exp, device="cpu")
>>> adam.points.shape
(301, 2)
>>> adam.outcome.kind
'moving'
"""

from optviz import notebooks as _notebooks
from optviz.engine.outcome import Outcome
from optviz.engine.planes import plane, project, seen_through, two_weights
from optviz.engine.request import CompetitorError, made_with
from optviz.engine.run import run, run_many, run_one, run_reference, run_varied
from optviz.engine.sampling import hessians, path_hessians, sample
from optviz.engine.suggestions import suggested_lr
from optviz.engine.trajectory import Ensemble, Grid, MadeWith, Plane, Reference, Summary, Trajectory
from optviz.export.films import to_gif, to_mp4
from optviz.export.pictures import to_image
from optviz.export.tables import results_json, steps_csv, steps_parquet, summaries_csv
from optviz.figures.curves import gradient_figure, loss_figure, lr_figure
from optviz.figures.relief import surface_figure
from optviz.figures.runs import contour_figure
from optviz.maps.figures import (
    basin_difference_figure,
    basin_figure,
    cloud_figure,
    cloud_paths_figure,
    stability_figure,
    sweep_curves_figure,
    sweep_figure,
    tuning_figure,
)
from optviz.maps.maps import (
    Axis,
    BasinMap,
    Cloud,
    SweepMap,
    Tuning,
    axis_names,
    basins,
    cloud,
    cost,
    default_resolution,
    sweep,
    tune,
)
from optviz.maps.workers import Here, Progress
from optviz.optimizers.catalogue import OPTIMIZERS, OptimizerInfo
from optviz.optimizers.conventions import CONVENTIONS, Convention, conventions
from optviz.optimizers.registration import register_optimizer
from optviz.optimizers.schedulers import SCHEDULERS, SchedulerInfo
from optviz.optimizers.third_party import register_pytorch_optimizers
from optviz.player.page import to_html
from optviz.programs.loop import training_loop
from optviz.programs.script import to_notebook, to_script
from optviz.programs.writing import Line
from optviz.rules.derivations import Derivation, derivation
from optviz.rules.stability import Stability, stability
from optviz.spec.experiment import Experiment, OptimizerSpec, RunSpec, SchedulerSpec, SurfaceSpec
from optviz.spec.view import MapSpec, View
from optviz.surfaces import catalogue as _surfaces  # fills SURFACES  # noqa: F401
from optviz.surfaces.catalogue import SURFACES, surface
from optviz.surfaces.problem import Surface, SurfaceInfo, register_surface
from optviz.version import __version__ as __version__

_notebooks.attach()

__all__ = [
    "CONVENTIONS",
    "OPTIMIZERS",
    "SCHEDULERS",
    "SURFACES",
    "Axis",
    "BasinMap",
    "Cloud",
    "CompetitorError",
    "Convention",
    "Derivation",
    "Ensemble",
    "Experiment",
    "Grid",
    "Here",
    "Line",
    "MadeWith",
    "MapSpec",
    "OptimizerInfo",
    "OptimizerSpec",
    "Outcome",
    "Plane",
    "Progress",
    "Reference",
    "RunSpec",
    "SchedulerInfo",
    "SchedulerSpec",
    "Stability",
    "Summary",
    "Surface",
    "SurfaceInfo",
    "SurfaceSpec",
    "SweepMap",
    "Trajectory",
    "Tuning",
    "View",
    "axis_names",
    "basin_difference_figure",
    "basin_figure",
    "basins",
    "cloud",
    "cloud_figure",
    "cloud_paths_figure",
    "contour_figure",
    "conventions",
    "cost",
    "default_resolution",
    "derivation",
    "gradient_figure",
    "hessians",
    "loss_figure",
    "lr_figure",
    "made_with",
    "path_hessians",
    "plane",
    "project",
    "register_optimizer",
    "register_pytorch_optimizers",
    "register_surface",
    "results_json",
    "run",
    "run_many",
    "run_one",
    "run_reference",
    "run_varied",
    "sample",
    "seen_through",
    "stability",
    "stability_figure",
    "steps_csv",
    "steps_parquet",
    "suggested_lr",
    "summaries_csv",
    "surface",
    "surface_figure",
    "sweep",
    "sweep_curves_figure",
    "sweep_figure",
    "to_gif",
    "to_html",
    "to_image",
    "to_mp4",
    "to_notebook",
    "to_script",
    "training_loop",
    "tune",
    "tuning_figure",
    "two_weights",
]
