"""Runs as a figure: the surface as a relief, and every path upon it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from optviz.engine.outcome import Array
from optviz.engine.planes import PicturePlane, picture_plane
from optviz.engine.trajectory import Floats, Grid, Trajectory
from optviz.figures.contours import SHAPE, color_bar, contour_levels, equal_units, places
from optviz.figures.drawing import MARKED, is_far, shown_name, styled
from optviz.figures.registration import figure_of_runs
from optviz.figures.theme import GLYPH_SIZES, SIZES, Pen, Theme, mixed, pens, themed
from optviz.spec.experiment import Experiment
from optviz.spec.view import PLAIN, View
from optviz.spec.wording import coordinates
from optviz.surfaces.problem import Surface

_SUNK = 0.15
"""Levels by which the relief lies below the paths on it, so that it does not hide half of their width."""


@figure_of_runs("relief", rank=1)
def surface_figure(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    theme: Theme | str = "light",
    grid: Grid | None = None,
    view: View = PLAIN,
) -> go.Figure:
    """The surface in three dimensions with every path on it, its start, its end and the minimizers.

    Height is the scale of the colours: a loss's place among the contour levels, so that no wall flattens the
    valley below it. The axis is labelled with the losses themselves. A path is straight between its points,
    and has a gap where it is outside the domain. The camera keeps its position when the figure is updated.

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
        >>> ov.surface_figure(exp, ov.run(exp, device="cpu")).data[0].type
        'surface'
    """
    from optviz.engine.sampling import sample

    theme = themed(theme)
    under = picture_plane(experiment, trajectories)
    function, grid = under.surface, grid or sample(under.sampled)
    levels = contour_levels(grid.z)
    figure = go.Figure(_relief(grid, levels, theme))
    styles = pens(experiment, trajectories, theme, view)
    for trajectory, pen in zip(trajectories, styles, strict=True):
        figure.add_trace(_path_upon(function, trajectory, pen, levels))
    for trajectory, pen in zip(trajectories, styles, strict=True):
        figure.add_trace(_end_upon(function, trajectory, pen, levels, theme))
    figure.add_trace(_start_upon(under, levels, theme))
    if function.minimizers:
        figure.add_trace(_minimizers_upon(function, levels, theme))
    styled(figure, theme).update_layout(
        scene=_scene(function, levels, theme, view.units),
        margin={"l": 0, "r": 0, "b": 0},
        uirevision="surface",
    )
    return _around_middle(figure, function)


def _relief(grid: Grid, levels: Array, theme: Theme) -> go.Surface:
    low, high = -_SUNK, len(levels) - 1 - _SUNK
    with np.errstate(over="ignore"):  # to infinity
        losses = grid.z.astype(np.float32)
    line = {"color": mixed(theme.ink, theme.middle, 0.25), "width": 1, "highlight": False}
    return go.Surface(
        x=grid.x,
        y=grid.y,
        z=(places(grid.z, levels) - _SUNK).astype(np.float32),  # no eye sees the rest of float64
        customdata=losses,
        cmin=low,
        cmax=high,
        colorscale=theme.scale,
        showscale=False,
        contours={
            "x": {"highlight": False},
            "y": {"highlight": False},
            "z": line | {"show": True, "start": low, "end": high, "size": 1},
        },
        lighting={"ambient": 0.8, "diffuse": 0.35, "specular": 0.02, "roughness": 1.0, "fresnel": 0.0},
        name="surface",
        hovertemplate="x %{x:.5g}, y %{y:.5g}<br>loss %{customdata:.5g}<extra></extra>",
    )


def _upon(function: Surface, points: Floats, losses: Array, levels: Array) -> dict[str, Floats]:
    """Points (k, 2) in three dimensions; those outside the domain are gaps."""
    low, high = np.asarray(function.domain).T
    inside = ((points >= low) & (points <= high)).all(axis=1)
    x, y = np.where(inside[:, None], points, np.nan).T
    return {"x": x, "y": y, "z": np.where(inside, places(losses, levels), np.nan)}


def _path_upon(function: Surface, trajectory: Trajectory, pen: Pen, levels: Array) -> go.Scatter3d:
    steps = np.arange(len(trajectory.points))
    return go.Scatter3d(
        **_upon(function, trajectory.points, trajectory.losses, levels),
        customdata=np.stack([steps, trajectory.losses], axis=1),
        mode="lines+markers" if len(steps) <= MARKED else "lines",
        name=shown_name(trajectory.name),
        line={"width": GLYPH_SIZES.path, "color": pen.color, "dash": pen.dash},
        marker={"size": GLYPH_SIZES.step, "color": pen.color},
        hovertemplate="step %{customdata[0]}: x %{x:.6g}, y %{y:.6g}<br>loss %{customdata[1]:.5g}",
    )


def _end_upon(
    function: Surface, trajectory: Trajectory, pen: Pen, levels: Array, theme: Theme
) -> go.Scatter3d:
    return go.Scatter3d(
        **_upon(function, trajectory.points[-1:], trajectory.losses[-1:], levels),
        mode="markers",
        name=f"{shown_name(trajectory.name)}: end",
        showlegend=False,
        marker={
            "size": GLYPH_SIZES.head,
            "symbol": "x" if trajectory.outcome.kind == "diverged" else "circle",
            "color": pen.color,
            "line": {"width": SIZES.head_outline, "color": theme.paper},
        },
        hovertemplate=f"end, step {trajectory.steps}: x %{{x:.6g}}, y %{{y:.6g}}",
    )


def _start_upon(under: PicturePlane, levels: Array, theme: Theme) -> go.Scatter3d:
    from optviz.engine.sampling import sample

    function, start = under.surface, np.asarray(under.start)
    # The lowest corner of this grid is the start itself, where that is not outside the domain and a gap.
    x, y = np.clip(start, *np.asarray(function.domain).T)
    width, height = function.widths
    corner = sample(under.sampled, 2, ((x, x + width), (y, y + height))).z[0, :1]
    return go.Scatter3d(
        **_upon(function, start[None], corner, levels),
        mode="markers",
        name="start",
        marker={
            "symbol": "diamond",
            "size": GLYPH_SIZES.start,
            "color": theme.ink,
            "line": {"width": SIZES.start_outline, "color": theme.paper},
        },
        hovertemplate="start (%{x:.6g}, %{y:.6g})<extra></extra>",
    )


def _minimizers_upon(function: Surface, levels: Array, theme: Theme) -> go.Scatter3d:
    points = np.asarray(function.minimizers)
    return go.Scatter3d(
        **_upon(function, points, np.full(len(points), function.minimum), levels),
        mode="markers",
        name="minimum",
        marker={
            "symbol": "cross",
            "size": GLYPH_SIZES.minimum,
            "color": theme.gold,
            "line": {"width": SIZES.star_outline, "color": theme.gold_edge},
        },
        text=[coordinates(point, function.widths) for point in function.minimizers],
        hovertemplate="minimum at %{text}<extra></extra>",
    )


def _scene(function: Surface, levels: Array, theme: Theme, units: str) -> dict[str, Any]:
    """Axes and camera, with units of x and y as a `View` has them."""
    ticks, texts = color_bar(levels)
    faint = mixed(theme.ink, theme.paper, 0.2)  # WebGL's lines know no transparency
    axis = {"gridcolor": faint, "linecolor": faint, "zeroline": False, "showbackground": False}
    axis |= {"showspikes": False, "tickfont": {"size": 11}}
    top = len(levels) - 1
    z = {"title": {"text": "loss"}, "tickvals": ticks, "ticktext": texts, "range": [-0.02 * top, 1.02 * top]}
    ranges = zip("xy", function.axes, map(list, function.domain), strict=True)
    equal = equal_units(function.domain, units)
    sides = np.asarray(function.widths) / max(function.widths) if equal else (1.0, SHAPE)
    return {
        **{f"{name}axis": axis | {"title": {"text": text}, "range": span} for name, text, span in ranges},
        "zaxis": axis | z,
        "aspectmode": "manual",
        "aspectratio": {"x": sides[0], "y": sides[1], "z": 0.45},
        "camera": {"eye": {"x": -0.75, "y": -1.05, "z": 1.4}, "center": {"x": 0.0, "y": 0.0, "z": -0.15}},
    }


def _around_middle(figure: go.Figure, function: Surface) -> go.Figure:
    """A relief that says how far from the middle of the domain everything is, where the domain is far from 0.

    WebGL computes in float32, which could not tell the places on the surface apart there.
    """
    for name, axis, (low, high) in zip("xy", function.axes, function.domain, strict=True):
        if not is_far((low, high)):
            continue
        middle = (low + high) / 2
        for trace in figure.data:
            values = np.asarray(trace[name], dtype=np.float64) - middle
            template = trace.hovertemplate.replace(f"%{{{name}:", f"{middle:.15g} + %{{{name}:")
            trace.update({name: values, "hovertemplate": template})
        title = f"{axis} − {middle:.15g}" if middle > 0 else f"{axis} + {-middle:.15g}"
        span = [low - middle, high - middle]
        figure.update_layout({f"scene_{name}axis_range": span, f"scene_{name}axis_title_text": title})
    return figure
