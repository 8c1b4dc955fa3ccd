"""What the reference says of each optimizer, against what is known of it from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch.optim import Optimizer

import optviz as ov
from optviz.expressions.values import value
from optviz.rules.derivations import RULES, flat_settings
from optviz.rules.reference import (
    Footprint,
    _footprint,
    footprint,
    options_that_keep_more,
    rule_latex,
    rule_letters,
    rule_lines,
)

NAMES = tuple(ov.OPTIMIZERS)
SIZE = 32 * 64


def spec(name: str, **params: object) -> ov.OptimizerSpec:
    return ov.OptimizerSpec(name, params)


# -- words and rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_of_torch_says_when_to_use_it(name: str) -> None:
    info = ov.OPTIMIZERS[name]
    assert info.when.endswith(".") and 80 < len(info.when) < 240
    assert info.when[0].isupper() and info.when.isascii() and "  " not in info.when
    assert info.source


def test_settings_that_the_words_name_are_torchs() -> None:
    """What is said of defaults is so, and what is told to be chosen can be."""
    said = {name: ov.OPTIMIZERS[name] for name in NAMES}
    assert "lr of 0.001" in said["Adam"].when and said["Adam"].params["lr"].default == 0.001
    assert "twice" in said["NAdam"].when and said["NAdam"].params["lr"].default == 2 * 0.001
    assert "lr of 0.01 " in said["RMSprop"].when and said["RMSprop"].params["lr"].default == 0.01
    assert "lr at 1." in said["Adadelta"].when and said["Adadelta"].params["lr"].default == 1
    assert "eps of 1e-6" in said["Adadelta"].when and said["Adadelta"].params["eps"].default == 1e-6
    assert "1,000,000" in said["ASGD"].when and said["ASGD"].params["t0"].default == 1_000_000
    assert said["LBFGS"].params["line_search_fn"].kind.check("strong_wolfe")


@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_of_torch_has_a_rule_that_ends_with_the_parameters(name: str) -> None:
    text = rule_latex(spec(name))
    first, *rows, last = text.split("\n")
    assert (first, last) == (r"\begin{aligned}", r"\end{aligned}")
    assert all(row.endswith(r" \\") for row in rows[:-1]) and not rows[-1].endswith("\\")
    assert all(" &= " in row for row in rows) and any(row.startswith(r"\theta_{t} &= ") for row in rows)
    assert text.count("{") == text.count("}") and "float32" not in text and "None" not in text
    assert bool(rule_lines(spec(name))) is (name in RULES)


def test_adams_rule_is_adams() -> None:
    assert rule_latex(spec("Adam")).split("\n")[1:-1] == [
        r"m_{t} &= \beta_{1} m_{t-1} + \left(1 - \beta_{1}\right) g_{t} \\",
        r"v_{t} &= \beta_{2} v_{t-1} + \left(1 - \beta_{2}\right) g_{t}^{2} \\",
        r"\hat{m}_{t} &= \frac{m_{t}}{1 - \beta_{1}^{t}} \\",
        r"\hat{v}_{t} &= \frac{v_{t}}{1 - \beta_{2}^{t}} \\",
        r"\theta_{t} &= \theta_{t-1} - \gamma \frac{\hat{m}_{t}}{\sqrt{\hat{v}_{t}} + \epsilon}",
    ]


@pytest.mark.parametrize(
    ("chosen", "there", "missing"),
    [
        (spec("SGD"), r"\theta_{t-1} - \gamma g_{t}", r"\mu"),
        (spec("SGD", momentum=0.9), r"b_{t} &= \mu b_{t-1} + ", "b_{t} &= g_{t}"),
        (spec("AdamW"), r"\gamma \lambda \theta_{t-1}", "max"),
        (spec("AdamW", weight_decay=0.0), r"\sqrt{\hat{v}_{t}}", r"\lambda"),
        (spec("Adam", amsgrad=True), r"v_{t}^{\text{max}} &= \max", r"\lambda"),
        (spec("RAdam"), r"\gamma \hat{m}_{t} r_{t} l_{t}", r"\lambda"),
        (spec("RAdam", betas=(0.9, 0.5)), r"- \gamma \hat{m}_{t}", "r_{t}"),  # never trusts its scaling
        (spec("RMSprop"), r"\gamma \frac{g_{t}}{d_{t}}", r"\mu"),
        (spec("RMSprop", momentum=0.9), r"\theta_{t-1} - \gamma b_{t}", r"\lambda"),
        (spec("Adafactor"), r"\min\left(\gamma, \frac{1}{\sqrt{t}}\right)", r"\lambda"),
        (spec("Adafactor", weight_decay=0.1, maximize=True), r"\lambda", r"\left(g_{t}^{2}\right)"),
        (spec("LBFGS"), r"\theta_{t-1} - \gamma H_{t} g_{t}", r"\alpha"),
        (spec("LBFGS", line_search_fn="strong_wolfe"), r"- \alpha_{t} H_{t} g_{t}", r"\gamma"),
        (spec("Muon"), r"\gamma \sqrt{\max(1, n / m)} \, X_{k}", "0.2"),
        (
            spec("Muon", nesterov=False, adjust_lr_fn="match_rms_adamw"),
            r"0.2 \sqrt{\max(n, m)}",
            r"\tilde{g}",
        ),
    ],
    ids=lambda each: f"{each.name} {dict(each.params)}" if isinstance(each, ov.OptimizerSpec) else "",
)
def test_a_rule_has_what_its_settings_ask_for(chosen: ov.OptimizerSpec, there: str, missing: str) -> None:
    assert there in rule_latex(chosen) and missing not in rule_latex(chosen)


@pytest.mark.parametrize("name", NAMES)
def test_letters_stand_in_their_rule_and_name_what_there_is(name: str) -> None:
    params, rule = ov.OPTIMIZERS[name].params, rule_latex(spec(name))
    letters = dict(rule_letters(spec(name)))
    assert len(letters) == len(rule_letters(spec(name)))
    assert letters[r"\theta_{t-1}"] == "the parameters" and letters["g_{t}"] == "the gradient"
    for letter, words in letters.items():
        assert all(part in rule for part in letter.split(", "))
        assert " " in words or re.sub(r"\[\d\]$", "", words) in params
    assert any("lr" in words.split() for words in letters.values())


def test_letters_mean_what_torchs_documentation_means() -> None:
    adamw, sgd = dict(rule_letters(spec("AdamW"))), dict(rule_letters(spec("SGD", momentum=0.9)))
    assert adamw[r"\gamma"] == sgd[r"\gamma"] == "lr" and adamw[r"\lambda"] == "weight_decay"
    assert sgd[r"\mu"] == "momentum" and sgd[r"\tau"] == "dampening" and adamw[r"\beta_{2}"] == "betas[1]"
    assert dict(rule_letters(spec("Rprop")))[r"\Delta_{t-1}"] == "before the first step, lr"


def test_asgds_rule_is_torchs_with_its_average() -> None:
    """The lines that no derivation has, evaluated from the settings alone for steps before and after t0."""
    params = {"lr": 0.1, "lambd": 0.05, "alpha": 0.6, "t0": 3.0}
    theta = torch.tensor([2.0, -1.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.ASGD([theta], **params)
    mean = np.zeros(2)
    for step in range(1, 9):
        known = {**params, "t": float(step), "ax.before": mean}
        known["theta"] = np.array(theta.tolist())
        theta.grad = theta.detach() ** 3
        known["given"] = theta.grad.numpy()
        for line in rule_lines(spec("ASGD")):
            known[line.name.key] = value(line.term, known)
        optimizer.step()
        mean = optimizer.state[theta]["ax"].numpy().copy()
        # torch keeps the learning rate in float32
        np.testing.assert_allclose(known["after"], theta.tolist(), rtol=1e-6)
        np.testing.assert_allclose(known["ax"], mean, rtol=1e-6)
    assert np.abs(mean - theta.tolist()).min() > 1e-3


def test_adafactors_rule_of_a_matrix_is_torchs() -> None:
    """No derivation has it: two numbers are no matrix."""
    params = {"lr": 0.3, "beta2_decay": -0.7, "eps": (1e-4, 1e-2), "d": 1.1, "weight_decay": 0.1}
    chosen = spec("Adafactor", **params, maximize=True)
    generator = torch.Generator().manual_seed(3)
    theta = torch.randn(3, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adafactor([theta], **params, maximize=True)
    known = {**flat_settings(params), "row_var.before": np.zeros((3, 1)), "col_var.before": np.zeros((1, 4))}
    for step in range(1, 9):
        theta.grad = 10 ** (step - 4) * torch.randn(3, 4, generator=generator, dtype=torch.float64)
        known |= {"t": float(step), "theta": theta.detach().numpy().copy(), "given": theta.grad.numpy()}
        for line in rule_lines(chosen):
            known[line.name.key] = value(line.term, known, tensor=(-2, -1))
        optimizer.step()
        np.testing.assert_allclose(known["after"], theta.detach(), rtol=1e-11)
        for name in ("row_var", "col_var"):
            np.testing.assert_allclose(known[name], optimizer.state[theta][name], rtol=1e-11)
            known[f"{name}.before"] = known[name]


def test_unknown_names_and_settings_are_refused() -> None:
    for ask in (rule_latex, rule_letters, rule_lines, footprint):
        with pytest.raises(ValueError, match="no optimizer named 'Best'"):
            ask(spec("Best"))
        with pytest.raises(ValueError, match="momentum"):
            ask(spec("Adam", momentum=0.9))


# -- what is kept ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "numbers", "names"),
    [
        (spec("SGD"), 0, ()),
        (spec("SGD", momentum=0.9), 1, ("momentum_buffer",)),
        (spec("Adam"), 2, ("exp_avg", "exp_avg_sq")),
        (spec("Adam", amsgrad=True), 3, ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")),
        (spec("AdamW"), 2, ("exp_avg", "exp_avg_sq")),
        (spec("NAdam"), 2, ("exp_avg", "exp_avg_sq")),
        (spec("RAdam"), 2, ("exp_avg", "exp_avg_sq")),
        (spec("Adamax"), 2, ("exp_avg", "exp_inf")),
        (spec("RMSprop"), 1, ("square_avg",)),
        (spec("RMSprop", centered=True), 2, ("grad_avg", "square_avg")),
        (spec("RMSprop", momentum=0.9), 2, ("momentum_buffer", "square_avg")),
        (spec("RMSprop", momentum=0.9, centered=True), 3, ("grad_avg", "momentum_buffer", "square_avg")),
        (spec("Adagrad"), 1, ("sum",)),
        (spec("Adadelta"), 2, ("acc_delta", "square_avg")),
        (spec("Adafactor"), (32 + 64) / SIZE, ("col_var", "row_var")),
        (spec("ASGD"), 1, ("ax",)),
        (spec("Rprop"), 2, ("prev", "step_size")),
        (spec("Muon"), 1, ("momentum_buffer",)),
    ],
    ids=lambda each: f"{each.name} {dict(each.params)}" if isinstance(each, ov.OptimizerSpec) else "",
)
def test_what_is_kept_is_what_is_known(chosen: ov.OptimizerSpec, numbers: float, names: tuple) -> None:
    found = footprint(chosen)
    assert found.numbers == numbers and tuple(sorted(found.names)) == names and not found.grows


@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"history_size": 1},
        {"history_size": 7},
        {"history_size": 30, **ov.OPTIMIZERS["LBFGS"].suggested},
        {"history_size": 30, "lr": 1e4},
    ],
    ids=str,
)
def test_a_history_is_measured_when_it_is_full(params: dict) -> None:
    """Pairs of a step and a change of the gradient; besides them the last direction and gradient."""
    found = footprint(spec("LBFGS", **params))
    assert found == Footprint(
        2 * params.get("history_size", 100) + 2, ("d", "old_dirs", "old_stps", "prev_flat_grad"), True
    )


@pytest.mark.parametrize("name", ["Adam", "Adafactor", "Rprop", "Muon"])
def test_measuring_is_deterministic_and_leaves_the_program_as_it_was(name: str) -> None:
    random, kind, threads = torch.get_rng_state(), torch.get_default_dtype(), torch.get_num_threads()
    try:
        with torch.no_grad():
            torch.set_default_dtype(torch.float64)
            first = _footprint.__wrapped__(spec(name))
    finally:
        torch.set_default_dtype(kind)
    assert first == _footprint.__wrapped__(spec(name)) == footprint(spec(name, lr=0.5))
    assert torch.equal(random, torch.get_rng_state()) and torch.get_num_threads() == threads


def test_what_torch_refuses_is_said_in_its_words() -> None:
    with pytest.raises(ValueError, match=r"SGD cannot be measured: Nesterov momentum requires"):
        footprint(spec("SGD", nesterov=True))


# -- somebody else's ---------------------------------------------------------------------------------------


class Keeper(Optimizer):
    """Keeps things in all the ways that people do, and draws random numbers."""

    def __init__(self, params, lr: float = 0.1, refuses: bool = False) -> None:
        super().__init__(params, {"lr": lr, "refuses": refuses})

    def step(self, closure=None):
        loss = None if closure is None else closure()
        for part in self.param_groups[0]["params"]:
            if self.param_groups[0]["refuses"]:
                raise KeyError("not today")
            state = self.state[part]
            state["step"] = torch.ones(1)
            state["same"] = part.data  # the parameter itself is there anyway
            state["nested"] = {"a": [torch.rand(32, 1), (torch.rand(64),)], "text": "x", "none": None}
            state["twice"] = [state["nested"]["a"][0].T]  # seen before
            state["half"] = torch.zeros(64, 64, dtype=torch.bfloat16)[:32]  # its storage is twice as large
            self.state["all"] = torch.zeros(1).expand(SIZE)  # one number, however large it seems
        return loss


@pytest.fixture
def keeper() -> Iterator[None]:
    with ov.OPTIMIZERS.temporarily():
        ov.register_optimizer(Keeper)
        yield
    _footprint.cache_clear()  # another class may get the name


@pytest.mark.usefixtures("keeper")
def test_somebody_elses_optimizer_is_measured_and_has_no_rule() -> None:
    random = torch.get_rng_state()
    found = footprint(spec("Keeper"))
    assert found.numbers * SIZE == 32 + 64 + 64 * 64 + 1
    assert found.names == ("nested", "half", "all") and not found.grows
    assert torch.equal(random, torch.get_rng_state())
    assert (
        rule_latex(spec("Keeper")) == "" and rule_letters(spec("Keeper")) == rule_lines(spec("Keeper")) == ()
    )
    assert ov.OPTIMIZERS["Keeper"].when == ""


@pytest.mark.usefixtures("keeper")
def test_what_somebody_elses_optimizer_raises_is_a_sentence() -> None:
    with pytest.raises(ValueError, match="Keeper cannot be measured: 'not today'"):
        footprint(spec("Keeper", refuses=True))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"momentum": 1.0}),
        ("Adam", {"amsgrad": 1.0}),
        ("RMSprop", {"momentum": 1.0, "centered": 1.0}),
        ("Adagrad", {}),
    ],
)
def test_what_makes_it_keep_more_is_found(name: str, options: dict[str, float]) -> None:
    assert options_that_keep_more(name) == options
