"""The gallery: a dialog with a card for each of its cases."""

from __future__ import annotations

import streamlit as st

from optviz.lessons.gallery import GALLERY
from optviz.web.state import choices
from optviz.web.state.session import session


def open_dialog() -> None:
    """Open the gallery in this run of the script."""
    session().gallery = True


def draw() -> None:
    """Draw the gallery if it has been opened just now."""
    if session().gallery:
        session().gallery = False
        _dialog()


@st.dialog("Gallery", width="large")
def _dialog() -> None:
    st.caption("Each case is an experiment to play with: change anything, and go back with your browser.")
    for place, case in enumerate(GALLERY):
        if place % 2 == 0:  # row by row, so that the keyboard and a phone meet them in their order
            columns = st.columns(2)
        with columns[place % 2], st.container(border=True, key=f"case-{place}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{case.title}**", width="stretch")
                key = f"open-{place}"
                show = (key, choices.show, case.experiment, case.view)
                st.button("Open", key=key, help=f"Show {case.title}", on_click=choices.act, args=show)
            st.caption(case.look)
