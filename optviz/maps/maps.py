"""Many runs as one result: where every start ends, which settings work, fair comparisons, and what luck does.

Every function takes `device` as `run` does; `executor`, any executor of `concurrent.futures` (a process pool,
a cluster), `Here(lock)`, or None for this thread; and `watch`, which is called several times a second with a
`Progress`. What `watch` raises stops the map. A process that works for a map must be able to import all that
the experiment names: a surface that the program registers itself must be registered there too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from optviz.engine.outcome import KINDS, Array
from optviz.engine.request import competitor, made_with, takes_run
from optviz.engine.rowwise import OPTIMIZERS_BY_ROWS
from optviz.engine.trajectory import Floats, MadeWith
from optviz.maps.cells import Cells, from_settings, from_starts, paths_of_seeds, paths_of_starts
from optviz.maps.workers import Piece, Places, Progress, Watcher, Workers, carry_out, coarse_first, stand_ins
from optviz.optimizers.catalogue import Coupling, optimizer_info
from optviz.optimizers.schedulers import scheduler_info
from optviz.rules.stability import constant_curvature, sgd_limit
from optviz.spec.display import ShownAsFigure
from optviz.spec.experiment import Experiment, OptimizerSpec, RunSpec
from optviz.spec.params import Float, Int, Kind, Maybe, Tuple, Value, describe
from optviz.spec.wording import counted

Result = TypeVar("Result")
Watch = Callable[[Progress[Result]], None]

CRITERIA = ("final loss", "best loss", "steps to reach")
"""What a tuning can go by: lower is better in each."""


def criterion_name(criterion: str, within: float) -> str:
    """A criterion as pictures call it: with the distance that counts as reached."""
    return f"steps to within {within:.12g}" if criterion == "steps to reach" else criterion


_LONGEST = 3600.0
"""Seconds: a map that would take longer in one process is refused, or 100 times as long on an executor."""
_MOST = 2**20
"""Cells of a map."""
_BYTES = 2**26
"""Of the paths that a piece of work holds."""
_PIECE = 0.4
"""Seconds that a piece of work takes, about: it is not interrupted on an executor."""
_DEFAULT = 10.0
"""Seconds that a map takes which is asked for without a resolution."""
_STEP = 150e-6
"""Seconds of a step of torch, whatever it steps. This and the next are measured on one core of a server."""
_EACH = {"rows": 0.1e-6, "groups": 25e-6, "tensors": 45e-6, "models": 80e-6, "alone": 130e-6}
"""Seconds that each run adds to a step, by how they are stepped together."""


# -- results -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Map:
    """A picture of runs: (h, w) arrays, a cell a run. Cells that have not been run yet are -1 and NaN."""

    experiment: Experiment
    index: int
    """Which competitor."""
    kinds: NDArray[np.int8]
    """(h, w) how it ended: places in `optviz.engine.outcome.KINDS`."""
    minimizers: NDArray[np.int16]
    """(h, w) which of the surface's minimizers it reached; -1 where none of them."""
    steps: NDArray[np.int32]
    """(h, w) the step from which that held."""
    losses: Array
    """(h, w) the surface's own loss at the last point."""
    reached: NDArray[np.int32]
    """(h, w) the first step that came nearer than `within` to a minimizer; -1 where none did."""
    within: float
    """The distance, in units of x and y, that counts as reached."""
    made_with: MadeWith

    @property
    def done(self) -> NDArray[np.bool_]:
        """(h, w) which cells have been run."""
        return self.kinds >= 0

    def shown(self, values: NDArray[Any]) -> NDArray[Any]:
        """`values` (h, w) with a coarser picture where there is no finer one yet."""
        filled: NDArray[Any] = values.reshape(-1)[stand_ins(self.done)]
        return filled


@dataclass(frozen=True, eq=False)
class BasinMap(_Map, ShownAsFigure):
    """Where one optimizer ends from every start in the domain."""

    x: Array
    """(w,) the starts' x, the middles of w equal parts of the domain."""
    y: Array
    """(h,)"""

    def at(self, row: int, column: int) -> Experiment:
        """The experiment that starts at a cell."""
        return replace(self.experiment, start=(float(self.x[column]), float(self.y[row])))

    def _figure(self) -> Any:
        from optviz.maps.figures import basin_figure

        return basin_figure(self)


@dataclass(frozen=True)
class Axis:
    """A hyperparameter that is varied: `count` values from `low` to `high`."""

    name: str
    """torch's name; "betas[1]" for the second of a tuple."""
    low: float
    high: float
    count: int
    log: bool = False
    whole: bool = False
    """Whether it takes whole numbers only."""

    @property
    def values(self) -> Array:
        """(count,) ascending or descending; whole numbers where it takes no others."""
        space = np.geomspace if self.log else np.linspace
        found: Array = space(self.low, self.high, self.count, dtype=np.float64)
        return np.round(found) if self.whole else found

    @property
    def parts(self) -> tuple[str, int | None]:
        """The hyperparameter's name, and the place in its tuple."""
        return _parts(self.name)


@dataclass(frozen=True, eq=False)
class SweepMap(_Map, ShownAsFigure):
    """How one optimizer ends with every pair of two hyperparameters, or every value of one: then h is 1."""

    x: Axis
    y: Axis | None
    best: Array
    """(h, w) the lowest loss on the path."""
    boundary: Array | None
    """(k, 2) points (x, y) of the border of what is stable in theory, or (1, 2) with y 0 where there is no
    second axis. Known for SGD on quadratics, against lr and momentum: 0 < lr·λ < 2 + 2β. None elsewhere."""

    def at(self, row: int, column: int) -> Experiment:
        """The experiment with a cell's hyperparameters."""
        spec = self.experiment.runs[self.index]
        chosen = _settings(spec.optimizer, self.x, float(self.x.values[column]))
        if self.y is not None:
            chosen = _settings(chosen, self.y, float(self.y.values[row]))
        return _with_run(self.experiment, self.index, replace(spec, optimizer=chosen))

    def _figure(self) -> Any:
        from optviz.maps.figures import sweep_curves_figure, sweep_figure

        return sweep_figure(self) if self.y else sweep_curves_figure([self])


@dataclass(frozen=True, eq=False)
class Tuning(ShownAsFigure):
    """The same number of learning rates for every competitor, and the best of them for each."""

    experiment: Experiment
    """As it was given."""
    criterion: str
    """One of `CRITERIA`."""
    rates: Array
    """(r, count) the learning rates of each competitor, ascending."""
    values: Array
    """(r, count) the criterion: lower is better; inf where the run diverged, or never reached a minimizer;
    NaN where it has not been run yet."""
    losses: Array
    """(r, count) the loss at the last point."""
    kinds: NDArray[np.int8]
    """(r, count) places in `optviz.engine.outcome.KINDS`; -1 where it has not been run yet."""
    within: float
    """The distance from a minimizer at which it counts as reached."""
    made_with: MadeWith

    @property
    def best(self) -> NDArray[np.int64]:
        """(r,) the place of the best rate; -1 where none is any good.

        The lower loss decides between equals, then the lower rate.
        """
        usable = np.isfinite(self.values)
        places = [
            np.lexsort((losses, np.where(good, values, np.inf)))[0] if good.any() else -1
            for values, losses, good in zip(self.values, self.losses, usable, strict=True)
        ]
        return np.asarray(places)

    @property
    def tuned(self) -> Experiment:
        """The experiment with each competitor's best learning rate; as it was where none is any good."""
        found = self.experiment
        for index, place in enumerate(self.best):
            if place >= 0:
                spec = found.runs[index]
                params = {**spec.optimizer.params, "lr": float(self.rates[index, place])}
                optimizer = OptimizerSpec(spec.optimizer.name, params)
                found = _with_run(found, index, replace(spec, optimizer=optimizer))
        return found

    @property
    def budget(self) -> str:
        """What every competitor was given, as a sentence."""
        runs, count = self.rates.shape
        return (
            f"{counted(count, 'learning rate')} × {counted(self.experiment.steps, 'step')} "
            f"for each of {counted(runs, 'competitor')}, "
            f"the best by {criterion_name(self.criterion, self.within)}."
        )

    def _figure(self) -> Any:
        from optviz.maps.figures import tuning_figure

        return tuning_figure(self)


@dataclass(frozen=True, eq=False)
class Cloud(ShownAsFigure):
    """One competitor's run under many seeds, or from many starts."""

    experiment: Experiment
    index: int
    over: str
    """What differs from run to run: "seeds" or "starts"."""
    quantiles: tuple[float, ...]
    losses: Array
    """(q, n+1) quantiles of the loss at each step; infinite where so many runs are undefined."""
    points: Array
    """(q, n+1, 2) quantiles of x and of y at each step, each by itself."""
    paths: Floats
    """(m, n+1, 2) some of the runs, the first at most 64; a run that diverged stays where it did."""
    path_losses: Array
    """(m, n+1) their losses."""
    finals: Array
    """(k,) the last loss of every run that is done."""
    count: int
    """k"""
    made_with: MadeWith

    def _figure(self) -> Any:
        from optviz.maps.figures import cloud_figure

        return cloud_figure(self)


# -- maps --------------------------------------------------------------------------------------------------


@takes_run
def basins(
    experiment: Experiment,
    index: int = 0,
    resolution: int | None = None,
    *,
    within: float | None = None,
    device: str = "auto",
    executor: Workers = None,
    watch: Watch[BasinMap] | None = None,
) -> BasinMap:
    """Where competitor `index` ends from every one of `resolution`² starts, each equal to its single run.

    The default is 256, or what takes about ten seconds where that would take longer. A minimizer nearer than
    `within`, by default a thousandth of the domain, is reached. Raises ValueError as `run` does, and for what
    would take hours.
    """
    spec, function = competitor(experiment, index)
    side = default_resolution(experiment, index) if resolution is None else resolution
    if not 2 <= side <= 1024:
        raise ValueError(f"The resolution must be between 2 and 1,024, not {side}.")
    _check_cost(cost(experiment, index, side**2), executor)
    x, y = (low + (high - low) * (np.arange(side) + 0.5) / side for low, high in function.domain)
    starts = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    near = function.near(within)
    cells, made = Cells.empty(side**2), made_with(experiment, device)

    def result() -> BasinMap:
        known = cells.arrays((side, side))
        del known["best"]
        return BasinMap(experiment, index, made_with=made, x=x, y=y, within=near, **known)

    pieces = [
        Piece(places, from_starts, (experiment, index, starts[places], near, device))
        for places in _pieces(experiment, spec, "basins", side, side)
    ]
    return _filled(cells, pieces, executor, watch, result)


@takes_run
def sweep(
    experiment: Experiment,
    index: int = 0,
    x: Axis | tuple[Any, ...] = ("lr", 1e-4, 1.0, 64),
    y: Axis | tuple[Any, ...] | None = ("momentum", 0.0, 0.99, 32),
    *,
    within: float | None = None,
    device: str = "auto",
    executor: Workers = None,
    watch: Watch[SweepMap] | None = None,
) -> SweepMap:
    """How competitor `index` ends with each pair of values of two of its optimizer's hyperparameters.

    An axis is (name, low, high, count), with "log" or "linear" as a fifth where the scale of the parameter
    is not what is wanted. "betas[1]", or ("betas", 1), is the second of a tuple. Without `y` it is a curve.
    A minimizer nearer than `within`, by default a thousandth of the domain, is reached.
    On the CPU each cell equals its single run to the bit. Raises ValueError as `run` does, for an axis that
    the optimizer does not have, and for what would take hours.
    """
    spec, function = competitor(experiment, index)
    across, up = _axis(spec, x), None if y is None else _axis(spec, y)
    if up is not None and up.name == across.name:
        raise ValueError(f"The two axes must differ; both are {up.name}.")
    width, height = across.count, up.count if up else 1
    _check_cost(cost(experiment, index, width * height, "sweep"), executor)
    optimizers = _grid_of_settings(spec.optimizer, across, up)
    near = function.near(within)
    cells, made = Cells.empty(width * height), made_with(experiment, device)
    boundary = _boundary(experiment, spec, across, up)

    def result() -> SweepMap:
        known = cells.arrays((height, width))
        return SweepMap(
            experiment, index, made_with=made, x=across, y=up, within=near, boundary=boundary, **known
        )

    pieces = [
        Piece(places, from_settings, (experiment, index, [optimizers[i] for i in places], near, device))
        for places in _pieces(experiment, spec, "sweep", height, width)
    ]
    return _filled(cells, pieces, executor, watch, result)


def tune(
    experiment: Experiment,
    count: int = 31,
    span: float = 1000.0,
    criterion: str = "final loss",
    *,
    around: str = "default",
    within: float | None = None,
    device: str = "auto",
    executor: Workers = None,
    watch: Watch[Tuning] | None = None,
) -> Tuning:
    """Give every competitor the same `count` of learning rates and find the best of them for each.

    They are even on a log scale, from the middle divided by `span` to the middle times `span`. The middle is
    torch's "default", or the one that is "set" where `around` says so. `criterion` is "final loss", "best
    loss" or "steps to reach" (within `within` of a minimizer). A competitor whose learning rate a scheduler
    replaces is given the same budget, for what it is worth. Raises ValueError as `run` does.
    """
    if criterion not in CRITERIA:
        raise ValueError(f"The criterion must be one of {', '.join(CRITERIA)}, not {describe(criterion)}.")
    if around not in ("default", "set"):
        raise ValueError(
            f'The rates are taken around the "default" or the "set" one, not {describe(around)}.'
        )
    if not 1 <= count <= 10_000 or not (math.isfinite(span) and span > 1):
        raise ValueError("A tuning takes 1 to 10,000 learning rates and a span above 1.")
    runs = range(len(experiment.runs))
    _check_cost(sum(cost(experiment, index, count, "sweep") for index in runs), executor)
    function = competitor(experiment, 0)[1]
    near = function.near(within)
    factors = np.geomspace(1 / span, span, count) if count > 1 else np.ones(1)
    rates = np.stack([_middle(experiment.runs[index], around) * factors for index in runs])
    cells, made = Cells.empty(rates.size), made_with(experiment, device)

    def result() -> Tuning:
        known = cells.arrays(rates.shape)
        values = _criterion(criterion, known)
        return Tuning(experiment, criterion, rates, values, known["losses"], known["kinds"], near, made)

    pieces = [
        Piece(index * count + places, from_settings, (experiment, index, chosen, near, device))
        for index in runs
        for places in _pieces(experiment, experiment.runs[index], "sweep", 1, count)
        for chosen in [_with_rates(experiment.runs[index].optimizer, rates[index, places])]
    ]
    return _filled(cells, pieces, executor, watch, result)


@takes_run
def cloud(
    experiment: Experiment,
    index: int = 0,
    seeds: int = 64,
    *,
    radius: float | None = None,
    quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    device: str = "auto",
    executor: Workers = None,
    watch: Watch[Cloud] | None = None,
) -> Cloud:
    """Competitor `index` many times: with as many `seeds`, from the experiment's on, each its single run.

    With a `radius`, in domain widths, it has the experiment's one seed and as many starts instead, spread
    evenly over the ellipse of that radius around the start, which is the first of them. Raises ValueError as
    `run` does, and where nothing is left to chance, so that all runs would be the same.
    """
    spec, function = competitor(experiment, index)
    if not 2 <= seeds <= 10_000:
        raise ValueError(f"A cloud has 2 to 10,000 runs, not {seeds}.")
    if not quantiles or not all(0 <= part <= 1 for part in quantiles):
        raise ValueError("Quantiles are numbers from 0 to 1, at least one.")
    if radius is None and experiment.noise == 0 and experiment.batch_size is None:
        raise ValueError("Without noise and minibatches all seeds give the same run: set one, or a radius.")
    if radius is not None and not (math.isfinite(radius) and radius > 0):
        raise ValueError(f"The radius must be a positive number of domain widths, not {radius}.")
    if seeds * (experiment.steps + 1) * 24 > 2**30:
        raise ValueError("The paths of this cloud would take over 1 GiB: take fewer runs or fewer steps.")
    _check_cost(cost(experiment, index, seeds), executor)
    dtype = np.dtype(experiment.dtype)
    paths = np.full((seeds, experiment.steps + 1, 2), np.nan, dtype)
    losses = np.full(paths.shape[:2], np.nan)
    made = made_with(experiment, device)

    def result() -> Cloud:
        there = ~np.isnan(losses[:, 0])
        over = "seeds" if radius is None else "starts"
        return _cloud(experiment, index, over, tuple(quantiles), paths[there], losses[there], made)

    def put(piece: Piece, found: tuple[Floats, Array]) -> None:
        paths[piece.places], losses[piece.places] = found

    which = np.arange(seeds)
    parts = np.array_split(which, -(-seeds // min(seeds, _at_once(experiment, spec, "basins"))))
    if radius is None:
        numbers = [experiment.seed + index for index in range(seeds)]
        pieces = [
            Piece(part, paths_of_seeds, (experiment, index, [numbers[i] for i in part], device))
            for part in parts
        ]
    else:
        starts = _around(experiment.start, radius * np.asarray(function.widths), seeds)
        pieces = [Piece(part, paths_of_starts, (experiment, index, starts[part], device)) for part in parts]
    return _carried_out(pieces, seeds, executor, watch, put, result)


# -- what it costs -----------------------------------------------------------------------------------------


@takes_run
def cost(experiment: Experiment, index: int, cells: int, kind: str = "basins") -> float:
    """About how many seconds a map of so many cells takes on one core of a server; `kind` may be "sweep".

    A rule of thumb by how torch can step the runs together, within a factor of a few: `Progress.left` knows
    better as soon as the first runs are done.
    """
    spec, _ = competitor(experiment, index)
    passes = max(1.0, cells / _at_once(experiment, spec, kind))
    return experiment.steps * (passes * _STEP + cells * _each(experiment, spec, kind))


@takes_run
def default_resolution(experiment: Experiment, index: int = 0) -> int:
    """The resolution of a basin map that is asked for without one: 256, or what takes about ten seconds."""
    sides = (side for side in (256, 128, 96, 64, 48, 32, 24) if cost(experiment, index, side**2) <= _DEFAULT)
    return next(sides, 16)


def _each(experiment: Experiment, spec: RunSpec, kind: str) -> float:
    """Seconds that a run adds to a step."""
    info = optimizer_info(spec.optimizer)
    if info.coupling is Coupling.OPTIMIZER:
        evals: Any = info.complete(spec.optimizer).get("max_iter", 1)
        return _EACH["alone"] * (1 + float(evals))
    if competitor(replace(experiment, runs=(spec,)), 0)[1].data is not None:
        return _EACH["models"]
    reads_loss = spec.scheduler is not None and scheduler_info(spec.scheduler).reads_loss
    if info.coupling is Coupling.TENSOR or reads_loss:
        return _EACH["tensors"]
    return _EACH["groups" if kind == "sweep" and info.name not in OPTIMIZERS_BY_ROWS else "rows"]


def _at_once(experiment: Experiment, spec: RunSpec, kind: str) -> int:
    """How many runs a piece of work has: what memory and patience allow."""
    size = 2 * np.dtype(experiment.dtype).itemsize * (experiment.steps + 1)
    quick = _PIECE / (experiment.steps * _each(experiment, spec, kind))
    return max(1, min(_BYTES // size, int(quick)))


def _check_cost(seconds: float, executor: Workers) -> None:
    limit = _LONGEST * (100 if hasattr(executor, "submit") else 1)
    if seconds > limit:
        raise ValueError(
            f"This would take about {counted(round(seconds / 3600), 'hour')} on one core: take fewer runs or "
            "fewer steps."
        )


# -- how it is carried out ---------------------------------------------------------------------------------


def _pieces(experiment: Experiment, spec: RunSpec, kind: str, height: int, width: int) -> list[Places]:
    """The cells of each piece of work, coarse first."""
    if height * width > _MOST:
        raise ValueError(f"A map has at most {_MOST:,} cells, not {height * width:,}.")
    size = _at_once(experiment, spec, kind)
    return [
        part
        for places in coarse_first(height, width)
        for part in np.array_split(places, -(-len(places) // size))
    ]


def _filled(
    cells: Cells,
    pieces: Sequence[Piece],
    executor: Workers,
    watch: Watch[Result] | None,
    result: Callable[[], Result],
) -> Result:
    def put(piece: Piece, found: Cells) -> None:
        cells.put(piece.places, found)

    return _carried_out(pieces, len(cells.kinds), executor, watch, put, result)


def _carried_out(
    pieces: Sequence[Piece],
    total: int,
    executor: Workers,
    watch: Watch[Result] | None,
    put: Callable[[Piece, Any], None],
    result: Callable[[], Result],
) -> Result:
    watcher = Watcher(watch, total, result)
    with closing(carry_out(pieces, executor, watcher)) as found:
        for piece, each in found:
            put(piece, each)
            watcher.add(len(piece.places))
    return result()


# -- axes and settings -------------------------------------------------------------------------------------


def _parts(name: str) -> tuple[str, int | None]:
    word, bracket, place = name.partition("[")
    return word, int(place.rstrip("]")) if bracket else None


def _axis(spec: RunSpec, given: Axis | tuple[Any, ...]) -> Axis:
    """An axis as it was asked for. Raises ValueError with a sentence where there is no such one."""
    if isinstance(given, Axis):
        given = (given.name, given.low, given.high, given.count, "log" if given.log else "linear")
    if not isinstance(given, tuple) or not 4 <= len(given) <= 5:
        raise ValueError(f"An axis is (name, low, high, count), not {describe(given)}.")
    name = _axis_name(given[0])
    kind = axis_kind(spec.optimizer, name)
    try:
        low, high = kind.coerce(given[1]), kind.coerce(given[2])
        count = Int(1, _MOST).check(given[3])
    except ValueError as error:
        raise ValueError(f"The axis {name}: {error}") from None
    assert isinstance(low, int | float) and isinstance(high, int | float)
    scale = given[4] if len(given) == 5 else None
    if scale not in (None, "log", "linear"):
        raise ValueError(f'The scale of an axis is "log" or "linear", not {describe(scale)}.')
    log = isinstance(kind, Float) and kind.log and min(low, high) > 0 if scale is None else scale == "log"
    if log and min(low, high) <= 0:
        raise ValueError(f"The axis {name}: a log scale has no place for {min(low, high):g}.")
    if count > 1 and low == high:
        raise ValueError(f"The axis {name} must lead from one number to another, not stay at {low:g}.")
    axis = Axis(name, low, high, count, log, isinstance(kind, Int))
    if axis.whole and len(set(axis.values)) < count:
        raise ValueError(f"The axis {name} has no {count} different whole numbers from {low:g} to {high:g}.")
    return axis


def _axis_name(given: object) -> str:
    if isinstance(given, tuple) and len(given) == 2:
        given = f"{given[0]}[{given[1]}]"
    if not isinstance(given, str) or not re.fullmatch(r"\w+(\[\d+\])?", given):
        raise ValueError(f'An axis is named as "lr" or "betas[1]", not {describe(given)}.')
    return given


def axis_kind(optimizer: OptimizerSpec, name: str) -> Float | Int:
    """What a hyperparameter, or a part of one, may be. Raises ValueError where it is no number."""
    word, place = _parts(name)
    declared = optimizer_info(optimizer).params
    kind = declared[word].kind if word in declared else None
    if isinstance(kind, Tuple):
        kind = kind.kinds[place] if place is not None and place < len(kind.kinds) else None
    elif place is not None:
        kind = None
    kind = kind.kind if isinstance(kind, Maybe) else kind
    if not isinstance(kind, Float | Int):
        names = ", ".join(axis_names(optimizer.name))
        raise ValueError(f"{optimizer.name} has no number called {name}. It has: {names}.")
    return kind


def axis_names(optimizer: str) -> tuple[str, ...]:
    """What can be an axis of a sweep: every number that the optimizer takes. Raises ValueError as `run`."""
    parts: dict[str, Kind] = {}
    for name, param in optimizer_info(OptimizerSpec(optimizer)).params.items():
        if isinstance(param.kind, Tuple):
            parts |= {f"{name}[{place}]": kind for place, kind in enumerate(param.kind.kinds)}
        else:
            parts[name] = param.kind
    kinds = {name: kind.kind if isinstance(kind, Maybe) else kind for name, kind in parts.items()}
    return tuple(name for name, kind in kinds.items() if isinstance(kind, Float | Int))


def _settings(optimizer: OptimizerSpec, axis: Axis, value: float) -> OptimizerSpec:
    """The optimizer with one value of an axis."""
    word, place = axis.parts
    chosen: Value = int(value) if axis.whole else value
    if place is not None:
        parts = optimizer_info(optimizer).complete(optimizer)[word]
        assert isinstance(parts, tuple)
        chosen = (*parts[:place], chosen, *parts[place + 1 :])
    return OptimizerSpec(optimizer.name, {**optimizer.params, word: chosen})


def _grid_of_settings(optimizer: OptimizerSpec, x: Axis, y: Axis | None) -> list[OptimizerSpec]:
    """Row by row."""
    rows = [optimizer] if y is None else [_settings(optimizer, y, float(value)) for value in y.values]
    return [_settings(row, x, float(value)) for row in rows for value in x.values]


def _with_rates(optimizer: OptimizerSpec, rates: Array) -> list[OptimizerSpec]:
    return [OptimizerSpec(optimizer.name, {**optimizer.params, "lr": float(rate)}) for rate in rates]


def _with_run(experiment: Experiment, index: int, run: RunSpec) -> Experiment:
    runs = (*experiment.runs[:index], run, *experiment.runs[index + 1 :])
    return replace(experiment, runs=runs)


def _boundary(experiment: Experiment, spec: RunSpec, x: Axis, y: Axis | None) -> Array | None:
    """The border of stability of SGD on a quadratic, (k, 2), where it can be drawn over these axes."""
    names = (x.name, y.name if y else "momentum")
    settings: Mapping[str, Any] = optimizer_info(spec.optimizer).complete(spec.optimizer)
    plain = spec.scheduler is None and spec.clip_norm is None and spec.clip_value is None and spec.zero_grad
    if spec.optimizer.name != "SGD" or set(names) != {"lr", "momentum"} or not plain or spec.frozen:
        return None
    if settings["maximize"] or spec.reset_every or (curvature := constant_curvature(experiment)) is None:
        return None
    limit = partial(sgd_limit, curvature + settings["weight_decay"])  # λ and lr may change places in it
    rule = {"dampening": settings["dampening"], "nesterov": settings["nesterov"]}
    if y is None:
        return np.array([[float(limit(settings["momentum"], **rule)), 0.0]]) if x.name == "lr" else None
    axis = x if x.name == "momentum" else y
    momenta = np.linspace(axis.low, axis.high, 257)
    rates = limit(momenta, **rule)
    return np.stack((momenta, rates) if axis is x else (rates, momenta), axis=1)


# -- tunings and clouds ------------------------------------------------------------------------------------


def _middle(run: RunSpec, around: str) -> float:
    info = optimizer_info(run.optimizer)
    rate: Any = info.complete(run.optimizer)["lr"] if around == "set" else info.params["lr"].default
    if not rate > 0:
        raise ValueError(f"{run.name}: rates cannot be spread around a learning rate of {rate:g}.")
    return float(rate)


def _criterion(name: str, known: Mapping[str, Any]) -> Array:
    values: Array = {
        "final loss": known["losses"],
        "best loss": known["best"],
        "steps to reach": np.where(known["reached"] < 0, np.inf, known["reached"]),
    }[name]
    good = np.isfinite(values) & (known["kinds"] != KINDS.index("diverged"))
    return np.where(known["kinds"] >= 0, np.where(good, values, np.inf), np.nan)


def _around(start: tuple[float, float], radii: Array, count: int) -> Array:
    """(count, 2) the start, and others spread evenly over an ellipse around it: a sunflower's spiral."""
    place = np.arange(count)
    angle = place * np.pi * (3 - math.sqrt(5))
    length = np.sqrt(place / (count - 1))
    around: Array = np.asarray(start) + radii * (length * np.stack((np.cos(angle), np.sin(angle)))).T
    return around


def _cloud(
    experiment: Experiment,
    index: int,
    over: str,
    quantiles: tuple[float, ...],
    paths: Floats,
    losses: Array,
    made: MadeWith,
) -> Cloud:
    """Quantiles are runs' own numbers (no interpolation), so that an infinite loss has its place in them."""
    count = len(losses)
    if count:
        of_losses = np.quantile(losses, quantiles, axis=0, method="lower")
        finite = np.where(np.isfinite(paths), paths, np.inf).astype(np.float64)
        of_points = np.quantile(finite, quantiles, axis=0, method="lower")
    else:
        of_losses = np.full((len(quantiles), losses.shape[1]), np.nan)
        of_points = np.full((len(quantiles), losses.shape[1], 2), np.nan)
    return Cloud(
        experiment,
        index,
        over,
        quantiles,
        of_losses,
        of_points,
        paths[:64].copy(),
        losses[:64].copy(),
        losses[:, -1].copy(),
        count,
        made,
    )
