"""Figures show the numbers they are given, whole and unclipped."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
from io import BytesIO

import numpy as np
import plotly.graph_objects as go
import pytest
from PIL import Image

import optviz as ov
from builders import competitor, experiment
from charts import curves, on_axis
from colors import contrast, luminance
from optviz.engine.planes import picture_plane
from optviz.export.films import last_frame
from optviz.figures import theme as style
from optviz.figures.contours import contour_levels, picture, places
from optviz.figures.curves import _mark_excursions, _span, gradient_figure, loss_figure, lr_figure
from optviz.figures.relief import surface_figure
from optviz.figures.runs import contour_figure
from optviz.figures.theme import DARK, LIGHT, THEMES, Pen
from optviz.player.scene import Shown, scene


def race(surface: str = "Rosenbrock", lr: float = 1e-3, steps: int = 60) -> ov.Experiment:
    """SGD against Adam."""
    return experiment(surface, competitor("SGD", {"lr": lr}), competitor("Adam", {"lr": 0.05}), steps=steps)


@pytest.mark.slow
def test_one_table_says_how_lines_and_minimizers_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another dash, width or gold in the theme is another one in figures, in films and in the player."""
    exp = race("Booth")
    gold = dataclasses.replace(LIGHT, gold="#00ff00", gold_edge="#00ff00")
    monkeypatch.setattr(style, "PATTERNS", dict.fromkeys(style.PATTERNS, (7.0, 2.0)))
    runs = ov.run(exp, "cpu")
    flat, curve = contour_figure(exp, runs, theme=gold), loss_figure(exp, runs, gold)
    lines = [trace.line for trace in flat.data if trace.mode and "lines" in trace.mode]
    sizes = style.SIZES
    assert [(line.width, line.dash) for line in lines] == 2 * [(sizes.path, "16.8px,4.8px")]
    assert {(trace.line.width, trace.line.dash) for trace in curve.data} == {(sizes.curve, "15.4px,4.4px")}
    for figure in (flat, surface_figure(exp, runs, theme=gold)):
        (star,) = (trace for trace in figure.data if trace.name == "minimum")
        assert star.marker.color == gold.gold and star.marker.line.color == gold.gold_edge
    shown = scene(exp, [Shown(run) for run in runs]).data
    assert [run["dash"] for run in shown["runs"]] == 2 * [[7.0, 2.0]]
    assert shown["sizes"] == dataclasses.asdict(sizes) and shown["themes"]["light"]["gold"] == LIGHT.gold
    film = Image.open(io.BytesIO(last_frame(exp, runs, theme=gold))).convert("RGB")
    assert (0, 255, 0) in (color for _, color in film.getcolors(1 << 20))


def test_one_table_says_how_large_marks_are() -> None:
    """Flat figures have its CSS pixels, and so has a film where its type has its usual size."""
    exp, sizes = race("Booth"), style.SIZES
    runs = ov.run(exp, "cpu")
    marks = {trace.name: trace.marker for trace in contour_figure(exp, runs).data if trace.mode == "markers"}
    # How far plotly's own symbols reach, in halves of their size.
    assert 1.4 * marks["minimum"].size / 2 == pytest.approx(sizes.star)
    assert 1.3 * marks["start"].size / 2 == pytest.approx(sizes.start)
    head = marks[f"{runs[0].name}: end"]
    assert head.size - head.line.width == 2 * sizes.head
    outlines = (sizes.star_outline, sizes.start_outline, sizes.head_outline)
    assert tuple(mark.line.width for mark in (marks["minimum"], marks["start"], head)) == outlines

    unlike = dataclasses.replace(LIGHT, gold="#00ff00", gold_edge="#00ff00", paths=("#ff00ff",) * 8)
    film = Image.open(io.BytesIO(last_frame(exp, runs[:1], theme=unlike, size=(600, 600), bare=True)))
    pixels = np.asarray(film.convert("RGB")).astype(int)
    assert extent(pixels, (0, 255, 0)) == pytest.approx(2 * sizes.star * np.sin(0.4 * np.pi), abs=2)
    rest = experiment("Booth", competitor("SGD", {"lr": 0.0}), steps=1)
    still = Image.open(io.BytesIO(last_frame(rest, theme=unlike, size=(600, 600), bare=True)))
    pixels = np.asarray(still.convert("RGB")).astype(int)
    assert extent(pixels, (255, 0, 255)) == pytest.approx(2 * sizes.head, abs=2)


def extent(pixels: np.ndarray, color: tuple[int, int, int]) -> int:
    """How many pixels wide what has a colour is."""
    (columns,) = np.nonzero((np.abs(pixels - color).sum(axis=2) < 60).any(axis=0))
    return columns[-1] - columns[0] + 1


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


def test_wide_ranges_get_logarithmic_levels_and_narrow_ones_nearly_even_levels() -> None:
    wide = np.diff(contour_levels(ov.sample(ov.SurfaceSpec("Rosenbrock")).z))
    assert wide[-1] > 100 * wide[0]
    narrow = np.diff(contour_levels(np.linspace(3.0, 5.0, 10_000)))
    np.testing.assert_allclose(narrow, narrow[0], rtol=1e-3)


def test_paths_are_the_trajectories_to_the_bit() -> None:
    exp = race()
    trajectories = ov.run(exp, "cpu")
    figure = contour_figure(exp, trajectories)
    for trajectory in trajectories:
        (trace,) = [trace for trace in figure.data if trace.name == trajectory.name]
        np.testing.assert_array_equal(trace.x, trajectory.points[:, 0])
        np.testing.assert_array_equal(trace.y, trajectory.points[:, 1])
        np.testing.assert_array_equal(trace.customdata[:, 1], trajectory.losses)


def test_the_domain_clips_the_view_and_nothing_else() -> None:
    exp = race(lr=0.05)
    sgd, adam = ov.run(exp, "cpu")
    assert sgd.outcome.kind == "diverged"
    figure = contour_figure(exp, (sgd, adam))
    (trace,) = [trace for trace in figure.data if trace.name == "SGD"]
    assert len(trace.x) == sgd.steps + 1
    assert tuple(figure.layout.xaxis.range) == (-2.0, 2.0) and tuple(figure.layout.yaxis.range) == (-1.0, 3.0)
    assert figure.layout.yaxis.scaleanchor == "x"


@pytest.mark.slow
def test_minimizers_and_start_are_marked() -> None:
    figure = contour_figure(exp := race("Himmelblau"), ov.run(exp, "cpu"))
    (stars,) = [trace for trace in figure.data if trace.name == "minimum"]
    assert sorted(zip(stars.x, stars.y, strict=True)) == sorted(ov.SURFACES["Himmelblau"].minimizers)
    (start,) = [trace for trace in figure.data if trace.name == "start"]
    assert (start.x[0], start.y[0]) == exp.start
    without = contour_figure(race("Saddle"), ())
    assert "minimum" not in [trace.name for trace in without.data]


@pytest.mark.slow
def test_playing_moves_paths_and_ends_and_nothing_else() -> None:
    exp = race(steps=300)
    trajectories = ov.run(exp, "cpu")
    figure = contour_figure(exp, trajectories)
    assert len(figure.frames) == 100
    assert len(figure.to_json()) < 1_500_000
    names = [trace.name for trace in figure.data]
    for frame in figure.frames:
        moved = dict(zip([names[place] for place in frame.traces], frame.data, strict=True))
        assert list(moved) == ["SGD", "Adam", "SGD: end", "Adam: end"]
        for trajectory in trajectories:
            path = trajectory.points[: int(frame.name) + 1]
            np.testing.assert_array_equal(
                np.stack([moved[trajectory.name].x, moved[trajectory.name].y], 1), path
            )
            end = moved[f"{trajectory.name}: end"]
            assert (end.x[0], end.y[0]) == tuple(path[-1])
    assert [frame.name for frame in figure.frames][:: len(figure.frames) - 1] == ["0", "300"]
    assert [step.label for step in figure.layout.sliders[0].steps] == [frame.name for frame in figure.frames]
    assert [button.label for button in figure.layout.updatemenus[0].buttons] == ["Play", "Pause"]


@pytest.mark.slow
def test_many_long_paths_stay_a_small_file_and_their_heads_exact() -> None:
    exp = experiment("Rosenbrock", competitor("Adam", {"lr": 1e-3}), steps=5000)
    (adam,) = ov.run(exp, "cpu")
    figure = contour_figure(exp, (adam,) * 8)
    assert len(figure.to_json()) < 7_000_000 and len(figure.frames) == 100
    for frame in figure.frames:
        path, head = frame.data[0], frame.data[8]
        assert len(path.x) <= 400
        assert (path.x[-1], path.y[-1]) == (head.x[0], head.y[0]) == tuple(adam.points[int(frame.name)])


@pytest.mark.parametrize("surface", ["Rosenbrock", "Ackley", "Quadratic bowl"])
def test_the_picture_of_a_surface_has_the_bands_of_its_levels(surface: str) -> None:
    grid = ov.sample(ov.SurfaceSpec(surface), resolution=80)
    levels = contour_levels(grid.z)
    index, colors = decoded_png(picture(grid, levels, [(0.0, "#000000"), (1.0, "#ffffff")], size=80))
    bands = 2 * (len(levels) - 1)
    assert len(colors) == 2 * bands + 1
    # A pixel's middle lies between four points of the grid, so its band is none beyond theirs.
    expected = np.floor(np.clip(2 * np.interp(grid.z, levels, np.arange(len(levels))), 0, bands - 1))
    low = ((np.arange(80) + 0.5) / 80 * 79).astype(int)
    corners = [expected[np.ix_(low + up, low + right)] for up in (0, 1) for right in (0, 1)]
    band = np.flipud(index) % bands
    assert (np.min(corners, axis=0) <= band).all() and (band <= np.max(corners, axis=0)).all()
    assert (np.diff(colors[:bands].mean(axis=1)) > 0).all()  # the higher, the lighter


def test_what_is_not_finite_is_transparent() -> None:
    x = np.linspace(0, 1, 9)
    z = np.add.outer(x, x)
    z[4, 4] = np.nan
    index, _ = decoded_png(
        picture(ov.Grid(x, x, z), contour_levels(z), [(0.0, "#000000"), (1.0, "#ffffff")], 90)
    )
    assert (index == 68).any() and not (index[:30] == 68).any()


def decoded_png(address: str) -> tuple[np.ndarray, np.ndarray]:
    """Indices (height, width) and palette (n, 3) of a PNG, of which the last colour is transparent."""
    image = Image.open(BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,"))))
    assert image.format == "PNG" and image.mode == "P"
    palette = np.reshape(image.getpalette(), (-1, 3))
    index = np.asarray(image)
    opacity = np.asarray(image.convert("RGBA"))[..., 3]
    np.testing.assert_array_equal(opacity, np.where(index == len(palette) - 1, 0, 255))
    return index, palette


@pytest.mark.sampled(14)
@pytest.mark.parametrize("surface", ov.SURFACES)
def test_a_relief_is_as_high_as_its_colours_and_carries_the_paths(surface: str) -> None:
    exp = race(surface, lr=ov.suggested_lr("SGD", ov.SurfaceSpec(surface)))
    trajectories = ov.run(exp, "cpu")
    under = picture_plane(exp, trajectories)
    grid = ov.sample(under.sampled, resolution=60)
    levels = contour_levels(grid.z)
    for theme in THEMES.values():
        figure = surface_figure(exp, trajectories, theme, grid)
        assert json.loads(figure.to_json())["data"]
        relief, *paths = figure.data[: 1 + len(trajectories)]
        sunk = places(grid.z, levels) - relief.z  # below the paths, by a little and evenly
        np.testing.assert_allclose(sunk, sunk[0, 0], atol=1e-5)
        assert 0 < sunk[0, 0] < 0.01 * len(levels)
        assert np.allclose([relief.cmin, relief.cmax], [relief.z.min(), relief.z.max()])
        for path, trajectory in zip(paths, trajectories, strict=True):
            outside = np.isnan(path.x)
            inside = trajectory.points[~outside]
            np.testing.assert_array_equal(np.stack([path.x, path.y], 1)[~outside], inside)
            np.testing.assert_array_equal(path.z[~outside], places(trajectory.losses, levels)[~outside])
            low, high = np.asarray(under.surface.domain).T
            assert ((inside >= low) & (inside <= high)).all()
            left = ((trajectory.points < low) | (trajectory.points > high)).any(axis=1)
            np.testing.assert_array_equal(outside, left)
            np.testing.assert_array_equal(path.customdata[:, 1], trajectory.losses)


def test_what_leaves_the_domain_is_a_gap_in_the_relief() -> None:
    exp = dataclasses.replace(race(lr=0.05), start=(1e300, 0.0))
    for chosen in (exp, race(lr=0.05)):
        trajectories = ov.run(chosen, "cpu")
        figure = surface_figure(chosen, trajectories)
        marks = {trace.name: trace for trace in figure.data}
        assert np.isnan(marks["SGD"].z[-1]) and np.isnan(marks["SGD: end"].z[0])
        assert np.isnan(marks["start"].z[0]) == (chosen is exp)


def test_starts_and_minimizers_lie_on_the_relief() -> None:
    exp = race("Styblinski-Tang")
    trajectories = ov.run(exp, "cpu")
    levels = contour_levels(ov.sample(exp.surface).z)
    marks = {trace.name: trace for trace in surface_figure(exp, trajectories).data}
    assert (marks["start"].x[0], marks["start"].y[0]) == exp.start
    assert marks["start"].z[0] == places(trajectories[0].losses[:1], levels)[0]
    info = ov.SURFACES["Styblinski-Tang"]
    assert list(zip(marks["minimum"].x, marks["minimum"].y, strict=True)) == list(info.minimizers)
    assert list(marks["minimum"].z) == [places(np.asarray(info.minimum), levels)]
    assert "minimum" not in [trace.name for trace in surface_figure(race("Saddle"), ()).data]


def test_the_camera_stays_and_units_are_equal_within_reason() -> None:
    camel, valley = race("Six-hump camel"), race("McCormick")
    figures = [surface_figure(exp, ()) for exp in (camel, valley)]
    assert figures[0].layout.uirevision == figures[1].layout.uirevision is not None
    for figure, exp in zip(figures, (camel, valley), strict=True):
        scene, function = figure.layout.scene, ov.surface(exp.surface)
        assert (tuple(scene.xaxis.range), tuple(scene.yaxis.range)) == function.domain
        assert scene.aspectratio.x / scene.aspectratio.y == pytest.approx(np.divide(*function.widths))
        assert len(scene.zaxis.tickvals) == len(scene.zaxis.ticktext) >= 3
    narrow = surface_figure(race("Bukin N.6"), ()).layout.scene.aspectratio
    assert min(narrow.x, narrow.y) >= 0.5 * max(narrow.x, narrow.y)


@pytest.mark.sampled(14)
@pytest.mark.parametrize("surface", ov.SURFACES)
def test_loss_axis_suits_the_surface(surface: str) -> None:
    exp = race(surface)
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
    exp = race("Saddle")
    with pytest.raises(ValueError, match="no minimum"):
        loss_figure(exp, (), view=ov.View(scale="log"))
    linear = loss_figure(exp := race(), ov.run(exp, "cpu"), view=ov.View(scale="linear"))
    assert linear.layout.yaxis.type == "linear" and linear.layout.yaxis.title.text == "loss"


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_colours_can_be_read(theme) -> None:
    """WCAG AA: 4.5 for text, 3 for lines against the page."""
    assert contrast(theme.ink, theme.paper) >= 4.5
    assert all(contrast(color, theme.paper) >= 3 for color in theme.paths)


# Machado, Oliveira & Fernandes (2009): how people see linear RGB without one kind of cone.
VISIONS = {
    "all": np.eye(3),
    "no long": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no middle": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no short": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def oklab(linear: np.ndarray) -> np.ndarray:
    """Ottosson (2020): distances in it are differences that people see; black to white is 1."""
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    lab = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return np.asarray(lab) @ np.cbrt(np.asarray(cones) @ linear)


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_paths_have_colours_of_their_own_for_every_eye(theme, vision: str) -> None:
    channels = [[int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] for color in theme.paths]
    linear = [[c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb] for rgb in channels]
    seen = [oklab(np.clip(np.asarray(VISIONS[vision]) @ rgb, 0, 1)) for rgb in linear]
    gaps = [np.linalg.norm(a - b) for i, a in enumerate(seen) for b in seen[:i]]
    assert len(gaps) == 28 and min(gaps) > 0.1


def test_colours_go_by_the_views_slots() -> None:
    exp = race()
    trajectories = ov.run(exp, "cpu")
    figure = contour_figure(exp, trajectories, view=ov.View(colors=(5, 2)))
    lines = {trace.name: trace.line.color for trace in figure.data if trace.name in ("SGD", "Adam")}
    assert lines == {"SGD": LIGHT.paths[5], "Adam": LIGHT.paths[2]}


def test_a_name_is_no_mark_up() -> None:
    exp = race()
    run = dataclasses.replace(exp.runs[0], label="<a href='http://a.b'>x</a>")
    exp = dataclasses.replace(exp, runs=(run,))
    for draw in (contour_figure, surface_figure, loss_figure, gradient_figure):
        assert "<a" not in draw(exp, ov.run(exp, "cpu")).to_json().replace("\\u003c", "<")


def test_curves_against_evals_and_the_gradients_norm() -> None:
    run = competitor("LBFGS", {"max_iter": 1, "line_search_fn": "strong_wolfe", "max_eval": 9})
    exp = experiment("Rosenbrock", run, steps=20)
    (lbfgs,) = ov.run(exp, "cpu")
    (trace,) = gradient_figure(exp, (lbfgs,), view=ov.View(against="evals")).data
    np.testing.assert_array_equal(trace.x, lbfgs.evals)
    np.testing.assert_allclose(trace.y, np.hypot(*lbfgs.gradients.T))
    assert trace.x[-1] > 20


def test_the_learning_rate_is_drawn_where_it_changes() -> None:
    exp = race()
    assert lr_figure(exp, ov.run(exp, "cpu")) is None
    cosine = dataclasses.replace(exp.runs[0], scheduler=ov.SchedulerSpec("CosineAnnealingLR"))
    exp = dataclasses.replace(exp, runs=(cosine, exp.runs[1]))
    trajectories = ov.run(exp, "cpu")
    figure = lr_figure(exp, trajectories)
    for trace, trajectory in zip(figure.data, trajectories, strict=True):
        np.testing.assert_array_equal(trace.y[1:], trajectory.lrs)


def test_themes_differ() -> None:
    assert LIGHT.paper != DARK.paper and luminance(LIGHT.paper) > 0.8 > 0.1 > luminance(DARK.paper)


@pytest.mark.slow
def test_a_competitor_keeps_its_colour_when_another_is_missing() -> None:
    exp = race()
    both, adam = ov.run(exp, "cpu"), ov.run(exp, "cpu")[1:]
    for draw in (contour_figure, surface_figure, loss_figure):
        (whole,) = [trace for trace in draw(exp, both).data if trace.name == "Adam"]
        (alone,) = [trace for trace in draw(exp, adam).data if trace.name == "Adam"]
        assert whole.line == alone.line


def test_a_run_without_a_floor_does_not_flatten_the_others() -> None:
    spec = ov.SurfaceSpec("Saddle")
    exp = experiment(spec, competitor("SGD", {"lr": 1.0}), competitor("Adam", {"lr": 0.02}), steps=80)
    sgd, adam = ov.run(exp, "cpu")
    low, high = loss_figure(exp, (sgd, adam)).layout.yaxis.range
    assert sgd.losses.min() < -1e6 and low > -1000 and high > adam.losses[0]
    sheer = loss_figure(exp, (sgd,)).layout.yaxis.range
    assert sheer[0] < sgd.losses[np.isfinite(sgd.losses)].min()  # alone it flattens nobody


@pytest.mark.slow
def test_no_finite_value_of_a_curve_is_cut_off_without_a_mark() -> None:
    for chart in curves(40):
        log = chart["log"]
        values = [np.asarray(curve, float) for curve in chart["curves"]]
        low, high = _span(values, chart["diverged"], log=log)
        assert np.isfinite([low, high]).all() and low < high
        for curve, diverged in zip(values, chart["diverged"], strict=True):
            figure = go.Figure()
            steps = range(len(curve))
            _mark_excursions(figure, steps, curve, (low, high), Pen(0, "#000", "solid"), log=log)
            marks = {(int(mark.x), 1 if mark.y == 1 else -1): mark.text for mark in figure.layout.annotations}
            expected, before = [], 0
            for step, value in enumerate(curve.tolist()):
                at = on_axis(value, log)
                side = 1 if at > high else -1 if at < low else 0
                assert not side or diverged or not np.isfinite(at), (chart, step)
                if side and side != before:
                    expected.append((step, side))
                before = side
            assert sorted(marks) == sorted(expected)
            for side, furthest in ((1, curve[np.isfinite(curve)].max(initial=-np.inf)),):
                said = [text for (_, where), text in marks.items() if where == side and " to " in text]
                assert len(said) == bool([one for one in expected if one[1] == side])
                if said and not np.isposinf(curve).any():
                    assert said == [f"▲ to {furthest:.2g}"]


def test_a_leap_and_a_plateau_are_shown_whole() -> None:
    """The two cases in which a chart was empty, or ended at a 170th of its curve's height."""
    spec = ov.SurfaceSpec("Plateau")
    exp = experiment(spec, competitor("SGD", {"lr": 0.5}), competitor("Adam", {"lr": 0.02}), steps=300)
    trajectories = ov.run(exp, "cpu")
    figure = gradient_figure(exp, trajectories)
    highest = max(trajectory.gradient_norms.max() for trajectory in trajectories)
    assert highest > 100 * max(trajectory.gradient_norms[0] for trajectory in trajectories)
    assert figure.layout.yaxis.range[1] > np.log10(highest)
    assert not figure.layout.annotations
