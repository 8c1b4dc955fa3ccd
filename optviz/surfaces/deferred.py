"""torch and numpy for the files of surfaces, loaded when something of them is used, not to read rows."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch
    from torch import nn
else:

    class _Deferred:
        """A module that is loaded when it is asked for something; what it was asked for, it keeps."""

        def __init__(self, name: str) -> None:
            self.__name__ = name

        def __getattr__(self, name: str) -> object:
            value = getattr(import_module(self.__name__), name)
            setattr(self, name, value)
            return value

    np, torch, nn = _Deferred("numpy"), _Deferred("torch"), _Deferred("torch.nn")

__all__ = ["nn", "np", "torch"]
