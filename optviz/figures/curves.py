"""Runs as curves over the steps: loss, gradient, learning rate, and curvature beside what a step can bear."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from optviz.engine.outcome import Array
from optviz.engine.trajectory import Trajectory
from optviz.figures.drawing import line, shown_name, styled
from optviz.figures.registration import figure_of_runs
from optviz.figures.theme import SIZES, Pen, Theme, pens, themed
from optviz.spec.experiment import Experiment
from optviz.spec.view import PLAIN, View
from optviz.surfaces.catalogue import surface

if TYPE_CHECKING:
    from optviz.rules.stability import Stability

_WIDE_RATES = 20.0
"""Learning rates that spread over more than this factor are drawn on a log scale."""
_BEYOND = 2.0
"""How many times the height of the other runs a run that diverged may add to an axis, at either end."""
_MOST_EXCURSIONS = 50
"""Arrows of a curve that leaves its axis again and again."""


@figure_of_runs("loss", rank=2)
def loss_figure(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    theme: Theme | str = "light",
    view: View = PLAIN,
) -> go.Figure:
    """The surface's own loss at each point, against steps or evaluations.

    On a log scale, which "auto" is where the minimum is known, it is the loss above the minimum, which also
    is meaningful where losses are negative.

    Args:
        experiment: The experiment that the trajectories belong to.
        trajectories: Those to draw, of any of the competitors.
        theme: "light", "dark" or a `Theme`.
        view: How it is looked at: its `scale` and what it is drawn `against`, and the competitors' colours.

    Returns:
        A plotly figure.

    Raises:
        ValueError: The scale is "log" on a surface that has no minimum.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> ov.loss_figure(exp, ov.run(exp, device="cpu")).layout.yaxis.type
        'log'
    """
    theme = themed(theme)
    minimum = surface(experiment.surface).minimum
    if view.scale == "log" and not np.isfinite(minimum):
        raise ValueError(f"{experiment.surface.name} has no minimum to measure a logarithm from.")
    log = bool(np.isfinite(minimum)) and view.scale != "linear"
    base = minimum if log else 0.0
    curves = [(trajectory.losses - base, trajectory.losses) for trajectory in trajectories]
    figure = _curves(experiment, trajectories, curves, "loss", theme, view, log=log)
    if base:
        figure.update_yaxes(title="loss above the minimum")
    return figure.update_layout(showlegend=True)


@figure_of_runs("gradient norm", rank=3)
def gradient_figure(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    theme: Theme | str = "light",
    view: View = PLAIN,
) -> go.Figure:
    """The length of the surface's own gradient at each point, on a log scale.

    Args:
        experiment: The experiment that the trajectories belong to.
        trajectories: Those to draw, of any of the competitors.
        theme: "light", "dark" or a `Theme`.
        view: How it is looked at: what it is drawn `against`, and the competitors' colours.

    Returns:
        A plotly figure.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> ov.gradient_figure(exp, ov.run(exp, device="cpu")).layout.yaxis.title.text
        'gradient norm'
    """
    theme = themed(theme)
    norms = [trajectory.gradient_norms for trajectory in trajectories]
    curves = [(norm, norm) for norm in norms]
    return _curves(experiment, trajectories, curves, "gradient norm", theme, view, log=True)


@figure_of_runs(
    "learning rate",
    rank=4,
    nothing="No competitor's learning rate changes: there is nothing to draw.",
)
def lr_figure(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    theme: Theme | str = "light",
    view: View = PLAIN,
) -> go.Figure | None:
    """The learning rate that each step used; None where no run's learning rate ever changes.

    Where a step uses none, as Rprop's after the first, there is a gap.

    Args:
        experiment: The experiment that the trajectories belong to.
        trajectories: Those to draw, of any of the competitors.
        theme: "light", "dark" or a `Theme`.
        view: How it is looked at: what it is drawn `against`, and the competitors' colours.

    Returns:
        A plotly figure, or None.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> ov.lr_figure(exp, ov.run(exp, device="cpu")) is None
        True
    """
    from optviz.engine.rates import moves, used_lrs

    theme = themed(theme)
    used = [used_lrs(trajectory) for trajectory in trajectories]
    if not any(map(moves, used)):
        return None
    # The rate of a step is drawn at the point that the step leads to: the start has none.
    rates = [np.concatenate(([np.nan], rate)) for rate in used]
    known = np.concatenate(rates)
    known = known[np.isfinite(known) & (known > 0)]
    log = bool(len(known)) and known.max() > _WIDE_RATES * known.min()
    return _curves(
        experiment, trajectories, [(r, r) for r in rates], "learning rate", theme, view, log=log
    ).update_yaxes(rangemode="normal" if log else "tozero")


def stability_figure(
    stability: Stability, threshold: bool = True, theme: Theme | str = "light", name: str = ""
) -> go.Figure:
    """The largest curvature along a path, and what the optimizer can bear. Negative curvature is a gap.

    Args:
        stability: The result of `stability`.
        threshold: Whether the threshold is drawn, too.
        theme: "light", "dark" or a `Theme`.
        name: What the run is called in the legend.

    Returns:
        A plotly figure.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> len(ov.stability_figure(ov.stability(exp, ov.run_one(exp, 0, device="cpu"))).data)
        2
    """
    theme = themed(theme)
    steps = np.arange(len(stability.curvature))
    curves = [("largest eigenvalue of the Hessian", stability.curvature, line(1, theme))]
    differs = np.isfinite(stability.sharpness) & (stability.sharpness != stability.curvature)
    if differs.any():
        curves.append(("sharpness as the optimizer sees it", stability.sharpness, line(0, theme)))
    if threshold and stability.formula:
        limit = {"color": theme.ink, "width": 2, "dash": "dash"}
        curves.append((f"threshold {stability.formula}", stability.threshold, limit))
    figure = go.Figure()
    for title, values, style in curves:
        heights = np.where(values > 0, values, np.nan)
        figure.add_trace(go.Scatter(x=steps, y=heights, mode="lines", name=title, line=style))
    figure.update_xaxes(title=f"step<br><sub>{shown_name(name)}</sub>" if name else "step")
    figure.update_yaxes(title="curvature", type="log", exponentformat="power")
    return styled(figure, theme)


def _curves(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    curves: Sequence[tuple[Array, Array]],
    title: str,
    theme: Theme,
    view: View,
    *,
    log: bool,
) -> go.Figure:
    """One curve a trajectory: (what is drawn, what hovering says) at each of its points, (n+1,) both."""
    figure = go.Figure()
    styles = pens(experiment, trajectories, theme, view)
    for trajectory, (drawn, said), pen in zip(trajectories, curves, styles, strict=True):
        # A logarithm has no place for 0, such as the exact minimum: such steps are gaps, and are marked.
        shown = np.where(np.isfinite(drawn) & ((drawn > 0) | (not log)), drawn, np.nan)
        figure.add_trace(
            go.Scatter(
                x=np.arange(len(drawn)) if view.against == "steps" else trajectory.evals,
                y=shown,
                customdata=np.stack([np.arange(len(drawn)), said], axis=1),
                mode="lines",
                name=shown_name(trajectory.name),
                line=pen.line(SIZES.curve),
                hovertemplate=f"step %{{customdata[0]}}: {title} %{{customdata[1]:.6g}}",
            )
        )
    against = "step" if view.against == "steps" else "evaluations of loss and gradient"
    figure.update_xaxes(title=against, rangemode="tozero")
    values = [np.asarray(drawn, dtype=np.float64) for drawn, _ in curves]
    diverged = [trajectory.outcome.kind == "diverged" for trajectory in trajectories]
    span = _span(values, diverged, log=log)
    figure.update_yaxes(title=title, type="log" if log else "linear", range=span)
    if log:  # a label at 1, 2 and 5, or at every power of ten, or at every few of them
        decades = span[1] - span[0]
        figure.update_yaxes(exponentformat="power", dtick="D2" if decades < 2 else max(1, round(decades / 6)))
    if log:  # plotly draws the labels of log axes a quarter larger
        figure.update_yaxes(tickfont={"size": 10.5})
    for trajectory, curve, pen in zip(trajectories, values, styles, strict=True):
        x = (np.arange(len(curve)) if view.against == "steps" else trajectory.evals).tolist()
        _mark_excursions(figure, x, curve, span, pen, log=log)
    return styled(figure.update_layout(showlegend=False), theme)


def _on_axis(values: Array, *, log: bool) -> Array:
    """Values on their axis: on a log axis powers of ten, where 0 and less lie under all others."""
    if not log:
        return values
    with np.errstate(divide="ignore"):
        powers: Array = np.log10(np.where(values > 0, values, np.where(np.isnan(values), np.nan, 0.0)))
    return powers


def _span(curves: Sequence[Array], diverged: Sequence[bool], *, log: bool) -> list[float]:
    """The range of an axis, which holds all that the runs that did not diverge have.

    Those that did go on as far as the others are not squeezed flat; where they leave is marked.
    """
    places = [_on_axis(curve, log=log) for curve in curves]
    finite = [place[np.isfinite(place)] for place in places]
    whole = np.concatenate([*finite, np.empty(0)])
    kept = np.concatenate([*(f for f, gone in zip(finite, diverged, strict=True) if not gone), np.empty(0)])
    if not len(whole):
        return [0.0, 1.0]
    low, high = float(whole.min()) / 2, float(whole.max()) / 2  # halves, whose differences are finite
    if len(kept):
        least, most = float(kept.min()) / 2, float(kept.max()) / 2
        height = (most - least) or (0.5 if log else abs(most) or 0.5)
        low, high = max(low, least - _BEYOND * height), min(high, most + _BEYOND * height)
    margin = 0.1 if log else 0.05 * (high - low) or abs(high) or 0.5
    largest = float(np.finfo(np.float64).max) / 2
    return [2 * max(low - margin, -largest), 2 * min(high + margin, largest)]


def _mark_excursions(
    figure: go.Figure, x: Sequence[float], curve: Array, span: Sequence[float], pen: Pen, *, log: bool
) -> None:
    """Put an arrow at the edge wherever a curve leaves its axis, and write at the first how far it goes."""
    place = _on_axis(curve, log=log)
    for side, out in ((1, place > span[1]), (-1, place < span[0])):
        begins = np.flatnonzero(out & ~np.concatenate(([False], out[:-1])))
        furthest = float(side * (side * curve[out]).max()) if len(begins) else 0.0
        for rank, step in enumerate(begins[:_MOST_EXCURSIONS]):
            figure.add_annotation(
                x=float(x[step]),
                y=1 if side > 0 else 0,
                yref="y domain",
                xanchor="center" if rank else "left",
                yanchor="top" if side > 0 else "bottom",
                text=("▲" if side > 0 else "▼") + ("" if rank else f" to {furthest:.2g}".replace("inf", "∞")),
                font={"color": pen.color, "size": 11},
                showarrow=False,
            )
