"""Plain numbers → plotly figures. The domain clips the view and nothing else.

A surface is an image in the layout, contour lines and all: plotly erases contour traces while it plays
frames, and draws any other trace anew for each of them.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from optviz.engine.outcome import Array
from optviz.engine.planes import Ground, ground_of
from optviz.engine.rates import moves, used_lrs
from optviz.engine.run import sample
from optviz.engine.trajectory import Floats, Grid, Trajectory
from optviz.figures.contours import SHAPE, Scale, color_bar, contour_levels, equal_units, picture, places
from optviz.spec.experiment import Experiment, View
from optviz.spec.wording import coordinates
from optviz.surfaces.catalogue import surface
from optviz.surfaces.problem import Point, Surface


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
    marks: Mapping[str, str] = field(hash=False)
    """Colours of what is drawn at a head."""

    @property
    def scale(self) -> Scale:
        """The colour scale of losses, from the lowest to the highest."""
        return [(0.0, self.low), (0.45, self.middle), (1.0, self.high)]


LIGHT = Theme(
    paper="#ffffff",
    ink="#1f2933",
    faint="rgba(31, 41, 51, 0.2)",
    low="#7488a8",
    middle="#c3cddd",
    high="#f6f8fb",
    halo="rgba(255, 255, 255, 0.9)",
    paths=("#c8480a", "#2d309b", "#007e78", "#781b3a", "#8747cf", "#2597ec", "#101828", "#e5730a"),
    marks={
        "gradient": "#c2185b",
        "given": "#8a5300",
        "momentum": "#1f4fd8",
        "step": "#101828",
        "curvature": "#5b2a86",
    },
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
    marks={
        "gradient": "#ff7ab0",
        "given": "#ffc04d",
        "momentum": "#7fb0ff",
        "step": "#ffffff",
        "curvature": "#d7a6ff",
    },
)
THEMES = {"light": LIGHT, "dark": DARK}
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")

PLAIN = View()
"""How an experiment is looked at if nobody says otherwise."""

_WIDE_RATES = 20.0
"""Learning rates that spread over more than this factor are drawn on a log scale."""
_MOST_FRAMES = 100
_MOST_POINTS = 400
_FAR = 1000.0
"""Widths of the domain between it and 0 from which on a relief is drawn around its own middle."""
_BEYOND = 2.0
"""How many times the height of the other runs a run that diverged may add to an axis, at either end."""
_MOST_EXCURSIONS = 50
"""Arrows of a curve that leaves its axis again and again."""
_SUNK = 0.15
"""Levels by which a relief lies below the paths upon it, so that it does not swallow half of their lines."""
_MARKED = 121
"""Points of a path up to which every step has a marker."""


@dataclass(frozen=True)
class Pen:
    """How a competitor is drawn, in every figure."""

    slot: int
    """The place of its colour among a theme's `paths`."""
    color: str
    dash: str
    """One of plotly's names: solid, dash, dot, dashdot, longdash, longdashdot."""


def all_pens(experiment: Experiment, theme: Theme = LIGHT, view: View = PLAIN) -> list[Pen]:
    """Each competitor's pen."""
    slots = [*view.colors, *range(len(view.colors), len(experiment.runs))][: len(experiment.runs)]
    return [_pen(slot, theme) for slot in slots]


def _pen(slot: int, theme: Theme) -> Pen:
    slot %= len(theme.paths)
    return Pen(slot, theme.paths[slot], DASHES[slot % len(DASHES)])


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


def contour_figure(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    theme: Theme = LIGHT,
    grid: Grid | None = None,
    view: View = PLAIN,
) -> go.Figure:
    """The surface's contours with every path, its start, its end and the minimizers; it can be played.

    `grid` may be given where the surface has been sampled already. The figure itself shows the paths whole.
    There are at most 100 frames, and in them a path has at most 400 points, the last of which is exact: only
    the paths change, so the surface stays while it plays, and a file stays small.
    """
    under = ground_of(experiment, trajectories)
    function, grid = under.surface, grid or sample(under.sampled)
    levels = contour_levels(grid.z)
    figure = go.Figure(_color_bar(levels, theme))
    styles = pens(experiment, trajectories, theme, view)
    for trajectory, pen in zip(trajectories, styles, strict=True):
        figure.add_trace(_path(trajectory, pen))
    for trajectory, pen in zip(trajectories, styles, strict=True):
        figure.add_trace(_end(trajectory, pen, theme))
    moving = range(1, len(figure.data))
    if function.minimizers:  # above the paths: a run that got there does not hide them
        figure.add_trace(_minimizers(function))
    figure.add_trace(_start(under.start, theme))
    ground(figure, function, grid, levels, theme, view.units)
    styled(figure, theme)
    figure.update_xaxes(showgrid=False).update_yaxes(showgrid=False)
    longest = max((trajectory.steps for trajectory in trajectories), default=0)
    return _playing(figure, trajectories, list(moving), theme) if longest else figure


def surface_figure(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    theme: Theme = LIGHT,
    grid: Grid | None = None,
    view: View = PLAIN,
) -> go.Figure:
    """The surface in three dimensions with every path upon it, its start, its end and the minimizers.

    Height is the scale of the colours: a loss's place among the contour levels, so that no wall flattens the
    valley below it. The axis is labelled with the losses themselves. A path is straight between its points,
    and a gap where it is outside the domain. `grid` may be given where the surface has been sampled already.
    The camera stays where it was turned to when the figure is updated.
    """
    under = ground_of(experiment, trajectories)
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
        figure.add_trace(_minimizers_upon(function, levels))
    styled(figure, theme).update_layout(
        scene=_scene(function, levels, theme, view.units),
        margin={"l": 0, "r": 0, "b": 0},
        uirevision="surface",
    )
    return _around_middle(figure, function)


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
    norms = [trajectory.gradient_norms for trajectory in trajectories]
    curves = [(norm, norm) for norm in norms]
    return _curves(experiment, trajectories, curves, "gradient norm", theme, view, log=True)


def lr_figure(
    experiment: Experiment, trajectories: Sequence[Trajectory], theme: Theme = LIGHT, view: View = PLAIN
) -> go.Figure | None:
    """The learning rate that each step used; None where no run's learning rate ever changes.

    Where a step uses none, as Rprop's after the first, there is a gap.
    """
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


# -- parts -------------------------------------------------------------------------------------------------


def shown_name(name: str) -> str:
    """A name as plotly shows it letter by letter: it takes tags for mark-up, and names come from links."""
    return html.escape(name, quote=False)


def ground(
    figure: go.Figure, function: Surface, grid: Grid, levels: Array, theme: Theme, units: str = "auto"
) -> None:
    """Put the surface's contours beneath a figure whose axes are its domain's."""
    (left, right), (bottom, top) = function.domain
    figure.add_layout_image(
        source=picture(grid, levels, theme.scale),
        xref="x",
        yref="y",
        x=left,
        y=top,
        sizex=right - left,
        sizey=top - bottom,
        sizing="stretch",
        layer="below",
    )
    over_domain(figure, function, units)


def over_domain(figure: go.Figure, function: Surface, units: str = "auto") -> None:
    """Make a figure's axes those of the domain, with units as a `View` has them.

    Where they are not equal on both axes, the figure says so: a gradient does not look to be at a right angle
    to its contour.
    """
    (left, right), (bottom, top) = function.domain
    x, y = function.axes
    figure.update_xaxes(range=[left, right], title=x, constrain="domain", constraintoward="left")
    figure.update_yaxes(range=[bottom, top], title=y, constrain="domain", constraintoward="top")
    for update, side in (
        (figure.update_xaxes, function.domain[0]),
        (figure.update_yaxes, function.domain[1]),
    ):
        if _is_far(side):  # "1.000000000005B" is no number for people
            update(exponentformat="none")
    if equal_units(function.domain, units):
        figure.update_yaxes(scaleanchor="x")
        return
    corner = {"xref": "paper", "yref": "paper", "x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom"}
    figure.add_annotation(**corner, text=shown_name(unequal_words(function)), showarrow=False)


def unequal_words(function: Surface) -> str:
    """What a picture says whose axes differ in scale."""
    x, y = function.axes
    return f"{x} and {y} have different scales"


def mixed(one: str, other: str, share: float) -> str:
    """A colour "#rrggbb" between two: this share of the one."""
    pairs = [[int(color[k : k + 2], 16) for color in (one, other)] for k in (1, 3, 5)]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def _color_bar(levels: Array, theme: Theme) -> go.Scatter:
    """What the colours mean: a trace without points."""
    ticks, texts = color_bar(levels)
    return go.Scatter(
        x=[None],
        y=[None],
        mode="markers",
        showlegend=False,
        hoverinfo="skip",
        marker={
            "color": [0.0],
            "cmin": 0.0,
            "cmax": float(len(levels) - 1),
            "colorscale": theme.scale,
            "showscale": True,
            "colorbar": {
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
        },
    )


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
    play = at_once | {"frame": {"duration": 16, "redraw": False}}  # 40 frames a second
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
    """The path up to a step, in at most so many points that many frames stay small."""
    last = min(step, trajectory.steps)
    at = np.unique(np.linspace(0, last, min(last + 1, _MOST_POINTS)).round().astype(int))
    x, y = trajectory.points[at].T
    return x, y


def _end_at(trajectory: Trajectory, step: int) -> tuple[Floats, Floats]:
    x, y = trajectory.points[[min(step, trajectory.steps)]].T
    return x, y


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
        text=[coordinates(point, function.widths) for point in function.minimizers],
        hovertemplate="minimum at %{text}<extra></extra>",
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
        name=shown_name(trajectory.name),
        line={"width": 3, "color": pen.color, "dash": pen.dash},
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
            "size": 13,
            "symbol": symbol.get(trajectory.outcome.kind, "circle"),
            "color": pen.color,
            "line": {"width": 2, "color": theme.halo},
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
            "size": 12,
            "color": theme.ink,
            "line": {"width": 2, "color": theme.paper},
        },
        hovertemplate="start (%{x:.6g}, %{y:.6g})<extra></extra>",
    )


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
        mode="lines+markers" if len(steps) <= _MARKED else "lines",
        name=shown_name(trajectory.name),
        line={"width": 5, "color": pen.color, "dash": pen.dash},
        marker={"size": 2.5, "color": pen.color},
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
            "size": 7,
            "symbol": "x" if trajectory.outcome.kind == "diverged" else "circle",
            "color": pen.color,
            "line": {"width": 2, "color": theme.paper},
        },
        hovertemplate=f"end, step {trajectory.steps}: x %{{x:.6g}}, y %{{y:.6g}}",
    )


def _start_upon(under: Ground, levels: Array, theme: Theme) -> go.Scatter3d:
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
            "size": 6,
            "color": theme.ink,
            "line": {"width": 2, "color": theme.paper},
        },
        hovertemplate="start (%{x:.6g}, %{y:.6g})<extra></extra>",
    )


def _minimizers_upon(function: Surface, levels: Array) -> go.Scatter3d:
    points = np.asarray(function.minimizers)
    return go.Scatter3d(
        **_upon(function, points, np.full(len(points), function.minimum), levels),
        mode="markers",
        name="minimum",
        marker={"symbol": "cross", "size": 6, "color": "#ffd23f", "line": {"width": 1.2, "color": "#3b2f00"}},
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


def _is_far(side: Point) -> bool:
    """Whether one side of a domain is so far from 0 that float32 blurs the places on it."""
    low, high = side
    return max(abs(low), abs(high)) > _FAR * (high - low)


def _around_middle(figure: go.Figure, function: Surface) -> go.Figure:
    """A relief that says how far from the middle of the domain everything is, where the domain is far from 0.

    WebGL computes in float32, which could not tell the places on the surface apart there.
    """
    for name, axis, (low, high) in zip("xy", function.axes, function.domain, strict=True):
        if not _is_far((low, high)):
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
                line={"width": 2.2, "color": pen.color, "dash": pen.dash},
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
    """The range of an axis. It holds all that the runs that did not diverge have. Those that did go on as far
    as the others are not squeezed flat: what has left is marked."""
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


def styled(figure: go.Figure, theme: Theme) -> go.Figure:
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
