"""The parts of the page that can be drawn anew without the rest: Streamlit's fragments, by their keys.

An edit draws only what shows it. That is most of the page's speed: a browser needs some milliseconds for each
of the hundred elements of the whole page, changed or not.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeAlias

import streamlit as st

from optviz.web.state.session import session
from optviz.web.streamlit_internals import draws_fragments, page_waits

_Given = ParamSpec("_Given")

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


def part(key: str, every: float | None = None) -> Callable[[Callable[_Given, None]], Callable[_Given, None]]:
    """Makes a function draw a part of the page, which is drawn anew by itself `every` so many seconds."""

    def decorate(draw: Callable[_Given, None]) -> Callable[_Given, None]:
        @wraps(draw)
        def drawn(*args: _Given.args, **kwargs: _Given.kwargs) -> None:
            draw(*args, **kwargs)
            session().undrawn.discard(key)

        return st.fragment(drawn, key=key, run_every=every)

    return decorate


def draw_whole() -> None:
    """At the beginning of a run of the whole script: it draws all that there is to be drawn."""
    session().undrawn.clear()


def draw_anew(parts: Parts) -> None:
    """At the end of a callback: draw these parts.

    Streamlit draws the part that the widget is in. Where it draws the whole page, or is about to, nothing is
    left to do. Otherwise it gives up what it was about to draw: parts that an edit just before asked for are
    still asked for.
    """
    if not draws_fragments() or page_waits() or parts == HERE:
        return
    if parts:
        session().undrawn.update(parts)
    st.rerun(sorted(session().undrawn) if parts else "app")
