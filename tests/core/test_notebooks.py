"""What notebooks show, and the notebook in examples/."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import plotly.io as pio
import pytest

import optviz as ov
from builders import competitor, experiment

EXAMPLES = Path(__file__).parents[2] / "examples"
EXP = experiment(
    ov.SurfaceSpec("Quadratic bowl", {"kappa": 5.0}),
    competitor("SGD", {"lr": 0.1}, label="<img src=x onerror=alert(1)>"),
    competitor("Adam", scheduler=ov.SchedulerSpec("StepLR", {"step_size": 3})),
    start=(2.0, 1.0),
    steps=10,
)


def test_an_experiment_shows_itself() -> None:
    shown = EXP._repr_html_()
    table = ElementTree.fromstring(shown)
    text = " ".join(table.itertext())
    assert "Quadratic bowl(kappa=5.0)" in text and "StepLR(step_size=3)" in text and EXP.runs[0].label in text
    assert "<img" not in shown


def test_a_trajectory_shows_itself() -> None:
    sgd, adam = ov.run(EXP, "cpu")
    shown = ElementTree.fromstring(f"<div>{adam._repr_html_()}</div>")
    assert adam.outcome.detail in " ".join(shown.itertext())
    assert len(shown.find("svg/polyline").get("points").split()) == len(adam.losses)
    assert "<img" not in sgd._repr_html_()
    wild = replace(EXP, runs=(competitor("SGD", {"lr": 1e30}),))
    assert "Diverged" in ov.run(wild, "cpu")[0]._repr_html_()


@pytest.mark.slow
def test_maps_show_themselves_as_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pio.renderers, "default", "plotly_mimetype")  # as plotly chooses in Jupyter
    results = [
        ov.basins(EXP, resolution=4),
        ov.sweep(EXP, x=("lr", 1e-3, 0.1, 3), y=("momentum", 0.0, 0.9, 2)),
        ov.sweep(EXP, x=("lr", 1e-3, 0.1, 3), y=None),
        ov.tune(EXP, 3),
        ov.cloud(EXP, seeds=3, radius=0.1),
        ov.stability(EXP, ov.run(EXP, "cpu")[0]),
    ]
    for result in results:
        bundle = result._repr_mimebundle_()
        assert bundle["application/vnd.plotly.v1+json"]["data"], type(result)
        assert "plotly" in result._repr_html_().lower()


@pytest.mark.slow
def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cell by cell; the last expression of a cell is what a notebook shows."""
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "notebook"}
    notebook = json.loads((EXAMPLES / "race.ipynb").read_text(encoding="utf-8"))
    shown = []
    with ov.OPTIMIZERS.temporarily():
        for cell in notebook["cells"]:
            assert cell["id"] and not cell.get("outputs")
            if cell["cell_type"] == "code":
                shown.append(run_cell(cell["source"], names))
    assert sum(hasattr(one, "_repr_html_") for one in shown) >= 6
    assert {path.name for path in tmp_path.iterdir()} == {"race.html", "race.gif", "race.py", "race.csv"}


def run_cell(source: str, names: dict) -> object:
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
