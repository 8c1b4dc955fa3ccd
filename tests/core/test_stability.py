"""Curvature and thresholds along a path, against closed forms on a quadratic and against what runs do."""

from __future__ import annotations

import numpy as np
import pytest

import optviz as ov
from builders import competitor, experiment
from optviz.player.scene import steps_of
from optviz.rules.stability import sgd_limit
from optviz.rules.steps import Steps
from scenes import step_columns

KAPPA = 5.0
BOWL = ov.SurfaceSpec("Quadratic bowl", {"kappa": KAPPA})  # eigenvalues 2 and 2κ
LARGEST = 2 * KAPPA


def along(optimizer: str, params: dict, steps: int = 25, **rest) -> tuple[ov.Stability, ov.Trajectory]:
    run = competitor(optimizer, params, **rest)
    exp = experiment(BOWL, run, start=(2.0, 1.0), steps=steps, dtype="float64")
    (path,) = ov.run(exp, "cpu")
    return ov.stability(exp, path), path


@pytest.mark.parametrize(
    ("params", "limit", "sharpness"),
    [
        ({"lr": 0.01}, 2 / 0.01, LARGEST),
        ({"lr": 0.01, "momentum": 0.9}, 2 * 1.9 / 0.01, LARGEST),
        ({"lr": 0.01, "momentum": 0.9, "dampening": 0.5}, 2 * 1.9 / 0.005, LARGEST),
        ({"lr": 0.01, "momentum": 0.9, "nesterov": True}, 3.8 / (2.8 * 0.01), LARGEST),
        ({"lr": 0.01, "dampening": 0.5}, 2 / 0.01, LARGEST),
        ({"lr": 0.01, "weight_decay": 0.3}, 2 / 0.01, LARGEST + 0.3),
    ],
)
def test_sgd_on_a_bowl_has_its_closed_form(params, limit, sharpness) -> None:
    found, _ = along("SGD", params)
    np.testing.assert_allclose(found.curvature, LARGEST, rtol=1e-12)
    np.testing.assert_allclose(found.threshold[:-1], limit, rtol=1e-12)
    np.testing.assert_allclose(found.sharpness[:-1], sharpness, rtol=1e-12)
    assert np.isnan(found.threshold[-1]) and np.isnan(found.sharpness[-1]) and found.formula


@pytest.mark.slow
@pytest.mark.parametrize("extra", [{}, {"nesterov": True}, {"dampening": 0.4}])
@pytest.mark.parametrize("momentum", [0.2, 0.8])
def test_sgd_diverges_just_beyond_its_limit_and_not_just_below(momentum, extra) -> None:
    limit = sgd_limit(LARGEST, momentum, **extra)  # λ and lr may change places
    for factor, grows in ((0.97, False), (1.03, True)):
        _, path = along("SGD", {"lr": float(limit) * factor, "momentum": momentum, **extra}, steps=1200)
        assert (path.outcome.kind == "diverged") is grows


def test_schedulers_move_the_threshold() -> None:
    found, path = along("SGD", {"lr": 0.01}, scheduler=ov.SchedulerSpec("StepLR", {"step_size": 5}))
    np.testing.assert_allclose(found.threshold[:-1], 2 / path.lrs)
    cycle = ov.SchedulerSpec("OneCycleLR", {"max_lr": 0.02})
    found, path = along("SGD", {"lr": 0.01, "momentum": 0.9}, scheduler=cycle)
    momenta = path.hyperparameters["momentum"]
    np.testing.assert_allclose(found.threshold[:-1], 2 * (1 + momenta) / path.lrs)


@pytest.mark.parametrize("optimizer", ["Adam", "AdamW"])
def test_adams_preconditioner_is_its_own_mean_square(optimizer) -> None:
    """Written out from the gradients alone, without torch's state."""
    beta1, beta2, eps, lr = 0.8, 0.95, 1e-3, 0.05
    params = {"lr": lr, "betas": (beta1, beta2), "eps": eps, "weight_decay": 0.0}
    found, path = along(optimizer, params)
    square = np.zeros(2)
    for step, gradient in enumerate(path.gradients[:-1], 1):
        square = beta2 * square + (1 - beta2) * gradient**2
        divisor = (np.sqrt(square / (1 - beta2**step)) + eps) * (1 - beta1**step)
        scaled = np.array([2.0, LARGEST]) / divisor  # a bowl along the axes: the matrices are diagonal
        assert found.sharpness[step - 1] == pytest.approx(scaled.max(), rel=1e-9)
    np.testing.assert_allclose(found.threshold[:-1], 2 * (1 + beta1) / ((1 - beta1) * lr))


def test_rmsprop_and_adagrad_divide_by_their_own_roots() -> None:
    found, path = along("RMSprop", {"lr": 0.01, "momentum": 0.5})
    expected = np.array([2.0, LARGEST]) / (np.sqrt(path.state["square_avg"]) + 1e-8)
    np.testing.assert_allclose(found.sharpness[:-1], expected.max(axis=1), rtol=1e-9)
    np.testing.assert_allclose(found.threshold[:-1], 2 * 1.5 / 0.01)
    found, path = along("Adagrad", {"lr": 0.1, "lr_decay": 0.1})
    np.testing.assert_allclose(found.threshold[:-1], 2 * (1 + 0.1 * np.arange(25)) / 0.1)


def test_a_frozen_parameter_has_no_part_in_it() -> None:
    for optimizer in ("SGD", "Adam"):
        found, _ = along(optimizer, {"lr": 0.01}, frozen=("y",))
        np.testing.assert_allclose(found.curvature, 2.0)
        assert np.isfinite(found.sharpness[:-1]).all()


@pytest.mark.parametrize(
    ("optimizer", "params", "around"),
    [
        ("Rprop", {}, {}),
        ("LBFGS", {}, {}),
        ("SGD", {"maximize": True}, {}),
        ("RMSprop", {"centered": True}, {}),
        ("SGD", {}, {"zero_grad": False}),
    ],
)
def test_where_no_threshold_is_known_none_is_given(optimizer, params, around) -> None:
    found, _ = along(optimizer, {"lr": 0.01, **params}, steps=5, **around)
    assert np.isnan(found.threshold).all() and np.isnan(found.sharpness).all() and found.formula == ""
    np.testing.assert_allclose(found.curvature, LARGEST)


# -- each optimizer's own limit ---------------------------------------------------------------------------

KNOWN = ("SGD", "ASGD", "Adam", "AdamW", "RMSprop", "Adagrad")
"""Optimizers whose limit is known. Every other one has none."""


def test_each_of_torchs_optimizers_has_its_own_limit_or_none() -> None:
    for name, info in ov.OPTIMIZERS.items():
        if not info.is_torchs:
            continue
        found, path = along(name, {"max_iter": 1} if name == "LBFGS" else {}, steps=4)
        told = scene_inside(path)
        assert bool(found.formula) == bool(found.words) == bool(found.sees) == (name in KNOWN)
        assert ("stability" in told.data) == ("limit" in step_columns(told)) == (name in KNOWN)


LIMITED = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.8}),
    ("SGD", {"momentum": 0.8, "nesterov": True}),
    ("SGD", {"momentum": 0.8, "dampening": 0.5}),
    ("SGD", {"weight_decay": 0.7}),
    ("ASGD", {"lambd": 0.5, "alpha": 0.0, "weight_decay": 0.2}),
    ("Adam", {"eps": 1.0}),
    ("Adam", {"eps": 1.0, "betas": (0.5, 0.9), "weight_decay": 0.5}),
    ("AdamW", {"eps": 1.0, "weight_decay": 0.0}),
    ("RMSprop", {"eps": 1.0}),
    ("RMSprop", {"eps": 1.0, "momentum": 0.7}),
    ("Adagrad", {"eps": 1.0}),
]
"""With an eps of 1 and far smaller gradients the divisors of the adaptive ones are 1: a linear recurrence."""


@pytest.mark.parametrize(("name", "params"), LIMITED)
def test_the_limit_parts_the_runs_that_grow_from_those_that_shrink(name: str, params: dict) -> None:
    def ran(lr: float) -> tuple[ov.Stability, np.ndarray]:
        run = competitor(name, {**params, "lr": lr})
        exp = experiment(BOWL, run, start=(1e-100, 1e-100), steps=300, dtype="float64")
        (path,) = ov.run(exp, "cpu")
        return ov.stability(exp, path), np.abs(path.points[:, 1].astype(float))

    trial, _ = ran(0.001)
    late = 150  # bias corrections are over
    edge = 0.001 * trial.threshold[late] / trial.sharpness[late]  # the limit goes with 1/lr
    for factor in (0.93, 1.07):
        found, away = ran(edge * factor)
        assert found.sharpness[late] / found.threshold[late] == pytest.approx(factor, rel=1e-4)
        growth = away[late + 100 :].max() / away[late : late + 50].max()
        assert growth > 10 if factor > 1 else growth < 0.1, (name, params, factor)


@pytest.mark.parametrize(
    ("name", "params"), [*LIMITED, ("Adam", {}), ("LBFGS", {"max_iter": 1}), ("Muon", {})]
)
def test_what_looks_into_a_step_shows_the_same_pair(name: str, params: dict) -> None:
    for rest in ({}, {"reset_every": 5}, {"frozen": ("x",)}):
        found, path = along(name, {"lr": 0.01, **params}, steps=12, **rest)
        told = scene_inside(path)
        shown = step_columns(told)
        if not found.formula:
            assert "stability" not in told.data and not {"sharpness", "limit"} & shown.keys()
            continue
        np.testing.assert_array_equal(shown["sharpness"][:, 0], found.sharpness)
        np.testing.assert_array_equal(shown["limit"][:, 0], found.threshold)
        assert told.data["stability"] == {"formula": found.formula, "sees": found.sees, "words": found.words}
        plain = np.array_equal(found.sharpness[:-1], found.curvature[:-1])
        assert (found.sees == "curvature") == (plain and "frozen" not in rest)
    assert not found.formula or ov.stability(*anew(name, params)).formula == ""


def anew(name: str, params: dict) -> tuple[ov.Experiment, ov.Trajectory]:
    run = competitor(name, {"lr": 0.01, **params}, reset_every=3)
    exp = experiment(BOWL, run, start=(2.0, 1.0), steps=8)
    return exp, ov.run(exp, "cpu")[0]


def scene_inside(path: ov.Trajectory) -> Steps:
    exp = experiment(BOWL, path.run, start=(2.0, 1.0), steps=path.steps, dtype="float64")
    return steps_of(exp, path, ov.stability(exp, path))
