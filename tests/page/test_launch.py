"""The console command: what it passes to Streamlit, and what it says by itself."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import pytest
from streamlit.web.cli import main_run

import optviz
from optviz import command
from optviz.web import cli

SETTINGS = tomllib.loads((Path(__file__).parents[2] / ".streamlit/config.toml").read_text(encoding="utf-8"))


def test_telemetry_and_error_details_are_off_in_the_installed_command():
    """As Streamlit's own parser understands what the command passes."""
    _, *arguments = cli.arguments(["--server.port", "8600"])
    given = main_run.make_context("run", arguments).params
    assert given["browser_gatherUsageStats"] is False
    assert given["client_showErrorDetails"] == "none"
    assert given["server_address"] == "localhost"
    assert given["server_port"] == 8600
    assert given["theme_dark_textColor"] == SETTINGS["theme"]["dark"]["textColor"]
    assert Path(given["target"]).is_file()


def test_the_users_own_options_win():
    _, *arguments = cli.arguments(["--server.address=0.0.0.0", "--client.showErrorDetails", "full"])
    given = main_run.make_context("run", arguments).params
    assert given["server_address"] == "0.0.0.0"
    assert given["client_showErrorDetails"] == "full"


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--version", f"optviz {optviz.__version__}\n"),
        ("--help", command.parser().format_help()),
        ("-h", command.parser().format_help()),
    ],
)
def test_the_command_says_what_it_is(option, said, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["optviz", "--server.port", "8600", option])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == said
