"""Results as tables that other programs read."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optviz.engine.trajectory import Summary, Trajectory
from optviz.environment import extra
from optviz.spec.experiment import Experiment
from optviz.surfaces.catalogue import surface

Column = NDArray[Any]

_HEADER = (
    "competitor",
    "final loss",
    "best loss",
    "distance to minimizer",
    "steps to reach it",
    "reached within",
    "evaluations",
    "path length",
    "ending",
    "ending since step",
    "in words",
)


def summaries_csv(summaries: Sequence[Summary]) -> str:
    """The results table as CSV (RFC 4180): numbers in full, an empty field where there is no number.

    A name that a spreadsheet would take for a formula begins with an apostrophe, since names come from links.

    Args:
        summaries: A row for each, as `Trajectory.summary` makes them.

    Returns:
        The text, with a header.

    Example:
        >>> import optviz as ov
        >>> ov.summaries_csv([]).split(",")[:3]
        ['competitor', 'final loss', 'best loss']
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    for row in summaries:
        writer.writerow(
            (
                _unread(row.name),
                _finite(row.final_loss),
                _finite(row.best_loss),
                _finite(row.distance),
                row.steps_to_reach,
                row.within,
                row.evals,
                _finite(row.path_length),
                row.outcome.kind,
                row.outcome.step,
                row.outcome.detail,
            )
        )
    return text.getvalue()


def steps_csv(trajectories: Sequence[Trajectory]) -> str:
    """Every point of every competitor as CSV (RFC 4180), with everything that was recorded, numbers in full.

    Each row also holds the step that led to its point: the loss and gradient that the optimizer was given,
    the learning rate that was set, and torch's own state after the step. In a competitor's first row, its
    start, these columns are empty. Numbers are as Python writes them, "nan" and "inf" where they are not
    finite; a field is empty where there is no number.

    Args:
        trajectories: Their points come one trajectory after the other.

    Returns:
        The text, with a header.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> len(ov.steps_csv(ov.run(exp, device="cpu")).splitlines())  # a header, the start and five steps
        7
    """
    text = io.StringIO()
    writer = csv.writer(text)
    tables = [_columns(trajectory) for trajectory in trajectories]
    header = list(dict.fromkeys(name for table in tables for name in table))
    writer.writerow(["competitor", *header])
    for trajectory, table in zip(trajectories, tables, strict=True):
        columns = [table[name].tolist() if name in table else None for name in header]
        for row in range(trajectory.steps + 1):
            values = [None if column is None else column[row] for column in columns]
            writer.writerow([_unread(trajectory.name), *values])
    return text.getvalue()


def steps_parquet(trajectories: Sequence[Trajectory]) -> bytes:
    """The table of `steps_csv` as Parquet: names as text, everything else as numbers of their own type.

    Args:
        trajectories: Their points come one trajectory after the other.

    Returns:
        The bytes of the file.

    Raises:
        ValueError: pyarrow is not installed.

    Example:
        >>> import optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> ov.steps_parquet(ov.run(exp, device="cpu"))[:4]
        b'PAR1'
    """
    with extra("tables"):
        import pyarrow as arrow
        from pyarrow import parquet
    parts = []
    for trajectory in trajectories:
        columns = {name: arrow.array(column.tolist()) for name, column in _columns(trajectory).items()}
        parts.append(arrow.table({"competitor": [trajectory.name] * (trajectory.steps + 1), **columns}))
    whole = arrow.concat_tables(parts, promote_options="permissive")
    made_with = json.dumps(asdict(trajectories[0].made_with)) if trajectories else ""
    file = io.BytesIO()
    parquet.write_table(whole.replace_schema_metadata({"made_with": made_with}), file)
    return file.getvalue()


def results_json(
    experiment: Experiment, trajectories: Sequence[Trajectory], within: float | None = None
) -> str:
    """An experiment, its results and what they were computed with, as JSON.

    The experiment is as `Experiment.to_json` writes it. Each result has its summary, its ending and its
    points and losses in full, as numbers; what is not finite is the text "NaN", "Infinity" or "-Infinity".

    Args:
        experiment: The experiment that the trajectories belong to.
        trajectories: A result for each.
        within: The distance from a minimizer, in units of x and y, that counts as having reached it; a
            thousandth of the domain's mean width where left out.

    Returns:
        The text, on one line.

    Example:
        >>> import json, optviz as ov
        >>> run = ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01}))
        >>> exp = ov.Experiment(ov.SurfaceSpec("Booth"), (1.0, 1.0), 5, (run,))
        >>> sorted(json.loads(ov.results_json(exp, ov.run(exp, device="cpu"))))
        ['experiment', 'results']
    """
    function = surface(experiment.surface)
    results = [
        {
            "competitor": trajectory.name,
            "index": trajectory.index,
            "outcome": asdict(trajectory.outcome),
            "made_with": asdict(trajectory.made_with),
            "summary": _written(asdict(trajectory.summary(function.minimizers, function.near(within)))),
            "names": list(trajectory.names),
            "points": _written(trajectory.points.tolist()),
            "losses": _written(trajectory.losses.tolist()),
        }
        for trajectory in trajectories
    ]
    whole = {"experiment": json.loads(experiment.to_json()), "results": results}
    return json.dumps(whole, ensure_ascii=False, allow_nan=False)


def _columns(trajectory: Trajectory) -> dict[str, Column]:
    """All that was recorded, by names, (n+1,) each; of objects where a start has no number."""
    names = trajectory.names
    columns = {"step": np.arange(trajectory.steps + 1), "epoch": _led(trajectory.epochs)}
    columns |= _parts("", trajectory.points, names)
    if trajectory.parameters is not None and trajectory.off_plane is not None:
        columns |= _parts("parameter", trajectory.parameters, names)
        columns["off plane"] = trajectory.off_plane
    columns["loss"] = trajectory.losses
    columns |= _parts("gradient", trajectory.gradients, names)
    columns["evaluations"] = trajectory.evals
    led: dict[str, Column] = {
        **dict(_parts("seen gradient", trajectory.seen_gradients, names)),
        "seen loss": trajectory.seen_losses,
        "lr": trajectory.lrs,
    }
    for name, moved in trajectory.hyperparameters.items():
        led |= _parts(name, moved, ())
    for name, kept in trajectory.state.items():
        led |= _parts(f"state {name}", kept, names)
    return columns | {name: _led(values) for name, values in led.items()}


def _parts(name: str, values: Column, names: Sequence[str]) -> Iterator[tuple[str, Column]]:
    """Each number of an array (n, ...) as a column (n,).

    It is called "name x" where there is a number for each of `names`, else "name[0]" by its place.
    """
    if values.ndim == 1:
        yield name, values
        return
    columns = values.reshape(len(values), -1).T
    for place, column in enumerate(columns):
        yield f"{name} {names[place]}".strip() if len(columns) == len(names) else f"{name}[{place}]", column


def _led(values: Column) -> Column:
    """What belongs to each step (n,), moved to the point that the step led to (n+1,)."""
    return np.concatenate([np.array([None]), values.astype(object)])


def _unread(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name


def _written(value: Any) -> Any:
    """A value as JSON has it: it knows no infinity."""
    if isinstance(value, Mapping):
        return {name: _written(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_written(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
