"""Declared ranges as values.

A `Param` says what a number, switch or choice may be: its kind, its default and a help text. The same
declaration draws the widget, checks a link, and coerces and freezes whatever it is given, so that nothing
about a parameter is written twice.

`coerce` mends the type and refuses what has the wrong shape; `check` also refuses what is out of range.
The engine only coerces, because torch itself judges the values; links and widgets check.
Both raise `ValueError` with a sentence for the user.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

_TYPE_NAMES = {bool: "a switch", str: "a text", type(None): "nothing"}

Value = bool | int | float | str | None | tuple["Value", ...]
"""What a parameter can be: immutable, hashable, and the same after a round trip through JSON."""


class Kind(Protocol):
    """What a parameter may be."""

    def coerce(self, value: object) -> Value:
        """Return `value` in this kind's own type, or raise ValueError."""

    def check(self, value: object) -> Value:
        """Like `coerce`, and raise ValueError as well where the value is out of range."""


def _describe(value: object) -> str:
    return _TYPE_NAMES.get(type(value), repr(value)[:60])


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"must be a number, not {_describe(value)}.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"must be a finite number, not {number}.")
    return number


def _within(value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"must be between {low:g} and {high:g}, not {value:g}.")


@dataclass(frozen=True, slots=True)
class Float:
    """A real number in [low, high]; `log` where its widget is best drawn on a logarithmic scale."""

    low: float
    high: float
    log: bool = False

    def coerce(self, value: object) -> float:
        return _number(value)

    def check(self, value: object) -> float:
        number = self.coerce(value)
        _within(number, self.low, self.high)
        return number


@dataclass(frozen=True, slots=True)
class Int:
    """A whole number in [low, high]."""

    low: int
    high: int

    def coerce(self, value: object) -> int:
        number = _number(value)
        if number != int(number):
            raise ValueError(f"must be a whole number, not {number:g}.")
        return int(number)

    def check(self, value: object) -> int:
        number = self.coerce(value)
        _within(number, self.low, self.high)
        return number


@dataclass(frozen=True, slots=True)
class Flag:
    """On or off."""

    def coerce(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise ValueError(f"must be True or False, not {_describe(value)}.")
        return value

    def check(self, value: object) -> bool:
        return self.coerce(value)


@dataclass(frozen=True, slots=True)
class Text:
    """A text of at most `longest` characters."""

    longest: int = 200

    def coerce(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"must be a text, not {_describe(value)}.")
        return value

    def check(self, value: object) -> str:
        text = self.coerce(value)
        if len(text) > self.longest:
            raise ValueError(f"must have at most {self.longest} characters, not {len(text)}.")
        return text


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some texts."""

    options: tuple[str, ...]

    def coerce(self, value: object) -> str:
        return Text().coerce(value)

    def check(self, value: object) -> str:
        text = self.coerce(value)
        if text not in self.options:
            raise ValueError(f"must be one of {', '.join(self.options)}, not {text[:60]!r}.")
        return text


@dataclass(frozen=True, slots=True)
class Tuple:
    """A fixed number of values, each of its own kind, such as Adam's `betas`."""

    kinds: tuple[Kind, ...]

    def _pairs(self, value: object) -> Iterator[tuple[Kind, object]]:
        if not isinstance(value, list | tuple) or len(value) != len(self.kinds):
            raise ValueError(f"must be {len(self.kinds)} values, not {_describe(value)}.")
        return zip(self.kinds, value, strict=True)

    def coerce(self, value: object) -> tuple[Value, ...]:
        return tuple(kind.coerce(part) for kind, part in self._pairs(value))

    def check(self, value: object) -> tuple[Value, ...]:
        return tuple(kind.check(part) for kind, part in self._pairs(value))


@dataclass(frozen=True, slots=True)
class Ints:
    """At most `longest` whole numbers in [low, high], such as MultiStepLR's `milestones`."""

    low: int
    high: int
    longest: int = 20

    def _kind(self) -> Int:
        return Int(self.low, self.high)

    def coerce(self, value: object) -> tuple[int, ...]:
        if not isinstance(value, list | tuple):
            raise ValueError(f"must be a list of whole numbers, not {_describe(value)}.")
        return tuple(self._kind().coerce(part) for part in value)

    def check(self, value: object) -> tuple[int, ...]:
        if len(numbers_ := self.coerce(value)) > self.longest:
            raise ValueError(f"must be at most {self.longest} numbers, not {len(numbers_)}.")
        return tuple(self._kind().check(part) for part in numbers_)


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value of `kind`, or None."""

    kind: Kind

    def coerce(self, value: object) -> Value:
        return None if value is None else self.kind.coerce(value)

    def check(self, value: object) -> Value:
        return None if value is None else self.kind.check(value)


@dataclass(frozen=True, slots=True)
class Param:
    """One declared parameter: what it may be, its value where none is given, and what it does."""

    kind: Kind
    default: Value
    help: str


def freeze(value: object) -> Value:
    """Return any plain value as an immutable one: lists become tuples, NumPy numbers become Python's.

    Raises ValueError for what has no place in an experiment: numbers that are not finite, and objects.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return _number(value)
    if isinstance(value, list | tuple):
        return tuple(freeze(part) for part in value)
    raise ValueError(f"must be a number, a text, a switch or a list of these, not {_describe(value)}.")


class Settings(Mapping[str, Value]):
    """Parameter names and their chosen values, immutable and hashable; order does not matter."""

    __slots__ = ("_items",)

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        frozen = {}
        for name, value in (values or {}).items():
            if not isinstance(name, str):
                raise ValueError(f"A parameter's name must be a text, not {_describe(name)}.")
            try:
                frozen[name] = freeze(value)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from None
        self._items = frozen

    def __getitem__(self, name: str) -> Value:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


def coerce_all(owner: str, declared: Mapping[str, Param], given: Mapping[str, object]) -> dict[str, Value]:
    """Coerce the `given` values by their declarations; names that are not given are left out.

    Raises ValueError naming the `owner` and the parameter.
    """
    values = {}
    for name, value in given.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise ValueError(f"{owner} has no parameter {name[:60]!r}. Its parameters: {known}.")
        try:
            values[name] = declared[name].kind.coerce(value)
        except ValueError as error:
            raise ValueError(f"{owner}: {name} {error}") from None
    return values
