"""The oracle: bare torch loops as a person would write them, which share nothing with the engine."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import lr_scheduler

import optviz as ov


def walk(
    surface: ov.Surface,
    start: tuple[float, float],
    make: Any,
    *,
    steps: int,
    dtype: torch.dtype = torch.float32,
    scheduler: Any = None,
    zero_grad: bool = True,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    noise: float = 0.0,
    seed: int = 0,
    reset_every: int | None = None,
) -> torch.Tensor:
    """All points (steps+1, 2) of the optimizer that `make([theta])` gives, stepped by a plain loop."""
    matrix = make([torch.zeros(1, 2, requires_grad=True)]).__class__ is torch.optim.Muon
    theta = torch.tensor([start] if matrix else start, dtype=dtype, requires_grad=True)
    generator = torch.Generator().manual_seed(seed)
    optimizer = make([theta])
    schedule = scheduler(optimizer) if scheduler else None
    points = [theta.detach().reshape(2).clone()]
    for step in range(steps):
        if reset_every and step > 0 and step % reset_every == 0:
            optimizer = make([theta])
            schedule = scheduler(optimizer) if scheduler else None
        xi = noise * torch.randn(2, generator=generator, dtype=dtype) if noise else None

        def closure(xi: torch.Tensor | None = xi, optimizer: Any = optimizer) -> torch.Tensor:
            if zero_grad:
                optimizer.zero_grad()
            loss = surface(theta).sum()
            loss.backward()
            if xi is not None:
                theta.grad += xi
            if clip_norm is not None:
                clip_grad_norm_([theta], clip_norm)
            if clip_value is not None:
                clip_grad_value_([theta], clip_value)
            return loss

        try:
            loss = optimizer.step(closure)
        except IndexError:  # torch's own line search, where nothing is finite any more
            assert not theta.grad.isfinite().all()
            break
        if isinstance(schedule, lr_scheduler.ReduceLROnPlateau):
            schedule.step(loss.detach())
        elif schedule:
            schedule.step()
        points.append(theta.detach().reshape(2).clone())
    return torch.stack(points)
