"""To add something touches one place: each recipe of CONTRIBUTING is followed, and what it adds is found."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from streamlit.testing.v1 import AppTest

import optviz as ov
import optviz.maps
from builders import competitor
from optviz import command
from optviz.export.formats import FORMATS, FileRequest, Format, figure_of
from optviz.figures import registration as figures
from optviz.figures.catalogue import FIGURES
from optviz.lessons import catalogue as lessons
from optviz.maps import catalogue as maps
from optviz.maps.catalogue import MAPS
from optviz.player.scene import by_index, scene
from optviz.spec import params
from optviz.spec.frozen import in_player
from optviz.spec.links import read_field
from optviz.spec.params import Kind, Param
from optviz.spec.view import view_words
from optviz.surfaces import classic
from optviz.web.views import share
from optviz.web.widgets.kinds import OR_NONE, WIDGETS
from visits import calm, experiment, opened, press, state, view, widget, words

ROOT = Path(__file__).parents[2]
RECIPES = dict(
    re.findall(
        r"^### To add an? (.+?)\n(.*?)(?=^### |\Z)",
        (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"),
        flags=re.DOTALL | re.MULTILINE,
    )
)
EXPERIMENT = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 10, (competitor("SGD", {"lr": 0.01}),))


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What a test has added is forgotten."""
    with ExitStack() as stack:
        for registry in (ov.SURFACES, ov.OPTIMIZERS, MAPS, FIGURES, FORMATS):
            stack.enter_context(registry.temporarily())
        yield


def followed(what: str) -> list[dict[str, Any]]:
    """The names of each file that a recipe is about, once the recipe's code stands at its end."""
    blocks = re.findall(r"```python\n# optviz/(\S+)\.py\n(.*?)```", RECIPES[what], flags=re.DOTALL)
    return [_at_the_end_of(f"optviz.{file.replace('/', '.')}", code) for file, code in blocks]


def _at_the_end_of(module: str, code: str) -> dict[str, Any]:
    names = dict(vars(import_module(module)))
    exec(code, names)  # with this file's own `annotations` from the future, as every file of optviz has
    return names


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What the command line answers."""
    capsys.readouterr()
    assert command.main(arguments) == 0
    return capsys.readouterr().out


def listed_options(app: AppTest, key: str) -> list[str]:
    return list(widget(app, key).options)


def test_there_is_a_test_for_every_recipe() -> None:
    tests = {name.removeprefix("test_to_add_") for name in globals() if name.startswith("test_to_add_")}
    assert {re.sub(r"\W+", "_", what) for what in RECIPES} == tests


def test_to_add_surface(capsys: pytest.CaptureFixture[str]) -> None:
    followed("surface")
    ov.SURFACES.add(classic.ROWS.pop())  # the table has been read already
    spec = ov.SurfaceSpec("Ripples", {"height": 2.0})
    exp = replace(EXPERIMENT, surface=spec, start=ov.SURFACES["Ripples"].start)
    assert ov.Experiment.from_url(exp.to_url()) == exp and ov.run(exp, "cpu")[0].evals[-1] == 10
    app = opened(exp.to_url())
    assert experiment(app) == exp and "Ripples along one axis" in words(app)
    assert "Ripples · Bowls" in listed_options(app, "surface")
    assert widget(app, "Ripples.height").value == "2"
    assert re.search(r"^Ripples +height$", told(capsys, "list", "surfaces"), re.MULTILINE)
    assert "loss" in told(capsys, "run", exp.to_url())


def test_to_add_optimizer_of_torch_s(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class NewSGD(torch.optim.SGD):
        """Stands for an optimizer that torch has brought."""

    monkeypatch.setattr(torch.optim, "NewSGD", NewSGD, raising=False)
    followed("optimizer of torch's")
    run = competitor("NewSGD", {"lr": 0.01, "momentum": 0.5})
    exp = replace(EXPERIMENT, runs=(run,))
    assert ov.Experiment.from_url(exp.to_url()) == exp
    app = opened(exp.to_url())
    assert experiment(app) == exp and widget(app, "0.NewSGD.momentum").value == "0.5"
    assert any("NewSGD" in option for option in listed_options(app, "0.optimizer"))
    assert re.search(r"^NewSGD +lr, momentum", told(capsys, "list", "optimizers"), re.MULTILINE)
    assert "NewSGD" in told(capsys, "run", exp.to_url())


def _kinds() -> list[type[Kind]]:
    """Every kind of parameter, wherever it is declared."""
    found = [
        item
        for name, module in [*sys.modules.items()]
        if name.startswith("optviz.")
        for item in vars(module).values()
        if isinstance(item, type) and hasattr(item, "coerce") and hasattr(item, "check")
    ]
    return [kind for kind in dict.fromkeys(found) if kind is not params.Kind]


@pytest.mark.parametrize("kind", _kinds(), ids=lambda kind: kind.__name__)
def test_every_kind_has_a_widget_and_is_read_and_written(kind: type[Any]) -> None:
    assert kind in WIDGETS or kind in OR_NONE
    assert callable(kind.read) and hasattr(kind, "usage")
    assert kind.in_links in ("text", "texts", "number", "value")


@pytest.mark.slow
def test_to_add_hyperparameter_kind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ((code, table),) = [re.findall(r"```python\n# \S+\n(.*?)```", RECIPES["hyperparameter kind"], re.DOTALL)]
    even = _at_the_end_of("optviz.spec.params", code)["Even"]
    monkeypatch.setattr(params, "Even", even, raising=False)
    monkeypatch.setitem(WIDGETS, even, WIDGETS[params.Int])
    assert "WIDGETS[Even] = number" in table
    assert read_field(even(0, 8), "4") == 4 and even(0, 8).read("6") == 6
    with pytest.raises(ValueError, match="must be even, not 5"):
        even(0, 8).read("5")
    booth, declared = ov.SURFACES["Booth"], {"folds": Param(even(0, 8), 2, "An even number.")}
    ov.register_surface(replace(booth, name="Folded", params=declared, build=lambda folds: booth.build()))
    app = opened("?v=1&surface=Folded(folds=4)")
    assert widget(app, "Folded.folds").value == "4"
    widget(app, "Folded.folds").set_value("6").run()
    assert experiment(calm(app)).surface.params == {"folds": 6}
    widget(app, "Folded.folds").set_value("7").run()
    assert "Must be even, not 7" in app.error[0].value.replace("\\", "")
    FORMATS.add(Format("txt", "Folds", "text/plain", "Text.", lambda work: b"", lambda context: declared))
    assert command.main(["export", EXPERIMENT.to_url(), str(tmp_path / "odd.txt"), "--folds", "3"]) == 1
    assert "Folds: folds must be even, not 3." in capsys.readouterr().err


@pytest.mark.slow
def test_to_add_figure(capsys: pytest.CaptureFixture[str]) -> None:
    (names,) = followed("figure")
    info = figures.OWN.pop()  # the table has been read already
    FIGURES.add(info)
    assert info.draw is names["length_figure"]
    trajectories = ov.run(EXPERIMENT, "cpu")
    expected = info.draw(EXPERIMENT, trajectories).to_plotly_json()["data"][0]["y"]
    app = _shared("Picture, SVG")
    assert "path length" in listed_options(app, "share.svg.figure")
    sent = _chosen(app, "share.svg.figure", "path length")
    figure = next(
        json.loads(item.proto.json) for item in sent.get("bidi_component") if '"figure"' in item.proto.json
    )["figure"]
    assert figure["data"][0]["y"] == pytest.approx(list(expected))
    with pytest.raises(SystemExit):
        command.main(["export", "--help"])
    assert "path length" in " ".join(capsys.readouterr().out.split())


def _shared(title: str) -> AppTest:
    app = calm(press(opened(EXPERIMENT.to_url()), "share"))
    return _chosen(app, "share.kind", title)


def _chosen(app: AppTest, key: str, value: str) -> AppTest:
    state(app).sharing = True
    widget(app, key).set_value(value).run()
    return calm(app)


@pytest.mark.slow
def test_to_add_lesson(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (text,) = re.findall(r"````markdown\n(.*?)````", (ROOT / "README.md").read_text("utf-8"), flags=re.DOTALL)
    for file in Path(lessons.__file__).parent.glob("*.md"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "bowls.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(lessons, "files", lambda package: tmp_path)
    lessons.lessons.cache_clear()
    try:
        lesson = lessons.lessons()["bowls"]
        assert lesson.title in words(opened("?v=1&page=lessons"))
        app = opened(f"?v=1&page={lesson.pages[0].name}")
        assert state(app).experiment == lesson.pages[0].experiment
    finally:
        lessons.lessons.cache_clear()


def test_to_add_map(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ((file, code),) = re.findall(r"```python\n# optviz/maps/(\S+)\n(.*?)```", RECIPES["map"], flags=re.DOTALL)
    (tmp_path / file).write_text(code, encoding="utf-8")
    monkeypatch.setattr(optviz.maps, "__path__", [*optviz.maps.__path__, str(tmp_path)])
    try:
        (info,) = [info for info in maps._own() if info.name not in MAPS]
    finally:
        sys.modules.pop("optviz.maps.luck", None)
    MAPS.add(info)  # the table has been read already
    shown = ov.View(map=ov.MapSpec("luck", {"count": 5}))
    exp = replace(EXPERIMENT, noise=0.1)
    assert ov.View.from_url(exp.to_url(shown)) == shown
    (request,) = maps.requests(shown.map, exp, 0)  # type: ignore[arg-type]
    assert request(device="cpu").shape == (5,)
    app = opened(exp.to_url(shown))
    while app.get("progress"):
        app.run()
    calm(app)
    assert "How much of a result is chance." in words(app) and view(app) == shown
    assert widget(app, "map.luck.count").value == "5" and "Luck" in listed_options(app, "map.name")
    settings = {"figure": "map", "theme": "light"}
    assert len(figure_of(FileRequest(exp, (), shown, settings)).data[0].x) == 5


def test_to_add_export_format(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    followed("export format")
    ending = ov.run(EXPERIMENT)[0].outcome.detail
    file = tmp_path / "endings.txt"
    assert command.main(["export", EXPERIMENT.to_url(), str(file)]) == 0
    assert file.read_text("utf-8") == ending
    downloads: dict[str, bytes] = {}

    def download(label: str, data: Any, name: str, *rest: Any, **more: Any) -> None:
        downloads[name] = data() if callable(data) else data

    monkeypatch.setattr(share.st, "download_button", download)
    _shared("Endings, text")
    assert downloads["optviz-booth.txt"].decode() == ending
    with pytest.raises(SystemExit):
        command.main(["export", "--help"])
    assert "Endings, text" in capsys.readouterr().out


def test_to_add_option_of_the_player() -> None:
    (names,) = followed("option of the player")
    ruler = names["WithRuler"]
    assert in_player(ruler) == (*in_player(ov.View), "ruler")
    assert view_words(ruler(ruler="steps")) == {"ruler": "steps"} and view_words(ruler()) == {}
    assert "Whether ticks along a path count its steps." in ruler.__doc__
    data = scene(EXPERIMENT, by_index(EXPERIMENT, ()), view=ruler()).data
    control = next(one for one in data["controls"] if one["name"] == "ruler")
    assert control == {
        "name": "ruler",
        "label": "Ruler",
        "place": "beside",
        "help": "Whether ticks along a path count its steps.",
        "several": False,
        "options": [
            {"value": "none", "called": "none", "help": ""},
            {"value": "steps", "called": "every step", "help": ""},
        ],
        "when": {"picture": ["2d"]},
    }
    assert data["view"]["ruler"] == "none"
    with pytest.raises(ValueError, match="ruler must be one of none, steps"):
        ruler(ruler="all")
