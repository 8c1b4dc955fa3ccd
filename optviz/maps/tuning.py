"""Fair tuning: the same number of learning rates for every competitor, and the best of them for each."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from optviz.engine.outcome import OUTCOMES, Array
from optviz.engine.request import competitor, made_with
from optviz.engine.trajectory import MadeWith
from optviz.figures.drawing import line, shown_name, styled
from optviz.figures.theme import Theme, themed
from optviz.maps.axes import (
    with_run,
)
from optviz.maps.cells import (
    CRITERIA,
    Cells,
    criterion_name,
    filled,
    from_settings,
)
from optviz.maps.cost import check_cost, cost, split_cells
from optviz.maps.registration import MapInfo, Picture, Request
from optviz.maps.workers import Piece, Watch, Workers
from optviz.optimizers.catalogue import optimizer_info
from optviz.spec.display import ShownAsFigure
from optviz.spec.experiment import Experiment, OptimizerSpec, RunSpec
from optviz.spec.params import Choice, Float, Int, Param, Settings, describe
from optviz.spec.wording import counted
from optviz.surfaces.catalogue import surface


@dataclass(frozen=True, eq=False)
class Tuning(ShownAsFigure):
    """The same number of learning rates for every competitor, and the best of them for each."""

    experiment: Experiment
    """As it was given."""
    criterion: str
    """One of `CRITERIA`."""
    rates: Array
    """(r, count) the learning rates of each competitor, ascending."""
    values: Array
    """(r, count) the criterion: lower is better; inf where the run diverged, or never reached a minimizer;
    NaN where it has not been run yet."""
    losses: Array
    """(r, count) the loss at the last point."""
    kinds: NDArray[np.int8]
    """(r, count) places in `optviz.OUTCOMES`; -1 where it has not been run yet."""
    within: float
    """The distance from a minimizer at which it counts as reached."""
    made_with: MadeWith

    @property
    def best(self) -> NDArray[np.int64]:
        """(r,) the place of the best rate; -1 where none is any good.

        The lower loss decides between equals, then the lower rate.
        """
        usable = np.isfinite(self.values)
        places = [
            np.lexsort((losses, np.where(good, values, np.inf)))[0] if good.any() else -1
            for values, losses, good in zip(self.values, self.losses, usable, strict=True)
        ]
        return np.asarray(places)

    @property
    def tuned(self) -> Experiment:
        """The experiment with each competitor's best learning rate; as it was where none is any good."""
        tuned = self.experiment
        for index, place in enumerate(self.best):
            if place >= 0:
                spec = tuned.runs[index]
                params = {**spec.optimizer.params, "lr": float(self.rates[index, place])}
                optimizer = OptimizerSpec(spec.optimizer.name, params)
                tuned = with_run(tuned, index, replace(spec, optimizer=optimizer))
        return tuned

    @property
    def budget(self) -> str:
        """What every competitor was given, as a sentence."""
        runs, count = self.rates.shape
        return (
            f"{counted(count, 'learning rate')} × {counted(self.experiment.steps, 'step')} "
            f"for each of {counted(runs, 'competitor')}, "
            f"the best by {criterion_name(self.criterion, self.within)}."
        )

    def _figure(self) -> go.Figure:
        return tuning_figure(self)


def tune(
    experiment: Experiment,
    count: int = 31,
    span: float = 1000.0,
    criterion: str = "final loss",
    *,
    around: str = "default",
    within: float | None = None,
    device: str = "auto",
    executor: Workers = None,
    watch: Watch[Tuning] | None = None,
) -> Tuning:
    """The best of the same number of learning rates for every competitor.

    The rates are evenly spaced on a log scale, from the middle divided by `span` to the middle times `span`.
    A competitor whose learning rate a scheduler replaces gets the same budget, though it makes no difference.

    Args:
        experiment: What to run.
        count: The number of learning rates for each competitor, 1 to 10,000.
        span: How far the rates reach from the middle, as a factor above 1.
        criterion: By what the best rate is chosen: "final loss", "best loss" or "steps to reach".
        around: The middle: torch's "default" learning rate, or the one that is "set".
        within: The distance from a minimizer, in units of x and y, that counts as having reached it; a
            thousandth of the domain's mean width where left out.
        device: As in `run`.
        executor: Any executor of `concurrent.futures`; this process where left out.
        watch: Called with a `Progress` now and then. What it raises ends the work.

    Returns:
        Rates, values and losses, each (competitors, count), and the experiment with the best rates as
        `tuned`.

    Raises:
        ValueError: As in `run_many`; a setting is out of range, or the tuning would take hours.

    Example:
        >>> import optviz as ov
        >>> runs = tuple(ov.RunSpec(ov.OptimizerSpec(name)) for name in ("SGD", "Adam"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 50, runs)
        >>> ov.tune(exp, 5, device="cpu").rates.shape
        (2, 5)
    """
    _check(count, span, criterion, around)
    runs = range(len(experiment.runs))
    check_cost(sum(cost(experiment, index, count, "sweep") for index in runs), executor)
    function = competitor(experiment, 0)[1]
    near = function.near(within)
    factors = np.geomspace(1 / span, span, count) if count > 1 else np.ones(1)
    rates = np.stack([_middle(experiment.runs[index], around) * factors for index in runs])
    cells, provenance = Cells.empty(rates.size), made_with(experiment, device)

    def result() -> Tuning:
        known = cells.arrays(rates.shape)
        values = _criterion(criterion, known)
        return Tuning(experiment, criterion, rates, values, known["losses"], known["kinds"], near, provenance)

    pieces = [
        Piece(index * count + places, from_settings, (experiment, index, chosen, near, device))
        for index in runs
        for places in split_cells(experiment, experiment.runs[index], "sweep", 1, count)
        for chosen in [_with_rates(experiment.runs[index].optimizer, rates[index, places])]
    ]
    return filled(cells, pieces, executor, watch, result)


def _check(count: int, span: float, criterion: str, around: str) -> None:
    """Raises ValueError for what no tuning can be."""
    if criterion not in CRITERIA:
        raise ValueError(f"The criterion must be one of {', '.join(CRITERIA)}, not {describe(criterion)}.")
    if around not in ("default", "set"):
        raise ValueError(
            f'The rates are taken around the "default" or the "set" one, not {describe(around)}.'
        )
    if not 1 <= count <= 10_000 or not (math.isfinite(span) and span > 1):
        raise ValueError("A tuning takes 1 to 10,000 learning rates and a span above 1.")


def _with_rates(optimizer: OptimizerSpec, rates: Array) -> list[OptimizerSpec]:
    return [OptimizerSpec(optimizer.name, {**optimizer.params, "lr": float(rate)}) for rate in rates]


def _middle(run: RunSpec, around: str) -> float:
    info = optimizer_info(run.optimizer)
    rate: Any = info.complete(run.optimizer)["lr"] if around == "set" else info.params["lr"].default
    if not rate > 0:
        raise ValueError(f"{run.name}: rates cannot be spread around a learning rate of {rate:g}.")
    return float(rate)


def _criterion(name: str, known: Mapping[str, Any]) -> Array:
    values: Array = {
        "final loss": known["losses"],
        "best loss": known["best"],
        "steps to reach": np.where(known["reached"] < 0, np.inf, known["reached"]),
    }[name]
    good = np.isfinite(values) & (known["kinds"] != OUTCOMES.index("diverged"))
    return np.where(known["kinds"] >= 0, np.where(good, values, np.inf), np.nan)


# -- pictures ------------------------------------------------------------------------------------------


def tuning_figure(tuning: Tuning, theme: Theme | str = "light") -> go.Figure:
    """What each competitor makes of each learning rate, its best one marked, and the budget of all.

    Args:
        tuning: The result, which may be unfinished.
        theme: "light", "dark" or a `Theme`.

    Returns:
        A plotly figure.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 50, (run,))
        >>> ov.tuning_figure(ov.tune(exp, 5, device="cpu")).data[0].name
        'SGD'
    """
    theme = themed(theme)
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
        name, style = shown_name(run.name), line(index, theme)
        hover = f"lr %{{x:.4g}}: {criterion} %{{customdata:.5g}}"
        common = {"customdata": tuning.values[index], "hovertemplate": hover, "legendgroup": str(index)}
        figure.add_trace(go.Scatter(x=rates, y=shown, mode="lines", name=name, line=style, **common))
        if best[index] >= 0:
            place = slice(best[index], best[index] + 1)
            common["customdata"] = tuning.values[index, place]
            star = {"symbol": "star", "size": 14, "color": style["color"]}
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


# -- on the page ------------------------------------------------------------------------------------------


def _requests(experiment: Experiment, focus: int, settings: Mapping[str, Any]) -> list[Request]:
    count = settings["count"]
    seconds = sum(cost(experiment, index, count, "sweep") for index in range(len(experiment.runs)))
    return [Request(tune, experiment, Settings(settings), seconds)]


def _pictures(results: Sequence[Any], settings: Mapping[str, Any], theme: Theme) -> list[Picture]:
    (tuning,) = results
    criterion = criterion_name(tuning.criterion, tuning.within)
    return [Picture(tuning_figure(tuning, theme), f"The {criterion} for each learning rate")]


MAP = MapInfo(
    name="tuning",
    title="Fair tuning",
    rank=2,
    teaches="Who wins a race depends on the learning rates. Here every competitor gets the same number "
    "of them, spread evenly on a log scale, and runs with its best one.",
    params={
        "count": Param(Int(3, 301), 31, "Learning rates for each competitor.", label="Rates each"),
        "span": Param(
            Float(2.0, 1e6, log=True),
            1000.0,
            "From the middle divided by this to the middle times this.",
            label="Span, as a factor",
        ),
        "around": Param(
            Choice(("default", "set")),
            "default",
            "The middle: torch's default, or what is set.",
            label="Middle",
        ),
        "criterion": Param(Choice(CRITERIA), "final loss", "What decides which is best.", label="Best by"),
    },
    plan=_requests,
    draw=_pictures,
    unused=lambda settings: ("focus",),
    offer="Use these rates in the playground",
    offered=lambda results: results[0].tuned,
)
