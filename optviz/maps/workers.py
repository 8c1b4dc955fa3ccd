"""Many pieces of work: in this process or by any executor, coarse first, watched, and nothing lost."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

_log = logging.getLogger(__name__)
Result = TypeVar("Result")
Places = NDArray[np.int64]

_PATIENCE = 0.25
"""Seconds between two calls of `watch`, at most, as far as torch's own steps are shorter."""
_FIRST = 64
"""Cells that the first, coarsest picture has, at least."""
_STRIDES = (16, 8, 4, 2, 1)


@dataclass(frozen=True)
class Progress(Generic[Result]):
    """How far a map is: what `watch` is given."""

    done: int
    """Runs that are finished."""
    total: int
    seconds: float
    """Seconds since it began."""
    partial: Callable[[], Result]
    """Returns the result so far, which later work does not change."""
    redone: int = 0
    """Runs that a worker failed at and that were done again in this process: the log says why."""

    @property
    def left(self) -> float | None:
        """An estimate of the seconds left; None until anything is done."""
        return self.seconds / self.done * (self.total - self.done) if self.done else None


@dataclass(frozen=True)
class Here:
    """Works in the calling thread, and holds `lock` during each piece of work, not between them."""

    lock: AbstractContextManager[Any] = field(default_factory=nullcontext)


Watch = Callable[[Progress[Result]], None]

Workers = Executor | Here | None
"""Who works: any executor of `concurrent.futures`, or this thread."""


@dataclass(frozen=True)
class Piece:
    """A function with its arguments, which can be sent to another process, for some of a map's places."""

    places: Places
    function: Callable[..., Any]
    arguments: tuple[Any, ...]

    def __call__(self, watch: Callable[[int], None] | None = None) -> Any:
        """Compute it, here or in another process."""
        return self.function(*self.arguments, watch=watch)


class Watcher(Generic[Result]):
    """Reports progress to `watch`, not more often than is useful."""

    def __init__(
        self,
        watch: Watch[Result] | None,
        total: int,
        partial: Callable[[], Result],
    ) -> None:
        self._watch, self._total, self._partial = watch, total, partial
        self._began = self._reported = time.perf_counter()
        self._done = self._redone = 0
        self._failures: set[str] = set()

    def tick(self, steps: int = 0) -> None:
        """Report the progress, unless that was done just now."""
        if time.perf_counter() - self._reported >= _PATIENCE:
            self._tell()

    def add(self, done: int) -> None:
        """Count `done` more runs as finished."""
        self._done += done
        self._tell()

    def redo(self, runs: int, error: Exception) -> None:
        """Count runs that a worker failed at, which are computed again, and log the failure."""
        self._redone += runs
        is_new = repr(error) not in self._failures  # one dead process fails everything that waits for it
        self._failures.add(repr(error))
        words = "A worker failed at %d runs, which are done again in this process: %r"
        _log.warning(words, runs, error, exc_info=error if is_new else None)

    def _tell(self) -> None:
        now = self._reported = time.perf_counter()
        if self._watch is not None:
            seconds = now - self._began
            self._watch(Progress(self._done, self._total, seconds, self._partial, self._redone))
            self._reported = time.perf_counter()


def carry_out_all(
    pieces: Sequence[Piece],
    total: int,
    workers: Workers,
    watch: Watch[Result] | None,
    put: Callable[[Piece, Any], None],
    result: Callable[[], Result],
) -> Result:
    """`result()` once the value of every piece has been `put` in its place."""
    watcher = Watcher(watch, total, result)
    with closing(carry_out(pieces, workers, watcher)) as done:
        for piece, value in done:
            put(piece, value)
            watcher.add(len(piece.places))
    return result()


def carry_out(
    pieces: Sequence[Piece], workers: Workers, watcher: Watcher[Any]
) -> Generator[tuple[Piece, Any], None, None]:
    """Each piece with its result, in the order in which they finish.

    A piece whose worker died or failed is computed again in this process, and `watcher` counts it. What a
    piece raises here as well is raised; a ValueError, which is about what was asked for, at once. Close this
    iterator to give up what has not begun.
    """
    if workers is None or isinstance(workers, Here):
        lock = workers.lock if workers else nullcontext()
        for piece in pieces:
            with lock:
                result = piece(watcher.tick)
            yield piece, result
        return
    pending: dict[Future[Any], Piece] = {}
    try:
        for piece in pieces:
            pending[_submitted(workers, piece)] = piece
        while pending:
            finished, _ = wait(pending, _PATIENCE, FIRST_COMPLETED)
            for future in finished:
                piece = pending.pop(future)
                yield piece, _result(future, piece, watcher)
            watcher.tick()
    finally:
        for future in pending:
            future.cancel()


def _submitted(executor: Executor, piece: Piece) -> Future[Any]:
    try:
        return executor.submit(piece)
    except RuntimeError as error:  # it is broken or shut down
        failed: Future[Any] = Future()
        failed.set_exception(error)
        return failed


def _result(future: Future[Any], piece: Piece, watcher: Watcher[Any]) -> Any:
    try:
        return future.result()
    except ValueError:
        raise
    except Exception as error:
        watcher.redo(len(piece.places), error)
        return piece(watcher.tick)


def coarse_first(height: int, width: int) -> list[Places]:
    """All cells of a map in an order in which the picture can be seen early.

    Every 16th in each direction first, then every 8th, and so on.

    Args:
        height: Rows of the map.
        width: Columns of the map.

    Returns:
        Lists of row-major indices (m,); each list makes the picture finer.
    """
    places = np.arange(height * width)
    rows, columns = np.divmod(places, width)
    level = np.zeros(len(places), dtype=np.int64)
    for stride in reversed(_STRIDES):
        level[(rows % stride == 0) & (columns % stride == 0)] = stride
    # The first pictures of a small map would be of a few cells each, which cost as much as many.
    first = next((stride for stride in _STRIDES if (level >= stride).sum() >= _FIRST), _STRIDES[-1])
    lists = [places[level >= first], *(places[level == stride] for stride in _STRIDES if stride < first)]
    return [cells for cells in lists if len(cells)]


def stand_ins(done: NDArray[np.bool_]) -> Places:
    """The cell that is shown in the place of each: itself once it is done, until then a coarser neighbour.

    Args:
        done: (h, w) which cells are done.

    Returns:
        (h, w) row-major indices: of the nearest neighbour in the finest picture that is there, or of the cell
        itself where there is none.
    """
    height, width = done.shape
    rows, columns = np.mgrid[:height, :width]
    shown: Places = rows * width + columns
    missing = ~done
    for stride in reversed(_STRIDES[:-1]):
        neighbour = rows // stride * stride, columns // stride * stride
        better = missing & done[neighbour]
        shown[better] = (neighbour[0] * width + neighbour[1])[better]
        missing &= ~better
    return shown
