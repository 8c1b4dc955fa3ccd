"""Clouds: one competitor's run under many seeds, or from many starts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from optviz.engine.outcome import Array
from optviz.engine.request import competitor, made_with, takes_run
from optviz.engine.sampling import sample
from optviz.engine.trajectory import Floats, Grid, MadeWith
from optviz.figures.contours import contour_levels
from optviz.figures.drawing import draw_contours, line, shown_name, styled
from optviz.figures.theme import Theme, themed
from optviz.maps.cell_figures import (
    competitor_name,
    single,
)
from optviz.maps.cells import (
    paths_of_seeds,
    paths_of_starts,
)
from optviz.maps.cost import check_cost, cost, runs_at_once
from optviz.maps.registration import MapInfo, Picture, Request
from optviz.maps.workers import Piece, Watch, Workers, carry_out_all
from optviz.spec.display import ShownAsFigure
from optviz.spec.experiment import Experiment
from optviz.spec.params import Float, Int, Maybe, Param, Settings
from optviz.spec.wording import counted
from optviz.surfaces.catalogue import surface


@dataclass(frozen=True, eq=False)
class Cloud(ShownAsFigure):
    """One competitor's run under many seeds, or from many starts."""

    experiment: Experiment
    index: int
    over: str
    """The difference between its runs: "seeds" or "starts"."""
    quantiles: tuple[float, ...]
    losses: Array
    """(q, n+1) quantiles of the loss at each step; infinite where so many runs are undefined."""
    points: Array
    """(q, n+1, 2) quantiles of x and of y at each step, each by itself."""
    paths: Floats
    """(m, n+1, 2) some of the runs, the first at most 64; a run that diverged stays where it did."""
    path_losses: Array
    """(m, n+1) their losses."""
    finals: Array
    """(k,) the last loss of every run that is done."""
    count: int
    """k"""
    made_with: MadeWith

    def _figure(self) -> go.Figure:
        return cloud_figure(self)


@takes_run
def cloud(
    experiment: Experiment,
    index: int = 0,
    seeds: int = 64,
    *,
    radius: float | None = None,
    quantiles: Sequence[float] = (0.05, 0.25, 0.5, 0.75, 0.95),
    device: str = "auto",
    executor: Workers = None,
    watch: Watch[Cloud] | None = None,
) -> Cloud:
    """One competitor many times, with many seeds or from many starts; each equals its single run.

    Without a `radius` run k has the experiment's seed plus k. With one, all runs have the experiment's seed,
    and their starts are spread evenly over an ellipse around the experiment's start, which is the first of
    them.

    Args:
        experiment: What to run.
        index: The competitor's index in the experiment, counted from 0. `run` is another name for it.
        seeds: The number of runs, 2 to 10,000.
        radius: The radius of the ellipse in widths of the domain; None for seeds instead of starts.
        quantiles: Which quantiles of the runs are kept, each from 0 to 1.
        device: As in `run`.
        executor: Any executor of `concurrent.futures`; this process where left out.
        watch: Called with a `Progress` now and then. What it raises ends the work.

    Returns:
        Quantiles of the losses (q, n+1) and points (q, n+1, 2) at each step, and at most 64 whole paths.

    Raises:
        ValueError: As in `run_many`; a setting is out of range, the paths would not fit into memory, the
            cloud would take hours, or there is neither chance nor a radius, so that all runs would be the
            same.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 50, (run,), noise=0.1)
        >>> ov.cloud(exp, seeds=8, device="cpu").losses.shape
        (5, 51)
    """
    competitor(experiment, index)  # raises where there is none
    _check(experiment, seeds, radius, quantiles)
    check_cost(cost(experiment, index, seeds), executor)
    paths = np.full((seeds, experiment.steps + 1, 2), np.nan, np.dtype(experiment.dtype))
    losses = np.full(paths.shape[:2], np.nan)
    provenance = made_with(experiment, device)

    def result() -> Cloud:
        done = ~np.isnan(losses[:, 0])
        over = "seeds" if radius is None else "starts"
        return _summarised(experiment, index, over, tuple(quantiles), paths[done], losses[done], provenance)

    def put(piece: Piece, walked: tuple[Floats, Array]) -> None:
        paths[piece.places], losses[piece.places] = walked

    pieces = _pieces(experiment, index, seeds, radius, device)
    return carry_out_all(pieces, seeds, executor, watch, put, result)


def _check(experiment: Experiment, seeds: int, radius: float | None, quantiles: Sequence[float]) -> None:
    """Raises ValueError for what no cloud can be."""
    if not 2 <= seeds <= 10_000:
        raise ValueError(f"A cloud has 2 to 10,000 runs, not {seeds}.")
    if not quantiles or not all(0 <= part <= 1 for part in quantiles):
        raise ValueError("Quantiles are one or more numbers from 0 to 1.")
    if radius is None and experiment.noise == 0 and experiment.batch_size is None:
        raise ValueError("Without noise and minibatches all seeds give the same run: set one, or a radius.")
    if radius is not None and not (math.isfinite(radius) and radius > 0):
        raise ValueError(f"The radius must be a positive number of domain widths, not {radius}.")
    if seeds * (experiment.steps + 1) * 24 > 2**30:
        raise ValueError("The paths of this cloud would take over 1 GiB: take fewer runs or fewer steps.")


def _pieces(experiment: Experiment, index: int, count: int, radius: float | None, device: str) -> list[Piece]:
    """The runs, as many in a piece as are best taken at once."""
    spec, function = competitor(experiment, index)
    at_once = min(count, runs_at_once(experiment, spec, "basins"))
    parts = np.array_split(np.arange(count), -(-count // at_once))
    if radius is None:
        seeds = [[experiment.seed + int(place) for place in part] for part in parts]
        return [
            Piece(part, paths_of_seeds, (experiment, index, chosen, device))
            for part, chosen in zip(parts, seeds, strict=True)
        ]
    starts = _around(experiment.start, radius * np.asarray(function.widths), count)
    return [Piece(part, paths_of_starts, (experiment, index, starts[part], device)) for part in parts]


def _around(start: tuple[float, float], radii: Array, count: int) -> Array:
    """(count, 2) the start, and others spread evenly over an ellipse around it: a sunflower's spiral."""
    place = np.arange(count)
    angle = place * np.pi * (3 - math.sqrt(5))
    length = np.sqrt(place / (count - 1))
    around: Array = np.asarray(start) + radii * (length * np.stack((np.cos(angle), np.sin(angle)))).T
    return around


def _summarised(
    experiment: Experiment,
    index: int,
    over: str,
    quantiles: tuple[float, ...],
    paths: Floats,
    losses: Array,
    provenance: MadeWith,
) -> Cloud:
    """Quantiles are runs' own numbers (no interpolation), so that an infinite loss has its place in them."""
    count = len(losses)
    if count:
        of_losses = np.quantile(losses, quantiles, axis=0, method="lower")
        finite = np.where(np.isfinite(paths), paths, np.inf).astype(np.float64)
        of_points = np.quantile(finite, quantiles, axis=0, method="lower")
    else:
        of_losses = np.full((len(quantiles), losses.shape[1]), np.nan)
        of_points = np.full((len(quantiles), losses.shape[1], 2), np.nan)
    return Cloud(
        experiment,
        index,
        over,
        quantiles,
        of_losses,
        of_points,
        paths[:64].copy(),
        losses[:64].copy(),
        losses[:, -1].copy(),
        count,
        provenance,
    )


# -- pictures ------------------------------------------------------------------------------------------


def cloud_figure(cloud: Cloud, theme: Theme | str = "light") -> go.Figure:
    """The loss at each step of a cloud: bands between quantiles, the median, and the first run.

    Args:
        cloud: The result, which may be unfinished.
        theme: "light", "dark" or a `Theme`.

    Returns:
        A plotly figure.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 50, (run,), noise=0.1)
        >>> ov.cloud_figure(ov.cloud(exp, seeds=8, device="cpu")).layout.xaxis.title.text
        'step<br><sub>8 seeds of SGD</sub>'
    """
    theme = themed(theme)
    minimum = surface(cloud.experiment.surface).minimum
    base = minimum if np.isfinite(minimum) else 0.0
    log = bool(np.isfinite(minimum))
    figure = go.Figure()
    steps = np.arange(cloud.losses.shape[1])
    color = line(cloud.index, theme)["color"]

    def shown(losses: Array) -> Array:
        above = losses - base
        return np.where(np.isfinite(above) & ((above > 0) | (not log)), above, np.nan)

    _bands(figure, steps, [shown(losses) for losses in cloud.losses], cloud.quantiles, color)
    if cloud.count:
        run = {"x": steps, "y": shown(cloud.path_losses[0]), "name": "one of them"}
        figure.add_trace(
            go.Scatter(**run, mode="lines", line={"color": theme.ink, "width": 1.5, "dash": "dot"})
        )
    figure.update_xaxes(title=f"step<br><sub>{_count(cloud)} of {shown_name(competitor_name(cloud))}</sub>")
    figure.update_yaxes(
        title="loss above the minimum" if base else "loss",
        type="log" if log else "linear",
        exponentformat="power",
    )
    return styled(figure, theme)


def cloud_paths_figure(cloud: Cloud, theme: Theme | str = "light", grid: Grid | None = None) -> go.Figure:
    """The runs of a cloud on the surface: some paths, faint, the median of x and of y, and the first run.

    Args:
        cloud: The result, which may be unfinished.
        theme: "light", "dark" or a `Theme`.
        grid: The surface's losses where they have been sampled already.

    Returns:
        A plotly figure.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 50, (run,), noise=0.1)
        >>> len(ov.cloud_paths_figure(ov.cloud(exp, seeds=8, device="cpu")).data) > 2
        True
    """
    theme = themed(theme)
    function = surface(cloud.experiment.surface)
    grid = grid or sample(cloud.experiment.surface)
    figure = go.Figure()
    draw_contours(figure, function, grid, contour_levels(grid.z), theme)
    color = line(cloud.index, theme)["color"]
    paths = single(np.where(np.isfinite(cloud.paths), cloud.paths, np.nan))
    gaps = np.full((len(paths), 1, 2), np.nan, np.float32)
    x, y = np.concatenate((paths, gaps), axis=1).reshape(-1, 2).T
    thin = {"color": color, "width": 1}
    many = f"{len(paths)} of {_count(cloud)}"
    figure.add_trace(go.Scatter(x=x, y=y, mode="lines", name=many, line=thin, opacity=0.35, hoverinfo="skip"))
    median = cloud.points[int(np.abs(np.asarray(cloud.quantiles) - 0.5).argmin())]
    for name, path, style in (
        ("median of x and of y", median, {"color": color, "width": 4}),
        (
            "one of them",
            paths[0] if len(paths) else paths[:0],
            {"color": theme.ink, "width": 2, "dash": "dot"},
        ),
    ):
        points = np.where(np.isfinite(path), path, np.nan).reshape(-1, 2)
        hover = "step %{pointNumber}: (%{x:.5g}, %{y:.5g})"
        figure.add_trace(
            go.Scatter(
                x=points[:, 0], y=points[:, 1], mode="lines", name=name, line=style, hovertemplate=hover
            )
        )
    return styled(figure, theme).update_xaxes(showgrid=False).update_yaxes(showgrid=False)


def _count(cloud: Cloud) -> str:
    return counted(cloud.count, cloud.over.removesuffix("s"))


def _bands(
    figure: go.Figure, x: NDArray[np.int64], rows: Sequence[Array], quantiles: Sequence[float], color: str
) -> None:
    """Areas between quantiles that lie opposite, widest first, and the line in the middle."""
    order = np.argsort(quantiles)
    while len(order) > 1:
        low, high, order = order[0], order[-1], order[1:-1]
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
        figure.add_trace(go.Scatter(x=x, y=rows[low], showlegend=False, **edge))
        name = f"{100 * quantiles[low]:g} % to {100 * quantiles[high]:g} %"
        red, green, blue = bytes.fromhex(color[1:])
        fill = f"rgba({red}, {green}, {blue}, 0.22)"
        figure.add_trace(go.Scatter(x=x, y=rows[high], name=name, fill="tonexty", fillcolor=fill, **edge))
    for middle in order:
        name = "median" if quantiles[middle] == 0.5 else f"{100 * quantiles[middle]:g} %"
        figure.add_trace(go.Scatter(x=x, y=rows[middle], mode="lines", name=name, line={"color": color}))


# -- on the page ------------------------------------------------------------------------------------------


def _requests(experiment: Experiment, focus: int, settings: Mapping[str, Any]) -> list[Request]:
    chance = experiment.noise > 0 or experiment.batch_size is not None
    radius = settings["radius"] or (None if chance else _RADIUS)
    given = Settings({"index": focus, "seeds": settings["count"], "radius": radius})
    return [Request(cloud, experiment, given, cost(experiment, focus, settings["count"]))]


def _pictures(results: Sequence[Any], settings: Mapping[str, Any], theme: Theme) -> list[Picture]:
    (runs,) = results
    name, many = competitor_name(runs), counted(runs.count, "run")
    return [
        Picture(cloud_figure(runs, theme), f"{name}: the losses of {many} at each step"),
        Picture(cloud_paths_figure(runs, theme), f"{name}: the paths of {many}"),
    ]


_RADIUS = 0.05
"""Domain widths: how far the starts of a cloud lie apart where nothing else is left to chance."""

MAP = MapInfo(
    name="cloud",
    title="Cloud",
    rank=3,
    teaches="One run is an anecdote: the same competitor under many seeds, or from many starts around "
    "the chosen one. Half of all runs lie within the inner band.",
    params={
        "count": Param(Int(2, 1000), 64, "How many runs.", label="Runs"),
        "radius": Param(
            Maybe(Float(1e-4, 1.0)),
            None,
            "How far starts are spread around the start, in domain widths. Empty: many seeds, where there "
            "is noise or there are minibatches, else 0.05.",
        ),
    },
    plan=_requests,
    draw=_pictures,
)
