"""Every case of the gallery shows what its sentence says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import optviz as ov
from optviz.gallery import GALLERY, Case, find_case


def case(title: str) -> Case:
    return next(case for case in GALLERY if case.title == title)


def kinds(title: str) -> list[str]:
    return [trajectory.outcome.kind for trajectory in ov.run(case(title).experiment, "cpu")]


def paths(title: str) -> list[np.ndarray]:
    return [trajectory.points for trajectory in ov.run(case(title).experiment, "cpu")]


def test_there_are_enough_and_no_two_alike() -> None:
    assert len(GALLERY) >= 12
    for part in ("title", "look", "experiment"):
        assert len({getattr(case, part) for case in GALLERY}) == len(GALLERY)


@pytest.mark.parametrize("case", GALLERY, ids=lambda case: case.title)
def test_each_runs_within_the_picture_or_says_that_it_does_not(case: Case) -> None:
    exp = case.experiment
    assert find_case(exp) is case and find_case(replace(exp, steps=exp.steps + 1)) is None
    assert ov.Experiment.from_url(exp.to_url(case.view)) == exp
    (left, right), (bottom, top) = ov.surface(exp.surface).domain
    assert left <= exp.start[0] <= right and bottom <= exp.start[1] <= top
    for trajectory in ov.run(exp, "cpu"):
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


def test_the_edge_of_stability_is_where_it_is_said_to_be() -> None:
    assert kinds("The edge of stability") == ["minimum", "cycle", "left"]


def test_both_are_stuck_at_the_saddle_and_noise_frees_them() -> None:
    assert kinds("Stuck at a saddle") == ["saddle", "saddle"]
    noisy = replace(case("Stuck at a saddle").experiment, noise=0.01)
    assert {trajectory.outcome.kind for trajectory in ov.run(noisy, "cpu")} <= {"left", "diverged"}


def test_clipping_keeps_it_in_the_picture() -> None:
    plain, clipped = paths("Clipping at the cliff")
    assert np.abs(plain).max() > 10 > 4 > np.abs(clipped).max()


def test_the_mistakes_cost_what_is_said() -> None:
    assert kinds("zero_grad forgotten") == ["minimum", "cycle"]
    kept, rebuilt = ov.run(case("The optimizer built anew").experiment, "cpu")
    assert rebuilt.final_loss > 10 * kept.final_loss


def test_momentum_overshoots_and_nesterov_less() -> None:
    none, some, much = paths("Momentum overshoots")
    assert none[:, 0].min() > 0 > some[:, 0].min() > much[:, 0].min()
    plain, nesterov = paths("Nesterov looks ahead")
    assert plain[:, 1].min() < nesterov[:, 1].min() < 0


def test_the_schedule_ends_nearer_than_the_constant_rate() -> None:
    constant, cosine = paths("Noise, and a schedule against it")
    assert np.linalg.norm(constant[-50:], axis=1).mean() > 2 * np.linalg.norm(cosine[-50:], axis=1).mean()


def test_decay_moves_the_ends_and_they_differ() -> None:
    adam, adamw, plain = (path[-1] for path in paths("Weight decay, coupled and not"))
    assert np.linalg.norm(plain - (1, 3)) < 0.01
    assert np.linalg.norm(adam - (1, 3)) > 0.3 and np.linalg.norm(adamw - adam) > 1


def test_adagrads_steps_shrink() -> None:
    adagrad, rmsprop = ov.run(case("Adagrad grows tired").experiment, "cpu")
    steps = np.linalg.norm(np.diff(adagrad.points, axis=0), axis=1)
    assert steps[60] < 0.1 * steps[0]
    assert adagrad.outcome.kind == "moving" and rmsprop.outcome.kind == "minimum"


def test_lbfgs_takes_few_steps_and_more_evaluations() -> None:
    lbfgs, *others = ov.run(case("LBFGS: few steps, many evaluations").experiment, "cpu")
    assert lbfgs.outcome.kind == "minimum" and lbfgs.outcome.step < 50 < lbfgs.evals[lbfgs.outcome.step]
    assert all(other.outcome.kind == "moving" for other in others)


def test_different_optimizers_end_in_different_minima() -> None:
    trajectories = ov.run(case("Which minimum?").experiment, "cpu")
    assert len({trajectory.outcome.minimizer for trajectory in trajectories}) > 1


def test_adam_leaves_the_plateau() -> None:
    assert kinds("A plateau") == ["moving", "minimum"]


def test_only_some_leave_the_first_hollow() -> None:
    sgd, momentum, adam = ov.run(case("Many minima").experiment, "cpu")
    assert sgd.final_loss > 3 * momentum.final_loss and np.linalg.norm(sgd.points[-1] - sgd.points[0]) < 1
    assert np.linalg.norm(adam.points[-1] - adam.points[0]) > 1
