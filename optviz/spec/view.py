"""How an experiment is looked at: a `View`, and the map in it. Nothing here changes a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Self

from optviz.spec.frozen import as_word, build, changed, set_checked, set_params
from optviz.spec.links import Reader, read_field, read_link, write_call, write_field
from optviz.spec.params import Choice, Float, Int, Ints, Maybe, Param, Settings, Some, Text, Value, describe

MARKS: Mapping[str, str] = MappingProxyType(
    {
        "gradient": "The gradient of the loss at the head: it points uphill.",
        "given": "The gradient that torch was given: with noise, clipping and what was left over, if any.",
        "momentum": "torch's own running mean of gradients or momentum buffer, after the step.",
        "step": "The step that torch took from here, to scale.",
        "parts": "A peek before the step is taken: what it is the sum of, end to end, and where it leads.",
        "curvature": "How the surface bends here: an ellipse along the axes of the Hessian, long where the "
        "surface is flat, and its largest eigenvalue; beside it the optimizer's own stability limit, where "
        "one is known.",
    }
)
"""What can be drawn at the head of a path, and what it shows."""

CONVENTION_NAMES = ("torch", "keras", "paper", "average")

VIEW_PARAMS: Mapping[str, Param] = MappingProxyType(
    {
        "scale": Param(
            Choice(("auto", "log", "linear")),
            "auto",
            "A log scale shows the loss above the minimum: a straight line down is a constant factor a step.",
        ),
        "against": Param(
            Choice(("steps", "evals")),
            "steps",
            "One step may cost several evaluations of loss and gradient: against evals, LBFGS looks less "
            "quick.",
        ),
        "within": Param(
            Maybe(Float(0.0, math.inf)),
            None,
            "Nearer than this to a minimizer, in units of x and y, counts as having reached it, in the "
            "results and in maps.",
        ),
        "colors": Param(Ints(0, 7), (), "Which of the palette's colours each run has."),
        "picture": Param(
            Choice(("2d", "3d")),
            "2d",
            "From above, or as a relief: its height is the scale of the colours.",
        ),
        "panels": Param(
            Choice(("one", "each")), "one", "One picture for all competitors, or a picture for each of them."
        ),
        "units": Param(
            Choice(("auto", "equal", "fill")),
            "auto",
            "Equal units on both axes keep right angles right. By themselves they are equal unless one side "
            "of the domain is more than three times the other: then the surface fills the picture.",
        ),
        "beside": Param(
            Choice(("curves", "step", "code", "stability", "data")),
            "curves",
            "Beside the picture: curves of all runs, what one step of the run in focus did, its training "
            "loop as code, how far the curvature is from what its steps can bear, or the data with what each "
            "model makes of them.",
        ),
        "focus": Param(Int(0, 7), 0, "The competitor that is looked into."),
        "marks": Param(Some(tuple(MARKS)), (), "What is drawn at the head of the path in focus."),
        "arrows": Param(
            Choice(("run", "fit")),
            "run",
            "Arrows have one scale for the whole run, so that a longer one is a larger gradient or step; or "
            "those of each step are magnified anew, so that none is too short to be seen.",
        ),
        "convention": Param(
            Choice(CONVENTION_NAMES),
            "torch",
            "Libraries and papers write some rules in another way. Where theirs differs, its path is drawn "
            "as a dotted ghost, computed by a reference of optviz: it is not torch.",
        ),
    }
)
"""What a view decides."""


@dataclass(frozen=True)
class MapSpec:
    """A map of many runs by its name in `MAPS`, and those of its parameters that are not at their default."""

    name: str
    params: Mapping[str, Value] = field(default_factory=Settings)

    def __post_init__(self) -> None:
        set_checked(self, "Map", name=as_word)
        set_params(self, self.name)


@dataclass(frozen=True)
class View:
    """How an experiment is looked at: nothing in it changes a number."""

    scale: str = "auto"
    """Scale of the losses: "log", "linear", or "auto" for log where the minimum is known."""
    against: str = "steps"
    """What curves are drawn against: "steps" or "evals"."""
    within: float | None = None
    """Nearer than this to a minimizer counts as having reached it; None for a thousandth of the domain."""
    colors: tuple[int, ...] = ()
    """Which of the palette's colours each run has; empty for the first ones in their order."""
    picture: str = "2d"
    """The surface from above, "2d", or as a relief, "3d"."""
    panels: str = "one"
    """One picture for all competitors, "one", or a picture for each, "each"."""
    units: str = "auto"
    """Units of the axes: as long on one as on the other, "equal", or such that the surface fills the picture,
    "fill"; "auto" for equal ones unless one side of the domain is more than three times the other."""
    beside: str = "curves"
    """What stands beside the picture: "curves", the "step" that is taken, the training loop's "code", the
    "stability" of the steps, or, for surfaces made of data, the "data" with what each model makes of them."""
    focus: int = 0
    """Which competitor is looked into, counted from 0."""
    marks: tuple[str, ...] = ()
    """What is drawn at the head of the path in focus: of `MARKS`."""
    arrows: str = "run"
    """The scale of arrows at a head: one for the whole "run", or magnified anew at each step to "fit"."""
    convention: str = "torch"
    """Whose convention is drawn beside torch's paths where it differs: of `CONVENTION_NAMES`."""
    page: str = ""
    """What is read beside it: "lessons", "optimizers", a page of a lesson, "momentum.2", or all of its pages,
    "momentum.all"; empty for nothing."""
    map: MapSpec | None = None
    """The map that is looked at; None for the runs themselves."""

    def __post_init__(self) -> None:
        if not isinstance(self.map, MapSpec | None):
            raise ValueError(f"View: map must be a MapSpec or None, not {describe(self.map)}.")
        checks = {name: param.kind.check for name, param in VIEW_PARAMS.items()}
        set_checked(self, "View", page=Text(60).check, **checks)
        if len(set(self.colors)) < len(self.colors):
            raise ValueError("View: colors must all be different.")

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read the view from what `Experiment.to_url` wrote. Raises ValueError for anything else."""
        return build(cls, read_link(url, VIEW_READERS), "link")


PLAIN = View()
"""The default view."""


def view_words(view: View) -> dict[str, str]:
    """The texts of a link that say how an experiment is looked at, by their names."""
    return {
        name: write_call(value.name, value.params) if isinstance(value, MapSpec) else write_field(value)
        for name, value in changed(view).items()
    }


def _read_map(text: str) -> MapSpec:
    ((name, params), *rest) = Reader(text).calls()
    if rest:
        raise ValueError("A link's map is a name with its parameters.")
    return MapSpec(name, params)


VIEW_READERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        **{name: partial(read_field, param.kind) for name, param in VIEW_PARAMS.items()},
        "page": str,
        "map": _read_map,
    }
)
"""How a link's texts about the view are read, by their names."""
