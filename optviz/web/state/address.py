"""The address of the page, which always says what is shown, and is followed when the visitor changes it.

Whatever stands in it is hostile or out of date: what cannot be used is left out, and said.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar

import streamlit as st

import optviz as ov
from optviz.environment import newer
from optviz.lessons.catalogue import find_page, find_whole
from optviz.maps.catalogue import MAPS, map_info
from optviz.optimizers import third_party
from optviz.optimizers.catalogue import not_offered
from optviz.spec.experiment import read_part
from optviz.spec.links import LONGEST_LINK, VERSION, split_link
from optviz.spec.params import Kind, Param, Value, describe
from optviz.spec.view import MOST_RUNS
from optviz.web.state import choices, limits
from optviz.web.state.session import Notes, session

_MORE = ' More come with pip install "optviz[more]".'
_KEPT = 16
"""Addresses that the page had before this one and that an edit may still come with."""
_T = TypeVar("_T")


@dataclass(frozen=True)
class Opened:
    """What an address says."""

    experiment: ov.Experiment
    view: ov.View
    ignored: tuple[str, ...]
    """A sentence for each part that could not be used."""


def follow() -> None:
    """Show what the address says, unless the page itself put it there."""
    words = {name: st.query_params.get_all(name) for name in st.query_params}
    now = session()
    edited, now.edited = now.edited, False
    # An edit made before the last address had reached the browser comes with an address before that. With any
    # other one, the visitor has gone elsewhere in the moment of the edit.
    if now.address == words or (edited and words in now.earlier):
        return
    opened = read(words)
    choices.show(opened.experiment, opened.view)
    now.notes, now.address = Notes(opened.ignored), words
    now.written = (choices.experiment(), choices.view())


def write() -> None:
    """Put into the address what is shown, if that has changed; the browser can then go back to what was."""
    now, shown = session(), (choices.experiment(), choices.view())
    if now.written == shown:
        return
    try:
        words = split_link(_link(*shown))
    except ValueError as error:
        now.notes = Notes((f"The address cannot hold this experiment. {error}",))
        return
    now.earlier = (*now.earlier, now.address)[-_KEPT:]
    now.address, now.written, now.notes, now.of_file = words, shown, now.of_file, Notes()
    st.query_params.from_dict(words)


def _link(experiment: ov.Experiment, view: ov.View) -> str:
    """The query of an address that shows this; a page of a lesson as it is there needs no more than its name.

    Raises ValueError where it is too long.
    """
    own = find_page(view.page)
    if own and (own.experiment, own.view) == (experiment, view):
        return f"?v={VERSION}&page={own.name}"
    return experiment.to_url(view)


def read(words: Mapping[str, Sequence[str]]) -> Opened:
    """The experiment and view of an address, by default for what it does not say or says wrongly."""
    length = sum(len(name) + sum(map(len, texts)) for name, texts in words.items())
    if length > LONGEST_LINK:
        return Opened(choices.OPENING, ov.View(), (f"It is too long: {length:,} characters.",))
    return usable(words)


def usable(words: Mapping[str, Sequence[str]]) -> Opened:
    """What of the words of a link, or of a file's experiment, can be used on the page."""
    link = _Link(words)
    page = link.page()
    if words.keys() <= {"v", "page"} and (own := find_page(page)):
        return Opened(own.experiment, own.view, link.ignored())
    surface = link.surface()
    start = link.start(surface)
    runs, places = link.runs(surface)
    experiment = ov.Experiment(surface, start, choices.OPENING.steps, runs or _default_runs(surface))
    experiment = replace(experiment, **link.values(limits.EXPERIMENT))
    if experiment.batch_size is not None and ov.surface(surface).data is None:
        experiment = replace(experiment, batch_size=None)
        link.ignore("batch_size", f"{surface.name} has no data to draw minibatches from.")
    view = ov.View(**link.values(limits.VIEW), page=page, map=link.map())
    if view.scale == "log" and ov.SURFACES[surface.name].minimum == float("-inf"):
        view = replace(view, scale="auto")
        link.ignore("scale", f"{surface.name} has no minimum to measure a logarithm from.")
    colors = tuple(color for place, color in enumerate(view.colors) if place in places or not runs)
    view = replace(view, colors=colors[: len(experiment.runs)])
    return Opened(experiment, view, link.ignored())


def _default_runs(surface: ov.SurfaceSpec) -> tuple[ov.RunSpec, ...]:
    if surface == choices.OPENING.surface:
        return choices.OPENING.runs
    return tuple(
        ov.RunSpec(ov.OptimizerSpec(name, choices.suggestions(name, surface))) for name in ("SGD", "Adam")
    )


class _Link:
    """The parts of a link, read one by one; each that cannot be used is noted and left out."""

    def __init__(self, words: Mapping[str, Sequence[str]]) -> None:
        self._words = dict(words)
        self._notes: list[str] = []
        version = self._words.pop("v", [str(VERSION)])
        if list(version) != [str(VERSION)]:
            self.ignore("v", "It was made by another version of optviz.")

    def ignore(self, part: str, why: object) -> None:
        self._notes.append(f"{part}: {why}")

    def ignored(self) -> tuple[str, ...]:
        """All notes, after those on unknown parts."""
        for name in self._words:
            self.ignore(describe(name), "this means nothing to optviz.")
        self._words = {}
        return tuple(self._notes)

    def surface(self) -> ov.SurfaceSpec:
        """The surface, at its defaults where its parameters cannot be used."""
        spec = self._read("surface", lambda text: _known_surface(read_part("surface", text)))
        if spec is None:
            return choices.OPENING.surface
        info = ov.SURFACES[spec.name]
        try:
            declared = info.declared(spec.params)
        except ValueError as error:
            self.ignore(spec.name, error)
            return replace(spec, params={})
        usable = replace(spec, params=self._usable(spec.name, declared, spec.params, info.params))
        return self._try(spec.name, _built, usable) or replace(spec, params={})

    def page(self) -> str:
        """What is read, if there is such a page."""
        return self._read("page", lambda text: _known_page(read_part("page", text))) or ""

    def map(self) -> ov.MapSpec | None:
        """The map, with those of its parameters that can be used."""
        spec = self._read("map", lambda text: _known_map(read_part("map", text)))
        if spec is None:
            return None
        declared = MAPS[spec.name].params
        return replace(spec, params=self._usable(spec.name, declared, spec.params, declared))

    def start(self, surface: ov.SurfaceSpec) -> Any:
        """The start, or the surface's own."""
        start = self._read("start", lambda text: limits.START.check(read_part("start", text)))
        return ov.SURFACES[surface.name].start if start is None else start

    def runs(self, surface: ov.SurfaceSpec) -> tuple[tuple[ov.RunSpec, ...], tuple[int, ...]]:
        """The competitors that can be used, and their places among those that are given."""
        self._names = ov.surface(surface).names
        texts = self._words.pop("run", [])
        if len(texts) > MOST_RUNS:
            self.ignore("run", f"There is room for {MOST_RUNS} competitors, not for {len(texts)}.")
        read = [self._try("run", self._run, text) for text in texts[:MOST_RUNS]]
        usable = {place: run for place, run in enumerate(read) if run is not None}
        return tuple(usable.values()), tuple(usable)

    def values(self, kinds: Mapping[str, Kind]) -> dict[str, Any]:
        """The plain values among these that are given and can be used."""
        read = {
            name: self._read(name, lambda text, name=name, kind=kind: kind.check(read_part(name, text)))  # type: ignore[misc]
            for name, kind in kinds.items()
        }
        if len(set(colors := read.get("colors") or ())) < len(colors):
            self.ignore("colors", "They must all be different.")
            read["colors"] = None
        return {name: value for name, value in read.items() if value is not None}

    def _run(self, text: str) -> ov.RunSpec:
        spec: ov.RunSpec = read_part("run", text)
        if spec.optimizer.name not in ov.OPTIMIZERS:
            raise ValueError(_unknown_optimizer(spec.optimizer.name))
        if unknown := set(spec.frozen) - set(self._names):
            known = " and ".join(self._names)
            raise ValueError(f"There is no parameter {describe(unknown.pop())} to freeze, only {known}.")
        info = ov.OPTIMIZERS[spec.optimizer.name]
        params = self._usable(info.name, info.params, spec.optimizer.params, lacks=info.lacks)
        optimizer = ov.OptimizerSpec(spec.optimizer.name, params)
        scheduler = spec.scheduler and self._try("run", self._scheduler, spec.scheduler)
        return replace(spec, optimizer=optimizer, scheduler=scheduler)

    def _scheduler(self, spec: ov.SchedulerSpec) -> ov.SchedulerSpec:
        if spec.name not in ov.SCHEDULERS:
            raise ValueError(f"There is no scheduler named {describe(spec.name)} here.")
        info = ov.SCHEDULERS[spec.name]
        if spec.warmup and info.no_warmup:
            self.ignore(spec.name, info.no_warmup)
            spec = replace(spec, warmup=0)
        if spec.warmup != min(spec.warmup, limits.WARMUP.high):
            self.ignore(spec.name, f"warmup must be at most {limits.WARMUP.high:,}, not {spec.warmup:,}.")
            spec = replace(spec, warmup=0)
        return replace(spec, params=self._usable(spec.name, info.params, spec.params))

    def _usable(
        self,
        owner: str,
        declared: Mapping[str, Param],
        given: Mapping[str, Value],
        unsaid: Container[str] = (),
        lacks: Mapping[str, str] = MappingProxyType({}),
    ) -> dict[str, Value]:
        """The given values that the owner has and may have; a default among the `unsaid` need not be said.

        What the installed torch `lacks` is said with the version that brought it.
        """
        usable = {}
        for name, value in given.items():
            if name in lacks:
                self.ignore(owner, f"{name} {newer(lacks[name])}")
                continue
            if name not in declared:
                self.ignore(owner, f"It has no parameter {describe(name)}.")
                continue
            try:
                checked = declared[name].kind.check(value)
            except ValueError as error:
                self.ignore(owner, f"{name} {error}")
                continue
            if not (name in unsaid and checked == declared[name].default):
                usable[name] = checked
        return usable

    def _read(self, name: str, read: Callable[[str], _T]) -> _T | None:
        texts = self._words.pop(name, None)
        if not texts:
            return None
        if len(texts) > 1:
            self.ignore(name, "It is there twice; the first one counts.")
        return self._try(name, read, texts[0])

    def _try(self, name: str, read: Callable[[Any], _T], given: Any) -> _T | None:
        try:
            return read(given)
        except ValueError as error:
            self.ignore(name, error)
            return None


def _unknown_optimizer(name: str) -> str:
    """Why there is no such optimizer here, in a sentence."""
    more = "" if third_party.is_installed() else _MORE
    return not_offered(name) or f"There is no optimizer named {describe(name)} here.{more}"


def _built(spec: ov.SurfaceSpec) -> ov.SurfaceSpec:
    ov.surface(spec)  # raises where its parameters do not go together
    return spec


def _known_map(spec: ov.MapSpec) -> ov.MapSpec:
    map_info(spec)  # raises where there is none
    return spec


def _known_page(page: str) -> str:
    if page and not (page in ("lessons", "optimizers") or find_page(page) or find_whole(page)):
        raise ValueError(f"There is no page {describe(page)} to read.")
    return page


def _known_surface(spec: ov.SurfaceSpec) -> ov.SurfaceSpec:
    if spec.name not in ov.SURFACES:
        raise ValueError(f"There is no surface named {describe(spec.name)}.")
    return spec
