"""Every claim of every lesson holds, and a file that is wrong says what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

import optviz as ov
from builders import competitor, formula_spec
from optviz.lessons.catalogue import find_page, find_whole, lessons
from optviz.lessons.expectations import Expectation
from optviz.lessons.lesson import ARRIVED, SPAN, TRIES, Lesson, Page, Variant, read_lesson
from optviz.spec.experiment import EXPERIMENT_PARAMS

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


VARIANTS = [(name, k, variant) for name, page in PAGES.items() for k, variant in enumerate(page.variants)]
SLOW, FEW = {"mistakes.1", "which.3", "which.4"}, 7
"""Pages whose runs are not tuned many at a time: `make test` tries every fifth of their rates."""
TUNINGS = [
    pytest.param(
        *(name, variant, rates),
        id=f"{name} {k}, {rates} rates",
        marks=[pytest.mark.long] if name in SLOW and rates == TRIES else [],
    )
    for name, k, variant in VARIANTS
    for rates in ((FEW, TRIES) if name in SLOW else (TRIES,))
    if variant.tuned
]


@pytest.mark.slow
@pytest.mark.sampled(12)
@pytest.mark.parametrize(
    ("name", "variant"),
    [pytest.param(name, variant, id=f"{name} {k}") for name, k, variant in VARIANTS if not variant.tuned],
)
def test_what_a_page_says_of_a_change_is_so(name: str, variant: Variant) -> None:
    assert variant.experiment != PAGES[name].experiment
    holds(variant, spoken_of(variant))


@pytest.mark.slow
@pytest.mark.sampled(6)
@pytest.mark.parametrize(("name", "variant", "rates"), TUNINGS)
def test_what_a_page_says_of_its_runs_after_tuning_is_so(name: str, variant: Variant, rates: int) -> None:
    holds(variant, tuned(spoken_of(variant), variant.tuned, PAGES[name].view.within, rates))


def spoken_of(variant: Variant) -> ov.Experiment:
    """The experiment with those of its runs that something is said of."""
    spoken = {run for one in variant.expectations for run in one.runs}
    runs = tuple(run for run in variant.experiment.runs if run.name in spoken)
    return replace(variant.experiment, runs=runs)


def holds(variant: Variant, experiment: ov.Experiment) -> None:
    assert variant.expectations
    trajectories = ov.run(experiment, "cpu")
    for one in variant.expectations:
        assert one.holds(experiment, trajectories), one.sentence


def tuned(experiment: ov.Experiment, criterion: str, within: float | None, rates: int) -> ov.Experiment:
    """Each run with the best of so many rates: by `ov.tune`, which refuses networks, or one by one."""
    if ov.SURFACES[experiment.surface.name].group == "Networks":
        assert criterion == "final loss"
        return replace(
            experiment,
            runs=tuple(min(tries(run, rates), key=last_loss(experiment)) for run in experiment.runs),
        )
    found = ov.tune(experiment, rates, SPAN, criterion, around="set", within=within, device="cpu")
    assert (found.best >= 0).all()
    return found.tuned


def tries(run: ov.RunSpec, rates: int) -> Iterator[ov.RunSpec]:
    params = run.optimizer.params
    for factor in np.geomspace(1 / SPAN, SPAN, rates):
        optimizer = ov.OptimizerSpec(run.optimizer.name, {**params, "lr": params["lr"] * float(factor)})
        yield replace(run, optimizer=optimizer)


def last_loss(experiment: ov.Experiment) -> object:
    def of(run: ov.RunSpec) -> float:
        loss = ov.run_one(replace(experiment, runs=(run,)), 0, "cpu").final_loss
        return loss if np.isfinite(loss) else np.inf

    return of


@pytest.mark.parametrize("name", PAGES)
def test_captions_and_tables_mean_the_same_by_arrived(name: str) -> None:
    """A step that a caption gives for coming within 0.01 stands in the table, too."""
    page = PAGES[name]
    assert page.view.within == ARRIVED
    said = (
        re.findall(r"(?:after|takes|at step) (\d+)\b(?! eval)", page.caption)
        if f"within {ARRIVED}" in page.caption
        else []
    )
    minimizers = ov.surface(page.experiment.surface).minimizers
    reached = {run.summary(minimizers, ARRIVED).steps_to_reach for run in ran(name)}
    assert {int(step) for step in said} <= reached


def test_what_is_said_of_torch_is_so() -> None:
    vector = torch.nn.Parameter(torch.ones(2))
    vector.grad = torch.ones(2)
    with pytest.raises(TypeError, match="closure"):
        torch.optim.LBFGS([vector]).step()
    with pytest.raises(ValueError, match="2D"):
        torch.optim.Muon([vector])
    with pytest.raises(RuntimeError, match="dense"):
        torch.optim.SparseAdam([vector]).step()
    plain = torch.optim.SGD([vector], lr=0.05)
    torch.optim.lr_scheduler.OneCycleLR(plain, max_lr=0.05, total_steps=400)
    assert plain.param_groups[0]["momentum"] == 0.95  # it had none


@pytest.mark.slow
def test_how_long_steps_of_adam_are() -> None:
    """0.23 lr in pure noise, 1.65 lr on the page of the plateau, and nowhere more than 7.3 lr."""
    flat = formula_spec("0*x + 0*y")
    noise = ov.Experiment(flat, (0.0, 0.0), 2000, (competitor("Adam", {"lr": 1.0}),), noise=1.0)
    steps = np.diff(ov.run_one(noise, 0, "cpu").theta.astype(np.float64), axis=0)[200:]
    assert abs(np.sqrt((steps**2).mean()) - 0.23) < 0.02
    (plateau,) = [run for run in ran("sgd-and-adam.4") if run.name == "Adam"]
    assert abs(np.abs(np.diff(plateau.theta.astype(np.float64), axis=0)).max() / 0.1 - 1.65) < 0.005
    beta1, beta2 = 0.9, 0.999  # m² ≤ Σ (1-β₁)² (β₁²/β₂)^k / (1-β₂) · v, by Cauchy and Schwarz
    bound = (1 - beta1) / np.sqrt((1 - beta2) * (1 - beta1**2 / beta2))
    assert 7.2 < bound < 7.3


def test_what_adagrad_and_rmsprop_multiply_the_gradient_by() -> None:
    adagrad, rmsprop = ran("memory.2")
    sums, squares = (
        np.asarray(run.state[key])[:, 0] for run, key in ((adagrad, "sum"), (rmsprop, "square_avg"))
    )
    falls, rises = 1.0 / np.sqrt(sums), 0.1 / np.sqrt(squares)
    assert (
        (np.diff(falls) <= 0).all() and abs(falls[0] - 0.033) < 0.0005 and abs(falls[-1] - 0.0075) < 0.00005
    )
    assert abs(rises.min() - 0.010) < 0.0005 and abs(rises[-1] - 0.031) < 0.0005 and np.argmin(rises) < 299


# -- how long it takes -------------------------------------------------------------------------------------


def test_a_page_takes_its_words_its_question_and_its_run() -> None:
    (page,) = read_lesson("bowls", FILE).pages
    words = "A bowl Words, $x$. See. Is it round? Yes No Because."
    assert page.seconds == pytest.approx(len(words.split()) * 60 / 200 + 5 / 15 + 20)
    longer = replace(page, experiment=replace(page.experiment, steps=1000))
    assert longer.seconds - page.seconds == pytest.approx(8 - 5 / 15)
    slow = replace(page, view=replace(page.view, beside="code"), question=None)
    assert slow.seconds == pytest.approx(5 * 60 / 200 + 5 / 0.4)


def test_a_run_plays_as_long_as_the_player_plays_it() -> None:
    clock = (Path(ov.__file__).parent / "player" / "static" / "clock.js").read_text(encoding="utf-8")
    said = dict(re.findall(r"const (WHOLE|SLOWEST|SLOW) = ([\d.]+);", clock))
    assert {name: float(number) for name, number in said.items()} == {"WHOLE": 8, "SLOWEST": 15, "SLOW": 0.4}


def test_the_course_takes_about_an_hour() -> None:
    assert all(4 <= lesson.minutes <= 10 for lesson in LESSONS)
    assert 45 <= sum(lesson.minutes for lesson in LESSONS) <= 65


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
        competitor("SGD", {"lr": 0.05}),
        competitor("Adam", {"lr": 0.1}, label="Adam, slow: very"),
        competitor("SGD", {"lr": 1.0}, label="wild"),
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
        ("SGD: distance < 1 before Adam, slow: very", True),
        ("Adam, slow: very: distance < 1 before SGD", False),
        ("SGD: distance < 1 before SGD", False),
        ("SGD: distance < 1e-9 before wild", False),
        ("SGD: curvature > 19.9 always", True),
        ("SGD: curvature > 20.1 sometime", False),
        ("SGD: rises < 1", True),
        ("wild: rises > 3", True),
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
        Expectation("SGD: loss < 1 before RMSprop").holds(RACE, ov.run(replace(RACE, steps=2), "cpu"))
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


RIVAL = ('run=SGD(lr=0.1)"', "run=SGD(lr=0.1)&run=Adam(lr=0.1)\"\nuntuned = 'As it is.'")


def test_a_page_that_compares_says_what_that_is_worth() -> None:
    (page,) = read_lesson("bowls", FILE.replace(*RIVAL)).pages
    assert page.fair == "**Nothing is tuned here.** As it is." and not page.tuned
    race = (
        FILE.replace(*RIVAL)
        .replace("untuned = 'As it is.'", "tuned = 'Adam wins.'")
        .replace("what_if = [", "what_if = [\n  { tuned = 'final loss', expect = ['Adam: loss < SGD'] },")
    )
    (page,) = read_lesson("bowls", race).pages
    assert page.fair == "**With the best of 31 rates each.** Adam wins."
    assert page.variants[0].tuned == "final loss" and page.variants[0].experiment == page.experiment
    assert not page.variants[1].tuned


@pytest.mark.parametrize(
    "rival",
    [
        "SGD(lr=0.1,momentum=0.9)",
        "Adam(lr=0.1)",
        "SGD(lr=0.2).set(clip_norm=1.0)",
        "SGD(lr=0.1).StepLR(step_size=2)",
    ],
)
def test_a_comparison_that_says_nothing_of_its_rates_is_found(rival: str) -> None:
    silent = FILE.replace("&run=SGD(lr=0.1)", f"&run=SGD(lr=0.1)&run={rival.replace(').set(', ').set(')}")
    if rival.startswith("SGD"):
        silent = silent.replace(
            rival,
            rival.replace(".set(", ".set(label='two',") if ".set(" in rival else f"{rival}.set(label='two')",
        )
    with pytest.raises(ValueError, match="says tuned or untuned"):
        read_lesson("bowls", silent)
    read_lesson("bowls", silent.replace("caption =", "untuned = 'As it is.'\ncaption ="))


def test_runs_that_differ_in_their_rates_alone_need_no_tuning() -> None:
    (page,) = read_lesson(
        "bowls", FILE.replace("&run=SGD(lr=0.1)", "&run=SGD(lr=0.1)&run=SGD(lr=0.2).set(label='two')")
    ).pages
    assert page.fair == ""


WRONG = {
    "no front matter": ("+++\n", ""),
    "title is missing": ('title = "Bowls"\n', ""),
    "order is missing": ("order = 9", 'order = "9"'),
    "not both": ("## A bowl", "## Another bowl"),
    "means nothing": ("caption =", "color = 1\ncaption ="),
    "'colour' means nothing": ("order = 9", 'order = 9\ncolour = "red"'),
    "no page 'B'": ("order = 9", 'order = 9\ncover = "B"'),
    "experiment is missing": ('experiment = "?', 'experiment = 3 # "?'),
    "words that mean nothing: 'stops'": ("steps=5", "steps=5&stops=5"),
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
    "says tuned or untuned": ("caption =", "untuned = 'As it is.'\ncaption ="),
    "needs a what_if that tunes": (RIVAL[0], RIVAL[1].replace("untuned", "tuned")),
    "and the other way round": ("{ set =", "{ tuned = 'final loss', set ="),
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
