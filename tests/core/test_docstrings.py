"""Docstrings of the public functions keep the template that CONTRIBUTING.md shows."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from typing import Any

import pytest

import docstrings
import optviz as ov

FUNCTIONS = {name: item for name in ov.__all__ if inspect.isroutine(item := getattr(ov, name))}
METHODS = {
    f"{name}.{method}": function
    for name in ov.__all__
    if isinstance(owner := getattr(ov, name), type)
    for method, function in inspect.getmembers(owner, inspect.isroutine)
    if not method.startswith("_") and getattr(function, "__module__", "").startswith("optviz.")
    if getattr(function, "__name__", "") == method  # a field may hold a function, or a cached property
}
DOCUMENTED = FUNCTIONS | METHODS
WITHOUT_EXAMPLE = {"to_image": "it needs a browser", "register_pytorch_optimizers": "it needs a package"}


def sections(function: Any) -> dict[str, str]:
    return docstrings.sections(inspect.getdoc(function) or "")


def raises_itself(function: Any) -> bool:
    """Whether there is a `raise` in its own code."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(function))))
    return any(isinstance(node, ast.Raise) for node in ast.walk(tree))


def parameters(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def test_there_are_functions_and_methods():
    assert len(FUNCTIONS) > 40 and len(METHODS) > 25


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_parameter_is_described_in_its_place(name):
    function = DOCUMENTED[name]
    described = re.findall(r"^    (\w+): \S", sections(function).get("Args", ""), re.MULTILINE)
    assert described == parameters(function)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_what_comes_back_and_what_is_raised_is_said(name):
    function = DOCUMENTED[name]
    written = sections(function)
    returns = inspect.signature(function).return_annotation not in (None, "None")
    assert ("Returns" in written) == returns or name in METHODS  # for which a line may do
    assert "Raises" in written or not raises_itself(function)
    assert docstrings.are_in_order(written)


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - WITHOUT_EXAMPLE.keys()))
def test_every_function_has_an_example(name):
    assert ">>> " in sections(FUNCTIONS[name])["Example"]


@pytest.mark.parametrize("name", DOCUMENTED)
def test_the_first_line_says_what_comes_back(name):
    first, _, rest = sections(DOCUMENTED[name])[""].partition("\n")
    assert first.endswith(".") and not rest.split("\n")[0]
