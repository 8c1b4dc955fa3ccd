"""What the player costs in a real browser, each number beside its yardstick from this very run.

The yardstick is a bare Streamlit page with one slider and one small chart. "Still" is the last change of the
page: of anything in its document, which the player's numbers are a part of.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

import optviz as ov
from optviz.spec.view import MARKS
from scripts import chromium
from scripts.live_app import LiveApp, running_app, running_chromium

BARE = (sys.executable, "-m", "streamlit", "run", str(Path(__file__).parent / "bare_page.py"))
FOUR = {"SGD": 1e-3, "Adam": 0.1, "NAdam": 0.05, "RMSprop": 0.01}
SIX = FOUR | {"Adagrad": 0.1, "AdamW": 0.02}
STILL = 1000  # milliseconds without a change
# Installed before anything of the page runs: when did it change last?
WATCH = """
window.lastChange = 0;
new MutationObserver(() => { window.lastChange = performance.now(); }).observe(document, {
    subtree: true, childList: true, attributes: true, characterData: true,
});
"""


# How the player is looked at while it is measured: as it opens, and with all that there is inside a step.
LOOKS = {"": ov.View(), ", inside the step": ov.View(beside="step", marks=tuple(MARKS))}


def link(rates: dict[str, float], steps: int, look: str = "") -> str:
    runs = tuple(ov.RunSpec(ov.OptimizerSpec(name, {"lr": lr})) for name, lr in rates.items())
    return ov.Experiment(ov.SurfaceSpec("Rosenbrock"), (-1.2, 1.0), steps, runs).to_url(LOOKS[look])


@contextmanager
def visit(browser: Browser, address: str, ready: str) -> Iterator[Page]:
    """A visitor with an empty cache, on a page that stands still."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.add_init_script(WATCH)
    page.goto(address)
    page.wait_for_selector(ready)
    still(page)
    yield page
    context.close()


def still(page: Page, since: float = 0.0) -> float:
    """Milliseconds from `since`, in the page's time, to its last change."""
    page.wait_for_function(f"performance.now() - Math.max(window.lastChange, {since}) > {STILL}", polling=100)
    return float(page.evaluate("window.lastChange")) - since


def press(page: Page, key: str) -> float:
    """Milliseconds from a key press on the first slider to the page standing still."""
    page.get_by_role("slider").first.focus()
    page.wait_for_timeout(100)
    since = float(page.evaluate("performance.now()"))
    page.keyboard.press(key)
    page.wait_for_function(f"window.lastChange > {since}")
    return still(page, since)


def beside(title: str, ours: list[float], bare: list[float], target: float) -> None:
    a, b = statistics.median(ours), statistics.median(bare)
    print(f"{title}: {a:.0f} ms, bare page {b:.0f} ms, ratio {a / b:.2f} (target at most {target})")


def after_a_key(browser: Browser, app: LiveApp, bare: LiveApp, repeats: int, look: str) -> None:
    with (
        visit(browser, f"{app.url}/{link(FOUR, 300, look)}", ".optviz-contour .main-svg") as ours,
        visit(browser, bare.url, ".main-svg") as yardstick,
    ):
        for page in (ours, yardstick):
            press(page, "ArrowRight")  # what is done once only
            press(page, "ArrowLeft")
        pairs = [(press(ours, key), press(yardstick, key)) for key in ("ArrowRight", "ArrowLeft") * repeats]
    beside(
        f"key press → still, 4 optimizers × 300 steps{look}", *map(list, zip(*pairs, strict=True)), target=2.0
    )


def first_load(browser: Browser, app: LiveApp, bare: LiveApp, repeats: int) -> None:
    def load(address: str, ready: str) -> float:
        with visit(browser, address, ready) as page:
            return float(page.evaluate("window.lastChange"))

    pairs = [
        (load(f"{app.url}/{link(FOUR, 300)}", ".optviz-contour .main-svg"), load(bare.url, ".main-svg"))
        for _ in range(repeats)
    ]
    beside("first load, cold → still", *map(list, zip(*pairs, strict=True)), target=2.5)


FRAMES = """seconds => new Promise(done => {
    const times = [];
    const frame = now => {
        times.push(now);
        if (now - times[0] < 1000 * seconds) return requestAnimationFrame(frame);
        const gaps = times.slice(1).map((time, k) => time - times[k]);
        done([1000 * gaps.length / (now - times[0]), Math.max(...gaps)]);
    };
    requestAnimationFrame(frame);
})"""


def frames(browser: Browser, app: LiveApp, bare: LiveApp, look: str) -> None:
    with visit(browser, bare.url, ".main-svg") as page:
        idle, _ = page.evaluate(FRAMES, 2)
    for fading in (False, True):
        with visit(browser, f"{app.url}/{link(SIX, 2000, look)}", ".optviz-contour .main-svg") as page:
            if fading:
                page.get_by_role("button", name="Fading trail").click()
            page.get_by_role("button", name="Play", exact=True).click()
            page.wait_for_timeout(300)
            rate, gap = page.evaluate(FRAMES, 5)
            playing = page.get_by_role("button", name="Pause").count() == 1
        trail = "fading trail" if fading else "whole paths"
        print(
            f"playing 6 runs × 2,000 steps, {trail}{look}: {rate:.1f} frames a second, "
            f"longest gap {gap:.0f} ms; "
            f"idle bare page {idle:.1f} (target 55 or more, under 100 ms){'' if playing else ' NOT PLAYING'}"
        )


def received(page: Page) -> Callable[[], int]:
    """Bytes that have come over the websocket since the last call."""
    sizes: list[int] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda data: sizes.append(len(data))))

    def since() -> int:
        total = sum(sizes)
        sizes.clear()
        return total

    return since


def traffic(browser: Browser, app: LiveApp, look: str) -> None:
    sent = {}
    for steps in (300, 600, 1200):
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = context.new_page()
        page.add_init_script(WATCH)
        since = received(page)
        page.goto(f"{app.url}/{link(FOUR, steps, look)}")
        page.wait_for_selector(".optviz-contour .main-svg")
        still(page)
        press(page, "ArrowRight")
        since()
        press(page, "ArrowRight")
        sent[steps] = since()
        context.close()
    per_step = [(sent[2 * steps] - sent[steps]) / steps for steps in (300, 600)]
    print(
        f"bytes for a learning rate, 4 optimizers × 300 steps{look}: {sent[300]:,} (target under 60,000); "
        f"for each more step {per_step[0]:.1f} from 300 on, {per_step[1]:.1f} from 600 on (linear: alike)"
    )


def memory(browser: Browser, app: LiveApp, changes: int) -> None:
    with visit(browser, f"{app.url}/{link(FOUR, 300)}", ".optviz-contour .main-svg") as page:
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")

        def used() -> tuple[float, float]:
            for _ in range(3):
                session.send("HeapProfiler.collectGarbage")
            metrics = {
                item["name"]: item["value"] for item in session.send("Performance.getMetrics")["metrics"]
            }
            return metrics["JSHeapUsedSize"] / 2**20, metrics["Nodes"]

        def change(times: int) -> None:
            for k in range(times):
                page.get_by_role("slider").first.press("ArrowRight" if k % 4 < 2 else "ArrowLeft")
                page.wait_for_timeout(250)
            still(page)

        change(20)
        heap, nodes = used()
        change(changes)
        later, more = used()
    print(
        f"memory of the page after {changes} changes: {later:.1f} MB and {more:.0f} nodes, "
        f"before {heap:.1f} MB and {nodes:.0f} (no growth)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    options, _ = parser.parse_known_args()
    path = chromium.find()
    if path is None:
        sys.exit(chromium.MISSING)
    with running_app() as app, running_app(BARE) as bare, running_chromium(path) as browser:
        with visit(browser, app.url, ".optviz-contour .main-svg"), visit(browser, bare.url, ".main-svg"):
            pass  # the servers are warm
        for look in LOOKS:
            after_a_key(browser, app, bare, options.repeats, look)
            frames(browser, app, bare, look)
            traffic(browser, app, look)
        first_load(browser, app, bare, max(options.repeats // 2, 1))
        memory(browser, app, 100)


if __name__ == "__main__":
    main()
