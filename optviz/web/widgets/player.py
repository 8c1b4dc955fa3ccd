"""The player on the page: a Streamlit component whose files are `optviz.player`'s, and whose data is a scene.

Each path and the surface is a message of its own, an invisible mount: Streamlit does not send again what has
not changed, so a moved learning rate sends one path.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import streamlit as st
from plotly.offline import get_plotlyjs, get_plotlyjs_version

import optviz.player
import optviz.web
from optviz.player.message import Ahead, PlayerMessage
from optviz.version import __version__
from optviz.web.streamlit_internals import serve

KEY = "player"
_STYLES = {
    "player": "player.css",
    "chart": "components.css",
    "share": "components.css",
    "reader": "components.css",
    "reconnect": "components.css",
}
"""The components by their names, each with its style."""
_STATIC = {
    "player": Path(optviz.player.__path__[0]) / "static",
    "web": Path(optviz.web.__path__[0]) / "static",
}
"""Where their files lie."""


def prepare() -> None:
    """Let the browser fetch the player's files while it draws the rest of the page, and come back to it.

    Call this first.
    """
    with st.container(key="ahead"):
        ahead: Ahead = {"ahead": get_plotlyjs_version()}
        component("player")(key="ahead-mount", data=ahead)
        component("reconnect")(key="reconnect-mount")


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


@dataclass(frozen=True)
class _Served:
    """What the browser is given."""

    package: str
    """The first part of the addresses of optviz's own files."""
    folder: TemporaryDirectory[str]
    """With folders "player", "web" and "plotly"."""


@st.cache_resource(show_spinner=False)
def _served() -> _Served:
    """Copies of all files; those of `optviz.web` import the player's by their addresses.

    A browser may keep a file for long. So an address says of which version it is, and changes with the files.
    plotly.js, whose address has its own version, is compressed once for all visitors: Streamlit would
    compress its 5 MB again for each of them.
    """
    files = {
        f"{name}/{path.relative_to(static)}": path.read_bytes()
        for name, static in _STATIC.items()
        for path in sorted(static.rglob("*.*"))
    }
    digest = sha256(b"".join(files.values())).hexdigest()[:8]
    package = f"optviz-{__version__.replace('.', '-')}-{digest}"
    files["plotly/plotly.js.gz"] = gzip.compress(get_plotlyjs().encode(), 6)
    folder = TemporaryDirectory(prefix="optviz-")
    for name, content in files.items():
        copy = Path(folder.name, name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content.replace(b"/optviz.player/", f"/{package}.player/".encode()))
    return _Served(package, folder)


def component(name: str) -> Any:
    """The mounting command of "player", "chart", "share", "reader" or "reconnect"."""
    package, root = _served().package, Path(_served().folder.name)
    serve("optviz", {"plotly": root / "plotly"})
    serve(package, dict.fromkeys(_STYLES, root / "web") | {"player": root / "player"})
    return st.components.v2.component(
        f"{package}.{name}", js=f"{name}.js", css=_STYLES[name], isolate_styles=False
    )
