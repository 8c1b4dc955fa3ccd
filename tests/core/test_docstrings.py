"""Docstrings of the public functions keep the template that CONTRIBUTING.md shows."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import Any

import pytest

import optviz as ov

SECTIONS = ("Args", "Returns", "Raises", "Source", "Example")
FUNCTIONS = sorted(
    name for name in ov.__all__ if callable(getattr(ov, name)) and not isinstance(getattr(ov, name), type)
)


def sections(function: Any) -> dict[str, str]:
    """The text under each heading; under "" what comes before the first."""
    parts = re.split(rf"^({'|'.join(SECTIONS)}):\n", inspect.getdoc(function) or "", flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def raises_itself(function: Any) -> bool:
    """Whether there is a `raise` in its own code."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    return any(isinstance(node, ast.Raise) for node in ast.walk(tree))


def test_there_are_functions():
    assert len(FUNCTIONS) > 40


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_parameter_is_described_in_its_place(name):
    function = getattr(ov, name)
    described = re.findall(r"^    (\w+): \S", sections(function).get("Args", ""), re.MULTILINE)
    assert described == list(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_comes_back_and_what_is_raised_is_said(name):
    function = getattr(ov, name)
    written = sections(function)
    returned = inspect.signature(function).return_annotation
    assert ("Returns" in written) == (returned not in (None, "None"))
    assert "Raises" in written or not raises_itself(function)
    assert list(written)[1:] == [section for section in SECTIONS if section in written], "in this order"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_first_line_says_what_comes_back(name):
    first, _, rest = sections(getattr(ov, name))[""].partition("\n")
    assert first.endswith(".") and not rest.split("\n")[0]
