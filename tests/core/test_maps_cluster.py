"""Maps by other processes: a pool and a real Dask cluster give the same numbers, and no loss is a loss."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import ModuleType
from typing import Any

import pytest

import optviz as ov
from builders import competitor, experiment
from comparisons import assert_same_arrays
from optviz.maps import cost

NOISY = experiment("Rosenbrock", competitor("SGD", {"lr": 1e-3}), noise=0.1)
MAPS = (
    lambda **how: ov.basins(NOISY, resolution=40, device="cpu", **how),
    lambda **how: ov.sweep(NOISY, x=("lr", 1e-4, 1.0, 16), y=("momentum", 0.0, 0.9, 8), device="cpu", **how),
    lambda **how: ov.tune(NOISY, 20, device="cpu", **how),
    lambda **how: ov.cloud(NOISY, seeds=20, device="cpu", **how),
)


def refused(executor) -> None:
    bad = experiment("Rosenbrock", competitor("Adam", {"betas": (0.5, 1.5)}))
    with pytest.raises(ov.CompetitorError, match="Invalid beta") as raised:
        ov.basins(bad, resolution=4, executor=executor, device="cpu")
    assert raised.value.index == 0 and raised.value.run == bad.runs[0]


def killed_in_the_middle(executor, kill, monkeypatch) -> None:
    """A map of which a process that works for it is killed when the first picture is there."""
    monkeypatch.setattr(cost, "_PIECE", 0.05)  # many small pieces
    exp = experiment(
        "Rosenbrock", competitor("Muon", {"lr": 1e-3}), steps=25
    )  # slow enough to be in the middle of something
    killed = []

    def watch(progress) -> None:
        if progress.done and not killed:
            killed.append(progress.done)
            kill()

    found = ov.basins(exp, resolution=16, executor=executor, watch=watch, device="cpu")
    assert killed and killed[0] < 16**2
    assert_same_arrays(found, ov.basins(exp, resolution=16, device="cpu"))


@pytest.fixture(scope="module", autouse=True)
def main_module() -> Iterator[None]:
    """Streamlit's AppTest leaves the page as the main module, which every new process would run."""
    before = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    yield
    sys.modules["__main__"] = before


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as made:
        yield made


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    from distributed import Client, LocalCluster  # takes seconds to load

    with (
        LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, protocol="tcp", host="127.0.0.1"
        ) as local,
        Client(local) as client,
    ):
        yield client


@pytest.mark.slow
@pytest.mark.sampled(2)
@pytest.mark.parametrize("make", MAPS, ids=["basins", "sweep", "tune", "cloud"])
def test_a_process_pool_gives_the_same_numbers(pool, make) -> None:
    assert_same_arrays(make(executor=pool), make())


@pytest.mark.long
@pytest.mark.parametrize("make", MAPS, ids=["basins", "sweep", "tune", "cloud"])
def test_a_dask_cluster_gives_the_same_numbers(cluster, make) -> None:
    assert len(cluster.scheduler_info()["workers"]) == 2
    assert_same_arrays(make(executor=cluster.get_executor()), make())


@pytest.mark.slow
def test_a_process_pool_raises_what_was_wrong_with_the_question(pool) -> None:
    refused(pool)


@pytest.mark.long
def test_a_dask_cluster_raises_what_was_wrong_with_the_question(cluster) -> None:
    refused(cluster.get_executor())


# What is killed in `make test`, too, is an executor of `test_maps.py` that fails at some pieces.
@pytest.mark.long
def test_a_process_of_the_pool_that_is_killed_loses_nothing(pool, monkeypatch) -> None:
    killed_in_the_middle(pool, lambda: os.kill(next(iter(pool._processes)), signal.SIGKILL), monkeypatch)


@pytest.mark.long
def test_a_worker_of_the_cluster_that_is_killed_loses_nothing(cluster, monkeypatch) -> None:
    pids = cluster.run(os.getpid)
    killed_in_the_middle(
        cluster.get_executor(), lambda: os.kill(next(iter(pids.values())), signal.SIGKILL), monkeypatch
    )
