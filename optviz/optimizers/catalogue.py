"""Every optimizer of `torch.optim`, described from outside.

A row says what an optimizer's hyperparameters may be and are by default, how it couples the numbers it is
given, and what to read about it. What a row says of an optimizer is used to set it up, never inside the loop.
Rows are data: they load no torch. A test holds them against the signatures of the torch that is installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from optviz.environment import is_there, newer
from optviz.spec.experiment import OptimizerSpec
from optviz.spec.params import (
    Choice,
    Flag,
    Float,
    Int,
    Maybe,
    Param,
    Tuple,
    Value,
    coerce_all,
    complete,
)
from optviz.spec.registry import Registry

if TYPE_CHECKING:
    from torch.optim import Optimizer

PLUMBING = frozenset({"params", "foreach", "fused", "capturable", "differentiable"})
"""Arguments that choose how torch computes, not what: they are left at torch's defaults."""

EXCLUDED: Mapping[str, str] = MappingProxyType(
    {"SparseAdam": "It refuses dense gradients, and a surface's gradient is dense."}
)
"""Optimizers of torch that optviz does not offer, and why."""


class Coupling(Enum):
    """Which numbers an optimizer's step mixes: what many starts may share without meeting each other."""

    ELEMENTS = "each number steps by itself"
    TENSOR = "the numbers of one tensor step together"
    OPTIMIZER = "all numbers of the optimizer step together"


class LrUnit(Enum):
    """What a learning rate measures, and so how a suggestion for it follows from a surface."""

    LENGTH = "about the length of a step"
    CURVATURE = "a length per slope: it must stay below 2 over the curvature"
    NONE = "a pure number: torch's default suits every surface"


class LrUse(Enum):
    """Which learning rate enters a step, as the end of a sentence about the optimizer; empty: the one set."""

    EACH = ""
    FALLS = "divides the learning rate by 1 + lr_decay × the steps before"
    LATE = "uses a learning rate one step after it was set: torch computes eta at the end of the step before"
    FIRST = "uses the learning rate in its first step only: later steps have lengths of their own, step_size"
    CAP = "steps by the smaller of lr and 1/√t, as a share of the parameters' own size"
    TRIAL = (
        "uses the learning rate as a first length along its direction: a line search may take another, and "
        "in the first step it is divided by |g|₁ where that is above 1"
    )
    UNKNOWN = "is not torch's own, and may use the learning rate otherwise: what was set is drawn"


@dataclass(frozen=True)
class OptimizerInfo:
    """An optimizer that can be chosen."""

    name: str
    """What it is called in an experiment: torch's name for torch's own."""
    params: Mapping[str, Param]
    """Every hyperparameter by torch's name, with torch's default."""
    coupling: Coupling
    lr_unit: LrUnit
    teaches: str
    """One sentence: its idea."""
    source: str
    note: str = ""
    """A caveat; may be empty."""
    matrix: bool = False
    """Whether it takes matrices only, so that a point is given to it as one row, shape (1, 2)."""
    lr_factor: float = 1.0
    """How many times the suggestion of its kind this optimizer wants."""
    suggested: Mapping[str, Value] = field(default_factory=dict)
    """Values that show more than torch's defaults do; they are offered, never applied unasked."""
    given: Mapping[str, Value] = field(default_factory=dict)
    """What its constructor has to be given, unless a spec says otherwise."""
    own: type[Optimizer] | None = None
    """Its class where it is not torch's."""
    since: str = ""
    """The version of torch that brought it; empty where all that optviz runs on have it."""
    lacks: Mapping[str, str] = field(default_factory=dict)
    """The hyperparameters that the installed torch does not have, and the versions that brought them."""
    group: str = ""
    """What it belongs to in a list; empty for torch's own."""
    when: str = ""
    """When to use it and what to expect, in a sentence or two; empty where that is not known."""
    lr_use: LrUse = LrUse.UNKNOWN
    """Which learning rate enters a step."""

    @property
    def make(self) -> type[Optimizer]:
        """The class itself, which is loaded when it is asked for."""
        return self.own or getattr(import_module("torch.optim"), self.name)

    @property
    def is_torchs(self) -> bool:
        """Whether it is one of `torch.optim`, whose conventions are known."""
        return self.own is None

    def settings(self, spec: OptimizerSpec) -> dict[str, Value]:
        """The hyperparameters that a spec gives, in the types that torch expects.

        Args:
            spec: An optimizer of this name.

        Returns:
            Values by torch's names; whether they are in range is torch's to judge.

        Raises:
            ValueError: A name is unknown, or the installed torch does not have it, or a value is of a wrong
                type.
        """
        for name in spec.params.keys() & self.lacks.keys():
            raise ValueError(f"{self.name}: {name} {newer(self.lacks[name])}")
        return {**self.given, **coerce_all(self.name, self.params, spec.params)}

    def complete(self, spec: OptimizerSpec) -> dict[str, Value]:
        """Every hyperparameter: torch's default where a spec gives none.

        Args:
            spec: An optimizer of this name.

        Returns:
            Values by torch's names.

        Raises:
            ValueError: As in `settings`.
        """
        return complete(self.name, self.params, self.settings(spec))


_LR = Float(0.0, 1e4, log=True)
_DECAY = Float(0.0, 1.0)
_BELOW_ONE = Float(0.0, 0.999999)
_EPS = Float(0.0, 1.0, log=True)

_HELP = {
    "lr": "Learning rate: each step is in proportion to it. Too small is slow, too large overshoots or "
    "diverges.",
    "weight_decay": "Pulls the point towards (0, 0): adds this times θ to the gradient (an L2 penalty).",
    "maximize": "Walk uphill: the gradient's sign is turned.",
    "eps": "Added to a denominator so that a tiny gradient does not make a huge step.",
    "betas": "How much of the past is kept at each step: first of the mean gradient (momentum), then of the "
    "mean squared gradient (step scaling). Close to 1 is a long memory.",
    "decoupled": "Shrink θ directly, as AdamW does, instead of adding the decay to the gradient.",
    "momentum": "Share of the last update that is kept: rolls through ravines, and overshoots.",
}


_Params = dict[str, Param]


def _row(
    name: str,
    coupling: Coupling,
    lr_unit: LrUnit,
    teaches: str,
    when: str,
    source: str,
    params: _Params,
    *,
    note: str = "",
    matrix: bool = False,
    lr_factor: float = 1.0,
    suggested: Mapping[str, Value] | None = None,
    lr_use: LrUse = LrUse.EACH,
    since: str = "",
) -> OptimizerInfo:
    return OptimizerInfo(
        name,
        MappingProxyType(params),
        coupling,
        lr_unit,
        teaches,
        source,
        note,
        matrix,
        lr_factor,
        MappingProxyType(dict(suggested or {})),
        when=when,
        lr_use=lr_use,
        since=since,
    )


def _lr(default: float, help: str = _HELP["lr"]) -> _Params:
    return {"lr": Param(_LR, default, help)}


def _eps(default: float, help: str = _HELP["eps"]) -> _Params:
    return {"eps": Param(_EPS, default, help)}


def _maximize(since: str = "") -> _Params:
    return {"maximize": Param(Flag(), False, _HELP["maximize"], since=since)}


def _decoupled(default: float) -> _Params:
    help = "Shrinks θ towards (0, 0) by lr times this at every step."
    return {"weight_decay": Param(_DECAY, default, help)}


_weight_decay: _Params = {"weight_decay": Param(_DECAY, 0, _HELP["weight_decay"])}
_betas: _Params = {"betas": Param(Tuple((_BELOW_ONE, _BELOW_ONE)), (0.9, 0.999), _HELP["betas"])}
_decoupled_too: _Params = {"decoupled_weight_decay": Param(Flag(), False, _HELP["decoupled"])}
_amsgrad: _Params = {
    "amsgrad": Param(
        Flag(),
        False,
        "Divide by the root of the largest mean squared gradient so far instead of the current one "
        "(AMSGrad). torch takes the largest before it corrects the bias.",
    )
}

_ROWS = (
    _row(
        "SGD",
        Coupling.ELEMENTS,
        LrUnit.CURVATURE,
        "Steps straight down the gradient, longer where it is steeper; momentum lets it roll.",
        "With momentum 0.9 and a learning rate that you tune and let fall, a strong choice for image "
        "networks. Without momentum it is slow in ravines, and one lr has to suit all parameters.",
        "Robbins & Monro (1951); Polyak (1964) for momentum; Sutskever et al. (2013) for nesterov.",
        _lr(0.001)
        | {
            "momentum": Param(_BELOW_ONE, 0, _HELP["momentum"]),
            "dampening": Param(_DECAY, 0, "Share of each new gradient that momentum leaves out."),
        }
        | _weight_decay
        | {
            "nesterov": Param(
                Flag(), False, "Look ahead: use the gradient's effect one momentum step further on."
            )
        }
        | _maximize(),
        note="torch's momentum is a sum of gradients, not an average: 0.9 makes steps up to 10 times longer. "
        "The sum begins with the whole first gradient: dampening comes in with the second.",
    ),
    _row(
        "Adam",
        Coupling.ELEMENTS,
        LrUnit.LENGTH,
        "Divides a running mean of the gradient by the root of its running mean square. While gradients "
        "keep their size and sign, each parameter steps by about lr; in noise by less.",
        "A good first try for most networks: the default lr of 0.001 often works. With weight decay take "
        "AdamW instead. Let lr fall towards the end: with minibatches, a constant lr keeps it hovering "
        "around the minimum.",
        "Kingma & Ba (2015), Adam: A Method for Stochastic Optimization.",
        _lr(0.001) | _betas | _eps(1e-8) | _weight_decay | _amsgrad | _maximize() | _decoupled_too,
    ),
    _row(
        "AdamW",
        Coupling.ELEMENTS,
        LrUnit.LENGTH,
        "Adam whose weight decay shrinks the parameters directly instead of passing through the gradient.",
        "The usual choice for transformers, and for most networks with weight decay. Tune lr first, then "
        "weight_decay; an lr that warms up and then falls helps it.",
        "Loshchilov & Hutter (2019), Decoupled Weight Decay Regularization.",
        _lr(0.001) | _betas | _eps(1e-8) | _decoupled(0.01) | _amsgrad | _maximize(),
        note="torch's default weight_decay is 0.01: it pulls every path a little towards (0, 0).",
    ),
    _row(
        "NAdam",
        Coupling.ELEMENTS,
        LrUnit.LENGTH,
        "Adam that looks one momentum step ahead, as Nesterov's method does.",
        "Worth a try where Adam works: it sometimes gets down a little faster with the same settings. "
        "Expect small differences; its default lr is twice Adam's.",
        "Dozat (2016), Incorporating Nesterov Momentum into Adam.",
        _lr(0.002)
        | _betas
        | _eps(1e-8)
        | _weight_decay
        | {"momentum_decay": Param(_DECAY, 0.004, "How fast momentum warms up to the first of betas.")}
        | _decoupled_too
        | _maximize(),
    ),
    _row(
        "RAdam",
        Coupling.ELEMENTS,
        LrUnit.CURVATURE,
        "Adam that does not trust its step scaling in the first steps, when it has seen few gradients.",
        "Use it when Adam is unstable at first and you do not want to tune a warm-up. Later it behaves much "
        "like Adam, so do not expect a better result.",
        "Liu et al. (2020), On the Variance of the Adaptive Learning Rate and Beyond.",
        _lr(0.001) | _betas | _eps(1e-8) | _weight_decay | _decoupled_too | _maximize(),
        note="Its first five steps are plain momentum steps along the gradient, long where it is steep.",
    ),
    _row(
        "Adamax",
        Coupling.ELEMENTS,
        LrUnit.LENGTH,
        "Adam that divides by the largest recent gradient instead of the root of the mean square.",
        "Meant for parameters whose gradient is often zero, as in embeddings. One huge gradient keeps the "
        "steps of its parameter short for a long time. Otherwise start with Adam.",
        "Kingma & Ba (2015), section 7.1.",
        _lr(0.002) | _betas | _eps(1e-8) | _weight_decay | _maximize(),
    ),
    _row(
        "RMSprop",
        Coupling.ELEMENTS,
        LrUnit.LENGTH,
        "Divides the gradient by the root of its running mean square, parameter by parameter.",
        "Often used for recurrent networks and reinforcement learning, where the size of gradients keeps "
        "changing. Its default lr of 0.01 is large for many networks; Adam is the safer first try.",
        "Tieleman & Hinton (2012), lecture 6.5 of Neural Networks for Machine Learning.",
        _lr(0.01)
        | {
            "alpha": Param(
                _BELOW_ONE, 0.99, "How much of the past mean squared gradient is kept at each step."
            )
        }
        | _eps(1e-8)
        | _weight_decay
        | {
            "momentum": Param(_BELOW_ONE, 0, _HELP["momentum"]),
            "centered": Param(
                Flag(),
                False,
                "Divide by the gradient's standard deviation instead of its root mean square.",
            ),
        }
        | _maximize(),
    ),
    _row(
        "Adagrad",
        Coupling.ELEMENTS,
        LrUnit.LENGTH,
        "Divides by the root of the sum of all squared gradients so far: the effective rate of each "
        "parameter only ever falls.",
        "For rare features, such as rare words: a parameter that seldom gets a gradient keeps a large rate. "
        "As rates only fall, a long training may slow down before it arrives: give it a larger lr.",
        "Duchi, Hazan & Singer (2011), Adaptive Subgradient Methods.",
        _lr(0.01)
        | {"lr_decay": Param(_DECAY, 0, "Makes the learning rate fall as 1 / (1 + steps × this).")}
        | _weight_decay
        | {
            "initial_accumulator_value": Param(
                Float(0.0, 1e6),
                0,
                "The sum of squared gradients that it starts with.",
            )
        }
        | _eps(1e-10)
        | _maximize(),
        lr_factor=10.0,
        lr_use=LrUse.FALLS,
    ),
    _row(
        "Adadelta",
        Coupling.ELEMENTS,
        LrUnit.NONE,
        "Scales each step by the size of its own past steps, so that it needs no learning rate.",
        "Use it when you do not want to choose a learning rate: leave lr at 1. With the default eps of 1e-6 "
        "it starts very slowly, and today Adam mostly does better.",
        "Zeiler (2012), ADADELTA: An Adaptive Learning Rate Method.",
        _lr(1.0)
        | {"rho": Param(_BELOW_ONE, 0.9, "How much of the past mean squares is kept at each step.")}
        | _eps(1e-6, "Sets the length of the very first steps, about its root: 1e-6 starts slowly.")
        | _weight_decay
        | _maximize(),
    ),
    _row(
        "Adafactor",
        Coupling.TENSOR,
        LrUnit.NONE,
        "Scales steps by the size of the parameters themselves; made to save memory on large matrices.",
        "For training large matrices when memory is short: it keeps averages of rows and columns, not a "
        "number for each weight. It can be less steady than AdamW, so warm up and watch the loss.",
        "Shazeer & Stern (2018), Adafactor: Adaptive Learning Rates with Sublinear Memory Cost.",
        _lr(
            0.01,
            "Learning rate: the size of a step relative to that of the parameters. Step t takes 1/√t instead "
            "where that is smaller.",
        )
        | {
            "beta2_decay": Param(
                Float(-10.0, 0.0),
                -0.8,
                "How the memory of squared gradients grows: 1 − steps to the power of this.",
            ),
            "eps": Param(
                Tuple((Maybe(_EPS), _EPS)),
                (None, 0.001),
                "First: added to squared gradients; None is the smallest number of the dtype. Second: the "
                "least parameter size that steps are scaled by.",
            ),
            "d": Param(
                Float(1.0, 100.0), 1.0, "Steps whose root mean square is above this are scaled down to it."
            ),
        }
        | _weight_decay
        | _maximize(),
        lr_use=LrUse.CAP,
        note="A step is a share of the point's own distance from (0, 0): its path depends on where that is. "
        "For a matrix of n × m weights it keeps n + m numbers, for a vector as many as it has.",
    ),
    _row(
        "ASGD",
        Coupling.ELEMENTS,
        LrUnit.CURVATURE,
        "SGD that also keeps the average of its points, which is steadier than the last one.",
        "For noisy gradients that keep the last point jumping: use the average in its state (ax), not the "
        "point. torch begins to average only after t0 = 1,000,000 steps, so set t0 lower.",
        "Polyak & Juditsky (1992), Acceleration of Stochastic Approximation by Averaging.",
        _lr(
            0.01,
            "Learning rate: the first step is in proportion to it. torch then lets it fall as lambd and "
            "alpha say. A change of lr, by a scheduler say, takes effect one step late.",
        )
        | {
            "lambd": Param(_DECAY, 1e-4, "Shrinks θ towards (0, 0), and makes the learning rate fall."),
            "alpha": Param(_DECAY, 0.75, "Power by which the learning rate falls."),
            "t0": Param(
                Float(0.0, 1e9),
                1000000.0,
                "Averaging starts at this step; before it the average is the point itself.",
            ),
        }
        | _weight_decay
        | _maximize(),
        lr_use=LrUse.LATE,
        note="The path is that of the points; the average is in its state, named ax.",
    ),
    _row(
        "Rprop",
        Coupling.ELEMENTS,
        LrUnit.LENGTH,
        "Uses only the gradient's sign: each parameter's step grows while the sign stays and shrinks when it "
        "turns.",
        "For small problems where each step sees all the data: it hardly needs tuning, as it ignores how "
        "steep the slope is. Do not use it with minibatches, whose noise turns signs.",
        "Riedmiller & Braun (1993), A Direct Adaptive Method for Faster Backpropagation Learning.",
        _lr(
            0.01,
            "How long the first step of each parameter is. Later steps grow and shrink from there by etas: a "
            "scheduler that changes lr afterwards changes nothing.",
        )
        | {
            "etas": Param(
                Tuple((Float(0.0, 0.999999), Float(1.000001, 100.0))),
                (0.5, 1.2),
                "Factors by which a step shrinks when the sign turns and grows when it stays.",
            ),
            "step_sizes": Param(
                Tuple((Float(0.0, 1e6), Float(0.0, 1e6))), (1e-6, 50), "The shortest and the longest step."
            ),
        }
        | _maximize(),
        lr_use=LrUse.FIRST,
        note="Made for the full gradient: with noise or minibatches the sign says little.",
    ),
    _row(
        "LBFGS",
        Coupling.OPTIMIZER,
        LrUnit.NONE,
        "Learns the curvature from its own steps and jumps to where the slope should vanish; one step may "
        "evaluate the loss many times.",
        "For small, smooth problems where each step sees all the data: often far fewer steps, though each "
        "may take several evaluations. Choose line_search_fn strong_wolfe; minibatch noise misleads it.",
        "Liu & Nocedal (1989), On the Limited Memory BFGS Method for Large Scale Optimization.",
        _lr(
            1,
            "The share that is taken of the step that the learnt curvature suggests; with strong_wolfe, the "
            "share that is tried first. The very first step is along the gradient and is kept short.",
        )
        | {
            "max_iter": Param(Int(1, 100), 20, "Iterations inside one step."),
            "max_eval": Param(
                Maybe(Int(1, 1000)),
                None,
                "Most evaluations inside one step; None is 1.25 × max_iter. The line search lives on what "
                "is left of them: with max_iter 1 and None it never searches. In torch 2.9 it takes what it "
                "needs.",
            ),
            "tolerance_grad": Param(
                _EPS, 1e-7, "Stands still when no number of the gradient is larger than this."
            ),
            "tolerance_change": Param(
                _EPS, 1e-9, "Ends a step when the loss or the point changes by less than this."
            ),
            "history_size": Param(Int(1, 1000), 100, "How many past steps the curvature is learnt from."),
            "line_search_fn": Param(
                Maybe(Choice(("strong_wolfe",))),
                None,
                "strong_wolfe tries several lengths along the direction and takes a good one; None takes lr.",
            ),
        }
        | _maximize(since="2.14"),
        note="Without a line search it may well rise or diverge: that is torch's LBFGS, not an error.",
        lr_use=LrUse.TRIAL,
        suggested={"max_iter": 1, "max_eval": 25, "line_search_fn": "strong_wolfe"},
    ),
    _row(
        "Muon",
        Coupling.TENSOR,
        LrUnit.LENGTH,
        "Turns the momentum of a weight matrix into roughly the nearest orthogonal matrix, so that all its "
        "directions step about equally far.",
        "For the weight matrices inside large networks, where it is reported to need fewer steps than "
        "AdamW. Biases, embeddings and the output layer are left to AdamW beside it.",
        "Jordan et al. (2024), Muon: An optimizer for hidden layers in neural networks.",
        _lr(0.001)
        | _decoupled(0.1)
        | {
            "momentum": Param(_BELOW_ONE, 0.95, "Share of the past in its running mean of gradients."),
            "nesterov": Param(
                Flag(), True, "Mix the newest gradient into the mean once more before the step."
            ),
            "ns_coefficients": Param(
                Tuple((Float(-10.0, 10.0),) * 3),
                (3.4445, -4.775, 2.0315),
                "Coefficients of the Newton-Schulz iteration that makes a matrix orthogonal.",
            ),
        }
        | _eps(1e-7)
        | {
            "ns_steps": Param(Int(1, 99), 5, "Rounds of the Newton-Schulz iteration."),
            "adjust_lr_fn": Param(
                Maybe(Choice(("original", "match_rms_adamw"))),
                None,
                "How lr is scaled by the matrix's shape; None is original.",
            ),
        },
        note="Made for matrices. Two numbers are a matrix of one row, whose nearest orthogonal matrix is its "
        "direction: here Muon is normalised gradient descent, every step about lr long. "
        "It works in bfloat16, so that length is rough. torch's default weight_decay of 0.1 pulls the path "
        "towards (0, 0).",
        matrix=True,
    ),
)


def _offered() -> Iterator[OptimizerInfo]:
    """The rows that the installed torch has, with the hyperparameters that it has."""
    for row in _ROWS:
        if is_there(row.since):
            lacks = {name: param.since for name, param in row.params.items() if not is_there(param.since)}
            params = {name: param for name, param in row.params.items() if name not in lacks}
            yield replace(row, params=MappingProxyType(params), lacks=MappingProxyType(lacks))


OPTIMIZERS = Registry("an optimizer", _offered)
"""Every optimizer that can be chosen, by its name: the installed torch's, and those that were registered."""


def add_optimizer(info: OptimizerInfo) -> None:
    """Add a row to `OPTIMIZERS`.

    Raises:
        ValueError: The name is taken, or is not a plain ASCII word.
    """
    if not info.name.isascii() or OptimizerSpec(info.name).name != info.name:
        raise ValueError(f"An optimizer's name must be a plain ASCII word, not {info.name!r}.")
    OPTIMIZERS.add(info)


def not_offered(name: str) -> str:
    """Why an optimizer of torch's is not among `OPTIMIZERS`, in a sentence; empty for any other name.

    Args:
        name: What an experiment calls it.
    """
    if name in EXCLUDED:
        return f"optviz does not run {name}. {EXCLUDED[name]}"
    later = [row.since for row in _ROWS if row.name == name and not is_there(row.since)]
    return f"{name} {newer(later[0])}" if later else ""


def optimizer_info(spec: OptimizerSpec) -> OptimizerInfo:
    """The row of `OPTIMIZERS` that `spec` names.

    Raises:
        ValueError: There is none. The sentence says why torch's is left out, or what there is.
    """
    if spec.name in OPTIMIZERS:
        return OPTIMIZERS[spec.name]
    if reason := not_offered(spec.name):
        raise ValueError(reason)
    names = ", ".join(row.name for row in OPTIMIZERS.values() if row.is_torchs)
    raise ValueError(
        f"There is no optimizer named {spec.name[:60]!r}. There are: {names}; more come with "
        'pip install "optviz[more]", and with register_optimizer.'
    )
