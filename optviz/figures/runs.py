"""Runs as a figure: the surface from above, and every path on it. The domain clips the view and nothing else.

A surface is an image in the layout, contour lines and all: plotly erases contour traces while it plays
frames, and draws any other trace anew for each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from optviz.engine.planes import picture_plane
from optviz.engine.trajectory import Floats, Grid, Trajectory
from optviz.figures.contours import contour_levels
from optviz.figures.drawing import MARKED, color_bar_trace, draw_contours, shown_name, styled
from optviz.figures.registration import figure_of_runs
from optviz.figures.theme import SIZES, Pen, Theme, pens, themed
from optviz.spec.experiment import Experiment
from optviz.spec.view import PLAIN, View
from optviz.spec.wording import coordinates
from optviz.surfaces.problem import Point, Surface

_MOST_FRAMES = 100
_MOST_POINTS = 400
_STAR, _DIAMOND = 1.4, 1.3
"""How far plotly's symbols reach, in halves of their size."""


@figure_of_runs("contours", rank=0)
def contour_figure(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    theme: Theme | str = "light",
    grid: Grid | None = None,
    view: View = PLAIN,
) -> go.Figure:
    """The surface's contours with every path, its start, its end and the minimizers; it can be played.

    The figure itself shows the paths whole. There are at most 100 frames, and in them a path has at most 400
    points, the last of which is exact. Only the paths change between frames, so a saved file stays small.

    Args:
        experiment: The experiment that the trajectories belong to.
        trajectories: Those to draw, of any of the competitors.
        theme: "light", "dark" or a `Theme`.
        grid: The surface's losses where they have been sampled already.
        view: How it is looked at: colours of the competitors, units of the axes.

    Returns:
        A plotly figure.

    Raises:
        ValueError: Trajectories of a network lie on different planes: `project` them on a common one first.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> figure = ov.contour_figure(exp, ov.run(exp, device="cpu"))
        >>> [trace.name for trace in figure.data if trace.name]
        ['SGD', 'SGD: end', 'minimum', 'start']
    """
    from optviz.engine.sampling import sample

    theme = themed(theme)
    under = picture_plane(experiment, trajectories)
    function, grid = under.surface, grid or sample(under.sampled)
    levels = contour_levels(grid.z)
    figure = go.Figure(color_bar_trace(levels, theme))
    styles = pens(experiment, trajectories, theme, view)
    for trajectory, pen in zip(trajectories, styles, strict=True):
        figure.add_trace(_path(trajectory, pen))
    for trajectory, pen in zip(trajectories, styles, strict=True):
        figure.add_trace(_end(trajectory, pen, theme))
    moving = range(1, len(figure.data))
    if function.minimizers:  # above the paths: a run that got there does not hide them
        figure.add_trace(_minimizers(function, theme))
    figure.add_trace(_start(under.start, theme))
    draw_contours(figure, function, grid, levels, theme, view.units)
    styled(figure, theme)
    figure.update_xaxes(showgrid=False).update_yaxes(showgrid=False)
    longest = max((trajectory.steps for trajectory in trajectories), default=0)
    return _playing(figure, trajectories, list(moving), theme) if longest else figure


def _playing(
    figure: go.Figure, trajectories: Sequence[Trajectory], traces: list[int], theme: Theme
) -> go.Figure:
    """The figure with frames that move paths and ends, and what plays them."""
    longest = max(trajectory.steps for trajectory in trajectories)
    steps = np.unique(np.linspace(0, longest, min(_MOST_FRAMES, longest + 1)).round().astype(int))
    figure.frames = [
        go.Frame(
            name=str(step),
            traces=traces,
            data=[
                {"x": x, "y": y}
                for shown in (_line_to, _end_at)
                for x, y in (shown(trajectory, step) for trajectory in trajectories)
            ],
        )
        for step in steps.tolist()
    ]
    at_once = {"mode": "immediate", "transition": {"duration": 0}}
    play = at_once | {"frame": {"duration": 16, "redraw": False}}  # milliseconds: about 60 frames a second
    jump = at_once | {"frame": {"duration": 0, "redraw": False}}
    buttons = [
        {"label": "Play", "method": "animate", "args": [None, play]},
        {"label": "Pause", "method": "animate", "args": [[None], jump]},
    ]
    slider: dict[str, Any] = {
        "active": len(steps) - 1,
        "currentvalue": {"prefix": "step ", "font": {"color": theme.ink}},
        "steps": [
            {"label": str(step), "method": "animate", "args": [[str(step)], jump]} for step in steps.tolist()
        ],
        "x": 0.22,
        "len": 0.78,
        "y": -0.1,
        "pad": {"t": 10},
        "ticklen": 0,
        "minorticklen": 0,
        "font": {"color": "rgba(0, 0, 0, 0)"},  # the labels of 100 steps would lie on top of each other
    }
    menu = {"type": "buttons", "direction": "right", "showactive": False, "buttons": buttons}
    place = {"x": 0, "xanchor": "left", "y": -0.1, "yanchor": "top", "pad": {"t": 20}}
    return figure.update_layout(sliders=[slider], updatemenus=[menu | place], margin={"b": 110})


def _line_to(trajectory: Trajectory, step: int) -> tuple[Floats, Floats]:
    """The path up to a step, thinned so that many frames stay small."""
    last = min(step, trajectory.steps)
    at = np.unique(np.linspace(0, last, min(last + 1, _MOST_POINTS)).round().astype(int))
    x, y = trajectory.points[at].T
    return x, y


def _end_at(trajectory: Trajectory, step: int) -> tuple[Floats, Floats]:
    x, y = trajectory.points[[min(step, trajectory.steps)]].T
    return x, y


def _minimizers(function: Surface, theme: Theme) -> go.Scatter:
    x, y = zip(*function.minimizers, strict=True)
    return go.Scatter(
        x=x,
        y=y,
        mode="markers",
        name="minimum",
        marker={
            "symbol": "star",
            "size": 2 * SIZES.star / _STAR,
            "color": theme.gold,
            "line": {"width": SIZES.star_outline, "color": theme.gold_edge},
        },
        cliponaxis=False,
        text=[coordinates(point, function.widths) for point in function.minimizers],
        hovertemplate="minimum at %{text}<extra></extra>",
    )


def _path(trajectory: Trajectory, pen: Pen) -> go.Scatter:
    x, y = trajectory.points.T
    # A marker at every step shows how long steps are, until they lie so close that they hide the dashes.
    sparse = len(x) <= MARKED
    return go.Scatter(
        x=x,
        y=y,
        customdata=np.stack([np.arange(len(x)), trajectory.losses], axis=1),
        mode="lines+markers" if sparse else "lines",
        name=shown_name(trajectory.name),
        line=pen.line(SIZES.path),
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
        name=f"{shown_name(trajectory.name)}: end",
        showlegend=False,
        marker={
            "size": 2 * SIZES.head + SIZES.head_outline,  # its outline is drawn upon it
            "symbol": symbol.get(trajectory.outcome.kind, "circle"),
            "color": pen.color,
            "line": {"width": SIZES.head_outline, "color": theme.halo},
        },
        hovertemplate=f"end, step {trajectory.steps}: x %{{x:.6g}}, y %{{y:.6g}}",
    )


def _start(start: Point, theme: Theme) -> go.Scatter:
    x, y = start
    return go.Scatter(
        x=[x],
        y=[y],
        mode="markers",
        name="start",
        marker={
            "symbol": "diamond",
            "size": 2 * SIZES.start / _DIAMOND,
            "color": theme.ink,
            "line": {"width": SIZES.start_outline, "color": theme.paper},
        },
        hovertemplate="start (%{x:.6g}, %{y:.6g})<extra></extra>",
    )
