"""Plain numbers → plotly figures.

The domain clips the view and nothing else. Contour levels are chosen from the distribution of the losses;
plotly draws evenly spaced levels only, so what it is given is each loss's place among the levels (a monotone
map), while labels and hover texts show the loss itself.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from optviz.engine import sample
from optviz.outcome import Array
from optviz.problem import Surface, surface
from optviz.spec import Experiment, View
from optviz.trajectory import Grid, Trajectory


@dataclass(frozen=True)
class Theme:
    """Colours of a figure.

    The eight path colours stay apart for every kind of colour vision, and paths differ in their dashes too.
    """

    paper: str
    ink: str
    faint: str
    """Grid lines and contour lines."""
    low: str
    """Colour of the lowest losses; the scale runs from here to `high`."""
    middle: str
    high: str
    halo: str
    """Drawn under paths, so that they stand out from any level."""
    paths: tuple[str, ...]


LIGHT = Theme(
    paper="#ffffff",
    ink="#1f2933",
    faint="rgba(31, 41, 51, 0.2)",
    low="#7488a8",
    middle="#c3cddd",
    high="#f6f8fb",
    halo="rgba(255, 255, 255, 0.9)",
    paths=("#c8480a", "#2d309b", "#007e78", "#781b3a", "#8747cf", "#2597ec", "#101828", "#e5730a"),
)
DARK = Theme(
    paper="#0f1520",
    ink="#e6ebf2",
    faint="rgba(230, 235, 242, 0.22)",
    low="#0b1220",
    middle="#253350",
    high="#50648c",
    halo="rgba(8, 12, 20, 0.85)",
    paths=("#ff8f45", "#b09bff", "#51d6bb", "#f50d43", "#a04fff", "#1196a0", "#bffdff", "#ffe066"),
)
THEMES = {"light": LIGHT, "dark": DARK}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")

PLAIN = View()
"""How an experiment is looked at if nobody says otherwise."""

_MARKED = 121
"""Points of a path up to which every step has a marker."""
_LEVELS = 18
_WIDE = 20.0
"""Losses that spread over more than this factor above the lowest get levels even in their logarithm."""


def contour_levels(z: Array) -> Array:
    """Ascending losses at which to draw contours, from the lowest loss in `z` (any shape) to the highest.

    Between levels that are evenly spaced, or evenly in the logarithm of what they exceed the lowest by where
    losses spread wide, and levels that have equally much of the picture between them. So no height swallows
    the picture, and a steeper place still has denser lines. Only finite losses count. A constant surface has
    two levels around its value.
    """
    finite = np.unique(z[np.isfinite(z)])
    if len(finite) < 2:
        value = float(finite[0]) if len(finite) else 0.0
        return np.array([value, value + max(abs(value), 1.0)])
    low, high = finite[0], finite[-1]
    excess = np.sort(z[np.isfinite(z)], axis=None) - low
    tenth, most = np.quantile(excess, [0.1, 0.9])
    if most > _WIDE * tenth or high - low > _WIDE * np.median(excess):
        floor = max(float(np.quantile(excess, 0.01)), float(high - low) * 1e-9)
        equal = np.quantile(excess, np.linspace(0, 1, _LEVELS - 1)).clip(floor)
        levels: Array = np.sqrt(np.geomspace(floor, high - low, _LEVELS - 1)) * np.sqrt(equal)
        levels = low + np.concatenate(([0.0], levels))
    else:
        equal = np.quantile(excess, np.linspace(0, 1, _LEVELS))
        levels = low + (np.linspace(0, high - low, _LEVELS) + 3 * equal) / 4
    return levels


@dataclass(frozen=True)
class Pen:
    """How a competitor is drawn, in every figure."""

    color: str
    dash: str
    """One of plotly's names: solid, dash, dot, dashdot, longdash, longdashdot."""


def all_pens(experiment: Experiment, theme: Theme = LIGHT, view: View = PLAIN) -> list[Pen]:
    """Each competitor's pen."""
    slots = [*view.colors, *range(len(view.colors), len(experiment.runs))][: len(experiment.runs)]
    return [_pen(slot, theme) for slot in slots]


def _pen(slot: int, theme: Theme) -> Pen:
    return Pen(theme.paths[slot % len(theme.paths)], DASHES[slot % len(DASHES)])


def pens(
    experiment: Experiment, trajectories: Sequence[Trajectory], theme: Theme = LIGHT, view: View = PLAIN
) -> list[Pen]:
    """Each trajectory's pen: that of its competitor, also where another one is missing."""
    known = all_pens(experiment, theme, view)
    chosen: list[Pen] = []
    after = 0
    for trajectory in trajectories:
        later = [i for i, run in enumerate(experiment.runs) if i >= after and run == trajectory.run]
        index = later[0] if later else after
        after = index + 1
        chosen.append(known[index] if index < len(known) else _pen(index, theme))
    return chosen


def color_bar(levels: Array) -> tuple[list[int], list[str]]:
    """For the labels of a colour bar: their places among `levels`, counted from 0, and their texts."""
    places = list(range(0, len(levels), 3))
    return places, [_short(levels[place]) for place in places]


def contour_figure(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    theme: Theme = LIGHT,
    grid: Grid | None = None,
    view: View = PLAIN,
) -> go.Figure:
    """The surface's contours with every path, its start, its end and the minimizers.

    `grid` may be given where the surface has been sampled already.
    """
    function = surface(experiment.surface)
    figure = go.Figure(_contour(grid or sample(experiment.surface), theme))
    styles = pens(experiment, trajectories, theme, view)
    for trajectory in trajectories:  # all halos lie below all paths: no path hides another one
        figure.add_trace(_halo(trajectory, theme))
    for trajectory, pen in zip(trajectories, styles, strict=True):
        figure.add_trace(_path(trajectory, pen))
    if function.minimizers:  # above the paths: a run that got there does not hide them
        figure.add_trace(_minimizers(function))
    for trajectory, pen in zip(trajectories, styles, strict=True):
        figure.add_trace(_end(trajectory, pen, theme))
    figure.add_trace(_start(experiment, theme))
    (left, right), (bottom, top) = function.domain
    figure.update_xaxes(range=[left, right], title="x", constrain="domain", constraintoward="left")
    # Equal units on both axes: only then is the gradient at a right angle to the contours.
    figure.update_yaxes(
        range=[bottom, top], title="y", constrain="domain", scaleanchor="x", constraintoward="top"
    )
    return _styled(figure, theme)


def loss_figure(
    experiment: Experiment, trajectories: Sequence[Trajectory], theme: Theme = LIGHT, view: View = PLAIN
) -> go.Figure:
    """The surface's own loss at each point, against steps or evaluations as the `view` says.

    On a log scale, which "auto" is where the minimum is known, it is the loss above the minimum, which also
    is meaningful where losses are negative. Raises ValueError for "log" on a surface that has no minimum.
    """
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


def gradient_figure(
    experiment: Experiment, trajectories: Sequence[Trajectory], theme: Theme = LIGHT, view: View = PLAIN
) -> go.Figure:
    """The length of the surface's own gradient at each point, on a log scale."""
    norms = [np.linalg.norm(trajectory.gradients, axis=1) for trajectory in trajectories]
    curves = [(norm, norm) for norm in norms]
    return _curves(experiment, trajectories, curves, "gradient norm", theme, view, log=True)


def lr_figure(
    experiment: Experiment, trajectories: Sequence[Trajectory], theme: Theme = LIGHT, view: View = PLAIN
) -> go.Figure | None:
    """The learning rate that each step used; None where no run's learning rate ever changes."""
    if not any(len(trajectory.lrs) and np.ptp(trajectory.lrs) > 0 for trajectory in trajectories):
        return None
    # The rate of a step is drawn at the point that the step leads to: the start has none.
    rates = [np.concatenate(([np.nan], trajectory.lrs)) for trajectory in trajectories]
    known = np.concatenate(rates)
    known = known[np.isfinite(known) & (known > 0)]
    log = bool(len(known)) and known.max() > _WIDE * known.min()
    return _curves(
        experiment, trajectories, [(r, r) for r in rates], "learning rate", theme, view, log=log
    ).update_yaxes(rangemode="normal" if log else "tozero")


# -- parts -------------------------------------------------------------------------------------------------


def _shown(name: str) -> str:
    """A name as plotly shows it letter by letter: it takes tags for mark-up, and names come from links."""
    return html.escape(name, quote=False)


def _contour(grid: Grid, theme: Theme) -> go.Contour:
    levels = contour_levels(grid.z)
    places = np.interp(grid.z, levels, np.arange(len(levels)))
    ticks, texts = color_bar(levels)
    return go.Contour(
        x=grid.x,
        y=grid.y,
        z=np.where(np.isfinite(grid.z), places, np.nan).astype(np.float32),
        customdata=grid.z.astype(np.float32),
        # Half a level off, so that the lowest contour is a line around the lowest losses.
        contours={"start": 0.5, "end": len(levels) - 1.5, "size": 0.5, "coloring": "fill"},
        colorscale=[[0.0, theme.low], [0.45, theme.middle], [1.0, theme.high]],
        line={"width": 0.6, "color": theme.faint},
        colorbar={
            "title": {"text": "loss", "side": "top", "font": {"size": 13}},
            "tickvals": ticks,
            "ticktext": texts,
            "thickness": 8,
            "y": 1,
            "yanchor": "top",
            "len": 0.9,
            "xpad": 2,
            "outlinewidth": 0,
            "ticks": "",
        },
        hovertemplate="x %{x:.4g}, y %{y:.4g}<br>loss %{customdata:.5g}<extra></extra>",
        name="surface",
    )


def _short(number: float) -> str:
    """Two significant digits, written out where that is short."""
    text = f"{float(f'{number:.1e}'):g}" if 1e-4 <= abs(number) < 1e5 or not number else f"{number:.0e}"
    return text.replace("e+0", "e").replace("e-0", "e-").replace("e+", "e").replace("-", "−")


def _minimizers(function: Surface) -> go.Scatter:
    x, y = zip(*function.minimizers, strict=True)
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name="minimum",
        marker={
            "symbol": "star",
            "size": 15,
            "color": "#ffd23f",
            "line": {"width": 1.2, "color": "#3b2f00"},
        },
        cliponaxis=False,
        hovertemplate="minimum at (%{x:.5g}, %{y:.5g})<extra></extra>",
    )


def _halo(trajectory: Trajectory, theme: Theme) -> go.Scatter:
    x, y = trajectory.points.T
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        line={"width": 5.5, "color": theme.halo},
        hoverinfo="skip",
        showlegend=False,
    )


def _path(trajectory: Trajectory, pen: Pen) -> go.Scatter:
    x, y = trajectory.points.T
    # A marker at every step shows how long steps are, until they lie so close that they hide the dashes.
    sparse = len(x) <= _MARKED
    return go.Scatter(
        x=x,
        y=y,
        customdata=np.stack([np.arange(len(x)), trajectory.losses], axis=1),
        mode="lines+markers" if sparse else "lines",
        name=_shown(trajectory.name),
        line={"width": 2.4, "color": pen.color, "dash": pen.dash},
        marker={"size": 4, "color": pen.color},
        hovertemplate="step %{customdata[0]}: x %{x:.6g}, y %{y:.6g}<br>loss %{customdata[1]:.5g}",
    )


def _end(trajectory: Trajectory, pen: Pen, theme: Theme) -> go.Scatter:
    x, y = trajectory.points[-1:].T
    symbol = {"diverged": "x", "moving": "triangle-right", "left": "triangle-right"}
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name=f"{_shown(trajectory.name)}: end",
        showlegend=False,
        marker={
            "size": 13,
            "symbol": symbol.get(trajectory.outcome.kind, "circle"),
            "color": pen.color,
            "line": {"width": 2, "color": theme.halo},
        },
        hovertemplate=f"end, step {trajectory.steps}: x %{{x:.6g}}, y %{{y:.6g}}",
    )


def _start(experiment: Experiment, theme: Theme) -> go.Scatter:
    x, y = experiment.start
    return go.Scatter(
        x=[x],
        y=[y],
        mode="markers",
        name="start",
        marker={
            "symbol": "diamond",
            "size": 12,
            "color": theme.ink,
            "line": {"width": 2, "color": theme.paper},
        },
        hovertemplate="start (%{x:.6g}, %{y:.6g})<extra></extra>",
    )


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
        # A logarithm has no place for 0, such as the exact minimum: such steps are left out of the curve.
        shown = np.where(np.isfinite(drawn) & ((drawn > 0) | (not log)), drawn, np.nan)
        figure.add_trace(
            go.Scatter(
                x=np.arange(len(drawn)) if view.against == "steps" else trajectory.evals,
                y=shown,
                customdata=np.stack([np.arange(len(drawn)), said], axis=1),
                mode="lines",
                name=_shown(trajectory.name),
                line={"width": 2.2, "color": pen.color, "dash": pen.dash},
                hovertemplate=f"step %{{customdata[0]}}: {title} %{{customdata[1]:.6g}}",
            )
        )
    against = "step" if view.against == "steps" else "evaluations of loss and gradient"
    figure.update_xaxes(title=against, rangemode="tozero")
    span = _span([drawn for drawn, _ in curves], log=log)
    figure.update_yaxes(title=title, type="log" if log else "linear", range=span)
    if log and span:  # a label at 1, 2 and 5, or at every power of ten, or at every few of them
        decades = span[1] - span[0]
        figure.update_yaxes(exponentformat="power", dtick="D2" if decades < 2 else max(1, round(decades / 6)))
    if log:  # plotly draws the labels of log axes a quarter larger
        figure.update_yaxes(tickfont={"size": 10.5})
    return _styled(figure.update_layout(showlegend=False), theme)


def _span(curves: Sequence[Array], *, log: bool) -> list[float] | None:
    """The range of an axis: a diverging run leaves it at the top instead of flattening the others."""
    if not curves:
        return None
    firsts = [curve[np.isfinite(curve)][:1] for curve in curves]
    highest = max((float(first[0]) for first in firsts if len(first)), default=0.0)
    values = np.concatenate(curves)
    shown = values[np.isfinite(values) & ((values > 0) | (not log))]
    if not len(shown):
        return None
    low = float(shown.min())
    if not log:
        low = max(low, -100 * max(abs(highest), 1.0))
    inside = shown[(shown >= low) & (shown <= max(100 * abs(highest), low))]
    high = max(float(inside.max()), highest) if len(inside) else highest
    if log:
        return [float(np.log10(low)) - 0.2, float(np.log10(max(high, low))) + 0.2]
    margin = 0.05 * (high - low) or 1.0
    return [low - margin, high + margin]


def _styled(figure: go.Figure, theme: Theme) -> go.Figure:
    axis = {
        "gridcolor": theme.faint,
        "zeroline": False,
        "linecolor": theme.faint,
        "ticks": "outside",
        "tickcolor": theme.faint,
        "automargin": True,
        "title": {"standoff": 6, "font": {"size": 14}},
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    figure.update_layout(
        template="none",
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font={"color": theme.ink, "size": 13},
        margin={"l": 56, "r": 12, "t": 34, "b": 48},
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "itemwidth": 30},
        hoverlabel={"bgcolor": theme.paper, "font": {"color": theme.ink}},
        hovermode="closest",
    )
    return figure
