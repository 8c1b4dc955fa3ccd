"""The shape of what is sent of a run's steps: the columns of numbers and the rule. Needs no torch."""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypeAlias, TypedDict

Term: TypeAlias = float | str | list[Any]
"""A number, the key of a symbol, or an operation and what it is done to."""
Symbol: TypeAlias = Annotated[list[str], tuple[str, str, str, str]]
"""How a symbol is written: its letter, what stands below it, its mark, and all of it as LaTeX."""


class RuleLine(TypedDict):
    """A line of an update rule: a name and what it stands for."""

    name: str
    term: Term
    words: str
    scalar: bool
    """Whether it is one number and not one for each parameter."""


class Form(TypedDict):
    """One kind of step that a rule takes."""

    lines: list[RuleLine]
    parts: dict[str, Term]
    """What a step is the sum of."""


class Rule(TypedDict):
    """An optimizer's update rule."""

    symbols: dict[str, Symbol]
    initial: dict[str, float | str]
    """The state that it begins with."""
    forms: list[Form]


class StepStability(TypedDict):
    """What is said of how stable a step is."""

    formula: str
    sees: str
    words: str


class StepsRecord(TypedDict):
    """What the columns of a run's steps are, its settings, and the rule where there is one."""

    columns: list[Annotated[list[Any], tuple[str, int]]]
    """The name of each, and how many numbers it has for a step."""
    axes: Annotated[list[str], tuple[str, str]]
    double: bool
    """Whether the numbers are float64, else float32."""
    settings: dict[str, float]
    trained: list[int]
    """The axes whose parameters are not frozen."""
    resetEvery: int | None
    lr: str
    """How the optimizer uses its learning rate: an `LrUse`."""
    state: list[str]
    momentum: str | None
    """The state that is a running mean of gradients."""
    unrecorded: list[str]
    rule: Rule | None
    stability: NotRequired[StepStability]
