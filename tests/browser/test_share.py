"""What is taken away, in a real browser: the link, files, pictures, and pages that need no server."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageColor
from playwright.sync_api import Browser, Locator, Page, expect

import optviz as ov
from optviz.figures import THEMES
from scripts.live_app import wait_until_still

FOUR = ov.Experiment(
    ov.SurfaceSpec("Rosenbrock"),
    (-1.2, 1.0),
    60,
    (
        ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 5e-4, "momentum": 0.9})),
        ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.1}), label="</script><b>&"),
        ov.RunSpec(ov.OptimizerSpec("LBFGS", {"max_iter": 2})),
    ),
)
DATA = ov.Experiment(
    ov.SurfaceSpec("Linear fit"), (0.0, 0.0), 30, (ov.RunSpec(ov.OptimizerSpec("Adam")),), batch_size=4
)
NETWORK = ov.Experiment(
    ov.SurfaceSpec("MLP classifier"), (0.0, 0.0), 20, (ov.RunSpec(ov.OptimizerSpec("Adam")),), batch_size=32
)
PLAYER = "document.querySelector('.optviz-player').player"


def pick(dialog: Locator, title: str) -> None:
    dialog.get_by_role("combobox", name="Kind of file").click()
    dialog.page.get_by_role("option", name=title).click()
    expect(dialog.page.locator('[data-stale="true"]')).to_have_count(0)
    wait_until_still(dialog.page)


def download(dialog: Locator) -> Path:
    with dialog.page.expect_download() as found:
        dialog.get_by_role("button", name="Download").click()
    return found.value.path()


def test_link_files_and_pictures_are_taken_away(open_page):
    page = open_page(FOUR.to_url(ov.View(beside="step")))
    wait_until_still(page)
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    link = dialog.get_by_role("textbox", name="The link").input_value()
    assert ov.Experiment.from_url(link) == FOUR and ov.View.from_url(link) == ov.View(beside="step")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog.get_by_role("button", name="Copy link").click()
    expect(dialog.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
    pick(dialog, "torch script")
    assert download(dialog).read_text(encoding="utf-8") == ov.to_script(FOUR)
    pick(dialog, "Picture, PNG")
    with Image.open(download(dialog)) as picture:
        assert picture.format == "PNG" and picture.size == (2 * 870, 2 * 800)
        pixels = np.asarray(picture.convert("RGB"), int)
        for color in THEMES["light"].paths[:3]:
            assert (np.abs(pixels - ImageColor.getrgb(color)).sum(axis=2) < 60).sum() > 20
    pick(dialog, "Film, GIF")
    dialog.get_by_role("textbox", name="Seconds").fill("1")
    dialog.get_by_role("textbox", name="Seconds").press("Enter")
    wait_until_still(page)
    dialog.get_by_role("button", name="Make the file").click()
    expect(dialog.get_by_role("button", name="Download")).to_be_visible()
    with Image.open(io.BytesIO(download(dialog).read_bytes())) as film:
        assert film.n_frames > 10
    pick(dialog, "Picture, SVG")
    assert ElementTree.parse(download(dialog)).getroot().tag.endswith("svg")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@pytest.fixture
def offline(browser: Browser, tmp_path: Path):
    """Opens a page of `to_html` in a browser that has no network, and fails where it complains."""
    troubles: list[str] = []
    context = browser.new_context(offline=True, viewport={"width": 1440, "height": 900})

    def opened(content: str) -> Page:
        (tmp_path / "page.html").write_text(content, encoding="utf-8")
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and troubles.append(message.text))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto((tmp_path / "page.html").as_uri())
        page.wait_for_selector(".optviz-contour .main-svg")
        return page

    yield opened
    context.close()
    assert not troubles


def played(page: Page) -> list[dict[str, Any]]:
    """Each run as the player has it."""
    found: list[dict[str, Any]] = page.evaluate(
        f"{PLAYER}.scene.runs.map(run => ({{ name: run.name, x: [...run.x], loss: [...run.loss] }}))"
    )
    return found


@pytest.mark.parametrize("exp", [FOUR, DATA, NETWORK], ids=["surface", "data", "network"])
def test_a_page_plays_without_a_network(offline, exp):
    trajectories = ov.project(exp, ov.run(exp, "cpu"))
    page = offline(ov.to_html(exp, trajectories, theme="dark"))
    for run, trajectory in zip(played(page), trajectories, strict=True):
        assert run["name"] == trajectory.name
        np.testing.assert_array_equal(np.float32(run["x"]), np.float32(trajectory.points[:, 0]))
        np.testing.assert_array_equal(np.float32(run["loss"]), np.float32(trajectory.losses))
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"{PLAYER}.clock.position") == 1
    page.keyboard.press("Space")
    page.wait_for_function(f"{PLAYER}.clock.position > 5")
    page.keyboard.press("Space")
    show(page, "Code")
    expect(page.locator(".optviz-code")).to_contain_text("loss.backward()")
    show(page, "Step")
    expect(page.locator(".optviz-step")).to_contain_text("exp_avg" if exp != FOUR else "momentum_buffer")
    if exp != FOUR:
        show(page, "Data")
        expect(page.locator(".optviz-examples tbody tr")).to_have_count(len(ov.surface(exp.surface).data))


def show(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name, exact=True).check()


def test_units_reliefs_and_panels_need_no_server(offline):
    page = offline(ov.to_html(FOUR))
    show(page, "evals")
    evals = max(int(run.evals[-1]) for run in ov.run(FOUR, "cpu"))
    page.wait_for_function(f"{PLAYER}.clock.end === {evals}")
    page.get_by_role("button", name="Relief").click()
    page.wait_for_function(f"{PLAYER}.panels[0].deep && {PLAYER}.panels[0].relief")
    page.get_by_role("button", name="A picture for each").click()
    page.wait_for_function(f"{PLAYER}.panels.length === 3")
    assert page.evaluate(f"{PLAYER}.panels[0].start.fixed"), "there is no torch to run from another one"


def test_a_page_is_as_wide_as_the_window(offline):
    page = offline(ov.to_html(NETWORK))
    for width in (390, 820):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
