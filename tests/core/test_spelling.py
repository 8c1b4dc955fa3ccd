"""Formulas as people write them: each has one meaning, or is refused with its place and the remedy."""

from __future__ import annotations

import ast
import contextlib
import math
import random
import re
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch

import optviz as ov
from builders import competitor, experiment, formula_spec
from formulas import HOSTILE, PIECES, generated, mutated
from optviz.expressions.latex import THIN, latex
from optviz.expressions.parser import LONGEST, parse
from optviz.expressions.spelling import CONSTANTS, FormulaError
from optviz.expressions.terms import Number, Operation, Symbol, Term
from optviz.surfaces.formula.lowering import lower

INFO = ov.SURFACES["Formula"]
POINTS = np.random.default_rng(5).uniform(0.1, 2.0, (2, 50))
"""Positive, so that roots and logarithms of them exist."""


def values(tree: Term, given: dict[str, float] | None = None, at: np.ndarray = POINTS) -> np.ndarray:
    x, y = torch.tensor(at)
    with np.errstate(all="ignore"):
        return lower(tree, given or {}).at(x, y).numpy()


# --- One meaning -------------------------------------------------------------------------------------------

MEANS: dict[str, Callable[[np.ndarray, np.ndarray], object]] = {
    # powers
    "x^2 + y^3": lambda x, y: x**2 + y**3,
    "x²y": lambda x, y: x**2 * y,
    "x²³": lambda x, y: x**23,
    "x⁻¹ + y⁺²": lambda x, y: 1 / x + y**2,
    "-x^2": lambda x, y: -(x**2),
    "-x²": lambda x, y: -(x**2),
    "2^-x": lambda x, y: 0.5**x,
    "x^y^2": lambda x, y: x ** (y**2),
    "2^x²": lambda x, y: 2 ** (x**2),
    "(x+y)²": lambda x, y: (x + y) ** 2,
    "x ²": lambda x, y: x**2,
    "x∗∗2": lambda x, y: x**2,
    "pow(x, 3) + torch.pow(y, 2) + np.power(x, y)": lambda x, y: x**3 + y**2 + x**y,
    "np.square(x + y)": lambda x, y: (x + y) ** 2,
    # products without their sign
    "2x": lambda x, y: 2 * x,
    "2x^2": lambda x, y: 2 * x**2,
    "2 x y": lambda x, y: 2 * x * y,
    "x y": lambda x, y: x * y,
    "3(x+1)": lambda x, y: 3 * (x + 1),
    "x(y+1)": lambda x, y: x * (y + 1),
    "(x+1)(y+1)": lambda x, y: (x + 1) * (y + 1),
    "(x+1)x": lambda x, y: (x + 1) * x,
    "(x)(y)(2)": lambda x, y: 2 * x * y,
    "2x/3": lambda x, y: 2 * x / 3,
    "-2x": lambda x, y: -2 * x,
    "x^2 y^2": lambda x, y: x**2 * y**2,
    "10^x y": lambda x, y: 10**x * y,
    "2sin(x)cos(y)": lambda x, y: 2 * np.sin(x) * np.cos(y),
    "2πx": lambda x, y: 2 * np.pi * x,
    "π(x+1)": lambda x, y: np.pi * (x + 1),
    "2e^x": lambda x, y: 2 * np.exp(x),
    "1e-3x + .5x + 5.y": lambda x, y: 1e-3 * x + 0.5 * x + 5 * y,
    "1e−3x": lambda x, y: 1e-3 * x,
    "½x² + ¼y": lambda x, y: x**2 / 2 + y / 4,
    # signs
    "x·y + x×y + x⋅y + x∗y": lambda x, y: 4 * x * y,
    "x÷y + x∕y": lambda x, y: 2 * x / y,
    "x − y": lambda x, y: x - y,
    "x – y": lambda x, y: x - y,
    "x\u00a0+\u2009y": lambda x, y: x + y,
    "１＋ｘ＊（ｙ）": lambda x, y: 1 + x * y,
    "𝑥² + 𝑦²": lambda x, y: x**2 + y**2,
    "where(x ≤ 1 ∧ ¬ y ≥ 1, 1, 2)": lambda x, y: np.where((x <= 1) & ~(y >= 1), 1, 2),
    "where(x ≠ y ∨ x > 5, x, y)": lambda x, y: x,
    # constants
    "cos(2*PI*x) + Pi + π": lambda x, y: np.cos(2 * np.pi * x) + 2 * np.pi,
    "math.pi*x + np.e*y": lambda x, y: np.pi * x + np.e * y,
    "e^x": lambda x, y: np.exp(x),
    # bars and roots
    "|x - 1| + |y|": lambda x, y: abs(x - 1) + y,
    "||x - 1| - y|": lambda x, y: abs(abs(x - 1) - y),
    "|x*|y - 1||": lambda x, y: abs(x * abs(y - 1)),
    "||x||": lambda x, y: x,
    "2|x - 1|": lambda x, y: 2 * abs(x - 1),
    "x|y - 1|": lambda x, y: x * abs(y - 1),
    "|x - 1|² + |y|^3": lambda x, y: (x - 1) ** 2 + y**3,
    "√x + √(x + y)": lambda x, y: np.sqrt(x) + np.sqrt(x + y),
    "2√x*y": lambda x, y: 2 * np.sqrt(x) * y,
    "√√x": lambda x, y: x**0.25,
    "√|x - 1|": lambda x, y: np.sqrt(abs(x - 1)),
    # functions
    "ln(x) + ln y + log(x)": lambda x, y: 2 * np.log(x) + np.log(y),
    "log10(x) + log2(y)": lambda x, y: np.log10(x) + np.log2(y),
    "np.sin(x) + numpy.cos(y) + torch.exp(x)": lambda x, y: np.sin(x) + np.cos(y) + np.exp(x),
    "math.sqrt(x) + jnp.abs(y) + torch.nn.functional.relu(x)": lambda x, y: np.sqrt(x) + y + x,
    "np.where(x < 1, np.maximum(x, y), np.minimum(x, y))": lambda x, y: np.where(
        x < 1, np.maximum(x, y), np.minimum(x, y)
    ),
    "Sin(x) + COS(y)": lambda x, y: np.sin(x) + np.cos(y),
    "arcsin(x/3) + np.arctan2(y, x) + sgn(x)": lambda x, y: np.arcsin(x / 3) + np.arctan2(y, x) + 1,
    "sin x": lambda x, y: np.sin(x),
    "sin x + cos y": lambda x, y: np.sin(x) + np.cos(y),
    "sin x cos y": lambda x, y: np.sin(x) * np.cos(y),
    "sin x * cos y": lambda x, y: np.sin(x) * np.cos(y),
    "cos 2πx": lambda x, y: np.cos(2 * np.pi * x),
    "exp |x - 1|": lambda x, y: np.exp(abs(x - 1)),
    "sqrt x": lambda x, y: np.sqrt(x),
    "sin(x)^2": lambda x, y: np.sin(x) ** 2,
    "sin(x)²": lambda x, y: np.sin(x) ** 2,
    "sin^2(x) + cos²(y)": lambda x, y: np.sin(x) ** 2 + np.cos(y) ** 2,
    "sin²x": lambda x, y: np.sin(x) ** 2,
    "sin^2 x": lambda x, y: np.sin(x) ** 2,
    # what stands before a formula
    "f(x, y) = x² + y": lambda x, y: x**2 + y,
    "z = x + y": lambda x, y: x + y,
    "f(x,y) := x": lambda x, y: x,
}


@pytest.mark.parametrize("text", MEANS)
def test_a_spelling_has_its_one_meaning(text: str) -> None:
    expression = parse(text)
    assert expression.parameters == ()
    wanted = np.broadcast_to(MEANS[text](*POINTS), POINTS[0].shape)
    np.testing.assert_allclose(values(expression.tree), wanted, rtol=1e-12)
    spec = formula_spec(text)
    assert ov.surface(spec).searched
    exp = experiment(spec, competitor("SGD", {"lr": 1e-3}), start=(0.5, 0.5), steps=2)
    assert ov.Experiment.from_url(exp.to_url()) == exp


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("a x² + b y²", ("a", "b")),
        ("α*x + β_1*y + θ₁ + w₂", ("alpha", "beta_1", "theta1", "w2")),
        ("λ*x + lam*y", ("lam",)),
        ("(x - x1)² + (y - y1)²", ("x1", "y1")),
        ("x_1*x + theta*y + Kappa2", ("x_1", "theta", "Kappa2")),
        ("(x - x0)²", ("x0",)),
        ("my_rate*x + step*y", ("my_rate", "step")),
    ],
)
def test_other_names_are_parameters(text: str, parameters: tuple[str, ...]) -> None:
    assert parse(text).parameters == parameters


# --- Refused: the character, and words that the sentence has -----------------------------------------------

REFUSED: dict[str, tuple[int, str]] = {
    # coordinates in another spelling
    "x1**2+x2**2": (1, "did you mean x?"),
    "x_1² + x_2²": (1, "did you mean x?"),
    "x₁² + x₂²": (1, "did you mean x?"),
    "x**2 + x2**2": (8, "did you mean y?"),
    "x1**2 + y**2": (1, "did you mean x?"),
    "x2 + y2": (1, "did you mean y or x**2?"),
    "x + y2": (5, "did you mean y**2?"),
    "X**2+Y**2": (1, "did you mean x?"),
    "x + y*Y": (7, "did you mean y?"),
    "theta**2": (1, "Did you mean x?"),
    "θ1² + θ2²": (1, "Did you mean x?"),
    "w1**2+w2**2": (1, "Did you mean x?"),
    "a*b": (1, "this one has neither"),
    "x[0]**2 + x[1]**2": (2, "write x for"),
    "theta[1]": (6, "write y for"),
    "x(1)^2 + x(2)^2": (1, "no list"),
    # names grown together
    "xy": (1, "did you mean x*y?"),
    "2xy + 1": (2, "did you mean x*y?"),
    "x + y + xyy": (9, "did you mean x*y*y?"),
    "pix": (1, "did you mean pi*x?"),
    "sinx + y": (1, "did you mean sin(x)?"),
    "3cosy + x": (2, "did you mean cos(y)?"),
    "ax² + by²": (1, "did you mean a*x?"),
    # constants
    "E**x": (1, "did you mean e?"),
    "2*E*x + y": (3, "did you mean e?"),
    "inf*x": (1, "write one, such as 1e6"),
    "x + np.nan": (5, "write one, such as 1e6"),
    "x + ∞": (5, "write a number"),
    "2e*x": (1, "write 2e3, or 2*e"),
    "1j*x": (1, "complex"),
    "0x10 + x": (1, "decimal"),
    "1_000*x": (1, "without _"),
    # two readings
    "1/2x": (4, "write (1/2)*x or 1/(2*x)"),
    "x/2y": (4, "write (x/2)*y or x/(2*y)"),
    "1/2(x+1)": (4, "write (1/2)*(x+1) or 1/(2*(x+1))"),
    "1/(x+1)(y+1)": (8, "write (1/(x+1))*(y+1) or 1/((x+1)*(y+1))"),
    "2x^2y": (5, "write (2x^2)*y or 2x^(2*y)"),
    "e^2x": (4, "write (e^2)*x or e^(2*x)"),
    "e**-2 x": (7, "write (e**-2)*x or e**(-2*x)"),
    "x^2(y+1)": (4, "write (x^2)*(y+1) or x^(2*(y+1))"),
    "x^1/2": (4, "write (x^1)/2 or x^(1/2)"),
    "x²^3": (3, "brackets"),
    "√2x": (3, "write (√2)*x or √(2*x)"),
    "√x²": (3, "write (√x)^2 or √(x^2)"),
    "√(x)^2": (5, "write (√(x))^2 or √((x)^2)"),
    "sin x y": (7, "write (sin x)*y or sin(x*y)"),
    "sin x*y": (6, "write (sin x)*y or sin(x*y)"),
    "sin x/2": (6, "write (sin x)/2 or sin(x/2)"),
    "sin x^2": (6, "write (sin x)^2 or sin(x^2)"),
    "sin x²": (6, "write (sin x)^2 or sin(x^2)"),
    "sin^-1(x)": (1, "asin(x) for the inverse"),
    "tan⁻¹(x)": (1, "atan(x) for the inverse"),
    "|x|y|": (4, "operator is missing"),
    "(x+1)2": (6, "operator is missing"),
    "x 2": (3, "operator is missing"),
    "x\ny": (3, "before this line"),
    "max(0,5, x)": (6, "decimal"),
    # other languages
    "0,5*x": (2, "write 0.5 with a point"),
    "atan2(0,5, x, y)": (1, "Decimal numbers have a point"),
    "x.pow(2)": (1, "write x**2"),
    "x.sin()": (1, "write sin(x)"),
    "np.foo(x)": (1, "There is no 'np.foo'"),
    "exp -x": (1, "needs brackets, as in exp(x)"),
    "Max*x": (1, "as in Max(x, y)"),
    "a(x+1)": (1, "To multiply, write a*(…)"),
    "e(x)": (1, "write exp(…)"),
    "sine(x)": (1, "Did you mean sin?"),
    "lg x": (1, "log10(x) or log2(x)"),
    "lg(x)": (1, "log10(x) or log2(x)"),
    "∛x": (1, "sign(x)*abs(x)**(1/3)"),
    "cbrt(x)": (1, "sign(x)*abs(x)**(1/3)"),
    "y = x^2": (3, "what stands after it"),
    "lambda x, y: x": (1, "only its value"),
    "x if x > y else y": (3, "where(condition, a, b)"),
    "x % 2": (3, "remainder"),
    "x // 2": (3, "written /"),
    "x @ y": (3, "write *"),
    "where(x<0 && y<0, 1, 2)": (11, "Write and"),
    "where(x<0 || y<0, 1, 2)": (12, "or between conditions"),
    "x!": (2, "factorial"),
    "\\frac{x}{y}": (1, "LaTeX"),
    "x^{2}": (3, "round"),
    "$x$": (1, "without $"),
    "х + y": (1, "type the Latin x"),
    "x\u200b + y": (2, "cannot be seen"),
    "x and y": (1, "condition"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_has_no_one_meaning_is_refused_with_its_place_and_the_remedy(text: str) -> None:
    character, words = REFUSED[text]
    with pytest.raises(FormulaError) as refused:
        parse(text)
    assert (refused.value.at + 1, words in str(refused.value)) == (character, True), str(refused.value)
    assert f"(at character {character})" in str(refused.value)


@pytest.mark.parametrize(
    "text", [text for text, (_, words) in REFUSED.items() if re.search(r"write .*\(.* or .*\(", words)]
)
def test_both_readings_that_are_offered_are_read_and_differ(text: str) -> None:
    with pytest.raises(ValueError, match="two ways") as refused:
        parse(text)
    found = re.search(r"write (.+) or (.+)\.$", str(refused.value))
    assert found
    one, other = (values(parse(reading).tree, at=-POINTS) for reading in found.groups())
    assert not np.allclose(one, other)


def test_a_name_whose_value_is_given_is_what_it_is_called() -> None:
    """As in links from before such names were asked about."""
    for name in ("X", "E", "x1", "PI", "ln", "theta", "xy"):
        given = {"expression": f"{name}*3", name: 2.0}
        surface = ov.surface(ov.SurfaceSpec("Formula", given))
        assert surface(torch.tensor([5.0, 7.0])) == 6
        assert INFO.remarks(given) == ("The formula holds no x and no y: it is flat everywhere.",)


def test_what_a_formula_brings_about_is_said() -> None:
    def said(expression: str, **given: float) -> tuple[str, ...]:
        return INFO.remarks({"expression": expression, **given})

    assert said("x*y") == ()
    assert said("x + a*y") == ("New parameter: a = 1.",)
    assert said("x + a*y + b") == ("New parameters: a = 1, b = 1.",)
    assert said("x + a*y + b", a=1.0) == ("New parameter: b = 1.",)
    assert said("x**2 + a") == ("The formula holds no y: it is flat along y.", "New parameter: a = 1.")
    assert said("3") == ("The formula holds no x and no y: it is flat everywhere.",)
    assert ov.SURFACES["Rosenbrock"].remarks({}) == ()


# --- Against Python's own parser, and printed back ---------------------------------------------------------

SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.And: "and", ast.Or: "or"}
SIGNS |= {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}


def pythons_tree(node: ast.expr) -> Term:
    """The oracle for what is written as Python writes it: Python's own tree, in our three kinds.

    Raises SyntaxError for what is no formula.
    """
    match node:
        case ast.Constant(value=value):
            return Number(float(value))
        case ast.Name(id=name):
            return Symbol(name)
        case ast.UnaryOp(op=op, operand=operand):
            return Operation("not" if isinstance(op, ast.Not) else "neg", (pythons_tree(operand),))
        case ast.BinOp(left=left, op=op, right=right):
            return Operation(SIGNS[type(op)], (pythons_tree(left), pythons_tree(right)))
        case ast.BoolOp(op=op, values=parts):
            return Operation(SIGNS[type(op)], tuple(map(pythons_tree, parts)))
        case ast.Call(func=ast.Name(id=name), args=parts):
            return Operation(name, tuple(map(pythons_tree, parts)))
        case ast.Compare(left=left, ops=ops, comparators=others):
            numbers = [pythons_tree(part) for part in (left, *others)]
            pairs = [
                Operation(SIGNS[type(op)], pair) for op, pair in zip(ops, pairwise(numbers), strict=True)
            ]
            return pairs[0] if len(pairs) == 1 else Operation("and", tuple(pairs))
    raise SyntaxError(ast.dump(node))


def formulas(count: int, seed: int) -> list[str]:
    """Well-formed formulas, as Python writes them, whose names are given."""
    rng = random.Random(seed)
    return [text for text in (generated(rng, rng.randrange(6)) for _ in range(count)) if len(text) <= LONGEST]


GIVEN = frozenset(("a", "c1"))


@pytest.mark.slow
def test_what_is_written_as_python_writes_it_is_read_as_python_reads_it() -> None:
    texts = formulas(3000, seed=3)
    texts += [
        text.replace("(", "").replace(")", "") for text in texts if "where" not in text
    ]  # bare operators
    read = 0
    for text in texts:
        try:
            wanted = pythons_tree(ast.parse(text, mode="eval").body)
        except SyntaxError:
            continue
        try:
            tree = parse(text, GIVEN).tree
        except ValueError:
            continue  # a comparison, or a function that lost its brackets
        assert tree == wanted, text
        read += 1
    assert read > 3000


def written(node: Term) -> str:
    """A tree as text, with brackets around everything."""
    match node:
        case Number(value):
            return repr(value)
        case Symbol(name):
            return name
        case Operation("neg" | "not" as name, (part,)):
            return f"({'-' if name == 'neg' else 'not '}{written(part)})"
        case Operation(name, parts) if name.isalnum() and name not in ("and", "or"):
            return f"{name}({', '.join(map(written, parts))})"
        case Operation(name, parts):
            return f"({f' {name} '.join(map(written, parts))})"
    raise AssertionError(node)


def from_latex(text: str) -> str:
    """The oracle for what is shown: LaTeX read back by its own rules."""
    text = re.sub(r"(\d+(?:\.\d+)?) \\cdot 10\^\{(-?\d+)\}", r"\1e\2", text)
    for name, function in {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "ln": "log"}.items():
        text = re.sub(rf"\\{name}\b", rf"\\{function}", text)
    text = re.sub(r"\\operatorname\{(\w+)\}", r"\\\1", text)
    text = re.sub(r"_\{\\mathrm\{(\w+)\}\}", r"\1", text)
    text = re.sub(r"_\{(\w+)\}", r"\1", text)
    for sign, plain in ((r"\left|", "abs("), (r"\right|", ")"), (r"\left", ""), (r"\right", "")):
        text = text.replace(sign, plain)
    for word, plain in ((r"\,", "*"), (r"\cdot", "*"), (r"\le ", "<= "), (r"\ge ", ">= "), (r"\ne ", "!= ")):
        text = text.replace(word, plain)
    text = re.sub(r"(?<=[\w)} ]) = (?=[^=])", " == ", text)
    for word in ("and", "or", "not"):
        text = text.replace(rf"\text{{ {word} }}", f" {word} ").replace(rf"\text{{{word} }}", f"{word} ")
    while found := re.search(r"\\begin\{cases\}((?:(?!\\begin).)*?)\\end\{cases\}", text):
        then, condition, otherwise = re.split(r" & \\text\{if \} | \\\\ | & \\text\{otherwise\}", found[1])[
            :3
        ]
        text = text.replace(found[0], f"where({condition}, {then}, {otherwise})", 1)
    text = re.sub(r"\\(\w+)\^\{(\d+)(?:\.0)?\}\(", r"\\\1^\2(", text)  # sin^2(x)
    while "\\frac{" in text:
        at = text.rindex("\\frac{")
        middle = closing(text, at + 5)
        end = closing(text, middle + 1)
        above, below = text[at + 6 : middle], text[middle + 2 : end]
        text = f"{text[:at]}(({above})/({below})){text[end + 1 :]}"
    text = text.replace("\\sqrt{", "sqrt{").replace("{", "(").replace("}", ")")
    return text.replace("\\", "")


def closing(text: str, at: int) -> int:
    """Where the brace is closed that is opened at a place."""
    deep = 0
    for place in range(at, len(text)):
        deep += (text[place] == "{") - (text[place] == "}")
        if deep == 0:
            return place
    raise AssertionError(text)


@pytest.mark.slow
def test_a_formula_printed_back_is_the_same_formula() -> None:
    compared = 0
    for text in formulas(1500, seed=4):
        try:
            tree = parse(text, GIVEN).tree
        except ValueError:
            continue
        back = written(tree)
        if len(back) <= LONGEST and back.count("(") < 30:
            assert parse(back, GIVEN).tree == tree, text
        shown = from_latex(latex(tree, space=THIN))
        if len(shown) <= LONGEST and shown.count("(") < 30:  # LaTeX says nothing of x*(y*z)
            given = {"a": 1.25, "c1": -0.5}
            one, other = values(tree, given), values(parse(shown, GIVEN).tree, given)
            np.testing.assert_allclose(
                other, one, rtol=1e-9, atol=1e-9, err_msg=f"{text} → {latex(tree, space=THIN)}"
            )
            compared += 1
    assert compared > 700


# --- Whatever is typed -------------------------------------------------------------------------------------

LIKELY = [
    *PIECES,
    *MEANS,
    *REFUSED,
    "²",
    "√",
    "|",
    "|",
    "·",
    "−",
    "π",
    "θ",
    "₁",
    "sin ",
    "ln ",
    "np.",
    "2",
    "x",
    "y",
]
LIKELY += [
    *CONSTANTS,
    "∛",
    "½",
    "½",
    "xy",
    "E",
    "f(x,y)=",
    "&&",
    "||",
    "//",
    "\u200b",
    "⁻¹",
    "^",
    "^",
    "[0]",
    "0,5",
]


def typed(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)

    def one(kind: int) -> str:
        if kind == 0:
            return "".join(rng.choice(LIKELY) for _ in range(rng.randrange(10)))
        if kind == 1:
            text = rng.choice([*MEANS, *REFUSED])
            for _ in range(rng.randrange(1, 4)):
                at = rng.randrange(len(text) + 1)
                text = text[:at] + rng.choice(LIKELY) + text[at + rng.randrange(3) :]
            return text
        if kind == 2:
            return mutated(rng, rng.choice(HOSTILE)[:400])
        return "".join(chr(rng.choice((rng.randrange(128), rng.randrange(0x3000)))) for _ in range(20))

    return [one(index % 4) for index in range(count)]


@pytest.mark.slow
def test_whatever_is_typed_is_a_formula_or_a_sentence_with_a_place() -> None:
    accepted, slow = 0, 0
    for text in typed(40_000, seed=1):
        began = time.thread_time()
        try:
            expression = parse(text)
        except FormulaError as error:
            sentence, at = str(error), error.at
            assert re.fullmatch(r"[A-Zw'][^\n\r]*[.?]", sentence), (text, sentence)
            assert 0 <= at < max(1, len(text)) or len(text) <= LONGEST < at + 1 == LONGEST + 1, (
                text,
                sentence,
            )
            assert "(at character" in sentence or "empty" in sentence or len(text) > LONGEST, (text, sentence)
        else:
            accepted += 1
            assert latex(expression.tree, space=THIN)
        slow += time.thread_time() - began > 0.006
    assert accepted > 1000
    assert slow < 40  # of 40,000: Python tidies its memory now and then


DEEP = [
    piece * (LONGEST // len(piece))
    for piece in ("(", "|", "√", "-", "+", "not ", "sin ", "2^", "x^", "x ", "2(")
]
DEEP += [
    "(" * 30 + "-" * 100 + "x" + ")" * 30,
    "√" * 150 + "x",
    "|" * 100 + "x" + "|" * 100,
    "sin(" * 29 + "-" * 90,
]
DEEP += [
    "where(" + "not " * 70 + "x<1,1,2)",
    "|-" * 99 + "x" + "|" * 99,
    "x²" * 150,
    "x,5," * 75,
    "sin²" * 75,
]
DEEP += ["1/" * 149 + "2x", "sin x" + "(x)" * 90, "a" * 20 + "(" + "b" * 250]


@pytest.mark.parametrize("text", DEEP, ids=lambda text: ascii(text[:12]))
def test_the_deepest_and_longest_take_no_time(text: str) -> None:
    best = math.inf
    for _ in range(3):
        began = time.thread_time()
        with contextlib.suppress(FormulaError):
            latex(parse(text).tree, space=THIN)
        best = min(best, time.thread_time() - began)
        parse.cache_clear()
    assert best < 0.012
