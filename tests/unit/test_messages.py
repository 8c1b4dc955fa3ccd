"""The messages to the browser have one declaration: what JavaScript reads of it is what Python says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.messages import DECLARATIONS, written


@pytest.mark.parametrize("file", DECLARATIONS, ids=lambda file: f"{file.parent.parent.name}/{file.name}")
def test_the_types_are_written_from_the_declarations(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == written(DECLARATIONS[file]), "run python -m scripts.messages"


@pytest.mark.parametrize("file", DECLARATIONS, ids=lambda file: f"{file.parent.parent.name}/{file.name}")
def test_nothing_is_sent_that_no_script_reads(file: Path) -> None:
    scripts = "\n".join(script.read_text(encoding="utf-8") for script in file.parent.rglob("*.js"))
    read = set(re.findall(r"\w+", re.sub(r"(?s:/\*.*?\*/)|//.*", "", scripts)))
    assert {*re.findall(r"^  (\w+)\??:", file.read_text(encoding="utf-8"), flags=re.MULTILINE)} <= read
