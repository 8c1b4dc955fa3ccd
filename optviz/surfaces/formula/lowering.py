"""A checked formula as a torch function, and as the source of that very function.

Each part becomes a `Lowered`, which has both at once, so that the program that is shown takes the same steps
as the surface. What depends on neither x nor y is one Python float, computed when the formula is built: with
parameters given, 2*pi*a is the number that a person's own program would multiply by.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from optviz.expressions.spelling import CONDITIONS, CONSTANTS, VARIABLES
from optviz.expressions.terms import Number, Operation, Symbol, Term
from optviz.surfaces import operations

Function = Callable[..., Any]

_CONDITION, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(6)
"""How tightly Python's operators hold; & and | are always written in brackets."""
_LARGEST = 3.4e38
"""Constants from here on are infinite in float32."""
_MOST_PRODUCTS = 2**20
"""The largest whole exponent whose power is written as products, of which 40 do for it."""


@dataclass(frozen=True)
class Lowered:
    """A part of a formula, once the parameters are given."""

    code: str
    """Python source that has the value."""
    rank: int = _ATOM
    """How tightly that source binds."""
    value: float | bool | None = None
    """Of a constant; None for what depends on x or y."""
    function: Callable[[Tensor, Tensor], Tensor] | None = None
    """Of x and y; None for a constant."""
    typed: bool = False
    """Whether it is a number as it was typed."""
    slopes: frozenset[str] = frozenset()
    """Those of x and y along which autograd finds a slope, be it 0."""
    uses: frozenset[Function] = frozenset()
    """Those of `operations` that the source calls."""
    tame: bool = True
    """Whether the slope is surely finite wherever x and y are of ordinary size."""

    def at(self, x: Tensor, y: Tensor) -> Any:
        """The value at some points: a float or bool of a constant, else a tensor of their shape.

        Args:
            x: (...)
            y: (...)
        """
        return self.value if self.function is None else self.function(x, y)

    def held(self, rank: int) -> str:
        """The source, in brackets where it binds less tightly than `rank`."""
        return self.code if self.rank >= rank else f"({self.code})"

    @property
    def constant(self) -> bool:
        """Whether its value depends on neither x nor y."""
        return self.function is None


def lower(node: Term, values: Mapping[str, float]) -> Lowered:
    """A checked formula with its parameters' values as one term: a tensor of the shape of x, whatever it is.

    Its gradient exists along x and y even where it depends on neither.
    """
    term = _fitting(_lower(node, values))
    for name in VARIABLES:
        if name not in term.slopes:
            term = _call(operations.flat, term, _variable(name))
    return term


def _lower(node: Term, values: Mapping[str, float]) -> Lowered:
    match node:
        case Number(value):
            return _literal(value)
        case Symbol(name) if name in VARIABLES:
            return _variable(name)
        case Symbol(name) if name in CONSTANTS:
            return Lowered(f"math.{name}", value=CONSTANTS[name])
        case Symbol(name):
            return Lowered(name, value=values[name])
        case Operation(name, parts):
            terms = [_lower(part, values) for part in parts]
            if name in CONDITIONS:
                return _condition(name, *terms)
            return _constant(name, *terms) if all(t.constant for t in terms) else _operation(name, *terms)
    raise AssertionError(node)


def _variable(name: str) -> Lowered:
    return Lowered(
        name, function=(lambda x, y: x) if name == "x" else (lambda x, y: y), slopes=frozenset((name,))
    )


def _literal(value: float) -> Lowered:
    """A number as source: whole ones as integers, the way a person writes them beside a tensor."""
    if not math.isfinite(value):
        return Lowered(
            "math.nan" if math.isnan(value) else "math.inf" if value > 0 else "-math.inf", _SIGN, value
        )
    code = repr(value)
    if value == int(value) and abs(value) < 1e6 and code != "-0.0":
        code = str(int(value))
    return Lowered(code, _SIGN if code.startswith("-") else _ATOM, value, typed=True)


def _combine(
    code: str, rank: int, function: Function, *parts: Lowered, tame: bool = True, uses: Any = ()
) -> Lowered:
    """A term whose value is `function` of those of its parts, floats and tensors as they are."""
    return Lowered(
        code,
        rank,
        function=lambda x, y: function(*(part.at(x, y) for part in parts)),
        slopes=frozenset().union(*(part.slopes for part in parts)),
        uses=frozenset(uses).union(*(part.uses for part in parts)),
        tame=tame and all(part.tame for part in parts),
    )


def _call(function: Function, *parts: Lowered, tame: bool = True) -> Lowered:
    """A call of one of `operations`."""
    code = f"{function.__name__}({', '.join(part.code for part in parts)})"
    return _combine(code, _ATOM, function, *parts, tame=tame, uses=(function,))


def _torch(name: str, *parts: Lowered, tame: bool = True) -> Lowered:
    """A call of a function of torch."""
    code = f"torch.{name}({', '.join(part.code for part in parts)})"
    return _combine(code, _ATOM, getattr(torch, name), *parts, tame=tame)


# -- of constants --------------------------------------------------------------------------------------

_ARITHMETIC: Mapping[str, tuple[Function, int]] = MappingProxyType(
    {
        "+": (operator.add, _SUM),
        "-": (operator.sub, _SUM),
        "*": (operator.mul, _PRODUCT),
        "/": (operator.truediv, _PRODUCT),
    }
)
_MATH: Mapping[str, Function] = MappingProxyType(
    {name: getattr(math, name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "atan2")}
    | {name: getattr(math, name) for name in ("sinh", "cosh", "tanh", "exp", "log", "sqrt")}
)
_BUILTIN: Mapping[str, Function] = MappingProxyType({"abs": abs, "min": min, "max": max})
_OTHERWISE: Mapping[str, Function] = MappingProxyType(
    {name: getattr(torch, name) for name in ("sin", "cos", "tan", "asin", "acos", "sign", "relu")}
    | {name: getattr(torch, name) for name in ("exp", "log", "sqrt", "sinh", "cosh", "sigmoid")}
    | {"/": torch.div, "**": torch.pow, "softplus": operations.softplus}
)
"""torch's answers where Python has none or raises: an infinity or NaN."""


def _constant(name: str, *parts: Lowered) -> Lowered:
    """An operation on constants, as Python computes it; and where Python raises, as torch does."""
    if name == "where":
        condition, then, otherwise = parts
        return then if condition.value else otherwise
    numbers: list[Any] = [part.value for part in parts]
    try:
        value, code, rank = _in_python(name, numbers, parts)
    except (KeyError, ArithmeticError, ValueError):
        tensors = [torch.tensor(number, dtype=torch.float64) for number in numbers]
        return _literal(float(_OTHERWISE[name](*tensors)))
    return Lowered(code, rank, value)


def _in_python(name: str, numbers: list[Any], parts: tuple[Lowered, ...]) -> tuple[float, str, int]:
    """The value, source and rank. Raises KeyError for what Python has no function for."""
    codes = [_as_float(part) for part in parts]
    if name == "neg":
        return -numbers[0], f"-{codes[0].held(_SIGN)}", _SIGN
    if name == "**":
        return math.pow(*numbers), f"{codes[0].held(_ATOM)} ** {codes[1].held(_SIGN)}", _POWER
    if name in _ARITHMETIC:
        function, rank = _ARITHMETIC[name]
        return function(*numbers), f"{codes[0].held(rank)} {name} {codes[1].held(rank + 1)}", rank
    listed = ", ".join(code.code for code in codes)
    if name in _BUILTIN:
        return _BUILTIN[name](*numbers), f"{name}({listed})", _ATOM
    return _MATH[name](*numbers), f"math.{name}({listed})", _ATOM


def _as_float(term: Lowered) -> Lowered:
    """A typed number as a float in the source too: among constants, 9**9**9 must not be of integers."""
    if not term.typed or term.value is None:
        return term
    return Lowered(repr(float(term.value)), term.rank, term.value)


# -- of x and y ----------------------------------------------------------------------------------------

_BY_TORCH: Mapping[str, bool] = MappingProxyType(
    dict.fromkeys(("sin", "cos", "tanh", "atan", "abs", "sign", "relu"), True)
    | dict.fromkeys(("tan", "asin", "acos", "exp", "log"), False)
)
"""Functions that torch's own do for, and whether they are tame."""
_BY_OPERATIONS: Mapping[str, tuple[Function, bool]] = MappingProxyType(
    {
        "sqrt": (operations.sqrt, False),
        "sinh": (operations.sinh, False),
        "cosh": (operations.cosh, False),
        "sigmoid": (operations.sigmoid, True),
        "softplus": (operations.softplus, True),
    }
)


def _operation(name: str, *parts: Lowered) -> Lowered:
    """An operation of which not all parts are constants."""
    if name == "neg":
        return _combine(f"-{parts[0].held(_SIGN)}", _SIGN, operator.neg, *parts)
    if name in _ARITHMETIC:
        function, rank = _ARITHMETIC[name]
        tame = name != "/" or parts[1].constant
        code = f"{parts[0].held(rank)} {name} {parts[1].held(rank + 1)}"
        return _combine(code, rank, function, *parts, tame=tame)
    if name in _BY_TORCH:
        return _torch(name, *parts, tame=_BY_TORCH[name])
    if name in _BY_OPERATIONS:
        operation, tame = _BY_OPERATIONS[name]
        return _call(operation, *parts, tame=tame)
    match name:
        case "**":
            return _power(*parts)
        case "atan2":
            return _call(operations.atan2, *map(_as_tensor, parts), tame=False)
        case "min" | "max":
            return reduce(lambda left, right: _extreme(name, left, right), parts)
    return _where(*parts)


def _as_tensor(term: Lowered) -> Lowered:
    if not (term := _fitting(term)).constant:
        return term
    value = term.value
    return Lowered(f"torch.full_like(x, {term.code})", function=lambda x, y: torch.full_like(x, value))  # type: ignore[arg-type]


def _fitting(term: Lowered) -> Lowered:
    """The term; a constant that float32 cannot hold as a tensor, because torch raises where it meets it."""
    if term.value is None or not _LARGEST < abs(term.value) < math.inf:
        return term
    return _operation("*", Lowered("torch.ones_like(x)", function=lambda x, y: torch.ones_like(x)), term)


def _extreme(name: str, left: Lowered, right: Lowered) -> Lowered:
    """The smaller or larger of two."""
    if left.constant and right.constant:
        return _constant(name, left, right)
    left, right = _fitting(left), _fitting(right)
    if not (left.constant or right.constant):
        return _torch(f"{name}imum", left, right)
    bound, term = (left, right) if left.constant else (right, left)
    code = f"torch.clamp({term.code}, {'max' if name == 'min' else 'min'}={bound.code})"
    limit: dict[str, Any] = {"max" if name == "min" else "min": bound.value}
    return _combine(code, _ATOM, lambda t: torch.clamp(t, **limit), term)


def _power(base: Lowered, exponent: Lowered) -> Lowered:
    """Whole exponents as `**` or products, other ones as exp of log."""
    if not exponent.constant:
        if base.value is not None and base.value > 0:  # of a constant: one logarithm is enough
            rate = _constant("log", base)
            return _torch("exp", exponent if rate.value == 1 else _operation("*", rate, exponent), tame=False)
        return _call(operations.variable_power, _as_tensor(base), _as_tensor(exponent), tame=False)
    number = float(exponent.value or 0)
    if number == 0:
        return _literal(1.0)
    if number == 0.5:
        return _call(operations.sqrt, base, tame=False)
    if not number.is_integer():  # nor are inf and NaN
        return _call(operations.real_power, base, exponent, tame=False)
    whole = int(number)
    if whole < 0:
        reciprocal = _whole_power(base, -whole)
        return _combine(f"1 / {reciprocal.held(_SIGN)}", _PRODUCT, lambda t: 1 / t, reciprocal, tame=False)
    return _whole_power(base, whole)


def _whole_power(base: Lowered, exponent: int) -> Lowered:
    if exponent == 1:
        return base
    if exponent <= 3:
        return _combine(f"{base.held(_ATOM)} ** {exponent}", _POWER, lambda t: t**exponent, base)
    if exponent > _MOST_PRODUCTS:
        return _call(operations.real_power, base, _literal(float(exponent)), tame=False)
    code = f"power({base.code}, {exponent})"
    uses = (operations.power,)
    return _combine(code, _ATOM, lambda t: operations.power(t, exponent), base, uses=uses)


# -- conditions ----------------------------------------------------------------------------------------

_COMPARE: Mapping[str, Function] = MappingProxyType(
    {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
    | {"==": operator.eq, "!=": operator.ne}
)


def _condition(name: str, *parts: Lowered) -> Lowered:
    """A comparison, or conditions joined; of constants it is True or False when the formula is built."""
    if name in _COMPARE:
        if all(part.constant for part in parts):
            return Lowered("", value=bool(_COMPARE[name](parts[0].value, parts[1].value)))
        code = f"{parts[0].held(_SUM)} {name} {parts[1].held(_SUM)}"
        return _without_slopes(_combine(code, _CONDITION, _COMPARE[name], *parts))
    if name == "not":
        (part,) = parts
        if part.constant:
            return Lowered("", value=not part.value)
        return _combine(f"~{part.held(_ATOM)}", _SIGN, operator.invert, part)
    return reduce(lambda left, right: _joined(name, left, right), parts)


def _without_slopes(term: Lowered) -> Lowered:
    return Lowered(term.code, term.rank, function=term.function, uses=term.uses)


def _joined(name: str, left: Lowered, right: Lowered) -> Lowered:
    """`left and right`, or `left or right`."""
    if not left.constant and not right.constant:
        sign, function = ("&", operator.and_) if name == "and" else ("|", operator.or_)
        return _combine(f"{left.held(_ATOM)} {sign} {right.held(_ATOM)}", _CONDITION, function, left, right)
    known, rest = (left, right) if left.constant else (right, left)
    return rest if bool(known.value) == (name == "and") else known


def _where(condition: Lowered, then: Lowered, otherwise: Lowered) -> Lowered:
    if condition.constant:
        return then if condition.value else otherwise
    then, otherwise = _fitting(then), _fitting(otherwise)
    if then.constant and otherwise.constant:
        then = _as_tensor(then)
    if then.tame and otherwise.tame:
        return _torch("where", condition, then, otherwise)
    code = f"piecewise({condition.code}, lambda x, y: {then.code}, lambda x, y: {otherwise.code}, x, y)"
    uses = {operations.piecewise, *condition.uses, *then.uses, *otherwise.uses}
    return Lowered(
        code,
        function=lambda x, y: operations.piecewise(
            condition.at(x, y), lambda *z: then.at(*z), lambda *z: otherwise.at(*z), x, y
        ),
        slopes=then.slopes | otherwise.slopes,
        uses=frozenset(uses),
    )
