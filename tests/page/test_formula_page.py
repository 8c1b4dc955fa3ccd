"""A formula typed on the page: what it brings about is said at its field, and so is what is wrong with it."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from streamlit.testing.v1 import AppTest

import optviz as ov
from visits import calm, experiment, opened, widget, words

FIELD = "Formula.expression"
BASE = "&start=1.0,1.0&steps=2&run=SGD(lr=0.01)"


def link(formula: str) -> str:
    """A link to a formula, with its parameters behind it."""
    return f"?v=1&surface={quote(f'Formula({formula})')}{BASE}"


@pytest.fixture
def typing(app: AppTest) -> AppTest:
    calm(widget(app, "surface").select("Formula").run())
    return app


def typed(app: AppTest, text: str) -> AppTest:
    app = widget(app, FIELD).input(text).run()
    assert not app.exception
    return app


def announced(app: AppTest) -> list[str]:
    return [item.value.replace("\\", "") for item in app.sidebar.info]


def complaints(app: AppTest) -> list[str]:
    return [item.value.replace("\\", "") for item in app.sidebar.error]


def carets(app: AppTest) -> list[list[str]]:
    return [item.value.split("\n") for item in app.sidebar.code]


@pytest.mark.slow
def test_your_own_formula_is_the_first_surface_and_its_fields_have_names(typing: AppTest) -> None:
    assert widget(typing, "surface").options[0] == "Formula · Your formula"
    assert widget(typing, FIELD).label == "Formula"
    labels = [
        widget(typing, f"Formula.{name}.{place}").label for name in ("x_range", "y_range") for place in (0, 1)
    ]
    assert labels == ["x from", "x to", "y from", "y to"]


@pytest.mark.slow
def test_new_parameters_are_announced_where_they_are_typed_until_they_are_set(typing: AppTest) -> None:
    assert announced(typing) == ["New parameter: a = 1. Set it below."]
    assert announced(calm(typed(typing, "x² + y²"))) == []
    app = calm(typed(typing, "a x² + b y²"))
    assert announced(app) == ["New parameters: a = 1, b = 1. Set them below."]
    assert any(r"a \, x^{2} + b \, y^{2}" in item.value for item in app.latex)
    app = calm(widget(app, "Formula.a").set_value("3").run())
    assert announced(app) == ["New parameter: b = 1. Set it below."]
    app = calm(widget(app, "Formula.a").set_value("1").run())  # said, though it is what it was by itself
    assert announced(app) == ["New parameter: b = 1. Set it below."]
    assert experiment(app).surface.params["a"] == 1.0
    assert announced(calm(typed(app, "a x²"))) == ["The formula holds no y: it is flat along y."]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "said", "caret"),
    [
        ("x1**2 + x2**2", "did you mean x?", 0),
        ("X**2 + Y**2", "did you mean x?", 0),
        ("theta**2", "Did you mean x?", 0),
        ("y + xy", "did you mean x*y?", 4),
        ("E**x + y", "did you mean e?", 0),
        ("x + 1/2y", "write (1/2)*y or 1/(2*y)", 7),
    ],
)
def test_what_is_wrong_is_said_at_the_field_with_its_place(
    typing: AppTest, text: str, said: str, caret: int
) -> None:
    app = typed(typing, text)
    (sentence,) = complaints(app)
    assert said in sentence
    assert carets(app) == [[text, " " * caret + "^"]]
    assert widget(app, FIELD).value == text  # to be mended
    assert experiment(app).surface == ov.SurfaceSpec("Formula")
    app = calm(typed(app, "x*y"))
    assert (complaints(app), carets(app), experiment(app).surface.params["expression"]) == ([], [], "x*y")


def test_the_place_is_seen_in_a_long_formula(typing: AppTest) -> None:
    text = "x**2 + " * 20 + "xy" + " + y**2" * 10
    ((shown, caret),) = carets(typed(typing, text))
    assert len(shown) <= 36 and shown in text
    assert shown[len(caret) - 1 :].startswith("xy")


def test_a_link_keeps_the_meaning_that_its_values_give_it() -> None:
    app = opened(link("expression='X*x**2 + x1*y**2 + E',X=1.0,x1=2.0,E=3.0"))
    assert experiment(app).surface.params == {
        "expression": "X*x**2 + x1*y**2 + E",
        "X": 1.0,
        "x1": 2.0,
        "E": 3.0,
    }
    assert announced(app) == []


def test_a_link_that_left_a_parameter_unsaid_says_it_now() -> None:
    app = opened(link("expression='x**2 + a*y**2'"))
    assert announced(app) == ["New parameter: a = 1. Set it below."]


def test_a_link_with_what_has_two_meanings_is_told() -> None:
    app = opened(link("expression='X**2 + Y**2'"))
    assert "did you mean x?" in words(app).replace("\\", "")
