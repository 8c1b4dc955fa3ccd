"""The parts of a contour plot: levels, lines, and a picture of the bands between them.

Levels are chosen from the distribution of the losses. Lines and bands are evenly spaced not in the loss but
in its place among the levels, a monotone map: so they are lines of equal loss all the same.
"""

from __future__ import annotations

import base64

import numpy as np
from numpy.typing import NDArray

from optviz.engine.outcome import Array
from optviz.engine.trajectory import Grid
from optviz.figures.png import of_palette
from optviz.figures.theme import Scale
from optviz.surfaces.problem import Domain

SHAPE = 0.75
"""Height over width of a picture whose axes have different scales."""
_NATURAL = 3.0
_LEVELS = 18
_LINE = 0.22
"""Contrast of a line to its band: 0 none, 1 black or white."""
_WIDE = 20.0
"""Losses that spread over more than this factor above the lowest get levels even in the logarithm."""


def equal_units(domain: Domain, units: str = "auto") -> bool:
    """Whether x and y are drawn to the same scale in a picture of a domain.

    Only then is a gradient drawn at a right angle to the contours. With `units` "auto" they are where one
    side is at most three times the other: beyond that the picture would be too narrow to see anything in.
    """
    (left, right), (bottom, top) = domain
    short, long = sorted((right - left, top - bottom))
    return units == "equal" or (units == "auto" and long <= _NATURAL * short)


def contour_levels(z: Array) -> Array:
    """The losses at which contours are drawn, from the lowest finite one to the highest.

    They are a compromise between levels that are evenly spaced (in the logarithm of the loss above the
    lowest, where losses spread wide) and levels that have equal areas of the picture between them. So no
    height takes up the whole picture, and a steeper place still has denser lines. A constant surface has two
    levels around its value.

    Args:
        z: (ny, nx) losses over the domain.

    Returns:
        (levels,) ascending, in float64.
    """
    z = z[np.isfinite(z)].clip(-1e300, 1e300)  # so that their differences are finite too
    finite = np.unique(z)
    if len(finite) < 2 or finite[-1] - finite[0] < 1e-290:
        value = float(finite[0]) if len(finite) else 0.0
        return np.array([value, value + max(abs(value), 1.0)])
    low, high = finite[0], finite[-1]
    excess = np.sort(z) - low
    tenth, most = np.quantile(excess, [0.1, 0.9])
    if most > _WIDE * tenth or high - low > _WIDE * np.median(excess):
        floor = max(float(np.quantile(excess, 0.01)), float(high - low) * 1e-9)
        equal = np.quantile(excess, np.linspace(0, 1, _LEVELS - 1)).clip(floor)
        levels: Array = np.sqrt(np.geomspace(floor, high - low, _LEVELS - 1)) * np.sqrt(equal)
        levels = low + np.concatenate(([0.0], levels))
    else:
        equal = np.quantile(excess, np.linspace(0, 1, _LEVELS))
        levels = low + (np.linspace(0, high - low, _LEVELS) + 3 * equal) / 4
    return levels


def places(z: Array, levels: Array) -> Array:
    """Each loss's place among the levels, with fractions between two of them.

    Args:
        z: (...) losses.
        levels: (levels,) ascending.

    Returns:
        (...) from 0 to the number of levels less 1; NaN where the loss is not finite.
    """
    return np.where(np.isfinite(z), np.interp(z, levels, np.arange(len(levels))), np.nan)


def color_bar(levels: Array) -> tuple[list[int], list[str]]:
    """The labels of a colour bar: their places among the levels, counted from 0, and their texts.

    Args:
        levels: (levels,) ascending losses.
    """
    places = list(range(0, len(levels), 3))
    return places, [_short(levels[place]) for place in places]


def picture(grid: Grid, levels: Array, scale: Scale, size: int = 800) -> str:
    """The bands between the levels, with lines between them, over the grid's rectangle: a PNG in a data URL.

    Args:
        grid: The losses. What is not finite is transparent.
        levels: (levels,) ascending losses.
        scale: The colours of the bands.
        size: Pixels along each side.
    """
    index, colors = _bands(grid, levels, scale, (size, size))
    return "data:image/png;base64," + base64.b64encode(of_palette(index, colors)).decode()


def pixels(
    grid: Grid, levels: Array, scale: Scale, shape: tuple[int, int], undefined: str
) -> NDArray[np.uint8]:
    """The bands between the levels, with lines between them, over the grid's rectangle.

    Lines are at the levels and half-way between them.

    Args:
        grid: The losses.
        levels: (levels,) ascending losses.
        scale: The colours of the bands.
        shape: Height and width in pixels.
        undefined: The colour "#rrggbb" of what is not finite.

    Returns:
        (height, width, 3) red, green and blue, 0 to 255; the first row is the top.
    """
    index, colors = _bands(grid, levels, scale, shape)
    image: NDArray[np.uint8] = np.concatenate([colors, _channels(undefined)[None].astype(np.uint8)])[index]
    return image


def _bands(
    grid: Grid, levels: Array, scale: Scale, shape: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """(h, w) a place in a palette, one beyond it for what is not finite, and the palette (colours, 3)."""
    bands = 2 * (len(levels) - 1)
    middles = (np.arange(bands) + 0.5) / bands
    stops = [stop for stop, _ in scale]
    channels = np.array([_channels(color) for _, color in scale])
    fills = np.stack([np.interp(middles, stops, channel) for channel in channels.T], axis=1)
    edges = fills + _LINE * (np.where(fills.mean() > 128, 0, 255) - fills)
    fine = _resized(places(grid.z, levels), shape)
    index = np.where(np.isfinite(fine), np.clip(2 * fine, 0, bands - 1), 2 * bands).astype(np.uint8)
    lined = np.zeros(index.shape, bool)
    lined[:-1] |= index[:-1] != index[1:]
    lined[:, :-1] |= index[:, :-1] != index[:, 1:]
    index[lined & (index < bands)] += bands
    return np.flipud(index), np.concatenate([fills, edges]).round().astype(np.uint8)


def _channels(color: str) -> NDArray[np.int64]:
    return np.array([int(color[k : k + 2], 16) for k in (1, 3, 5)])


def _resized(z: Array, shape: tuple[int, int]) -> Array:
    """`z` (ny, nx) on a grid of `shape` (height, width) pixels over the same rectangle, linear in between."""
    for axis, size in enumerate(shape):
        count = z.shape[axis]
        at = np.clip((np.arange(size) + 0.5) / size * (count - 1), 0, count - 1)
        low = np.minimum(at.astype(int), count - 2)
        part = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        z = np.take(z, low, axis) * (1 - part) + np.take(z, low + 1, axis) * part
    return z


def _short(number: float) -> str:
    """Two significant digits, written out where that is short."""
    text = f"{float(f'{number:.1e}'):g}" if 1e-4 <= abs(number) < 1e5 or not number else f"{number:.0e}"
    return text.replace("e+0", "e").replace("e-0", "e-").replace("e+", "e").replace("-", "−")
