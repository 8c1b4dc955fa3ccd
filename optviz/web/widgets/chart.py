"""A figure on the page that is drawn without flicker, and whose cells can be chosen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import streamlit as st
from plotly.offline import get_plotlyjs_version

from optviz.maps.catalogue import Picture
from optviz.web.state import choices
from optviz.web.widgets import player
from optviz.web.widgets.message import Cells, ChartMessage


def draw(key: str, picture: Picture, dark: Picture, choose: Callable[[Any], None]) -> None:
    """Show a picture, in a dark page as `dark`, which differs from it in colours.

    `choose` is called with [column, row] of a cell, by a browser: with anything.
    """

    def chosen() -> None:
        choices.act(key, choose, st.session_state[key]["cell"])

    light, night = (json.loads(each.figure.to_json()) for each in (picture, dark))
    message: ChartMessage = {
        "figure": light,
        "dark": list(_differences(light, night)),
        "cells": _cells(picture),
        "title": picture.title,
        "plotly": get_plotlyjs_version(),
    }
    player.component("chart")(key=key, data=message, on_cell_change=chosen)


def _differences(base: Any, other: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[list[Any], Any]]:
    """Each place where `other` differs from `base`: the keys that lead to it, and the value in `other`."""
    if isinstance(base, dict) and isinstance(other, dict) and base.keys() == other.keys():
        places: Any = base
    elif isinstance(base, list) and isinstance(other, list) and len(base) == len(other):
        places = range(len(base))
    else:
        if base != other:
            yield [*path], other
        return
    for place in places:
        yield from _differences(base[place], other[place], (*path, place))


def _cells(picture: Picture) -> Cells | None:
    """The cells that can be chosen. What the browser says about each is in the figure."""
    if picture.map is None:
        return None
    (heatmap, *_) = picture.figure.data
    titles = [axis.title.text for axis in (picture.figure.layout.xaxis, picture.figure.layout.yaxis)]
    return {
        "x": [float(value) for value in heatmap.x],
        "y": [float(value) for value in heatmap.y],
        "axes": [title or name for title, name in zip(titles, "xy", strict=True)],
    }
