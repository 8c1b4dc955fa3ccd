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
from optviz.spec.params import Choice, Flag, Float, Int, Maybe, Names, Text, Tuple, as_tuple, describe
from optviz.spec.view import PLAIN, VIEW_READERS, View, view_words

DTYPES = ("float32", "float64")
_LONGEST_FILE = 1_000_000
_SURFACE_NAME = re.compile(r"[^()\x00-\x1f]{1,80}")
_START = Tuple((Float(-math.inf, math.inf), Float(-math.inf, math.inf)))
_COUNT = Maybe(Int(1, 1_000_000_000))


@dataclass(frozen=True)
class SurfaceSpec(NamedSpec):
    """A surface: its name, and the parameters that are not at their default.

    Args:
        name: A name in `SURFACES`.
        params: Values of its parameters by their names. What is not given has the surface's default.

    Raises:
        ValueError: Where the name has a round bracket, or a value is no number, text, switch or list.

    Example:
        >>> import optviz as ov
        >>> ov.SurfaceSpec("Quadratic bowl", {"kappa": 50.0}).params["kappa"]
        50.0
    """

    _noun = "Surface"

    @staticmethod
    def _check_name(name: object) -> str:
        # Links end the name at a bracket.
        if not _SURFACE_NAME.fullmatch(text := Text().coerce(name)):
            raise ValueError(f"must be 1 to 80 characters without round brackets, not {describe(text)}.")
        return text


@dataclass(frozen=True)
class OptimizerSpec(NamedSpec):
    """An optimizer: its name, and the hyperparameters it is given.

    Args:
        name: A name in `OPTIMIZERS`, which is torch's own where the optimizer is torch's.
        params: Hyperparameters by torch's names. What is not given has torch's default.

    Raises:
        ValueError: Where the name is not one word, or a value is no number, text, switch or list. Whether the
            optimizer takes it is said when the experiment is run.

    Example:
        >>> import optviz as ov
        >>> ov.OptimizerSpec("Adam", {"lr": 0.05, "betas": [0.9, 0.99]}).params["betas"]
        (0.9, 0.99)
    """

    _noun = "Optimizer"


@dataclass(frozen=True)
class SchedulerSpec(NamedSpec):
    """A scheduler: its name, what it is given, and how many steps of warm-up come before it.

    Args:
        name: A name in `SCHEDULERS`, which is torch's own.
        params: Arguments by torch's names. Those that torch requires and that are not given follow from the
            steps and the learning rate.
        warmup: Steps in which the learning rate grows linearly before it: SequentialLR([LinearLR, it],
            [warmup]).

    Raises:
        ValueError: Where the name is not one word, a value is no number, text, switch or list, or the warm-up
            is no whole number from 0 to 1,000,000.

    Example:
        >>> import optviz as ov
        >>> ov.SchedulerSpec("StepLR", {"step_size": 30}, warmup=5).warmup
        5
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
        Names(),
        (),
        "Names of parameters that are not trained (`requires_grad_(False)`): x or y, or the model's own "
        "where a model is fitted to data.",
    )
    label: str = declared(
        Text(60),
        "",
        "The competitor's name; where empty, its optimizer's. It decides no number.",
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
        """What the run is called: its label, or its optimizer's name where it has none."""
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

    def to_json(self, made_with: Mapping[str, object] | None = None) -> str:
        """The experiment as a JSON text. What is at its default is left out.

        Args:
            made_with: What its numbers were computed with, by names such as "torch" and "device", for
                whoever opens the file. It decides nothing: `from_json` leaves it out.

        Raises:
            ValueError: Where the text would be longer than `from_json` reads.

        Example:
            >>> import optviz as ov
            >>> sgd = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.1}))
            >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (0.0, 0.0), 50, (sgd,))
            >>> ov.Experiment.from_json(exp.to_json()) == exp
            True
        """
        more = {"made_with": dict(made_with)} if made_with else {}
        text = json.dumps({"optviz": VERSION} | more | plain(self), ensure_ascii=False, indent=2)
        check_length("file", text, _LONGEST_FILE)
        return text

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The experiment that `to_json` has written, or the one in a file of its results.

        Args:
            text: A JSON text of at most 1,000,000 characters.

        Raises:
            ValueError: Where the text is not such an experiment, with a sentence that says what is wrong.
        """
        check_length("file", text, _LONGEST_FILE)
        data, _ = _parts(read_json(text))
        version = data.pop("optviz", None) if isinstance(data, dict) else None
        if version != VERSION or isinstance(version, bool):
            raise ValueError(f"This is not an experiment of optviz, version {VERSION}.")
        data["surface"] = build(SurfaceSpec, data.get("surface"), "surface")
        runs = data.get("runs")
        if not isinstance(runs, list):
            raise ValueError("An experiment needs a list of runs.")
        data["runs"] = tuple(_build_run(run, f"file's runs[{place}]") for place, run in enumerate(runs))
        return build(cls, data, "experiment")

    @staticmethod
    def made_with(text: str) -> dict[str, object]:
        """What a saved experiment says that its numbers were computed with.

        Args:
            text: What `to_json` has written, or a file of results.

        Returns:
            What was given to `to_json`, or what the first result was made with; empty where nothing was. It
            comes from a file and may be anything.

        Raises:
            ValueError: The text is not JSON.
        """
        _, provenance = _parts(read_json(text))
        return provenance if isinstance(provenance, dict) else {}

    def to_url(self, view: View | None = None) -> str:
        """The experiment as the query of a web address, "?v=1&surface=…". What is at its default is left out.

        Args:
            view: How the experiment is looked at; it becomes part of the link.

        Raises:
            ValueError: Where the link would be longer than `from_url` reads.

        Example:
            >>> import optviz as ov
            >>> sgd = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.1}))
            >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (0.0, 0.0), 50, (sgd,))
            >>> exp.to_url(ov.View(scale="log"))
            '?v=1&surface=Booth&start=0.0,0.0&steps=50&run=SGD(lr=0.1)&scale=log'
        """
        return join_link(link_words(self, view or PLAIN))

    @classmethod
    def from_url(cls, url: str) -> Self:
        """The experiment of a link. `View.from_url` has how it is looked at.

        Words that mean nothing to optviz are left out with a warning.

        Args:
            url: What `to_url` has written, or a whole address that ends in it; at most 20,000 characters.

        Raises:
            ValueError: Where the link holds no experiment, with a sentence that says what is wrong.

        Example:
            >>> import optviz as ov
            >>> ov.Experiment.from_url("?v=1&surface=Booth&start=0,0&steps=50&run=SGD(lr=0.1)").steps
            50
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
    """The texts of a link by their names, as `split_link` gives them, whatever their length."""
    words = {"v": [str(VERSION)], "surface": [write_call(experiment.surface.name, experiment.surface.params)]}
    words |= {"start": [write_field(experiment.start)], "steps": [write_field(experiment.steps)]}
    words |= {"run": [_run_text(run) for run in experiment.runs]}
    words |= {name: [write_field(value)] for name, value in changed(experiment).items()}
    return words | {name: [text] for name, text in view_words(view).items()}


def unknown_words(url: str) -> tuple[str, ...]:
    """The names in a link that mean nothing to optviz, such as "utm_source", which others add.

    Args:
        url: A whole address or its query.

    Raises:
        ValueError: Where the link is no text, or longer than 20,000 characters.
    """
    return tuple(name for name in split_link(url) if name not in ("v", *_READERS, *VIEW_READERS))


def read_part(name: str, text: str) -> Any:
    """What one part of a link says: a spec, or a plain value that is not checked any further.

    Args:
        name: The name of the part, such as "surface", "run" or "steps".
        text: What stands after the name and its "=", such as "Sphere", "SGD(lr=0.1)" or "300".

    Raises:
        ValueError: Where links have no such name, or the text cannot be read.
    """
    readers = {**_READERS, **VIEW_READERS}
    check_names("link", [name], readers)
    return readers[name](text)


def _parts(data: Any) -> tuple[Any, object]:
    """The experiment of a file, without what it says that its numbers were made with; and that."""
    if not isinstance(data, dict):
        return data, None
    if results := data.get("results"):  # `results_json` has the experiment beside them
        first = results[0] if isinstance(results, list) else None
        return data.get("experiment"), first.get("made_with") if isinstance(first, dict) else None
    return {name: part for name, part in data.items() if name != "made_with"}, data.get("made_with")


def _build_run(data: object, noun: str) -> RunSpec:
    if not isinstance(data, dict):
        raise ValueError(f"The {noun} is not written as names and values.")
    parts = dict(data)
    parts["optimizer"] = build(OptimizerSpec, parts.get("optimizer"), f"{noun}.optimizer")
    if parts.get("scheduler") is not None:
        parts["scheduler"] = build(SchedulerSpec, parts["scheduler"], f"{noun}.scheduler")
    return build(RunSpec, parts, noun)


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
