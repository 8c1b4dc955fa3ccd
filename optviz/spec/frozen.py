"""Values that check themselves: frozen dataclasses, as they are made and as plain data of JSON.

Every `ValueError` raised here is a sentence for the user.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from optviz.spec.params import WORD, Settings, Text, Value, describe

_Spec = TypeVar("_Spec")


def set_checked(spec: object, owner: str, **checks: Callable[[object], Value]) -> None:
    """Coerce, check and freeze the named fields of a frozen dataclass in place."""
    for name, check in checks.items():
        try:
            object.__setattr__(spec, name, check(getattr(spec, name)))
        except ValueError as error:
            raise ValueError(f"{owner}: {name} {error}") from None


def set_params(spec: Any, owner: str) -> None:
    """Check and freeze the `params` of a frozen dataclass in place."""
    if not isinstance(spec.params, Mapping):
        raise ValueError(f"{owner}: params must be names with their values, not {describe(spec.params)}.")
    try:
        object.__setattr__(spec, "params", Settings(spec.params))
    except ValueError as error:
        raise ValueError(f"{owner}: {error}") from None


def as_word(value: object) -> str:
    """`value` as a name of Python's. Raises ValueError for what is none."""
    if not WORD.fullmatch(word := Text().coerce(value)):
        raise ValueError(f"must be one word, as torch spells it, not {describe(word)}.")
    return word


def as_tuple(value: Any) -> tuple[object, ...] | None:
    """`value` as a tuple, or None where it is no list of things."""
    try:
        return None if isinstance(value, str | Mapping) else tuple(value)
    except TypeError:  # Also from a tensor without dimensions, which only looks as if it could be iterated.
        return None


def plain(value: object) -> Any:
    """A spec as dicts, lists and numbers; what is at its default is left out."""
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


def changed(spec: Any, first: int = 0) -> dict[str, Value]:
    """The fields of a spec, from the `first` on, that are not at their default."""
    values = {part.name: (getattr(spec, part.name), part.default) for part in fields(spec)[first:]}
    return {name: value for name, (value, default) in values.items() if value != default}


def check_names(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise ValueError for the first of the given names that is not known."""
    for name in given:
        if name not in known:
            raise ValueError(f"The {what} has no place for {describe(name)}, only for: {', '.join(known)}.")


def build(kind: type[_Spec], data: object, what: str) -> _Spec:
    """Make a spec from its fields by name, refusing unknown and missing ones."""
    if not isinstance(data, dict):
        raise ValueError(f"The {what} is missing or is not written as names and values.")
    parts = {part.name: part for part in fields(kind)}  # type: ignore[arg-type]
    check_names(what, data, parts)
    needed = [name for name, part in parts.items() if part.default is part.default_factory is MISSING]
    if missing := [name for name in needed if name not in data]:
        raise ValueError(f"The {what} lacks its {missing[0]}.")
    return kind(**data)


def check_length(what: str, text: object, longest: int) -> None:
    """Raise ValueError for what is no text, and for one of more characters than the `longest`."""
    if not isinstance(text, str):
        raise ValueError(f"A {what} must be a text, not {describe(text)}.")
    if len(text) > longest:
        raise ValueError(f"The {what} is too long: {len(text):,} characters, where {longest:,} are allowed.")


def read_json(text: str) -> Any:
    """What a JSON text holds. Raises ValueError with the line for what is none, or has a name twice."""
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
