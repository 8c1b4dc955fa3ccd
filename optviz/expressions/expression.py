"""A typed formula as a tree of three kinds, the words that it may hold, and why one is refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

LONGEST = 300
"""Characters in a formula."""
MOST_PARAMETERS = 8
"""Names in a formula that become parameters."""


@dataclass(frozen=True)
class Number:
    """A number as it is typed; always a float, so that no power of it runs out of memory."""

    value: float


@dataclass(frozen=True)
class Name:
    """x, y, pi, e or a parameter."""

    name: str


@dataclass(frozen=True)
class Operation:
    """An operation on one or more parts: "+", "neg", "<", "and" or a function's name."""

    name: str
    parts: tuple[Node, ...]


Node = Number | Name | Operation

VARIABLES = ("x", "y")
CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "e": math.e})
FUNCTIONS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    dict.fromkeys(
        ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log", "sqrt", "abs"),
        (1,),
    )
    | dict.fromkeys(("sign", "sigmoid", "relu", "softplus"), (1,))
    | {"atan2": (2,), "min": (2, 3, 4), "max": (2, 3, 4), "where": (3,)}
)
"""The functions, and how many arguments each takes."""

RESERVED = frozenset(
    (
        *("expression", "x_range", "y_range", "torch", "math", "formula"),
        *("power", "real_power", "variable_power", "piecewise", "flat"),
    )
)
"""Names that mean something beside a formula or in the program that is shown for it."""

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
CONDITIONS = frozenset((*COMPARISONS, "and", "or", "not"))

GREEK: Mapping[str, str] = MappingProxyType(
    dict(
        zip(
            "αβγδεζηθικλμνξπρστυφχψω",
            (
                *(
                    "alpha",
                    "beta",
                    "gamma",
                    "delta",
                    "epsilon",
                    "zeta",
                    "eta",
                    "theta",
                    "iota",
                    "kappa",
                    "lam",
                ),
                *("mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
            ),
            strict=True,
        )
    )
    | {"Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Ξ": "Xi", "Σ": "Sigma", "Υ": "Upsilon"}
    | {"Φ": "Phi", "Ψ": "Psi", "Ω": "Omega"}
    | {"ϵ": "epsilon", "ϑ": "theta", "ϱ": "rho", "ς": "sigma", "ϕ": "phi"}
)
"""Greek letters by the names that stand for them; λ is lam, because Python keeps lambda to itself."""


@dataclass(frozen=True)
class Expression:
    """A formula that has been checked."""

    tree: Node
    parameters: tuple[str, ...]
    """Names that are to be given, in the order in which they are first met."""
    missing: tuple[str, ...]
    """Those of x and y that it does not hold."""


class FormulaError(ValueError):
    """Why a formula is refused: a sentence for the user, and the place in the text that it is about."""

    def __init__(self, sentence: str, at: int) -> None:
        """`sentence` has "@" where it names the place `at`, which is counted from 0."""
        super().__init__(sentence.replace("@", f"(at character {at + 1})", 1))
        self.at = at
