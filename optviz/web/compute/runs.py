"""The engine behind a cache and a lock: nothing is computed twice, for all visitors together."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import streamlit as st

import optviz as ov
from optviz.engine.training import WatchSteps
from optviz.player.scene import steps_of
from optviz.rules.steps import Steps
from optviz.web.compute.cache import Cache

_KEPT_STEPS = 1_000_000
"""Room of the cache, in steps of trajectories, for all visitors together: some 200 MB."""
_TURN = 0.25
"""Seconds after which a long run lets other visitors' runs pass."""
_MOST_WORK = 60.0
"""Most seconds of computing for a competitor: some links would take hours."""

_FINE, _COARSE = 101, 25
"""Points along each side of a plane through the weights of a network."""


@dataclass(frozen=True)
class Refused:
    """A competitor that did not run to its end, and why."""

    reason: str
    lasting: bool = False
    """Whether trying again would take long and come to the same."""


Result = ov.Trajectory | Refused
_T = TypeVar("_T")


class _TooLongError(Exception):
    """Raised in a run that has used up its time."""


def _size(result: Any) -> int:
    if isinstance(result, Refused):
        return 1000
    if isinstance(result, ov.Stability):
        return 1000 + len(result.curvature) // 10
    if isinstance(result, ov.Grid):
        return 1000 + result.z.size // 25
    if isinstance(result, Steps):
        return 1000 + result.columns.size // 25
    weights = getattr(result, "parameters", None)
    return 1000 + len(result.points) * (1 if weights is None else weights.shape[1])


@dataclass(frozen=True)
class _Workshop:
    """The one place of the process where torch works, with its results."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    results: Cache[Any] = field(default_factory=lambda: Cache(room=_KEPT_STEPS, size=_size))
    busy: set[str] = field(default_factory=set)
    """Keys that are being computed by a thread that lets others pass; read and written under the lock."""


@st.cache_resource(show_spinner=False)
def _workshop() -> _Workshop:
    """One for the whole process: tiny torch operations of several sessions only get in each other's way."""
    return _Workshop()


def lock() -> threading.Lock:
    """The lock that all torch work of this process holds."""
    return _workshop().lock


def known(experiment: ov.Experiment, index: int) -> Result | None:
    """The result of one competitor, if it has been computed already."""
    result = _workshop().results.get(_key(experiment, index))
    return None if result is None else _of(result, experiment, index)


def compute(experiment: ov.Experiment, index: int, watch: WatchSteps) -> Result:
    """The result of one competitor, computed or from the cache.

    `watch(steps)` is called now and then, also while other visitors' runs come first. What it raises ends
    the run.
    """
    result = _computed(_key(experiment, index), watch, lambda turn: _run(experiment, index, turn))
    return _of(result, experiment, index)


def trajectories(experiment: ov.Experiment) -> list[ov.Trajectory]:
    """Run all competitors, or take what is known of them: those that were not refused."""
    results = [compute(experiment, index, lambda steps: None) for index in range(len(experiment.runs))]
    return [result for result in results if isinstance(result, ov.Trajectory)]


def _computed(key: str, watch: WatchSteps, make: Callable[[_Turn], Any]) -> Any:
    """The value of this key, computed where it is missing."""
    shop = _workshop()
    with _Turn(shop.lock, watch) as turn:
        while key in shop.busy:  # another visitor is at it, and lets us pass
            turn.let_pass()
            watch(0)
        result = shop.results.get(key)
        if result is None:
            shop.busy.add(key)
            try:
                result = make(turn)
            finally:
                shop.busy.discard(key)
            if not isinstance(result, Refused) or result.lasting:
                shop.results.keep(key, result)
    return result


class _Turn:
    """Holds the lock, and lets others have it now and then; `watch` is called meanwhile."""

    def __init__(self, lock: threading.Lock, watch: WatchSteps) -> None:
        self._lock, self._watch = lock, watch
        self._steps = 0
        self._held = False

    def __enter__(self) -> _Turn:
        self._take()
        self._began = time.thread_time()
        return self

    def __exit__(self, *error: object) -> None:
        if self._held:
            self._lock.release()

    def after(self, steps: int) -> None:
        """A step has been taken."""
        self._steps = steps
        self._watch(steps)
        if time.thread_time() - self._began > _MOST_WORK:
            raise _TooLongError
        if time.monotonic() - self._since > _TURN:
            self.let_pass()

    def let_pass(self) -> None:
        """Let others have the lock before going on."""
        self._lock.release()
        self._held = False
        time.sleep(0.002)  # else this thread would have it back before another one wakes up
        self._take()

    def _take(self) -> None:
        while not self._lock.acquire(timeout=_TURN):
            self._watch(self._steps)
        self._held = True
        self._since = time.monotonic()


def _run(experiment: ov.Experiment, index: int, turn: _Turn) -> Result:
    return _refusals(lambda: ov.run_one(experiment, index, watch=turn.after))


def _refusals(make: Callable[[], _T]) -> _T | Refused:
    """What `make` returns, or why it cannot."""
    try:
        return make()
    except ov.CompetitorError as error:
        return Refused(error.reason)
    except ValueError as error:
        return Refused(str(error))
    except _TooLongError:
        words = f"Given up after {_MOST_WORK:.0f} seconds: take fewer steps, or fewer evaluations a step."
        return Refused(words, lasting=True)


def _key(experiment: ov.Experiment, index: int) -> str:
    """All that decides a run's numbers: its name does not, nor do the other competitors."""
    return replace(experiment, runs=(experiment.runs[index].unlabelled,)).to_json()


def _of(result: Result, experiment: ov.Experiment, index: int) -> Result:
    """The result, with this experiment's label and index: it may have been computed for another one."""
    if isinstance(result, ov.Trajectory):
        return replace(result, run=experiment.runs[index], index=index)
    return result


def steps(experiment: ov.Experiment, trajectory: ov.Trajectory) -> Steps:
    """What each step of a run did: for two numbers so quick that it is computed whenever it is looked at.

    Of a network it is what it did to two of its weights, and what of it is seen on its plane.
    """
    if trajectory.plane is None:
        with _workshop().lock:
            return steps_of(experiment, trajectory, ov.stability(experiment, trajectory))
    stable = stability(experiment, trajectory)
    key = f"steps {_plane_key(trajectory.plane)} {_key(experiment, trajectory.index)}"
    result: Steps = _computed(key, lambda steps: None, lambda turn: steps_of(experiment, trajectory, stable))
    return result


def stability(experiment: ov.Experiment, trajectory: ov.Trajectory) -> ov.Stability:
    """How stable each step of a run is."""
    key = f"stability {_key(experiment, trajectory.index)}"
    result: ov.Stability = _computed(
        key, lambda steps: None, lambda turn: ov.stability(experiment, trajectory)
    )
    return result


def reference(experiment: ov.Experiment, index: int, name: str, watch: WatchSteps) -> ov.Reference | None:
    """The path of a competitor by another convention than torch's; None where there is none.

    `watch` is as in `compute`.
    """
    if name not in (row.name for row in ov.conventions(experiment.runs[index])):
        return None

    def make(turn: _Turn) -> ov.Reference | Refused:
        return _refusals(lambda: ov.run_reference(experiment, index, name, watch=turn.after))

    path = _computed(f"{name} {_key(experiment, index)}", watch, make)
    return replace(path, index=index) if isinstance(path, ov.Reference) else None


_SURFACE: dict[str | type[Any], Callable[[Any], Any]] = {ov.SurfaceSpec: repr}


@st.cache_resource(show_spinner=False, max_entries=50, hash_funcs=_SURFACE)
def grid(spec: ov.SurfaceSpec) -> ov.Grid:
    """The surface's losses over its domain."""
    with _workshop().lock:
        return ov.sample(spec)


def plane_grid(plane: ov.Plane, watch: WatchSteps, coarse: bool = False) -> ov.Grid:
    """A network's losses on a plane; a `coarse` grid is quick, for visitors who did not want to wait.

    `watch` is called with hundredths, as `compute` calls it with steps.
    """
    resolution = _COARSE if coarse else _FINE
    key = f"plane {resolution} {plane.domain} {_plane_key(plane)}"

    def make(turn: _Turn) -> ov.Grid:
        return ov.sample(plane, resolution, watch=lambda share: turn.after(int(100 * share)))

    result: ov.Grid = _computed(key, watch, make)
    return result


def _plane_key(plane: ov.Plane) -> str:
    """The key of a plane."""
    parts = (plane.origin, plane.u, plane.v)
    digest = hashlib.blake2b(b"".join(part.tobytes() for part in parts), digest_size=16).hexdigest()
    return f"{plane.surface!r} {digest}"


@st.cache_data(show_spinner=False, max_entries=2000, hash_funcs=_SURFACE)
def suggested_lr(optimizer: str, spec: ov.SurfaceSpec) -> float:
    """The suggested learning rate for this surface, cached."""
    with _workshop().lock:
        return ov.suggested_lr(optimizer, spec)
