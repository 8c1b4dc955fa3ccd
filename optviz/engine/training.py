"""The only loop: a batch of starts, the optimizer that steps it, and each step."""

from __future__ import annotations

import dis
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import SGD, Optimizer

from optviz.engine.chance import Chance
from optviz.engine.recorders import Recorder
from optviz.engine.request import free_names, tensors
from optviz.optimizers.catalogue import Coupling, optimizer_info
from optviz.optimizers.schedulers import scheduler_info
from optviz.spec.experiment import Experiment, RunSpec
from optviz.surfaces.models import Fitting
from optviz.surfaces.problem import Problem, Surface

if TYPE_CHECKING:
    from optviz.optimizers.schedulers import Scheduler

WatchSteps = Callable[[int], None]
"""Called after every step with the number of steps taken so far. What it raises ends the run."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """Parameters that are stepped together: those of one start, or of many."""

    problem: Problem
    parameters: Sequence[Tensor]
    """As the problem's loss takes them."""
    each: Sequence[Sequence[Tensor]]
    """The same, start by start, where starts are tensors of their own; else as one start."""
    rows: slice
    """Which starts of an ensemble these are."""
    count: int = 1
    """How many starts are rows of the same tensors."""

    def points(self) -> Tensor:
        """All starts' points as (N, 2)."""
        joined = [self._rows(parts) for parts in self.each]
        return joined[0] if len(joined) == 1 else torch.cat(joined)

    def _rows(self, parts: Sequence[Tensor]) -> Tensor:
        return torch.cat([part.reshape(self.count, -1) for part in parts], dim=-1)

    def finite(self, loss: Tensor | None) -> Tensor:
        """Which starts can go on: their points, gradients and losses are finite.

        Args:
            loss: (N,), () for one start, or None where it is not known.

        Returns:
            (N,)
        """
        good = []
        for parts in self.each:
            values = [*parts, *(part.grad for part in parts if part.grad is not None)]
            good.append(torch.isfinite(self._rows(values)).all(dim=-1))
        return torch.cat(good) if loss is None else torch.cat(good) & loss.isfinite().reshape(-1)


@dataclass(frozen=True)
class _Apart:
    """A surface whose starts are tensors of their own: `columns` a start, 2 where x and y are apart."""

    surface: Surface
    columns: int

    @property
    def names(self) -> tuple[str, ...]:
        return self.surface.names

    def loss(self, parameters: Sequence[Tensor], batch: object = None) -> Tensor:
        """(N,) the loss of each start."""
        rows = [part.reshape(1, -1) for part in parameters]
        theta = [torch.cat(rows[column :: self.columns]) for column in range(self.columns)]
        return self.surface.loss(theta)


def single(function: Surface, spec: RunSpec, start: Tensor, rows: slice = slice(None)) -> Batch:
    """The batch of one start.

    An optimizer for matrices gets it as one row, but a model has shapes of its own.

    Args:
        function: The surface.
        spec: The run.
        start: (D,) where it begins.
        rows: Which start of an ensemble it is.
    """
    if function.data is not None:
        return _fitting(function, spec, start[None], rows)
    matrix = optimizer_info(spec.optimizer).matrix
    parameters = _split(function, spec, start[None] if matrix else start)
    return Batch(function, parameters, [parameters], rows)


def batches(
    function: Surface,
    spec: RunSpec,
    theta: Tensor,
    rows: slice = slice(None),
    apart: bool = False,
) -> Iterator[Batch]:
    """The batches of many starts: each as large as no start would notice, by the optimizer's coupling.

    Args:
        function: The surface.
        spec: The run.
        theta: (N, 2) the starts.
        rows: Which starts of an ensemble they are.
        apart: Whether chance differs from start to start, which rows of one tensor allow too.
    """
    coupling = optimizer_info(spec.optimizer).coupling
    as_rows = coupling is Coupling.ELEMENTS and function.data is None and not reads_loss(spec)
    if as_rows:
        parameters = _split(function, spec, theta)
        yield Batch(function, parameters, [parameters], rows, len(theta))
    elif coupling is Coupling.OPTIMIZER or apart:
        for index, start in enumerate(theta):
            yield single(function, spec, start, slice(index, index + 1))
    else:
        yield own_tensors(function, spec, theta, rows)


def own_tensors(function: Surface, spec: RunSpec, theta: Tensor, rows: slice) -> Batch:
    """One batch of many starts, each with tensors of its own.

    Args:
        function: The surface.
        spec: The run.
        theta: (N, 2) the starts.
        rows: Which starts of an ensemble they are.
    """
    if function.data is not None:
        return _fitting(function, spec, theta, rows)
    each = [single(function, spec, start).parameters for start in theta]
    parameters = [part for parts in each for part in parts]
    return Batch(_Apart(function, len(each[0])), parameters, each, rows)


def _fitting(function: Surface, spec: RunSpec, starts: Tensor, rows: slice) -> Batch:
    """The models of some starts (N, 2), each with tensors of its own."""
    tensors(function, spec)  # refuses what cannot be frozen
    assert function.data is not None
    problem = Fitting(function.data, starts, spec.frozen)
    return Batch(problem, [part for parts in problem.each for part in parts], problem.each, rows)


def _split(problem: Problem, spec: RunSpec, theta: Tensor) -> list[Tensor]:
    """θ (..., 2) as one tensor to step, or x and y apart (..., 1) where one of them is frozen."""
    free = free_names(problem, spec)
    if not spec.frozen:
        return [theta.clone().requires_grad_()]
    parts = zip(problem.names, theta.split(1, dim=-1), strict=True)
    return [part.clone().requires_grad_(name in free) for name, part in parts]


class Trainer:
    """A run's optimizer and scheduler, how to build them anew, and how the run clips its gradients.

    A scheduler that judges by the loss gets, for each start, a parameter group and a scheduler of its own.
    """

    def __init__(
        self,
        experiment: Experiment,
        spec: RunSpec,
        batch: Batch,
        make: type[Optimizer] | None = None,
        settings: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        """`settings` are other hyperparameters than the run's: one for all, or one for each of the starts."""
        self.spec, self.steps = spec, experiment.steps
        self.settings = settings or [optimizer_info(spec.optimizer).settings(spec.optimizer)]
        self.make: Callable[..., Optimizer] = make or optimizer_info(spec.optimizer).make
        self.each = [[part for part in parts if part.requires_grad] for parts in batch.each]
        self.trained = [part for parts in self.each for part in parts]
        self.clip = self._clipping(batch.count > 1)
        self.build()

    def build(self) -> None:
        """Make the optimizer and its scheduler anew.

        Raises:
            ValueError: torch, or somebody else's class, refuses the settings, or the optimizer has no lr.
        """
        groups: Any = self.trained
        if len(self.settings) > 1:
            pairs = zip(self.each, self.settings, strict=True)
            groups = [{"params": parts, **own} for parts, own in pairs]
        elif reads_loss(self.spec):
            groups = [{"params": parts} for parts in self.each]
        who = self.name
        try:
            self.optimizer = self.make(groups, **self.settings[0])
            who = self.scheduler_name
            self.schedulers = self._schedulers()
        except Exception as error:  # whatever torch, or somebody else's class, raises
            raise ValueError(_refusal(error, f"{who} cannot be made with these settings")) from error
        if not all("lr" in group for group in self.optimizer.param_groups):
            raise ValueError(f"{self.name} has no learning rate called lr.")

    @property
    def name(self) -> str:
        """What a sentence calls the optimizer."""
        return optimizer_info(self.spec.optimizer).name

    @property
    def scheduler_name(self) -> str:
        """What a sentence calls the scheduler, where there is one."""
        return f"the scheduler {self.spec.scheduler.name}" if self.spec.scheduler else ""

    def _schedulers(self) -> list[Scheduler]:
        if self.spec.scheduler is None:
            return []
        info = scheduler_info(self.spec.scheduler)
        owners = [self.optimizer]
        if len(self.optimizer.param_groups) > 1:
            owners = [_one_group(group) for group in self.optimizer.param_groups]
        return [info.build(self.spec.scheduler, owner, self.steps) for owner in owners]

    def resets_at(self, step: int) -> bool:
        """Whether the optimizer and its scheduler are made anew before a step, counted from 0."""
        every = self.spec.reset_every
        return every is not None and step > 0 and step % every == 0

    def step_schedulers(self, loss: Tensor) -> None:
        """Step the scheduler, or each start's own by its own loss.

        Args:
            loss: (), or (N,) for N starts.
        """
        if not reads_loss(self.spec):
            self.schedulers[0].step()  # type: ignore[call-arg]  # only ReduceLROnPlateau needs a loss
            return
        for scheduler, metric in zip(self.schedulers, loss.reshape(-1).tolist(), strict=True):
            scheduler.step(metric)

    def _clipping(self, many_rows: bool) -> Callable[[], None] | None:
        norm, value = self.spec.clip_norm, self.spec.clip_value

        def by_norm() -> None:
            for parts in self.each:
                clip_grad_norm_(parts, norm)  # type: ignore[arg-type]  # chosen below where it is given

        def by_value() -> None:
            clip_grad_value_(self.trained, value)  # type: ignore[arg-type]

        if norm is not None:
            return (lambda: _clip_rows(self.trained, norm)) if many_rows else by_norm
        return by_value if value is not None else None


_PYTHONS_OWN: Mapping[type[Exception], str] = {
    OverflowError: "a number became too large",
    ArithmeticError: "it divided by zero",
    LookupError: "it looked for something that is not there",
}
"""What exceptions that Python raises by itself mean. Their texts are no sentences."""


def _words(error: Exception) -> str:
    """Why torch, or somebody else's class, failed: its own message for users, else what it amounts to."""
    for kind, meaning in _PYTHONS_OWN.items():
        if isinstance(error, kind):
            return meaning
    said = str(error).strip().split("\n")[0].rstrip(".")
    return said if said and _is_said(error) else "it cannot compute with these numbers"


def _is_said(error: Exception) -> bool:
    """Whether an exception was raised with words for a reader: by a statement, or in torch's own C++.

    Others come from what Python itself was doing: a call, an operation, an attribute.
    """
    if isinstance(error, RuntimeError) and not isinstance(error, RecursionError):
        return True
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and last.tb_frame.f_code.co_code[last.tb_lasti] == _RAISE


_RAISE = dis.opmap["RAISE_VARARGS"]


def _refusal(error: Exception, otherwise: str) -> str:
    """Why something does not begin: in torch's own text, where it has one."""
    words = _words(error)
    return str(error) if words in str(error) else f"{otherwise[0].upper()}{otherwise[1:]}: {words}."


def reads_loss(spec: RunSpec) -> bool:
    """Whether a run's scheduler looks at the loss, as ReduceLROnPlateau does."""
    return spec.scheduler is not None and scheduler_info(spec.scheduler).reads_loss


def _one_group(group: dict[str, Any]) -> Optimizer:
    """A stand-in that holds one parameter group of another optimizer, for a scheduler to move its rate."""
    owner = SGD([torch.zeros(1)])
    owner.param_groups = [group]
    return owner


def _clip_rows(parts: Sequence[Tensor], limit: float) -> None:
    """What `clip_grad_norm_` does, for each row by itself and to the bit."""
    gradients = [part.grad for part in parts if part.grad is not None]
    norms = torch.stack([torch.linalg.vector_norm(gradient, dim=1) for gradient in gradients], dim=-1)
    total = torch.linalg.vector_norm(norms, dim=-1, keepdim=True)
    factor = torch.clamp(limit / (total + 1e-6), max=1.0)
    for gradient in gradients:
        gradient.mul_(factor)


@torch.no_grad()
def train(
    batch: Batch,
    trainer: Trainer,
    chance: Chance,
    recorder: Recorder,
    watch: WatchSteps | None = None,
) -> bool:
    """Step the optimizer as often as the experiment says: the only loop, and it never waits for the device.

    torch's own optimizers turn autograd on for the closure, but not everybody's do. What fails after the
    first step ends the run, and the steps before it are kept.

    Args:
        batch: The starts that are stepped together.
        trainer: Their optimizer and scheduler.
        chance: The noise and the minibatches of each step.
        recorder: What is told of each step.
        watch: Called after every step with the number of steps taken so far. What it raises ends the run.

    Returns:
        Whether all steps were taken.

    Raises:
        ValueError: The first step fails already.
    """
    stepping = _Stepping(batch, trainer, chance, recorder)
    for step in range(trainer.steps):
        if not stepping.take(step):
            return False
        if watch is not None:
            watch(step + 1)
    return True


class _Stepping:
    """The step that is being taken: its minibatch, how often its loss was asked for, and the last loss."""

    def __init__(self, batch: Batch, trainer: Trainer, chance: Chance, recorder: Recorder) -> None:
        self.batch, self.trainer, self.recorder = batch, trainer, recorder
        self.noise, self.minibatches = chance.noise, chance.minibatches(batch.problem)
        self.examples: Any = None
        self.step = self.evals = 0
        self.latest: Tensor | None = None

    def take(self, step: int) -> bool:
        """Step the optimizer, then its scheduler. Returns whether the run goes on.

        Raises:
            ValueError: It is the first step, and it fails.
        """
        trainer = self.trainer
        if trainer.resets_at(step):
            trainer.build()
        self.step, self.evals, self.examples = step, 0, next(self.minibatches)
        try:
            loss: Any = trainer.optimizer.step(self.closure)  # type: ignore[arg-type]  # torch types it float
        except Exception as error:  # LBFGS chokes on numbers that are not finite, for example
            return self.stop(error, trainer.name, taken=step)
        self.recorder.after(step, trainer.optimizer, self.evals)
        if trainer.schedulers:
            try:
                trainer.step_schedulers(loss)
            except Exception as error:
                return self.stop(error, trainer.scheduler_name, taken=step + 1)
        return True

    def closure(self) -> Tensor:
        """The loss, after its gradients: called by the optimizer, once in a step or several times."""
        trainer, problem = self.trainer, self.batch.problem
        if trainer.spec.zero_grad:
            trainer.optimizer.zero_grad()
        with torch.enable_grad():
            loss = problem.loss(self.batch.parameters, self.examples)
            (loss if loss.ndim == 0 else loss.sum()).backward()
        if self.noise is not None:
            for parts in trainer.each:
                for part, xi in zip(parts, self.noise[self.step], strict=True):
                    part.grad.add_(xi)  # type: ignore[union-attr]  # backward has made it
        if trainer.clip is not None:
            trainer.clip()
        if self.evals == 0:
            self.recorder.seen(loss)
        self.evals, self.latest = self.evals + 1, loss
        return loss

    def stop(self, error: Exception, who: str, taken: int) -> bool:
        """End the run where `who` failed after so many steps: an ending like others. Returns False.

        Raises:
            ValueError: No step was taken, and not because of numbers that are not finite.
        """
        finite = self.batch.finite(self.latest)
        if taken == 0 and bool(finite.any()):
            raise ValueError(_refusal(error, f"{who} cannot take the first step")) from error
        _log.info("%s failed after %d steps.", who, taken, exc_info=error)
        self.recorder.stopped(finite, f"{who} failed ({_words(error)})")
        return False
