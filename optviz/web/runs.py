"""The engine behind a cache and a lock: what has been computed is not computed again, by nobody."""

from __future__ import annotations

import gc
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

import optviz as ov

_KEPT_STEPS = 1_000_000
"""Steps of all trajectories that are kept for all visitors together: some 200 MB."""
_TURN = 0.25
"""Seconds after which a long run lets other visitors' runs pass."""


@dataclass(frozen=True)
class Refused:
    """A competitor that torch or optviz will not run, and why."""

    reason: str


Result = ov.Trajectory | Refused


@dataclass
class _Workshop:
    """The one place of the process where torch works, and what it has made."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    made: OrderedDict[str, Result] = field(default_factory=OrderedDict)

    def keep(self, key: str, result: Result) -> None:
        self.made[key] = result
        while len(self.made) > 1 and sum(map(_size, list(self.made.values()))) > _KEPT_STEPS:
            self.made.popitem(last=False)


def _size(result: Result) -> int:
    return 1000 if isinstance(result, Refused) else 1000 + result.steps


@st.cache_resource(show_spinner=False)
def _workshop() -> _Workshop:
    """One for the whole process: tiny torch operations of several sessions only get in each other's way.

    Made once after all imports, it also freezes what they left in memory, so that the garbage collection
    after every script run does not walk through torch again.
    """
    gc.collect()
    gc.freeze()
    return _Workshop()


def known(experiment: ov.Experiment, index: int) -> Result | None:
    """What came of one competitor, if that has been computed already."""
    result = _workshop().made.get(_key(experiment, index))
    return _named(result, experiment, index)


def compute(experiment: ov.Experiment, index: int, watch: Callable[[int], None]) -> Result:
    """Run one competitor, or take what is known of it.

    `watch(steps)` is called now and then, also while other visitors' runs come first. What it raises ends
    the run.
    """
    shop, key = _workshop(), _key(experiment, index)
    with _turn(shop.lock, watch) as pause:

        def heard(steps: int) -> None:
            pause()
            watch(steps)

        if key not in shop.made:
            shop.keep(key, _run(experiment, index, heard))
        shop.made.move_to_end(key)
        result = _named(shop.made[key], experiment, index)
    assert result is not None
    return result


def _run(experiment: ov.Experiment, index: int, watch: Callable[[int], Any]) -> Result:
    try:
        return ov.run_one(experiment, index, watch=watch)
    except ov.CompetitorError as error:
        return Refused(error.reason)
    except ValueError as error:
        return Refused(str(error))


@contextmanager
def _turn(lock: threading.Lock, watch: Callable[[int], None]) -> Iterator[Callable[[], None]]:
    """Hold the lock; the function given lets others pass when one's turn has been long."""
    while not lock.acquire(timeout=_TURN):
        watch(0)
    since = time.monotonic()

    def pause() -> None:
        nonlocal since
        if time.monotonic() - since > _TURN:
            lock.release()
            time.sleep(0.001)  # else this thread would have it back before another one wakes up
            lock.acquire()
            since = time.monotonic()

    try:
        yield pause
    finally:
        lock.release()


def _key(experiment: ov.Experiment, index: int) -> str:
    """All that decides a run's numbers: its name does not."""
    run = replace(experiment.runs[index], label="")
    return replace(experiment, runs=(run,)).to_json()


def _named(result: Result | None, experiment: ov.Experiment, index: int) -> Result | None:
    """A trajectory may have been computed under another name."""
    return replace(result, run=experiment.runs[index]) if isinstance(result, ov.Trajectory) else result


_SURFACE: dict[str | type[Any], Callable[[Any], Any]] = {ov.SurfaceSpec: repr}


@st.cache_resource(show_spinner=False, max_entries=50, hash_funcs=_SURFACE)
def grid(spec: ov.SurfaceSpec) -> ov.Grid:
    """The surface's losses over its domain."""
    with _workshop().lock:
        return ov.sample(spec)


@st.cache_data(show_spinner=False, max_entries=2000, hash_funcs=_SURFACE)
def suggested_lr(optimizer: str, spec: ov.SurfaceSpec) -> float:
    """A learning rate that shows something on this surface."""
    with _workshop().lock:
        return ov.suggested_lr(optimizer, spec)
