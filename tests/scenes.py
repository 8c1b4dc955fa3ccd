"""What the player is sent, read as it reads it."""

from __future__ import annotations

from typing import Any

import numpy as np

from optviz.player.message import COLUMNS
from optviz.rules.steps import Steps


def columns(sent: bytes, run: dict[str, Any]) -> np.ndarray:
    """The columns of a run's path as it was sent, without its digest."""
    return np.frombuffer(sent, "<f8" if run["double"] else "<f4").reshape(len(COLUMNS), -1)


def step_columns(told: Steps) -> dict[str, np.ndarray]:
    """What is told of each step (n+1, width), by its name."""
    names, widths = zip(*told.data["columns"], strict=True)
    assert sum(widths) == len(told.columns)
    parts = np.split(told.columns, np.cumsum(widths)[:-1])
    return {name: part.T for name, part in zip(names, parts, strict=True)}
