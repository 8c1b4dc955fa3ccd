"""What is drawn of a map is what it holds, in both themes."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import plotly.graph_objects as go
import pytest

import optviz as ov
from builders import competitor, experiment
from optviz import OUTCOMES
from optviz.export.formats import FileRequest, figure_of
from optviz.figures.theme import DARK, THEMES
from optviz.maps.basins import difference
from optviz.maps.sweep import SWEEP_VALUES
from optviz.player.scene import by_index, scene
from optviz.spec.wording import coordinates


def labelled(optimizer: str, surface: str = "Himmelblau", **params) -> ov.Experiment:
    """With noise, and a label that must not become HTML."""
    return experiment(
        surface, competitor(optimizer, params, label=f"<b>{optimizer}</b>"), steps=40, noise=0.1
    )


SGD, ADAM = labelled("SGD", lr=0.01), labelled("Adam", lr=0.3)


@cache
def basins() -> list[ov.BasinMap]:
    return [ov.basins(exp, resolution=24, device="cpu") for exp in (SGD, ADAM)]


@cache
def lost() -> ov.BasinMap:
    """With losses beyond float32."""
    return ov.basins(labelled("SGD", lr=0.5), resolution=8, device="cpu")


@cache
def grid() -> ov.SweepMap:
    bowl = labelled("SGD", "Quadratic bowl")
    return ov.sweep(bowl, x=("lr", 1e-2, 1e2, 9), y=("momentum", 0, 0.9, 5), device="cpu")


@cache
def curves() -> list[ov.SweepMap]:
    rates = ("lr", 1e-3, 10.0, 7)
    return [ov.sweep(labelled(name), x=rates, y=None, device="cpu") for name in ("SGD", "Adam")]


@cache
def tuning() -> ov.Tuning:
    return ov.tune(replace(SGD, runs=(*SGD.runs, *ADAM.runs)), 9, device="cpu")


@cache
def cloud() -> ov.Cloud:
    return ov.cloud(ADAM, seeds=12, device="cpu")


@cache
def stability() -> ov.Stability:
    return ov.stability(ADAM, ov.run(ADAM, "cpu")[0])


FIGURES = {
    "lost": lambda theme: ov.basin_figure(lost(), theme),
    "basins": lambda theme: ov.basin_figure(basins()[0], theme),
    "difference": lambda theme: ov.basin_difference_figure(*basins(), theme),
    **{
        f"sweep {value}": lambda theme, value=value: ov.sweep_figure(grid(), value, theme)
        for value in SWEEP_VALUES
    },
    "curves": lambda theme: ov.sweep_curves_figure(curves(), "best loss", theme),
    "tuning": lambda theme: ov.tuning_figure(tuning(), theme),
    "cloud": lambda theme: ov.cloud_figure(cloud(), theme),
    "cloud paths": lambda theme: ov.cloud_paths_figure(cloud(), theme),
    "stability": lambda theme: ov.stability_figure(stability(), theme=theme, name="Adam"),
}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_sets_its_colours_and_shows_no_mark_up_of_a_user(name: str, theme: str) -> None:
    figure = FIGURES[name](THEMES[theme])
    assert figure.layout.font.color == THEMES[theme].ink
    text = figure.to_json()
    assert len(text) < 400_000 and "<b>SGD" not in text and "\\u003cb\\u003eSGD" not in text
    assert all(trace.colorscale for trace in figure.data if isinstance(trace, go.Heatmap))


def test_a_name_in_a_legend_is_shown_letter_by_letter() -> None:
    assert "only &lt;b&gt;SGD&lt;/b&gt; in a known minimum" in legend(ov.basin_difference_figure(*basins()))


def legend(figure: go.Figure) -> list[str]:
    return [
        trace.name for trace in figure.data if isinstance(trace, go.Scatter) and trace.showlegend is not False
    ]


def test_a_basin_has_the_hue_of_its_ending_and_is_paler_the_longer_it_took() -> None:
    drawn = basins()[0]
    figure = ov.basin_figure(drawn)
    heat, names = figure.data[0], legend(figure)
    classes, shades = np.divmod(heat.z, 1)
    told = np.empty(drawn.kinds.shape, dtype=int)
    for cell in np.ndindex(drawn.kinds.shape):
        name = names[int(classes[cell])]
        if drawn.minimizers[cell] >= 0:
            x, y = ov.surface(SGD.surface).minimizers[drawn.minimizers[cell]]
            assert name == f"minimum {coordinates((x, y), ov.surface(SGD.surface).widths)}"
        else:
            assert name.endswith(OUTCOMES[drawn.kinds[cell]])
        told[cell] = drawn.reached[cell] if drawn.minimizers[cell] >= 0 else drawn.steps[cell]
        near = f"within {drawn.within:g}"
        there = f"{near} at step {told[cell]}" if drawn.minimizers[cell] >= 0 else f"step {told[cell]}"
        assert heat.text[cell] == f"{name}, {there if told[cell] >= 0 else f'never {near}'}"
        assert heat.customdata[cell][0] == pytest.approx(drawn.losses[cell], rel=1e-5)
    order = np.argsort(np.where(told < 0, np.inf, told), axis=None)  # those that never arrive are palest
    assert (np.diff(shades.reshape(-1)[order]) >= -1e-4).all() and np.ptp(shades) > 0
    assert (heat.x == drawn.x).all() and figure.layout.yaxis.scaleanchor == "x"
    sent = ov.basin_figure(drawn, hover=False).data[0]
    np.testing.assert_array_equal(sent.customdata, told, "the page's cells say the step that they are sent")
    for cell in np.ndindex(told.shape):
        before, instead = sent.meta["sayings"][sent.meta["classes"][cell]]
        assert heat.text[cell] == (f"{before}{told[cell]}" if told[cell] >= 0 else instead)


def test_a_map_in_the_making_shows_its_coarser_picture() -> None:
    parts: list = []
    ov.basins(SGD, resolution=64, watch=lambda progress: parts.append(progress.partial()), device="cpu")
    empty = replace(parts[-1], kinds=np.full_like(parts[-1].kinds, -1))
    part = next(part for part in parts if part.done.any() and not part.done.all())
    assert np.isfinite(ov.basin_figure(part).data[0].z).all()
    assert np.isnan(ov.basin_figure(empty).data[0].z).all() and not legend(ov.basin_figure(empty))
    assert (ov.basin_figure(empty).data[0].meta["classes"] == -1).all()


def test_a_difference_says_who_gets_where() -> None:
    one, other = basins()
    found = difference(one, other)
    assert (difference(one, one) == 0).all()
    for cell in np.ndindex(found.shape):
        a, b = ((each.kinds[cell], each.minimizers[cell]) for each in (one, other))
        expected = 0 if a == b else {(1, 1): 3, (1, 0): 1, (0, 1): 2, (0, 0): 4}[a[1] >= 0, b[1] >= 0]
        assert found[cell] == expected
    (heat, *_) = ov.basin_difference_figure(one, other, hover=False).data
    assert (heat.customdata == -1).all(), "it tells no step"
    with pytest.raises(ValueError, match="same surface"):
        ov.basin_difference_figure(one, ov.basins(SGD, resolution=8, device="cpu"))


def test_a_sweep_shows_its_losses_and_the_border_of_stability() -> None:
    heat, border = ov.sweep_figure(grid()).data
    shown = ~np.isnan(heat.z)
    assert (shown == (grid().kinds != OUTCOMES.index("diverged"))).all() and not shown.all()
    np.testing.assert_allclose(10.0 ** heat.z[shown], grid().losses[shown], rtol=1e-4)
    assert (np.stack((border.x, border.y), 1) == grid().boundary).all()
    with pytest.raises(ValueError, match="shows one of"):
        ov.sweep_figure(grid(), "beauty")
    with pytest.raises(ValueError, match="single hyperparameter"):
        ov.sweep_curves_figure([grid()])
    assert legend(ov.sweep_curves_figure(curves())) == ["&lt;b&gt;SGD&lt;/b&gt;", "&lt;b&gt;Adam&lt;/b&gt;"]


def test_a_tuning_marks_the_best_rate_and_says_the_budget() -> None:
    figure = ov.tuning_figure(tuning())
    stars = [trace for trace in figure.data if trace.mode == "markers"]
    assert [star.x[0] for star in stars] == [tuning().rates[i, best] for i, best in enumerate(tuning().best)]
    assert tuning().budget in figure.layout.xaxis.title.text


def test_a_competitor_has_one_pen_in_maps_and_in_the_player() -> None:
    race = tuning().experiment
    view = ov.View(colors=(4,), map=ov.MapSpec("tuning", {"count": 3}))
    exported = figure_of(FileRequest(race, (), view, {"figure": "map", "theme": "dark"}))
    runs = scene(race, by_index(race, ()), view=view).data["runs"]
    curves = [trace.line for trace in exported.data if trace.mode == "lines"]
    assert [curve.color for curve in curves] == [DARK.paths[run["slot"]] for run in runs]
    lengths = [",".join(f"{length * curves[0].width:.4g}px" for length in run["dash"]) for run in runs]
    assert [curve.dash for curve in curves] == [dash or "solid" for dash in lengths]


def test_bands_hold_what_they_say() -> None:
    traces = {trace.name: trace for trace in ov.cloud_figure(cloud()).data}
    assert {"5 % to 95 %", "25 % to 75 %", "median", "one of them"} <= traces.keys()
    np.testing.assert_array_equal(traces["5 % to 95 %"].y, cloud().losses[4])
    np.testing.assert_array_equal(traces["one of them"].y, cloud().path_losses[0])


def test_curvature_is_drawn_beside_its_threshold() -> None:
    traces = {trace.name: trace for trace in ov.stability_figure(stability()).data}
    assert len(traces) == 3
    np.testing.assert_array_equal(traces[f"threshold {stability().formula}"].y, stability().threshold)
