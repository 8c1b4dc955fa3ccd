"""The surfaces that can be chosen. Their files, and torch with them, are loaded when one is looked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from optviz.spec.registry import Registry

if TYPE_CHECKING:
    from optviz.spec.experiment import SurfaceSpec
    from optviz.surfaces.problem import Surface, SurfaceInfo


def _own() -> Iterable[SurfaceInfo]:
    """The rows of optviz's own surfaces."""
    from optviz.surfaces import classic, data, network
    from optviz.surfaces.formula import surface as formula

    return (*classic.ROWS, *data.ROWS, *network.ROWS, formula.ROW)


SURFACES: Registry[SurfaceInfo] = Registry("a surface", _own)
"""Every surface that can be chosen, by its name: optviz's own, and those that were registered."""


def register_surface(info: SurfaceInfo) -> None:
    """Add a row to `SURFACES`: then it is in experiments, links, maps, the command line and the page.

    Args:
        info: The row.

    Raises:
        ValueError: The name is taken, or is not a plain ASCII label.

    Example:
        >>> import optviz as ov
        >>> ov.register_surface(ov.SURFACES["Booth"])
        Traceback (most recent call last):
        ...
        ValueError: There is already a surface named 'Booth'.
    """
    SURFACES.add(info)


def surface(spec: SurfaceSpec) -> Surface:
    """The surface that a spec names: a callable with theta (..., 2) → (...), differentiable by autograd.

    Args:
        spec: The surface's name and parameters.

    Returns:
        The surface, with its domain, minimizers and start.

    Raises:
        ValueError: There is no such surface, or it has no such parameter.

    Example:
        >>> import optviz as ov, torch
        >>> booth = ov.surface(ov.SurfaceSpec("Booth"))
        >>> float(booth(torch.tensor([1.0, 3.0]))), booth.minimizers
        (0.0, ((1.0, 3.0),))
    """
    if spec.name not in SURFACES:
        raise ValueError(f"There is no surface named {spec.name[:60]!r}. There are: {', '.join(SURFACES)}.")
    return SURFACES[spec.name].surface(spec.params)
