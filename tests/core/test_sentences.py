"""What is said of runs reads well: no minimum by its rounding, no plural of one."""

from __future__ import annotations

import re

import pytest

import optviz as ov
from builders import competitor, experiment


@pytest.mark.parametrize("surface", [name for name, info in ov.SURFACES.items() if info.minimizers])
def test_no_sentence_names_a_minimum_by_its_rounding(surface: str) -> None:
    spec = ov.SurfaceSpec(surface)
    for minimizer in ov.surface(spec).minimizers:
        exp = experiment(spec, competitor("SGD", {"lr": 0.0}), start=minimizer, steps=1)
        said = ov.run_one(exp, 0, "cpu").outcome.detail
        for number in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]\d+)?", said):
            assert not 0 < abs(float(number)) < 1e-5 and number != "-0", said
            assert "1 steps" not in said


def test_an_experiment_of_one_step_is_no_plural() -> None:
    exp = experiment("Rosenbrock", competitor("SGD", {"lr": 1e-3}), steps=1)
    assert "1 steps" not in ov.run_one(exp, 0, "cpu").outcome.detail
    assert re.search(r"\b1 steps\b", ov.to_html(exp)) is None
    assert ov.tune(exp, 1).budget.startswith("1 learning rate × 1 step for each of 1 competitor,")
