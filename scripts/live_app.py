"""Start the real app and a real Chromium: for the browser tests and the README's pictures."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = (sys.executable, "-m", "streamlit", "run", "app.py")
INSTALLED = (sys.executable, "-c", "from optviz.web.cli import main; main()")
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--process-per-site",  # what is compiled for one page is there for the next
]
HEALTHY_WITHIN = 60.0  # seconds


@dataclass(frozen=True)
class LiveApp:
    """A running app: its address, and the file that its terminal output goes to."""

    url: str
    log: Path

    def output(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running_app(
    command: Sequence[str] = CHECKOUT, folder: Path = ROOT, search: str = str(ROOT), port: int = 0
) -> Iterator[LiveApp]:
    """The app on a port of this machine, started by `command` in `folder`, until the block ends.

    The port is a free one unless it is named. Python finds the checkout's optviz, or by another
    `search`, its `PYTHONPATH`, what is installed.
    """
    with tempfile.TemporaryDirectory(prefix="optviz-") as scratch:
        port = port or _free_port()
        app = LiveApp(f"http://127.0.0.1:{port}", Path(scratch) / "output.txt")
        options = ["--server.headless=true", "--server.address=127.0.0.1", f"--server.port={port}"]
        with app.log.open("wb") as log:
            process = subprocess.Popen(
                [*command, *options],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": search},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                _wait_until_healthy(process, app)
                yield app
            finally:
                _stop(process)


@contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    """The Chromium at `path`, without a window, until the block ends."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        try:
            yield browser
        finally:
            browser.close()


def wait_until_still(page: Page, timeout: float = 60.0) -> None:
    """Wait until the script has run, the player shows what it was sent, and nothing changes any more."""
    page.evaluate(_WATCH, True)
    page.wait_for_function(_STILL, polling=50, timeout=timeout * 1000)


def follow(page: Page, address: str) -> None:
    """Go to another query of the same page, as back and forward do: the page is not loaded anew."""
    page.evaluate(_WATCH, False)
    page.evaluate(
        "address => { history.pushState(null, '', address); dispatchEvent(new PopStateEvent('popstate')); }",
        address,
    )
    page.wait_for_function(_STILL, polling=50, timeout=60_000)


_WATCH = """ran => {
    const watch = globalThis.watch ??= new MutationObserver(changes => {
        watch.changed = performance.now();
        watch.ran ||= changes.some(change => change.attributeName === "data-test-script-state");
    });
    Object.assign(watch, { changed: performance.now(), ran });
    watch.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
}"""
# Half a second: as long as an edit may take to its first answer, and what has been sent to be drawn. An
# address is always answered, by a run that may be too short to be seen: where it was not, a busy machine
# has longer.
_STILL = """() => {
    const player = document.querySelector(".optviz-player")?.player;
    return document.querySelector('[data-testid="stApp"][data-test-script-state="notRunning"]')
        && (!player || player.shown === player.wanted)
        && performance.now() - watch.changed > (watch.ran ? 500 : 1500);
}"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_healthy(process: subprocess.Popen[bytes], app: LiveApp) -> None:
    deadline = time.monotonic() + HEALTHY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{app.url}/_stcore/health", timeout=1) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"The app did not start. Its output:\n{app.output()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
