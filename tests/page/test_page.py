"""The page in real Streamlit, without a browser: every control, and every error where it was made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

import optviz as ov
from builders import competitor
from optviz.environment import torch_version
from optviz.lessons.gallery import GALLERY
from optviz.maps.catalogue import MAPS
from optviz.spec.digits import write_number
from optviz.spec.links import split_link
from optviz.spec.params import Choice, Flag, Float, Int, Ints, Kind, Maybe, Points, Tuple
from optviz.web.compute import runs
from optviz.web.state.choices import OPENING
from optviz.web.widgets.fields import show_typed
from optviz.web.widgets.points import edited_points
from visits import (
    WIDGETS,
    blobs,
    calm,
    column,
    experiment,
    opened,
    paths,
    press,
    results,
    scene,
    state,
    trigger,
    view,
    widget,
    words,
)


@cache
def computed(exp: ov.Experiment) -> list[ov.Trajectory]:
    return ov.run(exp, "cpu")


# -- what a browser is told of a widget -------------------------------------------------------------------

NETWORK = ov.Experiment(
    ov.SurfaceSpec("Least squares with bias"),
    (0.0, 0.0),
    20,
    (competitor("SGD", {"lr": 0.01}, frozen=("bias",)),),
)
FULL = [
    OPENING.to_url(ov.View(within=0.02)),
    NETWORK.to_url(),
    "?surface=Formula",
    *(OPENING.to_url(ov.View(map=ov.MapSpec(name), focus=1)) for name in MAPS),
]


def told(element: Any) -> list[Any]:
    """What the message about a widget says of its value by itself, without what was said before."""
    default = element.proto.default
    if element.type in ("text_input", "checkbox"):
        return [default]
    places = [default] if element.type == "selectbox" else default
    return [element.options[int(place)] for place in places]


def values(element: Any) -> list[Any]:
    """What a widget shows, as `told` has it."""
    shown = element.value if isinstance(element.value, list | tuple) else [element.value]
    written = getattr(element, "format_func", None)
    return [written(value) for value in shown] if written else list(shown)


@pytest.mark.parametrize("link", FULL)
def test_every_message_about_a_widget_has_its_value(link: str) -> None:
    """Where the page is drawn anew, messages that have not gone out are dropped: none may need another."""
    app = opened(link).run()
    widgets = [element for kind in WIDGETS for element in app.get(kind)]
    assert len(widgets) > 5
    assert [told(element) for element in widgets] == [values(element) for element in widgets]


# -- what it shows -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_it_opens_on_sgd_and_adam_and_their_points_are_torchs(app: AppTest) -> None:
    assert list(paths(app)) == ["SGD", "Adam"]
    for trajectory in computed(OPENING):
        np.testing.assert_array_equal(paths(app)[trajectory.name], trajectory.points)
        assert trajectory.outcome.detail in results(app)[trajectory.name]["words"]
    assert f"torch {computed(OPENING)[0].made_with.torch}" in words(app)


@pytest.fixture(scope="module")
def traveller() -> AppTest:
    """The page of a visitor who goes from one surface to the next, and to whom 2 steps are enough."""
    return opened("?steps=2")


@pytest.mark.sampled(14)
@pytest.mark.parametrize("surface", ov.SURFACES)
def test_every_surface(traveller: AppTest, surface: str) -> None:
    app = traveller
    calm(widget(app, "surface").select(surface).run())
    info = ov.SURFACES[surface]
    assert f"# {surface}" in words(app)
    assert [info.formula in item.value for item in app.latex] == [True, True]
    assert experiment(app).surface == ov.SurfaceSpec(surface) and experiment(app).start == info.start
    assert len(paths(app)) == 2
    assert all(np.array_equal(path[0], np.float32(info.start)) for path in paths(app).values())
    for run in experiment(app).runs if surface != "Rosenbrock" else ():  # where the opening's own are
        assert run.optimizer.params["lr"] == ov.suggested_lr(run.optimizer.name, ov.SurfaceSpec(surface))
    for name, param in info.params.items():
        if isinstance(param.default, tuple):  # which is a widget for each of its parts
            continue
        if isinstance(param.kind, Maybe) and isinstance(
            param.kind.kind, Points
        ):  # a table where there are some
            continue
        shown = param.default
        if not isinstance(shown, str | bool):
            shown = show_typed(shown)
        assert widget(app, f"{surface}.{name}").value == shown


def own_points(app: AppTest) -> Any:
    return experiment(app).surface.params.get("points")


@pytest.mark.slow
def test_own_points(app: AppTest) -> None:
    calm(widget(app, "surface").select("Linear fit").run())
    press(app, "Linear fit.points.begin")
    assert own_points(app) == ((1.0, 3.0), (2.0, 5.0), (3.0, 7.0), (4.0, 9.0))
    upload(app, "Linear fit.points.file", b"hours;marks\n0;1\n1;3\n\n2;5.5\n")
    calm(app)
    assert own_points(app) == ((0.0, 1.0), (1.0, 3.0), (2.0, 5.5))
    for content, said in {
        b"1,2\n1,3": "at least 2 points with different x",
        b"1,2\n3": "Line 2 must have as many values as line 1",
        b"": "has no points",
        b"\xff\xfe\x00": "must be text in UTF-8",
        b"1,nan\n2,3": "Line 1 has no number for column 2",
        b"2e6,1\n2,3": "(point 1)",
        b"0,0\n1,1\n" * 101: "more than 200 points",
        b"0,0\n1,1\n" * 200_000: "too large",
    }.items():
        upload(app, "Linear fit.points.file", content)
        (shown,) = [error.value.replace("\\", "") for error in app.error]  # and none of the file before
        assert said in shown and len(own_points(app)) == 3
    press(app, "Linear fit.points.begin")
    assert experiment(app).surface == ov.SurfaceSpec("Linear fit")
    assert not app.error


def test_the_table_of_own_points() -> None:
    points = ((1.0, 3.0), (2.0, 5.0), (3.0, 7.0))
    nothing: dict[str, Any] = {"edited_rows": {}, "added_rows": [], "deleted_rows": []}
    assert edited_points(Points(), points, nothing) == list(points)
    changes = {
        "edited_rows": {"1": {"y": "6,0"}},
        "added_rows": [{"x": " 4 ", "y": "9e0"}],
        "deleted_rows": [0],
    }
    assert edited_points(Points(), points, changes) == [(2.0, 6.0), (3.0, 7.0), (4.0, 9.0)]
    for missing in ({"x": "4"}, {}, {"x": "4", "y": None}, {"x": " ", "y": "1"}):
        with pytest.raises(ValueError, match="fill in the empty cell"):
            edited_points(Points(), points, {**nothing, "added_rows": [missing]})
    with pytest.raises(ValueError, match="Row 4: y must be a number with one meaning"):
        edited_points(Points(), points, {**nothing, "added_rows": [{"x": "4", "y": "1,500"}]})


@pytest.mark.slow
def test_an_experiment_travels_as_a_file(app: AppTest) -> None:
    points = tuple((float(k), 2.0 * k + 0.123456789 * k**2) for k in range(200))
    surface = ov.SurfaceSpec("Linear fit", {"points": points})
    saved = replace(OPENING, surface=surface, start=(0.5, 0.5), batch_size=32, steps=40)
    press(app, "share")
    for torch, said in {"2.0.1": True, torch_version(): False}.items():
        upload(app, "open", saved.to_json({"torch": torch, "device": "cpu"}).encode())
        calm(app)
        assert experiment(app) == saved
        assert any("saved with torch 2.0.1" in info.value.replace("\\", "") for info in app.info) == said
        press(app, "share")
    for content, said in {
        b"{}": "not an experiment of optviz",
        b"[[": "it is not JSON",
        b"\xff": "it is not text",
        replace(saved, steps=100_000).to_json().encode(): "steps",
        b"x" * 1_200_000: "too large",
    }.items():
        press(app, "share")
        state(app).sharing = True  # it stays open: here every run is one of the whole page
        upload(app, "open", content)
        shown = [*app.error, *app.warning]
        assert said in "".join(one.value.replace("\\", "") for one in shown)
        assert experiment(app).surface == surface


def upload(app: AppTest, key: str, content: bytes) -> None:
    """Give a file to the newest uploader that goes by `key`."""
    (place,) = (one for one in app.file_uploader if one.key.split("~")[0] == key)
    place.upload("file.txt" if key != "open" else "file.json", content).run()


@pytest.mark.slow
@pytest.mark.sampled(6)
@pytest.mark.parametrize("case", GALLERY, ids=lambda case: case.title)
def test_the_gallery(app: AppTest, case: Any) -> None:
    press(app, "gallery")
    calm(press(app, f"open-{GALLERY.index(case)}"))
    assert experiment(app) == case.experiment and view(app) == case.view
    assert case.look in words(app)
    for trajectory in computed(case.experiment):
        np.testing.assert_array_equal(paths(app)[trajectory.name], trajectory.points)


# -- every control -----------------------------------------------------------------------------------------


def edits(key: str, kind: Kind, value: Any) -> Iterator[tuple[str, Any, Any]]:
    """For each widget of a parameter: its key, what is entered, and what the parameter should be then."""
    match kind:
        case Float(low=low, high=high):
            new = value / 2 if value and low <= value / 2 else min(high, value * 2 or 0.25)
            yield key, write_number(new), new
        case Int(high=high):
            new = value + 1 if value < high else value - 1
            yield key, write_number(new), new
        case Flag():
            yield key, not value, not value
        case Choice(options=options) | Maybe(kind=Choice(options=options)):
            new = next((option for option in options if option != value), None)
            yield key, str(new), new  # None is an option's name there: for Streamlit itself it is no choice
        case Ints():
            yield key, "3, 5", (3, 5)
        case Tuple(kinds=kinds):
            for place, part in enumerate(kinds):
                for inner, new, then in edits(f"{key}.{place}", part, value[place]):
                    yield inner, new, (*value[:place], then, *value[place + 1 :])
                    value = (*value[:place], then, *value[place + 1 :])
        case Maybe(kind=inner_kind):
            if value is None:
                value = getattr(inner_kind, "low", None) or 1
                yield key, write_number(value), value
            yield from edits(key, inner_kind, value)
            yield key, "", None
        case _:
            raise AssertionError(kind)


def check_edits(
    app: AppTest, owner: str, params: dict[str, tuple[Kind, Any]], read: Callable[[str], Any]
) -> None:
    """Set every widget of the parameters `{name: (kind, value)}`, and read what is in the address then.

    A rerun of the page takes a tenth of a second: each is for one edit of every parameter.
    """
    left = {name: list(edits(f"{owner}.{name}", kind, value)) for name, (kind, value) in params.items()}
    while any(left.values()):
        now = {name: rest.pop(0) for name, rest in left.items() if rest}
        for key, new, _ in now.values():
            widget(app, key).set_value(new)
        app.run()
        assert not app.exception
        assert {name: read(name) for name in now} == {name: then for name, (_, _, then) in now.items()}


@pytest.mark.slow
@pytest.mark.sampled(6)
@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_every_hyperparameter_of_every_optimizer(app: AppTest, optimizer: str) -> None:
    widget(app, "0.optimizer").select(optimizer).run()
    calm(app)
    widget(app, "steps").set_value("2").run()  # what torch says to the numbers is not the matter here
    start = experiment(app).runs[0].optimizer.params
    params = ov.OPTIMIZERS[optimizer].params
    shown = {name: param.kind.coerce(start.get(name, param.default)) for name, param in params.items()}
    check_edits(
        app,
        f"0.{optimizer}",
        {name: (param.kind, shown[name]) for name, param in params.items()},
        lambda name: experiment(app).runs[0].optimizer.params.get(name, params[name].default),
    )


@pytest.mark.slow
@pytest.mark.sampled(5)
@pytest.mark.parametrize("scheduler", ov.SCHEDULERS)
def test_every_argument_of_every_scheduler(app: AppTest, scheduler: str) -> None:
    calm(widget(app, "0.scheduler").select(scheduler).run())
    info = ov.SCHEDULERS[scheduler]
    spec = ov.SchedulerSpec(scheduler)
    assert experiment(app).runs[0].scheduler == spec
    rates = column(app, "lr")["SGD"][1:]
    assert len(set(rates)) > 1 or scheduler == "ReduceLROnPlateau"  # the learning rate moves
    widget(app, "steps").set_value("20").run()  # every edit below runs them all
    shown = {name: param.default for name, param in info.params.items()} | info.settings(spec, 20, 1e-3)
    check_edits(
        app,
        f"0.{scheduler}",
        {name: (param.kind, shown[name]) for name, param in info.params.items()},
        lambda name: experiment(app).runs[0].scheduler.params.get(name, shown[name]),
    )
    if info.takes_warmup:
        widget(app, "0.warmup").set_value("20").run()
        assert experiment(app).runs[0].scheduler.warmup == 20
    widget(app, "0.scheduler").select("None").run()
    assert experiment(app).runs[0].scheduler is None
    widget(app, "0.scheduler").select(scheduler).run()
    assert experiment(app).runs[0].scheduler.params  # coming back finds what was there


@pytest.mark.slow
def test_what_is_done_around_the_steps(app: AppTest) -> None:
    def run() -> ov.RunSpec:
        return experiment(app).runs[0]

    calm(widget(app, "0.clipping").select("clip_norm").run())
    assert run().clip_norm == 1.0 and "clip by norm" in app.expander[3].label
    widget(app, "0.clip_norm").set_value("0.25").run()
    assert run().clip_norm == 0.25
    calm(widget(app, "0.clipping").select("clip_value").run())
    assert (run().clip_norm, run().clip_value) == (None, 1.0)
    widget(app, "0.clipping").select("None").run()
    widget(app, "0.zero_grad").uncheck().run()
    widget(app, "0.reset_every").set_value("50").run()
    calm(widget(app, "0.frozen").select("y").run())
    assert run() == replace(OPENING.runs[0], zero_grad=False, reset_every=50, frozen=("y",))
    (same,) = set(paths(app)["SGD"][:, 1])
    assert same == 1.0


@pytest.mark.slow
def test_the_experiments_own_fields(app: AppTest) -> None:
    widget(app, "Rosenbrock.b").set_value("10").run()
    widget(app, "Rosenbrock.start.0").set_value("0.5").run()
    widget(app, "Rosenbrock.start.1").set_value("-0.5").run()
    widget(app, "steps").set_value("20").run()
    widget(app, "noise").set_value("0.5").run()
    widget(app, "seed").set_value("7").run()
    calm(widget(app, "dtype").select("float64").run())
    expected = replace(
        OPENING,
        surface=ov.SurfaceSpec("Rosenbrock", {"b": 10.0}),
        start=(0.5, -0.5),
        steps=20,
        noise=0.5,
        seed=7,
        dtype="float64",
    )
    assert experiment(app) == expected
    np.testing.assert_array_equal(paths(app)["Adam"], ov.run(expected)[1].points)


PAGES = {
    "playground": "",
    "data": "v=1&surface=Linear%20fit&start=1.0,1.0&steps=9&batch_size=2"
    "&run=SGD(lr=0.1).StepLR(step_size=5,warmup=2)&run=Adam(lr=0.1).MultiStepLR(milestones=(3,5)).set(clip_norm=1.0,reset_every=4)&run=LBFGS(lr=0.5)",
}
TEXTS = {
    "0,25": 0.25,
    "0.75": 0.75,
    "\u22120.5": -0.5,
    "1e1": 10,
    "2,0": 2,
    "1e-2": 0.01,
    " 7 ": 7,
    "1 000": 1000,
    "1e9": 1e9,
    "": None,
    "1/3": "a fraction",
    "10^-3": "a power of ten",
    "abc": "must be a",
    "inf": "finite",
    "1,2,3.4": "must be a",
}
"""What each means, or why it means nothing."""


@pytest.mark.slow
@pytest.mark.sampled(10)
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("text", TEXTS)
def test_every_number_is_used_as_typed_or_refused_and_kept(page: str, text: str) -> None:
    """All numeric fields of a page at once, each against what it means; the others must not move."""
    app, means = opened(PAGES[page]), TEXTS[text]
    before = dict(state(app).in_force)
    # What schedulers suggest follows from the steps; of lists, 2,0 is one.
    edited = [key for key in before if key != "steps" and not key.endswith("milestones")]
    assert len(edited) > 15
    for key in edited:
        widget(app, key).set_value(text)
    app.run()
    assert not app.exception
    now, complaints = state(app).in_force, state(app).complaints
    for key in edited:
        assert widget(app, key).value == text
        if key in complaints:
            assert now[key] == before[key] or now[key] is None
            assert any("stays in use" in error.value for error in app.error)
        else:
            assert now[key] == means
        if isinstance(means, str):
            assert means in str(complaints[key])
    if isinstance(means, str):
        assert now == before


RATES = st.floats(1e-8, 1e3) | st.floats(-8, 3).map(lambda power: float(f"{10**power:.6g}"))


@pytest.mark.slow
@given(rate=RATES)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_learning_rate_that_is_shown_is_the_one_that_runs(app: AppTest, rate: float) -> None:
    exp = replace(OPENING, steps=2, runs=(competitor("Adam", {"lr": rate}),))
    state(app).experiment, state(app).edited = exp, True
    app.run()
    assert not app.exception
    slider = widget(app, "0.Adam.lr.slider")
    assert slider.value == experiment(app).runs[0].optimizer.params["lr"] == rate
    assert float(widget(app, "0.Adam.lr").value) == rate
    assert [float(option) for option in slider.options] == sorted(map(float, slider.options))


@pytest.mark.slow
def test_the_slider_and_the_number_are_one_learning_rate(app: AppTest) -> None:
    slider = widget(app, "1.Adam.lr.slider")
    assert slider.value == 0.1
    calm(slider.set_value(0.05).run())
    assert experiment(app).runs[1].optimizer.params["lr"] == 0.05
    assert widget(app, "1.Adam.lr").value == "0.05"
    widget(app, "1.Adam.lr").set_value("0.0123").run()
    assert experiment(app).runs[1].optimizer.params["lr"] == 0.0123
    assert widget(app, "1.Adam.lr.slider").value == 0.0123


def test_how_it_is_looked_at(app: AppTest) -> None:
    picture(app, {"view": {"scale": "linear"}})
    picture(app, {"view": {"against": "evals"}})
    calm(widget(app, "view.within").set_value("0.25").run())
    assert view(app) == ov.View(scale="linear", against="evals", within=0.25)
    shown = scene(app)["view"]
    assert shown["scale"] == "linear" and shown["against"] == "evals"
    assert app.query_params["scale"] == "linear" and experiment(app) == OPENING
    assert results(app)["SGD"]["numbers"]["steps_to_reach"] == np.argmax(
        computed(OPENING)[0].distances(ov.SURFACES["Rosenbrock"].minimizers) < 0.25
    )


LOOKS = [
    {"picture": "3d"},
    {"panels": "each"},
    {"units": "equal"},
    {"units": "fill"},
    {"beside": "step"},
    {"beside": "code"},
    {"beside": "stability"},
    {"marks": ["step", "gradient"]},
    {"convention": "average"},
    {"focus": 1, "beside": "step"},
]


@pytest.mark.parametrize("look", LOOKS, ids=repr)
def test_what_is_looked_at_is_in_the_link(app: AppTest, look: dict[str, Any]) -> None:
    calm(picture(app, {"view": look}))
    assert view(app) == ov.View(**look) and experiment(app) == OPENING
    assert ov.View.from_url(OPENING.to_url(view(app))) == ov.View(**look)
    shown = scene(app)["view"]
    assert {name: shown[name] for name in look} == {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(view(app)).items()
        if name in look
    }


def test_the_steps_come_when_they_are_looked_into(app: AppTest) -> None:
    assert all("steps" not in run for run in scene(app)["runs"])
    calm(picture(app, {"view": {"beside": "step"}}))
    for run, trajectory in zip(scene(app)["runs"], computed(OPENING), strict=True):
        data = run["steps"]
        width = sum(columns for _, columns in data["columns"])
        numbers = np.frombuffer(blobs(app)[data["digest"]], "<f4").reshape(width, trajectory.steps + 1)
        assert np.array_equal(numbers[:2].T, trajectory.points)
    calm(picture(app, {"view": {"beside": "curves"}}))
    assert all("steps" not in run for run in scene(app)["runs"])


def test_the_stability_comes_when_it_is_looked_at(app: AppTest) -> None:
    assert all("stability" not in run for run in scene(app)["runs"])
    calm(picture(app, {"view": {"beside": "stability"}}))
    for run, trajectory in zip(scene(app)["runs"], computed(OPENING), strict=True):
        edge = ov.stability(OPENING, trajectory)
        sent = np.frombuffer(blobs(app)[run["stability"]["digest"]], "<f4").reshape(2, -1)
        expected = np.stack((edge.curvature, edge.sharpness / edge.threshold))
        np.testing.assert_allclose(sent, expected, rtol=1e-6)
        assert run["stability"]["formula"] == edge.formula != ""


def test_the_code_is_that_of_each_competitor(app: AppTest) -> None:
    calm(picture(app, {"view": {"beside": "code"}}))
    for index, run in enumerate(scene(app)["runs"]):
        assert [line["text"] for line in run["code"]] == [
            line.text for line in ov.training_loop(OPENING, index)
        ]


def test_another_convention_is_a_ghost_that_is_not_called_torch(app: AppTest) -> None:
    names = [row["name"] for row in scene(app)["conventions"]]
    assert "average" in names
    calm(picture(app, {"view": {"convention": "average"}}))
    sgd, adam = scene(app)["runs"]
    assert "not torch" in sgd["ghost"]["name"] and "ghost" not in adam
    expected = ov.run_reference(OPENING, 0, "average", "cpu").points
    sent = np.frombuffer(blobs(app)[sgd["ghost"]["digest"]], "<f4")
    assert np.array_equal(sent.reshape(2, -1).T, expected)


def test_a_competitor_stays_in_focus_wherever_it_goes(app: AppTest) -> None:
    picture(app, {"view": {"focus": 1, "beside": "step"}})
    calm(press(app, "1.Move up"))
    assert view(app).focus == 0 and experiment(app).runs[0].optimizer.name == "Adam"
    calm(press(app, "1.Remove"))
    assert view(app).focus == 0 and experiment(app).runs[0].optimizer.name == "SGD"


def test_the_focus_counts_competitors_that_did_not_run(app: AppTest) -> None:
    bad = competitor("SGD", {"lr": 0.1, "nesterov": True})
    exp = replace(OPENING, runs=(bad, *OPENING.runs))
    words = split_link(exp.to_url(ov.View(focus=2, beside="step")))
    for name, texts in words.items():
        app.query_params[name] = texts
    app.run()
    assert [run["ran"] for run in scene(app)["runs"]] == [False, True, True]
    assert scene(app)["view"]["focus"] == 2 and "steps" in scene(app)["runs"][2]


@pytest.mark.slow
def test_a_refused_competitor_changes_nothing_of_the_others(app: AppTest) -> None:
    bad = competitor("SGD", {"lr": 0.1, "nesterov": True})
    damped = competitor("SGD", {"lr": 1e-3, "momentum": 0.9, "dampening": 0.5})
    exp = replace(OPENING, runs=(OPENING.runs[1], bad, damped))
    (name, *_) = (row.name for row in ov.conventions(damped))
    look = ov.View(focus=2, beside="stability", convention=name, colors=(4, 0, 6))
    for word, texts in split_link(exp.to_url(look)).items():
        app.query_params[word] = texts
    app.run()
    adam, refused, momentum = scene(app)["runs"]
    assert (adam["slot"], refused["slot"], momentum["slot"]) == (4, 0, 6)
    assert not refused["ran"] and "digest" not in refused
    assert "ghost" not in adam and "ghost" in momentum
    assert "stability" in adam and "stability" in momentum
    assert [row["ending"] for row in scene(app)["table"]["rows"]][1] == ""
    picture(app, {"view": {"focus": 0}})
    assert view(app).focus == 0 and scene(app)["view"]["focus"] == 0


def picture(app: AppTest, edit: Any) -> AppTest:
    """What a click or a drag in the picture sends, as the browser would send it."""
    return trigger(app, "surface", "edit", edit)


@pytest.mark.slow
def test_a_start_and_a_look_may_come_together(app: AppTest) -> None:
    calm(picture(app, {"start": [0.25, -0.5], "view": {"beside": "step"}}))
    assert experiment(app) == replace(OPENING, start=(0.25, -0.5)) and view(app) == ov.View(beside="step")


def test_what_was_asked_of_a_picture_that_is_gone_changes_nothing(app: AppTest) -> None:
    opening = scene(app)["opening"]
    app.query_params.clear()
    app.query_params.update(split_link(replace(OPENING, start=(1.5, 0.5)).to_url()))
    calm(app.run())
    before = experiment(app), view(app)
    late = {"start": [0.25, -0.5], "view": {"beside": "step"}}
    for stale in (opening, opening + 5, "x", None):
        calm(picture(app, {**late, "opening": stale}))
        assert (experiment(app), view(app)) == before
    calm(picture(app, {**late, "opening": scene(app)["opening"]}))
    assert experiment(app).start == (0.25, -0.5) and view(app).beside == "step"


def test_who_goes_elsewhere_in_the_moment_of_an_edit_gets_there(app: AppTest) -> None:
    """Streamlit may run the script once for both."""
    other = replace(OPENING, start=(1.5, 0.5))
    app.query_params.clear()
    app.query_params.update(split_link(other.to_url()))
    calm(picture(app, {"start": [0.25, -0.5], "view": {"beside": "step"}}))
    assert experiment(app) == other and view(app) == ov.View()


def test_an_edit_that_comes_with_the_address_before_the_last_is_kept(app: AppTest) -> None:
    before = dict(app.query_params)
    calm(picture(app, {"start": [0.25, -0.5]}))
    app.query_params.clear()
    app.query_params.update(before)  # the browser has not had the new one yet
    calm(picture(app, {"view": {"beside": "step"}}))
    assert experiment(app).start == (0.25, -0.5) and view(app).beside == "step"


def test_a_click_moves_the_start(app: AppTest) -> None:
    calm(picture(app, {"start": [0.25, -0.5]}))
    assert experiment(app) == replace(OPENING, start=(0.25, -0.5))
    assert widget(app, "Rosenbrock.start.0").value == "0.25"
    assert paths(app)["Adam"][0].tolist() == [0.25, -0.5]


@pytest.mark.parametrize(
    "edit",
    [
        None,
        7,
        "start",
        [],
        {},
        {"start": None},
        {"start": [1]},
        {"start": ["a", "b"]},
        {"start": [1e400, 0]},
        {"start": [1e11, 0]},
        {"start": [[1], [2]]},
        {"view": {"scale": "huge"}},
        {"view": {"marks": "step"}},
        {"view": {"marks": ["step", "everything"]}},
        {"view": {"focus": -1}},
        {"view": {"convention": "mine"}},
        {"view": {"colors": [1, 2]}},
        {"view": {"within": 3}},
        {"view": 3},
        {"steps": 4},
    ],
    ids=repr,
)
def test_nonsense_from_a_browser_changes_nothing(app: AppTest, edit: Any) -> None:
    picture(app, edit)
    assert not app.exception
    assert experiment(app) == OPENING and view(app) == ov.View()


# -- defaults, suggestions, and what the visitor has chosen --------------------------------------------------


@pytest.mark.slow
def test_default_suggested_and_chosen_are_told_apart_and_one_click_away(app: AppTest) -> None:
    def badges() -> list[str]:
        return [item.value for item in app.sidebar.markdown if "badge" in item.value]

    suggested = ov.suggested_lr("Adam", OPENING.surface)
    yours = ":blue-badge[yours]"
    assert badges() == [yours, yours]  # SGD's momentum and Adam's lr; SGD's lr is torch's own
    calm(press(app, "1.Adam.lr.suggested"))
    assert experiment(app).runs[1].optimizer.params["lr"] == suggested
    assert badges() == [yours, ":violet-badge[suggested]"]
    press(app, "1.Adam.lr.torch's default")
    assert experiment(app).runs[1].optimizer.params["lr"] == 1e-3 and badges() == [yours]
    press(app, "0.SGD.momentum.torch's default")
    assert "momentum" not in experiment(app).runs[0].optimizer.params
    assert "0.SGD.momentum.torch's default" not in {button.key for button in app.button}
    assert badges() == []


@pytest.mark.slow
def test_a_whole_optimizer_goes_to_defaults_and_suggestions(app: AppTest) -> None:
    widget(app, "0.optimizer").select("LBFGS").run()
    info = ov.OPTIMIZERS["LBFGS"]
    assert experiment(app).runs[0].optimizer.params == {"lr": 1.0, **info.suggested}
    press(app, "0.All at torch's defaults")
    assert experiment(app).runs[0].optimizer.params == {"lr": 1.0}
    press(app, "0.All as suggested here")
    assert experiment(app).runs[0].optimizer.params == {"lr": 1.0, **info.suggested}


@pytest.mark.slow
def test_another_surface_keeps_nothing_that_does_not_fit_and_coming_back_finds_all(app: AppTest) -> None:
    widget(app, "Rosenbrock.start.0").set_value("0.5").run()
    widget(app, "Rosenbrock.b").set_value("7").run()
    widget(app, "0.SGD.lr").set_value("5e-4").run()
    widget(app, "view.within").set_value("0.5").run()
    before = experiment(app)
    widget(app, "surface").select("Himmelblau").run()
    there = experiment(app)
    assert there.start == ov.SURFACES["Himmelblau"].start and view(app).within is None
    assert there.runs[0].optimizer.params["lr"] == ov.suggested_lr("SGD", there.surface)
    assert there.runs[0].optimizer.params["momentum"] == 0.9
    widget(app, "0.SGD.lr").set_value("0.003").run()
    calm(widget(app, "surface").select("Rosenbrock").run())
    assert experiment(app) == before and view(app).within == 0.5
    widget(app, "surface").select("Himmelblau").run()
    assert experiment(app).runs[0].optimizer.params["lr"] == 0.003


def test_another_optimizer_and_back(app: AppTest) -> None:
    widget(app, "1.Adam.betas.0").set_value("0.5").run()
    widget(app, "1.optimizer").select("RMSprop").run()
    assert experiment(app).runs[1].optimizer.params == {"lr": ov.suggested_lr("RMSprop", OPENING.surface)}
    widget(app, "1.optimizer").select("Adam").run()
    assert experiment(app).runs[1].optimizer.params == {"lr": 0.1, "betas": (0.5, 0.999)}


# -- competitors ---------------------------------------------------------------------------------------------


def colors(app: AppTest) -> dict[str, int]:
    return {run["name"]: run["slot"] for run in scene(app)["runs"]}


@pytest.mark.slow
def test_competitors_come_and_go_and_keep_their_colours(app: AppTest) -> None:
    first = colors(app)
    calm(press(app, "add"))
    assert [run.name for run in experiment(app).runs] == ["SGD", "Adam", "RMSprop"]
    three = colors(app)
    calm(press(app, "0.Remove"))
    assert [run.name for run in experiment(app).runs] == ["Adam", "RMSprop"]
    assert colors(app) == {name: three[name] for name in ("Adam", "RMSprop")}
    assert view(app).colors == (1, 2) and app.query_params["colors"] == "1,2"
    calm(press(app, "2.Move up"))
    assert [run.name for run in experiment(app).runs] == ["RMSprop", "Adam"]
    assert colors(app)["Adam"] == first["Adam"]
    calm(press(app, "1.Remove"))
    assert app.button(key="2.Remove").disabled
    calm(press(app, "add"))
    assert colors(app)["SGD"] == first["SGD"]  # it took the free place


def test_duplicates_have_names_of_their_own_and_can_be_renamed(app: AppTest) -> None:
    calm(press(app, "0.Duplicate"))
    assert list(paths(app)) == ["SGD 1", "SGD 2", "Adam"]
    assert len(set(colors(app).values())) == 3
    calm(widget(app, "2.label").set_value("twin").run())
    assert list(paths(app)) == ["SGD", "twin", "Adam"]
    assert experiment(app).runs[1].label == "twin"


@pytest.mark.slow
def test_there_is_room_for_eight(app: AppTest) -> None:
    for _ in range(6):
        calm(press(app, "add"))
    assert len(experiment(app).runs) == len(set(colors(app).values())) == 8
    assert app.button(key="add").disabled
    assert app.button(key="0.Duplicate").disabled


def test_a_name_is_shown_letter_by_letter(app: AppTest) -> None:
    calm(widget(app, "0.label").set_value("![x](http://a.b) :red[y] $z$").run())
    shown = [item.value for item in app.markdown if "a" in item.value and "x" in item.value]
    assert all("![x](http" not in value for value in shown)


@pytest.mark.slow
def test_one_edit_computes_one_competitor(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []
    run_one = ov.run_one

    def counted(exp: ov.Experiment, index: int, **options: Any) -> ov.Trajectory:
        computed.append(exp.runs[index].optimizer.name)
        return run_one(exp, index, **options)

    monkeypatch.setattr(ov, "run_one", counted)
    widget(app, "1.Adam.lr").set_value("0.01234").run()
    assert computed == ["Adam"]
    widget(app, "0.label").set_value("another name").run()
    widget(app, "view.within").set_value("0.3").run()
    widget(app, "1.Adam.lr").set_value("0.1").run()
    assert computed == ["Adam"]


@pytest.mark.slow
def test_runs_can_be_stopped_and_gone_on_with(app: AppTest) -> None:
    exp = replace(OPENING, start=(0.123, 0.456))
    state(app).experiment = exp
    state(app).stopped = replace(exp, runs=tuple(replace(run, label="") for run in exp.runs))
    app.run()
    assert not app.exception and paths(app) == {} and "Stopped" in words(app)
    calm(press(app, "go on"))
    assert len(paths(app)) == 2 and "Stopped" not in words(app)


@pytest.mark.slow
def test_who_asks_for_the_same_run_meanwhile_shares_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    computed: list[int] = []
    run_one = ov.run_one

    def counted(exp: ov.Experiment, index: int, **options: Any) -> ov.Trajectory:
        computed.append(index)
        return run_one(exp, index, **options)

    monkeypatch.setattr(ov, "run_one", counted)
    monkeypatch.setattr(runs, "_TURN", 0.01)
    exp = replace(OPENING, start=(0.321, 0.654), steps=2000)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: runs.compute(exp, 0, lambda steps: None), range(4)))
    assert computed == [0] and len({id(result.points) for result in results}) == 1  # type: ignore[union-attr]


def test_an_endless_run_is_given_up_and_others_pass_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_MOST_WORK", 0.5)
    monkeypatch.setattr(runs, "_TURN", 0.05)
    slow = replace(OPENING, start=(0.21, 0.12), steps=1_000_000)
    quick = replace(OPENING, start=(0.21, 0.13), steps=20)
    with ThreadPoolExecutor(2) as pool:
        long = pool.submit(runs.compute, slow, 0, lambda steps: None)
        short = pool.submit(runs.compute, quick, 1, lambda steps: None)
        assert isinstance(short.result(), ov.Trajectory) and not long.done()
        assert "Given up after" in long.result().reason  # type: ignore[union-attr]
    assert runs.known(slow, 0) == long.result() and runs._workshop().busy == set()


def test_what_a_watcher_raises_ends_the_run_and_frees_the_lock() -> None:
    def watch(steps: int) -> None:
        if steps == 5:
            raise RuntimeError("nobody waits for it")

    exp = replace(OPENING, start=(0.77, 0.88))
    with pytest.raises(RuntimeError, match="nobody waits"):
        runs.compute(exp, 0, watch)
    assert not runs._workshop().lock.locked() and runs.known(exp, 0) is None
    assert isinstance(runs.compute(exp, 0, lambda steps: None), ov.Trajectory)


# -- what goes wrong -----------------------------------------------------------------------------------------


def test_torchs_complaint_is_shown_and_the_other_one_runs(app: AppTest) -> None:
    press(app, "0.SGD.momentum.torch's default")
    widget(app, "0.SGD.nesterov").check().run()
    assert not app.exception
    assert [error.value for error in app.sidebar.error] == [
        "Nesterov momentum requires a momentum and zero dampening"
    ]
    assert list(paths(app)) == ["Adam"]
    assert results(app)["SGD"]["words"].startswith("Did not run.")


def test_divergence_is_said(app: AppTest) -> None:
    calm(widget(app, "0.SGD.lr").set_value("1").run())
    assert results(app)["SGD"]["words"].startswith("Diverged")


@pytest.mark.slow
def test_what_cannot_be_read_is_said_where_it_was_typed_and_stays(app: AppTest) -> None:
    widget(app, "0.scheduler").select("MultiStepLR").run()
    before = experiment(app)
    box = widget(app, "0.MultiStepLR.milestones")
    box.set_value("30, many").run()
    (said,) = [error.value.replace("\\", "") for error in app.sidebar.error]
    assert "(value 2)" in said and "not 'many'" in said and said.endswith("150, 225 stays in use.")
    assert widget(app, "0.MultiStepLR.milestones").value == "30, many"
    assert experiment(app) == before and not app.exception
    calm(widget(app, "0.MultiStepLR.milestones").set_value("30, 60").run())
    assert experiment(app).runs[0].scheduler.params["milestones"] == (30, 60)


def test_an_emptied_number_keeps_the_last_one_in_use(app: AppTest) -> None:
    widget(app, "0.SGD.lr").set_value("").run()
    assert not app.exception and [error.value.replace("\\", "") for error in app.sidebar.error] == [
        "Must be a number, but nothing is here. 0.001 stays in use."
    ]
    assert experiment(app) == OPENING and widget(app, "0.SGD.lr").value == ""


@pytest.mark.slow
def test_a_complaint_goes_with_its_widget_and_its_competitor(app: AppTest) -> None:
    widget(app, "0.scheduler").select("MultiStepLR").run()
    widget(app, "0.MultiStepLR.milestones").set_value("30, many").run()
    assert app.sidebar.error
    calm(widget(app, "0.scheduler").select("StepLR").run())
    calm(widget(app, "0.scheduler").select("MultiStepLR").run())
    assert widget(app, "0.MultiStepLR.milestones").value == "150, 225"
    widget(app, "0.MultiStepLR.milestones").set_value("many").run()
    press(app, "0.Remove")
    press(app, "add")
    calm(widget(app, "0.scheduler").select("MultiStepLR").run())


def test_an_edit_that_comes_with_an_older_address_is_not_taken_back(app: AppTest) -> None:
    widget(app, "steps").set_value("77").run()
    app.query_params.clear()  # the browser had not heard of the new address when the button was pressed
    press(app, "gallery")
    assert state(app).experiment.steps == 77


def test_a_long_name_can_be_there_twice(app: AppTest) -> None:
    widget(app, "0.label").set_value("a" * 60).run()
    calm(press(app, "0.Duplicate"))
    assert len(set(paths(app))) == 3


@pytest.mark.slow
def test_rates_of_a_scheduler_come_back_with_their_surface(app: AppTest) -> None:
    widget(app, "0.scheduler").select("CosineAnnealingLR").run()
    widget(app, "0.CosineAnnealingLR.eta_min").set_value("1e-4").run()
    widget(app, "surface").select("Himmelblau").run()
    assert "eta_min" not in experiment(app).runs[0].scheduler.params
    widget(app, "surface").select("Rosenbrock").run()
    assert experiment(app).runs[0].scheduler.params["eta_min"] == 1e-4


def test_nonsense_in_the_address_is_said_and_the_rest_is_shown() -> None:
    app = opened("?v=1&surface=Himmelblau&steps=many&run=SGD(lr=0.01)&run=Nope(x=1)&<b>=1")
    assert list(paths(app)) == ["SGD"] and state(app).experiment.steps == 300
    (warning,) = [item.value for item in app.main.warning]
    assert "steps" in warning and "Nope" in warning and "<b>" not in warning
    assert app.query_params["steps"] == "many"  # the visitor's own, until something is changed
    widget(app, "steps").set_value("7").run()
    assert not app.main.warning and experiment(app).steps == 7


@pytest.mark.slow
@pytest.mark.parametrize("case", GALLERY[::5], ids=lambda case: case.title)
def test_an_address_opens_the_same_elsewhere(case: Any) -> None:
    app = opened(case.experiment.to_url(case.view))
    assert experiment(app) == case.experiment and not app.main.warning
    for trajectory in computed(case.experiment):
        np.testing.assert_array_equal(paths(app)[trajectory.name], trajectory.points)


def test_the_table_says_what_the_runs_did(app: AppTest) -> None:
    for trajectory in computed(OPENING):
        summary = trajectory.summary(ov.SURFACES["Rosenbrock"].minimizers, 0.004)
        row = results(app)[trajectory.name]
        assert row["numbers"] == {name: getattr(summary, name) for name in row["numbers"]}
        assert (row["ending"], row["step"]) == (summary.outcome.kind, summary.outcome.step)
    assert [column["name"] for column in scene(app)["table"]["columns"][1:-1]] == list(row["numbers"])


def test_numbers_that_json_has_not() -> None:
    app = opened("surface=Beale&start=1e6,1e6&run=SGD(lr=1e30)")
    (row,) = scene(app)["table"]["rows"]
    assert row["ending"] == "diverged" and row["numbers"]["final_loss"] in ("Infinity", "nan")
