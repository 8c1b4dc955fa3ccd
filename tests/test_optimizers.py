"""The registry says of torch's optimizers what torch says, and a new torch that says more fails here."""

from __future__ import annotations

import inspect

import pytest
import torch

import optviz as ov
from optviz.optimizers import EXCLUDED, PLUMBING, Coupling
from optviz.params import Param


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
        assert param.default == arguments[key].default
        assert param.kind.check(param.default) == param.default  # every default is within its declared range
        assert isinstance(param, Param) and param.help.endswith((".", ":"))


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
        run = ov.RunSpec(ov.OptimizerSpec("LBFGS", params))
        exp = ov.Experiment(ov.SurfaceSpec("Rosenbrock"), (-1.2, 1.0), 20, (run,))
        return int(ov.run(exp, device="cpu")[0].evals[-1])

    assert ov.OPTIMIZERS["LBFGS"].suggested["max_eval"] is not None
    assert evals(ov.OPTIMIZERS["LBFGS"].suggested["max_eval"]) > evals(None) == 2 * 20


def test_muon_is_normalised_gradient_descent_on_two_numbers() -> None:
    """Its note says so: with no momentum and decay, steps follow the gradient, about lr long."""
    params = {"lr": 0.01, "momentum": 0.0, "nesterov": False, "weight_decay": 0.0}
    run = ov.RunSpec(ov.OptimizerSpec("Muon", params))
    muon = ov.run(ov.Experiment(ov.SurfaceSpec("Himmelblau"), (0.0, 0.0), 40, (run,)), device="cpu")[0]
    steps = muon.points[1:] - muon.points[:-1]
    lengths = (steps**2).sum(1) ** 0.5
    downhill = -(steps * muon.gradients[:-1]).sum(1) / lengths / (muon.gradients[:-1] ** 2).sum(1) ** 0.5
    assert (downhill > 0.999).all()
    assert ((lengths > 0.5 * 0.01) & (lengths < 1.5 * 0.01)).all()
