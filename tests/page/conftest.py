"""A page in real Streamlit, without a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

import torchs_own  # noqa: F401
from optviz.web.state.choices import OPENING
from optviz.web.state.session import Session
from visits import calm, experiment, opened


@pytest.fixture(scope="module")
def shared() -> AppTest:
    return opened()


@pytest.fixture
def app(shared: AppTest) -> Iterator[AppTest]:
    """The page as it opens; one session for the whole file, taken back by the address after each test."""
    yield shared
    shared.query_params.clear()
    shared.session_state["optviz"] = Session()
    calm(shared.run())
    assert experiment(shared) == OPENING
