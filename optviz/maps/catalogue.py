"""The maps that can be chosen, and what a `MapSpec` asks for.

Every file of this folder that declares a kind of map is found here: its declaration turns a `MapSpec`, an
experiment and the competitor in focus into requests, each a map that can be computed by itself, and their
results into pictures.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import is_dataclass, replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import optviz.maps
from optviz.figures.theme import Theme
from optviz.maps.registration import MapInfo, Picture, Request
from optviz.spec.experiment import Experiment
from optviz.spec.registry import Registry
from optviz.spec.view import MapSpec

__all__ = ["MAPS", "MapInfo", "Picture", "Request", "map_info", "named", "pictures", "requests"]


def _own() -> Iterable[MapInfo]:
    """Those that files of this folder declare."""
    files = (import_module(file.name) for file in iter_modules(optviz.maps.__path__, "optviz.maps."))
    return sorted((file.MAP for file in files if hasattr(file, "MAP")), key=lambda info: info.rank)


MAPS: Registry[MapInfo] = Registry("a map", _own)
"""Every kind of map that can be chosen, by its name. Their files are loaded when one is looked for."""


def requests(
    spec: MapSpec, experiment: Experiment, focus: int, within: float | None = None
) -> Sequence[Request]:
    """What has to be computed for a map.

    Args:
        spec: The map.
        experiment: The experiment that is mapped.
        focus: The index of the competitor in focus, counted from 0.
        within: The distance from a minimizer that counts as reached, in units of x and y; by default a
            thousandth of the domain, as in the results.

    Raises:
        ValueError: There is no such map, or it cannot be computed for this experiment.
    """
    info = map_info(spec)
    return info.plan(experiment, focus, {**info.settings(spec), "within": within})


def pictures(spec: MapSpec, results: Sequence[Any], theme: Theme) -> Sequence[Picture]:
    """The pictures of the results of all its requests, finished or not."""
    info = map_info(spec)
    return info.draw(results, info.settings(spec), theme)


def map_info(spec: MapSpec) -> MapInfo:
    """The kind of map that `spec` names.

    Raises:
        ValueError: There is none of this name.
    """
    if spec.name not in MAPS:
        raise ValueError(f"There is no map named {spec.name!r}. There are: {', '.join(MAPS)}.")
    return MAPS[spec.name]


def named(result: Any, experiment: Experiment) -> Any:
    """A map whose competitors are called as in `experiment`: names do not decide any number."""
    return replace(result, experiment=experiment) if is_dataclass(result) else result  # type: ignore[type-var]
