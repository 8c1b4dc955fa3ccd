"""Inside the step, in a real browser: what is shown is what torch did."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

import optviz as ov
from builders import competitor
from optviz.engine.rates import used_lrs
from optviz.rules.derivations import RULES
from scripts.live_app import wait_until_still

PLAYER = "document.querySelector('.optviz-player').player"
READY = ".optviz-contour .main-svg, .optviz-relief canvas"
FOUR = ov.Experiment(
    ov.SurfaceSpec("Booth"),
    (-6.0, 5.0),
    40,
    (
        competitor("SGD", {"lr": 0.02, "momentum": 0.9}),
        competitor("Adam", {"lr": 0.5, "weight_decay": 0.1}, frozen=("x",)),
        competitor("NAdam", {"lr": 0.5}, scheduler=ov.SchedulerSpec("OneCycleLR"), reset_every=7),
        competitor("LBFGS", {"lr": 0.3, "max_iter": 2}),
    ),
    noise=0.5,
    dtype="float64",
)


def opened(visit: Any, exp: ov.Experiment = FOUR, look: ov.View | None = None, **window: Any) -> Page:
    """The page that shows this: `visit`'s, or, where it matters how it is loaded, `open_page`'s."""
    page: Page = visit(exp.to_url(look), **window)
    page.wait_for_selector(READY)
    wait_until_still(page)
    return page


def seek(page: Page, step: float) -> None:
    page.evaluate(f"step => {{ {PLAYER}.clock.stop(); {PLAYER}.clock.seek(step); }}", step)


def table(page: Page) -> dict[str, list[float]]:
    """The numbers of the inspector, by the names of its rows."""
    rows = page.locator(".optviz-step tbody tr").evaluate_all(
        "rows => rows.map(row => [row.dataset.name, [...row.cells].slice(1).map(cell => cell.textContent)])"
    )
    parts = {name: [part for text in texts for part in re.split(r"[,→]| and ", text)] for name, texts in rows}
    return {name: [number(part) for part in found] for name, found in parts.items() if name != "not recorded"}


def number(text: str) -> float:
    return float(text.strip().replace("−", "-").replace("∞", "inf"))


def test_the_inspectors_numbers_are_the_trajectorys(visit):
    page = opened(visit, look=ov.View(beside="step"))
    for focus, run in enumerate(ov.run(FOUR, "cpu")):
        page.locator("button.optviz-run").nth(focus).click()
        for step in (0, 1, 7, 20, 39):
            seek(page, step)
            shown = table(page)
            expected = {
                "point before": run.points[step],
                "loss’s gradient": run.gradients[step],
                "gradient given": run.seen_gradients[step],
                "lr": [run.lrs[step]],
                "update": run.points[step + 1] - run.points[step],
                "point after": run.points[step + 1],
                **{name: values[step].ravel() for name, values in run.hyperparameters.items()},
            }
            for name, values in expected.items():
                close = pytest.approx(np.ravel(values), rel=2e-6, abs=1e-12, nan_ok=True)
                assert shown[name] == close, (run.name, step, name)
            for name, values in run.state.items():
                torchs = values[step].ravel()
                seen = [one for one in shown[name] if not np.isnan(one)] if run.run.frozen else shown[name]
                assert seen == pytest.approx(torchs, rel=2e-6, nan_ok=True), (run.name, step, name)
        seek(page, 40)  # at the end the last step stays
        assert table(page)["point after"] == pytest.approx(run.points[-1], rel=2e-6)
    expect(page.locator(".optviz-step")).to_contain_text("no derivation of this optimizer")


def test_a_stability_limit_is_the_optimizers_own(visit):
    """The pair that belongs together, as `ov.stability` has it, or nothing."""
    names = {"SGD": {"lr": 0.02}, "Adam": {"lr": 0.5}, "RMSprop": {}, "LBFGS": {"max_iter": 1}, "Muon": {}}
    runs = tuple(competitor(name, params) for name, params in names.items())
    exp = replace(FOUR, runs=runs, steps=12)
    page = opened(visit, exp, ov.View(beside="step", marks=("curvature",)))
    for focus, run in enumerate(ov.run(exp, "cpu")):
        page.locator("button.optviz-run").nth(focus).click()
        edge = ov.stability(exp, run)
        for step in (0, 7):
            seek(page, step)
            shown = table(page)
            limits = {name: value for name, value in shown.items() if "limit" in name or "2 / lr" in name}
            if not edge.formula:
                assert not limits
                continue
            assert list(limits) == [f"stability limit {edge.formula}"]
            assert limits.popitem()[1] == pytest.approx([edge.threshold[step]], rel=2e-6)
            about = shown[edge.sees][0]
            assert about == pytest.approx(edge.sharpness[step], rel=1e-4)


def test_a_rate_that_no_step_used_is_not_shown(visit):
    half = ov.SchedulerSpec("StepLR", {"step_size": 4, "gamma": 0.5})
    runs = tuple(competitor(name, scheduler=half) for name in ("Rprop", "ASGD", "SGD"))
    exp = replace(FOUR, runs=runs, steps=12)
    page = opened(visit, exp)
    expect(page.get_by_text("Rprop uses the learning rate in its first step only")).to_be_visible()
    sent = page.evaluate(f"{PLAYER}.scene.runs.map(run => [...run.lr])")
    for rates, run in zip(sent, ov.run(exp, "cpu"), strict=True):
        assert rates[1:] == pytest.approx(used_lrs(run).tolist(), rel=1e-6, nan_ok=True)
    page = opened(visit, exp, ov.View(beside="step"))
    row = page.locator('.optviz-step tr[data-name="lr"] td')
    seek(page, 0)
    expect(row).to_have_text("0.01")
    seek(page, 6)
    expect(row).to_have_text("not used")


def test_the_browser_derives_what_python_derives(visit):
    """Every rule, in the browser's own arithmetic, against the derivation that is tested against torch."""
    names = list(RULES)
    for some, dtype in ((names[:6], "float64"), (names[6:], "float32")):
        runs = tuple(competitor(name, {"lr": 0.05} if name != "Adadelta" else {}) for name in some)
        exp = ov.Experiment(ov.SurfaceSpec("Rosenbrock"), (-1.2, 1.0), 12, runs, noise=0.1, dtype=dtype)
        page = opened(visit, exp, ov.View(beside="step"))
        found = page.evaluate(
            f"{PLAYER}.scene.runs.map(run => [...Array(run.n).keys()].map(step => run.steps.derived(step)))"
        )
        for run, derived in zip(ov.run(exp, "cpu"), found, strict=True):
            whole = ov.derivation(run)
            for step, one in enumerate(derived):
                for key, both in one["values"].items():
                    expected = np.broadcast_to(whole.values[key][step], 2)
                    # A float32 run sends its learning rate in float32.
                    close = 1e-12 if dtype == "float64" else 1e-6
                    assert both == pytest.approx(expected, rel=close, abs=1e-300), (run.name, step, key)
                step_taken = run.points[step + 1].astype(float) - run.points[step]
                total = np.sum(list(one["parts"].values()), axis=0)
                assert total == pytest.approx(step_taken, rel=1e-9 if dtype == "float64" else 1e-3, abs=1e-6)


def test_the_lines_have_the_numbers_put_in(visit):
    page = opened(visit, look=ov.View(beside="step"))
    sgd = ov.run_one(FOUR, 0, "cpu")
    seek(page, 5)
    line = page.locator(".optviz-lines li[data-name=momentum_buffer] math")
    assert line.count() == 3  # as it is written, with its x, with its y
    for axis in (0, 1):
        text = line.nth(1 + axis).text_content().replace("\n", "").replace("−", "-")
        for value in (0.9, sgd.state["momentum_buffer"][4][axis], sgd.seen_gradients[5][axis]):
            assert f"{value:.5g}" in text
        assert text.endswith(f"{sgd.state['momentum_buffer'][5][axis]:.6g}")
    expect(page.locator(".optviz-step")).to_contain_text("torch’s own step")
    latex = page.evaluate(f"{PLAYER}.inspector.latex({PLAYER}.scene.runs[0].steps)")
    assert latex == ov.derivation(sgd).latex(5)
    assert f"{sgd.points[6][0]:.6g}" in latex and "\\mu" in latex


def test_arrows_point_where_torch_stepped(visit):
    marks = ("gradient", "given", "momentum", "step")
    page = opened(visit, look=ov.View(beside="step", marks=marks))
    sgd = ov.run_one(FOUR, 0, "cpu")
    for step in (0, 3, 12):
        seek(page, step)
        arrows = {one["name"]: one for one in page.evaluate(f"{PLAYER}.panels[0].paths.arrows")}
        expected = {
            "gradient": sgd.gradients[step],  # uphill
            "given": sgd.seen_gradients[step],
            "momentum": sgd.state["momentum_buffer"][step],
            "step": sgd.points[step + 1] - sgd.points[step],
        }
        for name, vector in expected.items():
            assert arrows[name]["vector"] == pytest.approx(vector, rel=1e-9), name
        slopes = {arrows[name]["scale"] for name in marks[:3]}
        assert len(slopes) == 1  # gradients can be compared with each other
        assert np.dot(expected["step"], expected["momentum"]) < 0
        assert arrow_is_drawn(page, "step", step), step


def arrow_is_drawn(page: Page, name: str, step: int) -> bool:
    """Whether the arrow's colour is on the canvas, halfway from the point to its tip."""
    return page.evaluate(
        f"""([name, step]) => {{
            const {{ paths }} = {PLAYER}.panels[0];
            const {{ frame, canvas: {{ context, density }}, screenPaths }} = paths;
            const {{ vector, scale, color }} = paths.arrows.find(arrow => arrow.name === name);
            const x = screenPaths[0].x[step] + 0.4 * scale * vector[0] * frame.dx;
            const y = screenPaths[0].y[step] + 0.4 * scale * vector[1] * frame.dy;
            const at = [x, y].map(place => Math.round(place * density));
            const [r, g, b] = context.getImageData(...at, 1, 1).data;
            return color === '#' + [r, g, b].map(one => one.toString(16).padStart(2, '0')).join('');
        }}""",
        [name, step],
    )


def test_a_peek_is_the_sum_of_the_step(visit):
    page = opened(visit, look=ov.View(beside="step", marks=("parts", "curvature")))
    sgd = ov.run_one(FOUR, 0, "cpu")
    seek(page, 4)
    *parts, step = page.evaluate(f"{PLAYER}.panels[0].paths.arrows")
    assert [part["name"] for part in parts] == ["gradient part", "momentum part"] and step["ends"]
    total = np.sum([part["vector"] for part in parts], axis=0)
    assert total == pytest.approx(sgd.points[5] - sgd.points[4])
    assert step["vector"] == pytest.approx(total)
    hessian = ov.hessians(FOUR.surface, sgd.points[4:5])[0]
    assert table(page)["curvature"] == pytest.approx(np.linalg.eigvalsh(hessian)[::-1], rel=1e-4)


def test_marks_and_focus_are_chosen_with_a_click_and_are_in_the_link(visit):
    page = opened(visit)
    page.get_by_role("radio", name="Step", exact=True).check()
    page.get_by_role("button", name="curvature").click()
    page.locator("button.optviz-run", has_text="NAdam").click()
    wait_until_still(page)
    assert ov.View.from_url(page.url) == ov.View(beside="step", marks=("curvature",), focus=2)
    expect(page.get_by_role("button", name="curvature")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("button.optviz-run", has_text="NAdam")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".optviz-step-name")).to_contain_text("NAdam")


def test_the_relief_loads_when_asked_for_and_keeps_its_camera(open_page):
    loaded = "performance.getEntriesByType('resource').filter(one => one.name.includes('relief.js')).length"
    page = opened(open_page)
    assert page.evaluate(loaded) == 0
    page.get_by_role("button", name="Relief").click()
    page.wait_for_selector(".optviz-relief canvas")
    wait_until_still(page)
    assert page.evaluate(loaded) == 1
    camera = f"{PLAYER}.panels[0].relief.camera"
    before = page.evaluate(camera)
    box = page.locator(".optviz-relief").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 380, box["y"] + 160, steps=4)
    page.mouse.up()
    turned = page.evaluate(camera)
    assert turned["azimuth"] != before["azimuth"] and turned["elevation"] != before["elevation"]
    rate = page.get_by_role("textbox", name="lr", exact=True).first
    rate.fill("0.03")
    rate.press("Enter")
    page.wait_for_function(f"Math.abs({PLAYER}.scene.runs[0].lr[1] - 0.03) < 1e-6")
    wait_until_still(page)
    assert page.evaluate(camera) == turned
    assert page.evaluate(
        "() => { const { data } = document.querySelector('.optviz-relief canvas').getContext('2d')"
        ".getImageData(200, 200, 100, 100); return data.some(one => one); }"
    )
    page.get_by_role("button", name="Relief").click()
    page.wait_for_selector(".optviz-contour .main-svg")


def test_side_by_side_panels_share_the_axes_and_the_playhead(visit):
    page = opened(visit, look=ov.View(panels="each"))
    assert page.evaluate(f"{PLAYER}.panels.length") == 4
    assert page.locator(".optviz-panel-name").all_inner_texts() == [run.name for run in FOUR.runs]
    ranges = f"{PLAYER}.panels.map(panel => panel.contour.ranges())"
    assert len({str(one) for one in page.evaluate(ranges)}) == 1
    page.get_by_role("button", name="Zoom in").click()
    wait_until_still(page)
    zoomed = page.evaluate(ranges)
    assert zoomed[0][0][1] - zoomed[0][0][0] == pytest.approx(12)
    for one in zoomed:
        assert np.ravel(one) == pytest.approx(np.ravel(zoomed[0]))
    seek(page, 9)
    shown = page.evaluate(
        f"{PLAYER}.panels.map(({{ paths: {{ screenPaths, frame }} }}) => screenPaths.map(path => "
        "[frame.x0 + (path.x[9] - frame.box[0]) / frame.dx, "
        "frame.y0 + (path.y[9] - frame.box[3]) / frame.dy]))"
    )
    for run, [head] in zip(ov.run(FOUR, "cpu"), shown, strict=True):
        assert head == pytest.approx(run.points[9], abs=1e-5)
    page.get_by_role("button", name="A picture for each").click()
    wait_until_still(page)
    assert page.evaluate(f"{PLAYER}.panels.length") == 1


def test_the_line_that_runs_is_lit_in_slow_motion(visit):
    page = opened(visit, look=ov.View(beside="code"))
    code = page.locator(".optviz-code pre").inner_text()
    lines = [line.text for line in ov.training_loop(FOUR, 0)]
    assert [line for line in code.split("\n") if line] == [line for line in lines if line]
    page.get_by_label("Speed").select_option("0")
    seek(page, 0)
    lit = [
        page.evaluate(
            f"""part => {{
                const {{ clock }} = {PLAYER};
                clock.playing = true; // as a frame of the animation would find it
                clock.seek(3 + part);
                const lit = document.querySelector('.optviz-lit').textContent;
                clock.pause();
                return lit;
            }}""",
            part,
        )
        for part in (0.1, 0.3, 0.6, 0.9)
    ]
    assert [line.split("(")[0].strip() for line in lit] == [
        "optimizer.zero_grad",
        "loss = booth",
        "loss.backward",
        "optimizer.step",
    ]
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_selector(".optviz-lit")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator(".optviz-lit")).to_have_count(0)


def test_full_screen_is_large(open_page):
    page = opened(open_page, width=1920, height=1080)
    size = "parseFloat(getComputedStyle(document.querySelector('.optviz-name')).fontSize)"
    before = page.evaluate(size)
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement?.className === 'optviz-player'")
    wait_until_still(page)
    assert page.evaluate(size) >= 1.3 * before
    font = page.evaluate("parseFloat(getComputedStyle(document.querySelector('.xtick text')).fontSize)")
    assert font >= 1.3 * 13
    for part in (".optviz-contour .main-svg", ".optviz-transport", ".optviz-legend"):
        box = page.locator(part).first.bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 1080 and box["x"] + box["width"] <= 1920
    page.get_by_role("heading", level=1).evaluate("() => document.activeElement.blur()")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")
    wait_until_still(page)
    assert page.evaluate(size) == before


def test_a_ghost_is_another_conventions_path_and_says_so(visit):
    page = opened(visit, look=ov.View(beside="step"))
    page.get_by_role("radio", name="Average").check()
    page.wait_for_function(f"{PLAYER}.scene.runs[0].ghost !== null")
    wait_until_still(page)
    ghost = page.evaluate(f"(({{ name, x, y }}) => [name, [...x], [...y]])({PLAYER}.scene.runs[0].ghost)")
    expected = ov.run_reference(FOUR, 0, "average", "cpu")
    assert ghost[0] == expected.title and "not torch" in expected.title
    assert pytest.approx(expected.points, rel=1e-6) == np.array(ghost[1:]).T
    expect(page.locator(".optviz-ghost")).to_have_text(expected.title)
    assert ov.View.from_url(page.url).convention == "average"


def test_quick_choices_are_all_kept(visit):
    page = opened(visit)
    wanted = {"picture": "2d", "panels": "each", "beside": "step", "focus": 2, "marks": ["step", "curvature"]}
    for name, value in wanted.items():
        page.evaluate(
            "([player, name, value]) => player.look({ [name]: value })", [player(page), name, value]
        )
    wait_until_still(page)
    page.wait_for_timeout(500)
    assert ov.View.from_url(page.url) == ov.View(
        panels="each", beside="step", focus=2, marks=("step", "curvature")
    )
    shown = page.evaluate(f"{PLAYER}.scene.data.view")
    assert {name: shown[name] for name in ("panels", "beside", "focus")} == {
        "panels": "each",
        "beside": "step",
        "focus": 2,
    }
    for _ in range(4):  # each click looks into another run: what was drawn stays, nothing is lost
        for name in ("SGD", "Adam", "NAdam"):
            page.locator("button.optviz-run", has_text=name).first.click()
    wait_until_still(page)
    assert page.evaluate("player => player === document.querySelector('.optviz-player').player", player(page))


def player(page: Page) -> Any:
    return page.evaluate_handle(PLAYER)


def test_side_by_side_keeps_the_zoom(visit):
    page = opened(visit)
    page.get_by_role("button", name="Zoom in").click()
    wait_until_still(page)
    zoomed = page.evaluate(f"{PLAYER}.panels[0].contour.ranges()")
    page.get_by_role("button", name="A picture for each").click()
    page.wait_for_function(
        f"{PLAYER}.panels.length === 4 && {PLAYER}.panels.every(one => one.contour.frame())"
    )
    wait_until_still(page)
    for ranges in page.evaluate(f"{PLAYER}.panels.map(panel => panel.contour.ranges())"):
        assert np.ravel(ranges) == pytest.approx(np.ravel(zoomed))


def test_the_inspector_does_not_outlive_its_run(visit):
    run = competitor("SGD", {"lr": 0.02, "momentum": 0.9, "nesterov": True})
    page = opened(visit, replace(FOUR, runs=(run,)), ov.View(beside="step"))
    expect(page.locator(".optviz-step table")).to_have_count(1)
    # What the server sends where torch refuses the only competitor.
    page.evaluate(f"""{{
        const {{ wanted }} = {PLAYER};
        const runs = wanted.runs.map(({{ name, slot, dash }}) => ({{ ran: false, name, slot, dash }}));
        {PLAYER}.receive({{ ...wanted, runs }});
    }}""")
    expect(page.locator(".optviz-step table")).to_have_count(0)
    rate = page.get_by_role("textbox", name="lr", exact=True).first
    rate.fill("0.03")
    rate.press("Enter")
    expect(page.locator(".optviz-lines")).to_contain_text("0.03")


def test_a_ghost_goes_with_the_playhead(visit):
    page = opened(visit, look=ov.View(convention="average"))
    drawn = f"""step => {{
        const {{ clock, panels: [{{ paths }}] }} = {PLAYER};
        const ends = [];
        const {{ line }} = paths;
        paths.line = (one, from, to, ...rest) => {{
            ends.push(to);
            line.call(paths, one, from, to, ...rest);
        }};
        clock.seek(step);
        delete paths.line;
        return Math.max(...ends);
    }}"""
    for step in (0, 7, 40):
        assert page.evaluate(drawn, step) == step


def test_stability_goes_with_the_playhead(visit):
    page = opened(visit, look=ov.View(beside="stability"))
    expect(page.get_by_text("Stability limit of SGD")).to_be_visible()
    expect(page.get_by_text("LBFGS: no stability limit is known.")).to_be_visible()
    charts = page.locator(".optviz-charts [role=img]")
    assert charts.count() == 3
    expect(charts.nth(1)).to_have_attribute("aria-label", re.compile("sharpness"))
    shares = page.evaluate(
        "document.querySelector('.optviz-player').player.scene.runs.map(run => [...run.stability.share])"
    )
    for sent, trajectory in zip(shares, ov.run(FOUR, "cpu"), strict=True):
        edge = ov.stability(FOUR, trajectory)
        np.testing.assert_allclose(sent[:-1], (edge.sharpness / edge.threshold)[:-1], rtol=1e-5)


def test_arrows_have_one_scale_for_the_run_unless_they_are_to_fit(visit):
    run = competitor("SGD", {"lr": 0.08})
    exp = ov.Experiment(ov.SurfaceSpec("Quadratic bowl"), (15.0, 8.0), 30, (run,))
    sgd = ov.run_one(exp, 0, "cpu")
    page = opened(visit, exp, ov.View(beside="step", marks=("gradient", "step")))
    arrows = f"{PLAYER}.panels[0].paths.arrows"

    def drawn(step: int) -> dict[str, tuple[float, float]]:
        """The scale of each arrow, and how long it is in the picture, in units of x and y."""
        seek(page, step)
        return {
            one["name"]: (one["scale"], one["scale"] * np.hypot(*one["vector"]))
            for one in page.evaluate(arrows)
        }

    steps = range(30)
    all_drawn = [drawn(step) for step in steps]
    for name, lengths in {
        "gradient": np.hypot(*sgd.gradients[:-1].T),
        "step": np.hypot(*np.diff(sgd.points, axis=0).T),
    }.items():
        (scale,) = {one[name][0] for one in all_drawn}  # a shorter arrow is a smaller gradient or step
        assert [one[name][1] for one in all_drawn] == pytest.approx(scale * lengths, rel=1e-3)
    # The step is lr × gradient, and looks it: their lengths have the same ratio at every step.
    ratios = [one["step"][1] / one["gradient"][1] for one in all_drawn]
    assert ratios == pytest.approx([ratios[0]] * 30, rel=1e-2)
    expect(page.locator(".optviz-scales")).to_contain_text("The same scale at every step: gradient ×")

    page.get_by_role("radio", name="fit each step").check()
    page.wait_for_url(re.compile("arrows=fit"))
    wait_until_still(page)
    fitted = [drawn(step) for step in (0, 29)]
    assert fitted[1]["step"][0] >= 100 * fitted[0]["step"][0]
    assert all(one["gradient"][1] > 2 for one in fitted)  # none is too short to be seen
    expect(page.locator(".optviz-scales")).to_contain_text("anew at each step")


def test_a_step_has_one_number(visit):
    page = opened(visit, look=ov.View(beside="step"))
    sgd = ov.run_one(FOUR, 0, "cpu")
    for step in (0, 1, 7, sgd.steps):
        seek(page, step)
        begun = min(step, sgd.steps - 1)
        expect(page.locator(".optviz-transport output")).to_have_text(f"step {step} / {sgd.steps}")
        expect(page.locator(".optviz-step-name")).to_contain_text(
            f"from step {begun} to step {begun + 1} of {sgd.steps}"
        )
        head = page.evaluate(f"(run => [run.x[{step}], run.y[{step}]])({PLAYER}.scene.runs[0])")
        assert head == pytest.approx(sgd.points[step].tolist())


@pytest.mark.parametrize("picture", ["2d", "3d"])
def test_lines_grow_with_the_type(visit, picture):
    """As they do on the full screen: of every path, in the flat picture, the relief and the curves."""
    page = opened(visit)
    if picture == "3d":
        page.get_by_role("button", name="Relief").click()
        page.wait_for_function(f"{PLAYER}.panels[0].relief?.paths.screenPaths.length")
    widths = f"""size => {{
        document.documentElement.style.fontSize = size;
        const player = {PLAYER};
        player.show();
        const [{{ paths, relief }}] = player.panels;
        const canvases = [player.curves[0].full, paths.canvas, relief?.paths.canvas];
        const found = [];
        for (const context of canvases.flatMap(canvas => canvas?.context ?? [])) {{
            const {{ stroke }} = context;
            context.stroke = function () {{
                found.push([this.lineWidth, ...this.getLineDash()]);
                stroke.call(this);
            }};
        }}
        player.placeCurves();
        for (const canvas of canvases) if (canvas) delete canvas.context.stroke;
        document.documentElement.style.fontSize = "";
        player.show();
        return found;
    }}"""
    usual, large = page.evaluate(widths, "16px"), page.evaluate(widths, "24px")
    assert len(usual) == len(large) >= 8
    for one, other in zip(usual, large, strict=True):
        assert other == pytest.approx([1.5 * part for part in one])
