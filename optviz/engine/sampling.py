"""The surface itself, in float64 on the CPU: losses on a grid, slopes, Hessians, and what a verdict needs."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from optviz.engine.outcome import Array, Landscape
from optviz.engine.planes import on_plane, two_weights
from optviz.engine.request import find_device
from optviz.engine.trajectory import Grid, Plane, Trajectory
from optviz.spec.experiment import Experiment, SurfaceSpec
from optviz.surfaces.catalogue import surface
from optviz.surfaces.models import Data
from optviz.surfaces.problem import Domain, Surface

_LARGEST_HESSIAN = 200
"""Most weights of a network whose Hessian is evaluated to judge how a run ended."""
_LANCZOS = 30
"""Hessian-vector products from which the largest eigenvalue is taken."""


def sample(
    spec: SurfaceSpec | Plane,
    resolution: int = 200,
    domain: Domain | None = None,
    watch: Callable[[float], None] | None = None,
    device: str = "cpu",
) -> Grid:
    """The losses of a surface on a square grid of points, in float64.

    Args:
        spec: A surface, or a plane through the space of a network's weights.
        resolution: The number of points along each axis, 2 to 4,000.
        domain: ((x0, x1), (y0, y1)), in units of x and y; the surface's own domain where left out.
        watch: Called with the share that is done, 0 to 1. What it raises ends the sampling.
        device: As in `run`, except "mps", which has no float64.

    Returns:
        The grid: x (resolution,), y (resolution,) and z (resolution, resolution).

    Raises:
        ValueError: The surface or device is unknown, the resolution out of range or the domain empty.

    Example:
        >>> import optviz as ov
        >>> ov.sample(ov.SurfaceSpec("Rosenbrock"), resolution=50).z.shape
        (50, 50)
    """
    where = find_device(device, "float64")
    function = on_plane(spec) if isinstance(spec, Plane) else surface(spec)
    if not 2 <= resolution <= 4000:
        raise ValueError(f"The resolution must be between 2 and 4,000, not {resolution}.")
    (left, right), (bottom, top) = domain or function.domain
    if not (left < right and bottom < top and math.isfinite(right - left) and math.isfinite(top - bottom)):
        raise ValueError("A domain is ((x0, x1), (y0, y1)) with finite x0 < x1 and y0 < y1.")
    return _grid(function, resolution, ((left, right), (bottom, top)), watch, where)


def hessians(spec: SurfaceSpec, points: Any) -> Array:
    """The Hessian of a surface at each of some points, by autograd in float64.

    Args:
        spec: The surface.
        points: (k, 2) in units of x and y.

    Returns:
        (k, 2, 2); NaN where the surface has no second derivative.

    Raises:
        ValueError: The surface is unknown.

    Example:
        >>> import optviz as ov
        >>> ov.hessians(ov.SurfaceSpec("Booth"), [[1.0, 3.0]]).tolist()
        [[[10.0, 8.0], [8.0, 10.0]]]
    """
    return _hessians(surface(spec), np.asarray(points, dtype=np.float64))


def path_hessians(experiment: Experiment, trajectory: Trajectory) -> Array:
    """The Hessian of the loss at each point of a trajectory, in float64.

    Of a network it is that of the two weights that it is `seen_through`, with all others as they were.

    Args:
        experiment: The experiment that the trajectory belongs to.
        trajectory: n steps.

    Returns:
        (n+1, 2, 2); NaN where there is no second derivative.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> ov.path_hessians(exp, ov.run_one(exp, 0, device="cpu")).shape
        (6, 2, 2)
    """
    function = surface(experiment.surface)
    if trajectory.parameters is None or function.data is None:
        return _hessians(function, trajectory.points.astype(np.float64))
    axes = np.eye(trajectory.theta.shape[1])[list(two_weights(experiment, trajectory))]
    return _bent(function.data, trajectory, axes)


def plane_hessians(experiment: Experiment, trajectory: Trajectory) -> Array:
    """The Hessian along a network's plane at each point of a trajectory, in float64.

    Its eigenvalues mean something only where the plane's directions are orthonormal.

    Args:
        experiment: The experiment that the trajectory belongs to.
        trajectory: n steps, seen on a plane.

    Returns:
        (n+1, 2, 2); NaN on a plane of random directions.
    """
    function, common = surface(experiment.surface), trajectory.plane
    assert common is not None and function.data is not None
    if common.is_random:
        return np.full((trajectory.steps + 1, 2, 2), np.nan)
    return _bent(function.data, trajectory, np.stack((common.u, common.v)))


def largest_curvatures(experiment: Experiment, theta: Array, scale: Array, decay: float = 0.0) -> Array:
    """The largest eigenvalue of S (H + decay) S at weights of a network: H is the Hessian, S is diagonal.

    By Lanczos' method with Hessian-vector products, as many points at once as memory allows: right to about a
    thousandth, exact where there are few weights.

    Args:
        experiment: An experiment on a network.
        theta: (k, D) weights, in float64.
        scale: (k, D) the diagonals of S; 0 for a weight that is left out.
        decay: What is added to the diagonal of H.

    Returns:
        (k,) in float64; NaN where a point is not finite.

    Source:
        Golub and Van Loan (2013), Matrix Computations, section 10.1.
    """
    data = surface(experiment.surface).data
    assert data is not None
    parts = zip(*(torch.from_numpy(values).split(data.at_once) for values in (theta, scale)), strict=True)
    return np.concatenate([_lanczos(data, points, factors, decay) for points, factors in parts])


def _lanczos(data: Data, theta: Tensor, scale: Tensor, decay: float) -> Array:
    theta = theta.clone().requires_grad_()
    (slope,) = torch.autograd.grad(data.losses(theta).sum(), theta, create_graph=True)

    def product(v: Tensor) -> Tensor:
        (bent,) = torch.autograd.grad((slope * (scale * v)).sum(), theta, retain_graph=True)
        return scale * (bent + decay * scale * v)

    size = theta.shape[1]
    begin = torch.randn(size, generator=torch.Generator().manual_seed(0), dtype=theta.dtype) * (scale != 0)
    v = begin / torch.linalg.vector_norm(begin, dim=1, keepdim=True)
    basis = [v]
    diagonal: list[Tensor] = []
    beside: list[Tensor] = []
    ended = torch.zeros(len(theta), dtype=torch.bool)
    for _ in range(min(size, _LANCZOS)):
        w = product(v)
        middle = (w * v).sum(dim=1)
        diagonal.append(torch.where(ended, diagonal[0], middle) if diagonal else middle)
        for _ in range(2):  # once would leave what rounding brought back
            known = torch.stack(basis, dim=1)
            w = w - torch.einsum("kjd,kj->kd", known, torch.einsum("kjd,kd->kj", known, w))
        length = torch.linalg.vector_norm(w, dim=1)
        # Where nothing new is left, the matrix ends: what follows is a number within its range.
        ended = ended | (length < 1e-10 * torch.stack(diagonal).abs().amax(dim=0))
        beside.append(torch.where(ended, 0.0, length))
        v = torch.where(ended, 0.0, 1 / length)[:, None] * w
        basis.append(v)
    band = torch.diag_embed(torch.stack(diagonal, dim=1))
    edge = torch.stack(beside[:-1], dim=1) if len(beside) > 1 else band.new_zeros(len(band), 0)
    matrices = (band + torch.diag_embed(edge, 1) + torch.diag_embed(edge, -1)).detach().numpy()
    finite = np.isfinite(matrices).all(axis=(1, 2))
    largest = np.full(len(matrices), np.nan)
    largest[finite] = np.linalg.eigvalsh(matrices[finite])[:, -1] if finite.any() else []
    return largest


def _bent(data: Data, trajectory: Trajectory, directions: Array) -> Array:
    """(n+1, 2, 2) the second derivatives of a network's loss along two directions (2, D)."""
    theta = torch.from_numpy(trajectory.theta.astype(np.float64))
    along = torch.from_numpy(directions)
    return np.concatenate([_second_order(data, part, along) for part in theta.split(data.at_once)])


def _second_order(data: Data, theta: Tensor, directions: Tensor) -> Array:
    """(k, 2, 2) at theta (k, D), by differentiating the slopes along two directions (2, D) once more."""
    theta = theta.clone().requires_grad_()
    (slope,) = torch.autograd.grad(data.losses(theta).sum(), theta, create_graph=True)
    rows = [
        torch.autograd.grad((slope @ direction).sum(), theta, retain_graph=True)[0] @ directions.T
        for direction in directions
    ]
    result: Array = torch.stack(rows, dim=1).numpy()
    return result


def landscape(function: Surface) -> Landscape:
    """What a verdict needs to know of a surface."""
    z = _grid(function, 41, function.domain).z
    losses = np.sort(z[np.isfinite(z)].clip(-1e300, 1e300)) if np.isfinite(z).any() else np.array([0.0, 1.0])
    low, middle, high = (float(np.quantile(losses, share)) for share in (0.1, 0.5, 0.9))
    return Landscape(
        low=np.asarray([low for low, _ in function.domain]),
        widths=np.asarray(function.widths),
        minimizers=np.asarray(function.minimizers, dtype=np.float64).reshape(-1, 2),
        minimum=function.minimum,
        smooth=function.smooth,
        range=middle - low,
        relief=high - low,
        first_order=lambda points: _first_order(function, points),
        hessian=lambda points: _hessians(function, points),
    )


def run_landscape(experiment: Experiment, function: Surface) -> Landscape:
    """What the verdict of a run needs: of a network, in the space of all its weights."""
    return landscape(function) if function.network is None else _space(function, experiment.seed)


def _space(function: Surface, seed: int) -> Landscape:
    """A network's loss as a function of all D weights. Its unit is the length of the initial ones."""
    data, network = function.data, function.network
    assert data is not None and network is not None
    begin = data.model.initial(seed).double()
    length = float(torch.linalg.vector_norm(begin)) or 1.0
    size = len(begin)
    floor = function.minimum if math.isfinite(function.minimum) else 0.0
    height = abs(float(data.losses(begin)) - floor) or 1.0
    return Landscape(
        low=begin.numpy() - length / 2,
        widths=np.full(size, length),
        minimizers=np.asarray(network.minimizers, dtype=np.float64).reshape(-1, size),
        minimum=function.minimum,
        smooth=function.smooth,
        range=height,
        relief=height,
        first_order=lambda points: _first_order_of(data, points),
        hessian=(lambda points: _hessians_of(data, points)) if size <= _LARGEST_HESSIAN else None,
        bounded=False,
    )


def _first_order_of(data: Data, points: Array) -> tuple[Array, Array]:
    """Losses (k,) and gradients (k, D) of a network at weights (k, D), as many at once as memory allows."""
    parts = [_first_order(data.losses, part.numpy()) for part in torch.from_numpy(points).split(data.at_once)]
    losses, gradients = zip(*parts, strict=True)
    return np.concatenate(losses), np.concatenate(gradients)


def _hessians_of(data: Data, points: Array) -> Array:
    """The Hessians (k, D, D) of a network at weights (k, D)."""
    return np.stack([_hessian_of(data, theta) for theta in torch.from_numpy(points)])


def _hessian_of(data: Data, theta: Tensor) -> Array:
    """(D, D) at theta (D,), all rows at once: each from a copy of its own."""
    copies = theta.expand(len(theta), -1).clone().requires_grad_()
    (slopes,) = torch.autograd.grad(data.losses(copies).sum(), copies, create_graph=True)
    rows: Array = torch.autograd.grad(slopes.diagonal().sum(), copies)[0].numpy()
    return rows


def _grid(
    function: Surface,
    resolution: int,
    domain: Domain,
    watch: Callable[[float], None] | None = None,
    device: torch.device | None = None,
) -> Grid:
    x, y = (torch.linspace(low, high, resolution, dtype=torch.float64) for low, high in domain)
    most = function.data.at_once if function.network and function.data else resolution**2
    at_once, rows = max(1, most // resolution), []
    with torch.no_grad():
        for part in y.split(at_once):
            points = torch.stack(torch.meshgrid(x, part, indexing="xy"), dim=-1)
            rows.append(function(points.to(device)).cpu())
            if watch is not None:
                watch(sum(map(len, rows)) / resolution)
    return Grid(x.numpy(), y.numpy(), torch.cat(rows).numpy())


def _first_order(function: Callable[[Tensor], Tensor], points: Array) -> tuple[Array, Array]:
    """Losses (k,) and gradients (k, 2) at points (k, 2), in one batched call."""
    theta = torch.from_numpy(points).clone().requires_grad_()
    losses = function(theta)
    (gradients,) = torch.autograd.grad(losses.sum(), theta)
    return losses.detach().numpy(), gradients.numpy()


def _hessians(function: Surface, points: Array) -> Array:
    """The Hessians (k, 2, 2) at points (k, 2), by differentiating autograd's gradient once more."""
    theta = torch.from_numpy(points).clone().requires_grad_()
    (slope,) = torch.autograd.grad(function(theta).sum(), theta, create_graph=True)
    if not slope.requires_grad:  # a plane: its slope does not depend on the point
        return np.zeros((len(theta), 2, 2))
    rows = [torch.autograd.grad(slope[:, axis].sum(), theta, retain_graph=True)[0] for axis in (0, 1)]
    result: Array = torch.stack(rows, dim=1).numpy()
    return result
