"""Every claim of every lesson holds, and a file that is wrong says what is wrong with it."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache

import pytest

import optviz as ov
from optviz.lessons import (
    Expectation,
    Lesson,
    Page,
    find_page,
    find_whole,
    lessons,
    read_lesson,
)
from optviz.spec import EXPERIMENT_PARAMS

LESSONS = tuple(lessons().values())
PAGES = {f"{lesson.name}.{k}": page for lesson in LESSONS for k, page in enumerate(lesson.pages, start=1)}


@cache
def ran(page: str) -> tuple[ov.Trajectory, ...]:
    return tuple(ov.run(PAGES[page].experiment, "cpu"))


# -- what the lessons say is so ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        pytest.param(name, one.sentence, id=f"{name} {one.sentence}")
        for name, page in PAGES.items()
        for one in page.expectations
    ],
)
def test_what_a_page_claims_is_so(name: str, sentence: str) -> None:
    assert Expectation(sentence).holds(PAGES[name].experiment, ran(name))


@pytest.mark.parametrize("name", [name for name, page in PAGES.items() if page.variants])
def test_what_a_page_says_of_a_change_is_so(name: str) -> None:
    for variant in PAGES[name].variants:
        trajectories = ov.run(variant.experiment, "cpu")
        assert variant.expectations and variant.experiment != PAGES[name].experiment
        for one in variant.expectations:
            assert one.holds(variant.experiment, trajectories), one.sentence


@pytest.mark.parametrize("name", PAGES)
def test_each_run_of_a_page_is_spoken_of(name: str) -> None:
    page = PAGES[name]
    spoken = {run for one in page.expectations for run in one.runs}
    assert spoken == {run.name for run in page.experiment.runs}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_complete(name: str) -> None:
    page = PAGES[name]
    assert page.formulas and page.code.count("```") in (0, 2) and page.words
    assert page.caption.endswith(".") and len(page.caption) < 260
    assert page.words.count("$$") % 2 == page.formulas.count("$$") % 2 == 0
    if any(": distance " in one.sentence for one in page.expectations):
        assert ov.surface(page.experiment.surface).minimizers  # else every distance is infinite
    assert page.experiment.steps <= 1000 and len(page.experiment.runs) <= 8
    if page.question:
        assert 2 <= len(page.question.choices) <= 4 and page.question.ask.endswith("?")
        assert len(set(page.question.choices)) == len(page.question.choices)


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_invites_to_change_is_there(name: str) -> None:
    page = PAGES[name]
    surface, runs = page.experiment.surface, {run.name: run for run in page.experiment.runs}
    for owner, knob in page.knobs:
        if owner == "experiment":
            assert knob in EXPERIMENT_PARAMS
        elif owner == "surface":
            assert knob in ov.SURFACES[surface.name].declared(surface.params)
        else:
            assert knob in ov.OPTIMIZERS[runs[owner].optimizer.name].params


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_a_lesson_asks_and_shows(lesson: Lesson) -> None:
    assert 3 <= len(lesson.pages) <= 8
    assert sum(page.question is not None for page in lesson.pages) >= 2
    assert lesson.cover in lesson.pages and lesson.about.endswith(".") and len(lesson.about) < 120


def test_the_course_is_whole() -> None:
    assert [lesson.order for lesson in LESSONS] == list(range(1, len(LESSONS) + 1)) and len(LESSONS) >= 8
    used = {run.optimizer.name for page in PAGES.values() for run in page.experiment.runs}
    assert {"SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "LBFGS"} <= used
    surfaces = {page.experiment.surface.name for page in PAGES.values()}
    assert {"Linear fit", "Formula", "MLP classifier"} <= surfaces
    whole = [page.experiment for page in PAGES.values()]
    assert any(exp.batch_size for exp in whole) and any(exp.noise for exp in whole)


def test_pages_are_found_by_name() -> None:
    for name, page in PAGES.items():
        assert find_page(name) is page and page.name == name
    first = LESSONS[0]
    assert find_whole(first.whole) is first
    for wrong in (
        "",
        "momentum",
        "momentum.",
        "momentum.0",
        "momentum.99",
        "momentum.-1",
        "momentum.²",
        "no.1",
        "momentum.1.1",
    ):
        assert find_page(wrong) is None
    assert find_whole("no.all") is find_whole("momentum") is find_whole("momentum.1") is None


# -- expectations ------------------------------------------------------------------------------------------

RACE = ov.Experiment(
    ov.SurfaceSpec("Quadratic bowl"),
    (15.0, 8.0),
    50,
    (
        ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.05})),
        ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.1}), label="Adam, slow: very"),
        ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 1.0}), label="wild"),
    ),
)


@pytest.mark.parametrize(
    ("sentence", "true"),
    [
        ("SGD: ends in a minimum", False),
        ("SGD: ends moving", True),
        ("wild: ends diverged", True),
        ("wild: ends left", False),
        ("SGD: distance < 0.1", True),
        ("SGD: distance > 0.1", False),
        ("SGD: distance < 0.1 before 20", False),
        ("SGD: distance > 0.1 until 20", True),
        ("SGD: distance < 0.1 from 49", True),
        ("SGD: distance < 0.1 from 40", False),
        ("SGD: distance < 0.1 from 51", False),
        ("SGD: x < 100 until 51", True),
        ("SGD: x < 100 until 52", False),
        ("SGD: x < 15 always", True),
        ("SGD: x < 1 sometime", True),
        ("SGD: x < 1 always", False),
        ("SGD: loss < Adam, slow: very", True),
        ("Adam, slow: very: loss < SGD", False),
        ("SGD: distance < Adam, slow: very at 10", True),
        ("Adam, slow: very: stride < 0.1415 at 1", True),
        ("Adam, slow: very: stride > 0.1414 at 1", True),
        ("SGD: evals > 49", True),
        ("SGD: evals > 50", False),
        ("SGD: lr > 0.049 always", True),
        ("SGD: x < 100 at 51", False),
        ("SGD: gradient < 1", True),
        ("wild: turns > 3", True),
        ("SGD: turns < 1", True),
        ("SGD: x < 15 at 0", False),
        ("SGD: y > 7 at 0", True),
    ],
)
def test_an_expectation_can_hold_and_can_fail(sentence: str, true: bool) -> None:
    assert Expectation(sentence).holds(RACE, ov.run(RACE, "cpu")) is true


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "SGD",
        "SGD: wins",
        "SGD: loss = 1",
        "SGD: loss <",
        "SGD: ends in a nap",
        "SGD: speed < 1",
        "loss < 1",
    ],
)
def test_what_is_no_expectation_is_refused(sentence: str) -> None:
    with pytest.raises(ValueError, match="no expectation"):
        Expectation(sentence)


def test_an_expectation_of_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="no run 'RMSprop'"):
        Expectation("SGD: loss < RMSprop").holds(RACE, ov.run(replace(RACE, steps=2), "cpu"))


# -- files -------------------------------------------------------------------------------------------------

FILE = """\
+++
title = "Bowls"
about = "All about bowls."
order = 9
[pages."A bowl"]
experiment = "?v=1&surface=Formula(expression='x**2 + y**2')&start=1,1&steps=5&run=SGD(lr=0.1)"
caption = "See."
try = ["SGD: lr", "noise", "surface: expression"]
expect = ["SGD: loss < 2"]
what_if = [
  { set = { "SGD: lr" = 0.2, "noise" = 1, "surface: expression" = "x**2" }, expect = ["SGD: loss < 3"] },
]
ask = "Is it round?"
choices = ["Yes", "No"]
answer = "No"
+++

## A bowl

Words, $x$.

### Answer

Because.

### In formulas

$$a
+ b$$

### In code

```python
# a comment
## no heading
x = 1
```
"""


def test_a_file_is_a_lesson() -> None:
    lesson = read_lesson("bowls", FILE)
    (page,) = lesson.pages
    assert (lesson.name, lesson.title, lesson.order, lesson.cover) == ("bowls", "Bowls", 9, page)
    assert page.experiment.surface.params["expression"] == "x**2 + y**2"
    assert page.knobs == (("SGD", "lr"), ("experiment", "noise"), ("surface", "expression"))
    (variant,) = page.variants
    assert variant.experiment.runs[0].optimizer.params["lr"] == 0.2 and variant.experiment.noise == 1.0
    assert variant.experiment.surface.params["expression"] == "x**2"
    assert page.words == "Words, $x$." and page.formulas == "$$\na\n+ b\n$$"
    assert page.code == "```python\n# a comment\n## no heading\nx = 1\n```"
    assert page.question is not None and page.question.answer == 1 and page.question.because == "Because."


WRONG = {
    "no front matter": ("+++\n", ""),
    "title is missing": ('title = "Bowls"\n', ""),
    "order is missing": ("order = 9", 'order = "9"'),
    "not both": ("## A bowl", "## Another bowl"),
    "means nothing": ("caption =", "color = 1\ncaption ="),
    "'colour' means nothing": ("order = 9", 'order = 9\ncolour = "red"'),
    "no page 'B'": ("order = 9", 'order = 9\ncover = "B"'),
    "experiment is missing": ('experiment = "?', 'experiment = 3 # "?'),
    "link has no place": ("steps=5", "stops=5"),
    "lacks its start": ("&start=1,1", ""),
    "caption is missing": ('caption = "See."\n', ""),
    "no expectation": ("SGD: loss < 2", "SGD wins"),
    "set is missing": ("{ set =", "{ put ="),
    "needs words, and at least one": ('expect = ["SGD: loss < 2"]', "expect = []"),
    "has no run 'Adam'": ('"SGD: loss < 2"', '"Adam: loss < 2"'),
    "no run 'AdamW'": ('"SGD: lr"', '"AdamW: lr"'),
    "one of them as its answer": ('answer = "No"', 'answer = "Maybe"'),
    "an answer needs a question": ('ask = "Is it round?"\n', ""),
    "no place for a heading": ("### In code", "### In rust"),
    "two headings are alike": ("### In code", "### In formulas"),
    "one name": ("&run=SGD(lr=0.1)", "&run=SGD(lr=0.1)&run=SGD(lr=0.2)"),
    "Invalid value": ("order = 9", "order ="),
}


@pytest.mark.parametrize(("sentence", "change"), WRONG.items())
def test_what_is_wrong_with_a_file_is_said(sentence: str, change: tuple[str, str]) -> None:
    assert change[0] in FILE
    wrong = FILE.replace(*change)
    if sentence == "no front matter":
        sentence = "must begin with its front matter"
    with pytest.raises(ValueError, match=re.compile(re.escape(sentence), re.I)) as refused:
        read_lesson("bowls", wrong)
    assert str(refused.value).startswith("Lesson bowls: ")


def test_a_page_without_a_question_asks_nothing() -> None:
    lines = [
        line
        for line in FILE.replace("### Answer\n\nBecause.\n", "").splitlines()
        if not line.startswith(("ask", "choices", "answer"))
    ]
    (page,) = read_lesson("bowls", "\n".join(lines)).pages
    assert isinstance(page, Page) and page.question is None
