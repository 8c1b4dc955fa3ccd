"""One server, many visitors: seconds from a request to the script finished, beside the bare Streamlit page.

Each session is a browser as far as the server can tell: a websocket of its own that draws the page from the
server's messages, keeps those that may be kept, states the value of every widget on the page, and runs the
fragment that an edited widget is in. It knows the widgets by their labels. It opens the page within the first
`EVERY` seconds, and then makes an edit every `EVERY` seconds on average; times and values come from a fixed
seed. Who waits longer than that makes the next edit at once, and never two at the same time.

An edit is over when the script has finished and the numbers of all new paths are here: a path says with which
learning rate it was stepped, and where it began. No rate is asked for twice, so no cache answers. The kinds:

- rates: both learning rates of the opening experiment (Rosenbrock, 300 steps, SGD and Adam), one right after
  the other; seconds from the first of the two requests.
- mixed: the same, but each session is on one of `SURFACES`.
- dragging: the start moves every 100 ms for 3 seconds; seconds from its last move, to the path from there.

An exception on the page, a closed socket or `PATIENCE` seconds without an answer is an error, and ends its
session.

For each number of sessions the app and the bare page, on which a slider moves, take turns: each is measured
on a fresh server, without the other, and with as many sessions. CPU seconds are those of the server and the
processes that it started, while it was measured; memory is the largest sum of what they held, looked at twice
a second, with shared pages counted in each. The sessions work on the same machine: their CPU seconds stand
beside, and so does how busy it was before.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import random
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
import psutil  # type: ignore[import-untyped]  # comes with distributed
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

import optviz as ov
from optviz.player.message import COLUMNS, DigestBytes
from scripts.live_app import CHECKOUT, running_app

BARE = (*CHECKOUT[:-1], str(Path(__file__).parent / "bare_page.py"))
SURFACES = ("Rosenbrock", "Himmelblau", "Beale", "Ackley", "Rastrigin", "Branin", "Saddle", "Linear fit")
EVERY = 5.0  # seconds between a session's edits
PATIENCE = 90.0  # seconds until a session gives up
MOVES, PAUSE = 30, 0.1  # of a dragged start: how many, and seconds between them
LARGEST = 1 << 24  # bytes of a message: a surface is 160 kB
MOST_SESSIONS, MOST_SECONDS = 100, 600.0
(DIGEST,) = get_args(DigestBytes)
X, Y, LR = (COLUMNS.index(name) for name in ("x", "y", "lr"))
FINAL = (ForwardMsg.FINISHED_SUCCESSFULLY, ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY)


class VisitError(Exception):
    """A visitor sees an error, or sees nothing any more."""


# -- a browser ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """An element on the page."""

    kind: str
    content: Any
    fragment: str
    """The fragment that runs when it is edited; empty for the whole page."""


@dataclass
class Kept:
    """An element that the server need not send again."""

    delta: Delta
    used: int
    """The run of the script that last drew it."""


class Visitor:
    """What a browser does with the server's messages, without the drawing."""

    def __init__(self, socket: ClientConnection, query: str) -> None:
        self._socket = socket
        self.query = query
        """The address, as the server has it."""
        self._page: dict[tuple[int, ...], Drawn] = {}
        self._kept: dict[str, Kept] = {}
        self._typed: dict[str, WidgetState] = {}
        self._runs, self._most_age, self._script = 0, 0, ""
        self._news = asyncio.Event()
        self._at_rest = False
        self._finished = 0.0
        self._error = ""

    # What the server says.

    async def read(self) -> None:
        """Take all messages, until there is an error."""
        try:
            while True:
                self.take(ForwardMsg.FromString(await self._socket.recv(decode=False)))
        except (VisitError, WebSocketException, OSError) as error:
            self._error = str(error)  # a closed socket is one of them
        finally:
            self._news.set()

    def take(self, message: ForwardMsg) -> None:
        """Do what a message says."""
        match message.WhichOneof("type"):
            case "new_session":
                self._script = message.new_session.page_script_hash
                self._most_age = message.new_session.config.max_cached_message_age
            case "page_info_changed":
                self.query = message.page_info_changed.query_string
            case "delta" | "ref_hash":
                self._draw(tuple(message.metadata.delta_path), self._delta(message))
            case "script_finished":
                self._end_run(message.script_finished)

    def _delta(self, message: ForwardMsg) -> Delta:
        """What is to be drawn, which may be known from an earlier message."""
        name = message.ref_hash or message.hash
        if not message.ref_hash:
            if message.metadata.cacheable:
                self._kept[name] = Kept(message.delta, self._runs)
            return message.delta
        if name not in self._kept:
            raise VisitError("the server refers to a message that is not here")
        self._kept[name].used = self._runs
        return self._kept[name].delta

    def _draw(self, path: tuple[int, ...], delta: Delta) -> None:
        if delta.WhichOneof("type") != "new_element":
            return
        kind = delta.new_element.WhichOneof("type") or "empty"
        content: Any = getattr(delta.new_element, kind)
        if kind == "exception":
            raise VisitError(f"{content.type} on the page: {content.message}")
        self._page[path] = Drawn(kind, content, delta.fragment_id)

    def _end_run(self, status: int) -> None:
        if status == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
            raise VisitError("the script cannot be compiled")
        self._runs += 1
        self._kept = {
            name: kept for name, kept in self._kept.items() if self._runs - kept.used <= self._most_age
        }
        if status in FINAL:
            self._at_rest, self._finished = True, time.monotonic()
            self._news.set()

    # What is on the page.

    def labelled(self, kind: str, label: str) -> list[Drawn]:
        """The widgets of a kind that have a label, from top to bottom."""
        return [
            drawn
            for _, drawn in sorted(self._page.items())
            if drawn.kind == kind and drawn.content.label == label
        ]

    def shows(self, text: str) -> bool:
        """Whether a paragraph of the page is this one."""
        return any(drawn.kind == "markdown" and drawn.content.body == text for drawn in self._page.values())

    def player(self) -> tuple[Drawn, dict[str, Any]]:
        """The player, and what it was sent."""
        for drawn in self._components():
            if drawn.content.WhichOneof("data") == "json":
                data = json.loads(drawn.content.json)
                if "runs" in data:
                    return drawn, data
        raise VisitError("there is no player on the page")

    def paths(self) -> list[np.ndarray]:
        """(columns, steps + 1) the numbers of each path in the player; none where some are not here."""
        blobs = {
            drawn.content.bytes[:DIGEST].hex(): drawn.content.bytes[DIGEST:]
            for drawn in self._components()
            if drawn.content.WhichOneof("data") == "bytes"
        }
        runs = self.player()[1]["runs"]
        if not all(run["ran"] and run["digest"] in blobs for run in runs):
            return []
        return [
            np.frombuffer(blobs[run["digest"]], "<f8" if run["double"] else "<f4").reshape(len(COLUMNS), -1)
            for run in runs
        ]

    def _components(self) -> list[Drawn]:
        return [drawn for drawn in self._page.values() if drawn.kind == "bidi_component"]

    # What the visitor does.

    async def open(self) -> None:
        """Ask for the page."""
        await self._ask("", [])

    async def set(self, widget: Drawn, value: str) -> None:
        """Type a text into a field, or move a slider to the stop of that name."""
        self._typed[widget.content.id] = _state(widget, value)
        await self._ask(widget.fragment, [])

    async def trigger(self, component: Drawn, event: str, value: object) -> None:
        """Let a component report an event."""
        # Streamlit has a widget of its own for the events of a component: `_make_trigger_id`.
        name = f"$$STREAMLIT_INTERNAL_KEY_{component.content.id}__events"
        events = json.dumps([{"event": event, "value": value}])
        await self._ask(component.fragment, [WidgetState(id=name, json_trigger_value=events)])

    async def _ask(self, fragment: str, triggers: Sequence[WidgetState]) -> None:
        message = BackMsg()
        request = message.rerun_script
        request.query_string, request.page_script_hash = self.query, self._script
        request.fragment_id = fragment
        request.cached_message_hashes.extend(self._kept)
        request.widget_states.widgets.extend([*self._states(), *triggers])
        request.context_info.timezone, request.context_info.locale = "UTC", "en"
        self._at_rest = False
        await self._socket.send(message.SerializeToString())

    def _states(self) -> list[WidgetState]:
        """The values of all widgets on the page, as a browser states them in every request."""
        states = []
        for drawn in self._page.values():
            if drawn.kind in _VALUES:
                default = _state(drawn, *_VALUES[drawn.kind](drawn.content))
                states.append(self._typed.get(drawn.content.id, default))
        return states

    async def until(self, shown: Callable[[], bool]) -> float:
        """The time at which a script had finished with `shown()` true.

        Raises:
            VisitError: There was an error, or the time is up.
        """
        try:
            async with asyncio.timeout(PATIENCE):
                while not self._error and not (self._at_rest and shown()):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise VisitError(f"no answer within {PATIENCE:.0f} seconds") from None
        if self._error:
            raise VisitError(self._error)
        return self._finished


_VALUES: dict[str, Callable[[Any], list[str]]] = {
    "text_input": lambda field: [field.default],
    "selectbox": lambda box: [box.options[box.default]],
    "slider": lambda slider: [slider.options[int(place)] for place in slider.default],
    "button_group": lambda group: [group.options[place].content for place in group.default],
}
"""What is chosen in a widget that nobody has touched."""


def _state(widget: Drawn, *values: str) -> WidgetState:
    state = WidgetState(id=widget.content.id)
    if widget.kind in ("slider", "button_group"):
        state.string_array_value.data.extend(values)
    else:
        (state.string_value,) = values
    return state


@asynccontextmanager
async def visiting(url: str, query: str = "") -> AsyncIterator[Visitor]:
    """A visitor who reads what the server at `url` says, until the block ends."""
    stream = f"{url.replace('http', 'ws', 1)}/_stcore/stream"
    # As a browser, which sends no pings: a server that is too busy to answer them is late, not gone.
    async with connect(
        stream,
        origin=url,  # type: ignore[arg-type]
        subprotocols=["streamlit"],  # type: ignore[list-item]
        max_size=LARGEST,
        ping_interval=None,
        open_timeout=PATIENCE,
        close_timeout=1,
        proxy=None,
    ) as socket:
        visitor = Visitor(socket, query)
        reading = asyncio.create_task(visitor.read())
        try:
            yield visitor
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading


# -- the edits ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Edit:
    """An edit that has been asked for."""

    since: float
    """The time of the request that is measured."""
    shown: Callable[[], bool]
    """Whether the page shows what comes of it."""


def new_rates(chance: random.Random) -> list[float]:
    """Learning rates of SGD and of Adam that nobody has asked for."""
    return [10 ** chance.uniform(-4, -3), 10 ** chance.uniform(-2, -1)]


async def change_rates(visitor: Visitor, chance: random.Random) -> Edit:
    """Type two new learning rates, one right after the other."""
    rates = new_rates(chance)
    since = time.monotonic()
    for widget, rate in zip(visitor.labelled("text_input", "lr"), rates, strict=True):
        await visitor.set(widget, repr(rate))

    def shown() -> bool:
        stepped = [float(path[LR, 1]) for path in visitor.paths()]
        return len(stepped) == len(rates) and np.allclose(stepped, rates, rtol=1e-6, atol=0)

    return Edit(since, shown)


async def drag_start(visitor: Visitor, chance: random.Random) -> Edit:
    """Drag the start in a straight line from where it is to somewhere in the picture."""
    _, data = visitor.player()
    end = [chance.uniform(low, high) for low, high in data["surface"]["domain"]]
    places = np.linspace(data["start"], end, MOVES + 1)[1:].tolist()
    for place in places:
        await asyncio.sleep(PAUSE)
        player, data = visitor.player()
        since = time.monotonic()
        await visitor.trigger(player, "edit", {"start": place, "opening": data["opening"]})

    def shown() -> bool:
        begun = [path[[X, Y], 0] for path in visitor.paths()]
        return bool(begun) and all(np.allclose(point, end, rtol=1e-6, atol=1e-6) for point in begun)

    return Edit(since, shown)


async def move_slider(visitor: Visitor, chance: random.Random) -> Edit:
    """Move the slider of the bare page to another stop."""
    (slider,) = visitor.labelled("slider", "power")
    power = chance.choice([stop for stop in slider.content.options if not visitor.shows(bare_text(stop))])
    since = time.monotonic()
    await visitor.set(slider, power)
    return Edit(since, lambda: visitor.shows(bare_text(power)))


def bare_text(power: str) -> str:
    return f"x to the power of {power}"


@dataclass(frozen=True)
class Kind:
    """What the sessions do, and where."""

    edit: Callable[[Visitor, random.Random], Awaitable[Edit]]
    surfaces: Sequence[str] = ("Rosenbrock",)
    command: Sequence[str] = CHECKOUT

    def query(self, session: int) -> str:
        """The address of a session's experiment."""
        if self.command == BARE:
            return ""
        surface = ov.SURFACES[self.surfaces[session % len(self.surfaces)]]
        runs = (
            ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 1e-3, "momentum": 0.9})),
            ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.1})),
        )
        return ov.Experiment(ov.SurfaceSpec(surface.name), surface.start, 300, runs).to_url().lstrip("?")


KINDS = {
    "rates": Kind(change_rates),
    "mixed": Kind(change_rates, SURFACES),
    "dragging": Kind(drag_start),
}
BARE_KIND = Kind(move_slider, command=BARE)


# -- many of them ------------------------------------------------------------------------------------------


@dataclass
class Visit:
    """What came of a session."""

    first_page: float | None = None
    edits: list[float] = field(default_factory=list)
    error: str = ""


async def visit(url: str, kind: Kind, session: int, seconds: float, chance: random.Random) -> Visit:
    """Open the page, and make edits for some seconds from then on."""
    record = Visit()
    try:
        since = time.monotonic()
        async with visiting(url, kind.query(session)) as visitor:
            await visitor.open()
            opened = await visitor.until(lambda: kind.command == BARE or bool(visitor.paths()))
            record.first_page = opened - since
            await edit_for(visitor, kind, seconds, chance, record)
    except (VisitError, WebSocketException, OSError, ValueError) as error:  # also what is not as expected
        record.error = str(error) or type(error).__name__
    return record


async def edit_for(
    visitor: Visitor, kind: Kind, seconds: float, chance: random.Random, record: Visit
) -> None:
    end = time.monotonic() + seconds
    due = time.monotonic() + EVERY * chance.random()
    while due < end:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        edit = await kind.edit(visitor, chance)
        record.edits.append(await visitor.until(edit.shown) - edit.since)
        due = max(due + EVERY * chance.uniform(0.5, 1.5), time.monotonic())


async def visits(url: str, kind: Kind, sessions: int, seconds: float, seed: int) -> list[Visit]:
    """Many sessions at the same time."""

    async def later(session: int) -> Visit:
        chance = random.Random(f"{seed} {session}")
        await asyncio.sleep(EVERY * chance.random())
        return await visit(url, kind, session, seconds, chance)

    return await asyncio.gather(*map(later, range(sessions)))


class Usage:
    """What the server that was started last takes, with the processes that it starts itself."""

    def __init__(self) -> None:
        self._server = max(psutil.Process().children(), key=lambda process: process.create_time())
        self._before = self._cpu()
        self.peak = 0

    def _of_each(self, look: Callable[[psutil.Process], float]) -> float:
        total = 0.0
        for process in [self._server, *self._server.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                total += look(process)
        return total

    def _cpu(self) -> float:
        return self._of_each(lambda process: sum(process.cpu_times()[:4]))  # with those that have ended

    def cpu(self) -> float:
        """CPU seconds since the beginning."""
        return self._cpu() - self._before

    async def watch(self) -> None:
        """Note the largest number of bytes in memory, for ever."""
        while True:
            self.peak = max(self.peak, int(self._of_each(lambda process: process.memory_info().rss)))
            await asyncio.sleep(0.5)


async def watched(url: str, usage: Usage, kind: Kind, options: argparse.Namespace, count: int) -> list[Visit]:
    watching = asyncio.create_task(usage.watch())
    try:
        return await visits(url, kind, count, options.seconds, options.seed)
    finally:
        watching.cancel()


# -- the table ---------------------------------------------------------------------------------------------


def measure(title: str, kind: Kind, options: argparse.Namespace, sessions: int) -> None:
    with running_app(kind.command) as app:
        usage, before = Usage(), time.process_time()
        records = asyncio.run(watched(app.url, usage, kind, options, sessions))
        cpu, own = usage.cpu(), time.process_time() - before
    edits = [seconds for record in records for seconds in record.edits]
    first = [record.first_page for record in records if record.first_page is not None]
    errors = Counter(record.error for record in records if record.error)
    print(
        f"{title:26} {len(edits):5} {statistics.median(edits) if edits else math.nan:8.2f}"
        f" {share(edits, 0.95):6.2f} {share(edits, 0.99):6.2f} {share(edits, 1.0):6.2f}"
        f" {share(first, 0.95):10.2f} {errors.total():6} {cpu:7.1f} {usage.peak / 1e6:9.0f} {own:13.1f}",
        flush=True,
    )
    for words, count in errors.most_common():
        print(f"    {count} of {sessions} sessions: {words}", flush=True)


def share(numbers: Sequence[float], part: float) -> float:
    """The smallest of the numbers that this part of them does not exceed."""
    return sorted(numbers)[math.ceil(part * len(numbers)) - 1] if numbers else math.nan


def between(low: float, high: float, number: type[float]) -> Callable[[str], float]:
    def read(text: str) -> float:
        if not low <= (value := number(text)) <= high:
            raise argparse.ArgumentTypeError(f"must be from {low} to {high}")
        return value

    return read


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    count = between(1, MOST_SESSIONS, int)
    parser.add_argument("--sessions", type=count, nargs="+", default=[10, 20, 40])
    parser.add_argument("--kind", choices=KINDS, nargs="+", default=["rates"])
    parser.add_argument("--seconds", type=between(1, MOST_SECONDS, float), default=60.0, help="of a session")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    busy = psutil.getloadavg()[0]
    print(f"{psutil.cpu_count()} cores, load average {busy:.1f} before; {options.seconds:g} s a session")
    print(
        "seconds                    edits   median   95 %   99 %  worst  page, 95 % errors   CPU s  MB, peak"
    )
    for kind in options.kind:
        for sessions in options.sessions:
            measure(f"{sessions} sessions, {kind}", KINDS[kind], options, sessions)
            measure("  the bare page", BARE_KIND, options, sessions)


if __name__ == "__main__":
    main()
