"""The visitor's own points instead of the built-in ones: a table to edit and a file to upload."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

import optviz as ov
from optviz.spec.columns import Table, read_table
from optviz.spec.digits import write_number
from optviz.spec.params import Points
from optviz.web.state import choices, fragments
from optviz.web.state.choices import Field
from optviz.web.state.session import session
from optviz.web.widgets import fields

_AXES = ("x", "y")


def draw(field: Field, label: str, kind: Points, help: str, said: Any) -> None:
    """The table of own points, or ways to enter some where there are none."""
    own = field.get()
    with fields.fold("Points of your own", "own points", fragments.PROBLEM) as fold:
        if not fold.open:
            return
        st.caption(f"{help} They are in the link and in saved files.")
        if own:
            _table(field, kind, own)
        _button(field, "Back to the built-in points" if own else "Begin with the built-in points", own)
        _upload(field, kind)


def _table(field: Field, kind: Points, own: tuple[tuple[float, float], ...]) -> None:
    key = f"{field.key}.table"
    now = fields.generation(key)

    def edited() -> None:
        def change() -> None:
            _put(field, kind.check(edited_points(kind, own, st.session_state[now])))

        choices.act(key, change)

    # Texts, for a column of numbers would drop what it does not know, and make 1 of 0,01.
    columns = {axis: [write_number(point[place]) for point in own] for place, axis in enumerate(_AXES)}
    config: Any = {axis: st.column_config.TextColumn(axis, required=True) for axis in _AXES}
    st.data_editor(
        columns,
        key=now,
        num_rows="dynamic",
        column_config=config,
        hide_index=True,
        height=240,
        on_change=edited,
    )
    fields.complain(key)


def edited_points(
    kind: Points, points: tuple[tuple[float, float], ...], changes: Mapping[str, Any]
) -> list[tuple[float, ...]]:
    """The points after the edits that Streamlit's table tells of.

    Args:
        kind: What points may be.
        points: Those before the edits.
        changes: What Streamlit says was edited, added and deleted.

    Raises:
        ValueError: A cell is empty or holds no number: then nothing is changed yet.
    """
    rows: list[dict[str, Any]] = [dict(zip(_AXES, map(write_number, point), strict=True)) for point in points]
    for place, cells in changes["edited_rows"].items():
        rows[int(place)].update(cells)
    gone = set(changes["deleted_rows"])
    rows = [row for place, row in enumerate(rows) if place not in gone] + changes["added_rows"]
    if any(not (row.get(axis) or "").strip() for row in rows for axis in _AXES):
        raise ValueError("Every point needs both its numbers: fill in the empty cell.")
    return [
        tuple(_cell(kind, f"Row {place}: {axis}", row[axis]) for axis in _AXES)
        for place, row in enumerate(rows, 1)
    ]


def _cell(kind: Points, name: str, text: str) -> float:
    try:
        return kind.number.read(text)
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None


def _button(field: Field, label: str, own: object) -> None:
    def change() -> None:
        data = ov.surface(choices.experiment().surface).data
        assert data is not None
        session().columns = None
        built_in = tuple(zip(data.inputs[:, 0].tolist(), data.targets.tolist(), strict=True))
        _put(field, None if own else built_in)

    key = f"{field.key}.begin"
    st.button(label, key, on_click=choices.act, args=(key, change))


def _upload(field: Field, kind: Points) -> None:
    def read(content: bytes) -> None:
        table = read_table(content, kind.longest)
        _take(field, kind, table, *table.first_two)

    help = (
        "Columns of numbers, with a comma, a semicolon or a tab between them. The first line may name them."
    )
    fields.upload(f"{field.key}.file", "Upload as CSV", ["csv", "tsv", "txt"], help, read)
    owner, table, *places = session().columns or ("", None)
    if owner == field.key and table is not None and len(table.names) > 2:
        _which(field, kind, table, places)


def _which(field: Field, kind: Points, table: Table, places: list[int]) -> None:
    """Which columns of a file of more than two are x and y."""
    titles = [f"{place}. {name}" for place, name in enumerate(table.names, 1)]
    for at, (axis, box) in enumerate(zip(_AXES, st.columns(2), strict=True)):

        def change(title: str, at: int = at) -> None:
            chosen = [*places]
            chosen[at] = titles.index(title)
            _take(field, kind, table, *chosen)

        with box:
            key = f"{field.key}.column.{axis}"
            fields.select(key, f"Column of {axis}", titles, titles[places[at]], change, None)


def _take(field: Field, kind: Points, table: Table, x: int, y: int) -> None:
    """Take the points from two columns of a file. It is kept where they are refused, too: others may do."""
    session().columns = (field.key, table, x, y)
    _put(field, kind.check(table.points(x, y)))


def _put(field: Field, points: Any) -> None:
    field.set(points)
    choices.drop_complaints(field.key)  # of the file before, too
    fields.renew(f"{field.key}.table")
