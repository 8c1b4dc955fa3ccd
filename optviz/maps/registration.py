"""How a kind of map is declared: each file of this folder that has one `MAP`, which says all of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go

from optviz.figures.theme import Theme
from optviz.spec.experiment import Experiment
from optviz.spec.params import Param, Value, complete
from optviz.spec.view import MapSpec

if TYPE_CHECKING:
    from optviz.maps.cells import CellMap


@dataclass(frozen=True)
class Request:
    """A map of an experiment that can be computed by itself."""

    make: Callable[..., Any]
    """One of `optviz.maps`' functions."""
    experiment: Experiment
    settings: Mapping[str, Value]
    cost: float
    """About how many seconds it takes on one core."""

    def __call__(self, **how: Any) -> Any:
        """The map; `how` is `device`, `executor` and `watch`."""
        return self.make(self.experiment, **self.settings, **how)


@dataclass(frozen=True)
class Picture:
    """A figure, and the map whose cells can be chosen in it, if any."""

    figure: go.Figure
    title: str
    """What it shows."""
    map: CellMap | None = None


def _nothing(settings: Mapping[str, Any]) -> Collection[str]:
    return ()


@dataclass(frozen=True)
class MapInfo:
    """A kind of map: what it can be asked, what has to be computed for it, and how that is drawn."""

    name: str
    title: str
    rank: int
    """Where it stands among the others: the lowest first."""
    teaches: str
    params: Mapping[str, Param]
    plan: Callable[[Experiment, int, Mapping[str, Any]], Sequence[Request]]
    """What has to be computed for an experiment, the competitor in focus, and its settings: a value for each
    of its parameters, and `within`, the distance from a minimizer that counts as reached."""
    draw: Callable[[Sequence[Any], Mapping[str, Any], Theme], Sequence[Picture]]
    """The pictures of the results of all its requests, finished or not."""
    unused: Callable[[Mapping[str, Any]], Collection[str]] = _nothing
    """Which of its parameters, and of "focus", decide nothing with these settings."""
    offer: str = ""
    """What a button says that opens what it has come to in the playground; empty where it has none."""
    offered: Callable[[Sequence[Any]], Experiment] | None = None
    """The experiment that is opened then."""

    def settings(self, spec: MapSpec) -> dict[str, Value]:
        """All parameters of a map, at their defaults where they are not given.

        Args:
            spec: The map.

        Raises:
            ValueError: It has no such parameter, or the value is of a wrong type or out of range.
        """
        return complete(f"The map {self.name}", self.params, spec.params, check=True)
