"""The results that a map keeps of each run, and the pieces of work that compute them.

A piece is a function of an experiment and a few arrays that gives host arrays: it may run in this process, in
another one or on another machine. Paths do not leave it, only what they come to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from optviz.engine.outcome import Array, Landscape, judge_many
from optviz.engine.request import competitor
from optviz.engine.run import run_many, run_varied
from optviz.engine.sampling import landscape
from optviz.engine.trajectory import Ensemble, Floats, MadeWith, arrivals, distances
from optviz.maps.workers import Piece, Places, Watch, Workers, carry_out_all, stand_ins
from optviz.spec.display import ShownAsFigure
from optviz.spec.experiment import Experiment, OptimizerSpec

Result = TypeVar("Result")
Tick = Callable[[int], None]

CRITERIA = ("final loss", "best loss", "steps to reach")
"""The criteria of a tuning: lower is better in each."""


def criterion_name(criterion: str, within: float) -> str:
    """What pictures call a criterion: with the distance that counts as reached."""
    return f"steps to within {within:.12g}" if criterion == "steps to reach" else criterion


_AT_ONCE = 2**16
"""Points per chunk: few enough for the CPU's cache."""


@dataclass(frozen=True, eq=False)
class Cells:
    """How k runs ended: what a piece of work gives back, and what a map is filled with."""

    kinds: NDArray[np.int8]
    """(k,) places in `optviz.OUTCOMES`."""
    minimizers: NDArray[np.int16]
    """(k,) which of the declared minimizers was reached; -1 where none of them."""
    steps: NDArray[np.int32]
    """(k,) the step from which the ending held."""
    losses: Array
    """(k,) the surface's own loss at the last point."""
    best: Array
    """(k,) the lowest finite loss on the path; NaN where there is none, or where it was not asked for."""
    reached: NDArray[np.int32]
    """(k,) the first step nearer than was asked to a minimizer, as `arrivals` counts; -1 for never."""

    @classmethod
    def empty(cls, count: int) -> Cells:
        """Cells of which nothing is known: kind -1."""
        missing = np.full(count, -1)
        return cls(
            missing.astype(np.int8),
            missing.astype(np.int16),
            missing.astype(np.int32),
            np.full(count, np.nan),
            np.full(count, np.nan),
            missing.astype(np.int32),
        )

    def put(self, places: Places, cells: Cells) -> None:
        """Fill in some of the cells.

        Args:
            places: (m,) their indices.
            cells: m cells, in the same order.
        """
        for part in fields(self):
            getattr(self, part.name)[places] = getattr(cells, part.name)

    def arrays(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """A copy of each array, in another shape."""
        return {part.name: getattr(self, part.name).reshape(shape).copy() for part in fields(self)}


@dataclass(frozen=True, eq=False)
class CellMap(ShownAsFigure):
    """A map with a run in each of its h × w cells. Cells that have not been run yet are -1 and NaN."""

    experiment: Experiment
    index: int
    """Which competitor."""
    kinds: NDArray[np.int8]
    """(h, w) how it ended: places in `optviz.OUTCOMES`."""
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

    def at(self, row: int, column: int) -> Experiment:
        """The experiment that was run in a cell."""
        raise NotImplementedError

    def shown(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values of the cells, with coarser ones where the finer ones are missing.

        Args:
            values: (h, w) a value for each cell.

        Returns:
            (h, w)
        """
        filled: NDArray[Any] = values.reshape(-1)[stand_ins(self.done)]
        return filled


def from_starts(
    experiment: Experiment,
    index: int,
    starts: Array,
    within: float,
    device: str,
    watch: Tick | None = None,
) -> Cells:
    """How a competitor ends from each of some starts.

    Args:
        experiment: What is run. Its own start is not used.
        index: The competitor's index in it, counted from 0.
        starts: (k, 2) in units of x and y.
        within: The distance from a minimizer that counts as reached, in units of x and y.
        device: As in `run`.
        watch: Called after every step.

    Returns:
        k cells, in this order. The lowest loss on the path is not looked for.
    """
    ensemble = run_many(experiment, starts, index, "paths", device, watch=watch)
    return _cells(experiment, index, ensemble, within)


def from_settings(
    experiment: Experiment,
    index: int,
    optimizers: Sequence[OptimizerSpec],
    within: float,
    device: str,
    watch: Tick | None = None,
) -> Cells:
    """How a competitor ends with each of some settings of its optimizer.

    Args:
        experiment: What is run. The competitor's own settings are not used.
        index: The competitor's index in it, counted from 0.
        optimizers: k settings.
        within: The distance from a minimizer that counts as reached, in units of x and y.
        device: As in `run`.
        watch: Called after every step.

    Returns:
        k cells, in this order.
    """
    ensemble = run_varied(experiment, optimizers, index, "paths", device, watch=watch)
    cells = _cells(experiment, index, ensemble, within)
    return replace(cells, best=_lowest(experiment, index, ensemble))


def paths_of_seeds(
    experiment: Experiment, index: int, seeds: Sequence[int], device: str, watch: Tick | None = None
) -> tuple[Floats, Array]:
    """The paths of a competitor with each of some seeds, and their losses.

    Args:
        experiment: What is run. Its own seed is not used.
        index: The competitor's index in it, counted from 0.
        seeds: k seeds.
        device: As in `run`.
        watch: Called after every step.

    Returns:
        Paths (k, n+1, 2) in the run's dtype, and losses (k, n+1) in float64. A run that diverged stays at its
        last point; a loss that is undefined is infinite.
    """
    starts = np.tile(experiment.start, (len(seeds), 1))
    return _paths(
        experiment, index, run_many(experiment, starts, index, "paths", device, seeds=seeds, watch=watch)
    )


def paths_of_starts(
    experiment: Experiment, index: int, starts: Array, device: str, watch: Tick | None = None
) -> tuple[Floats, Array]:
    """The paths of a competitor from each of some starts, and their losses.

    Args:
        experiment: What is run. Its own start is not used.
        index: The competitor's index in it, counted from 0.
        starts: (k, 2) in units of x and y.
        device: As in `run`.
        watch: Called after every step.

    Returns:
        Paths (k, n+1, 2) and losses (k, n+1), as in `paths_of_seeds`.
    """
    return _paths(experiment, index, run_many(experiment, starts, index, "paths", device, watch=watch))


def _paths(experiment: Experiment, index: int, ensemble: Ensemble) -> tuple[Floats, Array]:
    """A run that diverged stays at its last point, with the loss there: infinite where it is undefined."""
    assert ensemble.paths is not None
    last = np.minimum(np.arange(ensemble.paths.shape[1]), ensemble.steps[:, None])
    paths = np.take_along_axis(ensemble.paths, last[..., None], axis=1)
    land = landscape(competitor(experiment, index)[1])
    losses = land.first_order(paths.reshape(-1, 2).astype(np.float64))[0].reshape(paths.shape[:2])
    return paths, np.where(np.isfinite(losses), losses, np.inf)


def _cells(experiment: Experiment, index: int, ensemble: Ensemble, within: float) -> Cells:
    land = landscape(competitor(experiment, index)[1])
    assert ensemble.paths is not None
    paths = ensemble.paths.transpose(1, 0, 2)
    endings = judge_many(paths, ensemble.steps, ensemble.diverged, land)
    return Cells(
        endings.kinds,
        endings.minimizers,
        endings.steps.astype(np.int32),
        ensemble.losses,
        np.full(len(ensemble.steps), np.nan),
        _reached(paths, ensemble, land, within),
    )


def _taken(ensemble: Ensemble) -> NDArray[np.bool_]:
    """(n+1, k) which points of the paths were walked to: what follows a divergence was not."""
    assert ensemble.paths is not None
    taken: NDArray[np.bool_] = np.arange(ensemble.paths.shape[1])[:, None] <= ensemble.steps
    return taken


def _reached(paths: Floats, ensemble: Ensemble, land: Landscape, within: float) -> NDArray[np.int32]:
    """(k,) when each of the `paths` (n+1, k, 2) arrives."""
    away = np.empty(paths.shape[:2])
    size = max(1, _AT_ONCE // max(1, paths.shape[1]))
    for first in range(0, len(paths), size):
        points = paths[first : first + size].astype(np.float64, order="C")
        away[first : first + size] = distances(points, land.minimizers)
    away[~_taken(ensemble)] = np.inf
    return arrivals(away, within).astype(np.int32)


def _lowest(experiment: Experiment, index: int, ensemble: Ensemble) -> Array:
    """(k,) the lowest finite loss on each path; NaN where there is none."""
    land, taken = landscape(competitor(experiment, index)[1]), _taken(ensemble)
    assert ensemble.paths is not None
    points = ensemble.paths.transpose(1, 0, 2).astype(np.float64)
    losses = land.first_order(points.reshape(-1, 2))[0].reshape(taken.shape)
    best = np.where(taken & np.isfinite(losses), losses, np.inf).min(axis=0)
    return np.where(np.isfinite(best), best, np.nan)


def filled(
    cells: Cells,
    pieces: Sequence[Piece],
    executor: Workers,
    watch: Watch[Result] | None,
    result: Callable[[], Result],
) -> Result:
    """`result()` once the pieces of work have filled the cells; `watch` may ask for it before."""

    def put(piece: Piece, ended: Cells) -> None:
        cells.put(piece.places, ended)

    return carry_out_all(pieces, len(cells.kinds), executor, watch, put, result)
