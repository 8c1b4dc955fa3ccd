"""The widgets of maps alone: an axis of a sweep, and another competitor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

import optviz as ov
from optviz.maps.axes import AxisKind, default_axis, usual_axes, whole_axis
from optviz.spec.params import Competitor
from optviz.web.state import choices
from optviz.web.state.choices import Field
from optviz.web.widgets import fields

_SPREAD = (
    "How the values are spaced between the ends. log: each is the last one times a fixed factor, as suits "
    "learning rates. linear: each is the last one plus a fixed number."
)


def competitor(field: Field, label: str, kind: Competitor, help: str, said: Any) -> None:
    """Another competitor than the one in focus, by its name, or nobody; nothing where there is no other."""
    runs, focus = choices.experiment().runs, choices.view().focus
    others = {run.name: index for index, run in enumerate(runs) if index != focus}
    if others:
        now = next((name for name, index in others.items() if index == field.get()), "nobody")
        read = {"nobody": None, **others}
        first = {"index": list(read).index(now)}
        editing = fields.editor(
            field.key, now, field.set, read.__getitem__, redraw=field.shown_in, first=first
        )
        st.selectbox(label, list(read), help=help, **editing)


def axis(field: Field, label: str, kind: AxisKind, help: str, said: Any) -> None:
    """An axis of the sweep of the competitor in focus: which hyperparameter, and its range."""
    experiment, view = choices.experiment(), choices.view()
    optimizer = experiment.runs[view.focus].optimizer
    across: Any = view.map and view.map.params.get("x")
    usual = usual_axes(optimizer, across if kind.place else None)[kind.place]
    if usual is None:
        st.caption(f"{optimizer.name} has no second number to vary.")
        return
    now, names = whole_axis(optimizer, field.get() or usual), list(ov.axis_names(optimizer.name))

    def read(chosen: str) -> Any:
        return default_axis(optimizer, chosen, usual[3])

    shown = replace(field, get=lambda: now)
    parts = [shown.part(place) for place in range(len(now))]
    row = st.container(horizontal=True, gap="small", width="content", key=f"axis-{field.key}")
    below = fields.below(*parts[1:4])
    with row:
        options = names if now[0] in names else [now[0], *names]
        first = {"index": options.index(now[0])}
        editing = fields.editor(
            f"{field.key}.name", now[0], field.set, read, redraw=field.shown_in, first=first
        )
        st.selectbox(label, options, width=128, **editing)
        for part, name, number in zip(parts[1:4], kind.names[1:4], kind.kinds[1:4], strict=True):
            with fields.frame(part, 90):
                fields.number(part, name, number, None, below)
        with fields.frame(parts[4], 100):
            spread, options = parts[4], kind.kinds[4].options  # type: ignore[attr-defined]
            fields.select(spread.key, kind.names[4], options, now[4], spread.set, _SPREAD, spread.shown_in)
