"""Visitors at the same time: what one of them reads while another's work is kept, and who does the work."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest

import optviz as ov
from optviz.maps.catalogue import requests
from optviz.web.compute import jobs, runs
from optviz.web.state.choices import OPENING


def test_what_is_known_can_be_read_while_more_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_run", lambda *args: runs.Refused("a test", lasting=True))
    asked = [replace(OPENING, seed=seed) for seed in range(100, 400)]
    failed: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                for exp in asked[:40]:
                    runs.known(exp, 0)
            except Exception as error:
                failed.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for exp in asked:
            runs.compute(exp, 0, lambda steps: None)
    finally:
        done.set()
        reader.join()
    if failed:
        raise failed[0]


def watched(job: jobs.Job) -> None:
    """Look at a map until it is finished, or will not be."""
    deadline = time.monotonic() + 60
    while job.running and time.monotonic() < deadline:
        job.look(0)
        time.sleep(0.02)


def test_two_who_ask_for_a_map_at_once_start_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Slow(jobs.Job):
        def __init__(self, request: ov.MapSpec) -> None:
            super().__init__(request)
            made.append(self)
            time.sleep(0.05)  # long enough for the other one to look

    monkeypatch.setattr(jobs, "Job", Slow)
    exp = replace(OPENING, seed=4321, steps=3, runs=OPENING.runs[:1])
    (request,) = requests(ov.MapSpec("basins", {"resolution": 16}), exp, 0, None)
    ready, given = threading.Barrier(2), []

    def visit(viewer: int) -> None:
        ready.wait()
        given.append(jobs.begin(request, viewer))

    visitors = [threading.Thread(target=visit, args=(viewer,)) for viewer in range(2)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    assert len(made) == 1 and given == made * 2
    watched(made[0])
    assert made[0].finished
