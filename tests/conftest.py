"""For all tests: how processes share them, and how few of them are a sample. Loads nothing of the package."""

from __future__ import annotations

import os
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

# In the order in which they are begun. A half of the browser tests has one app and one browser, and takes the
# longest of all: both begin at once, and the third process has the rest.
FOLDERS = ("browser, a-o", "browser, p-z", "core", "page", "unit")


def folder(test: str) -> str:
    """Which of `FOLDERS` a test is in, or another one."""
    path = PurePosixPath(test.partition("::")[0])
    if path.parent.name != "browser":
        return path.parent.name
    return "browser, a-o" if path.name < "test_p" else "browser, p-z"


def place(test: str) -> int:
    name = folder(test)
    return FOLDERS.index(name) if name in FOLDERS else len(FOLDERS)


class ByFile(LoadScopeScheduling):
    """A file at a time for each process, of browser tests half of all."""

    def _split_scope(self, nodeid: str) -> str:
        return folder(nodeid) if nodeid.startswith("tests/browser/") else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a process that drives a browser waits for half of its time."""
    return 1 + (os.cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    config.option.loadscopereorder = False  # it would put those with the most tests first
    return ByFile(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sample", type=int, metavar="N", help="run N cases at most of each test, no slow ones")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Mark what is long; then, of those that `-m` and `-k` leave, sort them and take the sample."""
    for cases in by_function(items):
        if sampled := cases[0].get_closest_marker("sampled"):
            for item in cases[sampled.args[0] :]:
                item.add_marker("long")
    yield
    items.sort(key=lambda item: place(item.nodeid))
    if count := config.getoption("sample"):
        quick = [item for item in items if not item.get_closest_marker("slow")]
        kept = {item for cases in by_function(quick) for item in cases[:count]}
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = [item for item in items if item in kept]


def by_function(items: Sequence[pytest.Item]) -> list[list[pytest.Item]]:
    """The cases of each test function, in the order of their names' checksums: the same in every process."""
    cases = defaultdict(list)
    for item in items:
        cases[item.nodeid.partition("[")[0]].append(item)
    return [sorted(same, key=lambda item: zlib.crc32(item.nodeid.encode())) for same in cases.values()]
