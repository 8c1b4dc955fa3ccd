"""The figures of runs that can be chosen. Their files are loaded when one is looked for."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

import optviz.figures
from optviz.figures.registration import OWN, FigureInfo
from optviz.spec.registry import Registry


def _own() -> Iterable[FigureInfo]:
    """Those that the files of this folder declare."""
    for file in iter_modules(optviz.figures.__path__, "optviz.figures."):
        import_module(file.name)
    return sorted(OWN, key=lambda info: info.rank)


FIGURES: Registry[FigureInfo] = Registry("a figure", _own)
"""Every figure of runs that can be chosen, by its name."""
