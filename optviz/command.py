"""The command line without a browser: run an experiment, make files of it, list what there is.

Help and version are there at once: what computes and draws is loaded by the command that needs it.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optviz.environment import extra, other_torch
from optviz.spec.columns import decoded
from optviz.spec.experiment import Experiment, unknown_words
from optviz.spec.params import Param
from optviz.spec.view import View
from optviz.surfaces.catalogue import SURFACES, surface
from optviz.version import __version__

if TYPE_CHECKING:
    from optviz.engine.trajectory import Summary, Trajectory
    from optviz.export.formats import Format

SOURCE = "a file that optviz saved, a link, or - for standard input"

_LONGEST = 2_000_000
"""Most bytes or characters that are read from a file: more than an experiment may have."""
_PATIENCE = 0.1
"""Seconds between two updates of the progress bar."""


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say.

    What is wrong is a sentence on standard error.

    Args:
        arguments: The words of the command line after "optviz".

    Returns:
        The exit status: 0 if it is done, 1 if it could not be, 130 if it was stopped. Arguments that make no
        sense end the process with 2.
    """
    options = parser().parse_args(arguments)
    try:
        options.act(options)
    except ValueError as error:
        print(f"optviz: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"optviz: {where}{error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("optviz: stopped", file=sys.stderr)
        return 130
    return 0


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    whole = argparse.ArgumentParser(
        "optviz",
        description="Watch real torch.optim optimizers walk down loss surfaces. Without a command: in your\n"
        "browser, at http://localhost:8501 unless that is taken; Ctrl+C stops the app.",
        epilog=_EXAMPLES["app"],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"optviz {__version__}")
    commands = whole.add_subparsers(required=True, metavar="command", parser_class=_Command)
    run = commands.add_parser(
        "run",
        help="run an experiment and print how each competitor ended",
        description="Run an experiment and print how each competitor ended.",
        epilog=_EXAMPLES["run"],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("experiment", help=SOURCE)
    file: dict[str, Any] = {"metavar": "FILE", "type": _file_name}
    run.add_argument("--csv", **file, help="write every step, with all that was recorded")
    run.add_argument("--parquet", **file, help="the same as Parquet")
    run.add_argument("--json", **file, help="write the results, and what they were made with")
    _device(run)
    run.set_defaults(act=_run)
    export = commands.add_parser(
        "export",
        help="make a web page, a film, a picture, a table or a program of an experiment",
        epilog=_EXAMPLES["export"],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    export.set_defaults(act=_export, declare=_declare_export)
    listed = commands.add_parser("list", help="list surfaces, optimizers or schedulers")
    listed.add_argument(
        "what",
        choices=("surfaces", "optimizers", "more", "schedulers"),
        help="optimizers are torch's own; more are those of the package pytorch-optimizer",
    )
    listed.set_defaults(act=_list)
    return whole


class _Command(argparse.ArgumentParser):
    """A command. One that has to `declare` its arguments does so when it is the one that is meant."""

    def parse_known_args(self, *args: Any, **rest: Any) -> Any:
        declare = self._defaults.pop("declare", None)
        if declare:
            declare(self)
        return super().parse_known_args(*args, **rest)


def _declare_export(export: argparse.ArgumentParser) -> None:
    export.description = "Make a file of an experiment. Its ending says what it becomes:\n\n" + _endings()
    export.add_argument("experiment", help=SOURCE)
    export.add_argument("file", help="what to write, such as film.gif")
    for name, (param, endings) in _parameters().items():
        _option(export, name, param, endings)
    _device(export)


_EXAMPLES = {
    "app": "options of the app:\n"
    "  optviz --server.port 8600         at a port of your choice\n"
    "  optviz --server.headless true     without opening a browser window\n"
    "  optviz --server.address 0.0.0.0   for other computers on the network too, not only this one\n\n"
    "`optviz run --help` and `optviz export --help` say more. Any other option goes to Streamlit;\n"
    "`streamlit run --help` lists them all.",
    "run": "examples:\n"
    "  optviz run experiment.json --csv steps.csv\n"
    "  optviz run '?v=1&surface=Rosenbrock&start=-1.2,1.0&steps=300&run=Adam(lr=0.05)'",
    "export": "examples:\n"
    "  optviz export experiment.json race.html\n"
    "  optviz export experiment.json race.mp4 --seconds 12 --theme dark\n"
    "  optviz export experiment.json loss.svg --figure loss",
}


def _formats() -> Mapping[str, Format]:
    from optviz.export.formats import FORMATS

    return FORMATS


def _endings() -> str:
    return "\n".join(f"  {row.name:15} {row.title}: {row.help}" for row in _formats().values())


def _parameters() -> dict[str, tuple[Param, list[str]]]:
    """Each parameter of any format, and the endings of those that have it."""
    parameters: dict[str, tuple[Param, list[str]]] = {}
    for row in _formats().values():
        for name, param in row.params.items():
            parameters.setdefault(name, (param, []))[1].append(row.name)
    return parameters


def _option(to: argparse.ArgumentParser, name: str, param: Param, endings: Sequence[str]) -> None:
    help = f"{param.help} ({', '.join(endings)})"
    to.add_argument(f"--{name}", metavar=param.kind.usage, help=help)


def _file_name(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("a file needs a name")
    return text


def _device(to: argparse.ArgumentParser) -> None:
    to.add_argument("--device", default="auto", help='where torch computes: "auto", "cpu", "cuda", "mps"')


# -- commands ----------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> None:
    from optviz.export.tables import results_json, steps_csv, steps_parquet

    experiment, view = _read(options.experiment)
    if options.parquet:  # what is missing is said before anything is computed
        with extra("tables"):
            import pyarrow  # noqa: F401
    trajectories = _computed(experiment, options.device)
    function = surface(experiment.surface)
    width = max(len(trajectory.name) for trajectory in trajectories)
    for trajectory in trajectories:
        summary = trajectory.summary(function.minimizers, function.near(view.within))
        words = [_arrival(summary)] if function.minimizers else []
        words.append(summary.outcome.detail)
        print(f"{trajectory.name:{width}}  loss {summary.final_loss:<12.6g} {' '.join(words)}")
    if options.csv:
        _write(options.csv, steps_csv(trajectories).encode())
    if options.parquet:
        _write(options.parquet, steps_parquet(trajectories))
    if options.json:
        _write(options.json, results_json(experiment, trajectories, view.within).encode())


def _arrival(summary: Summary) -> str:
    """When a run reached a minimizer, in words."""
    if summary.steps_to_reach is None:
        return f"Never within {summary.within:.12g} of a minimizer."
    return f"First within {summary.within:.12g} of a minimizer at step {summary.steps_to_reach:,}."


def _export(options: argparse.Namespace) -> None:
    from optviz.export.formats import FileRequest

    experiment, view = _read(options.experiment)
    row = _format(options.file)
    asked = {name: getattr(options, name) for name in _parameters()}
    given = {name: _typed(row, name, text) for name, text in asked.items() if text is not None}
    settings = row.settings(given)
    trajectories = _computed(experiment, options.device) if row.runs else ()
    bar = _Bar(row.title)
    work = FileRequest(experiment, trajectories, view, settings, bar.show)
    content = row.make(work)
    bar.end()
    _write(options.file, content)


def _typed(row: Format, name: str, text: str) -> object:
    """The value that was typed for a parameter of a format; the text itself for an unknown parameter."""
    if name not in row.params:
        return text
    try:
        return row.params[name].kind.read(text)
    except ValueError as error:
        raise ValueError(f"{row.title}: {name} {error}") from None


def _list(options: argparse.Namespace) -> None:
    from optviz.optimizers.catalogue import OPTIMIZERS
    from optviz.optimizers.schedulers import SCHEDULERS

    lists: Mapping[str, Callable[[], Mapping[str, Any]]] = {
        "surfaces": lambda: SURFACES,
        "optimizers": lambda: OPTIMIZERS,  # only torch's own have been added: to know others loads torch
        "more": lambda: {name: OPTIMIZERS[name] for name in _register_more()},
        "schedulers": lambda: SCHEDULERS,
    }
    rows = lists[options.what]()
    width = max(map(len, rows))
    for name, info in rows.items():
        print(f"{name:{width}}  {', '.join(info.params)}".rstrip())


def _register_more() -> tuple[str, ...]:
    from optviz.optimizers.third_party import register_pytorch_optimizers

    with extra("more"):
        import pytorch_optimizer  # noqa: F401  # a sentence where it is not installed
    return register_pytorch_optimizers()


def _format(file: str) -> Format:
    formats = _formats()
    endings = [name for name in formats if file.lower().endswith(f".{name}")]
    if not endings:
        raise ValueError(f"{file}: an experiment becomes a file that ends in .{', .'.join(formats)}.")
    return formats[max(endings, key=len)]


# -- reading, computing, writing -----------------------------------------------------------------------------


def read(source: str) -> tuple[Experiment, View]:
    """The experiment and the view of a file, a link or standard input.

    Args:
        source: The name of a file, a link, or "-" for standard input.

    Returns:
        What was read; of a file, which says nothing of the view, the default view.

    Raises:
        ValueError: It holds neither an experiment as JSON nor a link of optviz.
        OSError: The file cannot be read.
    """
    if source == "-":
        if sys.stdin is None:  # it was closed
            raise ValueError("There is no standard input to read from.")
        text = sys.stdin.read(_LONGEST)
    elif _is_link(source) and not _exists(source):
        text = source
    else:
        with Path(source).open("rb") as file:
            text = decoded(file.read(_LONGEST))
    text = text.strip()
    if not _is_link(text):
        if remark := other_torch(Experiment.made_with(text).get("torch")):
            print(f"optviz: {remark}", file=sys.stderr)
        return Experiment.from_json(text), View()
    if unknown := unknown_words(text):
        print(f"optviz: words of the link that mean nothing to it: {', '.join(unknown)}", file=sys.stderr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it has just been said
        return Experiment.from_url(text), View.from_url(text)


_LINK = re.compile(r"https?://|[^{\s]*\?|(v|surface|run)=")


def _is_link(text: str) -> bool:
    return bool(_LINK.match(text.lstrip()))


def _exists(file: str) -> bool:
    try:
        return Path(file).exists()
    except (OSError, ValueError):  # too long for a name, or not one at all
        return False


def _read(source: str) -> tuple[Experiment, View]:
    """As `read`, with the optimizers of the package pytorch-optimizer where a competitor is one of those."""
    from optviz.optimizers.catalogue import OPTIMIZERS
    from optviz.optimizers.third_party import register_pytorch_optimizers

    experiment, view = read(source)
    if any(run.optimizer.name not in OPTIMIZERS for run in experiment.runs):
        register_pytorch_optimizers()
    return experiment, view


def _computed(experiment: Experiment, device: str) -> Sequence[Trajectory]:
    """Every competitor, seen on one plane where it is a network. Raises ValueError as `run` does."""
    from optviz.engine.planes import project
    from optviz.engine.run import run_one

    surface(experiment.surface)  # raises what is wrong with it before anything is said
    for remark in SURFACES[experiment.surface.name].remarks(experiment.surface.params):
        print(f"optviz: {remark}", file=sys.stderr)
    trajectories = []
    for index, run in enumerate(experiment.runs):
        bar = _Bar(f"{run.name} ({index + 1} of {len(experiment.runs)})", experiment.steps)
        trajectories.append(run_one(experiment, index, device, bar.show))
        bar.end()
    return project(experiment, trajectories)


def _write(file: str, content: bytes) -> None:
    Path(file).write_bytes(content)
    print(f"{file}: {len(content):,} bytes")


class _Bar:
    """A progress bar on standard error, if that is a terminal."""

    def __init__(self, title: str, total: int = 1) -> None:
        self.total = total
        self.title, self.next = title[:40], time.monotonic() + _PATIENCE
        self.shown = False

    def show(self, done: int, total: int | None = None) -> None:
        share = done / (total or self.total)
        if not sys.stderr.isatty() or time.monotonic() < self.next:
            return
        self.next, self.shown = time.monotonic() + _PATIENCE, True
        full = round(30 * share)
        print(f"\r{self.title:40} {'█' * full}{'·' * (30 - full)} {share:4.0%}", end="", file=sys.stderr)

    def end(self) -> None:
        if self.shown:
            print(f"\r{'':80}\r", end="", file=sys.stderr)
