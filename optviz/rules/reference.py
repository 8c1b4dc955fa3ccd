"""What a reference of optimizers says of each: its update rule in symbols, and how much it keeps, measured.

The rules are those of `derivations`, which are tested against torch's steps. Two have none there and are
written here by hand: a step of LBFGS is a loop of its own, with a line search inside, and takes as many
iterations as it needs; Muon multiplies matrices, in bfloat16.

What an optimizer keeps is not looked up but counted: the real class takes real steps, and the numbers in its
state are added up.

Letters are those of torch's documentation: γ is lr, λ is weight_decay, μ is momentum, g is the gradient and
θ are the parameters; `rule_letters` lists those of a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from optviz.expressions.latex import latex, symbol_latex
from optviz.expressions.terms import Number, Operation, Symbol, Term, symbols
from optviz.optimizers.catalogue import optimizer_info
from optviz.rules.derivations import AFTER, GIVEN, RULES, THETA, Form, Line, T, adafactor_form, flat_settings
from optviz.spec.experiment import OptimizerSpec

_Settings = Mapping[str, Any]
_Letters = tuple[tuple[str, str], ...]
"""Letters as LaTeX, each with what it is."""

# -- rules in symbols ------------------------------------------------------------------------------------

_LATE = 1e9
"""A step so late that nothing of the start is left, however long the memory."""
_WORDS: Mapping[Symbol, str] = {GIVEN: "the gradient", THETA: "the parameters", T: "the step, counted from 1"}

_MEANS = (
    (r"\operatorname{RMS}", "root mean square: the typical size of a matrix's numbers"),
    (r"\operatorname{mean}_{\text{row}}", "the mean of each row"),
    (r"\operatorname{mean}_{\text{column}}", "the mean of each column"),
)


def rule_latex(spec: OptimizerSpec) -> str:
    """The rule of an ordinary later step as one LaTeX block `aligned`, a row `name &= term` for each line.

    Args:
        spec: The optimizer. Its settings decide which lines there are: momentum is there where it has some.
            Whether torch takes the settings is not asked.

    Returns:
        LaTeX; empty for optimizers that are not torch's own.

    Raises:
        ValueError: The optimizer or a hyperparameter is unknown.
    """
    if spec.name in _WRITTEN:
        rows, _ = _WRITTEN[spec.name](_complete(spec))
    else:
        rows = tuple(rf"{symbol_latex(line.name)} &= {latex(line.term)}" for line in rule_lines(spec))
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}" if rows else ""


def rule_letters(spec: OptimizerSpec) -> _Letters:
    """The letters of `rule_latex` that none of its rows explains.

    Args:
        spec: The optimizer.

    Returns:
        Each letter as LaTeX, with what it is. Hyperparameters have torch's names, the numbers of a tuple
        their name and place: "betas[0]".

    Raises:
        ValueError: The optimizer or a hyperparameter is unknown.
    """
    if spec.name in _WRITTEN:
        return _WRITTEN[spec.name](_complete(spec))[1]
    by_key = {symbol.key: symbol for line in rule_lines(spec) for symbol in symbols(line.term)}
    words = {symbol.key: words for symbol, words in _WORDS.items() if symbol.key in by_key}
    for key in by_key:
        name, _, place = key.partition(".")
        if name in optimizer_info(spec).params:
            words[key] = f"{name}[{place}]" if place else name
    for name, begins in _beginnings(spec).items():  # Rprop's lr is only the length of its first step
        if f"{name}.before" in by_key:
            words[f"{name}.before"] = f"before the first step, {begins}"
    letters = tuple((symbol_latex(by_key[key]), each) for key, each in words.items())
    return letters + (_MEANS if spec.name == "Adafactor" else ())


def rule_lines(spec: OptimizerSpec) -> tuple[Line, ...]:
    """The lines of `rule_latex` as terms, with their words; none where they are not terms, or not known.

    torch keeps some numbers in float32: that is left out, as it is no part of the rule.

    Args:
        spec: The optimizer.

    Raises:
        ValueError: The optimizer or a hyperparameter is unknown.
    """
    settings = _complete(spec)
    if spec.name not in RULES:
        return ()
    lines = [Line(each.name, _exact(each.term), each.words) for each in _later(spec.name, settings).lines]
    return _falling_and_averaged(lines) if spec.name == "ASGD" else tuple(lines)


def _complete(spec: OptimizerSpec) -> _Settings:
    return optimizer_info(spec).complete(spec)


def _beginnings(spec: OptimizerSpec) -> Mapping[str, str]:
    """The state that begins as a hyperparameter: names of both."""
    initial = RULES[spec.name].initial(_complete(spec)) if spec.name in RULES else {}
    return {name: value for name, value in initial.items() if isinstance(value, str)}


def _later(name: str, settings: _Settings) -> Form:
    """The form of an ordinary step: SGD's after momentum began, RAdam's when it trusts its scaling.

    Adafactor's is that of a matrix, for which it is made.
    """
    if name == "Adafactor":
        return adafactor_form(settings, matrix=True)
    rule = RULES[name]
    forms = rule.forms(settings)
    if len(forms) == 1:
        return forms[0]
    values = {key: np.full((1, 1), float(number)) for key, number in flat_settings(settings).items()}
    return forms[int(rule.which({**values, "t": np.full((1, 1), _LATE)})[0])]


def _exact(term: Term) -> Term:
    """The term without its roundings to float32."""
    match term:
        case Operation("float32", (inner,)):
            return _exact(inner)
        case Operation(name, parts):
            return Operation(name, tuple(_exact(part) for part in parts))
    return term


def _falling_and_averaged(lines: Sequence[Line]) -> tuple[Line, ...]:
    """ASGD's lines with its learning rate and its average, which derivations read from torch's state.

    torch.optim.ASGD: after each step it sets both for the next one, hence t − 1.
    """
    lr, lambd, power = Symbol("lr", "γ"), Symbol("lambd", "λ", "", "lambd"), Symbol("alpha", "α")
    weight, since = Symbol("mu", "μ", "t"), Symbol("t0", "t", "0")
    before, mean = Symbol("ax.before", "θ", "t−1", "mean"), Symbol("ax", "θ", "t", "mean")
    rate = lr / (1 + lambd * lr * (T - 1)) ** power
    share = 1 / Operation("max", (Number(1.0), T - 1 - since))
    return (
        *(
            Line(line.name, rate, "the falling learning rate") if line.name.key == "rate" else line
            for line in lines
        ),
        Line(weight, share, "1 until averaging begins"),
        Line(mean, before + weight * (AFTER - before), "the average of the points"),
    )


# -- rules that are no terms -----------------------------------------------------------------------------

_SHARED: _Letters = (
    (r"g_{t}", "the gradient"),
    (r"\theta_{t-1}", "the parameters"),
    (r"t", "the step, counted from 1"),
    (r"\gamma", "lr"),
)
_DECAY = (r"\lambda", "weight_decay")


def _lbfgs(settings: _Settings) -> tuple[tuple[str, ...], _Letters]:
    """Liu & Nocedal (1989), algorithm 2.1 and equation 2.4, as in the code of torch.optim.LBFGS.

    Its documentation has no formula. H is never written out as a matrix, only multiplied with g.
    """
    searches = settings["line_search_fn"] is not None
    length = r"\alpha_{t}" if searches else r"\gamma"
    rows = (
        r"s_{t} &= \theta_{t-1} - \theta_{t-2}, \quad y_{t} = g_{t} - g_{t-1}, "
        r"\quad \rho_{t} = \frac{1}{y_{t}^{\top} s_{t}}",
        r"H_{t-m} &= \frac{s_{t}^{\top} y_{t}}{y_{t}^{\top} y_{t}} I",
        r"H_{i} &= (I - \rho_{i} s_{i} y_{i}^{\top}) H_{i-1} (I - \rho_{i} y_{i} s_{i}^{\top}) "
        r"+ \rho_{i} s_{i} s_{i}^{\top}, \quad i = t-m+1, \ldots, t",
        rf"\theta_{{t}} &= \theta_{{t-1}} - {length} H_{{t}} g_{{t}}",
    )
    searched = ((r"\alpha_{t}", "the length that the line search finds, beginning with lr"),)
    gradient, point, _, rate = _SHARED
    count = ("t", "the iteration; a step of torch takes up to max_iter of them")
    last = (("m", "history_size"), ("I", "the identity matrix"))
    return rows, (gradient, point, count, *(searched if searches else (rate,)), *last)


def _muon(settings: _Settings) -> tuple[tuple[str, ...], _Letters]:
    """The algorithm in torch's documentation of Muon, and Jordan et al. (2024) for the iteration.

    The buffer is a mean, as in torch's code; the documentation has a sum, which is the same times a number
    that the first X takes out. A matrix with more rows than columns is turned for the iteration, which gives
    the same.
    """
    looks_ahead = settings["nesterov"]
    used = r"\tilde{g}_{t}" if looks_ahead else "b_{t}"
    ahead = (r"\tilde{g}_{t} &= \mu b_{t} + (1 - \mu) g_{t}",) if looks_ahead else ()
    base, shrunk = _shrunk(settings)
    matched = settings["adjust_lr_fn"] == "match_rms_adamw"
    factor = r"0.2 \sqrt{\max(n, m)}" if matched else r"\sqrt{\max(1, n / m)}"
    rows = (
        r"b_{t} &= \mu b_{t-1} + (1 - \mu) g_{t}",
        *ahead,
        rf"X_{{0}} &= \frac{{{used}}}{{\max(\|{used}\|, \epsilon)}}",
        r"X_{i} &= a X_{i-1} + b X_{i-1} X_{i-1}^{\top} X_{i-1} + c (X_{i-1} X_{i-1}^{\top})^{2} X_{i-1}, "
        r"\quad i = 1, \ldots, k",
        *shrunk,
        rf"\theta_{{t}} &= {base} - \gamma {factor} \, X_{{k}}",
    )
    own = (
        (r"\mu", "momentum"),
        (r"\epsilon", "eps"),
        ("a, b, c", "ns_coefficients"),
        ("k", "ns_steps"),
        ("n, m", "the rows and the columns of the matrix"),
    )
    return rows, (*_SHARED, *((_DECAY,) if shrunk else ()), *own)


def _shrunk(settings: _Settings) -> tuple[str, tuple[str, ...]]:
    """What a step starts from where weight decay shrinks θ directly, and the row that says so."""
    if not settings["weight_decay"]:
        return r"\theta_{t-1}", ()
    return r"\tilde{\theta}_{t-1}", (r"\tilde{\theta}_{t-1} &= \theta_{t-1} - \gamma \lambda \theta_{t-1}",)


_WRITTEN: Mapping[str, Callable[[_Settings], tuple[tuple[str, ...], _Letters]]] = {
    "LBFGS": _lbfgs,
    "Muon": _muon,
}
"""Rows of a rule and its letters, by the optimizer's name."""

# -- what is kept ----------------------------------------------------------------------------------------

_SHAPE = (32, 64)
"""Of the weight matrix that is stepped."""
_SETTLED = 12
"""Steps without growth after which the state counts as complete: some begin to keep things later."""
_MOST_STEPS = 1200


@dataclass(frozen=True)
class Footprint:
    """What an optimizer keeps from step to step, besides the parameters and single numbers such as `step`."""

    numbers: float
    """Numbers kept for each number of the weight matrix."""
    names: tuple[str, ...]
    """What they are, by torch's names in the optimizer's state."""
    grows: bool
    """Whether some are a list of past steps, which grows until it is as long as the settings allow."""


def footprint(spec: OptimizerSpec) -> Footprint:
    """What the real optimizer keeps of a weight matrix of 32 × 64 numbers in float32 on the CPU, measured.

    It takes steps until its state has long been as large as it gets, so that a history is full, which takes
    seconds for a long one. The learning rate stays at its default: it does not change what is kept, and an
    extreme one would end the run early. An optimizer that holds something elsewhere than in torch's `state`
    keeps more than is counted. Deterministic; the program's random state stays as it is; the last 256 results
    are cached.

    Raises:
        ValueError: There is no such optimizer, or it does not take the settings or a matrix.
    """
    params = {name: value for name, value in spec.params.items() if name != "lr"}
    return _footprint(OptimizerSpec(spec.name, params))


def options_that_keep_more(name: str) -> dict[str, float]:
    """The hyperparameters that make an optimizer keep more than it does at its defaults.

    They are switches, and shares that are 0 by default.

    Args:
        name: The optimizer's name.

    Returns:
        By the hyperparameter's name how many more numbers are kept for each of the parameter's, measured.

    Raises:
        ValueError: The optimizer is unknown.
    """
    plain = footprint(OptimizerSpec(name)).numbers
    more: dict[str, float] = {}
    for option, param in optimizer_info(OptimizerSpec(name)).params.items():
        if param.default is not False and param.default != 0.0:
            continue
        with suppress(ValueError):  # nesterov, say, is refused by itself
            value = True if param.default is False else 0.5
            kept = footprint(OptimizerSpec(name, {option: value})).numbers
            if kept > plain:
                more[option] = kept - plain
    return more


@lru_cache(maxsize=256)
def _footprint(spec: OptimizerSpec) -> Footprint:
    info = optimizer_info(spec)
    settings = info.settings(spec)
    generator = torch.Generator().manual_seed(0)
    theta, tilt = (
        torch.randn(_SHAPE, generator=generator, dtype=torch.float32, device="cpu") for _ in range(2)
    )
    theta.requires_grad_()
    try:
        # Some of other packages draw random numbers of their own: the program's stay as they are.
        with torch.random.fork_rng(devices=[]), torch.enable_grad():
            torch.default_generator.manual_seed(0)
            optimizer = info.make([theta], **settings)  # type: ignore[arg-type]  # torch judges the settings
            _fill(optimizer, theta, tilt)
    except Exception as error:  # whatever somebody else's class raises
        raise ValueError(f"{info.name} cannot be measured: {error}") from error
    theta.grad = None  # what the state keeps of it stays
    kept = _kept(optimizer, theta)
    return Footprint(
        sum(kept.values()) / theta.numel(), tuple(kept), _is_history(optimizer.state, theta.numel())
    )


def _fill(optimizer: Optimizer, theta: Tensor, tilt: Tensor) -> None:
    """Step until what is kept has not become more for long."""

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = _chain(theta, tilt)
        loss.backward()
        return loss

    most, since = 0, 0
    for _ in range(_MOST_STEPS):
        optimizer.step(closure)  # type: ignore[arg-type]  # torch types it float
        total = sum(_kept(optimizer, theta).values())
        most, since = max(most, total), since + 1 if total <= most else 0
        if since == _SETTLED:
            return


def _chain(theta: Tensor, tilt: Tensor) -> Tensor:
    """A convex parabola on which every method that only sees gradients stays busy for a thousand steps.

    Each number is tied to the next by a spring (Nesterov 2004, Introductory Lectures on Convex Optimization,
    2.1.2: information travels one spring a step), and all are pulled, so that no gradient is 0 at first.
    """
    x = theta.flatten()
    return ((x[1:] - x[:-1]) ** 2).sum() / 2 + (x[0] ** 2 + x[-1] ** 2) / 2 - (tilt.flatten() * x).sum()


def _kept(optimizer: Optimizer, theta: Tensor) -> dict[str, int]:
    """How many numbers are kept, by torch's names; each storage once, the parameter's own not at all."""
    seen = {theta.untyped_storage().data_ptr()}
    kept: dict[str, int] = {}
    for key, state in optimizer.state.items():
        for name, values in state.items() if isinstance(state, Mapping) else ((str(key), state),):
            count = sum(_stored(tensor, seen) for tensor in _tensors(values))
            if count:
                kept[str(name)] = kept.get(str(name), 0) + count
    return kept


def _stored(tensor: Tensor, seen: set[int]) -> int:
    """How many numbers lie in a tensor's storage, if it was not seen before; a single one does not count."""
    storage = tensor.untyped_storage()
    if tensor.numel() < 2 or storage.data_ptr() in seen:
        return 0
    seen.add(storage.data_ptr())
    return storage.nbytes() // tensor.element_size()


def _tensors(values: Any) -> Iterator[Tensor]:
    """All tensors in dicts, lists and tuples, however deep."""
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, Mapping):
        yield from _tensors(list(values.values()))
    elif isinstance(values, Sequence) and not isinstance(values, str):
        for part in values:
            yield from _tensors(part)


def _is_history(values: Any, size: int) -> bool:
    """Whether there is a list of tensors that are all as large as the parameter."""
    if isinstance(values, Mapping):
        return any(_is_history(part, size) for part in values.values())
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        return False
    return all(isinstance(part, Tensor) and part.numel() == size for part in values)
