"""The page: choices on the left, the picture on the right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import streamlit as st

import optviz as ov
from optviz.figures import THEMES, contour_figure, loss_figure
from optviz.params import Value
from optviz.web import runs, widgets

OPENING: dict[str, dict[str, Value]] = {
    "SGD": {"lr": 1e-3, "momentum": 0.9},
    "Adam": {"lr": 0.1},
}
"""The picture that the page opens on: what momentum rolls through and Adam's even steps, on Rosenbrock."""
MOST_STEPS = 5000
_HERE = Path(__file__).parent


def main() -> None:
    """Draw the whole page."""
    # A file of our own: any other icon would be fetched from a host outside.
    st.set_page_config("optviz", _HERE / "icon.svg", layout="wide")
    st.html(_HERE / "page.css")
    with st.sidebar:
        st.markdown("### optviz\nThe real torch optimizers, step by step.")
        spec = _choose_surface()
        start, steps = _choose_start(spec)
        cards = [_choose_competitor(slot, name, spec) for slot, name in zip("AB", OPENING, strict=True)]
    if len({card.run.name for card in cards}) < len(cards):  # the same optimizer twice
        labels = [f"{card.run.name} {slot}" for slot, card in zip("AB", cards, strict=True)]
        cards = [
            replace(card, run=replace(card.run, label=label))
            for label, card in zip(labels, cards, strict=True)
        ]
    try:
        experiment = ov.Experiment(spec, start, steps, tuple(card.run for card in cards))
    except ValueError as error:
        st.error(str(error))
        return
    show(experiment, cards)


@dataclass(frozen=True)
class _Card:
    """A competitor's part of the sidebar: what was chosen, and where its complaint is shown."""

    run: ov.RunSpec
    complaint: Any


# -- choices -----------------------------------------------------------------------------------------------


def _choose_surface() -> ov.SurfaceSpec:
    names = list(ov.SURFACES)
    name = st.selectbox(
        "Surface",
        names,
        names.index("Rosenbrock"),
        key="surface",
        help="The loss that the optimizers walk down; its two parameters are x and y.",
    )
    info = ov.SURFACES[name]
    st.caption(info.teaches)
    chosen = {}
    for place, (param, declared) in enumerate(info.params.items()):
        if place % 2 == 0:
            columns = st.columns(2)
        with columns[place % 2]:
            chosen[param] = widgets.draw_surface_param(f"{name}.{param}", param, declared)
    return ov.SurfaceSpec(
        name, {key: value for key, value in chosen.items() if value != info.params[key].default}
    )


def _choose_start(spec: ov.SurfaceSpec) -> tuple[tuple[float, float], int]:
    function = ov.surface(spec)
    columns = st.columns(3)
    chosen = []
    for axis, column, first, width in zip("xy", columns, function.start, function.widths, strict=False):
        step = float(f"{width / 100:.0e}")
        number = column.number_input(
            f"Start {axis}",
            -1e6,
            1e6,
            first,
            step,
            "%g",
            key=f"{spec.name}.start.{axis}",
            persist_state="session",
        )
        chosen.append(float(number))
    steps = columns[2].number_input(
        "Steps", 1, MOST_STEPS, 300, 50, key="steps", help=f"At most {MOST_STEPS:,}."
    )
    return (chosen[0], chosen[1]), int(steps)


def _choose_competitor(slot: str, first: str, spec: ov.SurfaceSpec) -> _Card:
    with st.container(border=True):
        names = list(ov.OPTIMIZERS)
        left, right = st.columns([3, 2])
        name = left.selectbox(f"Optimizer {slot}", names, names.index(first), key=f"{slot}.optimizer")
        info = ov.OPTIMIZERS[name]
        values = _opening(name, spec)
        key = f"{slot}.{name}"
        with right:
            chosen = {"lr": widgets.draw(f"{key}.{spec.name}.lr", "lr", info.params["lr"], values["lr"])}
        st.caption(_whose_values(values, info, spec))
        st.caption(info.teaches)
        with st.expander("Hyperparameters"):
            if info.note:
                st.caption(info.note)
            for param, declared in info.params.items():
                if param != "lr":
                    value = values.get(param, declared.default)
                    # What suits the opening picture must not follow the reader to other surfaces.
                    owner = (
                        f"{key}.{spec.name}" if param in OPENING.get(name, {}) and param in values else key
                    )
                    chosen[param] = widgets.draw(f"{owner}.{param}", param, declared, value)
        complaint = st.empty()
    params = {key: value for key, value in chosen.items() if key == "lr" or value != info.params[key].default}
    return _Card(ov.RunSpec(ov.OptimizerSpec(name, params)), complaint)


def _opening(optimizer: str, spec: ov.SurfaceSpec) -> dict[str, Value]:
    """The values a competitor is first shown with: the opening picture's, or what is suggested."""
    if spec.name == "Rosenbrock" and optimizer in OPENING:
        return OPENING[optimizer]
    suggested = dict(ov.OPTIMIZERS[optimizer].suggested)
    return {"lr": runs.suggested_lr(optimizer, spec), **suggested}


def _whose_values(values: dict[str, Value], info: ov.OptimizerInfo, spec: ov.SurfaceSpec) -> str:
    """What the fields open with where that is not torch's default, and what torch's default is."""
    ours = {key: value for key, value in values.items() if value != info.params[key].default}
    if not ours:
        return "Opens with torch's defaults."
    words = [f"{key} {value} (torch's default: {info.params[key].default})" for key, value in ours.items()]
    return f"Suggested for {spec.name}: {', '.join(words)}."


# -- the picture -------------------------------------------------------------------------------------------


def show(experiment: ov.Experiment, cards: Sequence[_Card]) -> None:
    """Run every competitor and draw what came of it; a bad one says so on its card, the others run."""
    trajectories, refused = [], []
    for index, card in enumerate(cards):
        try:
            trajectories.append(runs.trajectory(experiment, index))
        except ov.CompetitorError as error:
            card.complaint.error(error.reason)
            refused.append((card.run.name, error.reason))
    theme = THEMES["dark" if st.context.theme.type == "dark" else "light"]
    _headline(ov.SURFACES[experiment.surface.name])
    left, right = st.columns([3, 2])
    with left:
        figure = contour_figure(experiment, trajectories, theme, runs.grid(experiment.surface))
        with st.container(key="picture"):  # its height is that of its style sheet
            words = _contour_words(experiment)
            st.plotly_chart(figure, height="stretch", theme=None, key="contour", config=_CONFIG, alt=words)
    with right:
        figure = loss_figure(experiment, trajectories, theme).update_layout(height=330)
        st.plotly_chart(
            figure, theme=None, key="loss", config=_CONFIG, alt="The loss after each step of every run."
        )
        for name, reason in refused:
            st.warning(f"**{name}** did not run. torch says: {reason}")
        _results(trajectories)


def _headline(info: ov.SurfaceInfo) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="headline"):
        st.markdown(f"#### {info.name}", width="content")
        st.latex(info.formula, help=f"{info.source} {info.note}".strip(), width="content")


_CONFIG = {"displayModeBar": False, "responsive": True}
"""Dragging zooms and a double click goes back; the wheel scrolls the page, and no tool bar hides a legend."""


def _contour_words(experiment: ov.Experiment) -> str:
    names = " and ".join(run.name for run in experiment.runs)
    return f"Contours of {experiment.surface.name} with the paths of {names} from {experiment.start}."


def _results(trajectories: Sequence[ov.Trajectory]) -> None:
    for trajectory in trajectories:
        x, y = trajectory.points[-1]
        with st.container(border=True):
            st.markdown(f"**{trajectory.name}** {trajectory.outcome.detail}")
            facts = {
                "final loss": f"{trajectory.final_loss:.4g}",
                "at": f"({x:.4g}, {y:.4g})",
                "evaluations": f"{trajectory.evals[-1]:,}",
            }
            st.caption(" · ".join(f"{name} {value}" for name, value in facts.items()))
    if trajectories:
        made = trajectories[0].made_with
        st.caption(f"Computed by torch {made.torch} on {made.device} in {made.dtype}.")
