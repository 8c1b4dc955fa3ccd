"""The training loop as code: what a person would write in torch for one competitor of an experiment.

The text is a program of its own, which needs torch alone and takes the steps of the engine to the bit. Its
surface is the source of the very function that the engine runs. Nothing of an experiment gets into it but
numbers, known names and quoted texts: no label.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import FunctionType

import torch

from optviz.engine import competitor, free_names
from optviz.optimizers import OptimizerInfo, optimizer_info
from optviz.params import Param, Value
from optviz.problem import SURFACES, Code
from optviz.schedulers import scheduler_info
from optviz.spec import Experiment, RunSpec, SchedulerSpec, SurfaceSpec

_WIDTH = 92
"""Longest line before it is indented, which happens at most twice."""
_INDENT = "    "


@dataclass(frozen=True)
class Line:
    """A line of a program, and the part of a step that it is."""

    text: str
    phase: str = ""
    """One of "zero_grad", "forward", "backward" and "step"; "" for what is none of these."""


def training_loop(experiment: Experiment, index: int) -> tuple[Line, ...]:
    """The program that steps competitor `index` of `experiment`: its lines, without their ends.

    Run by itself it takes the steps that `run` takes on the CPU; `theta`, or `x` and `y` where one of them is
    frozen, is where they lead. Of all settings those are written that differ from torch's defaults, and the
    learning rate. The last statement is the loop over the steps. A line has at most 100 characters, but for a
    number or text that is longer by itself.

    A surface whose source cannot be shown, such as one registered without its `function`, is imported from
    optviz. Raises ValueError where there is no such competitor, and for names and types that `run` refuses;
    whether torch likes the values is not asked.
    """
    run, function = competitor(experiment, index)
    source = _source(experiment.surface)
    program = _Program(experiment, run, optimizer_info(run.optimizer), free_names(function, run), source.name)
    setup = [*source.lines, "", *program.parameters(), *program.generator()]
    setup += [] if run.reset_every else program.build()
    loop = [Line(f"for step in range({experiment.steps}):"), *_indented(program.step())]
    return (*map(Line, setup), Line(""), *loop)


@dataclass(frozen=True)
class _Program:
    """A competitor, as the parts of its program; none of them is indented."""

    experiment: Experiment
    run: RunSpec
    info: OptimizerInfo
    free: tuple[str, ...]
    """Names of the parameters that are trained."""
    surface: str
    """What the program calls the surface."""

    @property
    def trained(self) -> str:
        """The one tensor that the optimizer is given."""
        return "theta" if not self.run.frozen else self.free[0]

    @property
    def reads_loss(self) -> bool:
        return self.run.scheduler is not None and scheduler_info(self.run.scheduler).reads_loss

    def parameters(self) -> list[str]:
        """θ as one tensor, or x and y apart where one of them is frozen."""
        x, y = map(_literal, self.experiment.start)
        values = {"x": x, "y": y} if self.run.frozen else {"theta": f"[{x}, {y}]"}
        lines = []
        for name, value in values.items():
            if self.info.matrix:
                value = f"[[{value}]]" if self.run.frozen else f"[{value}]"
            trained = ["requires_grad=True"] if name == self.trained else []
            lines += _call(f"{name} = torch.tensor", [value, *self._dtype(), *trained])
        return lines

    def generator(self) -> list[str]:
        """Where the noise comes from."""
        seed = self.experiment.seed
        return [f"generator = torch.Generator().manual_seed({seed})"] if self.experiment.noise else []

    def build(self) -> list[str]:
        """The optimizer and its scheduler."""
        settings = self.info.settings(self.run.optimizer)
        rate = settings.pop("lr", self.info.params["lr"].default)
        assert isinstance(rate, int | float)
        parts = [f"[{self.trained}]", f"lr={_literal(rate)}", *_changed(self.info.params, settings)]
        lines = _call(f"optimizer = torch.optim.{self.info.name}", parts)
        if self.run.scheduler is not None:
            lines += _scheduler(self.run.scheduler, self.experiment.steps, float(rate))
        return lines

    def step(self) -> list[Line]:
        """What is done at every step: with a closure only where the optimizer cannot do without one."""
        lines = []
        if self.run.reset_every:
            lines.append(Line(f"if step % {self.run.reset_every} == 0:  # built anew, it remembers nothing"))
            lines += _indented(map(Line, self.build()))
        if _needs_closure(self.info):
            noise = self._noise()
            lines += [Line(f"noise = {noise}")] if noise else []  # one a step, however often it is added
            closure = [*self._gradient(noise and "noise"), Line("return loss")]
            lines += [Line("def closure():"), *_indented(closure)]
            lines.append(Line(f"{'loss = ' if self.reads_loss else ''}optimizer.step(closure)", "step"))
        else:
            lines += [*self._gradient(self._noise()), Line("optimizer.step()", "step")]
        if self.run.scheduler is not None:
            lines.append(Line(f"scheduler.step({'loss.item()' if self.reads_loss else ''})", "step"))
        return lines

    def _gradient(self, noise: str) -> list[Line]:
        """From the gradient of the step before to the one that the optimizer is given."""
        theta = self.trained
        arguments = "x, y" if self.run.frozen else "*theta[0]" if self.info.matrix else "*theta"
        zeroed = Line("optimizer.zero_grad()", "zero_grad")
        lines = [
            zeroed if self.run.zero_grad else Line(f"# {zeroed.text} is forgotten"),
            Line(f"loss = {self.surface}({arguments})", "forward"),
            Line("loss.backward()", "backward"),
        ]
        if noise:
            lines.append(Line(f"{theta}.grad += {noise}", "backward"))
        clip = f"torch.nn.utils.clip_grad_{{}}_([{theta}], {{}})"
        if self.run.clip_norm is not None:
            limit = f"max_norm={_literal(self.run.clip_norm)}"
            lines.append(Line(clip.format("norm", limit), "backward"))
        if self.run.clip_value is not None:
            limit = f"clip_value={_literal(self.run.clip_value)}"
            lines.append(Line(clip.format("value", limit), "backward"))
        return lines

    def _noise(self) -> str:
        """A step's noise; two numbers are drawn for it even where only one of them is used."""
        if not self.experiment.noise:
            return ""
        arguments = ", ".join(["2", "generator=generator", *self._dtype()])
        used = f"[{'xy'.index(self.trained)}]" if self.run.frozen else ""
        return f"{_literal(self.experiment.noise)} * torch.randn({arguments}){used}"

    def _dtype(self) -> list[str]:
        dtype = self.experiment.dtype
        return [] if dtype == "float32" else [f"dtype=torch.{dtype}"]


def _scheduler(spec: SchedulerSpec, steps: int, lr: float) -> list[str]:
    info = scheduler_info(spec)
    package = "torch.optim.lr_scheduler"
    parts = ["optimizer", *_changed(info.params, info.settings(spec, steps, lr))]
    if not spec.warmup:
        return _call(f"scheduler = {package}.{info.name}", parts)
    both = ["optimizer", "[warmup, after]", f"[{spec.warmup}]"]
    return [
        *_call(f"warmup = {package}.LinearLR", ["optimizer", f"total_iters={spec.warmup}"]),
        *_call(f"after = {package}.{info.name}", parts),
        *_call(f"scheduler = {package}.SequentialLR", both),
    ]


def _needs_closure(info: OptimizerInfo) -> bool:
    return inspect.signature(info.make.step).parameters["closure"].default is inspect.Parameter.empty


def _indented(lines: Iterable[Line]) -> list[Line]:
    return [Line(_INDENT + line.text, line.phase) for line in lines]


# -- values and calls ----------------------------------------------------------------------------------


def _changed(declared: Mapping[str, Param], settings: Mapping[str, Value]) -> list[str]:
    """The keywords that are not at torch's default."""
    return [
        f"{name}={_literal(value)}" for name, value in settings.items() if value != declared[name].default
    ]


def _literal(value: Value) -> str:
    """A value as a person writes it in Python, 1e-3 for 0.001; it reads back as the same one."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, str):
        return repr(value) if {'"', "'", "\\"} & set(value) else f'"{repr(value)[1:-1]}"'
    if not isinstance(value, float):
        return repr(value)
    plain = repr(value)
    scientific = f"{Decimal(plain).normalize():e}".replace("e+", "e")
    ordinary = 0.01 <= abs(value) < 1e5
    return plain if ordinary or len(plain) <= len(scientific) else scientific


def _call(head: str, parts: Sequence[str]) -> list[str]:
    return _listed(f"{head}(", parts, ")")


def _listed(opening: str, parts: Sequence[str], closing: str) -> list[str]:
    """The parts on one line, or on as few lines of their own as they fit on."""
    line = f"{opening}{', '.join(parts)}{closing}"
    if len(line) <= _WIDTH:
        return [line]
    # A part stays whole, unless it is itself a list too long for a line.
    kept = [part if len(part) > _WIDTH - 8 and "(" in part else part.replace(" ", "\0") for part in parts]
    rows = textwrap.wrap(", ".join(kept), _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return [opening, *(_INDENT + row.replace("\0", " ") for row in rows), closing]


# -- the surface ---------------------------------------------------------------------------------------

_TAKEN = frozenset({"torch", "math", "theta", "x", "y", "step", "loss", "noise", "generator", "closure"}) | {
    *("optimizer", "scheduler", "warmup", "after")
}
"""Names that the program uses itself."""
_MODULES = {"math": math, "torch": torch}
_PLAIN = inspect.Parameter.POSITIONAL_OR_KEYWORD


@dataclass(frozen=True)
class _Source:
    """The lines that define a surface, imports included, and what they call it."""

    lines: tuple[str, ...]
    name: str


class _HiddenError(Exception):
    """A function whose source cannot be shown by itself."""


def _source(spec: SurfaceSpec) -> _Source:
    info = SURFACES[spec.name]
    try:
        if info.code is not None:
            return _expressed(info.code(info.settings(spec.params)))
        return _definition(info.function, info.settings(spec.params))
    except _HiddenError:
        return _imported(spec)


def _imported(spec: SurfaceSpec) -> _Source:
    """A surface as optviz has it."""
    params = [f"{_literal(name)}: {_literal(value)}" for name, value in spec.params.items()]
    lines = [
        "import torch",
        "",
        "import optviz",
        "",
        "# Its source cannot be shown: this runs where the surface has been registered.",
        *_listed("params = {", params, "}"),
        f"surface = optviz.surface(optviz.SurfaceSpec({_literal(spec.name)}, params)).function",
    ]
    return _Source(tuple(lines), "surface")


def _definition(function: object, values: Mapping[str, Value]) -> _Source:
    """A surface's function after those that it calls, with `values` as its defaults."""
    functions: dict[str, FunctionType] = {}
    modules = _gather(function, functions)
    *_, name = functions
    if functions.keys() & _TAKEN or _piece(functions[name]).parameters != ("x", "y", *values):
        raise _HiddenError
    lines = _imports(modules)
    for key, part in functions.items():
        lines += _defined(key, part, values if key == name else {})
    return _Source(tuple(_public(lines, functions)), name)


def _expressed(code: Code) -> _Source:
    """A function that is one expression, after those that it calls."""
    functions: dict[str, FunctionType] = {}
    modules = {"math"} if re.search(r"\bmath\.", code.expression) else set()
    for used in code.uses:
        modules |= _gather(used, functions)
    lines = _imports(modules)
    for key, part in functions.items():
        lines += _defined(key, part, {})
    given = [f"{word}={_literal(value)}" for word, value in code.params.items()]
    lines += ["", *_listed(f"def {code.name}(", ["x", "y", *given], "):")]
    lines += [_INDENT + line for line in _returned(code.expression)]
    return _Source(tuple(lines), code.name)


def _returned(expression: str) -> list[str]:
    if len(line := f"return {expression}") <= _WIDTH:
        return [line]
    rows = textwrap.wrap(expression, _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return ["return (", *(_INDENT + row for row in rows), ")"]


def _imports(modules: set[str]) -> list[str]:
    return [*(["import math", ""] if "math" in modules else []), "import torch"]


def _defined(name: str, function: FunctionType, values: Mapping[str, Value]) -> list[str]:
    """A function's source, with `values` as its defaults."""
    piece = _piece(function)
    given = {word: f"{word}={_literal(value)}" for word, value in values.items()}
    signature = [given.get(word, word) for word in piece.parameters]
    return ["", *_listed(f"def {name}(", signature, "):"), *piece.body]


def _public(lines: Sequence[str], functions: Mapping[str, FunctionType]) -> list[str]:
    """The lines with `_sqrt` as `sqrt`, where that name is free: nothing is private in a program."""
    known = _TAKEN.union(dir(builtins), *(_piece(function).names for function in functions.values()))
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
        if name in scope and scope[name] is _MODULES.get(name):
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
    if body[0][: node.body[0].col_offset] != _INDENT:
        raise _HiddenError  # it begins on the line of the def
    words = [word for part in node.body for word in ast.walk(part) if isinstance(word, ast.Name)]
    own = {word.id for word in words if not isinstance(word.ctx, ast.Load)}.union(parameters)
    names = frozenset(word.id for word in words).union(own)
    return _Piece(parameters, tuple(body), names, names - own)
