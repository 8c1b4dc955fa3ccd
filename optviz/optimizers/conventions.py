"""Where Keras and the papers differ from torch: their rules as small reference steppers, never called torch.

Many optimizers go by one name and are not one rule. A row says in a sentence what differs, when it does, and
brings a stepper that takes torch's own hyperparameters, so that the same run can be drawn both ways.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim import Optimizer

from optviz.optimizers.catalogue import optimizer_info
from optviz.spec.experiment import OptimizerSpec, RunSpec, SchedulerSpec

Applies = Callable[[Mapping[str, Any], bool], bool]
"""(all hyperparameters by torch's names, whether a scheduler moves lr) → whether the rule differs."""


@dataclass(frozen=True)
class Convention:
    """Another rule that goes by the name of one of torch's optimizers."""

    name: str
    """A plain word for links, one of its own among the optimizer's conventions."""
    title: str
    """What a legend says; always that it is not torch."""
    differs: str
    """One sentence: what it does other than torch."""
    formula: str
    """The rule in LaTeX, without dollar signs; g is the gradient, λ the weight decay, t counts from 1."""
    source: str
    make: type[Optimizer]
    """The stepper: torch's hyperparameters by torch's names, with torch's defaults and torch's complaints."""
    applies: Applies


def conventions(run: RunSpec) -> tuple[Convention, ...]:
    """The other conventions that differ from torch's for a run's settings; () where there are none.

    Args:
        run: The competitor.

    Returns:
        Rows of `CONVENTIONS`, whose names `run_reference` takes.

    Raises:
        ValueError: The optimizer or a hyperparameter is unknown, or a value of a wrong type.

    Example:
        >>> import optviz as ov
        >>> [row.name for row in ov.conventions(ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.1})))]
        []
    """
    info = optimizer_info(run.optimizer)
    settings: dict[str, Any] = info.complete(run.optimizer)
    scheduled = run.scheduler is not None
    if "momentum" in settings and _cycles_momentum(run.scheduler):
        settings["momentum"] = 1.0  # whatever it was: the scheduler replaces it before the first step
    return tuple(row for row in CONVENTIONS.get(info.name, ()) if row.applies(settings, scheduled))


def _cycles_momentum(scheduler: SchedulerSpec | None) -> bool:
    return (
        scheduler is not None
        and scheduler.name in ("CyclicLR", "OneCycleLR")
        and bool(scheduler.params.get("cycle_momentum", True))
    )


def convention(spec: OptimizerSpec, name: str) -> Convention:
    """An optimizer's convention, whether it differs from torch's for these settings or not.

    Args:
        spec: The optimizer.
        name: The convention's name among the optimizer's `CONVENTIONS`.

    Raises:
        ValueError: There is none of this name.
    """
    rows = CONVENTIONS.get(optimizer_info(spec).name, ())
    for row in rows:
        if row.name == name:
            return row
    known = ", ".join(row.name for row in rows)
    there_are = f"There are: {known}." if known else "There is no other."
    raise ValueError(f"{spec.name} has no convention named {str(name)[:60]!r} beside torch's. {there_are}")


# -- the steppers --------------------------------------------------------------------------------------


class _Stepper(Optimizer):
    """A rule for one parameter at a time; what is around the rule is as in torch."""

    torchs: ClassVar[type[Optimizer]]
    """torch's optimizer of that name: it fills in the settings and judges them."""

    def __init__(self, params: Any, **settings: Any) -> None:
        torchs = self.torchs(params, **settings)
        super().__init__(torchs.param_groups, torchs.defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]  # torch types it float
        """Evaluate once, then step; the closure's loss."""
        with torch.enable_grad():
            loss = closure()
        for group in self.param_groups:
            for theta in group["params"]:
                if theta.grad is not None:
                    state = self.state[theta]
                    state["step"] = state.get("step", 0) + 1
                    gradient = -theta.grad if group["maximize"] else theta.grad
                    self.move(theta, self.decay(theta, gradient, group), group, state)
        return loss

    def decay(self, theta: Tensor, g: Tensor, group: dict[str, Any]) -> Tensor:
        """The gradient to step by, after the weight decay; as in torch where a rule says nothing else."""
        if group.get("decoupled_weight_decay"):
            theta.mul_(1 - group["lr"] * group["weight_decay"])
            return g
        return g.add(theta, alpha=group["weight_decay"])

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        """The rule: change θ in place. `state` starts with the step's number alone."""
        raise NotImplementedError


def _kept(state: dict[str, Any], name: str, like: Tensor, start: float = 0.0) -> Tensor:
    """A tensor of the state, made where it is missing."""
    if name not in state:
        state[name] = torch.full_like(like, start)
    kept: Tensor = state[name]
    return kept


def _mean(state: dict[str, Any], name: str, value: Tensor, keep: float) -> Tensor:
    """A running mean that keeps the share `keep` of itself and starts at 0, moved on by `value`."""
    mean = _kept(state, name, value)
    mean.copy_(keep * mean + (1 - keep) * value)
    return mean


def _largest(state: dict[str, Any], name: str, value: Tensor, keep: float = 1.0) -> Tensor:
    """The largest that a value of at least 0 has been, where the past is worth `keep` of itself a step."""
    largest = _kept(state, name, value)
    largest.copy_(torch.maximum(keep * largest, value))
    return largest


class _Keras(_Stepper):
    """What all of Keras's optimizers share: they shrink θ itself, before the step."""

    def decay(self, theta: Tensor, g: Tensor, group: dict[str, Any]) -> Tensor:
        theta.mul_(1 - group["lr"] * group["weight_decay"])
        return g


class _AverageSGD(_Stepper):
    torchs = torch.optim.SGD

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        mu = group["momentum"]
        b = _mean(state, "average", g, mu)
        theta.sub_(group["lr"] * (mu * b + (1 - mu) * g if group["nesterov"] else b))


class _KerasSGD(_Keras):
    torchs = torch.optim.SGD

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        lr, mu = group["lr"], group["momentum"]
        v = _kept(state, "velocity", theta)
        v.copy_(mu * v - lr * g)
        theta.add_(mu * v - lr * g if group["nesterov"] else v)


class _LookAheadSGD(_Stepper):
    torchs = torch.optim.SGD

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]  # torch types it float
        for group in self.param_groups:
            for theta in group["params"]:
                if "velocity" in self.state[theta]:
                    theta.add_(group["momentum"] * self.state[theta]["velocity"])
        return super().step(closure)

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        # θ is at θ + μv already: what is left of the step to θ + μv − lr·g is its second half.
        lr, v = group["lr"], _kept(state, "velocity", theta)
        v.copy_(group["momentum"] * v - lr * g)
        theta.sub_(lr * g)


def _adam_means(g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """The uncorrected mean gradient, and the mean square or, with amsgrad, the largest that it has been."""
    beta1, beta2 = group["betas"]
    m = _mean(state, "mean", g, beta1)
    v = _mean(state, "square", g * g, beta2)
    return m, _largest(state, "largest", v) if group["amsgrad"] else v


class _KerasAdam(_Keras):
    torchs: ClassVar[type[Optimizer]] = torch.optim.Adam

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        t, (beta1, beta2) = state["step"], group["betas"]
        m, v = _adam_means(g, group, state)
        alpha = group["lr"] * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
        theta.sub_(alpha * m / (v.sqrt() + group["eps"]))


class _KerasAdamW(_KerasAdam):
    torchs = torch.optim.AdamW


class _PaperAdamW(_Stepper):
    torchs = torch.optim.AdamW

    def decay(self, theta: Tensor, g: Tensor, group: dict[str, Any]) -> Tensor:
        # The paper's α is the lr that the run was given, its η what the scheduler has made of it.
        alpha = self.defaults["lr"]
        eta = group["lr"] / alpha if alpha else 1.0
        theta.mul_(1 - eta * group["weight_decay"])
        return g

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        t, (beta1, beta2) = state["step"], group["betas"]
        m, v = _adam_means(g, group, state)
        theta.sub_(group["lr"] * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + group["eps"]))


def _nadam_mus(t: int, beta1: float, momentum_decay: float) -> tuple[float, float]:
    """μₜ and μₜ₊₁: the momentum, which warms up to β₁."""
    mu, mu_next = (beta1 * (1 - 0.5 * math.pow(0.96, k * momentum_decay)) for k in (t, t + 1))
    return mu, mu_next


def _nadam_ahead(g: Tensor, m: Tensor, mus: tuple[float, float], state: dict[str, Any]) -> Tensor:
    """The mean m one momentum step further on, corrected by the product of all μ so far."""
    mu, mu_next = mus
    product = state["product"] = state.get("product", 1.0) * mu
    ahead: Tensor = mu_next * m / (1 - product * mu_next) + (1 - mu) * g / (1 - product)
    return ahead


class _KerasNAdam(_Keras):
    torchs = torch.optim.NAdam

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        t, (beta1, beta2) = state["step"], group["betas"]
        m = _mean(state, "mean", g, beta1)
        v = _mean(state, "square", g * g, beta2)
        ahead = _nadam_ahead(g, m, _nadam_mus(t, beta1, 1.0), state)
        theta.sub_(group["lr"] * ahead / ((v / (1 - beta2**t)).sqrt() + group["eps"]))


class _PaperNAdam(_Stepper):
    torchs = torch.optim.NAdam

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        t, (beta1, nu) = state["step"], group["betas"]
        mu, mu_next = _nadam_mus(t, beta1, group["momentum_decay"])
        m = _mean(state, "mean", g, mu)
        n = _mean(state, "square", g * g, nu)
        ahead = _nadam_ahead(g, m, (mu, mu_next), state)
        theta.sub_(group["lr"] * ahead / ((nu * n / (1 - nu**t)).sqrt() + group["eps"]))


class _KerasAdamax(_Keras):
    torchs = torch.optim.Adamax

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        t, (beta1, beta2) = state["step"], group["betas"]
        m = _mean(state, "mean", g, beta1)
        u = _largest(state, "largest", g.abs(), beta2)
        theta.sub_(group["lr"] * m / ((1 - beta1**t) * (u + group["eps"])))


class _KerasRMSprop(_Keras):
    torchs = torch.optim.RMSprop

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        v = _mean(state, "square", g * g, group["alpha"])
        if group["centered"]:
            v = v - _mean(state, "mean", g, group["alpha"]) ** 2
        b = _kept(state, "velocity", theta)
        b.copy_(group["momentum"] * b + group["lr"] * g / (v + group["eps"]).sqrt())
        theta.sub_(b)


class _KerasAdagrad(_Keras):
    torchs = torch.optim.Adagrad

    def move(self, theta: Tensor, g: Tensor, group: dict[str, Any], state: dict[str, Any]) -> None:
        s = _kept(state, "sum", theta, group["initial_accumulator_value"])
        s.add_(g * g)
        lr = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        theta.sub_(lr * g / (s + group["eps"]).sqrt())


# -- the table -----------------------------------------------------------------------------------------


def _lines(*rules: str) -> str:
    return r"\begin{aligned} " + r" \\ ".join(rules) + r" \end{aligned}"


def _not_torch(name: str) -> str:
    return f"{name} (reference, not torch)"


def _coupled(settings: Mapping[str, Any]) -> bool:
    """Whether torch adds a weight decay to the gradient, which Keras never does."""
    return bool(settings["weight_decay"]) and not settings.get("decoupled_weight_decay")


_KERAS = "Keras 3, keras.optimizers.{}"
_SHRINK = r"\theta &\leftarrow \theta - \mathrm{lr}\,\lambda\,\theta"
_MEAN = r"m_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t"
_SQUARE = r"v_t &= \beta_2 v_{t-1} + (1 - \beta_2)\, g_t^2"
_AHEAD = (
    r"\hat m_t &= \frac{\mu_{t+1} m_t}{1 - \prod_{i=1}^{t+1} \mu_i} "
    r"+ \frac{(1 - \mu_t)\, g_t}{1 - \prod_{i=1}^{t} \mu_i}"
)
_EPS_HAT = (
    _SHRINK,
    _MEAN,
    _SQUARE,
    r"\theta &\leftarrow \theta - \mathrm{lr}\,\frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t}"
    r"\,\frac{m_t}{\sqrt{v_t} + \varepsilon}",
)

_SGD = (
    Convention(
        "average",
        _not_torch("SGD, momentum as an average"),
        "Momentum is a running average of the gradients, which weighs each by 1 − momentum, where torch "
        "keeps their sum: more momentum does not make longer steps, and there is no dampening.",
        _lines(
            r"g_t &= \nabla f(\theta) + \lambda\,\theta",
            r"b_t &= \mu\, b_{t-1} + (1 - \mu)\, g_t",
            r"\theta &\leftarrow \theta - \mathrm{lr}\; b_t \quad\text{or, with nesterov,}\quad "
            r"\theta \leftarrow \theta - \mathrm{lr}\,(\mu\, b_t + (1 - \mu)\, g_t)",
        ),
        "As in Adam, Kingma & Ba (2015), Algorithm 1, without its correction; torch's own Muon has it too.",
        _AverageSGD,
        lambda settings, scheduled: settings["momentum"] > 0,
    ),
    Convention(
        "keras",
        _not_torch("SGD as in Keras"),
        "The velocity holds lr, so that a new lr changes only what comes after it, where torch's scales the "
        "whole sum; weight decay shrinks θ directly, and there is no dampening.",
        _lines(
            _SHRINK,
            r"v_t &= \mu\, v_{t-1} - \mathrm{lr}\; g_t",
            r"\theta &\leftarrow \theta + v_t \quad\text{or, with nesterov,}\quad "
            r"\theta \leftarrow \theta + \mu\, v_t - \mathrm{lr}\; g_t",
        ),
        _KERAS.format("SGD"),
        _KerasSGD,
        lambda settings, scheduled: (
            (settings["momentum"] > 0 and (scheduled or settings["dampening"] != 0)) or _coupled(settings)
        ),
    ),
    Convention(
        "paper",
        _not_torch("SGD, Nesterov as in the paper"),
        "The gradient is taken one momentum step ahead of the point that is drawn, where torch draws the "
        "point ahead itself.",
        _lines(
            r"v_t &= \mu\, v_{t-1} - \mathrm{lr}\,\nabla f(\theta + \mu\, v_{t-1})",
            r"\theta &\leftarrow \theta + v_t",
        ),
        "Sutskever et al. (2013), On the importance of initialization and momentum in deep learning.",
        _LookAheadSGD,
        lambda settings, scheduled: settings["momentum"] > 0 and settings["nesterov"],
    ),
)

_ADAM = (
    Convention(
        "keras",
        _not_torch("Adam as in Keras"),
        "eps is added to the root before its correction, so that it weighs more in the first steps; weight "
        "decay shrinks θ directly.",
        _lines(*_EPS_HAT),
        f"{_KERAS.format('Adam')}; ε̂ of Kingma & Ba (2015), just before section 2.1.",
        _KerasAdam,
        lambda settings, scheduled: settings["eps"] > 0 or _coupled(settings),
    ),
)

_ADAMW = (
    Convention(
        "keras",
        _not_torch("AdamW as in Keras"),
        "eps is added to the root before its correction, so that it weighs more in the first steps.",
        _lines(*_EPS_HAT),
        f"{_KERAS.format('AdamW')}; ε̂ of Kingma & Ba (2015), just before section 2.1.",
        _KerasAdamW,
        lambda settings, scheduled: settings["eps"] > 0,
    ),
    Convention(
        "paper",
        _not_torch("AdamW as in the paper"),
        "Weight decay is not multiplied by lr, only by what a scheduler has made of lr as a share of the lr "
        "that was set: the same weight_decay pulls 1 / lr times as hard as torch's.",
        _lines(
            _MEAN,
            _SQUARE,
            r"\theta &\leftarrow \theta - \eta_t \left(\alpha\,\frac{m_t / (1 - \beta_1^t)}"
            r"{\sqrt{v_t / (1 - \beta_2^t)} + \varepsilon} + \lambda\,\theta\right), \quad "
            r"\eta_t\,\alpha = \mathrm{lr}",
        ),
        "Loshchilov & Hutter (2019), Decoupled Weight Decay Regularization, Algorithm 2.",
        _PaperAdamW,
        lambda settings, scheduled: settings["weight_decay"] > 0,
    ),
)

_NADAM = (
    Convention(
        "keras",
        _not_torch("NAdam as in Keras"),
        "Momentum warms up over tens of steps, as if momentum_decay were 1, where torch's default of 0.004 "
        "takes thousands; weight decay shrinks θ directly.",
        _lines(
            _SHRINK,
            r"\mu_t &= \beta_1\,(1 - \tfrac12\, 0.96^{t})",
            _MEAN,
            _SQUARE,
            _AHEAD,
            r"\theta &\leftarrow \theta - \mathrm{lr}\,\frac{\hat m_t}{\sqrt{v_t / (1 - \beta_2^t)} "
            r"+ \varepsilon}",
        ),
        _KERAS.format("Nadam"),
        _KerasNAdam,
        lambda settings, scheduled: settings["momentum_decay"] != 1 or _coupled(settings),
    ),
    Convention(
        "paper",
        _not_torch("NAdam as in the paper"),
        "The running mean of gradients itself uses the momentum that warms up, where torch's uses the first "
        "of betas throughout; and the paper multiplies the mean square by the second of betas.",
        _lines(
            r"\mu_t &= \beta_1\,(1 - \tfrac12\, 0.96^{\,\psi t}), \quad \psi = \mathrm{momentum\_decay}",
            r"m_t &= \mu_t m_{t-1} + (1 - \mu_t)\, g_t",
            r"n_t &= \nu n_{t-1} + (1 - \nu)\, g_t^2, \quad \nu = \beta_2",
            _AHEAD,
            r"\theta &\leftarrow \theta - \mathrm{lr}\,\frac{\hat m_t}{\sqrt{\nu n_t / (1 - \nu^t)} "
            r"+ \varepsilon}",
        ),
        "Dozat (2016), Incorporating Nesterov Momentum into Adam, Algorithm 2.",
        _PaperNAdam,
        lambda settings, scheduled: True,
    ),
)

_ADAMAX = (
    Convention(
        "keras",
        _not_torch("Adamax as in Keras"),
        "eps is added to the largest gradient when dividing by it, where torch adds it to every gradient "
        "before comparing; weight decay shrinks θ directly.",
        _lines(
            _SHRINK,
            _MEAN,
            r"u_t &= \max(\beta_2 u_{t-1}, |g_t|)",
            r"\theta &\leftarrow \theta - \frac{\mathrm{lr}}{1 - \beta_1^t}\,\frac{m_t}{u_t + \varepsilon}",
        ),
        _KERAS.format("Adamax"),
        _KerasAdamax,
        lambda settings, scheduled: settings["eps"] > 0 or _coupled(settings),
    ),
)

_RMSPROP = (
    Convention(
        "keras",
        _not_torch("RMSprop as in Keras"),
        "eps is added inside the root, where it weighs as its own root does; momentum holds lr, so that a "
        "new lr changes only what comes after it; weight decay shrinks θ directly.",
        _lines(
            _SHRINK,
            r"v_t &= \alpha\, v_{t-1} + (1 - \alpha)\, g_t^2",
            r"b_t &= \mu\, b_{t-1} + \mathrm{lr}\,\frac{g_t}{\sqrt{v_t + \varepsilon}}",
            r"\theta &\leftarrow \theta - b_t",
        ),
        _KERAS.format("RMSprop"),
        _KerasRMSprop,
        lambda settings, scheduled: (
            settings["eps"] > 0 or (settings["momentum"] > 0 and scheduled) or _coupled(settings)
        ),
    ),
)

_ADAGRAD = (
    Convention(
        "keras",
        _not_torch("Adagrad as in Keras"),
        "eps is added inside the root, where it weighs as its own root does; weight decay shrinks θ "
        "directly.",
        _lines(
            _SHRINK,
            r"s_t &= s_{t-1} + g_t^2",
            r"\theta &\leftarrow \theta - \mathrm{lr}\,\frac{g_t}{\sqrt{s_t + \varepsilon}}",
        ),
        _KERAS.format("Adagrad"),
        _KerasAdagrad,
        lambda settings, scheduled: settings["eps"] > 0 or _coupled(settings),
    ),
)

CONVENTIONS: Mapping[str, tuple[Convention, ...]] = MappingProxyType(
    {
        "SGD": _SGD,
        "Adam": _ADAM,
        "AdamW": _ADAMW,
        "NAdam": _NADAM,
        "Adamax": _ADAMAX,
        "RMSprop": _RMSPROP,
        "Adagrad": _ADAGRAD,
    }
)
"""Optimizer's name → its other conventions; an optimizer that is not listed has none here."""
