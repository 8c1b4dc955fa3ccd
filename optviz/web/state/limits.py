"""Limits of the page: ranges narrower than the engine's, for widgets and addresses alike."""

from __future__ import annotations

from collections.abc import Mapping

from optviz.spec.experiment import EXPERIMENT_PARAMS
from optviz.spec.params import Float, Int, Kind, Maybe, Tuple
from optviz.spec.view import VIEW_PARAMS

MOST_STEPS = 5000
START = Tuple((Float(-1e10, 1e10),) * 2)
WARMUP = Int(0, MOST_STEPS)
WITHIN = Float(0.0, 1e6)
EXPERIMENT: Mapping[str, Kind] = {
    **{name: param.kind for name, param in EXPERIMENT_PARAMS.items()},
    "steps": Int(1, MOST_STEPS),
    "batch_size": Maybe(Int(1, 1000)),
    "seed": Int(0, 2**53 - 1),  # what a browser's numbers can hold
}
"""The experiment's own fields."""
VIEW: Mapping[str, Kind] = {
    **{name: param.kind for name, param in VIEW_PARAMS.items()},
    "within": WITHIN,
}
"""The view's fields."""
