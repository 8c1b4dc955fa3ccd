"""Paths, stars and starts are where plotly's own axes put them, on every domain and every screen.

The oracle is a scatter trace of plotly's with the same points; what is drawn is read from the calls that draw
it. The player is that of an exported page, which is given one scene after another, and that of the app. So it
is with the plotly.js that is installed, and with the oldest and the newest of the range.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from plotly.offline import get_plotlyjs_version

import optviz as ov
from builders import competitor
from optviz.player import captions
from optviz.player.scene import Shown, scene, steps_of
from optviz.spec.view import PLAIN
from plotly_versions import FETCHED, plotly_js

NEAR = 0.5
"""CSS pixels."""
PLAYER = "document.querySelector('.optviz-player').player"
SETTLED = """async () => {
    for (let k = 0; k < 6; k++) await new Promise(requestAnimationFrame);
}"""
SHOW = """async ({ data, blobs }) => {
    const { default: mount } = await import('optviz/player.js');
    const parentElement = document.querySelector('.optviz-player').parentElement;
    const setTriggerValue = (name, edit) => { globalThis.sent = edit; };
    const bytes = blob => Uint8Array.from(atob(blob), one => one.charCodeAt(0));
    for (const blob of blobs) mount({ data: bytes(blob), parentElement, setTriggerValue });
    mount({ data, parentElement, setTriggerValue });
    const frames = () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    await frames();
    while (!PLAYER.panels[0].contour.frame()) await frames();
    PLAYER.clock.seek(PLAYER.clock.end - 1); // a step before the end, heads are circles
    await frames();
}""".replace("PLAYER", PLAYER)
ZOOM = """async ([x, y, share]) => {
    const { contour } = PLAYER.panels[0];
    const [width, height] = contour.ranges().map(([low, high]) => share * (high - low));
    contour.follow([[x - 0.4 * width, x + 0.6 * width], [y - 0.3 * height, y + 0.7 * height]]);
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}""".replace("PLAYER", PLAYER)
# Draws once more, with every call of `hooks` told of first.
WATCH = """for (const [name, hook] of Object.entries(hooks)) {
        context[name] = (...given) => {
            hook(...given);
            CanvasRenderingContext2D.prototype[name].apply(context, given);
        };
    }
    player.redraw();
    for (const name of Object.keys(hooks)) delete context[name];"""
# For each kind of thing that is drawn inside the plot, how far it is from where plotly draws the same point:
# the farthest, in CSS pixels, and how many there are.
APART = """async () => {
    const player = PLAYER;
    const { contour: { plot: { plotly }, element }, paths, start, scene } = player.panels[0];
    const { canvas, frame } = paths;
    const context = canvas.context;
    const drawn = { path: [], head: [], star: [], start: [] };
    let corners = [];
    let circles = [];
    const colors = scene.runs.map(run => run.color);
    const bounds = canvas.element.getBoundingClientRect();
    const onScreen = (x, y) => {
        const at = context.getTransform().transformPoint({ x, y });
        return [
            bounds.left + (at.x * bounds.width) / canvas.element.width,
            bounds.top + (at.y * bounds.height) / canvas.element.height,
        ];
    };
    const mean = points =>
        [0, 1].map(axis => points.reduce((sum, one) => sum + one[axis], 0) / points.length);
    const hooks = {
        beginPath: () => { corners = []; circles = []; },
        moveTo: (x, y) => corners.push(onScreen(x, y)),
        lineTo: (x, y) => corners.push(onScreen(x, y)),
        arc: (x, y, radius) => circles.push([...onScreen(x, y), radius]),
        stroke: () => colors.includes(context.strokeStyle) && drawn.path.push(...corners),
        fill: () => {
            if (context.fillStyle === '#ffd23f') drawn.star.push(mean(corners));
            if (colors.includes(context.fillStyle) && circles.length === 1 && circles[0][2] > 4)
                drawn.head.push(circles[0]);
        },
    };
    WATCH
    const middle = one => {
        const box = one.getBoundingClientRect();
        return [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    };
    if (!start.handle.hidden) drawn.start.push(middle(start.handle));
    const points = {
        path: scene.runs.flatMap(run => Array.from(run.x, (x, k) => [x, run.y[k]])),
        head: scene.runs.map(run => [run.x[run.n - 1], run.y[run.n - 1]]),
        star: scene.data.surface.minimizers,
        start: [scene.data.start],
    };
    const all = Object.entries(points).flatMap(([kind, listed]) => listed.map(point => [kind, ...point]));
    await plotly.addTraces(element, {
        type: 'scatter', mode: 'markers', cliponaxis: false, marker: { size: 8, line: { width: 0 } },
        x: all.map(one => one[1]), y: all.map(one => one[2]),
    });
    const oracle = [...element.querySelectorAll('.scatterlayer .point')];
    const markers = oracle.map(one => [one.__data__.i, middle(one)]);
    await plotly.deleteTraces(element, -1);
    const plot = element.getBoundingClientRect();
    const [left, top, right, bottom] = frame.box.map((edge, k) => edge + (k % 2 ? plot.top : plot.left));
    const inside = ([x, y]) => x > left + 1 && x < right - 1 && y > top + 1 && y < bottom - 1;
    return Object.fromEntries(Object.entries(drawn).map(([kind, places]) => {
        const there = markers.filter(([i]) => all[i][0] === kind).map(([, at]) => at);
        const nearest = place => Math.min(...there.map(([x, y]) => Math.hypot(x - place[0], y - place[1])));
        const shown = places.filter(inside);
        return [kind, { count: shown.length, apart: Math.max(0, ...shown.map(nearest)) }];
    }));
}""".replace("WATCH", WATCH).replace("PLAYER", PLAYER)


def bowl(width: float, off: float, dtype: str, shape: float = 1.0) -> ov.Experiment:
    """A bowl on a domain so wide whose lower left corner is so far from 0; `shape` is height by width."""
    height = shape * width
    x, y = off + 0.6 * width, -off + 0.55 * height
    expression = f"((x - ({x!r}))/{width!r})**2 + 2*((y - ({y!r}))/{height!r})**2"
    params = {"expression": expression, "x_range": (off, off + width), "y_range": (-off, -off + height)}
    start = (off + 0.13 * width, -off + 0.9 * height)
    run = competitor("SGD", {"lr": 0.15 * min(width, height) ** 2})
    return ov.Experiment(ov.SurfaceSpec("Formula", params), start, 12, (run,), dtype=dtype)


def classic(name: str, **params: Any) -> ov.Experiment:
    spec = ov.SurfaceSpec(name, params)
    runs = tuple(competitor("Adam", {"lr": lr}) for lr in (0.1, 1.0))
    return ov.Experiment(spec, ov.surface(spec).start, 40, runs)


BOWLS = [
    *((width, off, "float64") for width in (1e-6, 1e-3, 1.0, 35.0, 2e4, 1e9) for off in (0.0, 1.0, 1990.0)),
    *((width, off, "float64") for width in (0.02, 1.0, 1e5, 1e9) for off in (1e6, 1e9)),
    *((width, off, "float32") for width in (1e-6, 1.0, 2e5, 1e9) for off in (0.0,)),
    *((35.0, 1990.0, "float32"), (1e5, 1e6, "float32"), (1e7, 1e9, "float32")),
]
KNOWN = [classic(name) for name in ("Eggholder", "Schwefel", "Himmelblau", "Rosenbrock", "Linear fit")]
TABLE = {
    **{f"{width:g} wide, {off:g} off, {dtype}": bowl(width, off, dtype) for width, off, dtype in BOWLS},
    **{f"{shape:g} times as high": bowl(100.0, 0.0, "float32", shape) for shape in (0.01, 0.4, 40.0)},
    **{one.surface.name: one for one in KNOWN},
}


def sent(exp: ov.Experiment, view: ov.View = PLAIN) -> dict[str, Any]:
    """A scene as the page sends it, on a coarse grid."""
    paths = ov.project(exp, ov.run(exp, "cpu"))
    ground = paths[0].plane or exp.surface
    grid = ov.sample(ground, 24)  # few contours are drawn quickly
    competitors = [
        Shown(path, steps_of(exp, path, ov.stability(exp, path)) if view.marks else None) for path in paths
    ]
    shown = scene(exp, competitors, grid, view)
    summaries = [path.summary(ov.surface(exp.surface).minimizers, 0.1) for path in paths]
    table = captions.table(exp, summaries, [path.outcome.detail for path in paths])
    more = {"table": table, "plotly": get_plotlyjs_version(), "opening": 0}
    return {
        "data": {**shown.data, **captions.words(exp), **more},
        "blobs": [base64.b64encode(blob).decode() for blob in shown.blobs],
    }


@pytest.fixture(scope="module")
def scenes() -> dict[str, dict[str, Any]]:
    return {name: sent(exp) for name, exp in TABLE.items()}


SCREENS = [(2, "installed"), (3, "installed"), *((1, kind) for kind in FETCHED)]


@pytest.fixture(
    scope="module",
    params=[(1, "installed"), *(pytest.param(screen, marks=pytest.mark.long) for screen in SCREENS)],
    ids="device scale {0[0]}, {0[1]} plotly.js".format,
)
def exported(browser: Browser, request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Page]:
    """An exported page on a screen with so many pixels for one of CSS, drawn by one plotly.js or another."""
    scale, kind = request.param
    file: Path = tmp_path_factory.mktemp("places") / "page.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("optviz.player.page.get_plotlyjs", lambda: plotly_js(kind))
        file.write_text(ov.to_html(classic("Himmelblau")), encoding="utf-8")
    size: Any = {"width": 1301, "height": 900}
    page = browser.new_context(viewport=size, device_scale_factor=scale).new_page()
    page.goto(file.as_uri())
    page.wait_for_selector(".optviz-contour .main-svg")
    yield page
    page.context.close()


def check(page: Page, name: str, kinds: tuple[str, ...]) -> None:
    found = page.evaluate(APART)
    for kind in kinds:
        assert found[kind]["count"], f"{name}: no {kind} is drawn in the picture"
    for kind, one in found.items():
        assert one["apart"] <= NEAR, f"{name}: {kind} is {one['apart']:.2f} pixels off"


SOME = [name for place, name in enumerate(TABLE) if place % 7 == 0]


def test_so_it_is_in_a_window_of_another_size_and_in_full_screen(
    exported: Page, scenes: dict[str, Any]
) -> None:
    for name in SOME:
        exported.set_viewport_size({"width": 1301, "height": 900})
        exported.evaluate(SHOW, scenes[name])
        exported.set_viewport_size({"width": 612, "height": 777})
        exported.evaluate(SETTLED)
        check(exported, f"{name}, in a narrow window", ("path", "start"))
    exported.set_viewport_size({"width": 1301, "height": 900})
    exported.get_by_role("button", name="Full screen").click()
    exported.wait_for_function("document.fullscreenElement !== null")
    exported.evaluate(SETTLED)
    for name in SOME:
        check(exported, "in full screen", ("path", "start"))
        exported.evaluate(SHOW, scenes[name])
        check(exported, f"{name}, in full screen", ("path", "start"))
    exported.evaluate("document.exitFullscreen()")
    exported.wait_for_function("document.fullscreenElement === null")


def test_a_click_and_a_drag_move_the_start_to_where_they_are(exported: Page, scenes: dict[str, Any]) -> None:
    for name in SOME:
        exported.evaluate(SHOW, scenes[name])
        box = exported.locator(".optviz-contour .nsewdrag").bounding_box()
        assert box is not None
        for across, up in ((0.31, 0.27), (0.72, 0.63)):
            place = (round(box["x"] + across * box["width"]), round(box["y"] + up * box["height"]))
            exported.mouse.click(*place)
            apart = np.subtract(middle(exported), place)
            assert np.abs(apart).max() <= NEAR, f"{name}: a click is {apart} pixels off"
        exported.wait_for_function("globalThis.sent?.start !== undefined")
        exported.mouse.move(*place)
        exported.mouse.down()
        exported.mouse.move(place[0] - 40, place[1] + 9, steps=3)
        exported.mouse.move(place[0] - 77, place[1] + 31)
        exported.mouse.up()
        apart = np.subtract(middle(exported), (place[0] - 77, place[1] + 31))
        assert np.abs(apart).max() <= NEAR, f"{name}: a drag is {apart} pixels off"
        # What is sent is where the marker stands: a run from there begins there.
        exported.wait_for_function(
            f"String(globalThis.sent.start) === String({PLAYER}.panels[0].start.point)"
        )
        again = sent(replace(TABLE[name], start=tuple(exported.evaluate("globalThis.sent.start"))))
        exported.evaluate(SHOW, again)
        check(exported, f"{name}, from another start", ("path", "start"))


MARKS = """() => {
    const player = PLAYER;
    const { paths } = player.panels[0];
    const { frame, canvas: { context } } = paths;
    const found = { axes: [], tips: [] };
    const color = player.scene.data.theme.marks.gradient;
    let corners = [];
    const hooks = {
        beginPath: () => { corners = []; },
        moveTo: (x, y) => corners.push([x, y]),
        transform: (...given) => found.axes.push(given.slice(0, 4)),
        fill: () => context.fillStyle === color && found.tips.push(corners[0]),
    };
    WATCH
    const [path] = paths.screenPaths;
    const step = player.clock.position;
    const { dx, dy } = frame;
    return {
        ellipse: found.axes.map(([ax, ay, bx, by]) => [[ax / dx, ay / dy], [bx / dx, by / dy]]),
        arrows: found.tips.map(([x, y]) => [(x - path.x[step]) / dx, (y - path.y[step]) / dy]),
        equal: Math.abs(dx / dy),
    };
}""".replace("WATCH", WATCH).replace("PLAYER", PLAYER)


@pytest.mark.parametrize("units", ["auto", "equal"])
def test_arrows_and_the_ellipse_go_by_both_axes(exported: Page, units: str) -> None:
    """An arrow leads to p + c·v in units of x and y; the ellipse is a line of equal rise of the Hessian."""
    hessian = np.array([[2e-4, 5e-3], [5e-3, 2.0]])
    params = {
        "expression": "(x/100)**2 + y**2 + 0.5*x/100*y",
        "x_range": (-100.0, 100.0),
        "y_range": (-1.0, 1.0),
    }
    run = competitor("SGD", {"lr": 0.1})
    exp = ov.Experiment(ov.SurfaceSpec("Formula", params), (-40.0, 0.3), 10, (run,), dtype="float64")
    view = ov.View(units=units, marks=("gradient", "curvature"))
    exported.evaluate(SHOW, sent(exp, view))
    exported.evaluate(f"{PLAYER}.clock.seek(2)")
    exported.evaluate(SETTLED)
    (path,) = ov.run(exp, "cpu")
    found = exported.evaluate(MARKS)
    assert (found["equal"] == pytest.approx(1, rel=1e-3)) == (units == "equal")
    assert found["arrows"] and found["ellipse"]
    for tip in found["arrows"]:
        slope = path.gradients[2]
        assert np.array(tip) / np.linalg.norm(tip) == pytest.approx(slope / np.linalg.norm(slope), abs=1e-6)
    for one, other in np.array(found["ellipse"]):
        if units == "auto":  # with equal units it is too slender to be drawn to scale
            assert one @ hessian @ one == pytest.approx(other @ hessian @ other, rel=1e-6)
        assert abs(one @ hessian @ other) < 1e-6 * (one @ hessian @ one)
    words = exported.locator(".optviz-left > .optviz-hint:not(.optviz-scales)")
    assert ("different scales" in words.inner_text()) == (units == "auto")


def middle(page: Page) -> tuple[float, float]:
    """Where the start stands."""
    box = page.locator(".optviz-start").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_what_is_drawn_is_where_plotly_draws_it(exported: Page, scenes: dict[str, Any]) -> None:
    for name in TABLE if exported.evaluate("devicePixelRatio") == 1 else SOME:
        exp = TABLE[name]
        exported.evaluate(SHOW, scenes[name])
        check(exported, name, ("path", "start") if name in ov.SURFACES else ("path", "head", "star", "start"))
        exported.evaluate(ZOOM, [*exp.start, 1 / 30])
        check(exported, f"{name}, zoomed", ("start",))
