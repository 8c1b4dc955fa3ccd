"""The widget of each kind of parameter: one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from optviz.maps.axes import AxisKind
from optviz.spec.params import (
    Choice,
    Competitor,
    Flag,
    Float,
    Int,
    Ints,
    Kind,
    Maybe,
    Names,
    Param,
    Points,
    Some,
    Text,
    Tuple,
)
from optviz.web.state.choices import Field
from optviz.web.widgets import maps, points
from optviz.web.widgets.fields import Resets, draw_resets, editor, frame, number, select, text

Widget = Callable[[Field, str, Any, str, Any], None]
"""Draws a field: its label, kind and help, and the place for what is wrong, below it where that is None."""


def draw(
    field: Field,
    label: str,
    param: Param,
    resets: Resets | None = None,
    width: str | int = "stretch",
    said: Any = None,
) -> None:
    """The widget of `param`, and one click back to each of `resets` that it is not at.

    What is wrong with it stands below it, or in the place `said` where it has no room for that.
    """
    resets = resets or {}
    with frame(field, width):
        _draw(field, label, param.kind, param.help, said)
        draw_resets(field, resets)


def _draw(field: Field, label: str, kind: Kind, help: str, said: Any = None) -> None:
    WIDGETS[type(kind)](field, label, kind, help, said)


def _flag(field: Field, label: str, kind: Flag, help: str, said: Any) -> None:
    editing = editor(field.key, field.get(), field.set, redraw=field.shown_in)
    st.checkbox(label, help=help, **editing)


def _choice(field: Field, label: str, kind: Choice, help: str, said: Any) -> None:
    select(field.key, label, kind.options, field.get(), field.set, help, field.shown_in)


def _some(field: Field, label: str, kind: Some, help: str, said: Any) -> None:
    now = list(field.get())
    editing = editor(field.key, now, field.set, tuple, redraw=field.shown_in, first={"default": now})
    st.multiselect(label, kind.options, help=help, **editing)


def _maybe(field: Field, label: str, kind: Maybe, help: str, said: Any) -> None:
    own = OR_NONE.get(type(kind.kind))
    if own:
        own(field, label, kind.kind, help, said)
    else:
        number(field, label, kind, f"{help} Empty: None.", said)


def _choice_or_none(field: Field, label: str, kind: Choice, help: str, said: Any) -> None:
    select(field.key, label, [None, *kind.options], field.get(), field.set, help, field.shown_in)


def _parts(field: Field, label: str, kind: Tuple, help: str, said: Any) -> None:
    for place, (column, part) in enumerate(zip(st.columns(len(kind.kinds)), kind.kinds, strict=True)):
        with column:
            name = f"{label} {kind.names[place]}" if kind.names else f"{label}[{place}]"
            _draw(field.part(place), name, part, help if place == 0 else "")


WIDGETS: dict[type[Kind], Widget] = {
    Float: number,
    Int: number,
    Ints: number,
    Names: number,
    Flag: _flag,
    Choice: _choice,
    Some: _some,
    Maybe: _maybe,
    Tuple: _parts,
    Text: text,
}
"""The widget of each kind of parameter."""
OR_NONE: dict[type[Kind], Widget] = {
    Choice: _choice_or_none,
    Points: points.draw,
    AxisKind: maps.axis,
    Competitor: maps.competitor,
}
"""The widgets of kinds that may also be None; others are typed then, and nothing means None."""
