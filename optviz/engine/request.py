"""What is asked of the engine, checked: a competitor, its tensors, its start and its device."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import torch
from torch import Tensor

from optviz.engine.trajectory import MadeWith
from optviz.spec.experiment import Experiment, RunSpec
from optviz.surfaces.catalogue import surface
from optviz.surfaces.problem import Problem, Surface

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")
_LONGEST = 20_000_000
"""Weights × steps: a network's run that would need more memory is refused."""


class CompetitorError(ValueError):
    """A competitor that torch or optviz cannot run: `index` says which, `reason` why."""

    def __init__(self, index: int, run: RunSpec, reason: str) -> None:
        super().__init__(f"Competitor {index + 1} ({run.name}): {reason}")
        self.index = index
        self.run = run
        self.reason = reason

    def __reduce__(self) -> tuple[type[CompetitorError], tuple[int, RunSpec, str]]:
        """How pickle rebuilds it in another process: from its own arguments."""
        return type(self), (self.index, self.run, self.reason)


def takes_run(function: Callable[_Given, _Result]) -> Callable[_Given, _Result]:
    """Let callers name a competitor by `run=` as well, the older name of `index=`.

    Raises ValueError where a call has both.
    """
    before = list(signature(function).parameters).index("index")

    @wraps(function)
    def called(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        if "run" in kwargs:
            if "index" in kwargs or len(args) > before:
                raise ValueError("A competitor is named by its index: give index or run, not both.")
            kwargs["index"] = kwargs.pop("run")
        return function(*args, **kwargs)

    return called


def made_with(experiment: Experiment, device: str = "auto") -> MadeWith:
    """What an experiment is computed with on this machine: torch, device, dtype and threads.

    Args:
        experiment: The experiment, whose dtype counts.
        device: As in `run`.

    Returns:
        A record that is kept with every result.

    Raises:
        ValueError: The device is not available, or has no such dtype.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> ov.made_with(exp, "cpu").dtype
        'float32'
    """
    where = find_device(device, experiment.dtype)
    return MadeWith(str(torch.__version__), str(where), experiment.dtype, torch.get_num_threads())


def competitor(experiment: Experiment, index: int) -> tuple[RunSpec, Surface]:
    """Competitor `index` and the surface that it runs on.

    Raises ValueError where there is no such competitor or surface, or the surface has no minibatches.
    """
    function = surface(experiment.surface)
    if experiment.batch_size is not None and function.data is None:
        raise ValueError(f"{function.name} has no data to draw minibatches from: leave out the batch size.")
    if not 0 <= index < len(experiment.runs):
        raise ValueError(f"There is no competitor {index}; there are {len(experiment.runs)}, counted from 0.")
    return experiment.runs[index], function


def free_names(problem: Problem, spec: RunSpec) -> tuple[str, ...]:
    """Names of the parameters that are not frozen. Raises ValueError for unknown ones, or if none is left."""
    if unknown := set(spec.frozen) - set(problem.names):
        raise ValueError(
            f"There is no parameter {unknown.pop()!r} to freeze, only {', '.join(problem.names)}."
        )
    if free := tuple(name for name in problem.names if name not in spec.frozen):
        return free
    raise ValueError("All parameters are frozen: nothing is left to optimize.")


def tensors(function: Surface, spec: RunSpec) -> tuple[tuple[str, ...], ...]:
    """What each parameter tensor of a run holds: x and y together, or apart where one of them is frozen.

    A model has tensors of its own. Raises ValueError as `free_names` does, and where half of one is frozen.
    """
    free = free_names(function, spec)
    if function.data is None:
        return tuple((name,) for name in function.names) if spec.frozen else (function.names,)
    parts = tuple(part.axes for part in function.data.model.parts())
    for axes in () if function.network else parts:
        if 0 < len(set(axes) & set(free)) < len(axes):
            whole = " and ".join(axes)
            raise ValueError(f"{whole} are one tensor of the model, of which torch cannot freeze a half.")
    return parts


def start_of(experiment: Experiment, function: Surface, device: torch.device) -> Tensor:
    """(D,) where a run begins: a network's weights as torch draws them by the experiment's seed."""
    dtype = getattr(torch, experiment.dtype)
    if function.network is None:
        return torch.tensor(experiment.start, dtype=dtype, device=device)
    assert function.data is not None
    size = len(function.data.model.axes)
    if size * experiment.steps > _LONGEST:
        raise ValueError(f"{experiment.steps:,} steps of {size:,} weights are too many: take fewer.")
    return function.data.model.initial(experiment.seed).to(device, dtype)


def prepare_many(experiment: Experiment, index: int, device: str) -> tuple[RunSpec, Surface, torch.device]:
    """The same for many starts at once. Raises ValueError for a network, whose start is not chosen."""
    spec, function, where = prepare(experiment, index, device)
    if function.network is not None:
        raise ValueError(f"{function.name} starts at the weights of its seed: it has no map of starts.")
    return spec, function, where


def prepare(experiment: Experiment, index: int, device: str) -> tuple[RunSpec, Surface, torch.device]:
    """Competitor `index`, its surface and the device that it runs on. Raises ValueError as `run_one` does."""
    return *competitor(experiment, index), find_device(device, experiment.dtype)


def find_device(name: str, dtype: str) -> torch.device:
    """The torch device of this name. Raises ValueError where it is not available or has no such dtype."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        raise ValueError(f'There is no device {name!r}: say "auto", "cpu", "cuda" or "mps".') from None
    present = {
        "cpu": True,
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not present.get(device.type, False):
        raise ValueError(f"The device {name!r} is not available here.")
    if device.type == "mps" and dtype == "float64":
        raise ValueError("The device mps has no float64: choose float32 or the CPU.")
    return device


def read_starts(starts: Any, dtype: torch.dtype, device: torch.device) -> Tensor:
    """(N, 2) the starts as a tensor. Raises ValueError where they are not of this shape and finite."""
    try:
        theta = torch.as_tensor(starts, dtype=dtype, device=device).detach().clone()
    except (TypeError, ValueError, RuntimeError):
        raise ValueError("The starts must be numbers, of shape (N, 2).") from None
    if theta.ndim != 2 or theta.shape[1] != 2 or not len(theta):
        raise ValueError(f"The starts must have shape (N, 2) with N ≥ 1, not {tuple(theta.shape)}.")
    if not bool(torch.isfinite(theta).all()):
        raise ValueError("The starts must be finite numbers.")
    return theta
