"""Optimizers that are not torch's own: anybody's class, and those of a package that many people use."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Literal

import numpy as np
import pytest
import torch
from torch.optim import Optimizer

import optviz as ov
from builders import competitor, experiment
from optviz.optimizers import third_party
from optviz.spec.params import Choice, Flag, Float, Int, Maybe, Tuple
from optviz.surfaces.catalogue import register_surface


class HeavyBall(Optimizer):
    """Momentum as Polyak wrote it.

    Not as torch does.
    """

    def __init__(
        self,
        params,
        lr: float = 0.01,
        betas: tuple[float, float] = (0.9, 0.5),
        rounds: int = 2,
        floor: float = 0,
        uphill: bool = False,
        limit: float | None = None,
        norm: Literal["one", "two"] = "two",
        callback=print,
        foreach: bool | None = None,
        **kwargs,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "uphill": uphill, "limit": limit})

    def step(self, closure=None):
        """Without no_grad and without enable_grad: as many people write it."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for part in group["params"]:
                if part.grad is None:
                    continue
                state = self.state[part]
                velocity = state.setdefault("velocity", torch.zeros_like(part))
                sign = -1.0 if group["uphill"] else 1.0
                velocity.mul_(group["betas"][0]).add_(part.grad, alpha=-sign * group["lr"])
                part.data.add_(velocity)
        return loss


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """What a test registers does not outlive it."""
    with ov.OPTIMIZERS.temporarily():
        yield


def test_the_signature_says_what_can_be_chosen() -> None:
    info = ov.register_optimizer(HeavyBall)
    assert ov.OPTIMIZERS["HeavyBall"] is info and info.group == "Your own"
    kinds = {name: param.kind for name, param in info.params.items()}
    assert isinstance(kinds["lr"], Float) and kinds["lr"].log
    assert isinstance(kinds["betas"], Tuple) and len(kinds["betas"].kinds) == 2
    assert isinstance(kinds["rounds"], Int) and isinstance(kinds["floor"], Float)
    assert kinds["uphill"] == Flag() and kinds["norm"] == Choice(("one", "two"))
    assert isinstance(kinds["limit"], Maybe) and isinstance(kinds["limit"].kind, Float)
    assert "callback" in info.note and "foreach" not in info.note and "kwargs" not in info.note
    assert info.params["betas"].default == (0.9, 0.5) and info.teaches == "Momentum as Polyak wrote it."


@pytest.mark.parametrize("params", [{}, {"lr": 1e-4, "betas": (0.5, 0.1)}, {"uphill": True, "lr": 1e-5}])
def test_a_run_is_the_loop_that_its_author_would_write(params: dict) -> None:
    ov.register_optimizer(HeavyBall)
    params = {"lr": 5e-4, **params}
    (run,) = ov.run(experiment("Rosenbrock", competitor("HeavyBall", params), steps=40), "cpu")
    theta = torch.tensor((-1.2, 1.0), requires_grad=True)
    optimizer = HeavyBall([theta], **params)
    surface = ov.surface(ov.SurfaceSpec("Rosenbrock"))
    for step in range(40):
        np.testing.assert_array_equal(run.points[step], theta.detach().numpy())
        optimizer.zero_grad()
        surface(theta).backward()
        optimizer.step()
        np.testing.assert_array_equal(run.state["velocity"][step], optimizer.state[theta]["velocity"].numpy())


def test_it_is_in_links_files_maps_and_schedules() -> None:
    ov.register_optimizer(HeavyBall)
    schedule = ov.SchedulerSpec("StepLR", {"step_size": 10})
    run = competitor("HeavyBall", {"lr": 1e-4, "norm": "one"}, scheduler=schedule, frozen=("x",))
    exp = experiment("Rosenbrock", run, steps=40)
    assert ov.Experiment.from_url(exp.to_url()) == exp == ov.Experiment.from_json(exp.to_json())
    (run,) = ov.run(exp, "cpu")
    assert len(set(run.lrs)) == 4
    exp = experiment("Rosenbrock", competitor("HeavyBall", {"lr": 1e-4}), steps=40)
    many = ov.run_many(exp, [(-1.2, 1.0), (0.5, 0.5)], record="paths", device="cpu")
    np.testing.assert_array_equal(many.paths[0], ov.run(exp, "cpu")[0].points)
    basins = ov.basins(exp, resolution=2, device="cpu")
    assert ov.run(basins.at(1, 0), "cpu")[0].final_loss == basins.losses[1, 0]


@pytest.mark.parametrize(
    ("make", "how", "words"),
    [
        (dict, {}, "no optimizer"),
        (HeavyBall, {"name": "Adam"}, "already"),
        (HeavyBall, {"name": "two words"}, "word"),
        (HeavyBall, {"name": "Größe"}, "ASCII"),
    ],
)
def test_what_is_wrong_is_said(make, how, words) -> None:
    with pytest.raises(ValueError, match=words):
        ov.register_optimizer(make, **how)


def test_what_has_no_default_has_to_be_given() -> None:
    class Planned(HeavyBall):
        def __init__(self, params, horizon: int, lr: float = 0.1) -> None:
            super().__init__(params, lr)
            self.horizon = horizon

    with pytest.raises(ValueError, match="horizon"):
        ov.register_optimizer(Planned)
    info = ov.register_optimizer(Planned, given={"horizon": 7})
    run = competitor("Planned", {"lr": 1e-4})
    assert ov.run(experiment("Booth", run, start=(1.0, 1.0), steps=3), "cpu")[0].steps == 3
    assert info.params["horizon"].default == 7


def test_what_is_registered_for_a_while_is_gone_afterwards() -> None:
    before = list(ov.OPTIMIZERS)
    with pytest.raises(RuntimeError, match="in the middle"), ov.OPTIMIZERS.temporarily():  # noqa: PT012
        ov.register_optimizer(HeavyBall)
        assert list(ov.OPTIMIZERS) == [*before, "HeavyBall"]
        raise RuntimeError("in the middle")
    assert list(ov.OPTIMIZERS) == before
    with ov.SURFACES.temporarily():
        register_surface(replace(ov.SURFACES["Booth"], name="Booth again"))
        assert ov.surface(ov.SurfaceSpec("Booth again")).minimum == 0
    assert "Booth again" not in ov.SURFACES


def test_a_class_without_a_rate_is_refused() -> None:
    class Bare(HeavyBall):
        def __init__(self, params) -> None:
            super().__init__(params)

    with pytest.raises(ValueError, match="learning rate"):
        ov.register_optimizer(Bare)


# -- pytorch-optimizer ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package() -> ModuleType:
    """Not at the head of this file: it takes seconds to load."""
    return pytest.importorskip("pytorch_optimizer", reason="pytorch-optimizer is not installed")


@pytest.fixture(scope="module")
def own(package: ModuleType) -> list[type[Optimizer]]:
    """What is the package's, and not torch's."""
    makes = map(package.load_optimizer, package.get_supported_optimizers())
    return [make for make in makes if not make.__module__.startswith("torch.")]


@pytest.fixture
def registered(package: ModuleType, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    monkeypatch.setattr(third_party, "is_installed", lambda: True)
    return third_party.register_pytorch_optimizers()


@pytest.mark.slow
def test_every_optimizer_of_the_package_runs_or_says_why_not(
    package: ModuleType, own: list[type[Optimizer]], registered: tuple[str, ...]
) -> None:
    there = {ov.OPTIMIZERS[name].make for name in registered}
    left = {make.__name__ for make in own if make not in there}
    assert left == set(third_party.UNABLE)
    assert len(registered) + len(package.get_supported_optimizers()) - len(own) >= 110
    for name in registered:
        run = competitor(name)
        (found,) = ov.run(experiment("Rosenbrock", run, steps=20), "cpu")
        assert found.steps == 20 or found.outcome.kind == "diverged", name
        moved = np.abs(found.points - found.points[0]).max()
        assert moved > 0 or name == "DAdaptAdan", name  # which begins with a millionth of a step


def test_registering_them_again_changes_nothing(registered: tuple[str, ...]) -> None:
    before = list(ov.OPTIMIZERS.items())
    assert third_party.register_pytorch_optimizers() == registered
    assert list(ov.OPTIMIZERS.items()) == before


def test_those_that_cannot_really_cannot(own: list[type[Optimizer]]) -> None:
    for make in own:
        if make.__name__ not in third_party.UNABLE:
            continue
        for matrix in (False, True):
            with pytest.raises((ValueError, ImportError, ImportWarning)):  # noqa: PT012
                ov.register_optimizer(make, name=f"{make.__name__}Again{matrix}", matrix=matrix)
                run = competitor(f"{make.__name__}Again{matrix}")
                exp = experiment("Rosenbrock", run, steps=5)
                (found,) = ov.run(exp, "cpu")
                if (found.points == found.points[0]).all():
                    raise ValueError("It does not move.")


@pytest.mark.parametrize("name", ["Lion", "AdaBelief", "SGDP", "Ranger21", "ASGD_pytorch_optimizer"])
def test_their_runs_are_their_own(name: str, registered: tuple[str, ...]) -> None:
    assert name in registered
    info = ov.OPTIMIZERS[name]
    (run,) = ov.run(experiment("Booth", competitor(name), start=(1.0, 2.0), steps=15), "cpu")
    theta = torch.tensor((1.0, 2.0), requires_grad=True)
    torch.manual_seed(0)
    optimizer = info.make([theta], **info.given)
    surface = ov.surface(ov.SurfaceSpec("Booth"))
    for step in range(15):

        def closure() -> torch.Tensor:
            optimizer.zero_grad()
            with torch.enable_grad():
                loss = surface(theta)
                loss.backward()
            return loss

        optimizer.step(closure)
        np.testing.assert_array_equal(run.points[step + 1], theta.detach().numpy())


@pytest.mark.slow
def test_their_runs_are_scripts_too(registered: tuple[str, ...], tmp_path) -> None:
    names = ("Lion", "AdaBelief", "ASGD_pytorch_optimizer")
    runs = tuple(competitor(name) for name in names)
    exp = experiment("Booth", *runs, start=(1.0, 2.0), steps=8)
    script = tmp_path / "script.py"
    script.write_text(ov.to_script(exp), encoding="utf-8")
    printed = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    found = [line.split() for line in printed.splitlines() if line[:1].isdigit()]
    expected = np.concatenate([run.points for run in ov.run(exp, "cpu")])
    np.testing.assert_array_equal(np.array([row[1:3] for row in found], float).astype("float32"), expected)


def test_the_reasons_are_sentences() -> None:
    assert all(reason.endswith(".") and len(reason) < 100 for reason in third_party.UNABLE.values())
    assert inspect.getdoc(ov.register_pytorch_optimizers)
