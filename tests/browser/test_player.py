"""The player in a real browser: the playhead, the start, and what a rerun must not disturb."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import optviz as ov
from builders import competitor
from optviz.figures.theme import LIGHT
from scripts.live_app import follow, wait_until_still

READY = ".optviz-contour .main-svg"
PLAYER = "document.querySelector('.optviz-player').player"
# Where each head is drawn, in units of x and y, and the colour of the canvas there.
HEADS = f"""() => {{
    const {{ clock, hovered, panels: [{{ paths }}] }} = {PLAYER};
    const {{ frame, canvas, screenPaths }} = paths;
    return Object.fromEntries(screenPaths.map(path => {{
        const step = Math.min(hovered ?? clock.position, path.run.n);
        const [px, py] = [path.x[step], path.y[step]];
        const at = [px, py].map(place => Math.round(place * canvas.density));
        const [r, g, b] = canvas.context.getImageData(...at, 1, 1).data;
        const color = '#' + [r, g, b].map(one => one.toString(16).padStart(2, '0')).join('');
        return [path.run.name, {{
            x: frame.x0 + (px - frame.box[0]) / frame.dx, y: frame.y0 + (py - frame.box[3]) / frame.dy,
            color, wanted: path.run.color,
        }}];
    }}));
}}"""
APART = ov.Experiment(  # paths that do not hide each other
    ov.SurfaceSpec("Booth"),
    (-6.0, 5.0),
    80,
    (
        competitor("SGD", {"lr": 0.02}),
        competitor("Adam", {"lr": 0.1}),
    ),
)


def opened(visit: Any, exp: ov.Experiment = APART) -> Page:
    """The page that shows this: `visit`'s, or, where it matters how it is loaded, `open_page`'s."""
    page: Page = visit(exp.to_url())
    page.wait_for_selector(READY)
    wait_until_still(page)
    return page


def position(page: Page) -> float:
    return float(page.evaluate(f"{PLAYER}.clock.position"))


def label(page: Page) -> str:
    return page.locator(".optviz-transport output").inner_text()


def plot(page: Page) -> dict[str, float]:
    box = page.locator(".optviz-contour .nsewdrag").bounding_box()
    assert box is not None
    return dict(box)


def heads_are_at(page: Page, exp: ov.Experiment, step: int) -> None:
    """Each head is where torch was, and has its colour there (at the start they all lie together)."""
    heads = page.evaluate(HEADS)
    for trajectory in ov.run(exp, "cpu"):
        head = heads[trajectory.name]
        expected = trajectory.points[min(step, trajectory.steps)]
        assert [head["x"], head["y"]] == pytest.approx(expected.tolist(), abs=1e-5), trajectory.name
        assert head["color"] == head["wanted"] or step < 5, trajectory.name


def test_play_pause_scrub_and_keys(visit):
    page = opened(visit)
    assert label(page) == "step 80 / 80"
    heads_are_at(page, APART, 80)

    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(700)
    first = position(page)
    page.wait_for_timeout(700)
    assert 0 < first < position(page) < 80
    page.get_by_role("button", name="Pause").click()
    held = position(page)
    page.wait_for_timeout(400)
    assert position(page) == held == int(held)
    heads_are_at(page, APART, int(held))

    scrubber = page.get_by_role("slider", name="Playhead")
    for step in (0, 1, 37, 79):
        scrubber.evaluate(
            "(input, step) => { input.value = step; input.dispatchEvent(new Event('input')); }", step
        )
        assert label(page) == f"step {step} / 80"
        heads_are_at(page, APART, step)

    page.get_by_role("heading", level=1).click()  # no control has the keyboard
    for key, expected in {
        "Home": 0,
        "ArrowRight": 1,
        "ArrowLeft": 0,
        "End": 80,
    }.items():
        page.keyboard.press(key)
        assert position(page) == expected, key
    page.keyboard.press("]")
    page.keyboard.press("]")
    expect(page.get_by_label("Speed")).to_have_value("4")
    page.keyboard.press("[")
    expect(page.get_by_label("Speed")).to_have_value("2")
    page.keyboard.press(" ")
    page.wait_for_timeout(300)
    assert 0 < position(page) < 80
    page.keyboard.press(" ")
    held = position(page)
    page.get_by_role("textbox", name="Steps").focus()  # there the keys are the field's own
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert position(page) == held


def test_it_plays_again_and_again_only_where_that_is_wanted(visit):
    page = opened(visit)
    page.get_by_label("Speed").select_option("16")
    page.get_by_role("button", name="Play", exact=True).click()
    page.get_by_role("button", name="Play", exact=True).wait_for()  # at the end it stands
    assert position(page) == 80
    page.get_by_role("button", name="Play again and again").click()
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(2500)
    expect(page.get_by_role("button", name="Pause")).to_be_visible()


def test_a_click_a_drag_and_the_keyboard_move_the_start(visit):
    page = opened(visit)
    box = plot(page)

    def start() -> tuple[float, float]:
        wait_until_still(page)
        exp = ov.Experiment.from_url(page.url)
        heads_are_at(page, exp, 80)
        field = page.get_by_role("textbox", name="Start x").input_value()
        assert float(field) == exp.start[0]
        return exp.start

    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    assert start() == pytest.approx((5.0, 5.0), abs=0.1)

    handle = page.locator(".optviz-start")
    place = handle.bounding_box()
    page.mouse.move(place["x"] + 16, place["y"] + 16)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.8 * box["height"], steps=8)
    there = handle.bounding_box()
    assert there["x"] + 16 == pytest.approx(box["x"] + 0.3 * box["width"], abs=2)  # before it is let go
    page.mouse.up()
    dragged = start()
    assert dragged == pytest.approx((-4.0, -6.0), abs=0.1)

    place = handle.bounding_box()
    page.mouse.move(place["x"] + 16, place["y"] + 16)
    page.mouse.down()
    page.mouse.move(place["x"] + 60, place["y"] + 16, steps=3)
    page.mouse.move(place["x"] + 16, place["y"] + 16, steps=3)
    page.mouse.up()
    assert (
        start() == dragged and page.evaluate(f"{PLAYER}.panels[0].start.moved") is False
    )  # nothing to wait for

    handle.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert start()[0] > dragged[0] and start()[1] == dragged[1]
    page.go_back()
    page.wait_for_timeout(500)
    assert start() == dragged


def test_a_rerun_keeps_the_playhead_the_zoom_and_the_playing(visit):
    page = opened(visit)
    box = plot(page)
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"], steps=5)
    page.mouse.up()
    wait_until_still(page)
    ranges = f"{PLAYER}.panels[0].contour.ranges()"
    zoomed = page.evaluate(ranges)
    assert zoomed[0][1] - zoomed[0][0] == pytest.approx(10, abs=0.5)
    assert ov.Experiment.from_url(page.url) == APART  # a drag is no click
    page.keyboard.press("Home")
    for _ in range(20):
        page.keyboard.press("ArrowRight")

    rate = page.get_by_role("textbox", name="lr", exact=True).first
    rate.fill("0.03")
    rate.press("Enter")
    wait_until_still(page)
    changed = ov.Experiment.from_url(page.url)
    assert changed.runs[0].optimizer.params["lr"] == 0.03
    assert position(page) == 20 and page.evaluate(ranges) == zoomed
    heads = page.evaluate(HEADS)
    for trajectory in ov.run(changed, "cpu"):
        assert [heads[trajectory.name][axis] for axis in "xy"] == pytest.approx(
            trajectory.points[20].tolist(), abs=1e-5
        )

    page.get_by_label("Speed").select_option("0.25")
    page.get_by_role("button", name="Play", exact=True).click()
    rate.fill("0.04")
    rate.press("Enter")
    page.wait_for_function(f"Math.abs({PLAYER}.scene.runs[0].lr[1] - 0.04) < 1e-6")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    before = position(page)
    page.wait_for_timeout(400)
    assert 20 < before < position(page)

    page.get_by_role("button", name="The whole surface").click()
    assert np.ravel(page.evaluate(ranges)).tolist() == pytest.approx([-10, 10, -10, 10], abs=0.1)


def over(page: Page, curve: int, share: float) -> tuple[float, float]:
    """A place of the screen that lies over a curve, at a share of its width."""
    box = page.locator(".optviz-curve").nth(curve).bounding_box()
    assert box is not None
    left, _, right, _ = page.evaluate(f"{PLAYER}.curves[{curve}].box")
    return box["x"] + left + (right - left) * share, box["y"] + box["height"] / 2


@pytest.mark.parametrize("beside", ["curves", "stability"])
def test_a_pointer_over_a_curve_previews_and_a_click_pins(visit, beside):
    page = visit(APART.to_url(ov.View(beside=beside)))
    page.wait_for_selector(READY)
    page.wait_for_function(f"{PLAYER}.curves.length >= 2")
    scrubber = page.get_by_role("slider", name="Playhead")
    sgd, adam = ov.run(APART, "cpu")
    for curve in range(page.locator(".optviz-curve").count()):
        page.mouse.move(*over(page, curve, 0.25))
        assert label(page) == "step 20 / 80"
        heads_are_at(page, APART, 20)
        shown = page.locator(".optviz-numbers").all_inner_texts()
        assert [float(text.split()[1].replace("−", "-")) for text in shown] == pytest.approx(
            [sgd.losses[20], adam.losses[20]], rel=1e-3
        )
        assert position(page) == 80 and float(scrubber.input_value()) == 80  # the playhead stays
        page.mouse.move(0, 0)
        assert label(page) == "step 80 / 80"
        heads_are_at(page, APART, 80)
    page.mouse.click(*over(page, 1, 0.5))
    page.mouse.move(*over(page, 1, 0.75))
    assert label(page) == "step 60 / 80" and position(page) == 40
    page.keyboard.press("ArrowRight")  # the playhead is what a key moves, and is seen to move
    assert label(page) == "step 41 / 80" and position(page) == 41
    page.mouse.move(*over(page, 1, 0.25))
    page.mouse.down()
    page.mouse.move(*over(page, 1, 0.3))
    page.mouse.up()
    page.mouse.move(0, 0)
    assert label(page) == "step 24 / 80" and position(page) == 24


def test_a_pointer_over_a_curve_stops_nothing_that_plays(visit):
    page = opened(visit)
    page.get_by_label("Speed").select_option("0.25")
    page.get_by_role("button", name="Play", exact=True).click()
    page.mouse.move(*over(page, 0, 0.9))
    page.mouse.move(*over(page, 0, 0.8))
    before = position(page)
    page.wait_for_function(f"{PLAYER}.clock.position > {before}")
    assert page.evaluate(f"{PLAYER}.clock.playing") and position(page) < 60
    page.mouse.down()
    assert position(page) == 64 and not page.evaluate(f"{PLAYER}.clock.playing")
    page.mouse.up()


def test_a_finger_on_a_curve_pins_and_scrubs(visit):
    page = opened(visit)
    touch = """(canvas, [type, x, y, buttons]) => canvas.dispatchEvent(new PointerEvent(type, {
        pointerType: "touch", isPrimary: true, clientX: x, clientY: y, buttons, bubbles: true,
    }))"""
    canvas = page.locator(".optviz-curve").first
    for type, share, buttons, expected in (
        ("pointerdown", 0.25, 1, 20),
        ("pointermove", 0.5, 1, 40),
        ("pointerup", 0.5, 0, 40),
        ("pointerleave", 0.5, 0, 40),
    ):
        canvas.evaluate(touch, [type, *over(page, 0, share), buttons])
        assert position(page) == expected and label(page) == f"step {expected} / 80", type


def test_on_the_whole_screen_a_space_always_plays(visit):
    page = opened(visit)
    page.get_by_label("Speed").select_option("0.25")
    page.evaluate(f"document.querySelector('.optviz-play').focus(); {PLAYER}.clock.seek(0)")
    controls = page.locator(".optviz-transport :is(button, input, select):enabled")
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement !== null")
    page.keyboard.press("Space")
    assert page.evaluate(f"[{PLAYER}.clock.playing, document.fullscreenElement !== null]") == [True, True]
    page.keyboard.press("Space")
    assert not page.evaluate(f"{PLAYER}.clock.playing")
    looks = [".optviz-views input", ".optviz-run", ".optviz-results button"]
    others = [page.locator(look).nth(place) for look in looks for place in range(2)]
    before = page.evaluate(f"JSON.stringify({PLAYER}.scene.data.view)")
    for control in [*(controls.nth(place) for place in range(controls.count())), *others]:
        control.focus()
        page.keyboard.press("Space")
        seen = page.evaluate(f"[{PLAYER}.clock.playing, document.fullscreenElement !== null]")
        assert seen == [True, True], control
        page.keyboard.press("Space")
        assert not page.evaluate(f"{PLAYER}.clock.playing"), control
    assert page.evaluate(f"JSON.stringify({PLAYER}.scene.data.view)") == before
    page.get_by_role("button", name="One step back").click()
    page.get_by_role("button", name="To the start").focus()
    page.keyboard.press("Enter")  # presses the button, for those who came to it by Tab
    assert position(page) == 0
    page.get_by_role("button", name="Full screen").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.fullscreenElement === null")
    page.get_by_role("button", name="To the end").focus()
    page.keyboard.press("Space")  # outside of it, a space presses what has the focus
    assert position(page) == 80


def test_on_the_whole_screen_a_space_plays_after_a_click_on_any_button(visit):
    page = opened(visit)
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement !== null")
    buttons = page.locator(".optviz-transport button:enabled")
    for place in range(buttons.count() - 1):  # the last one leaves
        buttons.nth(place).click()
        page.evaluate(f"{PLAYER}.clock.pause(); {PLAYER}.clock.seek(3)")
        page.keyboard.press("Space")
        playing = page.evaluate(f"[{PLAYER}.clock.playing, document.fullscreenElement !== null]")
        assert playing == [True, True], place
        buttons.nth(place).click() if buttons.nth(place).get_attribute("aria-pressed") == "true" else None
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")


def test_against_evaluations_every_run_is_where_it_was_then(visit):
    runs = (
        competitor("SGD", {"lr": 0.02}),
        competitor("LBFGS", {"lr": 0.1, "max_iter": 4}),
    )
    exp = ov.Experiment(APART.surface, APART.start, 40, runs)
    page = opened(visit, exp)
    page.get_by_role("radio", name="evals").check()
    page.wait_for_url(re.compile("against=evals"))
    wait_until_still(page)
    sgd, lbfgs = ov.run(exp, "cpu")
    assert position(page) == lbfgs.evals[-1] > sgd.evals[-1]
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("Home")
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    steps = [
        int(one)
        for one in page.locator(".optviz-numbers").evaluate_all("all => all.map(one => one.dataset.step)")
    ]
    assert steps == [np.searchsorted(run.evals, 12, "right") - 1 for run in (sgd, lbfgs)]


def test_what_leaves_the_picture_is_said(visit):
    runs = (
        competitor("SGD", {"lr": 0.3}),
        competitor("Adam", {"lr": 0.5}),
    )
    exp = ov.Experiment(APART.surface, APART.start, 60, runs)
    diverged = ov.run(exp, "cpu")[0]
    assert diverged.outcome.kind == "diverged"
    page = opened(visit, exp)
    texts = f"""(() => {{
        const {{ paths }} = {PLAYER}.panels[0];
        const said = [];
        const {{ fillText }} = paths.canvas.context;
        paths.canvas.context.fillText = (text, ...rest) => {{ said.push(text); }};
        {PLAYER}.redraw();
        paths.canvas.context.fillText = fillText;
        return said;
    }})()"""
    assert page.evaluate(texts) == [f"diverged at step {diverged.outcome.step}"]
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate(texts) == []  # not yet
    # Out of sight: an arrow on the edge, in its colour.
    edge = page.evaluate(f"""(() => {{
        const {{ clock, panels: [{{ paths }}] }} = {PLAYER};
        const path = paths.screenPaths[0];
        const [x, y] = [path.x[clock.position], path.y[clock.position]];
        const [left, top, right, bottom] = paths.frame.box;
        const seen = x >= left && x <= right && y >= top && y <= bottom;
        const [px, py] = paths.where(path, clock.position).spot;
        const {{ context, density }} = paths.canvas;
        const pixel = context.getImageData(px * density, py * density, 1, 1).data;
        const inside = px > left && px < right && py > top && py < bottom;
        return {{ seen, inside, pixel: [...pixel].slice(0, 3) }};
    }})()""")
    color = [int(LIGHT.paths[0][k : k + 2], 16) for k in (1, 3, 5)]
    assert edge == {"seen": False, "inside": True, "pixel": color}


def test_what_was_asked_of_another_experiment_is_not_asked_of_this_one(visit):
    """A look is sent a moment after it was chosen; by then the address may be another's."""
    page, other = opened(visit), replace(APART, surface=ov.SurfaceSpec("Himmelblau"), start=(0.5, 0.5))
    gone = f"""address => {{
        {PLAYER}.look({{ focus: 1 }});
        history.pushState(null, "", address);
        dispatchEvent(new PopStateEvent("popstate"));
        return {PLAYER}.focused().name;
    }}"""
    assert page.evaluate(gone, other.to_url()) == "Adam"
    page.wait_for_function(f"{PLAYER}.scene.data.surface.name === 'Himmelblau'")
    page.wait_for_timeout(500)  # whatever was still held back has come
    wait_until_still(page)
    assert ov.Experiment.from_url(page.url) == other and "focus" not in page.url
    assert page.evaluate(f"{PLAYER}.focused().name") == "SGD"


def test_two_tabs_do_not_disturb_each_other(visit, open_page):
    one, other = opened(visit), opened(open_page)
    one.bring_to_front()
    one.keyboard.press("Home")
    box = plot(one)
    one.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    wait_until_still(one)
    assert position(one) == 0 and position(other) == 80
    assert ov.Experiment.from_url(other.url) == APART != ov.Experiment.from_url(one.url)
    heads_are_at(other, APART, 80)


@pytest.fixture(scope="module")
def phone(browser, app):
    """The page on a telephone, whose screen is sharp, and whose owner wants less motion."""
    how = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "reduced_motion": "reduce"}
    context = browser.new_context(has_touch=True, is_mobile=True, **how)
    page = context.new_page()
    page.goto(f"{app.url}/{APART.to_url()}")
    page.wait_for_selector(READY)
    wait_until_still(page)
    yield page
    context.close()


def test_less_motion_where_that_is_wanted_and_sharp_on_any_screen(phone):
    follow(phone, APART.to_url())
    canvas = f"{PLAYER}.panels[0].paths.canvas"
    assert phone.evaluate(f"{canvas}.element.width / {canvas}.width") == 2
    heads_are_at(phone, APART, 80)
    phone.evaluate(f"""(() => {{
        window.shown = new Set();
        const {{ clock }} = {PLAYER};
        const show = clock.show;
        clock.show = () => {{ window.shown.add(clock.position); show(); }};
    }})()""")
    phone.get_by_role("button", name="Play", exact=True).click()
    phone.wait_for_timeout(2200)
    assert 3 <= phone.evaluate("window.shown.size") <= 6


def test_a_finger_moves_the_start_and_scrolls_the_page(phone):
    follow(phone, APART.to_url())
    phone.locator(".optviz-contour").scroll_into_view_if_needed()
    box = plot(phone)
    phone.touchscreen.tap(box["x"] + 0.75 * box["width"], box["y"] + 0.25 * box["height"])
    wait_until_still(phone)
    assert ov.Experiment.from_url(phone.url).start == pytest.approx((5.0, 5.0), abs=0.3)


def test_the_table_sorts_by_any_column(visit):
    runs = tuple(competitor(name, {"lr": lr}) for name, lr in {"SGD": 1.0, "Adam": 0.1, "LBFGS": 0.5}.items())
    exp = ov.Experiment(APART.surface, APART.start, 40, runs)
    page = opened(visit, exp)
    table = page.locator(".optviz-results")

    def order() -> list[str]:
        return table.locator("tbody th").all_inner_texts()

    rows = {trajectory.name: trajectory.final_loss for trajectory in ov.run(exp, "cpu")}
    heading = table.get_by_role("button", name="Final loss")
    assert order() == list(rows)
    heading.click()
    assert order() == sorted(rows, key=rows.__getitem__)
    expect(table.locator("th[data-column=final_loss]")).to_have_attribute("aria-sort", "ascending")
    heading.press("Enter")
    assert order() == sorted(rows, key=rows.__getitem__, reverse=True)
    heading.click()
    assert order() == list(rows)
    for words in (trajectory.outcome.detail for trajectory in ov.run(exp, "cpu")):
        expect(table.get_by_text(words)).to_be_visible()


def test_plotly_comes_once_per_browser(visit):
    page = opened(visit)
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    kept: list[bool] = []
    session.on(
        "Network.responseReceived",
        lambda event: (
            kept.append(event["response"]["fromDiskCache"])
            if "plotly.js.gz" in event["response"]["url"]
            else None
        ),
    )
    page.reload()
    page.wait_for_selector(READY)
    wait_until_still(page)
    assert kept and kept[-1]


def test_a_message_that_the_next_overtakes_leaves_the_player_on_the_whole_screen(visit):
    """Streamlit then ends what the first one began, while all of it is still there."""
    page = opened(visit)
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement !== null")
    stays, whole = page.evaluate(f"""async () => {{
        const player = {PLAYER}, parent = player.root.parentElement;
        const style = parent.querySelector("link[href$='player.css']").href;
        const {{ default: mount }} = await import(style.replace(/css$/, "js"));
        const data = {{ ...player.wanted }};
        const leave = mount({{ data, parentElement: parent, setTriggerValue: () => {{}} }});
        leave();
        await new Promise(done => setTimeout(done, 100));
        return [{PLAYER} === player, document.fullscreenElement === player.root];
    }}""")
    assert (stays, whole) == (True, True)
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")


def test_a_player_that_has_left_the_page_listens_no_more(visit):
    page = opened(visit)
    player = page.evaluate_handle(PLAYER)
    page.get_by_text("Optimizers", exact=True).click()
    page.wait_for_function("player => player.ends.signal.aborted && !player.root.isConnected", arg=player)
