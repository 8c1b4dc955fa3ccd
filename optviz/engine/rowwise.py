"""One of torch's optimizers with other hyperparameters in each row of its tensors.

torch wants one number for all rows and refuses a tensor for most of them. Its own code runs all the same, row
for row as it would with a number: `PerRow` is a float to Python's arithmetic, one for each row in truth, and
`RowWise` gives the few operations that torch ends in with such a number their form for rows. That each of
these rounds as the one with a number does is what `tests/core/test_rowwise.py` proves, for every optimizer
and hyperparameter.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.overrides import TorchFunctionMode

from optviz.spec.params import Value

Rows = NDArray[np.float64]

OPTIMIZERS_BY_ROWS = frozenset(
    ("SGD", "Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Adadelta")
)
"""Those whose code is known to do the same with rows as with numbers."""


class MixedError(Exception):
    """torch's code would go one way for some rows and another way for the others."""


class PerRow(float):
    """A float for each row of a tensor.

    To C code that asks for its value it is NaN: what forgets the rows is seen at once.
    """

    rows: Rows
    """(N,)"""
    _tensors: dict[tuple[torch.dtype, torch.device], Tensor]
    """What `of` has made: a learning rate is the same at every step, and copying it to a GPU takes long."""

    def __new__(cls, rows: Any) -> Self:
        """The rows (N,) as one number."""
        number = super().__new__(cls, math.nan)
        number.rows = np.asarray(rows, dtype=np.float64)
        number._tensors = {}
        return number

    def __float__(self) -> float:
        if (self.rows != self.rows[0]).any():
            raise MixedError
        return float(self.rows[0])

    def __bool__(self) -> bool:
        nonzero = self.rows != 0
        if nonzero.any() != nonzero.all():
            raise MixedError
        return bool(nonzero.all())

    def __neg__(self) -> PerRow:
        return PerRow(-self.rows)

    __hash__ = None  # type: ignore[assignment]  # equal or not is for the rows to say

    def of(self, tensor: Tensor) -> Tensor:
        """The rows as a column for a tensor, in its dtype, rounded once, as torch rounds a number.

        Args:
            tensor: (N, 2) what the rows are used with.

        Returns:
            (N, 1)
        """
        kept = self._tensors.get(kind := (tensor.dtype, tensor.device))
        if kept is None:
            kept = self._tensors[kind] = torch.from_numpy(self.rows)[:, None].to(tensor)
        return kept


def _each(operation: Callable[..., Any], left: Any, right: Any) -> Rows:
    """Python's own operation row by row: NumPy's power is not C's in the last bit."""
    pairs = np.broadcast_arrays(*(part.rows if isinstance(part, PerRow) else part for part in (left, right)))
    if operation is not operator.pow:
        with np.errstate(all="ignore"):
            result: Rows = operation(*pairs)
        return result
    return np.array([a**b for a, b in zip(*(pair.tolist() for pair in pairs), strict=True)])


def _arithmetic(name: str) -> None:
    operation = getattr(operator, name)

    def forward(self: PerRow, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        return PerRow(_each(operation, self, other))

    def backward(self: PerRow, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        return PerRow(_each(operation, other, self))

    setattr(PerRow, f"__{name}__", forward)
    setattr(PerRow, f"__r{name}__", backward)


def _comparison(name: str) -> None:
    operation = getattr(operator, name)

    def compare(self: PerRow, other: Any) -> Any:
        if not isinstance(other, int | float):
            return NotImplemented
        holds = _each(operation, self, other)
        if holds.any() != holds.all():
            raise MixedError
        return bool(holds.all())

    setattr(PerRow, f"__{name}__", compare)


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _arithmetic(_name)
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    _comparison(_name)


# -- what torch does with such numbers -------------------------------------------------------------------


def _plain(name: str) -> Callable[..., Tensor]:
    """An operation with a number as its operand, such as `mul_`: the rows are the other operand."""

    def rowwise(this: Tensor, other: Any, *, alpha: Any = None) -> Tensor:
        if alpha is not None:
            scale = alpha.of(this) if isinstance(alpha, PerRow) else torch.full_like(this[:, :1], alpha)
            # Multiplied and added in one rounding, as `add` with a number does.
            return _into(this, torch.addcmul(this, other, scale), name)
        return getattr(this, name)(other.of(this))  # type: ignore[no-any-return]

    return rowwise


def _into(this: Tensor, value: Tensor, name: str) -> Tensor:
    return this.copy_(value) if name.endswith("_") else value


def _scaled(name: str) -> Callable[..., Tensor]:
    """`addcmul` and `addcdiv`, which multiply the first factor by `value` before all else."""

    def rowwise(this: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: PerRow) -> Tensor:
        return getattr(this, name)(value.of(this) * tensor1, tensor2)  # type: ignore[no-any-return]

    return rowwise


def _lerp(this: Tensor, end: Tensor, weight: PerRow) -> Tensor:
    return this.lerp_(end, weight.of(this).expand_as(this))


def _full_like(this: Tensor, fill: PerRow, **rest: Any) -> Tensor:
    return (
        fill.of(this).expand_as(this).clone(**rest)
        if not rest
        else torch.zeros_like(this, **rest).add_(fill.of(this))
    )


_ROWWISE: Mapping[str, Callable[..., Tensor]] = {
    **{name: _plain(name) for name in ("add", "add_", "sub", "mul", "mul_", "div", "div_")},
    **{name: _plain(name) for name in ("__truediv__", "__mul__", "__rmul__", "__add__", "__radd__")},
    **{name: _scaled(name) for name in ("addcmul_", "addcdiv_")},
    "lerp_": _lerp,
    "full_like": _full_like,
}


class RowWise(TorchFunctionMode):
    """While it is on, torch's operations take `PerRow` numbers; raises MixedError for one that does not."""

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if not any(isinstance(part, PerRow) for part in (*args, *kwargs.values())):
            return func(*args, **kwargs)
        if (rowwise := _ROWWISE.get(func.__name__)) is None:
            raise MixedError
        return rowwise(*args, **kwargs)


# -- settings side by side -------------------------------------------------------------------------------


def merged(settings: Sequence[Mapping[str, Value]]) -> dict[str, Any]:
    """The settings of several optimizers as those of one: numbers that differ become one `PerRow`.

    Args:
        settings: The settings of each, by torch's names.

    Raises:
        MixedError: They differ in anything but numbers, or in their names.
    """
    if len({frozenset(each) for each in settings}) > 1:
        raise MixedError
    return {name: _merged([each[name] for each in settings]) for name in settings[0]}


def _merged(values: Sequence[Any]) -> Any:
    first = values[0]
    if all(value == first and type(value) is type(first) for value in values):
        return first
    if isinstance(first, tuple):
        return tuple(_merged(part) for part in zip(*values, strict=True))
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        raise MixedError
    return PerRow(values)


def alike(settings: Sequence[Mapping[str, Value]]) -> list[list[int]]:
    """Which of some settings can share one optimizer: those that are 0 in the same places.

    torch leaves out what a 0 would multiply, which is not the same as multiplying by it.
    """
    groups: dict[Any, list[int]] = {}
    for index, each in enumerate(settings):
        zeros = frozenset(
            (name, place)
            for name, value in each.items()
            for place, part in enumerate(value if isinstance(value, tuple) else (value,))
            if isinstance(part, int | float) and part == 0
        )
        groups.setdefault(zeros, []).append(index)
    return list(groups.values())
