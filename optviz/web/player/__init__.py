"""The player on the page: a Streamlit component whose files are this folder's, and whose data is a scene.

Each path and the surface is a message of its own, an invisible mount: Streamlit does not send again what has
not changed, so a moved learning rate sends one path.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import plotly
import streamlit as st
from plotly.offline import get_plotlyjs_version
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

from optviz.scene import Scene

KEY = "player"
_HERE = Path(__file__).parent


def draw(scene: Scene, words: Mapping[str, Any], edit: Callable[[Any], None]) -> None:
    """Show a scene. `edit` is called with what the visitor has done in it: {"start": [x, y]} or {"view": …}.

    `words` are the texts that the scene itself does not have. What `edit` is given comes from a browser and
    may be anything.
    """
    mount = _component()
    with st.container(key="blobs"):
        for place, blob in enumerate(scene.blobs):
            mount(key=f"blob-{place}", data=blob)

    def edited() -> None:
        edit(st.session_state[KEY]["edit"])

    data = {**scene.data, **words, "plotly": get_plotlyjs_version()}
    mount(key=KEY, data=data, on_edit_change=edited)


def _component() -> Any:
    """The mounting command. Files are served from where they are, so nothing is copied or built."""
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root("optviz.player") is None:
        for name, root, folder in (
            ("player", _HERE.parent, _HERE.name),
            ("plotly", Path(plotly.__file__).parent, "package_data"),
        ):
            config = ComponentConfig(name, asset_dir=folder)
            manager.register_from_manifest(ComponentManifest("optviz", "1", [config]), root)
    return st.components.v2.component("optviz.player", js="player.js", css="player.css", isolate_styles=False)
