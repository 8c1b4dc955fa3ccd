"""Lessons and the reference of optimizers in real Streamlit, without a browser."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

import optviz as ov
from optviz.lessons.catalogue import find_page, lessons
from optviz.web.state.choices import OPENING
from optviz.web.state.session import Session
from visits import calm, listed, opened, press, scene, state, trigger, view, widget, words

ASKING, TELLING = "learning-rate.1", "learning-rate.4"


def page(name: str) -> ov.lessons.Page:
    found = find_page(name)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def reading() -> AppTest:
    return opened(f"?page={TELLING}")


@pytest.fixture
def app(reading: AppTest) -> AppTest:
    """A page of a lesson; one session for the whole file."""
    reading.session_state["optviz"] = Session()
    reading.query_params.clear()
    reading.query_params["page"] = TELLING
    return calm(reading.run())


def read(app: AppTest, name: str) -> AppTest:
    return calm(trigger(app, '"lesson"', "go", name))


def address(app: AppTest) -> dict[str, list[str]]:
    return {name: listed(app.query_params[name]) for name in app.query_params}


def place(app: AppTest, title: str) -> AppTest:
    return calm(widget(app, "page").set_value(title).run())


def radio(app: AppTest) -> object:
    (found,) = app.radio
    return found


def test_a_page_shows_its_experiment_and_its_words(app: AppTest) -> None:
    own = page(TELLING)
    assert state(app).experiment == own.experiment
    assert [run["name"] for run in scene(app)["runs"]] == [run.name for run in own.experiment.runs]
    assert scene(app)["cue"] == {"page": TELLING, "waits": False, "slow": False}
    assert scene(app)["caption"] == own.caption
    assert own.words in words(app) and own.formulas in words(app) and own.code in words(app)
    assert not app.sidebar.children and not app.radio


def test_the_address_of_a_page_is_its_name_until_something_is_changed(app: AppTest) -> None:
    read(app, ASKING)
    assert address(app) == {"v": ["1"], "page": [ASKING]}
    read(app, TELLING)
    calm(widget(app, "0.SGD.lr").set_value("0.018").run())
    assert address(app)["run"] == ["SGD(lr=0.018)"]
    assert address(app)["page"] == [TELLING]
    calm(press(app, "again"))
    assert address(app) == {"v": ["1"], "page": [TELLING]}


def test_a_changed_page_comes_back_by_its_address(app: AppTest) -> None:
    own = page(TELLING)
    link = replace(own.experiment, steps=7).to_url(own.view)
    other = opened(link)
    assert state(other).experiment.steps == 7 and view(other).page == TELLING
    assert own.words in words(other) and not state(other).notes.ignored


@pytest.mark.slow
def test_every_page_can_be_read(app: AppTest) -> None:
    for lesson in lessons().values():
        for k, own in enumerate(lesson.pages, start=1):
            name = f"{lesson.name}.{k}"
            read(app, name)
            assert scene(app)["cue"]["page"] == name, own.title
            assert address(app) == {"v": ["1"], "page": [name]}
            if own.question:
                press(app, "show")
            assert scene(app)["caption"] == own.caption
            assert state(app).experiment == own.experiment and view(app) == own.view and own.view.page == name
            assert not state(app).refused


def test_a_question_comes_before_the_answer(app: AppTest) -> None:
    own = page(ASKING)
    read(app, ASKING)
    assert own.question is not None and own.question.ask in radio(app).label
    assert scene(app)["cue"]["waits"] and scene(app)["caption"] != own.caption
    assert own.question.because not in words(app) and own.formulas not in words(app)
    assert not [button for button in app.button if button.key in ("again", "play-with")]
    calm(radio(app).set_value("Two").run())
    assert not scene(app)["cue"]["waits"] and scene(app)["caption"] == own.caption
    assert own.question.because in words(app) and "Not quite" in words(app) and own.formulas in words(app)
    calm(radio(app).set_value("One").run())
    assert "**Right.**" in app.success[0].value and "Not quite" not in words(app)
    read(app, TELLING)
    read(app, ASKING)
    assert radio(app).value == "One" and not scene(app)["cue"]["waits"]  # asked once


def test_a_comparison_says_what_it_is_worth_after_the_answer(app: AppTest) -> None:
    own = page("sgd-and-adam.1")
    read(app, own.name)
    assert own.fair.startswith("**With the best of 31 rates each.**") and own.fair not in words(app)
    press(app, "show")
    assert own.fair in words(app)


@pytest.mark.slow
def test_a_lesson_says_how_long_it_takes(app: AppTest) -> None:
    lesson = lessons()["momentum"]
    said = f"6 pages, about {lesson.minutes} minutes."
    read(app, "momentum.1")
    assert said in words(app)
    read(app, "momentum.2")
    assert said not in words(app)
    read(app, "momentum.all")
    assert said in words(app)


def test_who_does_not_want_to_guess_is_shown(app: AppTest) -> None:
    read(app, ASKING)
    calm(press(app, "show"))
    assert not scene(app)["cue"]["waits"] and "The answer is “One”" in words(app)


def test_the_training_loop_plays_slowly(app: AppTest) -> None:
    read(app, "optimizer.2")
    assert scene(app)["cue"]["slow"] and scene(app)["runs"][0]["code"]


def test_knobs_change_the_experiment_and_lead_back(app: AppTest) -> None:
    calm(widget(app, "Quadratic bowl.kappa").set_value("20.0").run())
    assert state(app).experiment.surface.params["kappa"] == 20.0
    assert scene(app)["runs"][0]["outcome"] == "moving"
    calm(press(app, "Quadratic bowl.kappa.as in the lesson"))
    assert state(app).experiment == page(TELLING).experiment


def test_a_label_that_names_a_value_follows_it(app: AppTest) -> None:
    read(app, ASKING)
    calm(press(app, "show"))
    calm(widget(app, "2.SGD.lr").set_value("0.1").run())
    assert [run.label for run in state(app).experiment.runs] == ["lr 0.002", "lr 0.05", "lr 0.1"]
    calm(press(app, "2.SGD.lr.as in the lesson"))
    assert state(app).experiment == page(ASKING).experiment


@pytest.mark.slow
def test_what_was_played_with_is_there_again_after_a_lesson() -> None:
    app = opened("?v=1&surface=Booth&start=1,1&steps=20&run=SGD(lr=0.03)&beside=step")
    before, how = state(app).experiment, view(app)
    place(app, "Lessons")
    assert address(app)["page"] == ["lessons"]
    calm(press(app, "read-momentum"))
    assert state(app).experiment == page("momentum.1").experiment
    read(app, "momentum.3")
    read(app, "lessons")
    place(app, "Playground")
    assert (state(app).experiment, view(app)) == (before, how)
    assert "page" not in app.query_params


@pytest.mark.slow
def test_what_was_played_with_last_comes_back_and_nothing_older() -> None:
    app = opened("?v=1&surface=Booth&start=1,1&steps=20&run=SGD(lr=0.03)")
    place(app, "Lessons")
    calm(press(app, "read-momentum"))
    for name in [*app.query_params]:
        del app.query_params[name]  # back, as the browser goes
    calm(app.run())
    calm(widget(app, "steps").set_value("7").run())
    later = state(app).experiment
    place(app, "Lessons")
    calm(press(app, "read-momentum"))
    place(app, "Playground")
    assert state(app).experiment == later


@pytest.mark.slow
@pytest.mark.parametrize("page", ["lessons", "optimizers", "momentum.all", "momentum.2"])
def test_what_an_address_has_beside_a_page_is_said_there(page: str) -> None:
    assert "colour" in words(opened(f"?page={page}&colour=red"))


def test_a_page_opens_in_the_playground_as_it_is(app: AppTest) -> None:
    calm(widget(app, "0.SGD.lr").set_value("0.018").run())
    changed = state(app).experiment
    calm(press(app, "play-with"))
    assert state(app).experiment == changed and view(app).page == ""
    assert widget(app, "0.SGD.lr").value == "0.018"  # the playground's own


def test_the_gallery_has_a_picture_of_each_lesson(app: AppTest) -> None:
    read(app, "lessons")
    assert len(app.get("image")) == len(lessons())
    for lesson in lessons().values():
        assert lesson.about in words(app)
        assert f"{len(lesson.pages)} pages, about {lesson.minutes} minutes" in words(app)


@pytest.mark.slow
def test_the_gallery_knows_what_has_been_read(app: AppTest) -> None:
    read(app, "momentum.1")
    read(app, "momentum.3")
    read(app, "lessons")
    assert "2 of 6 pages read" in words(app) and app.button(key="read-momentum").label == "Continue"
    calm(press(app, "read-momentum"))
    assert view(app).page == "momentum.2"
    for k in range(1, 7):
        read(app, f"momentum.{k}")
    read(app, "lessons")
    assert "all read" in words(app) and app.button(key="read-momentum").label == "Begin"


@pytest.mark.slow
def test_a_lesson_can_be_read_as_a_whole(app: AppTest) -> None:
    read(app, "momentum.all")
    lesson = lessons()["momentum"]
    assert address(app)["page"] == ["momentum.all"]
    assert len(app.get("image")) == len(lesson.pages)
    for own in lesson.pages:
        assert own.words in words(app) and own.caption in words(app) and own.fair in words(app)
        if own.question:
            assert own.question.because in words(app)


@pytest.mark.parametrize("wrong", ["nonsense", "momentum.99", "<b>.1", "momentum.0", "x" * 61])
def test_a_page_that_is_not_there_is_said(wrong: str) -> None:
    app = opened(f"?page={wrong}")
    assert "page" in words(app) and view(app).page == "" and state(app).experiment == OPENING
    assert len(state(app).notes.ignored) == 1 and state(app).notes.ignored[0].startswith("page: ")


@pytest.mark.parametrize("sent", ["nonsense", "momentum.99", 3, None, ["momentum.1"], {"page": 1}])
def test_what_a_browser_makes_up_leads_nowhere(app: AppTest, sent: object) -> None:
    read(app, ASKING)
    calm(trigger(app, '"lesson"', "go", sent))
    assert view(app).page == ASKING


@pytest.mark.slow
def test_the_reference_has_every_optimizer_of_torch(app: AppTest) -> None:
    place(app, "Optimizers")
    assert address(app)["page"] == ["optimizers"]
    shown = words(app)
    for info in ov.OPTIMIZERS.values():
        if info.is_torchs:
            assert f"## {info.name}\n" in shown
            assert "**Source.**" in shown and "**When to use it.**" in shown
    assert "**State per parameter:** none; 1 number with `momentum`." in shown
    assert (
        "**State per parameter:** 2 numbers; 1 number more with `amsgrad`: `exp_avg`, `exp_avg_sq`." in shown
    )
    assert "**State per parameter:** 202 numbers with a full history" in shown
    rules = [formula.value for formula in app.latex]
    assert len(rules) == len([info for info in ov.OPTIMIZERS.values() if info.is_torchs])
    assert all(r"\theta_{t} &=" in rule for rule in rules)


def test_an_optimizer_of_the_reference_joins_what_is_played_with() -> None:
    app = opened("?v=1&surface=Booth&start=1,1&steps=20&run=SGD(lr=0.03)")
    place(app, "Optimizers")
    calm(press(app, "try-NAdam"))
    assert [run.optimizer.name for run in state(app).experiment.runs] == ["SGD", "NAdam"]
    assert view(app).page == ""
