"""The messages to the browser have one declaration: what JavaScript reads of it is what Python says."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.messages import DECLARATIONS, written


@pytest.mark.parametrize("file", DECLARATIONS, ids=lambda file: f"{file.parent.parent.name}/{file.name}")
def test_the_types_are_written_from_the_declarations(file: Path) -> None:
    assert file.read_text(encoding="utf-8") == written(DECLARATIONS[file]), "run python -m scripts.messages"
