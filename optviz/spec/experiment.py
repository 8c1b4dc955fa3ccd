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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Self

from optviz.spec.frozen import (
    NamedSpec,
    as_tuple,
    as_word,
    build,
    changed,
    check_length,
    check_names,
    declaration,
    declared,
    declared_params,
    documented,
    plain,
    read_json,
    set_checked,
    set_declared,
)
from optviz.spec.links import (
    VERSION,
    Reader,
    join_link,
    read_field,
    read_link,
    split_link,
    write_call,
    write_field,
)
from optviz.spec.params import Choice, Flag, Float, Int, Maybe, Text, Tuple, describe
from optviz.spec.view import PLAIN, VIEW_READERS, View, view_words

DTYPES = ("float32", "float64")
_LONGEST_FILE = 1_000_000
_SURFACE_NAME = re.compile(r"[^()\x00-\x1f]{1,80}")
_START = Tuple((Float(-math.inf, math.inf), Float(-math.inf, math.inf)))
_COUNT = Maybe(Int(1, 1_000_000_000))


class _Names:
    """The kind of a set of parameters' names: in their alphabetical order, each once."""

    def coerce(self, value: object) -> tuple[str, ...]:
        names = as_tuple(value)
        if names is None or not all(isinstance(name, str) for name in names):
            raise ValueError(f"must be a list of parameters' names, such as ('x',), not {describe(value)}.")
        return tuple(sorted({Text(80).check(name) for name in names}))

    def check(self, value: object) -> tuple[str, ...]:
        return self.coerce(value)


@dataclass(frozen=True)
class SurfaceSpec(NamedSpec):
    """A surface by its name in `SURFACES`, and those of its parameters that are not at their default."""

    _noun = "Surface"

    @staticmethod
    def _check_name(name: object) -> str:
        # Links end the name at a bracket.
        if not _SURFACE_NAME.fullmatch(text := Text().coerce(name)):
            raise ValueError(f"must be 1 to 80 characters without round brackets, not {describe(text)}.")
        return text


@dataclass(frozen=True)
class OptimizerSpec(NamedSpec):
    """An optimizer by its name in `OPTIMIZERS` (torch's own), and the hyperparameters it is given.

    What is not given has torch's default.
    """

    _noun = "Optimizer"


@dataclass(frozen=True)
class SchedulerSpec(NamedSpec):
    """A scheduler by its name in `SCHEDULERS` (torch's own) and what it is given.

    `warmup` steps of linear warm-up may come before it: SequentialLR([LinearLR, it], [warmup]).
    Arguments that torch requires and that are not given follow from the steps and the learning rate.
    """

    warmup: int = 0

    _noun = "Scheduler"

    def __post_init__(self) -> None:
        super().__post_init__()
        set_checked(self, self.name, warmup=Int(0, 1_000_000).check)
        if "warmup" in self.params:
            raise ValueError(f"{self.name}: warmup is given beside the params, not among them.")

    @staticmethod
    def _check_name(name: object) -> str:
        if (word := as_word(name)) == "set":
            raise ValueError("cannot be 'set', which has a meaning of its own in links.")
        return word


@documented
@dataclass(frozen=True)
class RunSpec:
    """One competitor: an optimizer, and what is done around its steps.

    Args:
        optimizer: What steps.
        scheduler: What changes its learning rate, if anything does.
    """

    optimizer: OptimizerSpec
    scheduler: SchedulerSpec | None = None
    clip_norm: float | None = declared(
        Maybe(Float(0.0, math.inf)),
        None,
        "clip_grad_norm_: a gradient that is longer than this is scaled down to this length before each "
        "step; its direction stays.",
    )
    clip_value: float | None = declared(
        Maybe(Float(0.0, math.inf)),
        None,
        "clip_grad_value_: each number of the gradient is cut to at most this size before each step; its "
        "direction may change.",
    )
    zero_grad: bool = declared(
        Flag(),
        True,
        "Call zero_grad before every backward. Off is the classic mistake: the gradients of all steps add "
        "up.",
    )
    reset_every: int | None = declared(
        _COUNT,
        None,
        "The mistake of creating the optimizer and its scheduler again inside the loop, once in this many "
        "steps: momentum and all other state are lost.",
    )
    frozen: tuple[str, ...] = declared(
        _Names(),
        (),
        "Names of parameters that the optimizer is not given (`requires_grad_(False)`): of x and y, or of "
        "the model's own where the surface is made of data.",
    )
    label: str = declared(
        Text(60),
        "",
        "What the competitor is called; by its optimizer's name where empty. It decides no number.",
    )

    def __post_init__(self) -> None:
        if not isinstance(self.optimizer, OptimizerSpec):
            raise ValueError(f"A run needs an OptimizerSpec, not {describe(self.optimizer)}.")
        if not isinstance(self.scheduler, SchedulerSpec | None):
            raise ValueError(
                f"A run's scheduler must be a SchedulerSpec or None, not {describe(self.scheduler)}."
            )
        set_checked(self, self.optimizer.name, label=RUN_PARAMS["label"].kind.check)
        set_declared(self, self.name)
        if self.clip_norm is not None and self.clip_value is not None:
            raise ValueError(f"{self.name}: clip the gradient by norm or by value, not by both.")

    @property
    def name(self) -> str:
        """The label, or the optimizer's name where there is none."""
        return self.label or self.optimizer.name

    @property
    def unlabelled(self) -> RunSpec:
        """The run without its label, which decides no number: what results are kept under."""
        return replace(self, label="") if self.label else self


RUN_PARAMS = declared_params(RunSpec)
"""What a run decides around its optimizer's steps."""


@documented
@dataclass(frozen=True)
class Experiment:
    """Everything that decides the numbers: same experiment, same device, same torch, same numbers.

    Args:
        surface: What is minimized.
        start: The point (x, y) that every run starts from.
        runs: The competitors; each goes by its index.
    """

    surface: SurfaceSpec
    start: tuple[float, float]
    steps: int = field(metadata=declaration(Int(1, 1_000_000), 300, "How many times each optimizer steps."))
    runs: tuple[RunSpec, ...]
    noise: float = declared(
        Float(0.0, math.inf),
        0.0,
        "Standard deviation of the Gaussian noise added to each number of every gradient, a stand-in for a "
        "minibatch's; 0 for none. Every competitor meets the same noise at the same step.",
    )
    batch_size: int | None = declared(
        _COUNT,
        None,
        "How many examples each gradient is computed on, for surfaces made of data. A DataLoader shuffles "
        "them every epoch, in the same way for every competitor. None takes all of them.",
    )
    seed: int = declared(
        Int(0, 2**63 - 1),
        0,
        "Seeds all chance: the same seed gives the same noise step by step, the same minibatches and, for "
        "networks, the same initial weights.",
    )
    dtype: str = declared(
        Choice(DTYPES),
        "float32",
        "The precision that the optimizers compute in. float32, torch's default, rounds after about 7 "
        "digits, float64 after about 16.",
    )

    def __post_init__(self) -> None:
        if not isinstance(self.surface, SurfaceSpec):
            raise ValueError(f"An experiment needs a SurfaceSpec, not {describe(self.surface)}.")
        if (runs := as_tuple(self.runs)) is None:
            raise ValueError(f"An experiment's runs must be a tuple of RunSpec, not {describe(self.runs)}.")
        object.__setattr__(self, "runs", runs)
        if not runs:
            raise ValueError("An experiment needs at least one run.")
        for run in runs:
            if not isinstance(run, RunSpec):
                raise ValueError(f"An experiment's runs must be RunSpecs, not {describe(run)}.")
        set_checked(self, "Experiment", start=_START.check)
        set_declared(self, "Experiment")

    @cached_property
    def unlabelled(self) -> Experiment:
        """The experiment without labels, which decide no number: what results are kept under."""
        if not any(run.label for run in self.runs):
            return self
        return replace(self, runs=tuple(run.unlabelled for run in self.runs))

    def _repr_html_(self) -> str:
        from optviz.notebooks import experiment_html

        return experiment_html(self)

    def to_json(self) -> str:
        """This experiment as a JSON text that `from_json` reads back as an equal one.

        Raises ValueError where it is too large to be read back.
        """
        text = json.dumps({"optviz": VERSION} | plain(self), ensure_ascii=False, indent=2)
        check_length("file", text, _LONGEST_FILE)
        return text

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote. Raises ValueError for anything else."""
        check_length("file", text, _LONGEST_FILE)
        data = read_json(text)
        version = data.pop("optviz", None) if isinstance(data, dict) else None
        if version != VERSION or isinstance(version, bool):
            raise ValueError(f"This is not an experiment of optviz, version {VERSION}.")
        data["surface"] = build(SurfaceSpec, data.get("surface"), "surface")
        runs = data.get("runs")
        if not isinstance(runs, list):
            raise ValueError("An experiment needs a list of runs.")
        data["runs"] = tuple(_build_run(run, f"file's runs[{place}]") for place, run in enumerate(runs))
        return build(cls, data, "experiment")

    def to_url(self, view: View | None = None) -> str:
        """This experiment, and how it is looked at, as the query of a web address, "?v=1&surface=…".

        Readable and without defaults. Raises ValueError where it is too long to be read back.
        """
        return join_link(link_words(self, view or PLAIN))

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read what `to_url` wrote, as a whole address or its query alone. Raises ValueError for the rest.

        Words that mean nothing to optviz are left out with a warning.
        """
        values = read_link(url, _READERS, several=("run",))
        read = build(cls, {"runs": values.pop("run", ()), **values}, "link")
        if unknown := unknown_words(url):
            names = ", ".join(map(describe, unknown))
            warnings.warn(f"The link has words that mean nothing to optviz: {names}.", stacklevel=2)
        return read


EXPERIMENT_PARAMS = declared_params(Experiment)
"""What an experiment decides besides its surface, start and runs."""


def link_words(experiment: Experiment, view: View) -> dict[str, list[str]]:
    """The texts of a link by their names, as `split_link` finds them, however long they are."""
    words = {"v": [str(VERSION)], "surface": [write_call(experiment.surface.name, experiment.surface.params)]}
    words |= {"start": [write_field(experiment.start)], "steps": [write_field(experiment.steps)]}
    words |= {"run": [_run_text(run) for run in experiment.runs]}
    words |= {name: [write_field(value)] for name, value in changed(experiment).items()}
    return words | {name: [text] for name, text in view_words(view).items()}


def unknown_words(url: str) -> tuple[str, ...]:
    """The names in a link that mean nothing to optviz, as others add them: "utm_source"."""
    return tuple(name for name in split_link(url) if name not in ("v", *_READERS, *VIEW_READERS))


def read_part(name: str, text: str) -> Any:
    """What one part of a link says: a SurfaceSpec, a RunSpec, or a plain value, not checked any further.

    Raises ValueError for a name that no link has, and for a text that cannot be read.
    """
    readers = {**_READERS, **VIEW_READERS}
    check_names("link", [name], readers)
    return readers[name](text)


def _build_run(data: object, what: str) -> RunSpec:
    if not isinstance(data, dict):
        raise ValueError(f"The {what} is not written as names and values.")
    parts = dict(data)
    parts["optimizer"] = build(OptimizerSpec, parts.get("optimizer"), f"{what}.optimizer")
    if parts.get("scheduler") is not None:
        parts["scheduler"] = build(SchedulerSpec, parts["scheduler"], f"{what}.scheduler")
    return build(RunSpec, parts, what)


def _run_text(run: RunSpec) -> str:
    calls = [write_call(run.optimizer.name, run.optimizer.params)]
    if run.scheduler is not None:
        warmup = {"warmup": run.scheduler.warmup} if run.scheduler.warmup else {}
        calls.append(write_call(run.scheduler.name, {**run.scheduler.params, **warmup}))
    if chosen := changed(run):
        calls.append(write_call("set", chosen))
    return ".".join(calls)


def _read_surface(text: str) -> SurfaceSpec:
    name = text.partition("(")[0]
    reader = Reader(text, len(name))
    params = reader.settings()
    reader.end()
    return SurfaceSpec(name, params)


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
    return build(RunSpec, parts, "run")


_READERS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "surface": _read_surface,
        "start": partial(read_field, _START),
        "steps": partial(read_field, EXPERIMENT_PARAMS["steps"].kind),
        "run": _read_run,
        **{name: partial(read_field, param.kind) for name, param in EXPERIMENT_PARAMS.items()},
    }
)
"""How a link's texts about the experiment are read, by their names."""
