"""How an experiment and a run show themselves in Jupyter and marimo: as tables.

Their classes know no HTML; their `_repr_html_` loads this module when a notebook asks.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import numpy as np

from optviz.engine.trajectory import Trajectory
from optviz.figures.theme import LIGHT
from optviz.spec.experiment import Experiment, RunSpec
from optviz.spec.wording import coordinates
from optviz.surfaces.catalogue import surface

_WIDTH, _HEIGHT = 320, 80
"""Pixels of a small curve."""


def experiment_html(experiment: Experiment) -> str:
    """A table of what is run, with the link that opens it."""
    widths = surface(experiment.surface).widths
    rows = [
        ("surface", _call(experiment.surface.name, experiment.surface.params)),
        ("start", coordinates(experiment.start, widths)),
        ("steps", f"{experiment.steps:,}"),
        *((f"competitor {place}", _run(run)) for place, run in enumerate(experiment.runs, start=1)),
        ("chance", f"noise {experiment.noise:g}, batch size {experiment.batch_size}, seed {experiment.seed}"),
        ("dtype", experiment.dtype),
    ]
    return _table(rows)


def trajectory_html(trajectory: Trajectory) -> str:
    """How a run went: its curve of losses, where it is, and how it ended."""
    point = ", ".join(f"{part:.6g}" for part in trajectory.points[-1])
    rows = [
        ("competitor", trajectory.name),
        ("optimizer", _run(trajectory.run)),
        ("last point", f"({point})"),
        ("loss", f"{trajectory.final_loss:.6g} at the end, {trajectory.best_loss:.6g} at best"),
        ("ending", trajectory.outcome.detail),
        ("made with", f"torch {trajectory.made_with.torch}, {trajectory.made_with.device}"),
    ]
    return _table(rows) + _curve(trajectory.losses)


def _run(run: RunSpec) -> str:
    words = _call(run.optimizer.name, run.optimizer.params)
    if run.scheduler:
        words += f" with {_call(run.scheduler.name, run.scheduler.params)}"
    return f"{words} “{run.label}”" if run.label else words


def _call(name: str, params: Mapping[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value!r:.80}' for key, value in params.items())})"


def _table(rows: list[tuple[str, str]]) -> str:
    cells = [f"<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>" for name, text in rows]
    return f"<table>{''.join(cells)}</table>"


def _curve(losses: Any) -> str:
    """The losses as a small picture, even in their logarithm where they are positive."""
    values = losses[np.isfinite(losses)].astype(np.float64)
    if len(values) < 2:
        return ""
    values = np.log(values) if values.min() > 0 else values
    x = np.linspace(0, _WIDTH, len(values))
    y = _HEIGHT * (values.max() - values) / (np.ptp(values) or 1.0)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    line = f'<polyline points="{points}" fill="none" stroke="{LIGHT.paths[0]}" stroke-width="1.5"/>'
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 -2 {_WIDTH} {_HEIGHT + 4}"'
    return f'<svg {size} role="img" aria-label="The loss at each step">{line}</svg>'
