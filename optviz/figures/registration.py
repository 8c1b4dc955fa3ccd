"""Figures of runs, by the names that files and pages call them by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import plotly.graph_objects as go

Draw = Callable[..., go.Figure | None]
"""Draws an experiment and its trajectories; `theme=` and `view=` say how."""
_Draw = TypeVar("_Draw", bound=Draw)


@dataclass(frozen=True)
class FigureInfo:
    """A figure of runs."""

    name: str
    rank: int
    """Where it stands among the others: the lowest first."""
    draw: Draw
    nothing: str
    """The sentence for the user where there is nothing to draw; empty where there always is something."""


OWN: list[FigureInfo] = []
"""Those of the files that have been loaded."""


def figure_of_runs(name: str, rank: int, nothing: str = "") -> Callable[[_Draw], _Draw]:
    """Declare the function that follows as one of the figures of runs, which files and pages can show."""

    def register(draw: _Draw) -> _Draw:
        OWN.append(FigureInfo(name, rank, draw, nothing))
        return draw

    return register
