"""What is kept of a run while it runs: tensors preallocated on the device, read once, at the end.

A recorder is told when a step's gradients are ready and when the step has been taken, both without autograd.
It waits for nothing: no number leaves the device until the run is over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from optviz.engine.outcome import REACH, Array, Landscape, judge
from optviz.engine.trajectory import Ensemble, MadeWith, Trajectory
from optviz.optimizers.catalogue import optimizer_info
from optviz.spec.experiment import RunSpec
from optviz.surfaces.problem import Surface

_NOTHING: list[Any] = []
_RING = 64
"""Steps that are buffered before they are moved to their place."""
_NO_STATE: dict[str, Any] = {}


class Recorder(Protocol):
    """What the loop tells about its steps, counted from 0."""

    def seen(self, loss: Tensor) -> None:
        """Called when the gradients are as the optimizer will see them first in a step.

        Args:
            loss: () what the closure returned, or (N,) for N starts.
        """

    def after(self, step: int, optimizer: Optimizer, evals: int) -> None:
        """Called when a step has been taken, before any scheduler has moved.

        Args:
            step: The step, counted from 0.
            optimizer: torch's optimizer, with its state.
            evals: How often the step evaluated the loss.
        """

    def stopped(self, finite: Tensor, reason: str) -> None:
        """Called when there are no more steps, because something failed.

        Args:
            finite: (k,) which starts had finite numbers until then; the others have diverged.
            reason: Why, in words.
        """


class PathRecorder:
    """Keeps everything about one run; `trajectory` copies it to the host and judges it."""

    def __init__(self, index: int, spec: RunSpec, parameters: Sequence[Tensor], steps: int) -> None:
        self._index, self._spec, self._parameters, self._steps = index, spec, parameters, steps
        self._trained = [part for part in parameters if part.requires_grad]
        self._start = _joined([part.detach()[None] for part in parameters])
        self._points = [_Column(part, steps) for part in parameters]
        self._gradients = [_Column(part, steps) for part in self._trained]
        self._losses = _Column(parameters[0].new_empty(()), steps)
        self._state: dict[str, _Column] = {}
        self._unrecorded: set[str] = set()
        fixed = [*self._points, *self._gradients, self._losses]
        self._rows = list(zip(*(column.rows for column in fixed), strict=True))
        self._columns = fixed
        several = len(self._trained) > 1
        self._named = [(f"{i}." if several else "", part) for i, part in enumerate(self._trained)]
        self._seen = _NOTHING
        self._lrs: list[float] = []
        self._moved: dict[str, list[Any]] = {name: [] for name in ("momentum", "betas")}
        self._evals = [0]
        self._gave_up, self._reason = False, ""

    def seen(self, loss: Tensor) -> None:
        """Keep the gradients of a step's first closure call, and its `loss` ()."""
        gradients: list[Any] = [part.grad for part in self._trained]
        if not self._spec.zero_grad:  # they are added to in place: later calls of this step would change them
            gradients = [gradient.clone() for gradient in gradients]
        self._seen = [*gradients, loss if loss.ndim == 0 else loss.reshape(())]

    def after(self, step: int, optimizer: Optimizer, evals: int) -> None:
        """Keep the point, torch's state and the learning rate after the step."""
        place = step % _RING
        rows, values = [*self._rows[place]], [*self._parameters, *self._seen]
        for prefix, part in self._named:
            for name, value in optimizer.state.get(part, _NO_STATE).items():
                column = self._state.get(prefix + name)
                if column is not None and isinstance(value, Tensor) and value.shape == column.shape:
                    rows.append(column.rows[place])
                    values.append(value)
                elif value is not None:
                    self._keep(prefix + name, value, place)
        torch._foreach_copy_(rows, values)
        self._seen = _NOTHING
        self._evals.append(evals)
        group = optimizer.param_groups[0]
        self._lrs.append(group["lr"])
        if self._spec.scheduler is not None:
            for name, values_used in self._moved.items():
                values_used.append(group.get(name))
        if place == _RING - 1:
            self._flush(step + 1)

    def _flush(self, steps: int) -> None:
        """Move what the rings hold of the first `steps` steps to its place."""
        first = (steps - 1) // _RING * _RING
        for column in self._columns:
            column.flush(first, steps)

    def stopped(self, finite: Tensor, reason: str) -> None:
        """Keep whether the run diverged, where `finite` (1,) is false, and the reason for the verdict."""
        self._gave_up, self._reason = not bool(finite.all()), reason

    def _keep(self, name: str, value: object, place: int) -> None:
        """Record what is new in the state, or a plain number; give up on what is neither or changes shape."""
        if (
            name not in self._state
            and name not in self._unrecorded
            and isinstance(value, Tensor | int | float)
        ):
            self._state[name] = _Column(value, self._steps)
            self._columns.append(self._state[name])
        column = self._state.get(name)
        if column is not None and isinstance(value, Tensor) and value.shape == column.shape:
            column.rows[place].copy_(value)
        elif column is not None and isinstance(value, int | float) and not column.shape:
            column.rows[place].fill_(value)
        else:
            self._unrecorded.add(name)
            self._state.pop(name, None)

    def trajectory(
        self, surface: Surface, land: Landscape, made_with: MadeWith, epoch_steps: int = 1
    ) -> Trajectory:
        """Copy everything to the host once, cut the path where it diverged, and judge how it ended.

        Args:
            surface: What was run on.
            land: The same in float64, for the losses, gradients and verdict that are the surface's own.
            made_with: What it was computed with.
            epoch_steps: How many steps an epoch has.

        Returns:
            The trajectory. The points of a network are still its parameters (n+1, D), until they are
            projected on a plane.
        """
        taken = len(self._evals) - 1
        if taken % _RING:
            self._flush(taken)
        path = torch.cat((self._start, _joined([column.values[:taken] for column in self._points])))
        good = within_reach(path, land.low, land.widths).cpu().numpy()
        host = _host(path)
        exact = host.astype(np.float64)
        losses, gradients = land.first_order(exact)
        good &= np.isfinite(losses)
        steps = taken if good.all() else int(good.argmin())
        points, exact = _first(host, steps + 1), _first(exact, steps + 1)
        outcome = judge(exact, self._gave_up or not good[steps], land, self._reason if steps == taken else "")
        return Trajectory(
            index=self._index,
            run=self._spec,
            points=points,
            parameters=points if surface.network else None,
            losses=_first(losses, steps + 1),
            gradients=_first(gradients, steps + 1),
            seen_gradients=_first(self._seen_gradients(), steps),
            seen_losses=_first(_host(self._losses.values), steps),
            lrs=np.asarray(self._lrs[:steps], dtype=np.float64),
            hyperparameters=self._hyperparameters(steps),
            evals=np.cumsum(self._evals[: steps + 1]),
            epochs=np.arange(steps) // epoch_steps,
            state={name: _first(_host(column.values), steps) for name, column in self._state.items()},
            unrecorded=tuple(sorted(self._unrecorded)),
            outcome=outcome,
            made_with=made_with,
            names=surface.axes,
        )

    def _seen_gradients(self) -> Any:
        """(steps, D), 0 for the parameters that are frozen."""
        trained = iter(self._gradients)
        parts = [
            next(trained).values if part.requires_grad else torch.zeros_like(points.values)
            for part, points in zip(self._parameters, self._points, strict=True)
        ]
        return _host(_joined(parts))

    def _hyperparameters(self, steps: int) -> dict[str, Array]:
        """Those that a scheduler did move: it may also have put another value in their place for good."""
        own = optimizer_info(self._spec.optimizer).complete(self._spec.optimizer)
        used = {name: values[:steps] for name, values in self._moved.items()}
        moved = {
            name: values for name, values in used.items() if any(value != own.get(name) for value in values)
        }
        return {name: np.asarray(values, dtype=np.float64) for name, values in moved.items()}


class EndsRecorder:
    """Keeps the ends of N runs."""

    def __init__(self, index: int, starts: Tensor, surface: Surface) -> None:
        self._index, self._surface, self._starts = index, surface, starts
        self._ends = torch.empty_like(starts)
        self._goes = torch.empty(len(starts), dtype=torch.bool, device=starts.device)
        self._taken = torch.zeros(len(starts), dtype=torch.int64, device=starts.device)

    def watch(self, points: Callable[[], Tensor], rows: slice) -> None:
        """Keep the ends of these runs from now on, which begin at their starts.

        Args:
            points: Gives the runs' points, (k, 2), as they are when it is called.
            rows: Which of the N runs these k are.
        """
        self._now, self._rows = points, rows
        self._ends[rows] = self._starts[rows]
        self._goes[rows] = goes_on(self._starts[rows], self._surface)
        self._taken[rows] = 0

    def seen(self, loss: Tensor) -> None:
        """Do nothing: only points are kept, not the `loss` (k,)."""

    def after(self, step: int, optimizer: Optimizer, evals: int) -> None:
        """Move the ends of the runs that go on."""
        now, goes, ends = self._now(), self._goes[self._rows], self._ends[self._rows]
        self._taken[self._rows] += goes
        ends.copy_(torch.where(goes[:, None], now, ends))
        goes &= goes_on(now, self._surface)

    def stopped(self, finite: Tensor, reason: str) -> None:
        """Keep which runs diverged: those that are not `finite` (k,)."""
        self._goes[self._rows] &= finite

    def ensemble(self, land: Landscape, made_with: MadeWith) -> Ensemble:
        """Copy everything to the host once."""
        return self._ensemble(self._ends, self._taken, ~self._goes, None, land, made_with)

    def _ensemble(
        self,
        ends: Tensor,
        taken: Tensor,
        diverged: Tensor,
        paths: Tensor | None,
        land: Landscape,
        made_with: MadeWith,
    ) -> Ensemble:
        on_host = _host(ends)
        losses = land.first_order(on_host.astype(np.float64))[0]
        return Ensemble(
            index=self._index,
            starts=_host(self._starts),
            ends=on_host,
            losses=losses,
            steps=_host(taken),
            diverged=_host(diverged),
            paths=None if paths is None else _host(paths.transpose(0, 1)),
            made_with=made_with,
        )


class PathsRecorder(EndsRecorder):
    """Keeps all points of N runs. Where they end is found afterwards, which costs less than step by step."""

    def __init__(self, index: int, starts: Tensor, surface: Surface, steps: int) -> None:
        super().__init__(index, starts, surface)
        self._paths = starts.new_full((steps + 1, *starts.shape), math.nan)
        self._paths[0] = starts
        self._stopped = torch.full_like(self._taken, steps)
        self._gave_up = torch.zeros_like(self._goes)
        self._count = 0

    def watch(self, points: Callable[[], Tensor], rows: slice) -> None:
        """Keep all points of these runs from now on.

        Args:
            points: Gives the runs' points, (k, 2), as they are when it is called.
            rows: Which of the N runs these k are.
        """
        self._now, self._rows, self._count = points, rows, 0
        self._paths[1:, rows] = math.nan
        self._stopped[rows] = len(self._paths) - 1
        self._gave_up[rows] = False

    def after(self, step: int, optimizer: Optimizer, evals: int) -> None:
        """Keep all points."""
        self._count = step + 1
        self._paths[self._count, self._rows] = self._now()

    def stopped(self, finite: Tensor, reason: str) -> None:
        """Keep at which step these runs stopped, and which of them diverged: those not `finite` (k,)."""
        self._stopped[self._rows] = self._count
        self._gave_up[self._rows] = ~finite

    def ensemble(self, land: Landscape, made_with: MadeWith) -> Ensemble:
        """Find where each path ends, and copy everything to the host once."""
        taken, steps = self._stopped.clone(), len(self._paths) - 1
        for row in self._suspects().split(1024):
            goes = goes_on(self._paths[:, row], self._surface)
            first = torch.where(goes.all(dim=0), steps, goes.int().argmin(dim=0))
            taken[row] = torch.minimum(taken[row], first)
        ends = self._paths[taken, torch.arange(len(taken), device=taken.device)]
        gave_up = self._gave_up & (taken == self._stopped)
        diverged = gave_up | ~goes_on(ends, self._surface)
        return self._ensemble(ends, taken, diverged, self._paths, land, made_with)

    def _suspects(self) -> Tensor:
        """The paths that may contain a point at which they end.

        Most contain none. Where that depends on the extremes of a path alone, it shows at once: they are NaN
        where the path is.
        """
        if not self._surface.total:
            return torch.arange(self._paths.shape[1], device=self._paths.device)
        extremes = torch.stack(torch.aminmax(self._paths, dim=0))
        return (~goes_on(extremes, self._surface).all(dim=0)).nonzero()[:, 0]


def goes_on(points: Tensor, surface: Surface) -> Tensor:
    """Whether a run goes on from its point: it is within reach, and its loss is finite.

    Args:
        points: (..., 2) in any dtype, on any device.
        surface: What the run walks on. Its loss is computed in float64.

    Returns:
        (...)
    """
    near = within_reach(points, [low for low, _ in surface.domain], surface.widths)
    if surface.total:
        return near
    where = "cpu" if points.device.type == "mps" else points.device  # mps has no float64
    with torch.no_grad():
        losses = surface(points.detach().to(where, torch.float64))
    return near & losses.isfinite().to(points.device)


def within_reach(points: Tensor, low: Any, widths: Any) -> Tensor:
    """Whether points are finite, and at most `REACH` domain widths from the domain's middle along each axis.

    Args:
        points: (..., D)
        low: The lowest corner of the domain, D numbers.
        widths: The extent of the domain along each axis, D numbers.

    Returns:
        (...)
    """
    extent = np.asarray(widths, dtype=np.float64)
    middle = points.new_tensor((np.asarray(low) + extent / 2).tolist())
    reach = points.new_tensor((REACH * extent).tolist())
    return ((points - middle).abs() <= reach).all(dim=-1)


class _Column:
    """One tensor or number at each step, on its own device; NaN where it was not there.

    Steps are written to the rows of a short ring and moved to `values` (steps, *shape) a ring at a time:
    rows that stay in the processor's cache cost half of what a long list of them does.
    """

    def __init__(self, like: Tensor | float, steps: int) -> None:
        if not isinstance(like, Tensor):
            like = torch.tensor(math.nan, dtype=torch.float64)
        like = like.detach()
        self.shape = like.shape
        self._fill = math.nan if like.dtype.is_floating_point else 0
        self.values = like.new_full((steps, *like.shape), self._fill)
        self._ring = like.new_full((_RING, *like.shape), self._fill)
        self.rows = self._ring.unbind()

    def flush(self, first: int, end: int) -> None:
        """Move the ring's rows to the steps from `first` to before `end`."""
        self.values[first:end] = self._ring[: end - first]
        self._ring.fill_(self._fill)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """Parameters (steps, *shape) side by side as (steps, D)."""
    return torch.cat([part.flatten(1) for part in parts], dim=1)


def _first(rows: Any, count: int) -> Any:
    """The first rows of an array, as a copy where that lets go of the others."""
    return rows if len(rows) == count else rows[:count].copy()


def _host(values: Tensor) -> Any:
    values = values.float() if values.dtype == torch.bfloat16 else values  # NumPy has no such numbers
    return values.detach().cpu().numpy()
