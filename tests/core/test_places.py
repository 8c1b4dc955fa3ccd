"""Where things are, on domains of any width and at any place: what is sent, sampled, said and drawn."""

from __future__ import annotations

import numpy as np
import pytest

import optviz as ov
from builders import competitor, experiment, formula_spec
from optviz.export.frames import Stage
from optviz.figures.contours import equal_units
from optviz.figures.theme import LIGHT
from optviz.player import captions
from optviz.player.scene import by_index, scene
from scenes import columns

WIDTHS = (1e-6, 1e-2, 1.0, 35.0, 1e5, 1e9)
OFFSETS = (0.0, -1.0, 1990.0, -1e6, 1e9)
DTYPES = ("float32", "float64")


def bowl(width: float, off: float, dtype: str = "float64", height: float | None = None) -> ov.Experiment:
    """A bowl on a domain of this width (and height) with its minimizer in the middle, `off` from 0."""
    height = height or width
    ranges = {"x_range": (off - width / 2, off + width / 2), "y_range": (-height / 2, height / 2)}
    expression = f"((x - ({off!r}))/{width!r})**2 + (y/{height!r})**2"
    spec = formula_spec(expression, **ranges)
    run = competitor("SGD", {"lr": 0.1 * min(width, height) ** 2})
    return experiment(spec, run, start=(off - 0.3 * width, 0.3 * height), steps=8, dtype=dtype)


def numbers_across(width: float, off: float, dtype: str) -> float:
    """How many numbers of a dtype a domain holds, at most."""
    return width / float(np.spacing(np.dtype(dtype).type(abs(off) + width / 2)))


FINE = [
    (width, off, dtype)
    for width in WIDTHS
    for off in OFFSETS
    for dtype in DTYPES
    if numbers_across(width, off, dtype) >= 1e5
]
ROUGH = [
    (width, off, dtype)
    for width in WIDTHS
    for off in OFFSETS
    for dtype in DTYPES
    if 12 < numbers_across(width, off, dtype) < 1e5
]


@pytest.mark.parametrize(("width", "off", "dtype"), FINE)
def test_points_are_sent_to_the_bit_and_surfaces_are_sampled_in_double(
    width: float, off: float, dtype: str
) -> None:
    exp = bowl(width, off, dtype)
    assert captions.narrow_words(exp) == ""
    (path,) = ov.run(exp, "cpu")
    shown = scene(exp, by_index(exp, [path]))
    (run,) = shown.data["runs"]
    (blob,) = (blob for blob in shown.blobs if blob[:8].hex() == run["digest"])
    sent = columns(blob[8:], run)
    points = sent[:2].T
    assert points.dtype == path.points.dtype and np.array_equal(points, path.points)
    np.testing.assert_array_equal(sent[2], path.losses.astype(sent.dtype))
    assert np.abs(np.diff(points[:, 0])).max() > 1e-3 * width
    grid = ov.sample(exp.surface, 21)
    share = np.linspace(-0.5, 0.5, 21)
    assert np.abs((grid.x - off) / width - share).max() < 1e-4
    np.testing.assert_allclose(grid.z, share**2 + share[:, None] ** 2, atol=1e-4)
    surface = ov.surface(exp.surface)
    assert np.abs(np.asarray(surface.minimizers) - [[off, 0.0]]).max() < 1e-3 * width
    assert all(low <= at <= high for at, (low, high) in zip(surface.start, surface.domain, strict=True))


@pytest.mark.parametrize("high", [0.0, 1e8, -1e12])
def test_losses_high_above_0_are_told_apart(high: float) -> None:
    params = {"expression": f"x**2 + y**2 + ({high!r})"}
    run = competitor("SGD", {"lr": 0.1})
    exp = experiment(ov.SurfaceSpec("Formula", params), run, start=(-1.5, 1.0), steps=5)
    (path,) = ov.run(exp, "cpu")
    shown = scene(exp, by_index(exp, [path]))
    ground, blob = shown.blobs
    double = shown.data["surface"]["double"]
    losses = np.frombuffer(ground[8:], "<f8" if double else "<f4").astype(np.float64) - high
    assert np.abs(losses - (ov.sample(exp.surface).z.ravel() - high)).max() < 1e-3
    seen = columns(blob[8:], shown.data["runs"][0])
    assert np.abs(seen[2].astype(np.float64) - path.losses).max() < 1e-3
    assert double == shown.data["runs"][0]["double"] == (high != 0.0)


@pytest.mark.parametrize(("width", "off", "dtype"), ROUGH)
def test_a_domain_with_few_numbers_says_so(width: float, off: float, dtype: str) -> None:
    exp = bowl(width, off, dtype)
    words = captions.narrow_words(exp)
    assert f"too narrow for {dtype}" in words and "x = " in words
    finer = numbers_across(width, off, "float64") >= 1e5
    assert ("take float64" in words) == (dtype == "float32" and finer)
    assert captions.words(exp)["narrow"] == words


@pytest.mark.parametrize("surface", [info for info in ov.SURFACES if info != "Formula"])
def test_no_surface_of_ours_is_too_narrow(surface: str) -> None:
    spec = ov.SurfaceSpec(surface)
    run = competitor("SGD", {"lr": 0.1})
    assert captions.narrow_words(experiment(spec, run, steps=1)) == ""
    assert equal_units(ov.surface(spec).domain)


@pytest.mark.parametrize(
    ("height", "units", "equal"),
    [
        (100.0, "auto", True),
        (33.4, "auto", True),
        (299.0, "auto", True),
        (33.0, "auto", False),
        (301.0, "auto", False),
        (1.0, "auto", False),
        (1.0, "equal", True),
        (1e5, "equal", True),
        (100.0, "fill", False),
    ],
)
def test_units_are_equal_where_that_is_natural_or_wanted(height: float, units: str, equal: bool) -> None:
    exp, view = bowl(100.0, 0.0, height=height), ov.View(units=units)
    paths = ov.run(exp, "cpu")
    assert equal_units(ov.surface(exp.surface).domain, units) == equal
    words = "x and y have different scales"

    flat = ov.contour_figure(exp, paths, view=view)
    assert (flat.layout.yaxis.scaleanchor == "x") == equal
    assert (words in [note.text for note in flat.layout.annotations]) == (not equal)

    sides = ov.surface_figure(exp, paths, view=view).layout.scene.aspectratio
    assert (sides.x / sides.y == pytest.approx(100.0 / height)) == equal or height == 75.0

    stage = Stage(exp, paths, (800, 600), LIGHT, view)
    left, top, right, bottom = stage.box
    if equal and height < 1000:
        assert (right - left) / 100.0 == pytest.approx((bottom - top) / height, abs=1 / min(100.0, height))
    if not equal:
        assert stage.box == stage.edges
    assert left >= stage.edges[0] and right <= stage.edges[2] and top >= stage.edges[1]


@pytest.mark.parametrize(("width", "off"), [(35.0, 1990.0), (0.02, 1e9), (1e5, -1e9), (1e9, 1e9)])
def test_figures_far_from_0_keep_what_tells_points_apart(width: float, off: float) -> None:
    exp = bowl(width, off)
    (path,) = ov.run(exp, "cpu")
    flat = ov.contour_figure(exp, (path,))
    drawn = [frame.data[0].x[-1] for frame in flat.frames]
    assert np.abs(np.array(drawn, dtype=np.float64) - path.points[:, 0]).max() < 1e-4 * width

    deep = ov.surface_figure(exp, (path,))
    (line,) = [trace for trace in deep.data if trace.name == path.name]
    low, high = deep.layout.scene.xaxis.range
    single = (np.asarray(line.x, dtype=np.float32).astype(np.float64) - low) / (high - low)
    true = (path.points[:, 0] - off) / width + 0.5
    assert np.abs(single - true).max() < 1e-4
