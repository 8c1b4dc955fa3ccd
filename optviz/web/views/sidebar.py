"""The choices beside the picture: surface, start and chance, and a card for each competitor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

import optviz as ov
from optviz.figures.theme import DARK, DASHES, LIGHT
from optviz.optimizers import third_party
from optviz.spec.experiment import EXPERIMENT_PARAMS, RUN_PARAMS
from optviz.spec.params import Float, Int, Param, Text, Value
from optviz.spec.view import MOST_RUNS
from optviz.surfaces.formula.surface import NAME as YOURS
from optviz.web.state import choices, fragments, limits
from optviz.web.state.session import session
from optviz.web.widgets import fields, kinds, rates

_DEFAULT = "torch's default"
_CLIPPING = {"clip_norm": "by norm", "clip_value": "by value"}
_BORDERS = {"solid": "solid", "dot": "dotted"}
_LABEL = Param(Text(60), "", "The competitor's name; empty for its optimizer's.")
_LIMIT = Float(0.0, float("inf"))


def draw() -> None:
    """Draw all choices."""
    st.markdown("**optviz** · real torch optimizers")
    _problem()
    rates.draw()
    fields.complain("rates")
    for slot in choices.slots():
        fragments.part(fragments.card(slot))(_card)(slot)
    full = len(choices.slots()) == MOST_RUNS
    st.button(
        f"{MOST_RUNS} competitors are the most" if full else "Add a competitor",
        key="add",
        icon=":material/add:",
        disabled=full,
        on_click=choices.act,
        args=("add", choices.add_run),
        width="stretch",
    )
    if third_party.is_installed():
        with st.expander(f"{third_party.PACKAGE}: which cannot run here, and why", type="compact"):
            lines = [f"- {name}: {fields.plain(why)}" for name, why in third_party.UNABLE.items()]
            st.caption("\n".join(lines))


def style() -> str:
    """CSS that gives a competitor's card the colour and dash of its path."""
    rules = []
    for slot, (light, dark, dash) in enumerate(zip(LIGHT.paths, DARK.paths, DASHES, strict=True)):
        border = f"5px {_BORDERS.get(dash, 'dashed')} light-dark({light}, {dark})"
        rules.append(f".st-key-card-{slot} {{ border-left: {border}; }}")
    return f"<style>{''.join(rules)}</style>"


# -- the experiment ----------------------------------------------------------------------------------------


@fragments.part(fragments.PROBLEM)
def _problem() -> None:
    _surface()
    _start_and_steps()


def _surface() -> None:
    names = [YOURS, *(info.name for group in _groups() for info in group if info.name != YOURS)]
    groups = {info.name: info.group for info in ov.SURFACES.values()}
    now = choices.experiment().surface.name
    st.selectbox(
        "Surface",
        names,
        format_func=lambda name: f"{name} · {groups[name]}",
        help="The loss that the optimizers walk down; its two parameters are x and y.",
        **fields.editor("surface", now, choices.set_surface, first={"index": names.index(now)}),
    )
    info, params = ov.SURFACES[now], choices.experiment().surface.params
    own = ov.surface(choices.experiment().surface)
    st.caption(info.teaches)
    with fields.fold("Formula and source", "formula", fragments.PROBLEM) as source:
        if source.open:
            st.latex(info.latex(params))
            caveat = "Its minima were found by a search: there may be lower ones." if own.searched else ""
            st.caption(f"{info.source} {info.note} {caveat}")
    _surface_params(info.declared(params))


def _surface_params(declared: Mapping[str, Param]) -> None:
    """Numbers side by side, everything else in lines of its own."""
    columns: list[Any] = []
    for name, param in declared.items():
        if not isinstance(param.kind, Float | Int):
            columns = []
        elif not columns:
            columns = [*st.columns(2)]
        place = columns.pop(0) if columns else st.container()
        with place:
            label = param.label or name
            resets = {} if param.default is None else {"default": param.default}
            kinds.draw(choices.surface_field(name), label, param, resets)
            if isinstance(param.kind, Text):
                _remarks()


def _remarks() -> None:
    """Remarks on implicit consequences of a typed formula."""
    spec = choices.experiment().surface
    info = ov.SURFACES[spec.name]
    remarks = [*info.remarks(spec.params)]
    if new := info.further(spec.params).keys() - spec.params.keys():
        remarks.append(f"Set {'it' if len(new) == 1 else 'them'} below.")
    if remarks:
        st.info(fields.plain(" ".join(remarks)))


def _groups() -> list[list[ov.SurfaceInfo]]:
    groups: dict[str, list[ov.SurfaceInfo]] = {}
    for info in ov.SURFACES.values():
        groups.setdefault(info.group, []).append(info)
    return list(groups.values())


def _start_and_steps() -> None:
    start = choices.start_field()
    surface = ov.surface(choices.experiment().surface)
    own = surface.start
    *axes, steps = st.columns(1 if surface.network else 3)
    narrow = [start.part(0), start.part(1), choices.experiment_field("steps")]
    said = None if surface.network else fields.below(*narrow)
    for place, (name, column) in enumerate(zip(surface.axes, axes, strict=not surface.network)):
        with column:
            kind = limits.START.kinds[place]
            kinds.draw(start.part(place), f"Start {name}", Param(kind, own[place], ""), said=said)
    with steps:
        _experiment_widget("steps", "Steps", f"At most {limits.MOST_STEPS:,} here.", said)
    if surface.network:
        st.caption("Starts at the weights that torch draws by the seed, below.")
    else:
        fields.draw_resets(start, {"the surface's own start": own})
    said = _said("noise", "batch_size", "dtype")
    with fields.fold(f"Chance and precision{said}", "chance", fragments.PROBLEM) as chance:
        if chance.open:
            _chance_and_precision()


def _chance_and_precision() -> None:
    noise, seed = st.columns(2)
    with noise:
        _experiment_widget("noise", "Noise")
    with seed:
        _experiment_widget("seed", "Seed")
    if ov.surface(choices.experiment().surface).data:
        _experiment_widget("batch_size", "Batch size")
    _experiment_widget("dtype", "Precision")
    provenance = ov.made_with(choices.experiment())
    st.caption(f"Computed by torch {provenance.torch} on the device {provenance.device}.")


def _experiment_widget(name: str, label: str, more: str = "", said: Any = None) -> None:
    param = EXPERIMENT_PARAMS[name]
    shown = replace(param, kind=limits.EXPERIMENT[name], help=f"{param.help} {more}".strip())
    kinds.draw(choices.experiment_field(name), label, shown, said=said)


def _said(*names: str) -> str:
    """The settings that are not at their default, for the label of a closed expander."""
    now = choices.experiment()
    given = {name: getattr(now, name) for name in names}
    return _listed({name: v for name, v in given.items() if v != EXPERIMENT_PARAMS[name].default})


def _listed(given: dict[str, Value]) -> str:
    words = [f"{name} {fields.show_value(value)}" for name, value in given.items()]
    return f" · {fields.plain(', '.join(words))}" if words else ""


# -- a competitor ------------------------------------------------------------------------------------------


def _card(slot: int) -> None:
    with st.container(border=True, key=f"card-{slot}", gap="small"):
        if slot not in choices.slots():
            return  # it went away in the very moment of an edit
        _optimizer(slot)
        _hyperparameters(slot)
        _around(slot)
        _more(slot)
        if reason := session().refused.get(slot):
            st.error(fields.plain(reason))


def _more(slot: int) -> None:
    """What can be done with a competitor as a whole."""
    with fields.fold("Name, copy, order", f"{slot}.more", fragments.card(slot), "compact") as more:
        if not more.open:
            return
        place = choices.slots().index(slot)
        kinds.draw(choices.run_field(slot, "label"), "Name", _LABEL)
        last = len(choices.slots()) - 1
        with st.container(horizontal=True, gap="small", key=f"acts-{slot}"):
            for label, icon, off, change in (
                ("Duplicate", "content_copy", last + 1 == MOST_RUNS, (choices.duplicate_run, slot)),
                ("Move up", "arrow_upward", place == 0, (choices.move_run, slot, -1)),
                ("Move down", "arrow_downward", place == last, (choices.move_run, slot, 1)),
                ("All as suggested here", "lightbulb", False, (choices.set_defaults, slot, True)),
                ("All at torch's defaults", "undo", False, (choices.set_defaults, slot, False)),
                ("Remove", "delete", last == 0, (choices.remove_run, slot)),
            ):
                key = f"{slot}.{label}"
                args = (key, *change)
                st.button(
                    label, key, icon=f":material/{icon}:", disabled=off, on_click=choices.act, args=args
                )


def _optimizer(slot: int) -> None:
    name = choices.names()[choices.slots().index(slot)]
    info = ov.OPTIMIZERS[choices.run(slot).optimizer.name]
    st.markdown(f"## {fields.plain(name)}")
    fields.select(
        f"{slot}.optimizer",
        "Optimizer",
        list(ov.OPTIMIZERS),
        info.name,
        partial(choices.set_optimizer, slot),
        f"{info.teaches} {info.source}",
        groups={row.name: row.group for row in ov.OPTIMIZERS.values()},
    )


def _hyperparameters(slot: int) -> None:
    spec = choices.run(slot).optimizer
    info = ov.OPTIMIZERS[spec.name]
    suggested = choices.suggestions(info.name)
    resets = {
        name: {_DEFAULT: param.default} | ({fields.SUGGESTED: suggested[name]} if name in suggested else {})
        for name, param in info.params.items()
    }
    fields.draw_rate(choices.optimizer_field(slot, "lr"), info.params["lr"], resets["lr"])
    given = {name: value for name, value in spec.params.items() if name != "lr"}
    label = f"Hyperparameters{_listed(given)}"
    with fields.fold(label, f"{slot}.hyperparameters", fragments.card(slot), "compact") as hyperparameters:
        if not hyperparameters.open:
            return
        if info.note:
            st.caption(info.note)
        for name, param in info.params.items():
            if name != "lr":
                kinds.draw(choices.optimizer_field(slot, name), name, param, resets[name])


def _around(slot: int) -> None:
    """The choices around the steps: schedule, clipping, mistakes, frozen parameters."""
    run = choices.run(slot)
    words = [run.scheduler.name] if run.scheduler else []
    words += [f"clip {how}" for name, how in _CLIPPING.items() if getattr(run, name) is not None]
    words += ["no zero_grad"] if not run.zero_grad else []
    words += [f"re-created every {run.reset_every}"] if run.reset_every else []
    words += [f"{name} frozen" for name in run.frozen]
    said = f" · {fields.plain(', '.join(words))}" if words else ""
    label = f"Schedule and gradient{said}"
    with fields.fold(label, f"{slot}.around", fragments.card(slot), "compact") as around:
        if around.open:
            _scheduler(slot, run)
            _clipping(slot, run)
            _mistakes(slot)


def _scheduler(slot: int, run: ov.RunSpec) -> None:
    spec = run.scheduler
    info = ov.SCHEDULERS[spec.name] if spec else None
    fields.select(
        f"{slot}.scheduler",
        "Learning-rate schedule",
        [None, *ov.SCHEDULERS],
        spec and spec.name,
        partial(choices.set_scheduler, slot),
        info.teaches if info else "Moves the learning rate while the optimizer runs.",
        choices.of_run(slot),
    )
    if spec is None or info is None:
        return
    st.caption(info.teaches)
    lr: Any = choices.optimizer_field(slot, "lr").get()
    needed = info.settings(ov.SchedulerSpec(spec.name, warmup=spec.warmup), choices.experiment().steps, lr)
    for name, param in info.params.items():
        resets = {fields.SUGGESTED: needed[name]} if name in needed else {_DEFAULT: param.default}
        unset = needed.get(name, param.default)
        kinds.draw(choices.scheduler_field(slot, name, unset), name, param, resets)
    if info.takes_warmup:
        help = "Steps of warm-up, in which the rate rises from a third of itself to the whole (LinearLR)."
        kinds.draw(choices.warmup_field(slot), "warm-up steps", Param(limits.WARMUP, 0, help), {"none": 0})


def _clipping(slot: int, run: ov.RunSpec) -> None:
    now = next((name for name in _CLIPPING if getattr(run, name) is not None), None)
    help = "\n\n".join(RUN_PARAMS[name].help for name in _CLIPPING)
    change = partial(choices.set_clipping, slot)
    options = [None, *_CLIPPING]
    fields.select(f"{slot}.clipping", "Clip the gradient", options, now, change, help, choices.of_run(slot))
    if now:
        kinds.draw(choices.run_field(slot, now), "at most", Param(_LIMIT, 1.0, RUN_PARAMS[now].help))


def _mistakes(slot: int) -> None:
    kinds.draw(choices.run_field(slot, "zero_grad"), "zero_grad before every step", RUN_PARAMS["zero_grad"])
    kinds.draw(
        choices.run_field(slot, "reset_every"),
        "Re-create the optimizer once in this many steps",
        RUN_PARAMS["reset_every"],
    )
    field = choices.run_field(slot, "frozen")
    frozen = list(field.get())
    st.multiselect(
        "Frozen parameters",
        list(ov.surface(choices.experiment().surface).names),
        placeholder="none",
        help="requires_grad_(False): this parameter is not trained, so it stays as it is.",
        **fields.editor(
            field.key, frozen, field.set, tuple, redraw=field.shown_in, first={"default": frozen}
        ),
    )
