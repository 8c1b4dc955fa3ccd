"""How a run ended, decided from host numbers alone.

Never from a small change of the loss: a slow run is not a finished one. Distances are in domain widths
(each axis divided by the extent of the domain along it), and losses in units of the range they have over
the domain, so that the verdict does not depend on the units of a surface. A network's weights have no
domain: there the unit is the length of all initial weights, and the loss above the minimum at them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

KINDS = ("minimum", "saddle", "maximum", "plateau", "cycle", "moving", "left", "diverged")

NEAR = 1e-3
"""Domain widths: a run is stationary where the Newton step is at most this."""
REACH = 1e6
"""Domain widths from the domain's middle beyond which a run has diverged."""

_FLAT = 1e-5
"""Crossing the domain along this slope changes the loss by this share of its range: a plateau."""
_ROUNDING = 1e-12
"""Slopes below this share of the loss's range are rounding."""
_PROBE = 1e-2
"""Domain widths: how far around a degenerate point the loss is probed."""
_SHORTEST_CYCLE = 10
"""Steps that are watched, at least, before a run is said to cycle."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    kind: str
    """One of `KINDS`."""
    step: int
    """The step from which it held: when it settled, left for good, began to cycle, or diverged."""
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
    """The highest minus the lowest loss over the domain."""
    first_order: Callable[[Array], tuple[Array, Array]]
    """Points (k, D) → losses (k,) and gradients (k, D)."""
    hessian: Callable[[Array], Array] | None
    """A point (D,) → its Hessian (D, D). None where that is too large: then no run is said to be at rest,
    unless it is at a declared minimizer."""
    bounded: bool = True
    """Whether there is a drawn domain, which a run can leave."""


def judge(points: Array, diverged: bool, land: Landscape) -> Outcome:
    """Say how the path `points` (n+1, D) ended, in the design's order of verdicts."""
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite is asked for, one by one
        return _judge(points, diverged, land)


def _judge(points: Array, diverged: bool, land: Landscape) -> Outcome:
    last = len(points) - 1
    undefined = ~(np.isfinite(land.first_order(points)[0]) & np.isfinite(points).all(axis=1))
    if undefined[-1] and np.isfinite(points[(step := _first_for_good(undefined))]).all():
        place = f"at the point of step {step}" if step else "where it starts"
        return Outcome("diverged", step, f"Diverged: {place} the loss is undefined or infinite.")
    if diverged:
        return Outcome("diverged", last, _how_it_diverged(points[-1], last, land))
    unit = (points - land.low) / land.widths
    stationary = _stationary(points[-1], unit, land)
    if stationary and stationary.step == last:
        # It came here with its very last step: perhaps it only passes, bouncing over a kink.
        return _cycle(unit) or stationary
    left = _left(unit) if land.bounded else None
    return stationary or left or _cycle(unit) or _moving(unit, land)


def _how_it_diverged(point: Array, last: int, land: Landscape) -> str:
    if not np.isfinite(point).all():
        return f"Diverged: step {last} led to a point that is not finite."
    if (np.abs(point - land.low) / land.widths).max() > REACH / 2:
        return f"Diverged: step {last} led off without bounds."
    return f"Diverged: in step {last + 1} torch met numbers that are not finite and gave up."


def _stationary(point: Array, unit: Array, land: Landscape) -> Outcome | None:
    nearest, distance = _nearest_minimizer(point, land)
    slopes, curvatures, _ = _principal(point, land)
    known = bool(np.isfinite(slopes).all() and np.isfinite(curvatures).all())
    if distance <= NEAR and not (land.smooth and known):
        return _settled("minimum", unit, nearest, land)
    if not known:
        return None
    near = np.linalg.norm(_newton_step(slopes, curvatures, land)) <= NEAR
    if near and (exact := _polished(point, land)) is not None:
        kind = _by_curvature(exact, land)
        nearest, distance = _nearest_minimizer(exact, land)
        low = bool(land.first_order(exact[None])[0][0] <= land.minimum + 1e-9 * land.range)
        return _settled(kind, unit, nearest if kind == "minimum" and distance <= NEAR else None, land, low)
    if max(np.abs(slopes).max(), np.abs(curvatures).max()) <= _FLAT * land.range:
        return _settled("plateau", unit, None, land)
    return None


def _nearest_minimizer(point: Array, land: Landscape) -> tuple[int | None, float]:
    """Which declared minimizer is nearest, and how many domain widths away."""
    if not len(land.minimizers):
        return None, np.inf
    distances = np.linalg.norm((land.minimizers - point) / land.widths, axis=1)
    return int(distances.argmin()), float(distances.min())


def _principal(point: Array, land: Landscape) -> tuple[Array, Array, Array]:
    """Slopes along the Hessian's axes, its eigenvalues, and the axes as columns; lengths in domain widths."""
    slopes = land.first_order(point[None])[1][0] * land.widths
    if land.hessian is None:
        return slopes * np.nan, slopes * np.nan, np.eye(1)
    hessian = land.hessian(point) * np.outer(land.widths, land.widths)
    if not (np.isfinite(slopes).all() and np.isfinite(hessian).all()):
        return slopes * np.nan, slopes * np.nan, np.eye(len(slopes))
    curvatures, axes = np.linalg.eigh(hessian)
    return axes.T @ slopes, curvatures, axes


def _newton_step(slopes: Array, curvatures: Array, land: Landscape) -> Array:
    """The Newton step along each axis: 0 where there is no slope, infinite where there is no curvature."""
    slopes = np.where(np.abs(slopes) <= _ROUNDING * land.range, 0.0, slopes)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        steps: Array = np.where(slopes == 0, 0.0, -slopes / curvatures)
    return steps


def _polished(point: Array, land: Landscape) -> Array | None:
    """The stationary point itself, by Newton's method from next to it; None where there is none.

    Ten steps take the slope of x⁶ to a 70,000th. Beside a kink such as √|x| at 0 Newton steps are short too,
    but lead away, and leave a 240th of the slope.
    """
    polished = point
    slopes, curvatures, axes = _principal(point, land)
    gone = max(1e-3 * float(np.linalg.norm(slopes)), 1e-9 * land.range)
    for _ in range(10):
        polished = polished + axes @ _newton_step(slopes, curvatures, land) * land.widths
        if not np.linalg.norm((polished - point) / land.widths) <= 10 * NEAR:
            return None
        slopes, curvatures, axes = _principal(polished, land)
        if np.linalg.norm(slopes) <= _ROUNDING * land.range:
            break
    return polished if np.linalg.norm(slopes) <= gone else None


def _by_curvature(point: Array, land: Landscape) -> str:
    _, curvatures, axes = _principal(point, land)
    sizes = np.abs(curvatures)
    if sizes.min() > max(1e-9 * land.range, 1e-6 * sizes.max()):
        return "minimum" if curvatures.min() > 0 else "maximum" if curvatures.max() < 0 else "saddle"
    # An eigenvalue of 0, or not a number, says nothing: look at the losses around the point itself.
    around = point + _PROBE * land.widths * _directions(axes)
    losses, _ = land.first_order(np.concatenate((point[None], around)))
    rise = losses[1:] - losses[0]
    height = float(np.abs(rise).max())
    if not height > _ROUNDING * land.range:
        return "plateau"
    lower, higher = rise.min() < -1e-6 * height, rise.max() > 1e-6 * height
    return "saddle" if lower and higher else "maximum" if lower else "minimum"


def _directions(axes: Array) -> Array:
    """Unit vectors (k, D): all round a plane, else both ways along the Hessian's axes, its columns."""
    if len(axes) > 2:
        return np.concatenate((axes.T, -axes.T))
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    return np.stack((np.cos(angles), np.sin(angles)), axis=1)


def _settled(kind: str, unit: Array, minimizer: int | None, land: Landscape, low: bool = False) -> Outcome:
    """`low` says that no loss is lower, though none of the declared minimizers is here."""
    step = _first_for_good(np.linalg.norm(unit - unit[-1], axis=1) <= NEAR)
    if kind == "minimum" and minimizer is not None:
        place = ", ".join(f"{number:.4g}" for number in land.minimizers[minimizer])
        return Outcome(kind, step, f"Reached the minimum at ({place}) by step {step}.", minimizer)
    what = {
        "minimum": "in a minimum, as low as there is" if low else "in a local minimum",
        "saddle": "at a saddle: flat, but neither a minimum nor a maximum",
        "maximum": "at a maximum",
        "plateau": "on a plateau: there is almost no slope to follow",
    }[kind]
    return Outcome(kind, step, f"Ended {what}; there since step {step}.")


def _left(unit: Array) -> Outcome | None:
    outside: NDArray[np.bool_] = np.any((unit < 0) | (unit > 1), axis=1)
    if not outside[-1]:
        return None
    step = _first_for_good(outside)
    if step == 0:
        return Outcome("left", step, "Started outside the drawn domain and never came in.")
    return Outcome("left", step, f"Left the drawn domain at step {step} and did not come back.")


def _cycle(unit: Array) -> Outcome | None:
    """Whether the second half of the path goes round in a bounded region without settling in it.

    It crosses its own extent again and again, its middle stays, and its spread does not shrink.
    """
    window = unit[len(unit) // 2 :]
    if len(window) < _SHORTEST_CYCLE:
        return None
    extent = float(np.linalg.norm(np.ptp(window, axis=0)))
    length = float(np.linalg.norm(np.diff(window, axis=0), axis=1).sum())
    early, late = np.array_split(window, 2)
    drift = float(np.linalg.norm(late.mean(axis=0) - early.mean(axis=0)))
    settling = np.linalg.norm(late.std(axis=0)) < 0.9 * np.linalg.norm(early.std(axis=0))
    if extent == 0 or length < 4 * extent or drift > 0.1 * extent or settling:
        return None
    margin = 0.1 * extent
    inside = ((unit >= window.min(axis=0) - margin) & (unit <= window.max(axis=0) + margin)).all(axis=1)
    step = _first_for_good(inside)
    return Outcome("cycle", step, f"Goes back and forth without settling since step {step}.")


def _moving(unit: Array, land: Landscape) -> Outcome:
    last = len(unit) - 1
    moved = (np.diff(unit[-_SHORTEST_CYCLE - 1 :], axis=0) != 0).any()
    if not moved:
        place = "" if land.hessian is None else ", where there is a slope"
        return Outcome("moving", last, f"Stood still in the last of {last} steps{place}.")
    return Outcome("moving", last, f"Still moving after {last} steps.")


def _first_for_good(holds: NDArray[np.bool_]) -> int:
    """The first index from which `holds` stays true to the end; the last index where it never does."""
    broken = np.flatnonzero(~holds)
    return min(int(broken[-1]) + 1, len(holds) - 1) if len(broken) else 0
