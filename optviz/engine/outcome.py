"""How a run ended, decided from host numbers alone.

Never from a small change of the loss: a slow run is not a finished one. Distances are in domain widths
(each axis divided by the extent of the domain along it), and losses in units of what they differ by, so that
the verdict does not depend on the units of a surface. A wall or a pole does not count: the highest and the
lowest tenth of the losses over the domain are left out. A network's weights have no domain: there the unit is
the length of all initial weights, and the loss above the minimum at them.

A run is on a plateau where three things hold: slope and curvature are almost nothing, beside what the losses
differ by or what is left above a known minimum; the slope does not lead to a known minimizer, as that of a
flat-bottomed bowl does; and the run hardly moves: a hundred times its steps would not take it away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optviz.spec.wording import coordinates, counted

Array = NDArray[np.float64]

OUTCOMES = ("minimum", "saddle", "maximum", "plateau", "cycle", "moving", "left", "diverged")
"""Every kind of ending; a map of many runs has their places in this tuple."""

NEAR = 1e-3
"""Domain widths: a run is stationary where the Newton step is at most this."""
REACH = 1e6
"""Domain widths from the domain's middle beyond which a run has diverged."""

_FLAT = 1e-5
"""A plateau's slope at most: crossing the domain along it changes the loss by this share of its range."""
_PATIENCE = 100
"""A run is on a plateau where this many times its steps, at its pace, would not take it away."""
_ROUNDING = 1e-12
"""Slopes below this share of the loss's range, or of the curvature there, are rounding."""
_PROBE = 1e-2
"""Domain widths: how far around a degenerate point the loss is probed."""
_SHORTEST_CYCLE = 10
"""Least number of steps from which a run can be said to cycle."""
_AT_ONCE = 2**16
"""Points per chunk: few enough for the CPU's cache, and enough to amortise NumPy's overhead."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    kind: str
    """One of `OUTCOMES`."""
    step: int
    """The step from which it held: when it settled, left for good, began to cycle, or diverged. It is not
    when a minimizer was reached, which `optviz.engine.trajectory.arrivals` says: to settle is to stay near
    the last point, wherever that is."""
    detail: str
    """A sentence for the user."""
    minimizer: int | None = None
    """Which of the surface's declared minimizers it reached; None where none of them."""


@dataclass(frozen=True)
class Landscape:
    """What the verdict needs to know of a surface, in float64."""

    low: Array
    """(D,) the domain's lowest x and y."""
    widths: Array
    """(D,) the domain's extent along x and y."""
    minimizers: Array
    """(m, D)"""
    minimum: float
    """The loss at the minimizers; -inf where there is no lower bound."""
    smooth: bool
    range: float
    """What the losses over the domain differ by, from their lowest tenth to their middle: the unit of what is
    rounding. What differs by much more, as a wall or a pole does, does not count."""
    relief: float
    """The same to their highest tenth: the unit of what is flat."""
    first_order: Callable[[Array], tuple[Array, Array]]
    """Points (k, D) → losses (k,) and gradients (k, D)."""
    hessian: Callable[[Array], Array] | None
    """Points (k, D) → their Hessians (k, D, D). None where they are too large: then no run is said to be at
    rest, unless it is at a declared minimizer."""
    bounded: bool = True
    """Whether there is a drawn domain, which a run can leave."""


@dataclass(frozen=True, eq=False)
class Endings:
    """How N runs ended, as numbers."""

    kinds: NDArray[np.int8]
    """(N,) places in `OUTCOMES`."""
    steps: NDArray[np.int64]
    """(N,) the step from which it held, as `Outcome.step`."""
    minimizers: NDArray[np.int16]
    """(N,) which of the declared minimizers was reached; -1 where none of them."""
    lowest: NDArray[np.bool_]
    """(N,) whether a minimum is as low as the declared ones, though it is none of them."""


def judge(points: Array, diverged: bool, land: Landscape, stopped: str = "") -> Outcome:
    """How one run ended. The questions are asked in this order: diverged, at rest, left, in a cycle, moving.

    Args:
        points: (n+1, D) the path, in any dtype.
        diverged: Whether its last point is not finite, beyond reach or without a finite loss, or torch gave
            up there.
        land: The surface in float64.
        stopped: Why there are no more steps, in words, where something failed; else empty.
    """
    last = len(points) - 1
    ending = judge_many(points[:, None], np.array([last]), np.array([diverged]), land)
    kind, step, minimizer = OUTCOMES[ending.kinds[0]], int(ending.steps[0]), int(ending.minimizers[0])
    detail = _detail(kind, step, minimizer, bool(ending.lowest[0]), points, land)
    if stopped and kind != "diverged":
        why = f"Stopped after {last:,} step{'s' * (last != 1)}: {stopped}."
        detail = why if kind == "moving" else f"{detail} {why}"
    return Outcome(kind, step, detail, minimizer if minimizer >= 0 else None)


def judge_many(paths: Any, steps: NDArray[np.int64], diverged: NDArray[np.bool_], land: Landscape) -> Endings:
    """How N runs ended: what `judge` says of each of them.

    Args:
        paths: (n+1, N, D) their points, in any dtype.
        steps: (N,) how many steps each took: all n, or fewer where it diverged or was stopped. What a path
            holds after them does not matter.
        diverged: (N,) whether it diverged, as in `judge`.
        land: The surface in float64.
    """
    verdict = _Verdict(paths, steps, land)
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is asked for, one by one
        verdict.diverged(diverged)
        verdict.stationary()
        if land.bounded:
            verdict.left()
        verdict.cycle()
    verdict.settle(verdict.open(), "moving", verdict.last[verdict.open()])
    return verdict.endings()


class _Verdict:
    """The endings of N runs while they are being found; each question is asked of those still open."""

    def __init__(self, paths: Any, steps: NDArray[np.int64], land: Landscape) -> None:
        self.paths, self.land = paths, land
        self.last = np.asarray(steps, dtype=np.int64)
        count = len(self.last)
        self.kinds = np.full(count, -1, dtype=np.int8)
        self.since = np.zeros(count, dtype=np.int64)
        self.minimizers = np.full(count, -1, dtype=np.int16)
        self.lowest = np.zeros(count, dtype=bool)
        self.ends = paths[self.last, np.arange(count)].astype(np.float64)

    def endings(self) -> Endings:
        return Endings(self.kinds, self.since, self.minimizers, self.lowest)

    def open(self) -> NDArray[np.int64]:
        """Which runs nothing has been said of yet."""
        return np.flatnonzero(self.kinds < 0)

    def settle(self, runs: NDArray[np.int64], kind: str, steps: NDArray[np.int64]) -> None:
        self.kinds[runs], self.since[runs] = OUTCOMES.index(kind), steps

    def unit(self, points: Array) -> Array:
        """Points (..., D) in domain widths from the domain's lowest corner."""
        return (points - self.land.low) / self.land.widths

    def diverged(self, diverged: NDArray[np.bool_]) -> None:
        runs = np.flatnonzero(diverged)
        self.settle(runs, "diverged", self.last[runs])

    def stationary(self) -> None:
        runs = self.open()
        ends, land = self.ends[runs], self.land
        nearest, distance = _nearest_minimizer(ends, land)
        slopes, curvatures, axes = _principal(ends, land)
        known = np.isfinite(slopes).all(axis=1) & np.isfinite(curvatures).all(axis=1)
        kinds = np.full(len(runs), "", dtype="<U8")
        here = (distance <= NEAR) & ~(land.smooth & known)
        kinds[here] = "minimum"
        self.minimizers[runs[here]] = nearest[here]
        newton = np.linalg.norm(_newton_step(slopes, curvatures, land), axis=1)
        above, on_its_way = _way_to(nearest, ends, slopes, axes, land)
        near = np.flatnonzero(known & ~here & (newton <= NEAR))
        exact, stationary = _polished(ends[near], land)
        # On a flat bottom, such as that of x⁸, Newton steps are short, but fall short of the minimizer.
        falls_short = on_its_way[near] & (distance[near] <= 100 * newton[near])
        stationary &= ~falls_short | (_nearest_minimizer(exact, land)[1] <= NEAR)
        near, exact = near[stationary], exact[stationary]
        kinds[near] = self._kinds_at(exact)
        self._name_minimizers(runs[near], exact, kinds[near])
        changes = np.maximum(np.abs(slopes).max(axis=1), np.abs(curvatures).max(axis=1))
        flat = changes <= _FLAT * np.maximum(land.relief, above)
        kinds[known & (kinds == "") & flat & ~on_its_way & self._rests(runs)] = "plateau"
        self._stands(runs[kinds != ""], kinds[kinds != ""])

    def _kinds_at(self, points: Array) -> NDArray[np.str_]:
        """What stationary points (k, D) are. What is declared is a minimum, however flat it is."""
        kinds = _by_curvature(points, self.land)
        declared = _nearest_minimizer(points, self.land)[1] <= NEAR
        kinds[declared & (kinds == "plateau")] = "minimum"
        return kinds

    def _rests(self, runs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether many more steps, at the pace of their second half, would leave some runs where they are."""
        last = self.last[runs]
        half = self.paths[last - (last + 1) // 2, runs].astype(np.float64)
        moved = _length(self.unit(self.ends[runs]) - self.unit(half))
        at_rest: NDArray[np.bool_] = 2 * _PATIENCE * moved <= NEAR
        return at_rest

    def _name_minimizers(self, runs: NDArray[np.int64], exact: Array, kinds: NDArray[np.str_]) -> None:
        nearest, distance = _nearest_minimizer(exact, self.land)
        minimum = kinds == "minimum"
        declared = minimum & (distance <= NEAR)
        self.minimizers[runs[declared]] = nearest[declared]
        losses = self.land.first_order(exact)[0] if len(exact) else np.empty(0)
        self.lowest[runs] = minimum & ~declared & (losses <= self.land.minimum + 1e-9 * self.land.range)

    def _stands(self, runs: NDArray[np.int64], kinds: NDArray[np.str_]) -> None:
        ends = self.unit(self.ends)

        def near(points: Array, which: NDArray[np.int64]) -> NDArray[np.bool_]:
            away = self.unit(points) - ends[which]
            return _length(away) <= NEAR

        steps = self._since(runs, near)
        for kind in np.unique(kinds):
            self.settle(runs[kinds == kind], str(kind), steps[kinds == kind])
        # Who came here with its very last step perhaps only passes, bouncing over a kink.
        passing = runs[steps == self.last[runs]]
        cycles = self._cycles(passing)
        self.minimizers[passing[cycles]], self.lowest[passing[cycles]] = -1, False

    def left(self) -> None:
        runs = self.open()

        def outside(points: Array, _: object) -> NDArray[np.bool_]:
            unit = self.unit(points)
            beyond: NDArray[np.bool_] = ~_all((unit >= 0) & (unit <= 1))
            return beyond

        runs = runs[outside(self.ends[runs], None)]
        self.settle(runs, "left", self._since(runs, outside))

    def cycle(self) -> None:
        self._cycles(self.open())

    def _cycles(self, runs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some runs go round in a bounded region in their second half without settling in it.

        They cross their own extent again and again, their middle stays, and their spread does not shrink.
        """
        cycles = np.zeros(len(runs), dtype=bool)
        low, high = np.full((2, len(runs), self.paths.shape[-1]), np.nan)
        for last in np.unique(self.last[runs]):  # all took all steps, unless one was stopped
            length = int(last) + 1
            if length - length // 2 < _SHORTEST_CYCLE:
                continue
            same = np.flatnonzero(self.last[runs] == last)
            for part in np.array_split(same, -(-len(same) * length // _AT_ONCE)):
                # In order of steps, then runs: over anything else NumPy takes many times as long.
                window = self.paths[length // 2 : length, runs[part]].astype(np.float64, order="C")
                window = self.unit(window)
                cycles[part] = _goes_round(window)
                low[part], high[part] = window.min(axis=0), window.max(axis=0)
        runs, low, high = runs[cycles], low[cycles], high[cycles]
        margin = 0.1 * np.linalg.norm(high - low, axis=1)[:, None]
        place = np.empty(len(self.last), dtype=np.int64)
        place[runs] = np.arange(len(runs))
        low, high = low - margin, high + margin

        def inside(points: Array, which: NDArray[np.int64]) -> NDArray[np.bool_]:
            unit, at = self.unit(points), place[which]
            return _all((unit >= low[at]) & (unit <= high[at]))

        self.settle(runs, "cycle", self._since(runs, inside))
        return cycles

    def _since(
        self,
        runs: NDArray[np.int64],
        holds: Callable[[Array, NDArray[np.int64]], NDArray[np.bool_]],
    ) -> NDArray[np.int64]:
        """For each of some runs the step from which `holds` stays true to the end; the last if it never does.

        `holds` is asked backwards, some steps at a time: (k, m, 2) points of m runs → (k, m). What holds no
        more is not asked again, so that a long path costs little.
        """
        since = self.last[runs].copy()
        at = np.arange(len(runs))
        end = len(self.paths)
        while len(at) and end > 0:
            first = max(0, end - max(1, _AT_ONCE // len(at)))
            which = runs[at]
            good = holds(self.paths[first:end, which].astype(np.float64, order="C"), which)
            steps = np.arange(first, end)[:, None]
            good |= steps > self.last[which]
            broken = np.where(good, -1, steps).max(axis=0)
            since[at] = np.where(broken < 0, first, np.minimum(broken + 1, self.last[which]))
            at, end = at[broken < 0], first
        return since


def _detail(kind: str, step: int, minimizer: int, lowest: bool, points: Array, land: Landscape) -> str:
    """A sentence on how one run ended."""
    last = len(points) - 1
    if kind == "diverged":
        return _how_it_diverged(points, land)
    if kind == "left":
        if step == 0:
            return "Started outside the drawn domain and never came in."
        return f"Left the drawn domain at step {step} and did not come back."
    if kind == "cycle":
        return f"Goes back and forth without settling since step {step}."
    if kind == "moving":
        if not (np.diff(points[-_SHORTEST_CYCLE - 1 :], axis=0) != 0).any():
            place = "" if land.hessian is None else ", where there is a slope"
            return f"Stood still at the end of {counted(last, 'step')}{place}."
        return f"Still moving after {counted(last, 'step')}."
    if minimizer >= 0:
        place = coordinates(land.minimizers[minimizer].tolist(), land.widths.tolist())
        return f"Ended in the minimum at {place}."
    where = {
        "minimum": "in a minimum, as low as any" if lowest else "in a local minimum",
        "saddle": "at a saddle: flat, but neither a minimum nor a maximum",
        "maximum": "at a maximum",
        "plateau": "on a plateau: there is almost no slope to follow",
    }[kind]
    return f"Ended {where}; there since step {step}."


def _how_it_diverged(points: Array, land: Landscape) -> str:
    last, point = len(points) - 1, points[-1]
    if not np.isfinite(point).all():
        return f"Diverged: step {last} led to a point that is not finite."
    if (np.abs(point - land.low) / land.widths).max() > REACH / 2:
        return f"Diverged: step {last} led beyond all bounds."
    if not np.isfinite(land.first_order(point[None])[0]).all():
        place = f"at the point of step {last}" if last else "where it starts"
        return f"Diverged: {place} the loss is undefined or infinite."
    return f"Diverged: in step {last + 1} torch met numbers that are not finite and gave up."


def _nearest_minimizer(points: Array, land: Landscape) -> tuple[NDArray[np.int64], Array]:
    """Which declared minimizer is nearest to points (k, D), and how many domain widths away; (k,) both."""
    nearest, distance = np.full(len(points), -1), np.full(len(points), np.inf)
    for index, minimizer in enumerate(land.minimizers):
        away = np.linalg.norm((minimizer - points) / land.widths, axis=1)
        closer = away < distance
        nearest[closer], distance[closer] = index, away[closer]
    return nearest, distance


def _principal(points: Array, land: Landscape) -> tuple[Array, Array, Array]:
    """Slopes along the Hessian's axes (k, D), its eigenvalues (k, D), and the axes as columns (k, D, D).

    Lengths are domain widths. NaN where slope or Hessian are not finite.
    """
    count, size = points.shape
    if not count or land.hessian is None:
        return *np.full((2, count, size), np.nan), np.empty((count, 0, 0))
    slopes = land.first_order(points)[1] * land.widths
    hessians = land.hessian(points) * np.outer(land.widths, land.widths)
    known = np.all(np.isfinite(slopes), axis=1) & np.all(np.isfinite(hessians), axis=(1, 2))
    curvatures, axes = np.linalg.eigh(np.where(known[:, None, None], hessians, 0.0))
    unknown = np.where(known, 0.0, np.nan)[:, None]
    return np.einsum("kij,ki->kj", axes, slopes) + unknown, curvatures + unknown, axes


def _newton_step(slopes: Array, curvatures: Array, land: Landscape) -> Array:
    """The Newton step along each axis: 0 where there is no slope, infinite where there is no curvature."""
    slopes = np.where(np.abs(slopes) <= _rounding(curvatures, land)[:, None], 0.0, slopes)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        steps: Array = np.where(slopes == 0, 0.0, -slopes / curvatures)
    return steps


def _rounding(curvatures: Array, land: Landscape) -> Array:
    """(k,) the slopes that are rounding where the curvatures are (k, D)."""
    least = np.minimum(land.range, np.abs(curvatures).max(axis=1, initial=0.0))
    rounding: Array = _ROUNDING * least
    return rounding


def _way_to(
    minimizers: NDArray[np.int64], points: Array, slopes: Array, axes: Array, land: Landscape
) -> tuple[Array, NDArray[np.bool_]]:
    """How far the losses at points (k, D) are above the declared minimum, and whether slopes lead there.

    They do where slope times distance accounts for the loss above the minimizer: at least for half of it, as
    wherever the loss is convex, and at most for a hundred times as much, as it is near other stationary
    points. That holds however flat the bottom is, and however high the walls are.
    """
    above, leads = np.zeros(len(points)), np.zeros(len(points), dtype=bool)
    if not len(land.minimizers) or not np.isfinite(land.minimum) or not axes.size:
        return above, leads
    away = (points - land.minimizers[minimizers]) / land.widths
    gain = np.einsum("ki,ki->k", np.einsum("kij,ki->kj", axes, away), slopes)
    above = land.first_order(points)[0] - land.minimum
    return above, (gain > 0) & (2 * gain >= above) & (gain <= 100 * above)


def _polished(points: Array, land: Landscape) -> tuple[Array, NDArray[np.bool_]]:
    """The stationary points (k, D) themselves, by Newton's method from next to them, and where there is one.

    Ten steps take the slope of x⁶ to a 70,000th. Beside a kink such as √|x| at 0 Newton steps are short too,
    but lead away, and leave a 240th of the slope.
    """
    polished, stationary = points.copy(), np.zeros(len(points), dtype=bool)
    slopes, curvatures, axes = _principal(points, land)
    unit = np.maximum(land.range, np.abs(curvatures).max(axis=1, initial=0.0))
    gone = np.maximum(1e-3 * np.linalg.norm(slopes, axis=1), np.maximum(1e-9 * land.range, _ROUNDING * unit))
    at = np.arange(len(points))
    for turn in range(10):
        if not len(at):
            break
        steps = np.einsum("kij,kj->ki", axes, _newton_step(slopes, curvatures, land)) * land.widths
        polished[at] += steps
        stayed = np.linalg.norm((polished[at] - points[at]) / land.widths, axis=1) <= 10 * NEAR
        at = at[stayed]
        slopes, curvatures, axes = _principal(polished[at], land)
        slope = np.linalg.norm(slopes, axis=1)
        done = (slope <= _ROUNDING * unit[at]) | (turn == 9)
        stationary[at[done]] = slope[done] <= gone[at[done]]
        at, slopes, curvatures, axes = at[~done], slopes[~done], curvatures[~done], axes[~done]
    return polished, stationary


def _by_curvature(points: Array, land: Landscape) -> NDArray[np.str_]:
    """What stationary points (k, D) are."""
    _, curvatures, _ = _principal(points, land)
    sizes = np.abs(curvatures)
    clear = sizes.min(axis=1) > np.maximum(1e-9 * land.range, 1e-6 * sizes.max(axis=1))
    kinds = _kinds(curvatures.min(axis=1) < 0, curvatures.max(axis=1) > 0)
    if not clear.all():
        kinds[~clear] = _by_looking_around(points[~clear], land)
    return kinds


def _by_looking_around(points: Array, land: Landscape) -> NDArray[np.str_]:
    """By the losses around them: an eigenvalue of 0, or not a number, says nothing."""
    circle = _PROBE * land.widths * _directions(points.shape[1])
    around = points[:, None] + np.concatenate((np.zeros_like(circle[:1]), circle))
    losses = land.first_order(around.reshape(-1, points.shape[1]))[0].reshape(len(points), -1)
    rise = losses[:, 1:] - losses[:, :1]
    height = np.abs(rise).max(axis=1)
    kinds = _kinds(rise.min(axis=1) < -1e-6 * height, rise.max(axis=1) > 1e-6 * height)
    kinds[~(height > _ROUNDING * land.range)] = "plateau"
    return kinds


def _directions(size: int) -> Array:
    """Unit vectors (k, size): all round a plane, else both ways along each axis."""
    if size > 2:
        return np.concatenate((np.eye(size), -np.eye(size)))
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return np.stack((np.cos(angles), np.sin(angles)), axis=1)


def _kinds(lower: NDArray[np.bool_], higher: NDArray[np.bool_]) -> NDArray[np.str_]:
    """What a stationary point is with lower and higher losses around it."""
    return np.where(lower & higher, "saddle", np.where(lower, "maximum", "minimum"))


def _length(vectors: Array) -> Array:
    """(...) the lengths of vectors (..., D). NumPy's own way takes many times as long where D is 2."""
    if vectors.shape[-1] == 2:
        x, y = vectors[..., 0], vectors[..., 1]
        lengths: Array = np.sqrt(x * x + y * y)
    else:
        lengths = np.linalg.norm(vectors, axis=-1)
    return lengths


def _all(holds: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(...) whether all of (..., D) hold; quick where D is 2."""
    return np.asarray(holds[..., 0] & holds[..., 1] if holds.shape[-1] == 2 else holds.all(axis=-1))


def _goes_round(window: Array) -> NDArray[np.bool_]:
    """Which of m paths (k, m, 2) cross their own extent again and again, where their middle stays."""
    extent = _length(np.ptp(window, axis=0))
    length = _length(np.diff(window, axis=0)).sum(axis=0)
    early, late = np.array_split(window, 2)
    drift = _length(late.mean(axis=0) - early.mean(axis=0))
    spread = [_length(half.std(axis=0)) for half in (early, late)]
    still = (extent == 0) | (length < 4 * extent) | (drift > 0.1 * extent) | (spread[1] < 0.9 * spread[0])
    return np.asarray(~still)
