"""Planes through the space of a network's weights: what a picture of its paths is drawn on.

Two principal directions of all points of all paths show most of what moved (Lorch 2016, Visualizing deep
network training trajectories with PCA); two random directions, filter-normalised, are a view that is not
chosen (Li et al. 2018, Visualizing the loss landscape of neural nets).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from optviz.engine.outcome import Array
from optviz.engine.trajectory import Plane, Trajectory
from optviz.spec.experiment import Experiment, RunSpec, SurfaceSpec
from optviz.surfaces.catalogue import surface
from optviz.surfaces.problem import Domain, Point, Surface

if TYPE_CHECKING:
    from optviz.surfaces.models import Part

_ROOM = 0.25
"""Margin around the paths on each side of a picture, as a share of their extent."""
_NARROWEST = 1e-3
"""Least half-width of a picture, in lengths of the initial weights: paths may not move at all."""


def plane(experiment: Experiment, trajectories: Sequence[Trajectory]) -> Plane:
    """The plane on which the paths of a network are drawn, through the weights that all of them begin at.

    Runs that diverged do not count, unless all did, nor do points that are not finite.

    Args:
        experiment: An experiment on a network.
        trajectories: Trajectories of it, at least one.

    Returns:
        The plane of the two principal directions of all points, or of two random, filter-normalised
        directions, as the surface says.

    Raises:
        ValueError: The surface has two parameters, which are a plane already, or there are no trajectories.

    Source:
        Lorch (2016), Visualizing deep network training trajectories with PCA; Li et al. (2018), Visualizing
        the loss landscape of neural nets.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Least squares with bias"), (0.0, 0.0), 5, (run,))
        >>> ov.plane(exp, ov.run(exp, device="cpu")).u.shape
        (3,)
    """
    function = surface(experiment.surface)
    if function.network is None or function.data is None:
        raise ValueError(f"{function.name} has two parameters and needs no plane.")
    if not trajectories:
        raise ValueError("A plane needs at least one trajectory.")
    origin = trajectories[0].theta[0].astype(np.float64)
    good = [path for path in trajectories if path.outcome.kind != "diverged"] or trajectories
    moves = np.concatenate([_usable(path) for path in good]) - origin
    is_random = function.network.plane == "random"
    if is_random:
        u, v = (part.numpy() for part in function.data.model.random_directions(experiment.seed))
        shares = (np.nan, np.nan)
    else:
        (u, v), shares = principal(moves)
    flat = Plane(experiment.surface, origin, u, v, shares, ((0.0, 1.0), (0.0, 1.0)), is_random)
    points, _ = flat.coordinates(moves + origin)
    return replace(flat, domain=_around(points, float(np.linalg.norm(origin)) or 1.0))


def principal(moves: Array) -> tuple[Array, tuple[float, float]]:
    """The two directions that moves vary most along, and the shares of their variance.

    Each points to where the last move went. Where nothing moves, or along one line only, axes fill the gap.

    Args:
        moves: (k, D) points, less their common start.

    Returns:
        Orthonormal directions (2, D), and the share of the variance along each: NaN where nothing moves.
    """
    size = moves.shape[1]
    middle = moves - moves.mean(axis=0)
    _, lengths, rows = np.linalg.svd(middle, full_matrices=False)
    total = float((lengths**2).sum())
    kept = [row for row, length in zip(rows[:2], lengths[:2], strict=True) if length**2 > 1e-20 * total > 0]
    for axis in np.eye(size):
        if len(kept) == 2:
            break
        rest = axis - sum((row * (row @ axis) for row in kept), np.zeros(size))
        if np.linalg.norm(rest) > 0.5:
            kept.append(rest / np.linalg.norm(rest))
    directions = np.stack([row if row @ moves[-1] >= 0 else -row for row in kept])
    variances = [float(length**2) for length in lengths[:2]] + [0.0, 0.0]
    return directions, (variances[0] / total, variances[1] / total) if total else (np.nan, np.nan)


def project(experiment: Experiment, trajectories: Sequence[Trajectory]) -> tuple[Trajectory, ...]:
    """The trajectories of a network with their points on a common plane; all others unchanged.

    Args:
        experiment: The experiment that the trajectories belong to.
        trajectories: Trajectories of it.

    Returns:
        One trajectory for each, with `points` (n+1, 2), `off_plane` (n+1,) and `plane`.

    Example:
        >>> import optviz as ov
        >>> runs = tuple(ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": lr})) for lr in (0.01, 0.1))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Least squares with bias"), (0.0, 0.0), 5, runs)
        >>> apart = [ov.run_one(exp, index, device="cpu") for index in (0, 1)]
        >>> slow, fast = ov.project(exp, apart)
        >>> slow.plane is fast.plane
        True
    """
    if not trajectories or any(trajectory.parameters is None for trajectory in trajectories):
        return tuple(trajectories)
    common = plane(experiment, trajectories)
    return tuple(project_on(common, trajectory) for trajectory in trajectories)


def project_on(common: Plane, trajectory: Trajectory) -> Trajectory:
    """A network's trajectory with its points where they are seen on a plane."""
    points, off_plane = common.coordinates(trajectory.theta.astype(np.float64))
    return replace(trajectory, points=points, off_plane=off_plane, plane=common)


def trained_weights(experiment: Experiment, run: RunSpec) -> NDArray[np.bool_]:
    """(D,) which weights of a network are not frozen."""
    parts = _parts(experiment)
    return np.concatenate([np.full(len(part.axes), not part.is_frozen(run.frozen)) for part in parts])


def two_weights(experiment: Experiment, trajectory: Trajectory) -> tuple[int, int]:
    """The indices of the two weights of a network that moved most, among those that were trained.

    Args:
        experiment: An experiment on a network.
        trajectory: A trajectory of it.

    Returns:
        Two indices into the D weights, the smaller one first.

    Raises:
        ValueError: The surface has two parameters already.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.1}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Least squares with bias"), (0.0, 0.0), 5, (run,))
        >>> first, second = ov.two_weights(exp, ov.run_one(exp, 0, device="cpu"))
        >>> 0 <= first < second < 3
        True
    """
    trained, theta = trained_weights(experiment, trajectory.run), _usable(trajectory)
    moved = np.where(trained, np.ptp(theta, axis=0), -1.0)
    first, second = sorted(np.argsort(-moved, kind="stable")[:2].tolist())
    return first, second


def seen_through(experiment: Experiment, trajectory: Trajectory) -> Trajectory:
    """A network's trajectory reduced to two of its weights, the two that moved most.

    Points, gradients and torch's state are those of these weights, so that what is known of a step of two
    parameters holds for them. Where only one weight is trained, the other counts as frozen. State that has no
    number for each weight is left out and listed as unrecorded.

    Args:
        experiment: An experiment on a network.
        trajectory: A trajectory of it, of n steps.

    Returns:
        A trajectory with `points` (n+1, 2), like those on surfaces of two parameters.

    Raises:
        ValueError: The surface has two parameters already.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Least squares with bias"), (0.0, 0.0), 5, (run,))
        >>> ov.seen_through(exp, ov.run_one(exp, 0, device="cpu")).gradients.shape
        (6, 2)
    """
    chosen = two_weights(experiment, trajectory)
    parts, columns = _parts(experiment), list(chosen)
    trained = [part for part in parts if not part.is_frozen(trajectory.run.frozen)]
    names = tuple(name for part in parts for name in part.axes)
    moving = [index for index in chosen if any(names[index] in part.axes for part in trained)]
    state, unrecorded = {}, set(trajectory.unrecorded)
    for key, values in trajectory.state.items():
        prefix, _, name = key.rpartition(".")
        owner = trained[int(prefix or 0)]
        flat = values.reshape(len(values), -1)
        if values.ndim > 1 and flat.shape[1] != len(owner.axes):
            unrecorded.add(name)
            continue
        for place, index in enumerate(moving):
            if names[index] in owner.axes:
                at = owner.axes.index(names[index])
                state[f"{place}.{name}"] = values if values.ndim == 1 else flat[:, at : at + 1]
    return replace(
        trajectory,
        run=replace(trajectory.run, frozen=tuple(names[index] for index in chosen if index not in moving)),
        points=trajectory.theta[:, columns],
        gradients=trajectory.gradients[:, columns],
        seen_gradients=trajectory.seen_gradients[:, columns],
        state=state,
        unrecorded=tuple(sorted(unrecorded)),
        names=(names[chosen[0]], names[chosen[1]]),
        parameters=None,
        off_plane=None,
        plane=None,
    )


def projected_vectors(
    experiment: Experiment, trajectory: Trajectory, names: Sequence[str]
) -> dict[str, Array]:
    """What happens at each step of a network's trajectory as it is seen on its plane.

    Args:
        experiment: The experiment that the trajectory belongs to.
        trajectory: A trajectory of n steps, seen on a plane.
        names: States of torch's, such as "exp_avg": the first that the trajectory has comes with the others.

    Returns:
        By name, in coordinates of the plane: "theta" and "gradient" (n+1, 2), "given" and such as
        "state.exp_avg" (n, 2).
    """
    common = trajectory.plane
    assert common is not None
    vectors: dict[str, Array] = {
        "theta": trajectory.points.astype(np.float64),
        "gradient": common.shadow(trajectory.gradients),
        "given": common.shadow(trajectory.seen_gradients),
    }
    for name in names:
        kept = _whole_state(experiment, trajectory, name)
        if kept is not None:
            return vectors | {f"state.{name}": common.shadow(kept)}
    return vectors


def _whole_state(experiment: Experiment, trajectory: Trajectory, name: str) -> Array | None:
    """(n, D) a state with a number for each weight, 0 for frozen ones; None where it has none."""
    parts, columns = _parts(experiment), []
    trained = [part for part in parts if not part.is_frozen(trajectory.run.frozen)]
    for part in parts:
        if part not in trained:
            columns.append(np.zeros((trajectory.steps, len(part.axes))))
            continue
        key = name if len(trained) == 1 and name in trajectory.state else f"{trained.index(part)}.{name}"
        values = trajectory.state.get(key)
        if values is None or values[0].size != len(part.axes):
            return None
        columns.append(values.reshape(len(values), -1).astype(np.float64))
    return np.concatenate(columns, axis=1)


def _parts(experiment: Experiment) -> tuple[Part, ...]:
    function = surface(experiment.surface)
    if function.network is None or function.data is None:
        raise ValueError(f"{function.name} has two parameters already.")
    return function.data.model.parts()


def on_plane(common: Plane) -> Surface:
    """The network's loss on a plane, as a surface of two numbers."""
    import torch

    function = surface(common.surface)
    assert function.data is not None
    directions = (torch.from_numpy(part) for part in (common.origin, common.u, common.v))
    return replace(function, function=function.data.slice(*directions), domain=common.domain)


@dataclass(frozen=True)
class PicturePlane:
    """What paths are drawn on."""

    surface: Surface
    sampled: SurfaceSpec | Plane
    """What `sample` takes."""
    start: Point


def picture_plane(experiment: Experiment, trajectories: Sequence[Trajectory]) -> PicturePlane:
    """What a picture shows: the experiment's surface, or of a network the plane that its paths are seen on.

    Args:
        experiment: The experiment that the trajectories belong to.
        trajectories: Trajectories of it; none where only the surface is drawn.

    Returns:
        The surface of two numbers, what samples it, and where the paths begin on it.

    Raises:
        ValueError: The trajectories are seen on several planes, as those of `run_one` are.
    """
    planes = [trajectory.plane for trajectory in trajectories if trajectory.plane is not None]
    if not planes:
        return PicturePlane(surface(experiment.surface), experiment.surface, experiment.start)
    seen, *others = planes
    if not all(_same(seen, other) for other in others):
        raise ValueError("These paths are seen on different planes: project them on a common one first.")
    return PicturePlane(on_plane(seen), seen, (0.0, 0.0))


def _same(plane: Plane, other: Plane) -> bool:
    """Whether two planes are the same one: a cache may have given back a copy."""
    pairs = ((plane.origin, other.origin), (plane.u, other.u), (plane.v, other.v))
    return plane is other or all(np.array_equal(left, right) for left, right in pairs)


def _usable(trajectory: Trajectory) -> Array:
    theta = trajectory.theta.astype(np.float64)
    theta = theta[:-1] if trajectory.outcome.kind == "diverged" and len(theta) > 1 else theta
    return theta[np.isfinite(theta).all(axis=1)]


def _around(points: Array, length: float) -> Domain:
    """A square with room around points (k, 2)."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = max(float((high - low).max()) * (0.5 + _ROOM), _NARROWEST * length)
    (left, right), (bottom, top) = ((float(m - half), float(m + half)) for m in (low + high) / 2)
    return (left, right), (bottom, top)
