"""The registry says of torch's optimizers what torch says, and a new torch that says more fails here."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace

import pytest
import torch

import optviz as ov
from builders import competitor, experiment
from optviz import environment
from optviz.optimizers import catalogue
from optviz.optimizers.catalogue import EXCLUDED, PLUMBING, Coupling, not_offered
from optviz.spec.params import Param


def torchs_optimizers() -> dict[str, type]:
    classes = {name: getattr(torch.optim, name) for name in dir(torch.optim)}
    return {
        name: item
        for name, item in classes.items()
        if inspect.isclass(item)
        and issubclass(item, torch.optim.Optimizer)
        and item is not torch.optim.Optimizer
    }


def test_every_optimizer_of_torch_has_a_row_or_a_reason() -> None:
    assert torchs_optimizers().keys() == ov.OPTIMIZERS.keys() | EXCLUDED.keys()
    assert EXCLUDED.keys() == {"SparseAdam"} and all(EXCLUDED.values())


def test_sparse_adam_really_refuses_dense_gradients() -> None:
    theta = torch.zeros(2, requires_grad=True)
    theta.grad = torch.ones(2)
    with pytest.raises(RuntimeError, match="dense gradients"):
        torch.optim.SparseAdam([theta]).step()


@pytest.mark.parametrize("name", ov.OPTIMIZERS)
def test_every_argument_is_declared_with_torchs_default(name: str) -> None:
    arguments = inspect.signature(getattr(torch.optim, name)).parameters
    info = ov.OPTIMIZERS[name]
    assert arguments.keys() - PLUMBING == info.params.keys()
    assert "params" in arguments
    for key, param in info.params.items():
        default = arguments[key].default
        assert param.default == default
        assert param.kind.check(param.default) == param.default  # every default is within its declared range
        assert isinstance(param, Param) and param.help.endswith((".", ":"))


@pytest.mark.parametrize(
    ("version", "has"),
    [("2.9.1", False), ("2.13.0+cpu", False), ("2.14.0.dev20260801", True), ("2.14.1", True), ("3.0", True)],
)
def test_what_a_torch_lacks_is_not_offered_and_is_said(monkeypatch, version: str, has: bool) -> None:
    sgd, *others = catalogue._ROWS
    monkeypatch.setattr(environment, "torch_version", lambda: version)
    monkeypatch.setattr(catalogue, "_ROWS", (replace(sgd, since="2.14"), *others))
    rows = {row.name: row for row in catalogue._offered()}
    assert ("maximize" in rows["LBFGS"].params) == has == (not rows["LBFGS"].lacks)
    assert ("SGD" in rows) == has == (not not_offered("SGD"))
    if not has:
        end = f"came with torch 2.14, and here is torch {version}."
        with pytest.raises(ValueError, match=re.escape(f"LBFGS: maximize {end}")):
            rows["LBFGS"].settings(ov.OptimizerSpec("LBFGS", {"maximize": True}))
        assert not_offered("SGD") == f"SGD {end}"


@pytest.mark.parametrize("version", [None, 7, "", "latest", "9" * 5000, "1." * 5000, "²", ["2.9"]])
def test_a_file_may_name_anything_as_its_torch(version: object) -> None:
    assert len(environment.other_torch(version)) < 300


@pytest.mark.parametrize("name", ov.OPTIMIZERS)
def test_rows_read_well(name: str) -> None:
    info = ov.OPTIMIZERS[name]
    assert info.name == name
    assert info.teaches.endswith(".") and info.source.endswith(".")
    assert not info.note or info.note.endswith(".")
    for key, value in info.suggested.items():
        assert info.params[key].kind.check(value) == value


@pytest.mark.parametrize("name", ov.OPTIMIZERS)
def test_couplings_are_true(name: str) -> None:
    """What is said to step by itself does: another number beside it changes nothing; and the reverse."""
    info = ov.OPTIMIZERS[name]

    def walk(other: float) -> list[float]:
        theta = torch.tensor([[0.5, other]] if info.matrix else [0.5, other], requires_grad=True)
        optimizer = info.make([theta], lr=0.05)
        path = []
        for _ in range(10):

            def closure() -> torch.Tensor:
                optimizer.zero_grad()
                loss = (theta**2).sum()
                loss.backward()
                return loss

            optimizer.step(closure)
            path.append(float(theta.detach().flatten()[0]))
        return path

    assert (walk(0.1) == walk(3.0)) is (info.coupling is Coupling.ELEMENTS)


def test_registries_are_read_only() -> None:
    for registry in (ov.OPTIMIZERS, ov.SCHEDULERS, ov.SURFACES):
        with pytest.raises(TypeError):
            registry["SGD"] = None  # type: ignore[index]


def test_lbfgs_searches_with_what_is_suggested_and_not_with_torchs_max_eval() -> None:
    """With max_iter 1, torch's default of max_eval leaves its line search the one look at where it goes."""

    def evals(max_eval: int | None) -> int:
        params = {**ov.OPTIMIZERS["LBFGS"].suggested, "max_eval": max_eval}
        run = competitor("LBFGS", params)
        exp = experiment("Rosenbrock", run, steps=20)
        return int(ov.run(exp, device="cpu")[0].evals[-1])

    suggested = ov.OPTIMIZERS["LBFGS"].suggested["max_eval"]
    assert suggested is not None
    if torch.__version__.startswith("2.9."):  # its help says so
        assert evals(suggested) == evals(None) > 2 * 20
    else:
        assert evals(suggested) > evals(None) == 2 * 20


def test_muon_is_normalised_gradient_descent_on_two_numbers() -> None:
    """Its note says so: with no momentum and decay, steps follow the gradient, about lr long."""
    params = {"lr": 0.01, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    run = competitor("Muon", params)
    muon = ov.run(experiment("Himmelblau", run, start=(0.0, 0.0), steps=40), device="cpu")[0]
    steps = muon.points[1:] - muon.points[:-1]
    lengths = (steps**2).sum(1) ** 0.5
    downhill = -(steps * muon.gradients[:-1]).sum(1) / lengths / (muon.gradients[:-1] ** 2).sum(1) ** 0.5
    assert (downhill > 0.999).all()
    assert ((lengths > 0.5 * 0.01) & (lengths < 1.5 * 0.01)).all()


# -- what is said of them ----------------------------------------------------------------------------------


def walked(name: str, steps: int, lr: float, **params: object) -> tuple[torch.Tensor, torch.optim.Optimizer]:
    """A point on a bowl after some steps of the real optimizer, which is there, too."""
    info = ov.OPTIMIZERS[name]
    theta = torch.tensor([[3.0, 2.0]], dtype=torch.float64, requires_grad=True)
    optimizer = info.make([theta], lr=lr, **params)
    for _ in range(steps):
        optimizer.step(lambda: loss_of(theta))
    return theta.detach(), optimizer


def loss_of(theta: torch.Tensor) -> torch.Tensor:
    theta.grad = None
    loss = (theta**2).sum() / 2 + theta.sum()
    loss.backward()
    return loss


def next_step(name: str, steps: int, lr: float, then: float, **params: object) -> torch.Tensor:
    """The step that follows some steps, where the learning rate becomes another one before it."""
    before, optimizer = walked(name, steps, lr, **params)
    theta = before.clone().requires_grad_()
    again = ov.OPTIMIZERS[name].make([theta], lr=lr, **params)
    again.load_state_dict(optimizer.state_dict())
    again.param_groups[0]["lr"] = then
    again.step(lambda: loss_of(theta))
    return theta.detach() - before


@pytest.mark.parametrize("steps", [0, 1, 7])
@pytest.mark.parametrize("lr", [0.01, 0.6])
@pytest.mark.parametrize("name", ov.OPTIMIZERS)
def test_a_step_is_in_proportion_to_lr_where_its_help_says_so(name: str, lr: float, steps: int) -> None:
    params = ov.OPTIMIZERS[name].params
    plain = {key: value for key, value in {"weight_decay": 0.0, "max_iter": 1}.items() if key in params}
    one, two = (next_step(name, steps, lr, then, **plain) for then in (lr, 2 * lr))
    in_proportion = torch.allclose(two, 2 * one, rtol=1e-6)
    match name:
        case "Rprop" | "ASGD":  # the first step, and nothing later
            assert in_proportion is (steps == 0) and (steps == 0 or torch.equal(one, two))
        case "Adafactor":  # up to 1 / √t
            assert in_proportion is (2 * lr <= (steps + 1) ** -0.5)
        case "LBFGS":
            assert in_proportion
        case _:
            assert "in proportion" in params["lr"].help and in_proportion


def test_asgd_takes_up_a_change_of_lr_one_step_late() -> None:
    def path(change_at: int) -> list[float]:
        theta = torch.tensor([[3.0, 2.0]], dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.ASGD([theta], lr=0.1)
        points = []
        for step in range(8):
            optimizer.param_groups[0]["lr"] = 0.1 if step < change_at else 0.05
            optimizer.step(lambda: loss_of(theta))
            points.append(float(theta.detach()[0, 0]))
        return points

    constant, changed = path(99), path(4)
    assert constant[:5] == changed[:5] and constant[5] != changed[5]  # steps 1 to 5, and the sixth
    assert "one step late" in ov.OPTIMIZERS["ASGD"].params["lr"].help


def test_amsgrads_divisor_may_shrink_as_torchs_largest_is_not_corrected() -> None:
    """So nothing is said of shorter steps, nor of the divisor: the largest mean square alone only grows."""
    run = competitor("Adam", {"lr": 0.1, "amsgrad": True})
    (adam,) = ov.run(experiment("Plateau", run, start=(-8.0, 6.0), steps=200, dtype="float64"), "cpu")
    largest = adam.state["max_exp_avg_sq"]
    assert (largest[1:] >= largest[:-1]).all()
    lengths = ((adam.points[1:] - adam.points[:-1]) ** 2).sum(1) ** 0.5
    assert (lengths[1:] > lengths[:-1]).sum() > 50


@pytest.mark.parametrize("shape", [(3, 5), (32, 64), (7, 1)])
def test_adafactor_keeps_rows_and_columns_of_a_matrix_and_all_of_a_vector(shape: tuple[int, int]) -> None:
    def kept(theta: torch.Tensor) -> int:
        theta.requires_grad_().grad = torch.ones_like(theta)
        optimizer = torch.optim.Adafactor([theta])
        optimizer.step()
        return sum(part.numel() for name, part in optimizer.state[theta].items() if name != "step")

    rows, columns = shape
    assert kept(torch.ones(shape)) == rows + columns
    assert kept(torch.ones(columns)) == columns
    assert "n + m numbers" in ov.OPTIMIZERS["Adafactor"].note


@pytest.mark.slow
def test_adams_step_is_about_lr_while_gradients_stay_and_less_in_noise() -> None:
    def lengths(gradients: torch.Tensor) -> torch.Tensor:
        theta = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.Adam([theta], lr=0.1)
        points = [0.0]
        for gradient in gradients:
            theta.grad = gradient.reshape(1)
            optimizer.step()
            points.append(float(theta.detach()))
        return torch.tensor(points).diff().abs()

    generator = torch.Generator().manual_seed(0)
    for size in (1e-3, 1.0, 1e3):
        assert torch.allclose(
            lengths(torch.full((50,), size, dtype=torch.float64)), torch.tensor(0.1), rtol=1e-4
        )
        noise = size * torch.randn(4000, generator=generator, dtype=torch.float64)
        assert lengths(noise)[1000:].square().mean().sqrt() == pytest.approx(
            0.1 * (0.1 / 1.9) ** 0.5, rel=0.1
        )


def test_sgds_first_step_has_no_dampening() -> None:
    theta, _ = walked("SGD", 1, 0.1, momentum=0.9, dampening=0.5)
    assert torch.equal(theta, walked("SGD", 1, 0.1)[0])
    assert not torch.equal(
        walked("SGD", 2, 0.1, momentum=0.9, dampening=0.5)[0], walked("SGD", 2, 0.1, momentum=0.9)[0]
    )
