"""A learning rate to begin with."""

from __future__ import annotations

import math

import numpy as np

from optviz.engine.sampling import _first_order, _hessians, _space
from optviz.optimizers.catalogue import LrUnit, optimizer_info
from optviz.spec.experiment import OptimizerSpec, SurfaceSpec
from optviz.surfaces.catalogue import surface
from optviz.surfaces.problem import Surface


def suggested_lr(optimizer: str, spec: SurfaceSpec) -> float:
    """A learning rate at which something can be seen on a surface: a suggestion, never applied unasked.

    Where the rate is about the length of a step, it is a hundredth of the domain. Where it multiplies the
    gradient, it is 1 over the largest curvature at the start and the minimizers, but at most what makes the
    first step a twentieth of the domain long. For a network, whose weights are of the order of 1, it is a
    fiftieth, or 1 over the largest curvature at the initial weights of seed 0.

    Args:
        optimizer: A name in `OPTIMIZERS`.
        spec: The surface.

    Returns:
        The rate, rounded down to 1, 2 or 5 times a power of ten.

    Raises:
        ValueError: The optimizer or the surface is unknown.

    Example:
        >>> import optviz as ov
        >>> ov.suggested_lr("SGD", ov.SurfaceSpec("Booth"))
        0.005
    """
    info = optimizer_info(OptimizerSpec(optimizer))
    if info.lr_unit is LrUnit.NONE:
        default = info.params["lr"].default
        assert isinstance(default, int | float)
        return float(default)
    function = surface(spec)
    if function.network is not None:
        return _round_down(_network_rate(function, info.lr_unit) * info.lr_factor)
    width = sum(function.widths) / 2
    if info.lr_unit is LrUnit.LENGTH:
        return _round_down(0.01 * width * info.lr_factor)
    points = np.asarray([function.start, *function.minimizers])
    slope = math.hypot(*_first_order(function, points[:1])[1][0])
    slope = slope if math.isfinite(slope) else 0.0
    hessians = [h for h in _hessians(function, points) if np.isfinite(h).all()]
    curvature = max((float(np.abs(np.linalg.eigvalsh(h)).max()) for h in hessians), default=0.0)
    rate = min(1 / max(curvature, 1e-6), 0.05 * width / max(slope, 1e-6)) * info.lr_factor
    return _round_down(max(rate, 1e-30))


def _network_rate(function: Surface, unit: LrUnit) -> float:
    if unit is LrUnit.LENGTH:
        return 0.02
    assert function.data is not None
    land = _space(function, 0)
    if land.hessian is None:
        return 0.1
    matrix = land.hessian(function.data.model.initial(0).double().numpy()[None])[0]
    return 1 / max(float(np.abs(np.linalg.eigvalsh(matrix)).max()), 1e-6)


def _round_down(number: float) -> float:
    power = math.floor(math.log10(number))
    digit = max(digit for digit in (1, 2, 5) if digit <= number / 10.0**power * (1 + 1e-12))
    return float(f"{digit}e{power}")
