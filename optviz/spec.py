"""What was chosen: one experiment, one value.

An `Experiment` holds everything that decides the numbers. It is immutable, hashable and serialisable, so it
is at once the link, the saved file and the key of a cache. Specs only know shapes and types; whether torch
or a surface likes the values is theirs to say when the experiment is run.

Every `ValueError` raised here is a sentence for the user.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl, quote

from optviz.params import Choice, Flag, Float, Int, Kind, Maybe, Settings, Text, Tuple, Value

VERSION = 1
"""The version of links and files. Old ones keep working: raise it only together with a translation."""

DTYPES = ("float32", "float64")
_HUGE = 1e300
_LONGEST_LINK = 20_000
_LONGEST_FILE = 1_000_000
_DEEPEST = 6
_QUOTED = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\"""")
_NAME = Text(80)
_Spec = TypeVar("_Spec")

_START = Tuple((Float(-_HUGE, _HUGE), Float(-_HUGE, _HUGE)))
_STEPS = Int(1, 1_000_000)
_NOISE = Float(0.0, _HUGE)
_SEED = Int(0, 2**63 - 1)
_POSITIVE = Maybe(Float(0.0, _HUGE))
_COUNT = Maybe(Int(1, 1_000_000_000))


def _set(spec: object, owner: str, **kinds: Kind) -> None:
    """Coerce, check and freeze the named fields of a frozen dataclass in place."""
    for name, kind in kinds.items():
        try:
            object.__setattr__(spec, name, kind.check(getattr(spec, name)))
        except ValueError as error:
            raise ValueError(f"{owner}: {name} {error}") from None


def _set_params(spec: object, owner: str) -> None:
    params = getattr(spec, "params")
    if not isinstance(params, Mapping):
        raise ValueError(f"{owner}: params must be a mapping from names to values.")
    try:
        object.__setattr__(spec, "params", Settings(params))
    except ValueError as error:
        raise ValueError(f"{owner}: {error}") from None


@dataclass(frozen=True)
class SurfaceSpec:
    """A surface by its name in `SURFACES`, and those of its parameters that are not at their default."""

    name: str
    params: Mapping[str, Value] = field(default_factory=Settings)

    def __post_init__(self) -> None:
        _set(self, "Surface", name=_NAME)
        _set_params(self, self.name)


@dataclass(frozen=True)
class OptimizerSpec:
    """An optimizer by its name in `OPTIMIZERS` (torch's own), and the hyperparameters it is given.

    What is not given has torch's default.
    """

    name: str
    params: Mapping[str, Value] = field(default_factory=Settings)

    def __post_init__(self) -> None:
        _set(self, "Optimizer", name=_NAME)
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
        _set(self, "Scheduler", name=_NAME)
        _set(self, self.name, warmup=Int(0, 1_000_000))
        _set_params(self, self.name)


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
    """Build the optimizer and its scheduler anew every so many steps: their state is lost."""
    frozen: tuple[str, ...] = ()
    """Names of parameters that the optimizer is not given (`requires_grad_(False)`), of "x" and "y"."""
    label: str = ""
    """What the competitor is called; its optimizer's name where empty."""

    def __post_init__(self) -> None:
        if not isinstance(self.optimizer, OptimizerSpec):
            raise ValueError("A run needs an OptimizerSpec.")
        if not isinstance(self.scheduler, SchedulerSpec | None):
            raise ValueError("A run's scheduler must be a SchedulerSpec or None.")
        if isinstance(self.frozen, str) or not isinstance(self.frozen, Iterable):
            raise ValueError("frozen must be a list of parameter names, such as ('x',).")
        names = tuple(sorted(set(_NAME.check(name) for name in self.frozen)))
        object.__setattr__(self, "frozen", names)
        _set(
            self,
            self.name,
            clip_norm=_POSITIVE,
            clip_value=_POSITIVE,
            zero_grad=Flag(),
            reset_every=_COUNT,
            label=Text(60),
        )
        if self.clip_norm is not None and self.clip_value is not None:
            raise ValueError(f"{self.name}: clip the gradient by norm or by value, not by both.")

    @property
    def name(self) -> str:
        """The label, or the optimizer's name where there is none."""
        return self.label if isinstance(self.label, str) and self.label else self.optimizer.name


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
            raise ValueError("An experiment needs a SurfaceSpec.")
        if isinstance(self.runs, RunSpec) or not isinstance(self.runs, Iterable):
            raise ValueError("An experiment's runs must be a tuple of RunSpec.")
        object.__setattr__(self, "runs", tuple(self.runs))
        if not self.runs or not all(isinstance(run, RunSpec) for run in self.runs):
            raise ValueError("An experiment needs at least one RunSpec, and nothing else in its runs.")
        start = self.start if isinstance(self.start, list | tuple) else tuple(self.start)
        object.__setattr__(self, "start", start)
        _set(
            self,
            "Experiment",
            start=_START,
            steps=_STEPS,
            noise=_NOISE,
            batch_size=_COUNT,
            seed=_SEED,
            dtype=Choice(DTYPES),
        )

    def to_json(self) -> str:
        """This experiment as a JSON text that `from_json` reads back as an equal one."""
        return json.dumps({"optviz": VERSION} | _plain(self), ensure_ascii=False, indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote. Raises ValueError for anything else."""
        if len(text) > _LONGEST_FILE:
            raise ValueError(f"The file is too large: at most {_LONGEST_FILE:,} characters.")
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("This is not an experiment of optviz: it is not JSON.") from None
        if not isinstance(data, dict) or data.pop("optviz", None) != VERSION:
            raise ValueError(f"This is not an experiment of optviz, version {VERSION}.")
        data["surface"] = _build(SurfaceSpec, data.get("surface"), "surface")
        runs = data.get("runs")
        if not isinstance(runs, list):
            raise ValueError("An experiment needs a list of runs.")
        data["runs"] = tuple(_build_run(run) for run in runs)
        return _build(cls, data, "experiment")

    def to_url(self) -> str:
        """This experiment as the query of a web address, "?v=1&surface=…", readable and without defaults."""
        words = [("v", str(VERSION)), ("surface", _call(self.surface.name, self.surface.params))]
        words += [("start", ",".join(map(repr, self.start))), ("steps", str(self.steps))]
        words += [("run", _run_text(run)) for run in self.runs]
        for part in fields(self)[4:]:
            if (value := getattr(self, part.name)) != part.default:
                words.append((part.name, str(value)))
        return "?" + "&".join(f"{key}={quote(text, safe='(),=.:-')}" for key, text in words)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read what `to_url` wrote, as a whole address or its query alone. Raises ValueError for the rest."""
        if len(url) > _LONGEST_LINK:
            raise ValueError(f"The link is too long: at most {_LONGEST_LINK:,} characters.")
        words = parse_qsl(url.rpartition("?")[2], keep_blank_values=True)
        runs = tuple(_read_run(text) for key, text in words if key == "run")
        given = {key: text for key, text in words if key != "run"}
        if given.pop("v", None) != str(VERSION):
            raise ValueError(f"This is not a link of optviz, version {VERSION}.")
        (name, params), *rest = _read_calls(given.pop("surface", ""))
        if rest:
            raise ValueError("The link's surface is not written as Name(parameter=value).")
        values = {key: text if key == "dtype" else _read_value(text) for key, text in given.items()}
        return _build(cls, values | {"surface": SurfaceSpec(name, params), "runs": runs}, "link")


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


def _build(kind: type[_Spec], data: object, what: str) -> _Spec:
    """Make a spec from its fields by name, refusing unknown and missing ones."""
    if not isinstance(data, dict):
        raise ValueError(f"The {what} is missing or is not written as names and values.")
    known = [part.name for part in fields(kind)]  # type: ignore[arg-type]
    if unknown := [key for key in data if key not in known]:
        raise ValueError(f"The {what} has no {str(unknown[0])[:60]!r}. It has: {', '.join(known)}.")
    try:
        return kind(**data)
    except TypeError:
        raise ValueError(f"The {what} is incomplete. It has: {', '.join(known)}.") from None


def _build_run(data: object) -> RunSpec:
    if not isinstance(data, dict):
        raise ValueError("A run is not written as names and values.")
    parts = dict(data)
    parts["optimizer"] = _build(OptimizerSpec, parts.get("optimizer"), "optimizer")
    if parts.get("scheduler") is not None:
        parts["scheduler"] = _build(SchedulerSpec, parts["scheduler"], "scheduler")
    return _build(RunSpec, parts, "run")


# -- to and from the text of a link: SGD(lr=0.1).StepLR(step_size=30).set(clip_norm=1.0) ----------------


def _call(name: str, params: Mapping[str, Value]) -> str:
    if not params:
        return name
    return f"{name}({','.join(f'{key}={_literal(value)}' for key, value in params.items())})"


def _literal(value: Value) -> str:
    """A value as Python writes it, without spaces."""
    if not isinstance(value, tuple):
        return repr(value)
    return f"({','.join(map(_literal, value))}{',' if len(value) == 1 else ''})"


def _run_text(run: RunSpec) -> str:
    calls = [_call(run.optimizer.name, run.optimizer.params)]
    if run.scheduler is not None:
        warmup = {"warmup": run.scheduler.warmup} if run.scheduler.warmup else {}
        calls.append(_call(run.scheduler.name, {**run.scheduler.params, **warmup}))
    options = {part.name: getattr(run, part.name) for part in fields(run)[2:]}
    defaults = {part.name: part.default for part in fields(run)}
    if changed := {key: value for key, value in options.items() if value != defaults[key]}:
        calls.append(_call("set", changed))
    # A call without arguments keeps its brackets inside a chain, so that it reads as one.
    return ".".join(call if "(" in call or len(calls) == 1 else f"{call}()" for call in calls)


def _read_run(text: str) -> RunSpec:
    (name, params), *rest = _read_calls(text)
    parts: dict[str, Any] = {}
    if rest and rest[-1][0] == "set":
        parts = rest.pop()[1]
    scheduler = None
    if rest:
        (scheduler_name, scheduler_params), *more = rest
        warmup = scheduler_params.pop("warmup", 0)
        scheduler = SchedulerSpec(scheduler_name, scheduler_params, warmup)  # type: ignore[arg-type]
        if more:
            raise ValueError("A link's run has one optimizer, then at most one scheduler and one set().")
    if taken := {"optimizer", "scheduler"} & parts.keys():
        raise ValueError(f"A link's set() cannot hold {taken.pop()!r}.")
    return _build(RunSpec, {"optimizer": OptimizerSpec(name, params), "scheduler": scheduler} | parts, "run")


def _parse(text: str) -> ast.expr:
    """Parse one expression with Python's own grammar; nothing is ever evaluated."""
    depth = deepest = 0
    bare = _QUOTED.sub("", text)
    for character in bare:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST or "--" in bare:
        raise ValueError("A part of the link is too long or too deeply nested.")
    try:
        return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"A part of the link cannot be read: {text[:60]!r}.") from None


def _read_calls(text: str) -> list[tuple[str, dict[str, Value]]]:
    """Read "Name(a=1).Other(b=2)" as [("Name", {"a": 1}), ("Other", {"b": 2})]."""
    first, bracket, rest = text.partition("(")
    if not bracket:
        return [(first, {})]
    calls: list[tuple[str, dict[str, Value]]] = []
    node = _parse(f"_({rest}")
    while isinstance(node, ast.Call) and not node.args:
        settings = {word.arg: _value(word.value) for word in node.keywords if word.arg is not None}
        match node.func:
            case ast.Attribute(value=inner, attr=name):
                calls.append((name, settings))
                node = inner
            case ast.Name(id="_"):
                return [(first, settings), *reversed(calls)]
            case _:
                break
    raise ValueError(f"A part of the link is not written as Name(parameter=value): {text[:60]!r}.")


def _read_value(text: str) -> Value:
    return _value(_parse(text))


def _value(node: ast.expr) -> Value:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_value(part) for part in parts)
    raise ValueError("A value in the link is not a number, a text, True, False, None or a list of these.")
