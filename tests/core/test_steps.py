"""What a player is told of each step: torch's numbers to the bit, and the surface's own curvature."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import optviz as ov
from builders import competitor, experiment
from optviz.expressions.terms import Operation
from optviz.rules.steps import Steps, steps
from scenes import step_columns


def taken(name: str, surface: str = "Booth", dtype: str = "float32", **around: Any) -> ov.Trajectory:
    run = competitor(name, around.pop("params", {}), **around)
    exp = experiment(surface, run, start=(1.5, -0.5), steps=9, noise=0.3, dtype=dtype)
    return ov.run_one(exp, 0, "cpu")


def told(run: ov.Trajectory, surface: str = "Booth") -> Steps:
    return steps(run, ov.hessians(ov.SurfaceSpec(surface), run.points))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ov.OPTIMIZERS)
def test_every_number_is_the_trajectorys_to_the_bit(name: str, dtype: str) -> None:
    run = taken(name, dtype=dtype)
    sent = step_columns(told(run))
    assert sent["theta"].dtype == run.points.dtype == np.dtype(dtype)
    assert np.array_equal(sent["theta"], run.points)
    assert np.array_equal(sent["gradient"], run.gradients.astype(dtype))
    for column, values in {
        "given": run.seen_gradients,
        "seen_loss": run.seen_losses,
        "lr": run.lrs,
        **{f"state.{key}": values for key, values in run.state.items()},
    }.items():
        expected = values.reshape(run.steps, -1).astype(dtype)
        assert np.array_equal(sent[column][:-1], expected, equal_nan=True), column
        assert np.isnan(sent[column][-1]).all()  # no step begins at the last point
    assert set(sent) >= {f"state.{key}" for key in run.state}


@pytest.mark.parametrize("name", ov.OPTIMIZERS)
def test_the_rest_is_json_and_names_only_what_there_is(name: str) -> None:
    run = taken(name)
    data = told(run).data
    json.dumps(data, allow_nan=False)
    assert data["momentum"] in (None, *run.state)
    assert data["state"] == list(run.state) and data["unrecorded"] == list(run.unrecorded)
    if (rule := data["rule"]) is None:
        assert ov.derivation(run) is None
        return
    known = {"t", "theta", "given", *data["settings"], *(f"{key}.before" for key in run.state)}
    for form in rule["forms"]:
        defined = set(known)
        for line in form["lines"]:
            assert leaves(line["term"]) <= defined, line
            defined.add(line["name"])
        for part in form["parts"].values():
            assert leaves(part) <= defined
        assert form["lines"][-1]["name"] == "after"
        assert defined - known <= rule["symbols"].keys()


def leaves(term: Any) -> set[str]:
    if isinstance(term, list):
        assert isinstance(Operation(term[0], ()), Operation)
        return set().union(*map(leaves, term[1:]))
    return {term} if isinstance(term, str) else set()


def test_what_a_scheduler_moves_is_a_column() -> None:
    run = taken("Adam", scheduler=ov.SchedulerSpec("OneCycleLR"))
    sent = step_columns(told(run))
    assert np.array_equal(sent["betas"][:-1], run.hyperparameters["betas"].astype("float32"))
    assert np.array_equal(sent["lr"][:-1, 0], run.lrs.astype("float32"))


def test_a_frozen_parameter_has_no_state() -> None:
    run = taken("Adam", frozen=("x",))
    one = told(run)
    sent = step_columns(one)
    assert one.data["trained"] == [1]
    assert np.isnan(sent["state.exp_avg"][:, 0]).all()
    assert np.array_equal(sent["state.exp_avg"][:-1, 1], run.state["exp_avg"][:, 0])


@pytest.mark.parametrize("name", ov.SURFACES)
def test_hessians_are_the_slope_of_the_gradient(name: str) -> None:
    """Against differences of autograd's first derivative, away from kinks."""
    spec = ov.SurfaceSpec(name)
    surface = ov.surface(spec)
    (left, right), (bottom, top) = surface.domain
    rng = np.random.default_rng(5)
    points = rng.uniform((left, bottom), (right, top), (40, 2))
    found = ov.hessians(spec, points)
    assert found.shape == (40, 2, 2)
    h = 1e-6 * np.array(surface.widths)
    numeric = np.stack(
        [
            (gradients(surface, points + step) - gradients(surface, points - step)) / (2 * np.abs(step).max())
            for step in (np.array([h[0], 0.0]), np.array([0.0, h[1]]))
        ],
        axis=2,
    )
    close = np.isclose(
        found, numeric, rtol=1e-3, atol=1e-4 * (1 + np.abs(found).max(axis=(1, 2), keepdims=True))
    )
    assert close.all(axis=(1, 2)).mean() >= 0.9  # a kink may lie between the two sides of a difference
    assert np.allclose(found, np.swapaxes(found, 1, 2), equal_nan=True)


def gradients(surface: ov.Surface, points: np.ndarray) -> np.ndarray:
    import torch

    theta = torch.from_numpy(points).clone().requires_grad_()
    surface(theta).sum().backward()
    return theta.grad.numpy()


def test_a_plane_has_no_curvature_and_nan_has_none() -> None:
    bowl = ov.SurfaceSpec("Quadratic bowl", {"kappa": 7.0})
    found = ov.hessians(bowl, [[1.0, 2.0], [np.nan, 0.0], [np.inf, 0.0]])
    assert np.array_equal(found[0], [[2.0, 0.0], [0.0, 14.0]])
    with pytest.raises(ValueError, match="no surface named"):
        ov.hessians(ov.SurfaceSpec("Nowhere"), [[0.0, 0.0]])
