"""Formulas as LaTeX: the cases that the player's writer in JavaScript is tested on, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from optviz.expressions.latex import latex, number_latex, symbol_latex
from optviz.expressions.terms import GREEK, Number, Operation, Symbol, Term, tree

FIXTURE = json.loads((Path(__file__).parents[1] / "latex_cases.json").read_text(encoding="utf-8"))


def term(written: Any) -> Term:
    """A term from its JSON."""
    if isinstance(written, list):
        return Operation(written[0], tuple(map(term, written[1:])))
    return Symbol(written) if isinstance(written, str) else Number(written)


@pytest.mark.parametrize("case", FIXTURE["cases"], ids=lambda case: json.dumps(case["term"]))
def test_a_formula_is_written_as_the_player_writes_it(case: dict[str, Any]) -> None:
    assert latex(term(case["term"]), lambda symbol: FIXTURE["shown"][symbol.key]) == case["latex"]
    assert tree(term(case["term"])) == case["term"]


def test_numbers_have_six_digits_and_a_power_of_ten_where_they_are_long() -> None:
    for number, expected in FIXTURE["numbers"]:
        assert number_latex(float(number)) == expected


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        (Symbol("w"), "w"),
        (Symbol("w_1"), "w_{1}"),
        (Symbol("lam"), r"\lambda"),
        (Symbol("theta_x"), r"\theta_{x}"),
        (Symbol("my_rate_2"), r"\mathrm{my}_{\mathrm{rate\_2}}"),
        (Symbol("key", "θ", "t−1", "tilde"), r"\tilde{\theta}_{t-1}"),
        (Symbol("key", "g", "t", "prime"), "g'_{t}"),
        (Symbol("key", "v", "t", "max"), r"v_{t}^{\text{max}}"),
        (Symbol("key", "ρ", "∞"), r"\rho_{\infty}"),
    ],
)
def test_a_symbol_is_written_as_it_is_spelt_or_as_it_says(symbol: Symbol, expected: str) -> None:
    assert symbol_latex(symbol) == expected


def test_every_greek_letter_is_one_command_however_it_comes() -> None:
    for letter, name in GREEK.items():
        assert symbol_latex(Symbol("key", letter)) == symbol_latex(Symbol(name)) != name
