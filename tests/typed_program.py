"""A program as a user of optviz writes it: mypy in its strict mode knows what comes back from every call.

`make lint` checks it against the checkout, and test_installed.py runs it and checks it against the installed
package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np
import torch
from numpy.typing import NDArray

import optviz as ov


class Halved(torch.optim.SGD):
    """SGD that halves its learning rate at every step."""

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        loss: float | None = super().step(closure)
        for group in self.param_groups:
            group["lr"] /= 2
        return loss


exp = ov.Experiment(
    surface=ov.SurfaceSpec("Rosenbrock", {"b": 10.0}),
    start=(-1.2, 1.0),
    steps=30,
    runs=(
        ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 1e-3, "momentum": 0.9})),
        ov.RunSpec(
            ov.OptimizerSpec("Adam", {"lr": 0.1, "betas": (0.8, 0.99)}),
            scheduler=ov.SchedulerSpec("CosineAnnealingLR", {"T_max": 30}),
        ),
    ),
)
assert_type(exp.to_json(), str)
assert_type(exp.to_url(ov.View(map=ov.MapSpec("basins"))), str)
assert_type(ov.Experiment.from_url(exp.to_url()), ov.Experiment)

# What happened, as arrays.
trajectories = assert_type(ov.run(exp, device="cpu"), tuple[ov.Trajectory, ...])
sgd, adam = trajectories
assert_type(adam.points, NDArray[np.floating[Any]])
assert_type(adam.losses, NDArray[np.float64])
assert_type(adam.evals, NDArray[np.int64])
assert_type(adam.state["exp_avg"], NDArray[np.floating[Any]])
assert_type(adam.final_loss, float)
assert_type(adam.outcome.kind, str)
assert_type(adam.outcome.step, int)
assert_type(adam.made_with.torch, str)
assert_type(ov.run_one(exp, 1, watch=lambda step: None), ov.Trajectory)
assert_type(
    ov.run_many(exp, [[-1.0, 2.0], [0.0, 0.0]], index=1, device="cpu").ends, NDArray[np.floating[Any]]
)
assert_type(ov.sample(exp.surface, resolution=20).z, NDArray[np.float64])

# What there is.
info = assert_type(ov.OPTIMIZERS["Adam"], ov.OptimizerInfo)
assert_type(list(info.params), list[str])
assert_type(ov.SURFACES["Booth"], ov.SurfaceInfo)
assert_type(ov.surface(exp.surface)(torch.zeros(3, 2)), torch.Tensor)
assert_type(sorted(ov.SCHEDULERS), list[str])

# An optimizer of one's own.
with ov.OPTIMIZERS.temporarily():
    assert_type(ov.register_optimizer(Halved), ov.OptimizerInfo)
    own = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (ov.RunSpec(ov.OptimizerSpec("Halved")),))
    assert_type(ov.run(own, "cpu")[0].lrs, NDArray[np.float64])


# Maps, and how far they are.
def watch(progress: ov.Progress[ov.BasinMap]) -> None:
    assert_type(progress.done, int)
    assert_type(progress.partial(), ov.BasinMap)


basins = assert_type(ov.basins(exp, 1, 8, device="cpu", watch=watch), ov.BasinMap)
assert_type(basins.kinds, NDArray[np.int8])
assert_type(basins.at(0, 0), ov.Experiment)
sweep = ov.sweep(exp, 1, x=("lr", 1e-3, 1.0, 4), y=None, device="cpu", watch=lambda progress: None)
assert_type(sweep, ov.SweepMap)
assert_type(ov.tune(exp, 3, device="cpu").tuned, ov.Experiment)
assert_type(ov.cloud(exp, 1, seeds=4, radius=0.1, device="cpu"), ov.Cloud)
assert_type(ov.stability(exp, sgd), ov.Stability)

# Figures are plotly's.
figure = ov.contour_figure(exp, trajectories, theme="dark")
figure.update_layout(title="Two runs")
ov.basin_figure(basins)
ov.loss_figure(exp, trajectories)

# To take away.
assert_type(ov.to_script(exp), str)
assert_type(ov.to_html(exp, trajectories), str)
assert_type(ov.steps_csv(trajectories), str)
to_image: Callable[..., bytes] = ov.to_image
to_gif: Callable[..., bytes] = ov.to_gif
derivation = ov.derivation(adam)
assert_type(derivation.latex(20) if derivation else "", str)
assert_type([line.text for line in ov.training_loop(exp, 1)], list[str])
