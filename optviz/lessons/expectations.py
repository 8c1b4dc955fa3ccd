"""What a page of a lesson claims of its runs, as sentences that are checked.

    Adam: distance < 0.01 before 120
    SGD: distance > 0.01 until 120
    SGD: ends in a cycle
    momentum: arrives within 0.01 at 64
    SGD: never arrives within 0.01
    momentum: loss < plain
    Adam: distance < 0.01 before SGD

A sentence has a run, what is measured of it, a bound (a number or another run), and when that holds: `at 50`,
`before 120` (at some step before it), `until 120` (at every step before it), `from 50` (at every step from it
on), `always`, `sometime`, or `before` another run (sooner than it holds for that one, if ever); without any
of these, at the end. A run arrives when `arrivals` says so, as in the results' "Steps to within".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optviz.engine.outcome import OUTCOMES, Array
from optviz.engine.trajectory import Trajectory, arrivals
from optviz.rules.stability import stability
from optviz.spec.experiment import Experiment
from optviz.surfaces.catalogue import surface


def _distance(experiment: Experiment, run: Trajectory) -> Array:
    return run.distances(surface(experiment.surface).minimizers)


def _steps(run: Trajectory) -> Array:
    """(n, D) each step."""
    steps: Array = np.diff(run.theta.astype(np.float64), axis=0)
    return steps


def _strides(experiment: Experiment, run: Trajectory) -> Array:
    return np.concatenate(([np.nan], np.linalg.norm(_steps(run), axis=1)))


def _curvatures(experiment: Experiment, run: Trajectory) -> Array:
    return stability(experiment, run).curvature


def _rises(experiment: Experiment, run: Trajectory) -> Array:
    return np.concatenate(([0], np.cumsum(np.diff(run.losses) > 0))).astype(np.float64)


def _turns(experiment: Experiment, run: Trajectory) -> Array:
    steps = _steps(run)
    back = (steps[1:] * steps[:-1]).sum(axis=1) < 0
    return np.concatenate(([0, 0], np.cumsum(back))).astype(np.float64)


_MEASURES: Mapping[str, Callable[[Experiment, Trajectory], Array]] = {
    "loss": lambda experiment, run: run.losses,
    "distance": _distance,
    "x": lambda experiment, run: run.points[:, 0].astype(np.float64),
    "y": lambda experiment, run: run.points[:, 1].astype(np.float64),
    "gradient": lambda experiment, run: run.gradient_norms,
    "lr": lambda experiment, run: np.concatenate(([np.nan], run.lrs)),
    "evals": lambda experiment, run: run.evals.astype(np.float64),
    "stride": _strides,
    "turns": _turns,
    "curvature": _curvatures,
    "rises": _rises,
}
"""What can be measured, each (n+1,). `stride` is the length of the step that led to a point, `turns` counts
the steps so far that turned by more than a right angle from the one before, `curvature` is the largest
eigenvalue of the Hessian, and `rises` counts the steps so far after which the loss was higher."""

_KIND = "|".join(OUTCOMES)
_POSITIVE = r"\d+(?:\.\d+)?(?:e-?\d+)?"
_SENTENCE = re.compile(
    rf"(?P<run>.+): (?:ends in an? (?P<kind>{_KIND})|ends (?P<how>moving|left|diverged)"
    rf"|arrives within (?P<near>{_POSITIVE}) (?P<soon>at|before) (?P<arrival>\d+)"
    rf"|never arrives within (?P<far>{_POSITIVE})"
    rf"|(?P<measure>{'|'.join(_MEASURES)}) (?P<sign>[<>]) (?P<bound>.+?)"
    r"(?: (?P<when>at|before|until|from) (?P<step>\d+)| (?P<ever>always|sometime)| before (?P<rival>.+))?)"
)


@dataclass(frozen=True)
class Expectation:
    """A claim about some of an experiment's runs.

    Raises:
        ValueError: The sentence is none that can be checked.
    """

    sentence: str

    def __post_init__(self) -> None:
        if not _SENTENCE.fullmatch(self.sentence):
            raise ValueError(
                f"{self.sentence!r} is no expectation, such as 'Adam: distance < 0.01 before 120' or "
                "'SGD: ends in a cycle'."
            )

    @property
    def runs(self) -> tuple[str, ...]:
        """The names of the runs that the sentence is about."""
        run, bound, rival = self._said["run"], self._said["bound"], self._said["rival"]
        others = [rival, bound if bound and _number(bound) is None else None]
        return (run, *(other for other in others if other))

    def holds(self, experiment: Experiment, trajectories: Sequence[Trajectory]) -> bool:
        """Whether the sentence is true of an experiment's runs.

        Args:
            experiment: The experiment.
            trajectories: Its runs.

        Raises:
            ValueError: The sentence is about a run that is not among them.
        """
        said, named = self._said, {run.name: run for run in trajectories}
        if missing := set(self.runs) - named.keys():
            raise ValueError(f"There is no run {missing.pop()!r} for {self.sentence!r}.")
        run = named[said["run"]]
        if kind := said["kind"] or said["how"]:
            return run.outcome.kind == kind
        if within := said["near"] or said["far"]:
            return self._arrives(int(arrivals(_distance(experiment, run), float(within))))
        true = self._true(experiment, run, named)
        if said["rival"]:
            return _first(true) < _first(self._true(experiment, named[said["rival"]], named))
        return self._at_the_time(true)

    def _true(
        self, experiment: Experiment, run: Trajectory, named: Mapping[str, Trajectory]
    ) -> NDArray[np.bool_]:
        """(n+1,) at which steps the claim holds for `run`."""
        said, measure = self._said, _MEASURES[self._said["measure"]]
        values, number = measure(experiment, run), _number(said["bound"])
        if number is None:
            bounds = measure(experiment, named[said["bound"]])[: len(values)]
            values = values[: len(bounds)]  # as long as both last
        else:
            bounds = np.full(len(values), number)
        with np.errstate(invalid="ignore"):
            true: NDArray[np.bool_] = values < bounds if said["sign"] == "<" else values > bounds
        return true

    @property
    def _said(self) -> dict[str, str]:
        match = _SENTENCE.fullmatch(self.sentence)
        assert match is not None
        return match.groupdict()

    def _arrives(self, step: int) -> bool:
        """Whether a run arrives when the sentence says so, if it does at `step`, -1 for never."""
        said = self._said
        if said["far"] or step < 0:
            return bool(said["far"]) and step < 0
        return step == int(said["arrival"]) if said["soon"] == "at" else step < int(said["arrival"])

    def _at_the_time(self, true: NDArray[np.bool_]) -> bool:
        """Whether what is `true` (n+1,) is so when the sentence says so."""
        step = int(self._said["step"] or 0)
        match self._said["when"] or self._said["ever"]:
            case "at":
                return step < len(true) and bool(true[step])
            case "before":
                return bool(true[:step].any())
            case "until":
                return step <= len(true) and bool(true[1:step].all())
            case "from":
                return step < len(true) and bool(true[step:].all())
            case "always":
                return bool(true[1:].all())
            case "sometime":
                return bool(true.any())
            case _:
                return bool(true[-1])


def _first(true: NDArray[np.bool_]) -> float:
    """The first step at which `true` (n+1,) holds; inf for none."""
    return float(np.argmax(true)) if true.any() else np.inf


def _number(text: str) -> float | None:
    """The number that a text stands for; None for any other text."""
    try:
        return float(text)
    except ValueError:
        return None
