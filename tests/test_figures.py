"""Figures show the numbers they are given, whole and unclipped."""

from __future__ import annotations

import numpy as np
import pytest

import optviz as ov
from optviz.figures import DARK, LIGHT, THEMES, contour_figure, contour_levels, loss_figure


def experiment(surface: str = "Rosenbrock", lr: float = 1e-3, steps: int = 60) -> ov.Experiment:
    spec = ov.SurfaceSpec(surface)
    runs = (
        ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": lr})),
        ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.05})),
    )
    return ov.Experiment(spec, ov.surface(spec).start, steps, runs)


@pytest.mark.parametrize("surface", ov.SURFACES)
def test_levels_read_well_on_every_surface(surface: str) -> None:
    """Ascending, from the lowest loss to the highest, and no level swallows almost the whole picture."""
    z = ov.sample(ov.SurfaceSpec(surface)).z
    levels = contour_levels(z)
    assert (np.diff(levels) > 0).all()
    assert levels[0] == z.min() and levels[-1] == pytest.approx(z.max())
    shares = np.histogram(z, levels)[0] / z.size
    flat = {"Easom", "Plateau", "Michalewicz"}  # almost all of these is one height
    assert shares.max() < (1.0 if surface in flat else 0.5), shares
    assert (shares > 0).sum() >= 10


@pytest.mark.parametrize(
    "z",
    [
        np.zeros((4, 4)),
        np.full((4, 4), -3.0),
        np.array([[np.nan, np.inf], [1.0, 2.0]]),
        np.full((2, 2), np.nan),
        np.array([[-1e30, 0.0], [1e-30, 1e30]]),
        np.array([[1.0, 1.0 + 1e-15], [1.0, 1.0]]),
    ],
)
def test_levels_of_odd_surfaces_are_safe(z: np.ndarray) -> None:
    levels = contour_levels(z)
    assert len(levels) >= 2 and np.isfinite(levels).all() and (np.diff(levels) >= 0).all()


def test_wide_ranges_get_logarithmic_levels_and_narrow_ones_even_levels() -> None:
    wide = np.diff(contour_levels(ov.sample(ov.SurfaceSpec("Rosenbrock")).z))
    assert wide[-1] > 100 * wide[0]
    narrow = np.diff(contour_levels(ov.sample(ov.SurfaceSpec("Ackley")).z))
    assert narrow[-1] == pytest.approx(narrow[0])


def test_paths_are_the_trajectories_to_the_bit() -> None:
    exp = experiment()
    trajectories = ov.run(exp, "cpu")
    figure = contour_figure(exp, trajectories)
    for trajectory in trajectories:
        (trace,) = [trace for trace in figure.data if trace.name == trajectory.name]
        np.testing.assert_array_equal(trace.x, trajectory.points[:, 0])
        np.testing.assert_array_equal(trace.y, trajectory.points[:, 1])
        np.testing.assert_array_equal(trace.customdata[:, 1], trajectory.losses)


def test_the_domain_clips_the_view_and_nothing_else() -> None:
    exp = experiment(lr=0.05)
    sgd, adam = ov.run(exp, "cpu")
    assert sgd.outcome.kind == "diverged"
    figure = contour_figure(exp, (sgd, adam))
    (trace,) = [trace for trace in figure.data if trace.name == "SGD"]
    assert len(trace.x) == sgd.steps + 1
    assert tuple(figure.layout.xaxis.range) == (-2.0, 2.0) and tuple(figure.layout.yaxis.range) == (-1.0, 3.0)
    assert figure.layout.yaxis.scaleanchor == "x"


def test_minimizers_and_start_are_marked() -> None:
    figure = contour_figure(exp := experiment("Himmelblau"), ov.run(exp, "cpu"))
    (stars,) = [trace for trace in figure.data if trace.name == "minimum"]
    assert sorted(zip(stars.x, stars.y, strict=True)) == sorted(ov.SURFACES["Himmelblau"].minimizers)
    (start,) = [trace for trace in figure.data if trace.name == "start"]
    assert (start.x[0], start.y[0]) == exp.start
    without = contour_figure(experiment("Saddle"), ())
    assert "minimum" not in [trace.name for trace in without.data]


def test_hovering_shows_the_true_loss() -> None:
    grid = ov.sample(ov.SurfaceSpec("Rosenbrock"))
    contour = contour_figure(experiment(), (), grid=grid).data[0]
    np.testing.assert_allclose(contour.customdata, grid.z, rtol=1e-6)
    order = np.argsort(grid.z, axis=None)
    assert (np.diff(np.asarray(contour.z).ravel()[order]) >= 0).all()


@pytest.mark.parametrize("surface", ov.SURFACES)
def test_loss_axis_suits_the_surface(surface: str) -> None:
    exp = experiment(surface)
    trajectories = ov.run(exp, "cpu")
    figure = loss_figure(exp, trajectories)
    minimum = ov.SURFACES[surface].minimum
    assert figure.layout.yaxis.type == ("log" if np.isfinite(minimum) else "linear")
    for trace, trajectory in zip(figure.data, trajectories, strict=True):
        base = minimum if np.isfinite(minimum) else 0.0
        shown = np.isfinite(np.asarray(trace.y, float))
        np.testing.assert_allclose(
            np.asarray(trace.y)[shown] + base, trajectory.losses[shown], rtol=1e-9, atol=1e-9
        )
    assert all(np.isfinite(figure.layout.yaxis.range))


def test_scales_can_be_chosen() -> None:
    exp = experiment("Saddle")
    with pytest.raises(ValueError, match="no minimum"):
        loss_figure(exp, (), scale="log")
    with pytest.raises(ValueError, match="scale must be"):
        loss_figure(exp, (), scale="cubic")
    linear = loss_figure(exp := experiment(), ov.run(exp, "cpu"), scale="linear")
    assert linear.layout.yaxis.type == "linear" and linear.layout.yaxis.title.text == "loss"


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_colours_can_be_read(theme) -> None:
    """WCAG AA: 4.5 for text, 3 for lines against the page."""
    assert contrast(theme.ink, theme.paper) >= 4.5
    assert all(contrast(color, theme.paper) >= 3 for color in theme.paths)
    assert len(set(theme.paths)) == 8


def test_themes_differ() -> None:
    assert LIGHT.paper != DARK.paper and luminance(LIGHT.paper) > 0.8 > 0.1 > luminance(DARK.paper)


def test_a_competitor_keeps_its_colour_when_another_is_missing() -> None:
    exp = experiment()
    both, adam = ov.run(exp, "cpu"), ov.run(exp, "cpu")[1:]
    for draw in (contour_figure, loss_figure):
        (whole,) = [trace for trace in draw(exp, both).data if trace.name == "Adam"]
        (alone,) = [trace for trace in draw(exp, adam).data if trace.name == "Adam"]
        assert whole.line == alone.line


def test_a_run_without_a_floor_does_not_flatten_the_others() -> None:
    spec = ov.SurfaceSpec("Saddle")
    runs = (
        ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 1.0})),
        ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.02})),
    )
    exp = ov.Experiment(spec, ov.surface(spec).start, 80, runs)
    sgd, adam = ov.run(exp, "cpu")
    low, high = loss_figure(exp, (sgd, adam)).layout.yaxis.range
    assert sgd.losses.min() < -1e6 and low > -1000 and high > adam.losses[0]
