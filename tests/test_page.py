"""The page in real Streamlit, without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import optviz as ov

APP = str(Path(__file__).parent.parent / "app.py")


@pytest.fixture(scope="module")
def app() -> AppTest:
    """One session for the whole file: each test puts back what it changes."""
    opened = AppTest.from_file(APP, default_timeout=60).run()
    assert not opened.exception
    return opened


def charts(app: AppTest) -> list[dict]:
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def paths(app: AppTest) -> dict[str, dict]:
    return {
        trace["name"]: trace
        for trace in charts(app)[0]["data"]
        if trace.get("customdata") and trace["type"] == "scatter"
    }


def decoded(values: object) -> np.ndarray:
    """Plotly sends arrays as base64."""
    if isinstance(values, dict):
        import base64

        array = np.frombuffer(base64.b64decode(values["bdata"]), dtype=values["dtype"])
        return array.reshape([int(n) for n in values["shape"].split(",")]) if "shape" in values else array
    return np.asarray(values, dtype=float)


def calm(app: AppTest) -> None:
    """No traceback and no complaint anywhere."""
    assert not app.exception
    assert not app.error, [error.value for error in app.error]


def test_it_opens_on_sgd_and_adam_and_their_points_are_torchs(app: AppTest) -> None:
    calm(app)
    runs = (
        ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 1e-3, "momentum": 0.9})),
        ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.1})),
    )
    exp = ov.Experiment(ov.SurfaceSpec("Rosenbrock"), (-1.2, 1.0), 300, runs)
    shown = paths(app)
    assert shown.keys() == {"SGD", "Adam"}
    for trajectory in ov.run(exp):
        trace = shown[trajectory.name]
        np.testing.assert_array_equal(decoded(trace["x"]), trajectory.points[:, 0])
        np.testing.assert_array_equal(decoded(trace["y"]), trajectory.points[:, 1])
    words = " ".join(item.value for item in app.main.markdown) + " ".join(
        item.value for item in app.main.caption
    )
    assert "Out of steps at step 300" in words and "final loss" in words


@pytest.mark.parametrize("surface", ov.SURFACES)
def test_every_surface(app: AppTest, surface: str) -> None:
    app.selectbox(key="surface").select(surface).run()
    calm(app)
    assert app.main.markdown[0].value == f"#### {surface}"
    assert app.main.latex[0].value
    assert len(paths(app)) == 2
    for chart in charts(app):
        assert chart["data"]
    start = next(trace for trace in charts(app)[0]["data"] if trace.get("name") == "start")
    assert (decoded(start["x"])[0], decoded(start["y"])[0]) == ov.SURFACES[surface].start
    app.selectbox(key="surface").select("Rosenbrock").run()


@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_every_optimizer_with_every_hyperparameter(app: AppTest, optimizer: str) -> None:
    app.selectbox(key="A.optimizer").select(optimizer).run()
    calm(app)
    assert any(shown.startswith(optimizer) for shown in paths(app))
    keys = {
        widget.key
        for kind in ("number_input", "checkbox", "selectbox", "text_input")
        for widget in app.get(kind)
    }
    for param in ov.OPTIMIZERS[optimizer].params:
        assert any(str(key).startswith(f"A.{optimizer}.") and f".{param}" in str(key) for key in keys), param
    app.selectbox(key="A.optimizer").select("SGD").run()


def test_an_edit_moves_the_path_and_coming_back_finds_it(app: AppTest) -> None:
    lr = "A.SGD.Rosenbrock.lr"
    before = decoded(paths(app)["SGD"]["x"])
    app.number_input(key=lr).set_value(5e-4).run()
    after = decoded(paths(app)["SGD"]["x"])
    assert (before[1:] != after[1:]).any()
    app.selectbox(key="surface").select("Himmelblau").run()
    app.selectbox(key="surface").select("Rosenbrock").run()
    assert app.number_input(key=lr).value == 5e-4
    np.testing.assert_array_equal(decoded(paths(app)["SGD"]["x"]), after)
    app.number_input(key=lr).set_value(1e-3).run()


def test_torchs_complaint_is_shown_and_the_other_one_runs(app: AppTest) -> None:
    app.number_input(key="A.SGD.Rosenbrock.momentum").set_value(0.0).run()
    app.checkbox(key="A.SGD.nesterov").check().run()
    assert not app.exception
    assert [error.value for error in app.error] == [
        "Nesterov momentum requires a momentum and zero dampening"
    ]
    assert paths(app).keys() == {"Adam"}
    assert "SGD** did not run" in app.main.warning[0].value
    app.checkbox(key="A.SGD.nesterov").uncheck().run()
    app.number_input(key="A.SGD.Rosenbrock.momentum").set_value(0.9).run()
    calm(app)


def test_divergence_is_said(app: AppTest) -> None:
    app.number_input(key="A.SGD.Rosenbrock.lr").set_value(1.0).run()
    calm(app)
    assert any("Diverged" in item.value for item in app.main.markdown)
    app.number_input(key="A.SGD.Rosenbrock.lr").set_value(1e-3).run()


def test_surface_parameters_and_start_reach_the_picture(app: AppTest) -> None:
    app.number_input(key="Rosenbrock.b").set_value(10.0).run()
    app.number_input(key="Rosenbrock.start.x").set_value(0.5).run()
    app.number_input(key="steps").set_value(20).run()
    calm(app)
    x = decoded(paths(app)["Adam"]["x"])
    assert len(x) == 21 and x[0] == 0.5
    app.number_input(key="Rosenbrock.b").set_value(100.0).run()
    app.number_input(key="Rosenbrock.start.x").set_value(-1.2).run()
    app.number_input(key="steps").set_value(300).run()


def test_what_is_suggested_is_said_to_be(app: AppTest) -> None:
    app.selectbox(key="surface").select("Beale").run()
    calm(app)
    words = " ".join(item.value for item in app.sidebar.caption)
    assert "Suggested for Beale: lr" in words and "torch's default: 0.001" in words
    assert app.number_input(key="A.SGD.momentum").value == 0.0  # the opening picture's stays with it
    app.selectbox(key="surface").select("Rosenbrock").run()
    assert app.number_input(key="A.SGD.Rosenbrock.momentum").value == 0.9


def test_the_same_optimizer_twice_has_two_names(app: AppTest) -> None:
    app.selectbox(key="B.optimizer").select("SGD").run()
    calm(app)
    assert paths(app).keys() == {"SGD A", "SGD B"}
    app.selectbox(key="B.optimizer").select("Adam").run()
