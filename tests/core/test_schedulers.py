"""The registry says of torch's schedulers what torch says, and a new torch that says more fails here."""

from __future__ import annotations

import inspect

import pytest
import torch
from torch.optim import lr_scheduler

import optviz as ov
from optviz.optimizers.schedulers import EXCLUDED, PLUMBING


def torchs_schedulers() -> set[str]:
    classes = ((name, getattr(lr_scheduler, name)) for name in dir(lr_scheduler) if not name.startswith("_"))
    kinds = (lr_scheduler.LRScheduler, lr_scheduler.ReduceLROnPlateau)
    return {name for name, item in classes if inspect.isclass(item) and issubclass(item, kinds)}


def test_every_scheduler_of_torch_has_a_row_or_a_reason() -> None:
    assert torchs_schedulers() == ov.SCHEDULERS.keys() | EXCLUDED.keys()
    assert not ov.SCHEDULERS.keys() & EXCLUDED.keys() and all(EXCLUDED.values())


@pytest.mark.parametrize("name", ov.SCHEDULERS)
def test_every_argument_is_declared_with_torchs_default(name: str) -> None:
    arguments = inspect.signature(getattr(lr_scheduler, name)).parameters
    info = ov.SCHEDULERS[name]
    assert arguments.keys() - PLUMBING == info.params.keys()
    assert info.name == name and info.teaches.endswith(".")
    for key, param in info.params.items():
        assert param.help.endswith(".")
        if arguments[key].default is inspect.Parameter.empty:
            assert key in info.required
        else:
            assert param.default == arguments[key].default
            assert param.kind.check(param.default) == param.default


@pytest.mark.parametrize("steps", [1, 2, 7, 300, 5000])
@pytest.mark.parametrize("name", ov.SCHEDULERS)
def test_one_click_is_enough(name: str, steps: int) -> None:
    """A scheduler without any argument runs for the whole experiment, within its declared ranges."""
    info = ov.SCHEDULERS[name]
    settings = info.settings(ov.SchedulerSpec(name), steps, 0.1)
    for key, value in settings.items():
        assert info.params[key].kind.check(value) == value
    optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=0.1, momentum=0.9)
    scheduler = info.build(ov.SchedulerSpec(name), optimizer, steps)
    for step in range(min(steps, 300) if info.reads_loss else steps):
        optimizer.step()
        scheduler.step(float(step)) if info.reads_loss else scheduler.step()
    assert optimizer.param_groups[0]["lr"] >= 0


def test_one_cycle_takes_epochs_instead_of_steps() -> None:
    spec = ov.SchedulerSpec("OneCycleLR", {"epochs": 10, "steps_per_epoch": 30})
    assert "total_steps" not in ov.SCHEDULERS["OneCycleLR"].settings(spec, 300, 0.1)
    optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=0.1, momentum=0.9)
    assert ov.SCHEDULERS["OneCycleLR"].build(spec, optimizer, 300).total_steps == 300


def test_warmup_takes_its_steps_from_what_follows() -> None:
    settings = ov.SCHEDULERS["CosineAnnealingLR"].settings(
        ov.SchedulerSpec("CosineAnnealingLR", {}, 50), 300, 0.1
    )
    assert settings == {"T_max": 250}
    refused = {name for name, info in ov.SCHEDULERS.items() if not info.takes_warmup}
    assert refused == {"CyclicLR", "OneCycleLR", "ReduceLROnPlateau"}


@pytest.mark.parametrize("name", ov.SCHEDULERS)
def test_the_reason_against_a_warmup_is_true(name: str) -> None:
    info = ov.SCHEDULERS[name]
    assert bool(info.no_warmup) != info.takes_warmup
    optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=0.1, momentum=0.9)
    scheduler = info.build(
        ov.SchedulerSpec(name, {"max_lr": 0.5} if "max_lr" in info.params else {}), optimizer, 9
    )
    if "sets the rate from its first step" in info.no_warmup:
        assert optimizer.param_groups[0]["lr"] != 0.1
    elif info.no_warmup:
        assert "SequentialLR does not pass on" in info.no_warmup
        warmup = lr_scheduler.LinearLR(optimizer)
        with pytest.raises(ValueError, match="SequentialLR does not support"):
            lr_scheduler.SequentialLR(optimizer, [warmup, scheduler], [3])  # type: ignore[list-item]
