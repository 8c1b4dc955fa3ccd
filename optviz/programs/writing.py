"""Python as text: values, calls and lists, in lines that are not too long."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from optviz.spec.params import Param, Value

WIDTH = 92
"""Longest line before it is indented, which happens at most twice."""
INDENT = "    "


@dataclass(frozen=True)
class Line:
    """A line of a program, and the part of a step that it is."""

    text: str
    phase: str = ""
    """One of "zero_grad", "forward", "backward" and "step"; "" for what is none of these."""


def indented(lines: Iterable[Line]) -> list[Line]:
    """The lines of a block, one level deeper."""
    return [Line(INDENT + line.text, line.phase) for line in lines]


def apart(parts: Iterable[Iterable[str]]) -> list[str]:
    """All lines, with an empty one between two parts."""
    return [line for part in parts for line in ("", *part)][1:]


def changed(declared: Mapping[str, Param], settings: Mapping[str, Value]) -> list[str]:
    """The keywords that are not at torch's default."""
    return [f"{name}={literal(value)}" for name, value in settings.items() if value != declared[name].default]


def literal(value: Value) -> str:
    """A value as a person writes it in Python, 1e-3 for 0.001; it reads back as the same one."""
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, str):
        return repr(value) if {'"', "'", "\\"} & set(value) else f'"{repr(value)[1:-1]}"'
    if not isinstance(value, float):
        return repr(value)
    plain = repr(value)
    scientific = f"{Decimal(plain).normalize():e}".replace("e+", "e")
    ordinary = 0.01 <= abs(value) < 1e5
    return plain if ordinary or len(plain) <= len(scientific) else scientific


def call(head: str, parts: Sequence[str]) -> list[str]:
    """A call on one line, or on as few as it fits on."""
    return listed(f"{head}(", parts, ")")


def listed(opening: str, parts: Sequence[str], closing: str) -> list[str]:
    """The parts on one line, or on as few lines of their own as they fit on."""
    line = f"{opening}{', '.join(parts)}{closing}"
    if len(line) <= WIDTH:
        return [line]
    # A part stays whole, unless it is itself a list too long for a line; a quoted text always does.
    long = [len(part) > WIDTH - 8 and not {'"', "'"} & set(part) for part in parts]
    kept = [part if broken else part.replace(" ", "\0") for part, broken in zip(parts, long, strict=True)]
    rows = textwrap.wrap(", ".join(kept), WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return [opening, *(INDENT + row.replace("\0", " ") for row in rows), closing]
