"""For all tests: how processes share them, and how few of them are a sample. Loads nothing of the package."""

from __future__ import annotations

import zlib
from collections import defaultdict

import pytest
from xdist.scheduler import LoadScopeScheduling


class ByFile(LoadScopeScheduling):
    """A file at a time for each process; all browser tests, which come first, for one of them."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    config.option.loadscopereorder = False  # it would put those with the most tests first
    return ByFile(config, log)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--sample", type=int, metavar="N", help="run at most N cases of each test function")


@pytest.hookimpl(trylast=True)  # of those that `-m` and `-k` leave
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the cases whose names have the smallest checksums: the same ones everywhere, in any order."""
    count = config.getoption("sample")
    if count is None:
        return
    cases = defaultdict(list)
    for item in items:
        cases[item.nodeid.partition("[")[0]].append(item)
    kept = {
        item
        for same in cases.values()
        for item in sorted(same, key=lambda item: zlib.crc32(item.nodeid.encode()))[:count]
    }
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]
