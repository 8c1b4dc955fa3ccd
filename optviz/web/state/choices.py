"""What the visitor has chosen: one experiment and one view, and every way to change them.

They live in the session, and widgets only show them: each has a `Field`, one place in the experiment or view,
which it reads when it is drawn and sets when it is edited. So an address, a case of the gallery or a click
needs nothing but `show`, and all widgets follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import optviz as ov
from optviz.expressions.spelling import FormulaError
from optviz.figures.theme import slots as slots_of
from optviz.lessons.catalogue import find_page, find_whole
from optviz.maps.catalogue import MAPS
from optviz.spec.experiment import EXPERIMENT_PARAMS
from optviz.spec.params import Value
from optviz.spec.view import IN_PLAYER, MOST_RUNS
from optviz.web.compute import runs
from optviz.web.state import fragments, limits
from optviz.web.state.fragments import PROBLEM, RESULTS, Parts
from optviz.web.state.session import Memory, session
from optviz.web.streamlit_internals import draws_fragments

OPENING = ov.Experiment(
    ov.SurfaceSpec("Rosenbrock"),
    ov.SURFACES["Rosenbrock"].start,
    EXPERIMENT_PARAMS["steps"].default,  # type: ignore[arg-type]
    (
        ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 1e-3, "momentum": 0.9})),
        ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.1})),
    ),
)
"""The experiment that the page opens on: a ravine that momentum rolls through, and Adam's even steps."""
_TO_ADD = ("SGD", "Adam", "RMSprop", "NAdam", "Adagrad", "LBFGS", "AdamW", "Rprop")


def experiment() -> ov.Experiment:
    """The experiment that is shown."""
    return session().experiment or OPENING


def view() -> ov.View:
    """How it is looked at."""
    return session().view


def show(experiment: ov.Experiment, view: ov.View | None = None) -> None:
    """Show this: where address, gallery, files and clicks end. Widgets follow when they are drawn."""
    _open(experiment, view or ov.View())
    if not session().view.page:
        session().before_lesson = None  # this is what is played with now
    session().complaints = {}
    session().memory = Memory()


def slots() -> tuple[int, ...]:
    """For each run its slot, 0 to 7: what its colour, its widgets and its memory go by."""
    return slots_of(view().colors, len(experiment().runs))


def by_slot() -> dict[int, ov.RunSpec]:
    """The runs in their order, by their slots."""
    return dict(zip(slots(), experiment().runs, strict=True))


def run(slot: int) -> ov.RunSpec:
    """The run that has a slot."""
    return experiment().runs[slots().index(slot)]


def complaint(key: str) -> str:
    """What is wrong with the last edit of the widget `key`; empty for nothing."""
    error = session().complaints.get(key)
    return str(error) if error else ""


def misread(key: str) -> int | None:
    """The place at fault in the text that was typed last into the widget `key`; None for none."""
    error = session().complaints.get(key)
    return error.at if isinstance(error, FormulaError) else None


def drop_complaints(key: str) -> None:
    """Forget what was wrong with the widget `key` and its parts."""
    complaints = session().complaints
    for other in [other for other in complaints if f"{other}.".startswith(f"{key}.")]:
        del complaints[other]


def act(key: str, change: Callable[..., None], *args: Any, redraw: Parts = ()) -> None:
    """Make a change: the callback of every widget. What is wrong with it is kept for `complaint`.

    `redraw` has the parts of the page that show the change; none for the whole page.
    """
    if not (redraw and draws_fragments()):
        session().edited = True
    drop_complaints(key)
    try:
        change(*args)
    except ValueError as error:
        session().complaints[key] = error
    fragments.draw_anew(redraw)


def _open(experiment: ov.Experiment, view: ov.View) -> None:
    """Put this in the place of all that is shown: what was still asked of that is not asked of this."""
    session().openings += 1
    _put(experiment, view)


def _put(experiment: ov.Experiment, view: ov.View) -> None:
    chosen = slots_of(view.colors, len(experiment.runs))
    plain = chosen == tuple(range(len(chosen)))
    bounded = ov.SURFACES[experiment.surface.name].minimum > float("-inf")
    scale = view.scale if bounded or view.scale != "log" else "auto"  # no logarithm without a minimum
    session().experiment = experiment
    focus = min(view.focus, len(experiment.runs) - 1)
    data = ov.surface(experiment.surface).data
    beside = view.beside if data or view.beside != "data" else "curves"
    if ov.surface(experiment.surface).network:  # its steps are derived for two weights only
        marks = tuple(mark for mark in view.marks if mark != "parts")
        view = replace(view, marks=marks)
    colors = () if plain else chosen
    session().view = replace(view, colors=colors, scale=scale, focus=focus, beside=beside)


# -- fields ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Field:
    """One place in the experiment or the view. `set` raises ValueError with a sentence for the user."""

    key: str
    get: Callable[[], Any]
    set: Callable[[Any], None]
    shown_in: Parts = ()
    """The parts of the page that show it; none where any may."""

    def part(self, place: int) -> Field:
        """One value of a list."""

        def put(value: Value) -> None:
            values = self.get()
            self.set((*values[:place], value, *values[place + 1 :]))

        return Field(f"{self.key}.{place}", lambda: self.get()[place], put, self.shown_in)


def experiment_field(name: str) -> Field:
    """One of the experiment's own fields, such as its steps."""
    return Field(
        name,
        lambda: getattr(experiment(), name),
        lambda value: _put(_replaced(experiment(), name, value), view()),
        () if name == "steps" else (PROBLEM, RESULTS),  # schedules depend on the steps
    )


def view_field(name: str) -> Field:
    """One of the view's fields."""
    return Field(
        f"view.{name}",
        lambda: getattr(view(), name),
        lambda value: _put(experiment(), _replaced(view(), name, value)),
        (RESULTS,),
    )


def within_field() -> Field:
    """The distance from a minimizer that counts as having reached it; by default the surface's own."""
    surface = ov.surface(experiment().surface)
    field = view_field("within")
    return replace(
        field,
        get=lambda: surface.near(view().within),
        set=lambda value: field.set(None if value == surface.nearness else value),
    )


def map_field(name: str) -> Field:
    """A parameter of the map that is looked at."""
    now = view().map
    assert now is not None
    default = MAPS[now.name].params[name].default

    def get() -> Value:
        spec = view().map
        return spec.params.get(name, default) if spec else default

    def put(value: Value) -> None:
        spec = view().map
        if spec is not None:
            _put(experiment(), replace(view(), map=_with(spec, name, value, value != default)))

    return Field(f"map.{now.name}.{name}", get, put, (RESULTS,))


def set_map(name: str | None) -> None:
    """Look at another map, as it was left, or at the runs themselves."""
    maps = session().memory.maps
    if (now := view().map) is not None:
        maps[now.name] = now
    _put(experiment(), replace(view(), map=None if name is None else maps.get(name, ov.MapSpec(name))))


def open_run(experiment: ov.Experiment) -> None:
    """Look at the runs of an experiment that a map has led to; going back leads to the map."""
    _put(experiment, replace(view(), map=None))


def go_to(place: str) -> None:
    """Go to the "playground", the "maps", the "lessons" or the "optimizers"."""
    now = session()
    if place in ("lessons", "optimizers"):
        if not view().page:
            now.before_lesson = (experiment(), view(), now.memory)
        _put(experiment(), replace(view(), page=place))
        return
    if now.before_lesson:  # nothing of it is lost
        before, how, now.memory = now.before_lesson
        now.before_lesson = None
        _open(before, how)
    _put(experiment(), replace(view(), page=""))
    if place == "playground":
        set_map(None)
    elif view().map is None:
        set_map("basins")


def read_page(page: str) -> None:
    """Read a page of a lesson beside its experiment, or all pages of a lesson.

    Args:
        page: "momentum.2" for one, "momentum.all" for all.

    Raises:
        ValueError: There is no such page.
    """
    if own := find_page(page):
        show(own.experiment, own.view)
    elif find_whole(page):
        _put(experiment(), replace(view(), page=page))
    else:
        raise ValueError("There is no such page.")


def play_with(optimizer: str) -> None:
    """Add an optimizer to what was played with, and go there."""
    go_to("playground")
    add_run(optimizer)


def play_with_page() -> None:
    """Play with the experiment of the page that is read, as it is now."""
    session().before_lesson = None
    _put(experiment(), replace(view(), page=""))


def start_field() -> Field:
    """The start (x, y). That of a surface which has been replaced meanwhile is nobody's."""
    owner, field = experiment().surface.name, experiment_field("start")

    def put(value: Any) -> None:
        if experiment().surface.name == owner:
            field.set(value)

    return replace(field, key=f"{owner}.start", set=put)


def surface_field(name: str) -> Field:
    """A parameter of the surface."""
    owner = experiment().surface.name
    info = ov.SURFACES[owner]
    default = info.declared(experiment().surface.params)[name].default

    def put(value: Value) -> None:
        if experiment().surface.name != owner:
            return  # it has been replaced in the very moment of the edit
        params = {**experiment().surface.params, name: value}
        if value == default and name in info.params:  # what a formula names is always said, once it is set
            del params[name]
        declared = info.declared(params)  # another formula has other parameters
        params = {key: value for key, value in params.items() if key in declared}
        ov.surface(spec := ov.SurfaceSpec(owner, params))  # raises what is wrong with it
        _put(replace(experiment(), surface=spec), view())

    return Field(f"{owner}.{name}", lambda: experiment().surface.params.get(name, default), put)


def run_field(slot: int, name: str) -> Field:
    """One of a run's own fields, such as its label or its clipping."""
    return Field(
        f"{slot}.{name}",
        lambda: getattr(run(slot), name),
        lambda value: _change_run(slot, lambda run: _replaced(run, name, value)),
        () if name == "label" else of_run(slot),  # others may have to be told apart by a number
    )


def of_run(slot: int) -> Parts:
    """The parts of the page that show the numbers of a run."""
    return fragments.card(slot), RESULTS


def optimizer_field(slot: int, name: str) -> Field:
    """A hyperparameter of a run's optimizer; torch's default where it is not given."""
    optimizer = run(slot).optimizer.name
    declared = ov.OPTIMIZERS[optimizer].params[name]

    def get() -> Value:
        given = run(slot).optimizer.params
        return declared.kind.coerce(given[name]) if name in given else declared.default

    def put(value: Value) -> None:
        # The learning rate is always said: no reader should have to know torch's default.
        said = name == "lr" or value != declared.default
        _change_run(slot, lambda run: replace(run, optimizer=_with(run.optimizer, name, value, said)))

    return Field(f"{slot}.{optimizer}.{name}", get, put, of_run(slot))


def scheduler_field(slot: int, name: str, unset: Value) -> Field:
    """An argument of a run's scheduler; where it is not given, it has the value `unset`."""
    spec = run(slot).scheduler
    assert spec is not None

    def get() -> Value:
        now = run(slot).scheduler
        return unset if now is None else now.params.get(name, unset)

    def put(value: Value) -> None:
        def change(run: ov.RunSpec) -> ov.RunSpec:
            assert run.scheduler is not None
            return replace(run, scheduler=_with(run.scheduler, name, value, value != unset))

        _change_run(slot, change)

    return Field(f"{slot}.{spec.name}.{name}", get, put, of_run(slot))


def warmup_field(slot: int) -> Field:
    """Steps of linear warm-up before a run's scheduler."""

    def get() -> Value:
        spec = run(slot).scheduler
        return spec.warmup if spec else 0

    def put(value: Any) -> None:
        def change(run: ov.RunSpec) -> ov.RunSpec:
            return replace(run, scheduler=run.scheduler and replace(run.scheduler, warmup=value))

        _change_run(slot, change)

    return Field(f"{slot}.warmup", get, put, of_run(slot))


def _replaced(spec: Any, name: str, value: Any) -> Any:
    return replace(spec, **{name: value})


def _with(spec: Any, name: str, value: Value, said: bool) -> Any:
    params = {**spec.params, name: value}  # in the place it has already, so that links stay alike
    return replace(spec, params={key: other for key, other in params.items() if key != name or said})


def edit(edit: Any) -> None:
    """Make the changes that a visitor has made in the picture.

    Args:
        edit: {"start": [x, y], "view": {name: value}, "opening": n}, or a part of it, from a browser. Of
            another opening than the last one, it was made in a picture that is gone, and changes nothing.

    Raises:
        ValueError: It is anything else, or a value is out of range.
    """
    if not isinstance(edit, dict) or not edit.keys() <= {"start", "view", "opening"}:
        raise ValueError("The picture cannot change that.")
    if edit.get("opening", session().openings) != session().openings:
        return
    if "start" in edit:
        start_field().set(limits.START.check(edit["start"]))
    looks = edit.get("view", {})
    if not isinstance(looks, dict) or not looks.keys() <= {*IN_PLAYER}:
        raise ValueError("The picture cannot change that.")
    for name, value in looks.items():
        view_field(name).set(limits.VIEW[name].check(value))


# -- the runs ----------------------------------------------------------------------------------------------


def add_run(name: str | None = None) -> None:
    """Add an optimizer, by default one that is not there yet, with what is suggested for it."""
    there = {run.optimizer.name for run in experiment().runs}
    name = name or next((name for name in _TO_ADD if name not in there), _TO_ADD[0])
    run = ov.RunSpec(ov.OptimizerSpec(name, suggestions(name)))
    _insert(len(experiment().runs), run)


def duplicate_run(slot: int) -> None:
    """Put a copy of a run below it."""
    index = slots().index(slot)
    _insert(index + 1, experiment().runs[index])


def remove_run(slot: int) -> None:
    """Take a run away.

    Raises:
        ValueError: It is the last one.
    """
    if len(experiment().runs) == 1:
        raise ValueError("An experiment needs at least one competitor.")
    drop_complaints(str(slot))
    _put_runs({other: run for other, run in by_slot().items() if other != slot})


def move_run(slot: int, by: int) -> None:
    """Move a run up (-1) or down (+1) in the list; it keeps its colour."""
    runs, order = by_slot(), list(slots())
    index = order.index(slot)
    order.insert(max(0, index + by), order.pop(index))
    _put_runs({slot: runs[slot] for slot in order})


def set_defaults(slot: int, suggested: bool) -> None:
    """Give a run's optimizer what is suggested for it here, or torch's default for everything."""
    name = run(slot).optimizer.name
    params = suggestions(name) if suggested else {"lr": ov.OPTIMIZERS[name].params["lr"].default}
    _change_run(slot, lambda run: replace(run, optimizer=ov.OptimizerSpec(name, params)))


def set_optimizers(optimizers: tuple[ov.OptimizerSpec, ...]) -> None:
    """Give all runs other optimizers, or the same ones with other hyperparameters."""
    pairs = zip(by_slot().items(), optimizers, strict=True)
    _put_runs({slot: replace(run, optimizer=optimizer) for (slot, run), optimizer in pairs})


def names() -> tuple[str, ...]:
    """What the runs are called on the page: no two alike, and none longer than a label may be."""
    given = [run.name for run in experiment().runs]
    called: list[str] = []
    for name in given:
        numbers = (f"{name[:55]} {number}" for number in count(1))
        alike = given.count(name) > 1
        called.append(next(n for n in numbers if n not in [*given, *called]) if alike else name)
    return tuple(called)


def named() -> ov.Experiment:
    """The experiment with the names that its runs have on the page."""
    runs = zip(experiment().runs, names(), strict=True)
    called = tuple(run if run.name == name else replace(run, label=name) for run, name in runs)
    return replace(experiment(), runs=called)


def _insert(index: int, run: ov.RunSpec) -> None:
    if len(experiment().runs) == MOST_RUNS:
        raise ValueError(f"There is room for {MOST_RUNS} competitors.")
    slot = min(set(range(MOST_RUNS)) - set(slots()))
    session().memory.forget(slot)
    drop_complaints(str(slot))
    runs = list(by_slot().items())
    runs.insert(index, (slot, run))
    _put_runs(dict(runs))


def _put_runs(runs: Mapping[int, ov.RunSpec]) -> None:
    """Show these runs, in this order, by their slots."""
    colors = tuple(runs)
    focused = slots()[view().focus]  # it stays in focus wherever it goes
    focus = colors.index(focused) if focused in colors else 0
    _put(replace(experiment(), runs=tuple(runs.values())), replace(view(), colors=colors, focus=focus))


def _change_run(slot: int, change: Callable[[ov.RunSpec], ov.RunSpec]) -> None:
    runs = by_slot()
    if slot in runs:  # else it went away in the very moment of the edit
        _put_runs({**runs, slot: change(runs[slot])})


# -- what was there comes back -----------------------------------------------------------------------------


def set_surface(name: str) -> None:
    """Go to another surface: its own start, parameters and learning rates, or those it was left with."""
    _remember()
    own = (ov.SurfaceSpec(name), ov.SURFACES[name].start, None)
    surface, start, within = session().memory.surfaces.get(name, own)
    refitted = tuple(_refitted(slot, run, surface) for slot, run in by_slot().items())
    batch_size = experiment().batch_size if ov.surface(surface).data else None
    chosen = replace(experiment(), surface=surface, start=start, runs=refitted, batch_size=batch_size)
    _put(chosen, replace(view(), within=within))


def set_optimizer(slot: int, name: str) -> None:
    """Give a run another optimizer, with what is suggested for it, or what it was left with."""
    _remember()
    memory, suggested = session().memory, suggestions(name)
    lr = memory.rates.get((slot, name, experiment().surface.name), suggested.pop("lr"))
    others = memory.hyperparameters.get((slot, name), suggested)
    drop_complaints(f"{slot}.{name}")
    _change_run(slot, lambda run: replace(run, optimizer=ov.OptimizerSpec(name, {"lr": lr, **others})))


def set_scheduler(slot: int, name: str | None) -> None:
    """Give a run another scheduler, or none."""
    _remember()
    known = session().memory.schedulers.get((slot, name or "", experiment().surface.name))
    spec = known or (ov.SchedulerSpec(name) if name else None)
    drop_complaints(f"{slot}.{name}")
    _change_run(slot, lambda run: replace(run, scheduler=spec))


def set_clipping(slot: int, how: str | None) -> None:
    """Clip a run's gradients by "clip_norm" or "clip_value", at first at 1, or not at all."""
    clips: dict[str, Any] = {"clip_norm": None, "clip_value": None}
    if how:
        clips[how] = 1.0
    _change_run(slot, lambda run: replace(run, **clips))


def suggestions(optimizer: str, surface: ov.SurfaceSpec | None = None) -> dict[str, Value]:
    """What is suggested for an optimizer on a surface, or on the one that is shown."""
    lr = runs.suggested_lr(optimizer, surface or experiment().surface)
    return {"lr": lr, **ov.OPTIMIZERS[optimizer].suggested}


def _remember() -> None:
    """Keep what a change of surface, optimizer or scheduler would lose."""
    now, memory = experiment(), session().memory
    memory.surfaces[now.surface.name] = (now.surface, now.start, view().within)
    for slot, run in by_slot().items():
        name = run.optimizer.name
        others = {key: value for key, value in run.optimizer.params.items() if key != "lr"}
        memory.hyperparameters[slot, name] = others
        memory.rates[slot, name, now.surface.name] = optimizer_field(slot, "lr").get()
        if run.scheduler is not None:
            memory.schedulers[slot, run.scheduler.name, now.surface.name] = run.scheduler


def _refitted(slot: int, run: ov.RunSpec, surface: ov.SurfaceSpec) -> ov.RunSpec:
    """The run on another surface: rates that suited the last one are not kept."""
    name, memory = run.optimizer.name, session().memory
    known = memory.rates.get((slot, name, surface.name))
    lr = suggestions(name, surface)["lr"] if known is None else known
    optimizer = ov.OptimizerSpec(name, {**run.optimizer.params, "lr": lr})
    before, after = ov.surface(experiment().surface).names, ov.surface(surface).names
    names = dict(zip(before, after, strict=True)) if len(before) == len(after) else {}
    frozen = tuple(names[frozen] for frozen in run.frozen if frozen in names)
    scheduler = run.scheduler
    if scheduler is not None:
        kept = {key: value for key, value in scheduler.params.items() if not key.endswith(("lr", "eta_min"))}
        stripped = replace(scheduler, params=kept)
        scheduler = memory.schedulers.get((slot, scheduler.name, surface.name), stripped)
    return replace(run, optimizer=optimizer, scheduler=scheduler, frozen=frozen)
