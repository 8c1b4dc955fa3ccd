"""What many tests begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import optviz as ov


def competitor(optimizer: str, params: Mapping[str, Any] | None = None, **around: Any) -> ov.RunSpec:
    return ov.RunSpec(ov.OptimizerSpec(optimizer, params or {}), **around)
