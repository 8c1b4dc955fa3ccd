"""The parts of the page that can be drawn anew without the rest: Streamlit's fragments, by their keys.

An edit draws only what shows it. That is most of the page's speed: a browser needs some milliseconds for each
of the hundred elements of the whole page, changed or not.
"""

from __future__ import annotations

from typing import TypeAlias

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType

Parts: TypeAlias = tuple[str, ...]
"""Keys of fragments, in the order that they are to be drawn; none for the whole page."""

PROBLEM = "problem"
"""Surface, start and chance."""
RESULTS = "results"
"""All that comes of the runs, and the address."""

MAP = "map"
"""The map, as far as it is: a part of the results."""

OTHERS = "others"
"""What the reference knows of optimizers that are not torch's."""


HERE: Parts = ("here",)
"""The part that the edited widget is in, and no other: a dialog closes where the page is drawn anew."""


def card(slot: int) -> str:
    """The choices of the competitor that has a slot."""
    return f"competitor {slot}"


def one_alone() -> bool:
    """Whether parts of the page are drawn now, and not the whole."""
    context = get_script_run_ctx()
    return bool(context and context.fragment_ids_this_run)


def draw_anew(parts: Parts) -> None:
    """At the end of a callback: draw these parts.

    Streamlit draws the part that the widget is in. Where it draws the whole page, nothing is left to do.
    """
    if one_alone() and parts != HERE:
        st.rerun([*parts] if parts else "app")


def edit_waits() -> bool:
    """Whether an edit in one part waits for this run to end.

    Streamlit ends a run at once only where the whole page is asked for.
    """
    context = get_script_run_ctx()
    requests = context and context.script_requests
    if not requests or requests._state is not ScriptRequestType.RERUN:
        return False
    return bool(requests._rerun_data.fragment_id_queue)
