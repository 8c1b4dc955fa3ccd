"""Basins: where one optimizer ends from every start in the domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from optviz.engine.outcome import Array
from optviz.engine.request import competitor, made_with, takes_run
from optviz.figures.drawing import shown_name
from optviz.figures.theme import Theme, themed
from optviz.maps.cell_figures import (
    cell_names,
    cells_over_domain,
    class_figure,
    competitor_name,
    endings,
    sayings_of,
    tell,
    tell_cells,
)
from optviz.maps.cells import (
    CellMap,
    Cells,
    filled,
    from_starts,
)
from optviz.maps.cost import check_cost, cost, default_resolution, split_cells
from optviz.maps.registration import MapInfo, Picture, Request
from optviz.maps.workers import Piece, Watch, Workers
from optviz.spec.experiment import Experiment
from optviz.spec.params import Competitor, Int, Maybe, Param, Settings
from optviz.surfaces.catalogue import surface


@dataclass(frozen=True, eq=False)
class BasinMap(CellMap):
    """Where one optimizer ends from every start in the domain."""

    x: Array
    """(w,) the starts' x, the middles of w equal parts of the domain."""
    y: Array
    """(h,)"""

    def at(self, row: int, column: int) -> Experiment:
        """The experiment that starts at a cell.

        Args:
            row: The cell's row, counted from the lowest y.
            column: The cell's column, counted from the lowest x.

        Returns:
            The whole experiment with that start.
        """
        return replace(self.experiment, start=(float(self.x[column]), float(self.y[row])))

    def _figure(self) -> go.Figure:
        return basin_figure(self)


@takes_run
def basins(
    experiment: Experiment,
    index: int = 0,
    resolution: int | None = None,
    *,
    within: float | None = None,
    device: str = "auto",
    executor: Workers = None,
    watch: Watch[BasinMap] | None = None,
) -> BasinMap:
    """Where a competitor ends from every start of a grid over the domain; each cell equals its single run.

    Args:
        experiment: What to run. Its own start is not used.
        index: The competitor's index in the experiment, counted from 0. `run` is another name for it.
        resolution: The number of starts along each axis, 2 to 1,024. Where left out, 256, or fewer where that
            would take longer than about ten seconds.
        within: The distance from a minimizer, in units of x and y, that counts as having reached it; a
            thousandth of the domain's mean width where left out.
        device: As in `run`.
        executor: Any executor of `concurrent.futures`; this process where left out.
        watch: Called with a `Progress` now and then. What it raises ends the work.

    Returns:
        Endings, steps and losses, each (resolution, resolution).

    Raises:
        ValueError: As in `run_many`; the resolution is out of range, or the map would take hours.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Himmelblau"), (0.0, 0.0), 100, (run,))
        >>> ov.basins(exp, resolution=4, device="cpu").kinds.shape
        (4, 4)
    """
    spec, function = competitor(experiment, index)
    side = default_resolution(experiment, index) if resolution is None else resolution
    if not 2 <= side <= 1024:
        raise ValueError(f"The resolution must be between 2 and 1,024, not {side}.")
    check_cost(cost(experiment, index, side**2), executor)
    x, y = (low + (high - low) * (np.arange(side) + 0.5) / side for low, high in function.domain)
    starts = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    near = function.near(within)
    cells, provenance = Cells.empty(side**2), made_with(experiment, device)

    def result() -> BasinMap:
        known = cells.arrays((side, side))
        del known["best"]
        return BasinMap(experiment, index, made_with=provenance, x=x, y=y, within=near, **known)

    pieces = [
        Piece(places, from_starts, (experiment, index, starts[places], near, device))
        for places in split_cells(experiment, spec, "basins", side, side)
    ]
    return filled(cells, pieces, executor, watch, result)


# -- pictures ------------------------------------------------------------------------------------------


def basin_figure(basins: BasinMap, theme: Theme | str = "light", *, hover: bool = True) -> go.Figure:
    """Where every start ends: a hue for each minimizer and ending, paler the more steps it took.

    The steps are those to the minimizer that it ends in, else those to its ending. Cells that have not been
    run yet show their coarser neighbours.

    Args:
        basins: The map, which may be unfinished.
        theme: "light", "dark" or a `Theme`.
        hover: Whether cells say what they are under the pointer; without, the figure is smaller.

    Returns:
        A plotly figure.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Himmelblau"), (0.0, 0.0), 100, (run,))
        >>> ov.basin_figure(ov.basins(exp, resolution=4, device="cpu")).data[0].type
        'heatmap'
    """
    theme = themed(theme)
    function = surface(basins.experiment.surface)
    classes, names, colors = endings(basins, function, theme)
    sayings = sayings_of(basins, function, names)
    figure = class_figure(basins.x, basins.y, classes, names, colors, theme, basins, sayings)
    if hover:
        tell_cells(figure, "start (%{x:.5g}, %{y:.5g})", basins, classes, sayings)
    return cells_over_domain(figure, function, theme)


def basin_difference_figure(
    one: BasinMap, other: BasinMap, theme: Theme | str = "light", *, hover: bool = True
) -> go.Figure:
    """Where two optimizers end differently from the same start.

    Args:
        one: The map of the first.
        other: The map of the second, of the same surface and resolution.
        theme: "light", "dark" or a `Theme`.
        hover: Whether cells say what they are under the pointer; without, the figure is smaller.

    Returns:
        A plotly figure.

    Raises:
        ValueError: The two maps are not of the same surface and resolution.

    Example:
        >>> import optviz as ov
        >>> runs = tuple(ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": lr})) for lr in (0.01, 0.001))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Himmelblau"), (0.0, 0.0), 100, runs)
        >>> fast, slow = (ov.basins(exp, index, resolution=4, device="cpu") for index in (0, 1))
        >>> ov.basin_difference_figure(fast, slow).data[0].type
        'heatmap'
    """
    theme = themed(theme)
    if one.experiment.surface != other.experiment.surface or one.kinds.shape != other.kinds.shape:
        raise ValueError("Only maps of the same surface and resolution can be compared.")
    function = surface(one.experiment.surface)
    first, second = (shown_name(competitor_name(each)) for each in (one, other))
    if first == second:
        first, second = f"{first} (1)", f"{second} (2)"
    names = ["the same ending", f"only {first} in a known minimum", f"only {second} in a known minimum"]
    names += ["another known minimum", "another ending"]
    colors = [theme.high, theme.paths[0], theme.paths[1], theme.paths[2], theme.paths[4]]
    classes = np.where(one.done & other.done, difference(one, other), -1)
    ends = [cell_names(*endings(each, function, theme)[1::-1]) for each in (one, other)]
    texts = np.char.add(np.char.add(f"{first}: ", ends[0]), np.char.add(f"<br>{second}: ", ends[1]))
    figure = class_figure(one.x, one.y, classes, names, colors, theme)
    if hover:
        tell(figure, "start (%{x:.5g}, %{y:.5g})<br>%{text}", texts)
    return cells_over_domain(figure, function, theme)


def difference(first: BasinMap, second: BasinMap) -> NDArray[np.int64]:
    """(h, w) how the endings of two maps differ.

    It is 0 for the same one, 1 or 2 where only the first or the second reached one of the declared
    minimizers, 3 where they reached two of them, and 4 for other endings.
    """
    same = (first.kinds == second.kinds) & (first.minimizers == second.minimizers)
    first_reached, second_reached = first.minimizers >= 0, second.minimizers >= 0
    differs: NDArray[np.int64] = np.select(
        [same, first_reached & second_reached, first_reached, second_reached],
        [np.int64(0), np.int64(3), np.int64(1), np.int64(2)],
        np.int64(4),
    )
    return differs


# -- on the page ------------------------------------------------------------------------------------------


def _requests(experiment: Experiment, focus: int, settings: Mapping[str, Any]) -> list[Request]:
    indices = [focus]
    rival = settings["rival"]
    if rival is not None and rival != focus and rival < len(experiment.runs):
        indices.append(rival)
    sides = [settings["resolution"] or default_resolution(experiment, index) for index in indices]
    side = min(sides)  # only maps of one resolution can be compared
    asked = {"resolution": side, "within": settings["within"]}
    return [
        Request(basins, experiment, Settings({"index": index, **asked}), cost(experiment, index, side**2))
        for index in indices
    ]


def _pictures(results: Sequence[Any], settings: Mapping[str, Any], theme: Theme) -> list[Picture]:
    def title(basins: BasinMap) -> str:
        near = f"fainter the later it comes within {basins.within:.12g}"
        return f"{competitor_name(basins)}: where every start ends, {near}"

    pictures = [
        Picture(basin_figure(basins, theme, hover=False), title(basins), basins) for basins in results
    ]
    if len(results) == 2:
        figure = basin_difference_figure(results[0], results[1], theme, hover=False)
        pictures.append(Picture(figure, "Where the two end differently", results[0]))
    return pictures


MAP = MapInfo(
    name="basins",
    title="Basins",
    rank=0,
    teaches="Every pixel is a start: its colour says where the optimizer ends from there, and the "
    "fainter it is, the more steps it took.",
    params={
        "rival": Param(
            Maybe(Competitor()),
            None,
            "Another competitor beside it, and where the two end differently.",
            label="Beside it",
        ),
        "resolution": Param(
            Maybe(Int(16, 512)),
            None,
            "Starts along each side. Empty: 256, or as many as take about ten seconds.",
            label="Starts per side",
        ),
    },
    plan=_requests,
    draw=_pictures,
)
