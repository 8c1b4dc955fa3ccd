"""The learning rate that entered each step, found by experiment: what changes when it does?"""

from __future__ import annotations

import numpy as np
import pytest
import torch

import optviz as ov
from builders import competitor, experiment
from optviz.engine.rates import lr_words, moves, used_lrs
from optviz.optimizers.catalogue import OPTIMIZERS, LrUse
from optviz.player.scene import by_index, scene

BOWL = ov.SurfaceSpec("Quadratic bowl", {"kappa": 3.0})
STEPS = 14
VARIANTS: list[tuple[str, dict]] = [
    # LBFGS with its defaults is there after one step of many iterations.
    *((name, {}) for name, info in OPTIMIZERS.items() if info.is_torchs and name != "LBFGS"),
    ("SGD", {"lr": 0.02, "momentum": 0.9}),
    ("Adagrad", {"lr": 0.5, "lr_decay": 0.3}),
    ("Adafactor", {"lr": 0.4}),
    ("ASGD", {"lr": 0.02, "lambd": 0.1}),
    ("LBFGS", {"lr": 0.1, "max_iter": 1}),
]
SCHEDULERS: dict[str, dict] = {
    "StepLR": {"step_size": 4, "gamma": 0.5},
    "CosineAnnealingLR": {"T_max": STEPS},
    "LinearLR": {"start_factor": 0.3, "total_iters": 5},
    "ExponentialLR": {"gamma": 0.8},
}


def walked(name: str, params: dict, scheduler: ov.SchedulerSpec | None, **rest) -> ov.Trajectory:
    run = competitor(name, params, scheduler=scheduler, **rest)
    return ov.run(experiment(BOWL, run, start=(2.0, 1.5), steps=STEPS, dtype="float64"), "cpu")[0]


def differ_from(one: np.ndarray, other: np.ndarray) -> int:
    """The first row in which two arrays differ; their length where none does. NaN equals NaN."""
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    rows = np.flatnonzero(~same.reshape(len(same), -1).all(axis=1))
    return int(rows[0]) if len(rows) else len(same)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize(("name", "params"), VARIANTS)
def test_points_change_with_the_first_rate_that_is_said_to_be_used(name, params, scheduler) -> None:
    """A run with a scheduler leaves the one without at the very step where the used rates do."""
    plain = walked(name, params, None)
    moved = walked(name, params, ov.SchedulerSpec(scheduler, SCHEDULERS[scheduler]))
    steps = min(plain.steps, moved.steps)
    rates = differ_from(used_lrs(plain)[:steps], used_lrs(moved)[:steps])
    points = differ_from(plain.points[1 : steps + 1], moved.points[1 : steps + 1])
    assert points == rates


def test_each_kind_is_used_as_torch_itself_uses_it() -> None:
    """A bare loop that halves lr before step k: the first step that it changes."""
    expected = {LrUse.EACH: 0, LrUse.FALLS: 0, LrUse.CAP: 0, LrUse.TRIAL: 0, LrUse.LATE: 1, LrUse.FIRST: None}
    for name, info in OPTIMIZERS.items():
        if not info.is_torchs:
            continue
        for k in (1, 2, 3):
            whole, halved = (bare(info, name, at) for at in (None, k))
            first = differ_from(whole, halved)
            use = expected[info.lr_use]
            assert first == (len(whole) if use is None else k + 1 + use), (name, k)


def bare(info, name: str, halved_at: int | None) -> np.ndarray:
    theta = torch.tensor([[2.0, 1.5]] if info.matrix else [2.0, 1.5], dtype=torch.float64, requires_grad=True)
    optimizer = info.make([theta], **{"lr": 0.01, **({"max_iter": 1} if name == "LBFGS" else {})})
    points = [theta.detach().flatten().numpy().copy()]

    def closure():
        optimizer.zero_grad()
        x, y = theta.flatten()
        loss = x**2 + 3 * y**2 + 0.1 * x**4
        loss.backward()
        return loss

    for step in range(8):
        if step == halved_at:
            optimizer.param_groups[0]["lr"] *= 0.5
        optimizer.step(closure)
        points.append(theta.detach().flatten().numpy().copy())
    return np.array(points)


def test_asgds_rate_is_the_one_that_its_steps_have() -> None:
    """Without shrinking, a step is that rate times the gradient."""
    schedule = ov.SchedulerSpec("StepLR", {"step_size": 3, "gamma": 0.5})
    for reset in (None, 5):
        path = walked("ASGD", {"lr": 0.02, "lambd": 0.0}, schedule, reset_every=reset)
        lengths = np.linalg.norm(np.diff(path.points, axis=0), axis=1)
        np.testing.assert_allclose(lengths / path.gradient_norms[:-1], used_lrs(path), rtol=1e-6)
        assert not np.allclose(used_lrs(path), path.lrs)


def test_adagrads_rate_is_divided_and_adafactors_is_capped() -> None:
    path = walked("Adagrad", {"lr": 0.5, "lr_decay": 0.3}, None)
    sums = np.sqrt(np.cumsum(path.gradients[:-1] ** 2, axis=0))
    rates = -np.diff(path.points, axis=0) * sums / path.gradients[:-1]
    np.testing.assert_allclose(rates, np.repeat(used_lrs(path)[:, None], 2, axis=1), rtol=1e-6)
    path = walked("Adafactor", {"lr": 0.4}, None)
    assert used_lrs(path)[:6].tolist() == [0.4] * 6 and used_lrs(path)[8] == pytest.approx(1 / 3)


def test_what_is_drawn_is_what_was_used_or_it_is_said_that_none_was() -> None:
    half = ov.SchedulerSpec("StepLR", {"step_size": 4, "gamma": 0.5})
    runs = [competitor(name, scheduler=half) for name in ("Rprop", "ASGD", "SGD", "LBFGS")]
    exp = experiment(BOWL, *runs, start=(2.0, 1.5), steps=STEPS)
    paths = ov.run(exp, "cpu")
    figure = ov.lr_figure(exp, paths)
    for trace, path in zip((t for t in figure.data if t.showlegend is not False), paths, strict=False):
        np.testing.assert_allclose(np.asarray(trace.y, dtype=float)[1:], used_lrs(path))
    rprop, asgd, sgd, lbfgs = (run["rate"] for run in scene(exp, by_index(exp, paths)).data["runs"])
    assert (
        rprop["words"].startswith("Rprop uses the learning rate in its first step only")
        and not rprop["moves"]
    )
    assert "one step after" in asgd["words"] and "line search" in lbfgs["words"]
    assert sgd == {"moves": True, "words": ""}
    assert np.isnan(used_lrs(paths[0])[1:]).all()
    assert ov.lr_figure(exp, paths[:1]) is None, "a curve of a rate that no step used"


def test_where_what_was_set_is_used_nothing_is_said() -> None:
    for name, params in VARIANTS[:3]:
        path = walked(name, params, ov.SchedulerSpec("StepLR", {"step_size": 4}))
        assert lr_words(path) == "" and moves(used_lrs(path))
    for name in ("Rprop", "LBFGS", "ASGD", "Adafactor"):
        assert lr_words(walked(name, {}, None)) == "", "no scheduler, and nothing that can be seen"
