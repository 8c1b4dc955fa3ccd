"""What many tests begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optviz as ov


def build(surface: str, params: Mapping[str, Any] | None = None) -> ov.Surface:
    return ov.surface(ov.SurfaceSpec(surface, params or {}))


def formula_spec(expression: str, **params: Any) -> ov.SurfaceSpec:
    return ov.SurfaceSpec("Formula", {"expression": expression, **params})


def suggested(optimizer: str, surface: str | ov.SurfaceSpec) -> dict[str, Any]:
    """The hyperparameters that are suggested for an optimizer on a surface, by their names."""
    return {"lr": ov.suggested_lr(optimizer, spec_of(surface)), **ov.OPTIMIZERS[optimizer].suggested}


def competitor(optimizer: str, params: Mapping[str, Any] | None = None, **around: Any) -> ov.RunSpec:
    """A run; `around` are the fields of a `RunSpec` that are not its optimizer's."""
    return ov.RunSpec(ov.OptimizerSpec(optimizer, params or {}), **around)


def experiment(
    surface: str | ov.SurfaceSpec,
    *competitors: str | ov.RunSpec,
    start: tuple[float, float] | None = None,
    steps: int = 60,
    **rest: Any,
) -> ov.Experiment:
    """Competitors on a surface; one that is only named has the hyperparameters suggested for it there.

    Args:
        surface: The surface; where only its name is given, with its default parameters.
        competitors: What is run.
        start: Where the runs start, by default where the surface says.
        steps: How many steps each competitor makes.
        rest: The other fields of an `Experiment`.
    """
    spec = spec_of(surface)
    runs = [competitor(one, suggested(one, spec)) if isinstance(one, str) else one for one in competitors]
    return ov.Experiment(spec, ov.surface(spec).start if start is None else start, steps, tuple(runs), **rest)


def spec_of(surface: str | ov.SurfaceSpec) -> ov.SurfaceSpec:
    return ov.SurfaceSpec(surface) if isinstance(surface, str) else surface
