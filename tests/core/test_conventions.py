"""Other conventions: each is its formula, written once more in NumPy, and never passes for torch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
import torch

import optviz as ov
from builders import competitor, experiment

STEPS = 40
Gradient = Callable[[np.ndarray, int], np.ndarray]
"""(point, step from 0) → what the optimizer is given there."""


# -- the surfaces, by hand -------------------------------------------------------------------------------


def bowl(theta: np.ndarray) -> np.ndarray:
    return np.array([2.0, 20.0]) * theta


def booth(theta: np.ndarray) -> np.ndarray:
    x, y = theta
    first, second = x + 2 * y - 7, 2 * x + y - 5
    return np.array([2 * first + 4 * second, 4 * first + 2 * second])


SURFACES = {"Quadratic bowl": ((2.0, 1.0), bowl), "Booth": ((-3.0, 1.5), booth)}


# -- the rules, as their sources print them ---------------------------------------------------------------

Rule = Callable[[np.ndarray, Gradient, list[float], dict[str, Any]], Iterator[np.ndarray]]


def signed(gradient: Gradient, theta: np.ndarray, step: int, s: dict[str, Any]) -> np.ndarray:
    return -gradient(theta, step) if s["maximize"] else gradient(theta, step)


def average_sgd(theta, gradient, lrs, s):
    b, mu = 0.0, s["momentum"]
    for step, lr in enumerate(lrs):
        g = signed(gradient, theta, step, s) + s["weight_decay"] * theta
        b = mu * b + (1 - mu) * g
        theta = theta - lr * (mu * b + (1 - mu) * g if s["nesterov"] else b)
        yield theta


def keras_sgd(theta, gradient, lrs, s):
    v, mu = 0.0, s["momentum"]
    for step, lr in enumerate(lrs):
        g = signed(gradient, theta, step, s)
        theta = theta - theta * s["weight_decay"] * lr
        v = mu * v - lr * g
        theta = theta + (mu * v - lr * g if s["nesterov"] else v)
        yield theta


def paper_sgd(theta, gradient, lrs, s):
    v, mu = 0.0, s["momentum"]
    for step, lr in enumerate(lrs):
        ahead = theta + mu * v
        v = mu * v - lr * (signed(gradient, ahead, step, s) + s["weight_decay"] * ahead)
        theta = theta + v
        yield theta


def keras_adam(theta, gradient, lrs, s):
    (beta1, beta2), m, v, largest = s["betas"], 0.0, 0.0, 0.0
    for t, lr in enumerate(lrs, 1):
        g = signed(gradient, theta, t - 1, s)
        theta = theta - theta * s["weight_decay"] * lr
        m = m + (g - m) * (1 - beta1)
        v = v + (g**2 - v) * (1 - beta2)
        largest = np.maximum(largest, v) if s["amsgrad"] else v
        theta = theta - lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(largest) + s["eps"])
        yield theta


def paper_adamw(theta, gradient, lrs, s):
    (beta1, beta2), m, v, largest = s["betas"], 0.0, 0.0, 0.0
    for t, lr in enumerate(lrs, 1):
        g, eta = signed(gradient, theta, t - 1, s), lr / s["lr"]
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        largest = np.maximum(largest, v) if s["amsgrad"] else v
        scaled = (m / (1 - beta1**t)) / (np.sqrt(largest / (1 - beta2**t)) + s["eps"])
        theta = theta - eta * (s["lr"] * scaled + s["weight_decay"] * theta)
        yield theta


def keras_nadam(theta, gradient, lrs, s):
    (beta1, beta2), m, v = s["betas"], 0.0, 0.0
    mus = beta1 * (1 - 0.5 * 0.96 ** np.arange(1.0, len(lrs) + 2))
    for t, lr in enumerate(lrs, 1):
        g = signed(gradient, theta, t - 1, s)
        theta = theta - theta * s["weight_decay"] * lr
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        bar = mus[t] * m / (1 - mus[: t + 1].prod()) + (1 - mus[t - 1]) * g / (1 - mus[:t].prod())
        theta = theta - lr * bar / (np.sqrt(v / (1 - beta2**t)) + s["eps"])
        yield theta


def paper_nadam(theta, gradient, lrs, s):
    (beta1, nu), m, n = s["betas"], 0.0, 0.0
    mus = beta1 * (1 - 0.5 * 0.96 ** (s["momentum_decay"] * np.arange(1.0, len(lrs) + 2)))
    for t, lr in enumerate(lrs, 1):
        g = signed(gradient, theta, t - 1, s)
        if s["decoupled_weight_decay"]:
            theta = theta - theta * s["weight_decay"] * lr
        else:
            g = g + s["weight_decay"] * theta
        m = mus[t - 1] * m + (1 - mus[t - 1]) * g
        n = nu * n + (1 - nu) * g**2
        bar = mus[t] * m / (1 - mus[: t + 1].prod()) + (1 - mus[t - 1]) * g / (1 - mus[:t].prod())
        theta = theta - lr * bar / (np.sqrt(nu * n / (1 - nu**t)) + s["eps"])
        yield theta


def keras_adamax(theta, gradient, lrs, s):
    (beta1, beta2), m, u = s["betas"], 0.0, 0.0
    for t, lr in enumerate(lrs, 1):
        g = signed(gradient, theta, t - 1, s)
        theta = theta - theta * s["weight_decay"] * lr
        m = beta1 * m + (1 - beta1) * g
        u = np.maximum(beta2 * u, abs(g))
        theta = theta - lr / (1 - beta1**t) * m / (u + s["eps"])
        yield theta


def keras_rmsprop(theta, gradient, lrs, s):
    rho, v, mean, momentum = s["alpha"], 0.0, 0.0, 0.0
    for step, lr in enumerate(lrs):
        g = signed(gradient, theta, step, s)
        theta = theta - theta * s["weight_decay"] * lr
        v = rho * v + (1 - rho) * g**2
        mean = rho * mean + (1 - rho) * g if s["centered"] else 0.0
        momentum = s["momentum"] * momentum + lr * g / np.sqrt(v - mean**2 + s["eps"])
        theta = theta - momentum
        yield theta


def keras_adagrad(theta, gradient, lrs, s):
    total = s["initial_accumulator_value"]
    for step, lr in enumerate(lrs):
        g = signed(gradient, theta, step, s)
        theta = theta - theta * s["weight_decay"] * lr
        total = total + g**2
        theta = theta - lr / (1 + step * s["lr_decay"]) * g / np.sqrt(total + s["eps"])
        yield theta


RULES: dict[tuple[str, str], tuple[Rule, list[dict[str, Any]]]] = {
    ("SGD", "average"): (
        average_sgd,
        [
            {"lr": 0.1, "momentum": 0.9},
            {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
            {"lr": 0.1, "momentum": 0.7, "dampening": 0.7},
        ],
    ),
    ("SGD", "keras"): (
        keras_sgd,
        [
            {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.5},
            {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.5, "nesterov": True},
            {"lr": 0.001, "momentum": 0.5, "dampening": 0.3, "maximize": True},
        ],
    ),
    ("SGD", "paper"): (
        paper_sgd,
        [{"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": weight} for weight in (0.0, 0.5)],
    ),
    ("Adam", "keras"): (
        keras_adam,
        [
            {"lr": 0.05, "eps": 0.1},
            {"lr": 0.05, "eps": 0.01, "amsgrad": True, "betas": (0.8, 0.9), "maximize": True},
            {"lr": 0.05, "weight_decay": 0.5},
        ],
    ),
    ("AdamW", "keras"): (keras_adam, [{"lr": 0.05, "eps": 0.1}, {"lr": 0.05, "eps": 0.1, "amsgrad": True}]),
    ("AdamW", "paper"): (
        paper_adamw,
        [{"lr": 0.05}, {"lr": 0.05, "weight_decay": 0.1, "amsgrad": True, "betas": (0.8, 0.9)}],
    ),
    ("NAdam", "keras"): (
        keras_nadam,
        [{"lr": 0.05}, {"lr": 0.05, "weight_decay": 0.5, "betas": (0.8, 0.9), "momentum_decay": 1.0}],
    ),
    ("NAdam", "paper"): (
        paper_nadam,
        [
            {"lr": 0.05},
            {"lr": 0.05, "weight_decay": 0.5, "betas": (0.8, 0.9), "momentum_decay": 0.5},
            {"lr": 0.05, "weight_decay": 0.5, "decoupled_weight_decay": True, "maximize": True},
        ],
    ),
    ("Adamax", "keras"): (keras_adamax, [{"lr": 0.05, "eps": 0.1}, {"lr": 0.05, "weight_decay": 0.5}]),
    ("RMSprop", "keras"): (
        keras_rmsprop,
        [
            {"lr": 0.02, "eps": 0.1},
            {"lr": 0.02, "momentum": 0.5, "centered": True, "eps": 1e-3, "alpha": 0.9},
            {"lr": 0.02, "weight_decay": 0.5},
        ],
    ),
    ("Adagrad", "keras"): (
        keras_adagrad,
        [
            {"lr": 0.5, "eps": 0.1},
            {"lr": 0.5, "eps": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.5, "weight_decay": 0.1},
        ],
    ),
}
CASES = [(*key, settings) for key, (_, variants) in RULES.items() for settings in variants]
ROWS = [(optimizer, row) for optimizer, rows in ov.CONVENTIONS.items() for row in rows]


def alone(run: ov.RunSpec, surface: str = "Quadratic bowl", **rest: Any) -> ov.Experiment:
    """The competitor in float64, from where the loop by hand starts."""
    given = {"start": SURFACES[surface][0], "steps": STEPS, "dtype": "float64"} | rest
    return experiment(surface, run, **given)


def reference(run: ov.RunSpec, name: str, **rest: Any) -> np.ndarray:
    return ov.run_reference(alone(run, **rest), 0, name, device="cpu").points


def torchs(run: ov.RunSpec, **rest: Any) -> np.ndarray:
    return ov.run_one(alone(run, **rest), 0, device="cpu").points


def by_hand(
    optimizer: str, name: str, settings: dict[str, Any], start: Any, gradient: Gradient, lrs: list[float]
) -> np.ndarray:
    defaults = {key: param.default for key, param in ov.OPTIMIZERS[optimizer].params.items()}
    rule, _ = RULES[optimizer, name]
    theta = np.array(start)
    return np.array([theta, *rule(theta, gradient, lrs, defaults | settings)])


def assert_close(points: np.ndarray, expected: np.ndarray, within: float = 1e-12) -> None:
    np.testing.assert_allclose(points, expected, rtol=within, atol=within * np.abs(expected).max())


TORCHS_NADAM = 1e-5
"""torch keeps NAdam's product of momenta in float32, whatever the parameters are in."""


def assert_apart(points: np.ndarray, others: np.ndarray) -> None:
    assert len(points) != len(others) or np.abs(points - others).max() > 1e-9


# -- each is its formula ---------------------------------------------------------------------------------


def test_every_convention_has_its_oracle() -> None:
    assert [(optimizer, row.name) for optimizer, row in ROWS] == list(RULES)


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize(("optimizer", "name", "settings"), CASES)
def test_a_convention_is_its_formula(optimizer: str, name: str, settings: dict, surface: str) -> None:
    start, slope = SURFACES[surface]
    lrs = [settings["lr"]] * STEPS
    expected = by_hand(optimizer, name, settings, start, lambda theta, step: slope(theta), lrs)
    assert_close(reference(competitor(optimizer, settings), name, surface=surface), expected)


@pytest.mark.parametrize(("optimizer", "name", "settings"), CASES)
def test_it_meets_the_same_noise_clipping_and_scheduler(optimizer: str, name: str, settings: dict) -> None:
    generator = torch.Generator().manual_seed(7)
    xi = [0.5 * torch.randn(2, generator=generator, dtype=torch.float64).numpy() for _ in range(STEPS)]
    start, slope = SURFACES["Booth"]
    lrs = [settings["lr"] * 0.95**step for step in range(STEPS)]

    def given(theta: np.ndarray, step: int) -> np.ndarray:
        return np.clip(slope(theta) + xi[step], -3.0, 3.0)

    scheduler = ov.SchedulerSpec("ExponentialLR", {"gamma": 0.95})
    run = competitor(optimizer, settings, scheduler=scheduler, clip_value=3.0)
    points = reference(run, name, surface="Booth", noise=0.5, seed=7)
    assert_close(points, by_hand(optimizer, name, settings, start, given, lrs))


@pytest.mark.parametrize(("optimizer", "name"), RULES)
def test_it_is_reset_frozen_and_left_unzeroed_as_torch_is(optimizer: str, name: str) -> None:
    settings = RULES[optimizer, name][1][0]
    start, slope = SURFACES["Booth"]
    lrs = [settings["lr"]] * 10

    def frozen_y(theta: np.ndarray, step: int) -> np.ndarray:
        return slope(np.array([theta[0], start[1]])) * [1, 0]

    parts, left_over = [np.array([start])], [np.zeros(2)]
    for _ in range(2):
        parts.append(by_hand(optimizer, name, settings, parts[-1][-1], frozen_y, lrs)[1:])
    run = competitor(optimizer, settings, reset_every=10, frozen=("y",))
    points = reference(run, name, surface="Booth", steps=20)
    assert_close(points[:, 0], np.concatenate(parts)[:, 0])
    assert (points[:, 1] == start[1]).all()

    def adding_up(theta: np.ndarray, step: int) -> np.ndarray:
        left_over.append(left_over[-1] + slope(theta))
        return left_over[-1]

    points = reference(competitor(optimizer, settings, zero_grad=False), name, surface="Booth", steps=10)
    assert_close(points, by_hand(optimizer, name, settings, start, adding_up, lrs))


@pytest.mark.parametrize("scheduler", ov.SCHEDULERS)
@pytest.mark.parametrize(("optimizer", "name"), RULES)
def test_every_scheduler_moves_it(optimizer: str, name: str, scheduler: str) -> None:
    cycles = scheduler in ("CyclicLR", "OneCycleLR")
    params = {"cycle_momentum": False} if cycles and optimizer == "Adagrad" else {}  # it has no momentum
    spec = ov.SchedulerSpec(scheduler, params)
    points = reference(competitor(optimizer, RULES[optimizer, name][1][0], scheduler=spec), name)
    assert len(points) == STEPS + 1 and np.isfinite(points).all()


# -- it differs from torch where it says so, and only there --------------------------------------------------


@pytest.mark.parametrize(("optimizer", "name", "settings"), CASES)
def test_a_convention_that_applies_differs_from_torch(optimizer: str, name: str, settings: dict) -> None:
    run = competitor(optimizer, settings)
    assert name in [row.name for row in ov.conventions(run)]
    assert_apart(reference(run, name), torchs(run))


NEUTRAL: list[tuple[str, str, dict[str, Any]]] = [
    ("SGD", "average", {"momentum": 0.0, "weight_decay": 0.1}),
    ("SGD", "keras", {"momentum": 0.9}),
    ("SGD", "keras", {"momentum": 0.9, "nesterov": True}),
    ("Adam", "keras", {"eps": 0.0, "amsgrad": True}),
    ("Adam", "keras", {"eps": 0.0, "weight_decay": 0.5, "decoupled_weight_decay": True}),
    ("AdamW", "keras", {"eps": 0.0}),
    ("AdamW", "paper", {"weight_decay": 0.0}),
    ("NAdam", "keras", {"momentum_decay": 1.0}),
    ("NAdam", "keras", {"momentum_decay": 1.0, "weight_decay": 0.5, "decoupled_weight_decay": True}),
    ("Adamax", "keras", {"eps": 0.0}),
    ("RMSprop", "keras", {"eps": 0.0, "momentum": 0.5, "centered": True, "alpha": 0.5}),
    ("Adagrad", "keras", {"eps": 0.0, "lr_decay": 0.1}),
]


@pytest.mark.parametrize(("optimizer", "name", "settings"), NEUTRAL)
def test_a_convention_that_does_not_apply_is_torch_to_rounding(
    optimizer: str, name: str, settings: dict
) -> None:
    run = competitor(optimizer, {"lr": 0.01} | settings)
    assert name not in [row.name for row in ov.conventions(run)]
    assert_close(reference(run, name), torchs(run), TORCHS_NADAM if optimizer == "NAdam" else 1e-11)


def test_a_scheduler_is_what_tells_velocities_apart() -> None:
    scheduler = ov.SchedulerSpec("ExponentialLR", {"gamma": 0.9})
    for optimizer, settings in (("SGD", {"momentum": 0.9}), ("RMSprop", {"momentum": 0.9, "eps": 0.0})):
        run = competitor(optimizer, {"lr": 0.01} | settings, scheduler=scheduler)
        assert "keras" in [row.name for row in ov.conventions(run)]
        assert_apart(reference(run, "keras"), torchs(run))


@pytest.mark.parametrize("scheduler", ["CyclicLR", "OneCycleLR"])
@pytest.mark.parametrize("cycle_momentum", [True, False])
def test_a_scheduler_may_bring_the_momentum(scheduler: str, cycle_momentum: bool) -> None:
    spec = ov.SchedulerSpec(scheduler, {"cycle_momentum": cycle_momentum})
    run = competitor("SGD", {"lr": 0.01}, scheduler=spec)
    assert [row.name for row in ov.conventions(run)] == ["average", "keras"] * cycle_momentum
    for name in ("average", "keras"):
        if cycle_momentum:
            assert_apart(reference(run, name), torchs(run))
        else:
            assert_close(reference(run, name), torchs(run))


@pytest.mark.parametrize("nesterov", [False, True])
def test_the_average_with_a_rate_as_much_larger_is_torchs_sum(nesterov: bool) -> None:
    """b̄ = (1 − μ)·b from the first step on, because torch's sum starts with the whole first gradient."""
    settings = {"momentum": 0.75, "nesterov": nesterov, "weight_decay": 0.1}
    average = reference(competitor("SGD", settings | {"lr": 0.04}), "average")
    assert_close(average, torchs(competitor("SGD", settings | {"lr": 0.01})))


def test_torchs_nesterov_draws_the_point_that_the_paper_looks_ahead_to() -> None:
    run = competitor("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1})
    paper = reference(run, "paper")
    velocities = np.diff(paper, axis=0, prepend=paper[:1])
    assert_close(paper + 0.9 * velocities, torchs(run))


def test_the_papers_weight_decay_is_lr_times_torchs() -> None:
    scheduler = ov.SchedulerSpec("CosineAnnealingLR", {"T_max": STEPS})
    paper = competitor("AdamW", {"lr": 0.05, "weight_decay": 0.05 * 0.3}, scheduler=scheduler)
    assert_close(
        reference(paper, "paper"),
        torchs(competitor("AdamW", {"lr": 0.05, "weight_decay": 0.3}, scheduler=scheduler)),
    )


def test_keras_nadam_is_torchs_with_a_momentum_decay_of_1() -> None:
    keras = reference(competitor("NAdam", {"lr": 0.05}), "keras")
    assert_close(keras, torchs(competitor("NAdam", {"lr": 0.05, "momentum_decay": 1.0})), TORCHS_NADAM)


def test_the_papers_nadam_is_torchs_once_warm_but_for_the_root_of_nu() -> None:
    """μₜ = β₁ from the start; the mean square times ν is a denominator times √ν."""
    nu, warm = 0.81, {"betas": (0.9, 0.81), "momentum_decay": 1e6}
    paper = reference(competitor("NAdam", warm | {"lr": 0.05, "eps": 1e-3}), "paper")
    root = np.sqrt(nu)
    other = competitor("NAdam", warm | {"lr": 0.05 / root, "eps": 1e-3 / root})
    np.testing.assert_allclose(paper, torchs(other), rtol=0, atol=TORCHS_NADAM)


def test_epsilon_hat_is_torchs_epsilon_after_the_correction() -> None:
    """One step: ε̂ beside the uncorrected root is ε̂ / √(1 − β₂) beside the corrected one."""
    keras = reference(competitor("Adam", {"lr": 0.05, "eps": 0.1}), "keras", steps=1)
    assert_close(keras, torchs(competitor("Adam", {"lr": 0.05, "eps": 0.1 / np.sqrt(1 - 0.999)}), steps=1))


# -- it never passes for torch -----------------------------------------------------------------------------


@pytest.mark.parametrize(("optimizer", "row"), ROWS)
def test_every_row_says_what_it_is(optimizer: str, row: ov.Convention) -> None:
    assert re.fullmatch(r"[a-z]+", row.name)
    assert row.title.startswith(optimizer) and row.title.endswith("(reference, not torch)")
    assert len(row.title) <= 60
    assert row.differs.endswith(".") and ". " not in row.differs
    assert "torch" in row.differs or row.name == "keras"
    assert "$" not in row.formula and row.formula.count("{") == row.formula.count("}")
    assert row.source
    assert issubclass(row.make, torch.optim.Optimizer)
    assert not issubclass(row.make, ov.OPTIMIZERS[optimizer].make)
    assert row.make.__name__ not in dir(torch.optim)
    with pytest.raises(FrozenInstanceError):
        row.title = "SGD"  # type: ignore[misc]


def test_names_and_titles_are_unique() -> None:
    assert set(ov.CONVENTIONS) <= set(ov.OPTIMIZERS)
    assert len({(optimizer, row.name) for optimizer, row in ROWS}) == len(ROWS)
    assert len({row.title for _, row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("optimizer", "row"), ROWS)
def test_a_reference_is_labelled_and_whole(optimizer: str, row: ov.Convention, dtype: str) -> None:
    exp = alone(competitor(optimizer, RULES[optimizer, row.name][1][0]), dtype=dtype)
    result = ov.run_reference(exp, 0, row.name, device="cpu")
    assert isinstance(result, ov.Reference) and not isinstance(result, ov.Trajectory)
    assert (result.convention, result.title) == (row.name, row.title)
    assert result.points.shape == (STEPS + 1, 2) and result.points.dtype == dtype
    assert result.losses.shape == (STEPS + 1,) and result.losses.dtype == np.float64
    x, y = result.points.astype(np.float64).T
    np.testing.assert_allclose(result.losses, x**2 + 10 * y**2, rtol=1e-14)


def test_its_path_ends_where_it_diverges() -> None:
    run = competitor("SGD", {"lr": 10.0, "momentum": 0.5})
    result = ov.run_reference(alone(run, steps=300), 0, "average", device="cpu")
    assert len(result.points) == len(result.losses) < 301


def test_torchs_own_run_is_not_touched_by_a_reference() -> None:
    run = competitor("SGD", {"lr": 0.01, "momentum": 0.9}, scheduler=ov.SchedulerSpec("StepLR"))
    before = torchs(run, noise=0.1)
    reference(run, "keras", noise=0.1)
    np.testing.assert_array_equal(torchs(run, noise=0.1), before)


# -- what a user can get wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_an_unknown_convention_is_said(optimizer: str) -> None:
    exp = alone(competitor(optimizer))
    with pytest.raises(
        ValueError, match=f"^{optimizer} has no convention named 'lasagne' beside torch's"
    ) as error:
        ov.run_reference(exp, 0, "lasagne", device="cpu")
    for row in ov.CONVENTIONS.get(optimizer, ()):
        assert row.name in str(error.value)


@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_conventions_are_found_for_torchs_defaults_and_for_none_more(optimizer: str) -> None:
    found = ov.conventions(competitor(optimizer))
    assert set(found) <= set(ov.CONVENTIONS.get(optimizer, ()))
    assert (optimizer in ("Adam", "AdamW", "NAdam", "Adamax", "RMSprop", "Adagrad")) == bool(found)


@pytest.mark.parametrize(("optimizer", "row"), ROWS)
def test_what_torch_refuses_is_refused(optimizer: str, row: ov.Convention) -> None:
    run = competitor(optimizer, {"lr": -1.0})
    with pytest.raises(ov.CompetitorError, match="Invalid learning rate") as error:
        ov.run_reference(alone(run), 0, row.name, device="cpu")
    with pytest.raises(ov.CompetitorError) as torchs_own:
        ov.run_one(alone(run), 0, device="cpu")
    assert str(error.value) == str(torchs_own.value)


def test_a_wrong_competitor_or_hyperparameter_is_said() -> None:
    with pytest.raises(ValueError, match="no competitor 1"):
        ov.run_reference(alone(competitor("SGD")), 1, "keras", device="cpu")
    wrong = {"no parameter 'gamma'": competitor("SGD", {"gamma": 1.0}), "named 'Sgd'": competitor("Sgd")}
    for said, run in wrong.items():
        with pytest.raises(ValueError, match=said):
            ov.run_reference(alone(run), 0, "keras", device="cpu")
        with pytest.raises(ValueError, match=said):
            ov.conventions(run)
