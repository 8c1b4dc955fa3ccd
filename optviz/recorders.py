"""What is kept of a run while it runs: tensors preallocated on the device, read once, at the end.

A recorder is told before each step, when the optimizer's gradients are ready, and after each step. It waits
for nothing: no number leaves the device until the run is over.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from optviz.outcome import REACH, Array, Landscape, judge
from optviz.problem import Surface
from optviz.spec import RunSpec
from optviz.trajectory import Ensemble, MadeWith, Trajectory

_NO_STATE: dict[str, Any] = {}


class Recorder(Protocol):
    """What the loop tells about its steps, counted from 0."""

    def before(self, optimizer: Optimizer) -> None:
        """The next step is about to be taken."""

    def seen(self, step: int, loss: Tensor) -> None:
        """The gradients are as the optimizer will see them first in this step."""

    def after(self, step: int, optimizer: Optimizer, evals: int) -> None:
        """The step has been taken, with `evals` evaluations of the loss."""

    def gave_up(self) -> None:
        """Instead of a step: torch could not go on, because numbers are not finite any more."""


class PathRecorder:
    """Keeps everything about one run; `trajectory` copies it to the host and judges it."""

    def __init__(self, parameters: Sequence[Tensor], steps: int) -> None:
        self._parameters = parameters
        self._trained = [part for part in parameters if part.requires_grad]
        self._steps = steps
        width = sum(part.numel() for part in parameters)
        empty = parameters[0].detach().new_zeros
        self._points, self._seen_gradients = empty((steps + 1, width)), empty((steps, width))
        self._seen_losses = empty((steps, *[1] * (parameters[0].ndim - 1)))
        self._point_rows = list(zip(*_columns(self._points, parameters), strict=True))
        seen = zip(parameters, _columns(self._seen_gradients, parameters), strict=True)
        trained = [column for part, column in seen if part.requires_grad]
        self._seen_rows = list(zip(*trained, self._seen_losses.unbind(), strict=True))
        self._state: dict[str, Tensor] = {}
        self._state_rows: dict[str, tuple[Tensor, ...]] = {}
        self._unrecorded: set[str] = set()
        self._prefixes = [f"{i}." if len(self._trained) > 1 else "" for i in range(len(self._trained))]
        self._lrs: list[float] = []
        self._moved: dict[str, list[Any]] = {}
        self._evals = [0]
        self._gave_up = False
        torch._foreach_copy_(self._point_rows[0], [part.detach() for part in parameters])

    def before(self, optimizer: Optimizer) -> None:
        group = optimizer.param_groups[0]
        self._lrs.append(group["lr"])
        for name in ("momentum", "betas"):
            if name in group:
                self._moved.setdefault(name, []).append(group[name])

    def seen(self, step: int, loss: Tensor) -> None:
        gradients: list[Any] = [part.grad for part in self._trained]
        torch._foreach_copy_(self._seen_rows[step], [*gradients, loss.detach()])

    def after(self, step: int, optimizer: Optimizer, evals: int) -> None:
        rows, values = [*self._point_rows[step + 1]], [part.detach() for part in self._parameters]
        for prefix, part in zip(self._prefixes, self._trained, strict=True):
            for name, value in optimizer.state.get(part, _NO_STATE).items():
                row = self._state_row(prefix + name, value, step)
                if row is not None:
                    rows.append(row)
                    values.append(value)
        torch._foreach_copy_(rows, values)
        self._evals.append(evals)

    def gave_up(self) -> None:
        self._gave_up = True

    def _state_row(self, name: str, value: object, step: int) -> Tensor | None:
        """The row for a tensor of the state; a plain number is written to its row at once."""
        if name in self._state_rows:
            row = self._state_rows[name][step]
            if isinstance(value, Tensor) and row.shape == value.shape:
                return row
            if isinstance(value, int | float) and row.ndim == 0:
                row.fill_(value)
                return None
        elif isinstance(value, Tensor | int | float) and name not in self._unrecorded:
            self._state[name] = _like(value, self._steps)
            self._state_rows[name] = self._state[name].unbind()
            return self._state_row(name, value, step)
        if value is not None:
            self._unrecorded.add(name)
            self._state.pop(name, None)
            self._state_rows.pop(name, None)
        return None

    def trajectory(self, spec: RunSpec, surface: Surface, land: Landscape, made_with: MadeWith) -> Trajectory:
        """Copy everything to the host once, cut the path where it diverged, and judge how it ended.

        `land` is the surface in float64, for the losses, gradients and verdict that are the surface's own.
        """
        near = within_reach(self._points[: len(self._evals)], surface).cpu().numpy()
        steps = len(near) - 1 if near.all() else int(near.argmin())
        points = _host(self._points)[: steps + 1]
        exact = points.astype(np.float64)
        losses, gradients = land.first_order(exact)
        return Trajectory(
            run=spec,
            points=points,
            losses=losses,
            gradients=gradients,
            seen_gradients=_host(self._seen_gradients)[:steps],
            seen_losses=_host(self._seen_losses).reshape(-1)[:steps],
            lrs=np.asarray(self._lrs[:steps], dtype=np.float64),
            hyperparameters=self._hyperparameters(steps),
            evals=np.cumsum(self._evals[: steps + 1]),
            state={name: _host(values)[:steps] for name, values in self._state.items()},
            unrecorded=tuple(sorted(self._unrecorded)),
            outcome=judge(exact, self._gave_up or not near[steps], land),
            made_with=made_with,
        )

    def _hyperparameters(self, steps: int) -> dict[str, Array]:
        """Those that a scheduler did move."""
        moved = {name: np.asarray(values[:steps], dtype=np.float64) for name, values in self._moved.items()}
        return {name: values for name, values in moved.items() if (values != values[:1]).any()}


class EndsRecorder:
    """Keeps the ends of N runs, and all their points where `path_steps` says how many there will be."""

    def __init__(self, starts: Tensor, surface: Surface, path_steps: int | None) -> None:
        self._surface = surface
        self._starts = starts
        self._ends = starts.clone()
        self._near = within_reach(starts, surface)
        self._taken = torch.zeros(len(starts), dtype=torch.int64, device=starts.device)
        self._paths: Tensor | None = None
        if path_steps is not None:
            self._paths = starts.new_full((path_steps + 1, *starts.shape), math.nan)
            self._paths[0] = starts

    def watch(self, points: Callable[[], Tensor], rows: slice) -> None:
        """From now on `points()` gives the runs of these rows, as (k, 2)."""
        self._now, self._rows = points, rows

    def before(self, optimizer: Optimizer) -> None:
        pass

    def seen(self, step: int, loss: Tensor) -> None:
        pass

    def after(self, step: int, optimizer: Optimizer, evals: int) -> None:
        with torch.no_grad():
            now, near, ends = self._now(), self._near[self._rows], self._ends[self._rows]
            self._taken[self._rows] += near
            ends.copy_(torch.where(near[:, None], now, ends))
            near &= within_reach(now, self._surface)
            if self._paths is not None:
                self._paths[step + 1, self._rows] = now

    def gave_up(self) -> None:
        self._near[self._rows] = False

    def ensemble(self, land: Landscape, made_with: MadeWith) -> Ensemble:
        """Copy everything to the host once."""
        ends = _host(self._ends)
        return Ensemble(
            starts=_host(self._starts),
            ends=ends,
            losses=land.first_order(ends.astype(np.float64))[0],
            steps=_host(self._taken),
            diverged=~_host(self._near),
            paths=None if self._paths is None else _host(self._paths.transpose(0, 1)),
            made_with=made_with,
        )


def within_reach(points: Tensor, surface: Surface) -> Tensor:
    """Whether points (..., 2) are finite and within `REACH` domain widths of the domain's middle: (...)."""
    middle = points.new_tensor([(low + high) / 2 for low, high in surface.domain])
    reach = points.new_tensor([REACH * width for width in surface.widths])
    return ((points - middle).abs() <= reach).all(dim=-1)


def _like(value: Tensor | float, steps: int) -> Tensor:
    """Rows for `value` at each step, NaN until they are written."""
    if not isinstance(value, Tensor):
        return torch.full((steps,), math.nan, dtype=torch.float64)
    fill = math.nan if value.dtype.is_floating_point else 0
    return torch.full((steps, *value.shape), fill, dtype=value.dtype, device=value.device)


def _columns(values: Tensor, parameters: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
    """For each parameter its part of each row of `values` (steps, D), as views in its shape."""
    parts = values.split([part.numel() for part in parameters], dim=1)
    return [part.reshape(-1, *like.shape).unbind() for part, like in zip(parts, parameters, strict=True)]


def _host(values: Tensor) -> Any:
    return values.detach().cpu().numpy()
