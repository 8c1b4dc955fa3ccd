"""When a run arrives at a minimizer is one notion with one number, wherever it is said."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from functools import cache

import numpy as np
import pytest

import optviz as ov
from builders import competitor, experiment
from optviz import command
from optviz.engine.trajectory import arrivals
from optviz.lessons.expectations import Expectation
from optviz.player import captions

STEPS = 40
SURFACES = [name for name in ov.SURFACES if ov.surface(ov.SurfaceSpec(name)).minimizers]


def walked(path: ov.Trajectory, minimizers, within: float) -> int | None:
    """The first step nearer than `within`, point by point in Python's own numbers."""
    for step, (x, y) in enumerate(path.points.astype(np.float64).tolist()):
        if any(math.sqrt((x - a) ** 2 + (y - b) ** 2) < within for a, b in minimizers):
            return step
    return None


@pytest.mark.slow
@pytest.mark.sampled(6)
@pytest.mark.parametrize("surface", SURFACES)
def test_everything_that_says_when_a_run_arrives_says_the_same(surface: str) -> None:
    exp = experiment(surface, "SGD", "Adam", competitor("Rprop", {"lr": 0.05}), steps=STEPS)
    paths = ov.run(exp, "cpu")
    minimizers = ov.surface(exp.surface).minimizers
    away = np.concatenate([path.distances(minimizers) for path in paths])
    middle = float(f"{np.median(away[np.isfinite(away)]):.3g}")  # some arrive, at all kinds of steps
    for within in (None, middle):
        near = ov.surface(exp.surface).near(within)
        expected = [walked(path, minimizers, near) for path in paths]
        summaries = [path.summary(minimizers, near) for path in paths]
        assert [(one.steps_to_reach, one.within) for one in summaries] == [(step, near) for step in expected]
        view = ov.View(within=within)
        table = captions.table(exp, summaries, ["" for _ in paths], view)
        assert [row["numbers"]["steps_to_reach"] for row in table["rows"]] == expected
        head = next(column for column in table["columns"] if column["name"] == "steps_to_reach")
        assert head["title"] == f"Steps to within {near:g}" and f"nearer than {near:g}" in head["help"]
        rows = list(csv.DictReader(io.StringIO(ov.summaries_csv(summaries))))
        assert [row["steps to reach it"] for row in rows] == ["" if s is None else str(s) for s in expected]
        assert {float(row["reached within"]) for row in rows} == {near}
        results = json.loads(ov.results_json(exp, paths, within))["results"]
        assert [one["summary"]["steps_to_reach"] for one in results] == expected
        tuning = ov.tune(exp, 1, criterion="steps to reach", around="set", within=within, device="cpu")
        for path, step, cell in zip(paths, expected, tuning.values[:, 0], strict=True):
            usable = step is not None and path.outcome.kind != "diverged"
            assert cell == (step if usable else np.inf)
        for path, step in zip(paths, expected, strict=True):
            words = "never arrives within {near}" if step is None else "arrives within {near} at {step}"
            said = words.format(near=near, step=step)
            assert Expectation(f"{path.name}: {said}").holds(exp, paths)
            least = f"distance < {near} before {STEPS + 1 if step is None else step + 1}"
            assert Expectation(f"{path.name}: {least}").holds(exp, paths) is (step is not None)


@pytest.mark.slow
def test_a_basin_says_when_its_starts_arrive() -> None:
    exp = experiment("Himmelblau", competitor("SGD", {"lr": 0.01}), start=(0.0, 0.0), steps=STEPS)
    minimizers = ov.surface(exp.surface).minimizers
    alone = cache(lambda single: ov.run_one(single, 0, "cpu"))  # how near is near decides nothing in a run
    for within in (None, 0.4):
        basins = ov.basins(exp, resolution=8, within=within, device="cpu")
        assert basins.within == ov.surface(exp.surface).near(within)
        for row, column in np.ndindex(basins.kinds.shape):
            step = walked(alone(basins.at(row, column)), minimizers, basins.within)
            assert basins.reached[row, column] == (-1 if step is None else step)
        assert len(np.unique(basins.reached)) > 5


def test_what_is_said_beside_the_table_gives_no_other_step(capsys) -> None:
    exp = experiment("Quadratic bowl", competitor("SGD", {"lr": 0.05}), start=(3.0, 2.0), steps=200)
    (path,) = ov.run(exp, "cpu")
    assert path.outcome.kind == "minimum" and not re.search(r"\bstep", path.outcome.detail)
    assert command.main(["run", exp.to_url(ov.View(within=0.3)), "--device", "cpu"]) == 0
    step = walked(path, ((0.0, 0.0),), 0.3)
    assert (
        step
        and f"First within 0.3 of a minimizer at step {step}. {path.outcome.detail}"
        in capsys.readouterr().out
    )


def test_near_means_nearer_than() -> None:
    away = np.array([[4.0, 1.0, np.inf], [2.0, np.nan, 2.0], [1.0, 0.5, 3.0], [3.0, 0.1, 2.5]])
    assert arrivals(away, 2.0).tolist() == [2, 0, -1]
    assert arrivals(away, 1.0).tolist() == [-1, 2, -1]
    assert arrivals(away[:, 0], 2.5) == 1
