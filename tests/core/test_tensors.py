"""What torch makes is taken as Python's own numbers are, and refused as they are."""

from __future__ import annotations

import contextlib
import math
import pickle
from dataclasses import fields, replace

import pytest
import torch

from optviz.spec.experiment import Experiment, OptimizerSpec, RunSpec, SchedulerSpec, SurfaceSpec
from optviz.spec.params import Float, Int, Kind, Tuple, Value, freeze

LR, COUNT = Float(0.0, 1e4, log=True), Int(0, 300)
SGD = RunSpec(OptimizerSpec("SGD"))
PLAIN = Experiment(SurfaceSpec("Sphere"), (1.0, 2.0), 10, (SGD,))


@pytest.mark.parametrize("method", ["coerce", "check"])
@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (LR, torch.tensor(0.5), 0.5),
        (COUNT, torch.tensor(7), 7),
        (Tuple((LR, LR)), torch.tensor([0.5, 0.25]), (0.5, 0.25)),
    ],
)
def test_tensors_are_taken(kind: Kind, given: torch.Tensor, expected: Value, method: str) -> None:
    assert repr(getattr(kind, method)(given)) == repr(expected)


@pytest.mark.parametrize("method", ["coerce", "check"])
@pytest.mark.parametrize(("kind", "noun"), [(LR, "a number"), (COUNT, "a whole number")])
def test_tensors_are_refused(kind: Kind, noun: str, method: str) -> None:
    for given, sentence in (
        (torch.tensor([1.0]), f"must be {noun}, not .+"),
        (torch.tensor(True), f"must be {noun}, not .+"),
        (torch.tensor(torch.nan), "must be a finite number, not nan"),
    ):
        with pytest.raises(ValueError, match=rf"^{sentence}\.$"):
            getattr(kind, method)(given)


def test_tensors_are_frozen() -> None:
    assert repr(freeze(torch.tensor([0.5, 1.0]))) == "(0.5, 1.0)"
    with pytest.raises(ValueError, match=r"^must be a finite number, not nan\.$"):
        freeze(torch.tensor(torch.nan))


def test_an_experiment_may_be_made_of_tensors() -> None:
    number = torch.tensor
    run = RunSpec(
        OptimizerSpec("SGD", {"lr": number(2)}),
        SchedulerSpec("StepLR", {}, number(3)),  # type: ignore[arg-type]
        clip_norm=number(1),
        reset_every=number(5),
    )
    exp = Experiment(
        SurfaceSpec("A"), (number(1), number(2)), number(4), (run,), number(1), number(8), number(6)
    )
    assert type(exp.steps) is type(exp.seed) is type(exp.batch_size) is type(run.reset_every) is int
    assert type(exp.noise) is type(run.clip_norm) is float and type(run.scheduler.warmup) is int
    assert exp.start == (1.0, 2.0) and exp.steps == 4 and run.optimizer.params == {"lr": 2} and exp.seed == 6
    assert Experiment.from_url(exp.to_url()) == Experiment.from_json(exp.to_json()) == exp


def test_a_start_may_be_a_tensor() -> None:
    exp = replace(PLAIN, start=torch.tensor([1.0, 2.0]))
    assert exp == PLAIN and hash(exp) == hash(PLAIN) and repr(exp) == repr(PLAIN)


@pytest.mark.parametrize(
    "spec", [SurfaceSpec("A"), OptimizerSpec("A"), SchedulerSpec("A"), SGD, PLAIN], ids=type
)
@pytest.mark.parametrize("odd", [torch.zeros(3), torch.tensor(math.inf)], ids=str)
def test_tensors_in_wrong_places_end_in_a_sentence(spec: object, odd: torch.Tensor) -> None:
    for part in fields(spec):  # type: ignore[arg-type]
        twins: list[object] = []
        with contextlib.suppress(ValueError):
            twins.append(replace(spec, **{part.name: odd}))  # type: ignore[type-var]
        if twins:
            hash(twins[0])
            pickle.dumps(twins[0])
        else:
            with pytest.raises(ValueError, match=r"^\S[\s\S]{10,600}\.$") as refused:
                replace(spec, **{part.name: odd})  # type: ignore[type-var]
            assert refused.type is ValueError
