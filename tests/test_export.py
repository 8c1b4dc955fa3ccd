"""Results as files: numbers in full, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

import optviz as ov


def rows(*summaries: ov.Summary) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ov.summaries_csv(summaries))))


def summary(name: str = "SGD", **changes: object) -> ov.Summary:
    values = {
        "name": name,
        "final_loss": 0.1 + 0.2,
        "best_loss": 1e-300,
        "distance": 0.5,
        "steps_to_reach": 7,
        "evals": 20,
        "path_length": 3.0,
        "outcome": ov.Outcome("saddle", 5, 'Ended at a saddle; "flat", there.'),
    }
    return ov.Summary(**values | changes)  # type: ignore[arg-type]


def test_every_number_comes_back_in_full() -> None:
    (row,) = rows(summary())
    assert float(row["final loss"]) == 0.1 + 0.2 and float(row["best loss"]) == 1e-300
    assert (row["steps to reach it"], row["evaluations"], row["at step"]) == ("7", "20", "5")
    assert (row["ending"], row["in words"]) == ("saddle", 'Ended at a saddle; "flat", there.')
    (row,) = rows(summary(steps_to_reach=None, final_loss=float("nan")))
    assert row["steps to reach it"] == "" and row["final loss"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_name_is_never_a_formula(name: str) -> None:
    (row,) = rows(summary(name))
    assert row["competitor"] == f"'{name}"


def test_names_with_commas_quotes_and_lines_survive() -> None:
    names = ["a, b", 'say "hi"', "two\nlines", "θ"]
    assert [row["competitor"] for row in rows(*map(summary, names))] == names


def test_a_summary_says_what_its_path_did() -> None:
    run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.25}))
    exp = ov.Experiment(ov.SurfaceSpec("Quadratic bowl", {"kappa": 1.0}), (8.0, 0.0), 6, (run,))
    (sgd,) = ov.run(exp, "cpu")  # x halves at every step: 8, 4, 2, 1, 1/2, 1/4, 1/8
    summary = sgd.summary(((0.0, 0.0),), within=0.5)
    assert summary.steps_to_reach == 4 and summary.distance == 0.125 and summary.evals == 6
    assert summary.path_length == 8 - 0.125
    assert summary.final_loss == summary.best_loss == 0.125**2
    assert sgd.summary((), within=0.5).steps_to_reach is None and np.isinf(sgd.summary((), 0.5).distance)
