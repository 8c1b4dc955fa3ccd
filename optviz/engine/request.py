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
    """The function, which callers may also give `run=`, the older name of `index=`.

    Args:
        function: A function with a parameter `index`.

    Returns:
        The function, which raises ValueError where a call has both names.
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
    """A competitor and the surface that it runs on.

    Args:
        experiment: The experiment.
        index: The competitor's index in it, counted from 0.

    Raises:
        ValueError: There is no such competitor or surface, or the surface has no data for minibatches.
    """
    function = surface(experiment.surface)
    if experiment.batch_size is not None and function.data is None:
        raise ValueError(f"{function.name} has no data to draw minibatches from: leave out the batch size.")
    if not 0 <= index < len(experiment.runs):
        raise ValueError(f"There is no competitor {index}; there are {len(experiment.runs)}, counted from 0.")
    return experiment.runs[index], function


def free_names(problem: Problem, spec: RunSpec) -> tuple[str, ...]:
    """Names of the parameters that a run does not freeze.

    Args:
        problem: What is stepped, which says what its parameters are called.
        spec: The run.

    Raises:
        ValueError: The run freezes a parameter that there is not, or all there are.
    """
    if unknown := set(spec.frozen) - set(problem.names):
        raise ValueError(
            f"There is no parameter {unknown.pop()!r} to freeze, only {', '.join(problem.names)}."
        )
    if free := tuple(name for name in problem.names if name not in spec.frozen):
        return free
    raise ValueError("All parameters are frozen: nothing is left to optimize.")


def tensors(function: Surface, spec: RunSpec) -> tuple[tuple[str, ...], ...]:
    """The names of the parameters in each tensor of a run.

    Args:
        function: The surface. A model has tensors of its own.
        spec: The run: without a model x and y are one tensor, and two where one of them is frozen.

    Raises:
        ValueError: The run freezes a parameter that there is not, all there are, or half of a model's tensor.
    """
    free = free_names(function, spec)
    if function.data is None:
        return tuple((name,) for name in function.names) if spec.frozen else (function.names,)
    parts = tuple(part.axes for part in function.data.model.parts())
    for axes in () if function.network else parts:
        if 0 < len(set(axes) & set(free)) < len(axes):
            whole = " and ".join(axes)
            raise ValueError(f"{whole} are one tensor of the model, and torch cannot freeze half of it.")
    return parts


def start_of(experiment: Experiment, function: Surface, device: torch.device) -> Tensor:
    """Where a run begins: for a network, at the weights that torch draws by the experiment's seed.

    Args:
        experiment: The experiment, with its start, seed and dtype.
        function: Its surface.
        device: Where the tensor is to be.

    Returns:
        (D,) in the experiment's dtype.

    Raises:
        ValueError: The path of a network's weights would take too much memory.
    """
    dtype = getattr(torch, experiment.dtype)
    if function.network is None:
        return torch.tensor(experiment.start, dtype=dtype, device=device)
    assert function.data is not None
    size = len(function.data.model.axes)
    if size * experiment.steps > _LONGEST:
        raise ValueError(f"{experiment.steps:,} steps of {size:,} weights are too many: take fewer.")
    return function.data.model.initial(experiment.seed).to(device, dtype)


def prepare_many(experiment: Experiment, index: int, device: str) -> tuple[RunSpec, Surface, torch.device]:
    """A competitor, its surface and the device, for runs from many starts.

    Args:
        experiment: The experiment.
        index: The competitor's index in it, counted from 0.
        device: As in `run`.

    Raises:
        ValueError: As in `prepare`, and where the surface is a network, whose start cannot be chosen.
    """
    spec, function, where = prepare(experiment, index, device)
    if function.network is not None:
        raise ValueError(f"{function.name} starts at the weights of its seed: it has no map of starts.")
    return spec, function, where


def prepare(experiment: Experiment, index: int, device: str) -> tuple[RunSpec, Surface, torch.device]:
    """A competitor, its surface and the device that it runs on.

    Args:
        experiment: The experiment.
        index: The competitor's index in it, counted from 0.
        device: As in `run`.

    Raises:
        ValueError: There is no such competitor, surface or device, or the surface has no minibatches.
    """
    return *competitor(experiment, index), find_device(device, experiment.dtype)


def find_device(name: str, dtype: str) -> torch.device:
    """The torch device of a name.

    Args:
        name: "cpu", "cuda", "cuda:1" or "mps", or "auto" for CUDA where there is one, else the CPU.
        dtype: "float32" or "float64", which the device must have.

    Raises:
        ValueError: The device is unknown, not available, or lacks the dtype.
    """
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
    """The starts of many runs as a tensor of its own.

    Args:
        starts: (N, 2) an array, a tensor or nested lists.
        dtype: The dtype of the runs.
        device: Where they run.

    Returns:
        (N, 2)

    Raises:
        ValueError: The starts are not numbers, not of this shape, or not finite.
    """
    try:
        theta = torch.as_tensor(starts, dtype=dtype, device=device).detach().clone()
    except (TypeError, ValueError, RuntimeError):
        raise ValueError("The starts must be numbers, of shape (N, 2).") from None
    if theta.ndim != 2 or theta.shape[1] != 2 or not len(theta):
        raise ValueError(f"The starts must have shape (N, 2) with N ≥ 1, not {tuple(theta.shape)}.")
    if not bool(torch.isfinite(theta).all()):
        raise ValueError("The starts must be finite numbers.")
    return theta
