"""The registry of surfaces and what it refuses."""

from __future__ import annotations

import dataclasses

import pytest
import torch

import optviz as ov


@pytest.mark.parametrize("name", ["Rosenbrock", "Fläche", "", "  ", "a(b)", "tab\there"])
def test_bad_and_taken_names_are_refused(name: str) -> None:
    before = dict(ov.SURFACES)
    with pytest.raises(ValueError, match=r"name|surface"):
        ov.register_surface(dataclasses.replace(ov.SURFACES["Rosenbrock"], name=name))
    assert dict(ov.SURFACES) == before


def test_a_surface_takes_theta_of_any_shape() -> None:
    surface = ov.surface(ov.SurfaceSpec("Rosenbrock", {"a": 1.0, "b": 5.0}))
    assert surface(torch.zeros(2)).shape == ()
    assert surface(torch.zeros(4, 3, 2, dtype=torch.float64)).shape == (4, 3)
    assert surface(torch.tensor([2.0, 3.0])) == (1 - 2) ** 2 + 5 * (3 - 4) ** 2


def test_a_surface_is_a_problem_of_one_tensor_or_two() -> None:
    surface = ov.surface(ov.SurfaceSpec("Himmelblau"))
    theta = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    together = surface.loss([theta])
    apart = surface.loss([theta[:, :1], theta[:, 1:]])
    assert torch.equal(together, apart) and surface.names == ("x", "y")
    assert surface.widths == (12.0, 12.0)


def test_info_answers_for_default_parameters() -> None:
    for info in ov.SURFACES.values():
        default = info.surface()
        assert (info.domain, info.minimizers, info.minimum, info.start) == (
            default.domain,
            default.minimizers,
            default.minimum,
            default.start,
        )
