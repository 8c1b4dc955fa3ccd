"""Each cell of a sweep is its single run to the bit, for every optimizer and every number it has."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import optviz as ov
from builders import experiment
from optviz.engine import run as engine
from optviz.engine.rowwise import OPTIMIZERS_BY_ROWS, MixedError, PerRow, alike, merged
from optviz.spec.params import Float, Int, Tuple

STEPS = 24
COUNT = 5


def spread(low: float, high: float) -> list[float]:
    """Numbers of a range, with 0 among them where it is in the range, and none that ends a run at once."""
    rng = np.random.default_rng(0)
    return [max(low, 0.0), *rng.uniform(max(low, 1e-6), min(high, 0.99), COUNT - 1).tolist()]


def cases() -> list[tuple[str, str]]:
    return [
        (name, param)
        for name, info in ov.OPTIMIZERS.items()
        for param, declared in info.params.items()
        if isinstance(declared.kind, Float | Int | Tuple)
    ]


def varied(name: str, param: str) -> list[ov.OptimizerSpec]:
    """Settings of one optimizer that differ in one hyperparameter."""
    info = ov.OPTIMIZERS[name]
    kind, default = info.params[param].kind, info.params[param].default
    if isinstance(kind, Int):
        values: list = [1, 2, 4]
    elif isinstance(kind, Tuple):
        columns = [
            [
                part * factor
                for factor in ((1.0, 1.1, 1.5) if part > 1 or name == "Adafactor" else (1.0, 0.95, 0.8))
            ]
            if part is not None
            else [None] * 3
            for part in default
        ]
        values = list(zip(*columns, strict=True))
    else:
        values = (
            [default * factor for factor in (1.0, 1.5, 1.1)]
            if name == "Adafactor"
            else spread(kind.low, kind.high)
        )
        values = [1e-3 * value for value in values] if param == "lr" and name != "LBFGS" else values
    base = {"momentum": 0.7} if param in ("dampening", "nesterov") else {}
    return [ov.OptimizerSpec(name, base | {param: value}) for value in values]


def same(exp: ov.Experiment, optimizers: list[ov.OptimizerSpec]) -> None:
    many = ov.run_varied(exp, optimizers, record="paths", device="cpu")
    assert many.paths is not None and len(many.paths) == len(optimizers)
    for row, optimizer in enumerate(optimizers):
        one = ov.run_one(replace(exp, runs=(replace(exp.runs[0], optimizer=optimizer),)), 0, "cpu")
        assert many.steps[row] == one.steps
        np.testing.assert_array_equal(many.paths[row, : one.steps + 1], one.points, err_msg=str(optimizer))
        np.testing.assert_array_equal(many.ends[row], one.points[-1])


@pytest.mark.sampled(21)
@pytest.mark.parametrize(("name", "param"), cases())
def test_every_hyperparameter_gives_each_cell_its_single_run(name: str, param: str) -> None:
    optimizers = varied(name, param)
    steps = 4 if name == "LBFGS" else STEPS
    same(experiment("Rosenbrock", ov.RunSpec(optimizers[0]), steps=steps), optimizers)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS_BY_ROWS))
def test_rows_of_one_tensor_are_used_where_they_are_said_to_be(name: str, monkeypatch) -> None:
    """And not torch's groups, which would be right too, but slow."""
    monkeypatch.setattr(engine, "own_tensors", None)
    optimizers = [
        ov.OptimizerSpec(name, {"lr": lr, "weight_decay": decay})
        for lr, decay in zip(np.geomspace(1e-5, 1e-3, 12), np.linspace(0.01, 0.5, 12), strict=True)
    ]
    run = ov.RunSpec(optimizers[0])
    same(experiment("Rosenbrock", run, steps=STEPS, dtype="float64", noise=0.1), optimizers)


ADAM = [ov.OptimizerSpec("Adam", {"lr": lr, "betas": (b, 0.99)}) for lr, b in ((0.01, 0.9), (0.2, 0.5))]
SGD = [
    ov.OptimizerSpec("SGD", {"lr": lr, "momentum": m}) for lr in (1e-4, 1e-3, 1.0) for m in (0.0, 0.5, 0.9)
]


@pytest.mark.parametrize(
    "around",
    [
        {"clip_norm": 0.5},
        {"clip_value": 0.3},
        {"zero_grad": False},
        {"reset_every": 7},
        {"frozen": ("x",)},
        *(
            {"scheduler": ov.SchedulerSpec(name, warmup=3 if info.takes_warmup else 0)}
            for name, info in ov.SCHEDULERS.items()
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("optimizers", [ADAM, SGD], ids=["Adam", "SGD"])
def test_all_that_is_done_around_a_step_is_done_in_every_cell(around: dict, optimizers: list) -> None:
    if around.get("scheduler") and around["scheduler"].name in ("CyclicLR", "OneCycleLR"):
        optimizers = [each for each in optimizers if each.name == "Adam" or each.params["momentum"]]
    same(experiment("Rosenbrock", ov.RunSpec(optimizers[0], **around), steps=STEPS), optimizers)


@pytest.mark.parametrize("optimizers", [ADAM, SGD], ids=["Adam", "SGD"])
def test_every_cell_meets_the_noise_of_its_single_run(optimizers: list) -> None:
    same(experiment("Rosenbrock", ov.RunSpec(optimizers[0]), steps=STEPS, noise=0.3, seed=5), optimizers)


def test_models_on_data_are_stepped_as_single_ones() -> None:
    rates = [
        ov.OptimizerSpec("Adagrad", {"lr": lr, "initial_accumulator_value": v})
        for lr, v in ((0.1, 0.1), (0.5, 0.1), (0.1, 1.0))
    ]
    for optimizers in (ADAM, rates):
        same(experiment("Linear fit", ov.RunSpec(optimizers[0]), steps=10, batch_size=2), optimizers)


def test_torch_refuses_a_cell_in_its_own_words() -> None:
    bad = [ov.OptimizerSpec("Adam", {"lr": lr}) for lr in (0.1, -0.1)]
    exp = experiment("Rosenbrock", ov.RunSpec(bad[0]), steps=STEPS)
    with pytest.raises(ov.CompetitorError, match=r"Invalid learning rate: -0\.1"):
        ov.run_varied(exp, bad, device="cpu")
    with pytest.raises(ValueError, match="must all be Adam"):
        ov.run_varied(exp, [], device="cpu")


def test_numbers_with_rows_do_what_a_float_does_or_say_that_they_cannot() -> None:
    rows = PerRow([0.1, 0.7])
    assert ((2 - rows) ** 3 / 4).rows.tolist() == [(2 - 0.1) ** 3 / 4, (2 - 0.7) ** 3 / 4]
    assert rows >= 0.0 and rows != 0 and not rows > 1
    with pytest.raises(MixedError):
        bool(rows > 0.5)
    with pytest.raises(MixedError):
        float(rows)
    assert math.isnan(math.sqrt(rows))  # C code does not see the rows, and must not go on unnoticed


def test_only_numbers_are_merged_and_zeros_are_kept_apart() -> None:
    settings = [{"lr": 0.1, "betas": (0.0, 0.9)}, {"lr": 0.2, "betas": (0.5, 0.9)}]
    found = merged(settings)
    assert found["lr"].rows.tolist() == [0.1, 0.2] and found["betas"][1] == 0.9
    assert alike(settings) == [[0], [1]]
    with pytest.raises(MixedError):
        merged([{"nesterov": True}, {"nesterov": False}])
