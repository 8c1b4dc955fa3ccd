"""Every derivation is what torch did: over random runs, each step, each state tensor, to the last digits."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest

import optviz as ov
from builders import competitor, experiment
from optviz.expressions.latex import latex
from optviz.expressions.terms import Number, Operation, Symbol, by_sign, sqrt, symbols, tree
from optviz.expressions.values import value
from optviz.rules.derivations import RULES

RUNS, STEPS = 60, 12
EPS = np.finfo(np.float64).eps
CYCLED = {"SGD", "RMSprop", "Adam", "AdamW", "NAdam", "RAdam", "Adamax"}
WITHOUT_RULE = {"LBFGS", "Muon"}
OWN_STATE = {"step", "ax", "mu"}  # counters, and what the path does not depend on


def random_settings(name: str, rng: np.random.Generator) -> dict[str, Any]:
    """Hyperparameters over their whole useful range; each flag is set in half of the runs."""

    def flag() -> bool:
        return bool(rng.integers(2))

    def maybe(low: float, high: float) -> float:
        return float(rng.uniform(low, high)) if flag() else 0.0

    betas = (float(rng.uniform(0, 0.99)), float(rng.uniform(0.5, 0.9999)))
    settings: dict[str, Any] = {"lr": 10 ** float(rng.uniform(-4, -1)), "maximize": flag()}
    if name != "Rprop":
        settings["weight_decay"] = maybe(0.001, 0.5)
    if name in ("Adam", "AdamW", "NAdam", "RAdam", "Adamax"):
        settings |= {"betas": betas, "eps": 10 ** float(rng.uniform(-10, -2))}
    match name:
        case "SGD":
            momentum = maybe(0.1, 0.99)
            nesterov = momentum > 0 and flag()
            dampening = 0.0 if nesterov else maybe(0.1, 0.9)
            settings |= {"momentum": momentum, "nesterov": nesterov, "dampening": dampening}
        case "Adam":
            settings |= {"amsgrad": flag(), "decoupled_weight_decay": flag()}
        case "AdamW":
            settings |= {"amsgrad": flag()}
        case "NAdam":
            settings |= {"momentum_decay": maybe(0.001, 0.1), "decoupled_weight_decay": flag()}
        case "RAdam":
            settings |= {"decoupled_weight_decay": flag()}
        case "RMSprop":
            settings |= {"alpha": betas[1], "momentum": maybe(0.1, 0.99), "centered": flag()}
        case "Adagrad":
            settings |= {"lr_decay": maybe(0.01, 0.5), "initial_accumulator_value": maybe(0.1, 5)}
        case "Adadelta":
            settings |= {"rho": betas[1], "lr": float(rng.uniform(0.1, 2))}
        case "Rprop":
            settings |= {"etas": (float(rng.uniform(0.2, 0.9)), float(rng.uniform(1.05, 2)))}
            settings |= {"step_sizes": (10 ** float(rng.uniform(-6, -2)), float(rng.uniform(0.01, 1)))}
        case "Adafactor":
            settings |= {"beta2_decay": float(rng.uniform(-10, 0)), "d": float(rng.uniform(1, 2))}
            least = 10 ** float(rng.uniform(-10, 0)) if flag() else None
            settings |= {"eps": (least, 10 ** float(rng.uniform(-6, 1)))}
        case "ASGD":
            settings |= {"lambd": maybe(0.001, 0.1), "alpha": float(rng.uniform(0.1, 1)), "t0": 3.0}
    return settings


@cache
def random_run(name: str, seed: int) -> ov.Trajectory:
    """A run with anything around its steps that optviz can put there."""
    rng = np.random.default_rng([seed, len(name), *name.encode()])
    around: dict[str, Any] = {}
    match rng.integers(9):
        case 0:
            around["clip_norm"] = 1.0
        case 1:
            around["zero_grad"] = False
        case 2:
            around["reset_every"] = int(rng.choice([1, 5]))
        case 3:
            around["frozen"] = ("x",)
        case 4:
            around["frozen"] = ("y",)
        case 5:
            around["scheduler"] = ov.SchedulerSpec("ExponentialLR", {"gamma": 0.8})
        case 6 if name in CYCLED:  # they bring a momentum even where none was set
            around["scheduler"] = ov.SchedulerSpec("OneCycleLR")
        case 7 if name in CYCLED:
            cycle = {"base_momentum": 0.0, "max_momentum": 0.8, "base_lr": 1e-4, "max_lr": 0.01}
            around["scheduler"] = ov.SchedulerSpec("CyclicLR", cycle | {"step_size_up": 3})
    settings = random_settings(name, rng)
    exp = experiment(
        str(rng.choice(["Rosenbrock", "Himmelblau", "Booth", "Rastrigin"])),
        competitor(name, settings, **around),
        start=tuple(rng.uniform(-2, 2, 2).tolist()),
        steps=STEPS,
        noise=float(rng.choice([0.0, 0.5])),
        seed=seed,
        dtype="float64",
    )
    return ov.run_one(exp, 0, "cpu")


def columns(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), -1)


def trained(run: ov.Trajectory) -> list[int]:
    return [axis for axis, name in enumerate("xy") if name not in run.run.frozen]


@pytest.mark.sampled(6)
@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_each_derivation_is_the_step_that_torch_took(name):
    steps = 0
    for seed in range(RUNS):
        run = random_run(name, seed)
        found = ov.derivation(run)
        before, after = run.points[:-1], run.points[1:]
        # A point is only known to its own last digit: that much the recorded step may be off.
        allowed = 1e-12 * np.abs(after - before) + 2 * EPS * np.maximum(np.abs(before), np.abs(after))
        wrong = np.abs(found.after - after) > allowed
        assert not wrong.any(), (run.run, np.argwhere(wrong)[0], found.after[wrong], after[wrong])
        steps += run.steps
    assert steps >= 500


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_each_line_about_torchs_state_is_torchs_state(name):
    seen: set[str] = set()
    for seed in range(RUNS):
        run = random_run(name, seed)
        found = ov.derivation(run)
        for key in run.state.keys() & found.values.keys():
            has_line = [key in {line.name.key for line in found.forms[form].lines} for form in found.which]
            torchs = columns(run.state[key])
            lines = found.values[key][:, trained(run) if torchs.shape[1] == len(trained(run)) else [0]]
            scale = np.abs(lines[has_line]).max() + np.abs(run.seen_gradients).max() ** 2
            close = pytest.approx(torchs[has_line], rel=1e-12, abs=1e-15 * scale)
            assert lines[has_line] == close, (key, run.run)
            seen.add(key)
        unexplained = run.state.keys() - found.values.keys() - OWN_STATE
        assert {key for key in unexplained if f"{key}.before" not in found.used} == set()
    assert seen or name == "ASGD"


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_the_parts_add_up_to_the_step(name):
    for seed in range(RUNS):
        run = random_run(name, seed)
        found = ov.derivation(run)
        total = sum(found.parts.values())[:, trained(run)]
        before, after = run.points[:-1, trained(run)], run.points[1:, trained(run)]
        size = sum(np.abs(part) for part in found.parts.values())[:, trained(run)]
        allowed = 1e-11 * size + 2 * EPS * np.maximum(np.abs(before), np.abs(after))
        assert (np.abs(total - (after - before)) <= allowed).all(), run.run


def test_every_optimizer_has_a_rule_or_a_reason_to_have_none():
    assert set(ov.OPTIMIZERS) - set(RULES) == WITHOUT_RULE
    exp = experiment("Booth", competitor("LBFGS"), start=(1.0, 1.0), steps=3)
    assert ov.derivation(ov.run_one(exp, 0, "cpu")) is None


def test_where_one_of_two_numbers_is_frozen_the_other_is_its_own_mean():
    def text(**around: Any) -> str:
        run = competitor("Adafactor", {"lr": 0.1}, **around)
        exp = experiment("Booth", run, start=(-6.0, 5.0), steps=3)
        return ov.derivation(ov.run_one(exp, 0, "cpu")).latex(0)

    assert r"RMS}\left(\theta_{t-1}\right)" in text() and r"RMS}\left(-6, 5\right)" in text()
    assert r"\left|\theta_{t-1}\right|" in text(frozen=("x",)) and "RMS" not in text(frozen=("x",))


def test_an_optimizer_may_begin_in_another_way_than_it_goes_on():
    def run(name: str, steps: int = 12, **settings: Any) -> Any:
        spec = competitor(name, settings, reset_every=7)
        exp = experiment("Booth", spec, start=(1.0, 1.0), steps=steps)
        return ov.derivation(ov.run_one(exp, 0, "cpu"))

    assert run("SGD", momentum=0.9).which.tolist() == [1, *[0] * 6, 1, *[0] * 4]
    assert run("RAdam").which.tolist() == [*[0] * 5, 1, 1, *[0] * 5]
    assert run("Adam").which.tolist() == [0] * 12
    assert "momentum" not in run("SGD").parts


def test_a_run_that_diverges_has_a_derivation_to_its_last_step():
    run = competitor("SGD", {"lr": 10.0})
    exp = experiment("Rosenbrock", run, steps=50, dtype="float64")
    trajectory = ov.run_one(exp, 0, "cpu")
    assert trajectory.outcome.kind == "diverged"
    assert len(ov.derivation(trajectory).after) == trajectory.steps


def test_the_latex_has_the_numbers_of_the_step():
    run = competitor("SGD", {"lr": 0.01, "momentum": 0.9})
    exp = experiment("Booth", run, start=(-8.0, 0.5), steps=3, dtype="float64")
    trajectory = ov.run_one(exp, 0, "cpu")
    text = ov.derivation(trajectory).latex(1)
    buffer, (gx, gy) = trajectory.state["momentum_buffer"], trajectory.seen_gradients[1]
    assert r"b_{t} &= \mu b_{t-1} + \left(1 - \tau\right) g_{t}" in text
    for number in (*buffer[0], gx, gy, *trajectory.points[2]):
        assert f"{number:.6g}" in text
    assert text.count("{") == text.count("}") and text.count(r"\left") == text.count(r"\right")
    with pytest.raises(ValueError, match="on from step 3"):
        ov.derivation(trajectory).latex(3)


@pytest.mark.parametrize("name", RULES)
def test_all_latex_is_well_formed(name):
    for seed in range(20):
        run = random_run(name, seed)
        text = ov.derivation(run).latex(run.steps - 1)
        assert text.count("{") == text.count("}") and text.count(r"\left") == text.count(r"\right")
        assert not re.search(r"[^\x20-\x7e\n]|nan|inf\b|e[+-]?\d", text.replace("infty", "")), text


X, Y = Symbol("x", "x"), Symbol("y", "y", "t", "hat")
TERMS = {
    X - (Y - 1): (r"x - \left(\hat{y}_{t} - 1\right)", 0.0),
    X * (Y + 2): (r"x \left(\hat{y}_{t} + 2\right)", 18.0),
    -(X + Y): (r"-\left(x + \hat{y}_{t}\right)", -7.0),
    (X + Y) ** 2: (r"\left(x + \hat{y}_{t}\right)^{2}", 49.0),
    2 / (1 - X): (r"\frac{2}{1 - x}", -1.0),
    0.5**X * 2: (r"0.5^{x} \cdot 2", 0.25),
    sqrt(X + 1) + Y: (r"\sqrt{x + 1} + \hat{y}_{t}", 6.0),
    by_sign(X - 3, 1, 2, X): (
        r"\begin{cases} 1 & x - 3 > 0 \\ 2 & x - 3 < 0 \\ x & x - 3 = 0 \end{cases}",
        3.0,
    ),
    Operation("RMS", (X,)): (r"\operatorname{RMS}\left(x\right)", 3.0),
    Operation("max", (X, Y)): (r"\max\left(x, \hat{y}_{t}\right)", 4.0),
}


@pytest.mark.parametrize("term", TERMS)
def test_a_term_is_written_as_it_is_evaluated(term):
    text, number = TERMS[term]
    assert latex(term) == text
    assert value(term, {"x": np.array([3.0]), "y": np.array([4.0])}) == number
    assert {symbol.key for symbol in symbols(term)} <= {"x", "y"}
    assert isinstance(tree(term), list)


def test_numbers_put_in_are_bracketed_where_they_need_to_be():
    numbers = {"x": "-2", "y": r"3 \cdot 10^{-9}"}
    assert latex(X**2 - X, lambda symbol: numbers[symbol.key]) == r"\left(-2\right)^{2} - \left(-2\right)"
    assert latex(X * Y + Number(1e-8), lambda symbol: numbers[symbol.key]) == (
        r"\left(-2\right) \cdot 3 \cdot 10^{-9} + 1 \cdot 10^{-8}"
    )
