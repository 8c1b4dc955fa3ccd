"""A competitor is its index in the experiment, everywhere: also where others did not run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import optviz as ov
from optviz.figures.theme import LIGHT, all_pens, pens

BOWL = ov.SurfaceSpec("Quadratic bowl")
RUNS = tuple(ov.RunSpec(ov.OptimizerSpec(name, {"lr": 0.1})) for name in ("SGD", "Adam", "RMSprop"))
RACE = ov.Experiment(BOWL, (2.0, 1.0), 12, RUNS)
NETWORK = replace(RACE, surface=ov.SurfaceSpec("MLP classifier"), steps=3)


@pytest.mark.parametrize("exp", [RACE, NETWORK], ids=["two numbers", "network"])
def test_a_trajectory_knows_its_competitor(exp: ov.Experiment) -> None:
    paths = ov.run(exp, "cpu")
    assert [path.index for path in paths] == [0, 1, 2]
    assert [ov.run_one(exp, index, "cpu").index for index in range(3)] == [0, 1, 2]
    assert [path.index for path in ov.project(exp, paths[1:])] == [1, 2]
    assert pickle.loads(pickle.dumps(replace(paths[2], points=paths[2].points[:1]))).index == 2


def test_what_is_run_of_a_competitor_knows_it_too() -> None:
    momentum = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}))
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


def test_two_trajectories_of_one_competitor_are_drawn_apart() -> None:
    (one, adam, _), (other, *_) = ov.run(RACE, "cpu"), ov.run(replace(RACE, seed=1), "cpu")
    slots = [pen.slot for pen in pens(RACE, (one, other, adam))]
    assert slots == [0, 2, 1] and len(LIGHT.paths) == 8
