"""What came of the runs: the picture, the curves and the table.

Every competitor is computed by itself. What is known already is shown at once; what takes long shows how far
it is and can be stopped.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

import optviz as ov
from optviz.figures import Theme
from optviz.params import Param
from optviz.scene import scene
from optviz.spec import VIEW_PARAMS
from optviz.web import choices, limits, player, runs, widgets
from optviz.web.session import session

_PATIENCE = 0.4
"""Seconds without a word while runs are computed."""


def draw(experiment: ov.Experiment, view: ov.View, theme: Theme, complaints: Mapping[int, Any]) -> None:
    """Compute every competitor of `experiment` and show what came of it.

    `complaints` has, in their order, each competitor's slot and the place for what torch says about it; the
    others run.
    """
    results = _results(experiment)
    for place, result in zip(complaints.values(), results, strict=True):
        if isinstance(result, runs.Refused):
            place.error(widgets.plain(result.reason))
    trajectories = [result for result in results if isinstance(result, ov.Trajectory)]
    _player(experiment, trajectories, theme, view)
    for slot, run, result in zip(complaints, experiment.runs, results, strict=True):
        with st.container(key=f"result-{slot}"):
            st.markdown(f"**{widgets.plain(run.name)}** {widgets.plain(_ending(result))}")
    if trajectories:
        _table(experiment, trajectories)


# -- computing ---------------------------------------------------------------------------------------------


def _results(experiment: ov.Experiment) -> list[runs.Result | None]:
    """What came of each competitor; None for those that were stopped."""
    results = [runs.known(experiment, index) for index in range(len(experiment.runs))]
    if None not in results:
        return results
    if session().stopped == _unnamed(experiment):
        with st.container(horizontal=True, vertical_alignment="center", key="stopped"):
            st.warning("Stopped. Competitors that were not finished are not shown.")
            st.button("Go on", key="go on", on_click=choices.act, args=("go on", _stop, None))
        return results
    with st.container(key="progress"):
        place = st.empty()
    progress = _Progress(experiment, place)
    for index, result in enumerate(results):
        if result is None:
            progress.index = index
            results[index] = runs.compute(experiment, index, progress)
    place.empty()
    return results


class _Progress:
    """Says how far the runs are, and offers to stop them, once they take longer than a moment."""

    def __init__(self, experiment: ov.Experiment, place: Any) -> None:
        self._experiment, self._place = experiment, place
        self._next = time.monotonic() + _PATIENCE
        self._bar: Any = None
        self.index = 0

    def __call__(self, steps: int) -> None:
        # Talking to the page is also where Streamlit ends a run that nobody waits for any more.
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 0.1
        count, most = len(self._experiment.runs), self._experiment.steps
        name = widgets.plain(self._experiment.runs[self.index].name)
        text = f"{name}: step {steps:,} of {most:,} · competitor {self.index + 1} of {count}"
        share = (self.index + steps / most) / count
        if self._bar is None:
            with self._place.container(horizontal=True, vertical_alignment="bottom"):
                self._bar = st.progress(share, text)
                stop = ("stop", _stop, _unnamed(self._experiment))
                st.button("Stop", key="stop", icon=":material/stop:", on_click=choices.act, args=stop)
        self._bar.progress(share, text)


def _stop(experiment: ov.Experiment | None) -> None:
    session().stopped = experiment


def _unnamed(experiment: ov.Experiment) -> ov.Experiment:
    """The experiment whatever its competitors are called."""
    return replace(experiment, runs=tuple(replace(run, label="") for run in experiment.runs))


# -- the picture -------------------------------------------------------------------------------------------


def _player(
    experiment: ov.Experiment, trajectories: Sequence[ov.Trajectory], theme: Theme, view: ov.View
) -> None:
    names = ", ".join(run.name for run in experiment.runs)
    x, y = experiment.start
    surface = f"Contours of {experiment.surface.name}"
    words = {
        "alt": {
            "picture": f"{surface} with the paths of {names} from ({x:g}, {y:g}).",
            "curves": f"{names}, against {view.against}.",
        },
        "help": {name: VIEW_PARAMS[name].help for name in ("scale", "against")},
    }
    shown = scene(experiment, trajectories, theme, runs.grid(experiment.surface), view)
    player.draw(shown, words, lambda edit: choices.act("player", choices.edit, edit))


# -- in words and numbers ----------------------------------------------------------------------------------


def _ending(result: runs.Result | None) -> str:
    match result:
        case ov.Trajectory():
            return result.outcome.detail
        case runs.Refused():
            return f"Did not run. {result.reason}"
        case None:
            return "Stopped before its end."


def _table(experiment: ov.Experiment, trajectories: Sequence[ov.Trajectory]) -> None:
    surface = ov.surface(experiment.surface)
    within = choices.within_field()
    rows = [trajectory.summary(surface.minimizers, within.get()) for trajectory in trajectories]
    with st.container(horizontal=True, vertical_alignment="bottom", key="table-choices"):
        if surface.minimizers:
            param = Param(limits.WITHIN, surface.nearness, VIEW_PARAMS["within"].help)
            homes = {"a thousandth of the picture": surface.nearness}
            widgets.draw(within, "Reached: nearer to a minimizer than", param, homes, width=280)
        st.download_button(
            "Table as CSV",
            lambda: ov.summaries_csv(rows),
            "optviz.csv",
            "text/csv",
            icon=":material/download:",
            key="csv",
            on_click="ignore",
        )
    alt = "The results of all competitors as a table."
    st.dataframe(_cells(rows), hide_index=True, column_config=_COLUMNS, key="table", alt=alt)


def _cells(rows: Sequence[ov.Summary]) -> dict[str, list[Any]]:
    return {
        "Competitor": [row.name for row in rows],
        "Final loss": [row.final_loss for row in rows],
        "Best loss": [row.best_loss for row in rows],
        "Distance": [row.distance if row.distance < _INFINITE else None for row in rows],
        "Steps to reach": [row.steps_to_reach for row in rows],
        "Evals": [row.evals for row in rows],
        "Path length": [row.path_length for row in rows],
        "Ending": [row.outcome.kind for row in rows],
        "At step": [row.outcome.step for row in rows],
        "In words": [row.outcome.detail for row in rows],
    }


_INFINITE = float("inf")
_COLUMNS = {
    "Final loss": st.column_config.NumberColumn(format="%.4g", help="The loss at the last point."),
    "Best loss": st.column_config.NumberColumn(format="%.4g", help="The lowest loss on the path."),
    "Distance": st.column_config.NumberColumn(
        format="%.4g", help="From the last point to the nearest minimizer, in units of x and y."
    ),
    "Steps to reach": st.column_config.NumberColumn(
        help="The first step that came near enough to a minimizer; empty where none did."
    ),
    "Evals": st.column_config.NumberColumn(help="Evaluations of loss and gradient in all steps together."),
    "Path length": st.column_config.NumberColumn(
        format="%.4g", help="The lengths of all steps together, in units of x and y."
    ),
    "Ending": st.column_config.TextColumn(help="How the run ended."),
    "At step": st.column_config.NumberColumn(help="The step from which that held."),
    "In words": st.column_config.TextColumn(width="large"),
}
