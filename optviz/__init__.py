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

from optviz import surfaces as _surfaces  # fills SURFACES  # noqa: F401
from optviz.conventions import CONVENTIONS, Convention, conventions
from optviz.derivations import Derivation, derivation
from optviz.engine import (
    CompetitorError,
    hessians,
    made_with,
    run,
    run_many,
    run_one,
    run_reference,
    run_varied,
    sample,
    suggested_lr,
)
from optviz.export import summaries_csv
from optviz.figures import contour_figure, gradient_figure, loss_figure, lr_figure, surface_figure
from optviz.loop import Line, training_loop
from optviz.optimizers import OPTIMIZERS, OptimizerInfo
from optviz.outcome import Outcome
from optviz.problem import SURFACES, Surface, SurfaceInfo, register_surface, surface
from optviz.schedulers import SCHEDULERS, SchedulerInfo
from optviz.spec import Experiment, OptimizerSpec, RunSpec, SchedulerSpec, SurfaceSpec, View
from optviz.trajectory import Ensemble, Grid, MadeWith, Reference, Summary, Trajectory

__version__ = "0.1.0"

__all__ = [
    "CONVENTIONS",
    "OPTIMIZERS",
    "SCHEDULERS",
    "SURFACES",
    "CompetitorError",
    "Convention",
    "Derivation",
    "Ensemble",
    "Experiment",
    "Grid",
    "Line",
    "MadeWith",
    "OptimizerInfo",
    "OptimizerSpec",
    "Outcome",
    "Reference",
    "RunSpec",
    "SchedulerInfo",
    "SchedulerSpec",
    "Summary",
    "Surface",
    "SurfaceInfo",
    "SurfaceSpec",
    "Trajectory",
    "View",
    "contour_figure",
    "conventions",
    "derivation",
    "gradient_figure",
    "hessians",
    "loss_figure",
    "lr_figure",
    "made_with",
    "register_surface",
    "run",
    "run_many",
    "run_one",
    "run_reference",
    "run_varied",
    "sample",
    "suggested_lr",
    "summaries_csv",
    "surface",
    "surface_figure",
    "training_loop",
]
