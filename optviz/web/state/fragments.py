"""The parts of the page that can be drawn anew without the rest: Streamlit's fragments, by their keys.

An edit draws only what shows it. That is most of the page's speed: a browser needs some milliseconds for each
of the hundred elements of the whole page, changed or not.
"""

from __future__ import annotations

from typing import TypeAlias

import streamlit as st

from optviz.web.streamlit_internals import draws_fragments

Parts: TypeAlias = tuple[str, ...]
"""Keys of fragments, in the order that they are to be drawn; none for the whole page."""

PROBLEM = "problem"
"""Surface, start and chance."""
RESULTS = "results"
"""All that comes of the runs, and the address."""

MAP = "map"
"""The map, a part of the results."""

OTHERS = "others"
"""The reference of optimizers that are not torch's."""


HERE: Parts = ("here",)
"""The part that the edited widget is in, and no other: a dialog closes where the page is drawn anew."""


def card(slot: int) -> str:
    """The choices of the competitor that has a slot."""
    return f"competitor {slot}"


def draw_anew(parts: Parts) -> None:
    """At the end of a callback: draw these parts.

    Streamlit draws the part that the widget is in. Where it draws the whole page, nothing is left to do.
    """
    if draws_fragments() and parts != HERE:
        st.rerun([*parts] if parts else "app")
