"""The real app in a real Chromium, and pages that must neither fail nor call anybody."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from scripts import chromium
from scripts.live_app import LiveApp, follow, running_app, running_chromium, wait_until_still

OpenPage = Callable[..., Page]
Visit = Callable[..., Page]
expect.set_options(timeout=30_000)  # a busy machine takes its time
THIS_MACHINE = {"127.0.0.1", "localhost"}
CONNECTIONS = {"http", "https", "ws", "wss"}  # data: and blob: leave nothing
# The player as it is when a page is opened: at the end, with all of the surface, and without the keyboard.
PUT_BACK = """() => {
    document.activeElement.blur();
    const player = document.querySelector('.optviz-player')?.player;
    if (!player) return;
    const { clock, transport } = player;
    Object.assign(clock, { speed: 1, loop: false });
    transport.restore();
    transport.seek(clock.end);
    if (!transport.whole.disabled) player.zoom();
}"""

# What the last test asked for last has been answered: a look is sent a moment after it was chosen.
ANSWERED = """() => {
    const { view = {}, at = 0 } = document.querySelector(".optviz-player")?.player?.asked ?? {};
    return document.querySelector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        && (!Object.keys(view).length || performance.now() - at > 5000); // or it never will be
}"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


# Package scope, not session: Playwright's event loop must not outlive these tests.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail(chromium.MISSING)
        pytest.skip(chromium.MISSING)
    with running_chromium(path) as browser:
        yield browser


@pytest.fixture(scope="package")
def app(browser: Browser) -> Iterator[LiveApp]:
    """The running app. After `browser`, so that nothing is started where no browser is."""
    with running_app() as app:
        yield app


@pytest.fixture(scope="package")
def window(browser: Browser) -> Iterator[BrowserContext]:
    """Where all pages are opened: what one of them has loaded is in the cache of the others."""
    context = browser.new_context()
    yield context
    context.close()


@dataclass
class Watch:
    """What goes wrong in pages and in the app: an error, a traceback, a request that leaves this machine."""

    app: LiveApp
    troubles: list[str] = field(default_factory=list)
    seen: int = 0

    def __post_init__(self) -> None:
        self.seen = len(self.app.output())

    def check(self) -> None:
        """Fail where anything went wrong since the last check."""
        output, troubles = self.app.output()[self.seen :], list(self.troubles)
        self.seen += len(output)
        self.troubles.clear()
        if "Traceback" in output:
            troubles.append(f"the app printed:\n{output}")
        assert not troubles, "\n".join(troubles)

    def new_page(self, window: BrowserContext) -> Page:
        page = window.new_page()
        page.set_default_timeout(60_000)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.troubles.append(f"page error: {error}"))
        page.on("request", lambda sent: self._request(sent.url))
        page.on("websocket", lambda opened: self._request(opened.url))
        return page

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.troubles.append(f"console error: {message.text} ({message.location.get('url')})")

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in CONNECTIONS and parts.hostname not in THIS_MACHINE:
            self.troubles.append(f"a request left this machine: {url}")


def fit(page: Page, width: int = 1440, height: int = 900, scheme: Any = "light") -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=scheme)


@pytest.fixture
def open_page(window: BrowserContext, app: LiveApp) -> Iterator[OpenPage]:
    """`open_page(address="", width=1440, height=900, scheme="light")` is another visitor's page.

    The address may be the rest of the app's or a whole one. When the test is over, no page may have
    met an error, the app may not have printed a traceback, and no request may have left this machine.
    """
    pages: list[Page] = []
    watch = Watch(app)

    def open_page(address: str = "", **how: Any) -> Page:
        page = watch.new_page(window)
        pages.append(page)
        fit(page, **how)
        page.goto(urljoin(f"{app.url}/", address))
        return page

    yield open_page
    for page in pages:
        page.close()
    watch.check()


@dataclass
class Visitor:
    """The page that one test of a file after another goes on with: to load it takes seconds."""

    watch: Watch
    page: Page | None = None

    def leave(self) -> None:
        if self.page:
            self.page.close()
        self.page = None


@pytest.fixture(scope="package")
def visitor(app: LiveApp) -> Iterator[Visitor]:
    visitor = Visitor(Watch(app))
    yield visitor
    visitor.leave()


@pytest.fixture
def visit(visitor: Visitor, window: BrowserContext, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """`visit(...)` is a page as `open_page` gives it, and still; what others loaded is not loaded anew.

    For tests of what is shown, not of how it is loaded. What another test left is gone: the address says
    what is shown, and the player is put back. After a test that failed, the page is a new one.
    """
    watch, failed = visitor.watch, request.session.testsfailed

    def visit(address: str = "", **how: Any) -> Page:
        address = urljoin(f"{watch.app.url}/", address)
        page = visitor.page
        if page is None:
            page = visitor.page = watch.new_page(window)
            fit(page, **how)
            page.goto(watch.app.url if "page=" in address else address)
            page.wait_for_selector(".optviz-contour .main-svg, .optviz-relief canvas, .optviz-plot .main-svg")
            wait_until_still(page)
            if "page=" in address:
                follow(page, address)
        else:
            page.bring_to_front()
            page.wait_for_function(ANSWERED)
            page.mouse.move(0, 0)
            page.evaluate(PUT_BACK)
            fit(page, **how)
            follow(page, address)
        return page

    yield visit
    if request.session.testsfailed > failed:
        visitor.leave()
    watch.check()


@pytest.fixture
def page(visit: Visit) -> Page:
    """The app as a visitor with a laptop and a light theme first sees it."""
    return visit()
