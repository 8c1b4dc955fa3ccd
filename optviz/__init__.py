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
from optviz import surfaces as _surfaces  # fills SURFACES  # noqa: F401
from optviz.bring import register_optimizer
from optviz.conventions import CONVENTIONS, Convention, conventions
from optviz.derivations import Derivation, derivation
from optviz.engine import (
    CompetitorError,
    hessians,
    made_with,
    path_hessians,
    run,
    run_many,
    run_one,
    run_reference,
    run_varied,
    sample,
    suggested_lr,
)
from optviz.export.films import to_gif, to_mp4
from optviz.export.pages import to_html
from optviz.export.pictures import to_image
from optviz.export.programs import to_notebook, to_script
from optviz.export.tables import results_json, steps_csv, steps_parquet, summaries_csv
from optviz.figures import contour_figure, gradient_figure, loss_figure, lr_figure, surface_figure
from optviz.loop import Line, training_loop
from optviz.map_figures import (
    basin_difference_figure,
    basin_figure,
    cloud_figure,
    cloud_paths_figure,
    stability_figure,
    sweep_curves_figure,
    sweep_figure,
    tuning_figure,
)
from optviz.maps import (
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
from optviz.optimizers import OPTIMIZERS, OptimizerInfo
from optviz.outcome import Outcome
from optviz.planes import plane, project, seen_through, two_weights
from optviz.problem import SURFACES, Surface, SurfaceInfo, register_surface, surface
from optviz.schedulers import SCHEDULERS, SchedulerInfo
from optviz.spec import Experiment, MapSpec, OptimizerSpec, RunSpec, SchedulerSpec, SurfaceSpec, View
from optviz.stability import Stability, stability
from optviz.third_party import register_pytorch_optimizers
from optviz.trajectory import Ensemble, Grid, MadeWith, Plane, Reference, Summary, Trajectory
from optviz.version import __version__ as __version__
from optviz.work import Here, Progress

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
