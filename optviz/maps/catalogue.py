"""The maps that can be chosen, and what a `MapSpec` asks for.

Every file of this folder that declares a kind of map is found here: its declaration turns a `MapSpec`, an
experiment and the competitor in focus into requests, each a map that can be computed by itself, and their
results into pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import optviz.maps
from optviz.figures.theme import Theme
from optviz.maps.registration import MAPS, MapInfo, Picture, Request
from optviz.spec.experiment import Experiment
from optviz.spec.view import MapSpec

__all__ = ["MAPS", "MapInfo", "Picture", "Request", "map_info", "named", "pictures", "requests"]

for _file in iter_modules(optviz.maps.__path__, "optviz.maps."):
    import_module(_file.name)


def requests(
    spec: MapSpec, experiment: Experiment, focus: int, within: float | None = None
) -> Sequence[Request]:
    """What has to be computed for a map. Raises ValueError with a sentence where it cannot be.

    A minimizer nearer than `within`, by default a thousandth of the domain, is reached, as in the results.
    """
    info = map_info(spec)
    return info.plan(experiment, focus, {**info.settings(spec), "within": within})


def pictures(spec: MapSpec, results: Sequence[Any], theme: Theme) -> Sequence[Picture]:
    """The pictures of the results of all its requests, finished or not."""
    info = map_info(spec)
    return info.draw(results, info.settings(spec), theme)


def map_info(spec: MapSpec) -> MapInfo:
    """The kind of map that `spec` names. Raises ValueError where there is none."""
    if spec.name not in MAPS:
        raise ValueError(f"There is no map named {spec.name!r}. There are: {', '.join(MAPS)}.")
    return MAPS[spec.name]


def named(result: Any, experiment: Experiment) -> Any:
    """A map whose competitors are called as in `experiment`: names do not decide any number."""
    return replace(result, experiment=experiment)
