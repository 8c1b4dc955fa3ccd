"""Sharing: a dialog with the link, and every kind of file that the experiment can become."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import streamlit as st
from plotly.offline import get_plotlyjs_version

import optviz as ov
from optviz.export.films import WatchFrames
from optviz.export.formats import FORMATS, Context, FileRequest, Format, figure_of
from optviz.export.pictures import still
from optviz.figures.catalogue import FIGURES
from optviz.figures.theme import THEMES
from optviz.spec.params import Choice, Param
from optviz.web.compute import runs
from optviz.web.state import choices, fragments
from optviz.web.state.session import session
from optviz.web.views import files, maps
from optviz.web.widgets import fields, kinds, player
from optviz.web.widgets.message import LinkMessage, PictureMessage


def open_dialog() -> None:
    """Open the dialog in this run of the script."""
    session().sharing = True
    choices.drop_complaints("open")
    choices.drop_complaints("share")


def draw() -> None:
    """Draw the dialog if it has been opened just now."""
    if session().sharing:
        session().sharing = False
        session().file = None
        _dialog()


@st.dialog("Share", width="medium")
def _dialog() -> None:
    st.markdown("**Link** to this experiment, just as you see it")
    _link()
    st.markdown("**File** to take away")
    rows = {row.title: row for row in FORMATS.values()}
    row = rows[st.selectbox("Kind of file", list(rows), key="share.kind", label_visibility="collapsed")]
    st.caption(row.help)
    shown = _Shown.now() if row.runs else _Shown(choices.experiment(), choices.view(), ())
    settings = _settings(row)
    with st.container(key="share-file"):  # always there: what is in it comes and goes
        try:
            _offer(row, shown, settings)
        except ValueError as error:
            st.error(fields.plain(str(error)))
    st.caption(fields.plain(ov.made_with(choices.experiment()).words))
    files.draw()


def _link() -> None:
    try:
        query = choices.experiment().to_url(choices.view())
    except ValueError as error:
        words = f"{error} Take the file “Experiment, JSON” instead: whoever opens it here sees the same."
        st.info(fields.plain(words))
        return
    link: LinkMessage = {"link": query}
    player.component("share")(key="share-link", data=link)


@dataclass(frozen=True)
class _Shown:
    """What the page shows: of competitors that did not run there is no trajectory."""

    experiment: ov.Experiment
    view: ov.View
    trajectories: tuple[ov.Trajectory, ...]

    @classmethod
    def now(cls) -> _Shown:
        """Raises nothing: without competitors there is nothing to offer, which `work` says."""
        experiment, view = choices.named(), choices.view()
        with st.spinner("Running …", show_time=True):
            there = runs.trajectories(experiment)
        return cls(experiment, view, ov.project(experiment, there))

    def work(self, row: Format, settings: Mapping[str, Any], watch: WatchFrames | None = None) -> FileRequest:
        if row.runs and not self.trajectories:
            raise ValueError("No competitor has run to its end: there is nothing to take away.")
        return FileRequest(self.experiment, self.trajectories, self.view, settings, watch)

    def named(self, ending: str) -> str:
        """The name of a file."""
        words = re.findall(r"[a-z0-9]+", self.experiment.surface.name.lower())
        return f"optviz-{'-'.join(words)}.{ending}"


def _settings(row: Format) -> dict[str, Any]:
    """The values that are chosen for a format."""
    here = Context("dark" if st.context.theme.type == "dark" else "light", _figures)
    params = row.declare(here)
    if not params:
        return {}
    with st.container(horizontal=True, key="share-settings"):
        return {
            name: _setting(f"share.{row.name}.{name}", param.label or name.capitalize(), param)
            for name, param in params.items()
        }


def _setting(key: str, label: str, param: Param) -> Any:
    """What is chosen for it; what was chosen before counts while it still may be."""
    asked = session().asked

    def get() -> Any:
        try:
            return param.kind.check(asked.get(key, param.default))
        except ValueError:
            return param.default

    field = choices.Field(key, get, lambda value: asked.update({key: value}), fragments.HERE)
    kinds.draw(field, label, param, width=180 if isinstance(param.kind, Choice) else 130)
    return field.get()


def _figures() -> Sequence[str]:
    """The titles of the maps that are looked at, or the figures of the runs."""
    pictures = maps.pictures(choices.named(), choices.view(), THEMES["light"])
    return [picture.title for picture in pictures] or [*FIGURES]


def _offer(row: Format, shown: _Shown, settings: Mapping[str, Any]) -> None:
    """A button with the file, or one that makes it."""
    if row.in_browser:
        _picture(row, shown, settings)
    elif row.slow:
        _download_when_made(row, shown, settings)
    else:
        work = shown.work(row, settings)
        _download(row, shown, lambda: row.make(work))  # in a thread that knows no visitor: all is in `work`


def _download(row: Format, shown: _Shown, content: Any) -> None:
    icon, name = ":material/download:", shown.named(row.name)
    st.download_button(
        "Download", content, name, row.mime, icon=icon, key="share.download", on_click="ignore"
    )


def _picture(row: Format, shown: _Shown, settings: Mapping[str, Any]) -> None:
    """The browser draws it: a server has no screen."""
    drawn = maps.pictures(choices.named(), choices.view(), THEMES[settings["theme"]])
    of_maps = {picture.title: picture.figure for picture in drawn}
    figure = of_maps.get(settings["figure"]) or figure_of(shown.work(row, settings))
    message: PictureMessage = {
        "figure": json.loads(go.Figure(still(figure)).to_json()),
        "format": row.name,
        "width": settings["width"],
        "height": settings["height"],
        "scale": settings.get("scale", 1),
        "name": shown.named(row.name),
        "made_with": ov.made_with(choices.experiment()).words,
        "plotly": get_plotlyjs_version(),
    }
    player.component("share")(key="share-picture", data=message)


def _download_when_made(row: Format, shown: _Shown, settings: Mapping[str, Any]) -> None:
    """A button that makes it, and then the file."""
    wanted = (row.name, shown.experiment, shown.view, tuple(settings.items()))
    saved = session().file
    if saved is None or saved[0] != wanted:
        place = st.empty()
        if not place.button("Make the file", icon=":material/build:", key="share.make"):
            return
        bar = place.progress(0.0, "Making the file …")

        def watch(done: int, total: int) -> None:
            bar.progress(done / total, f"Frame {done:,} of {total:,}")

        saved = session().file = (wanted, row.make(shown.work(row, settings, watch)))
        place.empty()
    content = saved[1]
    st.caption(f"{len(content) / 1e6:.1f} MB")
    _download(row, shown, content)
