"""A search for the global minimizers of a function that declares none.

The same function gives the same answer. The work is bounded: the lowest points of a grid walk down by
comparing losses, which needs no gradient and no finite neighbours, then Newton's method takes those on smooth
ground to the last digit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

from optviz.surfaces.problem import Domain, Point

_GRID = 101
"""Points along each axis, the edges included."""
_CANDIDATES = 48
_MOST = 20
"""Minimizers that are kept where there are more: those nearest to the domain's middle."""
_FEW = 8
"""Most minimizers that may be flat in some direction: more are taken for points of a whole line."""
_APART = 1e-5
"""Domain widths between two minimizers, at least."""


@dataclass(frozen=True)
class Found:
    """What a search found."""

    minimizers: tuple[Point, ...]
    """Empty where there is none, where they are a whole line or region, or where there is lower ground."""
    minimum: float
    """The lowest value; -inf where no minimizer is found, or where there is lower ground, as on an edge."""
    smooth: bool
    """Whether the gradient is zero at every minimizer, and there is no kink."""


@dataclass(frozen=True)
class _Ground:
    """The function over its domain, in float64; slopes and curvatures are in losses per domain width."""

    function: Callable[[Tensor, Tensor], Tensor]
    low: Tensor
    widths: Tensor

    def height(self, theta: Tensor) -> Tensor:
        """Losses (...) at points (..., 2); infinite where undefined."""
        with torch.no_grad():
            loss = self.function(*theta.unbind(-1))
        return torch.where(loss.isnan(), math.inf, loss)

    def derivatives(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients (k, 2) and Hessians (k, 2, 2) at points (k, 2)."""
        with torch.enable_grad():
            theta = theta.clone().requires_grad_()
            (slope,) = torch.autograd.grad(self.function(*theta.unbind(-1)).sum(), theta, create_graph=True)
            hessian = slope.new_zeros(*slope.shape, 2)
            if slope.requires_grad:  # else a plane
                rows = [
                    torch.autograd.grad(part.sum(), theta, retain_graph=True)[0] for part in slope.unbind(-1)
                ]
                hessian = torch.stack(rows, dim=1)
        return slope.detach() * self.widths, hessian * self.widths * self.widths[:, None]

    def around(self, theta: Tensor, radius: float) -> Tensor:
        """Losses (k, 32) on circles around points (k, 2), with a radius in domain widths."""
        angles = torch.arange(32, dtype=torch.float64) * math.pi / 16
        circle = torch.stack([angles.cos(), angles.sin()], dim=-1)
        return self.height(theta[:, None] + radius * self.widths * circle)

    def inside(self, theta: Tensor, margin: float = 0.0) -> Tensor:
        """Which points (..., 2) are in the domain, and not within `margin` domain widths of its edge."""
        unit = (theta - self.low) / self.widths
        return ((unit >= margin) & (unit <= 1 - margin)).all(-1)


def search(function: Callable[[Tensor, Tensor], Tensor], domain: Domain) -> Found:
    """The global minimizers inside a domain, as far as a search can tell.

    Args:
        function: Takes x (...) and y (...), gives losses (...), differentiable by autograd.
        domain: ((x0, x1), (y0, y1)).
    """
    low, high = torch.tensor(domain, dtype=torch.float64).unbind(-1)
    ground = _Ground(function, low, high - low)
    axes = [torch.linspace(start, end, _GRID, dtype=torch.float64) for start, end in domain]
    square = torch.stack(torch.meshgrid(*axes, indexing="xy"), dim=-1)
    heights = ground.height(square)
    finite = heights[heights.isfinite()]
    if not len(finite) or heights.min() == -math.inf:
        return Found((), -math.inf, True)
    lowest = float(finite.min())
    if lowest == finite.max():
        return Found((), lowest, True)
    spread = float(finite.quantile(0.9) / 2 - lowest / 2) or float(finite.max() / 2 - lowest / 2)
    theta = _once(ground, _walk_down(ground, _hollows(square, heights)))
    theta = _snapped(ground, torch.cat([_polished(ground, theta), theta]))
    lowest = min(lowest, float(ground.height(theta).min()))
    theta = theta[_are_minima(ground, theta, spread)]
    if not len(theta):
        return Found((), -math.inf, True)
    heights = ground.height(theta)
    best = float(heights.min())
    near = 1e-9 * spread + 1e-12 * abs(best)
    if lowest < best - near:
        return Found((), -math.inf, True)
    theta = _once(ground, theta[heights <= best + near])
    return _found_minimizers(ground, theta, spread)


def _hollows(square: Tensor, heights: Tensor) -> Tensor:
    """Points (k, 2) of the grid that are no higher than their neighbours: the lowest of them."""
    around = -max_pool2d(-heights[None, None], 3, stride=1, padding=1)[0, 0]
    hollow = (heights <= around) & heights.isfinite()
    return square[hollow][heights[hollow].argsort(stable=True)[:_CANDIDATES]]


def _walk_down(ground: _Ground, theta: Tensor) -> Tensor:
    """Points (k, 2), each moved to the lowest of its surroundings again and again, ever nearer."""
    axis = torch.linspace(-1, 1, 5, dtype=torch.float64)
    offsets = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), dim=-1).reshape(-1, 2)
    offsets = offsets[offsets.abs().sum(-1).argsort(stable=True)]  # where all are as low, it stays
    step = ground.widths / (_GRID - 1)
    rows = torch.arange(len(theta))
    for _ in range(45):
        trials = torch.clamp(theta[:, None] + step * offsets, ground.low, ground.low + ground.widths)
        theta = trials[rows, ground.height(trials).argmin(dim=1)]
        step = step / 1.6
    return theta


def _polished(ground: _Ground, theta: Tensor) -> Tensor:
    """Points (k, 2) after Newton's method, whose steps lead down even where the surface is bent downwards.

    A step that leads up is shortened; a point stays where nothing shorter leads down either.
    """
    shares = 0.5 ** torch.arange(6, dtype=torch.float64)[:, None]
    rows = torch.arange(len(theta))
    for _ in range(10):
        step = _newton_step(*ground.derivatives(theta))
        trials = theta[:, None] + shares * (step * ground.widths)[:, None]
        heights = torch.where(ground.inside(trials), ground.height(trials), math.inf)
        best = heights.argmin(dim=1)
        here = ground.height(theta)
        no_higher = heights[rows, best] <= here + 1e-15 * here.abs()
        theta = torch.where(no_higher[:, None], trials[rows, best], theta)
        if not bool((no_higher & (step.norm(dim=-1) > 1e-15)).any()):
            break
    return theta


def _newton_step(slope: Tensor, hessian: Tensor) -> Tensor:
    """Steps (k, 2) in domain widths, at most a tenth of one long; 0 where there are no derivatives."""
    usable = slope.isfinite().all(-1) & hessian.isfinite().all(-1).all(-1)
    slope = torch.where(usable[:, None], slope, 0.0)
    hessian = torch.where(usable[:, None, None], hessian, torch.eye(2, dtype=torch.float64))
    curvatures, axes = torch.linalg.eigh(hessian)
    sizes = curvatures.abs()
    sizes = sizes.clamp(min=1e-300).maximum(1e-12 * sizes.amax(-1, keepdim=True))
    step = -(axes @ ((axes.mT @ slope[..., None])[..., 0] / sizes)[..., None])[..., 0]
    step = torch.where(step.isfinite(), step, 0.0)
    length: Tensor = step.norm(dim=-1, keepdim=True)
    return step / (10 * length).clamp(min=1)


def _snapped(ground: _Ground, theta: Tensor) -> Tensor:
    """Points (k, 2), rounded where that leads neither up nor on to a slope: (0.9999999999, 1) to (1, 1)."""
    digits = 10.0 ** -torch.floor(torch.log10(ground.widths))
    for scale in (1e12, 1e10, 1e8, 1e6):
        rounded = (theta * (scale * digits)).round() / (scale * digits)
        lower = ground.height(rounded) <= ground.height(theta)
        flatter = _steepness(ground, rounded) <= _steepness(ground, theta)
        theta = torch.where((lower & flatter)[:, None], rounded, theta)
    return theta


def _steepness(ground: _Ground, theta: Tensor) -> Tensor:
    """The length of the gradient (k,), infinite where there is none."""
    slope, _ = ground.derivatives(theta)
    steepness = slope.norm(dim=-1)
    return torch.where(steepness.isnan(), math.inf, steepness)


def _are_minima(ground: _Ground, theta: Tensor, spread: float) -> Tensor:
    """Which of some points (k, 2) are minimizers: nothing around them is lower.

    On smooth ground, and on the edge of the domain, only where the gradient is zero. Else it must be a kink
    or a cusp, which rises at once, but by less and less the nearer one looks: into a pole, such as that of
    log or of -1/x², it goes down as far as before, or farther.
    """
    here = ground.height(theta)
    circles = torch.stack([ground.around(theta, radius).amin(-1) for radius in (1e-7, 1e-5, 1e-3)])
    lower = (circles < here - 1e-14 * here.abs() - 1e-32 * spread).any(0)
    level = _steepness(ground, theta) <= 1e-7 * spread
    far, near = circles[1] - circles[0], circles[0] - ground.around(theta, 1e-9).amin(-1)
    pit = (circles[0] - here > 1e-10 * spread) & (near < 0.8 * far)  # a kink or a cusp
    return here.isfinite() & ~lower & (level | (pit & ground.inside(theta, 1e-9)))


def _once(ground: _Ground, theta: Tensor) -> Tensor:
    """Points (k, 2) without those that are near one before them."""
    unit = theta / ground.widths
    near = (unit[:, None] - unit).abs().amax(-1) <= _APART
    return theta[~near.tril(-1).any(1)]


def _found_minimizers(ground: _Ground, theta: Tensor, spread: float) -> Found:
    """What global minimizers (k, 2) amount to."""
    minimum = float(ground.height(theta).min())
    curvatures = torch.linalg.eigvalsh(ground.derivatives(theta)[1].nan_to_num(0.0, 0.0, 0.0)).abs()
    flat = curvatures.amin(-1) <= 1e-8 * curvatures.amax(-1)
    if int(flat.sum()) > _FEW:
        return Found((), minimum, True)
    from_middle = ((theta - ground.low) / ground.widths - 0.5).norm(dim=-1)
    theta = theta[from_middle.argsort(stable=True)[:_MOST]]
    points = sorted((x + 0.0, y + 0.0) for x, y in theta.tolist())
    return Found(tuple(points), minimum, _is_smooth(ground, theta, spread))


def _is_smooth(ground: _Ground, theta: Tensor, spread: float) -> bool:
    """Whether the loss rises around all points (k, 2) like a square, and not as it does from a kink.

    Twice as far from a kink it is at most 2 times as high, from a smooth minimum about 4 times.
    """
    here = ground.height(theta)
    near, far = ((ground.around(theta, radius) - here[:, None]).amax(-1) for radius in (1e-4, 2e-4))
    return bool(((far >= 2.5 * near) | (near <= 1e-12 * spread)).all())
