"""Counts and coordinates as people write them."""

from __future__ import annotations

import math
from collections.abc import Sequence

_FINEST = 1e-5
"""Of the extent of the domain: what is less is not seen in a picture of it, and no search is as exact."""


def counted(count: int, noun: str, more: str = "") -> str:
    """A number of things in words: "0 steps", "1 step", "1,500 steps".

    Args:
        count: How many there are.
        noun: What one of them is called.
        more: Their plural, where it is not the noun with an s.
    """
    return f"{count:,} {noun if count == 1 else more or noun + 's'}"


def coordinate(value: float, extent: float) -> str:
    """A coordinate, rounded to a hundred-thousandth of the domain: what is finer is not seen there.

    Args:
        value: The coordinate, in the units of the domain.
        extent: The width of the domain along it, in the same units.

    Example:
        >>> coordinate(-2.437e-09, 10.0), coordinate(-2.437e-09, 1e-7)
        ('0', '-2.437e-09')
    """
    if not (math.isfinite(value) and math.isfinite(extent) and extent > 0):
        return f"{value:.5g}"
    digits = -math.floor(math.log10(_FINEST * extent))
    return repr(round(float(value), digits) + 0.0).removesuffix(".0")


def coordinates(point: Sequence[float], extents: Sequence[float]) -> str:
    """A point in words, "(0, -1)": each number as `coordinate` writes it in its extent."""
    return f"({', '.join(coordinate(float(x), float(w)) for x, w in zip(point, extents, strict=True))})"
