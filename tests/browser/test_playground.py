"""The playground in a real browser: the address, the gallery, edits, and what long runs do."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

import optviz as ov
from optviz.lessons.gallery import GALLERY
from optviz.web.state.choices import OPENING
from scripts.live_app import INSTALLED, follow, running_app, wait_until_still

PLOT = ".optviz-contour .main-svg"
WRONG = '[data-testid="stException"], [data-testid="stAlertContentError"]'
PATHS = """() => Object.fromEntries(
    (document.querySelector('.optviz-player')?.player.scene?.runs ?? []).map(
        run => [run.name, [...run.x].map((x, i) => [x, run.y[i]])]
    )
)"""

Points = dict[str, list[list[float]]]


def ready(page: Page) -> Page:
    page.wait_for_selector(PLOT)
    wait_until_still(page)
    assert page.locator(WRONG).all_inner_texts() == []
    return page


def shown(page: Page) -> ov.Experiment:
    """The experiment in the address bar."""
    return ov.Experiment.from_url(page.url)


def paths(page: Page) -> Points:
    """Each competitor's points as the browser draws them."""
    drawn: Points = page.evaluate(PATHS)
    return drawn


def computed(exp: ov.Experiment) -> Points:
    return {trajectory.name: trajectory.points.tolist() for trajectory in ov.run(exp, "cpu")}


def number(page: Page, label: str, place: int = 0) -> Locator:
    return page.get_by_role("textbox", name=label, exact=True).nth(place)


def enter(page: Page, label: str, text: str, place: int = 0) -> None:
    """Type a number, and wait until the page stands still."""
    number(page, label, place).fill(text)
    number(page, label, place).press("Enter")
    wait_until_still(page)


def wait_for(page: Page, holds: Callable[[], bool]) -> None:
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
    assert holds()


@pytest.mark.long
def test_cases_of_the_gallery_open_by_their_addresses(page):
    """Some of them; `tests/test_page.py` opens them all, without a browser."""
    ready(page)
    for case in GALLERY[::5]:
        follow(page, case.experiment.to_url(case.view))
        expect(page.get_by_role("heading", level=1)).to_have_text(case.experiment.surface.name)
        expect(page.get_by_text(case.look)).to_be_visible()
        assert paths(ready(page)) == computed(case.experiment), case.title


def test_the_gallery_opens_a_case_and_back_leads_out_of_it(page):
    ready(page)
    case = next(case for case in GALLERY if case.title == "Stuck at a saddle")
    page.get_by_role("button", name="Gallery").click()
    card = page.locator(f".st-key-case-{GALLERY.index(case)}")
    card.get_by_role("button", name="Open").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_have_text("Saddle")
    ready(page)
    assert shown(page) == case.experiment
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rosenbrock")
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_have_text("Saddle")


def test_an_edit_changes_address_and_picture_and_survives_reload_back_and_forward(page):
    ready(page)
    before = paths(page)
    enter(page, "Steps", "40")
    enter(page, "Start x", "0.5")
    edited = shown(page)
    assert (edited.steps, edited.start) == (40, (0.5, 1.0))
    assert paths(page) == computed(edited) != before
    page.reload()
    ready(page)
    assert shown(page) == edited and paths(page) == computed(edited)
    expect(number(page, "Steps")).to_have_value("40")
    page.go_back()
    expect(number(page, "Start x")).to_have_value("-1.2")
    expect(number(page, "Steps")).to_have_value("40")
    page.go_back()
    expect(number(page, "Steps")).to_have_value("300")
    wait_for(page, lambda: paths(page) == before)
    assert urlsplit(page.url).query == ""
    page.go_forward()
    expect(number(page, "Steps")).to_have_value("40")
    page.go_forward()
    expect(number(page, "Start x")).to_have_value("0.5")
    wait_for(page, lambda: shown(page) == edited and paths(page) == computed(edited))


def test_quick_keys_on_the_learning_rate_lose_nothing(page):
    ready(page)
    slider = page.get_by_role("slider").first
    slider.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(60)
    wait_for(page, lambda: "run=" in page.url and shown(page).runs[0].optimizer.params["lr"] == 0.004)
    wait_until_still(page)
    expect(number(page, "lr")).to_have_value("0.004")
    assert paths(page) == computed(shown(page))
    expect(slider).to_be_focused()


def test_an_emptied_number_is_said_and_nothing_is_lost(page):
    ready(page)
    enter(page, "Steps", "")
    expect(page.get_by_text("300 stays in use")).to_be_visible()
    expect(number(page, "Steps")).to_have_value("")
    assert "steps" not in page.url
    enter(page, "Steps", "30")
    expect(page.get_by_text("stays in use")).to_have_count(0)
    assert shown(page).steps == 30


def test_competitors_are_added_renamed_and_removed_with_the_keyboard(page):
    ready(page)
    page.get_by_role("button", name="Add a competitor").focus()
    page.keyboard.press("Enter")
    wait_for(page, lambda: "RMSprop" in page.url)
    wait_until_still(page)
    card = page.locator(".st-key-card-2")
    name = card.get_by_role("textbox", name="Name")
    card.locator("summary", has_text="Name, copy, order").press("Enter")
    name.fill("third")
    name.press("Enter")
    wait_for(page, lambda: "third" in page.url)
    wait_until_still(page)
    assert [run.name for run in shown(page).runs] == ["SGD", "Adam", "third"]
    card.get_by_role("button", name="Remove").press("Enter")
    wait_for(page, lambda: len(shown(page).runs) == 2)


def test_the_keyboard_reaches_every_control_in_order(open_page):
    page = ready(open_page())
    page.get_by_role("combobox", name="Surface").focus()
    reached = []
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText || ''")
        )
    order = [
        "Start x",
        "Start y",
        "Steps",
        "Chance and precision",
        "as set",
        "lr",
        "Hyperparameters ·",
        "Schedule and gradient",
        "Name, copy, order",
        "Add a competitor",
    ]
    places = [next((i for i, text in enumerate(reached) if name in text), None) for name in order]
    assert None not in places and places == sorted(places), reached


def test_torchs_complaint_stands_at_its_competitor(visit):
    page = visit("?surface=Rosenbrock&run=SGD(lr=0.001,nesterov=True)&run=Adam(lr=0.1)")
    page.wait_for_selector(PLOT)
    wait_until_still(page)
    card = page.locator(".st-key-card-0")
    expect(card.get_by_text("Nesterov momentum requires a momentum")).to_be_visible()
    assert list(paths(page)) == ["Adam"]


def test_nonsense_in_the_address_is_said(visit):
    page = ready(visit("?surface=Nowhere&steps=-3&run=Adam(lr=0.05)&x=<img src=http://a.b>"))
    note = page.get_by_test_id("stAlert")
    expect(note).to_contain_text("There is no surface named 'Nowhere'.")
    expect(note).to_contain_text("steps: must be between 1 and 5,000, not -3.")
    assert list(paths(page)) == ["Adam"]


def test_long_runs_show_how_far_they_are_and_can_be_stopped(open_page):
    runs = "".join(f"&run=LBFGS(lr=0.{k}1,max_iter=9)" for k in range(1, 9))
    page = open_page(f"?v=1&surface=Rastrigin&start=4.1,3.2&steps=5000{runs}")
    page.get_by_role("progressbar").wait_for()
    expect(page.get_by_text(re.compile(r"step [\d,]+ of 5,000 · competitor 1 of 8"))).to_be_visible()
    page.locator(".st-key-stop button").click()
    expect(page.get_by_text("Stopped. Competitors that were not finished are not shown.")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    page.locator(".st-key-go-on button").click()
    page.get_by_role("progressbar").wait_for()
    enter(page, "Steps", "3")  # an edit ends what nobody waits for any more, long before it is done
    assert len(paths(page)) == 8


def test_an_edit_draws_only_what_shows_it(page):
    ready(page)
    page.evaluate("""() => {
        globalThis.touched = new Set();
        new MutationObserver(changes => {
            for (const { target } of changes) {
                const part = target.closest?.(`[class*="st-key-card-"], .st-key-headline`);
                if (part) touched.add(part.className.match(/st-key-(card-\\d|headline)/)[1]);
            }
        }).observe(document, { subtree: true, childList: true, attributes: true });
    }""")
    before = paths(page)
    page.get_by_role("slider").first.press("ArrowRight")
    wait_until_still(page)
    assert paths(page)["SGD"] != before["SGD"] and paths(page)["Adam"] == before["Adam"]
    assert page.evaluate("[...touched]") == ["card-0"]
    assert shown(page).runs[0].optimizer.params["lr"] != OPENING.runs[0].optimizer.params["lr"]
    assert page.get_by_role("textbox", name="lr", exact=True).first.input_value() == f"{lr(page):g}"


def lr(page: Page) -> float:
    return shown(page).runs[0].optimizer.params["lr"]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(visit, scheme):
    case = next(case for case in GALLERY if case.title == "Adam in a turned ravine")
    page = visit(case.experiment.to_url(), scheme=scheme)
    for width, height in [(1440, 900), (1024, 768), (390, 844)]:
        page.set_viewport_size({"width": width, "height": height})
        main = ready(page).get_by_test_id("stMain")
        assert main.evaluate("main => main.scrollWidth - main.clientWidth") <= 0
        box = page.locator(".optviz-picture").bounding_box()
        assert box["width"] > 0.8 * min(width - 40, 560) and box["height"] < height
        charts = page.locator(".optviz-player [role=img]:visible")
        words = charts.evaluate_all("all => all.map(one => one.ariaLabel)")
        assert len(words) == 3 and all(words)


def test_the_installed_command_opens_a_link_from_any_folder(open_page, tmp_path):
    case = GALLERY[3]
    with running_app(INSTALLED, tmp_path) as app:
        page = ready(open_page(f"{app.url}/{case.experiment.to_url(case.view)}"))
        assert paths(page) == computed(case.experiment)
        assert "Traceback" not in app.output()
        page.close()  # before its server goes


def test_a_name_is_shown_letter_by_letter(page):
    ready(page)
    name = "https://a.b/x www.a.b c@d.e a -> b--c :tada: :streamlit:"
    page.locator(".st-key-card-0 summary", has_text="Name, copy, order").click()
    box = page.get_by_role("textbox", name="Name")
    box.fill(name)
    box.press("Enter")
    wait_for(page, lambda: "streamlit" in page.url)
    wait_until_still(page)
    assert page.locator(".optviz-results tbody th").first.inner_text() == name
    assert page.locator(".optviz-name").first.inner_text() == name
    assert page.locator(".st-key-card-0 h2").inner_text().replace("\u200b", "") == name
    assert page.locator('a[href^="http"], a[href^="mailto"]').count() == 0
