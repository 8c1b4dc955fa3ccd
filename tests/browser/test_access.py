"""What axe-core finds in the page, in every view and both themes: nothing that is ours."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

import optviz as ov
from scripts.live_app import follow, wait_until_still
from tests.browser.test_theme import APART, DATA, TURNED

ROOT = Path(__file__).resolve().parent.parent.parent
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
MISSING = "axe-core is missing: `make test` installs it, and so does `npm install`."

# Left out are formulas, a hundred elements each, which KaTeX writes in the colour of what is around them,
# and the inside of plotly's drawings, a thousand elements without a word of ours: their holder is looked at.
# What Streamlit 1.67 draws itself, which no style of ours can mend: the rule, where, and what is wrong there.
STREAMLIT = {
    "region": {"#stFloatingOverlayPortal": "what its tooltips say stands outside of all landmarks"},
    "presentation-role-conflict": {
        "[data-testid=stFileUploader]": "its place to drop files has a name, no role"
    },
}
FIND = """async ([only, known]) => {
    const options = only ? { runOnly: only } : { rules: { "target-size": { enabled: true } } };
    const page = { exclude: [".katex", ".main-svg"] };
    const { violations } = await axe.run(page, { ...options, resultTypes: ["violations"] });
    const theirs = (rule, target) => Object.keys(known[rule] ?? {}).some(
        selector => document.querySelector(target.at(-1))?.closest(selector));
    return violations.flatMap(({ id, nodes }) => nodes
        .filter(({ target }) => !theirs(id, target))
        .map(({ target, failureSummary, html }) => [id, target.join(" "), failureSummary, html]));
}"""
TRANSITIONS = "() => Promise.allSettled(document.getAnimations().map(one => one.finished)).then(() => null)"
VIEWS = {
    **{beside: ov.View(beside=beside) for beside in ("curves", "code", "stability")},
    "step": ov.View(beside="step", marks=("gradient", "step", "curvature")),
    "relief": ov.View(picture="3d"),
    "each": ov.View(panels="each"),
    "basins": ov.View(map=ov.MapSpec("basins", {"resolution": 16, "rival": 1})),
    "sweep": ov.View(map=ov.MapSpec("sweep")),
    "tuning": ov.View(map=ov.MapSpec("tuning")),
    "cloud": ov.View(map=ov.MapSpec("cloud", {"count": 32})),
}
ADDRESSES = {
    **{name: APART.to_url(view) for name, view in VIEWS.items()},
    "data": DATA.to_url(ov.View(beside="data")),
    "a formula and notes": "?surface=Formula&runs=none",
    "lessons": "?page=lessons",
    "question": "?page=learning-rate.1",
    "lesson": "?page=learning-rate.4",
    "whole lesson": "?page=momentum.all",
    "optimizers": "?page=optimizers",
}


@pytest.fixture(scope="module")
def axe() -> str:
    if AXE.exists():
        return AXE.read_text(encoding="utf-8")
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    pytest.skip(MISSING)


KINDS = ("curves", "step", "basins", "data", "question", "optimizers")
"""A view of each kind of page; all views are in the long tests."""


def found(page: Page, axe: str) -> list[Any]:
    """What is wrong with what is shown: all of it in the light, in the dark its colours."""
    if not page.evaluate("Boolean(globalThis.axe)"):
        page.evaluate(axe)
    everything: list[Any] = page.evaluate(FIND, [None, STREAMLIT])
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.wait_for_function(TURNED, arg="dark")
    page.evaluate(TRANSITIONS)
    everything += page.evaluate(FIND, [["color-contrast"], STREAMLIT])
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return everything


def calm(visit: Any, address: str) -> Page:
    page: Page = visit(address)
    page.emulate_media(reduced_motion="reduce")
    return page


REST = [pytest.param(name, marks=pytest.mark.long) for name in ADDRESSES if name not in KINDS]


@pytest.mark.parametrize("name", [*KINDS, *REST])
def test_axe_finds_nothing_in_what_is_shown(visit, axe, name):
    page = calm(visit, ADDRESSES[name])
    assert found(page, axe) == []


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", ["Gallery", "Share"])
def test_axe_finds_nothing_in_a_dialog(visit, axe, name):
    page = calm(visit, APART.to_url())
    page.get_by_role("button", name=name, exact=True).click()
    page.get_by_role("dialog").wait_for()
    wait_until_still(page)
    try:
        assert found(page, axe) == []
    finally:
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_axe_finds_nothing_on_a_phone(visit, axe):
    page = calm(visit, APART.to_url())
    page.set_viewport_size({"width": 390, "height": 844})
    wait_until_still(page)
    assert found(page, axe) == []


@pytest.mark.sampled(1)
@pytest.mark.parametrize("kind", ["secondary", "tertiary"])
def test_axe_finds_nothing_in_a_button_below_the_pointer(visit, axe, kind):
    page = calm(visit, APART.to_url())
    page.locator(f'[data-testid*="aseButton-{kind}"]:enabled:visible').first.hover()
    page.evaluate(TRANSITIONS)
    assert found(page, axe) == []


SEGMENTS = '[data-testid="stButtonGroup"] button'
LOOK = """element => {
    const style = getComputedStyle(element);
    return [style.color, style.backgroundColor, style.borderColor, style.outlineStyle];
}"""


def test_what_is_pressed_is_seen_where_colours_are_forced(visit):
    """A segment that is chosen, ours and Streamlit's, a button that stays down and the knob of a slider."""
    page = calm(visit, APART.to_url(VIEWS["step"]))
    page.get_by_role("button", name="Play again and again").click()
    page.emulate_media(forced_colors="active", reduced_motion="reduce")
    pairs = [
        (".optviz-choice input:checked + span", ".optviz-choice input:not(:checked) + span"),
        ('.optviz-transport [aria-pressed="true"]', '.optviz-transport [aria-pressed="false"]'),
        ('.optviz-some [aria-pressed="true"]', '.optviz-some [aria-pressed="false"]'),
        ('.optviz-run[aria-pressed="true"]', '.optviz-run[aria-pressed="false"]'),
        (f"{SEGMENTS}[aria-checked='true']", f"{SEGMENTS}[aria-checked='false']"),
    ]
    try:
        for pressed, other in pairs:
            looks = [page.locator(look).first.evaluate(LOOK) for look in (pressed, other)]
            assert looks[0] != looks[1], pressed
        knob = page.get_by_test_id("stSlider").first.locator("[data-rac]:has(> div > input)")
        assert knob.evaluate(LOOK)[-1] == "solid"
        follow(page, ADDRESSES["lesson"])
        dots = ".optviz-pages button"
        look = "button => getComputedStyle(button, '::after').backgroundColor"
        now = page.locator(f"{dots}[aria-current]").evaluate(look)
        assert now != page.locator(f"{dots}:not([aria-current])").first.evaluate(look)
    finally:
        page.emulate_media(forced_colors="none", reduced_motion="reduce")
