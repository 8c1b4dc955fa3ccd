"""The results of the runs: the picture, the curves and the table.

Every competitor is computed by itself. What is known already is shown at once; what takes long shows how far
it is and can be stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from plotly.offline import get_plotlyjs_version

import optviz as ov
from optviz.engine.planes import picture_plane
from optviz.player import captions
from optviz.player.message import Telling
from optviz.player.scene import Scene, Shown, by_index, scene
from optviz.spec.params import Param
from optviz.spec.view import VIEW_PARAMS
from optviz.web.compute import runs
from optviz.web.state import choices, fragments, limits
from optviz.web.state.session import session
from optviz.web.streamlit_internals import fragment_waits
from optviz.web.widgets import fields, kinds, player

_PATIENCE = 0.4
"""Seconds of computing after which progress is shown."""


def draw(experiment: ov.Experiment, view: ov.View, telling: Telling | None = None) -> None:
    """Compute every competitor of `experiment` and show the results.

    What torch says about one that it refuses stands in its card; the others run. With `telling`, what
    the page of a lesson has to say in the player, nothing stands below it.
    """
    # Always there, so that nothing below it is drawn anew when it fills.
    with st.container(key="progress"):
        progress = _Progress(experiment, st.empty())
    results = _results(experiment, progress)
    ghosts = _ghosts(experiment, results, view, progress)
    _tell_cards(results)
    summaries = _summaries(experiment, results, view)
    table = captions.table(experiment, summaries, [_ending(result) for result in results], view)
    shown = _shown(experiment, results, ghosts, view, progress)
    player.draw(
        {
            **shown.data,
            **captions.words(experiment, view),
            **(telling or {}),
            "table": table,
            "plotly": get_plotlyjs_version(),
            "player": player.KEY,
            "opening": session().openings,
        },
        shown.blobs,
        _edited,
    )
    progress.end()
    if telling is None:
        _below_the_table(experiment, [summary for summary in summaries if summary])


# -- computing ---------------------------------------------------------------------------------------------


def _results(experiment: ov.Experiment, progress: _Progress) -> list[runs.Result | None]:
    """The result of each competitor; None for those that were stopped."""
    results = [runs.known(experiment, index) for index in range(len(experiment.runs))]
    if None not in results:
        return results
    if _is_stopped(experiment):
        with progress.place.container(horizontal=True, vertical_alignment="center", key="stopped"):
            st.warning("Stopped. Competitors that were not finished are not shown.")
            kwargs = {"redraw": (fragments.RESULTS,)}
            st.button(
                "Continue", key="go on", on_click=choices.act, args=("go on", _stop, None), kwargs=kwargs
            )
        return results
    for index, result in enumerate(results):
        if result is None:
            progress.index = index
            results[index] = runs.compute(experiment, index, progress)
    return results


def _tell_cards(results: Sequence[runs.Result | None]) -> None:
    """Draw the whole page anew where the cards do not say yet who was refused, and why."""
    pairs = zip(choices.slots(), results, strict=True)
    refused = {slot: result.reason for slot, result in pairs if isinstance(result, runs.Refused)}
    if refused != session().refused:
        session().refused = refused
        session().edited = True
        st.rerun()


def _ghosts(
    experiment: ov.Experiment, results: Sequence[runs.Result | None], view: ov.View, progress: _Progress
) -> dict[int, ov.Reference]:
    """The paths of another convention, by the place of their competitor."""
    ghosts: dict[int, ov.Reference] = {}
    if view.convention == "torch" or _is_stopped(experiment):
        return ghosts
    for index, result in enumerate(results):
        progress.index = index
        if not isinstance(result, ov.Trajectory):
            continue
        if ghost := runs.reference(experiment, index, view.convention, progress):
            ghosts[index] = ghost
    return ghosts


def _is_stopped(experiment: ov.Experiment) -> bool:
    return session().stopped == experiment.unlabelled


class _Progress:
    """Progress of the runs, with a button to stop them, once they take longer than a moment."""

    def __init__(self, experiment: ov.Experiment, place: Any) -> None:
        self._experiment, self.place = experiment, place
        self._next = time.monotonic() + _PATIENCE
        self._bar: Any = None
        self.index = 0
        self.words = ""
        """What is computed where it is not a competitor; steps are then hundredths of it."""

    def __call__(self, steps: int) -> None:
        if time.monotonic() < self._next:
            return
        if fragment_waits():
            session().edited = True
            st.rerun()
        self._next = time.monotonic() + 0.1
        count, most = len(self._experiment.runs), self._experiment.steps
        name = fields.plain(self._experiment.runs[self.index].name)
        if self.words:
            share = steps / 100
            text = f"{self.words}: {steps} %"
        else:
            share = (self.index + steps / most) / count
            text = f"{name}: step {steps:,} of {most:,} · competitor {self.index + 1} of {count}"
        if self._bar is None:
            with self.place.container(horizontal=True, vertical_alignment="bottom"):
                self._bar = st.progress(share, text)
                stop = ("stop", _stop, self._experiment.unlabelled)
                st.button("Stop", key="stop", icon=":material/stop:", on_click=choices.act, args=stop)
        self._bar.progress(share, text)

    def end(self) -> None:
        if self._bar is not None:
            self.place.empty()


def _stop(experiment: ov.Experiment | None) -> None:
    session().stopped = experiment


# -- the picture -------------------------------------------------------------------------------------------


def _shown(
    experiment: ov.Experiment,
    results: Sequence[runs.Result | None],
    ghosts: Mapping[int, ov.Reference],
    view: ov.View,
    progress: _Progress,
) -> Scene:
    """The scene: all competitors, also those that did not run."""
    paths = ov.project(experiment, [result for result in results if isinstance(result, ov.Trajectory)])
    competitors = [
        replace(_looked_into(experiment, shown, view), reference=ghosts.get(index))
        for index, shown in enumerate(by_index(experiment, paths))
    ]
    return scene(experiment, competitors, _grid(experiment, paths, progress), view)


def _looked_into(experiment: ov.Experiment, shown: Shown, view: ov.View) -> Shown:
    """A competitor with what is looked at beside the picture."""
    path = shown.trajectory
    if path is None:
        return shown
    if view.beside == "step" or view.marks:
        shown = replace(shown, steps=runs.steps(experiment, path))
    if view.beside == "stability":
        shown = replace(shown, stability=runs.stability(experiment, path))
    if view.beside == "code":
        shown = replace(shown, code=ov.training_loop(experiment, path.index))
    return shown


def _grid(experiment: ov.Experiment, trajectories: Sequence[ov.Trajectory], progress: _Progress) -> ov.Grid:
    """The surface's losses: of a network, on the plane that its paths are seen on."""
    seen = picture_plane(experiment, trajectories).sampled
    if not isinstance(seen, ov.Plane):
        return runs.grid(experiment.surface)
    progress.words = "The losses of the plane"
    return runs.plane_grid(seen, progress, coarse=_is_stopped(experiment))


def _edited(edit: Any) -> None:
    start = isinstance(edit, dict) and "start" in edit  # it also stands in its fields
    redraw = (fragments.PROBLEM, fragments.RESULTS) if start else (fragments.RESULTS,)
    choices.act("player", choices.edit, edit, redraw=redraw)


# -- in words and numbers ----------------------------------------------------------------------------------


def _summaries(
    experiment: ov.Experiment, results: Sequence[runs.Result | None], view: ov.View
) -> list[ov.Summary | None]:
    surface = ov.surface(experiment.surface)
    within = surface.near(view.within)
    return [
        result.summary(surface.minimizers, within) if isinstance(result, ov.Trajectory) else None
        for result in results
    ]


def _ending(result: runs.Result | None) -> str:
    match result:
        case ov.Trajectory():
            return result.outcome.detail
        case runs.Refused():
            return f"Did not run. {result.reason}"
        case None:
            return "Stopped before its end."


def _below_the_table(experiment: ov.Experiment, rows: Sequence[ov.Summary]) -> None:
    surface = ov.surface(experiment.surface)
    with st.container(horizontal=True, vertical_alignment="bottom", key="table-choices"):
        if surface.minimizers:
            param = Param(limits.WITHIN, surface.nearness, VIEW_PARAMS["within"].help)
            resets = {"a thousandth of the picture": surface.nearness}
            field = choices.within_field()
            kinds.draw(field, "Counts as reached within", param, resets, width=280)
        st.download_button(
            "Table as CSV",
            lambda: ov.summaries_csv(rows),
            "optviz.csv",
            "text/csv",
            icon=":material/download:",
            key="csv",
            on_click="ignore",
        )
