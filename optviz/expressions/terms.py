"""Formulas as data: written once, evaluated, printed as LaTeX, and sent to the browser as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Values = Mapping[str, Any]
"""Numbers by the keys of symbols: floats, or arrays that broadcast with (n, 2)."""


class Term:
    """A formula: a symbol, a number, or an operation on terms."""

    def __add__(self, other: Term | float) -> Term:
        return Operation("+", (self, _term(other)))

    def __sub__(self, other: Term | float) -> Term:
        return Operation("-", (self, _term(other)))

    def __rsub__(self, other: float) -> Term:
        return Operation("-", (_term(other), self))

    def __radd__(self, other: float) -> Term:
        return Operation("+", (_term(other), self))

    def __mul__(self, other: Term | float) -> Term:
        return Operation("*", (self, _term(other)))

    def __rmul__(self, other: float) -> Term:
        return Operation("*", (_term(other), self))

    def __truediv__(self, other: Term | float) -> Term:
        return Operation("/", (self, _term(other)))

    def __rtruediv__(self, other: float) -> Term:
        return Operation("/", (_term(other), self))

    def __pow__(self, other: Term | float) -> Term:
        return Operation("^", (self, _term(other)))

    def __rpow__(self, other: float) -> Term:
        return Operation("^", (_term(other), self))

    def __neg__(self) -> Term:
        return Operation("neg", (self,))


@dataclass(frozen=True)
class Number(Term):
    """A number that is part of the rule itself."""

    value: float


@dataclass(frozen=True)
class Symbol(Term):
    """A quantity: `key` is what its values are kept by, the rest how it is written."""

    key: str
    base: str
    sub: str = ""
    mark: str = ""
    """"hat", "tilde", "prime", or a superscript such as "max"; empty for none."""


@dataclass(frozen=True)
class Operation(Term):
    """An operation, by a name of `_OPERATIONS`."""

    name: str
    parts: tuple[Term, ...]


def _term(value: Term | float) -> Term:
    return value if isinstance(value, Term) else Number(value)


def sqrt(term: Term) -> Term:
    """The square root of a term."""
    return Operation("sqrt", (term,))


def by_sign(of: Term, positive: Term | float, negative: Term | float, zero: Term | float) -> Term:
    """One of three terms, by the sign of another one."""
    return Operation("by sign", (of, _term(positive), _term(negative), _term(zero)))


_OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
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


def _single(values: Array) -> Array:
    return values.astype(np.float32).astype(np.float64)


def value(term: Term, values: Values) -> Any:
    """The value of a term, in float64: a number, or an array where its symbols are arrays."""
    match term:
        case Number(number):
            return number
        case Symbol(key):
            return values[key]
        case Operation(name, parts):
            return _OPERATIONS[name](*(value(part, values) for part in parts))
    raise TypeError(f"{term!r} is no term.")


def symbols(term: Term) -> Iterator[Symbol]:
    """All symbols of a term, as often as they stand in it."""
    match term:
        case Symbol():
            yield term
        case Operation(_, parts):
            for part in parts:
                yield from symbols(part)


def tree(term: Term) -> Any:
    """A term as JSON: a number, a symbol's key, or a list of an operation's name and its parts."""
    match term:
        case Number(number):
            return number
        case Symbol(key):
            return key
        case Operation(name, parts):
            return [name, *(tree(part) for part in parts)]
    raise TypeError(f"{term!r} is no term.")


# -- terms as LaTeX --------------------------------------------------------------------------------------

_BINDING = {"+": 1, "-": 1, "neg": 2, "*": 3, "^": 5}
"""How tightly operations hold their parts together; the others need no brackets."""
_MARKS = {"hat": r"\hat{%s}", "tilde": r"\tilde{%s}", "prime": "%s'"}
_GREEK = {
    "θ": r"\theta",
    "γ": r"\gamma",
    "λ": r"\lambda",
    "μ": r"\mu",
    "τ": r"\tau",
    "β": r"\beta",
    "ε": r"\epsilon",
    "ρ": r"\rho",
    "α": r"\alpha",
    "η": r"\eta",
    "ψ": r"\psi",
    "Δ": r"\Delta",
    "Π": r"\Pi",
    "∞": r"\infty",
}


def latex(term: Term, shown: Callable[[Symbol], str] | None = None) -> str:
    """A term as LaTeX; `shown` says what stands for a symbol, by default the symbol itself."""
    return _latex(term, shown or symbol_latex)


def _latex(term: Term, shown: Callable[[Symbol], str], above: int = 0) -> str:
    if isinstance(term, Number):
        return _bracketed(number_latex(term.value), _tightness(term.value), above)
    if isinstance(term, Symbol):
        text = shown(term)
        return _bracketed(text, 1 if text.startswith("-") else 4 if "cdot" in text else 9, above)
    assert isinstance(term, Operation)
    binding = _BINDING.get(term.name, 9)
    # On the right, a sum in a sum and a negative number are bracketed: a - (b - c), a + (-2).
    rights = binding + 1
    first, *rest = (
        [_latex(part, shown) for part in term.parts]
        if binding == 9
        else [_latex(part, shown, rights if place else binding) for place, part in enumerate(term.parts)]
    )
    match term.name:
        case "+" | "-":
            text = f"{first} {term.name} {rest[0]}"
        case "*":
            text = rf"{first} \cdot {rest[0]}" if rest[0][:1] in "0123456789(" else f"{first} {rest[0]}"
        case "neg":
            text = f"-{first}"
        case "/":
            text = rf"\frac{{{first}}}{{{rest[0]}}}"
        case "^":
            text = f"{_latex(term.parts[0], shown, 6)}^{{{_latex(term.parts[1], shown)}}}"
        case "sqrt":
            text = rf"\sqrt{{{first}}}"
        case "abs":
            text = rf"\left|{first}\right|"
        case "float32":
            text = rf"\operatorname{{float32}}\left({first}\right)"
        case "by sign":
            text = _cases(first, *rest)
        case _:
            text = rf"\operatorname{{{term.name}}}\left({', '.join([first, *rest])}\right)"
    return _bracketed(text, binding, above)


def _cases(of: str, positive: str, negative: str, zero: str) -> str:
    rows = zip((positive, negative, zero), ("> 0", "< 0", "= 0"), strict=True)
    return r"\begin{cases}" + r" \\ ".join(rf"{row} & {of} {sign}" for row, sign in rows) + r"\end{cases}"


def _bracketed(text: str, binding: int, above: int) -> str:
    return rf"\left({text}\right)" if binding < above else text


def symbol_latex(symbol: Symbol) -> str:
    """A symbol as LaTeX, with its mark, index and exponent."""
    base = _GREEK.get(symbol.base, symbol.base)
    marked = _MARKS.get(symbol.mark, "%s") % base
    above = "" if symbol.mark in (*_MARKS, "") else f"^{{{_word(symbol.mark)}}}"
    below = f"_{{{_word(symbol.sub)}}}" if symbol.sub else ""
    return marked + below + above


def _word(text: str) -> str:
    text = "".join(_GREEK.get(letter, letter) for letter in text).replace("−", "-")
    return rf"\text{{{text}}}" if text.isalpha() and len(text) > 2 else text


def number_latex(number: float) -> str:
    """A number as LaTeX, with six significant digits."""
    if not np.isfinite(number):
        return r"\text{NaN}" if np.isnan(number) else r"\infty" if number > 0 else r"-\infty"
    digits, _, power = f"{number:.6g}".partition("e")
    return rf"{digits} \cdot 10^{{{int(power)}}}" if power else digits


def _tightness(number: float) -> int:
    text = number_latex(number)
    return 1 if text.startswith("-") else 4 if "cdot" in text else 9
