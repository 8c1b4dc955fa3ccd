"""A figure on the page that is drawn without flicker, and whose cells can be chosen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import streamlit as st
from plotly.offline import get_plotlyjs_version

from optviz.atlas import Picture
from optviz.web import choices, player


def draw(key: str, picture: Picture, choose: Callable[[Any], None]) -> None:
    """Show a picture. `choose` is called with [column, row] of a cell, by a browser: with anything."""

    def chosen() -> None:
        choices.act(key, choose, st.session_state[key]["cell"])

    data = {
        "figure": json.loads(picture.figure.to_json()),
        "cells": _cells(picture),
        "title": picture.title,
        "plotly": get_plotlyjs_version(),
    }
    player.component("chart")(key=key, data=data, on_cell_change=chosen)


def _cells(picture: Picture) -> dict[str, Any] | None:
    """What can be chosen, and how the browser says what it is."""
    found = picture.map
    if found is None:
        return None
    (heatmap, *_), meta = picture.figure.data, picture.figure.layout.meta or {}
    titles = [axis.title.text for axis in (picture.figure.layout.xaxis, picture.figure.layout.yaxis)]
    return {
        "x": [float(value) for value in heatmap.x],
        "y": [float(value) for value in heatmap.y],
        "axes": [title or name for title, name in zip(titles, "xy", strict=True)],
        "sayings": meta.get("sayings", []),
        "most": found.experiment.steps,
    }
