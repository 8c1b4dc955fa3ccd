"""All chance of an experiment: noise and minibatches, the same for every run and start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

import torch
from torch import Tensor

from optviz.engine.request import tensors
from optviz.spec.experiment import Experiment, RunSpec
from optviz.surfaces.models import Fitting
from optviz.surfaces.problem import Problem, Surface


def chance_of(
    experiment: Experiment,
    function: Surface,
    spec: RunSpec,
    device: torch.device,
    seeds: Sequence[int] | None = None,
) -> Chance:
    """What is left to chance, by the experiment's seed, or by one for each start of a batch."""
    if seeds is not None and len(seeds) == 1:
        experiment, seeds = replace(experiment, seed=seeds[0]), None
    return Chance(experiment, _noise(experiment, function, spec, device, seeds))


def _draws(experiment: Experiment, seed: int, size: int) -> Tensor:
    """(steps, D) drawn step by step on the CPU, D numbers each, so that all runs and devices see the same."""
    generator = torch.Generator().manual_seed(seed)
    dtype = getattr(torch, experiment.dtype)
    draws = [torch.randn(size, generator=generator, dtype=dtype) for _ in range(experiment.steps)]
    return experiment.noise * torch.stack(draws)


def _noise(
    experiment: Experiment,
    function: Surface,
    spec: RunSpec,
    device: torch.device,
    seeds: Sequence[int] | None,
) -> Sequence[Sequence[Tensor]] | None:
    """One ξ a step, as a part (2,) or (1,) for each tensor that is trained, or in a network's own shapes.

    All starts see the same one, or, where they have seeds, each start its own: (N, 2) or (N, 1).
    """
    if experiment.noise == 0:
        return None
    if function.network is not None:
        return _network_noise(experiment, function, spec, device)
    if seeds is None:
        xi = _draws(experiment, experiment.seed, 2)
    else:
        xi = torch.stack([_draws(experiment, seed, 2) for seed in seeds], dim=1)
    trained = [axes for axes in tensors(function, spec) if not set(axes) & set(spec.frozen)]
    places = [[function.names.index(axis) for axis in axes] for axes in trained]
    return list(zip(*(xi[..., place].to(device).unbind() for place in places), strict=True))


def _network_noise(
    experiment: Experiment, function: Surface, spec: RunSpec, device: torch.device
) -> Sequence[Sequence[Tensor]]:
    assert function.data is not None
    parts = function.data.model.parts()
    xi = _draws(experiment, experiment.seed, len(function.data.model.axes)).to(device)
    pieces = xi.split([len(part.axes) for part in parts], dim=1)
    shaped = [
        piece.reshape(-1, *part.shape).unbind()
        for piece, part in zip(pieces, parts, strict=True)
        if not part.is_frozen(spec.frozen)
    ]
    return list(zip(*shaped, strict=True))


@dataclass(frozen=True)
class Chance:
    """What is left to chance: the same for every run and start."""

    experiment: Experiment
    noise: Sequence[Sequence[Tensor]] | None
    """For each step what is added to the gradient of each tensor of a start."""

    def minibatches(self, problem: Problem) -> Iterator[object]:
        """The minibatch of each step, without end; None where the loss is that of all examples."""
        if not isinstance(problem, Fitting) or self.experiment.batch_size is None:
            return repeat(None)
        return problem.minibatches(self.experiment.batch_size, self.experiment.seed)
