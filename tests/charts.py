"""Charts that are hard to draw: leaps, plateaus, runs that diverge, and what a logarithm has no place for."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def curves(random: int = 300) -> list[dict[str, Any]]:
    """Charts: for each run its values and whether it diverged."""
    rng = np.random.default_rng(16)
    leap = [0.69, 0.5, 1527.0, 0.4, 0.3]
    plateau = [*np.geomspace(1e-5, 1.009, 200), *np.geomspace(1.0, 1e-3, 100)]
    boom = [*(24.0 * 30.0 ** np.arange(26)), math.inf, math.nan]
    named: list[list[tuple[list[float], bool]]] = [
        [(leap, False)],
        [(plateau, False), ([1e-5] * 300, False)],
        [(boom, True), (leap, False)],
        [(boom, True)],
        [([-value for value in boom], True), ([3.0, 2.0, 1.0], False)],
        [([5.0] * 20, False)],
        [([0.0] * 20, False)],
        [([-3.0], False)],
        [([1e-300], False), ([1e300], True)],
        [([4.0, 1.0, 0.0, 0.0, 0.25, -1e-9], False)],
        [([math.nan] * 4, True), ([math.inf], False)],
        [([math.nan, 0.1, 0.1, 0.05], False)],
        [([1e38, -1e38], False), ([2e38], True)],
    ]
    for _ in range(random):
        chart = []
        for _ in range(rng.integers(1, 5)):
            n = int(rng.integers(1, 60))
            kind = rng.integers(5)
            walk = np.cumsum(rng.standard_normal(n))
            values = [
                walk,
                10.0 ** (walk * rng.uniform(0.1, 8)),
                np.full(n, walk[0]),
                np.where(rng.random(n) < 0.1, 10.0 ** rng.uniform(-40, 38, n), walk),
                np.where(rng.random(n) < 0.2, rng.choice([math.nan, math.inf, -math.inf, 0.0], n), walk),
            ][kind]
            chart.append((values.tolist(), bool(rng.random() < 0.3)))
        named.append(chart)
    return [
        {"curves": [values for values, _ in chart], "diverged": [gone for _, gone in chart], "log": log}
        for chart in named
        for log in (False, True)
    ]


def on_axis(value: float, log: bool) -> float:
    """A value, or its power of ten: under every other where there is none."""
    if not log or math.isnan(value):
        return value
    return math.log10(value) if value > 0 else -math.inf
