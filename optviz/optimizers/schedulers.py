"""Every scheduler of `torch.optim.lr_scheduler` that makes sense for one run, described from outside.

Defaults are read from torch's own signatures. Arguments that torch requires are suggested from the number
of steps and the learning rate, so that a scheduler can be chosen with one click.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch.optim import Optimizer, lr_scheduler

from optviz.spec.experiment import SchedulerSpec
from optviz.spec.params import Choice, Flag, Float, Int, Ints, Kind, Maybe, Param, Value, coerce_all

PLUMBING = frozenset({"optimizer", "last_epoch", "scale_fn"})
"""Arguments that are no numbers to choose: what is scheduled, where to resume, a function of the user's."""

EXCLUDED: Mapping[str, str] = MappingProxyType(
    {
        "LRScheduler": "It is the base class.",
        "LambdaLR": "Its rule is a Python function, which no link or widget can hold.",
        "MultiplicativeLR": "Its rule is a Python function, which no link or widget can hold.",
        "SequentialLR": "optviz builds it itself, for the warm-up before another scheduler.",
        "ChainedScheduler": "It multiplies several schedulers; optviz runs one at a time.",
    }
)
"""Schedulers of torch that optviz does not offer, and why."""

Scheduler = lr_scheduler.LRScheduler | lr_scheduler.ReduceLROnPlateau
Suggest = Callable[[int, float], Value]
"""(steps, learning rate) → a value for an argument that torch requires."""


@dataclass(frozen=True)
class SchedulerInfo:
    """A scheduler that can be chosen."""

    make: Callable[..., Scheduler]
    name: str
    """torch's name."""
    params: Mapping[str, Param]
    """Every argument by torch's name, with torch's default; None for those that torch requires."""
    required: Mapping[str, Suggest]
    """How the arguments that torch requires follow from the steps and the learning rate."""
    teaches: str
    """One sentence: its idea."""
    takes_warmup: bool = True
    reads_loss: bool = False
    """Whether it judges by the loss, so that its rate depends on the run and not on the step alone."""

    @property
    def no_warmup(self) -> str:
        """Why no warm-up can come before it; empty where one can."""
        if self.takes_warmup:
            return ""
        why = (
            "is told the loss, which SequentialLR does not pass on"
            if self.reads_loss
            else ("sets the rate from its first step")
        )
        return f"It {why}: no warm-up can come before it."

    def settings(self, spec: SchedulerSpec, steps: int, lr: float) -> dict[str, Value]:
        """The arguments that a spec gives, and those that torch requires besides.

        Args:
            spec: A scheduler of this name.
            steps: The steps of the run.
            lr: The optimizer's learning rate.

        Returns:
            Values by torch's names.

        Raises:
            ValueError: A name is unknown, a value of a wrong type, or there is a warm-up that it cannot have.
        """
        if spec.warmup and self.no_warmup:
            raise ValueError(f"{self.name}: {self.no_warmup}")
        given = coerce_all(self.name, self.params, spec.params)
        # OneCycleLR takes its length in one of two ways: who gives the other one needs no suggestion.
        settled = given.keys() | ({"total_steps"} if "epochs" in given else set())
        length = max(1, steps - spec.warmup)
        needed = {name: suggest(length, lr) for name, suggest in self.required.items() if name not in settled}
        return needed | given

    def build(self, spec: SchedulerSpec, optimizer: Optimizer, steps: int) -> Scheduler:
        """The scheduler for an optimizer, as torch makes it.

        Args:
            spec: A scheduler of this name.
            optimizer: What it schedules.
            steps: The steps of the run.

        Returns:
            The scheduler, after its warm-up where the spec has one.

        Raises:
            ValueError: As in `settings`; torch itself may raise other errors.
        """
        settings: dict[str, Any] = self.settings(spec, steps, optimizer.param_groups[0]["lr"] + 0.0)
        if not spec.warmup:
            return self.make(optimizer, **settings)
        warmup = lr_scheduler.LinearLR(optimizer, total_iters=spec.warmup)
        after: Any = self.make(optimizer, **settings)
        return lr_scheduler.SequentialLR(optimizer, [warmup, after], [spec.warmup])


_Params = dict[str, tuple[Kind, str]]
"""Names of arguments, with what each may be and what it does."""


def _row(
    make: Callable[..., Scheduler],
    teaches: str,
    params: _Params,
    *,
    required: Mapping[str, Suggest] | None = None,
    takes_warmup: bool = True,
    reads_loss: bool = False,
) -> SchedulerInfo:
    signature = inspect.signature(make).parameters
    empty = inspect.Parameter.empty
    declared = {
        name: Param(kind, None if signature[name].default is empty else signature[name].default, help)
        for name, (kind, help) in params.items()
    }
    name = make.__name__
    return SchedulerInfo(
        make,
        name,
        MappingProxyType(declared),
        MappingProxyType(dict(required or {})),
        teaches,
        takes_warmup,
        reads_loss,
    )


_STEPS = Int(1, 1_000_000)
_RATE = Float(0.0, 1e4, log=True)
_SHARE = Float(0.0, 1.0)
_gamma: _Params = {"gamma": (_SHARE, "Factor by which the learning rate is multiplied each time.")}
_eta_min: _Params = {"eta_min": (_RATE, "The learning rate at the lowest point.")}
_MOMENTUM = Float(0.0, 0.999999)
_CYCLED = (
    Flag(),
    "Move momentum (or the first of betas) too, even where it was 0; needs an optimizer that has it.",
)

_ROWS = (
    _row(
        lr_scheduler.StepLR,
        "Multiplies the learning rate by gamma every step_size steps: a staircase down.",
        {"step_size": (_STEPS, "Steps on each stair.")} | _gamma,
        required={"step_size": lambda steps, lr: max(1, steps // 3)},
    ),
    _row(
        lr_scheduler.MultiStepLR,
        "Multiplies the learning rate by gamma at the steps that are listed.",
        {"milestones": (Ints(0, 1_000_000), "The steps at which the rate falls.")} | _gamma,
        required={"milestones": lambda steps, lr: (steps // 2, steps * 3 // 4)},
    ),
    _row(
        lr_scheduler.ConstantLR,
        "Runs at a fraction of the learning rate first, then at the whole of it.",
        {
            "factor": (_SHARE, "The fraction at first."),
            "total_iters": (Int(0, 1_000_000), "Steps at that fraction."),
        },
    ),
    _row(
        lr_scheduler.LinearLR,
        "Moves the learning rate along a straight line from one fraction of it to another.",
        {
            "start_factor": (Float(1e-9, 1.0), "The fraction at the first step."),
            "end_factor": (_SHARE, "The fraction at the end of the line."),
            "total_iters": (Int(1, 1_000_000), "Length of the line in steps."),
        },
    ),
    _row(
        lr_scheduler.ExponentialLR,
        "Multiplies the learning rate by gamma at every step.",
        _gamma,
        required={"gamma": lambda steps, lr: round(0.01 ** (1 / steps), 6)},
    ),
    _row(
        lr_scheduler.PolynomialLR,
        "Lets the learning rate fall to 0 along a power of the steps left.",
        {
            "total_iters": (Int(1, 1_000_000), "Steps until it is 0."),
            "power": (Float(0.0, 10.0), "1 is a straight line; more falls early, less falls late."),
        },
    ),
    _row(
        lr_scheduler.CosineAnnealingLR,
        "Lets the learning rate fall along half a cosine: slowly, then fast, then slowly.",
        {"T_max": (_STEPS, "Steps from the top to the bottom; after them it rises again.")} | _eta_min,
        required={"T_max": lambda steps, lr: steps},
    ),
    _row(
        lr_scheduler.CosineAnnealingWarmRestarts,
        "Half a cosine down, then back to the top, again and again.",
        {
            "T_0": (_STEPS, "Steps of the first fall."),
            "T_mult": (Int(1, 100), "How many times longer each fall is than the one before."),
        }
        | _eta_min,
        required={"T_0": lambda steps, lr: max(1, steps // 4)},
    ),
    _row(
        lr_scheduler.CyclicLR,
        "Moves the learning rate up and down between two bounds, and by default momentum the other way.",
        {
            "base_lr": (_RATE, "The lower bound; it replaces the optimizer's lr."),
            "max_lr": (_RATE, "The upper bound."),
            "step_size_up": (_STEPS, "Steps from the lower bound to the upper one."),
            "step_size_down": (Maybe(_STEPS), "Steps back down; None is as many as up."),
            "mode": (
                Choice(("triangular", "triangular2", "exp_range")),
                "triangular repeats; triangular2 halves the height each time; exp_range shrinks it by gamma.",
            ),
            "gamma": (_SHARE, "For exp_range: factor on the height at every step."),
            "scale_mode": (Choice(("cycle", "iterations")), "Whether the height follows cycles or steps."),
            "cycle_momentum": _CYCLED,
            "base_momentum": (_MOMENTUM, "Momentum where the rate is highest."),
            "max_momentum": (_MOMENTUM, "Momentum where the rate is lowest."),
        },
        required={
            "base_lr": lambda steps, lr: lr / 10,
            "max_lr": lambda steps, lr: lr,
        },
        takes_warmup=False,
    ),
    _row(
        lr_scheduler.OneCycleLR,
        "By default one rise from a small learning rate to max_lr and one long fall to almost nothing.",
        {
            "max_lr": (_RATE, "The highest learning rate; the optimizer's own lr is not used."),
            "total_steps": (Maybe(_STEPS), "Length of the cycle; torch refuses to go further."),
            "epochs": (Maybe(_STEPS), "Instead of total_steps: epochs, together with steps_per_epoch."),
            "steps_per_epoch": (Maybe(_STEPS), "Steps in an epoch, where epochs is given."),
            "pct_start": (_SHARE, "Share of the cycle in which the rate rises."),
            "anneal_strategy": (Choice(("cos", "linear")), "Shape of the rise and the fall."),
            "cycle_momentum": _CYCLED,
            "base_momentum": (_MOMENTUM, "Momentum where the rate is highest."),
            "max_momentum": (_MOMENTUM, "Momentum where the rate is lowest."),
            "div_factor": (Float(1e-6, 1e6, log=True), "The first rate is max_lr divided by this."),
            "final_div_factor": (Float(1e-6, 1e12, log=True), "The last rate is the first divided by this."),
            "three_phase": (Flag(), "Fall back to the first rate before the long fall to the last one."),
        },
        required={"max_lr": lambda steps, lr: lr, "total_steps": lambda steps, lr: steps},
        takes_warmup=False,
    ),
    _row(
        lr_scheduler.ReduceLROnPlateau,
        "Multiplies the learning rate by factor when the loss has not got better for more than patience "
        "steps.",
        {
            "mode": (Choice(("min", "max")), "Whether better means lower or higher."),
            "factor": (Float(0.0, 0.999999), "Factor by which the rate falls."),
            "patience": (Int(0, 1_000_000), "Steps without improvement that are tolerated."),
            "threshold": (Float(0.0, 1e6), "By how much the loss must be better to count."),
            "threshold_mode": (
                Choice(("rel", "abs")),
                "Whether threshold is a share of the best or a difference.",
            ),
            "cooldown": (Int(0, 1_000_000), "Steps after each fall in which bad steps are not counted."),
            "min_lr": (_RATE, "The rate never falls below this."),
            "eps": (_RATE, "Falls smaller than this are left out."),
        },
        takes_warmup=False,
        reads_loss=True,
    ),
)

SCHEDULERS: Mapping[str, SchedulerInfo] = MappingProxyType({row.name: row for row in _ROWS})


def scheduler_info(spec: SchedulerSpec) -> SchedulerInfo:
    """The row of `SCHEDULERS` that `spec` names.

    Raises:
        ValueError: There is none. The sentence says why torch's is left out, or what there is.
    """
    if spec.name in SCHEDULERS:
        return SCHEDULERS[spec.name]
    if spec.name in EXCLUDED:
        raise ValueError(f"optviz does not run {spec.name}. {EXCLUDED[spec.name]}")
    raise ValueError(f"There is no scheduler named {spec.name[:60]!r}. There are: {', '.join(SCHEDULERS)}.")
