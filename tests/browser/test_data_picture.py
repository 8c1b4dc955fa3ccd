"""Data and models beside the picture, in a real browser: what is drawn is what torch predicts."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

import optviz as ov
from builders import competitor, experiment, formula_spec
from scripts.live_app import follow, wait_until_still

PLAYER = "document.querySelector('.optviz-player').player"
READY = ".optviz-contour .main-svg"
LOOK = ov.View(beside="data")


RUNS = (competitor("SGD", {"lr": 0.02, "momentum": 0.5}), competitor("Adam", {"lr": 0.1}))


def race(name, params, start, batch_size=None):
    surface = ov.SurfaceSpec(name, params)
    return experiment(surface, *RUNS, start=start, steps=40, batch_size=batch_size, seed=3)


MODELS = [
    ("Linear fit", {"data": "noise", "standardize": True}, (0.0, 0.0)),
    ("Least squares", {}, (-0.6, 0.8)),
    ("Logistic regression", {}, (-1.5, 2.5)),
    ("Tanh unit", {}, (1.3, -0.9)),
    ("Two-layer linear", {}, (2.2, -1.6)),
    ("MLP classifier", {"hidden": (5,)}, (0.0, 0.0)),
]


def test_the_browser_predicts_what_torch_predicts(page):
    page.wait_for_selector(READY)
    for name, params, start in MODELS:
        exp = race(name, params, start, batch_size=3)
        follow(page, exp.to_url(LOOK))
        check_predictions(page, exp)


def check_predictions(page, exp):
    data = ov.surface(exp.surface).data
    for index, run in enumerate(ov.run(exp, "cpu")):
        for step in (0, 7, 40):
            found = page.evaluate(
                f"""([index, step]) => {{
                    const {{ data, scene, clock }} = {PLAYER};
                    clock.seek(step);
                    return data.inputs.map(input => data.predict(scene.runs[index], step, input));
                }}""",
                [index, step],
            )
            np.testing.assert_allclose(found, data.predict(run.theta[step]), rtol=1e-6, atol=1e-7)
    rows = page.locator(".optviz-examples tbody tr")
    assert rows.count() == len(data)
    inked = page.evaluate(
        f"(({{ canvas }}) => new Uint32Array(canvas.context.getImageData(0, 0, canvas.element.width,"
        f" canvas.element.height).data.buffer).some(pixel => pixel !== 0))({PLAYER}.data)"
    )
    assert inked


def test_each_steps_minibatch_is_ringed_and_the_epoch_said(visit):
    exp = race("Linear fit", {"data": "noise"}, (0.0, 0.0), batch_size=8)
    page = visit(exp.to_url(LOOK), width=390, height=844, scheme="dark")
    page.wait_for_selector(READY)
    wait_until_still(page)
    data = ov.surface(exp.surface).data
    order = data.order(8, 3, 40)
    for step, first, count in ((0, 0, 8), (2, 16, 4), (3, 20, 8), (14, 96, 4)):
        ringed = page.evaluate(f"step => [...{PLAYER}.data.batch(step)].sort((a, b) => a - b)", step)
        assert ringed == sorted(order[first : first + count].tolist())
        page.evaluate(f"step => {PLAYER}.clock.seek(step)", step)
        expect(page.locator(".optviz-transport output")).to_contain_text(f"epoch {step // 3 + 1}")
        expect(page.locator(".optviz-examples .optviz-lit")).to_have_count(count)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_prediction_beyond_the_data_is_said_and_another_surface_has_none(visit):
    exp = race("Linear fit", {}, (0.0, 0.0))
    page = visit(exp.to_url(LOOK))
    page.wait_for_selector(READY)
    wait_until_still(page)
    sgd, adam = ov.run(exp, "cpu")
    data = ov.surface(exp.surface).data
    at_5 = [float(data.predict(run.points[-1], [[5.0]])[0]) for run in (sgd, adam)]
    said = page.locator(".optviz-data p").inner_text()
    assert said.startswith("Predicted at x = 5: SGD ")
    numbers = [float(part.split()[-1].rstrip(".")) for part in said.split(": ")[1].split(". ")[0].split(", ")]
    assert numbers == pytest.approx(at_5, rel=1e-3)
    page.evaluate("history.replaceState(null, '', '?')")
    page.goto(
        page.url.split("?")[0] + ov.Experiment(ov.SurfaceSpec("Booth"), (0.0, 0.0), 10, exp.runs).to_url(LOOK)
    )
    page.wait_for_selector(READY)
    wait_until_still(page)
    expect(page.get_by_role("radio", name="Data")).to_have_count(0)
    expect(page.locator(".optviz-chart")).to_have_count(2)


def test_what_is_undefined_is_said(visit):
    spec = formula_spec("log(x) + y**2")
    page = visit(experiment(spec, *RUNS, start=(1.0, 1.0), steps=10).to_url())
    page.wait_for_selector(READY)
    wait_until_still(page)
    share = float(np.mean(~np.isfinite(ov.sample(spec).z)))
    assert 0.3 < share < 0.7
    expect(page.locator(".optviz-marks")).to_contain_text(f"blank: no finite loss ({round(100 * share)} %)")


def test_a_network_is_seen_on_its_plane_and_starts_where_it_starts(visit):
    exp = race("MLP classifier", {"hidden": (5,)}, (0.0, 0.0))
    page = visit(exp.to_url(ov.View(beside="step")), scheme="dark")
    page.wait_for_selector(READY)
    wait_until_still(page)
    sgd, adam = ov.run(exp, "cpu")
    for place, trajectory in enumerate((sgd, adam)):
        run = f"{PLAYER}.scene.runs[{place}]"
        sent = page.evaluate(f"[[...{run}.x], {run}.weights.off(40)]")
        np.testing.assert_allclose(sent[0], trajectory.points[:, 0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(sent[1], trajectory.off_plane[40], rtol=1e-5)
    share = round(100 * sgd.plane.shares[0])
    expect(page.locator(".optviz-marks")).to_contain_text(f"the plane's directions explain {share} %")
    expect(page.locator(".optviz-name").first.locator("..")).to_contain_text("off the plane")
    expect(page.locator(".optviz-start")).to_be_disabled()
    expect(page.get_by_text("the two that moved most")).to_be_visible()
    first, second = ov.seen_through(exp, sgd).names
    expect(page.locator(".optviz-step")).to_contain_text(first)
    expect(page.locator(".optviz-step")).to_contain_text(second)
    page.mouse.click(400, 400)
    wait_until_still(page)
    assert ov.Experiment.from_url(page.url) == exp


def test_a_networks_arrows_ghosts_and_stability_are_drawn(visit):
    runs = (competitor("SGD", {"lr": 0.2, "momentum": 0.9}),)
    exp = ov.Experiment(ov.SurfaceSpec("MLP classifier"), (0.0, 0.0), 30, runs)
    marks = ("gradient", "momentum", "step", "curvature")
    page = visit(exp.to_url(ov.View(beside="step", marks=marks, convention="average")))
    page.wait_for_selector(READY)
    wait_until_still(page)
    (sgd,) = ov.project(exp, ov.run(exp, "cpu"))
    page.evaluate(f"{PLAYER}.clock.seek(9)")
    wait_until_still(page)
    arrows = {one["name"]: one["vector"] for one in page.evaluate(f"{PLAYER}.panels[0].paths.arrows")}
    np.testing.assert_allclose(arrows["step"], sgd.points[10] - sgd.points[9], rtol=1e-3, atol=1e-5)
    buffer = np.dot(arrows["momentum"], arrows["step"])
    assert buffer < 0, "a step of SGD goes against its momentum buffer"
    expect(page.get_by_role("button", name="parts")).to_have_count(0)
    ghost = page.evaluate(f"[...{PLAYER}.scene.runs[0].ghost.x]")
    expected = ov.run_reference(exp, 0, "average", "cpu").seen_on(sgd.plane)[:, 0]
    np.testing.assert_allclose(ghost, expected, rtol=1e-4, atol=1e-5)
    page.get_by_role("radio", name="Stability").check()
    page.wait_for_function(f"{PLAYER}.scene.runs[0].stability?.curvature.length === 31")
    found = page.evaluate(f"[...{PLAYER}.scene.runs[0].stability.curvature]")
    np.testing.assert_allclose(found, ov.stability(exp, sgd).curvature, rtol=1e-5)
