"""Every case of the gallery shows what its sentence says."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import optviz as ov
from optviz.lessons.gallery import GALLERY, Case, find_case


def case(title: str) -> Case:
    return next(case for case in GALLERY if case.title == title)


@cache  # many sentences are about the same case
def runs(exp: ov.Experiment) -> tuple[ov.Trajectory, ...]:
    return ov.run(exp, "cpu")


def kinds(title: str) -> list[str]:
    return [trajectory.outcome.kind for trajectory in runs(case(title).experiment)]


def paths(title: str) -> list[np.ndarray]:
    return [trajectory.points for trajectory in runs(case(title).experiment)]


def changed(title: str, *which: int, **hyperparameters: float) -> ov.Experiment:
    """The case with other hyperparameters of some competitors, of all where none is named."""
    exp = case(title).experiment
    specs = list(exp.runs)
    for index in which or range(len(specs)):
        optimizer = specs[index].optimizer
        params = {**optimizer.params, **hyperparameters}
        specs[index] = replace(specs[index], optimizer=replace(optimizer, params=params))
    return replace(exp, runs=tuple(specs))


def arrival(trajectory: ov.Trajectory, exp: ov.Experiment, within: float = 0.01) -> float:
    """The first step that is near a minimizer; infinite where none is."""
    minimizers = np.asarray(ov.surface(exp.surface).minimizers)
    away = np.linalg.norm(trajectory.points[:, None] - minimizers, axis=2).min(axis=1)
    return float(np.argmax(away < within)) if (away < within).any() else np.inf


def arrivals(exp: ov.Experiment) -> list[float]:
    return [arrival(trajectory, exp) for trajectory in runs(exp)]


def test_there_are_enough_and_no_two_alike() -> None:
    assert len(GALLERY) >= 12
    for part in ("title", "look", "experiment"):
        assert len({getattr(case, part) for case in GALLERY}) == len(GALLERY)


@pytest.mark.sampled(6)
@pytest.mark.parametrize("case", GALLERY, ids=lambda case: case.title)
def test_each_runs_within_the_picture_or_says_that_it_does_not(case: Case) -> None:
    exp = case.experiment
    assert find_case(exp) is case and find_case(replace(exp, steps=exp.steps + 1)) is None
    assert ov.Experiment.from_url(exp.to_url(case.view)) == exp
    (left, right), (bottom, top) = ov.surface(exp.surface).domain
    assert left <= exp.start[0] <= right and bottom <= exp.start[1] <= top
    for trajectory in runs(exp):
        assert trajectory.outcome.kind != "diverged"
        assert trajectory.steps == exp.steps <= 1000
    assert len({run.name for run in exp.runs}) == len(exp.runs)
    assert case.look.endswith(".") and len(case.look) < 260


def test_the_ravine_is_crossed_by_sgd_and_not_by_adam() -> None:
    sgd, adam = paths("SGD and Adam in a ravine")
    assert (np.diff(np.sign(sgd[:20, 1])) != 0).sum() > 15 > 2 > (np.diff(np.sign(adam[:20, 1])) != 0).sum()


def test_turning_the_ravine_turns_sgd_and_bends_adam() -> None:
    straight, turned = paths("SGD and Adam in a ravine"), paths("Adam in a turned ravine")
    cos = np.sqrt(0.5)
    back = [path @ np.array([[cos, -cos], [cos, cos]]) for path in turned]
    assert np.abs(back[0] - straight[0]).max() < 0.05
    assert np.abs(back[1] - straight[1]).max() > 1


def test_the_ravine_is_walked_first_by_sgd_with_momentum() -> None:
    sgd, adam = arrivals(changed("SGD and Adam in a ravine", 0, momentum=0.7))
    assert sgd < adam < np.inf


def test_in_the_turned_ravine_adam_needs_another_rate() -> None:
    assert arrivals(case("Adam in a turned ravine").experiment)[1] == np.inf
    assert arrivals(changed("Adam in a turned ravine", 1, lr=1.6))[1] <= 150


def test_at_a_rate_of_their_own_no_momentum_arrives_first() -> None:
    assert arrivals(case("Momentum overshoots").experiment) == [np.inf, pytest.approx(128, abs=9), np.inf]
    plain, *others = arrivals(changed("Momentum overshoots", lr=0.06))
    assert plain < min(others)


def test_the_stability_limit_is_where_it_is_said_to_be() -> None:
    assert kinds("The stability limit") == ["minimum", "cycle", "left"]


@pytest.mark.slow
def test_both_are_stuck_at_the_saddle_and_noise_frees_them() -> None:
    assert kinds("Stuck at a saddle") == ["saddle", "saddle"]
    noisy = replace(case("Stuck at a saddle").experiment, noise=0.01)
    beside = replace(case("Stuck at a saddle").experiment, start=(-1.5, 0.001))
    for exp in (noisy, beside):
        assert {trajectory.outcome.kind for trajectory in runs(exp)} <= {"left", "diverged"}


def test_clipping_keeps_it_in_the_picture() -> None:
    plain, clipped = paths("Clipping at the cliff")
    assert np.abs(plain).max() > 10 > 4 > np.abs(clipped).max()


@pytest.mark.slow
def test_the_mistakes_cost_what_is_said() -> None:
    assert kinds("zero_grad forgotten") == ["minimum", "cycle"]
    for rate in (0.02, 0.05, 0.1):  # whatever the rate, as far as SGD itself is stable
        assert arrivals(changed("zero_grad forgotten", lr=rate))[0] < np.inf
        forgotten = runs(changed("zero_grad forgotten", lr=rate))[1]
        assert np.linalg.norm(forgotten.points[100:] - (1, 3), axis=1).max() > 5
    kept, created = runs(case("The optimizer re-created in the loop").experiment)
    assert created.final_loss > 10 * kept.final_loss


def test_momentum_overshoots_and_nesterov_less() -> None:
    none, some, much = paths("Momentum overshoots")
    assert none[:, 0].min() > 0 > some[:, 0].min() > much[:, 0].min()
    plain, nesterov = paths("Nesterov looks ahead")
    assert plain[:, 1].min() < nesterov[:, 1].min() < 0


def test_the_schedule_ends_nearer_than_the_constant_rate() -> None:
    constant, cosine = paths("Noise, and a schedule against it")
    assert np.linalg.norm(constant[-50:], axis=1).mean() > 2 * np.linalg.norm(cosine[-50:], axis=1).mean()


@pytest.mark.slow
def test_decay_moves_the_ends_to_where_it_is_said() -> None:
    """Adam to the ridge solution, AdamW into the box of half-width 1 / weight_decay (Xie & Li 2024)."""
    title = "Weight decay, coupled and not"
    adam, adamw, plain = (path[-1] for path in paths(title))
    hessian = np.array([[10.0, 8.0], [8.0, 10.0]])  # of Booth's function, whose minimum is at (1, 3)
    assert np.abs(plain - (1, 3)).max() < 0.01
    assert np.abs(adam - np.linalg.solve(hessian + np.eye(2), hessian @ (1, 3))).max() < 1e-4
    assert np.abs(adamw - (1, 1)).max() < 0.06
    longer = ov.run_one(replace(case(title).experiment, steps=2000), 1, "cpu").points[-1]
    assert np.abs(longer - 1).max() < np.abs(adamw - 1).max()
    for decay in (2.0, 4.0):
        end = ov.run_one(replace(changed(title, 1, weight_decay=decay, lr=0.2), steps=2000), 1, "cpu").points[
            -1
        ]
        assert 0.97 / decay < np.abs(end).max() < 1 / decay


def test_adagrads_rate_falls_and_a_larger_one_arrives() -> None:
    title = "Adagrad slows down"
    adagrad, rmsprop = runs(case(title).experiment)
    assert (np.diff(adagrad.state["sum"], axis=0) >= 0).all()
    assert adagrad.outcome.kind == "moving" and rmsprop.outcome.kind == "minimum"
    assert arrivals(changed(title, 0, lr=3.0))[0] < np.inf


@pytest.mark.slow
def test_lbfgs_takes_few_steps_and_more_evaluations() -> None:
    lbfgs, *others = runs(case("LBFGS: few steps, many evaluations").experiment)
    assert lbfgs.outcome.kind == "minimum" and lbfgs.outcome.step < 50 < lbfgs.evals[lbfgs.outcome.step]
    assert all(other.outcome.kind == "moving" for other in others)
    first = int(arrival(lbfgs, case("LBFGS: few steps, many evaluations").experiment))
    assert lbfgs.evals[first] < min(other.evals[-1] for other in others)


def test_different_optimizers_end_in_different_minima() -> None:
    trajectories = runs(case("Which minimum?").experiment)
    assert len({trajectory.outcome.minimizer for trajectory in trajectories}) > 1


def test_adam_leaves_the_plateau() -> None:
    assert kinds("A plateau") == ["moving", "minimum"]
    leap = runs(changed("A plateau", 0, lr=150.0))[0]
    assert np.linalg.norm(leap.points[-1]) > 10 * np.linalg.norm(leap.points[0])


def test_only_some_leave_the_first_hollow() -> None:
    sgd, momentum, adam = runs(case("Many minima").experiment)
    assert sgd.final_loss > 3 * momentum.final_loss and np.linalg.norm(sgd.points[-1] - sgd.points[0]) < 1
    assert np.linalg.norm(adam.points[-1] - adam.points[0]) > 1


RACES = {
    "SGD and Adam in a ravine": ("final loss", 1, 0),
    "Nesterov looks ahead": ("final loss", 1, 0),
    "The optimizer re-created in the loop": ("final loss", 0, 1),
    "Noise, and a schedule against it": ("final loss", 1, 0),
    "LBFGS: few steps, many evaluations": ("steps to reach", 0, 1, 2),
    "A plateau": ("final loss", 1, 0),
    "zero_grad forgotten": ("final loss", 0, 1),
}
"""Who is better, then who is worse, by which criterion: said without a word on their rates."""
OTHERWISE = {
    "Adam in a turned ravine": "at this rate",
    "Momentum overshoots": "At a rate of 0.06",
    "Clipping at the cliff": "at this rate",
    "Adagrad slows down": "A larger lr makes up for it",
}
"""Where other rates change who is better, and how the words say it."""
NO_RACE = {
    "The stability limit",
    "Stuck at a saddle",
    "Weight decay, coupled and not",
    "Which minimum?",
    "Many minima",
}


def test_every_case_is_a_fair_race_or_says_that_it_is_none() -> None:
    assert {case.title for case in GALLERY} == RACES.keys() | OTHERWISE.keys() | NO_RACE
    for title, words in OTHERWISE.items():
        assert words in case(title).look


SLOW = "LBFGS: few steps, many evaluations"
TUNINGS = [(title, 31) for title in RACES if title != SLOW]


@pytest.mark.parametrize(
    ("title", "rates"), [*TUNINGS, (SLOW, 4), pytest.param(SLOW, 31, marks=pytest.mark.long)]
)
def test_who_is_better_still_is_after_all_are_tuned(title: str, rates: int) -> None:
    """So many learning rates for each."""
    criterion, winner, *others = RACES[title]
    tuning = ov.tune(case(title).experiment, rates, criterion=criterion, device="cpu")
    best = [
        values[place] if place >= 0 else np.inf
        for values, place in zip(tuning.values, tuning.best, strict=True)
    ]
    assert best[winner] < min(best[other] for other in others)
