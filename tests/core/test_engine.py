"""The engine is torch: compared to the bit with bare loops, and with closed forms and published values."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

import optviz as ov
from bare import walk
from builders import competitor, experiment, suggested

BOWL = ov.SurfaceSpec("Quadratic bowl", {"kappa": 10.0})
ROSENBROCK = ov.SurfaceSpec("Rosenbrock")

TWO = [name for name, info in ov.SURFACES.items() if info.surface().network is None]
PLAIN = [name for name, info in ov.SURFACES.items() if info.surface().data is None]
"""Those made of data are stepped as the modules they are: test_data.py has their bare loops."""


def only(exp: ov.Experiment) -> ov.Trajectory:
    (trajectory,) = ov.run(exp, device="cpu")
    return trajectory


def assert_same_path(trajectory: ov.Trajectory, points: torch.Tensor) -> None:
    """Bit for bit, up to where the path is cut because it diverged."""
    assert trajectory.points.dtype == points.numpy().dtype
    np.testing.assert_array_equal(trajectory.points, points.numpy()[: trajectory.steps + 1])
    if trajectory.outcome.kind != "diverged":
        assert trajectory.steps + 1 == len(points)


# -- bit for bit -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
@pytest.mark.parametrize("surface", PLAIN)
def test_every_optimizer_on_every_surface_is_torch(optimizer: str, surface: str) -> None:
    spec = ov.SurfaceSpec(surface)
    params = suggested(optimizer, spec)
    function = ov.surface(spec)
    # Every other pair of them in the other precision: the two have nothing to do with each other.
    dtype = ("float32", "float64")[(PLAIN.index(surface) + list(ov.OPTIMIZERS).index(optimizer)) % 2]
    exp = experiment(spec, competitor(optimizer, params), steps=15, dtype=dtype)
    make = partial(getattr(torch.optim, optimizer), **params)
    points = walk(function, function.start, make, steps=15, dtype=getattr(torch, dtype))
    assert_same_path(only(exp), points)


VARIANTS = {
    "SGD": [
        {"momentum": 0.9, "dampening": 0.1, "weight_decay": 0.01},
        {"momentum": 0.9, "nesterov": True, "maximize": True},
    ],
    "Adam": [
        {"betas": (0.5, 0.9), "eps": 1e-3, "weight_decay": 0.1, "amsgrad": True},
        {"maximize": True, "decoupled_weight_decay": True, "weight_decay": 0.1},
    ],
    "AdamW": [{"amsgrad": True, "weight_decay": 0.5}],
    "NAdam": [{"momentum_decay": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}],
    "RAdam": [{"weight_decay": 0.1, "betas": (0.5, 0.6)}],
    "Adamax": [{"weight_decay": 0.1, "betas": (0.5, 0.6)}],
    "RMSprop": [{"centered": True, "momentum": 0.5, "alpha": 0.9, "weight_decay": 0.1}],
    "Adagrad": [{"lr_decay": 0.1, "initial_accumulator_value": 0.5, "weight_decay": 0.1}],
    "Adadelta": [{"rho": 0.5, "eps": 1e-2, "weight_decay": 0.1}],
    "Adafactor": [{"beta2_decay": -0.5, "eps": (1e-10, 1e-2), "d": 2.0, "weight_decay": 0.1}],
    "ASGD": [{"lambd": 0.1, "alpha": 0.5, "t0": 10.0, "weight_decay": 0.1}],
    "Rprop": [{"etas": (0.3, 1.5), "step_sizes": (1e-3, 0.5)}],
    "LBFGS": [
        {"max_iter": 5, "history_size": 3},
        {"max_iter": 4, "max_eval": 20, "line_search_fn": "strong_wolfe"},
    ],
    "Muon": [
        {"nesterov": False, "ns_steps": 3, "adjust_lr_fn": "match_rms_adamw"},
        {"ns_coefficients": (3.0, -3.2, 1.2), "weight_decay": 0.0, "momentum": 0.5},
    ],
}


@pytest.mark.parametrize(
    ("optimizer", "variant"), [(name, variant) for name, rows in VARIANTS.items() for variant in rows]
)
def test_hyperparameters_reach_torch(optimizer: str, variant: dict) -> None:
    params = {"lr": ov.suggested_lr(optimizer, BOWL), **variant}
    make = partial(getattr(torch.optim, optimizer), **params)
    points = walk(ov.surface(BOWL), (2.0, 1.0), make, steps=60)
    assert_same_path(
        only(experiment(BOWL, competitor(optimizer, params), start=(2.0, 1.0), steps=60)), points
    )
    plain = walk(ov.surface(BOWL), (2.0, 1.0), partial(make, lr=params["lr"] / 2), steps=60)
    assert not torch.equal(points, plain)


def test_variants_name_every_optimizer() -> None:
    assert VARIANTS.keys() == ov.OPTIMIZERS.keys()


SCHEDULES = {
    "StepLR": {"step_size": 10, "gamma": 0.5},
    "MultiStepLR": {"milestones": (10, 20), "gamma": 0.5},
    "ConstantLR": {"factor": 0.5, "total_iters": 20},
    "LinearLR": {"start_factor": 0.1, "end_factor": 0.9, "total_iters": 30},
    "ExponentialLR": {"gamma": 0.95},
    "PolynomialLR": {"total_iters": 30, "power": 2.0},
    "CosineAnnealingLR": {"T_max": 30, "eta_min": 1e-3},
    "CosineAnnealingWarmRestarts": {"T_0": 7, "T_mult": 2},
    "CyclicLR": {"base_lr": 1e-4, "max_lr": 0.05, "step_size_up": 5, "mode": "triangular2"},
    "OneCycleLR": {"max_lr": 0.05, "total_steps": 50, "three_phase": True},
    "ReduceLROnPlateau": {"factor": 0.5, "patience": 2, "threshold": 0.5},
}


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("scheduler", ov.SCHEDULERS)
def test_every_scheduler_is_torch(scheduler: str, optimizer: str) -> None:
    params = {"lr": 0.02, "momentum": 0.9} if optimizer == "SGD" else {"lr": 0.02}
    schedule = SCHEDULES[scheduler]
    run = competitor(optimizer, params, scheduler=ov.SchedulerSpec(scheduler, schedule))
    trajectory = only(experiment(BOWL, run, start=(2.0, 1.0), steps=50))
    seen = []

    def scheduled(optimizer: torch.optim.Optimizer) -> object:
        made = getattr(lr_scheduler, scheduler)(optimizer, **schedule)
        optimizer.register_step_pre_hook(lambda opt, *_: seen.append(dict(opt.param_groups[0])))
        return made

    make = partial(getattr(torch.optim, optimizer), **params)
    assert_same_path(trajectory, walk(ov.surface(BOWL), (2.0, 1.0), make, steps=50, scheduler=scheduled))
    np.testing.assert_array_equal(trajectory.lrs, [group["lr"] for group in seen])
    assert len(set(trajectory.lrs)) > 1
    moved = "momentum" if optimizer == "SGD" else "betas"
    if scheduler in ("CyclicLR", "OneCycleLR"):
        expected = [group[moved] for group in seen]
        np.testing.assert_array_equal(trajectory.hyperparameters[moved], expected)
    else:
        assert not trajectory.hyperparameters


@pytest.mark.parametrize("scheduler", [name for name, info in ov.SCHEDULERS.items() if info.takes_warmup])
def test_warmup_is_a_sequential_linear_one(scheduler: str) -> None:
    run = competitor(
        "SGD", {"lr": 0.02}, scheduler=ov.SchedulerSpec(scheduler, SCHEDULES[scheduler], warmup=8)
    )

    def scheduled(optimizer: torch.optim.Optimizer) -> lr_scheduler.SequentialLR:
        first = lr_scheduler.LinearLR(optimizer, total_iters=8)
        then = getattr(lr_scheduler, scheduler)(optimizer, **SCHEDULES[scheduler])
        return lr_scheduler.SequentialLR(optimizer, [first, then], milestones=[8])

    make = partial(torch.optim.SGD, lr=0.02)
    points = walk(ov.surface(BOWL), (2.0, 1.0), make, steps=50, scheduler=scheduled)
    assert_same_path(only(experiment(BOWL, run, start=(2.0, 1.0), steps=50)), points)


OPTIONS = {
    "clip_norm": {"clip_norm": 0.5},
    "clip_value": {"clip_value": 0.3},
    "accumulate": {"zero_grad": False},
    "accumulate and clip": {"zero_grad": False, "clip_norm": 2.0},
    "rebuild": {"reset_every": 7},
}


@pytest.mark.sampled(24)
@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_options_are_what_a_person_would_write(optimizer: str, option: str, noise: float) -> None:
    options, params = OPTIONS[option], suggested(optimizer, BOWL)
    exp = experiment(
        BOWL, competitor(optimizer, params, **options), start=(2.0, 1.0), steps=40, noise=noise, seed=7
    )
    make = partial(getattr(torch.optim, optimizer), **params)
    points = walk(ov.surface(BOWL), (2.0, 1.0), make, steps=40, noise=noise, seed=7, **options)
    assert_same_path(only(exp), points)


@pytest.mark.parametrize("frozen", ["x", "y"])
@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_a_frozen_parameter_is_not_given_to_torch(optimizer: str, frozen: str) -> None:
    params = suggested(optimizer, BOWL) | ({"weight_decay": 0.1} if optimizer in ("SGD", "AdamW") else {})
    trajectory = only(
        experiment(BOWL, competitor(optimizer, params, frozen=(frozen,)), start=(2.0, 1.0), steps=40)
    )
    function, shape = ov.surface(BOWL), (1, 1) if optimizer == "Muon" else (1,)
    parts = {name: torch.full(shape, value) for name, value in (("x", 2.0), ("y", 1.0))}
    free = parts["y" if frozen == "x" else "x"].requires_grad_()
    make = getattr(torch.optim, optimizer)([free], **params)
    points = []
    for _ in range(41):
        points.append(torch.cat([part.detach().reshape(1) for part in parts.values()]).clone())

        def closure() -> torch.Tensor:
            make.zero_grad()
            loss = function(torch.cat([part.reshape(1) for part in parts.values()]))
            loss.backward()
            return loss

        make.step(closure)
    assert_same_path(trajectory, torch.stack(points))
    column = "xy".index(frozen)
    assert (trajectory.points[:, column] == trajectory.points[0, column]).all()
    assert (trajectory.seen_gradients[:, column] == 0).all()
    assert (trajectory.seen_gradients[:, 1 - column] != 0).any()


# -- what is recorded ------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_state_is_torchs_own_after_each_step(optimizer: str) -> None:
    params = suggested(optimizer, BOWL) | ({"momentum": 0.9} if optimizer == "SGD" else {})
    trajectory = only(experiment(BOWL, competitor(optimizer, params), start=(2.0, 1.0), steps=12))
    matrix = ov.OPTIMIZERS[optimizer].matrix
    theta = torch.tensor([[2.0, 1.0]] if matrix else [2.0, 1.0], requires_grad=True)
    torchs = getattr(torch.optim, optimizer)([theta], **params)
    evals = 0

    def closure() -> torch.Tensor:
        nonlocal evals
        evals += 1
        torchs.zero_grad()
        loss = ov.surface(BOWL)(theta).sum()
        loss.backward()
        return loss

    names: set[str] = set()
    for step in range(12):
        torchs.step(closure)
        assert trajectory.evals[step + 1] == evals
        for name, value in torchs.state[theta].items():
            names.add(name)
            if isinstance(value, torch.Tensor):
                np.testing.assert_array_equal(trajectory.state[name][step], value.numpy())
            elif isinstance(value, int | float):
                assert trajectory.state[name][step] == value
    assert names == trajectory.state.keys() | set(trajectory.unrecorded)
    assert set(trajectory.unrecorded) == (
        {"al", "old_dirs", "old_stps", "ro"} if optimizer == "LBFGS" else set()
    )


def test_losses_and_gradients_are_the_surfaces_own_in_float64() -> None:
    exp = experiment(
        "Rosenbrock", competitor("Adam", {"lr": 0.05}, clip_norm=1.0), steps=30, noise=0.5, seed=3
    )
    adam = only(exp)
    x, y = adam.points.astype(np.float64).T
    np.testing.assert_allclose(adam.losses, (1 - x) ** 2 + 100 * (y - x**2) ** 2, rtol=1e-14)
    slope = np.stack([-2 * (1 - x) - 400 * x * (y - x**2), 200 * (y - x**2)], axis=1)
    np.testing.assert_allclose(adam.gradients, slope, rtol=1e-12, atol=1e-12)
    assert adam.losses.dtype == adam.gradients.dtype == np.float64


def test_seen_gradients_hold_noise_and_clipping() -> None:
    exp = experiment(
        "Rosenbrock", competitor("SGD", {"lr": 1e-3}, clip_norm=1.0), steps=30, noise=0.5, seed=3
    )
    sgd = only(exp)
    generator = torch.Generator().manual_seed(3)
    for step in range(30):
        xi = 0.5 * torch.randn(2, generator=generator)
        expected = torch.tensor(sgd.gradients[step], dtype=torch.float32) + xi
        expected *= min(1.0, 1.0 / (float(expected.norm()) + 1e-6))
        np.testing.assert_allclose(sgd.seen_gradients[step], expected.numpy(), rtol=1e-5)
    np.testing.assert_allclose(sgd.seen_losses, sgd.losses[:-1], rtol=1e-5)


@pytest.mark.parametrize("zero_grad", [True, False])
@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_seen_gradients_and_losses_are_those_of_the_first_call(optimizer: str, zero_grad: bool) -> None:
    """No optimizer changes them behind our back, and line searches do not overwrite them."""
    run = competitor(optimizer, suggested(optimizer, BOWL), zero_grad=zero_grad)
    trajectory = only(experiment(BOWL, run, start=(2.0, 1.0), steps=12))
    theta = torch.from_numpy(trajectory.points[:-1]).clone().requires_grad_()
    losses = ov.surface(BOWL)(theta)
    (gradients,) = torch.autograd.grad(losses.sum(), theta)
    np.testing.assert_array_equal(trajectory.seen_losses, losses.detach().numpy())
    if zero_grad:
        np.testing.assert_array_equal(trajectory.seen_gradients, gradients.numpy())
    elif optimizer != "LBFGS":  # whose line search adds gradients to the sum that no point of the path has
        np.testing.assert_allclose(
            trajectory.seen_gradients, np.cumsum(gradients.numpy(), 0), rtol=1e-4, atol=1e-4
        )


def test_line_search_shows_in_evals() -> None:
    lbfgs = only(experiment("Rosenbrock", competitor("LBFGS", {"line_search_fn": "strong_wolfe"}), steps=5))
    assert lbfgs.evals[0] == 0
    assert lbfgs.evals[-1] > 5
    sgd = only(experiment("Rosenbrock", competitor("SGD"), steps=5))
    np.testing.assert_array_equal(sgd.evals, range(6))


def test_what_it_was_made_with() -> None:
    made = only(experiment("Rosenbrock", competitor("SGD"), steps=1, dtype="float64")).made_with
    assert (made.torch, made.device, made.dtype) == (torch.__version__, "cpu", "float64")
    assert made.threads == torch.get_num_threads()


def test_same_experiment_same_numbers() -> None:
    exp = experiment("Rosenbrock", competitor("Adam", {"lr": 0.05}), steps=60, noise=1.0, seed=5)
    np.testing.assert_array_equal(only(exp).points, only(exp).points)
    other = experiment("Rosenbrock", competitor("Adam", {"lr": 0.05}), steps=60, noise=1.0, seed=6)
    assert (only(exp).points != only(other).points).any()


def test_noise_is_the_same_for_every_run() -> None:
    runs = [
        competitor("SGD", {"lr": 1e-3}),
        competitor("SGD", {"lr": 1e-3}),
        competitor("Adam", {"lr": 1e-3}),
    ]
    exp = experiment("Rosenbrock", *runs, steps=40, noise=1.0)
    first, second, _ = ov.run(exp, device="cpu")
    np.testing.assert_array_equal(first.points, second.points)
    np.testing.assert_array_equal(ov.run_one(exp, 2, "cpu").points, ov.run(exp, "cpu")[2].points)


# -- many starts -----------------------------------------------------------------------------------------

MANY = {
    "plain": {},
    "clip_norm": {"clip_norm": 0.5},
    "clip_value": {"clip_value": 0.3},
    "accumulate": {"zero_grad": False},
    "rebuild": {"reset_every": 7},
    "frozen": {"frozen": ("y",)},
    "frozen and clipped": {"frozen": ("x",), "clip_norm": 0.5},
    "scheduled": {"scheduler": ov.SchedulerSpec("CosineAnnealingLR", {"T_max": 25}, warmup=5)},
    "by loss": {"scheduler": ov.SchedulerSpec("ReduceLROnPlateau", {"factor": 0.5, "patience": 1})},
}


@pytest.mark.sampled(20)
@pytest.mark.parametrize("option", MANY)
@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_each_of_many_starts_equals_its_single_run(optimizer: str, option: str) -> None:
    surface = ov.SurfaceSpec("Himmelblau")
    run = competitor(optimizer, suggested(optimizer, surface), **MANY[option])
    starts = torch.empty(3, 2).uniform_(-6, 6, generator=torch.Generator().manual_seed(1)).numpy()
    exp = experiment(surface, run, start=(0.0, 0.0), steps=15, noise=0.1, seed=2)
    many = ov.run_many(exp, starts, record="paths", device="cpu")
    assert many.paths is not None and many.paths.shape == (3, 16, 2)
    np.testing.assert_array_equal(many.ends, ov.run_many(exp, starts, device="cpu").ends)
    for row, start in enumerate(starts):
        one = only(experiment(surface, run, start=tuple(map(float, start)), steps=15, noise=0.1, seed=2))
        np.testing.assert_array_equal(many.paths[row, : one.steps + 1], one.points)
        np.testing.assert_array_equal(many.ends[row], one.points[-1])
        assert many.steps[row] == one.steps
        assert many.diverged[row] == (one.outcome.kind == "diverged")
        np.testing.assert_allclose(many.losses[row], one.final_loss, rtol=1e-12)


@pytest.mark.sampled(13)
@pytest.mark.parametrize("surface", TWO)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_many_starts_on_every_surface(surface: str, dtype: str) -> None:
    spec = ov.SurfaceSpec(surface)
    (left, right), (bottom, top) = ov.surface(spec).domain
    unit = np.random.default_rng(0).random((33, 2))
    starts = (np.array([left, bottom]) + unit * np.array([right - left, top - bottom])).astype(dtype)
    runs = [competitor(name, suggested(name, spec)) for name in ("SGD", "Adam")]
    exp = experiment(spec, *runs, start=(0.0, 0.0), steps=15, dtype=dtype)
    for index, run in enumerate(runs):
        many = ov.run_many(exp, starts, run=index, record="paths", device="cpu")
        for row in range(0, 33, 16):
            one = only(experiment(spec, run, start=tuple(map(float, starts[row])), steps=15, dtype=dtype))
            np.testing.assert_array_equal(many.paths[row, : one.steps + 1], one.points)


def test_diverging_starts_stop_where_single_runs_stop() -> None:
    exp = experiment(BOWL, competitor("SGD", {"lr": 1.0}), start=(0.0, 0.0), steps=200)
    many = ov.run_many(exp, [[1.0, 1.0], [0.0, 0.0], [1e-3, 0.0]], device="cpu")
    assert many.diverged.tolist() == [True, False, False]
    one = only(experiment(BOWL, competitor("SGD", {"lr": 1.0}), start=(1.0, 1.0), steps=200))
    assert one.outcome.kind == "diverged" and many.steps[0] == one.steps < 200
    np.testing.assert_array_equal(many.ends[0], one.points[-1])


def test_a_scheduler_that_stops_one_start_is_not_hidden_by_anothers_divergence() -> None:
    schedule = ov.SchedulerSpec("OneCycleLR", {"max_lr": 0.002, "total_steps": 100, "cycle_momentum": False})
    exp = experiment("Rosenbrock", competitor("SGD", {"lr": 0.01}, scheduler=schedule), steps=200)
    one = only(exp)
    assert one.steps == 101 and one.outcome.kind == "moving"
    assert one.outcome.detail.startswith(
        "Stopped after 101 steps: the scheduler OneCycleLR failed (Tried to st"
    )
    for record in ("ends", "paths"):
        many = ov.run_many(exp, [(-1.2, 1.0), (1e4, 1e4)], record=record, device="cpu")
        assert many.diverged.tolist() == [False, True]
        assert many.steps[0] == 101 > many.steps[1]
        np.testing.assert_array_equal(many.ends[0], one.points[-1])


def complain() -> None:
    raise ValueError("It is enough.")


def failing(step, fail, after: int):
    """An optimizer's step that fails when `after` of them have been made."""

    def failing_step(self, closure=None):
        loss = step(self, closure)
        self.made = getattr(self, "made", 0) + 1
        if self.made > after:
            fail()
        return loss

    return failing_step


FAILURES = [
    (lambda: 2.0**100_000, "a number became too large"),
    (lambda: 1 % 0, "it divided by zero"),
    (lambda: [][1], "it looked for something that is not there"),
    (lambda: {}["lr"], "it looked for something that is not there"),
    (lambda: math.sqrt(-1.0), "it cannot compute with these numbers"),
    (lambda: None + 1, "it cannot compute with these numbers"),
    (lambda: None.lr, "it cannot compute with these numbers"),
    (complain, "It is enough"),
    (lambda: torch.ones(2) + torch.ones(3), "The size of tensor a (2) must match"),
]


@pytest.mark.parametrize("after", [0, 1, 5])
@pytest.mark.parametrize("how", range(len(FAILURES)))
def test_what_fails_says_so_in_words_and_keeps_the_steps_before(
    how: int, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail, words = FAILURES[how]
    run = competitor("SGD", {"lr": 0.1})
    plain = only(experiment(BOWL, run, start=(2.0, 1.0), steps=max(after, 1)))
    monkeypatch.setattr(torch.optim.SGD, "step", failing(torch.optim.SGD.step, fail, after))
    exp = experiment(BOWL, run, start=(2.0, 1.0), steps=20)
    if after == 0:
        with pytest.raises(ov.CompetitorError) as refused:
            ov.run(exp, "cpu")
        assert words in refused.value.reason
        return
    one = only(exp)
    np.testing.assert_array_equal(one.points, plain.points)
    assert one.outcome.kind == "moving"
    steps = "1 step" if after == 1 else f"{after} steps"
    assert one.outcome.detail.startswith(f"Stopped after {steps}: SGD failed ({words}")
    many = ov.run_many(exp, [(2.0, 1.0), (0.0, 1.0)], record="paths", device="cpu")
    assert many.steps.tolist() == [after] * 2 and not many.diverged.any()
    optimizers = [ov.OptimizerSpec("SGD", {"lr": lr}) for lr in (0.1, 0.2)]
    varied = ov.run_varied(exp, optimizers, device="cpu")
    assert varied.steps.tolist() == [after] * 2 and not varied.diverged.any()
    np.testing.assert_array_equal(varied.ends[0], one.points[-1])


@pytest.mark.parametrize(
    ("name", "params", "steps", "words"),
    [
        ("CyclicLR", {"mode": "triangular2", "step_size_up": 1, "cycle_momentum": False}, 2048, "too large"),
        ("StepLR", {"step_size": 0}, 1, "divided by zero"),
        ("PolynomialLR", {"power": -1e300}, 1, "too large"),
        ("OneCycleLR", {"total_steps": 9, "cycle_momentum": False}, 10, "Tried to step 10 times"),
    ],
)
def test_a_scheduler_that_fails_keeps_the_steps_before(
    name: str, params: dict, steps: int, words: str
) -> None:
    """Python's own texts are no sentences."""
    run = competitor("SGD", {"lr": 1e-3}, scheduler=ov.SchedulerSpec(name, params))
    one = only(experiment(BOWL, run, start=(2.0, 1.0), steps=2100))
    assert one.steps == steps and words in one.outcome.detail, one.outcome
    assert f"Stopped after {steps:,} step" in one.outcome.detail
    assert not re.search(r"Errno|\(34|by zero\)\.\)|out of range", one.outcome.detail)


def test_a_scheduler_that_cannot_be_made_is_refused_in_words() -> None:
    schedule = ov.SchedulerSpec("CyclicLR", {"step_size_up": 0, "cycle_momentum": False})
    with pytest.raises(ov.CompetitorError) as refused:
        ov.run(experiment("Rosenbrock", competitor("SGD", {"lr": 0.1}, scheduler=schedule), steps=50), "cpu")
    words = "The scheduler CyclicLR cannot be made with these settings: it divided by zero."
    assert refused.value.reason == words


# -- closed forms and published values -------------------------------------------------------------------


def test_x_squared_from_15() -> None:
    """Numbers of torch on a processor with fused multiply-add, which its SGD uses where there is one."""
    sgd = only(experiment(BOWL, competitor("SGD", {"lr": 0.05}), start=(15.0, 0.0), steps=100))
    published = {
        20: 1.823649525642395,
        40: 0.22171321511268616,
        60: 0.026955142617225647,
        80: 0.0032771159894764423,
        100: 0.0003984206705354154,
    }
    assert {step: float(sgd.points[step, 0]) for step in published} == published


def quadratic_gradient(theta: np.ndarray) -> np.ndarray:
    return np.array([2.0, 20.0]) * theta


def test_sgd_and_momentum_against_numpy() -> None:
    for momentum in (0.0, 0.9):
        theta, velocity, points = np.array([2.0, 1.0]), np.zeros(2), [np.array([2.0, 1.0])]
        for _ in range(200):
            velocity = momentum * velocity + quadratic_gradient(theta)
            theta = theta - 0.01 * velocity
            points.append(theta)
        params = {"lr": 0.01, "momentum": momentum}
        sgd = only(experiment(BOWL, competitor("SGD", params), start=(2.0, 1.0), steps=200, dtype="float64"))
        np.testing.assert_allclose(sgd.points, points, rtol=1e-12, atol=1e-14)


def test_adam_against_numpy() -> None:
    theta, mean, square, points = np.array([2.0, 1.0]), np.zeros(2), np.zeros(2), [np.array([2.0, 1.0])]
    for step in range(1, 201):
        gradient = quadratic_gradient(theta)
        mean = 0.9 * mean + 0.1 * gradient
        square = 0.999 * square + 0.001 * gradient**2
        theta = theta - 0.05 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
        points.append(theta)
    adam = only(
        experiment(BOWL, competitor("Adam", {"lr": 0.05}), start=(2.0, 1.0), steps=200, dtype="float64")
    )
    np.testing.assert_allclose(adam.points, points, rtol=1e-11, atol=1e-12)


def test_heavy_ball_against_its_closed_form() -> None:
    """On λ/2·x² each axis is the linear map (x, v) → (x − lr(βv + λx), βv + λx): a power of a matrix."""
    lr, beta, curvatures = 0.02, 0.9, (2.0, 20.0)
    params = {"lr": lr, "momentum": beta}
    sgd = only(experiment(BOWL, competitor("SGD", params), start=(2.0, 1.0), steps=300, dtype="float64"))
    for axis, (curvature, start) in enumerate(zip(curvatures, (2.0, 1.0), strict=True)):
        step = np.array([[1 - lr * curvature, -lr * beta], [curvature, beta]])
        exact = [(np.linalg.matrix_power(step, k) @ [start, 0.0])[0] for k in range(301)]
        np.testing.assert_allclose(sgd.points[:, axis], exact, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kappa", [1.0, 10.0, 300.0])
def test_gradient_descent_is_stable_exactly_below_two_over_the_curvature(kappa: float) -> None:
    bowl = ov.SurfaceSpec("Quadratic bowl", {"kappa": kappa})
    limit = 2 / (2 * kappa)
    for lr, stable in ((0.999 * limit, True), (1.001 * limit, False)):
        sgd = only(
            experiment(bowl, competitor("SGD", {"lr": lr}), start=(0.0, 1.0), steps=500, dtype="float64")
        )
        assert bool(abs(sgd.points[-1, 1]) < 1) is stable


def test_bowl_turned_by_an_angle_is_the_same_bowl() -> None:
    turned = ov.SurfaceSpec("Quadratic bowl", {"kappa": 10.0, "angle": 30.0})
    turn = np.array(
        [[math.cos(math.pi / 6), -math.sin(math.pi / 6)], [math.sin(math.pi / 6), math.cos(math.pi / 6)]]
    )
    run = competitor("SGD", {"lr": 0.02, "momentum": 0.9})
    straight = only(experiment(BOWL, run, start=(2.0, 1.0), steps=100, dtype="float64"))
    for rotation, is_its_own in ((turn, True), (turn.T, False)):
        walked = only(experiment(turned, run, start=tuple(rotation @ [2.0, 1.0]), steps=100, dtype="float64"))
        away = np.abs(walked.points - straight.points @ rotation.T).max()
        assert bool(away < 1e-12) is is_its_own


# -- what can go wrong -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("optimizer", "params", "words"),
    [
        ("SGD", {"nesterov": True}, "Nesterov momentum requires a momentum and zero dampening"),
        ("Adam", {"betas": (1.0, 0.999)}, "Invalid beta parameter at index 0: 1.0"),
        ("Adam", {"lr": -1.0}, "Invalid learning rate: -1.0"),
        ("Adam", {"lr": "fast"}, "lr must be a number"),
        ("Adam", {"momentum": 0.9}, "Adam has no parameter 'momentum'"),
        ("Adamm", {}, "There is no optimizer named 'Adamm'"),
        ("SparseAdam", {}, "refuses dense gradients"),
        ("LBFGS", {"line_search_fn": "magic"}, "only 'strong_wolfe' is supported"),
        ("Muon", {"ns_steps": 100}, "Number of steps must be less than 100"),
    ],
)
def test_a_bad_competitor_is_named_and_stops_no_other(optimizer: str, params: dict, words: str) -> None:
    exp = experiment("Rosenbrock", competitor("SGD"), competitor(optimizer, params, label="mine"), steps=50)
    with pytest.raises(ValueError, match="Competitor 2") as caught:
        ov.run(exp, device="cpu")
    assert words in str(caught.value) and "mine" in str(caught.value)
    assert ov.run_one(exp, 0, "cpu").steps == 50
    with pytest.raises(ov.CompetitorError):
        ov.run_many(exp, [[0.0, 0.0]], run=1, device="cpu")


@pytest.mark.parametrize(
    ("scheduler", "params", "warmup", "words"),
    [
        ("OneCycleLR", {}, 5, "no warm-up"),
        ("ReduceLROnPlateau", {"factor": 2.0}, 0, "Factor should be < 1.0"),
        ("CyclicLR", {}, 0, "optimizer must support momentum"),
        ("LambdaLR", {}, 0, "a Python function"),
        ("Nope", {}, 0, "There is no scheduler named 'Nope'"),
    ],
)
def test_a_bad_scheduler_is_said(scheduler: str, params: dict, warmup: int, words: str) -> None:
    run = competitor("Adagrad", scheduler=ov.SchedulerSpec(scheduler, params, warmup))
    if scheduler == "OneCycleLR":
        run = competitor("SGD", {"momentum": 0.5}, scheduler=ov.SchedulerSpec(scheduler, params, warmup))
    with pytest.raises(ValueError, match="Competitor 1") as caught:
        ov.run(experiment(BOWL, run, start=(-1.2, 1.0), steps=50), device="cpu")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"runs": [competitor("SGD", frozen=("x", "y"))]}, "nothing is left"),
        ({"runs": [competitor("SGD", frozen=("z",))]}, "no parameter 'z'"),
        ({"batch_size": 4}, "no data"),
        ({"surface": ov.SurfaceSpec("Nowhere")}, "no surface named 'Nowhere'"),
        ({"surface": ov.SurfaceSpec("Rosenbrock", {"c": 1})}, "no parameter 'c'"),
    ],
)
def test_a_bad_experiment_is_said(change: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ov.run(replace(experiment("Rosenbrock", competitor("SGD"), steps=50), **change), device="cpu")


@pytest.mark.parametrize(
    ("device", "words"), [("cuda:99", "not available"), ("gpu9", "no device"), ("meta", "not")]
)
def test_a_missing_device_is_said(device: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ov.run(experiment("Rosenbrock", competitor("SGD"), steps=50), device=device)


def test_mps_has_no_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(ValueError, match="no float64"):
        ov.run(experiment("Rosenbrock", competitor("SGD"), steps=50, dtype="float64"), device="mps")


@pytest.mark.parametrize("starts", [[1.0, 2.0], [[1.0, 2.0, 3.0]], [], "here", [[math.nan, 0.0]]])
def test_bad_starts_are_said(starts: object) -> None:
    with pytest.raises(ValueError, match="starts"):
        ov.run_many(experiment("Rosenbrock", competitor("SGD"), steps=50), starts, device="cpu")


def test_paths_that_would_fill_the_memory_are_refused() -> None:
    exp = experiment("Rosenbrock", competitor("SGD"), steps=100_000)
    with pytest.raises(ValueError, match="GiB"):
        ov.run_many(exp, np.zeros((10_000, 2)), record="paths", device="cpu")


@pytest.mark.sampled(7)
@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_wild_rates_end_in_data_not_in_exceptions(optimizer: str) -> None:
    for surface in ("Rosenbrock", "Beale", "Ackley", "Goldstein-Price"):
        spec = ov.SurfaceSpec(surface)
        for lr in (1e-12, 1.0, 1e4):
            start = ov.surface(spec).start
            chosen = dict(ov.OPTIMIZERS[optimizer].suggested)
            for variant in [{}, chosen] if chosen else [{}]:
                exp = experiment(spec, competitor(optimizer, {**variant, "lr": lr}), start=start, steps=30)
                trajectory = only(exp)
                assert len(trajectory.points) == trajectory.steps + 1 == len(trajectory.losses)
                if trajectory.outcome.kind == "diverged":
                    assert trajectory.outcome.step == trajectory.steps
                else:
                    assert trajectory.steps == 30 and np.isfinite(trajectory.points).all()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device here")
@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_cuda_runs_and_records(optimizer: str) -> None:
    exp = experiment(BOWL, optimizer, start=(2.0, 1.0), steps=40, noise=0.1)
    on_gpu, on_cpu = ov.run(exp, "cuda")[0], ov.run(exp, "cpu")[0]
    np.testing.assert_allclose(on_gpu.points, on_cpu.points, rtol=1e-2, atol=1e-3)
    assert on_gpu.made_with.device.startswith("cuda") and on_gpu.state.keys() == on_cpu.state.keys()


# -- samples and suggestions -----------------------------------------------------------------------------


def test_sample_is_the_surface_on_a_grid() -> None:
    grid = ov.sample(ROSENBROCK, resolution=11)
    assert grid.z.shape == (11, 11) and (grid.x[0], grid.x[-1], grid.y[0], grid.y[-1]) == (-2, 2, -1, 3)
    x, y = grid.x[3], grid.y[7]
    assert grid.z[7, 3] == pytest.approx((1 - x) ** 2 + 100 * (y - x**2) ** 2, rel=1e-14)
    with pytest.raises(ValueError, match="resolution"):
        ov.sample(ROSENBROCK, resolution=100_000)
    with pytest.raises(ValueError, match="domain"):
        ov.sample(ROSENBROCK, domain=((0.0, 0.0), (0.0, 1.0)))


@pytest.mark.sampled(7)
@pytest.mark.parametrize("surface", TWO)
def test_suggested_rates_do_not_diverge(surface: str) -> None:
    spec = ov.SurfaceSpec(surface)
    for optimizer in ov.OPTIMIZERS:
        if (surface, optimizer) == ("Linear fit", "Muon"):
            continue  # it takes matrices only, which a bias is not
        params = suggested(optimizer, spec)
        assert f"{params['lr']:e}"[0] in "125" or optimizer in ("LBFGS", "Adadelta", "Adafactor")
        trajectory = only(experiment(spec, competitor(optimizer, params), steps=20))
        bounded = math.isfinite(ov.surface(spec).minimum)
        assert trajectory.outcome.kind != "diverged" or not bounded, optimizer
