"""Uses of Streamlit's internals, which may change with every version of it.

Nothing else in the package reaches behind `import streamlit`. Each function has a test of its own against the
installed version, so that an upgrade breaks there first, and with a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequestType


def draws_fragments() -> bool:
    """Whether this run of the script draws some fragments, and not the whole page."""
    context = get_script_run_ctx()
    return bool(context and context.fragment_ids_this_run)


def fragment_waits() -> bool:
    """Whether somebody has asked for a fragment, which will be drawn when this run has ended.

    Streamlit ends a run at once only where the whole page is asked for.
    """
    waiting = _waiting()
    return bool(waiting and waiting.fragment_id_queue)


def page_waits() -> bool:
    """Whether somebody has asked for the whole page, which will be drawn in place of what this run draws.

    What a callback asks for on top of that comes with this run's address, which would replace a newer one.
    """
    waiting = _waiting()
    return bool(waiting and not waiting.fragment_id_queue)


def _waiting() -> RerunData | None:
    """What has been asked for while this run draws."""
    context = get_script_run_ctx()
    requests = context and context.script_requests
    if not requests or requests._state is not ScriptRequestType.RERUN:
        return None
    return requests._rerun_data


def serve(package: str, folders: Mapping[str, Path]) -> None:
    """Let the server hand out folders of files, each as that of a component "package.name".

    Streamlit itself looks for them only beside the `pyproject.toml` of an installed distribution.
    """
    manager = get_bidi_component_manager()
    for name, folder in folders.items():
        if manager.get_component_asset_root(f"{package}.{name}") is None:
            config = ComponentConfig(name, asset_dir=folder.name)
            manager.register_from_manifest(ComponentManifest(package, "1", [config]), folder.parent)
