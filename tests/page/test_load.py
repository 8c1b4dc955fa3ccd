"""The benchmark of many visitors: its sessions see what a browser would show, and errors."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any, cast

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

import optviz as ov
from benchmarks.load import LR, VisitError, Visitor, change_rates, new_rates, visiting
from optviz.web.state.choices import OPENING
from scripts.live_app import running_app


async def edited(visitor: Visitor, seed: int) -> float:
    """The seconds of an edit."""
    edit = await change_rates(visitor, random.Random(seed))
    assert not edit.shown()
    return await visitor.until(edit.shown) - edit.since


async def two_visits(url: str) -> None:
    async with visiting(url) as first, visiting(url) as second:
        visitors = {1: first, 2: second}
        for visitor in visitors.values():
            await visitor.open()
            await visitor.until(lambda visitor=visitor: len(visitor.paths()) == 2)  # type: ignore[misc]
        seconds = await asyncio.gather(*(edited(visitor, seed) for seed, visitor in visitors.items()))
        assert min(seconds) > 0
        for seed, visitor in visitors.items():
            rates = new_rates(random.Random(seed))
            assert [path[LR, 1] for path in visitor.paths()] == pytest.approx(rates, rel=1e-6)
            # Nothing else has changed: what nobody touched was stated as it is.
            runs = [
                replace(run, optimizer=replace(run.optimizer, params={**run.optimizer.params, "lr": rate}))
                for run, rate in zip(OPENING.runs, rates, strict=True)
            ]
            assert ov.Experiment.from_url(visitor.query) == replace(OPENING, runs=tuple(runs))


@pytest.mark.slow
def test_a_session_sees_the_paths_of_the_rates_that_it_asked_for() -> None:
    with running_app() as app:
        asyncio.run(two_visits(app.url))


class Saying:
    """A server that says one thing, and nothing more."""

    def __init__(self, message: ForwardMsg) -> None:
        self._messages = [message.SerializeToString()]

    async def recv(self, decode: bool) -> bytes:
        if not self._messages:
            await asyncio.Event().wait()
        return self._messages.pop()


def test_an_exception_on_the_page_is_an_error() -> None:
    message = ForwardMsg()
    exception = message.delta.new_element.exception
    exception.type, exception.message = "RuntimeError", "no paths"

    async def visit() -> None:
        visitor = Visitor(cast(Any, Saying(message)), "")
        reading = asyncio.create_task(visitor.read())
        with pytest.raises(VisitError, match="RuntimeError on the page: no paths"):
            await visitor.until(lambda: True)
        await reading

    asyncio.run(visit())
