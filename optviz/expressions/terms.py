"""Formulas as trees: those that a user types, and those of the optimizers' rules.

A tree can be evaluated by `values`, printed by `latex`, sent to the browser as JSON, or turned into a
function of torch by `optviz.surfaces.formula.lowering`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

GREEK: Mapping[str, str] = MappingProxyType(
    dict(
        zip(
            "αβγδεζηθικλμνξπρστυφχψω",
            (
                *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
                *("lam", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
                "omega",
            ),
            strict=True,
        )
    )
    | {"Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Ξ": "Xi", "Σ": "Sigma", "Υ": "Upsilon"}
    | {"Φ": "Phi", "Ψ": "Psi", "Ω": "Omega"}
    | {"ϵ": "epsilon", "ϑ": "theta", "ϱ": "rho", "ς": "sigma", "ϕ": "phi"}
)
"""Greek letters by the names that stand for them; λ is lam, because Python keeps lambda to itself."""


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
        return Operation("**", (self, _term(other)))

    def __rpow__(self, other: float) -> Term:
        return Operation("**", (_term(other), self))

    def __neg__(self) -> Term:
        return Operation("neg", (self,))


@dataclass(frozen=True)
class Number(Term):
    """A number that is part of the formula itself."""

    value: float


@dataclass(frozen=True)
class Symbol(Term):
    """A quantity: `key` finds its values, the other fields say how it is written.

    Without a `base` it is written as the key is spelt: "w_1" and "theta_x" have an index.
    """

    key: str
    base: str = ""
    sub: str = ""
    mark: str = ""
    """"hat", "tilde", "prime", or a superscript such as "max"; empty for none."""


@dataclass(frozen=True)
class Operation(Term):
    """An operation on one or more parts: "+", "neg", "<", "and" or a function's name."""

    name: str
    parts: tuple[Term, ...]


def _term(value: Term | float) -> Term:
    return value if isinstance(value, Term) else Number(value)


def sqrt(term: Term) -> Term:
    """The square root of a term."""
    return Operation("sqrt", (term,))


def by_sign(of: Term, positive: Term | float, negative: Term | float, zero: Term | float) -> Term:
    """One of three terms, by the sign of `of`."""
    return Operation("by sign", (of, _term(positive), _term(negative), _term(zero)))


OF_A_TENSOR = frozenset({"RMS", "mean", "row mean", "column mean"})
"""Operations that make one number of a whole tensor, or of a row or a column of it."""


def symbols(term: Term, of_tensors: bool = True) -> Iterator[Symbol]:
    """The symbols of a term from left to right, each as often as it occurs.

    Args:
        term: The term.
        of_tensors: Whether those count, too, that enter as a whole tensor, as in its RMS.
    """
    match term:
        case Symbol():
            yield term
        case Operation(name, parts) if of_tensors or name not in OF_A_TENSOR:
            for part in parts:
                yield from symbols(part, of_tensors)


def apart(term: Term) -> Term:
    """The term as it is written with numbers: the RMS of θ is that of "theta@0" and "theta@1"."""
    match term:
        case Operation(name, (part,)) if name in OF_A_TENSOR:
            return Operation(name, (_on(part, 0), _on(part, 1)))
        case Operation(name, parts):
            return Operation(name, tuple(apart(part) for part in parts))
    return term


def _on(term: Term, axis: int) -> Term:
    match term:
        case Symbol(key):
            return replace(term, key=f"{key}@{axis}")
        case Operation(name, parts):
            return Operation(name, tuple(_on(part, axis) for part in parts))
    return term


def tree(term: Term) -> Any:
    """A term as JSON: a number, a symbol's key, or a list of an operation's name and its parts.

    Raises:
        TypeError: `term` is none.
    """
    match term:
        case Number(number):
            return number
        case Symbol(key):
            return key
        case Operation(name, parts):
            return [name, *(tree(part) for part in parts)]
    raise TypeError(f"{term!r} is no term.")
