"""Networks: trained as a bare loop trains them, to the bit, and seen on a plane as they are."""

from __future__ import annotations

import copy
import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import optviz as ov
from builders import competitor, experiment
from optviz.engine.planes import on_plane, principal, trained_weights
from optviz.engine.sampling import _hessians_of, plane_hessians
from optviz.player.scene import Shown, by_index, scene, steps_of
from optviz.rules.steps import steps as taken_apart
from optviz.surfaces import network as rows
from optviz.surfaces.models import layers
from scenes import step_columns

MLP = ov.SurfaceSpec("MLP classifier", {"hidden": (5, 3)})
PLANE = ov.SurfaceSpec("Least squares with bias")


def modules(exp: ov.Experiment) -> tuple[nn.Module, nn.Module]:
    """The model and loss of these experiments as a person writes them."""
    if exp.surface.name == PLANE.name:
        return nn.Linear(2, 1), nn.MSELoss()
    model = nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1))
    return model, nn.BCEWithLogitsLoss()


def walk(exp: ov.Experiment, index: int = 0, make: Any = None) -> np.ndarray:
    """All weights (n+1, D) of a bare training loop; the global generator is left as it was."""
    spec, dtype = exp.runs[index], getattr(torch, exp.dtype)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(exp.seed)
        model, loss_fn = modules(exp)
    model = model.to(dtype)
    for name, part in model.named_parameters():
        part.requires_grad_(name not in spec.frozen)
    trained = [part for part in model.parameters() if part.requires_grad]
    make = make or getattr(torch.optim, spec.optimizer.name)
    optimizer = make(trained, **spec.optimizer.params)
    schedule = None
    if spec.scheduler is not None:
        schedule = getattr(torch.optim.lr_scheduler, spec.scheduler.name)(optimizer, **spec.scheduler.params)
    data = ov.surface(exp.surface).data
    inputs = torch.tensor(data.inputs, dtype=dtype)
    targets = torch.tensor(data.targets[:, None], dtype=dtype)
    size = exp.batch_size or len(inputs)
    generator = torch.Generator().manual_seed(exp.seed)
    loader = DataLoader(TensorDataset(inputs, targets), size, shuffle=True, generator=generator)
    batches = iter(loader)
    noise = torch.Generator().manual_seed(exp.seed)
    count = sum(part.numel() for part in model.parameters())
    points = [nn.utils.parameters_to_vector(model.parameters()).detach().clone()]
    for _ in range(exp.steps):
        xb, yb = inputs, targets
        if exp.batch_size:
            if (found := next(batches, None)) is None:
                batches = iter(loader)
                found = next(batches)
            xb, yb = found
        xi = exp.noise * torch.randn(count, generator=noise, dtype=dtype) if exp.noise else None

        def closure(xb: Any = xb, yb: Any = yb, xi: Any = xi) -> torch.Tensor:
            optimizer.zero_grad()
            loss = loss_fn(model(xb), yb)
            loss.backward()
            if xi is not None:
                first = 0
                for part in model.parameters():
                    if part.grad is not None:
                        part.grad += xi[first : first + part.numel()].view_as(part)
                    first += part.numel()
            if spec.clip_norm is not None:
                nn.utils.clip_grad_norm_(trained, spec.clip_norm)
            return loss

        optimizer.step(closure)
        if schedule is not None:
            schedule.step()
        points.append(nn.utils.parameters_to_vector(model.parameters()).detach().clone())
    return torch.stack(points).numpy()


RUNS = {
    "SGD": competitor("SGD", {"lr": 0.3, "momentum": 0.9, "nesterov": True}),
    "Adam": competitor("Adam", {"lr": 0.05}),
    "AdamW, clipped": competitor("AdamW", {"lr": 0.05, "weight_decay": 0.1}, clip_norm=0.1),
    "RMSprop with a schedule": competitor(
        "RMSprop", {"lr": 0.01}, scheduler=ov.SchedulerSpec("StepLR", {"step_size": 10})
    ),
    "LBFGS": competitor("LBFGS", {"lr": 0.01, "max_iter": 5}),
    "Adafactor": competitor("Adafactor", {"lr": 0.05}),
    "frozen": competitor("SGD", {"lr": 0.3}, frozen=("0.weight", "2.bias")),
}


@pytest.mark.sampled(10)
@pytest.mark.parametrize(
    ("chance", "dtype"),
    [
        ({}, "float32"),
        ({"noise": 0.1, "seed": 3}, "float64"),
        ({"batch_size": 32, "seed": 7}, "float32"),
        ({"batch_size": 32, "noise": 0.1}, "float64"),
    ],
    ids=str,
)
@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_run_is_the_bare_training_loop(run: ov.RunSpec, chance: dict[str, Any], dtype: str) -> None:
    exp = experiment(MLP, run, steps=25, dtype=dtype, **chance)
    found = ov.run_one(exp, 0, "cpu")
    np.testing.assert_array_equal(found.parameters, walk(exp)[: found.steps + 1])
    # LBFGS does not bear noise: where it has diverged, its path ends.
    assert found.parameters.dtype == dtype and found.steps > (0 if run.name == "LBFGS" else 24)


@pytest.mark.parametrize("optimizer", [name for name in ov.OPTIMIZERS if name != "Muon"])
def test_every_optimizer_trains_the_smallest_network(optimizer: str) -> None:
    exp = experiment(PLANE, competitor(optimizer, {"lr": 0.01}), steps=12, batch_size=40)
    found = ov.run_one(exp, 0, "cpu")
    np.testing.assert_array_equal(found.parameters, walk(exp)[: found.steps + 1])


def test_muon_says_that_it_takes_matrices_only() -> None:
    with pytest.raises(ValueError, match="Muon only supports 2D parameters"):
        ov.run(experiment(PLANE, competitor("Muon"), steps=25), "cpu")


def test_all_begin_at_the_weights_that_torch_draws_and_its_generator_stays() -> None:
    before = torch.random.get_rng_state()
    both = ov.run(experiment(MLP, *RUNS.values(), steps=2, seed=11), "cpu")
    assert torch.equal(torch.random.get_rng_state(), before)
    starts = {trajectory.parameters[0].tobytes() for trajectory in both}
    other = ov.run(experiment(MLP, RUNS["Adam"], steps=2, seed=12), "cpu")[0].parameters[0]
    assert len(starts) == 1 and other.tobytes() not in starts


def test_losses_and_gradients_are_those_of_all_examples() -> None:
    exp = experiment(MLP, RUNS["Adam"], steps=8, batch_size=16, dtype="float64")
    (found,) = ov.run(exp, "cpu")
    data = ov.surface(exp.surface).data
    model, loss_fn = modules(exp)
    inputs, targets = data.tensors()
    for point, loss, gradient in zip(found.parameters, found.losses, found.gradients, strict=True):
        model.double()
        nn.utils.vector_to_parameters(torch.from_numpy(point), model.parameters())
        model.zero_grad()
        own = loss_fn(model(inputs), targets)
        own.backward()
        assert loss == pytest.approx(own.item(), rel=1e-12)
        expected = nn.utils.parameters_to_vector([part.grad for part in model.parameters()])
        np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(found.gradient_norms, np.linalg.norm(found.gradients, axis=1))


# -- the plane -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["principal", "random"])
def test_paths_are_seen_where_they_are(kind: str) -> None:
    spec = ov.SurfaceSpec("MLP classifier", {"hidden": (5, 3), "plane": kind})
    found = ov.run(experiment(spec, RUNS["SGD"], RUNS["Adam"], steps=25), "cpu")
    plane = found[0].plane
    assert all(one.plane is plane for one in found)
    for one in found:
        gaps = one.parameters.astype(np.float64) - plane.origin
        seen = plane.weights(one.points) - plane.origin
        np.testing.assert_allclose((gaps - seen) @ np.stack((plane.u, plane.v)).T, 0, atol=1e-10)
        squares = (seen**2).sum(axis=1) + one.off_plane**2
        np.testing.assert_allclose(squares, (gaps**2).sum(axis=1), atol=1e-10)
        assert one.points.shape == (one.steps + 1, 2) and one.points[0] == pytest.approx((0.0, 0.0))
        (left, right), (bottom, top) = plane.domain
        inside = (one.points > (left, bottom)) & (one.points < (right, top))
        assert inside.all()


def test_the_principal_directions_are_those_of_numpys_svd() -> None:
    found = ov.run(experiment(MLP, RUNS["SGD"], RUNS["Adam"], steps=25), "cpu")
    points = np.concatenate([one.parameters for one in found]).astype(np.float64)
    _, lengths, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    plane = found[0].plane
    for direction, axis in ((plane.u, axes[0]), (plane.v, axes[1])):
        assert abs(direction @ axis) == pytest.approx(1)
    assert plane.shares == pytest.approx((lengths**2 / (lengths**2).sum())[:2])
    assert plane.u @ plane.v == pytest.approx(0, abs=1e-12)


def test_random_directions_have_rows_as_long_as_those_of_the_weights() -> None:
    model = ov.surface(MLP).data.model
    begin, directions = model.initial(5).double(), model.random_directions(5)
    first = 0
    for part in model.parts():
        own = begin[first : first + len(part.axes)].reshape(part.shape)
        for direction in directions:
            piece = direction[first : first + len(part.axes)].reshape(part.shape)
            if len(part.shape) == 1:
                assert not piece.any()
            else:
                np.testing.assert_allclose(piece.norm(dim=1), own.norm(dim=1))
        first += len(part.axes)


@pytest.mark.parametrize(
    ("moves", "shares"), [(np.zeros((4, 5)), (math.nan, math.nan)), (np.eye(5)[:1], None)]
)
def test_what_does_not_move_has_a_plane_too(moves: np.ndarray, shares: Any) -> None:
    directions, found = principal(moves)
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-12)
    assert shares is None or all(map(math.isnan, found))


def test_a_line_of_points_lies_along_the_first_direction() -> None:
    line = np.outer(np.arange(6.0), [1.0, -2.0, 2.0])
    directions, shares = principal(line)
    np.testing.assert_allclose(directions[0], np.array([1, -2, 2]) / 3)
    assert shares == pytest.approx((1, 0))


def test_the_grid_is_the_loss_of_the_module() -> None:
    exp = experiment(MLP, RUNS["Adam"], steps=25)
    (found,) = ov.run(exp, "cpu")
    grid = ov.sample(found.plane, resolution=9)
    model, loss_fn = modules(exp)
    inputs, targets = ov.surface(exp.surface).data.tensors()
    model.double()
    for row, y in enumerate(grid.y):
        for column, x in enumerate(grid.x):
            weights = torch.from_numpy(found.plane.weights(np.array([[x, y]]))[0])
            nn.utils.vector_to_parameters(weights, model.parameters())
            with torch.no_grad():
                assert grid.z[row, column] == pytest.approx(loss_fn(model(inputs), targets).item(), rel=1e-12)


def test_sampling_says_how_far_it_is_and_can_be_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optviz.surfaces.models._AT_ONCE", 20_000)
    (found,) = ov.run(experiment(MLP, RUNS["Adam"], steps=3), "cpu")
    shares: list[float] = []
    ov.sample(found.plane, 12, watch=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1 and len(shares) > 2

    class StoppedError(Exception):
        pass

    def stop(share: float) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        ov.sample(found.plane, 12, watch=stop)


def test_another_number_of_points_at_once_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = ov.run(experiment(MLP, RUNS["Adam"], steps=3), "cpu")
    whole = ov.sample(found.plane, 12).z
    monkeypatch.setattr("optviz.surfaces.models._AT_ONCE", 20_000)
    np.testing.assert_allclose(ov.sample(found.plane, 12).z, whole, rtol=1e-12)


def test_a_grid_is_computed_on_a_device() -> None:
    (found,) = ov.run(experiment(MLP, RUNS["Adam"], steps=3), "cpu")
    here = ov.sample(found.plane, 6, device="auto").z
    np.testing.assert_allclose(here, ov.sample(found.plane, 6).z, rtol=1e-12)
    with pytest.raises(ValueError, match="no device 'abacus'"):
        ov.sample(found.plane, 6, device="abacus")


@pytest.mark.slow
def test_paths_on_planes_of_their_own_have_no_picture_together() -> None:
    exp = experiment(MLP, RUNS["SGD"], RUNS["Adam"], steps=3)
    alone = [ov.run_one(exp, index, "cpu") for index in (0, 1)]
    for draw in (ov.contour_figure, ov.surface_figure, lambda exp, paths: scene(exp, by_index(exp, paths))):
        with pytest.raises(ValueError, match="different planes"):
            draw(exp, alone)
    together = ov.project(exp, alone)
    copies = [dataclasses.replace(one, plane=copy.deepcopy(one.plane)) for one in together]
    assert scene(exp, by_index(exp, copies)).data["surface"]["domain"] == [
        list(side) for side in together[0].plane.domain
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SGD", "AdamW, clipped"])
def test_other_conventions_train_the_same_network_and_are_seen_on_the_same_plane(name: str) -> None:
    exp = experiment(MLP, RUNS[name], steps=6, batch_size=32, noise=0.01)
    trajectories = ov.project(exp, ov.run(exp, "cpu"))
    common = trajectories[0].plane
    for convention in ov.conventions(exp.runs[0]):
        ghost = ov.run_reference(exp, 0, convention.name, "cpu")
        weights = walk(exp, 0, convention.make)
        np.testing.assert_array_equal(ghost.parameters, weights)
        assert not np.array_equal(weights, trajectories[0].parameters)
        shown = scene(exp, [Shown(trajectories[0], reference=ghost)])
        sent = shown.data["runs"][0]
        (blob,) = (blob for blob in shown.blobs if blob[:8].hex() == sent["ghost"]["digest"])
        seen = np.frombuffer(blob[8:], "<f8" if sent["double"] else "<f4").reshape(2, -1).T
        basis = np.stack((common.u, common.v))
        np.testing.assert_allclose(seen, (weights - common.origin) @ basis.T, rtol=1e-9, atol=1e-12)


def test_only_networks_have_planes() -> None:
    exp = experiment("Rosenbrock", competitor("SGD"), start=(0.0, 0.0), steps=3)
    (found,) = ov.run(exp, "cpu")
    assert found.parameters is None and found.plane is None
    with pytest.raises(ValueError, match="needs no plane"):
        ov.plane(exp, [found])
    with pytest.raises(ValueError, match="at least one trajectory"):
        ov.plane(experiment(MLP, RUNS["Adam"], steps=25), [])


# -- endings -------------------------------------------------------------------------------------------


def test_least_squares_with_a_bias_ends_at_its_weights() -> None:
    (found,) = ov.run(experiment(PLANE, competitor("SGD", {"lr": 0.2}), steps=200), "cpu")
    assert found.outcome.kind == "minimum" and found.outcome.minimizer == 0
    np.testing.assert_allclose(found.parameters[-1], (0.77, -0.56, 0.5), atol=1e-5)
    assert found.outcome.detail.startswith("Ended in the minimum at (0.77, -0.56, 0.5)")


def test_endings_of_networks() -> None:
    wild, slow = competitor("SGD", {"lr": 1e8}), competitor("SGD", {"lr": 1e-6})
    diverged, moving = ov.run(experiment(PLANE, wild, slow, steps=25), "cpu")
    assert diverged.outcome.kind == "diverged" and moving.outcome.kind == "moving"
    assert diverged.plane is moving.plane and np.isfinite(moving.plane.domain).all()
    (alone,) = ov.run(experiment(PLANE, wild, steps=25), "cpu")
    assert alone.outcome.kind == "diverged" and np.isfinite(alone.plane.domain).all()


def test_a_large_network_runs_without_its_hessian() -> None:
    spec = ov.SurfaceSpec("MLP classifier", {"hidden": (16, 16), "activation": "ReLU"})
    (found,) = ov.run(experiment(spec, competitor("Adam"), steps=5), "cpu")
    assert found.parameters.shape[1] == 337 and found.outcome.kind == "moving"


# -- what is refused, and what goes with it --------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"hidden": (33,)}, "must be between 1 and 32"),
        ({"hidden": (2, 2, 2, 2)}, "at most 3 numbers"),
        ({"data": "circles"}, "has no 'circles'"),
        ({"plane": "flat"}, "has no 'flat'"),
        ({"hidden": "eight"}, "whole numbers"),
    ],
)
def test_bad_parameters_are_said(params: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ov.surface(ov.SurfaceSpec("MLP classifier", params))


def test_networks_have_no_map_of_starts() -> None:
    for make in (ov.basins, ov.sweep, ov.tune):
        with pytest.raises(ValueError, match="no map of starts"):
            make(experiment(MLP, RUNS["SGD"], steps=2))
    large = ov.SurfaceSpec("MLP classifier", {"hidden": (32, 32, 32)})
    with pytest.raises(ValueError, match="too many"):
        ov.run(experiment(large, RUNS["Adam"], steps=100_000), "cpu")


@pytest.mark.parametrize("spec", [MLP, PLANE, ov.SurfaceSpec("MLP classifier", {"data": "spiral"})], ids=repr)
def test_networks_travel(spec: ov.SurfaceSpec) -> None:
    exp = experiment(spec, competitor("SGD", frozen=("0.weight",)), steps=25, batch_size=8)
    assert ov.Experiment.from_json(exp.to_json()) == exp == ov.Experiment.from_url(exp.to_url())


@pytest.mark.parametrize("data", rows.CLASSES)
def test_the_classes_can_be_told_apart(data: str) -> None:
    spec = ov.SurfaceSpec("MLP classifier", {"data": data, "hidden": (16, 16)})
    (found,) = ov.run(experiment(spec, competitor("Adam", {"lr": 0.03}), steps=250), "cpu")
    fitted = ov.surface(spec).data
    right = (fitted.predict(found.parameters[-1]) > 0) == (fitted.targets > 0.5)
    assert right.mean() > 0.95
    assert sum(fitted.targets) == len(fitted) / 2


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "RMSprop"])
@pytest.mark.parametrize("spec", [MLP, PLANE], ids=repr)
def test_suggested_rates_lower_the_loss(spec: ov.SurfaceSpec, optimizer: str) -> None:
    rate = ov.suggested_lr(optimizer, spec)
    (found,) = ov.run(experiment(spec, competitor(optimizer, {"lr": rate}), steps=60), "cpu")
    assert found.losses[-1] < 0.9 * found.losses[0]


def test_a_player_can_evaluate_them() -> None:
    described = layers(modules(experiment(MLP, RUNS["Adam"], steps=25))[0])
    assert [layer["kind"] for layer in described] == ["linear", "tanh", "linear", "tanh", "linear"]
    assert ov.surface(MLP).data.model.layers == described


def test_its_surface_alone_is_a_slice_through_the_weights_of_seed_0() -> None:
    function = ov.surface(MLP)
    model = function.data.model
    begin, (u, v) = model.initial(0).double(), model.random_directions(0)
    expected = function.data.losses(begin + 0.25 * u - 0.5 * v)
    assert function(torch.tensor([0.25, -0.5], dtype=torch.float64)) == pytest.approx(float(expected))
    (found,) = ov.run(experiment(MLP, RUNS["Adam"], steps=25), "cpu")
    at = torch.from_numpy(found.points)
    on = on_plane(found.plane)(at)
    true = function.data.losses(torch.from_numpy(found.parameters).double())
    assert np.all((on - true).abs().numpy()[found.off_plane < 1e-9] < 1e-9)


# -- the program ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chance", "dtype"),
    [({}, "float32"), ({"noise": 0.1, "seed": 3, "batch_size": 16}, "float64")],
    ids=str,
)
@pytest.mark.parametrize("name", [name for name in RUNS if name != "LBFGS"])
def test_the_program_is_the_run(name: str, chance: dict[str, Any], dtype: str) -> None:
    exp = experiment(MLP, RUNS[name], steps=12, dtype=dtype, **chance)
    text = "\n".join(line.text for line in ov.training_loop(exp, 0))
    place: dict[str, Any] = {}
    with torch.random.fork_rng(devices=[]):
        exec(compile(text, "program", "exec"), place)
    weights = nn.utils.parameters_to_vector(place["model"].parameters()).detach().numpy()
    found = ov.run_one(exp, 0, "cpu")
    np.testing.assert_array_equal(found.parameters[-1], weights)
    assert "optviz" not in text


@pytest.mark.parametrize("frozen", [(), ("0.weight",)])
@pytest.mark.parametrize("params", [{"hidden": (32, 32, 32)}, {"hidden": (16, 16)}, {"hidden": ()}], ids=repr)
def test_programs_of_large_networks_are_well_written(params: dict[str, Any], frozen: tuple[str, ...]) -> None:
    if frozen and not params["hidden"]:
        frozen = ("0.bias",)
    run = competitor("SGD", {"lr": 0.1}, frozen=frozen, clip_norm=0.5)
    exp = experiment(ov.SurfaceSpec("MLP classifier", params), run, steps=2, dtype="float64", noise=0.1)
    lines = [line.text for line in ov.training_loop(exp, 0)]
    assert max(map(len, lines)) <= 100
    place: dict[str, Any] = {}
    with torch.random.fork_rng(devices=[]):
        exec(compile("\n".join(lines), "program", "exec"), place)
    weights = nn.utils.parameters_to_vector(place["model"].parameters()).detach().numpy()
    np.testing.assert_array_equal(ov.run_one(exp, 0, "cpu").parameters[-1], weights)


# -- inside a step ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW, clipped", "RMSprop with a schedule", "frozen"])
def test_derivations_hold_for_the_two_weights_that_moved_most(name: str) -> None:
    exp = experiment(MLP, RUNS[name], steps=25, dtype="float64", batch_size=32)
    (found,) = ov.run(exp, "cpu")
    two = ov.seen_through(exp, found)
    weights = list(ov.two_weights(exp, found))
    np.testing.assert_array_equal(two.points, found.parameters[:, weights])
    np.testing.assert_array_equal(two.seen_gradients, found.seen_gradients[:, weights])
    assert two.names == tuple(ov.surface(exp.surface).data.model.axes[place] for place in weights)
    moved = np.ptp(found.parameters, axis=0)
    assert sorted(moved[weights]) == sorted(moved)[-2:]
    derived = ov.derivation(two)
    np.testing.assert_allclose(derived.after, two.points[1:], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "AdamW"])
def test_a_step_of_one_trained_weight_leaves_the_other_alone(optimizer: str) -> None:
    settings = {"lr": 0.05, "weight_decay": 0.3} | ({"momentum": 0.9} if optimizer == "SGD" else {})
    exp = experiment(PLANE, competitor(optimizer, settings, frozen=("weight",)), steps=25, dtype="float64")
    (found,) = ov.run(exp, "cpu")
    two = ov.seen_through(exp, found)
    assert two.names[1] == "b" and two.run.frozen == two.names[:1]
    np.testing.assert_allclose(ov.derivation(two).after, two.points[1:], rtol=1e-12, atol=1e-15)
    assert taken_apart(two, ov.path_hessians(exp, found)).data["trained"] == [1]


@pytest.mark.parametrize("optimizer", ["Adafactor", "LBFGS"])
def test_state_without_a_number_for_each_weight_is_left_out(optimizer: str) -> None:
    exp = experiment(MLP, competitor(optimizer, {"lr": 0.01}), steps=4)
    two = ov.seen_through(exp, ov.run(exp, "cpu")[0])
    assert ov.derivation(two) is None
    assert {"row_var", "col_var"} <= set(two.unrecorded) or {"d", "prev_flat_grad"} <= set(two.unrecorded)


def test_the_hessian_is_that_of_torch() -> None:
    data = ov.surface(MLP).data
    begin = data.model.initial(0).double()
    whole = torch.autograd.functional.hessian(data.losses, begin)
    np.testing.assert_allclose(_hessians_of(data, begin.numpy()[None])[0], whole, rtol=1e-9, atol=1e-12)


def test_hessians_of_two_weights_are_those_of_the_loss() -> None:
    exp = experiment(MLP, RUNS["Adam"], steps=4)
    (found,) = ov.run(exp, "cpu")
    weights = list(ov.two_weights(exp, found))
    losses = ov.surface(exp.surface).data.losses
    for theta, matrix in zip(found.parameters, ov.path_hessians(exp, found), strict=True):
        whole = torch.autograd.functional.hessian(losses, torch.from_numpy(theta).double())
        np.testing.assert_allclose(matrix, whole[weights][:, weights], rtol=1e-9, atol=1e-12)


# -- on the plane -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("plane", ["principal", "random"])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_arrows_are_what_is_seen_of_the_vectors_on_the_plane(optimizer: str, plane: str) -> None:
    spec = ov.SurfaceSpec("MLP classifier", {"plane": plane})
    settings = {"lr": 0.05} | ({"momentum": 0.9} if optimizer == "SGD" else {})
    run = competitor(optimizer, settings, frozen=("0.bias",))
    exp = experiment(spec, run, steps=25, dtype="float64", batch_size=32)
    (found,) = ov.project(exp, ov.run(exp, "cpu"))
    known = steps_of(exp, found, ov.stability(exp, found))
    columns = step_columns(known)
    np.testing.assert_allclose(columns["seen.theta"], found.points, rtol=1e-12)
    basis = np.stack((found.plane.u, found.plane.v))
    nearest = np.linalg.lstsq(basis.T, found.gradients.T, rcond=None)[0].T
    np.testing.assert_allclose(columns["seen.gradient"], nearest, rtol=1e-9, atol=1e-12)
    step = np.diff(found.parameters.astype(float), axis=0)
    seen = np.linalg.lstsq(basis.T, step.T, rcond=None)[0].T
    np.testing.assert_allclose(np.diff(columns["seen.theta"], axis=0), seen, rtol=1e-8, atol=1e-12)
    state = "exp_avg" if optimizer == "Adam" else "momentum_buffer"
    assert known.data["momentum"] == state
    if optimizer == "SGD":  # there a step is -lr times the buffer
        np.testing.assert_allclose(columns[f"seen.state.{state}"][:-1], -seen / 0.05, rtol=1e-7, atol=1e-9)
    assert np.isfinite(columns["seen.hessian"]).all() == (plane == "principal")


def test_curvature_on_the_plane_is_that_of_the_loss() -> None:
    exp = experiment(MLP, RUNS["Adam"], steps=3)
    (found,) = ov.project(exp, ov.run(exp, "cpu"))
    losses = ov.surface(exp.surface).data.losses
    basis = np.stack((found.plane.u, found.plane.v))
    for theta, matrix in zip(found.parameters, plane_hessians(exp, found), strict=True):
        whole = torch.autograd.functional.hessian(losses, torch.from_numpy(theta).double()).numpy()
        np.testing.assert_allclose(matrix, basis @ whole @ basis.T, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize(
    ("optimizer", "settings", "frozen"),
    [
        ("SGD", {"lr": 0.5, "momentum": 0.5, "weight_decay": 0.1}, ()),
        ("Adam", {"lr": 0.05}, ("0.weight",)),
        ("RMSprop", {"lr": 0.01}, ()),
    ],
)
def test_stability_of_a_network_is_that_of_its_whole_hessian(optimizer, settings, frozen) -> None:
    exp = experiment(MLP, competitor(optimizer, settings, frozen=frozen), steps=4, dtype="float64")
    (found,) = ov.run(exp, "cpu")
    edge = ov.stability(exp, found)
    free = trained_weights(exp, found.run)
    losses = ov.surface(exp.surface).data.losses
    for step, theta in enumerate(found.parameters[:-1]):
        whole = torch.autograd.functional.hessian(losses, torch.from_numpy(theta)).numpy()[free][:, free]
        assert edge.curvature[step] == pytest.approx(np.linalg.eigvalsh(whole)[-1], rel=1e-3)
        divisor = np.ones(sum(free))
        if optimizer != "SGD":
            name, power = ("exp_avg_sq", 0.999) if optimizer == "Adam" else ("square_avg", None)
            kept = [values[step].ravel() for key, values in found.state.items() if key.endswith(name)]
            divisor = np.concatenate(kept)
            divisor = np.sqrt(divisor / (1 - power ** (step + 1)) if power else divisor) + 1e-8
            divisor = divisor * (1 - 0.9 ** (step + 1)) if power else divisor
        whole = (whole + settings.get("weight_decay", 0) * np.eye(len(whole))) / np.sqrt(
            divisor[:, None] * divisor
        )
        assert edge.sharpness[step] == pytest.approx(np.linalg.eigvalsh(whole)[-1], rel=1e-3)
    limit = {"SGD": 2 * 1.5 / 0.5, "Adam": 2 * 1.9 / (0.1 * 0.05), "RMSprop": 2 / 0.01}[optimizer]
    np.testing.assert_allclose(edge.threshold[:-1], limit)


def test_the_curvature_of_a_long_path_is_looked_at_now_and_then() -> None:
    exp = experiment(PLANE, competitor("SGD", {"lr": 1e-3}), steps=900)
    (found,) = ov.run(exp, "cpu")
    edge = ov.stability(exp, found)
    whole = torch.autograd.functional.hessian(ov.surface(PLANE).data.losses, torch.zeros(3).double())
    np.testing.assert_allclose(edge.curvature, np.linalg.eigvalsh(whole.numpy())[-1], rtol=1e-9)
