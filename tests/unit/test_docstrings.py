"""What the docstrings of all public functions hold, those of the inner packages included.

Public is what has no underscore before its name or its class's: other files import it. `tests/core/` has the
whole template, for what `import optviz` offers.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import docstrings
import optviz

PACKAGE = Path(optviz.__file__).parent
ARRAYS = re.compile(r"\b(Tensor|NDArray|Array|Floats|Rows|Places)\b")
SHAPE = r"\((?:\.\.\.|[\w*+. ]+,[^()]*|)\)"
"""A shape as it is written: (k,), (n+1, 2), (..., D), () or (...)."""
ELEMENTWISE = "tensors of any shape"
"""A module whose docstring says this of its functions says it for each of them."""


@dataclass(frozen=True)
class Function:
    """A public function or method with a docstring."""

    module: str
    name: str
    node: ast.FunctionDef
    is_elementwise: bool

    @cached_property
    def sections(self) -> dict[str, str]:
        return docstrings.sections(ast.get_docstring(self.node) or "")

    @property
    def arguments(self) -> list[ast.arg]:
        taken = self.node.args
        named = [*taken.posonlyargs, *taken.args, *filter(None, [taken.vararg]), *taken.kwonlyargs]
        named += filter(None, [taken.kwarg])
        return [argument for argument in named if argument.arg not in ("self", "cls")]

    @property
    def described(self) -> dict[str, str]:
        """The arguments under Args, and what is said of them."""
        parts = re.split(r"^    (\w+): ", self.sections.get("Args", ""), flags=re.M)
        return dict(zip(parts[1::2], parts[2::2], strict=True))

    @property
    def raises(self) -> bool:
        """Whether it has a `raise` of its own; what is abstract and what is passed on do not count."""
        return any(_names_error(node) for node in _own(self.node))


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's own code, without those of functions inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda | ast.ClassDef):
            yield child
            yield from _own(child)


def _names_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Raise) and node.exc is not None and "NotImplemented" not in ast.unparse(node)


def _public(body: list[ast.stmt], owner: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from _public(node.body, f"{owner}{node.name}.")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and ast.get_docstring(node):
            yield f"{owner}{node.name}", node


@cache
def public_functions() -> list[Function]:
    functions = []
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        elementwise = ELEMENTWISE in " ".join((ast.get_docstring(tree) or "").split())
        module = str(path.relative_to(PACKAGE))
        functions += [Function(module, name, node, elementwise) for name, node in _public(tree.body)]
    return functions


def _is_array(annotation: ast.expr | None) -> bool:
    return annotation is not None and bool(ARRAYS.search(ast.unparse(annotation)))


def unshaped(function: Function) -> list[str]:
    """The arrays that a function takes and gives, of which its docstring does not say the shape."""
    if function.is_elementwise:
        return []
    missing, opening = [], function.sections[""]
    for name in (argument.arg for argument in function.arguments if _is_array(argument.annotation)):
        inline = rf"\b{name}`? {SHAPE}"
        if not re.search(SHAPE, function.described.get(name, "")) and not re.search(inline, opening):
            missing.append(name)
        opening = re.sub(inline, "", opening)
    if _is_array(function.node.returns) and not re.search(SHAPE, function.sections.get("Returns", opening)):
        missing.append("what it returns")
    return missing


def faults(fault_of) -> list[str]:
    """Where the docstrings of public functions have a fault, and which."""
    return [
        f"{function.module}: {function.name}: {fault}"
        for function in public_functions()
        if (fault := fault_of(function))
    ]


def test_there_are_public_functions():
    assert len(public_functions()) > 400 and sum(function.raises for function in public_functions()) > 50


def test_arrays_have_their_shapes():
    assert faults(lambda function: ", ".join(unshaped(function))) == []


def test_what_is_raised_is_said_under_raises():
    def silent(function):
        section = function.sections.get("Raises", "")
        if function.raises and not section:
            return "raises, and does not say what"
        entries = [line for line in section.splitlines() if re.match(r"    \S", line)]
        return "" if all(re.match(r"    \w+: \S", line) for line in entries) else "Raises names no error"

    assert faults(silent) == []


def test_errors_have_one_place():
    said = re.compile(r"\b[Rr]aises? (an? )?\w*Error")
    assert faults(lambda function: said.search(function.sections[""]) and "an error outside Raises") == []


def test_what_has_args_describes_all_of_them():
    def left_out(function):
        names = [argument.arg for argument in function.arguments]
        differ = "Args" in function.sections and list(function.described) != names
        return differ and f"Args has {', '.join(function.described)}"

    assert faults(left_out) == []


def test_sections_come_in_one_order():
    assert faults(lambda function: not docstrings.are_in_order(function.sections) and "is out of order") == []
