"""Surfaces made of data are the programs that a person would write: to the bit, and to the last digits."""

from __future__ import annotations

import dataclasses
import itertools
import json
import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import optviz as ov
from builders import build, competitor, experiment, suggested
from comparisons import assert_program_is_run, program
from optviz.rules.derivations import RULES, state_columns
from optviz.rules.steps import steps as taken_apart
from optviz.surfaces import data as rows
from optviz.surfaces.models import layers

NAMES = ["Linear fit", "Least squares", "Logistic regression", "Tanh unit", "Two-layer linear"]
CHOICES: list[tuple[str, dict[str, Any]]] = [
    *(
        ("Linear fit", {"data": data, "loss": loss, "standardize": standardize})
        for data, loss, standardize in itertools.product(rows.LINES, rows.LINE_LOSSES, (False, True))
    ),
    ("Linear fit", {"points": [(0.0, 1.0), (1.0, 3.5), (2.5, 2.0)]}),
    ("Least squares", {}),
    ("Logistic regression", {"data": "overlapping"}),
    ("Logistic regression", {"data": "separable"}),
    ("Tanh unit", {}),
    ("Two-layer linear", {}),
]
every_choice = pytest.mark.parametrize(
    ("name", "params"), CHOICES, ids=[f"{name} {list(params.values()) or ''}" for name, params in CHOICES]
)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def module(name: str) -> nn.Module:
    """What a person would write."""
    match name:
        case "Linear fit":
            return nn.Linear(1, 1)
        case "Least squares" | "Logistic regression":
            return nn.Linear(2, 1, bias=False)
        case "Tanh unit":
            return nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh(), nn.Linear(1, 1, bias=False))
    return nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))


def loss_function(name: str, params: dict[str, Any]) -> nn.Module:
    match name:
        case "Linear fit":
            return getattr(nn, params.get("loss", "MSELoss"))()
        case "Least squares":
            return nn.MSELoss(reduction="sum")
        case "Logistic regression":
            return nn.BCEWithLogitsLoss()
    return nn.MSELoss()


def walk(
    name: str,
    params: dict[str, Any],
    make: Any,
    *,
    steps: int,
    dtype: str = "float32",
    batch_size: int | None = None,
    seed: int = 0,
    noise: float = 0.0,
    clip_norm: float | None = None,
    zero_grad: bool = True,
) -> np.ndarray:
    """The bare training loop: all points (steps+1, 2). It shares nothing with optviz but the examples."""
    data, start = build(name, params).data, build(name, params).start
    kind = getattr(torch, dtype)
    x = torch.tensor(data.inputs.tolist(), dtype=kind)
    y = torch.tensor([[target] for target in data.targets.tolist()], dtype=kind)
    if params.get("standardize"):
        x = (x - x.mean(0)) / x.std(0, correction=0)
    model, loss_fn = module(name).to(kind), loss_function(name, params)
    with torch.no_grad():
        first = 0
        for parameter in model.parameters():
            numbers = start[first : first + parameter.numel()]
            parameter.copy_(torch.tensor(numbers, dtype=kind).reshape(parameter.shape))
            first += parameter.numel()
    optimizer = make(model.parameters())
    shuffle, chance = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed)
    loader = DataLoader(TensorDataset(x, y), batch_size or len(x), shuffle=True, generator=shuffle)
    points = [torch.cat([part.detach().flatten() for part in model.parameters()])]
    while len(points) <= steps:
        for xb, yb in loader if batch_size else [(x, y)]:
            xi = noise * torch.randn(2, generator=chance, dtype=kind) if noise else None

            def closure(xb: Any = xb, yb: Any = yb, xi: Any = xi) -> torch.Tensor:
                if zero_grad:
                    optimizer.zero_grad()
                loss = loss_fn(model(xb), yb)
                loss.backward()
                if xi is not None:
                    first = 0
                    for part in model.parameters():
                        part.grad += xi[first : first + part.numel()].reshape(part.shape)
                        first += part.numel()
                if clip_norm is not None:
                    nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
                return loss

            optimizer.step(closure)
            points.append(torch.cat([part.detach().flatten() for part in model.parameters()]))
            if len(points) > steps:
                break
    return torch.stack(points).numpy()


# -- bit for bit -----------------------------------------------------------------------------------------


@pytest.mark.sampled(45)
@pytest.mark.parametrize("batch_size", [None, 3])
@every_dtype
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "LBFGS"])
@every_choice
def test_a_run_is_the_bare_training_loop(
    name: str, params: dict[str, Any], optimizer: str, dtype: str, batch_size: int | None
) -> None:
    spec = ov.SurfaceSpec(name, params)
    settings = suggested(optimizer, spec) | ({"momentum": 0.9} if optimizer == "SGD" else {})
    run = competitor(optimizer, settings)
    exp = experiment(spec, run, steps=12, dtype=dtype, batch_size=batch_size, seed=5)
    run = ov.run_one(exp, 0, "cpu")
    make = partial(getattr(torch.optim, optimizer), **settings)
    points = walk(name, params, make, steps=12, dtype=dtype, batch_size=batch_size, seed=5)
    assert run.points.dtype == points.dtype
    np.testing.assert_array_equal(run.points, points[: run.steps + 1])
    assert run.steps == 12 or run.outcome.kind == "diverged"


@pytest.mark.sampled(70)
@pytest.mark.parametrize("around", [{}, {"clip_norm": 0.3}, {"zero_grad": False}])
@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
@pytest.mark.parametrize("name", NAMES)
def test_every_optimizer_with_noise_and_minibatches(
    name: str, optimizer: str, around: dict[str, Any]
) -> None:
    settings = suggested(optimizer, name)
    exp = experiment(
        name, competitor(optimizer, settings, **around), steps=15, noise=0.2, batch_size=2, seed=3
    )
    if (name, optimizer) == ("Linear fit", "Muon"):
        with pytest.raises(ov.CompetitorError, match="Muon only supports 2D parameters"):
            ov.run_one(exp, 0, "cpu")
        return
    make = partial(getattr(torch.optim, optimizer), **settings)
    points = walk(name, {}, make, steps=15, batch_size=2, seed=3, noise=0.2, **around)
    run = ov.run_one(exp, 0, "cpu")
    np.testing.assert_array_equal(run.points, points[: run.steps + 1])
    assert run.steps == 15 or run.outcome.kind == "diverged"


def test_least_squares_ends_at_its_weights() -> None:
    run = competitor("SGD", {"lr": 5e-5, "momentum": 0.9})
    (trajectory,) = ov.run(experiment("Least squares", run, start=(0.0, 0.0), steps=500), "cpu")
    np.testing.assert_allclose(trajectory.points[-1], [0.77, -0.56], atol=1e-6)
    assert trajectory.outcome.kind == "minimum" and trajectory.outcome.minimizer == 0


def test_the_line_through_four_points_predicts_the_fifth() -> None:
    run = competitor("SGD", {"lr": 0.1, "momentum": 0.5})
    (trajectory,) = ov.run(experiment("Linear fit", run, start=(0.0, 0.0), steps=500), "cpu")
    data = build("Linear fit").data
    fits = data.predict(trajectory.points, [[5.0]])
    assert fits.shape == (501, 1) and fits[0, 0] == 0 and fits[-1, 0] == pytest.approx(11.0, abs=1e-4)


@pytest.mark.sampled(7)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "Adafactor", "LBFGS"])
def test_each_of_many_starts_equals_its_single_run(name: str, optimizer: str) -> None:
    starts = np.float32([[0.5, 0.25], [-1.0, 2.0], [1.5, -0.75]])
    plateau = ov.SchedulerSpec("ReduceLROnPlateau", {"factor": 0.5, "patience": 1})
    for around in ({"clip_norm": 0.5}, {"scheduler": plateau}):
        run = competitor(optimizer, suggested(optimizer, name), **around)
        exp = experiment(name, run, steps=12, noise=0.1, seed=2, batch_size=3)
        many = ov.run_many(exp, starts, record="paths", device="cpu")
        for row, start in enumerate(starts):
            one = ov.run_one(dataclasses.replace(exp, start=tuple(map(float, start))), 0, "cpu")
            np.testing.assert_array_equal(many.paths[row, : one.steps + 1], one.points)
            np.testing.assert_array_equal(many.ends[row], one.points[-1])
            assert many.losses[row] == pytest.approx(one.final_loss, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "frozen", "stays"),
    [("Linear fit", "w", 0), ("Linear fit", "b", 1), ("Tanh unit", "w1", 0), ("Two-layer linear", "w2", 1)],
)
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "Muon", "LBFGS"])
def test_a_parameter_can_be_frozen_by_its_own_name(
    name: str, frozen: str, stays: int, optimizer: str
) -> None:
    run = competitor(optimizer, suggested(optimizer, name), frozen=(frozen,))
    exp = experiment(name, run, steps=30, noise=0.1)
    if (name, optimizer, frozen) == ("Linear fit", "Muon", "w"):
        with pytest.raises(ov.CompetitorError, match="2D"):
            ov.run_one(exp, 0, "cpu")
        return
    trajectory = ov.run_one(exp, 0, "cpu")
    assert (trajectory.points[:, stays] == trajectory.points[0, stays]).all()
    assert (trajectory.points[1:, 1 - stays] != trajectory.points[0, 1 - stays]).all()
    assert (trajectory.seen_gradients[:, stays] == 0).all()
    full = ov.run_one(experiment(name, competitor("SGD"), steps=30, noise=0.1), 0, "cpu")
    assert trajectory.seen_gradients[0, 1 - stays] == full.seen_gradients[0, 1 - stays], "the same noise"


@pytest.mark.parametrize(
    ("name", "frozen", "sentence"),
    [
        ("Linear fit", ("x",), "There is no parameter 'x' to freeze, only w, b"),
        ("Linear fit", ("b", "w"), "nothing is left to optimize"),
        (
            "Least squares",
            ("w1",),
            "w1 and w2 are one tensor of the model, and torch cannot freeze half of it",
        ),
        ("Least squares", ("w1", "w2"), "nothing is left to optimize"),
    ],
)
def test_what_cannot_be_frozen(name: str, frozen: tuple[str, ...], sentence: str) -> None:
    exp = experiment(name, competitor("SGD", frozen=frozen), steps=30, noise=0.1)
    for refused in (ov.run, partial(ov.training_loop, index=0), partial(ov.run_many, starts=[[0, 0]])):
        with pytest.raises(ValueError, match=sentence):
            refused(exp)


def test_torchs_global_generator_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    ov.run(experiment("Tanh unit", competitor("SGD"), steps=30, batch_size=2, noise=0.1), "cpu")
    assert torch.equal(before, torch.random.get_rng_state())


# -- minibatches -----------------------------------------------------------------------------------------


def test_the_batch_is_seen_and_the_surface_is_the_full_loss() -> None:
    spec = ov.SurfaceSpec("Linear fit", {"data": "noise"})
    exp = experiment(spec, competitor("SGD", {"lr": 0.01}), steps=30, batch_size=6, seed=9)
    run = ov.run_one(exp, 0, "cpu")
    surface = ov.surface(exp.surface)
    exact = surface(torch.from_numpy(run.points.astype(np.float64)))
    np.testing.assert_allclose(run.losses, exact.numpy(), rtol=1e-14)
    assert run.epochs.tolist() == [step // 4 for step in range(30)] and run.epochs.dtype == np.int64
    x, y = (torch.tensor(part).float() for part in (surface.data.inputs[:, 0], surface.data.targets))
    order = iter(
        DataLoader(range(20), batch_size=6, shuffle=True, generator=torch.Generator().manual_seed(9))
    )
    seen = []
    for step, places in enumerate(order):
        w, b = run.points[step]
        assert run.seen_losses[step] == pytest.approx(float(((w * x + b - y)[places] ** 2).mean()), rel=1e-5)
        seen += places.tolist()
    assert sorted(seen) == list(range(20))


def test_every_competitor_meets_the_same_batches() -> None:
    runs = (competitor("SGD", {"lr": 0.01}), competitor("Adam"), competitor("SGD", {"lr": 0.01}))
    exp = experiment("Linear fit", *runs, start=(0.0, 0.0), steps=20, batch_size=1, seed=4)
    first, adam, again = ov.run(exp, "cpu")
    np.testing.assert_array_equal(first.points, again.points)
    assert first.seen_losses[0] == adam.seen_losses[0]
    other = ov.run_one(dataclasses.replace(exp, seed=5), 0, "cpu")
    assert (first.points != other.points).any()


def test_without_batches_each_step_is_an_epoch() -> None:
    (run,) = ov.run(experiment("Linear fit", competitor("SGD", {"lr": 0.01}), steps=7), "cpu")
    assert run.epochs.tolist() == list(range(7)) and run.names == ("w", "b")
    bowl = experiment("Booth", competitor("SGD"), start=(1.0, 1.0), steps=7)
    assert ov.run_one(bowl, 0, "cpu").names == ("x", "y")
    with pytest.raises(ValueError, match="Booth has no data"):
        ov.run(dataclasses.replace(bowl, batch_size=2))


# -- the surface -----------------------------------------------------------------------------------------


def scatter(surface: ov.Surface, count: int = 40) -> torch.Tensor:
    low, high = torch.tensor(surface.domain, dtype=torch.float64).unbind(-1)
    return low + torch.rand(count, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * (
        high - low
    )


@every_choice
def test_the_surface_is_the_modules_loss(name: str, params: dict[str, Any]) -> None:
    surface = build(name, params)
    inputs, targets = surface.data.tensors()
    model, loss_fn = module(name).double(), loss_function(name, params)
    theta = scatter(surface).requires_grad_()
    losses = surface(theta)
    (gradients,) = torch.autograd.grad(losses.sum(), theta)
    for point, value, gradient in zip(theta, losses, gradients, strict=True):
        nn.utils.vector_to_parameters(point.detach().clone(), model.parameters())
        loss = loss_fn(model(inputs), targets)
        slope = torch.cat([part.flatten() for part in torch.autograd.grad(loss, list(model.parameters()))])
        assert value.item() == pytest.approx(loss.item(), rel=1e-12)
        assert gradient.tolist() == pytest.approx(slope.tolist(), rel=1e-12, abs=1e-12 * float(slope.norm()))
        predicted = surface.data.predict(point.detach().numpy())
        assert predicted.tolist() == pytest.approx(model(inputs).flatten().tolist(), rel=1e-12, abs=1e-12)


@every_choice
def test_the_minimum_is_where_the_slope_is_zero_and_nothing_is_lower(
    name: str, params: dict[str, Any]
) -> None:
    surface = build(name, params)
    x, y = (torch.linspace(low, high, 201, dtype=torch.float64) for low, high in surface.domain)
    grid = surface(torch.stack(torch.meshgrid(x, y, indexing="xy"), -1))
    assert bool(torch.isfinite(grid).all()) and grid.min() >= surface.minimum
    assert bool(surface.minimizers) == (params.get("data") != "separable")
    for minimizer in surface.minimizers:
        at = torch.tensor(minimizer, dtype=torch.float64)
        assert surface(at).item() == pytest.approx(surface.minimum, rel=1e-12, abs=1e-15)
        assert all(low < number < high for number, (low, high) in zip(minimizer, surface.domain, strict=True))
        slope = torch.autograd.functional.jacobian(surface, at)
        if surface.smooth:
            hessian = ov.hessians(ov.SurfaceSpec(name, params), [minimizer])[0]
            assert slope.abs().max() <= 1e-13 * (1 + np.abs(hessian).max())
        around = torch.tensor([[math.cos(a), math.sin(a)] for a in np.linspace(0, 2 * math.pi, 60)])
        for radius in (1e-4, 1e-2, 1.0):
            assert surface(at + radius * around).min() >= surface.minimum * (1 - 1e-12)
    assert all(low < number < high for number, (low, high) in zip(surface.start, surface.domain, strict=True))


@every_choice
def test_hessians_are_finite(name: str, params: dict[str, Any]) -> None:
    spec = ov.SurfaceSpec(name, params)
    assert np.isfinite(ov.hessians(spec, scatter(ov.surface(spec)))).all()


@pytest.mark.parametrize("data", rows.LINES)
def test_standardizing_makes_the_ellipse_round(data: str) -> None:
    def condition(standardize: bool) -> float:
        spec = ov.SurfaceSpec("Linear fit", {"data": data, "standardize": standardize})
        assert not standardize or np.ptp(ov.surface(spec).widths) < 0.2 * ov.surface(spec).widths[0]
        return float(np.linalg.cond(ov.hessians(spec, [ov.surface(spec).start])[0]))

    assert condition(True) == pytest.approx(1.0, abs=1e-12)
    assert condition(False) > (1.0 if data in ("noise", "outlier") else 40.0)


def test_an_outlier_moves_the_squared_line_most() -> None:
    slopes = {
        loss: build("Linear fit", {"data": "outlier", "loss": loss}).minimizers[0][0]
        for loss in rows.LINE_LOSSES
    }
    assert slopes["MSELoss"] < 1 < 1.5 < slopes["SmoothL1Loss"] < 2.5 and 1.5 < slopes["L1Loss"] < 2.5


def test_there_are_a_saddle_and_two_minima_or_a_hyperbola_of_them() -> None:
    for name in ("Tanh unit", "Two-layer linear"):
        surface = build(name)
        origin = torch.zeros(2, dtype=torch.float64)
        assert (torch.autograd.functional.jacobian(surface, origin) == 0).all()
        low, high = np.linalg.eigvalsh(ov.hessians(ov.SurfaceSpec(name), [[0.0, 0.0]])[0])
        assert low < 0 < high
        assert np.asarray(surface.minimizers[0]) == pytest.approx(-np.asarray(surface.minimizers[1]))
    hyperbola = torch.tensor([[w, 1 / w] for w in (0.4, 0.5, 2.0, -2.5)], dtype=torch.float64)
    assert build("Two-layer linear")(hyperbola).max() < 1e-30
    run = competitor("SGD", {"lr": 0.02})
    (ended,) = ov.run(experiment("Two-layer linear", run, start=(2.5, 0.1), steps=500), "cpu")
    assert ended.outcome.kind == "minimum" and "as low as any" in ended.outcome.detail


def test_separable_classes_have_no_minimum() -> None:
    surface = build("Logistic regression", {"data": "separable"})
    along = surface(torch.tensor([[1.5 * k, -1.0 * k] for k in (1, 10, 100, 1000)], dtype=torch.float64))
    assert (along.diff() < 0).all() and 0 < along[-1] < 1e-60 and surface.minimum == 0.0
    data = surface.data
    assert set(data.targets.tolist()) == {0.0, 1.0} and len(data) == 40


def test_least_squares_inputs_look_normal() -> None:
    inputs = build("Least squares").data.inputs
    assert inputs.shape == (100, 2)
    assert np.abs(inputs.mean(0)).max() < 0.05 and np.abs(inputs.std(0) - 1).max() < 0.05


def test_a_large_grid_is_sampled_in_pieces() -> None:
    surface, before = build("Least squares"), torch.rand(300, 200, 2, dtype=torch.float64)
    assert len(surface.data) * before[..., 0].numel() > 2**22
    np.testing.assert_allclose(surface(before)[7], surface(before[7]), rtol=1e-14)
    assert surface(before[:0]).shape == (0, 200) and surface(before[0, 0]).shape == ()


# -- the user's own points -------------------------------------------------------------------------------


def test_own_points_override_the_data_and_travel() -> None:
    own = {"data": "noise", "points": [[0, 1], (1, 3), (2, 5.5)], "loss": "L1Loss"}
    surface = build("Linear fit", own)
    assert surface.data.inputs.tolist() == [[0.0], [1.0], [2.0]]
    assert surface.data.targets.tolist() == [1.0, 3.0, 5.5] and surface.data.names == ("x", "y")
    exp = experiment(ov.SurfaceSpec("Linear fit", own), competitor("SGD"), steps=30, batch_size=2)
    for again in (ov.Experiment.from_json(exp.to_json()), ov.Experiment.from_url(exp.to_url())):
        assert again == exp and hash(again) == hash(exp)
        np.testing.assert_array_equal(ov.run_one(again, 0).points, ov.run_one(exp, 0).points)
    assert json.loads(exp.to_json())["surface"]["params"]["points"] == [[0, 1], [1, 3], [2, 5.5]]


def test_200_points_fit_into_a_file() -> None:
    places = np.arange(200) / 7
    own = {"points": np.stack((places, np.sin(places) * 1e5), axis=1)}
    exp = experiment(ov.SurfaceSpec("Linear fit", own), competitor("SGD"), steps=30)
    assert ov.Experiment.from_json(exp.to_json()) == exp
    assert len(ov.surface(exp.surface).data) == 200


BAD_POINTS = [
    ([], "must be at least 2 points with different x"),
    ([(1.0, 2.0)], "must be at least 2 points with different x"),
    ([(1.0, 2.0), (1.0, 3.0)], "must be at least 2 points with different x"),
    ([(0.0, 2.0), (1e-200, 3.0)], "must be at least 2 points with different x"),
    ([(1.0, 2.0), (2.0,)], r"\(point 2\) must be 2 values"),
    ([(1.0, 2.0), (2.0, 1e7)], r"\(point 2\) \(value 2\) must be between -1e\+06 and 1e\+06"),
    ([(1.0, "two"), (2.0, 3.0)], r"\(point 1\) \(value 2\) must be a number, not 'two'"),
    ([(float(x), 0.0) for x in range(201)], "must be at most 200 points, not 201"),
    ("1,2;3,4", "must be a list of points"),
]


@pytest.mark.parametrize(("points", "sentence"), BAD_POINTS)
def test_bad_points_are_said(points: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^Linear fit: points {sentence}"):
        build("Linear fit", {"points": points})


def test_what_is_not_finite_is_no_point() -> None:
    with pytest.raises(ValueError, match="points must be a finite number"):
        build("Linear fit", {"points": [(1.0, math.nan), (2.0, 1.0)]})


@pytest.mark.parametrize(
    ("name", "params", "sentence"),
    [
        ("Linear fit", {"data": "clouds"}, "Linear fit: data must be one of y = 2x"),
        ("Linear fit", {"loss": "MAELoss"}, "Linear fit: loss must be one of MSELoss"),
        ("Linear fit", {"standardize": 1}, "Linear fit: standardize must be True or False"),
        ("Logistic regression", {"data": "xor"}, "Logistic regression: data must be one of"),
    ],
)
def test_bad_parameters_are_said(name: str, params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        build(name, params)


@pytest.mark.parametrize("seed", range(25))
def test_any_points_have_an_exact_minimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, size = int(rng.integers(2, 60)), 10.0 ** rng.uniform(-2, 5)
    points = rng.standard_t(2, (count, 2)) * [1, size] + [rng.choice([0, 30]), 0]
    for loss, standardize in itertools.product(rows.LINE_LOSSES, (False, True)):
        surface = build("Linear fit", {"points": points, "loss": loss, "standardize": standardize})
        around = scatter(surface, 4000)
        at = torch.tensor(surface.minimizers[0], dtype=torch.float64)
        near = at + torch.randn(4000, 2, dtype=torch.float64) * torch.tensor(surface.widths) * 1e-3
        slack = 1e-12 * (surface.minimum + 1e-9 * size)
        assert min(surface(around).min(), surface(near).min()) >= surface.minimum - slack, (loss, standardize)
        assert np.isfinite(surface.domain).all()


# -- derivations and steps -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "frozen"),
    [
        ("Logistic regression", ()),  # whose two weights are one tensor
        *itertools.product(["Linear fit", "Tanh unit"], [(), ("first",), ("second",)]),
    ],
)
@pytest.mark.parametrize("optimizer", RULES)
def test_derivations_hold(name: str, optimizer: str, frozen: tuple[str, ...]) -> None:
    names = dict(zip(("first", "second"), build(name).names, strict=True))
    settings = {"momentum": 0.9, "weight_decay": 0.1} if optimizer == "SGD" else {}
    run = competitor(optimizer, {"lr": 0.01, **settings}, frozen=tuple(names[key] for key in frozen))
    trajectory = ov.run_one(
        experiment(name, run, start=(0.7, -0.4), steps=30, dtype="float64", batch_size=2, noise=0.1), 0, "cpu"
    )
    found = ov.derivation(trajectory)
    if optimizer == "Adafactor" and any(key.endswith("row_var") for key in trajectory.state):
        assert found is None  # a weight of a module is a matrix, however small
        return
    before, after = trajectory.points[:-1], trajectory.points[1:]
    # RAdam's first rectified step with beta2 = 0.999 subtracts 1994 from 1999: that costs three digits.
    share = 1e-11 if optimizer == "RAdam" else 1e-12
    allowed = share * np.abs(after - before) + 4.5e-16 * np.maximum(np.abs(before), np.abs(after))
    assert (np.abs(found.after - after) <= allowed).all()
    text = found.latex(5)
    assert all((rf"{axis}\colon" in text) == (axis not in trajectory.run.frozen) for axis in names.values())
    for key, column in state_columns(trajectory).items():
        if key in found.values:
            lines, there = found.values[key], ~np.isnan(np.broadcast_to(column, (30, 2)))
            assert there.any()
            np.testing.assert_allclose(
                lines[there], np.broadcast_to(column, (30, 2))[there], rtol=1e-12, atol=1e-15
            )


def test_state_is_torchs_own_and_its_columns_stand_side_by_side() -> None:
    (run,) = ov.run(experiment("Linear fit", competitor("Adam"), steps=30), "cpu")
    assert run.state["0.exp_avg"].shape == (30, 1, 1) and run.state["1.exp_avg"].shape == (30, 1)
    columns = state_columns(run)
    assert list(columns) == ["step", "exp_avg", "exp_avg_sq"]
    both = np.stack((run.state["0.exp_avg"].ravel(), run.state["1.exp_avg"].ravel()), axis=1)
    np.testing.assert_array_equal(columns["exp_avg"], both)
    assert columns["step"].tolist() == [[step + 1.0] for step in range(30)]
    lbfgs = ov.run_one(experiment("Linear fit", competitor("LBFGS"), steps=30), 0, "cpu")
    assert state_columns(lbfgs)["d"].shape == (30, 2) and state_columns(lbfgs)["n_iter"].shape == (30, 1)


@pytest.mark.parametrize(
    ("name", "optimizer"),
    [pair for pair in itertools.product(NAMES, ov.OPTIMIZERS) if pair != ("Linear fit", "Muon")],
)
def test_a_player_can_look_into_the_steps(name: str, optimizer: str) -> None:
    exp = experiment(name, optimizer, steps=6)
    run = ov.run_one(exp, 0, "cpu")
    steps = taken_apart(run, ov.hessians(exp.surface, run.points))
    json.dumps(steps.data, allow_nan=False)
    assert not any("." in name.removeprefix("state.") for name, _ in steps.data["columns"])
    assert steps.data["trained"] == [0, 1] and all("." not in name for name in steps.data["state"])
    widths = dict(steps.data["columns"])
    assert steps.columns.shape == (sum(widths.values()), 7)


def test_conventions_know_models() -> None:
    run = competitor("SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True})
    exp = experiment("Linear fit", run, steps=30)
    for convention in ov.conventions(exp.runs[0]):
        assert np.isfinite(ov.run_reference(exp, 0, convention.name, "cpu").points).all()


# -- the program -----------------------------------------------------------------------------------------


def assert_the_program_is_the_run(exp: ov.Experiment) -> None:
    assert_program_is_run(exp)
    lines = ov.training_loop(exp, 0)
    assert max(len(line.text) for line in lines) <= 100
    phases = [line.phase for line in lines if line.phase]
    assert (
        list(dict.fromkeys(phases))
        == ["zero_grad", "forward", "backward", "step"][not exp.runs[0].zero_grad :]
    )


@pytest.mark.parametrize("batch_size", [None, 3])
@every_dtype
@every_choice
def test_the_program_is_the_run(
    name: str, params: dict[str, Any], dtype: str, batch_size: int | None
) -> None:
    exp = experiment(ov.SurfaceSpec(name, params), "SGD", steps=9, dtype=dtype, batch_size=batch_size, seed=1)
    assert_the_program_is_the_run(exp)


OPTIONS: list[dict[str, Any]] = [
    {"clip_norm": 1.0},
    {"clip_value": 0.3},
    {"zero_grad": False},
    {"reset_every": 4, "scheduler": ov.SchedulerSpec("ExponentialLR", {"gamma": 0.8}, 2)},
    {"frozen": (0,), "clip_norm": 0.5},
    {"frozen": (1,)},
    {"scheduler": ov.SchedulerSpec("ReduceLROnPlateau", {"patience": 0})},
]


def is_refused(name: str, optimizer: str, option: dict[str, Any]) -> bool:
    """What torch cannot step, as is tested above: half a tensor, and a bias by Muon."""
    frozen = option.get("frozen", ())
    return (name == "Least squares" and bool(frozen)) or (
        name == "Linear fit" and optimizer == "Muon" and frozen != (1,)
    )


@pytest.mark.sampled(47)
@pytest.mark.parametrize("noise", [0.0, 0.37])
@pytest.mark.parametrize(
    ("name", "optimizer", "option"),
    [
        case
        for case in itertools.product(
            ["Linear fit", "Least squares", "Tanh unit"], ["SGD", "Adam", "Muon", "LBFGS"], OPTIONS
        )
        if not is_refused(*case)
    ],
)
def test_the_program_with_every_option(
    name: str, optimizer: str, option: dict[str, Any], noise: float
) -> None:
    frozen = tuple(build(name).names[place] for place in option.get("frozen", ()))
    settings = {"lr": 1e-4, "max_iter": 2} if optimizer == "LBFGS" else {"lr": 1e-4}
    run = competitor(optimizer, settings, **(option | {"frozen": frozen}))
    for batch_size in (None, 3):
        exp = experiment(name, run, steps=9, noise=noise, batch_size=batch_size, seed=7, dtype="float64")
        assert_the_program_is_the_run(exp)


def test_the_first_program_that_people_write() -> None:
    exp = experiment("Linear fit", competitor("SGD", {"lr": 0.01}), start=(0.5, 0.0), steps=300, batch_size=2)
    assert program(exp).splitlines() == [
        "import torch",
        "from torch import nn",
        "from torch.utils.data import DataLoader, TensorDataset",
        "",
        "inputs = torch.tensor([[1.0], [2.0], [3.0], [4.0]])",
        "targets = torch.tensor([[3.0], [5.0], [7.0], [9.0]])",
        "",
        "model = nn.Linear(1, 1)",
        "with torch.no_grad():",
        "    model.weight.fill_(0.5)",
        "    model.bias.fill_(0.0)",
        "loss_fn = nn.MSELoss()",
        "optimizer = torch.optim.SGD(model.parameters(), lr=0.01)",
        "loader = DataLoader(",
        "    TensorDataset(inputs, targets), batch_size=2, shuffle=True,",
        "    generator=torch.Generator().manual_seed(0)",
        ")",
        "",
        "def batches():",
        "    while True:  # an epoch: every example once, shuffled anew",
        "        yield from loader",
        "",
        "for step, (xb, yb) in zip(range(300), batches()):",
        "    optimizer.zero_grad()",
        "    loss = loss_fn(model(xb), yb)",
        "    loss.backward()",
        "    optimizer.step()",
    ]


# -- what there is to read -------------------------------------------------------------------------------


def test_rows_can_be_read() -> None:
    assert [name for name, info in ov.SURFACES.items() if info.group == "Data"] == NAMES
    for name in NAMES:
        info = ov.SURFACES[name]
        assert info.teaches.endswith(".") and info.teaches.count(".") == 1 and info.source.endswith(".")
        assert "$" not in info.formula and info.formula.count("{") == info.formula.count("}")
        for param in info.params.values():
            assert param.help.endswith(".") and param.kind.check(param.default) == param.default
    formulas = {ov.SURFACES["Linear fit"].latex({"loss": loss}) for loss in rows.LINE_LOSSES}
    assert len(formulas) == 3 and ov.SURFACES["Linear fit"].latex() == ov.SURFACES["Linear fit"].formula


@pytest.mark.parametrize("name", NAMES)
def test_a_model_is_what_it_says(name: str) -> None:
    data = build(name).data
    for text, made in ((data.model.text, data.model.make()), (data.loss.text, data.loss.module)):
        assert repr(eval(text, {"nn": nn})) == repr(made)
    assert (
        tuple(axis for *_, axes in data.model.parts() for axis in axes)
        == data.model.axes
        == build(name).names
    )
    assert len(data.names) == data.inputs.shape[1] + 1


# -- for a player ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3, 7, 20, 64])
def test_the_examples_of_each_step_are_the_loaders(size: int) -> None:
    data = build("Linear fit", {"data": "noise"}).data
    loader = DataLoader(
        TensorDataset(torch.arange(20)), size, shuffle=True, generator=torch.Generator().manual_seed(9)
    )
    seen: list[int] = []
    steps = 0
    while steps < 11:
        for (places,) in itertools.islice(loader, 11 - steps):
            seen += places.tolist()
            steps += 1
    assert data.order(size, 9, 11).tolist() == seen


def evaluate(described: list[dict[str, Any]], numbers: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """What layers of JSON say, in NumPy."""
    numbers, now = numbers.copy(), inputs.T
    for layer in json.loads(json.dumps(described)):
        if layer["kind"] != "linear":
            now = np.tanh(now) if layer["kind"] == "tanh" else np.maximum(now, 0)
            continue
        weight, numbers = np.split(numbers, [layer["in"] * layer["out"]])
        now = weight.reshape(layer["out"], layer["in"]) @ now
        if layer["bias"]:
            bias, numbers = np.split(numbers, [layer["out"]])
            now = now + bias[:, None]
    assert not len(numbers)
    return now.T


@pytest.mark.parametrize(
    "model",
    [
        nn.Linear(3, 2),
        nn.Linear(1, 1, bias=False),
        nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 4, bias=False), nn.ReLU(), nn.Linear(4, 1)),
    ],
    ids=str,
)
def test_layers_say_what_the_module_does(model: nn.Module) -> None:
    model = model.double()
    numbers = torch.cat([part.detach().flatten() for part in model.parameters()]).numpy()
    width = next(iter(model.parameters())).shape[1]
    inputs = np.random.default_rng(0).normal(size=(7, width))
    with torch.no_grad():
        expected = model(torch.from_numpy(inputs)).numpy()
    np.testing.assert_allclose(evaluate(layers(model), numbers, inputs), expected, rtol=1e-12)


def test_other_modules_have_no_layers() -> None:
    with pytest.raises(ValueError, match="cannot evaluate Sigmoid"):
        layers(nn.Sequential(nn.Linear(1, 1), nn.Sigmoid()))
