"""The words of a picture: descriptions, help, and the table of results."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optviz.engine.trajectory import Summary
from optviz.player.message import Convention, TableColumn, TableData, TableRow, Texts
from optviz.spec.experiment import Experiment
from optviz.spec.view import PLAIN, View
from optviz.spec.wording import coordinates
from optviz.surfaces.catalogue import surface


def words(experiment: Experiment, view: View = PLAIN) -> Texts:
    """The texts of a player, as JSON, that `optviz.player.scene.scene` does not have."""
    names = ", ".join(run.name for run in experiment.runs)
    function = surface(experiment.surface)
    start = coordinates(experiment.start, function.widths)
    if function.network:
        start = f"the weights of seed {experiment.seed}"
    return {
        "alt": {
            "picture": f"Contours of {experiment.surface.name} with the paths of {names} from {start}.",
            "curves": f"{names}, against {view.against}.",
        },
        "narrow": narrow_words(experiment),
        "conventions": _conventions(experiment),
    }


def narrow_words(experiment: Experiment) -> str:
    """A warning where the domain contains few numbers of the experiment's dtype; else an empty text.

    Floats far from 0 are far apart: shorter steps are rounded away, and a path jumps from one to the next.
    """
    function = surface(experiment.surface)
    if function.network:  # its plane has its own 0, where it begins
        return ""
    dtype = experiment.dtype
    for name, side in zip(function.axes, function.domain, strict=True):
        far, width = max(side, key=abs), side[1] - side[0]
        gap = float(np.spacing(np.dtype(dtype).type(abs(far))))
        if width >= _ENOUGH * gap:
            continue
        finer = dtype != "float64" and width >= _ENOUGH * np.spacing(abs(far))
        remedy = "take float64, which has finer ones." if finer else "move the formula nearer to 0."
        return (
            f"The domain is too narrow for {dtype}: near {name} = {far:.6g} numbers of {dtype} lie {gap:.3g} "
            f"apart, and the picture is only {width:.6g} wide. Paths can only go from one such number to "
            f"another: {remedy}"
        )
    return ""


_ENOUGH = 1e5
"""Numbers on a side of the domain above which their spacing cannot be seen."""


def _conventions(experiment: Experiment) -> list[Convention]:
    """The conventions that differ from torch for any competitor, each with what it does."""
    from optviz.optimizers.conventions import conventions

    differences: dict[str, dict[str, None]] = {}
    for run in experiment.runs:
        for row in conventions(run):
            differences.setdefault(row.name, {})[f"{row.title}: {row.differs}"] = None
    return [{"name": name, "words": list(words)} for name, words in differences.items()]


_COLUMNS = {
    "name": ("Competitor", "Sort by name"),
    "final_loss": ("Final loss", "The loss at the last point."),
    "best_loss": ("Best loss", "The lowest loss on the path."),
    "distance": (
        "Final distance in {units}",
        "From the last point to the nearest minimizer, in units of {units}.",
    ),
    "steps_to_reach": (
        "Steps to within {within:.12g}",
        "The first step whose point is nearer than {within:.12g} to a minimizer, in units of {units}. "
        "A run may leave again.",
    ),
    "evals": ("Evals", "Evaluations of loss and gradient in all steps together."),
    "path_length": ("Path length in {units}", "The lengths of all steps together, in units of {units}."),
    "ending": ("How it ended", "Sort by the kind of ending, then by the step from which it held"),
}
"""Each column's title and help, with placeholders for what depends on the surface and the view."""


def table(
    experiment: Experiment,
    summaries: Sequence[Summary | None],
    endings: Sequence[str],
    view: View = PLAIN,
) -> TableData:
    """The results as the table of a player, as JSON: a column for each name, a row for each competitor.

    `endings` say how each ended, or why it has no summary.
    """
    function = surface(experiment.surface)
    names = [name for name in _COLUMNS if function.minimizers or name not in ("distance", "steps_to_reach")]
    units = "the weights" if function.network else " and ".join(function.axes)
    rows: list[TableRow] = []
    for summary, ending in zip(summaries, endings, strict=True):
        numbers = {name: getattr(summary, name) for name in names[1:-1]} if summary else {}
        rows.append(
            {
                "numbers": {name: _sent(number) for name, number in numbers.items()},
                "ending": summary.outcome.kind if summary else "",
                "step": summary.outcome.step if summary else None,
                "words": ending,
            }
        )
    placeholders = {"within": function.near(view.within), "units": units}
    columns: list[TableColumn] = [
        {"name": name, "title": title.format(**placeholders), "help": help.format(**placeholders)}
        for name, (title, help) in _COLUMNS.items()
        if name in names
    ]
    return {"columns": columns, "rows": rows}


def _sent(number: float | None) -> float | str | None:
    """A number as JSON has it: it has no infinity."""
    return number if number is None or abs(number) < _INFINITE else str(number).replace("inf", "Infinity")


_INFINITE = float("inf")
