"""What a player shows, as data: names and colours as JSON, each path and the surface as bytes of its own.

A player lives where there is no Python: in the page's browser. So whatever needs float64 or a surface's
formula is worked out here, once a run, and travels once: paths in the order of `COLUMNS`, as 32-bit floats
where these hold a run's points to the bit and tell its losses apart, else in double precision; and, for those
who look into the steps, `optviz.rules.steps` in the run's own dtype.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from optviz.engine.outcome import Array
from optviz.engine.planes import PicturePlane, picture_plane, projected_vectors, seen_through
from optviz.engine.trajectory import Grid, Plane, Reference, Trajectory
from optviz.figures.contours import SHAPE, color_bar, contour_levels, equal_units
from optviz.figures.theme import SIZES, THEMES, all_pens
from optviz.player.controls import offered_controls
from optviz.player.message import (
    COLUMNS,
    DataSet,
    DigestBytes,
    Ran,
    Refused,
    SceneData,
    SurfaceData,
    sent,
)
from optviz.rules.records import StepStability
from optviz.spec.experiment import Experiment
from optviz.spec.frozen import in_player
from optviz.spec.view import PLAIN, View
from optviz.surfaces.problem import Surface

if TYPE_CHECKING:
    from optviz.programs.writing import Line
    from optviz.rules.stability import Stability
    from optviz.rules.steps import Steps
    from optviz.surfaces.models import Data

_DIGEST: int = get_args(DigestBytes)[0]


@dataclass(frozen=True)
class Scene:
    """A picture to play."""

    data: SceneData
    """JSON, which names the blobs by their digests."""
    blobs: tuple[bytes, ...]
    """The surface, each path, then what else there is.

    Each is a digest, then numbers, little-endian. The surface is (ny, nx) losses over its domain, a path
    `(len(COLUMNS), n+1)`: in float64 where the data call them `double`, and else in float32. The last one may
    be `Data.order`, as uint16.
    """


@dataclass(frozen=True, eq=False)
class Shown:
    """A competitor, with all of it that a scene is to show."""

    trajectory: Trajectory | None = None
    """None where it did not run: it keeps its place, its colour and its name all the same."""
    steps: Steps | None = None
    """What each step did, for a player that looks into them."""
    reference: Reference | None = None
    """Its path by another convention than torch's."""
    stability: Stability | None = None
    """How stable its steps are."""
    code: Sequence[Line] = ()
    """Its training loop."""


def by_index(experiment: Experiment, trajectories: Sequence[Trajectory]) -> list[Shown]:
    """All competitors of an experiment in their order, also those that did not run.

    Args:
        experiment: The experiment.
        trajectories: The runs that there are, in any order.

    Raises:
        ValueError: A trajectory belongs to a competitor that the experiment does not have.
    """
    ran = {trajectory.index: trajectory for trajectory in trajectories}
    if beyond := [index for index in ran if index >= len(experiment.runs)]:
        raise ValueError(f"There is no competitor {beyond[0]}: the experiment has {len(experiment.runs)}.")
    return [Shown(ran.get(index)) for index in range(len(experiment.runs))]


def scene(
    experiment: Experiment,
    competitors: Sequence[Shown],
    grid: Grid | None = None,
    view: View = PLAIN,
    fixed: bool = False,
) -> Scene:
    """All that a player needs to show an experiment.

    Args:
        experiment: What was run.
        competitors: What is shown of each of its competitors, in their order.
        grid: The losses of the surface, where it has been sampled already.
        view: How it is looked at.
        fixed: Whether nobody can be asked for more, as in a file: then the examples of each minibatch come
            with it, also where the view does not show the data, and only what is there is offered.
    """
    from optviz.engine.sampling import sample

    trajectories = [competitor.trajectory for competitor in competitors if competitor.trajectory is not None]
    under = picture_plane(experiment, trajectories)
    data_set = under.surface.data
    grid = grid or sample(under.sampled)
    levels = contour_levels(grid.z)
    near = _are_near(levels)
    blobs = _Blobs()
    data: SceneData = {
        "surface": _surface(experiment.surface.name, under.surface, grid, levels, blobs),
        "start": list(under.start),
        "columns": list(COLUMNS),
        "runs": _runs(experiment, competitors, under.surface.minimum, view, near, blobs),
        "view": {name: getattr(view, name) for name in in_player(type(view))},
        "controls": offered_controls(type(view), _there(experiment, competitors, under, view, fixed)),
        "fixed": fixed,
        "themes": {name: sent(theme) for name, theme in THEMES.items()},
        "sizes": sent(SIZES),
    }
    for run, shown in zip(data["runs"], competitors, strict=True):
        if run["ran"]:
            _tell_more(run, shown, blobs)
    if isinstance(under.sampled, Plane):
        shares = under.sampled.shares
        data["plane"] = {"shares": [None if np.isnan(share) else share for share in shares]}
    if data_set:
        size = experiment.batch_size if fixed or view.beside == "data" else None
        order = None
        if size is not None and size < len(data_set):
            order = blobs.keep(data_set.order(size, experiment.seed, experiment.steps), "<u2")
        data["data"] = {**_data_set(data_set), "batch": experiment.batch_size, "order": order}
    return Scene(data, tuple(blobs))


def _there(
    experiment: Experiment, competitors: Sequence[Shown], under: PicturePlane, view: View, fixed: bool
) -> set[str]:
    """What there is to show, or can be asked for, in the words of `offered_controls`."""
    from optviz.optimizers.conventions import conventions

    names = {row.name for run in experiment.runs for row in conventions(run)}
    plane = under.sampled if isinstance(under.sampled, Plane) else None
    there = {
        "data": bool(under.surface.data),
        "minimum": np.isfinite(under.surface.minimum),
        "steps": not fixed or any(shown.steps for shown in competitors),
        "several runs": sum(shown.trajectory is not None for shown in competitors) > 1,
        "two parameters": plane is None,
        "right angles": plane is None or not plane.is_random,
        **{name: not fixed or name == view.convention for name in names},
    }
    return {name for name, is_there in there.items() if is_there}


def _surface(name: str, function: Surface, grid: Grid, levels: Array, blobs: _Blobs) -> SurfaceData:
    near = _are_near(levels)
    ticks, texts = color_bar(levels)
    return {
        "name": name,
        "axes": list(function.axes),
        "searched": function.searched,
        "digest": blobs.keep(grid.z, _dtype(near)),
        "double": near,
        "size": [len(grid.x), len(grid.y)],
        "domain": [list(side) for side in function.domain],
        "natural": equal_units(function.domain),
        "filled": SHAPE,
        "levels": levels.tolist(),
        "ticks": ticks,
        "labels": texts,
        "minimizers": [list(point) for point in function.minimizers],
        "minimum": function.minimum if np.isfinite(function.minimum) else None,
        "undefined": float(np.mean(~np.isfinite(grid.z))),
    }


def _runs(
    experiment: Experiment,
    competitors: Sequence[Shown],
    minimum: float,
    view: View,
    near: bool,
    blobs: _Blobs,
) -> list[Ran | Refused]:
    """All competitors with their paths; `near` says whether float32 could not tell their losses apart."""
    from optviz.engine.rates import lr_words, moves, used_lrs

    runs: list[Ran | Refused] = []
    pens = all_pens(experiment, view=view)
    for run, pen, shown in zip(experiment.runs, pens, competitors, strict=True):
        path = shown.trajectory
        if path is None:
            runs.append({"ran": False, "name": run.name, "slot": pen.slot, "dash": list(pen.pattern)})
            continue
        double = near or path.points.dtype == np.float64
        runs.append(
            {
                "ran": True,
                "name": path.name,
                "slot": pen.slot,
                "dash": list(pen.pattern),
                "digest": blobs.keep(_columns(path, minimum), _dtype(double)),
                "double": double,
                "outcome": path.outcome.kind,
                "at": path.outcome.step,
                "rate": {"moves": moves(used_lrs(path)), "words": lr_words(path)},
            }
        )
    return runs


def _tell_more(run: Ran, shown: Shown, blobs: _Blobs) -> None:
    """What else is known of a competitor than its path."""
    path = shown.trajectory
    assert path is not None
    if shown.steps:
        columns = shown.steps.columns
        digest = blobs.keep(columns, columns.dtype.newbyteorder("<"))
        run["steps"] = {**shown.steps.data, "digest": digest}
    if shown.reference:
        points = shown.reference.seen_on(path.plane).T
        run["ghost"] = {"name": shown.reference.title, "digest": blobs.keep(points, _dtype(run["double"]))}
    if shown.stability:
        stable = shown.stability
        digest = blobs.keep(_sharpness(stable))
        run["stability"] = {"formula": stable.formula, "words": stable.words, "digest": digest}
    if path.plane:
        run["weights"] = {"digest": blobs.keep(_weights(path))}
    if shown.code:
        run["code"] = [{"text": line.text, "phase": line.phase} for line in shown.code]


def steps_of(experiment: Experiment, trajectory: Trajectory, stable: Stability) -> Steps:
    """What each step of a run did, and how stable it was, for a player that looks into it.

    Of a network it is what it did to two of its weights, and what of it is seen on its plane.
    """
    from optviz.engine.sampling import path_hessians, plane_hessians
    from optviz.rules.steps import MOMENTUM, steps

    hessians, seen, path = path_hessians(experiment, trajectory), {}, trajectory
    if trajectory.plane is not None:
        bent = plane_hessians(experiment, trajectory).reshape(-1, 4)[:, [0, 1, 3]]
        seen = projected_vectors(experiment, trajectory, MOMENTUM) | {"hessian": bent}
        path = seen_through(experiment, trajectory)
    if not stable.formula:
        return steps(path, hessians, seen)
    known = steps(path, hessians, seen, {"sharpness": stable.sharpness, "limit": stable.threshold})
    words: StepStability = {"formula": stable.formula, "sees": stable.sees, "words": stable.words}
    return replace(known, data={**known.data, "stability": words})


def _data_set(data: Data) -> DataSet:
    """A data set and its model, for a player that shows what the model makes of it."""
    mean, deviation = data.scaling()
    return {
        "inputs": data.inputs.tolist(),
        "targets": data.targets.tolist(),
        "names": list(data.names),
        "classes": data.classifies,
        "layers": data.model.layers,
        "mean": mean.tolist(),
        "deviation": deviation.tolist(),
        "beyond": _beyond(data.inputs[:, 0]) if data.inputs.shape[1] == 1 else None,
    }


def _beyond(x: Any) -> float:
    """A round x to the right of all x (n,), about their mean distance away from the last."""
    gap = (x.max() - x.min()) / (len(np.unique(x)) - 1)
    return round(float(x.max() + gap), 1 - math.floor(math.log10(gap)))


def _columns(trajectory: Trajectory, minimum: float) -> Any:
    from optviz.engine.rates import used_lrs

    points = trajectory.points.astype(np.float64)
    excess = trajectory.losses - minimum if np.isfinite(minimum) else np.full(len(points), np.nan)
    return np.stack(
        [
            points[:, 0],
            points[:, 1],
            trajectory.losses,
            excess,
            trajectory.gradient_norms,
            np.concatenate(([np.nan], used_lrs(trajectory))),
            trajectory.evals,
        ]
    )


def _sharpness(stable: Stability) -> Any:
    """(2, n+1) the largest curvature at each point, and sharpness as a share of what the step can bear."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([stable.curvature, stable.sharpness / stable.threshold])


def _weights(trajectory: Trajectory) -> Any:
    """(n+1, D+1) how far each point is off the plane, and all weights there."""
    assert trajectory.off_plane is not None
    return np.column_stack([trajectory.off_plane, trajectory.theta])


def _are_near(levels: Array) -> bool:
    """Whether float32 is too coarse for the losses between these levels, as for a bowl that is 1e8 high."""
    with np.errstate(over="ignore", invalid="ignore"):  # infinity is no nearer than it was
        gaps = np.spacing(np.maximum(np.abs(levels[1:]), np.abs(levels[:-1])).astype(np.float32))
    return bool((np.diff(levels) < 100 * gaps).any())


def _dtype(double: bool) -> str:
    return "<f8" if double else "<f4"


class _Blobs(list[bytes]):
    """Numbers as they are sent, each under a name that is made of them."""

    def keep(self, numbers: Any, dtype: Any = "<f4") -> str:
        """Add some numbers. Returns what a message calls them."""
        with np.errstate(over="ignore"):  # beyond float32 there is only infinity
            payload: bytes = np.ascontiguousarray(numbers, dtype=dtype).tobytes()
        digest = hashlib.blake2b(payload, digest_size=_DIGEST).digest()
        self.append(digest + payload)
        return digest.hex()
