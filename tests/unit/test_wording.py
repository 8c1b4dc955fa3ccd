"""Counts and coordinates in words, in Python's sentences and in the player's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optviz.spec.wording import coordinate, coordinates, counted


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 steps"), (1, "1 step"), (2, "2 steps"), (1500, "1,500 steps")]
)
def test_one_thing_is_no_plural(count: int, words: str) -> None:
    assert counted(count, "step") == words
    assert counted(count, "minimum", "minima") == words.replace("steps", "minima").replace("step", "minimum")


@pytest.mark.parametrize(
    ("value", "extent", "text"),
    [
        (-2.437e-09, 10.0, "0"),
        (-0.0, 4.0, "0"),
        (-1.0, 2.0, "-1"),
        (0.0898420131, 6.0, "0.08984"),
        (-2.437e-09, 1e-7, "-2.437e-09"),
        (8000.0, 20000.0, "8000"),
        (1e9 + 3, 100.0, "1000000003"),
        (3e-12, 1e-6, "0"),
        (1e20, 1e21, "1e+20"),
        (math.inf, 1.0, "inf"),
    ],
)
def test_a_coordinate_has_the_digits_that_matter(value: float, extent: float, text: str) -> None:
    assert coordinate(value, extent) == text


def test_a_coordinate_is_right_to_what_is_seen_and_never_minus_zero() -> None:
    rng = np.random.default_rng(1)
    for extent in 10.0 ** rng.uniform(-6, 9, 300):
        for value in [*(rng.uniform(-1, 1, 4) * extent), rng.uniform(-1, 1) * 1e-9 * extent, 0.0]:
            text = coordinate(value, extent)
            assert abs(float(text) - value) <= 1e-5 * extent
            assert text == "0" or abs(float(text)) > 0
            assert len(text) <= 12
    assert coordinates((-1e-12, 2.0), (4.0, 4.0)) == "(0, 2)"
