"""What was chosen: one experiment, one value.

An `Experiment` holds everything that decides the numbers. It is immutable, hashable and serialisable, so it
is at once the link, the saved file and the key of a cache. Specs only know shapes and types; whether torch
or a surface likes the values is theirs to say when the experiment is run.

Every `ValueError` raised here is a sentence for the user.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from types import MappingProxyType
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, quote

from optviz.spec.digits import read_number
from optviz.spec.links import Reader, write_call, write_value
from optviz.spec.params import (
    WORD,
    Choice,
    Flag,
    Float,
    Int,
    Ints,
    Maybe,
    Param,
    Settings,
    Some,
    Text,
    Tuple,
    Value,
    describe,
)

VERSION = 1
"""The version of links and files. Old ones keep working: raise it only together with a translation."""

DTYPES = ("float32", "float64")
_LONGEST_LINK = 20_000
_LONGEST_FILE = 1_000_000
_SURFACE_NAME = re.compile(r"[^()\x00-\x1f]{1,80}")
_Spec = TypeVar("_Spec")

_START = Tuple((Float(-math.inf, math.inf), Float(-math.inf, math.inf)))
_COUNT = Maybe(Int(1, 1_000_000_000))

EXPERIMENT_PARAMS: Mapping[str, Param] = MappingProxyType(
    {
        "steps": Param(Int(1, 1_000_000), 300, "How many times each optimizer steps."),
        "noise": Param(
            Float(0.0, math.inf),
            0.0,
            "Standard deviation of the Gaussian noise added to each number of every gradient, a stand-in for "
            "a minibatch's; 0 for none. Every competitor meets the same noise at the same step.",
        ),
        "batch_size": Param(
            _COUNT,
            None,
            "How many examples each gradient is computed on, for surfaces made of data. A DataLoader "
            "shuffles them every epoch, in the same way for every competitor. None takes all of them.",
        ),
        "seed": Param(
            Int(0, 2**63 - 1),
            0,
            "Seeds all chance: the same seed gives the same noise step by step, the same minibatches and, "
            "for networks, the same initial weights.",
        ),
        "dtype": Param(
            Choice(DTYPES),
            "float32",
            "The precision that the optimizers compute in. float32, torch's default, rounds after about 7 "
            "digits, float64 after about 16.",
        ),
    }
)
"""What an experiment decides besides its surface, start and runs."""

RUN_PARAMS: Mapping[str, Param] = MappingProxyType(
    {
        "clip_norm": Param(
            Maybe(Float(0.0, math.inf)),
            None,
            "clip_grad_norm_: a gradient that is longer than this is scaled down to this length before each "
            "step; its direction stays.",
        ),
        "clip_value": Param(
            Maybe(Float(0.0, math.inf)),
            None,
            "clip_grad_value_: each number of the gradient is cut to at most this size before each step; its "
            "direction may change.",
        ),
        "zero_grad": Param(
            Flag(),
            True,
            "Call zero_grad before every backward. Off is the classic mistake: the gradients of all steps "
            "add up.",
        ),
        "reset_every": Param(
            _COUNT,
            None,
            "The mistake of creating the optimizer again inside the loop, once in this many steps: momentum "
            "and all other state are lost.",
        ),
    }
)
"""What a run decides around its optimizer's steps."""


def _set(spec: object, owner: str, **checks: Callable[[object], Value]) -> None:
    """Coerce, check and freeze the named fields of a frozen dataclass in place."""
    for name, check in checks.items():
        try:
            object.__setattr__(spec, name, check(getattr(spec, name)))
        except ValueError as error:
            raise ValueError(f"{owner}: {name} {error}") from None


def _surface_name(value: object) -> str:
    # Links end the name at a bracket.
    if not _SURFACE_NAME.fullmatch(name := Text().coerce(value)):
        raise ValueError(f"must be 1 to 80 characters without round brackets, not {describe(name)}.")
    return name


def _word(value: object) -> str:
    if not WORD.fullmatch(word := Text().coerce(value)):
        raise ValueError(f"must be one word, as torch spells it, not {describe(word)}.")
    return word


def _parameter_names(value: object) -> tuple[str, ...]:
    names = _listed(value)
    if names is None or not all(isinstance(name, str) for name in names):
        raise ValueError(f"must be a list of parameters' names, such as ('x',), not {describe(value)}.")
    return tuple(sorted({Text(80).check(name) for name in names}))


def _listed(value: Any) -> tuple[object, ...] | None:
    """`value` as a tuple, or None where it is no list of things."""
    try:
        return None if isinstance(value, str | Mapping) else tuple(value)
    except TypeError:  # Also from a tensor without dimensions, which only looks as if it could be iterated.
        return None


def _set_params(spec: SurfaceSpec | OptimizerSpec | SchedulerSpec | MapSpec, owner: str) -> None:
    if not isinstance(spec.params, Mapping):
        raise ValueError(f"{owner}: params must be names with their values, not {describe(spec.params)}.")
    try:
        object.__setattr__(spec, "params", Settings(spec.params))
    except ValueError as error:
        raise ValueError(f"{owner}: {error}") from None


@dataclass(frozen=True)
class SurfaceSpec:
    """A surface by its name in `SURFACES`, and those of its parameters that are not at their default."""

    name: str
    params: Mapping[str, Value] = field(default_factory=Settings)

    def __post_init__(self) -> None:
        _set(self, "Surface", name=_surface_name)
        _set_params(self, self.name)


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer by its name in `OPTIMIZERS` (torch's own), and the hyperparameters it is given.

    What is not given has torch's default.
    """

    name: str
    params: Mapping[str, Value] = field(default_factory=Settings)

    def __post_init__(self) -> None:
        _set(self, "Optimizer", name=_word)
        _set_params(self, self.name)


@dataclass(frozen=True)
class SchedulerSpec:
    """A scheduler by its name in `SCHEDULERS` (torch's own) and what it is given.

    `warmup` steps of linear warm-up may come before it: SequentialLR([LinearLR, it], [warmup]).
    Arguments that torch requires and that are not given follow from the steps and the learning rate.
    """

    name: str
    params: Mapping[str, Value] = field(default_factory=Settings)
    warmup: int = 0

    def __post_init__(self) -> None:
        _set(self, "Scheduler", name=_word)
        if self.name == "set":
            raise ValueError("Scheduler: name cannot be 'set', which has a meaning of its own in links.")
        _set(self, self.name, warmup=Int(0, 1_000_000).check)
        _set_params(self, self.name)
        if "warmup" in self.params:
            raise ValueError(f"{self.name}: warmup is given beside the params, not among them.")


@dataclass(frozen=True)
class RunSpec:
    """One competitor: an optimizer, and what is done around its steps."""

    optimizer: OptimizerSpec
    scheduler: SchedulerSpec | None = None
    clip_norm: float | None = None
    """Scale the gradient down to at most this norm before each step (`clip_grad_norm_`)."""
    clip_value: float | None = None
    """Clip each number of the gradient to at most this size before each step (`clip_grad_value_`)."""
    zero_grad: bool = True
    """False is the classic mistake: gradients of all steps add up."""
    reset_every: int | None = None
    """Create the optimizer and its scheduler again once in so many steps: their state is lost."""
    frozen: tuple[str, ...] = ()
    """Names of parameters that the optimizer is not given (`requires_grad_(False)`): of "x" and "y", or of
    the model's own where the surface is made of data."""
    label: str = ""
    """What the competitor is called; its optimizer's name where empty."""

    def __post_init__(self) -> None:
        if not isinstance(self.optimizer, OptimizerSpec):
            raise ValueError(f"A run needs an OptimizerSpec, not {describe(self.optimizer)}.")
        if not isinstance(self.scheduler, SchedulerSpec | None):
            raise ValueError(
                f"A run's scheduler must be a SchedulerSpec or None, not {describe(self.scheduler)}."
            )
        _set(self, self.optimizer.name, label=Text(60).check)
        _set(
            self,
            self.name,
            frozen=_parameter_names,
            **{name: param.kind.check for name, param in RUN_PARAMS.items()},
        )
        if self.clip_norm is not None and self.clip_value is not None:
            raise ValueError(f"{self.name}: clip the gradient by norm or by value, not by both.")

    @property
    def name(self) -> str:
        """The label, or the optimizer's name where there is none."""
        return self.label or self.optimizer.name


@dataclass(frozen=True)
class Experiment:
    """Everything that decides the numbers: same experiment, same device, same torch, same numbers."""

    surface: SurfaceSpec
    start: tuple[float, float]
    steps: int
    runs: tuple[RunSpec, ...]
    noise: float = 0.0
    """Standard deviation of the Gaussian noise that is added to every gradient; 0 for none."""
    batch_size: int | None = None
    """Examples in a minibatch, for surfaces made of data; None for all of them."""
    seed: int = 0
    """Seeds all chance, which is the same for every run and start."""
    dtype: str = "float32"

    def __post_init__(self) -> None:
        if not isinstance(self.surface, SurfaceSpec):
            raise ValueError(f"An experiment needs a SurfaceSpec, not {describe(self.surface)}.")
        if (runs := _listed(self.runs)) is None:
            raise ValueError(f"An experiment's runs must be a tuple of RunSpec, not {describe(self.runs)}.")
        object.__setattr__(self, "runs", runs)
        if not runs:
            raise ValueError("An experiment needs at least one run.")
        for run in runs:
            if not isinstance(run, RunSpec):
                raise ValueError(f"An experiment's runs must be RunSpecs, not {describe(run)}.")
        _set(
            self,
            "Experiment",
            start=_START.check,
            **{name: param.kind.check for name, param in EXPERIMENT_PARAMS.items()},
        )

    def to_json(self) -> str:
        """This experiment as a JSON text that `from_json` reads back as an equal one.

        Raises ValueError where it is too large to be read back.
        """
        text = json.dumps({"optviz": VERSION} | _plain(self), ensure_ascii=False, indent=2)
        _check_length("file", text, _LONGEST_FILE)
        return text

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote. Raises ValueError for anything else."""
        _check_length("file", text, _LONGEST_FILE)
        data = _json(text)
        version = data.pop("optviz", None) if isinstance(data, dict) else None
        if version != VERSION or isinstance(version, bool):
            raise ValueError(f"This is not an experiment of optviz, version {VERSION}.")
        data["surface"] = _build(SurfaceSpec, data.get("surface"), "surface")
        runs = data.get("runs")
        if not isinstance(runs, list):
            raise ValueError("An experiment needs a list of runs.")
        data["runs"] = tuple(_build_run(run, f"file's runs[{place}]") for place, run in enumerate(runs))
        return _build(cls, data, "experiment")

    def to_url(self, view: View | None = None) -> str:
        """This experiment, and how it is looked at, as the query of a web address, "?v=1&surface=…".

        Readable and without defaults. Raises ValueError where it is too long to be read back.
        """
        words = link_words(self, view or View())
        parts = [(name, text) for name, texts in words.items() for text in texts]
        query = "&".join(f"{name}={quote(text, safe='(),=.:-*/')}" for name, text in parts)
        _check_length("link", query, _LONGEST_LINK)
        return f"?{query}"

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read what `to_url` wrote, as a whole address or its query alone. Raises ValueError for the rest.

        Words that mean nothing to optviz are left out with a warning.
        """
        values = _read_link(url)
        read = _build(cls, {name: value for name, value in values.items() if name not in _VIEW}, "link")
        if unknown := unknown_words(url):
            names = ", ".join(map(describe, unknown))
            warnings.warn(f"The link has words that mean nothing to optviz: {names}.", stacklevel=2)
        return read


@dataclass(frozen=True)
class MapSpec:
    """A map of many runs by its name in `MAPS`, and those of its parameters that are not at their default."""

    name: str
    params: Mapping[str, Value] = field(default_factory=Settings)

    def __post_init__(self) -> None:
        _set(self, "Map", name=_word)
        _set_params(self, self.name)


@dataclass(frozen=True)
class View:
    """How an experiment is looked at: nothing in it changes a number."""

    scale: str = "auto"
    """Scale of the losses: "log", "linear", or "auto" for log where the minimum is known."""
    against: str = "steps"
    """What curves are drawn against: "steps" or "evals"."""
    within: float | None = None
    """Nearer than this to a minimizer counts as having reached it; None for a thousandth of the domain."""
    colors: tuple[int, ...] = ()
    """Which of the palette's colours each run has; empty for the first ones in their order."""
    picture: str = "2d"
    """The surface from above, "2d", or as a relief, "3d"."""
    panels: str = "one"
    """One picture for all competitors, "one", or a picture for each, "each"."""
    units: str = "auto"
    """Units of the axes: as long on one as on the other, "equal", or such that the surface fills the picture,
    "fill"; "auto" for equal ones unless one side of the domain is more than three times the other."""
    beside: str = "curves"
    """What stands beside the picture: "curves", the "step" that is taken, the training loop's "code", the
    "stability" of the steps, or, for surfaces made of data, the "data" with what each model makes of them."""
    focus: int = 0
    """Which competitor is looked into, counted from 0."""
    marks: tuple[str, ...] = ()
    """What is drawn at the head of the path in focus: of `MARKS`."""
    arrows: str = "run"
    """The scale of arrows at a head: one for the whole "run", or magnified anew at each step to "fit"."""
    convention: str = "torch"
    """Whose convention is drawn beside torch's paths where it differs: of `CONVENTION_NAMES`."""
    page: str = ""
    """What is read beside it: "lessons", "optimizers", a page of a lesson, "momentum.2", or all of its pages,
    "momentum.all"; empty for nothing."""
    map: MapSpec | None = None
    """The map that is looked at; None for the runs themselves."""

    def __post_init__(self) -> None:
        if not isinstance(self.map, MapSpec | None):
            raise ValueError(f"View: map must be a MapSpec or None, not {describe(self.map)}.")
        checks = {name: param.kind.check for name, param in VIEW_PARAMS.items()}
        _set(self, "View", page=Text(60).check, **checks)
        if len(set(self.colors)) < len(self.colors):
            raise ValueError("View: colors must all be different.")

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read the view from what `Experiment.to_url` wrote. Raises ValueError for anything else."""
        values = _read_link(url)
        return _build(cls, {name: value for name, value in values.items() if name in _VIEW}, "link")


MARKS: Mapping[str, str] = MappingProxyType(
    {
        "gradient": "The gradient of the loss at the head: it points uphill.",
        "given": "The gradient that torch was given: with noise, clipping and what was left over, if any.",
        "momentum": "torch's own running mean of gradients or momentum buffer, after the step.",
        "step": "The step that torch took from here, to scale.",
        "parts": "A peek before the step is taken: what it is the sum of, end to end, and where it leads.",
        "curvature": "How the surface bends here: an ellipse along the axes of the Hessian, long where the "
        "surface is flat, and its largest eigenvalue; beside it the optimizer's own stability limit, where "
        "one is known.",
    }
)
"""What can be drawn at the head of a path, and what it shows."""
CONVENTION_NAMES = ("torch", "keras", "paper", "average")

VIEW_PARAMS: Mapping[str, Param] = MappingProxyType(
    {
        "scale": Param(
            Choice(("auto", "log", "linear")),
            "auto",
            "A log scale shows the loss above the minimum: a straight line down is a constant factor a step.",
        ),
        "against": Param(
            Choice(("steps", "evals")),
            "steps",
            "One step may cost several evaluations of loss and gradient: against evals, LBFGS looks less "
            "quick.",
        ),
        "within": Param(
            Maybe(Float(0.0, math.inf)),
            None,
            "Nearer than this to a minimizer, in units of x and y, counts as having reached it, in the "
            "results and in maps.",
        ),
        "colors": Param(Ints(0, 7), (), "Which of the palette's colours each run has."),
        "picture": Param(
            Choice(("2d", "3d")),
            "2d",
            "From above, or as a relief: its height is the scale of the colours.",
        ),
        "panels": Param(
            Choice(("one", "each")), "one", "One picture for all competitors, or a picture for each of them."
        ),
        "units": Param(
            Choice(("auto", "equal", "fill")),
            "auto",
            "Equal units on both axes keep right angles right. By themselves they are equal unless one side "
            "of the domain is more than three times the other: then the surface fills the picture.",
        ),
        "beside": Param(
            Choice(("curves", "step", "code", "stability", "data")),
            "curves",
            "Beside the picture: curves of all runs, what one step of the run in focus did, its training "
            "loop as code, how far the curvature is from what its steps can bear, or the data with what each "
            "model makes of them.",
        ),
        "focus": Param(Int(0, 7), 0, "The competitor that is looked into."),
        "marks": Param(Some(tuple(MARKS)), (), "What is drawn at the head of the path in focus."),
        "arrows": Param(
            Choice(("run", "fit")),
            "run",
            "Arrows have one scale for the whole run, so that a longer one is a larger gradient or step; or "
            "those of each step are magnified anew, so that none is too short to be seen.",
        ),
        "convention": Param(
            Choice(CONVENTION_NAMES),
            "torch",
            "Libraries and papers write some rules in another way. Where theirs differs, its path is drawn "
            "as a dotted ghost, computed by a reference of optviz: it is not torch.",
        ),
    }
)
"""What a view decides."""
_VIEW = frozenset({*VIEW_PARAMS, "page", "map"})


def link_words(experiment: Experiment, view: View) -> dict[str, list[str]]:
    """The texts of a link by their names, as `split_link` finds them, however long they are."""
    words = {"v": [str(VERSION)], "surface": [write_call(experiment.surface.name, experiment.surface.params)]}
    words |= {"start": [_unbracketed(experiment.start)], "steps": [str(experiment.steps)]}
    words |= {"run": [_run_text(run) for run in experiment.runs]}
    words |= {name: [str(value)] for name, value in _changed(experiment, 4).items()}
    return words | {name: [_unbracketed(value)] for name, value in _changed(view).items()}


def split_link(url: str) -> dict[str, list[str]]:
    """The texts of a link by their names, unread. Raises ValueError where it is too long."""
    query = url
    if isinstance(url, str):
        address, mark, after = url.partition("#")[0].partition("?")
        query = after if mark else address
    _check_length("link", query, _LONGEST_LINK)
    texts: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        texts.setdefault(name, []).append(text)
    return texts


def unknown_words(url: str) -> tuple[str, ...]:
    """The names in a link that mean nothing to optviz, as others add them: "utm_source"."""
    return tuple(name for name in split_link(url) if name not in ("v", *_LINK_NAMES))


def read_part(name: str, text: str) -> Any:
    """What one part of a link says: a SurfaceSpec, a RunSpec, or a plain value, not checked any further.

    Raises ValueError for a name that no link has, and for a text that cannot be read.
    """
    _check_names("link", [name], _LINK_NAMES)
    return _LINK_READERS.get(name, _read_value)(text)


def _read_link(url: str) -> dict[str, Any]:
    texts = split_link(url)
    if texts.pop("v", None) != [str(VERSION)]:
        raise ValueError(f"This is not a link of optviz, version {VERSION}.")
    texts = {name: text for name, text in texts.items() if name in _LINK_NAMES}
    values: dict[str, Any] = {"runs": tuple(read_part("run", text) for text in texts.pop("run", []))}
    for name, (text, *more) in texts.items():
        if more:
            raise ValueError(f"The link cannot have {describe(name)} twice.")
        values[name] = read_part(name, text)
    return values


def _check_length(what: str, text: object, longest: int) -> None:
    if not isinstance(text, str):
        raise ValueError(f"A {what} must be a text, not {describe(text)}.")
    if len(text) > longest:
        raise ValueError(f"The {what} is too long: {len(text):,} characters, where {longest:,} are allowed.")


# -- to and from plain JSON data -----------------------------------------------------------------------


def _plain(value: object) -> Any:
    """A spec as dicts, lists and numbers; what is at its default is left out."""
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    parts: dict[str, Any] = {}
    for part in fields(value):  # type: ignore[arg-type]  # all that is left are specs
        chosen = getattr(value, part.name)
        if chosen != part.default and chosen != {}:
            parts[part.name] = _plain(chosen)
    return parts


def _check_names(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    for name in given:
        if name not in known:
            raise ValueError(f"The {what} has no place for {describe(name)}, only for: {', '.join(known)}.")


def _build(kind: type[_Spec], data: object, what: str) -> _Spec:
    """Make a spec from its fields by name, refusing unknown and missing ones."""
    if not isinstance(data, dict):
        raise ValueError(f"The {what} is missing or is not written as names and values.")
    parts = {part.name: part for part in fields(kind)}  # type: ignore[arg-type]
    _check_names(what, data, parts)
    needed = [name for name, part in parts.items() if part.default is part.default_factory is MISSING]
    if missing := [name for name in needed if name not in data]:
        raise ValueError(f"The {what} lacks its {missing[0]}.")
    return kind(**data)


def _json(text: str) -> Any:
    """What a JSON text holds. Raises ValueError with the line for what is none, or has a name twice."""
    try:
        return json.loads(text, object_pairs_hook=_once, parse_int=_whole)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise ValueError(f"This is not an experiment of optviz: it is not JSON ({where}).") from None
    except RecursionError:
        raise ValueError("This is not an experiment of optviz: it is nested too deeply.") from None


def _whole(digits: str) -> int:
    if len(digits) > 400:  # Python refuses to read much longer ones
        raise ValueError(f"The file has a number of {len(digits):,} digits.")
    return int(digits)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The file has {describe(twice)} twice in the same place.")
    return dict(pairs)


def _build_run(data: object, what: str) -> RunSpec:
    if not isinstance(data, dict):
        raise ValueError(f"The {what} is not written as names and values.")
    parts = dict(data)
    parts["optimizer"] = _build(OptimizerSpec, parts.get("optimizer"), f"{what}.optimizer")
    if parts.get("scheduler") is not None:
        parts["scheduler"] = _build(SchedulerSpec, parts["scheduler"], f"{what}.scheduler")
    return _build(RunSpec, parts, what)


# -- to and from the text of a link: SGD(lr=0.1).StepLR(step_size=30).set(clip_norm=1.0) ----------------


def _changed(spec: Any, first: int = 0) -> dict[str, Value]:
    """The fields of a spec, from the `first` on, that are not at their default."""
    values = {part.name: (getattr(spec, part.name), part.default) for part in fields(spec)[first:]}
    return {name: value for name, (value, default) in values.items() if value != default}


def _unbracketed(value: Value | MapSpec) -> str:
    """A list without its brackets, "1,2"; texts without their quotes; all else as it is."""
    if isinstance(value, MapSpec):
        return write_call(value.name, value.params)
    if isinstance(value, tuple) and all(isinstance(part, str) for part in value):
        return ",".join(map(str, value))
    return write_value(value)[1:-1] if isinstance(value, tuple | str) else write_value(value)


def _run_text(run: RunSpec) -> str:
    calls = [write_call(run.optimizer.name, run.optimizer.params)]
    if run.scheduler is not None:
        warmup = {"warmup": run.scheduler.warmup} if run.scheduler.warmup else {}
        calls.append(write_call(run.scheduler.name, {**run.scheduler.params, **warmup}))
    if changed := _changed(run, 2):
        calls.append(write_call("set", changed))
    return ".".join(calls)


def _read_surface(text: str) -> SurfaceSpec:
    name = text.partition("(")[0]
    reader = Reader(text, len(name))
    params = reader.settings()
    reader.end()
    return SurfaceSpec(name, params)


def _read_map(text: str) -> MapSpec:
    ((name, params), *rest) = Reader(text).calls()
    if rest:
        raise ValueError("A link's map is a name with its parameters.")
    return MapSpec(name, params)


def _read_run(text: str) -> RunSpec:
    (name, params), *rest = Reader(text).calls()
    parts: dict[str, Any] = rest.pop()[1] if rest and rest[-1][0] == "set" else {}
    if len(rest) > 1:
        raise ValueError("A link's run has one optimizer, then at most one scheduler and one set().")
    if taken := {"optimizer", "scheduler"} & parts.keys():
        raise ValueError(f"A link's set() cannot hold {taken.pop()!r}.")
    parts["optimizer"] = OptimizerSpec(name, params)
    for scheduler, settings in rest:
        warmup: Any = settings.pop("warmup", 0)
        parts["scheduler"] = SchedulerSpec(scheduler, settings, warmup)
    return _build(RunSpec, parts, "run")


def _read_value(text: str) -> Value:
    try:
        reader = Reader(f"({text})")
        value = reader.value()
        reader.end()
    except ValueError:
        return text  # The experiment's own sentence says what it must be instead.
    return value


def _read_typed(text: str) -> Value:
    try:
        number = read_number(text)
    except ValueError:
        return _read_value(text)
    whole = number.adjusted() < 30 and number == int(number)
    return int(number) if whole else float(number)


_TEXTS = [name for name, param in VIEW_PARAMS.items() if isinstance(param.kind, Choice)]
_TYPED = ("steps", "noise", "batch_size", "seed", "within", "focus")
_LINK_READERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "surface": _read_surface,
        "run": _read_run,
        "map": _read_map,
        "marks": lambda text: tuple(filter(None, text.split(","))),
        **dict.fromkeys(("dtype", "page", *_TEXTS), str),
        **dict.fromkeys(_TYPED, _read_typed),
    }
)
"""How the parts of a link are read that are no numbers."""
_LINK_NAMES = (
    "surface",
    "start",
    "steps",
    "run",
    *(part.name for part in fields(Experiment)[4:]),
    *VIEW_PARAMS,
    "page",
    "map",
)
