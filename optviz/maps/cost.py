"""The cost of a map, and the pieces in which it is computed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from optviz.engine.request import competitor, takes_run
from optviz.engine.rowwise import OPTIMIZERS_BY_ROWS
from optviz.maps.workers import Places, Workers, coarse_first
from optviz.optimizers.catalogue import Coupling, optimizer_info
from optviz.optimizers.schedulers import scheduler_info
from optviz.spec.experiment import Experiment, RunSpec
from optviz.spec.wording import counted

MOST_CELLS = 2**20
"""Cells of a map."""
_LONGEST = 3600.0
"""Seconds: a map that would take longer in one process is refused, or 100 times as long on an executor."""
_BYTES = 2**26
"""Most bytes of the paths that a piece of work holds."""
_PIECE = 0.4
"""About the seconds that a piece of work takes: on an executor it is not interrupted."""
_DEFAULT = 10.0
"""About the seconds that a map of the default resolution takes."""
_STEP = 150e-6
"""Seconds of a step of torch, whatever it steps. This and the next are measured on one core of a server."""
_EACH = {"rows": 0.1e-6, "groups": 25e-6, "tensors": 45e-6, "models": 80e-6, "alone": 130e-6}
"""Seconds that each run adds to a step, by how they are stepped together."""


@takes_run
def cost(experiment: Experiment, index: int, cells: int, kind: str = "basins") -> float:
    """About how many seconds a map takes on one core of a server.

    A rule of thumb from how torch can step the runs together, right within a factor of a few: `Progress.left`
    is better as soon as the first runs are done.

    Args:
        experiment: What is run.
        index: The competitor's index in the experiment, counted from 0. `run` is another name for it.
        cells: The number of runs of the map.
        kind: "basins" for a map of starts, "sweep" for one of hyperparameters.

    Returns:
        Seconds.

    Raises:
        ValueError: There is no competitor with this index.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 50, (run,))
        >>> ov.cost(exp, 0, 256**2) < 60
        True
    """
    spec, _ = competitor(experiment, index)
    passes = max(1.0, cells / runs_at_once(experiment, spec, kind))
    return experiment.steps * (passes * _STEP + cells * _each(experiment, spec, kind))


@takes_run
def default_resolution(experiment: Experiment, index: int = 0) -> int:
    """The resolution of a basin map where none is asked for: 256, or what takes about ten seconds.

    Args:
        experiment: What is run.
        index: The competitor's index in the experiment, counted from 0. `run` is another name for it.

    Returns:
        The number of starts along each axis.

    Raises:
        ValueError: There is no competitor with this index.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 50, (run,))
        >>> ov.default_resolution(exp)
        256
    """
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


def runs_at_once(experiment: Experiment, spec: RunSpec, kind: str) -> int:
    """How many runs a piece of work has: what memory and patience allow."""
    size = 2 * np.dtype(experiment.dtype).itemsize * (experiment.steps + 1)
    quick = _PIECE / (experiment.steps * _each(experiment, spec, kind))
    return max(1, min(_BYTES // size, int(quick)))


def check_cost(seconds: float, executor: Workers) -> None:
    """Refuse a map that would take too long.

    Args:
        seconds: How long it takes on one core.
        executor: Who computes it: an executor may take a hundred times as long.

    Raises:
        ValueError: It would take more than an hour, or 100 hours on an executor.
    """
    limit = _LONGEST * (100 if hasattr(executor, "submit") else 1)
    if seconds > limit:
        raise ValueError(
            f"This would take about {counted(round(seconds / 3600), 'hour')} on one core: take fewer runs or "
            "fewer steps."
        )


def split_cells(experiment: Experiment, spec: RunSpec, kind: str, height: int, width: int) -> list[Places]:
    """The cells of each piece of work, coarse first.

    Args:
        experiment: What is run in each cell.
        spec: The competitor.
        kind: "basins" or "sweep", as in `cost`.
        height: Rows of the map.
        width: Columns of the map.

    Returns:
        Row-major indices (m,) for each piece.

    Raises:
        ValueError: The map has too many cells.
    """
    if height * width > MOST_CELLS:
        raise ValueError(f"A map has at most {MOST_CELLS:,} cells, not {height * width:,}.")
    size = runs_at_once(experiment, spec, kind)
    return [
        part
        for places in coarse_first(height, width)
        for part in np.array_split(places, -(-len(places) // size))
    ]
