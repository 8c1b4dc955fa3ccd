"""Where a step stops being stable: the largest curvature along a path, and what the optimizer can bear.

On a quadratic a step is stable while every eigenvalue of the Hessian is below a threshold that follows from
the hyperparameters; elsewhere the threshold tells where a path begins to bounce (Cohen et al. 2021, Gradient
descent on neural networks typically occurs at the edge of stability). An optimizer that divides by D has the
same thresholds for D^-1/2 H D^-1/2 (Cohen et al. 2022, Adaptive gradient methods at the edge of stability).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from optviz.engine.outcome import Array
from optviz.engine.planes import trained_weights
from optviz.engine.rates import used_lrs
from optviz.engine.request import competitor
from optviz.engine.sampling import hessians, largest_curvatures
from optviz.engine.trajectory import Trajectory
from optviz.optimizers.catalogue import optimizer_info
from optviz.spec.display import ShownAsFigure
from optviz.spec.experiment import Experiment
from optviz.surfaces.catalogue import surface

_MOST, _FEWEST = 400, 24
"""Points of a network's path whose curvature is evaluated, at most and at least."""
_UNITS = 3200
"""Units × points that take a second or two."""


@dataclass(frozen=True, eq=False)
class Stability(ShownAsFigure):
    """The largest eigenvalue at each of n+1 points and the threshold of the step that begins there."""

    curvature: Array
    """(n+1,) the largest eigenvalue of the Hessian, of the parameters that are not frozen."""
    sharpness: Array
    """(n+1,) what the threshold is about: the largest eigenvalue of the Hessian that the optimizer sees, with
    its weight decay and divided by what it divides by. NaN at the last point, and where nothing is known."""
    threshold: Array
    """(n+1,) the largest sharpness at which such a step is stable on a quadratic. NaN as above."""
    formula: str
    """The threshold as text; empty where none is known."""
    sees: str = ""
    """What the sharpness is the largest of: the "curvature" itself, or what the optimizer makes of it."""
    words: str = ""
    """What is true of steps with a sharpness above the threshold, in a sentence."""

    def _figure(self) -> Any:
        from optviz.figures.curves import stability_figure

        return stability_figure(self)


def sgd_limit(lr: Any, momentum: Any = 0.0, dampening: Any = 0.0, nesterov: bool = False) -> Any:
    """The largest curvature λ for which torch's SGD is stable on a quadratic; numbers or arrays.

    It is 2(1 + β) / (lr (1 - dampening)) with heavy-ball momentum β, which takes the gradient with that
    factor. With nesterov it is (2 + 2β) / ((1 + 2β) lr): there the polynomial of the recurrence, z² -
    (1+β)(1-lr·λ) z + β (1-lr·λ), gets a root below -1.
    """
    momentum = np.asarray(momentum, dtype=np.float64)
    with np.errstate(divide="ignore"):
        if nesterov:
            return (2 + 2 * momentum) / ((1 + 2 * momentum) * lr)
        # torch's first step, and every step without momentum, has no dampening.
        return 2 * (1 + momentum) / (lr * np.where(momentum == 0, 1.0, 1 - dampening))


def stability(experiment: Experiment, trajectory: Trajectory) -> Stability:
    """The largest curvature along a path, and the largest that the optimizer can bear.

    Thresholds are known for SGD, ASGD, Adam, AdamW (without its decay, which is apart from the gradient),
    RMSprop and Adagrad; not where torch walks uphill, gradients add up, or the optimizer is built anew on the
    way and forgets. Of a network the Hessian is that of all its weights, and on a long path only every k-th
    point is evaluated, but at least 24.

    Args:
        experiment: The experiment that the trajectory belongs to.
        trajectory: n steps.

    Returns:
        Curvature, sharpness and threshold, (n+1,) each, and the threshold's formula.

    Source:
        Cohen et al. (2021), Gradient descent on neural networks typically occurs at the edge of stability;
        Cohen et al. (2022), Adaptive gradient methods at the edge of stability.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.1}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> edge = ov.stability(exp, ov.run_one(exp, 0, device="cpu"))
        >>> edge.formula, float(edge.curvature[0]), float(edge.threshold[0])
        ('2 / lr', 18.0, 20.0)
    """
    spec = trajectory.run
    bends = _Network(experiment, trajectory) if trajectory.plane else _Pair(experiment, trajectory)
    curvature = bends.largest(np.ones((len(trajectory.points), sum(bends.free))), 0.0)
    rule = _RULES.get(spec.optimizer.name)
    nothing = np.full(len(curvature), np.nan)
    settings: dict[str, Any] = optimizer_info(spec.optimizer).complete(spec.optimizer)
    forgets = spec.reset_every is not None
    if rule is None or settings["maximize"] or not spec.zero_grad or forgets or settings.get("centered"):
        return Stability(curvature, nothing, nothing, "")
    known = _Known(trajectory, settings, list(bends.free))
    divisor, limit, formula, words = rule(known)
    decay = (0.0 if known.apart else settings["weight_decay"]) + settings.get("lambd", 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 1 / np.sqrt(np.broadcast_to(divisor, (trajectory.steps, sum(bends.free))))
    sharpness = bends.largest(scale, decay)
    sees = "preconditioned curvature" if words is _DIVIDED else "curvature"
    sees += " with decay" if decay else ""
    sees += (
        " of all trained weights" if trajectory.plane else "" if all(bends.free) else " of what is not frozen"
    )
    return Stability(curvature, np.append(sharpness, np.nan), np.append(limit, np.nan), formula, sees, words)


class _Pair:
    """How a surface of two numbers bends along a path."""

    def __init__(self, experiment: Experiment, trajectory: Trajectory) -> None:
        self.free = np.array([name not in trajectory.run.frozen for name in trajectory.names])
        points = trajectory.points.astype(np.float64)
        self._matrices = hessians(experiment.surface, points)[:, self.free][:, :, self.free]

    def largest(self, scale: Array, decay: float) -> Array:
        """(k,) the largest eigenvalue of S (H + decay) S at the first k points; `scale` (k, d) is S."""
        seen = self._matrices[: len(scale)] + decay * np.eye(self._matrices.shape[1])
        with np.errstate(invalid="ignore"):
            return _largest(seen * (scale[:, :, None] * scale[:, None, :]))


class _Network:
    """How the loss of a network bends, along a path through its weights.

    On a long path only every k-th point is evaluated, at most `_MOST` and fewer of a large network; each
    stands for those up to the next.
    """

    def __init__(self, experiment: Experiment, trajectory: Trajectory) -> None:
        self.free = trained_weights(experiment, trajectory.run)
        self._experiment, self._theta = experiment, trajectory.theta.astype(np.float64)

    def largest(self, scale: Array, decay: float) -> Array:
        """As `_Pair.largest`."""
        data = surface(self._experiment.surface).data
        assert data is not None
        stride = -(-len(scale) // min(max(_UNITS // data.model.units, _FEWEST), _MOST))
        factors = np.zeros((len(scale[::stride]), len(self.free)))
        factors[:, self.free] = scale[::stride]
        theta = self._theta[: len(scale) : stride]
        curvatures = largest_curvatures(self._experiment, theta, factors, decay)
        return np.repeat(curvatures, stride)[: len(scale)]


def _largest(matrices: Array) -> Array:
    """(k,) the largest eigenvalue of each of some symmetric matrices (k, d, d); NaN where not finite."""
    finite = np.isfinite(matrices).all(axis=(1, 2))
    largest = np.full(len(matrices), np.nan)
    largest[finite] = np.linalg.eigvalsh(matrices[finite])[:, -1] if finite.any() else []
    return largest


class _Known:
    """What each of n steps used."""

    def __init__(self, trajectory: Trajectory, settings: Mapping[str, Any], free: list[bool]) -> None:
        self.settings, self.lrs = settings, used_lrs(trajectory)
        self.apart = trajectory.run.optimizer.name == "AdamW" or settings.get("decoupled_weight_decay", False)
        self._trajectory, self._free = trajectory, free

    def moved(self, name: str) -> Any:
        """A hyperparameter, or what a scheduler put in its place: (n,) or (n, 2)."""
        return self._trajectory.hyperparameters.get(name, np.asarray(self.settings[name], dtype=np.float64))

    def state(self, name: str) -> Array:
        """(n, d) torch's state of the parameters that are not frozen."""
        state = self._trajectory.state
        keys = [f"{place}.{name}" for place in range(len(state))]
        several = [state[key] for key in keys if key in state]
        rows = np.concatenate([values.reshape(len(values), -1) for values in several or [state[name]]], 1)
        rows = rows[: len(self.lrs)].astype(np.float64)
        return rows if rows.shape[1] == sum(self._free) else rows[:, self._free]

    def count(self) -> Array:
        """(n,) how many steps the optimizer has taken since it was built, this one included."""
        state = self._trajectory.state
        column = state.get("step", state.get("0.step"))
        assert column is not None
        return column[: len(self.lrs)].astype(np.float64)


_Rule = Callable[[_Known], tuple[Any, Array, str, str]]
"""What the gradient is divided by, (n, d) or 1, the threshold (n,), its formula and what is true above it."""
_STEPS = "Above it, on a quadratic, each step overshoots the minimum by more than the last."
_SWINGS = "Above it, on a quadratic, the swings grow instead of dying out."
_DIVIDED = (
    "It holds for D^-1/2 H D^-1/2, the Hessian H as it is seen through D, what the step divides the gradient "
    "by. Above it the swings grow while D stays as it is; larger gradients make D larger."
)


def _sgd(known: _Known) -> tuple[Any, Array, str, str]:
    dampening, nesterov = known.settings["dampening"], known.settings["nesterov"]
    momentum = known.moved("momentum")
    limit = np.broadcast_to(sgd_limit(known.lrs, momentum, dampening, nesterov), known.lrs.shape)
    if nesterov:
        return 1.0, limit, "(2 + 2β) / ((1 + 2β) lr)", _SWINGS
    if not np.any(momentum):
        return 1.0, limit, "2 / lr", _STEPS
    formula = "2 (1 + β) / lr" if not dampening else "2 (1 + β) / ((1 - dampening) lr)"
    return 1.0, limit, formula, _SWINGS


def _asgd(known: _Known) -> tuple[Any, Array, str, str]:
    return 1.0, sgd_limit(known.lrs), "2 / eta", _STEPS


def _adam(known: _Known) -> tuple[Any, Array, str, str]:
    betas = np.broadcast_to(known.moved("betas"), (len(known.lrs), 2))
    count = known.count()
    name = "max_exp_avg_sq" if known.settings["amsgrad"] else "exp_avg_sq"
    mean_square = known.state(name) / (1 - betas[:, 1] ** count)[:, None]
    divisor = (np.sqrt(mean_square) + known.settings["eps"]) * (1 - betas[:, 0] ** count)[:, None]
    limit = 2 * (1 + betas[:, 0]) / ((1 - betas[:, 0]) * known.lrs)
    return divisor, limit, "2 (1 + β₁) / ((1 - β₁) lr)", _DIVIDED


def _rmsprop(known: _Known) -> tuple[Any, Array, str, str]:
    momentum = known.moved("momentum")
    divisor = np.sqrt(known.state("square_avg")) + known.settings["eps"]
    limit = np.broadcast_to(sgd_limit(known.lrs, momentum), known.lrs.shape)
    return divisor, limit, "2 (1 + β) / lr" if np.any(momentum) else "2 / lr", _DIVIDED


def _adagrad(known: _Known) -> tuple[Any, Array, str, str]:
    divisor = np.sqrt(known.state("sum")) + known.settings["eps"]
    return divisor, sgd_limit(known.lrs), "2 / lr", _DIVIDED


_RULES: Mapping[str, _Rule] = MappingProxyType(
    {"SGD": _sgd, "ASGD": _asgd, "Adam": _adam, "AdamW": _adam, "RMSprop": _rmsprop, "Adagrad": _adagrad}
)


def constant_curvature(experiment: Experiment) -> float | None:
    """The largest eigenvalue of a Hessian that is the same all over the domain; None where it is not."""
    function = competitor(experiment, 0)[1]
    low, high = np.asarray(function.domain).T
    points = low + (high - low) * np.random.default_rng(0).uniform(size=(16, 2))
    matrices = hessians(experiment.surface, points)
    if not np.isfinite(matrices).all() or not np.allclose(matrices, matrices[0], rtol=1e-9, atol=0):
        return None
    largest = float(_largest(matrices[:1])[0])
    return largest if largest > 0 else None
