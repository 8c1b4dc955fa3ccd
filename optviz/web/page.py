"""The page: choices on the left, the picture on the right."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

import optviz as ov
from optviz.figures import THEMES, Theme
from optviz.gallery import find_case
from optviz.web import (
    address,
    choices,
    gallery,
    maps,
    parts,
    player,
    rates,
    results,
    runs,
    share,
    sidebar,
    widgets,
)
from optviz.web.session import session

_HERE = Path(__file__).parent
_SIDEBAR = 360
"""Pixels: room for a slider and its number side by side."""
_MOST_NOTES = 8


def main() -> None:
    """Draw the whole page."""
    # A file of our own: any other icon would be fetched from a host outside.
    st.set_page_config("optviz", _HERE / "icon.svg", layout="wide", initial_sidebar_state=_SIDEBAR)
    st.html(_HERE / "page.css")
    player.prepare()
    ov.register_pytorch_optimizers()
    address.follow()
    theme = THEMES["dark" if st.context.theme.type == "dark" else "light"]
    st.html(sidebar.style(theme))
    with st.sidebar:
        sidebar.draw()
    _headline()
    _results(theme)
    runs.settle()


@st.fragment(key=parts.RESULTS)
def _results(theme: Theme) -> None:
    address.write()
    with st.container(key="notes"):  # always there, so that nothing below it is drawn anew when it fills
        _notes()
        _case()
    rates.follow(st.empty())
    picture = results.draw if choices.view().map is None else maps.draw
    picture(choices.named(), choices.view(), theme)


def _headline() -> None:
    shown = choices.experiment().surface
    info = ov.SURFACES[shown.name]
    with st.container(horizontal=True, vertical_alignment="center", key="headline"):
        st.markdown(f"# {info.name}", width="content")
        st.latex(info.latex(shown.params), width="content")
        st.space("stretch")
        _pages()
        icon, opening = ":material/auto_stories:", ("gallery", gallery.open_dialog)
        st.button("Gallery", icon=icon, key="gallery", on_click=choices.act, args=opening)
        opening = ("share", share.open_dialog)
        st.button("Share", icon=":material/share:", key="share", on_click=choices.act, args=opening)
    gallery.draw()
    share.draw()


def _pages() -> None:
    """The runs themselves, or maps of many."""
    pages = {"Playground": None, "Maps": "basins"}
    now = None if choices.view().map is None else "basins"
    widgets.one_of("page", "Page", pages, now, choices.set_map, bare=True)


def _case() -> None:
    """What to look at, where a case of the gallery is shown."""
    if case := find_case(choices.experiment()):
        st.info(f"**{case.title}.** {case.look}", icon=":material/visibility:")


def _notes() -> None:
    """What of the address could not be used."""
    notes = [widgets.plain(note) for note in session().ignored]
    if not notes:
        return
    more = [f"And {len(notes) - _MOST_NOTES} more."] if len(notes) > _MOST_NOTES else []
    lines = "\n".join(f"- {note}" for note in notes[:_MOST_NOTES] + more)
    st.warning(f"Parts of this address could not be used and were left out:\n{lines}")
