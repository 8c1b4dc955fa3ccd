"""The dialog for sharing, in real Streamlit without a browser: every kind of file is what Python makes."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import optviz as ov
from builders import competitor
from optviz.export.formats import FORMATS
from optviz.figures.theme import THEMES
from optviz.spec.links import split_link
from optviz.web.state.choices import OPENING
from optviz.web.views import share
from visits import calm, opened, press, state, widget, words

SHORT = replace(
    OPENING,
    steps=12,
    runs=(*OPENING.runs, competitor("SGD", {"nesterov": True}, label="refused")),
)
"""torch refuses the last one: nesterov needs a momentum."""


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What is offered for download, by its name."""
    found: dict[str, bytes] = {}

    def download(label: str, data: Any, name: str, *rest: Any, **more: Any) -> None:
        found[name] = data() if callable(data) else data

    monkeypatch.setattr(share.st, "download_button", download)
    return found


def dialog(exp: ov.Experiment, view: ov.View | None = None) -> AppTest:
    return calm(press(opened(exp.to_url(view or ov.View())), "share"))


def choose(app: AppTest, key: str, value: Any) -> AppTest:
    """Choose something in the dialog, which stays open: here every run is one of the whole page."""
    state(app).sharing = True
    widget(app, key).set_value(value).run()
    return app


def make(app: AppTest) -> AppTest:
    state(app).sharing = True
    return press(app, "share.make")


def sent(app: AppTest, holds: str) -> dict[str, Any]:
    return next(
        json.loads(item.proto.json) for item in app.get("bidi_component") if f'"{holds}"' in item.proto.json
    )


def test_the_link_is_the_experiment_and_the_view() -> None:
    view = ov.View(beside="code", focus=1)
    app = dialog(OPENING, view)
    link = sent(app, "link")["link"]
    assert ov.made_with(OPENING).words in words(app).replace("\\", "")
    assert ov.Experiment.from_url(link) == OPENING and ov.View.from_url(link) == view


@pytest.mark.slow
@pytest.mark.parametrize("name", ["py", "ipynb", "csv", "parquet", "json"])
def test_quick_files_are_there_at_once(name: str, downloads: dict[str, bytes]) -> None:
    app = dialog(OPENING)
    calm(choose(app, "share.kind", FORMATS[name].title))
    trajectories = ov.run(OPENING)
    made = {
        "py": ov.to_script(OPENING).encode(),
        "ipynb": ov.to_notebook(OPENING).encode(),
        "csv": ov.steps_csv(trajectories).encode(),
        "parquet": ov.steps_parquet(trajectories),
        "json": ov.results_json(OPENING, trajectories).encode(),
    }
    assert downloads[f"optviz-rosenbrock.{name}"] == made[name]


@pytest.mark.slow
def test_slow_files_are_made_when_that_is_asked_for(downloads: dict[str, bytes]) -> None:
    app = dialog(OPENING)
    calm(choose(app, "share.kind", "Film, GIF"))
    choose(app, "share.gif.seconds", "0,5")
    choose(app, "share.gif.width", "300")
    choose(app, "share.gif.height", "240")
    assert "optviz-rosenbrock.gif" not in downloads
    calm(make(app))
    how = {"size": (300, 240), "seconds": 0.5, "fps": 20}
    assert downloads["optviz-rosenbrock.gif"] == ov.to_gif(OPENING, **how)
    calm(choose(app, "share.kind", "Web page"))
    calm(make(app))
    assert downloads["optviz-rosenbrock.html"].decode() == ov.to_html(OPENING)


@pytest.mark.slow
def test_a_file_whose_extra_is_missing_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit brings what GIF and Parquet need."""
    monkeypatch.setitem(sys.modules, "av", None)  # then Python says that there is none
    app = dialog(OPENING)
    calm(choose(app, "share.kind", "Film, MP4"))
    make(app)
    assert [error.value.replace("\\", "") for error in app.error] == [
        'A film needs av: pip install "optviz[films]"'
    ]


@pytest.mark.slow
def test_pictures_are_drawn_by_the_browser() -> None:
    app = dialog(OPENING)
    calm(choose(app, "share.kind", "Picture, SVG"))
    trajectories = ov.run(OPENING)
    for name, figure in {"loss": ov.loss_figure, "relief": ov.surface_figure}.items():
        calm(choose(app, "share.svg.figure", name))
        shown = sent(app, "figure")
        assert (shown["format"], shown["width"], shown["height"]) == ("svg", 870, 800)
        expected = json.loads(figure(OPENING, trajectories, THEMES["light"]).to_json())
        assert shown["figure"]["data"] == expected["data"]
    choose(app, "share.svg.figure", "learning rate")
    assert "nothing to draw" in app.error[0].value


@pytest.mark.slow
def test_of_a_map_the_pictures_are_the_maps() -> None:
    map = ov.MapSpec("basins", {"resolution": 16, "rival": 1})
    exp = replace(OPENING, steps=20)
    app = opened(exp.to_url(ov.View(map=map)))
    while app.get("progress"):
        app.run()
    press(app, "share")
    calm(choose(app, "share.kind", "Picture, PNG"))
    titles = widget(app, "share.png.figure").options
    assert len(titles) == 3 and "where every start ends" in titles[0]
    figure = ov.basin_figure(ov.basins(exp, 0, 16), hover=True)
    assert sent(app, "figure")["figure"]["data"][0]["z"] == json.loads(figure.to_json())["data"][0]["z"]


@pytest.mark.slow
def test_those_that_ran_are_taken_away(downloads: dict[str, bytes]) -> None:
    app = press(opened_anyway(SHORT), "share")
    choose(app, "share.kind", "torch script")
    script = downloads["optviz-rosenbrock.py"].decode()
    assert script == ov.to_script(replace(SHORT, runs=OPENING.runs))
    middle = replace(SHORT, runs=(SHORT.runs[0], SHORT.runs[2], SHORT.runs[1]))
    app = press(opened_anyway(middle), "share")
    choose(app, "share.kind", "Results, JSON")
    taken = json.loads(downloads["optviz-rosenbrock.json"])
    assert [result["index"] for result in taken["results"]] == [0, 2]
    assert ov.Experiment.from_json(json.dumps(taken["experiment"])).unlabelled == middle.unlabelled
    nobody = press(opened_anyway(replace(SHORT, runs=SHORT.runs[2:])), "share")
    choose(nobody, "share.kind", "torch script")
    assert any("nothing to take away" in error.value for error in nobody.error)


def opened_anyway(exp: ov.Experiment) -> AppTest:
    """A page on which torch refuses somebody."""
    app = opened(OPENING.to_url())
    for name, texts in split_link(exp.to_url()).items():
        app.query_params[name] = texts
    app.run()
    assert "refused" in words(app) or app.error
    return app
