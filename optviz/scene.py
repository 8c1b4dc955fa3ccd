"""What a player shows, as data: names and colours as JSON, each path and the surface as bytes of its own.

A player lives where there is no Python: in the page's browser. So whatever needs float64 or a surface's
formula is worked out here, once a run, and travels once, as 32-bit floats in the order of `COLUMNS`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from optviz.contours import color_bar, contour_levels
from optviz.engine import sample
from optviz.figures import LIGHT, PLAIN, Theme, pens
from optviz.problem import surface
from optviz.spec import Experiment, View
from optviz.trajectory import Grid, Trajectory

COLUMNS = ("x", "y", "loss", "excess", "gradient", "lr", "evals")
"""What a path holds for each of its n+1 points: `excess` is the loss above the surface's minimum, for a log
scale, `gradient` the length of the surface's own gradient, `lr` that of the step that led to the point."""
_DIGEST = 8  # bytes, before the floats


@dataclass(frozen=True)
class Scene:
    """A picture to play."""

    data: Mapping[str, Any]
    """JSON: the surface, the competitors, the view, the colours. Names the blobs by their digests."""
    blobs: tuple[bytes, ...]
    """The surface and then each path: 8 bytes of digest, then float32, little-endian. The surface is
    (ny, nx) losses over its domain, a path `(len(COLUMNS), n+1)`."""


def scene(
    experiment: Experiment,
    trajectories: Sequence[Trajectory],
    theme: Theme = LIGHT,
    grid: Grid | None = None,
    view: View = PLAIN,
) -> Scene:
    """All that a player needs to show `trajectories`, runs of `experiment`.

    `grid` may be given where the surface has been sampled already.
    """
    function = surface(experiment.surface)
    grid = grid or sample(experiment.surface)
    levels = contour_levels(grid.z)
    ground = _blob(grid.z)
    paths = [_blob(_columns(trajectory, function.minimum)) for trajectory in trajectories]
    ticks, texts = color_bar(levels)
    data = {
        "surface": {
            "name": experiment.surface.name,
            "digest": _digest(ground),
            "size": [len(grid.x), len(grid.y)],
            "domain": [list(side) for side in function.domain],
            "levels": levels.tolist(),
            "ticks": ticks,
            "labels": texts,
            "minimizers": [list(point) for point in function.minimizers],
            "minimum": function.minimum if np.isfinite(function.minimum) else None,
        },
        "start": list(experiment.start),
        "runs": [
            {
                "name": trajectory.name,
                "digest": _digest(path),
                "color": pen.color,
                "dash": pen.dash,
                "outcome": trajectory.outcome.kind,
                "at": trajectory.outcome.step,
            }
            for trajectory, path, pen in zip(
                trajectories, paths, pens(experiment, trajectories, theme, view), strict=True
            )
        ],
        "view": {"scale": view.scale, "against": view.against},
        "theme": asdict(theme),
    }
    return Scene(data, (ground, *paths))


def _columns(trajectory: Trajectory, minimum: float) -> Any:
    points = trajectory.points.astype(np.float64)
    excess = trajectory.losses - minimum if np.isfinite(minimum) else np.full(len(points), np.nan)
    return np.stack(
        [
            points[:, 0],
            points[:, 1],
            trajectory.losses,
            excess,
            np.linalg.norm(trajectory.gradients, axis=1),
            np.concatenate(([np.nan], trajectory.lrs)),
            trajectory.evals,
        ]
    )


def _blob(numbers: Any) -> bytes:
    with np.errstate(over="ignore"):  # beyond float32 there is only infinity
        payload: bytes = np.ascontiguousarray(numbers, dtype="<f4").tobytes()
    return hashlib.blake2b(payload, digest_size=_DIGEST).digest() + payload


def _digest(blob: bytes) -> str:
    return blob[:_DIGEST].hex()
