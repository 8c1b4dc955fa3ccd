"""An experiment as a film, GIF or MP4: the surface and the paths as they grow, drawn frame by frame."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from optviz.engine.planes import project
from optviz.engine.run import run
from optviz.engine.trajectory import Trajectory
from optviz.environment import extra
from optviz.figures.theme import Theme, themed
from optviz.spec.experiment import Experiment
from optviz.spec.view import PLAIN, View

if TYPE_CHECKING:
    from PIL import Image

    from optviz.export.frames import Size, Stage

WatchFrames = Callable[[int, int], None]
"""Called after each frame with the frames done and their total. What it raises ends the work."""

FRAMES_A_SECOND = (10, 20, 25, 50)
"""Rates that both formats have: a GIF counts in hundredths of a second."""
SMALLEST, LARGEST = 240, 1920
"""Pixels along each side."""
LONGEST = 60.0
"""Seconds."""
_REST = 1.0
"""Seconds for which the last frame stays before a film begins again."""


def to_gif(
    experiment: Experiment,
    trajectories: Sequence[Trajectory] | None = None,
    *,
    size: Size = (800, 600),
    fps: int = 20,
    seconds: float = 6.0,
    theme: Theme | str = "light",
    view: View = PLAIN,
    watch: WatchFrames | None = None,
) -> bytes:
    """A film of an experiment as an animated GIF that repeats itself.

    Args:
        experiment: The experiment.
        trajectories: One for each competitor; they are computed where left out.
        size: (width, height) in pixels, 240 to 1,920 each.
        fps: Frames per second: 10, 20, 25 or 50.
        seconds: How long the paths take to grow, 0.5 to 60. Their ends stay for one second more.
        theme: "light", "dark" or a `Theme`.
        view: How it is looked at: colours of the competitors, units of the axes.
        watch: Called after each frame with the frames done and their total. What it raises ends the work.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: As in `run`, and for a film outside these bounds.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> ov.to_gif(exp, size=(240, 240), fps=10, seconds=0.5)[:6]
        b'GIF89a'
    """
    with extra("films"):
        from PIL import Image

        from optviz.export.frames import palette_of
    film = _Film(experiment, trajectories, size, fps, seconds, theme, view)
    frames = film.frames(watch)
    first = next(frames)
    # One palette for all frames: else colours flicker, and nothing of a frame can be left out.
    palette = palette_of(first, experiment, themed(theme), view)
    few = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in (first, *frames)]
    file = io.BytesIO()
    durations = [1000 // fps] * (len(few) - 1) + [int(1000 * _REST)]
    how = {"save_all": True, "append_images": few[1:], "duration": durations, "loop": 0}
    few[0].save(file, "GIF", comment=film.made_with, **how)
    return file.getvalue()


def to_mp4(
    experiment: Experiment,
    trajectories: Sequence[Trajectory] | None = None,
    *,
    size: Size = (1280, 720),
    fps: int = 25,
    seconds: float = 8.0,
    theme: Theme | str = "light",
    view: View = PLAIN,
    watch: WatchFrames | None = None,
) -> bytes:
    """A film of an experiment as an MP4 (H.264).

    Args:
        experiment: The experiment.
        trajectories: As in `to_gif`.
        size: (width, height) in pixels, 240 to 1,920 each; an odd one is made even.
        fps: As in `to_gif`.
        seconds: As in `to_gif`.
        theme: "light", "dark" or a `Theme`.
        view: As in `to_gif`.
        watch: As in `to_gif`.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: As in `to_gif`.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> ov.to_mp4(exp, size=(240, 240), fps=10, seconds=0.5)[4:8]
        b'ftyp'
    """
    with extra("films"):
        import av
    width, height = (side & ~1 for side in size)
    film = _Film(experiment, trajectories, (width, height), fps, seconds, theme, view)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        container.metadata["comment"] = film.made_with
        stream = container.add_stream("libx264", rate=fps, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = Fraction(1, fps)
        for frame in _resting(film.frames(watch), round(fps * _REST) - 1):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.asarray(frame), format="rgb24")))
        container.mux(stream.encode())
    return file.getvalue()


def last_frame(
    experiment: Experiment,
    trajectories: Sequence[Trajectory] | None = None,
    *,
    size: Size = (800, 600),
    theme: Theme | str = "light",
    view: View = PLAIN,
    bare: bool = False,
) -> bytes:
    """The last frame of a film of an experiment, its paths whole, as a lossless WebP.

    A `bare` one has no axes and no words, and is so much smaller. All else is as in `to_gif`.
    """
    stage = _stage(experiment, trajectories, size, theme, view)
    frame = stage.frame(float(stage.steps))
    file = io.BytesIO()
    (frame.crop(stage.box) if bare else frame).save(file, "WEBP", lossless=True)
    return file.getvalue()


def _resting(frames: Iterator[Image.Image], more: int) -> Iterator[Image.Image]:
    """The frames, the last of them repeated `more` times."""
    for frame in frames:
        last = frame
        yield frame
    yield from [last] * more


def frame_count(fps: int, seconds: float) -> int:
    """The number of different frames in a film."""
    return max(2, round(fps * seconds) + 1)


class _Film:
    """A film that can be drawn, frame by frame."""

    def __init__(
        self,
        experiment: Experiment,
        trajectories: Sequence[Trajectory] | None,
        size: Size,
        fps: int,
        seconds: float,
        theme: Theme | str,
        view: View,
    ) -> None:
        if fps not in FRAMES_A_SECOND:
            raise ValueError(f"A film has {', '.join(map(str, FRAMES_A_SECOND))} frames a second, not {fps}.")
        if not 0.5 <= seconds <= LONGEST:
            raise ValueError(f"A film takes 0.5 to {LONGEST:.0f} seconds.")
        self._count = frame_count(fps, seconds)
        self._stage = _stage(experiment, trajectories, size, theme, view)

    @property
    def made_with(self) -> str:
        """What computed it, in a sentence that goes into the file; empty where nothing ran."""
        return self._stage.paths[0].made_with.words if self._stage.paths else ""

    def frames(self, watch: WatchFrames | None) -> Iterator[Image.Image]:
        """From the start to the last step; `watch` is called after each."""
        for index, position in enumerate(np.linspace(0, self._stage.steps, self._count)):
            yield self._stage.frame(float(position))
            if watch is not None:
                watch(index + 1, self._count)


def _stage(
    experiment: Experiment,
    trajectories: Sequence[Trajectory] | None,
    size: Size,
    theme: Theme | str,
    view: View,
) -> Stage:
    if not all(isinstance(side, int) and SMALLEST <= side <= LARGEST for side in size):
        raise ValueError(f"A film is {SMALLEST} to {LARGEST:,} pixels wide and high.")
    with extra("films"):
        from optviz.export.frames import Stage
    paths = project(experiment, run(experiment) if trajectories is None else trajectories)
    return Stage(experiment, paths, size, themed(theme), view)
