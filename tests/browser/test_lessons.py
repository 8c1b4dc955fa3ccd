"""Every lesson in a real browser, from its first page to its last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from optviz.lessons.catalogue import lessons
from optviz.lessons.lesson import Page as Text
from scripts.live_app import follow, wait_until_still

LESSONS = tuple(lessons().values())
ALL = [page for lesson in LESSONS for page in lesson.pages]
PLAYER = "document.querySelector('.optviz-player').player"
CLOCK = f"{PLAYER}.clock"
_CUED = "name => document.querySelector('.optviz-player')?.player.shown?.cue?.page === name"
ASKING, TELLING = "?page=learning-rate.1", "?page=learning-rate.4"


def shown(page: Page, name: str) -> None:
    """Wait until the player has the cue of a page."""
    page.wait_for_function(_CUED, arg=name)
    wait_until_still_playing(page)


def wait_until_still_playing(page: Page) -> None:
    """A page plays by itself: its script has run when Streamlit says so."""
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]')


def turn(page: Page, title: str) -> None:
    page.get_by_role("navigation", name="Lesson").get_by_role("button", name=title).click()


@pytest.fixture
def calm_page(visit) -> Iterator[Page]:
    """A page where nothing plays by itself: the playhead is at the end at once."""
    page = visit()
    page.emulate_media(reduced_motion="reduce")
    yield page
    page.emulate_media(reduced_motion="no-preference")


@pytest.mark.parametrize("pages", [ALL[:7], ALL[-1:], pytest.param(ALL, marks=pytest.mark.long)], ids=len)
def test_lessons_are_read_to_their_end(calm_page, pages):
    """The first one and on into the second, and the last page of all; in `make long` from first to last."""
    page = calm_page
    follow(page, f"?page={pages[0].name}")
    for own in pages:
        check_page(page, own.name, own)
        if own is not ALL[-1]:
            page.locator(".optviz-next").click()
    if own is ALL[-1]:
        expect(page.locator(".optviz-next")).to_be_disabled()


def check_page(page: Page, name: str, own: Text) -> None:
    """It shows what its file says, with its answer after its question."""
    shown(page, name)
    expect(page.get_by_role("heading", name=own.title)).to_be_visible()
    if own.question:
        assert page.evaluate(f"{CLOCK}.position") == 0, name
        expect(page.locator(".optviz-right")).not_to_be_visible()
        right = own.question.choices[own.question.answer]
        page.get_by_role("radio", name=right, exact=True).check(force=True)
        expect(page.get_by_text("Right.", exact=True)).to_be_visible()
    expect(page.locator(".optviz-caption")).to_have_text(own.caption)
    expect(page.locator(".optviz-right")).to_be_visible()
    page.wait_for_function(f"{CLOCK}.position === {CLOCK}.end && !{CLOCK}.playing")
    expect(page.locator(".katex-error")).to_have_count(0)
    names = [run.name for run in own.experiment.runs]
    expect(page.locator(".optviz-run .optviz-name")).to_have_text(names)


def test_keys_dots_and_history_turn_the_pages(open_page):
    page = open_page(TELLING)
    shown(page, "learning-rate.4")
    page.keyboard.press("n")
    shown(page, "learning-rate.5")
    page.wait_for_function("location.search.endsWith('page=learning-rate.5')")
    page.keyboard.press("b")
    shown(page, "learning-rate.4")
    page.keyboard.press("b")
    page.keyboard.press("b")  # before the first one is answered
    shown(page, "learning-rate.2")
    turn(page, "6. The edge of stability")
    shown(page, "learning-rate.6")
    expect(page.locator(".optviz-next")).to_have_text("Next: SGD and Adam, side by side")
    turn(page, "4. The flat direction waits")
    shown(page, "learning-rate.4")
    turn(page, "2. The stability limit")
    shown(page, "learning-rate.2")
    page.keyboard.press("PageDown")  # only turns pages in front of a class
    page.go_back()
    shown(page, "learning-rate.4")
    page.get_by_role("textbox").first.focus()
    page.keyboard.press("n")  # is typed, not obeyed
    assert page.evaluate(f"{PLAYER}.shown.cue.page") == "learning-rate.4"


def test_nothing_moves_before_the_answer_and_then_it_plays(open_page):
    page = open_page(ASKING)
    shown(page, "learning-rate.1")
    page.keyboard.press("Space")
    page.keyboard.press("End")
    assert page.evaluate(f"[{CLOCK}.position, {CLOCK}.playing]") == [0, False]
    page.get_by_role("button", name="Just show me").click()
    page.wait_for_function(f"{CLOCK}.playing && {CLOCK}.position > 0")
    page.evaluate(f"{CLOCK}.speed = 16")
    page.wait_for_function(f"{CLOCK}.position === {CLOCK}.end")
    expect(page.get_by_text("The answer is “One”.")).to_be_visible()


def test_the_line_that_runs_is_lit(open_page):
    page = open_page("?page=optimizer.2")
    shown(page, "optimizer.2")
    lit = page.locator(".optviz-code .optviz-lit")
    for line in ("optimizer.zero_grad()", "loss = formula(*theta)", "loss.backward()", "optimizer.step()"):
        expect(lit).to_have_text(line)


def test_how_deep_somebody_reads_is_remembered(calm_page):
    page = calm_page
    follow(page, TELLING)
    shown(page, "learning-rate.4")
    formulas, code = (
        page.locator('[class*="st-key-depth-formulas"]'),
        page.locator('[class*="st-key-depth-code"]'),
    )
    expect(formulas).not_to_be_visible()
    page.get_by_role("radio", name="+ code").check()
    expect(formulas).to_be_visible()
    expect(code).to_be_visible()
    page.reload()
    shown(page, "learning-rate.4")
    expect(page.get_by_role("radio", name="+ code")).to_be_checked()
    expect(code).to_be_visible()
    page.get_by_role("radio", name="+ formulas").check()
    expect(formulas).to_be_visible()
    expect(code).not_to_be_visible()
    page.get_by_role("radio", name="Words").check()


def test_in_front_of_a_class_type_is_large_and_a_clicker_turns_pages(calm_page):
    page = calm_page
    follow(page, TELLING)
    shown(page, "learning-rate.4")
    small = page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)")
    turn(page, "Present")
    page.wait_for_function("document.fullscreenElement === document.documentElement")
    assert page.evaluate("parseFloat(getComputedStyle(document.documentElement).fontSize)") > small
    expect(page.get_by_role("heading", level=1)).not_to_be_visible()
    page.keyboard.press("Space")  # plays: the focus is still on the button that was clicked
    assert page.evaluate(f"{CLOCK}.playing && document.fullscreenElement !== null")
    page.keyboard.press("Space")
    page.keyboard.press("PageDown")
    shown(page, "learning-rate.5")
    page.keyboard.press("PageUp")
    shown(page, "learning-rate.4")
    field = page.get_by_test_id("stMain").get_by_role("textbox").first
    field.focus()
    page.keyboard.press("Space")  # is typed
    assert not page.evaluate(f"{CLOCK}.playing")
    slider = page.get_by_test_id("stMain").get_by_role("slider").last  # Streamlit's own
    slider.focus()
    page.keyboard.press("Space")
    assert page.evaluate(f"{CLOCK}.playing")
    page.keyboard.press("Space")
    turn(page, "End presenting")
    page.wait_for_function("document.fullscreenElement === null")


def test_a_space_neither_ends_presenting_nor_plays_before_the_answer(calm_page):
    page = calm_page
    follow(page, ASKING)
    shown(page, "learning-rate.1")
    turn(page, "Present")
    page.wait_for_function("document.fullscreenElement === document.documentElement")
    page.keyboard.press("Space")
    assert page.evaluate(f"document.fullscreenElement !== null && !{CLOCK}.playing")
    answers = page.get_by_test_id("stRadio").get_by_role("radio")
    answers.first.focus()
    page.keyboard.press("Space")  # there it chooses
    expect(answers.first).to_be_checked()
    page.wait_for_function(f"!{PLAYER}.transport.locked")
    page.keyboard.press("Space")
    assert page.evaluate(f"document.fullscreenElement !== null && {CLOCK}.playing")
    turn(page, "End presenting")
    page.wait_for_function("document.fullscreenElement === null")


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("width", "height"), [(820, 1180), (390, 844)])
def test_whatever_is_read_fits_the_window(calm_page, width, height):
    page = calm_page
    page.set_viewport_size({"width": width, "height": height})
    for address in (
        "?page=lessons",
        "?page=sgd-and-adam.2",
        "?page=mistakes.4",
        "?page=momentum.all",
        "?page=optimizers",
    ):
        follow(page, address)
        scrolls = "e => e.scrollWidth - e.clientWidth"
        assert page.evaluate(f"({scrolls})(document.documentElement)") <= 0, address
        assert page.locator('[data-testid="stMain"]').evaluate(scrolls) <= 0, address
        expect(page.locator(".katex-error")).to_have_count(0)


def test_a_lesson_on_one_page_prints_its_words_and_pictures_alone(calm_page):
    page = calm_page
    follow(page, "?page=momentum.all")
    lesson = lessons()["momentum"]
    expect(page.get_by_role("img", name="Contours of")).to_have_count(len(lesson.pages))
    wait_until_still(page)
    page.emulate_media(media="print")
    expect(page.locator(".optviz-reader").first).not_to_be_visible()
    expect(page.get_by_role("heading", name=lesson.pages[-1].title)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") > 3000  # all of it, not a window's height
    page.emulate_media(media="null")
    turn(page, "Page by page")
    shown(page, "momentum.1")


def test_the_gallery_leads_to_a_lesson_and_knows_what_was_read(open_page):
    page = open_page("?page=lessons")
    expect(page.get_by_role("button", name="Begin")).to_have_count(len(LESSONS))
    expect(page.get_by_role("img", name="Contours of")).to_have_count(len(LESSONS))
    page.get_by_role("button", name="Begin").nth(1).click()
    shown(page, "learning-rate.1")
    turn(page, "All lessons")
    expect(page.get_by_role("button", name="Continue")).to_have_count(1)
