"""What each step of a run did, for a player that looks into it: numbers as columns, the rule as terms.

The numbers are the run's own, in its own dtype; the player puts them into the terms itself, so that it can
show any step without asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from optviz.engine.outcome import Array
from optviz.engine.rates import used_lrs
from optviz.engine.trajectory import Trajectory
from optviz.expressions.latex import symbol_latex
from optviz.expressions.terms import Symbol, symbols, tree
from optviz.optimizers.catalogue import optimizer_info
from optviz.rules.derivations import Derivation, derivation, flat_settings, state_columns, state_name
from optviz.rules.records import Rule, StepsRecord

MOMENTUM = ("exp_avg", "momentum_buffer")
"""What torch calls the running mean of gradients."""


@dataclass(frozen=True, eq=False)
class Steps:
    """The steps of one run."""

    data: StepsRecord
    """JSON: what the columns are, the settings, and the rule where there is one."""
    columns: Array
    """(k, n+1) the numbers in the run's dtype. A row is a point and the step that begins there; what belongs
    to a step is NaN in the last one."""


def steps(
    trajectory: Trajectory,
    hessians: Array,
    seen: Mapping[str, Array] = MappingProxyType({}),
    limits: Mapping[str, Array] = MappingProxyType({}),
) -> Steps:
    """The steps of a trajectory as columns of numbers, and the optimizer's rule as terms.

    Args:
        trajectory: n steps; of a network those of two of its weights.
        hessians: (n+1, 2, 2) the surface's Hessian at each point.
        seen: What is drawn instead of some columns in a picture of a network's plane, by their names: each
            (n+1, k) or (n, k).
        limits: Columns (n+1,) that say how stable each step is.
    """
    derived, state = derivation(trajectory), state_columns(trajectory)
    columns = {
        **_of_points(trajectory, hessians, limits),
        **_of_steps(trajectory, derived, state),
        **_in_the_picture(seen, len(trajectory.points)),
    }
    with np.errstate(over="ignore"):
        numbers = np.hstack(list(columns.values())).astype(trajectory.made_with.dtype)
    return Steps(_record(trajectory, derived, state, columns), np.ascontiguousarray(numbers.T))


# -- columns: an array (n+1, k) each -----------------------------------------------------------------------


def _of_points(trajectory: Trajectory, hessians: Array, limits: Mapping[str, Array]) -> dict[str, Array]:
    """What is known of each point."""
    values: dict[str, Any] = {
        "theta": trajectory.points,
        "gradient": trajectory.gradients,
        "hessian": hessians.reshape(-1, 4)[:, [0, 1, 3]],
        **limits,
    }
    return {name: _flat(each) for name, each in values.items()}


def _of_steps(
    trajectory: Trajectory, derived: Derivation | None, state: Mapping[str, Array]
) -> dict[str, Array]:
    """What belongs to each step."""
    values: dict[str, Any] = {
        "given": trajectory.seen_gradients,
        "seen_loss": trajectory.seen_losses,
        "lr": trajectory.lrs,
        **trajectory.hyperparameters,
        **{f"state.{name}": each for name, each in state.items()},
    }
    if derived is not None and len(derived.forms) > 1:
        values["form"] = derived.which
    used = used_lrs(trajectory)
    if not np.array_equal(used, trajectory.lrs):
        values["used_lr"] = used
    return {name: _padded(_flat(each), len(trajectory.points)) for name, each in values.items()}


def _in_the_picture(seen: Mapping[str, Array], points: int) -> dict[str, Array]:
    """What is drawn instead of some columns."""
    return {f"seen.{name}": _padded(each, points) for name, each in seen.items()}


def _flat(values: Any) -> Array:
    flat: Array = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    return flat


def _padded(values: Array, rows: int) -> Array:
    """Some values (m, k) as (rows, k), NaN after the last."""
    padded = np.full((rows, values.shape[1]), np.nan)
    padded[: len(values)] = values
    return padded


# -- what they are -----------------------------------------------------------------------------------------


def _record(
    trajectory: Trajectory,
    derived: Derivation | None,
    state: Mapping[str, Array],
    columns: Mapping[str, Array],
) -> StepsRecord:
    """What is said of the columns, the settings, and the rule where there is one."""
    run, info = trajectory.run, optimizer_info(trajectory.run.optimizer)
    return {
        "columns": [[name, values.shape[1]] for name, values in columns.items()],
        "axes": list(trajectory.names),
        "double": trajectory.made_with.dtype == "float64",
        "settings": dict(derived.numbers) if derived else flat_settings(info.complete(run.optimizer)),
        "trained": [axis for axis, name in enumerate(trajectory.names) if name not in run.frozen],
        "resetEvery": run.reset_every,
        "lr": info.lr_use.value,
        "state": list(state),
        "momentum": next((name for name in MOMENTUM if name in state), None),
        "unrecorded": sorted({state_name(key) for key in trajectory.unrecorded}),
        "rule": None if derived is None else _rule(derived),
    }


def _rule(derived: Derivation) -> Rule:
    """The rule as JSON: its symbols, the state it begins with, the lines and parts of each kind of step."""
    names: dict[str, Symbol] = {}
    for form in derived.forms:
        for line in form.lines:
            names |= {symbol.key: symbol for symbol in (line.name, *symbols(line.term))}
    return {
        "symbols": {
            key: [symbol.base, symbol.sub, symbol.mark, symbol_latex(symbol)] for key, symbol in names.items()
        },
        "initial": dict(derived.initial),
        "forms": [
            {
                "lines": [
                    {
                        "name": line.name.key,
                        "term": tree(line.term),
                        "words": line.words,
                        "scalar": line.name.key in derived.scalars(form),
                    }
                    for line in form.lines
                ],
                "parts": {name: tree(term) for name, term in form.parts.items()},
            }
            for form in derived.forms
        ],
    }
