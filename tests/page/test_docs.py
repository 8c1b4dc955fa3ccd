"""README, docstrings and code say the same."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import plotly.graph_objects as go
import pytest

import optviz as ov
from optviz.lessons.lesson import read_lesson

COUNTS = "two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens"
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_readmes_python_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL))
    shown: list[go.Figure] = []
    monkeypatch.setattr(go.Figure, "show", lambda figure: shown.append(figure))
    names: dict[str, object] = {}
    with ov.OPTIMIZERS.temporarily():
        exec(code, names)
    assert len(shown) == 2
    assert isinstance(names["basins"], ov.BasinMap) and names["basins"].done.all()
    adam = names["adam"]
    assert isinstance(adam, ov.Trajectory)
    assert adam.points.shape == (301, 2) and adam.state["exp_avg"].shape == (300, 2)


def test_the_readmes_lesson_is_one_and_is_true() -> None:
    (text,) = re.findall(r"````markdown\n(.*?)````", README, flags=re.DOTALL)
    (page,) = read_lesson("bowls", text).pages
    trajectories = ov.run(page.experiment, "cpu")
    assert page.question is not None and page.formulas and page.code
    assert all(one.holds(page.experiment, trajectories) for one in page.expectations)


def test_the_readme_counts_nothing_that_grows() -> None:
    assert not re.search(rf"\b(\d+|{COUNTS}) (surfaces|lessons)\b|\d+ optimizers", README)


def test_the_readme_argues_for_every_dependency() -> None:
    pins = (Path(__file__).parents[2] / "requirements.txt").read_text(encoding="utf-8")
    for name in re.findall(r"^([\w-]+)==", pins, flags=re.MULTILINE):
        assert f"| {name} |" in README, name


def test_every_public_name_exists_and_is_documented() -> None:
    for name in ov.__all__:
        item = getattr(ov, name)
        if callable(item):
            assert item.__doc__, name


MODULES = [
    info.name
    for info in pkgutil.walk_packages(ov.__path__, "optviz.")
    if not info.name.startswith("optviz.web.launch")
]


@pytest.mark.parametrize("module", ["optviz", *MODULES])
def test_examples_in_docstrings(module: str) -> None:
    results = doctest.testmod(importlib.import_module(module))
    assert results.failed == 0
