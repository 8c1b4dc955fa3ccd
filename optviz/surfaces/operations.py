"""Operations for formulas that torch's own do not serve, as functions of tensors of any shape.

Each is the same to the bit for one number and for many, with its gradient: `**4` and up, `**-2`, `sigmoid`,
`softplus`, `sinh`, `cosh` and `atan2` are not, while sin, cos, tan, asin, acos, atan, tanh, exp, expm1, log,
log1p and roots are. And where the value is finite but autograd alone gives NaN, a derivative is chosen.

`optviz.programs` shows their source as it stands here: so lines have at most 100 characters, and they use
nothing but torch, math and each other.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from optviz.surfaces.deferred import torch

if TYPE_CHECKING:
    from torch import Tensor


def sqrt(square: Tensor) -> Tensor:
    """The root: NaN below 0, and at 0 the slope 0, where autograd alone gives NaN."""
    zero = square == 0
    return torch.where(zero, 0.0, torch.where(zero, 1.0, square).sqrt())


def power(base: Tensor, exponent: int) -> Tensor:
    """`base ** exponent` for a whole exponent ≥ 1, as products."""
    if exponent == 1:
        return base
    half = power(base, exponent // 2)
    return half * half * base if exponent % 2 else half * half


def real_power(base: Tensor, exponent: float) -> Tensor:
    """`base ** exponent` for any but 0: NaN where the base is negative, slope 0 where it is 0."""
    zero = base == 0
    rest = torch.exp(exponent * torch.log(torch.where(zero, 1.0, base)))
    return torch.where(zero, 0.0 if exponent > 0 else math.inf, rest)


def variable_power(base: Tensor, exponent: Tensor) -> Tensor:
    """`base ** exponent`: NaN where the base is negative, slope 0 where it is 0."""
    zero = base == 0
    rest = torch.exp(exponent * torch.log(torch.where(zero, 1.0, base)))
    limit = torch.where(exponent > 0, 0.0, torch.where(exponent == 0, 1.0, math.inf))
    return torch.where(zero, limit, rest)


def softplus(t: Tensor) -> Tensor:
    """log(1 + exp(t)), without overflow."""
    below = torch.where(t < 0, t, -t)
    return torch.where(t < 0, 0.0, t) + torch.log1p(torch.exp(below))


def sigmoid(t: Tensor) -> Tensor:
    """1 / (1 + exp(-t)), without overflow."""
    small = torch.exp(torch.where(t < 0, t, -t))
    return torch.where(t < 0, small, 1.0) / (1 + small)


def sinh(t: Tensor) -> Tensor:
    """(exp(t) - exp(-t)) / 2, without cancellation."""
    return (torch.expm1(t) - torch.expm1(-t)) / 2


def cosh(t: Tensor) -> Tensor:
    """(exp(t) + exp(-t)) / 2."""
    return (torch.exp(t) + torch.exp(-t)) / 2


def atan2(y: Tensor, x: Tensor) -> Tensor:
    """The angle of (x, y), from -π to π; 0 with slope 0 at the origin."""
    steep, origin = y.abs() > x.abs(), (x == 0) & (y == 0)
    short = torch.where(origin, 0.0, torch.where(steep, x, y))
    long = torch.where(origin, 1.0, torch.where(steep, y, x))
    angle = torch.atan(short / long)
    across = torch.where(x < 0, torch.where(y < 0, angle - math.pi, angle + math.pi), angle)
    return torch.where(steep, torch.where(y < 0, -math.pi / 2 - angle, math.pi / 2 - angle), across)


def piecewise(
    condition: Tensor,
    then: Callable[..., Tensor],
    otherwise: Callable[..., Tensor],
    x: Tensor,
    y: Tensor,
) -> Tensor:
    """`then(x, y)` where the condition holds, `otherwise(x, y)` elsewhere.

    torch.where alone has the gradient NaN where the piece that is not taken has none.
    """
    taken = [torch.where(condition, part, part.detach()) for part in (x, y)]
    left = [torch.where(condition, part.detach(), part) for part in (x, y)]
    return torch.where(condition, then(*taken), otherwise(*left))


def flat(loss: Tensor | float, other: Tensor) -> Tensor:
    """The loss, as a tensor with the slope 0 along `other`, which it does not depend on."""
    return torch.where(torch.ones_like(other, dtype=torch.bool), loss, other)
