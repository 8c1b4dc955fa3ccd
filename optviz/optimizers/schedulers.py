"""Every scheduler of `torch.optim.lr_scheduler` that makes sense for one run, described from outside.

Arguments that torch requires are suggested from the number of steps and the learning rate, so that a
scheduler can be chosen with one click. Rows are data: they load no torch. A test holds them against the
signatures of the torch that is installed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from optviz.spec.experiment import SchedulerSpec
from optviz.spec.params import Choice, Flag, Float, Int, Ints, Maybe, Param, Value, coerce_all

if TYPE_CHECKING:
    from torch.optim import Optimizer
    from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

    Scheduler: TypeAlias = LRScheduler | ReduceLROnPlateau

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

Suggest = Callable[[int, float], Value]
"""(steps, learning rate) → a value for an argument that torch requires."""


@dataclass(frozen=True)
class SchedulerInfo:
    """A scheduler that can be chosen."""

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
    def make(self) -> Callable[..., Scheduler]:
        """The class itself, which is loaded when it is asked for."""
        return cast("Callable[..., Scheduler]", getattr(import_module("torch.optim.lr_scheduler"), self.name))

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
        from torch.optim.lr_scheduler import LinearLR, SequentialLR

        settings: dict[str, Any] = self.settings(spec, steps, optimizer.param_groups[0]["lr"] + 0.0)
        if not spec.warmup:
            return self.make(optimizer, **settings)
        warmup = LinearLR(optimizer, total_iters=spec.warmup)
        after: Any = self.make(optimizer, **settings)
        return SequentialLR(optimizer, [warmup, after], [spec.warmup])


_Params = dict[str, Param]


def _row(
    name: str,
    teaches: str,
    params: _Params,
    *,
    required: Mapping[str, Suggest] | None = None,
    takes_warmup: bool = True,
    reads_loss: bool = False,
) -> SchedulerInfo:
    needs = MappingProxyType(dict(required or {}))
    return SchedulerInfo(name, MappingProxyType(params), needs, teaches, takes_warmup, reads_loss)


_STEPS = Int(1, 1_000_000)
_RATE = Float(0.0, 1e4, log=True)
_SHARE = Float(0.0, 1.0)
_eta_min: _Params = {"eta_min": Param(_RATE, 0.0, "The learning rate at the lowest point.")}
_MOMENTUM = Float(0.0, 0.999999)
_CYCLED = Param(
    Flag(),
    True,
    "Move momentum (or the first of betas) too, even where it was 0; needs an optimizer that has it.",
)


def _gamma(default: float | None) -> _Params:
    return {"gamma": Param(_SHARE, default, "Factor by which the learning rate is multiplied each time.")}


_ROWS = (
    _row(
        "StepLR",
        "Multiplies the learning rate by gamma every step_size steps: a staircase down.",
        {"step_size": Param(_STEPS, None, "Steps on each stair.")} | _gamma(0.1),
        required={"step_size": lambda steps, lr: max(1, steps // 3)},
    ),
    _row(
        "MultiStepLR",
        "Multiplies the learning rate by gamma at the steps that are listed.",
        {"milestones": Param(Ints(0, 1_000_000), None, "The steps at which the rate falls.")} | _gamma(0.1),
        required={"milestones": lambda steps, lr: (steps // 2, steps * 3 // 4)},
    ),
    _row(
        "ConstantLR",
        "Runs at a fraction of the learning rate first, then at the whole of it.",
        {
            "factor": Param(_SHARE, 1 / 3, "The fraction at first."),
            "total_iters": Param(Int(0, 1_000_000), 5, "Steps at that fraction."),
        },
    ),
    _row(
        "LinearLR",
        "Moves the learning rate along a straight line from one fraction of it to another.",
        {
            "start_factor": Param(Float(1e-9, 1.0), 1 / 3, "The fraction at the first step."),
            "end_factor": Param(_SHARE, 1.0, "The fraction at the end of the line."),
            "total_iters": Param(Int(1, 1_000_000), 5, "Length of the line in steps."),
        },
    ),
    _row(
        "ExponentialLR",
        "Multiplies the learning rate by gamma at every step.",
        _gamma(None),
        required={"gamma": lambda steps, lr: round(0.01 ** (1 / steps), 6)},
    ),
    _row(
        "PolynomialLR",
        "Lets the learning rate fall to 0 along a power of the steps left.",
        {
            "total_iters": Param(Int(1, 1_000_000), 5, "Steps until it is 0."),
            "power": Param(Float(0.0, 10.0), 1.0, "1 is a straight line; more falls early, less falls late."),
        },
    ),
    _row(
        "CosineAnnealingLR",
        "Lets the learning rate fall along half a cosine: slowly, then fast, then slowly.",
        {"T_max": Param(_STEPS, None, "Steps from the top to the bottom; after them it rises again.")}
        | _eta_min,
        required={"T_max": lambda steps, lr: steps},
    ),
    _row(
        "CosineAnnealingWarmRestarts",
        "Half a cosine down, then back to the top, again and again.",
        {
            "T_0": Param(_STEPS, None, "Steps of the first fall."),
            "T_mult": Param(Int(1, 100), 1, "How many times longer each fall is than the one before."),
        }
        | _eta_min,
        required={"T_0": lambda steps, lr: max(1, steps // 4)},
    ),
    _row(
        "CyclicLR",
        "Moves the learning rate up and down between two bounds, and by default momentum the other way.",
        {
            "base_lr": Param(_RATE, None, "The lower bound; it replaces the optimizer's lr."),
            "max_lr": Param(_RATE, None, "The upper bound."),
            "step_size_up": Param(_STEPS, 2000, "Steps from the lower bound to the upper one."),
            "step_size_down": Param(Maybe(_STEPS), None, "Steps back down; None is as many as up."),
            "mode": Param(
                Choice(("triangular", "triangular2", "exp_range")),
                "triangular",
                "triangular repeats; triangular2 halves the height each time; exp_range shrinks it by gamma.",
            ),
            "gamma": Param(_SHARE, 1.0, "For exp_range: factor on the height at every step."),
            "scale_mode": Param(
                Choice(("cycle", "iterations")), "cycle", "Whether the height follows cycles or steps."
            ),
            "cycle_momentum": _CYCLED,
            "base_momentum": Param(_MOMENTUM, 0.8, "Momentum where the rate is highest."),
            "max_momentum": Param(_MOMENTUM, 0.9, "Momentum where the rate is lowest."),
        },
        required={
            "base_lr": lambda steps, lr: lr / 10,
            "max_lr": lambda steps, lr: lr,
        },
        takes_warmup=False,
    ),
    _row(
        "OneCycleLR",
        "By default one rise from a small learning rate to max_lr and one long fall to almost nothing.",
        {
            "max_lr": Param(_RATE, None, "The highest learning rate; the optimizer's own lr is not used."),
            "total_steps": Param(Maybe(_STEPS), None, "Length of the cycle; torch refuses to go further."),
            "epochs": Param(
                Maybe(_STEPS), None, "Instead of total_steps: epochs, together with steps_per_epoch."
            ),
            "steps_per_epoch": Param(Maybe(_STEPS), None, "Steps in an epoch, where epochs is given."),
            "pct_start": Param(_SHARE, 0.3, "Share of the cycle in which the rate rises."),
            "anneal_strategy": Param(Choice(("cos", "linear")), "cos", "Shape of the rise and the fall."),
            "cycle_momentum": _CYCLED,
            "base_momentum": Param(_MOMENTUM, 0.85, "Momentum where the rate is highest."),
            "max_momentum": Param(_MOMENTUM, 0.95, "Momentum where the rate is lowest."),
            "div_factor": Param(
                Float(1e-6, 1e6, log=True), 25.0, "The first rate is max_lr divided by this."
            ),
            "final_div_factor": Param(
                Float(1e-6, 1e12, log=True), 1e4, "The last rate is the first divided by this."
            ),
            "three_phase": Param(
                Flag(), False, "Fall back to the first rate before the long fall to the last one."
            ),
        },
        required={"max_lr": lambda steps, lr: lr, "total_steps": lambda steps, lr: steps},
        takes_warmup=False,
    ),
    _row(
        "ReduceLROnPlateau",
        "Multiplies the learning rate by factor when the loss has not got better for more than patience "
        "steps.",
        {
            "mode": Param(Choice(("min", "max")), "min", "Whether better means lower or higher."),
            "factor": Param(Float(0.0, 0.999999), 0.1, "Factor by which the rate falls."),
            "patience": Param(Int(0, 1_000_000), 10, "Steps without improvement that are tolerated."),
            "threshold": Param(Float(0.0, 1e6), 1e-4, "By how much the loss must be better to count."),
            "threshold_mode": Param(
                Choice(("rel", "abs")),
                "rel",
                "Whether threshold is a share of the best or a difference.",
            ),
            "cooldown": Param(
                Int(0, 1_000_000), 0, "Steps after each fall in which bad steps are not counted."
            ),
            "min_lr": Param(_RATE, 0, "The rate never falls below this."),
            "eps": Param(_RATE, 1e-8, "Falls smaller than this are left out."),
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
