"""What is typed and pasted into fields in a real browser is what runs, or is said and stays."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

import optviz as ov
from scripts.live_app import wait_until_still

TYPED = {
    "Steps": {
        "1e2": 100,
        "1,000": 1000,
        " 70 ": 70,
        "250.7": "250 or 251",
        "2.000": "one meaning",
        "9000": "between 1 and 5,000",
        "": "nothing is here",
    },
    "Start x": {
        "0,01": 0.01,
        "1,5": 1.5,
        "\u22121.5": -1.5,
        ".5": 0.5,
        "-1e-1": -0.1,
        "1,500": "one meaning",
        "1/3": "a fraction",
        "NaN": "finite",
    },
}


def field(page: Page, label: str) -> Locator:
    return page.get_by_role("textbox", name=label, exact=True).first


def value(page: Page, label: str) -> float:
    shown = ov.Experiment.from_url(page.url) if "?" in page.url else None
    if shown is None:
        return {"Steps": 300, "Start x": -1.2}[label]
    return shown.steps if label == "Steps" else shown.start[0]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("label", TYPED)
def test_what_is_typed_or_pasted_is_what_runs_or_is_said(page: Page, label: str) -> None:
    wait_until_still(page)
    for place, (text, means) in enumerate(TYPED[label].items()):
        before = value(page, label)
        box = field(page, label)
        box.click()
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        if place % 2:
            page.keyboard.type(text)
        else:
            page.keyboard.insert_text(text)  # as a paste is
        page.keyboard.press("Enter")
        said = page.get_by_test_id("stAlert")
        refused = isinstance(means, str)
        if refused:
            expect(said).to_contain_text(means)
            expect(said).to_contain_text(re.compile(r"stays in use\.$"))
        else:
            page.wait_for_url(lambda _, means=means: value(page, label) == means)
            expect(said).to_have_count(0)
        expect(box).to_have_value(text)
        expect(box).to_be_focused()
        assert value(page, label) == (before if refused else means), text


RATES = (0.0025118864315095825, 0.09, 0.019, 1.23456e-08, 1000.0, 0.1)


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_a_learning_rate_is_one_number_and_nothing_of_it_is_cut_off(visit, width: int, scheme: str) -> None:
    runs = "".join(f"&run={quote(f'SGD(lr={rate!r})')}" for rate in RATES)
    page = visit(f"?v=1&surface=Sphere&start=1.0,1.0&steps=5{runs}", width=width, scheme=scheme)
    wait_until_still(page)
    if width < 640:
        page.get_by_test_id("stExpandSidebarButton").click()
        wait_until_still(page)
    for slot, rate in enumerate(RATES):
        card = page.locator(f".st-key-card-{slot}")
        box, slider = card.get_by_role("textbox", name="lr"), card.get_by_role("slider", name="lr")
        assert float(box.input_value()) == rate == float(slider.get_attribute("aria-valuetext"))
        assert box.evaluate("box => box.scrollWidth <= box.clientWidth"), rate
        assert card.get_by_test_id("stSliderThumbValue").count() == 1
        expect(card.get_by_test_id("stSliderThumbValue")).to_be_hidden()
    slider = page.locator(".st-key-card-1").get_by_role("slider", name="lr")
    slider.press("ArrowRight")
    wait_until_still(page)
    expect(slider).to_be_focused()
    rate = ov.Experiment.from_url(page.url).runs[1].optimizer.params["lr"]
    assert rate == 0.1
    expect(page.locator(".st-key-card-1").get_by_role("textbox", name="lr")).to_have_value("0.1")
