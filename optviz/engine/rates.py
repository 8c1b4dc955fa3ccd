"""The learning rate that entered each step, which is not always the one that was set for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from optviz.engine.outcome import Array
from optviz.engine.trajectory import Trajectory
from optviz.optimizers.catalogue import LrUse, optimizer_info

_SAME = 1e-3
"""Rates closer to each other than this share are drawn as one."""


def used_lrs(trajectory: Trajectory) -> Array:
    """(n,) the learning rate that entered each step; NaN where none did.

    `Trajectory.lrs` are those that were set, by the optimizer's settings and the scheduler.
    """
    use = optimizer_info(trajectory.run.optimizer).lr_use
    return _USED.get(use, _as_set)(trajectory)


def lr_words(trajectory: Trajectory) -> str:
    """What a curve of the learning rate has to say of a run; empty where each step used what was set."""
    use, chosen, used = optimizer_info(trajectory.run.optimizer).lr_use, trajectory.lrs, used_lrs(trajectory)
    if use in (LrUse.TRIAL, LrUse.UNKNOWN):
        differs = moves(chosen)
    else:
        differs = not np.allclose(used, chosen, rtol=_SAME, atol=0) and (moves(chosen) or moves(used))
    return f"{trajectory.name} {use.value}." if differs else ""


def moves(rates: Array) -> bool:
    """Whether learning rates differ from each other by enough to be seen.

    Args:
        rates: (n,) the rates; NaN where a step has none, which does not count.
    """
    known = rates[np.isfinite(rates)]
    return bool(len(known)) and bool(np.ptp(known) > _SAME * np.abs(known).max())


def _as_set(trajectory: Trajectory) -> Array:
    return trajectory.lrs


def _begins(trajectory: Trajectory) -> NDArray[np.bool_]:
    """(n,) which steps are the first of an optimizer."""
    begins: NDArray[np.bool_] = _counts(trajectory) == 1
    return begins


def _counts(trajectory: Trajectory) -> Array:
    """(n,) how many steps the optimizer has taken since it was built, this one included."""
    places = np.arange(trajectory.steps) % (trajectory.run.reset_every or max(trajectory.steps, 1))
    return (places + 1).astype(np.float64)


def _late(trajectory: Trajectory) -> Array:
    """ASGD's eta as it was before each step, which torch keeps in float32."""
    state = trajectory.state
    eta = next((state[name].astype(np.float64) for name in ("eta", "0.eta") if name in state), np.empty(0))
    before = np.concatenate(([np.nan], eta))[: trajectory.steps]
    return np.where(_begins(trajectory), trajectory.lrs.astype(np.float32).astype(np.float64), before)


def _first(trajectory: Trajectory) -> Array:
    return np.where(_begins(trajectory), trajectory.lrs, np.nan)


def _capped(trajectory: Trajectory) -> Array:
    return np.minimum(trajectory.lrs, 1 / np.sqrt(_counts(trajectory)))


def _falling(trajectory: Trajectory) -> Array:
    settings = optimizer_info(trajectory.run.optimizer).complete(trajectory.run.optimizer)
    decay: Array = np.asarray(settings["lr_decay"], dtype=np.float64)
    rates: Array = trajectory.lrs / (1 + (_counts(trajectory) - 1) * decay)
    return rates


_USED: Mapping[LrUse, Callable[[Trajectory], Array]] = MappingProxyType(
    {LrUse.LATE: _late, LrUse.FIRST: _first, LrUse.CAP: _capped, LrUse.FALLS: _falling}
)
