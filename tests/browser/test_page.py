"""The page opens and draws: wide and narrow, light and dark."""

from __future__ import annotations

import re

import pytest
from plotly.offline import get_plotlyjs_version

from optviz.version import __version__
from scripts.live_app import wait_until_still

PLOT = ".optviz-contour .main-svg"
WRONG = '[data-testid="stException"], [data-testid="stAlertContentError"]'
BRIGHTNESS = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    const channels = getComputedStyle(app).backgroundColor.match(/[0-9]+/g).slice(0, 3);
    return Math.max(...channels.map(Number)) / 255;
}"""
ADDRESSES = """() => performance.getEntriesByType("resource")
    .map(({ name }) => name.split("/bidi-components/")[1])
    .filter(Boolean)"""
WINDOWS = [
    pytest.param(1440, 900, "light", id="laptop-light"),
    pytest.param(1440, 900, "dark", id="laptop-dark"),
    pytest.param(390, 844, "light", id="phone"),
]


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("width", "height", "scheme"), WINDOWS)
def test_it_opens_and_draws(open_page, width, height, scheme):
    page = open_page(width=width, height=height, scheme=scheme)
    page.wait_for_selector(PLOT)
    wait_until_still(page)
    assert page.locator(WRONG).all_inner_texts() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    assert (page.evaluate(BRIGHTNESS) > 0.5) == (scheme == "light")
    assert_addresses_say_the_version(page.evaluate(ADDRESSES))


def assert_addresses_say_the_version(addresses):
    """A browser may have kept files of the version before: those of this one have other addresses."""
    package = re.compile(rf"optviz-{__version__.replace('.', '-')}-[0-9a-f]{{8}}\.\w+/")
    own = {re.match(package, address)[0] for address in addresses if "plotly.js.gz" not in address}
    assert len({word.partition(".")[0] for word in own}) == 1 and len(addresses) > 20
    (plotly_js,) = {address for address in addresses if "plotly.js.gz" in address}
    assert plotly_js.endswith(f"?{get_plotlyjs_version()}")


# In every frame: what Streamlit still shows of the last place, and what it lies over.
OVERLAPS = """() => {
    const overlaps = globalThis.overlaps = new Set();
    const name = element => element.className.match(/st-key-\\S+/)?.[0] ?? element.textContent.slice(0, 30);
    const shown = stale => [...document.querySelectorAll(`[data-testid="stMain"] [data-stale="${stale}"]`)]
        .map(element => ({ element, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width * box.height > 0);
    const meet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 4
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4;
    const look = () => {
        if (globalThis.overlaps !== overlaps) return;
        const fresh = shown(false);
        for (const old of shown(true)) for (const own of fresh)
            if (meet(old.box, own.box)) overlaps.add(`${name(old.element)} over ${name(own.element)}`);
        requestAnimationFrame(look);
    };
    look();
}"""


def test_nothing_of_the_last_place_lies_over_the_next(visit):
    page = visit()
    wait_until_still(page)
    page.evaluate(OVERLAPS)
    for place in ("Lessons", "Playground", "Optimizers", "Lessons", "Playground"):
        page.get_by_text(place, exact=True).first.click()
        wait_until_still(page)
    assert page.evaluate("[...overlaps]") == []
    page.evaluate("overlaps = null")
