"""What pictures of maps have in common: cells as classes with a legend, and what each cell says.

Where a run ends is a hue and how many steps it took a shade. Hues come from the palette of paths, which stays
apart for every kind of colour vision; loss is a scale from dark to light that needs no hue at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from optviz.engine.outcome import OUTCOMES, Array
from optviz.figures.drawing import over_domain, styled
from optviz.figures.theme import Theme, mixed
from optviz.maps.cells import CellMap
from optviz.spec.wording import coordinates
from optviz.surfaces.problem import Surface

_SLOT = {"minimum": 5, "saddle": 2, "maximum": 7, "plateau": 4, "cycle": 3, "left": 1}
"""The palette's colour of each ending that is no declared minimizer."""
_SHADES = 0.995
"""How much of a class's height its shades take: the rest keeps it apart from the next class."""
_PALE = 0.6
"""Share of the paper's colour in the shade of the slowest cell."""


def single(numbers: NDArray[Any]) -> NDArray[np.float32]:
    """Numbers as float32, which is enough for any eye and half the bytes; what is too large becomes infinite.

    Args:
        numbers: (...)

    Returns:
        (...)
    """
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32)


def endings(
    cells: CellMap, function: Surface, theme: Theme
) -> tuple[NDArray[np.int64], list[str], list[str]]:
    """The class of each cell by where it ends, with the names and colours of all classes.

    Args:
        cells: The map.
        function: Its surface.
        theme: The colours.

    Returns:
        (h, w) places in the lists of names and colours, -1 for what has not run; the names; the colours. The
        surface's minimizers come first, then the other endings.
    """
    kinds, minimizers = cells.shown(cells.kinds), cells.shown(cells.minimizers)
    count = len(function.minimizers)
    names = [f"minimum {coordinates(point, function.widths)}" for point in function.minimizers]
    names += [f"{'local ' if kind == 'minimum' and count else ''}{kind}" for kind in OUTCOMES]
    neutral = {"moving": mixed(theme.ink, theme.paper, 0.35), "diverged": theme.ink}
    colors = [theme.paths[index % len(theme.paths)] for index in range(count)]
    spare = [color for color in theme.paths if color not in colors] or list(theme.paths)
    colors += [neutral.get(kind, spare[_SLOT.get(kind, 0) % len(spare)]) for kind in OUTCOMES]
    classes = np.where(minimizers >= 0, minimizers, count + kinds.astype(np.int64))
    return np.where(kinds < 0, -1, classes), names, colors


def cell_names(names: Sequence[str], classes: NDArray[np.int64]) -> NDArray[np.str_]:
    """The name of each cell's class.

    Args:
        names: The names of all classes.
        classes: (h, w) places among them; -1 for what has not run.

    Returns:
        (h, w)
    """
    return np.asarray([*names, "not run yet"])[classes]


Saying = tuple[str, str]
"""What a cell of some class says: the words before its step, and those where it has none."""


def sayings_of(cells: CellMap, function: Surface, names: Sequence[str]) -> list[Saying]:
    """What a cell of each class says."""
    near, count = f"within {cells.within:.12g}", len(function.minimizers)
    arrives = [(f"{name}, {near} at step ", f"{name}, never {near}") for name in names[:count]]
    return arrives + [(f"{name}, step ", name) for name in names[count:]]


def steps_of(cells: CellMap) -> NDArray[np.int64]:
    """The step of each cell: when it arrived at the minimizer that it ends in, else when its ending began.

    Returns:
        (h, w); -1 for a cell that never came near its minimizer.
    """
    arrived = cells.shown(cells.minimizers) >= 0
    steps = np.where(arrived, cells.shown(cells.reached), cells.shown(cells.steps))
    return steps.astype(np.int64)  # of which plotly sends as few bytes as will do


def tell_cells(
    figure: go.Figure,
    place: str,
    cells: CellMap,
    classes: NDArray[np.int64],
    sayings: Sequence[Saying],
) -> None:
    """Let each cell of a figure say, under the pointer, how it ended and when.

    Args:
        figure: The figure, whose first trace is the map.
        place: The words before that, with places for plotly to fill in.
        cells: The map.
        classes: (h, w) each cell's class.
        sayings: What a cell of each class says.
    """
    steps = steps_of(cells)
    before, instead = (cell_names([saying[k] for saying in sayings], classes) for k in (0, 1))
    texts = np.where(steps < 0, instead, np.char.add(before, steps.astype(str)))
    tell(figure, f"{place}<br>%{{text}}<br>loss %{{customdata[0]:.5g}}", texts, (cells.shown(cells.losses),))


def class_figure(
    x: Array,
    y: Array,
    classes: NDArray[np.int64],
    names: Sequence[str],
    colors: Sequence[str],
    theme: Theme,
    cells: CellMap | None = None,
    sayings: Sequence[Saying] = (),
) -> go.Figure:
    """A heatmap whose colours are classes and shades, with a legend of the classes that occur.

    A height is a class plus a shade: from 0 for cells that arrive at once to the palest for those that never
    do. What a cell says is not to be read from it: the heatmap's `customdata` are the steps (h, w), -1 for
    none; its `meta` has the "classes" (h, w), -1 for what has not run, as places among the "sayings".

    Args:
        x: (w,) the cells' places along x.
        y: (h,) along y.
        classes: (h, w) places among the names; -1 for what has not run.
        names: The name of each class. They are shown as mark-up: what a user has written in them must have
            been through `shown_name`.
        colors: The colour of each class.
        theme: The figure's own colours.
        cells: The map, whose steps are shades; without it there are none.
        sayings: What a cell of each class says; by default its name.
    """
    sayings = sayings or [(name, name) for name in names]
    used = [place for place in range(len(names)) if (classes == place).any()]
    slot = np.full(len(names) + 1, -1)
    slot[used] = np.arange(len(used))
    shown = slot[classes]
    scale: list[tuple[float, str]] = []
    for place, index in enumerate(used):
        pale = mixed(theme.paper, colors[index], _PALE)
        scale += [(place / len(used), colors[index]), ((place + 1) / len(used), pale)]
    steps, shade = np.full(classes.shape, -1), np.zeros(classes.shape)
    if cells is not None:
        steps, never = steps_of(cells), cells.experiment.steps + 1
        shade = _SHADES * np.where(steps < 0, never, steps) / never
    z = np.where(shown < 0, np.nan, shown + shade)
    figure = go.Figure(
        go.Heatmap(
            x=x,
            y=y,
            z=single(z),
            customdata=steps,
            meta={"classes": shown, "sayings": [sayings[index] for index in used]},
            zmin=0,
            hoverinfo="none",
            zmax=max(len(used), 1),
            colorscale=scale or [(0.0, theme.paper), (1.0, theme.paper)],
            showscale=False,
        )
    )
    for index in used:
        marker = {"symbol": "square", "size": 12, "color": colors[index]}
        figure.add_trace(go.Scatter(x=[None], y=[None], mode="markers", name=names[index], marker=marker))
    return figure


def tell(
    figure: go.Figure, words: str, texts: NDArray[np.str_], numbers: Sequence[NDArray[Any]] = ()
) -> None:
    """Let each cell of a figure say something under the pointer.

    Args:
        figure: The figure, whose first trace is the map.
        words: What it says, with "%{text}" and "%{customdata[0]}" where its own text and numbers go.
        texts: (h, w) the text of each cell.
        numbers: Arrays (h, w), each a number of every cell.
    """
    customdata = single(np.stack(numbers, axis=-1)) if numbers else None
    said = {"text": texts, "customdata": customdata, "hovertemplate": words + "<extra></extra>"}
    figure.data[0].update(said | {"hoverinfo": None})


def cells_over_domain(figure: go.Figure, function: Surface, theme: Theme) -> go.Figure:
    """The figure with the surface's domain as its axes, in the theme's style."""
    over_domain(figure, function)
    styled(figure, theme).update_xaxes(showgrid=False).update_yaxes(showgrid=False)
    return figure.update_layout(showlegend=True)


def competitor_name(result: Any) -> str:
    """The name of a map's competitor."""
    return str(result.experiment.runs[result.index].name)
