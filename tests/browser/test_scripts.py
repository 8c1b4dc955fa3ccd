"""The page's scripts by themselves, served as files: what they need of plotly, what they do to each other.

With the plotly.js that is installed, and with the oldest and the newest of the range.
"""

from __future__ import annotations

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from plotly.offline import get_plotlyjs_version

import optviz as ov
from builders import competitor
from optviz.figures.catalogue import FIGURES
from optviz.figures.theme import THEMES
from optviz.maps.catalogue import MAPS, pictures, requests
from optviz.player import captions
from optviz.player.scene import Shown, scene
from plotly_versions import KINDS, plotly_js

ROOT = Path(ov.__file__).parent
PAGE = """<!doctype html><link rel="stylesheet" href="optviz.player/player.css">
<link rel="stylesheet" href="optviz.web/components.css"><style>.holder { width: 700px; }</style>"""
CHART = {
    "figure": {"data": [{"type": "heatmap", "z": [[1, 2], [3, 4]]}], "layout": {"height": 300}},
    "dark": [],
    "cells": {"x": [0, 1], "y": [0, 1], "axes": ["a", "b"]},
    "title": "Four cells",
    "plotly": get_plotlyjs_version(),
}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture(scope="module", params=KINDS)
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the scripts are served, each folder under the name that others import it by, and a plotly.js."""
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "index.html").write_text(PAGE, encoding="utf-8")
    (folder / "optviz.player").symlink_to(ROOT / "player" / "static")
    (folder / "optviz.web").symlink_to(ROOT / "web" / "static")
    (folder / "optviz.plotly").mkdir()
    source = plotly_js(request.param).encode()
    (folder / "optviz.plotly" / "plotly.js.gz").write_bytes(gzip.compress(source, 1))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    yield page
    page.context.close()
    assert not errors


# -- what is plotly's -------------------------------------------------------------------------------------

FIGURE = """async () => {
    const { Plot } = await import("/optviz.player/plot.js");
    const element = document.body.appendChild(document.createElement("div"));
    const plot = new Plot(element);
    await plot.ready("");
    const marks = { x: [0, 2, 8], y: [1, 20, 1000], mode: "markers", cliponaxis: false };
    const before = plot.axes;
    await plot.react([marks], {
        width: 500, height: 400, dragmode: "zoom",
        xaxis: { range: [0, 8] }, yaxis: { type: "log", range: [0, 3] },
    }, {});
    const moves = [];
    plot.onMoved(led => moves.push(led));
    Object.assign(globalThis, { plot, moves });
    return before;
}"""


@pytest.fixture
def figure(page: Page) -> Page:
    """A page with a figure of three marks, in `plot`: the first and the last are in corners of it."""
    assert page.evaluate(FIGURE) is None
    return page


def test_axes_are_where_plotly_draws_them(figure: Page) -> None:
    """The oracle is where it draws the marks. One axis is linear, the other one has a log scale."""
    (x, y), marks, after = figure.evaluate("""async () => {
        const { data: [{ x, y }] } = plot.element;
        const { left, top } = plot.element.getBoundingClientRect();
        const marks = [...document.querySelectorAll(".scatterlayer .point")].map(mark => {
            const box = mark.getBoundingClientRect();
            return [(box.left + box.right) / 2 - left, (box.top + box.bottom) / 2 - top];
        });
        const told = [x, y].map((values, k) => ({ ...plot.axes[k], places: values.map(plot.axes[k].pixel) }));
        await plot.purge();
        return [told, marks, plot.axes];
    }""")
    assert (x["range"], y["range"], after) == ([0, 8], [0, 3], None)
    ends = [[x["start"], y["start"] + y["length"]], [x["start"] + x["length"], y["start"]]]
    assert [marks[0], marks[-1]] == [pytest.approx(end, abs=0.1) for end in ends]
    for axis, k in ((x, 0), (y, 1)):
        places = [axis["start"] + place for place in axis["places"]]
        assert places == pytest.approx([mark[k] for mark in marks], abs=0.1)


def test_axes_are_told_while_somebody_drags_them(figure: Page) -> None:
    """Also when they are only relaid, or drawn anew, which nobody did by hand."""
    axis = figure.locator(".ewdrag").bounding_box()
    assert axis is not None
    middle = axis["x"] + axis["width"] / 2, axis["y"] + 5
    figure.mouse.move(*middle)
    figure.mouse.down()
    figure.mouse.move(middle[0] + 50, middle[1], steps=2)
    moves, (low, high) = figure.evaluate("[moves.splice(0), plot.axes[0].range]")
    assert {*moves} == {True} and low < 0 and high == pytest.approx(low + 8)
    figure.mouse.up()
    assert True in figure.evaluate("moves.splice(0)")
    assert figure.evaluate("plot.relayout({ 'xaxis.range': [1, 2] }).then(() => moves.splice(0))") == [
        False,
        True,
    ]
    figure.evaluate("plot.react(plot.element.data, { ...plot.element.layout, width: 400 }, {})")
    figure.wait_for_function("moves.length > 0")
    assert figure.evaluate("[moves, plot.axes[0].range]") == [[False], [1, 2]]


def test_the_pointer_over_cells_says_that_they_can_be_chosen(figure: Page) -> None:
    """`.nsewdrag` is what the pointer is over."""
    over = "getComputedStyle(plot.element.querySelector('.nsewdrag')).cursor"
    assert figure.evaluate(over) != "pointer"
    figure.evaluate("plot.element.classList.add('optviz-choosable')")
    assert figure.evaluate(over) == "pointer"
    box = figure.evaluate("plot.element.querySelector('.nsewdrag').getBoundingClientRect().toJSON()")
    axes = figure.evaluate("plot.axes")
    assert [box["width"], box["height"]] == [axis["length"] for axis in axes]


def test_plotly_is_read_as_utf_8(page: Page) -> None:
    """Whatever the page is written in: 7.0 has a regular expression that is an error where it is not."""
    assert page.evaluate("document.characterSet") != "UTF-8"
    body = gzip.compress("globalThis.Plotly = { letter: 'é' };".encode())
    page.route("**/plotly.js.gz*", lambda route: route.fulfill(body=body))
    load = "import('/optviz.player/plotly.js').then(({ loadPlotly }) => loadPlotly(''))"
    assert page.evaluate(load) == {"letter": "é"}


def test_every_figure_is_drawn(figure: Page) -> None:
    """Those of runs and of maps. That this plotly knows all that they say is for its Python to check."""
    scheduler = ov.SchedulerSpec("StepLR", {"step_size": 2})
    two = tuple(competitor("SGD", {"lr": lr}, scheduler=scheduler) for lr in (0.01, 0.02))
    exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 2.0), 5, two)
    paths = ov.run(exp, "cpu")
    figures = [info.draw(exp, paths) for info in FIGURES.values()]
    for spec in map(ov.MapSpec, MAPS):
        results = [request(device="cpu") for request in requests(spec, exp, 0, 0.1)]
        figures += [picture.figure for picture in pictures(spec, results, THEMES["light"])]
    draw = """({ data, layout }) => plot.react(data, layout, {})
        .then(() => plot.element.querySelectorAll(".trace, .heatmaplayer image, canvas").length)"""
    assert all(figure.evaluate(draw, json.loads(drawn.to_json())) for drawn in figures)


# -- what is closed ----------------------------------------------------------------------------------------

OPEN_AND_CLOSE = """async ([script, data]) => {
    const { default: mount } = await import(script);
    const parentElement = document.body.appendChild(document.createElement("div"));
    const close = mount({ data, parentElement, setTriggerValue: () => {} });
    while (data.figure && !parentElement.querySelector(".main-svg"))
        await new Promise(requestAnimationFrame);
    const { holder } = parentElement.querySelector(".optviz-plot")?.chart ?? {};
    parentElement.remove();  // Streamlit's order
    close();
    const left = parentElement.childElementCount;
    const patience = performance.now() + 20000;
    while (holder?._fullLayout && performance.now() < patience) await new Promise(requestAnimationFrame);
    return [left, holder?._fullLayout === undefined];
}"""
LESSON = {
    "lesson": "Valleys",
    "place": 0,
    "pages": [{"name": "a", "title": "A"}],
    "whole": "v",
    "after": None,
}


def listeners(page: Page) -> int:
    """How many of them the document and the window have."""
    session = page.context.new_cdp_session(page)
    count = 0
    for name in ("document", "window"):
        target = session.send("Runtime.evaluate", {"expression": name})["result"]["objectId"]
        count += len(session.send("DOMDebugger.getEventListeners", {"objectId": target})["listeners"])
    session.detach()
    return count


@pytest.mark.parametrize(
    ("script", "data"), [("chart", CHART), ("reader", LESSON), ("share", {"link": "?surface=Booth"})]
)
def test_what_is_closed_leaves_nothing_behind(page: Page, script: str, data: Any) -> None:
    given = [f"/optviz.web/{script}.js", data]
    assert page.evaluate(OPEN_AND_CLOSE, given) == [0, True]
    before = listeners(page)
    for _ in range(10):
        page.evaluate(OPEN_AND_CLOSE, given)
    assert listeners(page) == before
    assert page.evaluate("document.querySelectorAll('.js-plotly-plot').length") == 0


CLOSE_WHILE = """async ([data, action, frames]) => {
    const { default: mount } = await import("/optviz.web/chart.js");
    const parentElement = document.body.appendChild(document.createElement("div"));
    const close = mount({ data, parentElement, setTriggerValue: () => {} });
    const { chart } = parentElement.querySelector(".optviz-plot");
    const drawn = async () => {
        while (!parentElement.querySelector(".main-svg")) await new Promise(requestAnimationFrame);
    };
    const actions = {
        loading: () => {},
        drawing: drawn,
        turning: () => drawn().then(() => void chart.draw()),
        marking: () => drawn().then(() => {
            for (const key of ["ArrowLeft", "ArrowUp", "ArrowRight"])
                chart.holder.dispatchEvent(new KeyboardEvent("keydown", { key }));
        }),
        resizing: () => drawn().then(() => void (chart.holder.style.width = "300px")),
        zooming: () => drawn().then(() => void Plotly.relayout(chart.holder, { "xaxis.range": [0, 1] })),
        dragging: () => drawn().then(() => {
            const plot = chart.holder.querySelector(".nsewdrag");
            const { left, top } = plot.getBoundingClientRect();
            for (const [type, off] of Object.entries({ mousedown: 90, mousemove: 190, mouseup: 190 })) {
                const place = { clientX: left + off, clientY: top + off };
                const where = type === "mousedown" ? plot : document.querySelector(".dragcover");
                where.dispatchEvent(new MouseEvent(type, { ...place, bubbles: true, buttons: 1 }));
            }
            if (chart.plot.axes[0].range[0] < -0.4) throw new Error("Nothing was dragged.");
        }),
    };
    await actions[action]();
    for (let frame = 0; frame < frames; frame += 1) await new Promise(requestAnimationFrame);
    parentElement.remove();
    close();
    await new Promise(done => setTimeout(done, 300));
    return [chart.holder._fullLayout === undefined, chart.holder.childElementCount];
}"""


def test_a_chart_can_be_closed_while_plotly_draws(page: Page) -> None:
    """In whatever it does, and a while later: `page` meets no error."""
    for action in ("loading", "drawing", "turning", "marking", "resizing", "zooming", "dragging"):
        for frames in (0, 2):
            closed = page.evaluate(CLOSE_WHILE, [CHART, action, frames])
            assert closed == [True, 0], (action, frames)


# -- two players -------------------------------------------------------------------------------------------

MOUNT = """async ({ name, data, blobs, style }) => {
    const { default: mount } = await import("/optviz.player/player.js");
    globalThis.holders ??= {};
    globalThis.closes ??= {};
    holders[name] ??= document.body.appendChild(document.createElement("div"));
    const parentElement = holders[name];
    parentElement.className = "holder";
    const setTriggerValue = () => {};
    const bytes = blob => Uint8Array.from(atob(blob), one => one.charCodeAt(0));
    for (const blob of blobs) mount({ data: bytes(blob), parentElement: document.body, setTriggerValue });
    closes[name] = mount({ data, parentElement, setTriggerValue });
    const { player } = parentElement.querySelector(".optviz-player");
    Object.assign(player.root.style, style);
    const frames = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    const patience = performance.now() + 20000;
    while (player.shown !== data || !player.panels[0]?.contour.frame()) {
        if (performance.now() > patience) throw new Error("The scene is not shown.");
        await frames();
    }
}"""
PLAYERS = "(name => holders[name].querySelector('.optviz-player').player)"


def sent(surface: str, *lrs: float, player: str) -> dict[str, Any]:
    runs = tuple(competitor("SGD", {"lr": lr}) for lr in lrs)
    spec = ov.SurfaceSpec(surface)
    exp = ov.Experiment(spec, ov.surface(spec).start, 20, runs)
    paths = ov.run(exp, "cpu")
    shown = scene(exp, [Shown(path) for path in paths], ov.sample(exp.surface, 24))
    summaries = [path.summary(ov.surface(spec).minimizers, 0.1) for path in paths]
    table = captions.table(exp, summaries, [path.outcome.detail for path in paths])
    more = {"table": table, "plotly": get_plotlyjs_version(), "opening": 0}
    return {
        "name": player,
        "data": {**shown.data, **captions.words(exp), **more, "player": player},
        "blobs": [base64.b64encode(blob).decode() for blob in shown.blobs],
        "style": {},
    }


@pytest.fixture
def two(page: Page) -> Page:
    """A page with two players, the left one in larger type."""
    page.evaluate(MOUNT, sent("Booth", 0.01, player="left") | {"style": {"fontSize": "24px"}})
    page.evaluate(MOUNT, sent("Himmelblau", 0.001, 0.01, player="right"))
    return page


def test_the_contours_say_only_what_this_plotly_knows(page: Page) -> None:
    page.evaluate(MOUNT, sent("Booth", 0.01, player="only"))
    page.evaluate(f"globalThis.drawn = {PLAYERS}('only').panels[0].contour.element")
    assert page.evaluate("Plotly.validate(drawn.data, drawn.layout)") is None


def test_the_contours_follow_the_size_of_the_window(page: Page) -> None:
    page.evaluate(MOUNT, sent("Booth", 0.01, player="only"))
    for width in (500, 650):
        page.evaluate("width => { holders.only.style.width = `${width}px`; }", width)
        page.wait_for_function(
            f"""width => {{
            const {{ contour: {{ element }}, paths }} = {PLAYERS}('only').panels[0];
            const parts = [element.querySelector('.main-svg'), element, paths.canvas.element];
            const [drawn, ...others] = parts.map(part => part.getBoundingClientRect().width);
            return drawn <= width && others.every(other => other === drawn);
        }}""",
            arg=width,
        )


def test_a_player_can_be_closed_while_plotly_draws(page: Page) -> None:
    """The first one while plotly.js is loaded, the others while it is drawn or zoomed."""
    close = """async ([name, action, frames]) => {
        const { contour } = holders[name].querySelector(".optviz-player").player.panels[0];
        if (action === "zooming") for (const factor of [0.5, 0.5, 2]) contour.zoom(factor);
        for (let frame = 0; frame < frames; frame += 1) await new Promise(requestAnimationFrame);
        holders[name].remove();
        closes[name]();
        await new Promise(done => setTimeout(done, 300));
        return [contour.element._fullLayout === undefined, contour.element.childElementCount];
    }"""
    unseen = MOUNT.partition("const frames")[0] + "}"  # that does not wait for the picture
    for action, mount in (("drawing", unseen), ("zooming", MOUNT)):
        for frames in (0, 1):
            page.evaluate(mount, sent("Booth", 0.01, player=f"{action} {frames}"))
            closed = page.evaluate(close, [f"{action} {frames}", action, frames])
            assert closed == [True, 0], (action, frames)


def test_each_of_two_players_has_its_own_type(two: Page) -> None:
    widths = f"""name => {{
        const player = {PLAYERS}(name);
        player.show();
        const {{ context }} = player.panels[0].paths.canvas;
        const widths = [];
        context.stroke = function () {{ widths.push(this.lineWidth); }};
        {PLAYERS}(name === "left" ? "right" : "left").show();
        player.redraw();
        delete context.stroke;
        return [Math.max(...widths), player.curves[0].pale.context.font];
    }}"""
    (left, left_font), (right, right_font) = two.evaluate(widths, "left"), two.evaluate(widths, "right")
    assert left == pytest.approx(1.5 * right)
    assert left_font != right_font


def test_a_player_keeps_what_it_was_sent_while_another_one_is_shown(two: Page) -> None:
    again = sent("Booth", 0.02, player="left")
    assert sent("Booth", 0.01, player="left")["blobs"][0] == again["blobs"][0]
    two.evaluate(MOUNT, again | {"blobs": again["blobs"][1:]})  # the surface is there already
    assert two.evaluate(f"{PLAYERS}('left').scene.runs[0].lr[1]") == pytest.approx(0.02)


def test_a_player_goes_on_where_it_was_and_not_where_another_one_was(two: Page) -> None:
    two.evaluate(f"{PLAYERS}('left').transport.seek(7)")
    two.evaluate("holders.left.remove(); closes.left(); delete holders.left")
    two.evaluate(MOUNT, sent("Booth", 0.01, player="third"))
    assert two.evaluate(f"{PLAYERS}('third').clock.position") == 20
    two.evaluate(MOUNT, sent("Booth", 0.01, player="left"))
    assert two.evaluate(f"{PLAYERS}('left').clock.position") == 7


def test_what_is_done_in_one_player_is_not_done_in_the_other(two: Page) -> None:
    holders = two.locator(".holder")
    holders.nth(0).get_by_role("radio", name="linear").check()
    holders.nth(1).get_by_role("radio", name="log", exact=True).check()
    for name, scale in (("left", "linear"), ("right", "log")):
        assert two.evaluate(f"{PLAYERS}('{name}').scene.data.view.scale") == scale
        chosen = f"{PLAYERS}('{name}').views.querySelector('[name*=scale]:checked').value"
        assert two.evaluate(chosen) == scale
    for place, name in enumerate(("left", "right")):
        two.evaluate(f"name => {PLAYERS}(name).transport.seek(5)", name)
        holders.nth(place).locator(".optviz-results").evaluate("one => { one.tabIndex = 0; one.focus(); }")
        two.keyboard.press("ArrowRight")
        assert two.evaluate(f"{PLAYERS}('{name}').clock.position") == 6
        two.evaluate(f"name => {PLAYERS}(name).transport.seek(5)", name)
    assert two.evaluate(f"['left', 'right'].map(name => {PLAYERS}(name).clock.position)") == [5, 5]
