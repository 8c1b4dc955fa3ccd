"""The optimizers of the package pytorch-optimizer, where it is installed: those that can step two numbers."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING

from optviz.optimizers.catalogue import OPTIMIZERS, OptimizerInfo
from optviz.optimizers.registration import register_optimizer
from optviz.spec.params import Value

if TYPE_CHECKING:
    from torch.optim import Optimizer

PACKAGE = "pytorch-optimizer"
_MODULE = "pytorch_optimizer"

_MODEL = "It is given a model, not parameters."
_MUON = "It wants every parameter marked as one for Muon or for Adam, as networks have them."
_CURVATURE = "It differentiates the gradient again, for which no loop of torch keeps the graph."
UNABLE: Mapping[str, str] = MappingProxyType(
    {
        "A2Grad": "It has no learning rate.",
        "AdaGO": _MUON,
        "AdaHessian": _CURVATURE,
        "AdaLOMO": _MODEL,
        "AdaMuon": _MUON,
        "AdamMini": _MODEL,
        "AliG": "It has no learning rate called lr: it finds its own, up to max_lr.",
        "BSAM": "Its own code fails for a single parameter (version 4.1.0).",
        "DeMo": "It works in a group of processes only.",
        "DistributedMuon": _MUON,
        "LOMO": _MODEL,
        "LoRARite": "It steps pairs of low-rank matrices and leaves all else where it is.",
        "Magma": "It is wrapped around another optimizer.",
        "Muon": _MUON,
        "MuonClip": _MUON,
        "NorMuon": _MUON,
        "SaRA": "It steps matrices of low rank and leaves two numbers where they are.",
        "SophiaH": _CURVATURE,
    }
)
"""Those that cannot, by their classes' names, and why."""
_MATRICES = frozenset({"SpectralSphere"})
"""Those that take matrices only."""
_GIVEN: Mapping[str, Mapping[str, Value]] = MappingProxyType({"Ranger21": {"num_iterations": 300}})
"""What has no default: how many steps are planned."""


def is_installed() -> bool:
    """Whether the package is there; it is not loaded for that."""
    return importlib.util.find_spec(_MODULE) is not None


def register_pytorch_optimizers() -> tuple[str, ...]:
    """Add the optimizers of the package pytorch-optimizer to `OPTIMIZERS`, where it is installed.

    torch's own classes, and what was added before, are there already. An optimizer whose name torch has, too,
    gets the package's name appended. Those of a newer version are added as well, if their signatures allow.

    Returns:
        The names that they have in `OPTIMIZERS`; () where the package is not installed.
    """
    if not is_installed():
        return ()
    from pytorch_optimizer import get_supported_optimizers, load_optimizer

    added = {info.make: info.name for info in OPTIMIZERS.values() if info.group == PACKAGE}
    for make in map(load_optimizer, get_supported_optimizers()):
        if make in added or make.__module__.startswith("torch.") or make.__name__ in UNABLE:
            continue
        with suppress(ValueError):
            added[make] = _register(make).name
    return tuple(added.values())


def _register(make: type[Optimizer]) -> OptimizerInfo:
    own = make.__name__
    name = f"{own}_{_MODULE}" if own in OPTIMIZERS else own
    given, matrix = _GIVEN.get(own, {}), own in _MATRICES
    return register_optimizer(make, name=name, group=PACKAGE, given=given, matrix=matrix)
