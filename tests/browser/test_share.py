"""What is taken away, in a real browser: the link, files, pictures, and pages that need no server."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageColor
from playwright.sync_api import Browser, Locator, Page, expect
from pyarrow import parquet

import optviz as ov
from builders import competitor
from optviz.figures.theme import THEMES
from scripts.live_app import wait_until_still

FOUR = ov.Experiment(
    ov.SurfaceSpec("Rosenbrock"),
    (-1.2, 1.0),
    60,
    (
        competitor("SGD", {"lr": 5e-4, "momentum": 0.9}),
        competitor("Adam", {"lr": 0.1}, label="</script><b>&"),
        competitor("LBFGS", {"max_iter": 2}),
    ),
)
DATA = ov.Experiment(ov.SurfaceSpec("Linear fit"), (0.0, 0.0), 30, (competitor("Adam"),), batch_size=4)
NETWORK = ov.Experiment(
    ov.SurfaceSpec("MLP classifier"), (0.0, 0.0), 20, (competitor("Adam"),), batch_size=32
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
    copy = dialog.get_by_role("button", name="Copy link")
    expect(copy).to_have_css("border-radius", "8px")  # its style has not been taken away
    copy.click()
    expect(dialog.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == link
    pick(dialog, "torch script")
    assert download(dialog).read_text(encoding="utf-8") == ov.to_script(FOUR)
    made_with = ov.made_with(FOUR).words
    pick(dialog, "Picture, PNG")
    expect(dialog.get_by_role("button", name="Download")).to_have_css("border-radius", "8px")
    with Image.open(download(dialog)) as picture:
        assert picture.format == "PNG" and picture.size == (2 * 870, 2 * 800)
        assert picture.text == {"Comment": made_with}
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
    drawing = ElementTree.parse(download(dialog)).getroot()
    assert drawing.tag.endswith("svg") and drawing[0].text == made_with
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def shared(page: Page, titles: Sequence[str]) -> dict[str, Path]:
    """The files of these kinds that Share gives now, and "Table as CSV"."""
    with page.expect_download() as found:
        page.get_by_role("button", name="Table as CSV").click()
    files = {"table": found.value.path()}
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    for title in titles:
        pick(dialog, title)
        files[title] = download(dialog)
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    return files


QUICK = ("Experiment, JSON", "torch script", "Jupyter notebook", "Every step, CSV", "Every step, Parquet")


def test_every_file_is_of_what_the_address_says(open_page):
    """After an edit, another surface and a click: what a download is made of must not be older."""
    page = open_page()
    wait_until_still(page)
    seen = set()
    for change in (edit_steps, change_surface, click_the_picture):
        change(page)
        wait_until_still(page)
        exp = ov.Experiment.from_url(page.url)
        seen.add(exp)
        files = shared(page, QUICK if change is click_the_picture else QUICK[:2])
        assert ov.Experiment.from_json(files["Experiment, JSON"].read_text(encoding="utf-8")) == exp
        assert files["torch script"].read_text(encoding="utf-8") == ov.to_script(exp)
        trajectories = ov.run(exp, "cpu")
        surface = ov.surface(exp.surface)
        rows = [one.summary(surface.minimizers, surface.nearness) for one in trajectories]
        assert files["table"].read_bytes().decode() == ov.summaries_csv(rows)
    assert len(seen) == 3
    assert files["Jupyter notebook"].read_text(encoding="utf-8") == ov.to_notebook(exp)
    assert files["Every step, CSV"].read_bytes().decode() == ov.steps_csv(trajectories)
    table, own = parquet.read_table(files["Every step, Parquet"]), ov.steps_parquet(trajectories)
    assert table.equals(parquet.read_table(io.BytesIO(own)))
    assert json.loads(table.schema.metadata[b"made_with"])["torch"] == trajectories[0].made_with.torch


def edit_steps(page: Page) -> None:
    page.get_by_role("textbox", name="Steps").fill("40")
    page.get_by_role("textbox", name="Steps").press("Enter")


def change_surface(page: Page) -> None:
    page.get_by_role("combobox", name="Surface").click()
    page.keyboard.type("Himmelblau")
    page.get_by_role("option", name="Himmelblau").click()


def click_the_picture(page: Page) -> None:
    box = page.locator(".optviz-contour .main-svg").first.bounding_box()
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])


def test_an_experiment_is_opened_in_the_dialog(open_page, tmp_path):
    page = open_page()
    wait_until_still(page)
    (tmp_path / "bad.json").write_text('{"optviz": 1,\n "steps" 5}', encoding="utf-8")
    (tmp_path / "good.json").write_text(DATA.to_json(), encoding="utf-8")
    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    place = dialog.locator('input[type="file"]')
    place.set_input_files(tmp_path / "bad.json")
    expect(dialog.get_by_text("it is not JSON (line 2, column")).to_be_visible()
    place.set_input_files(tmp_path / "good.json")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text("Linear fit")
    wait_until_still(page)
    assert ov.Experiment.from_url(page.url) == DATA


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


@pytest.mark.sampled(1)
@pytest.mark.parametrize("exp", [FOUR, DATA, NETWORK], ids=["surface", "data", "network"])
def test_a_page_plays_without_a_network(offline, exp):
    trajectories = ov.project(exp, ov.run(exp, "cpu"))
    page = offline(ov.to_html(exp, trajectories, theme="dark"))
    colors = page.evaluate(f"{PLAYER}.scene.runs.map(run => run.color)")
    assert colors == list(THEMES["dark"].paths[: len(colors)])
    page.locator(".optviz-curve").first.hover()  # previews, as on the app's page
    state = f"[{PLAYER}.hovered < {PLAYER}.clock.end, {PLAYER}.clock.position === {PLAYER}.clock.end]"
    assert page.evaluate(state) == [True, True]
    page.mouse.move(0, 0)
    assert page.evaluate(f"{PLAYER}.hovered") is None
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
