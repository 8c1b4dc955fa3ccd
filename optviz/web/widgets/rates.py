"""Which learning rates the competitors run with: as set, torch's defaults, or tuned alike."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

import optviz as ov
from optviz.maps import catalogue
from optviz.spec.wording import counted
from optviz.web.compute import jobs
from optviz.web.state import choices
from optviz.web.state.session import session
from optviz.web.widgets import fields

AS_SET, DEFAULTS, TUNED = "as set", "torch's defaults", "tuned"
_HELP = (
    "Who wins depends on the hyperparameters. **As set**: yours. **torch's defaults**: what torch takes if "
    "nothing else is given. **Tuned**: every competitor tries the same number of learning rates, and runs "
    "with its best."
)
_TUNING = ov.MapSpec("tuning")


@dataclass(frozen=True)
class Rates:
    """The optimizers that replace those that were set."""

    mode: str
    kept: tuple[ov.OptimizerSpec, ...]
    """The optimizers as they were set."""
    now: tuple[ov.OptimizerSpec, ...]
    """The optimizers of this mode: where the session has others, they have been edited since."""
    words: str = ""
    """A sentence on what every competitor was given."""


def draw() -> None:
    """The choice, and what tuning gave every competitor."""
    session().rates_shown = _mode()
    modes = {mode: mode for mode in (AS_SET, DEFAULTS, TUNED)}
    fields.one_of("rates", "Hyperparameters", modes, _mode(), set_mode, _HELP)
    rates = session().rates
    if rates and rates.words and _mode() == TUNED:
        st.caption(rates.words)


def set_mode(mode: str) -> None:
    """Run with other hyperparameters, or with those that were set."""
    kept = _as_set()
    session().tuning = None
    if mode == AS_SET:
        _put(Rates(AS_SET, kept, kept))
    elif mode == DEFAULTS:
        plain = [ov.OptimizerSpec(spec.name, {"lr": _default(spec.name)}) for spec in kept]
        _put(Rates(DEFAULTS, kept, tuple(plain)))
    else:
        session().tuning = _with(kept)


def follow(place: Any) -> None:
    """Tune if that has been asked for: show how far that is, and then draw the page anew."""
    if session().rates_shown != _mode():  # something has been set since, in another part of the page
        session().edited = True
        st.rerun()
    experiment = session().tuning
    if experiment is None:
        return
    try:
        (request,) = catalogue.requests(_TUNING, experiment, 0)
        tuning = _tuned(request, place)
        now = tuple(run.optimizer for run in tuning.tuned.runs)
        _put(Rates(TUNED, tuple(run.optimizer for run in experiment.runs), now, tuning.budget))
    except ValueError as error:
        session().complaints["rates"] = error
    session().tuning = None
    session().edited = True
    st.rerun()


def _tuned(request: catalogue.Request, place: Any) -> ov.Tuning:
    """Wait for the tuning. Any edit ends that, and a job that nobody waits for is given up."""
    job = jobs.begin(request, id(session()))
    while job.running:
        with place.container():
            st.progress(job.done / job.total, f"Tuning: {job.done:,} of {counted(job.total, 'run')}")
        time.sleep(0.1)
        job = jobs.begin(request, id(session()))
    if job.reason:
        raise ValueError(job.reason)
    tuning: ov.Tuning = job.result
    return tuning


def _mode() -> str:
    rates = session().rates
    if session().tuning is not None:
        return TUNED
    return rates.mode if rates and rates.now == _optimizers() else AS_SET


def _as_set() -> tuple[ov.OptimizerSpec, ...]:
    rates = session().rates
    return rates.kept if rates and rates.now == _optimizers() else _optimizers()


def _optimizers() -> tuple[ov.OptimizerSpec, ...]:
    return tuple(run.optimizer for run in choices.experiment().runs)


def _put(rates: Rates) -> None:
    session().rates = rates
    choices.set_optimizers(rates.now)


def _with(optimizers: tuple[ov.OptimizerSpec, ...]) -> ov.Experiment:
    shown = choices.experiment()
    pairs = zip(shown.runs, optimizers, strict=True)
    return replace(shown, runs=tuple(replace(run, optimizer=optimizer) for run, optimizer in pairs))


def _default(optimizer: str) -> Any:
    return ov.OPTIMIZERS[optimizer].params["lr"].default
