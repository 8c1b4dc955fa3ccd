"""What one step did, as formulas with its numbers: the update rules of torch's optimizers, line by line.

A rule is written once, as terms. The same terms are evaluated, printed as LaTeX, and sent to the player,
which puts in the numbers of any step: what is shown is what is tested against torch. Each line starts from
torch's own state before the step, so no error adds up from step to step.

Letters are those of torch's documentation: γ is lr, λ is weight_decay, μ is momentum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from optviz.engine.outcome import Array
from optviz.engine.trajectory import Trajectory
from optviz.expressions.latex import latex, number_latex, symbol_latex
from optviz.expressions.terms import (
    Number,
    Operation,
    Symbol,
    Term,
    apart,
    by_sign,
    sqrt,
    symbols,
)
from optviz.expressions.values import Values, value
from optviz.optimizers.catalogue import optimizer_info
from optviz.spec.experiment import RunSpec
from optviz.spec.wording import counted


@dataclass(frozen=True)
class Line:
    """One line of a derivation: `name` becomes the value of `term`."""

    name: Symbol
    term: Term
    words: str
    """What it is."""


@dataclass(frozen=True)
class Form:
    """The lines of one kind of step, the last of which is θ after it."""

    lines: tuple[Line, ...]
    parts: Mapping[str, Term]
    """What the step is the sum of: "gradient", "momentum", "weight decay"."""


_Settings = Mapping[str, Any]


@dataclass(frozen=True)
class _Rule:
    """How an optimizer steps."""

    forms: Callable[[_Settings], Sequence[Form]]
    initial: Callable[[_Settings], Mapping[str, float | str]] = lambda settings: {}
    """torch's state before the first step: a number, or the key of what it equals."""
    which: Callable[[Values], Any] = lambda values: np.zeros(len(values["t"]), dtype=np.int64)
    """(n,) the form of each step, from `lr`, `t` and the settings, each (n, 1)."""
    none: Callable[[str], Mapping[str, float]] = lambda dtype: {}
    """What torch puts where a setting is None, by its key, in a run of that dtype."""
    of_tensors: bool = False
    """Whether the numbers of a tensor enter each other's steps. It holds where one tensor has all that is
    trained; where that is a single number, the settings that `forms` gets say "alone"."""


THETA = Symbol("theta", "θ", "t−1")
AFTER = Symbol("after", "θ", "t")
GIVEN = Symbol("given", "g", "t")
T = Symbol("t", "t")
_LR, _EPS = Symbol("lr", "γ"), Symbol("eps", "ε")
_DECAY, _MOMENTUM = Symbol("weight_decay", "λ"), Symbol("momentum", "μ")
_BETA1, _BETA2 = Symbol("betas.0", "β", "1"), Symbol("betas.1", "β", "2")
_SLOPE = Symbol("slope", "g", "t", "prime")
_SHRUNK = Symbol("shrunk", "θ", "t−1", "tilde")


def _before(name: str, base: str, mark: str = "") -> Symbol:
    return Symbol(f"{name}.before", base, "t−1", mark)


def _state(name: str, base: str, mark: str = "") -> Symbol:
    """What the optimizer keeps, by torch's name."""
    return Symbol(name, base, "t", mark)


_M0, _M = _before("exp_avg", "m"), _state("exp_avg", "m")
_V0, _V = _before("exp_avg_sq", "v"), _state("exp_avg_sq", "v")
_B0, _B = _before("momentum_buffer", "b"), _state("momentum_buffer", "b")


@dataclass(frozen=True)
class _Slope:
    """The gradient as a rule uses it: turned for `maximize`, with weight decay where that goes through it."""

    term: Term
    lines: tuple[Line, ...]
    pieces: Mapping[str, Term]

    def times(self, factor: Term) -> dict[str, Term]:
        """What it contributes to a step."""
        return {name: factor * piece for name, piece in self.pieces.items()}


def _slope(settings: _Settings, decays: bool = True) -> _Slope:
    gradient: Term = -GIVEN if settings.get("maximize") else GIVEN
    if not decays or not settings.get("weight_decay"):
        if gradient is GIVEN:
            return _Slope(GIVEN, (), {"gradient": GIVEN})
        line = Line(_SLOPE, gradient, "uphill: the gradient with its sign turned")
        return _Slope(_SLOPE, (line,), {"gradient": gradient})
    line = Line(_SLOPE, gradient + _DECAY * THETA, "the gradient with weight decay")
    return _Slope(_SLOPE, (line,), {"gradient": gradient, "weight decay": _DECAY * THETA})


def _shrinking(settings: _Settings, decoupled: bool) -> tuple[Term, tuple[Line, ...], dict[str, Term]]:
    """Weight decay that shrinks θ directly: what the step starts from, its line, its part."""
    if not decoupled or not settings["weight_decay"]:
        return THETA, (), {}
    line = Line(_SHRUNK, THETA - _LR * _DECAY * THETA, "weight decay shrinks the point itself")
    return _SHRUNK, (line,), {"weight decay": -_LR * _DECAY * THETA}


def _sum(name: Symbol, before: Symbol, kept: Term, new: Term, words: str) -> Line:
    """A running mean: the share `kept` of what was, the rest of what is new."""
    return Line(name, kept * before + (1 - kept) * new, words)


def _sgd(settings: _Settings) -> Sequence[Form]:
    slope = _slope(settings)
    after = Line(AFTER, THETA - _LR * slope.term, "the step")
    plain = Form((*slope.lines, after), slope.times(-_LR))
    if not settings["momentum"]:
        return (plain,)
    fresh: Term = 1 - Symbol("dampening", "τ")
    nesterov = settings["nesterov"]

    def form(buffer: Line, new: Term | float, old: Term | None) -> Form:
        lines, used = [*slope.lines, buffer], _B
        share: Term = -_LR * new if not nesterov else -_LR * (1 + _MOMENTUM * new)
        if nesterov:
            used = Symbol("ahead", "g", "t", "tilde")
            lines.append(Line(used, slope.term + _MOMENTUM * _B, "one momentum step further on"))
        lines.append(Line(AFTER, THETA - _LR * used, "the step"))
        parts = slope.times(share)
        if old is not None:
            parts["momentum"] = (-_LR * _MOMENTUM if nesterov else -_LR) * old
        return Form(tuple(lines), parts)

    first = Line(_B, slope.term, "momentum begins as the first gradient")
    later = Line(_B, _MOMENTUM * _B0 + fresh * slope.term, "momentum: what is kept, and the new gradient")
    return form(later, fresh, _MOMENTUM * _B0), form(first, Number(1.0), None), plain


def _sgd_forms(values: Values) -> Any:
    """Momentum begins with the first gradient that meets it; at 0 it is not used at all."""
    before = values.get("momentum_buffer.before")
    none_yet = values["t"] == 1
    if before is not None:
        none_yet |= np.isnan(before).all(axis=1, keepdims=True) & ~np.isnan(values["given"]).any(
            axis=1, keepdims=True
        )
    return np.where(values["momentum"] == 0, 2, none_yet)[:, 0]


def _adam(settings: _Settings) -> Sequence[Form]:
    decoupled = settings.get("decoupled_weight_decay", False)
    slope = _slope(settings, not decoupled)
    base, shrinking, decay = _shrinking(settings, decoupled)
    peak = Symbol("max_exp_avg_sq", "v", "t", "max")
    square = peak if settings["amsgrad"] else _V
    m_hat, v_hat = Symbol("m_hat", "m", "t", "hat"), Symbol("v_hat", "v", "t", "hat")
    largest = Operation("max", (_before("max_exp_avg_sq", "v", "max"), _V))
    lines = (
        *slope.lines,
        *shrinking,
        _sum(_M, _M0, _BETA1, slope.term, "running mean of the gradient"),
        _sum(_V, _V0, _BETA2, slope.term**2, "running mean of its square"),
        *((Line(peak, largest, "the largest so far"),) if settings["amsgrad"] else ()),
        Line(m_hat, _M / (1 - _BETA1**T), "corrected for having begun at 0"),
        Line(v_hat, square / (1 - _BETA2**T), "corrected for having begun at 0"),
        Line(AFTER, base - _LR * (m_hat / (sqrt(v_hat) + _EPS)), "the step"),
    )
    factor = -_LR / ((sqrt(v_hat) + _EPS) * (1 - _BETA1**T))
    parts = {**slope.times(factor * (1 - _BETA1)), "momentum": factor * (_BETA1 * _M0), **decay}
    return (Form(lines, parts),)


def _nadam(settings: _Settings) -> Sequence[Form]:
    decoupled = settings["decoupled_weight_decay"]
    slope = _slope(settings, not decoupled)
    base, shrinking, decay = _shrinking(settings, decoupled)
    psi = Symbol("momentum_decay", "ψ")
    now, later = Symbol("mu", "μ", "t"), Symbol("mu_next", "μ", "t+1")
    product = _state("mu_product", "Π")
    v_hat, m_hat = Symbol("v_hat", "v", "t", "hat"), Symbol("m_hat", "m", "t", "hat")
    old = later / (1 - product * later)
    new = (1 - now) / (1 - product)
    lines = (
        *slope.lines,
        *shrinking,
        Line(now, _BETA1 * (1 - 0.5 * 0.96 ** (T * psi)), "momentum, warming up"),
        Line(later, _BETA1 * (1 - 0.5 * 0.96 ** ((T + 1) * psi)), "momentum of the next step"),
        Line(
            product,
            Operation("float32", (_before("mu_product", "Π") * Operation("float32", (now,)),)),
            "product of all so far; torch keeps it in float32",
        ),
        _sum(_M, _M0, _BETA1, slope.term, "running mean of the gradient"),
        _sum(_V, _V0, _BETA2, slope.term**2, "running mean of its square"),
        Line(m_hat, old * _M + new * slope.term, "looking one momentum step ahead"),
        Line(v_hat, _V / (1 - _BETA2**T), "corrected for having begun at 0"),
        Line(AFTER, base - _LR * (m_hat / (sqrt(v_hat) + _EPS)), "the step"),
    )
    factor = -_LR / (sqrt(v_hat) + _EPS)
    parts = {
        **slope.times(factor * (old * (1 - _BETA1) + new)),
        "momentum": factor * (old * (_BETA1 * _M0)),
        **decay,
    }
    return (Form(lines, parts),)


def _radam(settings: _Settings) -> Sequence[Form]:
    decoupled = settings["decoupled_weight_decay"]
    slope = _slope(settings, not decoupled)
    base, shrinking, decay = _shrinking(settings, decoupled)
    m_hat, rho, most = Symbol("m_hat", "m", "t", "hat"), Symbol("rho", "ρ", "t"), Symbol("rho_inf", "ρ", "∞")
    trust, scale = Symbol("r", "r", "t"), Symbol("l", "l", "t")
    begin = (
        *slope.lines,
        *shrinking,
        _sum(_M, _M0, _BETA1, slope.term, "running mean of the gradient"),
        _sum(_V, _V0, _BETA2, slope.term**2, "running mean of its square"),
        Line(m_hat, _M / (1 - _BETA1**T), "corrected for having begun at 0"),
        Line(most, 2 / (1 - _BETA2) - 1, "the length of that memory"),
        Line(rho, most - 2 * T * _BETA2**T / (1 - _BETA2**T), "how much of it is filled: above 5 is trusted"),
    )
    rectified = (
        Line(scale, sqrt(1 - _BETA2**T) / (sqrt(_V) + _EPS), "one over the root mean square"),
        Line(trust, sqrt((rho - 4) * (rho - 2) * most / ((most - 4) * (most - 2) * rho)), "how far"),
        Line(AFTER, base - _LR * m_hat * trust * scale, "the step"),
    )
    plain = (Line(AFTER, base - _LR * m_hat, "the step: no scaling yet"),)

    def parts(factor: Term) -> dict[str, Term]:
        share = factor / (1 - _BETA1**T)
        return {**slope.times(share * (1 - _BETA1)), "momentum": share * (_BETA1 * _M0), **decay}

    return (
        Form((*begin, *plain), parts(-_LR)),
        Form((*begin, *rectified), parts(-_LR * trust * scale)),
    )


def _is_rectified(values: Values) -> Any:
    beta2, t = values["betas.1"], values["t"]
    most = 2 / (1 - beta2) - 1
    return (most - 2 * t * beta2**t / (1 - beta2**t) > 5.0).astype(np.int64)[:, 0]


def _adamax(settings: _Settings) -> Sequence[Form]:
    slope = _slope(settings)
    peak = _state("exp_inf", "u")
    largest = Operation("max", (_BETA2 * _before("exp_inf", "u"), Operation("abs", (slope.term,)) + _EPS))
    lines = (
        *slope.lines,
        _sum(_M, _M0, _BETA1, slope.term, "running mean of the gradient"),
        Line(peak, largest, "the largest gradient, slowly forgotten"),
        Line(AFTER, THETA - _LR / (1 - _BETA1**T) * (_M / peak), "the step"),
    )
    factor = -_LR / ((1 - _BETA1**T) * peak)
    return (Form(lines, {**slope.times(factor * (1 - _BETA1)), "momentum": factor * (_BETA1 * _M0)}),)


def _rmsprop(settings: _Settings) -> Sequence[Form]:
    slope = _slope(settings)
    alpha, root = Symbol("alpha", "α"), Symbol("root", "d", "t")
    square, mean = _state("square_avg", "v"), _state("grad_avg", "g", "mean")
    lines = [
        *slope.lines,
        _sum(
            square, _before("square_avg", "v"), alpha, slope.term**2, "running mean of the squared gradient"
        ),
    ]
    spread: Term = square
    if settings["centered"]:
        lines.append(_sum(mean, _before("grad_avg", "g", "mean"), alpha, slope.term, "and of the gradient"))
        spread = square - mean**2
    lines.append(Line(root, sqrt(spread) + _EPS, "what the gradient is divided by"))
    after = Line(AFTER, THETA - _LR * (slope.term / root), "the step")
    plain = Form((*lines, after), slope.times(-_LR / root))
    if not settings["momentum"]:
        return (plain,)
    buffer = Line(_B, _MOMENTUM * _B0 + slope.term / root, "momentum of the scaled gradients")
    parts = {**slope.times(-_LR / root), "momentum": -_LR * (_MOMENTUM * _B0)}
    return Form((*lines, buffer, Line(AFTER, THETA - _LR * _B, "the step")), parts), plain


def _adagrad(settings: _Settings) -> Sequence[Form]:
    slope = _slope(settings)
    total, rate = _state("sum", "s"), Symbol("rate", "γ", "t", "tilde")
    used: Term = _LR
    lines = [*slope.lines]
    if settings["lr_decay"]:
        used = rate
        decayed = _LR / (1 + (T - 1) * Symbol("lr_decay", "η"))
        lines.append(Line(rate, decayed, "the learning rate, decayed"))
    lines += [
        Line(total, _before("sum", "s") + slope.term**2, "sum of all squared gradients"),
        Line(AFTER, THETA - used * (slope.term / (sqrt(total) + _EPS)), "the step"),
    ]
    return (Form(tuple(lines), slope.times(-used / (sqrt(total) + _EPS))),)


def _adadelta(settings: _Settings) -> Sequence[Form]:
    slope = _slope(settings)
    rho = Symbol("rho", "ρ")
    square, deltas = _state("square_avg", "v"), _state("acc_delta", "u")
    past, delta = _before("acc_delta", "u"), Symbol("delta", "Δ", "t")
    factor = sqrt(past + _EPS) / sqrt(square + _EPS)
    lines = (
        *slope.lines,
        _sum(square, _before("square_avg", "v"), rho, slope.term**2, "running mean of the squared gradient"),
        Line(delta, factor * slope.term, "the gradient, scaled to the size of past steps"),
        _sum(deltas, past, rho, delta**2, "running mean of the squared steps"),
        Line(AFTER, THETA - _LR * delta, "the step"),
    )
    return (Form(lines, slope.times(-_LR * factor)),)


def _rprop(settings: _Settings) -> Sequence[Form]:
    slope = _slope(settings, decays=False)
    turn, used = Symbol("turn", "s", "t"), _state("prev", "g", "used")
    factor, size = Symbol("factor", "η", "t"), _state("step_size", "Δ")
    shrinks, grows = Symbol("etas.0", "η", "−"), Symbol("etas.1", "η", "+")
    least, most = Symbol("step_sizes.0", "Δ", "min"), Symbol("step_sizes.1", "Δ", "max")
    bounded = Operation("min", (Operation("max", (_before("step_size", "Δ") * factor, least)), most))
    lines = (
        *slope.lines,
        Line(turn, slope.term * _before("prev", "g", "used"), "above 0 where the slope kept its sign"),
        Line(factor, by_sign(turn, grows, shrinks, 1), "longer where it did, shorter where it turned"),
        Line(size, bounded, "the length of the step, within its limits"),
        Line(used, by_sign(turn, slope.term, 0, slope.term), "no step where the sign turned"),
        Line(AFTER, THETA - Operation("sign", (used,)) * size, "the step"),
    )
    return (Form(lines, {"gradient": -(Operation("sign", (used,)) * size)}),)


def _asgd(settings: _Settings) -> Sequence[Form]:
    slope = _slope(settings)
    rate, lambd = Symbol("rate", "η", "t"), Symbol("lambd", "λ", "", "lambd")
    lines = (
        *slope.lines,
        Line(rate, Operation("float32", (_before("eta", "η"),)), "the learning rate, kept in float32"),
        Line(_SHRUNK, (1 - lambd * rate) * THETA, "the point, shrunk a little"),
        Line(AFTER, _SHRUNK - rate * slope.term, "the step"),
    )
    return (Form(lines, {**slope.times(-rate), "shrinking": -(lambd * rate * THETA)}),)


def adafactor_form(settings: _Settings, matrix: bool) -> Form:
    """Adafactor's step.

    Shazeer & Stern (2018), algorithms 4 and 5, write 1 − β̂ for the share of the new, and have sums where
    this has means: torch's note says that both are the same.

    Args:
        settings: The hyperparameters; "alone" among them says that the tensor has a single number.
        matrix: Whether the parameters are a matrix: then it keeps means of rows and columns.
    """
    slope = _slope(settings, decays=False)
    base, shrinking, decay = _shrinking(settings, True)
    share, square, estimate = Symbol("share", "w", "t"), _state("variance", "v"), Symbol("V", "V", "t", "hat")
    rows, columns = _state("row_var", "R"), _state("col_var", "C")
    rate, update = Symbol("rate", "α", "t"), Symbol("update", "U", "t")
    least, smallest = Symbol("eps.0", "ε", "1"), Symbol("eps.1", "ε", "2")

    def mean(name: Symbol, new: Term, words: str) -> Line:
        return _sum(name, _before(name.key, name.base), 1 - share, new, words)

    def size(term: Term) -> Term:
        return Operation("abs" if settings.get("alone") else "RMS", (term,))

    kept: tuple[Line, ...] = (mean(square, slope.term**2, "running mean of the squared gradient"),)
    if matrix:
        row_mean, column_mean = (Operation(f"{side} mean", (slope.term**2,)) for side in ("row", "column"))
        product = rows * columns / Operation("max", (Operation("mean", (rows,)), least))
        kept = (
            mean(rows, row_mean, "running mean of the squared gradient, of each row"),
            mean(columns, column_mean, "and of each column"),
            Line(estimate, product, "what they say of each number"),
        )
    root = Operation("max", (sqrt(estimate if matrix else square), least))
    cap = Operation("min", (_LR, 1 / sqrt(T)))
    clipping = Operation("max", (Number(1.0), size(update) / Symbol("d", "d")))
    lines = (
        *slope.lines,
        Line(share, T ** Symbol("beta2_decay", "τ"), "the share of the new, which falls: the memory grows"),
        *kept,
        Line(update, slope.term / root, "the gradient, scaled by it"),
        Line(rate, Operation("max", (smallest, size(THETA))) * cap, "a share of the parameters' own size"),
        *shrinking,
        Line(AFTER, base - rate * (update / clipping), "the step, no longer than d allows"),
    )
    return Form(lines, {**slope.times(-rate / (clipping * root)), **decay})


_ZERO: Mapping[str, float] = {"exp_avg": 0.0, "exp_avg_sq": 0.0}
RULES: Mapping[str, _Rule] = {
    "SGD": _Rule(_sgd, which=_sgd_forms),
    "Adam": _Rule(_adam, lambda settings: {**_ZERO, "max_exp_avg_sq": 0.0}),
    "AdamW": _Rule(
        lambda settings: _adam({**settings, "decoupled_weight_decay": True}),
        lambda settings: {**_ZERO, "max_exp_avg_sq": 0.0},
    ),
    "NAdam": _Rule(_nadam, lambda settings: {**_ZERO, "mu_product": 1.0}),
    "RAdam": _Rule(_radam, lambda settings: _ZERO, _is_rectified),
    "Adamax": _Rule(_adamax, lambda settings: {"exp_avg": 0.0, "exp_inf": 0.0}),
    "RMSprop": _Rule(
        _rmsprop,
        lambda settings: {"square_avg": 0.0, "grad_avg": 0.0, "momentum_buffer": 0.0},
        lambda values: (values["momentum"] <= 0).astype(np.int64)[:, 0],
    ),
    "Adagrad": _Rule(_adagrad, lambda settings: {"sum": settings["initial_accumulator_value"]}),
    "Adadelta": _Rule(_adadelta, lambda settings: {"square_avg": 0.0, "acc_delta": 0.0}),
    "Rprop": _Rule(_rprop, lambda settings: {"prev": 0.0, "step_size": "lr"}),
    "ASGD": _Rule(_asgd, lambda settings: {"eta": "lr"}),
    "Adafactor": _Rule(
        lambda settings: (adafactor_form(settings, matrix=False),),
        lambda settings: {"variance": 0.0},
        none=lambda dtype: {"eps.0": float(np.finfo(dtype).eps)},
        of_tensors=True,
    ),
}
"""How each optimizer steps, from its single-tensor code in `torch.optim`. LBFGS (a search) and Muon (a matrix
iteration in bfloat16) have no rule that fits a few lines."""


# -- derivations -----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Derivation:
    """The steps of one run, derived line by line from torch's own state before each."""

    trajectory: Trajectory
    rule: _Rule = field(repr=False)

    @property
    def run(self) -> RunSpec:
        """The competitor."""
        return self.trajectory.run

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """Every hyperparameter of the run's optimizer, by torch's name."""
        return optimizer_info(self.run.optimizer).complete(self.run.optimizer)

    @property
    def numbers(self) -> Mapping[str, float]:
        """The numbers among the settings, by keys of symbols; where they are None, what torch puts there."""
        return {**self.rule.none(self.trajectory.made_with.dtype), **flat_settings(self.settings)}

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """The kinds of steps there are: an optimizer may begin in another way than it goes on."""
        moved = {"momentum": 1.0} if "momentum" in self.trajectory.hyperparameters else {}
        alone = {"alone": len(self.run.frozen) == 1}
        return tuple(self.rule.forms({**self.settings, **moved, **alone}))  # a scheduler may bring momentum

    @cached_property
    def which(self) -> Any:
        """(n,) which of the forms each step has."""
        if len(self.forms) == 1:
            return np.zeros(self.trajectory.steps, dtype=np.int64)
        return self.rule.which(self.known)

    @cached_property
    def known(self) -> Mapping[str, Any]:
        """What is known before and during each step, by keys of symbols: (n, 1) or (n, 2), float64."""
        trajectory = self.trajectory
        n = trajectory.steps
        count = np.arange(n) % (self.run.reset_every or max(n, 1)) + 1
        known: dict[str, Any] = {**self.numbers}
        for name, values in trajectory.hyperparameters.items():
            known |= flat_settings({name: tuple(values.T) if values.ndim == 2 else values})
        known = {name: np.reshape(number, (-1, 1)) + np.zeros((n, 1)) for name, number in known.items()}
        known |= {"lr": trajectory.lrs[:, None], "t": count[:, None].astype(np.float64)}
        known["theta"] = trajectory.points[:-1].astype(np.float64)
        known["given"] = trajectory.seen_gradients.astype(np.float64)
        for name, values in state_columns(trajectory).items():
            known[f"{name}.before"] = self._before(name, values, count == 1, known)
        return known

    def _before(self, name: str, after: Array, begins: Any, known: Values) -> Array:
        """(n, 2) or (n, 1) a state tensor before each step."""
        initial = self.initial.get(name, np.nan)
        start = known[initial] if isinstance(initial, str) else initial
        earlier = np.vstack((np.full((1, after.shape[1]), np.nan), after[:-1]))
        before: Array = np.where(begins[:, None], start, earlier)
        return before

    @cached_property
    def initial(self) -> Mapping[str, float | str]:
        """The state before the first step, by torch's names: a number, or the key of what it equals."""
        return self.rule.initial(self.settings)

    @property
    def is_whole(self) -> bool:
        """Whether the trajectory has all numbers that enter a step, as the rule has them."""
        state = {f"{key}.before" for key in self.trajectory.state}
        kept = {key for key in self.used if key.endswith(".before")}
        is_one = not any("." in key for key in self.trajectory.state)  # else torch's state of several tensors
        return not self.rule.of_tensors or not self.trajectory.steps or (is_one and kept <= state)

    @property
    def used(self) -> frozenset[str]:
        """Keys of all symbols that stand in a line."""
        terms = (line.term for form in self.forms for line in form.lines)
        return frozenset(symbol.key for term in terms for symbol in symbols(term))

    @cached_property
    def values(self) -> Mapping[str, Array]:
        """(n, 2) or (n, 1) every quantity of every line, by its key; NaN where a step has no such line."""
        return self._evaluated(lambda form: {line.name.key: line.term for line in form.lines})

    @cached_property
    def parts(self) -> Mapping[str, Array]:
        """(n, 2) what each step is the sum of: "gradient", "momentum", "weight decay"; 0 for none."""
        parts = self._evaluated(lambda form: form.parts, 0.0)
        frozen = [name in self.run.frozen for name in self.trajectory.names]
        return {name: np.where(frozen, 0.0, values) for name, values in parts.items()}

    def _evaluated(
        self, terms: Callable[[Form], Mapping[str, Term]], missing: float = np.nan
    ) -> dict[str, Array]:
        n = self.trajectory.steps
        results: dict[str, Array] = {}
        with np.errstate(all="ignore"):  # a diverging run is a derivation, too
            for place, form in enumerate(self.forms):
                rows = np.flatnonzero(self.which == place)
                values = {key: numbers[rows] for key, numbers in self.known.items()}
                for line in form.lines:
                    values[line.name.key] = value(line.term, values)
                for key, term in terms(form).items():
                    column = results.setdefault(key, np.full((n, 2), missing))
                    column[rows] = value(term, values)
        return results

    def scalars(self, form: Form) -> frozenset[str]:
        """Keys of the lines that hold one number for x and y together.

        Args:
            form: One of `forms`.

        Returns:
            Keys of quantities, as in `values`.
        """
        scalars: set[str] = set()
        for line in form.lines:
            keys = {symbol.key for symbol in symbols(line.term, of_tensors=False)}
            if all(key in scalars or (key in self.known and self.known[key].shape[1] == 1) for key in keys):
                scalars.add(line.name.key)
        return frozenset(scalars)

    @property
    def after(self) -> Array:
        """(n, 2) the point after each step, derived; what is frozen stays."""
        frozen = [name in self.run.frozen for name in self.trajectory.names]
        return np.where(frozen, self.known["theta"], self.values[AFTER.key])

    def latex(self, step: int) -> str:
        """What led from one step to the next, as LaTeX: each line as written, then with its numbers.

        Args:
            step: The step that it begins at: step 0 is the start, so 0 is what the optimizer did first.

        Returns:
            An `aligned` environment.

        Raises:
            ValueError: The run did not go on from that step.
        """
        if not 0 <= step < self.trajectory.steps:
            taken = counted(self.trajectory.steps, "step")
            raise ValueError(f"Nothing led on from step {step}: the run took {taken}, the first from step 0.")
        rows = []
        form = self.forms[self.which[step]]
        for line in form.lines:
            rows.append(rf"{symbol_latex(line.name)} &= {latex(line.term)}")
            names = self.trajectory.names
            axes = [axis for axis, name in enumerate(names) if name not in self.run.frozen]
            for axis in axes[:1] if line.name.key in self.scalars(form) else axes:
                numbers = latex(apart(line.term), lambda symbol, axis=axis: self._shown(symbol, step, axis))  # type: ignore[misc]
                result = number_latex(self._at(line.name.key, step, axis))
                label = "" if line.name.key in self.scalars(form) else rf"{names[axis]}\colon\quad "
                rows.append(rf"{label}&\phantom{{=}} {numbers} = {result}")
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def _shown(self, symbol: Symbol, step: int, axis: int) -> str:
        key, _, place = symbol.key.partition("@")
        return number_latex(self._at(key, step, int(place or axis)))

    def _at(self, key: str, step: int, axis: int) -> float:
        column = self.values[key] if key in self.values else self.known[key]
        return float(column[step, min(axis, column.shape[1] - 1)])


def derivation(trajectory: Trajectory) -> Derivation | None:
    """The steps of a run, derived line by line; None where the optimizer has no rule of a few lines.

    Adafactor's numbers enter each other's steps: it has a derivation where one tensor that is no matrix has
    all that is trained.

    Args:
        trajectory: n steps on a surface of two parameters; of a network see `seen_through`.

    Returns:
        The derivation, whose `latex(k)` says with numbers what led from step k to step k+1.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.1}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> steps = ov.derivation(ov.run_one(exp, 0, device="cpu"))
        >>> bool((abs(steps.after - steps.trajectory.points[1:]) < 1e-5).all())
        True
    """
    rule = RULES.get(trajectory.run.optimizer.name)
    if rule is None:
        return None
    derived = Derivation(trajectory, rule)
    return derived if derived.is_whole else None


def flat_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers among the settings, those of tuples by name and place: "betas.0"."""
    flat: dict[str, Any] = {}
    for name, setting in settings.items():
        if isinstance(setting, tuple):
            flat |= {f"{name}.{place}": part for place, part in enumerate(setting) if part is not None}
        elif isinstance(setting, np.ndarray | int | float) and not isinstance(setting, bool):
            flat[name] = setting
    return flat


def state_columns(trajectory: Trajectory) -> dict[str, Array]:
    """The state of torch after each step, in float64, by torch's names.

    Where the optimizer was given two tensors of one number each, what it keeps of both stands side by side.

    Args:
        trajectory: n steps on two parameters.

    Returns:
        (n, 2) what has a number for each parameter, NaN for a frozen one; (n, k) anything else, of size k.
    """
    trained = [axis for axis, name in enumerate(trajectory.names) if name not in trajectory.run.frozen]
    columns: dict[str, Array] = {}
    for key, values in trajectory.state.items():
        place, _, name = key.rpartition(".")
        flat = values.reshape(len(values), -1).astype(np.float64)
        one_number = bool(place) or len(trained) == 1
        if one_number and values.ndim > 1 and flat.shape[1] == 1:  # what has no shape holds for the tensor
            both = columns.get(name, np.full((len(flat), 2), np.nan))
            both[:, trained[int(place or 0)]] = flat[:, 0]
            flat = both
        columns.setdefault(name, flat)
    return columns


def state_name(key: str) -> str:
    """The name in torch of a part of a trajectory's state: "exp_avg" for "1.exp_avg"."""
    return key.rpartition(".")[2]
