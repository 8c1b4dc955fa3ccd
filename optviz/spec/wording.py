"""Counts and coordinates as people write them."""

from __future__ import annotations

import math
from collections.abc import Sequence

_FINEST = 1e-5
"""Of the extent of the domain: what is less is not seen in a picture of it, and no search is as exact."""


def counted(count: int, noun: str, more: str = "") -> str:
    """A number of things: "0 steps", "1 step", "1,500 steps"; `more` is a plural that has more than an s."""
    return f"{count:,} {noun if count == 1 else more or noun + 's'}"


def coordinate(value: float, extent: float) -> str:
    """A coordinate in a domain that extends so far, to what matters there.

    So -2.437e-09 is 0 where the domain is 10 wide, and itself where it is 1e-7 wide; 0 has no sign.
    """
    if not (math.isfinite(value) and math.isfinite(extent) and extent > 0):
        return f"{value:.5g}"
    digits = -math.floor(math.log10(_FINEST * extent))
    return repr(round(float(value), digits) + 0.0).removesuffix(".0")


def coordinates(point: Sequence[float], extents: Sequence[float]) -> str:
    """A point as "(0, -1)", by `coordinate`."""
    return f"({', '.join(coordinate(float(x), float(w)) for x, w in zip(point, extents, strict=True))})"
