"""Declared ranges as values.

A `Param` says what a number, switch or choice may be: its kind, its default and a help text. The same
declaration draws the widget, checks a link, and coerces and freezes whatever it is given, so that nothing
about a parameter is written twice.

`coerce` mends the type and refuses what has the wrong shape; `check` also refuses what is out of range.
The engine only coerces, because torch itself judges the values; links and widgets check. `read` takes what
somebody has typed on the page or the command line, and checks it. All raise `ValueError` with a sentence for
the user.

A new kind is a class here; its widget is registered in `optviz.web.widgets.kinds`.
"""

from __future__ import annotations

import math
import numbers
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, TypeVar

from optviz.spec.digits import read_number

Value = bool | int | float | str | None | tuple["Value", ...]
"""What a parameter can be: immutable, hashable, and the same after a round trip through JSON."""

DEEPEST = 4
"""Deepest nesting of lists in a parameter's value."""

WORD = re.compile(r"[^\W\d]\w{,79}")
"""Names of parameters, optimizers and schedulers: short identifiers."""

_T = TypeVar("_T")
_Given = TypeVar("_Given")
_HALF = re.compile("[\ud800-\udfff]")
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 60


Spelling = Literal["text", "texts", "number", "value"]
"""How a field of a link is read: as it stands, as texts with commas between them, as a number that a person
may have typed, or as Python writes a value."""


class Kind(Protocol):
    """What a parameter may be."""

    in_links: ClassVar[Spelling]

    @property
    def usage(self) -> str:
        """The placeholder for a value in the help of the command line."""

    def coerce(self, value: object) -> Value:
        """The value in this kind's own type.

        Raises:
            ValueError: It has the wrong shape.
        """

    def check(self, value: object) -> Value:
        """The value in this kind's own type, and in its range.

        Raises:
            ValueError: It has the wrong shape, or is out of range.
        """

    def read(self, text: str) -> Value:
        """The value that a text means, checked.

        Raises:
            ValueError: The text means none, or may mean two.
        """


def describe(value: object) -> str:
    """A short text of `value`, as a user may have typed it, for the end of a sentence."""
    try:
        return _REPR.repr(value)
    except ValueError:  # Python refuses to print numbers of thousands of digits.
        return "a number of thousands of digits"


def _show(number: float) -> str:
    """A number in a sentence: 1,000,000 and 0.1, rounded only where that changes nothing."""
    if isinstance(number, int):
        return f"{number:,}" if abs(number) < 1e20 else describe(number)
    return short if float(short := f"{number:g}") == number else repr(number)


def _plain(value: object) -> object:
    """Numbers and arrays of NumPy and torch as Python's own; anything else as it is."""
    if isinstance(value, type) or not callable(tolist := getattr(value, "tolist", None)):
        return value
    listed: object = tolist()
    return listed


def as_tuple(value: Any) -> tuple[object, ...] | None:
    """`value` as a tuple, or None where it is no list of things."""
    try:
        return None if isinstance(value, str | Mapping) else tuple(value)
    except TypeError:  # Also from a tensor without dimensions, which only looks as if it could be iterated.
        return None


def _number(value: object, wanted: str = "a number") -> float:
    value = _plain(value)
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(f"must be {wanted}, not {describe(value)}.")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"is too large: {describe(value)}.") from None
    if not math.isfinite(number):
        raise ValueError(f"must be a finite number, not {number}.")
    # -0.0 becomes 0.0: the two are equal, so experiments with them are, and must give the same numbers.
    return number + 0.0


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {describe(value)}.")
    if _HALF.search(value):
        raise ValueError(f"must be a text of whole characters, but {describe(value)} has half of one.")
    return str.__str__(value)  # Of NumPy's texts and of enumerations too: links hold what `repr` writes.


def _within(value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        allowed = f"between {_show(low)} and {_show(high)}" if high < math.inf else f"at least {_show(low)}"
        raise ValueError(f"must be {allowed}, not {_show(value)}.")


def _each(checks: Iterable[Callable[[_Given], _T]], values: Sequence[_Given]) -> tuple[_T, ...]:
    """Every value by its own check; the sentence says which of them is wrong."""
    checked = []
    for at, (check, value) in enumerate(zip(checks, values, strict=True), 1):
        try:
            checked.append(check(value))
        except ValueError as error:
            raise ValueError(f"(value {at}) {error}") from None
    return tuple(checked)


def _split(text: str) -> list[str]:
    """The parts of a list as a person types it, with or without brackets and commas."""
    return [part for part in re.split(r"[,;\s]+", text.strip(" ()[]")) if part]


_SWITCH = {"on": True, "off": False, "true": True, "false": False, "yes": True, "no": False}
_MOST_DIGITS = 30
_RUNGS = (10, 12, 16, 20, 25, 32, 40, 50, 63, 79)


@dataclass(frozen=True, slots=True)
class Float:
    """A finite number in [low, high]; `log` where its widget is best drawn on a logarithmic scale."""

    in_links: ClassVar[Spelling] = "number"
    usage: ClassVar[str] = "X"

    low: float
    high: float
    log: bool = False

    def coerce(self, value: object) -> float:
        return _number(value)

    def check(self, value: object) -> float:
        number = self.coerce(value)
        _within(number, self.low, self.high)
        return number

    def read(self, text: str) -> float:
        typed = read_number(text)
        number = float(typed)
        if math.isinf(number) or (typed and not number):
            size = "near to 0" if typed.adjusted() < 0 else "large"
            raise ValueError(f"is too {size} for a float: {text.strip()}.")
        return self.check(number)

    def ladder(self, low: float, high: float) -> tuple[float, ...]:
        """Numbers from `low` to `high`, ten a decade, as evenly on a log scale as two digits allow."""
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        rungs = [float(f"{digits}e{decade - 1}") for decade in decades for digits in _RUNGS]
        return tuple(rung for rung in rungs if low <= rung <= high)


@dataclass(frozen=True, slots=True)
class Int:
    """A whole number in [low, high]."""

    in_links: ClassVar[Spelling] = "number"
    usage: ClassVar[str] = "N"

    low: int
    high: int

    def coerce(self, value: object) -> int:
        value = _plain(value)
        if isinstance(value, numbers.Integral) and not isinstance(value, bool):
            return int(value)  # Not by way of a float, which would round a large seed.
        number = _number(value, "a whole number")
        if number != int(number):
            raise self._between(math.floor(number), _show(number))
        return int(number)

    def _between(self, below: int, given: str) -> ValueError:
        return ValueError(f"must be a whole number, {below} or {below + 1}, not {given}.")

    def check(self, value: object) -> int:
        number = self.coerce(value)
        _within(number, self.low, self.high)
        return number

    def read(self, text: str) -> int:
        number = read_number(text, whole=True)
        if number.adjusted() > _MOST_DIGITS:
            raise ValueError(f"is too large: {text.strip()}.")
        if number != int(number):  # without a float in between, which would round a large seed
            raise self._between(math.floor(number), text.strip())
        return self.check(int(number))


@dataclass(frozen=True, slots=True)
class Competitor(Int):
    """Which competitor: its index in the experiment."""

    low: int = 0
    high: int = 7


@dataclass(frozen=True, slots=True)
class Flag:
    """On or off."""

    in_links: ClassVar[Spelling] = "value"
    usage: ClassVar[str] = "{on,off}"

    def coerce(self, value: object) -> bool:
        flag = _plain(value)
        if not isinstance(flag, bool):
            raise ValueError(f"must be True or False, not {describe(flag)}.")
        return flag

    def check(self, value: object) -> bool:
        return self.coerce(value)

    def read(self, text: str) -> bool:
        word = text.strip().lower()
        if word not in _SWITCH:
            raise ValueError(f"must be on or off, not {describe(text)}.")
        return _SWITCH[word]


@dataclass(frozen=True, slots=True)
class Text:
    """A text of at most `longest` characters."""

    in_links: ClassVar[Spelling] = "text"
    usage: ClassVar[str] = "TEXT"

    longest: int = 200

    def coerce(self, value: object) -> str:
        return _text(value)

    def check(self, value: object) -> str:
        text = self.coerce(value)
        if len(text) > self.longest:
            raise ValueError(f"must have at most {self.longest} characters, not {len(text)}.")
        return text

    def read(self, text: str) -> str:
        return self.check(text)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some texts."""

    in_links: ClassVar[Spelling] = "text"

    options: tuple[str, ...]

    @property
    def usage(self) -> str:
        return f"{{{','.join(self.options)}}}"

    def _refusal(self, value: object) -> ValueError:
        return ValueError(f"must be one of {', '.join(self.options)}, not {describe(value)}.")

    def coerce(self, value: object) -> str:
        if not isinstance(value, str):
            raise self._refusal(value)
        return _text(value)

    def check(self, value: object) -> str:
        text = self.coerce(value)
        if text not in self.options:
            raise self._refusal(text)
        return text

    def read(self, text: str) -> str:
        return self.check(text)


@dataclass(frozen=True, slots=True)
class Tuple:
    """A fixed number of values, each of its own kind, such as Adam's `betas`."""

    in_links: ClassVar[Spelling] = "value"

    kinds: tuple[Kind, ...]
    optional: int = 0
    """The number of values at the end that may be missing."""
    names: tuple[str, ...] = ()
    """Names of its values, such as "from" and "to"; empty where they are numbered."""

    @property
    def usage(self) -> str:
        return ",".join(kind.usage for kind in self.kinds)

    def _parts(self, value: object) -> Sequence[object]:
        parts = _plain(value)
        most = len(self.kinds)
        if not isinstance(parts, list | tuple) or not most - self.optional <= len(parts) <= most:
            raise ValueError(f"must be {len(self.kinds)} values, not {describe(parts)}.")
        return parts

    def coerce(self, value: object) -> tuple[Value, ...]:
        parts = self._parts(value)
        return _each([kind.coerce for kind in self.kinds[: len(parts)]], parts)

    def check(self, value: object) -> tuple[Value, ...]:
        parts = self._parts(value)
        return _each([kind.check for kind in self.kinds[: len(parts)]], parts)

    def read(self, text: str) -> tuple[Value, ...]:
        parts = list(map(str, self._parts(_split(text))))
        return _each([kind.read for kind in self.kinds[: len(parts)]], parts)


@dataclass(frozen=True, slots=True)
class Ints:
    """At most `longest` whole numbers in [low, high], such as MultiStepLR's `milestones`."""

    in_links: ClassVar[Spelling] = "value"
    usage: ClassVar[str] = "N,N,…"

    low: int
    high: int
    longest: int = 20

    def _parts(self, value: object) -> Sequence[object]:
        parts = _plain(value)
        if not isinstance(parts, list | tuple):
            raise ValueError(f"must be a list of whole numbers, not {describe(parts)}.")
        return parts

    def coerce(self, value: object) -> tuple[int, ...]:
        parts = self._parts(value)
        return _each([Int(self.low, self.high).coerce] * len(parts), parts)

    def check(self, value: object) -> tuple[int, ...]:
        if len(parts := self._parts(value)) > self.longest:
            raise ValueError(f"must have at most {self.longest} numbers, not {len(parts)}.")
        return _each([Int(self.low, self.high).check] * len(parts), parts)

    def read(self, text: str) -> tuple[int, ...]:
        parts = _split(text)
        whole = Int(self.low, self.high)
        numbers = _each([whole.read] * len(parts), parts)
        self.check(numbers)
        return numbers


@dataclass(frozen=True, slots=True)
class Points:
    """At most `longest` points to fit a line to: numbers of at most `size`, x not all within `apart`."""

    in_links: ClassVar[Spelling] = "value"
    usage: ClassVar[str] = "X,X;X,X;…"

    size: float = 1e6
    apart: float = 1e-6
    longest: int = 200

    def _parts(self, value: object) -> Sequence[object]:
        parts = _plain(value)
        if not isinstance(parts, list | tuple):
            raise ValueError(f"must be a list of points (x, y), not {describe(parts)}.")
        return parts

    def _all(
        self, check: Callable[[object], tuple[Value, ...]], value: object
    ) -> tuple[tuple[Value, ...], ...]:
        """Every point by `check`; the sentence says which of them is wrong."""
        points = []
        for at, part in enumerate(self._parts(value), 1):
            try:
                points.append(check(part))
            except ValueError as error:
                raise ValueError(f"(point {at}) {error}") from None
        return tuple(points)

    @property
    def number(self) -> Float:
        """What either number of a point may be."""
        return Float(-self.size, self.size)

    def _point(self) -> Tuple:
        return Tuple((self.number, self.number))

    def coerce(self, value: object) -> tuple[Value, ...]:
        return self._all(self._point().coerce, value)

    def check(self, value: object) -> tuple[Value, ...]:
        if len(parts := self._parts(value)) > self.longest:
            raise ValueError(f"must be at most {self.longest} points, not {len(parts)}.")
        points = self._all(self._point().check, parts)
        across = [point[0] for point in points]
        if not points or max(across) - min(across) < self.apart:  # type: ignore[operator, type-var]
            raise ValueError("must be at least 2 points with different x: else any slope would fit.")
        return points

    def read(self, text: str) -> tuple[Value, ...]:
        parts = [part for part in re.split(r"[;\n]", text) if part.strip()]
        return self.check(self._all(lambda part: self._point().read(str(part)), parts))


@dataclass(frozen=True, slots=True)
class Some:
    """Any number of some texts, each at most once; their order does not matter."""

    in_links: ClassVar[Spelling] = "texts"
    usage: ClassVar[str] = "TEXT,TEXT,…"

    options: tuple[str, ...]

    def coerce(self, value: object) -> tuple[str, ...]:
        parts = _plain(value)
        if not isinstance(parts, list | tuple):
            raise ValueError(f"must be a list of texts, not {describe(parts)}.")
        return tuple(Choice(self.options).coerce(part) for part in parts)

    def check(self, value: object) -> tuple[str, ...]:
        given = {Choice(self.options).check(part) for part in self.coerce(value)}
        return tuple(option for option in self.options if option in given)

    def read(self, text: str) -> tuple[str, ...]:
        return self.check(tuple(part.strip() for part in text.split(",") if part.strip()))


@dataclass(frozen=True, slots=True)
class Names:
    """A set of parameters' names: in their alphabetical order, each once."""

    in_links: ClassVar[Spelling] = "value"
    usage: ClassVar[str] = "NAME,NAME,…"

    def coerce(self, value: object) -> tuple[str, ...]:
        names = as_tuple(value)
        if names is None or not all(isinstance(name, str) for name in names):
            raise ValueError(f"must be a list of parameters' names, such as ('x',), not {describe(value)}.")
        return tuple(sorted({Text(80).check(name) for name in names}))

    def check(self, value: object) -> tuple[str, ...]:
        return self.coerce(value)

    def read(self, text: str) -> tuple[str, ...]:
        return self.check(_split(text))


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value of `kind`, or None, which is typed as nothing."""

    in_links: ClassVar[Spelling] = "number"

    kind: Kind

    @property
    def usage(self) -> str:
        return self.kind.usage

    def coerce(self, value: object) -> Value:
        return None if value is None else self.kind.coerce(value)

    def check(self, value: object) -> Value:
        return None if value is None else self.kind.check(value)

    def read(self, text: str) -> Value:
        if text.strip() in ("", "None"):
            return None
        return self.kind.read(text)


@dataclass(frozen=True, slots=True)
class Param:
    """One declared parameter: what it may be, its value where none is given, and what it does."""

    kind: Kind
    default: Value
    help: str
    label: str = ""
    """What the page calls it; empty for its own name."""
    since: str = ""
    """The version of torch that brought it; empty for a parameter that is always there."""


def freeze(value: object, depth: int = 0) -> Value:
    """A plain value as an immutable one: lists become tuples, NumPy's and torch's numbers become Python's.

    Args:
        value: Any value.
        depth: How many lists it is in.

    Raises:
        ValueError: It has no place in an experiment: a number that is not finite, lists too deep, an object.
    """
    value = _plain(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, numbers.Real):
        number = _number(value)
        return int(value) if isinstance(value, numbers.Integral) else number
    if not isinstance(value, list | tuple):
        raise ValueError(f"must be a number, a text, a switch or a list of these, not {describe(value)}.")
    if depth == DEEPEST:
        raise ValueError(f"must not be nested more than {DEEPEST} lists deep.")
    return tuple(freeze(part, depth + 1) for part in value)


def _same(first: object, second: object) -> bool:
    if isinstance(first, tuple) and isinstance(second, tuple):
        return len(first) == len(second) and all(map(_same, first, second))
    return first == second and isinstance(first, bool) == isinstance(second, bool)


class Settings(Mapping[str, Value]):
    """Parameter names and their chosen values, immutable and hashable; order does not matter.

    A switch never equals a number, because no kind takes one for the other: True is not 1 here.
    """

    __slots__ = ("_items",)

    def __init__(self, values: Mapping[str, object] | None = None) -> None:
        frozen = {}
        for name, value in (values or {}).items():
            if not isinstance(name, str) or not WORD.fullmatch(name):
                raise ValueError(f"a parameter's name must be a word, not {describe(name)}.")
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

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mapping):
            return NotImplemented
        return self.keys() == other.keys() and all(_same(value, other[name]) for name, value in self.items())

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


def coerce_all(
    owner: str, declared: Mapping[str, Param], given: Mapping[str, object], check: bool = False
) -> dict[str, Value]:
    """The given values in the types of their declarations; names that are not given are left out.

    Args:
        owner: Whose parameters they are, for the sentence of an error.
        declared: All parameters that there are.
        given: The values that were chosen.
        check: Whether a value that is out of range is refused as well.

    Raises:
        ValueError: Where a name is not declared, or a value is not of its kind.

    Example:
        >>> declared = {"lr": Param(Float(0.0, 10.0), 0.001, "The learning rate.")}
        >>> coerce_all("SGD", declared, {"lr": 1})
        {'lr': 1.0}
    """
    values = {}
    for name, value in given.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise ValueError(f"{owner} has no parameter {describe(name)}. Its parameters: {known}.")
        kind = declared[name].kind
        try:
            values[name] = kind.check(value) if check else kind.coerce(value)
        except ValueError as error:
            raise ValueError(f"{owner}: {name} {error}") from None
    return values


def complete(
    owner: str, declared: Mapping[str, Param], given: Mapping[str, object], check: bool = False
) -> dict[str, Value]:
    """A value for each declared parameter: the given one, else its default.

    Its arguments, and what it raises, are those of `coerce_all`.
    """
    defaults = {name: param.default for name, param in declared.items()}
    return defaults | coerce_all(owner, declared, given, check)
