"""Maps on the page, in real Streamlit without a browser: what is asked for is what is computed and shown."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from functools import reduce
from operator import getitem
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

import optviz as ov
from builders import competitor
from optviz.figures.theme import THEMES
from optviz.maps import catalogue
from optviz.maps.catalogue import MAPS, Request
from optviz.web.compute import jobs
from optviz.web.state.choices import OPENING
from visits import APP, calm, experiment, opened, press, state, trigger, view, widget, words

FEW = replace(
    OPENING,
    surface=ov.SurfaceSpec("Himmelblau"),
    start=(0.0, 0.0),
    steps=30,
    runs=(
        competitor("SGD", {"lr": 0.01}),
        competitor("Adam", {"lr": 0.1}, label="the other"),
    ),
)
SMALL = {
    "basins": {"resolution": 16, "rival": 1},
    "sweep": {"x": ("lr", 1e-4, 1.0, 5, "log"), "y": ("momentum", 0.0, 0.9, 3, "linear")},
    "tuning": {"count": 5, "criterion": "best loss"},
    "cloud": {"count": 9},
}


def visit(exp: ov.Experiment, map: ov.MapSpec, focus: int = 0) -> AppTest:
    """The page of a map, when it is finished."""
    return finished(opened(exp.to_url(ov.View(map=map, focus=focus))))


def finished(app: AppTest) -> AppTest:
    deadline = time.monotonic() + 60
    while bars(app) and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    return calm(app)


def bars(app: AppTest) -> list[str]:
    """What progress bars say."""
    return [item.proto.text for item in app.get("progress")]


def charts(app: AppTest) -> list[dict[str, Any]]:
    """What the browser has been sent, picture by picture."""
    return [json.loads(item.proto.json) for item in app.get("bidi_component") if "figure" in item.proto.json]


@pytest.mark.slow
@pytest.mark.parametrize("name", MAPS)
def test_every_map_is_what_python_computes(name: str) -> None:
    app = visit(FEW, spec := ov.MapSpec(name, SMALL[name]))
    assert MAPS[name].teaches in words(app)
    results = [request() for request in catalogue.requests(spec, FEW, 0)]
    pictures = catalogue.pictures(spec, results, THEMES["light"])
    assert [chart["title"] for chart in charts(app)] == [picture.title for picture in pictures]
    for chart, picture in zip(charts(app), pictures, strict=True):
        assert chart["figure"]["data"] == json.loads(picture.figure.to_json())["data"]
        assert bool(chart["cells"]) == (picture.map is not None)
    for chart, picture in zip(charts(app), catalogue.pictures(spec, results, THEMES["dark"]), strict=True):
        assert all(is_a_color(keys) for keys, _ in chart["dark"]), "the numbers are sent once"
        turned = {"data": chart["figure"]["data"], "layout": chart["figure"]["layout"]}
        for keys, value in chart["dark"]:
            reduce(getitem, keys[:-1], turned)[keys[-1]] = value
        assert turned == json.loads(picture.figure.to_json())


def is_a_color(keys: list[Any]) -> bool:
    return any("color" in str(key) or key == "source" for key in keys)


@pytest.mark.slow
def test_the_page_of_maps_and_back() -> None:
    app = opened(FEW.to_url())
    widget(app, "page").set_value("Maps").run()
    assert view(app).map == ov.MapSpec("basins")
    widget(finished(app), "map.name").set_value("Cloud").run()
    widget(finished(app), "map.cloud.count").set_value("5").run()
    assert view(finished(app)).map == ov.MapSpec("cloud", {"count": 5})
    assert "map=cloud" in FEW.to_url(view(app))
    widget(app, "map.name").set_value("Fair tuning").run()
    widget(finished(app), "map.name").set_value("Cloud").run()
    assert view(finished(app)).map == ov.MapSpec("cloud", {"count": 5}), "it comes back as it was left"
    widget(app, "page").set_value("Playground").run()
    assert view(app).map is None and experiment(calm(app)) == FEW


@pytest.mark.slow
def test_a_cell_opens_its_run() -> None:
    app = visit(FEW, spec := ov.MapSpec("basins", {"resolution": 16}))
    found = catalogue.requests(spec, FEW, 0)[0]()
    calm(trigger(app, "figure", "cell", [3, 12]))
    assert view(app).map is None
    assert experiment(app) == replace(FEW, start=(float(found.x[3]), float(found.y[12])))


@pytest.mark.slow
def test_a_cell_of_a_sweep_opens_its_run_and_names_stay() -> None:
    app = visit(
        FEW,
        ov.MapSpec("sweep", {"x": ("lr", 0.001, 0.1, 3, "log"), "y": ("betas[0]", 0.0, 0.9, 4, "linear")}),
        1,
    )
    calm(trigger(app, "figure", "cell", [2, 3]))
    (first, second) = experiment(app).runs
    assert first == FEW.runs[0] and second.label == "the other"
    assert second.optimizer.params == {"lr": pytest.approx(0.1), "betas": (0.9, 0.999)}


@pytest.mark.slow
def test_values_of_a_sweep_are_spread_as_asked() -> None:
    app = visit(FEW, ov.MapSpec("sweep", {"x": ("lr", 0.001, 0.1, 3, "log"), "curves": True}))
    widget(app, "map.sweep.x.4").set_value("linear").run()
    assert view(finished(app)).map.params["x"] == ("lr", 0.001, 0.1, 3, "linear")
    (first, _) = catalogue.requests(view(app).map, FEW, 0)
    assert list(first().x.values) == [0.001, pytest.approx(0.0505), 0.1]
    widget(app, "map.sweep.x.name").set_value("momentum").run()
    widget(finished(app), "map.sweep.x.4").set_value("log").run()
    assert "a log scale has no place for 0" in app.error[0].value


BASINS = ov.MapSpec("basins", {"resolution": 16})


@pytest.fixture(scope="module")
def on_a_map() -> AppTest:
    """A page that stays on its map, if the tests that share it pass."""
    return visit(FEW, BASINS)


@pytest.mark.slow
def test_a_picture_without_cells_opens_nothing() -> None:
    app = visit(FEW, ov.MapSpec("cloud", {"count": 2, "radius": 0.1}))
    before = experiment(app)
    calm(trigger(app, "figure", "cell", [0, 0]))
    assert experiment(app) == before


def test_the_other_axis_is_never_the_one_that_goes_across() -> None:
    app = visit(replace(FEW, steps=2), ov.MapSpec("sweep", {"x": ("momentum", 0.0, 0.9, 3, "linear")}))
    assert widget(app, "map.sweep.y.name").value == "lr"
    assert "for each momentum and lr" in charts(app)[0]["title"]


@pytest.mark.parametrize("cell", [None, [1], [1, 2, 3], ["1", "2"], [-1, 0], [16, 0], [0, 16], [0.5, 1], {}])
def test_nonsense_from_a_browser_opens_nothing(on_a_map: AppTest, cell: Any) -> None:
    calm(trigger(on_a_map, "figure", "cell", cell))
    assert view(on_a_map).map == BASINS and experiment(on_a_map) == FEW


@pytest.mark.slow
def test_a_long_map_is_begun_when_that_is_wanted_stopped_and_gone_on_with() -> None:
    lbfgs = replace(FEW, runs=(competitor("LBFGS", {"max_iter": 20}),))
    app = opened(lbfgs.to_url(ov.View(map=ov.MapSpec("basins", {"resolution": 48}))))
    assert charts(app) == [] and "This will take about" in words(app)
    press(app, "map.start")
    (request,) = catalogue.requests(view(app).map, lbfgs, 0)
    while not jobs.find(request).result:
        time.sleep(0.1)
    assert " runs" in bars(calm(app.run()))[0] and charts(app)
    began = time.monotonic()
    press(app, "map.stop")
    assert "Stopped" in words(app) and charts(calm(app)), "what there is stays"
    while (job := jobs.known(request)) and job.running:
        assert time.monotonic() - began < 60
        time.sleep(0.05)
    app.run()
    assert "Stopped" in words(app) and charts(calm(app))
    press(app, "map.go on")
    assert bars(app) and not app.error


def test_what_is_absurd_is_refused() -> None:
    lbfgs = replace(FEW, steps=5000, runs=(competitor("LBFGS"),))
    with pytest.raises(AssertionError, match="This would take about"):
        opened(lbfgs.to_url(ov.View(map=ov.MapSpec("basins", {"resolution": 512}))))


@pytest.mark.slow
def test_tuned_rates_are_used_in_the_playground() -> None:
    app = visit(FEW, ov.MapSpec("tuning", {"count": 5}))
    assert "5 learning rates × 30 steps for each of 2 competitors" in json.dumps(
        charts(app)[0]["figure"], ensure_ascii=False
    )
    tuned = ov.tune(FEW, 5).tuned
    calm(press(app, "map.use"))
    assert experiment(app) == tuned != FEW and view(app).map is None


def test_what_a_map_cannot_be_computed_of_is_said() -> None:
    class Broken(Request):
        def __call__(self, **how: Any) -> Any:
            raise ValueError("Not this one.")

    job = jobs.Job(Broken(ov.basins, FEW, {}, 0.0))
    job.look(0)
    job.start()
    while job.running:
        time.sleep(0.01)
    assert job.reason == "Not this one." and job.result is None


def test_what_a_map_breaks_at_is_a_sentence_on_the_page_and_a_traceback_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(request: Request, **how: Any) -> Any:
        raise LookupError("where in the program")

    monkeypatch.setattr(Request, "__call__", broken)
    app = AppTest.from_file(APP, default_timeout=60)
    app.query_params.update(
        parse_qs(replace(FEW, seed=77).to_url(ov.View(map=ov.MapSpec("basins", {"resolution": 16}))))
    )
    app.run()
    deadline = time.monotonic() + 60
    while not app.error and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    assert [error.value for error in app.error] == ["LookupError while this map was computed\\."]
    assert not app.exception and "where in the program" not in words(app)
    (record,) = [record for record in caplog.records if record.name == jobs.__name__]
    assert record.levelname == "ERROR" and "basins" in record.getMessage()
    assert "in broken" in caplog.text and "LookupError: where in the program" in caplog.text


def test_maps_that_nobody_looks_at_are_given_up() -> None:
    exp = replace(FEW, runs=(competitor("LBFGS", {"max_iter": 20}),))
    (request,) = catalogue.requests(ov.MapSpec("basins", {"resolution": 64}), exp, 0)
    job = jobs.begin(request, viewer=1)
    job.leave(2)
    assert job.running and jobs.begin(request, viewer=2) is job
    job.leave(1)
    job.leave(2)
    began = time.monotonic()
    while job.running:
        assert time.monotonic() - began < 60
        time.sleep(0.05)
    assert not job.finished and jobs.find(request) is None


def test_who_comes_back_while_a_map_is_given_up_gets_a_new_one() -> None:
    """It takes a moment to stop: its last picture is made. What it has decided is not taken back."""
    left, stopping, back = threading.Event(), threading.Event(), threading.Event()

    class Slow(Request):
        def __call__(self, watch: Any, **how: Any) -> Any:
            def partial() -> None:
                stopping.set()
                back.wait(10)

            left.wait(10)
            watch(ov.Progress(1, 2, 1.0, partial))

    request = Slow(ov.basins, replace(FEW, seed=901), {}, 0.0)
    job = jobs.begin(request, viewer=1)
    job.leave(1)
    left.set()
    assert stopping.wait(10)
    again = jobs.begin(request, viewer=1)
    back.set()
    assert again is not job and jobs.find(request) is again
    again.leave(1)


@pytest.mark.slow
def test_an_address_with_a_bad_map_is_said() -> None:
    app = opened(FEW.to_url() + "&map=atlantis")
    assert "There is no map named" in words(app) and view(app).map is None
    app = finished(opened(FEW.to_url() + "&map=cloud(count=1,runs=3)"))
    assert view(app).map == ov.MapSpec("cloud")
    assert "count" in words(app) and "runs" in words(app) and state(app).notes.ignored


@pytest.mark.slow
def test_whose_hyperparameters(app: AppTest) -> None:
    widget(app, "rates").set_value("torch's defaults").run()
    assert [run.optimizer.params for run in experiment(calm(app)).runs] == [{"lr": 1e-3}, {"lr": 1e-3}]
    widget(app, "rates").set_value("tuned").run()
    tuning = ov.tune(OPENING)
    assert experiment(calm(app)) == tuning.tuned and tuning.budget in words(app)
    widget(app, "rates").set_value("as set").run()
    assert experiment(calm(app)) == OPENING
    widget(app, "rates").set_value("torch's defaults").run()
    widget(app, "0.SGD.lr").set_value("0.5").run()
    assert widget(calm(app), "rates").value == "as set", "what is set since then is as set"
