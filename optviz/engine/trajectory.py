"""Results: host arrays, and numbers derived from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optviz.engine.outcome import Array, Outcome
from optviz.spec.experiment import RunSpec, SurfaceSpec
from optviz.surfaces.problem import Domain
from optviz.version import __version__

Floats = NDArray[np.floating[Any]]
"""Numbers in the run's own dtype, float32 or float64."""


@dataclass(frozen=True)
class MadeWith:
    """What the numbers were computed with."""

    torch: str
    device: str
    dtype: str
    threads: int
    optviz: str = __version__

    @property
    def words(self) -> str:
        """The same in a sentence, which goes into files."""
        used = f"torch {self.torch}, {self.device}, {self.dtype}"
        return f"Real runs of torch.optim ({used}), shown by optviz {self.optviz}."


@dataclass(frozen=True)
class Summary:
    """A run in a few numbers: a row of the results table."""

    name: str
    final_loss: float
    best_loss: float
    """The lowest finite loss on the path; NaN where there is none."""
    distance: float
    """From the last point to the nearest minimizer, in units of x and y; inf where there is none."""
    steps_to_reach: int | None
    """The first step nearer than `within` to a minimizer, as `arrivals` counts; None where none was."""
    within: float
    """The distance, in units of x and y, that counts as reached."""
    evals: int
    path_length: float
    outcome: Outcome


def distances(points: Array, minimizers: Sequence[Sequence[float]] | Array) -> Array:
    """The distance from each point to the nearest minimizer.

    Args:
        points: (..., D)
        minimizers: (m, D) in the same units.

    Returns:
        (...); inf where there is no minimizer.
    """
    nearest: Array = np.full(points.shape[:-1], np.inf)
    with np.errstate(over="ignore", invalid="ignore"):  # where a run diverged
        for minimizer in minimizers:
            # Axis by axis: over a last axis of two numbers NumPy's own norm takes many times as long.
            squares = sum((points[..., axis] - number) ** 2 for axis, number in enumerate(minimizer))
            nearest = np.minimum(nearest, squares)
    return np.sqrt(nearest)


def arrivals(distances: Array, within: float) -> NDArray[np.int64]:
    """The step at which each run reaches a minimizer: the first whose point is nearer to one than `within`.

    Everything that says how soon a run arrives asks here. A run may leave again: `Outcome` says how it ended.

    Args:
        distances: (n+1, ...) from each point to the nearest minimizer.
        within: The distance that counts as reached, in the same units.

    Returns:
        (...); -1 for a run that never is so near.
    """
    near = distances < within
    return np.where(near.any(axis=0), near.argmax(axis=0), -1)


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane through the space of a network's D weights: what a picture of it shows."""

    surface: SurfaceSpec
    """The network."""
    origin: Array
    """(D,) the weights at (0, 0)."""
    u: Array
    """(D,) what x = 1 adds to them; `u` and `v` are orthonormal unless they are random."""
    v: Array
    """(D,) what y = 1 adds to them."""
    shares: tuple[float, float]
    """How much of the variance of all points lies along each; NaN where the directions are random, or nothing
    moved."""
    domain: Domain
    """A square around the paths that are projected on it."""
    is_random: bool

    def coordinates(self, theta: Array) -> tuple[Array, Array]:
        """Where weights are seen: the nearest points of the plane, and the distances to them.

        Args:
            theta: (k, D) weights.

        Returns:
            Points (k, 2) of the plane, and distances (k,).
        """
        basis = np.stack((self.u, self.v))
        with np.errstate(invalid="ignore", over="ignore"):  # where a run diverged
            gaps = theta.astype(np.float64) - self.origin
            points: Array = gaps @ np.linalg.pinv(basis)
            off: Array = np.linalg.norm(gaps - points @ basis, axis=1)
        return points, off

    def shadow(self, vectors: Floats) -> Array:
        """The projections of vectors on the plane.

        Args:
            vectors: (k, D) steps or gradients.

        Returns:
            (k, 2) in coordinates of the plane.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            seen: Array = vectors.astype(np.float64) @ np.linalg.pinv(np.stack((self.u, self.v)))
        return seen

    def weights(self, points: Array) -> Array:
        """The weights at points of the plane.

        Args:
            points: (k, 2) in coordinates of the plane.

        Returns:
            (k, D)
        """
        theta: Array = self.origin + np.asarray(points, dtype=np.float64) @ np.stack((self.u, self.v))
        return theta


@dataclass(frozen=True, eq=False)
class Trajectory:
    """One run of one optimizer: the start and what each of its n steps did.

    Steps have the same numbers everywhere, in sentences, tables, curves and pictures: step 0 is the start,
    and step k is where the run is after k steps, `points[k]`. What led from step k to step k+1 is row k of
    what has n rows; a table that has it beside points has it beside the one that it led to, step k+1.

    Of a network, D is the number of its weights, and `points` is where they are seen on a `plane`. All else
    is at the true weights. For surfaces of two numbers D is 2.

    n is smaller than the experiment's steps where the run diverged: the path ends at the first point that is
    not finite, lies beyond reach or has no finite loss. It is also where the optimizer or its scheduler
    failed after some steps, which `outcome` says: these are kept.
    """

    index: int
    """The competitor's index in its experiment, counted from 0: it decides colour and order."""
    run: RunSpec
    points: Floats
    """(n+1, 2) the start first, in the run's dtype; in float64 where they are projected on a plane."""
    losses: Array
    """(n+1,) the surface's own loss at each point, in float64."""
    gradients: Array
    """(n+1, D) the surface's own gradient at each point, in float64."""
    seen_gradients: Floats
    """(n, D) what the optimizer was given at each step (first closure call): noise, clipping and left-over
    gradients included; 0 for a frozen parameter, which it is not given at all."""
    seen_losses: Floats
    """(n,) the loss of that call."""
    lrs: Array
    """(n,) the learning rate that was set for each step, by the settings and the scheduler: some optimizers
    use another, which `optviz.engine.rates.used_lrs` says."""
    hyperparameters: Mapping[str, Array]
    """What else a scheduler set: momentum (n,) or betas (n, 2), as each step used it."""
    evals: NDArray[np.int64]
    """(n+1,) evaluations of the loss so far."""
    epochs: NDArray[np.int64]
    """(n,) the epoch that each step belongs to, counted from 0: how often all examples had been seen before
    it. Without minibatches each step is an epoch."""
    state: Mapping[str, Floats]
    """torch's own state after each step, by torch's names: (n, *shape); NaN before it exists. Where the
    optimizer was given several tensors, the place of each comes first: "0.exp_avg", "1.exp_avg"."""
    unrecorded: tuple[str, ...]
    """Names in torch's state that are neither tensors of a fixed shape nor numbers."""
    outcome: Outcome
    made_with: MadeWith
    names: tuple[str, ...] = ("x", "y")
    """What the two numbers of a point are called."""
    parameters: Floats | None = None
    """(n+1, D) all weights of a network, in the run's dtype, in the order of `module.parameters()`; None for
    surfaces of two numbers, whose points are all there is."""
    off_plane: Array | None = None
    """(n+1,) how far the weights are from the plane that they are seen on."""
    plane: Plane | None = None

    @property
    def theta(self) -> Floats:
        """(n+1, D) all numbers of each point: `points`, or the `parameters` of a network."""
        return self.points if self.parameters is None else self.parameters

    @property
    def gradient_norms(self) -> Array:
        """(n+1,) the length of the surface's own gradient at each point, in all D directions."""
        norms: Array = np.linalg.norm(self.gradients, axis=1)
        return norms

    @property
    def name(self) -> str:
        """What the competitor is called."""
        return self.run.name

    @property
    def steps(self) -> int:
        """n, the number of steps taken."""
        return len(self.points) - 1

    @property
    def final_loss(self) -> float:
        """The loss at the last point."""
        return float(self.losses[-1])

    @property
    def best_loss(self) -> float:
        """The lowest finite loss on the path; NaN where there is none."""
        finite = self.losses[np.isfinite(self.losses)]
        return float(finite.min()) if len(finite) else np.nan

    @property
    def path_length(self) -> float:
        """The sum of the lengths of all steps, in the surface's own units."""
        return float(np.linalg.norm(np.diff(self.theta.astype(np.float64), axis=0), axis=1).sum())

    def summary(self, minimizers: tuple[tuple[float, float], ...], within: float) -> Summary:
        """This run in a few numbers.

        Args:
            minimizers: Points (x, y), as a surface declares them.
            within: The distance from a minimizer, in units of x and y, that counts as having reached it.

        Returns:
            A row of the table of results.
        """
        away = self.distances(minimizers)
        reached = int(arrivals(away, within))
        return Summary(
            name=self.name,
            final_loss=self.final_loss,
            best_loss=self.best_loss,
            distance=float(away[-1]),
            steps_to_reach=None if reached < 0 else reached,
            within=within,
            evals=int(self.evals[-1]),
            path_length=self.path_length,
            outcome=self.outcome,
        )

    def distances(self, minimizers: tuple[tuple[float, float], ...]) -> Array:
        """The distance from each point to the nearest minimizer.

        Args:
            minimizers: Points (x, y), as a surface declares them.

        Returns:
            (n+1,) in units of x and y; inf where there are no minimizers.
        """
        return distances(self.theta.astype(np.float64), minimizers)

    def _repr_html_(self) -> str:
        from optviz.notebooks import trajectory_html

        return trajectory_html(self)


@dataclass(frozen=True, eq=False)
class Reference:
    """The path of one run by another convention than torch's, to be drawn beside it and never as torch's."""

    index: int
    """Which competitor of its experiment it is a reference for, counted from 0."""
    convention: str
    """Its name among the optimizer's conventions."""
    title: str
    """What a legend says; always that it is not torch."""
    points: Floats
    """(n+1, 2) the start first, in the run's dtype; n < steps where it diverged or was stopped."""
    losses: Array
    """(n+1,) the surface's own loss at each point, in float64."""
    parameters: Floats | None = None
    """(n+1, D) all weights of a network, whose points are only known on a plane; None for two numbers."""

    def seen_on(self, plane: Plane | None) -> Floats:
        """The points of the path, for a network projected on a plane.

        Args:
            plane: The plane, or None.

        Returns:
            (n+1, 2)
        """
        if plane is None or self.parameters is None:
            return self.points
        return plane.coordinates(self.parameters.astype(np.float64))[0]


@dataclass(frozen=True, eq=False)
class Ensemble:
    """One optimizer from N starts; each row equals its single run to the bit."""

    index: int
    """Which competitor of its experiment ran, counted from 0."""
    starts: Floats
    """(N, 2) in the run's dtype."""
    ends: Floats
    """(N, 2) the last point of each run: where it diverged, its first point beyond reach or without a
    finite loss."""
    losses: Array
    """(N,) the surface's own loss at the ends, in float64."""
    steps: NDArray[np.int64]
    """(N,) steps taken by each run: fewer than the experiment's where it diverged, or where the optimizer or
    its scheduler failed after some."""
    diverged: NDArray[np.bool_]
    """(N,)"""
    paths: Floats | None
    """(N, steps+1, 2) with record="paths", else None. What follows a divergence is as torch left it."""
    made_with: MadeWith

    def take(self, order: NDArray[np.int64]) -> Ensemble:
        """Some of the runs.

        Args:
            order: (k,) their places.

        Returns:
            An ensemble of k runs, in this order.
        """
        arrays = ("starts", "ends", "losses", "steps", "diverged")
        paths = None if self.paths is None else self.paths[order]
        return replace(self, **{name: getattr(self, name)[order] for name in arrays}, paths=paths)


@dataclass(frozen=True, eq=False)
class Grid:
    """A surface's losses over a rectangle, in float64."""

    x: Array
    """(nx,) ascending."""
    y: Array
    """(ny,) ascending."""
    z: Array
    """(ny, nx), so that z[j, i] is the loss at (x[i], y[j])."""
