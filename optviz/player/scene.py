"""What a player shows, as data: names and colours as JSON, each path and the surface as bytes of its own.

A player lives where there is no Python: in the page's browser. So whatever needs float64 or a surface's
formula is worked out here, once a run, and travels once: paths in the order of `COLUMNS`, as 32-bit floats
where these hold a run's points to the bit and tell its losses apart, else in double precision; and, for those
who look into the steps, `optviz.rules.steps` in the run's own dtype.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from optviz.engine.outcome import Array
from optviz.engine.planes import picture_plane, projected_vectors, seen_through
from optviz.engine.rates import lr_words, moves, used_lrs
from optviz.engine.sampling import path_hessians, plane_hessians, sample
from optviz.engine.trajectory import Grid, Plane, Reference, Trajectory
from optviz.figures.contours import SHAPE, color_bar, contour_levels, equal_units
from optviz.figures.theme import THEMES, pens
from optviz.rules.stability import Stability
from optviz.rules.steps import MOMENTUM, Steps, steps
from optviz.spec.experiment import Experiment
from optviz.spec.view import IN_PLAYER, PLAIN, View
from optviz.surfaces.models import Data

COLUMNS = ("x", "y", "loss", "excess", "gradient", "lr", "evals")
"""What a path holds for each of its n+1 points: `excess` is the loss above the surface's minimum, for a log
scale, `gradient` the length of the surface's own gradient, `lr` what the step that led to the point used."""
_DIGEST = 8  # bytes, before the floats


@dataclass(frozen=True)
class Scene:
    """A picture to play."""

    data: Mapping[str, Any]
    """JSON: the surface, the competitors, the view, the colours in light and in dark. Names the blobs by
    their digests."""
    blobs: tuple[bytes, ...]
    """The surface, each path, then what else there is: 8 bytes of digest, then numbers, little-endian. The
    surface is (ny, nx) losses over its domain, a path `(len(COLUMNS), n+1)`: in float64 where the data call
    them `double`, and else in float32. The last one may be `Data.order`, as uint16."""


def scene(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    grid: Grid | None = None,
    view: View = PLAIN,
    inside: Sequence[Steps] = (),
    ghosts: Mapping[int, Reference] = MappingProxyType({}),
    edges: Sequence[Stability] = (),
    examples: bool = False,
) -> Scene:
    """All that a player needs to show `trajectories`, runs of `experiment`.

    `grid` may be given where the surface has been sampled already. `inside` has the steps of each
    trajectory, for a player that looks into them, `ghosts` references by the place of their trajectory,
    `edges` how stable the steps of each trajectory are. `examples` says that the examples of each minibatch
    come with it, also where the view does not show the data.
    """
    under = picture_plane(experiment, trajectories)
    function = under.surface
    grid = grid or sample(under.sampled)
    levels = contour_levels(grid.z)
    near = _are_near(levels)
    ground = _blob(grid.z, _dtype(near))
    double = [near or one.points.dtype == np.float64 for one in trajectories]
    paths = [
        _blob(_columns(trajectory, function.minimum), _dtype(fine))
        for trajectory, fine in zip(trajectories, double, strict=True)
    ]
    insides = [_blob(one.columns, one.columns.dtype.newbyteorder("<")) for one in inside]
    unreal = {
        place: _blob(ghost.seen_on(trajectories[place].plane).T, _dtype(double[place]))
        for place, ghost in ghosts.items()
    }
    weights = [_blob(_weights(trajectory)) for trajectory in trajectories if trajectory.plane]
    sharp = [_blob(_sharpness(edge)) for edge in edges]
    ticks, texts = color_bar(levels)
    data: dict[str, Any] = {
        "surface": {
            "name": experiment.surface.name,
            "axes": list(function.axes),
            "searched": function.searched,
            "digest": _digest(ground),
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
        },
        "start": list(under.start),
        "runs": [
            {
                "name": trajectory.name,
                "digest": _digest(path),
                "double": fine,
                "slot": pen.slot,
                "dash": pen.dash,
                "outcome": trajectory.outcome.kind,
                "at": trajectory.outcome.step,
                "rate": {"moves": moves(used_lrs(trajectory)), "words": lr_words(trajectory)},
            }
            for trajectory, path, fine, pen in zip(
                trajectories, paths, double, pens(experiment, trajectories, view=view), strict=True
            )
        ],
        "view": {name: getattr(view, name) for name in IN_PLAYER},
        "themes": {name: asdict(theme) for name, theme in THEMES.items()},
    }
    for run, one, blob in zip(data["runs"], inside, insides, strict=False):  # there may be none
        run["steps"] = {**one.data, "digest": _digest(blob)}
    for run, edge, blob in zip(data["runs"], edges, sharp, strict=False):
        run["stability"] = {"formula": edge.formula, "words": edge.words, "digest": _digest(blob)}
    for run, blob in zip(data["runs"], weights, strict=False):
        run["weights"] = {"digest": _digest(blob)}
    if isinstance(under.sampled, Plane):
        shares = under.sampled.shares
        data["plane"] = {"shares": [None if np.isnan(share) else share for share in shares]}
    for place, blob in unreal.items():
        data["runs"][place]["ghost"] = {"name": ghosts[place].title, "digest": _digest(blob)}
    orders = _orders(experiment, function.data) if examples or view.beside == "data" else []
    if function.data:
        data["data"] = _examples(function.data) | {
            "batch": experiment.batch_size,
            "order": _digest(orders[0]) if orders else None,
        }
    return Scene(data, (ground, *paths, *insides, *unreal.values(), *sharp, *weights, *orders))


def inside(experiment: Experiment, trajectory: Trajectory, edge: Stability) -> Steps:
    """What each step of a run did, and how stable it was, for a player that looks into it.

    Of a network it is what it did to two of its weights, and what of it is seen on its plane.
    """
    known, seen, shown = path_hessians(experiment, trajectory), {}, trajectory
    if trajectory.plane is not None:
        bent = plane_hessians(experiment, trajectory).reshape(-1, 4)[:, [0, 1, 3]]
        seen, shown = (
            projected_vectors(experiment, trajectory, MOMENTUM) | {"hessian": bent},
            seen_through(experiment, trajectory),
        )
    if not edge.formula:
        return steps(shown, known, seen)
    found = steps(shown, known, seen, {"sharpness": edge.sharpness, "limit": edge.threshold})
    told = {"formula": edge.formula, "sees": edge.sees, "words": edge.words}
    return replace(found, data={**found.data, "stability": told})


def _examples(data: Data) -> dict[str, Any]:
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


def _orders(experiment: Experiment, data: Data | None) -> list[bytes]:
    """The examples of each step, for a player that shows them: none where each step sees all."""
    size = experiment.batch_size
    if data is None or size is None or size >= len(data):
        return []
    return [_blob(data.order(size, experiment.seed, experiment.steps), "<u2")]


def _columns(trajectory: Trajectory, minimum: float) -> Any:
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


def _sharpness(edge: Stability) -> Any:
    """(2, n+1) the largest curvature at each point, and sharpness as a share of what the step can bear."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([edge.curvature, edge.sharpness / edge.threshold])


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


def _blob(numbers: Any, dtype: Any = "<f4") -> bytes:
    with np.errstate(over="ignore"):  # beyond float32 there is only infinity
        payload: bytes = np.ascontiguousarray(numbers, dtype=dtype).tobytes()
    return hashlib.blake2b(payload, digest_size=_DIGEST).digest() + payload


def _digest(blob: bytes) -> str:
    return blob[:_DIGEST].hex()
