"""Plain numbers → plotly figures.

The domain clips the view and nothing else. Contour levels are chosen from the distribution of the losses;
plotly draws evenly spaced levels only, so what it is given is each loss's place among the levels (a monotone
map), while labels and hover texts show the loss itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from optviz.engine import sample
from optviz.outcome import Array
from optviz.problem import Surface, surface
from optviz.spec import Experiment
from optviz.trajectory import Grid, Trajectory


@dataclass(frozen=True)
class Theme:
    """Colours of a figure. Paths are told apart without red against green, and by their dashes."""

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
    faint="rgba(31, 41, 51, 0.16)",
    low="#7488a8",
    middle="#c3cddd",
    high="#f6f8fb",
    halo="rgba(255, 255, 255, 0.9)",
    paths=("#c2410c", "#0b5cad", "#00735c", "#9b2f86", "#7a5a00", "#111827", "#0e7490", "#be123c"),
)
DARK = Theme(
    paper="#0f1520",
    ink="#e6ebf2",
    faint="rgba(230, 235, 242, 0.14)",
    low="#0b1220",
    middle="#253350",
    high="#50648c",
    halo="rgba(8, 12, 20, 0.85)",
    paths=("#ff9d5c", "#6cb6ff", "#3ddbb0", "#f0a0e0", "#ffd666", "#f4f6f8", "#7fe3f2", "#ff9aa8"),
)
THEMES = {"light": LIGHT, "dark": DARK}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")

_LEVELS = 18
_WIDE = 20.0
"""Losses that spread over more than this factor above the lowest get levels even in their logarithm."""


def contour_levels(z: Array) -> Array:
    """Ascending losses at which to draw contours, from the lowest loss in `z` (any shape) to the highest.

    Evenly spaced where the losses are; evenly in the logarithm of what they exceed the lowest by where that
    spreads wide. Only finite losses count. A constant surface has two levels around its value.
    """
    finite = np.unique(z[np.isfinite(z)])
    if len(finite) < 2:
        value = float(finite[0]) if len(finite) else 0.0
        return np.array([value, value + max(abs(value), 1.0)])
    low, high = finite[0], finite[-1]
    excess = np.sort(z[np.isfinite(z)], axis=None) - low
    tenth, most = np.quantile(excess, [0.1, 0.9])
    floor = max(float(np.quantile(excess, 0.01)), float(high - low) * 1e-9)
    if most > _WIDE * tenth or high - low > _WIDE * np.median(excess):
        levels: Array = low + np.concatenate(([0.0], np.geomspace(floor, high - low, _LEVELS - 1)))
    else:
        levels = np.linspace(low, high, _LEVELS)
    return levels


def contour_figure(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    theme: Theme = LIGHT,
    grid: Grid | None = None,
) -> go.Figure:
    """The surface's contours with every path, its start, its end and the minimizers.

    `grid` may be given where the surface has been sampled already.
    """
    function = surface(experiment.surface)
    figure = go.Figure(_contour(grid or sample(experiment.surface), theme))
    for index, trajectory in zip(_places(experiment, trajectories), trajectories, strict=True):
        for trace in _path(trajectory, index, theme):
            figure.add_trace(trace)
    if function.minimizers:  # above the paths: a run that got there does not hide them
        figure.add_trace(_minimizers(function))
    figure.add_trace(_start(experiment, theme))
    (left, right), (bottom, top) = function.domain
    figure.update_xaxes(range=[left, right], title="x", constrain="domain", constraintoward="left")
    # Equal units on both axes: only then is the gradient at a right angle to the contours.
    figure.update_yaxes(
        range=[bottom, top], title="y", constrain="domain", scaleanchor="x", constraintoward="top"
    )
    return _styled(figure, theme)


def loss_figure(
    experiment: Experiment, trajectories: Sequence[Trajectory], theme: Theme = LIGHT, scale: str = "auto"
) -> go.Figure:
    """The surface's own loss after each step.

    `scale` is "linear", "log", or "auto": log where the minimum is known and nothing lies below it. On a log
    scale it is the loss above the minimum, which also is meaningful where losses are negative. Raises
    ValueError for a log scale on a surface that has no minimum.
    """
    if scale not in ("auto", "linear", "log"):
        raise ValueError(f'scale must be "auto", "linear" or "log", not {scale!r}.')
    minimum = surface(experiment.surface).minimum
    if scale == "log" and not np.isfinite(minimum):
        raise ValueError(f"{experiment.surface.name} has no minimum to measure a logarithm from.")
    log = np.isfinite(minimum) and scale != "linear"
    base = minimum if log else 0.0
    figure = go.Figure()
    curves = [trajectory.losses - base for trajectory in trajectories]
    places = _places(experiment, trajectories)
    for index, trajectory, curve in zip(places, trajectories, curves, strict=True):
        figure.add_trace(_curve(trajectory, curve, index, theme, log=log))
    title = "loss" if base == 0 else "loss above the minimum"
    figure.update_xaxes(title="step", rangemode="tozero")
    view = _loss_range(curves, log=log)
    figure.update_yaxes(title=title, type="log" if log else "linear", range=view)
    if log and view:  # a label at 1, 2 and 5, or at every power of ten, or at every few of them
        decades = view[1] - view[0]
        figure.update_yaxes(exponentformat="power", dtick="D2" if decades < 2 else max(1, round(decades / 6)))
    figure.update_layout(showlegend=True)
    return _styled(figure, theme)


# -- parts -------------------------------------------------------------------------------------------------


def _places(experiment: Experiment, trajectories: Sequence[Trajectory]) -> list[int]:
    """Which competitor each trajectory is of, so that it keeps its colour where another one is missing."""
    places: list[int] = []
    for trajectory in trajectories:
        after = places[-1] + 1 if places else 0
        later = [i for i, run in enumerate(experiment.runs) if i >= after and run == trajectory.run]
        places.append(later[0] if later else after)
    return places


def _contour(grid: Grid, theme: Theme) -> go.Contour:
    levels = contour_levels(grid.z)
    places = np.interp(grid.z, levels, np.arange(len(levels)))
    # Half a level off, so that the lowest contour is a line around the lowest losses.
    ticks = np.arange(0, len(levels), 3)
    return go.Contour(
        x=grid.x,
        y=grid.y,
        z=np.where(np.isfinite(grid.z), places, np.nan).astype(np.float32),
        customdata=grid.z.astype(np.float32),
        contours={"start": 0.5, "end": len(levels) - 1.5, "size": 0.5, "coloring": "fill"},
        colorscale=[[0.0, theme.low], [0.45, theme.middle], [1.0, theme.high]],
        line={"width": 0.6, "color": theme.faint},
        colorbar={
            "title": {"text": "loss", "side": "top", "font": {"size": 13}},
            "tickvals": ticks,
            "ticktext": [_short(levels[tick]) for tick in ticks],
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
        hovertemplate="minimum at (%{x:.5g}, %{y:.5g})<extra></extra>",
    )


def _path(trajectory: Trajectory, index: int, theme: Theme) -> list[go.Scatter]:
    color = theme.paths[index % len(theme.paths)]
    x, y = trajectory.points.astype(np.float64).T
    facts = np.stack([np.arange(len(x)), trajectory.losses], axis=1)
    halo = go.Scatter(
        x=x,
        y=y,
        mode="lines",
        line={"width": 5.5, "color": theme.halo},
        hoverinfo="skip",
        showlegend=False,
        legendgroup=str(index),
    )
    line = go.Scatter(
        x=x,
        y=y,
        customdata=facts,
        mode="lines+markers",
        name=trajectory.name,
        legendgroup=str(index),
        line={"width": 2.4, "color": color, "dash": DASHES[index % len(DASHES)]},
        marker={"size": 3.5, "color": color},
        hovertemplate="step %{customdata[0]}: x %{x:.6g}, y %{y:.6g}<br>loss %{customdata[1]:.5g}",
    )
    end = go.Scatter(
        x=x[-1:],
        y=y[-1:],
        mode="markers",
        name=f"{trajectory.name}: end",
        legendgroup=str(index),
        showlegend=False,
        marker={"size": 13, "color": color, "line": {"width": 2, "color": theme.halo}},
        hovertemplate=f"end, step {trajectory.steps}: x %{{x:.6g}}, y %{{y:.6g}}",
    )
    return [halo, line, end]


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


def _curve(trajectory: Trajectory, curve: Array, index: int, theme: Theme, *, log: bool) -> go.Scatter:
    # A logarithm has no place for 0, the exact minimum: such steps are left out of the curve.
    shown = np.where(np.isfinite(curve) & ((curve > 0) | (not log)), curve, np.nan)
    return go.Scatter(
        x=np.arange(len(curve)),
        y=shown,
        customdata=trajectory.losses,
        mode="lines",
        name=trajectory.name,
        line={
            "width": 2.2,
            "color": theme.paths[index % len(theme.paths)],
            "dash": DASHES[index % len(DASHES)],
        },
        hovertemplate="step %{x}: loss %{customdata:.6g}",
    )


def _loss_range(curves: Sequence[Array], *, log: bool) -> list[float] | None:
    """The view of the losses: a diverging run leaves it at the top instead of flattening the others."""
    if not curves:
        return None
    highest = max(float(curve[0]) for curve in curves)
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
