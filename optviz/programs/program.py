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
import sys
import textwrap
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import FunctionType

import torch

from optviz.engine.run import competitor, free_names, tensors
from optviz.optimizers.catalogue import OptimizerInfo, optimizer_info
from optviz.optimizers.schedulers import scheduler_info
from optviz.spec.experiment import Experiment, RunSpec, SchedulerSpec, SurfaceSpec
from optviz.spec.params import Param, Value
from optviz.surfaces.catalogue import SURFACES
from optviz.surfaces.models import Data
from optviz.surfaces.problem import Code

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
    frozen, is where they lead, or `model` where the surface is made of data. Of all settings those are
    written that differ from torch's defaults, and the learning rate. The last statement is the loop over the
    steps. A line has at most 100 characters, but for a number or text that is longer by itself.

    A surface whose source cannot be shown, such as one registered without its `function`, is imported from
    optviz. Raises ValueError where there is no such competitor, and for names and types that `run` refuses;
    whether torch likes the values is not asked.
    """
    program = program_of(experiment, index)
    setup = [*program.beginning(), *program.generator(), *program.building(), *program.batches()]
    return (*map(Line, setup), Line(""), *program.loop())


def program_of(experiment: Experiment, index: int, taken: frozenset[str] = frozenset()) -> Program:
    """Competitor `index` of `experiment` as the parts of a program. Raises as `training_loop` does.

    `taken` are names that a larger program needs for itself: no function of a surface may have them.
    """
    run, function = competitor(experiment, index)
    tensors(function, run)  # refuses what cannot be frozen
    common = experiment, run, optimizer_info(run.optimizer), free_names(function, run)
    if function.data is not None:
        return ModelProgram(*common, function.data)
    return SurfaceProgram(*common, _source(experiment.surface, _TAKEN | taken))


@dataclass(frozen=True)
class Program(ABC):
    """A competitor, as the parts of its program; none of them is indented."""

    experiment: Experiment
    run: RunSpec
    info: OptimizerInfo
    free: tuple[str, ...]
    """Names of the numbers that are trained."""

    @abstractmethod
    def imports(self) -> list[str]:
        """Of all that the program needs; the same for all competitors."""

    def own_imports(self) -> list[str]:
        """What this competitor needs besides: an optimizer that is not torch's own."""
        make = self.info.make
        if self.info.is_torchs:
            return []
        package = make.__module__.partition(".")[0]
        is_public = getattr(sys.modules.get(package), make.__name__, None) is make
        return [f"from {package if is_public else make.__module__} import {make.__name__}"]

    @abstractmethod
    def shared(self) -> list[str]:
        """What else is the same for all competitors: what the loss is of, and where minibatches are from."""

    @abstractmethod
    def start(self) -> list[str]:
        """The parameters at the start, whose names are the competitor's own."""

    @abstractmethod
    def beginning(self) -> list[str]:
        """All of them, for a program of this competitor alone."""

    @property
    @abstractmethod
    def given(self) -> str:
        """What the optimizer is given."""

    @property
    @abstractmethod
    def point(self) -> str:
        """A copy of all parameters, frozen ones included, as a tensor (D,)."""

    @property
    @abstractmethod
    def loss(self) -> str:
        """The loss of a step."""

    @abstractmethod
    def add_noise(self, noise: str) -> list[str]:
        """How what is called `noise` gets into the gradients."""

    @property
    def size(self) -> int:
        """How many parameters there are, frozen ones included."""
        return 2

    @property
    def names_noise(self) -> bool:
        """Whether a step's noise has to have a name, because it is needed more than once."""
        return _needs_closure(self.info)

    def batches(self) -> list[str]:
        """What the loop takes its minibatches from."""
        return []

    def head(self) -> str:
        """The first line of the loop over the steps."""
        return f"for step in range({self.experiment.steps}):"

    @property
    def reads_loss(self) -> bool:
        return self.run.scheduler is not None and scheduler_info(self.run.scheduler).reads_loss

    def generator(self) -> list[str]:
        """Where the noise comes from."""
        seed = self.experiment.seed
        return [f"generator = torch.Generator().manual_seed({seed})"] if self.experiment.noise else []

    def building(self) -> list[str]:
        """The optimizer and its scheduler, unless each of them is built in the loop."""
        return [] if self.run.reset_every else self.build()

    def build(self) -> list[str]:
        """The optimizer and its scheduler."""
        settings = self.info.settings(self.run.optimizer)
        rate = settings.pop("lr", self.info.params["lr"].default)
        assert isinstance(rate, int | float)
        parts = [self.given, f"lr={literal(rate)}", *_changed(self.info.params, settings)]
        make = self.info.make.__name__
        lines = _call(f"optimizer = {'torch.optim.' if self.info.is_torchs else ''}{make}", parts)
        if self.run.scheduler is not None:
            lines += _scheduler(self.run.scheduler, self.experiment.steps, float(rate))
        return lines

    def loop(
        self, check: Sequence[str] = (), record: Sequence[str] = (), with_losses: bool = False
    ) -> list[Line]:
        """The loop over the steps. Each begins with `check`, and `record` follows what the optimizer does.

        `with_losses` says that `record` reads `loss`.
        """
        return [Line(self.head()), *_indented([*map(Line, check), *self._step(record, with_losses)])]

    def _step(self, record: Sequence[str], with_losses: bool) -> list[Line]:
        """What is done at every step: with a closure only where the optimizer cannot do without one."""
        lines = []
        if self.run.reset_every:
            lines.append(Line(f"if step % {self.run.reset_every} == 0:  # a new optimizer remembers nothing"))
            lines += _indented(map(Line, self.build()))
        noise = self._noise()
        if noise and self.names_noise:
            lines.append(Line(f"noise = {noise}"))  # one a step, however often it is added
            noise = "noise"
        if _needs_closure(self.info):
            closure = [*self._gradient(noise), Line("return loss")]
            lines += [Line("def closure():"), *_indented(closure)]
            named = "loss = " if self.reads_loss or with_losses else ""
            lines.append(Line(f"{named}optimizer.step(closure)", "step"))
        else:
            lines += [*self._gradient(noise), Line("optimizer.step()", "step")]
        lines += map(Line, record)
        if self.run.scheduler is not None:
            lines.append(Line(f"scheduler.step({'loss.item()' if self.reads_loss else ''})", "step"))
        return lines

    def _gradient(self, noise: str) -> list[Line]:
        """From the gradient of the step before to the one that the optimizer is given."""
        zeroed = Line("optimizer.zero_grad()", "zero_grad")
        lines = [
            zeroed if self.run.zero_grad else Line(f"# {zeroed.text} is forgotten"),
            Line(f"loss = {self.loss}", "forward"),
            Line("loss.backward()", "backward"),
        ]
        if noise:
            lines += [Line(text, "backward") for text in self.add_noise(noise)]
        clip = f"torch.nn.utils.clip_grad_{{}}_({self.given}, {{}})"
        if self.run.clip_norm is not None:
            limit = f"max_norm={literal(self.run.clip_norm)}"
            lines.append(Line(clip.format("norm", limit), "backward"))
        if self.run.clip_value is not None:
            limit = f"clip_value={literal(self.run.clip_value)}"
            lines.append(Line(clip.format("value", limit), "backward"))
        return lines

    def _noise(self) -> str:
        """A step's noise: one number for each parameter, even where not all of them are used."""
        if not self.experiment.noise:
            return ""
        arguments = ", ".join([str(self.size), "generator=generator", *self.dtype()])
        return f"{literal(self.experiment.noise)} * torch.randn({arguments})"

    def dtype(self) -> list[str]:
        """The keyword that tensors need, if any."""
        dtype = self.experiment.dtype
        return [] if dtype == "float32" else [f"dtype=torch.{dtype}"]


@dataclass(frozen=True)
class SurfaceProgram(Program):
    """A function of θ, or of x and y apart where one of them is frozen."""

    source: _Source

    @property
    def trained(self) -> str:
        """The one tensor that the optimizer is given."""
        return "theta" if not self.run.frozen else self.free[0]

    @property
    def given(self) -> str:
        return f"[{self.trained}]"

    @property
    def point(self) -> str:
        if self.run.frozen:
            return f"torch.stack([x, y]){'.flatten()' if self.info.matrix else ''}.detach()"
        return f"theta{'[0]' if self.info.matrix else ''}.detach().clone()"

    @property
    def loss(self) -> str:
        arguments = "x, y" if self.run.frozen else "*theta[0]" if self.info.matrix else "*theta"
        return f"{self.source.name}({arguments})"

    def imports(self) -> list[str]:
        return [*self.source.imports]

    def shared(self) -> list[str]:
        return [*self.source.lines]

    def beginning(self) -> list[str]:
        return [*self.imports(), *self.own_imports(), "", *self.shared(), "", *self.start()]

    def start(self) -> list[str]:
        x, y = map(literal, self.experiment.start)
        values = {"x": x, "y": y} if self.run.frozen else {"theta": f"[{x}, {y}]"}
        lines = []
        for name, value in values.items():
            if self.info.matrix:
                value = f"[[{value}]]" if self.run.frozen else f"[{value}]"
            trained = ["requires_grad=True"] if name == self.trained else []
            lines += _call(f"{name} = torch.tensor", [value, *self.dtype(), *trained])
        return lines

    def add_noise(self, noise: str) -> list[str]:
        used = f"[{'xy'.index(self.trained)}]" if self.run.frozen else ""
        return [f"{self.trained}.grad += {noise}{used}"]


@dataclass(frozen=True)
class ModelProgram(Program):
    """A model that is fitted to data."""

    data: Data

    @property
    def given(self) -> str:
        if not self.run.frozen:
            return "model.parameters()"
        return "trained" if self.data.model.is_network else f"[{', '.join(self._trained)}]"

    @property
    def point(self) -> str:
        return "nn.utils.parameters_to_vector(model.parameters()).detach()"

    @property
    def loss(self) -> str:
        inputs, targets = ("inputs", "targets") if self._whole else ("xb", "yb")
        return f"loss_fn(model({inputs}), {targets})"

    @property
    def names_noise(self) -> bool:
        several = self.data.model.is_network or len(self._trained) > 1
        return several or _needs_closure(self.info)

    @property
    def size(self) -> int:
        return len(self.data.model.axes)

    @property
    def _whole(self) -> bool:
        return self.experiment.batch_size is None

    @property
    def _tensors(self) -> dict[str, tuple[str, ...]]:
        """What the program calls each parameter tensor, and the axes that it holds."""
        return {_reached(part.name): part.axes for part in self.data.model.parts()}

    @property
    def _trained(self) -> list[str]:
        parts = self.data.model.parts()
        return [_reached(part.name) for part in parts if not part.is_frozen(self.run.frozen)]

    def imports(self) -> list[str]:
        lines = ["import torch", "from torch import nn"]
        return lines if self._whole else [*lines, "from torch.utils.data import DataLoader, TensorDataset"]

    def shared(self) -> list[str]:
        """Every call of its `batches` shuffles anew from the seed."""
        lines = [*self._examples(), self._loss_function]
        if self._whole:
            return lines
        inside = [_INDENT + line for line in self._loader()]
        return [*lines, "", "def batches():", *inside, *self._epochs()]

    def beginning(self) -> list[str]:
        return [
            *self.imports(),
            *self.own_imports(),
            "",
            *self._examples(),
            "",
            *self.start(),
            self._loss_function,
        ]

    @property
    def _loss_function(self) -> str:
        return f"loss_fn = {self.data.loss.text}"

    def _examples(self) -> list[str]:
        inputs = [_numbers(row) for row in self.data.inputs]
        targets = [_numbers([target]) for target in self.data.targets]
        closing = ", ".join(["]", *self.dtype()]) + ")"
        lines = listed("inputs = torch.tensor([", inputs, closing)
        lines += listed("targets = torch.tensor([", targets, closing)
        if self.data.standardized:
            lines.append("inputs = (inputs - inputs.mean(0)) / inputs.std(0, correction=0)")
        return lines

    def start(self) -> list[str]:
        double = ".double()" if self.experiment.dtype == "float64" else ""
        frozen = [f"{name}.requires_grad_(False)" for name in self._tensors if name not in self._trained]
        if self.data.model.is_network:  # torch draws its weights itself
            seeded = [f"torch.manual_seed({self.experiment.seed})", *_module(self.data.model.text, double)]
            rest = "trained = [part for part in model.parameters() if part.requires_grad]"
            return [*seeded, *frozen, *([rest] if frozen else [])]
        lines = [f"model = {self.data.model.text}{double}", "with torch.no_grad():"]
        start = iter(self.experiment.start)
        for name, axes in self._tensors.items():
            values = [next(start) for _ in axes]
            if len(values) == 1:
                lines.append(f"{_INDENT}{name}.fill_({literal(values[0])})")
            else:
                row = ", ".join([f"[{_numbers(values)}]", *self.dtype()])
                lines.append(f"{_INDENT}{name}.copy_(torch.tensor({row}))")
        return [*lines, *frozen]

    def add_noise(self, noise: str) -> list[str]:
        if self.data.model.is_network:
            return [
                f"{name}.grad += {noise}{part}"
                for name, part in self._pieces().items()
                if name in self._trained
            ]
        places = {axis: place for place, axis in enumerate(self.data.model.axes)}
        parts = {name: axes for name, axes in self._tensors.items() if name in self._trained}
        used = {name: f"[{places[axes[0]]}]" if len(axes) == 1 else "" for name, axes in parts.items()}
        return [f"{name}.grad += {noise}{part}" for name, part in used.items()]

    def _pieces(self) -> dict[str, str]:
        """Which of all numbers in a row belong to each tensor, and in what shape."""
        pieces, first = {}, 0
        for part in self.data.model.parts():
            end = first + len(part.axes)
            shape = f".view({', '.join(map(str, part.shape))})" if len(part.shape) > 1 else ""
            pieces[_reached(part.name)] = f"[{first}:{end}]{shape}"
            first = end
        return pieces

    def batches(self) -> list[str]:
        return [] if self._whole else [*self._loader(), "", "def batches():", *self._epochs()]

    def _loader(self) -> list[str]:
        size, seed = self.experiment.batch_size, self.experiment.seed
        shuffled = [f"batch_size={size}", "shuffle=True", f"generator=torch.Generator().manual_seed({seed})"]
        return _call("loader = DataLoader", ["TensorDataset(inputs, targets)", *shuffled])

    def _epochs(self) -> list[str]:
        return [
            f"{_INDENT}while True:  # an epoch: every example once, shuffled anew",
            f"{_INDENT * 2}yield from loader",
        ]

    def head(self) -> str:
        if self._whole:
            return super().head()
        return f"for step, (xb, yb) in zip(range({self.experiment.steps}), batches()):"


def _module(text: str, after: str) -> list[str]:
    """How a module is made, by a call whose arguments may need several lines."""
    name, _, inside = text.removesuffix(")").partition("(")
    return listed(f"model = {name}(", re.findall(r"[\w.]+(?:\(.*?\))?", inside), f"){after}")


def _reached(name: str) -> str:
    """How a person reaches the parameter that a module calls so: model[0].weight for "0.weight"."""
    return "model" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in name.split("."))


def _numbers(row: Iterable[float]) -> str:
    return f"[{', '.join(literal(float(number)) for number in row)}]"


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
    """Whether `step` wants one; of those that are not torch's own it is not known, and all take one."""
    if not info.is_torchs:
        return True
    return inspect.signature(info.make.step).parameters["closure"].default is inspect.Parameter.empty


def _indented(lines: Iterable[Line]) -> list[Line]:
    return [Line(_INDENT + line.text, line.phase) for line in lines]


# -- values and calls ----------------------------------------------------------------------------------


def _changed(declared: Mapping[str, Param], settings: Mapping[str, Value]) -> list[str]:
    """The keywords that are not at torch's default."""
    return [f"{name}={literal(value)}" for name, value in settings.items() if value != declared[name].default]


def literal(value: Value) -> str:
    """A value as a person writes it in Python, 1e-3 for 0.001; it reads back as the same one."""
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    if isinstance(value, str):
        return repr(value) if {'"', "'", "\\"} & set(value) else f'"{repr(value)[1:-1]}"'
    if not isinstance(value, float):
        return repr(value)
    plain = repr(value)
    scientific = f"{Decimal(plain).normalize():e}".replace("e+", "e")
    ordinary = 0.01 <= abs(value) < 1e5
    return plain if ordinary or len(plain) <= len(scientific) else scientific


def _call(head: str, parts: Sequence[str]) -> list[str]:
    return listed(f"{head}(", parts, ")")


def listed(opening: str, parts: Sequence[str], closing: str) -> list[str]:
    """The parts on one line, or on as few lines of their own as they fit on."""
    line = f"{opening}{', '.join(parts)}{closing}"
    if len(line) <= _WIDTH:
        return [line]
    # A part stays whole, unless it is itself a list too long for a line; a quoted text always does.
    long = [len(part) > _WIDTH - 8 and not {'"', "'"} & set(part) for part in parts]
    kept = [part if broken else part.replace(" ", "\0") for part, broken in zip(parts, long, strict=True)]
    rows = textwrap.wrap(", ".join(kept), _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return [opening, *(_INDENT + row.replace("\0", " ") for row in rows), closing]


# -- the surface ---------------------------------------------------------------------------------------

_TAKEN = frozenset({"torch", "math", "theta", "x", "y", "step", "loss", "noise", "generator", "closure"}) | {
    *("optimizer", "scheduler", "warmup", "after")
}
"""Names that a training loop uses itself."""
_MODULES = {"math": math, "torch": torch}
_PLAIN = inspect.Parameter.POSITIONAL_OR_KEYWORD


@dataclass(frozen=True)
class _Source:
    """The lines that define a surface, after the imports that they need, and what they call it."""

    imports: tuple[str, ...]
    lines: tuple[str, ...]
    name: str


class _HiddenError(Exception):
    """A function whose source cannot be shown by itself."""


def _source(spec: SurfaceSpec, taken: frozenset[str]) -> _Source:
    """`taken` are names that its functions cannot have."""
    info = SURFACES[spec.name]
    try:
        if info.code is not None:
            return _expressed(info.code(info.settings(spec.params)))
        return _definition(info.function, info.settings(spec.params), taken)
    except _HiddenError:
        return _imported(spec)


def _imported(spec: SurfaceSpec) -> _Source:
    """A surface as optviz has it."""
    params = [f"{literal(name)}: {literal(value)}" for name, value in spec.params.items()]
    lines = [
        "# Its source cannot be shown: this runs where the surface has been registered.",
        *listed("params = {", params, "}"),
        f"surface = optviz.surface(optviz.SurfaceSpec({literal(spec.name)}, params)).function",
    ]
    return _Source(("import torch", "", "import optviz"), tuple(lines), "surface")


def _definition(function: object, values: Mapping[str, Value], taken: frozenset[str]) -> _Source:
    """A surface's function after those that it calls, with `values` as its defaults."""
    functions: dict[str, FunctionType] = {}
    modules = _gather(function, functions)
    *_, name = functions
    if functions.keys() & taken or _piece(functions[name]).parameters != ("x", "y", *values):
        raise _HiddenError
    parts = [_defined(key, part, values if key == name else {}) for key, part in functions.items()]
    return _Source(_imports(modules), tuple(_public(_apart(parts), functions, taken)), name)


def _expressed(code: Code) -> _Source:
    """A function that is one expression, after those that it calls."""
    functions: dict[str, FunctionType] = {}
    modules = {"math"} if re.search(r"\bmath\.", code.expression) else set()
    for used in code.uses:
        modules |= _gather(used, functions)
    given = [f"{word}={literal(value)}" for word, value in code.params.items()]
    head = listed(f"def {code.name}(", ["x", "y", *given], "):")
    own = [*head, *(_INDENT + line for line in _returned(code.expression))]
    parts = [*(_defined(key, part, {}) for key, part in functions.items()), own]
    return _Source(_imports(modules), tuple(_apart(parts)), code.name)


def _apart(parts: Sequence[Sequence[str]]) -> list[str]:
    """All lines, with an empty one between two parts."""
    return [line for part in parts for line in ("", *part)][1:]


def _returned(expression: str) -> list[str]:
    if len(line := f"return {expression}") <= _WIDTH:
        return [line]
    rows = textwrap.wrap(expression, _WIDTH - 4, break_long_words=False, break_on_hyphens=False)
    return ["return (", *(_INDENT + row for row in rows), ")"]


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
