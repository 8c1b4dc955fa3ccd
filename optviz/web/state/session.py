"""A visitor's session: what is shown, and what would be lost when that changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

import optviz as ov
from optviz.spec.params import Value

_KEY = "optviz"


@dataclass
class Memory:
    """Earlier choices of surfaces, optimizers and maps that are not shown now, to come back to."""

    surfaces: dict[str, tuple[ov.SurfaceSpec, tuple[float, float], float | None]] = field(
        default_factory=dict
    )
    """The parameters, the start and the view's tolerance, by surface."""
    rates: dict[tuple[int, str, str], Value] = field(default_factory=dict)
    """The learning rate, by slot, optimizer and surface: it has the units of the surface."""
    hyperparameters: dict[tuple[int, str], Mapping[str, Value]] = field(default_factory=dict)
    """All others, by slot and optimizer."""
    maps: dict[str, ov.MapSpec] = field(default_factory=dict)
    """By name."""
    schedulers: dict[tuple[int, str, str], ov.SchedulerSpec] = field(default_factory=dict)
    """By slot, scheduler and surface: they hold rates, too."""

    def forget(self, slot: int) -> None:
        """Forget what was chosen for a slot, which a new competitor gets."""
        kept: Any
        for kept in (self.rates, self.hyperparameters, self.schedulers):
            for key in [key for key in kept if key[0] == slot]:
                del kept[key]


@dataclass(frozen=True)
class Notes:
    """What is to be said of a link or a file that was opened."""

    ignored: tuple[str, ...] = ()
    """The parts that could not be used."""
    remark: str = ""
    """What else there is to know; empty for nothing."""


@dataclass
class Session:
    """One visitor's state. What widgets show follows from it, never the other way round."""

    experiment: ov.Experiment | None = None
    view: ov.View = field(default_factory=ov.View)
    openings: int = 0
    """How often all that is shown was replaced: by an address, a case, a file or a page."""
    memory: Memory = field(default_factory=Memory)
    complaints: dict[str, ValueError] = field(default_factory=dict)
    """What is wrong with the last edit, by the widget's key."""
    in_force: dict[str, Value] = field(default_factory=dict)
    """The number that a field was drawn with last, by the widget's key."""
    stops: dict[str, float] = field(default_factory=dict)
    """The learning rate that a slider was drawn for first, by the widget's key: one of its stops."""
    generations: dict[str, int] = field(default_factory=dict)
    """The generation of each widget, by its key: how often it had to be replaced."""
    notes: Notes = Notes()
    """What is said of what is shown."""
    of_file: Notes = Notes()
    """What will be, of the file that was opened just now."""
    address: Mapping[str, Any] | None = None
    """The words of the address, as it was last followed or written."""
    earlier: tuple[Mapping[str, Any] | None, ...] = ()
    """Those of some addresses before that."""
    written: tuple[ov.Experiment, ov.View] | None = None
    """The experiment and view of that address."""
    edited: bool = False
    """Whether the next run of the whole script follows an edit."""
    undrawn: set[str] = field(default_factory=set)
    """The parts of the page that edits have asked for and that have not been drawn since, by their keys."""
    refused: dict[int, str] = field(default_factory=dict)
    """Why competitors did not run, by their slots."""
    stopped: ov.Experiment | None = None
    """The experiment that the visitor stopped."""
    started_map: tuple[ov.Experiment, ov.View] | None = None
    """The large map that the visitor wants to be computed."""
    stopped_map: tuple[ov.Experiment, ov.View] | None = None
    """The map that the visitor stopped."""
    rates: Any = None
    """The hyperparameters that replace those that were set, if any: see `rates`."""
    rates_shown: str = ""
    """The sentence about them."""
    tuning: ov.Experiment | None = None
    """The experiment that is to be tuned."""
    before_lesson: tuple[ov.Experiment, ov.View, Memory] | None = None
    """The experiment, view and memory from before a lesson was opened."""
    answers: dict[str, str] = field(default_factory=dict)
    """The answers to the questions of lessons, by their pages; empty where none was tried."""
    read: set[str] = field(default_factory=set)
    """Pages of lessons that have been read."""
    gallery: bool = False
    """Whether the gallery has been opened just now."""
    sharing: bool = False
    """Whether the dialog for sharing has been opened just now."""
    columns: Any = None
    """The file of points that was uploaded last, whose points it is for, and which columns are x and y."""
    asked: dict[str, Value] = field(default_factory=dict)
    """What has been chosen for files to take away, by the widget's key."""
    file: Any = None
    """The file that has been made last, with what was asked for."""


def session() -> Session:
    """The session of the visitor whose script runs."""
    try:  # first: it is asked for hundreds of times a run, and made once
        state: Session = st.session_state[_KEY]
    except KeyError:
        state = st.session_state[_KEY] = Session()
    return state
