"""How an experiment is looked at: a `View`, and the map in it. Nothing here changes a number."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Self

from optviz.spec.frozen import (
    Control,
    NamedSpec,
    build,
    changed,
    declared,
    declared_params,
    documented,
    in_player,
    set_declared,
)
from optviz.spec.links import Reader, read_field, read_link, write_call, write_field
from optviz.spec.params import Choice, Float, Int, Ints, Maybe, Some, Text, describe

MOST_RUNS = 8
"""Competitors at once: each has a colour and dash of its own."""
MARKS: Mapping[str, str] = MappingProxyType(
    {
        "gradient": "The gradient of the loss at the head: it points uphill.",
        "given": "The gradient that torch was given: with noise, clipping and what was left over, if any.",
        "momentum": "torch's own running mean of gradients or momentum buffer, after the step.",
        "step": "The step that torch took from here, to scale.",
        "parts": "A preview of the step: the parts that add up to it, end to end, and where it leads.",
        "curvature": "How the surface bends here: an ellipse along the axes of the Hessian, long where the "
        "surface is flat, and its largest eigenvalue; beside it the optimizer's own stability limit, where "
        "one is known.",
    }
)
"""What can be drawn at the head of a path, and what it shows."""

CONVENTION_NAMES = ("torch", "keras", "paper", "average")
_BESIDE = {name: name.capitalize() for name in ("curves", "step", "code", "stability", "data")}
"""What can stand beside the picture, and what it is called."""


@dataclass(frozen=True)
class MapSpec(NamedSpec):
    """A map of many runs: its name, and the parameters that are not at their default.

    Args:
        name: A name in `MAPS`, such as "basins".
        params: Values of its parameters by their names. What is not given has the map's default.

    Raises:
        ValueError: Where the name is not one word, or a value is no number, text, switch or list.
    """

    _noun = "Map"


@documented
@dataclass(frozen=True)
class View:
    """How an experiment is looked at: nothing in it changes a number.

    Args:
        map: The map that is looked at; None for the runs themselves.
    """

    scale: str = declared(
        Choice(("auto", "log", "linear")),
        "auto",
        "A log scale shows the loss above the minimum: a straight line down is a constant factor a step. It "
        "is the default where the minimum is known.",
        in_player=Control("Loss scale", when={"beside": ["curves"]}, needs={"log": "minimum"}),
    )
    against: str = declared(
        Choice(("steps", "evals")),
        "steps",
        "What curves are drawn against. One step may cost several evaluations of loss and gradient: against "
        "evals, LBFGS looks less quick.",
        in_player=Control("Against", when={"beside": ["curves"]}),
    )
    within: float | None = declared(
        Maybe(Float(0.0, math.inf)),
        None,
        "The distance from a minimizer, in units of x and y, that counts as reached in the results and in "
        "maps. The default is a thousandth of the domain's mean width.",
    )
    colors: tuple[int, ...] = declared(
        Ints(0, MOST_RUNS - 1),
        (),
        "Which of the palette's colours each run has, counted from 0; runs without one have the first that "
        "are free.",
    )
    picture: str = declared(
        Choice(("2d", "3d")),
        "2d",
        "The surface from above, or as a relief: its height is the scale of the colours.",
        in_player=Control("Relief: the surface in 3-D", "transport"),
    )
    panels: str = declared(
        Choice(("one", "each")),
        "one",
        "One picture for all competitors, or a picture for each of them.",
        in_player=Control(
            "A picture for each competitor, side by side", "transport", needs={"each": "several runs"}
        ),
    )
    units: str = declared(
        Choice(("auto", "equal", "fill")),
        "auto",
        "Equal units on both axes keep right angles right. By default they are equal unless one side of "
        "the domain is more than three times the other: then the surface fills the picture.",
        in_player=Control("Equal units", "axes"),
    )
    beside: str = declared(
        Choice(tuple(_BESIDE)),
        "curves",
        "Beside the picture: curves of all runs, what one step of the run in focus did, its training loop as "
        "code, how far the curvature is from what its steps can bear, or the data with what each model makes "
        "of them.",
        in_player=Control("Show", called=_BESIDE, needs={"step": "steps", "data": "data"}),
    )
    focus: int = declared(
        Int(0, MOST_RUNS - 1), 0, "Which competitor is examined, counted from 0.", in_player=True
    )
    marks: tuple[str, ...] = declared(
        Some(tuple(MARKS)),
        (),
        "What is drawn at the head of the path in focus.",
        in_player=Control(
            "Arrows",
            helps=MARKS,
            when={"beside": ["step"], "picture": ["2d"]},
            needs={"parts": "two parameters", "curvature": "right angles"},
        ),
    )
    arrows: str = declared(
        Choice(("run", "fit")),
        "run",
        "Arrows have one scale for the whole run, so that a longer one is a larger gradient or step; or "
        "those of each step are magnified anew, so that none is too short to be seen.",
        in_player=Control(
            "Arrow scale",
            called={"run": "one scale", "fit": "fit each step"},
            when={
                "beside": ["step"],
                "picture": ["2d"],
                "marks": [mark for mark in MARKS if mark != "curvature"],
            },
        ),
    )
    convention: str = declared(
        Choice(CONVENTION_NAMES),
        "torch",
        "Libraries and papers write some rules in another way. Where such a rule differs, its path is drawn "
        "as a dotted ghost, computed by a reference of optviz: it is not torch.",
        in_player=Control(
            "Convention",
            called={name: name.capitalize() for name in CONVENTION_NAMES} | {"torch": "torch only"},
            when={"beside": ["step", "code"]},
            needs={name: name for name in CONVENTION_NAMES if name != "torch"},
        ),
    )
    page: str = declared(
        Text(60),
        "",
        "The page that is read beside it: lessons, optimizers, a page of a lesson such as momentum.2, or all "
        "its pages, momentum.all; empty for nothing.",
    )
    map: MapSpec | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.map, MapSpec | None):
            raise ValueError(f"View: map must be a MapSpec or None, not {describe(self.map)}.")
        set_declared(self, "View")
        if len(set(self.colors)) < len(self.colors):
            raise ValueError("View: colors must all be different.")

    @classmethod
    def from_url(cls, url: str) -> Self:
        """How a link says that its experiment is looked at.

        Args:
            url: What `Experiment.to_url` has written, or a whole address that ends in it.

        Raises:
            ValueError: Where this is no link of optviz, or what it says of the view cannot be read.

        Example:
            >>> import optviz as ov
            >>> link = "?v=1&surface=Booth&start=0,0&steps=50&run=SGD&scale=log"
            >>> ov.View.from_url(link) == ov.View(scale="log")
            True
        """
        return build(cls, read_link(url, VIEW_READERS), "link")


VIEW_PARAMS = declared_params(View)
"""What a view decides besides its map."""
IN_PLAYER = in_player(View)
"""What of it is chosen in the player."""
PLAIN = View()
"""The default view."""


def view_words(view: View) -> dict[str, str]:
    """The texts of a link that say how an experiment is looked at, by their names."""
    words = {name: write_field(value) for name, value in changed(view).items()}
    return words | ({"map": write_call(view.map.name, view.map.params)} if view.map else {})


def _read_map(text: str) -> MapSpec:
    ((name, params), *rest) = Reader(text).calls()
    if rest:
        raise ValueError("A link's map is a name with its parameters.")
    return MapSpec(name, params)


VIEW_READERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        **{name: partial(read_field, param.kind) for name, param in VIEW_PARAMS.items()},
        "map": _read_map,
    }
)
"""How a link's texts about the view are read, by their names."""
