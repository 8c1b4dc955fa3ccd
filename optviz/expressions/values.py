"""What the terms of rules come to, for numbers of their symbols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optviz.expressions.terms import OF_A_TENSOR, Number, Operation, Symbol, Term

Array = NDArray[np.float64]
Values = Mapping[str, Any]
"""Numbers by the keys of symbols: floats, or arrays that broadcast with (n, 2)."""

_OPERATIONS: Mapping[str, Callable[..., Any]] = {  # those of the optimizers' rules
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "**": np.power,
    "neg": np.negative,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sign": np.sign,
    "max": np.maximum,
    "min": np.minimum,
    # torch keeps some scalars in float32 whatever the run's dtype
    "float32": lambda value: np.float64(np.float32(value)) if np.ndim(value) == 0 else _single(value),
    "by sign": lambda of, positive, negative, zero: np.where(
        of > 0, positive, np.where(of < 0, negative, zero)
    ),
}


_OF_A_TENSOR: Mapping[str, Callable[[Any, tuple[int, ...]], Any]] = {  # `OF_A_TENSOR`, along these axes
    "RMS": lambda value, axes: np.sqrt(np.mean(np.square(value), axis=axes, keepdims=True)),
    "mean": lambda value, axes: np.mean(value, axis=axes, keepdims=True),
    "row mean": lambda value, axes: np.mean(value, axis=axes[-1], keepdims=True),
    "column mean": lambda value, axes: np.mean(value, axis=axes[-2], keepdims=True),
}


def _single(values: Array) -> Array:
    return values.astype(np.float32).astype(np.float64)


def value(term: Term, values: Values, tensor: tuple[int, ...] = (-1,)) -> Any:
    """The value of a term, in float64: a number, or an array where its symbols are arrays.

    Args:
        term: The term.
        values: The value of each of its symbols, by its key.
        tensor: The axes of the arrays along which the numbers of one tensor lie: two of them for a matrix.

    Raises:
        TypeError: `term` is none.
    """
    match term:
        case Number(number):
            return number
        case Symbol(key):
            return values[key]
        case Operation(name, (part,)) if name in OF_A_TENSOR:
            return _OF_A_TENSOR[name](value(part, values, tensor), tensor)
        case Operation(name, parts):
            return _OPERATIONS[name](*(value(part, values, tensor) for part in parts))
    raise TypeError(f"{term!r} is no term.")
