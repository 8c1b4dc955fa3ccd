"""The player on the page: a Streamlit component whose files are `optviz.player`'s, and whose data is a scene.

Each path and the surface is a message of its own, an invisible mount: Streamlit does not send again what has
not changed, so a moved learning rate sends one path.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import plotly
import streamlit as st
from plotly.offline import get_plotlyjs_version

import optviz.player
import optviz.web
from optviz.player.message import Ahead, PlayerMessage
from optviz.web.streamlit_internals import serve

KEY = "player"
_STYLES = {
    "player": "player.css",
    "chart": "components.css",
    "share": "components.css",
    "reader": "components.css",
}
"""The components by their names, each with its style."""


def prepare() -> None:
    """Let the browser fetch the player's files while it draws the rest of the page. Call this first."""
    with st.container(key="ahead"):
        ahead: Ahead = {"ahead": get_plotlyjs_version()}
        component("player")(key="ahead-mount", data=ahead)


def draw(message: PlayerMessage, blobs: Sequence[bytes], edit: Callable[[Any], None]) -> None:
    """Show a scene. `edit` is called with what the visitor has done in it: see `choices.edit`.

    What it is given comes from a browser and may be anything.
    """
    mount = component("player")
    with st.container(key="blobs"):
        for place, blob in enumerate(blobs):
            mount(key=f"blob-{place}", data=blob)

    def edited() -> None:
        edit(st.session_state[KEY]["edit"])

    mount(key=KEY, data=message, on_edit_change=edited)


@st.cache_resource(show_spinner=False)
def _plotly() -> TemporaryDirectory[str]:
    """A folder with the installed plotly package's plotly.js, compressed once for all visitors.

    Streamlit's server would compress its 5 MB again for each of them.
    """
    folder = TemporaryDirectory(prefix="optviz-")
    source = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
    with gzip.open(Path(folder.name) / "plotly.js.gz", "wb", compresslevel=6) as packed:
        packed.write(source.read_bytes())
    return folder


def component(name: str) -> Any:
    """The mounting command of "player", "chart", "share" or "reader". Their files are served as they are."""
    own = dict.fromkeys(_STYLES, Path(optviz.web.__path__[0]) / "static")
    player = Path(optviz.player.__path__[0]) / "static"
    serve("optviz", own | {"player": player, "plotly": Path(_plotly().name)})
    return st.components.v2.component(
        f"optviz.{name}", js=f"{name}.js", css=_STYLES[name], isolate_styles=False
    )
