"""Figures of maps: plain numbers → plotly.

Where a run ends is a hue and how many steps it took a shade. Hues come from the palette of paths, which stays
apart for every kind of colour vision; loss is a scale from dark to light that needs no hue at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from optviz.engine.outcome import KINDS, Array
from optviz.engine.sampling import sample
from optviz.engine.trajectory import Grid
from optviz.figures.contours import contour_levels
from optviz.figures.drawing import ground, over_domain, shown_name, styled
from optviz.figures.theme import DASHES, LIGHT, Theme, mixed
from optviz.maps.maps import Axis, BasinMap, Cloud, SweepMap, Tuning, criterion_name
from optviz.rules.stability import Stability
from optviz.spec.wording import coordinates, counted
from optviz.surfaces.catalogue import surface
from optviz.surfaces.problem import Surface

SWEEP_VALUES = ("final loss", "best loss", "steps to reach", "ending")
"""What a sweep can show."""

_SLOT = {"minimum": 5, "saddle": 2, "maximum": 7, "plateau": 4, "cycle": 3, "left": 1}
"""Which of the palette's colours an ending has that is no declared minimizer."""
_PALE = 0.6
"""How far the shade of the slowest cell is from its hue to the paper."""
_LOSSES = "Cividis"


def basin_figure(basins: BasinMap, theme: Theme = LIGHT, *, hover: bool = True) -> go.Figure:
    """Where every start ends: a hue for each minimizer and ending, paler the more steps it took.

    The steps are those to the minimizer that it ends in, as `arrivals` counts, else those to its ending.
    Cells that have not been run yet show their coarser neighbours. Without `hover` the figure is lean: its
    cells do not say what they are.
    """
    function = surface(basins.experiment.surface)
    classes, names, colors = _endings(basins, function, theme)
    sayings = _sayings(basins, function, names)
    figure = _classes(basins.x, basins.y, classes, _shade(basins), names, colors, theme, sayings)
    if hover:
        _tell_cells(figure, "start (%{x:.5g}, %{y:.5g})", basins, classes, sayings)
    return _over_domain(figure, function, theme)


def basin_difference_figure(
    one: BasinMap, other: BasinMap, theme: Theme = LIGHT, *, hover: bool = True
) -> go.Figure:
    """Where two optimizers end differently from the same start.

    Raises ValueError where the two maps are not of the same surface and resolution.
    """
    if one.experiment.surface != other.experiment.surface or one.kinds.shape != other.kinds.shape:
        raise ValueError("Only maps of the same surface and resolution can be compared.")
    function = surface(one.experiment.surface)
    first, second = (_name(each) for each in (one, other))
    if first == second:
        first, second = f"{first} (1)", f"{second} (2)"
    names = ["the same ending", f"only {first} in a known minimum", f"only {second} in a known minimum"]
    names += ["another known minimum", "another ending"]
    colors = [theme.high, theme.paths[0], theme.paths[1], theme.paths[2], theme.paths[4]]
    classes = np.where(one.done & other.done, difference(one, other), -1)
    ends = [_words(*_endings(each, function, theme)[1::-1]) for each in (one, other)]
    texts = np.char.add(np.char.add(f"{first}: ", ends[0]), np.char.add(f"<br>{second}: ", ends[1]))
    shade = np.zeros(classes.shape)
    figure = _classes(one.x, one.y, classes, shade, names, colors, theme)
    if hover:
        _tell(figure, "start (%{x:.5g}, %{y:.5g})<br>%{text}", texts)
    return _over_domain(figure, function, theme)


def difference(one: BasinMap, other: BasinMap) -> NDArray[np.int64]:
    """(h, w) how the endings of two maps differ.

    0 for the same one, 1 or 2 where only the first or the second reached one of the declared minimizers, 3
    where they reached two of them, 4 for other endings.
    """
    same = (one.kinds == other.kinds) & (one.minimizers == other.minimizers)
    first, second = one.minimizers >= 0, other.minimizers >= 0
    found: NDArray[np.int64] = np.select(
        [same, first & second, first, second],
        [np.int64(0), np.int64(3), np.int64(1), np.int64(2)],
        np.int64(4),
    )
    return found


def sweep_figure(
    sweep: SweepMap, value: str = "final loss", theme: Theme = LIGHT, *, hover: bool = True
) -> go.Figure:
    """What each pair of hyperparameters leads to, one of `SWEEP_VALUES`, with the border of stability.

    A sweep of a single hyperparameter is drawn as a curve. Raises ValueError for another value.
    """
    _check_value(value)
    if sweep.y is None:
        return sweep_curves_figure([sweep], value, theme)
    function = surface(sweep.experiment.surface)
    x, y = sweep.x.values, sweep.y.values
    classes, names, colors = _endings(sweep, function, theme)
    sayings = _sayings(sweep, function, names)
    if value == "ending":
        figure = _classes(x, y, classes, _shade(sweep), names, colors, theme, sayings)
    else:
        z, title = _sweep_values(sweep, value, function)
        figure = go.Figure(
            go.Heatmap(
                x=x,
                y=y,
                z=_single(z),
                colorscale=_LOSSES,
                colorbar={"title": {"text": title, "side": "top"}, "thickness": 8, "outlinewidth": 0},
                hoverongaps=True,
                hoverinfo="none",
                name=value,
            )
        )
    if hover:
        place = f"{sweep.x.name} %{{x:.4g}}, {sweep.y.name} %{{y:.4g}}"
        _tell_cells(figure, place, sweep, classes, sayings)
    if sweep.boundary is not None:
        figure.add_trace(_boundary(sweep.boundary, theme))
    _axes(figure, sweep.x, sweep.y)
    return styled(figure, theme).update_xaxes(showgrid=False).update_yaxes(showgrid=False)


def sweep_curves_figure(
    sweeps: Sequence[SweepMap], value: str = "final loss", theme: Theme = LIGHT
) -> go.Figure:
    """Sweeps of one hyperparameter as curves on one plot: a gap where a run diverged.

    Raises ValueError for another value than the numbers of `SWEEP_VALUES`, and for sweeps of two or none.
    """
    _check_value(value)
    if not sweeps or any(sweep.y is not None for sweep in sweeps):
        raise ValueError("Curves are drawn of sweeps of a single hyperparameter.")
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
                name=_name(sweep),
                line=_line(sweep.index, theme),
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


def tuning_figure(tuning: Tuning, theme: Theme = LIGHT) -> go.Figure:
    """What each competitor makes of each learning rate, its best one marked, and what all were given."""
    figure = go.Figure()
    best = tuning.best
    criterion = criterion_name(tuning.criterion, tuning.within)
    base = surface(tuning.experiment.surface).minimum if "loss" in tuning.criterion else 0.0
    base = base if np.isfinite(base) else 0.0
    drawn = [values - base for values in tuning.values]
    known = np.concatenate(drawn)
    log = bool((known[np.isfinite(known)] >= 0).all())
    for index, (run, rates, values) in enumerate(
        zip(tuning.experiment.runs, tuning.rates, drawn, strict=True)
    ):
        shown = np.where(np.isfinite(values) & ((values > 0) | (not log)), values, np.nan)
        name, line = shown_name(run.name), _line(index, theme)
        hover = f"lr %{{x:.4g}}: {criterion} %{{customdata:.5g}}"
        common = {"customdata": tuning.values[index], "hovertemplate": hover, "legendgroup": str(index)}
        figure.add_trace(go.Scatter(x=rates, y=shown, mode="lines", name=name, line=line, **common))
        if best[index] >= 0:
            place = slice(best[index], best[index] + 1)
            common["customdata"] = tuning.values[index, place]
            star = {"symbol": "star", "size": 14, "color": line["color"]}
            star["line"] = {"width": 1.5, "color": theme.paper}
            best_name = f"{name}: best, lr {float(rates[best[index]]):.3g}"
            # The best of all may have reached the minimum itself, which a log scale has no place for.
            lowest = np.nanmin(shown) if np.isfinite(shown).any() else np.nan
            at = np.where(np.isnan(shown[place]), lowest, shown[place])
            figure.add_trace(
                go.Scatter(x=rates[place], y=at, mode="markers", name=best_name, marker=star, **common)
            )
    figure.update_xaxes(
        title=f"learning rate<br><sub>{tuning.budget}</sub>", type="log", exponentformat="power"
    )
    title = f"{criterion} above the minimum" if base else criterion
    figure.update_yaxes(title=title, type="log" if log else "linear", exponentformat="power")
    return styled(figure, theme)


def cloud_figure(cloud: Cloud, theme: Theme = LIGHT) -> go.Figure:
    """The loss at each step: bands between quantiles, the median, and one run drawn out."""
    minimum = surface(cloud.experiment.surface).minimum
    base = minimum if np.isfinite(minimum) else 0.0
    log = bool(np.isfinite(minimum))
    figure = go.Figure()
    steps = np.arange(cloud.losses.shape[1])
    color = _line(cloud.index, theme)["color"]

    def shown(losses: Array) -> Array:
        above = losses - base
        return np.where(np.isfinite(above) & ((above > 0) | (not log)), above, np.nan)

    _bands(figure, steps, [shown(losses) for losses in cloud.losses], cloud.quantiles, color)
    if cloud.count:
        run = {"x": steps, "y": shown(cloud.path_losses[0]), "name": "one of them"}
        figure.add_trace(
            go.Scatter(**run, mode="lines", line={"color": theme.ink, "width": 1.5, "dash": "dot"})
        )
    figure.update_xaxes(title=f"step<br><sub>{_count(cloud)} of {_name(cloud)}</sub>")
    figure.update_yaxes(
        title="loss above the minimum" if base else "loss",
        type="log" if log else "linear",
        exponentformat="power",
    )
    return styled(figure, theme)


def cloud_paths_figure(cloud: Cloud, theme: Theme = LIGHT, grid: Grid | None = None) -> go.Figure:
    """The runs on the surface: some of the paths, faint, the median of x and of y, and one run drawn out."""
    function = surface(cloud.experiment.surface)
    grid = grid or sample(cloud.experiment.surface)
    figure = go.Figure()
    ground(figure, function, grid, contour_levels(grid.z), theme)
    color = _line(cloud.index, theme)["color"]
    paths = _single(np.where(np.isfinite(cloud.paths), cloud.paths, np.nan))
    gaps = np.full((len(paths), 1, 2), np.nan, np.float32)
    x, y = np.concatenate((paths, gaps), axis=1).reshape(-1, 2).T
    thin = {"color": color, "width": 1}
    many = f"{len(paths)} of {_count(cloud)}"
    figure.add_trace(go.Scatter(x=x, y=y, mode="lines", name=many, line=thin, opacity=0.35, hoverinfo="skip"))
    median = cloud.points[int(np.abs(np.asarray(cloud.quantiles) - 0.5).argmin())]
    for name, path, line in (
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
                x=points[:, 0], y=points[:, 1], mode="lines", name=name, line=line, hovertemplate=hover
            )
        )
    return styled(figure, theme).update_xaxes(showgrid=False).update_yaxes(showgrid=False)


def stability_figure(
    stability: Stability, threshold: bool = True, theme: Theme = LIGHT, name: str = ""
) -> go.Figure:
    """The largest curvature along a path, and what the optimizer can bear. Negative curvature is a gap."""
    steps = np.arange(len(stability.curvature))
    curves = [("largest eigenvalue of the Hessian", stability.curvature, _line(1, theme))]
    differs = np.isfinite(stability.sharpness) & (stability.sharpness != stability.curvature)
    if differs.any():
        curves.append(("sharpness as the optimizer sees it", stability.sharpness, _line(0, theme)))
    if threshold and stability.formula:
        line = {"color": theme.ink, "width": 2, "dash": "dash"}
        curves.append((f"threshold {stability.formula}", stability.threshold, line))
    figure = go.Figure()
    for title, values, line in curves:
        heights = np.where(values > 0, values, np.nan)
        figure.add_trace(go.Scatter(x=steps, y=heights, mode="lines", name=title, line=line))
    figure.update_xaxes(title=f"step<br><sub>{shown_name(name)}</sub>" if name else "step")
    figure.update_yaxes(title="curvature", type="log", exponentformat="power")
    return styled(figure, theme)


# -- parts -------------------------------------------------------------------------------------------------


def _single(numbers: NDArray[Any]) -> NDArray[np.float32]:
    """No eye sees the rest of float64, and half the bytes travel; what is too large is infinite."""
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32)


def _count(cloud: Cloud) -> str:
    return counted(cloud.count, cloud.over.removesuffix("s"))


def _name(result: BasinMap | SweepMap | Cloud) -> str:
    return shown_name(result.experiment.runs[result.index].name)


def _check_value(value: str) -> None:
    if value not in SWEEP_VALUES:
        raise ValueError(f"A sweep shows one of {', '.join(SWEEP_VALUES)}, not {value!r}.")


def _line(index: int, theme: Theme) -> dict[str, Any]:
    dash = DASHES[index % len(DASHES)]
    return {"color": theme.paths[index % len(theme.paths)], "dash": dash, "width": 2.2}


def _endings(
    found: BasinMap | SweepMap, function: Surface, theme: Theme
) -> tuple[NDArray[np.int64], list[str], list[str]]:
    """Each cell's class, the names of the classes and their colours: minimizers first, then endings."""
    kinds, minimizers = found.shown(found.kinds), found.shown(found.minimizers)
    count = len(function.minimizers)
    names = [f"minimum {coordinates(point, function.widths)}" for point in function.minimizers]
    names += [f"{'local ' if kind == 'minimum' and count else ''}{kind}" for kind in KINDS]
    neutral = {"moving": mixed(theme.ink, theme.paper, 0.35), "diverged": theme.ink}
    colors = [theme.paths[index % len(theme.paths)] for index in range(count)]
    spare = [color for color in theme.paths if color not in colors] or list(theme.paths)
    colors += [neutral.get(kind, spare[_SLOT.get(kind, 0) % len(spare)]) for kind in KINDS]
    classes = np.where(minimizers >= 0, minimizers, count + kinds.astype(np.int64))
    return np.where(kinds < 0, -1, classes), names, colors


def _words(names: Sequence[str], classes: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.asarray([*names, "not run yet"])[classes]


_Saying = tuple[str, str]
"""What a cell of some class says: before the step that it tells, and where there is none."""


def _sayings(found: BasinMap | SweepMap, function: Surface, names: Sequence[str]) -> list[_Saying]:
    near, count = f"within {found.within:.12g}", len(function.minimizers)
    arrives = [(f"{name}, {near} at step ", f"{name}, never {near}") for name in names[:count]]
    return arrives + [(f"{name}, step ", name) for name in names[count:]]


def _steps(found: BasinMap | SweepMap) -> NDArray[np.int32]:
    """(h, w) the step that a cell tells.

    It is that of its arrival at the minimizer that it ends in, -1 where it never is so near; else that from
    which its ending held.
    """
    arrived = found.shown(found.minimizers) >= 0
    steps: NDArray[np.int32] = np.where(arrived, found.shown(found.reached), found.shown(found.steps))
    return steps


def _shade(found: BasinMap | SweepMap) -> Array:
    """(h, w) in [0, 1]: 0 for cells that are there at once, 1 for those that never are."""
    steps, never = _steps(found), found.experiment.steps + 1
    shade: Array = np.where(steps < 0, never, steps) / never
    return shade


def _tell_cells(
    figure: go.Figure,
    place: str,
    found: BasinMap | SweepMap,
    classes: NDArray[np.int64],
    sayings: Sequence[_Saying],
) -> None:
    """Let each cell say how it ended, and when."""
    steps = _steps(found)
    before, instead = (_words([saying[k] for saying in sayings], classes) for k in (0, 1))
    texts = np.where(steps < 0, instead, np.char.add(before, steps.astype(str)))
    _tell(figure, f"{place}<br>%{{text}}<br>loss %{{customdata[0]:.5g}}", texts, (found.shown(found.losses),))


def _classes(
    x: Array,
    y: Array,
    classes: NDArray[np.int64],
    shade: Array,
    names: Sequence[str],
    colors: Sequence[str],
    theme: Theme,
    sayings: Sequence[_Saying] = (),
) -> go.Figure:
    """A heatmap whose colours are classes and shades, with a legend of the classes that there are.

    A height is the place of the class in `layout.meta`, plus the shade in [0, 0.995].
    """
    sayings = sayings or [(name, name) for name in names]
    used = [place for place in range(len(names)) if (classes == place).any()]
    slot = np.full(len(names) + 1, -1)
    slot[used] = np.arange(len(used))
    scale: list[tuple[float, str]] = []
    for place, index in enumerate(used):
        pale = mixed(theme.paper, colors[index], _PALE)
        scale += [(place / len(used), colors[index]), ((place + 1) / len(used), pale)]
    z = np.where(classes < 0, np.nan, slot[classes] + 0.995 * np.clip(shade, 0, 1))
    figure = go.Figure(
        go.Heatmap(
            x=x,
            y=y,
            z=_single(z),
            zmin=0,
            hoverinfo="none",
            zmax=max(len(used), 1),
            colorscale=scale or [(0.0, theme.paper), (1.0, theme.paper)],
            showscale=False,
        )
    )
    figure.update_layout(meta={"sayings": [sayings[index] for index in used]})
    for index in used:
        marker = {"symbol": "square", "size": 12, "color": colors[index]}
        figure.add_trace(
            go.Scatter(x=[None], y=[None], mode="markers", name=shown_name(names[index]), marker=marker)
        )
    return figure


def _tell(
    figure: go.Figure, words: str, texts: NDArray[np.str_], numbers: Sequence[NDArray[Any]] = ()
) -> None:
    """Let the cells of a map say what they are, in `words` that have places for text and numbers."""
    customdata = _single(np.stack(numbers, axis=-1)) if numbers else None
    said = {"text": texts, "customdata": customdata, "hovertemplate": words + "<extra></extra>"}
    figure.data[0].update(said | {"hoverinfo": None})


def _over_domain(figure: go.Figure, function: Surface, theme: Theme) -> go.Figure:
    over_domain(figure, function)
    styled(figure, theme).update_xaxes(showgrid=False).update_yaxes(showgrid=False)
    return figure.update_layout(showlegend=True)


def _sweep_values(sweep: SweepMap, value: str, function: Surface) -> tuple[Array, str]:
    """What is drawn of a sweep, (h, w), and how it is called: a gap where there is no number for it."""
    if value == "steps to reach":
        reached = sweep.shown(sweep.reached).astype(np.float64)
        return np.where(reached < 0, np.nan, reached), criterion_name(value, sweep.within)
    losses = sweep.shown(sweep.losses if value == "final loss" else sweep.best)
    diverged = (sweep.shown(sweep.kinds) == KINDS.index("diverged")) & (value == "final loss")
    losses = np.where(np.isfinite(losses) & ~diverged, losses, np.nan)
    if not np.isfinite(function.minimum):
        return losses, value
    with np.errstate(divide="ignore", invalid="ignore"):
        # The minimum itself, which has no logarithm, counts as a rounding above it.
        above = np.log10(np.maximum(losses - function.minimum, 1e-16))
    return above, f"log₁₀ of the {value}" + (" above the minimum" if function.minimum else "")


def _boundary(points: Array, theme: Theme) -> go.Scatter:
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
