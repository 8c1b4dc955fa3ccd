"""Every kind of file that an experiment can become: what it is called, what can be chosen, how it is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import plotly.graph_objects as go

from optviz.engine.request import made_with
from optviz.engine.trajectory import MadeWith, Trajectory
from optviz.export.films import FRAMES_A_SECOND, LARGEST, LONGEST, SMALLEST, WatchFrames, to_gif, to_mp4
from optviz.export.pictures import to_image
from optviz.export.tables import results_json, steps_csv, steps_parquet
from optviz.figures.catalogue import FIGURES
from optviz.figures.theme import THEMES, Theme, for_competitors
from optviz.maps import catalogue
from optviz.player.page import to_html
from optviz.programs.script import to_notebook, to_script
from optviz.spec.experiment import Experiment
from optviz.spec.params import Choice, Float, Int, Param, Value, complete
from optviz.spec.registry import Registry
from optviz.spec.view import View


@dataclass(frozen=True)
class FileRequest:
    """The input of a file's maker."""

    experiment: Experiment
    trajectories: Sequence[Trajectory]
    """One for each competitor that ran; of a network, projected."""
    view: View
    settings: Mapping[str, Any]
    """A value for each of the format's parameters."""
    watch: WatchFrames | None = None
    """Called now and then with the amount done and the total; what it raises ends the work."""

    @property
    def made_with(self) -> MadeWith:
        """What the numbers were computed with; where nothing has been run, what they would be here."""
        return self.trajectories[0].made_with if self.trajectories else made_with(self.experiment)

    @property
    def program(self) -> Experiment:
        """The competitors that ran, which a program can repeat: torch refuses the others."""
        runs = tuple(self.experiment.runs[trajectory.index] for trajectory in self.trajectories)
        return replace(self.experiment, runs=runs)


def _all_figures() -> Sequence[str]:
    return (*FIGURES, "map")


@dataclass(frozen=True)
class Context:
    """Where a file is asked for: what a parameter may be there, and what it is by default."""

    theme: str = "light"
    figures: Callable[[], Sequence[str]] = _all_figures
    """Returns the names of the figures that there are to choose from."""


@dataclass(frozen=True)
class Format:
    """A kind of file."""

    name: str
    """Its ending, without a dot."""
    title: str
    mime: str
    help: str
    make: Callable[[FileRequest], bytes]
    declare: Callable[[Context], Mapping[str, Param]] = lambda context: {}
    """Returns the parameters that can be chosen now, with figures that were registered since."""
    runs: bool = True
    """Whether it is made of what came of the runs, not of the experiment alone."""
    slow: bool = False
    """Whether making it takes longer than a click: then the page makes it only when it is asked to."""
    in_browser: bool = False
    """Whether it is a picture, which the page leaves to the visitor's browser: a server has no screen."""

    @property
    def params(self) -> Mapping[str, Param]:
        """The parameters that can be chosen, wherever it is."""
        return self.declare(Context())

    def settings(self, given: Mapping[str, object]) -> dict[str, Value]:
        """A value for each parameter: the given one, else its default.

        Args:
            given: Values by their names.

        Raises:
            ValueError: A parameter is unknown, or its value out of range.
        """
        return complete(self.title, self.params, given, check=True)


def figure_of(work: FileRequest) -> go.Figure:
    """The plotly figure of a request for a picture.

    Args:
        work: What is asked for; its settings name the figure and the theme.

    Raises:
        ValueError: The experiment has no such figure: no learning rate changes, or its link has no map.
    """
    name, theme = work.settings["figure"], THEMES[work.settings["theme"]]
    if name == "map":
        return _map_figure(work, theme)
    info = FIGURES[name]
    figure = info.draw(work.experiment, work.trajectories, theme=theme, view=work.view)
    if figure is None:
        raise ValueError(info.nothing)
    return figure


def _map_figure(work: FileRequest, theme: Theme) -> go.Figure:
    """The first picture of the map that the view looks at."""
    view = work.view
    if view.map is None:
        raise ValueError("There is no map in this link: open Maps, and take the link from there.")
    wanted = catalogue.requests(view.map, work.experiment, view.focus, view.within)
    results = [request() for request in wanted]
    own = for_competitors(theme, work.experiment, view)
    return catalogue.pictures(view.map, results, own)[0].figure


# -- how each is made --------------------------------------------------------------------------------------


def _page(work: FileRequest) -> bytes:
    theme = work.settings["theme"]
    return to_html(work.experiment, work.trajectories, theme=theme, view=work.view).encode()


def _film(make: Callable[..., bytes]) -> Callable[[FileRequest], bytes]:
    def film(work: FileRequest) -> bytes:
        chosen = work.settings
        return make(
            work.experiment,
            work.trajectories,
            size=(chosen["width"], chosen["height"]),
            fps=int(chosen["fps"]),
            seconds=chosen["seconds"],
            theme=chosen["theme"],
            view=work.view,
            watch=work.watch,
        )

    return film


def _picture(kind: str) -> Callable[[FileRequest], bytes]:
    def picture(work: FileRequest) -> bytes:
        chosen = work.settings
        size = (chosen["width"], chosen["height"])
        scale, words = chosen.get("scale", 1.0), work.made_with.words
        return to_image(figure_of(work), kind, size=size, scale=scale, made_with=words)

    return picture


def _experiment(work: FileRequest) -> str:
    return work.experiment.to_json(asdict(work.made_with))


def _text(make: Callable[[FileRequest], str]) -> Callable[[FileRequest], bytes]:
    return lambda work: make(work).encode()


# -- rows --------------------------------------------------------------------------------------------------


def _theme(context: Context) -> dict[str, Param]:
    return {"theme": Param(Choice(tuple(THEMES)), context.theme, "Dark or light.")}


def _of_film(context: Context) -> dict[str, Param]:
    side = Int(SMALLEST, LARGEST)
    return {
        "width": Param(side, 960, "Pixels."),
        "height": Param(side, 720, "Pixels."),
        "fps": Param(
            Choice(tuple(map(str, FRAMES_A_SECOND))), "20", "Frames per second.", "Frames per second"
        ),
        "seconds": Param(Float(0.5, LONGEST), 6.0, "How long the paths take."),
        **_theme(context),
    }


def _of_drawing(context: Context) -> dict[str, Param]:
    side, figures = Int(100, 4000), tuple(context.figures())
    return {
        "figure": Param(Choice(figures), figures[0], "What it shows."),
        "width": Param(side, 870, "In CSS pixels; text is 13 high."),
        "height": Param(side, 800, "In CSS pixels; text is 13 high."),
        **_theme(context),
    }


def _of_picture(context: Context) -> dict[str, Param]:
    pixels = Param(Float(0.5, 4.0), 2.0, "Pixels for each CSS pixel: 2 is sharp on paper.", "Sharpness")
    return _of_drawing(context) | {"scale": pixels}


_ROWS = (
    Format(
        "html",
        "Web page",
        "text/html",
        "The player in one file: plays, zooms and takes steps apart without a network.",
        _page,
        _theme,
        slow=True,
    ),
    Format(
        "gif",
        "Film, GIF",
        "image/gif",
        "Repeats itself; for slides and chats.",
        _film(to_gif),
        _of_film,
        slow=True,
    ),
    Format(
        "mp4",
        "Film, MP4",
        "video/mp4",
        "Smaller and smoother than a GIF.",
        _film(to_mp4),
        _of_film,
        slow=True,
    ),
    Format(
        "png",
        "Picture, PNG",
        "image/png",
        "For slides and reports.",
        _picture("png"),
        _of_picture,
        in_browser=True,
    ),
    Format(
        "svg",
        "Picture, SVG",
        "image/svg+xml",
        "Sharp at any size.",
        _picture("svg"),
        _of_drawing,
        in_browser=True,
    ),
    Format(
        "py",
        "torch script",
        "text/x-python",
        "The same runs as a plain torch program, which prints these very points.",
        _text(lambda work: to_script(work.program)),
    ),
    Format(
        "ipynb",
        "Jupyter notebook",
        "application/x-ipynb+json",
        "The same program, cell by cell.",
        _text(lambda work: to_notebook(work.program)),
    ),
    Format(
        "csv",
        "Every step, CSV",
        "text/csv",
        "Points, losses, gradients, rates and torch's own state of every step, in full. CSV has no place for "
        "what they were made with; the other files say it.",
        _text(lambda work: steps_csv(work.trajectories)),
    ),
    Format(
        "parquet",
        "Every step, Parquet",
        "application/vnd.apache.parquet",
        "The same for pandas, Polars and DuckDB.",
        lambda work: steps_parquet(work.trajectories),
    ),
    Format(
        "json",
        "Results, JSON",
        "application/json",
        "The experiment, its results, and what they were made with.",
        _text(lambda work: results_json(work.experiment, work.trajectories, work.view.within)),
    ),
    Format(
        "experiment.json",
        "Experiment, JSON",
        "application/json",
        "Everything that decides the numbers, your own data included: optviz opens it again.",
        _text(_experiment),
        runs=False,
    ),
)

FORMATS = Registry("a kind of file", lambda: _ROWS)
"""Every kind of file that an experiment can become, by its ending."""
