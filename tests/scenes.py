"""What the player is sent, read as it reads it."""

from __future__ import annotations

from typing import Any

import numpy as np

from optviz.player.message import COLUMNS


def columns(sent: bytes, run: dict[str, Any]) -> np.ndarray:
    """The columns of a run's path as it was sent, without its digest."""
    return np.frombuffer(sent, "<f8" if run["double"] else "<f4").reshape(len(COLUMNS), -1)
