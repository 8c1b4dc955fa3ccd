"""The maps that can be chosen: what each can be asked, what has to be computed for it, and how it is drawn.

A row of `MAPS` turns a `MapSpec`, an experiment and the competitor in focus into requests, each a map of
`optviz.maps` that can be computed by itself, and their results into pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go

from optviz.figures.theme import Theme
from optviz.maps.figures import (
    SWEEP_VALUES,
    basin_difference_figure,
    basin_figure,
    cloud_figure,
    cloud_paths_figure,
    sweep_curves_figure,
    sweep_figure,
    tuning_figure,
)
from optviz.maps.maps import (
    CRITERIA,
    BasinMap,
    SweepMap,
    axis_kind,
    axis_names,
    basins,
    cloud,
    cost,
    criterion_name,
    default_resolution,
    sweep,
    tune,
)
from optviz.optimizers.catalogue import optimizer_info
from optviz.spec.experiment import Experiment, OptimizerSpec
from optviz.spec.params import (
    Choice,
    Flag,
    Float,
    Int,
    Maybe,
    Param,
    Settings,
    Text,
    Tuple,
    Value,
    coerce_all,
)
from optviz.spec.view import MapSpec
from optviz.spec.wording import counted

AXIS = Tuple(
    (Text(40), Float(-1e6, 1e6), Float(-1e6, 1e6), Int(2, 256), Choice(("log", "linear"))), optional=1
)
"""An axis of a sweep: hyperparameter, from, to, how many values, and how they are spread."""
ShownAxis = tuple[str, float, float, int, str]
_SECOND = ("momentum", "betas[0]", "alpha", "rho", "lr_decay", "etas[0]", "weight_decay")
"""What a sweep varies besides the learning rate if nobody says otherwise: the first of these there is."""
_RANGES: Mapping[str, tuple[float, float]] = {
    "momentum": (0.0, 0.99),
    "betas[0]": (0.0, 0.99),
    "betas[1]": (0.9, 0.9999),
    "alpha": (0.5, 0.9999),
    "rho": (0.5, 0.9999),
    "weight_decay": (1e-5, 1.0),
    "eps": (1e-10, 1.0),
}
_WIDTH, _HEIGHT = 64, 32
_BLANK = {"steps to reach": "it never came so near"}


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
    map: BasinMap | SweepMap | None = None


@dataclass(frozen=True)
class MapInfo:
    """A map that can be chosen."""

    name: str
    title: str
    teaches: str
    params: Mapping[str, Param]
    plan: Callable[[Experiment, int, Mapping[str, Any]], Sequence[Request]]
    draw: Callable[[Sequence[Any], Mapping[str, Any], Theme], Sequence[Picture]]

    def settings(self, spec: MapSpec) -> dict[str, Value]:
        """All parameters, those not given at their defaults. Raises ValueError for what it does not have."""
        values = {name: param.default for name, param in self.params.items()}
        return values | coerce_all(self.name, self.params, spec.params)


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
    """The row of `MAPS` that `spec` names. Raises ValueError where there is none."""
    if spec.name not in MAPS:
        raise ValueError(f"There is no map named {spec.name!r}. There are: {', '.join(MAPS)}.")
    return MAPS[spec.name]


def default_axis(optimizer: OptimizerSpec, name: str, count: int) -> ShownAxis:
    """A range for a hyperparameter that shows where it works and where it does not."""
    kind = axis_kind(optimizer, name)
    if isinstance(kind, Int):
        first = max(kind.low, 1)
        last = min(kind.high, first + count - 1)
        return name, first, last, last - first + 1, "linear"
    low, high = _range(optimizer, name, kind)
    return name, low, high, count, "log" if kind.log and low > 0 else "linear"


def whole_axis(optimizer: OptimizerSpec, axis: Any) -> ShownAxis:
    """An axis with the spread that it has if nobody says one."""
    if len(axis) == 5:
        return axis  # type: ignore[no-any-return]
    name, low, high, count = axis
    kind = axis_kind(optimizer, name) if name in axis_names(optimizer.name) else None
    log = isinstance(kind, Float) and kind.log and min(low, high) > 0
    return name, low, high, count, "log" if log else "linear"


def _range(optimizer: OptimizerSpec, name: str, kind: Float) -> tuple[float, float]:
    if name == "lr":
        info = optimizer_info(optimizer)
        rate: Any = info.complete(optimizer)["lr"] or info.params["lr"].default
        return float(f"{rate / 1000:.3g}"), float(f"{rate * 1000:.3g}")
    low = max(kind.low, 1e-6) if kind.log else max(kind.low, -1.0)
    return _RANGES.get(name, (low, min(kind.high, 1.0)))


def second_axis(optimizer: OptimizerSpec) -> str:
    """What a sweep varies besides the learning rate."""
    there = [name for name in axis_names(optimizer.name) if name != "lr"]
    return next((name for name in _SECOND if name in there), there[0])


# -- rows ------------------------------------------------------------------------------------------------


def _basins(experiment: Experiment, focus: int, settings: Mapping[str, Any]) -> list[Request]:
    indices = [focus]
    rival = settings["rival"]
    if rival is not None and rival != focus and rival < len(experiment.runs):
        indices.append(rival)
    sides = [settings["resolution"] or default_resolution(experiment, index) for index in indices]
    side = min(sides)  # only maps of one resolution can be compared
    asked = {"resolution": side, "within": settings["within"]}
    return [
        Request(basins, experiment, Settings({"index": index, **asked}), cost(experiment, index, side**2))
        for index in indices
    ]


def _draw_basins(results: Sequence[Any], settings: Mapping[str, Any], theme: Theme) -> list[Picture]:
    found = [
        Picture(
            basin_figure(each, theme, hover=False),
            f"{_name(each)}: where every start ends, fainter the later it comes within {each.within:.12g}",
            each,
        )
        for each in results
    ]
    if len(results) == 2:
        one, other = results
        figure = basin_difference_figure(one, other, theme, hover=False)
        found.append(Picture(figure, "Where the two end differently", one))
    return found


def _sweep(experiment: Experiment, focus: int, settings: Mapping[str, Any]) -> list[Request]:
    if settings["curves"]:
        return _curves(experiment, focus, settings)
    optimizer = experiment.runs[focus].optimizer
    x = settings["x"] or default_axis(optimizer, "lr", _WIDTH)
    y = settings["y"] or default_axis(optimizer, second_axis(optimizer), _HEIGHT)
    seconds = cost(experiment, focus, x[3] * y[3], "sweep")
    asked = Settings({"index": focus, "x": x, "y": y, "within": settings["within"]})
    return [Request(sweep, experiment, asked, seconds)]


def _curves(experiment: Experiment, focus: int, settings: Mapping[str, Any]) -> list[Request]:
    """A curve for every competitor that has the hyperparameter."""
    x = settings["x"] or default_axis(experiment.runs[focus].optimizer, "lr", _WIDTH)
    there = [i for i, run in enumerate(experiment.runs) if x[0] in axis_names(run.optimizer.name)]
    if not there:
        raise ValueError(f"No competitor has a number called {x[0]}.")
    return [
        Request(
            sweep,
            experiment,
            Settings({"index": index, "x": x, "y": None, "within": settings["within"]}),
            cost(experiment, index, x[3], "sweep"),
        )
        for index in there
    ]


def _draw_sweep(results: Sequence[Any], settings: Mapping[str, Any], theme: Theme) -> list[Picture]:
    value = settings["value"]
    told = criterion_name(value, results[0].within)
    if results[0].y is None:
        gap = _BLANK.get(value, "it diverged")
        title = f"The {told} for each {results[0].x.name}, a gap where {gap}"
        return [Picture(sweep_curves_figure(results, value, theme), title)]
    (found,) = results
    blank = "" if value == "ending" else ", blank where " + _BLANK.get(value, "it diverged")
    title = f"{_name(found)}: the {told} for each {found.x.name} and {found.y.name}{blank}"
    return [Picture(sweep_figure(found, value, theme, hover=False), title, found)]


def _tuning(experiment: Experiment, focus: int, settings: Mapping[str, Any]) -> list[Request]:
    count = settings["count"]
    seconds = sum(cost(experiment, index, count, "sweep") for index in range(len(experiment.runs)))
    return [Request(tune, experiment, Settings(settings), seconds)]


def _draw_tuning(results: Sequence[Any], settings: Mapping[str, Any], theme: Theme) -> list[Picture]:
    (found,) = results
    told = criterion_name(found.criterion, found.within)
    return [Picture(tuning_figure(found, theme), f"The {told} for each learning rate")]


def _cloud(experiment: Experiment, focus: int, settings: Mapping[str, Any]) -> list[Request]:
    chance = experiment.noise > 0 or experiment.batch_size is not None
    radius = settings["radius"] or (None if chance else _RADIUS)
    given = Settings({"index": focus, "seeds": settings["count"], "radius": radius})
    return [Request(cloud, experiment, given, cost(experiment, focus, settings["count"]))]


def _draw_cloud(results: Sequence[Any], settings: Mapping[str, Any], theme: Theme) -> list[Picture]:
    (found,) = results
    name, many = _name(found), counted(found.count, "run")
    return [
        Picture(cloud_figure(found, theme), f"{name}: the losses of {many} at each step"),
        Picture(cloud_paths_figure(found, theme), f"{name}: the paths of {many}"),
    ]


_RADIUS = 0.05
"""Domain widths: how far the starts of a cloud lie apart where nothing else is left to chance."""


def _name(found: Any) -> str:
    return str(found.experiment.runs[found.index].name)


def named(result: Any, experiment: Experiment) -> Any:
    """A map whose competitors are called as in `experiment`: names do not decide any number."""
    return replace(result, experiment=experiment)


MAPS: Mapping[str, MapInfo] = MappingProxyType(
    {
        info.name: info
        for info in (
            MapInfo(
                "basins",
                "Basins",
                "Every pixel is a start: its colour says where the optimizer ends from there, and the "
                "fainter it is, the more steps it took.",
                {
                    "rival": Param(
                        Maybe(Int(0, 7)),
                        None,
                        "Another competitor beside it, and where the two end differently.",
                    ),
                    "resolution": Param(
                        Maybe(Int(16, 512)),
                        None,
                        "Starts along each side. Empty: 256, or as many as take about ten seconds.",
                    ),
                },
                _basins,
                _draw_basins,
            ),
            MapInfo(
                "sweep",
                "Sweep",
                "Every pixel is a run from the same start with other hyperparameters: which of them work, "
                "and how narrow the path is between too small and too large.",
                {
                    "x": Param(Maybe(AXIS), None, "The hyperparameter that goes across."),
                    "y": Param(Maybe(AXIS), None, "The hyperparameter that goes up."),
                    "curves": Param(Flag(), False, "One hyperparameter only, every competitor as a curve."),
                    "value": Param(Choice(SWEEP_VALUES), "final loss", "What the colour or height says."),
                },
                _sweep,
                _draw_sweep,
            ),
            MapInfo(
                "tuning",
                "Fair tuning",
                "Who wins a race depends on the learning rates. Here every competitor gets the same number "
                "of them, spread evenly on a log scale, and runs with its best one.",
                {
                    "count": Param(Int(3, 301), 31, "Learning rates for each competitor."),
                    "span": Param(
                        Float(2.0, 1e6, log=True),
                        1000.0,
                        "From the middle divided by this to the middle times this.",
                    ),
                    "around": Param(
                        Choice(("default", "set")), "default", "The middle: torch's default, or what is set."
                    ),
                    "criterion": Param(Choice(CRITERIA), "final loss", "What the best one is best at."),
                },
                _tuning,
                _draw_tuning,
            ),
            MapInfo(
                "cloud",
                "Cloud",
                "One run is an anecdote: the same competitor under many seeds, or from many starts around "
                "the chosen one. Half of all runs lie within the inner band.",
                {
                    "count": Param(Int(2, 1000), 64, "How many runs."),
                    "radius": Param(
                        Maybe(Float(1e-4, 1.0)),
                        None,
                        "Starts spread around the start, this many domain widths far. Empty: many seeds, "
                        "where there is noise or there are minibatches, else 0.05.",
                    ),
                },
                _cloud,
                _draw_cloud,
            ),
        )
    }
)
"""Every map by its name."""
