"""An experiment as a web page in one file: the player with all that it shows, which needs no network."""

from __future__ import annotations

import base64
import gzip
import html
import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.resources import files

from plotly.offline import get_plotlyjs, get_plotlyjs_version

from optviz.engine.planes import project
from optviz.engine.trajectory import Trajectory
from optviz.figures.theme import THEMES, Theme, themed
from optviz.player import captions
from optviz.player.message import PlayerMessage, Telling, sent
from optviz.player.scene import Scene, Shown, by_index, scene, steps_of
from optviz.spec.experiment import Experiment
from optviz.spec.view import PLAIN, View
from optviz.spec.wording import coordinates, counted
from optviz.surfaces.catalogue import surface

_FOLDER = files("optviz.player")
_LARGEST = 6_000_000
"""Largest page in bytes: what mail and learning platforms accept."""
_IMPORT = re.compile(r"""(^import\b[^;"]*|\bawait import\()"(\.\.?/[\w./]+\.js)\"""", re.MULTILINE)
"""Static and dynamic imports of a module."""
_NAME = "optviz/"
_APP = {
    "light": {"secondary-background-color": "#f3f6fa", "primary-color": "#1f5fb4"},
    "dark": {"secondary-background-color": "#161c24", "primary-color": "#4084e8"},
}
"""Colours of the app, whose own place is Streamlit's file of settings: a test compares."""
_FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def to_html(
    experiment: Experiment,
    trajectories: Sequence[Trajectory] | None = None,
    *,
    theme: Theme | str = "light",
    view: View = PLAIN,
) -> str:
    """A web page that plays the trajectories of an experiment: one file of at most 6 MB, without a network.

    It is the player of the app with its transport, curves, inspector, code and table; only the start cannot
    be moved, since there is no torch in a file. Of very long runs the inspector is left out, so that the page
    stays small.

    Args:
        experiment: The experiment.
        trajectories: One for each competitor; they are computed where left out.
        theme: "light", "dark" or a `Theme`.
        view: How it is looked at when it opens.

    Returns:
        The page's HTML.

    Raises:
        ValueError: As in `run`; there is no theme of this name, or the page would be larger than 6 MB.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> ov.to_html(exp)[:15].lower()
        '<!doctype html>'
    """
    from optviz.engine.run import run

    paths = project(experiment, run(experiment) if trajectories is None else trajectories)
    colors = themed(theme)
    whole = _whole(experiment, paths, view)
    for competitors in (whole, [replace(competitor, steps=None) for competitor in whole]):
        shown = scene(experiment, competitors, view=view, fixed=True)
        page = _page(experiment, paths, _message(experiment, competitors, shown, view), shown.blobs, colors)
        if len(page.encode()) <= _LARGEST:
            return page
    raise ValueError("This page would be larger than 6 MB: take fewer steps or fewer competitors.")


# -- what is shown -----------------------------------------------------------------------------------------


def _whole(experiment: Experiment, paths: Sequence[Trajectory], view: View) -> list[Shown]:
    """Everything that the player can show: a file cannot ask for more later."""
    return [
        _all_of(experiment, index, shown, view) for index, shown in enumerate(by_index(experiment, paths))
    ]


def _all_of(experiment: Experiment, index: int, shown: Shown, view: View) -> Shown:
    from optviz.engine.run import run_reference
    from optviz.optimizers.conventions import conventions
    from optviz.programs.loop import training_loop
    from optviz.rules.stability import stability

    path = shown.trajectory
    if path is None:
        return shown
    has_reference = view.convention in (row.name for row in conventions(experiment.runs[index]))
    stable = stability(experiment, path)
    return Shown(
        path,
        steps_of(experiment, path, stable),
        run_reference(experiment, index, view.convention) if has_reference else None,
        stable,
        training_loop(experiment, index),
    )


def _message(experiment: Experiment, competitors: Sequence[Shown], shown: Scene, view: View) -> PlayerMessage:
    function = surface(experiment.surface)
    within = function.near(view.within)
    paths = [competitor.trajectory for competitor in competitors]
    summaries = [path.summary(function.minimizers, within) if path else None for path in paths]
    endings = [path.outcome.detail if path else "Did not run." for path in paths]
    return {
        **shown.data,
        **captions.words(experiment, view),
        **Telling(),
        "table": captions.table(experiment, summaries, endings, view),
        "plotly": get_plotlyjs_version(),
        "player": "",
        "opening": 0,
    }


# -- the file ----------------------------------------------------------------------------------------------


def _page(
    experiment: Experiment,
    paths: Sequence[Trajectory],
    message: PlayerMessage,
    blobs: Sequence[bytes],
    theme: Theme,
) -> str:
    themes = dict.fromkeys(THEMES, sent(theme))  # a file stays as it is, wherever it is opened
    parts = {
        "title": html.escape(f"{experiment.surface.name}: {', '.join(run.name for run in experiment.runs)}"),
        "heading": html.escape(experiment.surface.name),
        "said": html.escape(_said(experiment)),
        "made": html.escape(paths[0].made_with.words),
        "scheme": _scheme(theme),
        "colors": _colors(theme),
        "style": _text("static/player.css"),
        "modules": json.dumps({"imports": _modules()}),
        "plotly": _packed(get_plotlyjs().encode()),
        "scene": _packed(json.dumps({**message, "themes": themes}, allow_nan=False).encode()),
        "blobs": json.dumps([_packed(blob) for blob in blobs]),
        # "<" is the only letter that could end the script that it stands in.
        "experiment": experiment.to_json().replace("<", r"\u003c"),
    }
    template = _text("page.html")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _text(path: str) -> str:
    return (_FOLDER / path).read_text(encoding="utf-8")


def _said(experiment: Experiment) -> str:
    """The experiment in a line."""
    function, seed = surface(experiment.surface), experiment.seed
    start = f"start {coordinates(experiment.start, function.widths)}"
    begin = f"weights of seed {seed}" if function.network else start
    return f"{begin} · {counted(experiment.steps, 'step')} · {experiment.dtype}"


def _scheme(theme: Theme) -> str:
    return "dark" if theme.is_dark else "light"


def _colors(theme: Theme) -> str:
    """The custom properties that the player's style takes from the app."""
    own = _APP[_scheme(theme)] | {
        "font": _FONT,
        "code-font": "ui-monospace, 'SF Mono', Menlo, Consolas, monospace",
        "text-color": theme.ink,
        "background-color": theme.paper,
        "border-color": theme.faint,
    }
    return "".join(f"--st-{name}: {value};" for name, value in own.items())


def _modules() -> Mapping[str, str]:
    """The files that a player loads, by the names that they import each other by."""
    addresses: dict[str, str] = {}
    waiting = {"standalone.js"}
    while waiting:
        path = waiting.pop()
        source, imported = _module(path)
        addresses[_NAME + path] = "data:text/javascript;base64," + base64.b64encode(source.encode()).decode()
        waiting |= {name for name in imported if _NAME + name not in addresses}
    return addresses


def _module(path: str) -> tuple[str, set[str]]:
    """A file of the player, and the files that it imports: a data address has no folder to start from."""
    imported = set()

    def named(match: re.Match[str]) -> str:
        name = posixpath.normpath(posixpath.join(posixpath.dirname(path), match[2]))
        imported.add(name)
        return f'{match[1]}"{_NAME}{name}"'

    return _IMPORT.sub(named, _text(f"static/{path}")), imported


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
