"""What the page uses of Streamlit that may change with any version: each use, against the installed one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData, ScriptRequests
from streamlit.testing.v1 import AppTest

import optviz.web
from optviz.web import streamlit_internals
from optviz.web.streamlit_internals import draws_fragments, fragment_waits, page_waits, serve

WEB = Path(optviz.web.__path__[0])


def test_nothing_else_reaches_behind_streamlits_public_name() -> None:
    def reaches(path: Path) -> Iterator[str]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("streamlit"):
                yield node.module
            elif isinstance(node, ast.Import):
                yield from (name.name for name in node.names if name.name.startswith("streamlit."))
            elif isinstance(node, ast.Attribute) and re.match("_[^_]", node.attr) and not is_own(node):
                yield ast.unparse(node)

    def is_own(node: ast.Attribute) -> bool:
        return isinstance(node.value, ast.Name) and node.value.id == "self"

    behind = {path.name: [*reaches(path)] for path in WEB.rglob("*.py")}
    used = behind.pop("streamlit_internals.py")
    assert len(used) == 6, "a use that has come or gone: give it a test here, or take its test away"
    assert not any(behind.values()), behind


def seen(app: AppTest) -> list[str]:
    assert not app.exception
    return [text.value for text in app.text]


def test_a_run_of_the_whole_page_draws_no_fragments() -> None:
    def page() -> None:
        import streamlit as st

        from optviz.web.streamlit_internals import draws_fragments, fragment_waits

        st.text(f"{draws_fragments()} {fragment_waits()}")

    assert seen(AppTest.from_function(page, default_timeout=60).run()) == ["False False"]


def test_a_run_of_a_fragment_is_told_from_one_of_the_page() -> None:
    def page() -> None:
        import streamlit as st
        from streamlit.runtime.scriptrunner import get_script_run_ctx

        from optviz.web.streamlit_internals import draws_fragments

        context = get_script_run_ctx()
        assert context is not None
        context.reset(fragment_ids_this_run=["one"])
        st.session_state["drawn"] = draws_fragments()

    assert AppTest.from_function(page, default_timeout=60).run().session_state["drawn"] is True


def test_outside_of_a_script_nothing_is_drawn_and_nothing_waits() -> None:
    assert get_script_run_ctx() is None
    assert not draws_fragments() and not fragment_waits() and not page_waits()


def test_what_is_asked_for_waits_be_it_fragments_or_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(*asked: RerunData) -> tuple[bool, bool]:
        requests = ScriptRequests()
        for data in asked:
            assert requests.request_rerun(data)
        context = SimpleNamespace(script_requests=requests)
        monkeypatch.setattr(streamlit_internals, "get_script_run_ctx", lambda: context)
        return fragment_waits(), page_waits()

    assert waits() == (False, False)
    assert waits(RerunData(fragment_id="one")) == (True, False)
    assert waits(RerunData(fragment_id_queue=["one", "two"])) == (True, False)
    assert waits(RerunData()) == (False, True)
    # The page has the fragment in it.
    assert waits(RerunData(fragment_id="one"), RerunData()) == (False, True)


def test_what_a_callback_asks_for_takes_the_place_of_a_newer_address() -> None:
    """Why `page_waits` is asked: once this fails, it may go."""
    requests = ScriptRequests()
    assert requests.request_rerun(RerunData(query_string="newer"))
    assert requests.request_rerun(RerunData(query_string="older", fragment_id_queue=["one"]))
    assert requests._rerun_data.query_string == "older" and not requests._rerun_data.fragment_id_queue


def test_folders_are_served_as_those_of_components(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    manager = BidiComponentManager()
    monkeypatch.setattr(streamlit_internals, "get_bidi_component_manager", lambda: manager)
    folders = {name: tmp_path / name for name in ("one", "two")}
    for folder in folders.values():
        folder.mkdir()
        (folder / "script.js").write_text("export default 1", encoding="utf-8")
    serve("mine", folders)
    for name, folder in folders.items():
        assert manager.get_component_asset_root(f"mine.{name}") == folder
        assert manager.get_component_path(f"mine.{name}") == str(folder)
    monkeypatch.setattr(manager, "register_from_manifest", None)
    serve("mine", folders)  # which are served already
