"""For all tests: a page, and one torch thread, so that processes beside each other share the cores."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from streamlit.testing.v1 import AppTest
from xdist.scheduler import LoadScopeScheduling

from optviz.optimizers import third_party
from optviz.web.state.choices import OPENING
from optviz.web.state.session import Session
from visits import calm, experiment, opened

torch.set_num_threads(1)
# Tests go over all optimizers, and mean torch's: those of other packages have tests of their own.
third_party.is_installed = lambda: False


class ByFile(LoadScopeScheduling):
    """A file at a time for each process; all browser tests, which come first, for one of them."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    config.option.loadscopereorder = False  # it would put those with the most tests first
    return ByFile(config, log)


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
