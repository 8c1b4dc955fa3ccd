"""A page that is open outlives its server, where another takes its place."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from scripts.live_app import running_app, wait_until_still

ADDRESS = "/?v=1&surface=Quadratic bowl&start=15.0,6.0&steps=80&run=SGD(lr=0.04)"
END = "document.querySelector('.optviz-player').player.clock.end"
STATE = '[data-testid="stApp"][data-test-connection-state="{}"]'
RUNNING = '[data-testid="stApp"][data-test-script-state="running"]'


def test_an_open_page_goes_on_with_its_experiment_when_its_server_was_replaced(browser):
    page = browser.new_context().new_page()
    with running_app() as app:
        page.goto(app.url + ADDRESS, wait_until="commit")
        wait_until_still(page)
        steps(page, 60)
        runs_end_at(page, 60)
    page.locator(STATE.format("PINGING_SERVER")).wait_for(state="attached")
    with running_app(port=urlsplit(app.url).port):
        page.locator(STATE.format("CONNECTED")).wait_for(state="attached", timeout=60_000)
        page.locator(RUNNING).wait_for(state="attached", timeout=60_000)  # for seconds: it loads torch
        wait_until_still(page)
        runs_end_at(page, 60)
        steps(page, 50)  # a part of the page: a server that has not drawn it would not answer
        runs_end_at(page, 50)
        page.context.close()


def steps(page: Page, count: int) -> None:
    box = page.get_by_role("textbox", name="Steps")
    box.fill(str(count))
    box.press("Enter")
    wait_until_still(page)


def runs_end_at(page: Page, count: int) -> None:
    page.wait_for_function(f"{END} === {count}", timeout=30_000)
    expect(page.get_by_role("textbox", name="Steps")).to_have_value(str(count))
    assert parse_qs(urlsplit(page.url).query)["steps"] == [str(count)]
