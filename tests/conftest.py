"""For all tests: one torch thread, so that test processes beside each other do not fight over the cores."""

import pytest
import torch
from xdist.scheduler import LoadScopeScheduling

torch.set_num_threads(1)


class ByFile(LoadScopeScheduling):
    """A file at a time for each process; all browser tests, which come first, for one of them."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid.split("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    config.option.loadscopereorder = False  # it would put those with the most tests first
    return ByFile(config, log)
