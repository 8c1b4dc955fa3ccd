"""The engine behind a cache and a lock: what has been computed is not computed again."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

import optviz as ov

_SPECS: dict[str | type[Any], Callable[[Any], Any]] = {
    ov.Experiment: ov.Experiment.to_json,
    ov.SurfaceSpec: repr,
}


@st.cache_resource(show_spinner=False)
def lock() -> threading.Lock:
    """One lock for the whole process: tiny torch operations of several sessions only get in each other's way.

    Made once after all imports, it also freezes what they left in memory, so that the garbage collection
    after every script run does not walk through torch again.
    """
    gc.collect()
    gc.freeze()
    return threading.Lock()


def trajectory(experiment: ov.Experiment, index: int) -> ov.Trajectory:
    """Run one competitor, or take it from the cache. Raises ValueError as `ov.run_one` does."""
    return _alone(replace(experiment, runs=(experiment.runs[index],)))


@st.cache_resource(show_spinner=False, max_entries=200, hash_funcs=_SPECS)
def _alone(experiment: ov.Experiment) -> ov.Trajectory:
    with lock():
        return ov.run_one(experiment, 0)


@st.cache_resource(show_spinner=False, max_entries=50, hash_funcs=_SPECS)
def grid(spec: ov.SurfaceSpec) -> ov.Grid:
    """The surface's losses over its domain."""
    with lock():
        return ov.sample(spec)


@st.cache_data(show_spinner=False, max_entries=2000, hash_funcs=_SPECS)
def suggested_lr(optimizer: str, spec: ov.SurfaceSpec) -> float:
    """A learning rate that shows something on this surface."""
    with lock():
        return ov.suggested_lr(optimizer, spec)
