"""The console command `optviz`: opens the app from any folder, or does what needs no browser."""

from __future__ import annotations

import runpy
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from optviz import command
from optviz.environment import extra

LAUNCH = Path(__file__).parent / "launch"


def arguments(extra: Sequence[str] = ()) -> list[str]:
    """The command line given to `streamlit`, with the user's own options last, where they win.

    The settings are passed one by one because Streamlit does not look for a settings file
    beside an installed package, and because a missing one should be an error, not telemetry.
    """
    settings = tomllib.loads((LAUNCH / "config.toml").read_text(encoding="utf-8"))
    options = [f"--{key}={value}" for key, value in _flat(settings)]
    return ["run", str(LAUNCH / "app.py"), *options, "--server.address=localhost", *extra]


def main() -> None:
    """Do a command, or become `streamlit run` on the packaged app where there is none."""
    words = sys.argv[1:]
    options = [word for word in words if word in ("-h", "--help", "--version")]
    if words and not words[0].startswith("-"):
        sys.exit(command.main(words))
    elif options:
        sys.exit(command.main(options))
    try:
        with extra("app"):
            import streamlit  # noqa: F401  # a sentence where it is not installed
    except ValueError as error:
        sys.exit(f"optviz: {error}")
    sys.argv = ["streamlit", *arguments(words)]
    runpy.run_module("streamlit", run_name="__main__", alter_sys=True)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """`{"theme": {"light": {"font": "serif"}}}` as `("theme.light.font", "serif")`."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, str(value).lower() if isinstance(value, bool) else str(value)
