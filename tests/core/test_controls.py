"""What can be chosen in the player: what an experiment has something to show for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import optviz as ov
from builders import competitor, experiment
from optviz.player.scene import Shown, by_index, scene
from optviz.spec.frozen import controls
from optviz.spec.view import PLAIN, VIEW_PARAMS

SGD = competitor("SGD", {"lr": 1e-3, "momentum": 0.9})
DAMPED = competitor("SGD", {"lr": 1e-3, "momentum": 0.9, "dampening": 0.5})
BOOTH, SADDLE = (experiment(surface, SGD, DAMPED, steps=3) for surface in ("Booth", "Saddle"))


def network(plane: str) -> ov.Experiment:
    return experiment(ov.SurfaceSpec("Least squares with bias", {"plane": plane}), SGD, DAMPED, steps=3)


def offered(exp: ov.Experiment, view: ov.View = PLAIN, fixed: bool = False) -> dict[str, list[str]]:
    """The options of each control."""
    paths = ov.project(exp, ov.run(exp, "cpu"))
    return options(scene(exp, by_index(exp, paths), view=view, fixed=fixed).data["controls"])


def options(all_of_them: list[Any]) -> dict[str, list[str]]:
    return {each["name"]: [option["value"] for option in each["options"]] for each in all_of_them}


def test_the_loss_has_a_log_scale_where_the_minimum_is_known() -> None:
    assert offered(BOOTH)["scale"] == ["auto", "log", "linear"]
    assert offered(SADDLE)["scale"] == ["auto", "linear"]


def test_data_are_shown_where_a_model_is_fitted_to_some() -> None:
    assert offered(BOOTH)["beside"] == ["curves", "step", "code", "stability"]
    assert offered(network("random"))["beside"] == ["curves", "step", "code", "stability", "data"]


def test_a_file_without_steps_does_not_offer_them() -> None:
    assert offered(BOOTH, fixed=True)["beside"] == ["curves", "code", "stability"]


def test_many_weights_are_not_taken_apart_and_random_directions_are_at_no_right_angle() -> None:
    marks = ["gradient", "given", "momentum", "step"]
    assert offered(BOOTH)["marks"] == [*marks, "parts", "curvature"]
    assert offered(network("principal"))["marks"] == [*marks, "curvature"]
    assert offered(network("random"))["marks"] == marks


def test_only_conventions_that_differ_are_offered() -> None:
    names = [row.name for row in ov.conventions(DAMPED)]
    assert names and set(offered(BOOTH)["convention"]) == {"torch", *names}
    assert "convention" not in offered(replace(BOOTH, runs=(competitor("SGD", {"lr": 0.1}),)))


def test_a_file_offers_the_convention_that_it_has_the_paths_of() -> None:
    (name, *_) = (row.name for row in ov.conventions(DAMPED))
    assert offered(BOOTH, ov.View(convention=name), fixed=True)["convention"] == ["torch", name]
    assert "convention" not in offered(BOOTH, fixed=True)


def test_competitors_are_set_apart_where_several_have_run() -> None:
    assert offered(BOOTH)["panels"] == ["one", "each"]
    assert "panels" not in offered(replace(BOOTH, runs=(SGD,)))
    alone = [Shown(ov.run_one(BOOTH, 0, device="cpu")), Shown()]
    assert "panels" not in options(scene(BOOTH, alone).data["controls"]), "the other one did not run"


@pytest.mark.parametrize("name", controls(ov.View))
def test_every_option_is_offered_somewhere(name: str) -> None:
    """A misspelt need would never be met."""
    adam = replace(BOOTH, runs=(competitor("AdamW", {"lr": 0.1}), DAMPED))
    some = [offered(exp).get(name, []) for exp in (BOOTH, adam, network("random"))]
    assert {option for each in some for option in each} == {*VIEW_PARAMS[name].kind.options}  # type: ignore[union-attr]
