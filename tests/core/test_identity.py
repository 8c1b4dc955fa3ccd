"""A competitor is its index in the experiment, everywhere: also where others did not run."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import optviz as ov
from builders import competitor, experiment
from optviz.figures.theme import LIGHT, THEMES, all_pens, for_competitors, pens
from optviz.player.scene import by_index, scene
from optviz.spec.view import MOST_RUNS

BOWL = ov.SurfaceSpec("Quadratic bowl")
RUNS = tuple(competitor(name, {"lr": 0.1}) for name in ("SGD", "Adam", "RMSprop"))
RACE = experiment(BOWL, *RUNS, start=(2.0, 1.0), steps=12)
NETWORK = replace(RACE, surface=ov.SurfaceSpec("MLP classifier"), steps=3)


@pytest.mark.parametrize("exp", [RACE, NETWORK], ids=["two numbers", "network"])
def test_a_trajectory_knows_its_competitor(exp: ov.Experiment) -> None:
    paths = ov.run(exp, "cpu")
    assert [path.index for path in paths] == [0, 1, 2]
    assert [ov.run_one(exp, index, "cpu").index for index in range(3)] == [0, 1, 2]
    assert [path.index for path in ov.project(exp, paths[1:])] == [1, 2]
    assert pickle.loads(pickle.dumps(replace(paths[2], points=paths[2].points[:1]))).index == 2


def test_what_is_run_of_a_competitor_knows_it_too() -> None:
    momentum = competitor("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5})
    exp = replace(RACE, runs=(*RUNS, momentum))
    (name, *_) = (row.name for row in ov.conventions(momentum))
    assert ov.run_reference(exp, 3, name, "cpu").index == 3
    assert ov.run_many(exp, [(1.0, 1.0)], 2, device="cpu").index == 2
    assert ov.run_varied(exp, [RUNS[1].optimizer], 1, device="cpu").index == 1


CALLS: dict[str, Callable[..., Any]] = {
    "run_many": lambda **who: ov.run_many(RACE, [(1.0, 1.0), (0.5, 2.0)], device="cpu", **who).ends,
    "run_varied": lambda **who: ov.run_varied(RACE, [RUNS[1].optimizer], device="cpu", **who).ends,
    "basins": lambda **who: ov.basins(RACE, resolution=3, device="cpu", **who).losses,
    "sweep": lambda **who: ov.sweep(RACE, x=("lr", 1e-3, 0.1, 3), y=None, device="cpu", **who).losses,
    "cloud": lambda **who: ov.cloud(RACE, seeds=3, radius=0.1, device="cpu", **who).losses,
    "cost": lambda **who: ov.cost(RACE, cells=9, **who),
    "default_resolution": lambda **who: ov.default_resolution(RACE, **who),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_competitor_is_named_by_index_or_by_run(name: str) -> None:
    np.testing.assert_array_equal(CALLS[name](index=1), CALLS[name](run=1))
    with pytest.raises(ValueError, match="index or run, not both"):
        CALLS[name](index=1, run=1)


def test_a_competitor_is_named_once_also_by_its_place() -> None:
    with pytest.raises(ValueError, match="index or run, not both"):
        ov.run_many(RACE, [(1.0, 1.0)], 1, run=1)


def test_pens_go_by_the_index() -> None:
    sgd, adam, rmsprop = ov.run(RACE, "cpu")
    known = all_pens(RACE)
    assert pens(RACE, (rmsprop, sgd)) == [known[2], known[0]]
    twice = replace(RACE, runs=(RUNS[0], RUNS[0]))
    assert pens(twice, ov.run(twice, "cpu")[1:]) == all_pens(twice)[1:], "two that are set alike"
    fewer = replace(RACE, runs=RUNS[:1])
    assert pens(fewer, (adam,)) == [known[1]], "of an experiment with more competitors"


def test_without_a_colour_of_its_own_a_competitor_has_the_first_that_is_free() -> None:
    view = ov.View(colors=(1,))
    assert [pen.slot for pen in all_pens(RACE, view=view)] == [1, 0, 2]
    paths = ov.run(RACE, "cpu")
    assert [pen.slot for pen in pens(RACE, (*paths, paths[0]), view=view)] == [1, 0, 2, 3]
    first = for_competitors(LIGHT, RACE, view)
    assert first.paths[:3] == tuple(LIGHT.paths[slot] for slot in (1, 0, 2))
    assert sorted(zip(first.paths, first.dashes, strict=True)) == sorted(
        zip(LIGHT.paths, LIGHT.dashes, strict=True)
    )


def test_there_is_a_colour_and_a_dash_for_every_competitor() -> None:
    for theme in THEMES.values():
        assert len(set(theme.paths)) == len(theme.paths) == len(theme.dashes) == MOST_RUNS


@pytest.mark.parametrize("count", [3, 8, 10])
def test_a_theme_may_have_any_number_of_colours(count: int) -> None:
    theme = replace(LIGHT, paths=tuple(f"#{place:06x}" for place in range(count)))
    runs = tuple(competitor("SGD", {"lr": 0.001 * k}) for k in range(1, 12))
    many = replace(RACE, runs=runs)
    own = for_competitors(theme, many, ov.View(colors=(2,)))
    drawn = all_pens(many, theme, ov.View(colors=(2,)))
    assert [pen.color for pen in drawn[:count]] == list(own.paths)
    assert [pen.dash for pen in drawn[:count]] == list(own.dashes)


def test_two_trajectories_of_one_competitor_are_drawn_apart() -> None:
    (one, adam, _), (other, *_) = ov.run(RACE, "cpu"), ov.run(replace(RACE, seed=1), "cpu")
    slots = [pen.slot for pen in pens(RACE, (one, other, adam))]
    assert slots == [0, 2, 1]


# -- a competitor that did not run keeps its place ---------------------------------------------------------

REFUSED = competitor("SGD", {"lr": 0.1, "nesterov": True}, label="refused")
"""torch refuses it: nesterov needs a momentum."""
DAMPED = competitor("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}, label="damped")


def without(refused: int) -> tuple[ov.Experiment, list[ov.Trajectory]]:
    """A race whose competitor `refused` does not run, and the trajectories of the others."""
    runs = [*RUNS[1:], DAMPED]
    runs.insert(refused, REFUSED)
    exp = replace(RACE, runs=tuple(runs))
    ran = [ov.run_one(exp, index, "cpu") for index in range(4) if index != refused]
    return exp, ran


@pytest.mark.parametrize("refused", [0, 1, 3])
def test_a_scene_has_all_competitors(refused: int) -> None:
    exp, ran = without(refused)
    damped = ran[-1].index
    (name, *_) = (row.name for row in ov.conventions(DAMPED))
    ghost = ov.run_reference(exp, damped, name, "cpu")
    view = ov.View(focus=damped, colors=(5, 4, 3, 2))
    competitors = by_index(exp, ran)
    competitors[damped] = replace(competitors[damped], reference=ghost)
    data = scene(exp, competitors, view=view).data
    assert [run["ran"] for run in data["runs"]] == [index != refused for index in range(4)]
    assert [run["name"] for run in data["runs"]] == [run.name for run in exp.runs]
    assert [run["slot"] for run in data["runs"]] == [5, 4, 3, 2]
    assert data["view"]["focus"] == damped, "the focus counts them all"
    assert [index for index, run in enumerate(data["runs"]) if "ghost" in run] == [damped]
    assert data["runs"][refused] == {
        "ran": False,
        "name": "refused",
        "slot": 5 - refused,
        "dash": list(all_pens(exp, view=view)[refused].pattern),
    }


@pytest.mark.parametrize("refused", [0, 1, 3])
def test_the_figures_of_the_others_are_as_if_all_had_run(refused: int) -> None:
    exp, ran = without(refused)
    styles = all_pens(exp)
    for draw in (ov.contour_figure, ov.surface_figure, ov.loss_figure):
        traces = {trace.name: trace for trace in draw(exp, ran).data}
        for path in ran:
            assert traces[path.name].line.color == styles[path.index].color
        assert "refused" not in traces


def test_a_page_has_all_competitors() -> None:
    exp, ran = without(1)
    page = ov.to_html(exp, ran)
    packed = re.search(r'id="scene">([^<]+)<', page)
    message = json.loads(gzip.decompress(base64.b64decode(packed[1])))
    assert [run["ran"] for run in message["runs"]] == [True, False, True, True]
    assert [row["words"] for row in message["table"]["rows"]].index("Did not run.") == 1
    assert all(run["code"] and run["steps"] for run in message["runs"] if run["ran"])


def test_a_trajectory_of_nobody_is_refused() -> None:
    fewer = replace(RACE, runs=RUNS[:1])
    with pytest.raises(ValueError, match="no competitor 1"):
        by_index(fewer, ov.run(RACE, "cpu")[:2])
