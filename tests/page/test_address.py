"""Whatever stands in the address, the page has an experiment to show, and says what it could not use."""

from __future__ import annotations

import string
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import optviz as ov
from builders import competitor
from optviz import environment
from optviz.lessons.gallery import GALLERY
from optviz.optimizers import catalogue
from optviz.spec.experiment import link_words
from optviz.spec.links import split_link
from optviz.web.state import address, choices
from optviz.web.state.address import read
from scripts import saved

ADDRESSES = saved.addresses()
SAVED = sorted(saved.SAVED.glob("*/*.json"))


@pytest.mark.slow
@pytest.mark.sampled(8)
@pytest.mark.parametrize("link", ADDRESSES)
def test_addresses_go_on_working(link: str) -> None:
    opened = read(split_link(link))
    assert opened.ignored == ()
    assert opened.experiment == ov.Experiment.from_url(link) and opened.view == ov.View.from_url(link)
    again = opened.experiment.to_url(opened.view)
    assert (ov.Experiment.from_url(again), ov.View.from_url(again)) == (opened.experiment, opened.view)
    trajectories = ov.run(opened.experiment, "cpu")
    assert all(trajectory.steps > 0 for trajectory in trajectories)


@pytest.mark.parametrize("file", SAVED, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_what_any_version_saved_opens(file: Path) -> None:
    """As the page opens it, and it is the experiment of the address that it was saved of."""
    text = file.read_text(encoding="utf-8")
    experiment = ov.Experiment.from_json(text)
    assert experiment == ov.Experiment.from_url(ADDRESSES[int(file.stem) - 1])
    opened = address.usable(link_words(experiment, ov.View()))
    assert opened.experiment == experiment and opened.ignored == ()
    provenance = ov.Experiment.made_with(text)
    assert provenance["optviz"] == file.parent.name and {"torch", "device", "dtype"} < provenance.keys()


def test_what_this_version_saves_is_kept_for_later_ones() -> None:
    """A new version's are written by `python -m scripts.saved`; those of older ones stay as they are."""
    places = [int(file.stem) for file in SAVED if file.parent.name == ov.__version__]
    assert places and places == [*range(1, len(places) + 1)]


def test_the_addresses_name_every_part_that_a_link_can_have() -> None:
    words = {name for link in ADDRESSES for name in split_link(link)}
    fields = {*ov.Experiment.__dataclass_fields__, *ov.View.__dataclass_fields__} - {"runs"}
    assert words == fields | {"v", "run"}


def test_an_empty_address_is_the_opening() -> None:
    assert read({}) == address.Opened(choices.OPENING, ov.View(), ())


@pytest.mark.parametrize("surface", ov.SURFACES)
def test_a_surface_alone_opens_with_its_own_start_and_suggestions(surface: str) -> None:
    opened = read({"surface": [surface]})
    assert opened.ignored == () and opened.experiment.surface == ov.SurfaceSpec(surface)
    assert opened.experiment.start == ov.SURFACES[surface].start
    assert [run.optimizer.name for run in opened.experiment.runs] == ["SGD", "Adam"]
    if surface != "Rosenbrock":
        for run in opened.experiment.runs:
            suggested = ov.suggested_lr(run.optimizer.name, opened.experiment.surface)
            assert run.optimizer.params["lr"] == suggested


NONSENSE = [
    ("surface=Nowhere", "surface: There is no surface named 'Nowhere'."),
    ("surface=Rosenbrock(q=1)", "Rosenbrock: It has no parameter 'q'."),
    ("surface=Quadratic bowl(kappa=-3)", "Quadratic bowl: kappa must be between 1 and 1000, not -3."),
    ("surface=Sphere((", "surface: A part of the link is not written as Name(parameter=value): 'Sphere(('."),
    ("start=1", "start: must be 2 values, not 1."),
    ("start=1,1e11", "start: (value 2) must be between -1e+10 and 1e+10, not 1e+11."),
    ("start=nan,0", "start: (value 1) must be a finite number, not nan."),
    ("steps=0", "steps: must be between 1 and 5,000, not 0."),
    ("steps=1000000", "steps: must be between 1 and 5,000, not 1,000,000."),
    ("steps=ten", "steps: must be a whole number, not 'ten'."),
    (
        "run=Adamm(lr=0.1)",
        "run: There is no optimizer named 'Adamm' here. More come with pip install \"optviz[more]\".",
    ),
    ("run=SGD(lr=-1)", "SGD: lr must be between 0 and 10000, not -1."),
    ("run=SGD(lr=True)", "SGD: lr must be a number, not True."),
    ("run=SGD(foreach=True)", "SGD: It has no parameter 'foreach'."),
    ("run=SGD.LambdaLR", "run: There is no scheduler named 'LambdaLR' here."),
    ("run=SGD.StepLR(gamma=7)", "StepLR: gamma must be between 0 and 1, not 7."),
    (
        "run=SGD.OneCycleLR(warmup=5)",
        "OneCycleLR: It sets the rate from its first step: no warm-up can come before it.",
    ),
    ("run=SGD.set(frozen=('z',))", "run: There is no parameter 'z' to freeze, only x and y."),
    ("run=SGD.set(clip_norm=-1)", "run: SGD: clip_norm must be at least 0, not -1."),
    ("noise=-1", "noise: must be at least 0, not -1."),
    ("seed=1e16", "seed: must be between 0 and 9,007,199,254,740,991, not 10,000,000,000,000,000."),
    ("dtype=float16", "dtype: must be one of float32, float64, not 'float16'."),
    ("batch_size=4", "batch_size: Rosenbrock has no data to draw minibatches from."),
    ("surface=Least squares&batch_size=0", "batch_size: must be between 1 and 1,000, not 0."),
    ("scale=cubic", "scale: must be one of auto, log, linear, not 'cubic'."),
    ("picture=4d", "picture: must be one of 2d, 3d, not '4d'."),
    (
        "marks=step,halo",
        "marks: must be one of gradient, given, momentum, step, parts, curvature, not 'halo'.",
    ),
    ("focus=9", "focus: must be between 0 and 7, not 9."),
    ("convention=tf", "convention: must be one of torch, keras, paper, average, not 'tf'."),
    ("within=-1", "within: must be between 0 and 1e+06, not -1."),
    ("colors=1,1", "colors: They must all be different."),
    ("colors=9,", "colors: (value 1) must be between 0 and 7, not 9."),
    ("within=1e7", "within: must be between 0 and 1e+06, not 1e+07."),
    ("run=SGD.StepLR(step_size=5,warmup=6000)", "StepLR: warmup must be at most 5,000, not 6,000."),
    ("surface=" + "x" * 30_000, "It is too long: 30,007 characters."),
    ("hello=1", "'hello': this means nothing to optviz."),
    ("v=9", "v: It was made by another version of optviz."),
    ("surface=Saddle&scale=log", "scale: Saddle has no minimum to measure a logarithm from."),
    ("steps=5&steps=6", "steps: It is there twice; the first one counts."),
    ("&".join(["run=SGD"] * 9), "run: There is room for 8 competitors, not for 9."),
]


@pytest.mark.parametrize(("query", "sentence"), NONSENSE)
def test_nonsense_is_left_out_and_said(query: str, sentence: str) -> None:
    opened = read(parse_qs(query))
    assert sentence in opened.ignored
    assert opened.experiment.steps >= 1 and opened.experiment.runs


def test_what_an_older_torch_lacks_is_said_with_the_version_that_brought_it(monkeypatch) -> None:
    sgd, *others = catalogue._ROWS
    monkeypatch.setattr(catalogue, "_ROWS", (replace(sgd, since="2.15"), *others))
    monkeypatch.setattr(environment, "torch_version", lambda: "2.13.0")
    monkeypatch.setattr(ov.OPTIMIZERS, "_known", None)  # rows as that torch has them
    opened = read(parse_qs("run=LBFGS(maximize=True,lr=0.5)&run=SGD"))
    assert opened.experiment.runs == (competitor("LBFGS", {"lr": 0.5}),)
    assert opened.ignored == (
        "LBFGS: maximize came with torch 2.14, and here is torch 2.13.0.",
        "run: SGD came with torch 2.15, and here is torch 2.13.0.",
    )


def test_a_colour_goes_with_its_run() -> None:
    opened = read(split_link("run=Nope&run=Adam(lr=0.1)&run=SGD(lr=0.1)&colors=5,2,7"))
    assert opened.view.colors == (2, 7)


def test_one_bad_part_leaves_the_others_alone() -> None:
    opened = read(
        split_link("surface=Himmelblau&run=SGD(lr=0.02,momentum=5)&run=Nope&run=Adam(lr=0.3)&steps=7")
    )
    sgd, adam = opened.experiment.runs
    assert sgd.optimizer == ov.OptimizerSpec("SGD", {"lr": 0.02})
    assert adam.optimizer == ov.OptimizerSpec("Adam", {"lr": 0.3})
    assert opened.experiment.steps == 7 and len(opened.ignored) == 2


KNOWN = ["v", "run", *ov.Experiment.__dataclass_fields__, *ov.View.__dataclass_fields__]
NAMES = st.sampled_from(KNOWN) | st.text(max_size=8)
WORDS = [*ov.SURFACES, *ov.OPTIMIZERS, *ov.SCHEDULERS, "set", "lr", "betas", "label", "warmup", "frozen"]
ODD = ["1e999", "-1", "0.1", "True", "None", "nan", "1" * 400, "\ud800", "\0", "(" * 99]
PIECES = st.sampled_from([*WORDS, *"(),=.'\"[]-", *ODD])
TEXTS = st.lists(PIECES | st.text(string.printable, max_size=4), max_size=12).map("".join)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(st.dictionaries(NAMES, st.lists(TEXTS, max_size=10), max_size=8))
def test_anything_at_all_gives_an_experiment_that_the_page_can_show(words: dict[str, list[str]]) -> None:
    opened = read(words)
    exp = opened.experiment
    assert exp.surface.name in ov.SURFACES and 1 <= len(exp.runs) <= 8 and 1 <= exp.steps <= 5000
    ov.surface(exp.surface)
    for run in exp.runs:
        params = ov.OPTIMIZERS[run.optimizer.name].params
        for name, value in run.optimizer.params.items():
            assert params[name].kind.check(value) == value
        if run.scheduler is not None:
            assert run.scheduler.name in ov.SCHEDULERS
    assert all(isinstance(note, str) and len(note) < 1000 for note in opened.ignored)
    assert ov.Experiment.from_url(exp.to_url(opened.view)) == exp


@pytest.mark.parametrize("case", GALLERY, ids=lambda case: case.title)
def test_the_gallery_opens_by_its_addresses(case) -> None:
    opened = read(split_link(case.experiment.to_url(case.view)))
    assert (opened.experiment, opened.view, opened.ignored) == (case.experiment, case.view, ())
