"""A page that turns from light to dark, or back, while it is open looks as one that was opened so."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

import optviz as ov
from builders import competitor
from colors import contrast
from optviz.figures.theme import THEMES
from scripts.live_app import LiveApp, follow, wait_until_still
from tests.browser.conftest import Watch, fit

PLAYER = "document.querySelector('.optviz-player').player"
# The page has turned, and what is ours has been told; contours are drawn anew.
TURNED = """scheme => {
    const find = selector => document.querySelector(selector);
    const player = find(".optviz-player")?.player;
    const own = player ?? find(".optviz-plot")?.chart;
    return getComputedStyle(find('[data-testid="stApp"]')).colorScheme === scheme
        && (!own || own.watcher.scheme === scheme)
        && (!player || player.panels.every(({ deep, contour }) => deep || contour.frame()));
}"""
HEADS = f"""() => {PLAYER}.panels.flatMap(({{ paths }}) => paths.screenPaths.map(path => {{
    const step = Math.min(Math.floor({PLAYER}.clock.position), path.run.n);
    const at = [path.x[step], path.y[step]].map(place => Math.round(place * paths.canvas.density));
    const pixel = paths.canvas.context.getImageData(...at, 1, 1).data;
    return '#' + [...pixel.slice(0, 3)].map(one => one.toString(16).padStart(2, '0')).join('');
}}))"""
APART = ov.Experiment(
    ov.SurfaceSpec("Booth"),
    (-6.0, 5.0),
    80,
    (
        competitor("SGD", {"lr": 0.02, "momentum": 0.5}),
        competitor("Adam", {"lr": 0.1}),
    ),
)
DATA = ov.Experiment(ov.SurfaceSpec("Linear fit"), (3.0, -3.0), 20, (competitor("SGD", {"lr": 0.05}),))
RIVALS = ov.MapSpec("basins", {"resolution": 16, "rival": 1})
VIEWS = {
    "curves": APART.to_url(),
    "each": APART.to_url(ov.View(panels="each", beside="stability")),
    "relief": APART.to_url(ov.View(picture="3d")),
    "step": APART.to_url(ov.View(beside="step", marks=("gradient", "step"), convention="keras")),
    "data": DATA.to_url(ov.View(beside="data")),
    "basins": APART.to_url(ov.View(map=RIVALS)),
    "sweep": APART.to_url(ov.View(map=ov.MapSpec("sweep"))),
    "cloud": APART.to_url(ov.View(map=ov.MapSpec("cloud", {"count": 32}))),
    "lesson": "?page=learning-rate.4",
    "optimizers": "?page=optimizers",
}
STILLS = {"lessons": "?page=lessons", "whole": "?page=momentum.all"}


@dataclass
class Turning:
    """Two visitors' pages of the same address: one that was opened in the dark, and one that turns."""

    page: Page
    dark: Page
    sent: list[object] = field(default_factory=list)
    """Messages of the page that turns to the server."""

    def go(self, address: str) -> None:
        for page in (self.page, self.dark):
            page.bring_to_front()
            follow(page, address)

    def turn(self, scheme: str) -> None:
        self.page.bring_to_front()
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self.page.wait_for_function(TURNED, arg=scheme)


@pytest.fixture(scope="module")
def turning(window: BrowserContext, app: LiveApp) -> Iterator[Turning]:
    watch = Watch(app)
    pages = [watch.new_page(window) for _ in range(2)]
    turning = Turning(*pages)
    sent = turning.sent
    pages[0].on("websocket", lambda opened: opened.on("framesent", lambda frame: sent.append(frame)))
    for page, scheme in zip(pages, THEMES, strict=True):
        fit(page, scheme=scheme)
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.goto(app.url)
        page.wait_for_selector(".optviz-contour .main-svg")
        wait_until_still(page)
    yield turning
    for page in pages:
        page.close()
    watch.check()


def seen(page: Page) -> np.ndarray:
    page.bring_to_front()
    page.mouse.move(0, 0)
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled")))
    return np.asarray(picture.convert("RGB"), int)


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """The share of pixels whose colours differ."""
    return float((np.abs(one - other).max(axis=2) > 24).mean())


def looks(page: Page, wanted: np.ndarray) -> None:
    """Wait until the page looks as `wanted` does."""
    deadline = time.monotonic() + 30
    while (share := apart(seen(page), wanted)) > 0.0005 and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    assert share <= 0.0005


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", VIEWS)
def test_a_page_that_turns_looks_as_one_that_was_opened_so(turning: Turning, name: str) -> None:
    turning.turn("light")
    turning.go(VIEWS[name])
    page = turning.page
    if name in ("basins", "sweep", "tuning", "cloud"):
        for each in (turning.dark, page):
            expect(each.get_by_text("real runs of torch")).to_be_visible()
            each.bring_to_front()
            wait_until_still(each)
    light, dark = seen(page), seen(turning.dark)
    assert apart(light, dark) > 0.5
    turning.sent.clear()
    for scheme, wanted in (("dark", dark), ("light", light)):
        turning.turn(scheme)
        looks(page, wanted)
    assert not turning.sent, "the server was asked"


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", STILLS)
def test_still_pictures_turn_too(turning: Turning, name: str) -> None:
    turning.turn("light")
    turning.go(STILLS[name])
    for each in (turning.dark, turning.page):
        each.bring_to_front()
        wait_until_still(each)
    light, dark = seen(turning.page), seen(turning.dark)
    for scheme, wanted in (("dark", dark), ("light", light)):
        turning.turn(scheme)
        looks(turning.page, wanted)


def letters_contrast(page: Page, selector: str) -> float:
    """Between the letters and the page behind them."""
    colors = page.evaluate(
        """selector => {
            const letters = getComputedStyle(document.querySelector(selector)).fill;
            const ground = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
            return [letters, ground].map(color => color.match(/[0-9.]+/g).slice(0, 3).map(Number));
        }""",
        selector,
    )
    letters, ground = colors
    return contrast(letters, ground)


@pytest.mark.parametrize("how", ["still", "playing", "full screen"])
def test_paths_and_axes_can_be_seen_after_each_turn(turning: Turning, how: str) -> None:
    page = turning.page
    turning.turn("light")
    turning.go(VIEWS["curves"])
    page.bring_to_front()
    if how == "full screen":
        page.get_by_role("button", name="Full screen").click()
        page.wait_for_function("document.fullscreenElement !== null")
    if how == "playing":
        page.emulate_media(reduced_motion="no-preference")
        page.evaluate(f"{PLAYER}.clock.speed = 0.25")
        page.get_by_role("button", name="Play", exact=True).click()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(TURNED, arg=scheme)
        page.wait_for_timeout(300)
        assert letters_contrast(page, ".optviz-contour .xtick text") > 4.5
        if how == "playing":
            assert page.evaluate(f"{PLAYER}.clock.playing && {PLAYER}.clock.position > 0")
        else:
            assert page.evaluate(HEADS) == list(THEMES[scheme].paths[:2])
    page.evaluate(f"{PLAYER}.clock.pause()")
    if how == "full screen":
        page.keyboard.press("f")
        page.wait_for_function("document.fullscreenElement === null")


def test_the_menu_of_the_page_turns_it(turning: Turning) -> None:
    page = turning.page
    turning.turn("light")
    turning.go(VIEWS["curves"])
    page.bring_to_front()
    for scheme in ("dark", "light"):
        page.get_by_test_id("stMainMenuButton").click()
        page.get_by_test_id(f"stMainMenuItem-theme-{scheme.capitalize()}").click()
        page.keyboard.press("Escape")
        page.wait_for_function(TURNED, arg=scheme)
        page.wait_for_timeout(300)
        assert page.evaluate(HEADS) == list(THEMES[scheme].paths[:2])
        assert letters_contrast(page, ".optviz-contour .xtick text") > 4.5
    page.get_by_test_id("stMainMenuButton").click()
    page.get_by_test_id("stMainMenuItem-theme-System").click()
    page.keyboard.press("Escape")
