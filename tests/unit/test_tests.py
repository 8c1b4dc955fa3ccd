"""No test passes because it looks at nothing."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
FILES = {
    path.relative_to(TESTS).as_posix(): ast.parse(path.read_text("utf-8")) for path in TESTS.rglob("*.py")
}
FUNCTIONS = defaultdict(list)
for _tree in FILES.values():
    for _node in ast.walk(_tree):
        if isinstance(_node, ast.FunctionDef):
            FUNCTIONS[_node.name].append(_node)
CHECKS = {"raises", "warns", "fail", "expect", "wait_for_function", "wait_for_url", "wait_for_selector"}
"""Calls that fail where something is not so, besides those of `numpy.testing` and our own helpers."""


def called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name


def looks(tree: ast.AST, seen: frozenset[str] = frozenset()) -> bool:
    """Whether something in it can fail a test: an assertion, a check, or a helper that has one."""
    if any(isinstance(node, ast.Assert | ast.Raise) for node in ast.walk(tree)):
        return True
    names = set(called(tree)) - seen
    helpers = [helper for name in names & FUNCTIONS.keys() for helper in FUNCTIONS[name]]
    return any(name in CHECKS or name.startswith("assert_") for name in names) or any(
        looks(helper, seen | names) for helper in helpers
    )


def left_early(block: list[ast.stmt]) -> Iterator[int]:
    """The lines of each `return` before which its block has looked at nothing."""
    for place, node in enumerate(block):
        if isinstance(node, ast.Return) and not any(map(looks, block[:place])):
            yield node.lineno
        if not isinstance(node, ast.FunctionDef):
            inner = [node, *getattr(node, "handlers", []), *getattr(node, "cases", [])]
            for part in inner:
                for name in ("body", "orelse", "finalbody"):
                    yield from left_early(getattr(part, name, []))


@pytest.mark.parametrize("file", [name for name in FILES if Path(name).name.startswith("test_")])
def test_every_test_looks_at_something_in_each_of_its_cases(file: str) -> None:
    tests = [node for node in FILES[file].body if getattr(node, "name", "").startswith("test_")]
    assert [test.name for test in tests if not looks(test)] == []
    assert [(test.name, line) for test in tests for line in left_early(test.body)] == []


def test_it_would_be_seen() -> None:
    silent, early, fine = (
        "def test_a():\n    print()",
        "def test_a(n):\n    if n:\n        return\n    assert n",
        "def test_a(n):\n    if n:\n        assert n > 1\n        return\n    assert n",
    )
    assert not looks(ast.parse(silent)) and looks(ast.parse(fine))
    assert list(left_early(ast.parse(early).body[0].body)) == [3]
    assert not list(left_early(ast.parse(fine).body[0].body))
