"""Maps in a real browser: they grow, can be stopped, say what a cell is, and open its run."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

import optviz as ov
from builders import competitor
from optviz.spec.wording import coordinates
from optviz.web.state.choices import OPENING
from scripts.live_app import follow, wait_until_still

PLOT = ".optviz-plot .main-svg"
BUSY = ".st-key-map-progress [data-testid=stProgress]"
FOUR = replace(
    OPENING,
    surface=ov.SurfaceSpec("Himmelblau"),
    start=(0.0, 0.0),
    steps=100,
    runs=(
        competitor("SGD", {"lr": 0.01}),
        competitor("Adam", {"lr": 0.1}),
    ),
)


def link(map: ov.MapSpec, exp: ov.Experiment = FOUR) -> str:
    return exp.to_url(ov.View(map=map))


def finished(page: Page) -> Page:
    page.locator(PLOT).first.wait_for()
    expect(page.locator(BUSY)).to_have_count(0, timeout=60_000)
    wait_until_still(page)
    return page


def middle(page: Page, column: int, row: int) -> tuple[float, float]:
    """Where a cell is on the screen."""
    x, y = page.evaluate(
        """([column, row]) => {
            const { chart, _fullLayout: { xaxis, yaxis } } = document.querySelector(".optviz-plot");
            const box = chart.holder.getBoundingClientRect();
            const { x, y } = chart.cells;
            return [box.x + xaxis._offset + xaxis.d2p(x[column]), box.y + yaxis._offset + yaxis.d2p(y[row])];
        }""",
        [column, row],
    )
    return x, y


def test_a_cell_says_what_it_is_and_a_click_opens_its_run(visit):
    page = finished(visit(link(ov.MapSpec("basins", {"resolution": 64}))))
    found = ov.basins(FOUR, resolution=64, device="cpu")
    widths = ov.surface(FOUR.surface).widths
    page.locator(".optviz-plot").scroll_into_view_if_needed()
    words = page.locator(".optviz-cell")
    for column, row in ((3, 60), (32, 32), (50, 20)):
        page.mouse.move(*middle(page, column, row))
        place = ov.SURFACES["Himmelblau"].minimizers[found.minimizers[row, column]]
        expect(words).to_contain_text(f"minimum {coordinates(place, widths)},")
        expect(words).to_contain_text(f"within {found.within:g} at step {found.reached[row, column]}")
    page.mouse.click(*middle(page, 50, 20))
    page.wait_for_selector(".optviz-contour .main-svg")
    wait_until_still(page)
    assert ov.Experiment.from_url(page.url) == found.at(20, 50)
    page.go_back()
    finished(page)
    assert ov.View.from_url(page.url).map == ov.MapSpec("basins", {"resolution": 64})


def test_a_difference_tells_no_step(visit):
    page = finished(visit(link(ov.MapSpec("basins", {"resolution": 16, "rival": 1}))))
    page.locator(".optviz-plot").last.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".optviz-cell").last).to_have_text(re.compile(r"(ending|minimum)$"))


def test_the_keyboard_opens_a_cell_of_a_sweep(visit):
    axes = {"x": ("lr", 1e-4, 1.0, 9, "log"), "y": ("momentum", 0.0, 0.9, 5, "linear")}
    page = finished(visit(link(ov.MapSpec("sweep", axes)), scheme="dark"))
    page.locator(".optviz-plot").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
    expect(page.locator(".optviz-cell")).to_contain_text("lr 0.01, momentum 0.675")
    page.keyboard.press("Enter")
    page.wait_for_selector(".optviz-contour .main-svg")
    run = ov.Experiment.from_url(page.url).runs[0]
    assert run.optimizer.params == {"lr": 0.01, "momentum": 0.675}


@pytest.mark.long
def test_every_map_fits_the_window_in_any_theme(visit):
    noisy = replace(FOUR, noise=1.0)
    maps = [ov.MapSpec("basins", {"resolution": 32, "rival": 1}), ov.MapSpec("sweep"), ov.MapSpec("tuning")]
    for scheme, width in (("light", 1440), ("dark", 390)):
        page = visit(link(ov.MapSpec("cloud"), noisy), width=width, height=844, scheme=scheme)
        for map in maps if scheme == "light" else [maps[0], ov.MapSpec("sweep", {"curves": True})]:
            finished(page)
            main = page.get_by_test_id("stMain")
            assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0
            follow(page, link(map, noisy))
        finished(page)


def test_a_long_map_grows_and_can_be_stopped(open_page):
    slow = replace(FOUR, runs=(competitor("LBFGS", {"max_iter": 20}),))
    page = open_page(link(ov.MapSpec("basins", {"resolution": 48}), slow))
    page.get_by_role("button", name="Start", exact=True).click()
    page.locator(PLOT).first.wait_for()
    expect(page.locator(BUSY)).to_contain_text("of 2,304 runs")
    main = page.get_by_test_id("stMain")  # above it Streamlit has a Stop of its own
    main.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("Stopped after")).to_be_visible()
    assert page.locator(PLOT).count() >= 1
    page.get_by_role("button", name="Continue").click()
    expect(page.locator(BUSY)).to_be_visible()
