"""torch for the files of surfaces, loaded when something of it is used: rows can be read without it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

    torch, nn = _Deferred("torch"), _Deferred("torch.nn")

__all__ = ["nn", "torch"]
