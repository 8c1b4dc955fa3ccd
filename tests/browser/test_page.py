"""The page opens and draws: wide and narrow, light and dark."""

from __future__ import annotations

import pytest

from scripts.live_app import wait_until_still

PLOT = ".optviz-contour .main-svg"
WRONG = '[data-testid="stException"], [data-testid="stAlertContentError"]'
BRIGHTNESS = """() => {
    const app = document.querySelector('[data-testid="stApp"]');
    const channels = getComputedStyle(app).backgroundColor.match(/[0-9]+/g).slice(0, 3);
    return Math.max(...channels.map(Number)) / 255;
}"""
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
