"""Experiments and results as files: each is opened again, and has what it should in full."""

from __future__ import annotations

import base64
import csv
import html
import io
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any
from xml.etree import ElementTree

import av
import kaleido
import numpy as np
import pytest
import torch
from PIL import Image, ImageColor, ImageDraw, ImageFont, ImageSequence
from pyarrow import parquet

import optviz as ov
from builders import competitor, experiment
from optviz.export import films, frames
from optviz.export.films import last_frame
from optviz.export.formats import FORMATS, FileRequest
from optviz.figures.theme import THEMES
from optviz.player import page as pages
from scripts import chromium


def rows(*summaries: ov.Summary) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(ov.summaries_csv(summaries))))


def summary(name: str = "SGD", **changes: object) -> ov.Summary:
    values = {
        "name": name,
        "final_loss": 0.1 + 0.2,
        "best_loss": 1e-300,
        "distance": 0.5,
        "steps_to_reach": 7,
        "within": 0.25,
        "evals": 20,
        "path_length": 3.0,
        "outcome": ov.Outcome("saddle", 5, 'Ended at a saddle; "flat", there.'),
    }
    return ov.Summary(**values | changes)  # type: ignore[arg-type]


def test_every_number_comes_back_in_full() -> None:
    (row,) = rows(summary())
    assert float(row["final loss"]) == 0.1 + 0.2 and float(row["best loss"]) == 1e-300
    assert (row["steps to reach it"], row["reached within"]) == ("7", "0.25")
    assert (row["evaluations"], row["ending since step"]) == ("20", "5")
    assert (row["ending"], row["in words"]) == ("saddle", 'Ended at a saddle; "flat", there.')
    (row,) = rows(summary(steps_to_reach=None, final_loss=float("nan")))
    assert row["steps to reach it"] == "" and row["final loss"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_name_is_never_a_formula(name: str) -> None:
    (row,) = rows(summary(name))
    assert row["competitor"] == f"'{name}"


def test_names_with_commas_quotes_and_lines_survive() -> None:
    names = ["a, b", 'say "hi"', "two\nlines", "θ"]
    assert [row["competitor"] for row in rows(*map(summary, names))] == names


def test_a_summary_says_what_its_path_did() -> None:
    run = competitor("SGD", {"lr": 0.25})
    exp = experiment(ov.SurfaceSpec("Quadratic bowl", {"kappa": 1.0}), run, start=(8.0, 0.0), steps=6)
    (sgd,) = ov.run(exp, "cpu")  # x halves at every step: 8, 4, 2, 1, 1/2, 1/4, 1/8
    summary = sgd.summary(((0.0, 0.0),), within=0.5)  # nearer than that: the point of step 4 is not
    assert summary.steps_to_reach == 5 and summary.distance == 0.125 and summary.evals == 6
    assert summary.path_length == 8 - 0.125
    assert summary.final_loss == summary.best_loss == 0.125**2
    assert sgd.summary((), within=0.5).steps_to_reach is None and np.isinf(sgd.summary((), 0.5).distance)


# -- every step -------------------------------------------------------------------------------------------

BOTH = experiment(
    "Rosenbrock",
    competitor("SGD", {"lr": 1e-3, "momentum": 0.9}, label="=cmd|' /C calc'!A0"),
    competitor("Adam", scheduler=ov.SchedulerSpec("OneCycleLR", {"max_lr": 0.1, "total_steps": 12})),
    steps=12,
    noise=0.1,
)
NETWORK = experiment("MLP classifier", competitor("Adam"), steps=6, batch_size=16)


def recorded(trajectory: ov.Trajectory) -> dict[str, np.ndarray]:
    """Some of what a trajectory has, by the names of a table."""
    found = {
        trajectory.names[0]: trajectory.points[:, 0],
        trajectory.names[1]: trajectory.points[:, 1],
        "loss": trajectory.losses,
        "evaluations": trajectory.evals,
        "lr": trajectory.lrs,
        "seen loss": trajectory.seen_losses,
    }
    for place, axis in enumerate(trajectory.names if trajectory.parameters is None else ()):
        found[f"gradient {axis}"] = trajectory.gradients[:, place]
        found[f"seen gradient {axis}"] = trajectory.seen_gradients[:, place]
        for name, values in trajectory.state.items():
            if values.shape[1:] == (len(trajectory.names),):
                found[f"state {name} {axis}"] = values[:, place]
    return found


def check_table(rows: list[dict[str, object]], trajectory: ov.Trajectory) -> None:
    """Numbers are there to the bit, and what belongs to a step stands at the point that it led to."""
    assert [int(row["step"]) for row in rows] == list(range(trajectory.steps + 1))
    for name, values in recorded(trajectory).items():
        if len(values) == trajectory.steps:
            assert rows[0][name] in ("", None)
            column = [float(row[name]) for row in rows[1:]]
        else:
            column = [float(row[name]) for row in rows]
        np.testing.assert_array_equal(np.array(column, values.dtype), values, name)


@pytest.mark.parametrize("exp", [BOTH, NETWORK], ids=["surface", "network"])
def test_every_step_is_in_the_tables(exp: ov.Experiment) -> None:
    trajectories = ov.project(exp, ov.run(exp, "cpu"))
    from_csv = list(csv.DictReader(io.StringIO(ov.steps_csv(trajectories))))
    from_parquet = parquet.read_table(io.BytesIO(ov.steps_parquet(trajectories))).to_pylist()
    for trajectory in trajectories:
        check_table([row for row in from_csv if row["competitor"].lstrip("'") == trajectory.name], trajectory)
        check_table([row for row in from_parquet if row["competitor"] == trajectory.name], trajectory)
    assert not any(row["competitor"].startswith("=") for row in from_csv)


def test_of_a_network_the_tables_have_every_weight() -> None:
    trajectories = ov.project(NETWORK, ov.run(NETWORK, "cpu"))
    rows = list(csv.DictReader(io.StringIO(ov.steps_csv(trajectories))))
    (adam,) = trajectories
    count = adam.theta.shape[1]
    named = [name for name in rows[0] if name.startswith("parameter")]
    assert len(named) == count > 2
    found = np.array([[row[name] for name in named] for row in rows], dtype=adam.theta.dtype)
    np.testing.assert_array_equal(found, adam.theta)


def test_json_has_the_experiment_its_results_and_what_made_them() -> None:
    fast = replace(BOTH, runs=(competitor("SGD", {"lr": 10.0}), BOTH.runs[1]))
    trajectories = ov.run(fast, "cpu")
    whole = json.loads(ov.results_json(fast, trajectories), parse_constant=pytest.fail)
    assert ov.Experiment.from_json(json.dumps(whole["experiment"])) == fast
    for trajectory, result in zip(trajectories, whole["results"], strict=True):
        assert result["competitor"] == trajectory.name
        np.testing.assert_array_equal(np.array(result["points"], float), trajectory.points)
        np.testing.assert_array_equal(np.array(result["losses"], float), trajectory.losses)
        assert result["made_with"]["torch"] == torch.__version__
        assert ov.Outcome(**result["outcome"]) == trajectory.outcome
    assert whole["results"][0]["outcome"]["kind"] == "diverged"
    text = json.dumps(whole)
    assert ov.Experiment.from_json(text) == fast
    assert ov.Experiment.made_with(text) == asdict(trajectories[0].made_with)
    for results in ([], [1], {"made_with": 1}, 5):
        odd = json.dumps(whole | {"results": results})
        assert ov.Experiment.made_with(odd) == {}
    with pytest.raises(ValueError, match=r"^This is not an experiment of optviz, version 1\.$"):
        ov.Experiment.from_json(json.dumps(whole | {"experiment": [1]}))


# -- films and pictures -----------------------------------------------------------------------------------


def near(image: Image.Image, color: str, distance: int = 60) -> int:
    """How many pixels of an image have about this colour."""
    wanted = np.array(ImageColor.getrgb(color))
    return int((np.abs(np.asarray(image.convert("RGB"), int) - wanted).sum(axis=2) < distance).sum())


def test_a_file_says_what_its_numbers_were_computed_with() -> None:
    few = replace(BOTH, steps=3)
    trajectories = ov.run(few, "cpu")
    made = trajectories[0].made_with
    used = f"torch {torch.__version__}, cpu, float32"
    assert made.words == f"Real runs of torch.optim ({used}), shown by optviz {ov.__version__}."
    how = {"size": (240, 240), "fps": 10, "seconds": 0.5}
    assert Image.open(io.BytesIO(ov.to_gif(few, trajectories, **how))).info["comment"].decode() == made.words
    with av.open(io.BytesIO(ov.to_mp4(few, trajectories, **how))) as film:
        assert film.metadata["comment"] == made.words
    metadata = parquet.read_schema(io.BytesIO(ov.steps_parquet(trajectories))).metadata
    assert json.loads(metadata[b"made_with"]) == asdict(made)
    assert html.escape(made.words) in ov.to_html(few, trajectories)
    saved = FORMATS["experiment.json"].make(FileRequest(few, trajectories, ov.View(), {})).decode()
    assert ov.Experiment.made_with(saved) == asdict(made) and ov.Experiment.from_json(saved) == few
    elsewhere = [replace(one, made_with=replace(one.made_with, device="cuda")) for one in trajectories]
    assert FileRequest(few, elsewhere, ov.View(), {}).made_with.device == "cuda"  # not this machine's
    unrun = FORMATS["experiment.json"].make(FileRequest(few, (), ov.View(), {})).decode()
    assert ov.Experiment.made_with(unrun) == asdict(ov.made_with(few))


def frames_of_gif(content: bytes) -> list[Image.Image]:
    with Image.open(io.BytesIO(content)) as film:
        assert film.format == "GIF" and film.info["loop"] == 0
        return [frame.convert("RGB") for frame in ImageSequence.Iterator(film)]


def frames_of_mp4(content: bytes, fps: int) -> list[Image.Image]:
    with av.open(io.BytesIO(content)) as film:
        (stream,) = film.streams.video
        assert stream.codec_context.name == "h264" and stream.average_rate == fps
        return [frame.to_image() for frame in film.decode(stream)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("kind", ["gif", "mp4"])
def test_a_film_shows_the_paths_as_they_grow(kind: str, theme: str) -> None:
    told: list[tuple[int, int]] = []
    how = {"fps": 10, "seconds": 1.0, "theme": theme, "watch": lambda *share: told.append(share)}
    if kind == "gif":
        frames = frames_of_gif(ov.to_gif(BOTH, size=(401, 300), **how))
        assert len(frames) == 11 and frames[0].size == (401, 300)
    else:
        frames = frames_of_mp4(ov.to_mp4(BOTH, size=(401, 301), **how), 10)
        assert len(frames) == 11 + 9 and frames[0].size == (400, 300), "an odd size is made even"
    assert told == [(done, 11) for done in range(1, 12)]
    for color in THEMES[theme].paths[:2]:
        counts = [near(frame, color) for frame in frames]
        assert counts[10] > counts[0], "a path grows"
    assert near(frames[0], THEMES[theme].paper, 12) > 1000
    if kind == "gif":
        assert frames[0].getpixel((2, 2)) == ImageColor.getrgb(THEMES[theme].paper)


def test_the_head_of_a_film_is_where_the_path_is() -> None:
    one = replace(BOTH, runs=(competitor("SGD", {"lr": 1e-3}),), noise=0.0)
    (path,) = ov.run(one, "cpu")
    last = frames_of_gif(ov.to_gif(one, [path], size=(800, 600), fps=10, seconds=1.0))[-1]
    (left, right), (bottom, top) = ov.surface(one.surface).domain
    color = np.array(ImageColor.getrgb(THEMES["light"].paths[0]))
    colored = np.abs(np.asarray(last, int) - color).sum(2) < 60
    rows, columns = np.nonzero(colored[100:, :500])  # below the legend, and left of the minimizer
    box = (173, 66, 661, 554)  # where the axes are, in a film of this size: a square, as the domain is
    x = box[0] + (path.points[:, 0] - left) / (right - left) * (box[2] - box[0])
    y = box[1] + (top - path.points[:, 1]) / (top - bottom) * (box[3] - box[1])
    assert (np.hypot(columns[:, None] - x, rows[:, None] + 100 - y).min(axis=1) < 30).all()
    assert np.hypot(columns - x[-1], rows + 100 - y[-1]).min() < 4


@pytest.mark.slow
def test_a_still_is_what_a_film_ends_on() -> None:
    still = Image.open(io.BytesIO(last_frame(BOTH, size=(400, 300))))
    whole = films._Film(BOTH, None, (400, 300), 10, 1.0, "light", ov.View())
    film = [*whole.frames(None)]  # before it is packed
    assert still.format == "WEBP" and still.size == film[-1].size
    first, last = (np.abs(np.asarray(still, int) - np.asarray(film[at], int)).mean() for at in (0, -1))
    assert 10 * last < first, (last, first)
    bare = Image.open(io.BytesIO(last_frame(BOTH, size=(400, 300), bare=True)))
    assert bare.width < 400 and bare.height < 300
    assert near(bare, THEMES["light"].paper, 12) < near(still, THEMES["light"].paper, 12) / 2
    with pytest.raises(ValueError, match="pixels wide"):
        last_frame(BOTH, size=(4, 4))


def labels_in(monkeypatch: pytest.MonkeyPatch, exp: ov.Experiment, size: tuple[int, int]) -> list[Any]:
    """What is written in a still: each text with the box that it takes."""
    written = []
    whole = ImageDraw.ImageDraw.text

    def text(self: Any, xy: Any, text: str, fill: Any, font: Any, anchor: str = "la") -> None:
        written.append((text, self.textbbox(xy, text, font, anchor)))
        whole(self, xy, text, fill, font, anchor=anchor)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    last_frame(exp, size=size)
    return written


@pytest.mark.sampled(10)
@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("size", [(240, 240), (800, 600), (1200, 400)])
@pytest.mark.parametrize("extent", [1e-4, 1.0, 7.0, 512.0, 2e5])
def test_labels_of_a_film_are_whole_with_their_minus(
    monkeypatch: pytest.MonkeyPatch, extent: float, size: tuple[int, int], bare: bool
) -> None:
    """Whatever the domain, and on a machine that has only Pillow's own font."""
    if bare:
        monkeypatch.setattr(frames, "_font", ImageFont.load_default)
    run = competitor("SGD", {"lr": 0.0})
    exp = experiment(typed_bowl(extent), run, start=(extent / 2, extent / 2), steps=1)
    written = labels_in(monkeypatch, exp, size)
    numbers = [(text, box) for text, box in written if re.fullmatch(r"[-−]?[\d.]+(e[-−+]\d+)?", text)]
    sign = "-" if bare else "−"
    assert sum(text.startswith(sign) for text, _ in numbers) >= 2
    for text, (left, top, right, bottom) in numbers:
        assert text not in ("-0", "−0")
        assert left >= 0 and top >= 0 and right <= size[0] and bottom <= size[1], text
        assert bottom - top >= 5, "large enough to be read"


def typed_bowl(extent: float) -> ov.SurfaceSpec:
    return ov.SurfaceSpec(
        "Formula", {"expression": "x**2 + y**2", "x_range": (-extent, extent), "y_range": (-extent, extent)}
    )


@pytest.mark.parametrize("lr", [1e3, 1e38])
def test_a_film_of_what_diverges_or_leaves(lr: float) -> None:
    wild = replace(BOTH, runs=(competitor("SGD", {"lr": lr}),))
    assert len(frames_of_gif(ov.to_gif(wild, size=(240, 240), fps=10, seconds=0.5))) >= 2


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"fps": 24}, "frames a second"),
        ({"seconds": 1e9}, "0.5 to 60"),
        ({"size": (100_000, 100)}, "pixels wide and high"),
        ({"theme": "pink"}, "light"),
    ],
)
def test_what_no_film_can_be_is_said(how: dict[str, Any], words: str) -> None:
    for make in (ov.to_gif, ov.to_mp4):
        with pytest.raises(ValueError, match=words):
            make(BOTH, **how)


def test_a_film_can_be_given_up() -> None:
    class EnoughError(Exception):
        pass

    def watch(done: int, total: int) -> None:
        if done == 3:
            raise EnoughError

    for make in (ov.to_gif, ov.to_mp4):
        with pytest.raises(EnoughError):
            make(BOTH, size=(240, 240), watch=watch)


@pytest.fixture
def chrome(monkeypatch: pytest.MonkeyPatch) -> None:
    if (path := chromium.find()) is None:
        pytest.skip(chromium.MISSING)
    monkeypatch.setenv("BROWSER_PATH", path)


@pytest.fixture
def one_chrome(chrome: None) -> Iterator[None]:
    """One Chrome for all pictures of a test, as `to_image` starts it: seconds for each."""
    kaleido.start_sync_server(mathjax=False)
    yield
    kaleido.stop_sync_server()


@pytest.mark.slow
@pytest.mark.usefixtures("chrome")
def test_a_picture_has_its_size_and_its_colours() -> None:
    flat = ov.contour_figure(BOTH, ov.run(BOTH, "cpu"), THEMES["dark"])
    drawn = ov.to_image(flat, size=(500, 400), scale=1.5, made_with="torch, ε < 1")
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.text == {"Comment": "torch, ε < 1"}
        assert picture.format == "PNG" and picture.size == (750, 600)
        assert picture.convert("RGB").getpixel((740, 590)) == ImageColor.getrgb(THEMES["dark"].paper)
        assert all(near(picture, color) > 20 for color in THEMES["dark"].paths[:2])


@pytest.mark.slow
@pytest.mark.usefixtures("one_chrome")
@pytest.mark.filterwarnings("ignore:The kopts argument")  # they are the server's here
def test_pictures() -> None:
    trajectories = ov.run(BOTH, "cpu")
    relief = ov.to_image(ov.surface_figure(BOTH, trajectories), size=(400, 300))
    with Image.open(io.BytesIO(relief)) as picture:
        assert near(picture, THEMES["light"].low, 120) > 500
    basins = ov.basin_figure(ov.basins(BOTH, resolution=8, device="cpu"), THEMES["dark"])
    with Image.open(io.BytesIO(ov.to_image(basins, size=(400, 400)))) as picture:
        assert (
            near(picture, THEMES["dark"].paper, 12) > 1000
            and len(picture.convert("RGB").getcolors(10**6)) > 20
        )
    losses = ov.loss_figure(BOTH, trajectories)
    drawing = ElementTree.fromstring(ov.to_image(losses, "svg", made_with="torch & <optviz>"))
    assert drawing[0].text == "torch & <optviz>"
    assert drawing.tag.endswith("svg") and (drawing.get("width"), drawing.get("height")) == ("1200", "800")
    assert "Adam" in "".join(drawing.itertext()) and "Play" not in "".join(drawing.itertext())


def test_what_no_picture_can_be_is_said() -> None:
    figure = ov.loss_figure(BOTH, ov.run(BOTH, "cpu"))
    for how in ({"format": "exe"}, {"size": (5, 5)}, {"size": (10**9, 10)}, {"scale": 1e9}):
        with pytest.raises(ValueError, match="A picture"):
            ov.to_image(figure, **how)


# -- pages ------------------------------------------------------------------------------------------------


def test_a_page_stays_small_and_says_nothing_unescaped() -> None:
    name = "</script><img src=x onerror=alert(1)>"
    named = replace(BOTH, runs=(replace(BOTH.runs[0], label=name), BOTH.runs[1]))
    page = ov.to_html(named)
    assert len(page.encode()) < 3_000_000
    assert name not in page and "</script><img" not in page
    assert page.count("<script") == page.count("</script>") == 6
    addresses = re.findall(r"""(?:src|href)=["']?(?!#)([^"' >]+)""", page)
    assert not [address for address in addresses if "//" in address]
    with pytest.raises(ValueError, match="light"):
        ov.to_html(BOTH, theme="pink")


def test_a_page_has_the_scripts_that_it_loads_and_no_others() -> None:
    found = re.search(r'<script type="importmap">(.*?)</script>', ov.to_html(BOTH))
    assert found is not None
    scripts = {
        name: base64.b64decode(address.removeprefix("data:text/javascript;base64,")).decode()
        for name, address in json.loads(found[1])["imports"].items()
    }
    code = "".join(
        re.sub(r"/\*.*?\*/|^ *//.*?$", "", one, flags=re.DOTALL | re.MULTILINE) for one in scripts.values()
    )
    loaded = {"optviz/standalone.js", *re.findall(r'\b(?:from |import\()"(.*?)"', code)}
    assert loaded == set(scripts) and "optviz/relief/mesh.js" in loaded


@pytest.mark.slow
def test_a_page_that_would_be_large_has_no_inspector_or_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    trajectories = ov.run(BOTH, "cpu")
    whole = len(ov.to_html(BOTH, trajectories))
    monkeypatch.setattr(pages, "_LARGEST", whole - 1)
    assert len(ov.to_html(BOTH, trajectories)) < whole
    monkeypatch.setattr(pages, "_LARGEST", 1000)
    with pytest.raises(ValueError, match="fewer steps"):
        ov.to_html(BOTH, trajectories)
