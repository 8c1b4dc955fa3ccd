"""Maps on the page: its choices, its progress, and a picture whose cells open in the playground."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

import optviz as ov
from optviz.figures.theme import THEMES, Theme, for_competitors
from optviz.maps import catalogue
from optviz.maps.axes import AxisKind
from optviz.maps.catalogue import MAPS, Picture, Request, map_info
from optviz.maps.cells import CellMap
from optviz.spec.params import Competitor, Flag, Kind, Maybe
from optviz.spec.wording import counted
from optviz.web.compute import jobs
from optviz.web.state import choices, fragments
from optviz.web.state.session import session
from optviz.web.streamlit_internals import draws_fragments
from optviz.web.widgets import chart, fields, kinds

_LOOK = 0.5
"""Seconds between two updates of a map that is being computed."""
_LARGE = 15.0
"""Longest map, in seconds, that begins without being asked for."""
_TOO_LARGE = 900.0
"""Longest map, in seconds on one core, that a shared page computes."""


def draw(experiment: ov.Experiment, view: ov.View) -> None:
    """The choices of the map that is looked at, and the map."""
    spec = view.map
    assert spec is not None
    st.caption(MAPS[spec.name].teaches)
    with st.container(key="map-choices"):
        _choices(spec, experiment, view)
    try:
        wanted = catalogue.requests(spec, experiment, view.focus, view.within)
    except ValueError as error:
        st.error(fields.plain(str(error)))
        return
    stopped = session().stopped_map == (experiment, view)
    if not stopped and not _is_wanted(wanted, experiment, view):
        return
    begun = [jobs.known(request) if stopped else jobs.begin(request, _viewer()) for request in wanted]
    running = not stopped and any(job.running for job in begun if job)
    every = _LOOK if running else None
    live = fragments.part(fragments.MAP, every)(_live)
    live(spec, wanted, experiment, view, running)


def _viewer() -> int:
    return id(session())


def _is_wanted(requests: Sequence[Request], experiment: ov.Experiment, view: ov.View) -> bool:
    """Whether to compute what is missing: a long map only after the visitor has been told how long."""
    missing = [request for request in requests if jobs.find(request) is None]
    seconds = sum(request.cost for request in missing)
    if seconds > _TOO_LARGE:
        st.error(
            f"This would take about {_duration(seconds)}, more than {_duration(_TOO_LARGE)}: take a lower "
            "resolution, fewer steps, or another optimizer. Python has no such limit: see the README."
        )
        return False
    if seconds <= _LARGE or session().started_map == (experiment, view):
        return True
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(f"This will take about {_duration(seconds)}.")
        _button("Start", "start", "play_arrow", _start, (experiment, view))
    return False


def _live(
    spec: ov.MapSpec,
    wanted: Sequence[Request],
    experiment: ov.Experiment,
    view: ov.View,
    running: bool,
) -> None:
    """The map as far as it has been computed."""
    asked = [jobs.begin(request, _viewer()) if running else jobs.known(request) for request in wanted]
    begun = [job for job in asked if job is not None]
    if running and not any(job.running for job in begun):
        if draws_fragments():
            session().edited = True
            st.rerun()  # it need not be updated any more
        running = False
    _progress(begun, running, experiment, view)
    for reason in {job.reason for job in begun if job.reason}:
        st.error(fields.plain(reason))
    results = [job.result for job in begun if job.result is not None]
    if len(results) < len(wanted):
        return
    named = [catalogue.named(result, experiment) for result in results]
    own = [for_competitors(theme, experiment, view) for theme in THEMES.values()]
    _pictures(*(catalogue.pictures(spec, named, theme) for theme in own))
    info = map_info(spec)
    if info.offered and all(job.finished for job in begun):
        _button(info.offer, "use", "check", _go, info.offered(named))


def pictures(experiment: ov.Experiment, view: ov.View, theme: Theme) -> Sequence[Picture]:
    """The pictures of the map that is shown; none while there is nothing of it."""
    if view.map is None:
        return ()
    wanted = catalogue.requests(view.map, experiment, view.focus, view.within)
    results = [job.result for request in wanted if (job := jobs.find(request)) and job.result is not None]
    if len(results) < len(wanted):
        return ()
    named = [catalogue.named(result, experiment) for result in results]
    return catalogue.pictures(view.map, named, for_competitors(theme, experiment, view))


def _progress(begun: Sequence[jobs.Job], running: bool, experiment: ov.Experiment, view: ov.View) -> None:
    done, total = sum(job.done for job in begun), sum(job.total for job in begun)
    with st.container(key="map-progress", horizontal=True, vertical_alignment="center"):
        if running:
            left = [job.left for job in begun if job.running]
            seconds = sum(part for part in left if part is not None)
            words = f"{done:,} of {counted(total, 'run')}"
            words += f" · about {_duration(seconds)} left" if None not in left else ""
            st.progress(min(done / total, 1.0), words)
            _button("Stop", "stop", "stop", _stop, (experiment, view))
        elif session().stopped_map == (experiment, view):
            st.warning(f"Stopped after {done:,} of {counted(total, 'run')}.")
            _button("Continue", "go on", "play_arrow", _stop, None)
        else:
            st.caption(f"{counted(total, 'real run')} of torch.")


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _button(label: str, key: str, icon: str, change: Any, *args: Any) -> None:
    key = f"map.{key}"
    act = choices.act
    st.button(label, key=key, icon=f":material/{icon}:", on_click=act, args=(key, change, *args))


def _start(shown: Any) -> None:
    session().started_map = shown


def _stop(shown: Any) -> None:
    session().stopped_map = shown
    if shown is not None:
        experiment, view = shown
        for request in catalogue.requests(view.map, experiment, view.focus, view.within):
            if job := jobs.find(request):
                job.leave(_viewer())


def _pictures(light: Sequence[Picture], dark: Sequence[Picture]) -> None:
    columns = st.columns(len(light)) if len(light) > 1 else [st.container()]
    for place, (column, picture, night) in enumerate(zip(columns, light, dark, strict=True)):
        with column:
            chart.draw(f"map-{place}", picture, night, partial(_open, picture.map))


def _open(map: CellMap | None, cell: Any) -> None:
    """Show a cell's run in the playground. Raises ValueError for what is no cell: it comes from a browser."""
    height, width = map.kinds.shape if map else (0, 0)
    good = isinstance(cell, list) and len(cell) == 2 and all(type(part) is int for part in cell)
    if not map or not good or not (0 <= cell[0] < width and 0 <= cell[1] < height):
        raise ValueError("There is no such cell.")
    _go(map.at(cell[1], cell[0]))


def _go(experiment: ov.Experiment) -> None:
    """Show an experiment's runs in the playground. They keep their own names: maps have the page's."""
    pairs = zip(experiment.runs, choices.experiment().runs, strict=True)
    choices.open_run(replace(experiment, runs=tuple(replace(run, label=own.label) for run, own in pairs)))


# -- choices -----------------------------------------------------------------------------------------------


def _choices(spec: ov.MapSpec, experiment: ov.Experiment, view: ov.View) -> None:
    names = {run.name: place for place, run in enumerate(experiment.runs)}
    titles = {info.title: name for name, info in MAPS.items()}
    info = map_info(spec)
    unused = info.unused(info.settings(spec))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fields.one_of("map.name", "Map", titles, spec.name, choices.set_map, redraw=_HERE)
        if "focus" not in unused:
            called = list(names)
            now, change = called[view.focus], choices.view_field("focus").set
            first = {"index": view.focus}
            editing = fields.editor("map.focus", now, change, names.__getitem__, redraw=_HERE, first=first)
            st.selectbox("Competitor", called, width=220, **editing)
        for name, param in info.params.items():
            if name not in unused:
                field, label = choices.map_field(name), param.label or name.capitalize()
                kinds.draw(field, label, param, width=_width(param.kind))


_HERE = (fragments.RESULTS,)


def _width(kind: Kind) -> str | int:
    inner = kind.kind if isinstance(kind, Maybe) else kind
    return _WIDTHS.get(type(inner), 160)


_WIDTHS: Mapping[type[Kind], str | int] = {AxisKind: "content", Competitor: 220, Flag: 220}
