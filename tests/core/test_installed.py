"""A guest: what there is without the extras, what is said there, and what the wheel and the sdist hold."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

import guest
from optviz.environment import EXTRAS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCRIPT = ROOT / "tests" / "guest.py"
NEEDED = [(extra, name) for extra, tasks in guest.NEEDS.items() for name in tasks]


def of_extras() -> Iterator[str]:
    """The names under which Python imports what the extras require."""
    required = {
        re.split("[>=]", requirement)[0].replace("-", "_")
        for extra in EXTRAS
        for requirement in PROJECT["optional-dependencies"][extra]
    }
    for name, distributions in packages_distributions().items():
        if required & {distribution.replace("-", "_") for distribution in distributions}:
            yield name


def done(python: Path | str, *words: str, **how: Any) -> dict[str, dict[str, Any]]:
    """What guest.py says in the environment of a Python."""
    command = [python, "-P", SCRIPT, *words]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True, **how).stdout)


def refusal(outcome: dict[str, Any], extra: str) -> str:
    """The command that the one sentence of a refusal names."""
    assert outcome["status"] == 1, outcome["said"]
    (sentence,) = outcome["said"].splitlines()
    assert sentence.startswith("optviz: ")
    (command,) = re.findall(r'pip install "optviz\[\w+\]"', sentence)
    assert command == f'pip install "optviz[{extra}]"'
    return command


# -- without the extras' packages, which are only hidden -----------------------------------------------------


@pytest.fixture(scope="module")
def bare() -> dict[str, dict[str, Any]]:
    return done(sys.executable, *EXTRAS, "--", *of_extras(), env=os.environ | {"PYTHONPATH": str(ROOT)})


def test_every_extra_is_needed_for_something_here() -> None:
    assert guest.NEEDS.keys() == EXTRAS.keys()
    assert {"streamlit", "PIL", "pytorch_optimizer"} < {*of_extras()}


@pytest.mark.slow
@pytest.mark.parametrize("name", guest.WORKS)
def test_it_works_without_any_extra(bare, name) -> None:
    assert bare[name] == {"status": 0, "said": ""}


@pytest.mark.slow
@pytest.mark.parametrize(("extra", "name"), NEEDED)
def test_what_needs_an_extra_says_so(bare, extra, name) -> None:
    refusal(bare[name], extra)
