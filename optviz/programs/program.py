"""A competitor as the parts of a program, for a surface that is a function of two numbers."""

from __future__ import annotations

import inspect
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from optviz.optimizers.catalogue import OptimizerInfo
from optviz.optimizers.schedulers import scheduler_info
from optviz.programs.source import Source
from optviz.programs.writing import Line, call, changed, indented, literal
from optviz.spec.experiment import Experiment, RunSpec, SchedulerSpec


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
        return needs_closure(self.info)

    def batches(self) -> list[str]:
        """What the loop takes its minibatches from."""
        return []

    def head(self) -> str:
        """The first line of the loop over the steps."""
        return f"for step in range({self.experiment.steps}):"

    @property
    def reads_loss(self) -> bool:
        """Whether the scheduler looks at the loss, as ReduceLROnPlateau does."""
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
        parts = [self.given, f"lr={literal(rate)}", *changed(self.info.params, settings)]
        make = self.info.make.__name__
        lines = call(f"optimizer = {'torch.optim.' if self.info.is_torchs else ''}{make}", parts)
        if self.run.scheduler is not None:
            lines += _scheduler(self.run.scheduler, self.experiment.steps, float(rate))
        return lines

    def loop(
        self, check: Sequence[str] = (), record: Sequence[str] = (), with_losses: bool = False
    ) -> list[Line]:
        """The loop over the steps. Each begins with `check`, and `record` follows what the optimizer does.

        `with_losses` says that `record` reads `loss`.
        """
        return [Line(self.head()), *indented([*map(Line, check), *self._step(record, with_losses)])]

    def _step(self, record: Sequence[str], with_losses: bool) -> list[Line]:
        """What is done at every step: with a closure only where the optimizer cannot do without one."""
        lines = []
        if self.run.reset_every:
            lines.append(Line(f"if step % {self.run.reset_every} == 0:  # a new optimizer remembers nothing"))
            lines += indented(map(Line, self.build()))
        noise = self._noise()
        if noise and self.names_noise:
            lines.append(Line(f"noise = {noise}"))  # one a step, however often it is added
            noise = "noise"
        if needs_closure(self.info):
            closure = [*self._gradient(noise), Line("return loss")]
            lines += [Line("def closure():"), *indented(closure)]
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

    source: Source

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
            lines += call(f"{name} = torch.tensor", [value, *self.dtype(), *trained])
        return lines

    def add_noise(self, noise: str) -> list[str]:
        used = f"[{'xy'.index(self.trained)}]" if self.run.frozen else ""
        return [f"{self.trained}.grad += {noise}{used}"]


def _scheduler(spec: SchedulerSpec, steps: int, lr: float) -> list[str]:
    info = scheduler_info(spec)
    package = "torch.optim.lr_scheduler"
    parts = ["optimizer", *changed(info.params, info.settings(spec, steps, lr))]
    if not spec.warmup:
        return call(f"scheduler = {package}.{info.name}", parts)
    both = ["optimizer", "[warmup, after]", f"[{spec.warmup}]"]
    return [
        *call(f"warmup = {package}.LinearLR", ["optimizer", f"total_iters={spec.warmup}"]),
        *call(f"after = {package}.{info.name}", parts),
        *call(f"scheduler = {package}.SequentialLR", both),
    ]


def needs_closure(info: OptimizerInfo) -> bool:
    """Whether `step` wants one; of those that are not torch's own it is not known, and all take one."""
    if not info.is_torchs:
        return True
    return inspect.signature(info.make.step).parameters["closure"].default is inspect.Parameter.empty
