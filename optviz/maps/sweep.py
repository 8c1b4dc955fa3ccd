"""Sweeps: how one optimizer ends with every pair of two hyperparameters, or every value of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import plotly.graph_objects as go

from optviz.engine.outcome import OUTCOMES, Array
from optviz.engine.request import competitor, made_with, takes_run
from optviz.figures.drawing import line, shown_name, styled
from optviz.figures.theme import Theme, themed
from optviz.maps.axes import (
    Axis,
    AxisKind,
    axis_names,
    read_axis,
    usual_axes,
    with_run,
    with_value,
)
from optviz.maps.cell_figures import (
    class_figure,
    competitor_name,
    endings,
    sayings_of,
    single,
    tell_cells,
)
from optviz.maps.cells import (
    CellMap,
    Cells,
    criterion_name,
    filled,
    from_settings,
)
from optviz.maps.cost import check_cost, cost, split_cells
from optviz.maps.registration import MapInfo, Picture, Request
from optviz.maps.workers import Piece, Watch, Workers
from optviz.optimizers.catalogue import optimizer_info
from optviz.rules.stability import constant_curvature, sgd_limit
from optviz.spec.experiment import Experiment, OptimizerSpec, RunSpec
from optviz.spec.params import Choice, Flag, Maybe, Param, Settings
from optviz.surfaces.catalogue import surface
from optviz.surfaces.problem import Surface

SWEEP_VALUES = ("final loss", "best loss", "steps to reach", "ending")
"""The values that a sweep can show."""

_LOSSES = "Cividis"


@dataclass(frozen=True, eq=False)
class SweepMap(CellMap):
    """How one optimizer ends with every pair of two hyperparameters, or every value of one: then h is 1."""

    x: Axis
    y: Axis | None
    best: Array
    """(h, w) the lowest loss on the path."""
    boundary: Array | None
    """(k, 2) points (x, y) of the border of what is stable in theory, or (1, 2) with y 0 where there is no
    second axis. Known for SGD on quadratics, against lr and momentum: 0 < lr·λ < 2 + 2β. None elsewhere."""

    def at(self, row: int, column: int) -> Experiment:
        """The experiment with a cell's hyperparameters.

        Args:
            row: The place among the values of `y`; 0 where there is no second axis.
            column: The place among the values of `x`.

        Returns:
            The whole experiment, whose competitor `index` has them.
        """
        spec = self.experiment.runs[self.index]
        chosen = with_value(spec.optimizer, self.x, float(self.x.values[column]))
        if self.y is not None:
            chosen = with_value(chosen, self.y, float(self.y.values[row]))
        return with_run(self.experiment, self.index, replace(spec, optimizer=chosen))

    def _figure(self) -> go.Figure:
        return sweep_figure(self)


@takes_run
def sweep(
    experiment: Experiment,
    index: int = 0,
    x: Axis | tuple[Any, ...] = ("lr", 1e-4, 1.0, 64),
    y: Axis | tuple[Any, ...] | Literal["auto"] | None = "auto",
    *,
    within: float | None = None,
    device: str = "auto",
    executor: Workers = None,
    watch: Watch[SweepMap] | None = None,
) -> SweepMap:
    """How a competitor ends with every pair of values of two hyperparameters, or with every value of one.

    On the CPU each cell equals its single run to the bit.

    Args:
        experiment: What to run.
        index: The competitor's index in the experiment, counted from 0. `run` is another name for it.
        x: The hyperparameter across: (name, low, high, count), with "log" or "linear" as a fifth where its
            usual scale is not wanted. "betas[1]", or ("betas", 1), is the second of a tuple.
        y: The same upwards; None for a curve over x alone. "auto" is the learning rate, the momentum, the
            first of the betas or another number of the optimizer's own: the first that is not `x`.
        within: The distance from a minimizer, in units of x and y, that counts as having reached it; a
            thousandth of the domain's mean width where left out.
        device: As in `run`.
        executor: Any executor of `concurrent.futures`; this process where left out.
        watch: Called with a `Progress` now and then. What it raises ends the work.

    Returns:
        Endings, steps and losses, each (count of y, count of x), or (1, count of x) without y.

    Raises:
        ValueError: As in `run_many`; the optimizer has no such hyperparameter, an axis is out of range, both
            are the same, or the map would take hours.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 50, (run,))
        >>> grid = ov.sweep(exp, x=("lr", 1e-3, 1e-1, 4), y=("momentum", 0.0, 0.9, 3), device="cpu")
        >>> grid.losses.shape
        (3, 4)
    """
    spec, function = competitor(experiment, index)
    across = read_axis(spec, x)
    y = usual_axes(spec.optimizer, across.shown)[1] if y == "auto" else y
    up = None if y is None else read_axis(spec, y)
    if up is not None and up.name == across.name:
        raise ValueError(f"The two axes must differ; both are {up.name}.")
    width, height = across.count, up.count if up else 1
    check_cost(cost(experiment, index, width * height, "sweep"), executor)
    optimizers = _grid_of_settings(spec.optimizer, across, up)
    near = function.near(within)
    cells, provenance = Cells.empty(width * height), made_with(experiment, device)
    boundary = _boundary(experiment, spec, across, up)

    def result() -> SweepMap:
        known = cells.arrays((height, width))
        return SweepMap(
            experiment, index, made_with=provenance, x=across, y=up, within=near, boundary=boundary, **known
        )

    pieces = [
        Piece(places, from_settings, (experiment, index, [optimizers[i] for i in places], near, device))
        for places in split_cells(experiment, spec, "sweep", height, width)
    ]
    return filled(cells, pieces, executor, watch, result)


def _grid_of_settings(optimizer: OptimizerSpec, x: Axis, y: Axis | None) -> list[OptimizerSpec]:
    """Row by row."""
    rows = [optimizer] if y is None else [with_value(optimizer, y, float(value)) for value in y.values]
    return [with_value(row, x, float(value)) for row in rows for value in x.values]


def _boundary(experiment: Experiment, spec: RunSpec, x: Axis, y: Axis | None) -> Array | None:
    """The border of stability of SGD on a quadratic, (k, 2), where it can be drawn over these axes."""
    names = (x.name, y.name if y else "momentum")
    settings: Mapping[str, Any] = optimizer_info(spec.optimizer).complete(spec.optimizer)
    plain = spec.scheduler is None and spec.clip_norm is None and spec.clip_value is None and spec.zero_grad
    if spec.optimizer.name != "SGD" or set(names) != {"lr", "momentum"} or not plain or spec.frozen:
        return None
    if settings["maximize"] or spec.reset_every or (curvature := constant_curvature(experiment)) is None:
        return None
    limit = partial(sgd_limit, curvature + settings["weight_decay"])  # λ and lr may change places in it
    rule = {"dampening": settings["dampening"], "nesterov": settings["nesterov"]}
    if y is None:
        return np.array([[float(limit(settings["momentum"], **rule)), 0.0]]) if x.name == "lr" else None
    axis = x if x.name == "momentum" else y
    momenta = np.linspace(axis.low, axis.high, 257)
    rates = limit(momenta, **rule)
    return np.stack((momenta, rates) if axis is x else (rates, momenta), axis=1)


# -- pictures ------------------------------------------------------------------------------------------


def sweep_figure(
    sweep: SweepMap, value: str = "final loss", theme: Theme | str = "light", *, hover: bool = True
) -> go.Figure:
    """What each pair of hyperparameters leads to, with the border of stability where it is known.

    A sweep of a single hyperparameter is drawn as a curve.

    Args:
        sweep: The map, which may be unfinished.
        value: What is shown: "final loss", "best loss", "steps to reach" or "ending".
        theme: "light", "dark" or a `Theme`.
        hover: Whether cells say what they are under the pointer; without, the figure is smaller.

    Returns:
        A plotly figure.

    Raises:
        ValueError: `value` is none of these.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 50, (run,))
        >>> grid = ov.sweep(exp, x=("lr", 1e-3, 1e-1, 4), y=("momentum", 0.0, 0.9, 3), device="cpu")
        >>> ov.sweep_figure(grid, "ending").data[0].type
        'heatmap'
    """
    theme = themed(theme)
    _check_value(value)
    if sweep.y is None:
        return sweep_curves_figure([sweep], value, theme)
    function = surface(sweep.experiment.surface)
    x, y = sweep.x.values, sweep.y.values
    classes, names, colors = endings(sweep, function, theme)
    sayings = sayings_of(sweep, function, names)
    if value == "ending":
        figure = class_figure(x, y, classes, names, colors, theme, sweep, sayings)
    else:
        z, title = _sweep_values(sweep, value, function)
        figure = go.Figure(
            go.Heatmap(
                x=x,
                y=y,
                z=single(z),
                colorscale=_LOSSES,
                colorbar={"title": {"text": title, "side": "top"}, "thickness": 8, "outlinewidth": 0},
                hoverongaps=True,
                hoverinfo="none",
                name=value,
            )
        )
    if hover:
        place = f"{sweep.x.name} %{{x:.4g}}, {sweep.y.name} %{{y:.4g}}"
        tell_cells(figure, place, sweep, classes, sayings)
    if sweep.boundary is not None:
        figure.add_trace(_boundary_line(sweep.boundary, theme))
    _axes(figure, sweep.x, sweep.y)
    return styled(figure, theme).update_xaxes(showgrid=False).update_yaxes(showgrid=False)


def sweep_curves_figure(
    sweeps: Sequence[SweepMap], value: str = "final loss", theme: Theme | str = "light"
) -> go.Figure:
    """Sweeps of one hyperparameter as curves on one plot, with a gap where a run diverged.

    Args:
        sweeps: Maps without a second axis, at least one.
        value: What is shown: "final loss", "best loss" or "steps to reach"; "ending" shows the final loss.
        theme: "light", "dark" or a `Theme`.

    Returns:
        A plotly figure.

    Raises:
        ValueError: `value` is none of these, there are no maps, or one of them has two axes.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 50, (run,))
        >>> curve = ov.sweep(exp, x=("lr", 1e-3, 1e-1, 4), y=None, device="cpu")
        >>> ov.sweep_curves_figure([curve]).data[0].name
        'SGD'
    """
    theme = themed(theme)
    _check_value(value)
    if not sweeps or any(sweep.y is not None for sweep in sweeps):
        raise ValueError("Only sweeps of a single hyperparameter are drawn as curves.")
    value = "final loss" if value == "ending" else value
    figure = go.Figure()
    titles = []
    for sweep in sweeps:
        heights, title = _sweep_values(sweep, value, surface(sweep.experiment.surface))
        titles.append(title)
        figure.add_trace(
            go.Scatter(
                x=sweep.x.values,
                y=heights[0],
                mode="lines+markers",
                name=shown_name(competitor_name(sweep)),
                line=line(sweep.index, theme),
                marker={"size": 4},
                hovertemplate=f"{sweep.x.name} %{{x:.4g}}: %{{y:.5g}}",
            )
        )
        if sweep.boundary is not None:
            figure.add_vline(
                x=float(sweep.boundary[0, 0]),
                line={"color": theme.ink, "dash": "dot"},
                annotation_text="unstable",
            )
    _axes(figure, sweeps[0].x, None)
    figure.update_yaxes(title=titles[0])
    return styled(figure.update_layout(showlegend=True), theme)


def _check_value(value: str) -> None:
    if value not in SWEEP_VALUES:
        raise ValueError(f"A sweep shows one of {', '.join(SWEEP_VALUES)}, not {value!r}.")


def _sweep_values(sweep: SweepMap, value: str, function: Surface) -> tuple[Array, str]:
    """The values (h, w) that are drawn of a sweep, NaN where there are none, and their title."""
    if value == "steps to reach":
        reached = sweep.shown(sweep.reached).astype(np.float64)
        return np.where(reached < 0, np.nan, reached), criterion_name(value, sweep.within)
    losses = sweep.shown(sweep.losses if value == "final loss" else sweep.best)
    diverged = (sweep.shown(sweep.kinds) == OUTCOMES.index("diverged")) & (value == "final loss")
    losses = np.where(np.isfinite(losses) & ~diverged, losses, np.nan)
    if not np.isfinite(function.minimum):
        return losses, value
    with np.errstate(divide="ignore", invalid="ignore"):
        # The minimum itself, which has no logarithm, counts as a rounding above it.
        above = np.log10(np.maximum(losses - function.minimum, 1e-16))
    return above, f"log₁₀ of the {value}" + (" above the minimum" if function.minimum else "")


def _boundary_line(points: Array, theme: Theme) -> go.Scatter:
    x, y = points[np.isfinite(points).all(axis=1)].T
    return go.Scatter(
        x=x,
        y=y,
        mode="lines",
        name="stable in theory up to here",
        line={"color": theme.paths[0], "width": 3, "dash": "dash"},
        hovertemplate="border of stability: %{x:.4g}, %{y:.4g}<extra></extra>",
    )


def _axes(figure: go.Figure, x: Axis, y: Axis | None) -> None:
    for axis, update in ((x, figure.update_xaxes), (y, figure.update_yaxes)):
        if axis is not None:
            ends = sorted((axis.low, axis.high))
            ends = np.log10(ends).tolist() if axis.log else ends
            update(title=axis.name, type="log" if axis.log else "linear", range=ends)
            if axis.log:
                update(exponentformat="power", dtick=1)


# -- on the page ------------------------------------------------------------------------------------------

_BLANK = {"steps to reach": "it never came so near"}


def _requests(experiment: Experiment, focus: int, settings: Mapping[str, Any]) -> list[Request]:
    if settings["curves"]:
        return _requests_of_curves(experiment, focus, settings)
    optimizer = experiment.runs[focus].optimizer
    x, second = usual_axes(optimizer, settings["x"])
    y = settings["y"] or second
    seconds = cost(experiment, focus, x[3] * (y[3] if y else 1), "sweep")
    asked = Settings({"index": focus, "x": x, "y": y, "within": settings["within"]})
    return [Request(sweep, experiment, asked, seconds)]


def _requests_of_curves(experiment: Experiment, focus: int, settings: Mapping[str, Any]) -> list[Request]:
    """A curve for every competitor that has the hyperparameter."""
    x, _ = usual_axes(experiment.runs[focus].optimizer, settings["x"])
    runs = enumerate(experiment.runs)
    indices = [index for index, run in runs if x[0] in axis_names(run.optimizer.name)]
    if not indices:
        raise ValueError(f"No competitor has a number called {x[0]}.")
    return [
        Request(
            sweep,
            experiment,
            Settings({"index": index, "x": x, "y": None, "within": settings["within"]}),
            cost(experiment, index, x[3], "sweep"),
        )
        for index in indices
    ]


def _pictures(results: Sequence[Any], settings: Mapping[str, Any], theme: Theme) -> list[Picture]:
    value = settings["value"]
    name = criterion_name(value, results[0].within)
    if results[0].y is None:
        gap = _BLANK.get(value, "it diverged")
        title = f"The {name} for each {results[0].x.name}, a gap where {gap}"
        return [Picture(sweep_curves_figure(results, value, theme), title)]
    (whole,) = results
    blank = "" if value == "ending" else ", blank where " + _BLANK.get(value, "it diverged")
    title = f"{competitor_name(whole)}: the {name} for each {whole.x.name} and {whole.y.name}{blank}"
    return [Picture(sweep_figure(whole, value, theme, hover=False), title, whole)]


def _unused(settings: Mapping[str, Any]) -> Collection[str]:
    """Curves have one axis, and are of every competitor."""
    return ("focus", "y") if settings["curves"] else ()


MAP = MapInfo(
    name="sweep",
    title="Sweep",
    rank=1,
    teaches="Every pixel is a run from the same start with other hyperparameters: which of them work, "
    "and how narrow the path is between too small and too large.",
    params={
        "x": Param(Maybe(AxisKind()), None, "The hyperparameter that goes across.", label="Across"),
        "y": Param(Maybe(AxisKind(place=1)), None, "The hyperparameter that goes up.", label="Up"),
        "curves": Param(
            Flag(),
            False,
            "One hyperparameter only, every competitor as a curve.",
            label="One number, as curves",
        ),
        "value": Param(
            Choice(SWEEP_VALUES), "final loss", "What the colour or height shows.", label="Colour shows"
        ),
    },
    plan=_requests,
    draw=_pictures,
    unused=_unused,
)
