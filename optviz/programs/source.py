"""The source of a surface's own function, and of all that it needs."""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import re
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import FunctionType

import torch

from optviz.programs.writing import INDENT, WIDTH, apart, listed, literal
from optviz.spec.experiment import SurfaceSpec
from optviz.spec.params import Value
from optviz.surfaces import deferred
from optviz.surfaces.catalogue import SURFACES
from optviz.surfaces.problem import Code

TAKEN = frozenset({"torch", "math", "theta", "x", "y", "step", "loss", "noise", "generator", "closure"}) | {
    *("optimizer", "scheduler", "warmup", "after")
}
"""Names that a training loop uses itself."""
_MODULES = {"math": (math,), "torch": (torch, deferred.torch)}
_PLAIN = inspect.Parameter.POSITIONAL_OR_KEYWORD


@dataclass(frozen=True)
class Source:
    """The lines that define a surface, after the imports that they need, and what they call it."""

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    name: str


class _HiddenError(Exception):
    """A function whose source cannot be shown by itself."""


def source_of(spec: SurfaceSpec, taken: frozenset[str]) -> Source:
    """`taken` are names that its functions cannot have."""
    info = SURFACES[spec.name]
    try:
        if info.code is not None:
            return _expressed(info.code(info.settings(spec.params)))
        return _definition(info.function, info.settings(spec.params), taken)
    except _HiddenError:
        return _imported(spec)


def _imported(spec: SurfaceSpec) -> Source:
    """A surface as optviz has it."""
    params = [f"{literal(name)}: {literal(value)}" for name, value in spec.params.items()]
    lines = [
        "# Its source cannot be shown: this runs where the surface has been registered.",
        *listed("params = {", params, "}"),
        f"surface = optviz.surface(optviz.SurfaceSpec({literal(spec.name)}, params)).function",
    ]
    return Source(("import torch", "", "import optviz"), tuple(lines), "surface")


def _definition(function: object, values: Mapping[str, Value], taken: frozenset[str]) -> Source:
    """A surface's function after those that it calls, with `values` as its defaults."""
    functions: dict[str, FunctionType] = {}
    modules = _gather(function, functions)
    *_, name = functions
    if functions.keys() & taken or _piece(functions[name]).parameters != ("x", "y", *values):
        raise _HiddenError
    parts = [_defined(key, part, values if key == name else {}) for key, part in functions.items()]
    return Source(_imports(modules), tuple(_public(apart(parts), functions, taken)), name)


def _expressed(code: Code) -> Source:
    """A function that is one expression, after those that it calls."""
    functions: dict[str, FunctionType] = {}
    modules = {"math"} if re.search(r"\bmath\.", code.expression) else set()
    for used in code.uses:
        modules |= _gather(used, functions)
    given = [f"{word}={literal(value)}" for word, value in code.params.items()]
    head = listed(f"def {code.name}(", ["x", "y", *given], "):")
    own = [*head, *(INDENT + line for line in _returned(code.expression))]
    parts = [*(_defined(key, part, {}) for key, part in functions.items()), own]
    return Source(_imports(modules), tuple(apart(parts)), code.name)


def _returned(expression: str) -> list[str]:
    if len(line := f"return {expression}") <= WIDTH:
        return [line]
    rows = textwrap.wrap(expression, WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return ["return (", *(INDENT + row for row in rows), ")"]


def _imports(modules: set[str]) -> tuple[str, ...]:
    return (*(["import math", ""] if "math" in modules else []), "import torch")


def _defined(name: str, function: FunctionType, values: Mapping[str, Value]) -> list[str]:
    """A function's source, with `values` as its defaults."""
    piece = _piece(function)
    given = {word: f"{word}={literal(value)}" for word, value in values.items()}
    signature = [given.get(word, word) for word in piece.parameters]
    return [*listed(f"def {name}(", signature, "):"), *piece.body]


def _public(lines: Sequence[str], functions: Mapping[str, FunctionType], taken: frozenset[str]) -> list[str]:
    """The lines with `_sqrt` as `sqrt`, where that name is free: nothing is private in a program."""
    known = taken.union(dir(builtins), *(_piece(function).names for function in functions.values()))
    text = "\n".join(lines)
    for name in functions:
        public = name.lstrip("_")
        if name != public and public.isidentifier() and public not in known:
            text = re.sub(rf"(?<![\w.]){name}\b", public, text)
    return text.split("\n")


def _gather(function: object, functions: dict[str, FunctionType]) -> set[str]:
    """Add a function to `functions`, after all that it calls; returns the modules that they use.

    Raises _HiddenError where any of them needs something else.
    """
    if not isinstance(function, FunctionType) or functions.get(function.__name__, function) is not function:
        raise _HiddenError
    if function.__name__ in functions:
        return set()
    functions[function.__name__] = function
    modules: set[str] = set()
    scope = function.__globals__
    for name in sorted(_piece(function).needs):
        if name in scope and any(scope[name] is module for module in _MODULES.get(name, ())):
            modules.add(name)
        elif name in scope and getattr(scope[name], "__name__", None) == name:
            modules |= _gather(scope[name], functions)
        elif name in scope or not hasattr(builtins, name):
            raise _HiddenError
    functions[function.__name__] = functions.pop(function.__name__)
    return modules


@dataclass(frozen=True)
class _Piece:
    """A function's source, taken apart."""

    parameters: tuple[str, ...]
    body: tuple[str, ...]
    """Its lines as they are written."""
    names: frozenset[str]
    needs: frozenset[str]
    """Those of its names that it does not define itself."""


@cache
def _piece(function: FunctionType) -> _Piece:
    """Raises _HiddenError where the source is not at hand, or is not all that there is to the function."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
        (node,) = ast.parse(source).body
    except (OSError, TypeError, SyntaxError, ValueError):
        raise _HiddenError from None
    if not isinstance(node, ast.FunctionDef) or function.__closure__ or hasattr(function, "__wrapped__"):
        raise _HiddenError
    parameters = tuple(part.arg for part in node.args.args)
    own_signature = inspect.signature(function).parameters.values()
    if any(part.default is not part.empty or part.kind is not _PLAIN for part in own_signature):
        raise _HiddenError
    body = source.splitlines()[node.body[0].lineno - 1 : node.end_lineno]
    if body[0][: node.body[0].col_offset] != INDENT:
        raise _HiddenError  # it begins on the line of the def
    words = [word for part in node.body for word in ast.walk(part) if isinstance(word, ast.Name)]
    own = {word.id for word in words if not isinstance(word.ctx, ast.Load)}.union(parameters)
    names = frozenset(word.id for word in words).union(own)
    return _Piece(parameters, tuple(body), names, names - own)
