"""A theme is a name or a `Theme`, in every function that draws with one."""

from __future__ import annotations

import base64
import gzip
import inspect
import json
import re
from dataclasses import replace

import pytest

import optviz as ov
from optviz.export.pictures import still
from optviz.figures.theme import DARK

EXPERIMENT = ov.Experiment(
    ov.SurfaceSpec("Booth"), (1.0, 1.0), 20, (ov.RunSpec(ov.OptimizerSpec("SGD", {"lr": 0.01})),)
)
PATHS = ov.run(EXPERIMENT, "cpu")
INKY = replace(DARK, paper="#101010", ink="#eeeeee")
DRAWN = sorted(
    name
    for name in ov.__all__
    if callable(getattr(ov, name)) and "theme" in inspect.signature(getattr(ov, name)).parameters
)


def test_there_are_functions():
    assert {"contour_figure", "sweep_figure", "to_gif", "to_html"} <= set(DRAWN)


@pytest.mark.parametrize("name", DRAWN)
def test_every_theme_has_one_default_and_one_description(name):
    function = getattr(ov, name)
    parameter = inspect.signature(function).parameters["theme"]
    assert parameter.default == "light" and parameter.annotation == "Theme | str"
    assert 'theme: "light", "dark" or a `Theme`.' in inspect.getdoc(function)


def test_a_name_is_its_theme():
    named, given = (ov.contour_figure(EXPERIMENT, PATHS, theme=theme) for theme in ("dark", DARK))
    assert named == given != ov.contour_figure(EXPERIMENT, PATHS)


def test_another_name_is_refused():
    with pytest.raises(ValueError, match=r'^The theme is "light", "dark" or a Theme, not \'pink\'\.$'):
        ov.loss_figure(EXPERIMENT, PATHS, theme="pink")


def test_a_theme_of_ones_own_is_in_figures_pictures_and_films():
    figure = ov.loss_figure(EXPERIMENT, PATHS, theme=INKY)
    assert figure.layout.font.color == "#eeeeee"
    assert still(figure)["layout"]["paper_bgcolor"] == "#101010"
    film = ov.to_gif(EXPERIMENT, PATHS, size=(240, 240), fps=10, seconds=0.5, theme=INKY)
    assert film != ov.to_gif(EXPERIMENT, PATHS, size=(240, 240), fps=10, seconds=0.5, theme="dark")


def test_a_page_is_in_its_theme_wherever_it_is_opened():
    page = ov.to_html(EXPERIMENT, PATHS, theme=INKY)
    assert "--st-background-color: #101010" in page and 'name="color-scheme" content="dark"' in page
    packed = re.search(r'id="scene">([^<]+)<', page)[1]
    themes = json.loads(gzip.decompress(base64.b64decode(packed)))["themes"]
    assert themes["light"] == themes["dark"] and themes["dark"]["ink"] == "#eeeeee"
