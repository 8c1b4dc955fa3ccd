"""Writes the types of the messages to the browser, declared in Python, for the JavaScript that reads them.

`python -m scripts.messages` writes a `message.d.ts` beside the JavaScript. Records are `TypedDict`s, names
for types are `TypeAlias`es. Of `Annotated[what Python has, shape]` the shape is what arrives: a tuple is an
array of so many members, a dataclass an object of its fields.
"""

from __future__ import annotations

import ast
import inspect
import sys
import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from optviz.player.message import sent_fields
from optviz.spec.params import Choice, Some
from optviz.spec.view import IN_PLAYER, VIEW_PARAMS, View

ROOT = Path(__file__).parents[1]
PLAYER, PAGE = ROOT / "optviz/player/static/message.d.ts", ROOT / "optviz/web/static/message.d.ts"
DECLARATIONS: Mapping[Path, Sequence[str]] = {
    PLAYER: ("optviz.surfaces.layers", "optviz.rules.records", "optviz.player.message"),
    PAGE: ("optviz.web.widgets.message",),
}
"""Where types are written, and the modules that declare them."""

_UNIONS = (Union, types.UnionType)
_PLAIN = {str: "string", int: "number", float: "number", bool: "boolean", Any: "any", type(None): "null"}


class _Writer:
    """The types of some modules, each written once, and of what they are made of."""

    def __init__(self, modules: Sequence[types.ModuleType]) -> None:
        self.modules = modules
        self.aliases = {name: found for module in modules for name, found in _aliases(module).items()}
        self.written: dict[str, str] = {}

    def text(self) -> str:
        for name in self.aliases:
            self.alias(name)
        for module in self.modules:
            for value in vars(module).values():
                if is_typeddict(value) and value.__module__ == module.__name__:
                    self.record(value)
        return "\n".join(f"{text}\n" for text in self.written.values())

    def alias(self, name: str) -> str:
        if name not in self.written:
            self.written[name] = ""  # its place
            value, words = self.aliases[name]
            self.written[name] = f"{_comment(words)}export type {name} = {self.shape(value)};"
        return name

    def named(self, hint: Any) -> str | None:
        """What a type is called, if it has a name."""
        for name, (value, _) in self.aliases.items():
            if value == hint and value not in _PLAIN:
                return self.alias(name)
        return None

    def record(self, made: Any) -> str:
        """Write a TypedDict or a dataclass. Returns its name."""
        name: str = made.__name__
        if name in self.written:
            return name
        self.written[name] = ""  # its place
        bases = [self.record(base) for base in _bases(made)]
        extends = f" extends {', '.join(bases)}" if bases else ""
        words, lines = _words(made), []
        for field, hint in _fields(made).items():
            optional = get_origin(hint) is NotRequired or field in getattr(made, "__optional_keys__", ())
            lines.append(_comment(words.get(field, ""), "  "))
            lines.append(f"  {field}{'?' if optional else ''}: {self.type(hint)};\n")
        head = f"{_comment(_first_line(made))}export interface {name}{extends}"
        self.written[name] = f"{head} {{\n{''.join(lines)}}}"
        return name

    def type(self, hint: Any) -> str:
        return self.named(hint) or self.shape(hint)

    def shape(self, hint: Any) -> str:
        """A type in TypeScript's words."""
        origin, inner = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self.type(inner[1])
        if origin is NotRequired:
            return self.type(inner[0])
        if origin in _UNIONS:
            return " | ".join(dict.fromkeys(self.type(part) for part in inner))
        if origin is Literal:
            return " | ".join(_literal(part) for part in inner)
        if origin is list:
            member = self.type(inner[0])
            return f"({member})[]" if get_origin(inner[0]) in _UNIONS else f"{member}[]"
        if origin is tuple and inner[-1] is ...:
            return f"{self.type(inner[0])}[]"
        if origin is tuple:
            return f"[{', '.join(map(self.type, inner))}]"
        if origin in (dict, Mapping):
            key, value = map(self.type, inner)
            return f"Record<{key}, {value}>"
        if is_typeddict(hint) or is_dataclass(hint):
            return self.record(hint)
        return _PLAIN[hint]


def _aliases(module: types.ModuleType) -> dict[str, tuple[Any, str]]:
    """Names for types that a module declares, and what is said of them."""
    words = _said(_tree(module).body)
    return {
        node.target.id: (vars(module)[node.target.id], words.get(node.target.id, ""))
        for node in _tree(module).body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and ast.unparse(node.annotation) == "TypeAlias"
    }


def _tree(module: types.ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _words(made: Any) -> dict[str, str]:
    """What is said of each field of a class: its help, or the text below it."""
    if made is View:
        return {name: VIEW_PARAMS[name].help for name in IN_PLAYER}
    node = _class(made)
    return _said(node.body) if node else {}


def _bases(made: Any) -> list[Any]:
    """The TypedDicts that a TypedDict adds to: it does not know them itself."""
    node, names = _class(made), vars(sys.modules[made.__module__])
    bases = [names[base.id] for base in node.bases if isinstance(base, ast.Name)] if node else []
    return [base for base in bases if is_typeddict(base)]


def _class(made: Any) -> ast.ClassDef | None:
    """The source of a class; None for one that a call has made."""
    body = _tree(sys.modules[made.__module__]).body
    found = (node for node in body if isinstance(node, ast.ClassDef) and node.name == made.__name__)
    return next(found, None)


def _said(body: list[ast.stmt]) -> dict[str, str]:
    found = {}
    for node, after in pairwise(body):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[node.target.id] = str(after.value.value)
    return found


def _fields(made: Any) -> dict[str, Any]:
    """A record's own fields with their types; of a View those that the player has."""
    if made is View:
        return {name: _choices(name) for name in IN_PLAYER}
    hints = get_type_hints(made, include_extras=True)
    if is_dataclass(made):
        return {name: hints[name] for name in sent_fields(made)}
    theirs = {name for base in _bases(made) for name in get_type_hints(base)}
    return {name: hint for name, hint in hints.items() if name not in theirs}


def _choices(name: str) -> Any:
    """What a part of a view can be: one of its options, where these are declared."""
    match VIEW_PARAMS[name].kind:
        case Choice(options=options):
            return Literal[tuple(options)]
        case Some():
            return list[str]
        case _:
            return get_type_hints(View)[name]


def _first_line(made: Any) -> str:
    text = inspect.getdoc(made) or ""
    return "" if text.startswith("dict(") else text.split("\n\n")[0]


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _comment(words: str, indent: str = "") -> str:
    text = " ".join(words.split())
    return f"{indent}/** {text} */\n" if text else ""


def written(names: Sequence[str]) -> str:
    """The types of the messages that some modules declare, in TypeScript."""
    head = f"// Written by `python -m scripts.messages` from {names[-1]}. Do not edit."
    return f"{head}\n\n{_Writer([import_module(name) for name in names]).text()}"


def main() -> int:
    """Write all of them."""
    for file, names in DECLARATIONS.items():
        file.write_text(written(names), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
