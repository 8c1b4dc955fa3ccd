"""Common parts of figures: the picture of a surface, axes, colour bar, and style."""

from __future__ import annotations

import html
from typing import Any

import plotly.graph_objects as go

from optviz.engine.outcome import Array
from optviz.engine.trajectory import Grid
from optviz.figures.contours import color_bar, equal_units, picture
from optviz.figures.theme import SIZES, Theme, pen
from optviz.surfaces.problem import Point, Surface

MARKED = 121
"""Longest path, in points, whose steps all have a marker."""
TRANSPARENT = "rgba(0, 0, 0, 0)"
_FAR = 1000.0
"""Distance from 0, in widths of the domain, beyond which a relief is drawn around its own middle."""


def shown_name(name: str) -> str:
    """A name, escaped: plotly takes tags for mark-up, and names come from links."""
    return html.escape(name, quote=False)


def line(index: int, theme: Theme) -> dict[str, Any]:
    """The line of the competitor with this index, as plotly takes it."""
    return pen(index, theme).line(SIZES.curve)


def draw_contours(
    figure: go.Figure, function: Surface, grid: Grid, levels: Array, theme: Theme, units: str = "auto"
) -> None:
    """Put the surface's contours beneath a figure, whose axes become the domain's.

    Args:
        figure: The figure, which is changed.
        function: The surface.
        grid: Its losses over the domain.
        levels: (levels,) ascending losses.
        theme: The colours.
        units: As a `View` has them.
    """
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

    Where their scales differ the figure says so, since gradients are then not drawn at right angles to the
    contours.
    """
    (left, right), (bottom, top) = function.domain
    x, y = function.axes
    figure.update_xaxes(range=[left, right], title=x, constrain="domain", constraintoward="left")
    figure.update_yaxes(range=[bottom, top], title=y, constrain="domain", constraintoward="top")
    for update, side in (
        (figure.update_xaxes, function.domain[0]),
        (figure.update_yaxes, function.domain[1]),
    ):
        if is_far(side):  # "1.000000000005B" is no number for people
            update(exponentformat="none")
    if equal_units(function.domain, units):
        figure.update_yaxes(scaleanchor="x")
        return
    corner = {"xref": "paper", "yref": "paper", "x": 1, "y": 0, "xanchor": "right", "yanchor": "bottom"}
    figure.add_annotation(**corner, text=shown_name(unequal_words(function)), showarrow=False)


def unequal_words(function: Surface) -> str:
    """What a picture says when its axes have different scales."""
    x, y = function.axes
    return f"{x} and {y} have different scales"


def color_bar_trace(levels: Array, theme: Theme) -> go.Scatter:
    """A trace without points that shows the colour bar.

    Args:
        levels: (levels,) ascending losses.
        theme: The colours.
    """
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


def styled(figure: go.Figure, theme: Theme) -> go.Figure:
    """The figure in the style that all figures have."""
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
        paper_bgcolor=TRANSPARENT,
        plot_bgcolor=TRANSPARENT,
        font={"color": theme.ink, "size": 13},
        margin={"l": 56, "r": 12, "t": 34, "b": 48},
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "itemwidth": 30},
        hoverlabel={"bgcolor": theme.paper, "font": {"color": theme.ink}},
        hovermode="closest",
    )
    return figure


def is_far(side: Point) -> bool:
    """Whether one side of a domain is so far from 0 that float32 blurs the places on it."""
    low, high = side
    return max(abs(low), abs(high)) > _FAR * (high - low)
