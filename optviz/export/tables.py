"""Results as tables that other programs read."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence

from optviz.trajectory import Summary

_HEADER = (
    "competitor",
    "final loss",
    "best loss",
    "distance to minimizer",
    "steps to reach it",
    "evaluations",
    "path length",
    "ending",
    "at step",
    "in words",
)


def summaries_csv(summaries: Sequence[Summary]) -> str:
    """The results table as CSV (RFC 4180): numbers in full, nothing where there is no number.

    A name that a spreadsheet would take for a formula begins with an apostrophe, as names come from links.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_HEADER)
    for row in summaries:
        name = f"'{row.name}" if row.name[:1] in "=+-@\t\r" else row.name
        writer.writerow(
            (
                name,
                _finite(row.final_loss),
                _finite(row.best_loss),
                _finite(row.distance),
                row.steps_to_reach,
                row.evals,
                _finite(row.path_length),
                row.outcome.kind,
                row.outcome.step,
                row.outcome.detail,
            )
        )
    return text.getvalue()


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
