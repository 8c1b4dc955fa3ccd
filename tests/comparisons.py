"""What is compared in more than one file of tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import optviz as ov


def assert_same_arrays(one: object, other: object) -> None:
    """Each array that one holds is the other's, to the bit."""
    for name, value in vars(one).items():
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(value, getattr(other, name), err_msg=name)


def program(exp: ov.Experiment) -> str:
    """The training loop that is shown of the first competitor."""
    return "\n".join(line.text for line in ov.training_loop(exp, 0))


def points_of_program(exp: ov.Experiment) -> np.ndarray:
    """Where the program has been after each step: a line that asks is added to the body of its loop."""
    seen: list[torch.Tensor] = []
    names: dict[str, Any] = {}

    def look() -> None:
        seen.append(torch.cat([part.detach().flatten().clone() for part in trained(names)]))

    names["look"] = look
    exec(f"{program(exp)}\n    look()\n", names)
    return torch.stack(seen).numpy()


def trained(names: dict[str, Any]) -> list[torch.Tensor]:
    """The parameters among the names of a program that has run."""
    if "model" in names:
        return list(names["model"].parameters())
    return [names["theta"]] if "theta" in names else [names["x"], names["y"]]


def assert_program_is_run(exp: ov.Experiment) -> None:
    (trajectory,) = ov.run(exp, "cpu")
    assert trajectory.steps == exp.steps, trajectory.outcome
    took = points_of_program(exp)
    assert took.dtype == trajectory.points.dtype
    np.testing.assert_array_equal(took, trajectory.points[1:])
