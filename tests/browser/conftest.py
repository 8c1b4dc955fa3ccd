"""The real app in a real Chromium, and pages that must neither fail nor call anybody."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect

from scripts import chromium
from scripts.live_app import LiveApp, running_app, running_chromium

OpenPage = Callable[..., Page]
expect.set_options(timeout=30_000)  # a busy machine takes its time
THIS_MACHINE = {"127.0.0.1", "localhost"}
CONNECTIONS = {"http", "https", "ws", "wss"}  # data: and blob: leave nothing


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


Windows = Callable[[int, int, str], BrowserContext]


@pytest.fixture(scope="package")
def window(browser: Browser) -> Iterator[Windows]:
    """`window(width, height, scheme)` has no page: one that was used before, so that its cache is warm."""
    windows: dict[tuple[int, int, str], list[BrowserContext]] = {}

    def window(width: int, height: int, scheme: str) -> BrowserContext:
        alike = windows.setdefault((width, height, scheme), [])
        if free := next((one for one in alike if not one.pages), None):
            return free
        viewport: ViewportSize = {"width": width, "height": height}
        alike.append(browser.new_context(viewport=viewport, color_scheme=scheme))  # type: ignore[arg-type]
        return alike[-1]

    yield window
    for alike in windows.values():
        for one in alike:
            one.close()


@pytest.fixture
def open_page(window: Windows, app: LiveApp) -> Iterator[OpenPage]:
    """`open_page(address="", width=1440, height=900, scheme="light")` is another visitor's page.

    The address may be the rest of the app's or a whole one. When the test is over, no page may have
    met an error, the app may not have printed a traceback, and no request may have left this machine.
    """
    pages: list[Page] = []
    troubles: list[str] = []
    seen = len(app.output())

    def open_page(address: str = "", width: int = 1440, height: int = 900, scheme: str = "light") -> Page:
        page = window(width, height, scheme).new_page()
        page.set_default_timeout(60_000)
        _listen(page, troubles)
        page.goto(urljoin(f"{app.url}/", address))
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
    output = app.output()[seen:]
    if "Traceback" in output:
        troubles.append(f"the app printed:\n{output}")
    assert not troubles, "\n".join(troubles)


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The app as a visitor with a laptop and a light theme first sees it."""
    return open_page()


def _listen(page: Page, troubles: list[str]) -> None:
    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            troubles.append(f"console error: {message.text} ({message.location.get('url')})")

    def request(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme in CONNECTIONS and parts.hostname not in THIS_MACHINE:
            troubles.append(f"a request left this machine: {url}")

    page.on("console", console)
    page.on("pageerror", lambda error: troubles.append(f"page error: {error}"))
    page.on("request", lambda sent: request(sent.url))
    page.on("websocket", lambda opened: request(opened.url))
