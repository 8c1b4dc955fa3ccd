"""Runs the real `torch.optim` optimizers: one run, or many at once.

Every optimizer is stepped by `optimizer.step(closure)`, all with the same closure. Nothing stands between
torch and what is recorded: chance, clipping and the classic mistakes are the experiment's own settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer

from optviz.engine.chance import chance_of
from optviz.engine.planes import project
from optviz.engine.recorders import EndsRecorder, PathRecorder, PathsRecorder
from optviz.engine.request import (
    CompetitorError,
    made_with,
    prepare,
    prepare_many,
    read_starts,
    start_of,
    takes_run,
)
from optviz.engine.rowwise import OPTIMIZERS_BY_ROWS, MixedError, RowWise, alike, merged
from optviz.engine.sampling import landscape, run_landscape
from optviz.engine.training import Trainer, WatchSteps, batches, own_tensors, reads_loss, single, train
from optviz.engine.trajectory import Ensemble, Reference, Trajectory
from optviz.optimizers.catalogue import Coupling, optimizer_info
from optviz.optimizers.conventions import convention
from optviz.spec.experiment import Experiment, OptimizerSpec, RunSpec
from optviz.spec.params import Value
from optviz.surfaces.problem import Surface

_PATHS_LIMIT = 2**31
"""Bytes: `run_many` refuses to record paths larger than this."""


def run(experiment: Experiment, device: str = "auto") -> tuple[Trajectory, ...]:
    """The trajectories of all competitors of an experiment, in their order.

    Args:
        experiment: What to run.
        device: "auto" (CUDA where there is one, else the CPU), "cpu", "cuda", "cuda:1" or "mps".

    Returns:
        One trajectory for each competitor. Those of a network are projected on their common plane.

    Raises:
        CompetitorError: torch or optviz cannot run a competitor; the error names it.
        ValueError: The surface is unknown, or the device is not available.

    Example:
        >>> import optviz as ov
        >>> sgd = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.1}))
        >>> (path,) = ov.run(ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 3, (sgd,)), device="cpu")
        >>> path.points.tolist()[0]
        [1.0, 1.0]
    """
    paths = [_walk(experiment, index, device) for index in range(len(experiment.runs))]
    return project(experiment, paths)


def run_one(
    experiment: Experiment, index: int, device: str = "auto", watch: WatchSteps | None = None
) -> Trajectory:
    """The trajectory of one competitor, run alone, so that a faulty one does not stop the others.

    Args:
        experiment: What to run.
        index: The competitor's index in the experiment, counted from 0.
        device: As in `run`.
        watch: Called after every step with the number of steps taken so far. What it raises ends the run.

    Returns:
        The trajectory. That of a network is projected on a plane of its own.

    Raises:
        ValueError: As in `run`, and where there is no competitor with this index.

    Example:
        >>> import optviz as ov
        >>> runs = [ov.RunSpec(ov.OptimizerSpec(name, {"lr": 0.01})) for name in ("SGD", "Adam")]
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, tuple(runs))
        >>> ov.run_one(exp, 1, device="cpu").name
        'Adam'
    """
    return project(experiment, [_walk(experiment, index, device, watch=watch)])[0]


def run_reference(
    experiment: Experiment,
    index: int,
    name: str,
    device: str = "auto",
    watch: WatchSteps | None = None,
) -> Reference:
    """The path of one competitor by another convention than torch's, never to be called torch's path.

    All else is as in `run_one`: the loop, the noise, clipping, the scheduler, every hyperparameter. Where
    `conventions(run)` does not list the name, the run's settings make no difference to torch or leave the
    convention no meaning.

    Args:
        experiment: What to run.
        index: The competitor's index in the experiment, counted from 0.
        name: One of the optimizer's `CONVENTIONS`.
        device: As in `run`.
        watch: As in `run_one`.

    Returns:
        The path, with a title that says that it is not torch's.

    Raises:
        ValueError: As in `run_one`, and where the optimizer has no convention of this name.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01, "momentum": 0.9}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> name = ov.conventions(run)[0].name
        >>> ov.run_reference(exp, 0, name, device="cpu").points.shape
        (6, 2)
    """
    spec, _, _ = prepare(experiment, index, device)
    chosen = convention(spec.optimizer, name)
    path = _walk(experiment, index, device, chosen.make, watch)
    return Reference(index, chosen.name, chosen.title, path.points, path.losses, path.parameters)


def _walk(
    experiment: Experiment,
    index: int,
    device: str,
    make: type[Optimizer] | None = None,
    watch: WatchSteps | None = None,
) -> Trajectory:
    """Competitor `index`, stepped by `make`, which is torch's own optimizer where it is not given."""
    spec, function, where = prepare(experiment, index, device)
    start = start_of(experiment, function, where)
    try:
        batch = single(function, spec, start)
        recorder = PathRecorder(index, spec, batch.parameters, experiment.steps)
        trainer = Trainer(experiment, spec, batch, make)
        train(batch, trainer, chance_of(experiment, function, spec, where), recorder, watch)
    except ValueError as error:
        raise CompetitorError(index, spec, str(error)) from error
    epoch_steps = function.data.epoch_steps(experiment.batch_size) if function.data else 1
    land = run_landscape(experiment, function)
    return recorder.trajectory(function, land, made_with(experiment, device), epoch_steps)


@takes_run
def run_many(
    experiment: Experiment,
    starts: Any,
    index: int = 0,
    record: str = "ends",
    device: str = "auto",
    *,
    seeds: Sequence[int] | None = None,
    watch: WatchSteps | None = None,
) -> Ensemble:
    """One competitor from many starts at once; each row equals its single run to the bit.

    Args:
        experiment: What to run. Its own start is not used.
        starts: (N, 2) where the runs begin, in units of x and y: an array, a tensor or nested lists.
        index: The competitor's index in the experiment, counted from 0. `run` is another name for it.
        record: "ends", or "paths" to keep every point as well.
        device: As in `run`.
        seeds: N seeds, one for each start; the experiment's seed for all of them where left out.
        watch: Called after every step with the number of steps that those stepped together have taken. What
            it raises ends the runs.

    Returns:
        The ends (N, 2), and with `record="paths"` the paths (N, steps+1, 2).

    Raises:
        ValueError: As in `run_one`; the starts are not of shape (N, 2) or not finite, there is not one seed
            for each of them, `record` is neither of the two, the paths would not fit into memory, or the
            surface is a network, which has no choice of a start.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("Adam"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> ov.run_many(exp, [[-1.0, 2.0], [0.0, 0.0]], device="cpu").ends.shape
        (2, 2)
    """
    spec, function, where = prepare_many(experiment, index, device)
    theta = read_starts(starts, getattr(torch, experiment.dtype), where)
    if seeds is not None and len(seeds) != len(theta):
        raise ValueError(f"Each of the {len(theta)} starts needs a seed, but there are {len(seeds)} seeds.")
    recorder = _ends_recorder(experiment, index, function, theta, record)
    try:
        for batch in batches(function, spec, theta, apart=seeds is not None):
            chance = chance_of(experiment, function, spec, where, seeds and seeds[batch.rows])
            recorder.watch(batch.points, batch.rows)
            train(batch, Trainer(experiment, spec, batch), chance, recorder, watch)
    except ValueError as error:
        raise CompetitorError(index, spec, str(error)) from error
    return recorder.ensemble(landscape(function), made_with(experiment, device))


@takes_run
def run_varied(
    experiment: Experiment,
    optimizers: Sequence[OptimizerSpec],
    index: int = 0,
    record: str = "ends",
    device: str = "auto",
    *,
    watch: WatchSteps | None = None,
) -> Ensemble:
    """One competitor with each of N settings of its optimizer at once, all from the experiment's start.

    Each row equals its single run to the bit.

    Args:
        experiment: What to run. The competitor's own settings of its optimizer are not used.
        optimizers: N settings of the competitor's optimizer.
        index: The competitor's index in the experiment, counted from 0. `run` is another name for it.
        record: As in `run_many`.
        device: As in `run`.
        watch: As in `run_many`.

    Returns:
        The ends (N, 2), and with `record="paths"` the paths (N, steps+1, 2), in the order of `optimizers`.

    Raises:
        ValueError: As in `run_many`, and where one of `optimizers` is another one than the competitor's, or
            there are none.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD"))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> rates = [ov.OptimizerSpec("SGD", {"lr": lr}) for lr in (0.001, 0.01, 0.1)]
        >>> ov.run_varied(exp, rates, device="cpu").losses.shape
        (3,)
    """
    spec, function, where = prepare_many(experiment, index, device)
    info = optimizer_info(spec.optimizer)
    if {each.name for each in optimizers} != {info.name}:
        raise ValueError(f"The optimizers must all be {info.name}, the competitor's, one or more.")
    start = torch.tensor(experiment.start, dtype=getattr(torch, experiment.dtype), device=where)
    recorder = _ends_recorder(experiment, index, function, start.repeat(len(optimizers), 1), record)
    try:
        settings = [info.complete(each) for each in optimizers]
        parts = alike(settings)
        order = [place for part in parts for place in part]
        first = 0
        for part in parts:
            rows = slice(first, first := first + len(part))
            _vary(experiment, spec, function, start, [settings[i] for i in part], rows, recorder, watch)
    except ValueError as error:
        raise CompetitorError(index, spec, str(error)) from error
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
    watch: WatchSteps | None,
) -> None:
    """Step the settings together as rows of one tensor; where torch does not allow it, as its groups.

    Where one of them is stopped, each is stepped alone, so that it stops no other.
    """
    chance = chance_of(experiment, function, spec, start.device)
    if _by_rows(spec, function, start.device):
        with suppress(MixedError, ValueError), RowWise():
            (batch,) = batches(function, spec, start.repeat(len(settings), 1), rows)
            recorder.watch(batch.points, rows)
            trainer = Trainer(experiment, spec, batch, settings=[merged(settings)])
            if train(batch, trainer, chance, recorder, watch):
                return
    # If torch refused a setting, it does so again, and now in its own words.
    together = optimizer_info(spec.optimizer).coupling is not Coupling.OPTIMIZER and not _born_apart(settings)
    for each in settings:  # torch checks no groups
        Trainer(experiment, spec, single(function, spec, start), settings=[each])

    def step(part: slice, own: Sequence[Mapping[str, Value]]) -> bool:
        batch = own_tensors(function, spec, start.repeat(len(own), 1), part)
        recorder.watch(batch.points, part)
        return train(batch, Trainer(experiment, spec, batch, settings=own), chance, recorder, watch)

    if not (together and step(rows, settings)):
        for place, each in enumerate(settings):
            step(slice(rows.start + place, rows.start + place + 1), [each])


def _by_rows(spec: RunSpec, function: Surface, device: torch.device) -> bool:
    """Whether rows are known to round as single runs do. On CUDA torch runs other code, `foreach`."""
    rows = optimizer_info(spec.optimizer).name in OPTIMIZERS_BY_ROWS and device.type == "cpu"
    return rows and function.data is None and not reads_loss(spec)


def _born_apart(settings: Sequence[Mapping[str, Value]]) -> bool:
    """Whether they differ in a setting that torch reads in the constructor only, not from its groups."""
    return len({each.get("initial_accumulator_value") for each in settings}) > 1


def _ends_recorder(
    experiment: Experiment, index: int, function: Surface, theta: Tensor, record: str
) -> EndsRecorder:
    if record not in ("ends", "paths"):
        raise ValueError(f'record must be "ends" or "paths", not {record!r}.')
    size = theta.numel() * theta.element_size() * (experiment.steps + 1)
    if record == "paths" and size > _PATHS_LIMIT:
        raise ValueError(f'These paths would take {size / 2**30:.1f} GiB: take fewer, or record="ends".')
    return (
        PathsRecorder(index, theta, function, experiment.steps)
        if record == "paths"
        else EndsRecorder(index, theta, function)
    )
