"""Axes of sweeps: how a varied hyperparameter is asked for, what it may be, and its default range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optviz.engine.outcome import Array
from optviz.maps.cost import MOST_CELLS
from optviz.optimizers.catalogue import optimizer_info
from optviz.spec.experiment import Experiment, OptimizerSpec, RunSpec
from optviz.spec.params import Choice, Float, Int, Kind, Maybe, Text, Tuple, Value, describe


@dataclass(frozen=True, slots=True)
class AxisKind(Tuple):
    """An axis of a sweep: hyperparameter, from, to, how many values, and how they are spread."""

    kinds: tuple[Kind, ...] = (
        Text(40),
        Float(-1e6, 1e6),
        Float(-1e6, 1e6),
        Int(2, 256),
        Choice(("log", "linear")),
    )
    optional: int = 1
    names: tuple[str, ...] = ("of", "from", "to", "values", "spread")
    place: int = 0
    """0 for the axis that goes across, 1 for the one that goes up."""


ShownAxis = tuple[str, float, float, int, str]
_USUAL = ("lr", "momentum", "betas[0]", "alpha", "rho", "lr_decay", "etas[0]", "weight_decay")
"""What a sweep varies by default: the first of these that the optimizer has."""
_COUNTS = (64, 32)
"""How many values the axis across has by default, and the one upwards."""
_RANGES: Mapping[str, tuple[float, float]] = {
    "momentum": (0.0, 0.99),
    "betas[0]": (0.0, 0.99),
    "betas[1]": (0.9, 0.9999),
    "alpha": (0.5, 0.9999),
    "rho": (0.5, 0.9999),
    "weight_decay": (1e-5, 1.0),
    "eps": (1e-10, 1.0),
}


@dataclass(frozen=True)
class Axis:
    """A hyperparameter that is varied: `count` values from `low` to `high`."""

    name: str
    """torch's name; "betas[1]" for the second of a tuple."""
    low: float
    high: float
    count: int
    log: bool = False
    whole: bool = False
    """Whether it takes whole numbers only."""

    @property
    def values(self) -> Array:
        """(count,) ascending or descending; whole numbers where it takes no others."""
        space = np.geomspace if self.log else np.linspace
        values: Array = space(self.low, self.high, self.count, dtype=np.float64)
        return np.round(values) if self.whole else values

    @property
    def shown(self) -> ShownAxis:
        """The axis as `AxisKind` has it."""
        return self.name, self.low, self.high, self.count, "log" if self.log else "linear"

    @property
    def parts(self) -> tuple[str, int | None]:
        """The hyperparameter's name, and the place in its tuple."""
        return _parts(self.name)


# -- what was asked for ----------------------------------------------------------------------------------


def _parts(name: str) -> tuple[str, int | None]:
    word, bracket, place = name.partition("[")
    return word, int(place.rstrip("]")) if bracket else None


def read_axis(spec: RunSpec, given: Axis | tuple[Any, ...]) -> Axis:
    """An axis of a sweep, checked.

    Args:
        spec: The competitor whose hyperparameter is varied.
        given: An `Axis`, or (name, low, high, count) and perhaps "log" or "linear".

    Raises:
        ValueError: The optimizer has no such number, or its range, count or scale cannot be used.
    """
    if isinstance(given, Axis):
        given = (given.name, given.low, given.high, given.count, "log" if given.log else "linear")
    if not isinstance(given, tuple) or not 4 <= len(given) <= 5:
        raise ValueError(f"An axis is (name, low, high, count), not {describe(given)}.")
    name = _axis_name(given[0])
    kind = axis_kind(spec.optimizer, name)
    try:
        low, high = kind.coerce(given[1]), kind.coerce(given[2])
        count = Int(1, MOST_CELLS).check(given[3])
    except ValueError as error:
        raise ValueError(f"The axis {name}: {error}") from None
    assert isinstance(low, int | float) and isinstance(high, int | float)
    scale = given[4] if len(given) == 5 else None
    if scale not in (None, "log", "linear"):
        raise ValueError(f'The scale of an axis is "log" or "linear", not {describe(scale)}.')
    log = isinstance(kind, Float) and kind.log and min(low, high) > 0 if scale is None else scale == "log"
    if log and min(low, high) <= 0:
        raise ValueError(f"The axis {name}: a log scale has no place for {min(low, high):g}.")
    if count > 1 and low == high:
        raise ValueError(f"The axis {name} must lead from one number to another, not stay at {low:g}.")
    axis = Axis(name, low, high, count, log, isinstance(kind, Int))
    if axis.whole and len(set(axis.values)) < count:
        raise ValueError(f"The axis {name} has no {count} different whole numbers from {low:g} to {high:g}.")
    return axis


def _axis_name(given: object) -> str:
    if isinstance(given, tuple) and len(given) == 2:
        given = f"{given[0]}[{given[1]}]"
    if not isinstance(given, str) or not re.fullmatch(r"\w+(\[\d+\])?", given):
        raise ValueError(f'An axis is named like "lr" or "betas[1]", not {describe(given)}.')
    return given


def axis_kind(optimizer: OptimizerSpec, name: str) -> Float | Int:
    """What a hyperparameter, or a part of one, may be.

    Args:
        optimizer: The optimizer.
        name: torch's name; "betas[1]" for the second of a tuple.

    Raises:
        ValueError: The optimizer has no number of this name.
    """
    word, place = _parts(name)
    declared = optimizer_info(optimizer).params
    kind = declared[word].kind if word in declared else None
    if isinstance(kind, Tuple):
        kind = kind.kinds[place] if place is not None and place < len(kind.kinds) else None
    elif place is not None:
        kind = None
    kind = kind.kind if isinstance(kind, Maybe) else kind
    if not isinstance(kind, Float | Int):
        names = ", ".join(axis_names(optimizer.name))
        raise ValueError(f"{optimizer.name} has no number called {name}. It has: {names}.")
    return kind


def axis_names(optimizer: str) -> tuple[str, ...]:
    """The hyperparameters that can be an axis of a sweep: every number that an optimizer takes.

    Args:
        optimizer: A name in `OPTIMIZERS`.

    Returns:
        torch's names, and "betas[1]" for the second of a tuple.

    Raises:
        ValueError: There is no such optimizer.

    Example:
        >>> import optviz as ov
        >>> ov.axis_names("Adam")
        ('lr', 'betas[0]', 'betas[1]', 'eps', 'weight_decay')
    """
    parts: dict[str, Kind] = {}
    for name, param in optimizer_info(OptimizerSpec(optimizer)).params.items():
        if isinstance(param.kind, Tuple):
            parts |= {f"{name}[{place}]": kind for place, kind in enumerate(param.kind.kinds)}
        else:
            parts[name] = param.kind
    kinds = {name: kind.kind if isinstance(kind, Maybe) else kind for name, kind in parts.items()}
    return tuple(name for name, kind in kinds.items() if isinstance(kind, Float | Int))


# -- what is taken where nothing was asked for -----------------------------------------------------------


def default_axis(optimizer: OptimizerSpec, name: str, count: int) -> ShownAxis:
    """A range for a hyperparameter that shows where it works and where it does not."""
    kind = axis_kind(optimizer, name)
    if isinstance(kind, Int):
        first = max(kind.low, 1)
        last = min(kind.high, first + count - 1)
        return name, first, last, last - first + 1, "linear"
    low, high = _range(optimizer, name, kind)
    return name, low, high, count, "log" if kind.log and low > 0 else "linear"


def whole_axis(optimizer: OptimizerSpec, axis: Any) -> ShownAxis:
    """An axis with its scale, which by default is that of the hyperparameter."""
    if len(axis) == 5:
        return axis  # type: ignore[no-any-return]
    name, low, high, count = axis
    kind = axis_kind(optimizer, name) if name in axis_names(optimizer.name) else None
    log = isinstance(kind, Float) and kind.log and min(low, high) > 0
    return name, low, high, count, "log" if log else "linear"


def _range(optimizer: OptimizerSpec, name: str, kind: Float) -> tuple[float, float]:
    if name == "lr":
        info = optimizer_info(optimizer)
        rate: Any = info.complete(optimizer)["lr"] or info.params["lr"].default
        return float(f"{rate / 1000:.3g}"), float(f"{rate * 1000:.3g}")
    low = max(kind.low, 1e-6) if kind.log else max(kind.low, -1.0)
    return _RANGES.get(name, (low, min(kind.high, 1.0)))


def usual_axes(optimizer: OptimizerSpec, x: ShownAxis | None = None) -> tuple[ShownAxis, ShownAxis | None]:
    """The two axes of a sweep by default, or `x` and the default for the other.

    The first is the learning rate, which every optimizer has; the second is None where it has no other.
    """
    x = x or default_axis(optimizer, _USUAL[0], _COUNTS[0])
    others = [name for name in axis_names(optimizer.name) if name != x[0]]
    second = next((name for name in (*_USUAL, *others) if name in others), None)
    return x, default_axis(optimizer, second, _COUNTS[1]) if second else None


# -- experiments with one value --------------------------------------------------------------------------


def with_value(optimizer: OptimizerSpec, axis: Axis, value: float) -> OptimizerSpec:
    """The optimizer with one value of an axis."""
    word, place = axis.parts
    chosen: Value = int(value) if axis.whole else value
    if place is not None:
        parts = optimizer_info(optimizer).complete(optimizer)[word]
        assert isinstance(parts, tuple)
        chosen = (*parts[:place], chosen, *parts[place + 1 :])
    return OptimizerSpec(optimizer.name, {**optimizer.params, word: chosen})


def with_run(experiment: Experiment, index: int, run: RunSpec) -> Experiment:
    """The experiment with `run` in the place of the competitor with this index."""
    runs = (*experiment.runs[:index], run, *experiment.runs[index + 1 :])
    return replace(experiment, runs=runs)
