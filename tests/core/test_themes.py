"""A theme is a name or a `Theme`, in every function that draws with one."""

from __future__ import annotations

import base64
import gzip
import inspect
import io
import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageColor

import optviz as ov
from builders import competitor, experiment
from optviz.export.pictures import still
from optviz.figures.theme import DARK, THEMES

ROOT = Path(__file__).parents[2]
EXPERIMENT = experiment("Booth", competitor("SGD", {"lr": 0.01}), start=(1.0, 1.0), steps=20)
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


@pytest.mark.parametrize("halo", ["#ff0000", "rgb(255, 0, 0)", "rgba(255, 0, 0, 1)"])
def test_halos_and_stars_of_a_film_are_the_themes(halo):
    long = replace(EXPERIMENT, surface=ov.SurfaceSpec("Booth"), start=(-8.0, 8.0))
    theme = replace(DARK, halo=halo)
    film = ov.to_gif(long, ov.run(long, "cpu"), size=(480, 480), fps=10, seconds=0.5, theme=theme)
    with Image.open(io.BytesIO(film)) as picture:
        picture.seek(picture.n_frames - 1)
        colors = {color for _, color in picture.convert("RGB").getcolors(1 << 16)}
    assert {(255, 0, 0), ImageColor.getrgb(theme.gold)} <= colors


def test_a_pages_own_colours_are_those_of_the_app():
    settings = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))["theme"]
    for theme in ("light", "dark"):
        page = ov.to_html(EXPERIMENT, PATHS, theme=theme)
        assert f"--st-primary-color: {settings[theme]['primaryColor']};" in page
        assert f"--st-secondary-background-color: {settings[theme]['secondaryBackgroundColor']};" in page
        assert f"--st-border-color: {THEMES[theme].faint};" in page


def test_a_page_is_in_its_theme_wherever_it_is_opened():
    page = ov.to_html(EXPERIMENT, PATHS, theme=INKY)
    assert "--st-background-color: #101010" in page and 'name="color-scheme" content="dark"' in page
    packed = re.search(r'id="scene">([^<]+)<', page)[1]
    themes = json.loads(gzip.decompress(base64.b64decode(packed)))["themes"]
    assert themes["light"] == themes["dark"] and themes["dark"]["ink"] == "#eeeeee"
