"""The layers of a model as data: what a player needs to evaluate it. Needs no torch."""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

Linear = TypedDict("Linear", {"kind": Literal["linear"], "in": int, "out": int, "bias": bool})
"""Its numbers are the next of `module.parameters()`: weights (out, in) row by row, then the bias (out,)."""


class Activation(TypedDict):
    """A function of each number by itself."""

    kind: Literal["tanh", "relu"]


Layer: TypeAlias = Linear | Activation
