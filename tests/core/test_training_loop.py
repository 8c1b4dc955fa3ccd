"""The program that is shown is what was run: executed by itself it takes the same steps, to the bit."""

from __future__ import annotations

import ast
import dataclasses
import math
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pytest
import torch

import optviz as ov
from builders import competitor, experiment
from comparisons import assert_program_is_run, points_of_program, program
from optviz.spec.params import Float, Int, Param

PLAIN = [name for name, info in ov.SURFACES.items() if info.surface().data is None]
"""Those made of data have programs of another shape: test_data.py has them."""
PHASES = ["zero_grad", "forward", "backward", "step"]
STEPS = 12
ADAM = competitor("Adam", {"lr": 0.02})


def body(exp: ov.Experiment) -> list[str]:
    """The program from its loop on."""
    lines = program(exp).splitlines()
    return lines[lines.index(f"for step in range({exp.steps}):") :]


def assert_the_program_is_the_run(exp: ov.Experiment) -> None:
    assert_program_is_run(exp)
    assert_well_written(exp)


def assert_well_written(exp: ov.Experiment) -> None:
    lines = ov.training_loop(exp, 0)
    assert max(len(line.text) for line in lines) <= 100
    assert all("\n" not in line.text and line.text == line.text.rstrip() for line in lines)
    tree = ast.parse(program(exp))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert {ast.unparse(node) for node in imported} <= {"import torch", "import math"}
    assert isinstance(tree.body[-1], ast.For)
    phases = [line.phase for line in lines if line.phase]
    assert phases == sorted(phases, key=PHASES.index)
    assert set(phases) == set(PHASES[not exp.runs[0].zero_grad :])


# -- to the bit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("surface", ["Rosenbrock", "Ackley", "Six-hump camel"])
@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_every_optimizer(optimizer: str, surface: str, dtype: str) -> None:
    assert_the_program_is_the_run(experiment(surface, optimizer, steps=STEPS, dtype=dtype))


@pytest.mark.parametrize("surface", PLAIN)
def test_every_surface(surface: str) -> None:
    """With parameters that are not at their defaults, where it has any."""
    spec = ov.SurfaceSpec(surface)
    numbers = (Float, Int)  # test_formula moves the texts and ranges of a formula
    every = ov.SURFACES[surface].declared()
    declared = {name: param for name, param in every.items() if isinstance(param.kind, numbers)}
    moved = ov.SurfaceSpec(surface, {name: between(param) for name, param in declared.items()})
    for chosen in {spec, moved}:
        exp = experiment(chosen, "SGD", steps=STEPS)
        assert_the_program_is_the_run(exp)
        assert "optviz" not in program(exp)
    one, other = (program(experiment(chosen, ADAM, steps=STEPS)) for chosen in (moved, spec))
    assert not declared or one != other


def between(param: Param) -> float:
    """A value in the declared range which is not the default."""
    middle = 0.7 * param.default + 0.3 * param.kind.high
    return math.ceil(middle) if isinstance(param.default, int) else middle


VARIANTS = [
    ("SGD", {"momentum": 0.9, "dampening": 0.1, "weight_decay": 0.01}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "maximize": True}),
    ("Adam", {"betas": (0.5, 0.99), "eps": 1e-3, "weight_decay": 0.1, "amsgrad": True}),
    ("AdamW", {"amsgrad": True, "weight_decay": 0.5}),
    ("NAdam", {"momentum_decay": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"weight_decay": 0.1, "betas": (0.5, 0.6)}),
    ("Adamax", {"weight_decay": 0.1, "betas": (0.5, 0.6)}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "alpha": 0.9}),
    ("Adagrad", {"lr_decay": 0.1, "initial_accumulator_value": 0.5}),
    ("Adadelta", {"rho": 0.5, "eps": 1e-2}),
    ("Adafactor", {"beta2_decay": -0.5, "eps": (1e-10, 1e-2), "d": 2.0}),
    ("Adafactor", {"eps": (None, 1e-2)}),
    ("ASGD", {"lambd": 0.1, "alpha": 0.5, "t0": 10.0}),
    ("Rprop", {"etas": (0.3, 1.5), "step_sizes": (1e-3, 0.5)}),
    ("LBFGS", {"max_iter": 5, "history_size": 3, "lr": 0.1}),
    ("Muon", {"nesterov": False, "ns_steps": 3, "adjust_lr_fn": "match_rms_adamw", "eps": 1e-5}),
    ("Muon", {"ns_coefficients": (3.0, -3.2, 1.2), "weight_decay": 0.0, "momentum": 0.5}),
]


@pytest.mark.parametrize(("optimizer", "params"), VARIANTS)
def test_hyperparameters(optimizer: str, params: dict) -> None:
    run = competitor(optimizer, {"lr": 1e-3} | params)
    exp = experiment("Rosenbrock", run, start=(0.1234567890123, -1e-3), steps=STEPS)
    assert_the_program_is_the_run(exp)
    (call,) = [node for node in ast.walk(ast.parse(program(exp))) if is_call(node, optimizer)]
    given = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
    assert given == {"lr": 1e-3} | params


def is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name


SCHEDULES: dict[str, dict] = {name: {} for name in ov.SCHEDULERS} | {
    "MultiStepLR": {"milestones": (2, 5), "gamma": 0.5},
    "CyclicLR": {"base_lr": 1e-4, "max_lr": 0.05, "step_size_up": 5, "cycle_momentum": False},
    "OneCycleLR": {"max_lr": 0.05, "epochs": 3, "steps_per_epoch": 4},
    "ReduceLROnPlateau": {"factor": 0.5, "patience": 1, "threshold": 0.5},
}


@pytest.mark.parametrize("optimizer", ["SGD", "LBFGS"])
@pytest.mark.parametrize("params", ["required", "given"])
@pytest.mark.parametrize("scheduler", ov.SCHEDULERS)
def test_every_scheduler(scheduler: str, params: str, optimizer: str) -> None:
    """SGD needs momentum for the two that move it, LBFGS has none."""
    own = {"momentum": 0.9} if optimizer == "SGD" else {"max_iter": 2}
    chosen = SCHEDULES[scheduler] if params == "given" else {}
    if optimizer == "LBFGS" and scheduler in ("CyclicLR", "OneCycleLR"):
        chosen = chosen | {"cycle_momentum": False}
    spec = ov.SchedulerSpec(scheduler, chosen)
    exp = experiment("Booth", competitor(optimizer, {"lr": 1e-3} | own, scheduler=spec), steps=STEPS)
    assert_the_program_is_the_run(exp)
    if ov.SCHEDULERS[scheduler].takes_warmup:
        run = dataclasses.replace(exp.runs[0], scheduler=dataclasses.replace(spec, warmup=3))
        exp = dataclasses.replace(exp, runs=(run,))
        assert "SequentialLR(optimizer, [warmup, after], [3])" in program(exp)
        assert_the_program_is_the_run(exp)


OPTIONS: dict[str, dict] = {
    "clip by norm": {"clip_norm": 1.0},
    "clip by value": {"clip_value": 0.3},
    "no zero_grad": {"zero_grad": False},
    "rebuilt": {"reset_every": 4, "scheduler": ov.SchedulerSpec("ExponentialLR", {"gamma": 0.8}, 2)},
    "x frozen": {"frozen": ("x",)},
    "y frozen": {"frozen": ("y",), "clip_norm": 0.5},
    "plateau": {"scheduler": ov.SchedulerSpec("ReduceLROnPlateau", {"patience": 0})},
    "all": {
        "clip_norm": 2.0,
        "zero_grad": False,
        "reset_every": 5,
        "frozen": ("x",),
        "scheduler": ov.SchedulerSpec("StepLR"),
    },
}


@pytest.mark.parametrize("noise", [0.0, 0.37])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "Adafactor", "Muon", "LBFGS"])
@pytest.mark.parametrize("option", OPTIONS)
def test_every_option(option: str, optimizer: str, noise: float) -> None:
    params = {"lr": 1e-3, "max_iter": 2} if optimizer == "LBFGS" else {"lr": 1e-3}
    run = competitor(optimizer, params, **OPTIONS[option])
    for dtype in ("float32", "float64"):
        exp = experiment("Rosenbrock", run, steps=STEPS, noise=noise, seed=2**63 - 1, dtype=dtype)
        assert_the_program_is_the_run(exp)


# -- as a person writes it -------------------------------------------------------------------------------


def test_adam_on_rosenbrock() -> None:
    schedule = ov.SchedulerSpec("CosineAnnealingLR")
    exp = experiment(
        "Rosenbrock", competitor("Adam", {"lr": 0.1, "eps": 1e-8}, scheduler=schedule), steps=300
    )
    assert [(line.phase, line.text) for line in ov.training_loop(exp, 0)] == [
        ("", "import torch"),
        ("", ""),
        ("", "def rosenbrock(x, y, a=1.0, b=100.0):"),
        ("", "    return (a - x) ** 2 + b * (y - x**2) ** 2"),
        ("", ""),
        ("", "theta = torch.tensor([-1.2, 1.0], requires_grad=True)"),
        ("", "optimizer = torch.optim.Adam([theta], lr=0.1)"),
        ("", "scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=300)"),
        ("", ""),
        ("", "for step in range(300):"),
        ("zero_grad", "    optimizer.zero_grad()"),
        ("forward", "    loss = rosenbrock(*theta)"),
        ("backward", "    loss.backward()"),
        ("step", "    optimizer.step()"),
        ("step", "    scheduler.step()"),
    ]


def test_a_step_with_everything() -> None:
    run = competitor("LBFGS", {"lr": 0.02}, clip_value=1.0, zero_grad=False, reset_every=4, frozen=("y",))
    assert body(experiment("Rosenbrock", run, steps=STEPS, noise=0.5)) == [
        "for step in range(12):",
        "    if step % 4 == 0:  # a new optimizer remembers nothing",
        "        optimizer = torch.optim.LBFGS([x], lr=0.02)",
        "    noise = 0.5 * torch.randn(2, generator=generator)",
        "    def closure():",
        "        # optimizer.zero_grad() is forgotten",
        "        loss = rosenbrock(x, y)",
        "        loss.backward()",
        "        x.grad += noise[0]",
        "        torch.nn.utils.clip_grad_value_([x], clip_value=1.0)",
        "        return loss",
        "    optimizer.step(closure)",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e-3, "1e-3"),
        (0.0025, "0.0025"),
        (1e-8, "1e-8"),
        (0.05, "0.05"),
        (1.0, "1.0"),
        (1000.0, "1000.0"),
        (1e6, "1e6"),
        (1.5e22, "1.5e22"),
        (0.1 + 0.2, "0.30000000000000004"),
        (5e-324, "5e-324"),
    ],
)
def test_numbers_are_short_and_exact(value: float, text: str) -> None:
    exp = experiment("Rosenbrock", ADAM, start=(value, 1.0), steps=STEPS)
    assert f"torch.tensor([{text}, 1.0]" in program(exp)
    assert float(text) == value


def test_a_settings_default_is_left_out_and_the_learning_rate_never() -> None:
    defaults = {name: param.default for name, param in ov.OPTIMIZERS["Adam"].params.items()}
    for params in (defaults, {"betas": (0.9, 0.999)}):
        exp = experiment("Rosenbrock", competitor("Adam", params), steps=STEPS)
        assert "optimizer = torch.optim.Adam([theta], lr=1e-3)" in program(exp)


def test_long_lines_are_broken() -> None:
    long = -1.2345678901234567e-300
    spec = ov.SchedulerSpec("MultiStepLR", {"milestones": tuple(range(1, 400))}, warmup=999_999)
    run = competitor("NAdam", {"lr": -long, "betas": (-long, -long), "eps": -long}, scheduler=spec)
    run = dataclasses.replace(run, clip_norm=-long, reset_every=9)
    for frozen in ((), ("x",)):
        chosen = dataclasses.replace(run, frozen=frozen)
        exp = experiment("Branin", chosen, start=(long, long), steps=STEPS, dtype="float64", noise=-long)
        assert_well_written(exp)
        assert f"milestones={tuple(range(1, 400))}" in " ".join(program(exp).split())


# -- what cannot be shown, and what is refused -------------------------------------------------------------


@pytest.mark.parametrize("label", ['"""', "'\nimport os\n#", "\\", "# x"])
def test_a_label_does_not_get_into_the_program(label: str) -> None:
    labelled = dataclasses.replace(ADAM, label=label)
    one, other = (program(experiment("Rosenbrock", run, steps=STEPS)) for run in (labelled, ADAM))
    assert one == other


def test_texts_are_quoted() -> None:
    hostile = "a'\"\n);import os#\\"
    params = {"lr": 0.1, "adjust_lr_fn": hostile}
    tree = ast.parse(program(experiment("Rosenbrock", competitor("Muon", params), steps=STEPS)))
    (call,) = [node for node in ast.walk(tree) if is_call(node, "Muon")]
    assert ast.literal_eval(call.keywords[-1].value) == hostile


def bowl(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return x**2 + _twice(y**2)


def _twice(value: torch.Tensor) -> torch.Tensor:
    return 2 * value


def wide(x, y, scale):
    return scale * (x**2 + bowl(y, x))


def loss(x, y):
    return x**2 + y**2


def decided(x, y):
    return x**2 * PHASES.index("forward") + y**2


def with_default(x, y, more=1.0):
    return x**2 + more * y**2


@lru_cache
def wrapped(x, y):
    return x**2 + y**2


@pytest.fixture
def register() -> Iterator:
    def add(function: object, shown: bool = True, **params: float) -> str:
        name = 'It\'s "my" \\ surface'
        row = ov.SURFACES["Matyas"]
        kinds = {key: Param(Float(0.0, 9.0), value, "") for key, value in params.items()}

        def build(**values: float) -> ov.Surface:
            return dataclasses.replace(row.build(), function=lambda x, y: function(x, y, **values))

        info = dataclasses.replace(row, name=name, build=build, params=kinds)
        ov.register_surface(dataclasses.replace(info, function=function if shown else None))
        return name

    with ov.SURFACES.temporarily():
        yield add


def test_a_users_own_surface_is_shown_with_what_it_calls(register) -> None:
    name = register(wide, scale=2.0)
    exp = experiment(ov.SurfaceSpec(name, {"scale": 3.0}), ADAM, start=(1.0, 2.0), steps=STEPS)
    assert program(exp).split("\ntheta")[0].splitlines() == [
        "import torch",
        "",
        "def twice(value):",
        "    return 2 * value",
        "",
        "def bowl(x, y):",
        "    return x**2 + twice(y**2)",
        "",
        "def wide(x, y, scale=3.0):",
        "    return scale * (x**2 + bowl(y, x))",
    ]
    assert_the_program_is_the_run(exp)


HIDDEN = {
    "a lambda": lambda x, y: x**2 + y**2,
    "built in": torch.hypot,
    "a name that the program needs": loss,
    "reads what else there is": decided,
    "has a default": with_default,
    "wrapped": wrapped,
    "made by exec": {},
}
exec("def made(x, y):\n    return x**2 + y**2", HIDDEN["made by exec"])
HIDDEN["made by exec"] = HIDDEN["made by exec"]["made"]


@pytest.mark.parametrize("reason", [*HIDDEN, "not given"])
def test_a_surface_that_cannot_be_shown_is_imported(register, reason: str) -> None:
    name = register(HIDDEN.get(reason, bowl), shown=reason in HIDDEN)
    exp = experiment(name, ADAM, start=(1.0, 2.0), steps=STEPS)
    assert "import optviz" in program(exp) and "# Its source cannot be shown" in program(exp)
    np.testing.assert_array_equal(points_of_program(exp), ov.run(exp, "cpu")[0].points[1:])
    assert max(map(len, program(exp).splitlines())) <= 100


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"frozen": ("x", "y")}, "nothing is left"),
        ({"frozen": ("z",)}, "no parameter 'z'"),
        ({"optimizer": ov.OptimizerSpec("Adam", {"momentum": 0.9})}, "no parameter 'momentum'"),
        ({"optimizer": ov.OptimizerSpec("Bdam")}, "no optimizer"),
        ({"scheduler": ov.SchedulerSpec("StepMR")}, "no scheduler"),
        ({"scheduler": ov.SchedulerSpec("OneCycleLR", warmup=3)}, "no warm-up"),
    ],
)
def test_what_run_refuses_is_refused(change: dict, said: str) -> None:
    exp = experiment("Rosenbrock", dataclasses.replace(ADAM, **change), steps=STEPS)
    with pytest.raises(ValueError, match=said):
        ov.training_loop(exp, 0)
    with pytest.raises(ValueError, match=said):
        ov.run(exp, "cpu")


def test_there_must_be_such_a_competitor_and_no_minibatches() -> None:
    exp = experiment("Rosenbrock", ADAM, steps=STEPS)
    with pytest.raises(ValueError, match="no competitor 1"):
        ov.training_loop(exp, 1)
    with pytest.raises(ValueError, match="minibatches"):
        ov.training_loop(dataclasses.replace(exp, batch_size=4), 0)
