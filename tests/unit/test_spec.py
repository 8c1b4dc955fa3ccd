"""An experiment is one value: links and files give it back, and what else they hold ends in a sentence."""

from __future__ import annotations

import copy
import json
import math
import pickle
import random
import re
import string
import subprocess
import sys
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, fields, replace
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optviz.spec.experiment import (
    EXPERIMENT_PARAMS,
    RUN_PARAMS,
    Experiment,
    OptimizerSpec,
    RunSpec,
    SchedulerSpec,
    SurfaceSpec,
    link_words,
)
from optviz.spec.links import split_link
from optviz.spec.params import DEEPEST, WORD, Choice, Param, Some
from optviz.spec.view import IN_PLAYER, VIEW_PARAMS, MapSpec, View

stable = settings(derandomize=True, deadline=None, database=None, max_examples=100)

FORMULA = "(1 - x)**2 + a*(y - x**2)**2"
SGD = RunSpec(OptimizerSpec("SGD"))
PLAIN = Experiment(SurfaceSpec("Sphere"), (1.0, 2.0), 10, (SGD,))
FULL = Experiment(
    SurfaceSpec("Formula", {"expression": FORMULA, "a": 100.0}),
    start=(-1.2, 1e-12),
    steps=300,
    runs=(
        RunSpec(
            OptimizerSpec("SGD", {"lr": 0.1, "nesterov": True, "momentum": 0.9}),
            SchedulerSpec("MultiStepLR", {"milestones": (30,), "gamma": 0.5}, warmup=5),
            clip_norm=1.0,
            zero_grad=False,
            reset_every=50,
            frozen=("y", "x"),
            label='it\'s "(a=1)" -- 100% #1 & more?',
        ),
        RunSpec(OptimizerSpec("Adafactor", {"eps": (None, 1e-3)}), clip_value=0.25),
        RunSpec(OptimizerSpec("Adam"), SchedulerSpec("ReduceLROnPlateau")),
    ),
    noise=0.05,
    batch_size=32,
    seed=2**63 - 1,
    dtype="float64",
)


def to_json_and_back(exp: Experiment) -> Experiment:
    return Experiment.from_json(exp.to_json())


def to_url_and_back(exp: Experiment) -> Experiment:
    return Experiment.from_url(exp.to_url())


def refusal(make: Callable[[], object]) -> ValueError | None:
    """The ValueError that is raised, and None where there is none; any other error is the test's."""
    try:
        make()
    except ValueError as error:
        return error
    return None


def assert_sentence(error: ValueError) -> None:
    """It was written for a user: not torch's or Python's own, short, and a text that every page can show."""
    assert type(error) is ValueError
    assert re.fullmatch(r"\S.{10,600}\.", str(error), re.DOTALL)
    assert str(error).encode()


def assert_same(one: Experiment, other: Experiment) -> None:
    """Equal, with the same hash, and of the same types all the way down."""
    assert one == other and hash(one) == hash(other) and repr(one) == repr(other)


# -- round trips -----------------------------------------------------------------------------------------

TRICKY = [
    "--",
    "'",
    '"',
    "'\"",
    "\\",
    "\\x41",
    "\\'",
    "(a=1)",
    ").set(label='",
    "\n",
    "\r\n\t",
    "\x00",
    "\u2028",
]
TRICKY += [
    "&run=SGD",
    "#",
    "?",
    "%27",
    "+",
    "a+b c",
    "é",
    "🙂",
    "\U0010ffff",
    "{}",
    "[[[[[[[[[[",
    "((((((((((",
    "None",
]
TRICKY += [
    "<b>&amp;</b>",
    "$x^2$",
    " ",
    "‮abc",
    "1e999",
    "--" * 20,
    ";",
    ",",
    "=",
    "#'\n(((((",
    "\ufeff",
    "\x7f\x85\xa0",
]

texts = st.sampled_from(TRICKY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
words = st.from_regex(WORD, fullmatch=True).filter(lambda word: word not in ("set", "warmup"))
surface_names = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="()"), min_size=1, max_size=80
)
floats = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(
    [-0.0, 5e-324, 1.7e308, 1e16, 1e-7, 0.1]
)
whole = st.integers(-(10**300), 10**300) | st.integers(-5, 5)
values = st.none() | st.booleans() | whole | floats | texts
for _ in range(DEEPEST):
    values = values | st.lists(values, max_size=3) | st.lists(values, max_size=3).map(tuple)
params = st.dictionaries(words, values, max_size=4)
clips = st.sampled_from(["clip_norm", "clip_value"]).flatmap(
    lambda clip: st.fixed_dictionaries({}, optional={clip: st.floats(0, 1e308) | st.integers(0, 9)})
)
options = st.fixed_dictionaries(
    {},
    optional={
        "scheduler": st.none() | st.builds(SchedulerSpec, words, params, st.integers(0, 10**6)),
        "zero_grad": st.booleans(),
        "reset_every": st.none() | st.integers(1, 10**9),
        "frozen": st.lists(st.sampled_from(["x", "y", "layer.0.weight", "it's"]), max_size=3),
        "label": texts.map(lambda text: text[:60]),
    },
)
runs = st.builds(
    lambda optimizer, clip, rest: RunSpec(optimizer, **clip, **rest),
    st.builds(OptimizerSpec, words, params),
    clips,
    options,
)
experiments = st.builds(
    lambda *given, **rest: Experiment(*given, **rest),
    st.builds(SurfaceSpec, surface_names, params),
    st.tuples(floats | st.integers(-9, 9), floats),
    st.integers(1, 10**6) | st.integers(1, 10**6).map(float),
    st.lists(runs, min_size=1, max_size=3),
    noise=st.floats(0, 1e308) | st.integers(0, 3),
    batch_size=st.none() | st.integers(1, 10**9),
    seed=st.integers(0, 2**63 - 1),
    dtype=st.sampled_from(["float32", "float64"]),
)


@pytest.mark.slow
@stable
@given(experiments)
def test_round_trips_give_an_equal_experiment(exp: Experiment) -> None:
    for again in (to_json_and_back(exp), to_url_and_back(exp)):
        assert_same(again, exp)
        assert again.to_json() == exp.to_json() and again.to_url() == exp.to_url()


@pytest.mark.slow
@settings(stable, max_examples=40)
@given(experiments)
def test_links_and_files_can_be_sent_and_saved(exp: Experiment) -> None:
    assert re.fullmatch(r"\?[A-Za-z0-9._~()=,:*/&%-]+", exp.to_url())
    assert Experiment.from_json(exp.to_json().encode().decode()) == exp
    assert json.loads(exp.to_json(), parse_constant=pytest.fail)["optviz"] == 1


@pytest.mark.slow
@settings(stable, max_examples=40)
@given(experiments)
def test_experiments_pickle_and_copy(exp: Experiment) -> None:
    for twin in (pickle.loads(pickle.dumps(exp)), copy.deepcopy(exp), copy.copy(exp), replace(exp)):
        assert_same(twin, exp)


@pytest.mark.parametrize("text", TRICKY)
def test_tricky_texts_round_trip_everywhere(text: str) -> None:
    run = RunSpec(OptimizerSpec("SGD", {"a": text, "b": (text, (text,))}), frozen=(text,), label=text)
    exp = replace(PLAIN, surface=SurfaceSpec("A", {"expression": text}), runs=(run, SGD))
    assert_same(to_json_and_back(exp), exp)
    assert_same(to_url_and_back(exp), exp)
    assert exp.runs[0].label == text


@pytest.mark.parametrize(
    "name", ["Three-hump camel", "Goldstein & Price", "50% off?", "a.b", "a=b", "#1", "é'\"", " a "]
)
def test_surface_names_round_trip(name: str) -> None:
    for surface in (SurfaceSpec(name), SurfaceSpec(name, {"a": 1})):
        exp = replace(PLAIN, surface=surface)
        assert_same(to_url_and_back(exp), exp)
        assert_same(to_json_and_back(exp), exp)


# -- what a link and a file look like --------------------------------------------------------------------

FULL_LINK = (
    "?v=1&surface=Formula(expression='(1 - x)**2 + a*(y - x**2)**2',a=100.0)&start=-1.2,1e-12&steps=300"
    "&run=SGD(lr=0.1,nesterov=True,momentum=0.9).MultiStepLR(milestones=(30,),gamma=0.5,warmup=5)"
    ".set(clip_norm=1.0,zero_grad=False,reset_every=50,frozen=('x','y'),"
    """label='it\\'s "(a=1)" -- 100% #1 & more?')"""
    "&run=Adafactor(eps=(None,0.001)).set(clip_value=0.25)&run=Adam.ReduceLROnPlateau"
    "&noise=0.05&batch_size=32&seed=9223372036854775807&dtype=float64"
)

LINKS = [
    ("?v=1&surface=Sphere&start=1.0,2.0&steps=10&run=SGD", PLAIN),
    (
        "?v=1&surface=Quadratic%20bowl(kappa=50.0)&start=-1.0,-2.5&steps=300&run=Adam(lr=0.05,betas=(0.9,0.999))",
        Experiment(
            SurfaceSpec("Quadratic bowl", {"kappa": 50.0}),
            (-1.0, -2.5),
            300,
            (RunSpec(OptimizerSpec("Adam", {"lr": 0.05, "betas": (0.9, 0.999)})),),
        ),
    ),
    (
        "?v=1&surface=Formula(expression=%27(1%20-%20x)**2%20%2B%20a*(y%20-%20x**2)**2%27,a=100)"
        "&start=0.0,1e%2B16&steps=1&run=SGD.set(label=%27caf%C3%A9%27)",
        Experiment(
            SurfaceSpec("Formula", {"expression": FORMULA, "a": 100}),
            (0.0, 1e16),
            1,
            (RunSpec(OptimizerSpec("SGD"), label="café"),),
        ),
    ),
    (
        "?v=1&surface=Sphere&start=1.0,2.0&steps=10"
        "&run=SGD(lr=0.001).CosineAnnealingLR(T_max=300)&run=SGD.StepLR(step_size=30,warmup=5)"
        "&run=SGD.StepLR.set(reset_every=7)&run=SGD(a=None,b=(),c=((1,),2),d=-5,e=5e-324,f=%27%27)",
        replace(
            PLAIN,
            runs=(
                RunSpec(
                    OptimizerSpec("SGD", {"lr": 0.001}), SchedulerSpec("CosineAnnealingLR", {"T_max": 300})
                ),
                RunSpec(OptimizerSpec("SGD"), SchedulerSpec("StepLR", {"step_size": 30}, warmup=5)),
                RunSpec(OptimizerSpec("SGD"), SchedulerSpec("StepLR"), reset_every=7),
                RunSpec(
                    OptimizerSpec("SGD", {"a": None, "b": (), "c": ((1,), 2), "d": -5, "e": 5e-324, "f": ""})
                ),
            ),
        ),
    ),
]


def query(readable: str) -> str:
    """A link as it is written, from how it reads."""
    parts = [part.partition("=") for part in readable.removeprefix("?").replace(" & ", " %26 ").split("&")]
    return "?" + "&".join(
        f"{key}={quote(text.replace('%26', '&'), safe='(),=.:-*/')}" for key, _, text in parts
    )


@pytest.mark.parametrize(("link", "exp"), [*LINKS, (query(FULL_LINK), FULL)])
def test_links_are_written_so_and_keep_on_working(link: str, exp: Experiment) -> None:
    assert exp.to_url() == link
    assert_same(Experiment.from_url(link), exp)


def test_links_read_well() -> None:
    assert unquote(FULL.to_url()) == FULL_LINK


OLD_LINKS = [
    # as a person may write them: other spacing, whole numbers, lists, double quotes, another order
    "?steps=10&run=SGD&start=1,2&surface=Sphere&v=1",
    "?v=1&surface=Sphere()&start=(1,2)&steps=10.0&run=SGD()",
    "?v=1&surface=Sphere&start=1.0,2.0&steps=10&run=SGD().set()",
    "?v=1&surface=Sphere&start=[1.0,2.]&steps=10&run=SGD.set()",
    "?v=1&surface=Sphere&start=%201%20,%202,&steps=%2010&run=SGD&noise=0&batch_size=None&seed=0&dtype=float32",
    "?v=1&surface=Sphere&start=1e0,.2e1&steps=1e1&run=SGD.set(label=%22%22,frozen=[],zero_grad=True)",
    "v=1&surface=Sphere&start=1.0,2.0&steps=10&run=SGD",
    "?&v=1&&surface=Sphere&start=1.0,2.0&steps=10&run=SGD&",
    "https://optviz.example.org/?v=1&surface=Sphere&start=1.0,2.0&steps=10&run=SGD",
    "http://me@localhost:8501/some/page?v=1&surface=Sphere&start=1.0,2.0&steps=10&run=SGD#top",
    "https://optviz.example.org/?v=1&surface=Sphere&start=1.0,2.0&steps=10&run=SGD#a?b=c",
    "?v=1&surface=Sphere&start=1.0,2.0&steps=10&run=SGD.set(label='')#",
    "?v=1&surface=Sphere&start=1.0%2C2.0&steps=10&run=%53GD",
]


@pytest.mark.parametrize("link", OLD_LINKS)
def test_links_may_be_written_in_other_ways(link: str) -> None:
    assert_same(Experiment.from_url(link), PLAIN)


@pytest.mark.parametrize("exp", [PLAIN, FULL, *(exp for _, exp in LINKS)])
@pytest.mark.parametrize(
    "address", ["{}", "https://a.b/c{}", "http://127.0.0.1:8501/{}#fragment?x=1", "/page{}"]
)
def test_whole_addresses_and_both_kinds_of_spaces(exp: Experiment, address: str) -> None:
    link = exp.to_url()
    assert_same(Experiment.from_url(address.format(link)), exp)
    assert_same(Experiment.from_url(address.format(link.replace("%20", "+"))), exp)
    assert_same(Experiment.from_url(link.removeprefix("?").replace("%20", "+")), exp)


def test_a_question_mark_inside_a_link_needs_no_escape() -> None:
    exp = Experiment.from_url("https://a.b/?v=1&surface=Sphere&start=1,2&steps=10&run=SGD.set(label='why?')")
    assert exp.runs[0].label == "why?"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("(1)", 1),
        ("(1,)", (1,)),
        ("[1]", (1,)),
        ("()", ()),
        ("[]", ()),
        ("((),)", ((),)),
        ("(1,2,)", (1, 2)),
        ("[1,[2,(3,)]]", (1, (2, (3,)))),
        ("( None , 1e-3 )", (None, 0.001)),
        ("-0.0", 0.0),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("1E%2B5", 100000.0),
        (r"'\x41\u00e9\U0001f642\n\\\''", "Aé🙂\n\\'"),
        ('"it\'s"', "it's"),
        ("'a%0Ab'", "a\nb"),
        ("True", True),
    ],
)
def test_values_in_links_are_written_as_in_python(text: str, value: object) -> None:
    (run,) = Experiment.from_url(f"?v=1&surface=A&start=0,0&steps=1&run=SGD(a={text})").runs
    assert repr(run.optimizer.params) == repr({"a": value})


FILES = [
    (
        """{"optviz": 1, "surface": {"name": "Sphere"}, "start": [1.0, 2.0], "steps": 10,
            "runs": [{"optimizer": {"name": "SGD"}}]}""",
        PLAIN,
    ),
    (
        """{"runs": [{"optimizer": {"name": "SGD", "params": {}}, "scheduler": null, "clip_norm": null,
            "clip_value": null, "zero_grad": true, "reset_every": null, "frozen": [], "label": ""}],
            "dtype": "float32", "seed": 0, "batch_size": null, "noise": 0, "steps": 10.0, "start": [1, 2],
            "surface": {"params": {}, "name": "Sphere"}, "optviz": 1}""",
        PLAIN,
    ),
    (
        r"""{
  "optviz": 1,
  "surface": {"name": "Formula", "params": {"expression": "(1 - x)**2 + a*(y - x**2)**2", "a": 100.0}},
  "start": [-1.2, 1e-12],
  "steps": 300,
  "runs": [
    {
      "optimizer": {"name": "SGD", "params": {"lr": 0.1, "nesterov": true, "momentum": 0.9}},
      "scheduler": {"name": "MultiStepLR", "params": {"milestones": [30], "gamma": 0.5}, "warmup": 5},
      "clip_norm": 1.0,
      "zero_grad": false,
      "reset_every": 50,
      "frozen": ["x", "y"],
      "label": "it's \"(a=1)\" -- 100% #1 & more?"
    },
    {"optimizer": {"name": "Adafactor", "params": {"eps": [null, 0.001]}}, "clip_value": 0.25},
    {"optimizer": {"name": "Adam"}, "scheduler": {"name": "ReduceLROnPlateau"}}
  ],
  "noise": 0.05,
  "batch_size": 32,
  "seed": 9223372036854775807,
  "dtype": "float64"
}""",
        FULL,
    ),
]


@pytest.mark.parametrize(("text", "exp"), FILES)
def test_files_keep_on_working(text: str, exp: Experiment) -> None:
    assert_same(Experiment.from_json(text), exp)


def test_files_are_written_so() -> None:
    (short, _), _, (long, _) = FILES
    assert json.loads(PLAIN.to_json()) == json.loads(short)
    assert json.loads(FULL.to_json()) == json.loads(long)
    assert list(json.loads(FULL.to_json())) == list(json.loads(long))
    assert '"label": "café 🙂"' in replace(PLAIN, runs=(replace(SGD, label="café 🙂"),)).to_json()


CHANGES: list[tuple[str, object]] = [
    ("noise", 0.5),
    ("batch_size", 8),
    ("seed", 1),
    ("dtype", "float64"),
]
RUN_CHANGES: list[tuple[str, object]] = [
    ("clip_norm", 0.0),
    ("clip_value", 2.0),
    ("zero_grad", False),
    ("reset_every", 9),
    ("frozen", ("y",)),
    ("label", "mine"),
]


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_only_what_differs_from_its_default_is_written(name: str, value: object) -> None:
    exp = replace(PLAIN, **{name: value})
    assert exp.to_url() == f"{PLAIN.to_url()}&{name}={value}"
    assert json.loads(exp.to_json()) == json.loads(PLAIN.to_json()) | {name: value}


@pytest.mark.parametrize(("name", "value"), RUN_CHANGES)
def test_only_what_differs_in_a_run_is_written(name: str, value: object) -> None:
    exp = replace(PLAIN, runs=(replace(SGD, **{name: value}),))
    literal = "('y',)" if name == "frozen" else repr(value)
    assert unquote(exp.to_url()) == f"{PLAIN.to_url()}.set({name}={literal})"
    (run,) = json.loads(exp.to_json())["runs"]
    assert run == {"optimizer": {"name": "SGD"}, name: ["y"] if name == "frozen" else value}


def test_these_are_all_the_settings_there_are() -> None:
    assert {name for name, _ in CHANGES} == {part.name for part in fields(Experiment)[4:]}
    assert {name for name, _ in RUN_CHANGES} == {part.name for part in fields(RunSpec)[2:]}


def test_what_is_too_long_to_be_read_back_is_not_written() -> None:
    def with_label(size: int) -> Experiment:
        return replace(PLAIN, surface=SurfaceSpec("Formula", {"expression": "x" * size}))

    room = 20_000 - len(with_label(0).to_url()) + len("?")
    assert_same(to_url_and_back(with_label(room)), with_label(room))
    address = f"https://optviz.example.org/{with_label(room).to_url()}#{'x' * 1000}"
    assert_same(Experiment.from_url(address), with_label(room))
    with pytest.raises(
        ValueError, match=r"^The link is too long: 20,001 characters, where 20,000 are allowed\.$"
    ):
        with_label(room + 1).to_url()
    with pytest.raises(ValueError, match=r"^The link is too long: .+\.$"):
        Experiment.from_url(with_label(room).to_url() + "x")
    room = 1_000_000 - len(with_label(0).to_json())
    assert_same(to_json_and_back(with_label(room)), with_label(room))
    with pytest.raises(ValueError, match=r"^The file is too long: 1,000,001 characters, .+\.$"):
        with_label(room + 1).to_json()
    with pytest.raises(ValueError, match=r"^The file is too long: .+\.$"):
        Experiment.from_json(with_label(room).to_json() + " ")


# -- values ----------------------------------------------------------------------------------------------

SPECS = [
    SurfaceSpec("A", {"a": (1, (2.0, None)), "b": "c"}),
    OptimizerSpec("Adam", {"betas": [0.9, 0.99], "lr": 1}),
    SchedulerSpec("StepLR", {"step_size": 3}, warmup=2),
    RunSpec(OptimizerSpec("Adam"), SchedulerSpec("StepLR", {"step_size": 3}), 1.0, frozen=["x"], label="a"),
    PLAIN,
    FULL,
]


@pytest.mark.parametrize("spec", SPECS)
def test_specs_are_immutable_hashable_and_copy(spec) -> None:
    for part in fields(spec):
        with pytest.raises(FrozenInstanceError):
            setattr(spec, part.name, getattr(spec, part.name))
        with pytest.raises(FrozenInstanceError):
            delattr(spec, part.name)
    twins = [copy.copy(spec), copy.deepcopy(spec), replace(spec)]
    twins += [
        pickle.loads(pickle.dumps(spec, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)
    ]
    for twin in twins:
        assert twin == spec and hash(twin) == hash(spec) and repr(twin) == repr(spec)
    assert len({spec, *twins}) == 1


@pytest.mark.parametrize("make", [SurfaceSpec, OptimizerSpec, SchedulerSpec])
def test_specs_do_not_mind_the_order_of_their_params(make) -> None:
    one, other = make("A", {"a": 1, "b": (2,)}), make("A", {"b": [2.0], "a": 1})
    assert one == other and hash(one) == hash(other)
    assert one != make("A", {"a": 1}) and one != make("B", one.params) and make("A") == make("A", {})
    assert make("A", {"a": True}) != make("A", {"a": 1})
    with pytest.raises(TypeError):
        one.params["a"] = 2
    with pytest.raises(AttributeError):
        one.params.clear()


def test_every_field_counts() -> None:
    changed = [replace(PLAIN, **{name: value}) for name, value in CHANGES]
    changed += [replace(PLAIN, runs=(replace(SGD, **{name: value}),)) for name, value in RUN_CHANGES]
    changed += [replace(PLAIN, start=(2.0, 1.0)), replace(PLAIN, steps=11), replace(PLAIN, runs=(SGD, SGD))]
    changed += [
        replace(PLAIN, surface=SurfaceSpec("Booth")),
        replace(PLAIN, surface=SurfaceSpec("Sphere", {"a": 1})),
    ]
    changed += [
        replace(PLAIN, runs=(replace(SGD, scheduler=SchedulerSpec("A", warmup=at)),)) for at in (0, 1)
    ]
    assert len({PLAIN, *changed}) == len(changed) + 1
    assert len({exp.to_url() for exp in changed}) == len({exp.to_json() for exp in changed}) == len(changed)


def test_what_is_given_is_copied() -> None:
    betas, params, names, start, runs = [0.9, 0.99], {"lr": 0.1}, ["y"], [1.0, 2.0], []
    array = np.array([1.0, 2.0])
    params["betas"] = betas
    runs.append(RunSpec(OptimizerSpec("Adam", params), frozen=names))
    exps = [Experiment(SurfaceSpec("A"), start, 10, runs), Experiment(SurfaceSpec("A"), array, 10, runs)]
    before = [hash(exp) for exp in exps]
    betas[0], params["lr"], start[0], array[0] = 0.0, 5, 9.0, 9.0
    names.append("x")
    runs.append(SGD)
    del params["betas"]
    assert exps[0] == exps[1] and [hash(exp) for exp in exps] == before
    assert exps[0].start == (1.0, 2.0) and len(exps[0].runs) == 1 and exps[0].runs[0].frozen == ("y",)
    assert exps[0].runs[0].optimizer.params == {"lr": 0.1, "betas": (0.9, 0.99)}


def test_minus_zero_is_zero() -> None:
    """The two are equal, so both must give the same numbers."""
    exp = replace(
        PLAIN, start=(-0.0, 0.0), noise=-0.0, runs=(RunSpec(OptimizerSpec("SGD", {"lr": (-0.0,)})),)
    )
    assert math.copysign(1, exp.start[0]) == math.copysign(1, exp.noise) == 1
    assert "-" not in exp.to_url()
    again = Experiment.from_url(exp.to_url().replace("start=0.0", "start=-0.0").replace("(0.0", "(-0.0"))
    assert_same(again, exp)


def test_frozen_is_a_set() -> None:
    for names in (("y", "x"), ["x", "y", "x"], {"x", "y"}, iter("xy"), np.array(["y", "x"])):
        run = RunSpec(OptimizerSpec("SGD"), frozen=names)
        assert run.frozen == ("x", "y") and all(type(name) is str for name in run.frozen)


def test_a_runs_name_is_its_label_or_its_optimizers() -> None:
    assert RunSpec(OptimizerSpec("SGD")).name == "SGD"
    assert RunSpec(OptimizerSpec("SGD"), label="mine").name == "mine"


def test_a_label_decides_nothing_but_a_name() -> None:
    labelled = replace(FULL, runs=tuple(replace(run, label=f"run {run.name}"[:60]) for run in FULL.runs))
    plain = FULL.unlabelled
    assert labelled != FULL and labelled.unlabelled == plain and hash(labelled.unlabelled) == hash(plain)
    assert [run.name for run in plain.runs] == ["SGD", "Adafactor", "Adam"]
    assert plain.unlabelled is plain and PLAIN.unlabelled is PLAIN and SGD.unlabelled is SGD
    assert replace(plain, runs=tuple(replace(run, label="a") for run in plain.runs)).unlabelled == plain
    assert replace(labelled, seed=1).unlabelled != plain


@pytest.mark.parametrize("number", [np.int64, np.float32, np.array])
def test_numpys_numbers_are_taken(number: Callable[[float], object]) -> None:
    run = RunSpec(
        OptimizerSpec("SGD", {"lr": number(2)}),
        SchedulerSpec("StepLR", {}, number(3)),
        clip_norm=number(1),
        reset_every=number(5),
        zero_grad=np.False_,
        label=np.str_("a"),
    )
    exp = Experiment(
        SurfaceSpec(np.str_("A")), (number(1), number(2)), number(4), (run,), number(1), number(8), number(6)
    )
    assert type(exp.steps) is type(exp.seed) is type(exp.batch_size) is type(run.reset_every) is int
    assert type(exp.noise) is type(run.clip_norm) is float and run.zero_grad is False
    assert exp.start == (1.0, 2.0) and exp.steps == 4 and run.optimizer.params == {"lr": 2} and exp.seed == 6
    assert_same(to_url_and_back(exp), exp)
    assert_same(to_json_and_back(exp), exp)


@pytest.mark.parametrize("start", [np.array([1, 2]), np.array([1.0, 2.0], np.float32)])
def test_a_start_may_be_an_array(start) -> None:
    assert_same(replace(PLAIN, start=start), PLAIN)


# -- sentences -------------------------------------------------------------------------------------------

LINK = "v=1&surface=Sphere&start=1,2&steps=10&run=SGD"
FIELDS = "surface, start, steps, {}, noise, batch_size, seed, dtype"
VIEW = (
    ", scale, against, within, colors, picture, panels, units, beside, focus, marks, arrows, convention, "
    "page, map"
)
RUN_FIELDS = "optimizer, scheduler, clip_norm, clip_value, zero_grad, reset_every, frozen, label"


def link(more: str) -> Callable[[], object]:
    return lambda: Experiment.from_url(f"{LINK}&{more}")


def file(**changes: object) -> Callable[[], object]:
    return lambda: Experiment.from_json(json.dumps(json.loads(PLAIN.to_json()) | changes))


def altered(**changes: object) -> Callable[[], object]:
    return lambda: replace(PLAIN, **changes)


def run(**changes: object) -> Callable[[], object]:
    return lambda: RunSpec(**{"optimizer": OptimizerSpec("Adam")} | changes)


def written(text: str) -> str:
    return f"A part of the link is not written as Name(parameter=value): {text!r}."


SENTENCES = [
    (altered(steps="abc"), "Experiment: steps must be a whole number, not 'abc'."),
    (altered(steps=1.5), "Experiment: steps must be a whole number, 1 or 2, not 1.5."),
    (altered(steps=True), "Experiment: steps must be a whole number, not True."),
    (altered(steps=None), "Experiment: steps must be a whole number, not None."),
    (altered(steps=0), "Experiment: steps must be between 1 and 1,000,000, not 0."),
    (altered(steps=1_000_001), "Experiment: steps must be between 1 and 1,000,000, not 1,000,001."),
    (altered(start=(1, 2, 3)), "Experiment: start must be 2 values, not (1, 2, 3)."),
    (altered(start=5), "Experiment: start must be 2 values, not 5."),
    (altered(start=None), "Experiment: start must be 2 values, not None."),
    (altered(start="12"), "Experiment: start must be 2 values, not '12'."),
    (altered(start={1, 2}), "Experiment: start must be 2 values, not {1, 2}."),
    (altered(start=("a", "b")), "Experiment: start (value 1) must be a number, not 'a'."),
    (altered(start=(0, math.nan)), "Experiment: start (value 2) must be a finite number, not nan."),
    (altered(noise=-1), "Experiment: noise must be at least 0, not -1."),
    (altered(noise=math.inf), "Experiment: noise must be a finite number, not inf."),
    (altered(seed=2**63), f"Experiment: seed must be between 0 and {2**63 - 1:,}, not {2**63:,}."),
    (altered(batch_size=0), "Experiment: batch_size must be between 1 and 1,000,000,000, not 0."),
    (altered(dtype="float16"), "Experiment: dtype must be one of float32, float64, not 'float16'."),
    (altered(dtype=None), "Experiment: dtype must be one of float32, float64, not None."),
    (altered(surface="Sphere"), "An experiment needs a SurfaceSpec, not 'Sphere'."),
    (altered(runs=()), "An experiment needs at least one run."),
    (altered(runs=5), "An experiment's runs must be a tuple of RunSpec, not 5."),
    (altered(runs=[1]), "An experiment's runs must be RunSpecs, not 1."),
    (altered(runs="SGD"), "An experiment's runs must be a tuple of RunSpec, not 'SGD'."),
    (run(optimizer="Adam"), "A run needs an OptimizerSpec, not 'Adam'."),
    (run(scheduler="StepLR"), "A run's scheduler must be a SchedulerSpec or None, not 'StepLR'."),
    (run(clip_norm="x"), "Adam: clip_norm must be a number, not 'x'."),
    (run(clip_norm=-1, label="mine"), "mine: clip_norm must be at least 0, not -1."),
    (run(clip_norm=1, clip_value=1), "Adam: clip the gradient by norm or by value, not by both."),
    (run(zero_grad=1), "Adam: zero_grad must be True or False, not 1."),
    (run(reset_every=0), "Adam: reset_every must be between 1 and 1,000,000,000, not 0."),
    (run(frozen="x"), "Adam: frozen must be a list of parameters' names, such as ('x',), not 'x'."),
    (run(frozen=5), "Adam: frozen must be a list of parameters' names, such as ('x',), not 5."),
    (run(frozen=(1,)), "Adam: frozen must be a list of parameters' names, such as ('x',), not (1,)."),
    (run(label=5), "Adam: label must be a text, not 5."),
    (run(label="a" * 10**6), "Adam: label must have at most 60 characters, not 1000000."),
    (
        run(label="\ud800"),
        r"Adam: label must be a text of whole characters, but '\ud800' has half of one.",
    ),
    (
        lambda: OptimizerSpec("My Adam"),
        "Optimizer: name must be one word, as torch spells it, not 'My Adam'.",
    ),
    (lambda: SchedulerSpec(""), "Scheduler: name must be one word, as torch spells it, not ''."),
    (lambda: SchedulerSpec(None), "Scheduler: name must be a text, not None."),
    (
        lambda: SchedulerSpec("set"),
        "Scheduler: name cannot be 'set', which has a meaning of its own in links.",
    ),
    (lambda: SchedulerSpec("StepLR", {}, -1), "StepLR: warmup must be between 0 and 1,000,000, not -1."),
    (
        lambda: SchedulerSpec("StepLR", {"warmup": 5}),
        "StepLR: warmup is given beside the params, not among them.",
    ),
    (
        lambda: SurfaceSpec("A (b)"),
        "Surface: name must be 1 to 80 characters without round brackets, not 'A (b)'.",
    ),
    (lambda: SurfaceSpec(""), "Surface: name must be 1 to 80 characters without round brackets, not ''."),
    (lambda: SurfaceSpec("A", [1]), "A: params must be names with their values, not [1]."),
    (lambda: SurfaceSpec("A", None), "A: params must be names with their values, not None."),
    (lambda: SurfaceSpec("A", {"a b": 1}), "A: a parameter's name must be a word, not 'a b'."),
    (
        lambda: SurfaceSpec("A", {"a": {}}),
        "A: a must be a number, a text, a switch or a list of these, not {}.",
    ),
    (lambda: SurfaceSpec("A", {"a": [[[[[]]]]]}), "A: a must not be nested more than 4 lists deep."),
    (
        lambda: Experiment.from_json("{"),
        "This is not an experiment of optviz: it is not JSON (line 1, column 2: Expecting property name "
        "enclosed in double quotes).",
    ),
    (lambda: Experiment.from_json('{"a": 1,\n "a": 2}'), "The file has 'a' twice in the same place."),
    (lambda: Experiment.from_json('{"a": 1' + "0" * 5000 + "}"), "The file has a number of 5,001 digits."),
    (lambda: Experiment.from_json("[1]"), "This is not an experiment of optviz, version 1."),
    (lambda: Experiment.from_json(b"{}"), "A file must be a text, not b'{}'."),
    (lambda: Experiment.from_json(None), "A file must be a text, not None."),
    (lambda: Experiment.from_json({"optviz": 1}), "A file must be a text, not {'optviz': 1}."),
    (file(optviz=2), "This is not an experiment of optviz, version 1."),
    (file(optviz=True), "This is not an experiment of optviz, version 1."),
    (file(optviz="1"), "This is not an experiment of optviz, version 1."),
    (file(colour=1), f"The experiment has no place for 'colour', only for: {FIELDS.format('runs')}."),
    (file(surface="Sphere"), "The surface is missing or is not written as names and values."),
    (file(surface={}), "The surface lacks its name."),
    (file(surface={"name": "A", "b": 1}), "The surface has no place for 'b', only for: name, params."),
    (file(runs=5), "An experiment needs a list of runs."),
    (file(runs=["SGD"]), "The file's runs[0] is not written as names and values."),
    (file(runs=[{}]), "The file's runs[0].optimizer is missing or is not written as names and values."),
    (
        file(runs=[{"optimizer": {"name": "SGD", "params": [1]}}]),
        "SGD: params must be names with their values, not [1].",
    ),
    (
        file(runs=[{"optimizer": {"name": "SGD"}, "scheduler": {"warmup": 5}}]),
        "The file's runs[0].scheduler lacks its name.",
    ),
    (
        file(runs=[{"optimizer": {"name": "SGD"}, "colour": 5}]),
        f"The file's runs[0] has no place for 'colour', only for: {RUN_FIELDS}.",
    ),
    (lambda: Experiment.from_url(""), "This is not a link of optviz, version 1."),
    (lambda: Experiment.from_url("https://a.b/"), "This is not a link of optviz, version 1."),
    (lambda: Experiment.from_url(LINK.replace("v=1", "v=2")), "This is not a link of optviz, version 1."),
    (link("v=1"), "This is not a link of optviz, version 1."),
    (lambda: Experiment.from_url(None), "A link must be a text, not None."),
    (lambda: Experiment.from_url(LINK.encode()), f"A link must be a text, not {LINK.encode()}."),
    (lambda: Experiment.from_url("v=1"), "The link lacks its surface."),
    (lambda: Experiment.from_url("v=1&surface=A&start=1,2&run=SGD"), "The link lacks its steps."),
    (lambda: Experiment.from_url("v=1&surface=A&start=1,2&steps=1"), "An experiment needs at least one run."),
    (
        lambda: Experiment.from_url(LINK.replace("10", "ten")),
        "Experiment: steps must be a whole number, not 'ten'.",
    ),
    (lambda: Experiment.from_url(LINK.replace("1,2", "1")), "Experiment: start must be 2 values, not 1."),
    (link("steps=5"), "The link cannot have 'steps' twice."),
    (link("noise="), "Experiment: noise must be a number, not ()."),
    (link("noise=1e999"), "Experiment: noise must be a finite number, not inf."),
    (link("dtype=None"), "Experiment: dtype must be one of float32, float64, not 'None'."),
    (link("batch_size=True"), "Experiment: batch_size must be a whole number, not True."),
    (link("run="), written("")),
    (link("run=Adam(lr=)"), written("Adam(lr=)")),
    (link("run=Adam(0.1)"), written("Adam(0.1)")),
    (link("run=Adam(lr=0.1"), written("Adam(lr=0.1")),
    (link("run=Adam(lr=0.1))"), written("Adam(lr=0.1))")),
    (link("run=Adam(lr=1 2)"), written("Adam(lr=1 2)")),
    (link("run=Adam(lr=(1 2))"), written("Adam(lr=(1 2))")),
    (link("run=Adam(lr=(,))"), written("Adam(lr=(,))")),
    (link(r"run=Adam(lr='\d')"), written(r"Adam(lr='\d')")),
    (link("run=Adam(lr='a\\%0Ab')"), written("Adam(lr='a\\\nb')")),
    (lambda: Experiment.from_url(LINK.replace("Sphere", "A(b")), written("A(b")),
    (
        link("run=Adam(lr=1,lr=2)"),
        "A part of the link has 'lr' twice: 'Adam(lr=1,lr=2)'.",
    ),
    (link("run=Adam(lr=nan)"), "Adam: lr must be a finite number, not nan."),
    (link("run=Adam(lr=((((((1))))))"), "A value in the link is nested more than 4 lists deep."),
    (
        link("run=Adam.A().B()"),
        "A link's run has one optimizer, then at most one scheduler and one set().",
    ),
    (link("run=Adam.set(optimizer=1)"), "A link's set() cannot hold 'optimizer'."),
    (link("run=Adam.set(colour=1)"), f"The run has no place for 'colour', only for: {RUN_FIELDS}."),
    (link("run=Adam.StepLR(warmup='a')"), "StepLR: warmup must be a whole number, not 'a'."),
]


@pytest.mark.parametrize(("make", "sentence"), [pytest.param(*row, id=row[1][:50]) for row in SENTENCES])
def test_sentences(make: Callable[[], object], sentence: str) -> None:
    assert str(refusal(make)) == sentence


# -- hostile links ---------------------------------------------------------------------------------------

BUILDERS = {"link": Experiment.from_url, "file": Experiment.from_json}


def assert_value_or_sentence(kind: str, text: str) -> bool:
    """What is read is an experiment like any other; what is not is answered with one printable sentence."""
    exps: list[Experiment] = []
    error = refusal(lambda: exps.append(BUILDERS[kind](text)))
    if error:
        assert_sentence(error)
        assert error.__cause__ is None and (error.__context__ is None or error.__suppress_context__)
        return False
    assert_same(to_url_and_back(exps[0]), exps[0])
    assert_same(to_json_and_back(exps[0]), exps[0])
    return True


BOMBS = [
    "(" * 10**4,
    "(" * 5000 + ")" * 5000,
    "[" * 5000 + "]" * 5000,
    "{" * 100 + "}" * 100,
    "#'\n" + "(" * 190 + "1" + ")" * 190 + "\n#'\n",
    "-" * 10**4 + "1",
    "- " * 5000 + "1",
    "~" * 10**4 + "1",
    "%2B" * 5000 + "1",
    "not " * 4000 + "1",
    "1" + "**1" * 5000,
    "b" + ".b" * 9000,
    "b" + "()" * 9000,
    "b" + "[0]" * 6000,
    "lambda:" * 2000 + "1",
    "1 if 1 else " * 1000 + "1",
    "9" * 5000,
    "-" + "9" * 5000,
    "9" * 400,
    "1e999",
    "-1e999",
    "1e-999999999999",
    "1" + "0" * 5000 + ".0",
    "." * 9000,
    "nan",
    "inf",
    "Infinity",
    "1j",
    "1_000",
    "0x10",
    "٣",
    "...",
    "'" * 9001,
    '"' * 9001,
    "'''a'''",
    "'a" + "\\" * 9001,
    "'" + "\\'" * 4000,
    r"'\ud800'",
    r"'\Uffffffff'",
    r"'\x'",
    "'a\\\nb'",
    r"'\N{BULLET}'",
    "'\ud800'",
    "\ud800",
    "\x00",
    "'\x00'",
    "%00",
    "'%00'",
    "%FF",
    "%",
    "%u0041",
    "f'{1}'",
    "f'{" + "(" * 100 + "}'",
    "b'a'",
    "r'\\'",
    "'a' 'b'",
    "a.b.c",
    "__import__('os').system('true')",
    "lambda: 1",
    "(a:=1)",
    "[x for x in (1,)]",
    "{1: 2}",
    "{1, 2}",
    "*a",
    "**a",
    "*(1,2)",
    "**{'a': 1}",
    "1+1",
    "1 and 2",
    "1<2",
    "a[0]",
    "yield",
    "await a",
    "1;2",
    "1\n2",
    "1#2",
    "1?2",
    "",
    " ",
    ",",
    "=",
    "()",
    "(,)",
    "(1,,2)",
    "(1",
    "1)",
    "[1)",
    "None",
    "True",
    "none",
    "--1",
    "-True",
    "-'a'",
    "-(1)",
    "$1",
    "`1`",
    "\\",
    "é",
    "🙂",
    "\u202e",
    "set(",
    "set()",
    "SGD",
    "SGD(lr=1)",
]

PLACES = [
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD(lr={})",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD(lr=(1,{}))",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD({}=1)",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD({})",
    "v=1&surface=Sphere&start=1,2&steps=10&run={}",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD.{}",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD.StepLR(warmup={})",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD.set({})",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD.set(label={})",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD.set(frozen={})",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD.set(zero_grad={})",
    "v=1&surface={}&start=1,2&steps=10&run=SGD",
    "v=1&surface=Sphere({})&start=1,2&steps=10&run=SGD",
    "v=1&surface=Formula(expression={})&start=1,2&steps=10&run=SGD",
    "v=1&surface=Sphere&start={}&steps=10&run=SGD",
    "v=1&surface=Sphere&start={},1&steps=10&run=SGD",
    "v=1&surface=Sphere&start=1,2&steps={}&run=SGD",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD&noise={}",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD&batch_size={}",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD&seed={}",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD&dtype={}",
    "v=1&surface=Sphere&start=1,2&steps=10&run=SGD&{}=1",
    "v={}&surface=Sphere&start=1,2&steps=10&run=SGD",
    "{}",
    "?{}",
]


@pytest.mark.filterwarnings("ignore:The link has words")
@pytest.mark.parametrize("place", PLACES)
def test_bombs_in_links(place: str) -> None:
    for bomb in BOMBS:
        assert_value_or_sentence("link", place.replace("{}", bomb))
        assert_value_or_sentence("link", place.replace("{}", quote(bomb, errors="surrogatepass")))


def mutated(chance: random.Random, seeds: list[str], pieces: list[str]) -> str:
    """One of the seeds with some pieces deleted, repeated, exchanged or put in anywhere."""
    text = chance.choice(seeds)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        start, end = sorted(chance.choices(range(len(text) + 1), k=2))
        end = chance.choice((end, start, min(start + 1, len(text))))
        piece = chance.choice(
            (chance.choice(pieces), chr(chance.randrange(0x20, 0x7F)), chr(chance.randrange(0x11000)))
        )
        other = text[slice(*sorted(chance.choices(range(len(text) + 1), k=2)))]
        new = chance.choice(("", piece, piece, piece, text[start:end] * 2, other[:100]))
        text = text[:start] + new + text[end:]
    return text


def generated(chance: random.Random, pieces: list[str]) -> str:
    return "".join(chance.choices(pieces, k=chance.randrange(1, 40)))


def assert_many(kind: str, texts: list[str]) -> None:
    assert len(texts) >= 1000
    read = sum(assert_value_or_sentence(kind, text) for text in texts)
    assert len(texts) / 20 < read < len(texts) * 19 / 20, (
        "a test that reads next to nothing, or refuses next to nothing, tests nothing"
    )


PIECES = [
    *string.printable,
    *(bomb for bomb in BOMBS if len(bomb) < 40),
    "&run=",
    "&steps=",
    "&v=1",
    "%27",
    "%28",
]
PIECES += [
    ".set(",
    "label=",
    "lr=",
    "frozen=",
    "clip_norm=",
    "warmup=",
    ".StepLR(",
    "Sphere",
    "&",
    "&&",
    "==",
    "#",
]


THOUSANDS = [1, pytest.param(10, marks=pytest.mark.long)]


@pytest.mark.filterwarnings("ignore:The link has words")
@pytest.mark.parametrize("thousands", THOUSANDS)
def test_hostile_links(thousands: int) -> None:
    chance = random.Random(0)
    whole = [LINK, FULL.to_url(), FULL_LINK, *(text for text, _ in LINKS), *OLD_LINKS]
    calls = [
        text.partition("&")[0]
        for link in (FULL_LINK, unquote(LINKS[3][0]))
        for text in link.split("run=")[1:]
    ]
    parts = [mutated(chance, calls, PIECES) for _ in range(600 * thousands)]
    parts += [generated(chance, PIECES) for _ in range(100 * thousands)]
    texts = [f"{LINK}&run={quote(part, errors='surrogatepass')}" for part in parts]
    texts += [mutated(chance, whole, PIECES) for _ in range(300 * thousands)]
    texts += [f"{LINK}{generated(chance, PIECES)}" for _ in range(50 * thousands)]
    assert_many("link", texts)


@pytest.mark.parametrize("thousands", THOUSANDS)
def test_hostile_files(thousands: int) -> None:
    chance = random.Random(0)
    pieces = [
        *string.printable,
        "null",
        "true",
        "false",
        "NaN",
        "-Infinity",
        "1e999",
        '"\\ud800"',
        "\\u0000",
        "-0.0",
    ]
    pieces += [
        '"a"',
        '"params"',
        '"name"',
        '"runs"',
        '"optviz"',
        "{}",
        "[]",
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\\",
    ]
    seeds = [re.sub(r"\s+", " ", text) for text, _ in FILES] + [FULL.to_json(), PLAIN.to_json()]
    texts = [mutated(chance, seeds, pieces) for _ in range(400 * thousands)]
    texts += [generated(chance, pieces) for _ in range(50 * thousands)]
    for _ in range(600 * thousands):
        data = json.loads(chance.choice(seeds))
        for _ in range(chance.choice((1, 1, 2, 3))):
            places = spots(data)
            donor = chance.choice([value_at(data, place) for place in places])
            wrong = chance.choice([*WRONG, donor, donor, chance.choice(TRICKY)])
            data = changed(data, chance.choice(places[1:] or places), lambda _, wrong=wrong: wrong)
        texts.append(json.dumps(data))
    assert_many("file", texts)


@pytest.mark.filterwarnings("ignore:The link has words")
@stable
@given(st.text(max_size=100))
def test_any_text_is_answered(text: str) -> None:
    for more in (text, f"{LINK}&{text}", f"{LINK}&run={text}", f"{LINK}&run=SGD(a={text})"):
        assert_value_or_sentence("link", more)
    for more in (text, PLAIN.to_json() + text, PLAIN.to_json().replace("10", text)):
        assert_value_or_sentence("file", more)


JSON_BOMBS = [
    "[" * 400_000,
    "[" * 100_000 + "]" * 100_000,
    '{"a":' * 100_000,
    "[" * 900 + "]" * 900,
    "[" * 200 + "]" * 200,
    '{"a":' * 200 + "1" + "}" * 200,
    "9" * 5000,
    "9" * 4000,
    "9" * 400,
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-0.0",
    '"\\ud800"',
    '"\ud800"',
    '"\\u0000"',
    '"\x00"',
    '"' + "a" * 10_000 + '"',
    "'a'",
    "null",
    "true",
    "[]",
    "{}",
    "[[1], [2]]",
    '{"optimizer": {"name": "SGD"}}',
    '{"name": "SGD"}',
    '{"name": "SGD", "name": "Adam"}',
    '{"": 1}',
    '{"__class__": 1}',
    "",
    "\x00",
    "\ufeff1",
    "// comment",
]

JSON_PLACES = [
    "{}",
    '{"optviz": {}}',
    '{"optviz": 1, "surface": {}}',
    '{"optviz": 1, "surface": {"name": "A", "params": {}}, "start": [1, 2], "steps": 1, "runs": [RUN]}',
    '{"optviz": 1, "surface": {"name": "A", "params": {"a": {}}}, "start": [1, 2], "steps": 1, "runs":[RUN]}',
    '{"optviz": 1, "surface": {"name": "A"}, "start": {}, "steps": 1, "runs": [RUN]}',
    '{"optviz": 1, "surface": {"name": "A"}, "start": [1, {}], "steps": 1, "runs": [RUN]}',
    '{"optviz": 1, "surface": {"name": "A"}, "start": [1, 2], "steps": {}, "runs": [RUN]}',
    '{"optviz": 1, "surface": {"name": "A"}, "start": [1, 2], "steps": 1, "runs": {}}',
    '{"optviz": 1, "surface": {"name": "A"}, "start": [1, 2], "steps": 1, "runs": [{}]}',
    '{"optviz": 1, "surface": {"name": "A"}, "start": [1, 2], "steps": 1, "runs": [RUN], "noise": {}}',
    '{"optviz": 1, "optviz": 1, "surface": {"name": "A"}, "start": 5, "start": {}, "steps": 1, "runs":[RUN]}',
]


@pytest.mark.parametrize("place", JSON_PLACES)
def test_bombs_in_files(place: str) -> None:
    for bomb in JSON_BOMBS:
        text = place.replace("RUN", '{"optimizer": {"name": "SGD"}}').replace("{}", bomb)
        assert_value_or_sentence("file", text)


WRONG: list[object] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.5,
    10**40,
    10**400,
    math.nan,
    -math.inf,
    "",
    "abc",
    "\ud800",
]
WRONG += [
    "a" * 1000,
    [],
    [1],
    [1, 2],
    [1, 2, 3],
    ["a", "b"],
    [[[[[[1]]]]]],
    {},
    {"a": 1},
    {"name": "A"},
    [{}],
    [None],
]


def spots(data: object) -> list[tuple[object, ...]]:
    """The way to every value inside some JSON data."""
    parts = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [(), *((key, *rest) for key, part in parts for rest in spots(part))]


def value_at(data, spot: tuple[object, ...]) -> object:
    for key in spot:
        data = data[key]
    return data


def changed(data: object, spot: tuple[object, ...], change: Callable[[object], object]) -> object:
    """A copy of the data with `change` applied to the value at a spot."""
    if not spot:
        return change(data)
    twin = copy.copy(data)
    twin[spot[0]] = changed(data[spot[0]], spot[1:], change)  # type: ignore[index]
    return twin


@pytest.mark.slow
def test_wrong_types_missing_and_extra_keys_everywhere_in_a_file() -> None:
    data = json.loads(FULL.to_json())
    places = spots(data)
    assert len(places) > 40
    refused = 0
    for spot in places:
        for wrong in WRONG:
            text = json.dumps(changed(data, spot, lambda _, wrong=wrong: wrong))
            refused += not assert_value_or_sentence("file", text)
    assert refused > len(places) * len(WRONG) / 2
    for spot in places:
        if spot:
            *above, key = spot
            less = changed(data, tuple(above), lambda whole, key=key: without(whole, key))
            assert_value_or_sentence("file", json.dumps(less))
        more = changed(data, spot, lambda whole: {**whole, "colour": 1} if isinstance(whole, dict) else whole)
        kept = assert_value_or_sentence("file", json.dumps(more))
        assert kept == (spot[-1:] == ("params",) or more == data), "only params may have any name"


def without(whole, key):
    rest = copy.copy(whole)
    del rest[key]
    return rest


ODD = [
    *WRONG,
    object(),
    object,
    len,
    b"abc",
    1j,
    {1, 2},
    iter([1]),
    range(2),
    np.array(["a"]),
    np.array([1j, 2]),
]
ODD += [
    np.nan,
    np.zeros((2, 2)),
    SGD,
    PLAIN,
    SurfaceSpec("A"),
    Exception(),
]


@pytest.mark.parametrize(
    "spec", [SurfaceSpec("A"), OptimizerSpec("A"), SchedulerSpec("A"), SGD, PLAIN], ids=type
)
def test_wrong_types_everywhere_in_python(spec) -> None:
    for part in fields(spec):
        refused = 0
        for odd in ODD:
            twins: list[object] = []
            error = refusal(
                lambda name=part.name, odd=odd, twins=twins: twins.append(replace(spec, **{name: odd}))
            )
            if error:
                assert_sentence(error)
                assert part.name in str(error) or type(spec) in (RunSpec, Experiment)
            else:
                hash(twins[0])
                pickle.dumps(twins[0])
            refused += bool(error)
        assert refused > len(ODD) / 2


SMALL_STACK = """
import json, sys, threading, types
package = types.ModuleType("optviz")  # stands in for the package, whose own imports take seconds
package.__path__ = [sys.argv[1]]
sys.modules["optviz"] = package
from optviz.spec.experiment import Experiment

def read():
    for text in json.load(sys.stdin):
        try:
            Experiment.from_url(text)
        except ValueError:
            pass
    print("survived")

threading.stack_size(128 * 1024)
thread = threading.Thread(target=read)
thread.start()
thread.join()
assert "torch" not in sys.modules
"""


@pytest.mark.slow
def test_no_link_overflows_the_stack_of_a_thread() -> None:
    """Servers read links in threads, whose stacks may be small: an overflow would end the whole process."""
    links = [place.replace("{}", bomb) for place in PLACES for bomb in BOMBS if "\ud800" not in bomb]
    folder = str(Path(sys.modules[Experiment.__module__].__file__ or "").parents[1])
    command = [sys.executable, "-c", SMALL_STACK, folder]
    done = subprocess.run(
        command, input=json.dumps(links), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "survived\n" and done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "map",
    [
        MapSpec("basins"),
        MapSpec("basins", {"rival": 1, "resolution": 64}),
        MapSpec("sweep", {"x": ("lr", 1e-4, 1.0, 64, "log"), "y": ("betas[1]", 0.9, 0.999, 8, "linear")}),
    ],
    ids=str,
)
def test_a_map_is_in_the_link(map: MapSpec) -> None:
    exp = Experiment(SurfaceSpec("Rosenbrock"), (0.0, 0.0), 5, (RunSpec(OptimizerSpec("SGD")),))
    link = exp.to_url(view := View(map=map))
    assert View.from_url(link) == view and Experiment.from_url(link) == exp
    assert hash(view) == hash(View.from_url(link))


@pytest.mark.parametrize("map", ["basins", 1, SurfaceSpec("basins")])
def test_what_is_no_map_is_refused(map: object) -> None:
    with pytest.raises(ValueError, match="map must be a MapSpec or None"):
        View(map=map)


WORDS = ("utm_source=mail", "fbclid=0", "colour=(", "runs=5", "=1", "x=<b>")


@pytest.mark.parametrize("word", WORDS)
def test_words_of_others_in_a_link_are_left_out_and_said(word: str) -> None:
    plain = PLAIN.to_url()
    for url in (f"{plain}&{word}", f"?{word}&{plain[1:]}"):
        with pytest.warns(UserWarning, match="mean nothing to optviz"):
            assert Experiment.from_url(url) == PLAIN
        assert View.from_url(url) == View()


def test_each_half_of_a_link_is_read_by_itself() -> None:
    """An experiment does not depend on how it is looked at, and a view not on what is looked at."""
    assert Experiment.from_url(f"{LINK}&map=(&scale=steep&focus=9") == PLAIN
    assert View.from_url("?v=1&surface=A(&run=SGD(lr=&scale=log") == View(scale="log")
    for word in ("map=(", "scale=steep", "focus=9", "colors=1,1", "scale=log&scale=log"):
        with pytest.raises(ValueError, match=r"^\S.+\.$"):
            View.from_url(f"{LINK}&{word}")


# -- declarations ------------------------------------------------------------------------------------------

DECLARED = [
    (spec, name, param)
    for spec, params in ((Experiment, EXPERIMENT_PARAMS), (RunSpec, RUN_PARAMS), (View, VIEW_PARAMS))
    for name, param in params.items()
]
OTHERS: dict[str, list[object]] = {
    **{name: [value] for name, value in (*CHANGES, *RUN_CHANGES)},
    "steps": [7, 1_000_000],
    "within": [0.0, 1e-300, 3.0],
    "colors": [(7,), (1, 0), (2, 4, 6)],
    "focus": [1, 7],
    "page": [*TRICKY, "momentum.2"],
}
"""Values of the declared fields that have no list of what they may be, other than their defaults."""


def others(name: str, param: Param) -> list[object]:
    match param.kind:
        case Choice(options):
            return [option for option in options if option != param.default]
        case Some(options):
            return [(option,) for option in options] + [options]
    return OTHERS[name]


@pytest.mark.parametrize(("spec", "name", "param"), DECLARED)
def test_a_field_is_declared_once(spec: type, name: str, param: Param) -> None:
    (part,) = (part for part in fields(spec) if part.name == name)
    assert part.default in (param.default, MISSING)
    assert repr(param.kind.check(param.default)) == repr(param.default)
    assert re.fullmatch(r"\S.{20,}\.", param.help)
    assert f"\n    {name}: {param.help[:20]}" in (spec.__doc__ or "")


@pytest.mark.parametrize(("spec", "name", "param"), DECLARED)
def test_every_declared_field_is_in_the_link(spec: type, name: str, param: Param) -> None:
    for value in others(name, param):
        run, view = SGD, View()
        if spec is RunSpec:
            run = replace(run, **{name: value})
        elif spec is View:
            view = replace(view, **{name: value})
        exp = replace(PLAIN, runs=(run,), **({name: value} if spec is Experiment else {}))
        link = exp.to_url(view)
        assert_same(Experiment.from_url(link), exp)
        assert repr(View.from_url(link)) == repr(view)
        assert split_link(link) == link_words(exp, view)


def test_what_is_chosen_in_the_player_is_declared_there() -> None:
    assert set(IN_PLAYER) <= VIEW_PARAMS.keys() and {"scale", "focus", "marks"} <= set(IN_PLAYER)
    assert not {"within", "colors", "page", "map"} & set(IN_PLAYER)
