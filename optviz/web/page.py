"""The page: choices on the left, the picture on the right; or something to read and the picture."""

from __future__ import annotations

import gc
from pathlib import Path

import streamlit as st

import optviz as ov
from optviz.lessons.gallery import find_case
from optviz.web.state import address, choices, fragments
from optviz.web.state.session import session
from optviz.web.views import gallery, lessons, maps, optimizers, results, share, sidebar
from optviz.web.widgets import fields, player, rates

_STATIC = Path(__file__).parent / "static"
_SIDEBAR = 360
"""Pixels: room for a slider and its number side by side."""
_MOST_NOTES = 8


def main() -> None:
    """Draw the whole page."""
    fragments.draw_whole()
    # A file of our own: any other icon would be fetched from a host outside.
    st.set_page_config("optviz", _STATIC / "icon.svg", layout="wide", initial_sidebar_state=_SIDEBAR)
    st.html(_STATIC / "page.css")
    player.prepare()
    _register()
    address.follow()
    st.html(sidebar.style())
    if choices.view().page:
        _to_read()
    else:
        _to_play()
    _freeze()


@st.cache_resource(show_spinner=False)
def _register() -> None:
    """Register other packages' optimizers, once in a process."""
    ov.register_pytorch_optimizers()


@st.cache_resource(show_spinner=False)
def _freeze() -> None:
    """Exempt what is in memory after the first page from garbage collection.

    This is for the whole process, which is the page's own. Streamlit collects garbage after every run of the
    script, and would walk through all of torch each time; torch imports much of itself with its first
    optimizer, so the first page must have been drawn.
    """
    gc.collect()
    gc.freeze()


def _to_play() -> None:
    """The playground, or maps of many runs."""
    with st.sidebar:
        sidebar.draw()
    shown = choices.experiment().surface
    info = ov.SURFACES[shown.name]
    with st.container(horizontal=True, vertical_alignment="center", key="headline"):
        st.markdown(f"# {info.name}", width="content")
        st.latex(info.latex(shown.params), width="content")
        st.space("stretch")
        _places()
        icon, opening = ":material/auto_stories:", ("gallery", gallery.open_dialog)
        st.button("Gallery", icon=icon, key="gallery", on_click=choices.act, args=opening)
        _share()
    gallery.draw()
    share.draw()
    _results()


def _to_read() -> None:
    """The lessons, or the reference of optimizers."""
    is_reference = choices.view().page == "optimizers"
    with st.container(horizontal=True, vertical_alignment="center", key="headline"):
        st.markdown("# Optimizers" if is_reference else f"# {lessons.title()}", width="content")
        st.space("stretch")
        _places()
        _share()
    share.draw()
    address.write()
    _notes()
    if is_reference:
        optimizers.draw()
    else:
        lessons.draw(_results)


@fragments.part(fragments.RESULTS)
def _results() -> None:
    address.write()
    view = choices.view()
    if not view.page:
        with st.container(key="notes"):  # always there, so that nothing below it is drawn anew when it fills
            _notes()
            _case()
        rates.follow(st.empty())
    if view.map is not None:
        maps.draw(choices.named(), view)
    else:
        results.draw(choices.named(), view, lessons.telling() if view.page else None)
    if view.page:
        lessons.below_the_picture()


def _share() -> None:
    opening = ("share", share.open_dialog)
    help = "A link, files to take away, and a place to open a saved experiment."
    st.button("Share", icon=":material/share:", key="share", help=help, on_click=choices.act, args=opening)


def _places() -> None:
    """The runs themselves, maps of many, or something to read."""
    titles = ("Playground", "Maps", "Lessons", "Optimizers")
    now = "maps" if choices.view().map else "playground"
    if page := choices.view().page:
        now = page if page == "optimizers" else "lessons"
    fields.one_of("page", "Page", {t: t.lower() for t in titles}, now, choices.go_to, bare=True)


def _case() -> None:
    """What to look at, where a case of the gallery is shown."""
    if case := find_case(choices.experiment()):
        st.info(f"**{case.title}.** {case.look}", icon=":material/visibility:")


def _notes() -> None:
    """What of the address, or of a file, could not be used, and what else is to be known of it."""
    if remark := session().notes.remark:
        st.info(fields.plain(remark))
    notes = [fields.plain(note) for note in session().notes.ignored]
    if not notes:
        return
    more = [f"And {len(notes) - _MOST_NOTES} more."] if len(notes) > _MOST_NOTES else []
    lines = "\n".join(f"- {note}" for note in notes[:_MOST_NOTES] + more)
    st.warning(f"Parts of this link or file could not be used and were left out:\n{lines}")
