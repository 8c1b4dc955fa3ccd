"""Values that check themselves: frozen dataclasses whose fields declare what they may be.

A field is declared once, on its class: its kind, its default and its help. The tables that widgets, links and
the player go by are read from there. Every `ValueError` raised here is a sentence for the user.
"""

from __future__ import annotations

import inspect
import json
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from functools import cache
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeVar

from optviz.spec.params import WORD, Choice, Kind, Param, Settings, Some, Text, Value, describe

_T = TypeVar("_T")
_Spec = TypeVar("_Spec")
_PARAM, _IN_PLAYER = "param", "in_player"


# -- fields ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Control:
    """How the player offers a choice."""

    label: str
    place: Literal["beside", "transport", "axes"] = "beside"
    """Beside the picture as a row of buttons, one for each option; among the buttons of the transport, where
    one that stays down chooses the second of two options; or with what is said of the axes."""
    called: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What is written on the button of an option, where it is not the option itself."""
    helps: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What is said of an option."""
    when: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False)
    """Where it is of use: for other fields of the view, the values of which one has to be chosen."""
    needs: Mapping[str, str] = field(default_factory=dict, hash=False)
    """What there must be for an option to have anything to show, as `optviz.player.controls` calls it."""


def declaration(
    kind: Kind, default: Value, help: str, in_player: bool | Control = False
) -> Mapping[str, Any]:
    """The metadata of a declared field: for `dataclasses.field` where the field has no default.

    Args:
        kind: What the field may be.
        default: Its value where nobody has chosen one. Of a field that must be given it is a widget's.
        help: What it decides, for who reads a widget or the documentation.
        in_player: Whether it is chosen in the player, which is sent its value; and by which control, unless
            the player has another way to choose it.
    """
    return MappingProxyType({_PARAM: Param(kind, default, help), _IN_PLAYER: in_player})


def declared(kind: Kind, default: _T, help: str, in_player: bool | Control = False) -> _T:
    """A field of a frozen dataclass that need not be given. Its arguments are those of `declaration`."""
    metadata = declaration(kind, default, help, in_player)  # type: ignore[arg-type]  # a default is a value
    declared: Any = field(default=default, metadata=metadata)
    return declared  # type: ignore[no-any-return]  # to a type checker it is the default, as for `field`


@cache
def declared_params(spec: type) -> Mapping[str, Param]:
    """What each declared field of a frozen dataclass may be, by the fields' names."""
    return MappingProxyType({part.name: part.metadata[_PARAM] for part in _declared_fields(spec)})


def in_player(spec: type) -> tuple[str, ...]:
    """The names of the fields that are chosen in the player."""
    return tuple(part.name for part in _declared_fields(spec) if part.metadata[_IN_PLAYER])


def controls(spec: type) -> Mapping[str, Control]:
    """The controls of the player, by the names of their fields: first those that are always of use."""
    chosen = {part.name: part.metadata[_IN_PLAYER] for part in _declared_fields(spec)}
    pairs = [(name, control) for name, control in chosen.items() if isinstance(control, Control)]
    return MappingProxyType(dict(sorted(pairs, key=lambda pair: bool(pair[1].when))))


def _declared_fields(spec: Any) -> list[Field[Any]]:
    return [part for part in fields(spec) if _PARAM in part.metadata]


def documented(spec: type[_Spec]) -> type[_Spec]:
    """The class itself; its declared fields are added to the "Args" that its docstring ends with."""
    params = declared_params(spec)  # type: ignore[arg-type]  # a class can be hashed
    lines = [_line(name, param) for name, param in params.items()]
    spec.__doc__ = "\n".join([inspect.cleandoc(spec.__doc__ or ""), *lines])
    return spec


def _line(name: str, param: Param) -> str:
    """A declared field in the docstring of its class."""
    match param.kind:
        case Choice(options):
            which = f" One of {', '.join(options)}."
        case Some(options):
            which = f" Any of {', '.join(options)}."
        case _:
            which = ""
    text, indent = f"{name}: {param.help}{which}", " " * 4
    return textwrap.fill(
        text, 100, initial_indent=indent, subsequent_indent=2 * indent, break_on_hyphens=False
    )


# -- checks ------------------------------------------------------------------------------------------------


def set_checked(spec: object, owner: str, **checks: Callable[[object], Any]) -> None:
    """Coerce, check and freeze fields of a frozen dataclass in place.

    Args:
        spec: The value whose fields they are.
        owner: What the sentence of an error begins with.
        checks: For each field what returns its value as it is kept, or raises ValueError.

    Raises:
        ValueError: As the checks do, with the owner and the field's name before the sentence.
    """
    for name, check in checks.items():
        try:
            object.__setattr__(spec, name, check(getattr(spec, name)))
        except ValueError as error:
            raise ValueError(f"{owner}: {name} {error}") from None


def set_declared(spec: object, owner: str) -> None:
    """Coerce, check and freeze the declared fields of a frozen dataclass in place, as `set_checked` does."""
    params = declared_params(type(spec))  # type: ignore[arg-type]  # a class can be hashed
    set_checked(spec, owner, **{name: param.kind.check for name, param in params.items()})


@dataclass(frozen=True)
class NamedSpec:
    """What is chosen by its name, and those of its parameters that are not at their default."""

    name: str
    params: Mapping[str, Value] = field(default_factory=Settings)

    _noun: ClassVar[str]

    def __post_init__(self) -> None:
        set_checked(self, self._noun, name=self._check_name)
        if not isinstance(self.params, Mapping):
            raise ValueError(
                f"{self.name}: params must be names with their values, not {describe(self.params)}."
            )
        try:
            object.__setattr__(self, "params", Settings(self.params))
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None

    @staticmethod
    def _check_name(name: object) -> str:
        """The name, in Python's own type. Raises ValueError for what cannot be one."""
        return as_word(name)


def as_word(value: object) -> str:
    """A name of letters, digits and "_", as Python's names are.

    Args:
        value: What was given as a name.

    Returns:
        The name, in Python's own type.

    Raises:
        ValueError: It is no such name.
    """
    if not WORD.fullmatch(word := Text().coerce(value)):
        raise ValueError(f"must be one word, as torch spells it, not {describe(word)}.")
    return word


# -- plain data --------------------------------------------------------------------------------------------


def plain(value: object) -> Any:
    """A spec as dicts, lists, texts and numbers, for JSON. What is at its default is left out."""
    if isinstance(value, Mapping):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    parts: dict[str, Any] = {}
    for part in fields(value):  # type: ignore[arg-type]  # all that is left are specs
        chosen = getattr(value, part.name)
        if chosen != part.default and chosen != {}:
            parts[part.name] = plain(chosen)
    return parts


def changed(spec: object) -> dict[str, Any]:
    """The declared fields of a spec that are not at their default."""
    values = {part.name: (getattr(spec, part.name), part.default) for part in _declared_fields(spec)}
    return {name: value for name, (value, default) in values.items() if value != default}


def check_names(owner: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse names that are not known.

    Args:
        owner: What has the names, for the sentence of an error.
        given: The names that were given.
        known: All names that there are.

    Raises:
        ValueError: One of them is not known.
    """
    for name in given:
        if name not in known:
            raise ValueError(f"The {owner} has no place for {describe(name)}, only for: {', '.join(known)}.")


def build(kind: type[_Spec], data: object, noun: str) -> _Spec:
    """A spec of its fields by their names: the inverse of `plain` for one whose fields are plain.

    Args:
        kind: The class.
        data: A dict, or anything else that a file may hold in its place.
        noun: What the data are in a sentence, without its article.

    Raises:
        ValueError: Where the data are no dict, or lack a field, or have one that is unknown or wrong.
    """
    if not isinstance(data, dict):
        raise ValueError(f"The {noun} is missing or is not written as names and values.")
    parts = {part.name: part for part in fields(kind)}  # type: ignore[arg-type]
    check_names(noun, data, parts)
    needed = [name for name, part in parts.items() if part.default is part.default_factory is MISSING]
    if missing := [name for name in needed if name not in data]:
        raise ValueError(f"The {noun} lacks its {missing[0]}.")
    return kind(**data)


def check_length(noun: str, text: object, longest: int) -> None:
    """Refuse what is no text, or too long.

    Args:
        noun: What the text is, for the sentence of an error.
        text: The text.
        longest: How many characters it may have.

    Raises:
        ValueError: It is no text, or has more characters.
    """
    if not isinstance(text, str):
        raise ValueError(f"A {noun} must be a text, not {describe(text)}.")
    if len(text) > longest:
        raise ValueError(f"The {noun} is too long: {len(text):,} characters, where {longest:,} are allowed.")


def read_json(text: str) -> Any:
    """What a JSON text holds.

    Raises:
        ValueError: Where it is not JSON, with the line; where a name is twice in the same place, a number has
            more than 400 digits, or lists are nested too deeply for Python.
    """
    try:
        return json.loads(text, object_pairs_hook=_once, parse_int=_whole)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise ValueError(f"This is not an experiment of optviz: it is not JSON ({where}).") from None
    except RecursionError:
        raise ValueError("This is not an experiment of optviz: it is nested too deeply.") from None


def _whole(digits: str) -> int:
    if len(digits) > 400:  # Python refuses to read much longer ones
        raise ValueError(f"The file has a number of {len(digits):,} digits.")
    return int(digits)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The file has {describe(twice)} twice in the same place.")
    return dict(pairs)
