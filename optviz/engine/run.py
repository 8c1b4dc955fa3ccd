"""Runs the real `torch.optim` optimizers: the only loop, and the only maker of tensors.

Every optimizer is stepped by `optimizer.step(closure)`, all with the same closure. Nothing stands between
torch and what is recorded: chance, clipping and the classic mistakes are the experiment's own settings.
"""

from __future__ import annotations

import dis
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import SGD, Optimizer

from optviz.engine.outcome import Array, Landscape
from optviz.engine.planes import on_plane, project, two_weights
from optviz.engine.recorders import EndsRecorder, PathRecorder, PathsRecorder, Recorder
from optviz.engine.rowwise import OPTIMIZERS_BY_ROWS, MixedError, RowWise, alike, merged
from optviz.engine.trajectory import Ensemble, Grid, MadeWith, Plane, Reference, Trajectory
from optviz.optimizers.catalogue import Coupling, LrUnit, optimizer_info
from optviz.optimizers.conventions import convention
from optviz.optimizers.schedulers import Scheduler, scheduler_info
from optviz.spec.experiment import Experiment, OptimizerSpec, RunSpec, SurfaceSpec
from optviz.spec.params import Value
from optviz.surfaces.catalogue import surface
from optviz.surfaces.models import Data, Fitting
from optviz.surfaces.problem import Domain, Problem, Surface

_PATHS_LIMIT = 2**31
"""Bytes: `run_many` refuses to record paths larger than this."""
_LONGEST = 20_000_000
"""Weights × steps: a network's run that would need more memory is refused."""
_LARGEST_HESSIAN = 200
"""Weights of a network whose Hessian is looked at when its end is judged."""
_LANCZOS = 30
"""Products with a Hessian from which its largest eigenvalue is known."""


class CompetitorError(ValueError):
    """A competitor that torch or optviz cannot run: `index` says which, `reason` why."""

    def __init__(self, index: int, run: RunSpec, reason: str) -> None:
        super().__init__(f"Competitor {index + 1} ({run.name}): {reason}")
        self.index = index
        self.run = run
        self.reason = reason

    def __reduce__(self) -> tuple[type[CompetitorError], tuple[int, RunSpec, str]]:
        """On its way from another process it is made anew from what it was made from."""
        return type(self), (self.index, self.run, self.reason)


def run(experiment: Experiment, device: str = "auto") -> tuple[Trajectory, ...]:
    """Run every competitor of `experiment`, in their order. Networks are seen on their common plane.

    `device` is "auto" (CUDA where there is one, else the CPU), "cpu", "cuda", "cuda:1" or "mps".
    Raises ValueError with a sentence for the user; it names the competitor where one is to blame.
    """
    paths = [_walk(experiment, index, device) for index in range(len(experiment.runs))]
    return project(experiment, paths)


def run_one(
    experiment: Experiment, index: int, device: str = "auto", watch: Callable[[int], None] | None = None
) -> Trajectory:
    """Run competitor `index` alone, so that a bad one does not stop the others. Raises as `run` does.

    `watch(steps)` is called after every step with the steps taken so far. What it raises ends the run.
    A network is seen on a plane of its own.
    """
    return project(experiment, [_walk(experiment, index, device, watch=watch)])[0]


def run_reference(
    experiment: Experiment,
    index: int,
    name: str,
    device: str = "auto",
    watch: Callable[[int], None] | None = None,
) -> Reference:
    """Run competitor `index` by another convention than torch's, one of `CONVENTIONS`: never torch's path.

    All else is as in `run_one`: the loop, the noise, clipping, the scheduler, every hyperparameter, `watch`.
    Where `conventions(run)` does not list it, this run's settings make no difference to torch or leave the
    convention no meaning. Raises ValueError as `run` does, and for a name that the optimizer has no
    convention of.
    """
    spec, _, _ = _prepare(experiment, index, device)
    chosen = convention(spec.optimizer, name)
    path = _walk(experiment, index, device, chosen.make, watch)
    return Reference(chosen.name, chosen.title, path.points, path.losses, path.parameters)


def _walk(
    experiment: Experiment,
    index: int,
    device: str,
    make: type[Optimizer] | None = None,
    watch: Callable[[int], None] | None = None,
) -> Trajectory:
    """Competitor `index`, stepped by `make`, which is torch's own optimizer where it is not given."""
    spec, function, where = _prepare(experiment, index, device)
    start = _start(experiment, function, where)
    try:
        batch = _single(function, spec, start)
        recorder = PathRecorder(spec, batch.parameters, experiment.steps)
        trainer = _Trainer(experiment, spec, batch, make)
        _train(batch, trainer, _chance(experiment, function, spec, where), recorder, watch)
    except ValueError as error:
        raise CompetitorError(index, spec, str(error)) from error
    epoch_steps = function.data.epoch_steps(experiment.batch_size) if function.data else 1
    land = _landscape(experiment, function)
    return recorder.trajectory(function, land, made_with(experiment, device), epoch_steps)


def run_many(
    experiment: Experiment,
    starts: Any,
    run: int = 0,
    record: str = "ends",
    device: str = "auto",
    *,
    seeds: Sequence[int] | None = None,
    watch: Callable[[int], None] | None = None,
) -> Ensemble:
    """Run competitor `run` from many starts at once; each equals its single run to the bit.

    `starts` is anything of shape (N, 2). `record` is "ends", or "paths" to keep every point as well.
    `seeds` gives each start a seed of its own instead of the experiment's. `watch(steps)` is called after
    every step of those that are stepped together. What it raises ends the run.
    Raises ValueError as `run` does, and where the paths would not fit into memory.
    """
    spec, function, where = _prepare_many(experiment, run, device)
    theta = _starts(starts, getattr(torch, experiment.dtype), where)
    if seeds is not None and len(seeds) != len(theta):
        raise ValueError(f"Each of the {len(theta)} starts needs a seed, but there are {len(seeds)} seeds.")
    recorder = _ends_recorder(experiment, function, theta, record)
    try:
        for batch in _batches(function, spec, theta, apart=seeds is not None):
            chance = _chance(experiment, function, spec, where, seeds and seeds[batch.rows])
            recorder.watch(batch.points, batch.rows)
            _train(batch, _Trainer(experiment, spec, batch), chance, recorder, watch)
    except ValueError as error:
        raise CompetitorError(run, spec, str(error)) from error
    return recorder.ensemble(landscape(function), made_with(experiment, device))


def run_varied(
    experiment: Experiment,
    optimizers: Sequence[OptimizerSpec],
    run: int = 0,
    record: str = "ends",
    device: str = "auto",
    *,
    watch: Callable[[int], None] | None = None,
) -> Ensemble:
    """Run competitor `run` with each of N settings of its optimizer at once, all from the one start.

    Each equals its single run to the bit. `record` and `watch` are as in `run_many`.
    Raises ValueError as `run` does, and where one of `optimizers` is another one than the competitor's.
    """
    spec, function, where = _prepare_many(experiment, run, device)
    info = optimizer_info(spec.optimizer)
    if {each.name for each in optimizers} != {info.name}:
        raise ValueError(f"The optimizers must all be {info.name}, the competitor's, and at least one.")
    start = torch.tensor(experiment.start, dtype=getattr(torch, experiment.dtype), device=where)
    recorder = _ends_recorder(experiment, function, start.repeat(len(optimizers), 1), record)
    try:
        settings = [info.complete(each) for each in optimizers]
        parts = alike(settings)
        order = [index for part in parts for index in part]
        first = 0
        for part in parts:
            rows = slice(first, first := first + len(part))
            _vary(experiment, spec, function, start, [settings[i] for i in part], rows, recorder, watch)
    except ValueError as error:
        raise CompetitorError(run, spec, str(error)) from error
    ensemble = recorder.ensemble(landscape(function), made_with(experiment, device))
    return ensemble.take(np.argsort(order))


def _vary(
    experiment: Experiment,
    spec: RunSpec,
    function: Surface,
    start: Tensor,
    settings: Sequence[Mapping[str, Value]],
    rows: slice,
    recorder: EndsRecorder,
    watch: Callable[[int], None] | None,
) -> None:
    """Step the settings together as rows of one tensor; where torch does not allow it, as its groups.

    Where one of them is stopped, each is stepped alone, so that it stops no other.
    """
    chance = _chance(experiment, function, spec, start.device)
    if _by_rows(spec, function, start.device):
        with suppress(MixedError, ValueError), RowWise():
            (batch,) = _batches(function, spec, start.repeat(len(settings), 1), rows)
            recorder.watch(batch.points, rows)
            trainer = _Trainer(experiment, spec, batch, settings=[merged(settings)])
            if _train(batch, trainer, chance, recorder, watch):
                return
    # If torch refused a setting, it does so again, and now in its own words.
    together = optimizer_info(spec.optimizer).coupling is not Coupling.OPTIMIZER and not _born_apart(settings)
    for each in settings:  # torch checks no groups
        _Trainer(experiment, spec, _single(function, spec, start), settings=[each])

    def step(part: slice, own: Sequence[Mapping[str, Value]]) -> bool:
        batch = _own_tensors(function, spec, start.repeat(len(own), 1), part)
        recorder.watch(batch.points, part)
        return _train(batch, _Trainer(experiment, spec, batch, settings=own), chance, recorder, watch)

    if not (together and step(rows, settings)):
        for place, each in enumerate(settings):
            step(slice(rows.start + place, rows.start + place + 1), [each])


def _by_rows(spec: RunSpec, function: Surface, device: torch.device) -> bool:
    """Whether rows are known to round as single runs do. CUDA's own default is another code, `foreach`."""
    rows = optimizer_info(spec.optimizer).name in OPTIMIZERS_BY_ROWS and device.type == "cpu"
    return rows and function.data is None and not _reads_loss(spec)


def _born_apart(settings: Sequence[Mapping[str, Value]]) -> bool:
    """Whether they differ in what torch reads when an optimizer is made, and not of its groups."""
    return len({each.get("initial_accumulator_value") for each in settings}) > 1


def sample(
    spec: SurfaceSpec | Plane,
    resolution: int = 200,
    domain: Domain | None = None,
    watch: Callable[[float], None] | None = None,
    device: str = "cpu",
) -> Grid:
    """The losses of a surface on a grid of `resolution` × `resolution` points over its domain, in float64.

    Or of a network on a plane, all points of some rows at once. Another `domain` ((x0, x1), (y0, y1)) may be
    given. `watch(share)` is told how much is done; what it raises ends it. `device` is as in `run`, but for
    mps, which has no float64. Raises ValueError for an unknown surface or device, a resolution outside 2 to
    4,000, or an empty domain.
    """
    where = _device(device, "float64")
    function = on_plane(spec) if isinstance(spec, Plane) else surface(spec)
    if not 2 <= resolution <= 4000:
        raise ValueError(f"The resolution must be between 2 and 4,000, not {resolution}.")
    (left, right), (bottom, top) = domain or function.domain
    if not (left < right and bottom < top and math.isfinite(right - left) and math.isfinite(top - bottom)):
        raise ValueError("A domain is ((x0, x1), (y0, y1)) with finite x0 < x1 and y0 < y1.")
    return _grid(function, resolution, ((left, right), (bottom, top)), watch, where)


def hessians(spec: SurfaceSpec, points: Any) -> Array:
    """The surface's Hessian (k, 2, 2) at each of some points (k, 2), by autograd in float64.

    NaN where the surface has no second derivative. Raises ValueError for an unknown surface.
    """
    return _hessians(surface(spec), np.asarray(points, dtype=np.float64))


def path_hessians(experiment: Experiment, trajectory: Trajectory) -> Array:
    """The Hessian (n+1, 2, 2) of the loss at each point of a trajectory, in float64.

    Of a network it is that of the two weights that it is `seen_through`, the others being as they were.
    """
    function = surface(experiment.surface)
    if trajectory.parameters is None or function.data is None:
        return _hessians(function, trajectory.points.astype(np.float64))
    axes = np.eye(trajectory.theta.shape[1])[list(two_weights(experiment, trajectory))]
    return _bent(function.data, trajectory, axes)


def plane_hessians(experiment: Experiment, trajectory: Trajectory) -> Array:
    """The Hessian (n+1, 2, 2) along a network's plane at each point of a trajectory, in float64.

    Its directions are those of the plane, which have to be of length 1 and at a right angle for its
    eigenvalues to mean anything: NaN on a plane of random directions.
    """
    function, common = surface(experiment.surface), trajectory.plane
    assert common is not None and function.data is not None
    if common.is_random:
        return np.full((trajectory.steps + 1, 2, 2), np.nan)
    return _bent(function.data, trajectory, np.stack((common.u, common.v)))


def largest_curvatures(experiment: Experiment, theta: Array, scale: Array, decay: float = 0.0) -> Array:
    """(k,) the largest eigenvalue of S (H + decay) S at weights (k, D) of a network, S the diagonal `scale`.

    H is the Hessian of the loss, S has (k, D) factors, 0 for what is left out. By Lanczos' method (Golub and
    Van Loan 2013, Matrix Computations, 10.1) with Hessian-vector products, as many points at once as memory
    allows: right to about a thousandth, exact where there are few weights. NaN where a point is not finite.
    """
    data = surface(experiment.surface).data
    assert data is not None
    parts = zip(*(torch.from_numpy(values).split(data.at_once) for values in (theta, scale)), strict=True)
    return np.concatenate([_lanczos(data, points, factors, decay) for points, factors in parts])


def _lanczos(data: Data, theta: Tensor, scale: Tensor, decay: float) -> Array:
    theta = theta.clone().requires_grad_()
    (slope,) = torch.autograd.grad(data.losses(theta).sum(), theta, create_graph=True)

    def product(v: Tensor) -> Tensor:
        (bent,) = torch.autograd.grad((slope * (scale * v)).sum(), theta, retain_graph=True)
        return scale * (bent + decay * scale * v)

    size = theta.shape[1]
    begin = torch.randn(size, generator=torch.Generator().manual_seed(0), dtype=theta.dtype) * (scale != 0)
    v = begin / torch.linalg.vector_norm(begin, dim=1, keepdim=True)
    basis = [v]
    diagonal: list[Tensor] = []
    beside: list[Tensor] = []
    ended = torch.zeros(len(theta), dtype=torch.bool)
    for _ in range(min(size, _LANCZOS)):
        w = product(v)
        middle = (w * v).sum(dim=1)
        diagonal.append(torch.where(ended, diagonal[0], middle) if diagonal else middle)
        for _ in range(2):  # once would leave what rounding brought back
            known = torch.stack(basis, dim=1)
            w = w - torch.einsum("kjd,kj->kd", known, torch.einsum("kjd,kd->kj", known, w))
        length = torch.linalg.vector_norm(w, dim=1)
        # Where nothing new is left, the matrix ends: what follows is a number within its range.
        ended = ended | (length < 1e-10 * torch.stack(diagonal).abs().amax(dim=0))
        beside.append(torch.where(ended, 0.0, length))
        v = torch.where(ended, 0.0, 1 / length)[:, None] * w
        basis.append(v)
    band = torch.diag_embed(torch.stack(diagonal, dim=1))
    edge = torch.stack(beside[:-1], dim=1) if len(beside) > 1 else band.new_zeros(len(band), 0)
    matrices = (band + torch.diag_embed(edge, 1) + torch.diag_embed(edge, -1)).detach().numpy()
    finite = np.isfinite(matrices).all(axis=(1, 2))
    found = np.full(len(matrices), np.nan)
    found[finite] = np.linalg.eigvalsh(matrices[finite])[:, -1] if finite.any() else []
    return found


def _bent(data: Data, trajectory: Trajectory, directions: Array) -> Array:
    """(n+1, 2, 2) the second derivatives of a network's loss along two directions (2, D)."""
    theta = torch.from_numpy(trajectory.theta.astype(np.float64))
    along = torch.from_numpy(directions)
    return np.concatenate([_second_order(data, part, along) for part in theta.split(data.at_once)])


def _second_order(data: Data, theta: Tensor, directions: Tensor) -> Array:
    """(k, 2, 2) at theta (k, D), by differentiating the slopes along two directions (2, D) once more."""
    theta = theta.clone().requires_grad_()
    (slope,) = torch.autograd.grad(data.losses(theta).sum(), theta, create_graph=True)
    rows = [
        torch.autograd.grad((slope @ direction).sum(), theta, retain_graph=True)[0] @ directions.T
        for direction in directions
    ]
    result: Array = torch.stack(rows, dim=1).numpy()
    return result


def suggested_lr(optimizer: str, spec: SurfaceSpec) -> float:
    """A learning rate that shows something on this surface: a suggestion, never applied unasked.

    Where the rate is about the length of a step, a hundredth of the domain. Where it multiplies the gradient,
    1 over the largest curvature at the start and the minimizers, but no more than takes the first step a
    twentieth of the domain far. Rounded down to 1, 2 or 5 times a power of ten.
    A network's weights are of the order of 1: there a length is a fiftieth, and the curvature is that at the
    initial weights of seed 0. Raises ValueError for unknown names.
    """
    info = optimizer_info(OptimizerSpec(optimizer))
    if info.lr_unit is LrUnit.NONE:
        default = info.params["lr"].default
        assert isinstance(default, int | float)
        return float(default)
    function = surface(spec)
    if function.network is not None:
        return _round_down(_network_rate(function, info.lr_unit) * info.lr_factor)
    width = sum(function.widths) / 2
    if info.lr_unit is LrUnit.LENGTH:
        return _round_down(0.01 * width * info.lr_factor)
    points = np.asarray([function.start, *function.minimizers])
    slope = math.hypot(*_first_order(function, points[:1])[1][0])
    slope = slope if math.isfinite(slope) else 0.0
    hessians = [h for h in _hessians(function, points) if np.isfinite(h).all()]
    curvature = max((float(np.abs(np.linalg.eigvalsh(h)).max()) for h in hessians), default=0.0)
    rate = min(1 / max(curvature, 1e-6), 0.05 * width / max(slope, 1e-6)) * info.lr_factor
    return _round_down(max(rate, 1e-30))


def _network_rate(function: Surface, unit: LrUnit) -> float:
    if unit is LrUnit.LENGTH:
        return 0.02
    assert function.data is not None
    land = _space(function, 0)
    if land.hessian is None:
        return 0.1
    matrix = land.hessian(function.data.model.initial(0).double().numpy()[None])[0]
    return 1 / max(float(np.abs(np.linalg.eigvalsh(matrix)).max()), 1e-6)


def _round_down(number: float) -> float:
    power = math.floor(math.log10(number))
    digit = max(digit for digit in (1, 2, 5) if digit <= number / 10.0**power * (1 + 1e-12))
    return float(f"{digit}e{power}")


def made_with(experiment: Experiment, device: str = "auto") -> MadeWith:
    """What an experiment is computed with here. Raises ValueError for a device that is not here."""
    where = _device(device, experiment.dtype)
    return MadeWith(str(torch.__version__), str(where), experiment.dtype, torch.get_num_threads())


# -- what is asked for ---------------------------------------------------------------------------------


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


def _start(experiment: Experiment, function: Surface, device: torch.device) -> Tensor:
    """(D,) where a run begins: a network's weights as torch draws them by the experiment's seed."""
    dtype = getattr(torch, experiment.dtype)
    if function.network is None:
        return torch.tensor(experiment.start, dtype=dtype, device=device)
    assert function.data is not None
    size = len(function.data.model.axes)
    if size * experiment.steps > _LONGEST:
        raise ValueError(f"{experiment.steps:,} steps of {size:,} weights are too many: take fewer.")
    return function.data.model.initial(experiment.seed).to(device, dtype)


def _prepare_many(experiment: Experiment, run: int, device: str) -> tuple[RunSpec, Surface, torch.device]:
    spec, function, where = _prepare(experiment, run, device)
    if function.network is not None:
        raise ValueError(f"{function.name} starts at the weights of its seed: it has no map of starts.")
    return spec, function, where


def _prepare(experiment: Experiment, index: int, device: str) -> tuple[RunSpec, Surface, torch.device]:
    return *competitor(experiment, index), _device(device, experiment.dtype)


def _device(name: str, dtype: str) -> torch.device:
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


def _starts(starts: Any, dtype: torch.dtype, device: torch.device) -> Tensor:
    try:
        theta = torch.as_tensor(starts, dtype=dtype, device=device).detach().clone()
    except (TypeError, ValueError, RuntimeError):
        raise ValueError("The starts must be numbers, of shape (N, 2).") from None
    if theta.ndim != 2 or theta.shape[1] != 2 or not len(theta):
        raise ValueError(f"The starts must have shape (N, 2) with N ≥ 1, not {tuple(theta.shape)}.")
    if not bool(torch.isfinite(theta).all()):
        raise ValueError("The starts must be finite numbers.")
    return theta


def _ends_recorder(experiment: Experiment, function: Surface, theta: Tensor, record: str) -> EndsRecorder:
    if record not in ("ends", "paths"):
        raise ValueError(f'record must be "ends" or "paths", not {record!r}.')
    size = theta.numel() * theta.element_size() * (experiment.steps + 1)
    if record == "paths" and size > _PATHS_LIMIT:
        raise ValueError(f'These paths would take {size / 2**30:.1f} GiB: take fewer, or record="ends".')
    return (
        PathsRecorder(theta, function, experiment.steps)
        if record == "paths"
        else EndsRecorder(theta, function)
    )


def _chance(
    experiment: Experiment,
    function: Surface,
    spec: RunSpec,
    device: torch.device,
    seeds: Sequence[int] | None = None,
) -> _Chance:
    """What is left to chance, by the experiment's seed, or by one for each start of a batch."""
    if seeds is not None and len(seeds) == 1:
        experiment, seeds = replace(experiment, seed=seeds[0]), None
    return _Chance(experiment, _noise(experiment, function, spec, device, seeds))


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
class _Chance:
    """What is left to chance: the same for every run and start."""

    experiment: Experiment
    noise: Sequence[Sequence[Tensor]] | None
    """For each step what is added to the gradient of each tensor of a start."""

    def minibatches(self, problem: Problem) -> Iterator[object]:
        """What each step's loss is taken of; None for all there is."""
        if not isinstance(problem, Fitting) or self.experiment.batch_size is None:
            return repeat(None)
        return problem.minibatches(self.experiment.batch_size, self.experiment.seed)


# -- what is stepped -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Batch:
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
        """(N,) which starts have a finite point, gradient and loss, where it is known, to go on with."""
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


def _single(function: Surface, spec: RunSpec, start: Tensor, rows: slice = slice(None)) -> _Batch:
    """One start (2,); an optimizer for matrices gets it as one row, but a model has shapes of its own."""
    if function.data is not None:
        return _fitting(function, spec, start[None], rows)
    matrix = optimizer_info(spec.optimizer).matrix
    parameters = _split(function, spec, start[None] if matrix else start)
    return _Batch(function, parameters, [parameters], rows)


def _batches(
    function: Surface,
    spec: RunSpec,
    theta: Tensor,
    rows: slice = slice(None),
    apart: bool = False,
) -> Iterator[_Batch]:
    """All starts (N, 2), as many together as the optimizer's coupling allows without any of them noticing.

    `apart` says that what is left to chance differs from start to start, which rows of one tensor allow too.
    """
    coupling = optimizer_info(spec.optimizer).coupling
    as_rows = coupling is Coupling.ELEMENTS and function.data is None and not _reads_loss(spec)
    if as_rows:
        parameters = _split(function, spec, theta)
        yield _Batch(function, parameters, [parameters], rows, len(theta))
    elif coupling is Coupling.OPTIMIZER or apart:
        for index, start in enumerate(theta):
            yield _single(function, spec, start, slice(index, index + 1))
    else:
        yield _own_tensors(function, spec, theta, rows)


def _own_tensors(function: Surface, spec: RunSpec, theta: Tensor, rows: slice) -> _Batch:
    """Starts (N, 2), each with tensors of its own."""
    if function.data is not None:
        return _fitting(function, spec, theta, rows)
    each = [_single(function, spec, start).parameters for start in theta]
    parameters = [part for parts in each for part in parts]
    return _Batch(_Apart(function, len(each[0])), parameters, each, rows)


def _fitting(function: Surface, spec: RunSpec, starts: Tensor, rows: slice) -> _Batch:
    """The models of some starts (N, 2), each with tensors of its own."""
    tensors(function, spec)  # refuses what cannot be frozen
    assert function.data is not None
    problem = Fitting(function.data, starts, spec.frozen)
    return _Batch(problem, [part for parts in problem.each for part in parts], problem.each, rows)


def _split(problem: Problem, spec: RunSpec, theta: Tensor) -> list[Tensor]:
    """θ (..., 2) as one tensor to step, or x and y apart (..., 1) where one of them is frozen."""
    free = free_names(problem, spec)
    if not spec.frozen:
        return [theta.clone().requires_grad_()]
    parts = zip(problem.names, theta.split(1, dim=-1), strict=True)
    return [part.clone().requires_grad_(name in free) for name, part in parts]


# -- who steps it --------------------------------------------------------------------------------------


class _Trainer:
    """A run's optimizer and scheduler, how to build them anew, and how the run clips its gradients.

    A scheduler that judges by the loss gets, for each start, a parameter group and a scheduler of its own.
    """

    def __init__(
        self,
        experiment: Experiment,
        spec: RunSpec,
        batch: _Batch,
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
        """Make optimizer and scheduler; raises ValueError for the user where torch refuses one of them."""
        groups: Any = self.trained
        if len(self.settings) > 1:
            pairs = zip(self.each, self.settings, strict=True)
            groups = [{"params": parts, **own} for parts, own in pairs]
        elif _reads_loss(self.spec):
            groups = [{"params": parts} for parts in self.each]
        who = self.name
        try:
            self.optimizer = self.make(groups, **self.settings[0])
            who = self.scheduler_name
            self.schedulers = self._schedulers()
        except Exception as error:  # whatever torch, or a class of somebody else's, raises
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

    def step_schedulers(self, loss: Tensor) -> None:
        """Step the scheduler, or each start's own by its own loss."""
        if not _reads_loss(self.spec):
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
    """Why torch, or a class of somebody else's, failed: what it says to its users, else what it comes to."""
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


def _reads_loss(spec: RunSpec) -> bool:
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


# -- the loop ------------------------------------------------------------------------------------------


@torch.no_grad()
def _train(
    batch: _Batch,
    trainer: _Trainer,
    chance: _Chance,
    recorder: Recorder,
    watch: Callable[[int], None] | None = None,
) -> bool:
    """Step the optimizer as often as the experiment says: the only loop, and it never waits for the device.

    torch's own optimizers turn autograd on for the closure, but not everybody's do. What fails before the
    first step is refused with a ValueError. What fails later ends the run: the steps that were made are
    kept, and the answer is whether all of them were.
    """
    problem, parameters, noise = batch.problem, batch.parameters, chance.noise
    examples, minibatches = None, chance.minibatches(problem)
    zero_grad, reset_every, clip = trainer.spec.zero_grad, trainer.spec.reset_every, trainer.clip
    step = evals = 0
    latest: Tensor | None = None

    def closure() -> Tensor:
        nonlocal evals, latest
        if zero_grad:
            trainer.optimizer.zero_grad()
        with torch.enable_grad():
            loss = problem.loss(parameters, examples)
            (loss if loss.ndim == 0 else loss.sum()).backward()
        if noise is not None:
            for parts in trainer.each:
                for part, xi in zip(parts, noise[step], strict=True):
                    part.grad.add_(xi)  # type: ignore[union-attr]  # backward has made it
        if clip is not None:
            clip()
        if evals == 0:
            recorder.seen(step, loss)
        evals, latest = evals + 1, loss
        return loss

    def stop(error: Exception, who: str, made: int) -> None:
        finite = batch.finite(latest)
        if made == 0 and bool(finite.any()):
            raise ValueError(_refusal(error, f"{who} cannot take the first step")) from error
        recorder.stopped(finite, f"{who} failed ({_words(error)})")

    for step in range(trainer.steps):
        if reset_every and step and step % reset_every == 0:
            trainer.build()
        evals, examples = 0, next(minibatches)
        try:
            loss: Any = trainer.optimizer.step(closure)  # type: ignore[arg-type]  # torch types it float
        except Exception as error:  # LBFGS chokes on numbers that are not finite, for example
            stop(error, trainer.name, step)
            return False
        recorder.after(step, trainer.optimizer, evals)
        if trainer.schedulers:
            try:
                trainer.step_schedulers(loss)
            except Exception as error:
                stop(error, trainer.scheduler_name, step + 1)
                return False
        if watch is not None:
            watch(step + 1)
    return True


# -- the surface itself, in float64 on the CPU -----------------------------------------------------------


def landscape(function: Surface) -> Landscape:
    """What a verdict needs to know of a surface."""
    z = _grid(function, 41, function.domain).z
    losses = np.sort(z[np.isfinite(z)].clip(-1e300, 1e300)) if np.isfinite(z).any() else np.array([0.0, 1.0])
    low, middle, high = (float(np.quantile(losses, share)) for share in (0.1, 0.5, 0.9))
    return Landscape(
        low=np.asarray([low for low, _ in function.domain]),
        widths=np.asarray(function.widths),
        minimizers=np.asarray(function.minimizers, dtype=np.float64).reshape(-1, 2),
        minimum=function.minimum,
        smooth=function.smooth,
        range=middle - low,
        relief=high - low,
        first_order=lambda points: _first_order(function, points),
        hessian=lambda points: _hessians(function, points),
    )


def _landscape(experiment: Experiment, function: Surface) -> Landscape:
    """What the verdict of a run needs: of a network, in the space of all its weights."""
    return landscape(function) if function.network is None else _space(function, experiment.seed)


def _space(function: Surface, seed: int) -> Landscape:
    """A network's loss as a function of all D weights. Its unit is the length of the initial ones."""
    data, network = function.data, function.network
    assert data is not None and network is not None
    begin = data.model.initial(seed).double()
    length = float(torch.linalg.vector_norm(begin)) or 1.0
    size = len(begin)
    floor = function.minimum if math.isfinite(function.minimum) else 0.0
    height = abs(float(data.losses(begin)) - floor) or 1.0
    return Landscape(
        low=begin.numpy() - length / 2,
        widths=np.full(size, length),
        minimizers=np.asarray(network.minimizers, dtype=np.float64).reshape(-1, size),
        minimum=function.minimum,
        smooth=function.smooth,
        range=height,
        relief=height,
        first_order=lambda points: _first_order_of(data, points),
        hessian=(lambda points: _hessians_of(data, points)) if size <= _LARGEST_HESSIAN else None,
        bounded=False,
    )


def _first_order_of(data: Data, points: Array) -> tuple[Array, Array]:
    """Losses (k,) and gradients (k, D) of a network at weights (k, D), as many at once as memory allows."""
    found = [_first_order(data.losses, part.numpy()) for part in torch.from_numpy(points).split(data.at_once)]
    losses, gradients = zip(*found, strict=True)
    return np.concatenate(losses), np.concatenate(gradients)


def _hessians_of(data: Data, points: Array) -> Array:
    """The Hessians (k, D, D) of a network at weights (k, D)."""
    return np.stack([_hessian_of(data, theta) for theta in torch.from_numpy(points)])


def _hessian_of(data: Data, theta: Tensor) -> Array:
    """(D, D) at theta (D,), all rows at once: each from a copy of its own."""
    copies = theta.expand(len(theta), -1).clone().requires_grad_()
    (slopes,) = torch.autograd.grad(data.losses(copies).sum(), copies, create_graph=True)
    rows: Array = torch.autograd.grad(slopes.diagonal().sum(), copies)[0].numpy()
    return rows


def _grid(
    function: Surface,
    resolution: int,
    domain: Domain,
    watch: Callable[[float], None] | None = None,
    device: torch.device | None = None,
) -> Grid:
    x, y = (torch.linspace(low, high, resolution, dtype=torch.float64) for low, high in domain)
    most = function.data.at_once if function.network and function.data else resolution**2
    at_once, rows = max(1, most // resolution), []
    with torch.no_grad():
        for part in y.split(at_once):
            points = torch.stack(torch.meshgrid(x, part, indexing="xy"), dim=-1)
            rows.append(function(points.to(device)).cpu())
            if watch is not None:
                watch(sum(map(len, rows)) / resolution)
    return Grid(x.numpy(), y.numpy(), torch.cat(rows).numpy())


def _first_order(function: Callable[[Tensor], Tensor], points: Array) -> tuple[Array, Array]:
    """Losses (k,) and gradients (k, 2) at points (k, 2), in one batched call."""
    theta = torch.from_numpy(points).clone().requires_grad_()
    losses = function(theta)
    (gradients,) = torch.autograd.grad(losses.sum(), theta)
    return losses.detach().numpy(), gradients.numpy()


def _hessians(function: Surface, points: Array) -> Array:
    """The Hessians (k, 2, 2) at points (k, 2), by differentiating autograd's gradient once more."""
    theta = torch.from_numpy(points).clone().requires_grad_()
    (slope,) = torch.autograd.grad(function(theta).sum(), theta, create_graph=True)
    if not slope.requires_grad:  # a plane: its slope does not depend on the point
        return np.zeros((len(theta), 2, 2))
    rows = [torch.autograd.grad(slope[:, axis].sum(), theta, retain_graph=True)[0] for axis in (0, 1)]
    result: Array = torch.stack(rows, dim=1).numpy()
    return result
