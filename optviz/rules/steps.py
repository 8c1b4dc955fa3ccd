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
    found, optimizer = derivation(trajectory), trajectory.run.optimizer
    state = state_columns(trajectory)
    of_points = {
        "theta": trajectory.points,
        "gradient": trajectory.gradients,
        "hessian": hessians.reshape(-1, 4)[:, [0, 1, 3]],
        **limits,
    }
    of_steps = {
        "given": trajectory.seen_gradients,
        "seen_loss": trajectory.seen_losses,
        "lr": trajectory.lrs,
        **trajectory.hyperparameters,
        **{f"state.{name}": values for name, values in state.items()},
    }
    if found is not None and len(found.forms) > 1:
        of_steps["form"] = found.which
    used = used_lrs(trajectory)
    if not np.array_equal(used, trajectory.lrs):
        of_steps["used_lr"] = used
    missing = np.full((1, 1), np.nan)
    parts = {name: _flat(values) for name, values in of_points.items()}
    for name, values in of_steps.items():
        flat = _flat(values)
        parts[name] = np.vstack((flat, np.repeat(missing, flat.shape[1], axis=1)))
    for name, values in seen.items():
        parts[f"seen.{name}"] = np.full((len(trajectory.points), values.shape[1]), np.nan)
        parts[f"seen.{name}"][: len(values)] = values
    data: StepsRecord = {
        "columns": [[name, values.shape[1]] for name, values in parts.items()],
        "axes": list(trajectory.names),
        "double": trajectory.made_with.dtype == "float64",
        "settings": dict(found.numbers)
        if found
        else flat_settings(optimizer_info(optimizer).complete(optimizer)),
        "trained": [axis for axis, name in enumerate(trajectory.names) if name not in trajectory.run.frozen],
        "resetEvery": trajectory.run.reset_every,
        "lr": optimizer_info(optimizer).lr_use.value,
        "state": list(state),
        "momentum": next((name for name in MOMENTUM if name in state), None),
        "unrecorded": sorted({state_name(key) for key in trajectory.unrecorded}),
        "rule": None if found is None else _rule(found),
    }
    with np.errstate(over="ignore"):
        numbers = np.hstack(list(parts.values())).astype(trajectory.made_with.dtype)
    return Steps(data, np.ascontiguousarray(numbers.T))


def _flat(values: Any) -> Array:
    flat: Array = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    return flat


def _rule(found: Derivation) -> Rule:
    """The rule as JSON: its symbols, the state it begins with, the lines and parts of each kind of step."""
    names: dict[str, Symbol] = {}
    for form in found.forms:
        for line in form.lines:
            names |= {symbol.key: symbol for symbol in (line.name, *symbols(line.term))}
    return {
        "symbols": {
            key: [symbol.base, symbol.sub, symbol.mark, symbol_latex(symbol)] for key, symbol in names.items()
        },
        "initial": dict(found.initial),
        "forms": [
            {
                "lines": [
                    {
                        "name": line.name.key,
                        "term": tree(line.term),
                        "words": line.words,
                        "scalar": line.name.key in found.scalars(form),
                    }
                    for line in form.lines
                ],
                "parts": {name: tree(term) for name, term in form.parts.items()},
            }
            for form in found.forms
        ],
    }
