"""What a picture says that its numbers do not: descriptions, help, and the table of results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optviz.conventions import conventions
from optviz.figures import PLAIN, all_pens
from optviz.problem import surface
from optviz.spec import MARKS, VIEW_PARAMS, Experiment, View
from optviz.trajectory import Summary


def words(experiment: Experiment, view: View = PLAIN) -> dict[str, Any]:
    """The texts of a player, as JSON, that `optviz.scene.scene` does not have."""
    names = ", ".join(run.name for run in experiment.runs)
    x, y = experiment.start
    network = surface(experiment.surface).network
    start = f"the weights of seed {experiment.seed}" if network else f"({x:g}, {y:g})"
    return {
        "alt": {
            "picture": f"Contours of {experiment.surface.name} with the paths of {names} from {start}.",
            "curves": f"{names}, against {view.against}.",
        },
        "help": {name: param.help for name, param in VIEW_PARAMS.items()},
        "marks": dict(MARKS),
        "conventions": _conventions(experiment),
    }


def _conventions(experiment: Experiment) -> list[dict[str, Any]]:
    """The conventions that differ from torch for any competitor, each with what it does."""
    found: dict[str, dict[str, None]] = {}
    for run in experiment.runs:
        for row in conventions(run):
            found.setdefault(row.name, {})[f"{row.title}: {row.differs}"] = None
    return [{"name": name, "title": name.capitalize(), "words": list(words)} for name, words in found.items()]


_COLUMNS = {
    "name": ("Competitor", "Sort by name"),
    "final_loss": ("Final loss", "The loss at the last point."),
    "best_loss": ("Best loss", "The lowest loss on the path."),
    "distance": ("Distance", "From the last point to the nearest minimizer, in units of x and y."),
    "steps_to_reach": ("Steps to reach", "The first step near enough to a minimizer, as set."),
    "evals": ("Evals", "Evaluations of loss and gradient in all steps together."),
    "path_length": ("Path length", "The lengths of all steps together, in units of x and y."),
    "ending": ("How it ended", "Sort by the kind of ending, then by its step"),
}


def table(
    experiment: Experiment,
    summaries: Sequence[Summary | None],
    endings: Sequence[str],
    view: View = PLAIN,
) -> dict[str, Any]:
    """The results as the table of a player, as JSON: a column for each name, a row for each competitor.

    `endings` say how each ended, or why it has no summary.
    """
    names = [name for name in _COLUMNS if name not in ("distance", "steps_to_reach")]
    if surface(experiment.surface).minimizers:
        names = list(_COLUMNS)
    rows = []
    styles = all_pens(experiment, view=view)
    for run, pen, summary, ending in zip(experiment.runs, styles, summaries, endings, strict=True):
        numbers = {name: getattr(summary, name) for name in names[1:-1]} if summary else {}
        rows.append(
            {
                "name": run.name,
                "slot": pen.slot,
                "dash": pen.dash,
                "numbers": {name: _sent(number) for name, number in numbers.items()},
                "ending": summary.outcome.kind if summary else "",
                "step": summary.outcome.step if summary else None,
                "words": ending,
            }
        )
    columns = [{"name": name, "title": _COLUMNS[name][0], "help": _COLUMNS[name][1]} for name in names]
    return {"columns": columns, "rows": rows}


def _sent(number: float | None) -> float | str | None:
    """A number as JSON has it: it has no infinity."""
    return number if number is None or abs(number) < _INFINITE else str(number).replace("inf", "Infinity")


_INFINITE = float("inf")
