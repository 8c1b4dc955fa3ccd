"""The template that docstrings keep, which CONTRIBUTING.md shows: what is said under which heading."""

from __future__ import annotations

import re

SECTIONS = ("Args", "Returns", "Raises", "Source", "Example")
"""The headings, in their order."""


def sections(docstring: str) -> dict[str, str]:
    """The text under each heading; under "" what comes before the first."""
    opening, *rest = re.split(rf"^({'|'.join(SECTIONS)}):\n", docstring, flags=re.MULTILINE)
    return {"": opening, **dict(zip(rest[::2], rest[1::2], strict=True))}


def are_in_order(written: dict[str, str]) -> bool:
    """Whether the headings of a docstring come in the template's order."""
    return list(written)[1:] == [section for section in SECTIONS if section in written]
