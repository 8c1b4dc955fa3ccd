"""The console command `optviz`: opens the app from any folder, or does what needs no browser."""

from __future__ import annotations

import runpy
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from optviz.version import __version__

COMMANDS = ("run", "export", "list")
LAUNCH = Path(__file__).parent / "launch"

HELP = """\
optviz: watch real torch.optim optimizers walk down loss surfaces, in your browser.

  optviz                            open the app (at http://localhost:8501 unless that is taken)
  optviz run EXPERIMENT             run an experiment, a file or a link, and print how it ended
  optviz export EXPERIMENT FILE     make a web page, a film, a picture, a table or a program of it
  optviz list optimizers            list what there is: surfaces, optimizers, schedulers

  optviz --server.port 8600         at a port of your choice
  optviz --server.headless true     without opening a browser window
  optviz --server.address 0.0.0.0   for other computers on the network too, not only this one
  optviz --version                  print the version
  optviz --help                     print this

`optviz run --help` and `optviz export --help` say more. Ctrl+C stops the app. Any other option goes to
Streamlit; `streamlit run --help` lists them all.
"""


def arguments(extra: Sequence[str] = ()) -> list[str]:
    """The command line given to `streamlit`, with the user's own options last, where they win.

    The settings are passed one by one because Streamlit does not look for a settings file
    beside an installed package, and because a missing one should be an error, not telemetry.
    """
    settings = tomllib.loads((LAUNCH / "config.toml").read_text(encoding="utf-8"))
    options = [f"--{key}={value}" for key, value in _flat(settings)]
    return ["run", str(LAUNCH / "app.py"), *options, "--server.address=localhost", *extra]


def main() -> None:
    """Print help or version, do a command, or become `streamlit run` on the packaged app."""
    extra = sys.argv[1:]
    if extra and extra[0] in COMMANDS:
        from optviz import command  # not before it is needed: it draws films, and the app starts sooner

        sys.exit(command.main(extra))
    if "--help" in extra or "-h" in extra:
        print(HELP, end="")
    elif "--version" in extra:
        print(f"optviz {__version__}")
    else:
        sys.argv = ["streamlit", *arguments(extra)]
        runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """`{"theme": {"light": {"font": "serif"}}}` as `("theme.light.font", "serif")`."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value).lower() if isinstance(value, bool) else str(value)
