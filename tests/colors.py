"""How well one colour can be told from another, by WCAG 2.2."""

from __future__ import annotations

from collections.abc import Sequence

Color = str | Sequence[float]
"""`#rrggbb`, or three channels from 0 to 255."""


def luminance(color: Color) -> float:
    """Relative luminance, 0 to 1."""
    channels = bytes.fromhex(color.removeprefix("#")) if isinstance(color, str) else color
    parts = [value / 255 for value in channels]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: Color, other: Color) -> float:
    """The contrast ratio, 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)
