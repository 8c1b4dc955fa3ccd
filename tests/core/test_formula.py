"""Typed formulas: right, to the bit, differentiable, readable, refused with a place, and harmless."""

from __future__ import annotations

import itertools
import math
import random
import re
import time
import warnings
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

import optviz as ov
from builders import competitor, experiment, formula_spec
from comparisons import program, trained
from formulas import HOSTILE, PIECES, generated, mutated
from optviz.expressions.latex import THIN, latex
from optviz.expressions.parser import LONGEST, parse
from optviz.expressions.spelling import FUNCTIONS
from optviz.figures.contours import contour_levels, picture, places
from optviz.surfaces.formula.surface import DEFAULT, _term

INFO = ov.SURFACES["Formula"]
SGD = competitor("SGD", {"lr": 1e-3})


def formula(expression: str, **params: object) -> ov.Surface:
    return ov.surface(formula_spec(expression, **params))


def scatter(count: int, seed: int, low: float = -2.0, high: float = 2.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return low + (high - low) * torch.rand(count, 2, generator=generator, dtype=torch.float64)


def value_and_gradient(surface: ov.Surface, theta: Tensor) -> tuple[Tensor, Tensor]:
    theta = theta.clone().requires_grad_()
    value = surface(theta)
    (gradient,) = torch.autograd.grad(value.sum(), theta)
    return value.detach(), gradient


# --- Values: against Python's own arithmetic ---------------------------------------------------------------

EVERYWHERE = [
    DEFAULT,
    "(1 - x)**2 + a*(y - x**2)**2",
    "x**2 + y**2 - 2*x*y + 3",
    "-x**2 - -y",
    "+x - (y - (x - y))",
    "x/(1 + y**2) - 2/(3 + x**2)/4",
    "2**x + (a + 1)**y + e**(x*y)",
    "x**4 - x**5 + y**7/(y**2 + 1) + (1 + x**2)**-2",
    "(x**2 + 1)**0.5 + (y**2 + 1)**1.7 + (y**2 + 1)**-0.3",
    "(x**2 + 1)**y + (x**2 + 1)**(y/2)",
    "x**1 + x**0 + y**(1 - 1)",
    "sin(x) + cos(y) + tan(x/2) + asin(x/3) + acos(y/3) + atan(x)",
    "sinh(x) + cosh(y) + tanh(x*y)",
    "exp(-x**2) + log(1 + y**2) + sqrt(x**2 + y**2)",
    "abs(x) + sign(y) + min(x, y) + max(x, 1) + min(0.5, y) + max(x, y, 0.1, -1) + min(2, 1, x)",
    "atan2(y, x) + atan2(1, x) + atan2(y, -2)",
    "sigmoid(3*x) + relu(y) + softplus(x*20)",
    "where(x < y, x**2, 2*y) + where(0 < x <= 1, 1, -1) + where(x > 0 and not y >= 1 or x == 3, x, 5)",
    "where(x > 0, sqrt(x), -x) + where(y > 0.5, log(y), y) + where(x != 7, 1, x)",
    "where(1 < 2, x, 1/0) + where(a > 2 or x < 0, x, y) + where(a < 2 and x < 0, x, y)",
    "2*pi*a*x + sin(pi/4)*y + e + sqrt(2) + exp(1) + abs(-3) + min(1, 2) + atan2(1, 2) + log(a) + a**2",
    "relu(-2)*x + sigmoid(1) + softplus(1) + sign(-3) + max(a, 2) + 9**(1/2) + cosh(1) + -a",
    "1e-3*x + .5*y + 2.*x + 1E2",
    "x_1*x + theta*y + Kappa2",
]


def sigmoid(t: float) -> float:
    return 1 / (1 + math.exp(-t))


PYTHON = {name: getattr(math, name, None) for name in FUNCTIONS} | {
    "abs": abs,
    "min": min,
    "max": max,
    "pi": math.pi,
    "e": math.e,
    "sign": lambda t: (t > 0) - (t < 0),
    "relu": lambda t: max(t, 0),
    "sigmoid": sigmoid,
    "softplus": lambda t: max(t, 0) + math.log1p(math.exp(-abs(t))),
    "asin": math.asin,
}


def in_python(expression: str, x: float, y: float, values: dict[str, float]) -> float:
    """The oracle: Python's own evaluation, with `where` as its conditional expression."""
    lazy = expression
    while found := re.search(r"where\(", lazy):
        depth, cuts, at = 0, [found.end()], found.end()
        while depth >= 0:
            depth += (lazy[at] == "(") - (lazy[at] == ")")
            cuts += [at] if (lazy[at] == "," and depth == 0) or depth < 0 else []
            at += 1
        start, one, two, end = cuts
        parts = lazy[start:one], lazy[one + 1 : two], lazy[two + 1 : end]
        lazy = f"{lazy[: found.start()]}(({parts[1]}) if ({parts[0]}) else ({parts[2]})){lazy[end + 1 :]}"
    return float(eval(lazy, {"__builtins__": {}}, {**PYTHON, **values, "x": x, "y": y}))


def values_of(expression: str) -> dict[str, float]:
    return {name: 1.5 + index for index, name in enumerate(parse(expression).parameters)}


@pytest.mark.parametrize("expression", EVERYWHERE)
def test_a_formula_has_the_value_that_python_computes(expression: str) -> None:
    values = values_of(expression)
    theta = scatter(200, seed=1)
    got = formula(expression, **values)(theta)
    assert got.dtype == torch.float64 and got.shape == (200,)
    wanted = [in_python(expression, x, y, values) for x, y in theta.tolist()]
    np.testing.assert_allclose(got.numpy(), wanted, rtol=1e-12, atol=1e-13)
    single = formula(expression, **values)(theta.float())
    assert single.dtype == torch.float32
    np.testing.assert_allclose(single.numpy(), wanted, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("expression", EVERYWHERE)
def test_a_gradient_is_the_slope(expression: str) -> None:
    surface = formula(expression, **values_of(expression))
    theta, h = scatter(200, seed=2), 1e-6
    _, gradient = value_and_gradient(surface, theta)
    steps = h * torch.eye(2, dtype=torch.float64)
    numeric = torch.stack([(surface(theta + step) - surface(theta - step)) / (2 * h) for step in steps], -1)
    close = torch.isclose(gradient, numeric, rtol=1e-5, atol=1e-5 * (1 + float(gradient.abs().median())))
    assert close.all(-1).double().mean() > 0.98  # a kink or a jump may lie between the two sides


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("expression", EVERYWHERE)
def test_one_point_and_many_are_equal_to_the_bit(expression: str, dtype: torch.dtype) -> None:
    surface = formula(expression, **values_of(expression))
    theta = scatter(10_000, seed=3, low=-6, high=6).to(dtype)
    theta[:3] = torch.tensor([[0, 0], [1, 0], [0, -1]])
    one_by_one = [value_and_gradient(surface, row) for row in theta[:150]]
    value, gradient = (torch.stack(parts) for parts in zip(*one_by_one, strict=True))
    for shape in ((10_000, 2), (100, 100, 2), (10_000, 1, 2)):
        many = value_and_gradient(surface, theta.reshape(shape))
        torch.testing.assert_close(many[0].reshape(-1)[:150], value, rtol=0, atol=0, equal_nan=True)
        torch.testing.assert_close(many[1].reshape(-1, 2)[:150], gradient, rtol=0, atol=0, equal_nan=True)
    x, y = (part.contiguous().requires_grad_() for part in theta.T)
    dense = surface.function(x, y)
    slopes = torch.stack(torch.autograd.grad(dense.sum(), (x, y)), -1)
    torch.testing.assert_close(dense[:150], value, rtol=0, atol=0, equal_nan=True)
    torch.testing.assert_close(slopes[:150], gradient, rtol=0, atol=0, equal_nan=True)


AT_ZERO = {
    "sqrt(x**2 + y**2)": (0, (0, 0)),
    "abs(x) + abs(y)": (0, (0, 0)),
    "x**0.5 + x**1.5 + x**0.1": (0, (0, 0)),
    "x**(y + 2)": (0, (0, 0)),
    "atan2(y, x)": (0, (0, 0)),
    "sigmoid(x) + softplus(y)": (0.5 + math.log(2), (0.25, 0.5)),
    "sinh(x) + cosh(y)": (1, (1, 0)),
    "where(x > 0, sqrt(x), y)": (0, (0, 1)),
    "where(x > 0, x*log(x), x)": (0, (1, 0)),
    "where(x > 0, 1/x, 3)": (3, (0, 0)),
    "relu(x) + sign(y)": (0, (0, 0)),
    "x**-1": (math.inf, None),
    "log(x)": (-math.inf, None),
    "x**-0.5": (math.inf, None),
}


@pytest.mark.parametrize("expression", AT_ZERO)
def test_a_subgradient_is_chosen_where_the_value_is_finite(expression: str) -> None:
    value, gradient = value_and_gradient(formula(expression), torch.zeros(2, dtype=torch.float64))
    wanted, slope = AT_ZERO[expression]
    assert value == pytest.approx(wanted)
    assert slope is None or gradient.tolist() == pytest.approx(slope)


@pytest.mark.parametrize(
    "expression", ["sqrt(x)", "log(x)", "x**0.5", "x**1.3", "x**y", "asin(x - 5)", "0/0*x", "(-8)**(1/3)*x"]
)
def test_what_is_undefined_is_nan_and_nothing_raises(expression: str) -> None:
    assert formula(expression)(torch.tensor([-1.0, 0.3])).isnan()


CONSTANT = {
    "3": 3,
    "pi": math.pi,
    "1/0": math.inf,
    "log(0)": -math.inf,
    "0/0": math.nan,
    "exp(1000)": math.inf,
}
CONSTANT |= {
    "9**9**9**9": math.inf,
    "-1/0": -math.inf,
    "x**0": 1,
    "where(x > 0, 2, 2)": 2,
    "sqrt(-1)": math.nan,
}
CONSTANT |= {
    "2**0.5**2": 2**0.25,
    "sin(1/0)": math.nan,
    "0**-1": math.inf,
    "min(1/0, 7)": 7,
    "cosh(9**9)": math.inf,
}


@pytest.mark.parametrize("expression", CONSTANT)
@pytest.mark.parametrize("shape", [(2,), (5, 2), (3, 4, 2)])
def test_a_constant_has_the_right_shape_and_no_slope(expression: str, shape: tuple[int, ...]) -> None:
    theta = torch.full(shape, math.inf) if expression == "3" else torch.zeros(shape)
    value, gradient = value_and_gradient(formula(expression), theta)
    assert value.shape == shape[:-1] and value.dtype == torch.float32
    torch.testing.assert_close(
        value, torch.full(shape[:-1], CONSTANT[expression], dtype=torch.float32), equal_nan=True
    )
    assert (gradient == 0).all()


def test_a_formula_without_y_has_the_slope_0_along_it() -> None:
    x, y = torch.tensor([3.0], requires_grad=True), torch.tensor([4.0], requires_grad=True)
    formula("x**2").function(x, y).sum().backward()
    assert (x.grad, y.grad) == (6, 0)
    formula("x**2").function(x.detach(), y).sum().backward()
    assert y.grad == 0


# --- Parameters and the domain -----------------------------------------------------------------------------


def test_other_names_become_parameters() -> None:
    given = {"expression": "where(beta > x, a*x, b) + a + pi*e"}
    assert list(INFO.declared(given)) == ["expression", "x_range", "y_range", "beta", "a", "b"]
    assert INFO.settings(given | {"a": 3}) | {"expression": ""} == {
        "expression": "",
        "x_range": (-2.0, 2.0),
        "y_range": (-2.0, 2.0),
        "beta": 1.0,
        "a": 3.0,
        "b": 1.0,
    }
    assert list(INFO.declared()) == ["expression", "x_range", "y_range", "a"]
    assert formula("a*x", a=7)(torch.tensor([2.0, 0.0])) == 14
    with pytest.raises(ValueError, match="Formula has no parameter 'b'"):
        formula("a*x", b=7)


def test_the_domain_is_given_and_the_start_is_in_it() -> None:
    surface = formula("x**2 + y**2", x_range=(0, 10), y_range=[-1, 3])
    assert surface.domain == ((0, 10), (-1, 3)) and surface.start == (1.25, 2)
    for expression in ("log(x)", "sqrt(x - 1)", "where(x > 1.5, x, 0/0)", "relu(x)"):
        surface = formula(expression)
        value, gradient = value_and_gradient(surface, torch.tensor(surface.start))
        assert value.isfinite() and gradient.norm() > 0
    assert formula("0/0").start == (-1.5, 1.0)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"x_range": (1, 1)}, "Formula: x_range must go from a lower to a higher number, not from 1 to 1."),
        ({"y_range": (2, -2)}, "Formula: y_range must go from a lower to a higher number, not from 2 to -2."),
        ({"x_range": (0, 1e-9)}, "Formula: x_range must be at least 1e-06 wide."),
        (
            {"x_range": (0, 1e10)},
            "Formula: x_range (value 2) must be between -2e+09 and 2e+09, not 1e+10.",
        ),
        ({"x_range": 3}, "Formula: x_range must be 2 values, not 3."),
        ({"a": 1e9}, "Formula: a must be between -1e+06 and 1e+06, not 1e+09."),
        ({"a": "2"}, "Formula: a must be a number, not '2'."),
        ({"expression": 3}, "Formula: expression must be a text, not 3."),
    ],
)
def test_bad_settings_get_a_sentence(params: dict, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(said)}$"):
        ov.surface(ov.SurfaceSpec("Formula", params))


# --- LaTeX -------------------------------------------------------------------------------------------------

LATEX = {
    "(1 - x)**2 + a*(y - x**2)**2": r"\left(1 - x\right)^{2} + a \, \left(y - x^{2}\right)^{2}",
    "x/y/2": r"\frac{\frac{x}{y}}{2}",
    "(x/y)**2": r"\left(\frac{x}{y}\right)^{2}",
    "2*3*x": r"2 \cdot 3 \, x",
    "x - (y - 1)": r"x - \left(y - 1\right)",
    "x - y - 1": r"x - y - 1",
    "-(x + y)": r"-\left(x + y\right)",
    "-x**2": r"-x^{2}",
    "(-x)**2": r"\left(-x\right)^{2}",
    "x*-y": r"x \, \left(-y\right)",
    "x**y**2": r"x^{y^{2}}",
    "(x**y)**2": r"\left(x^{y}\right)^{2}",
    "e**-x": r"e^{-x}",
    "sin(x)**2": r"\sin^{2}\left(x\right)",
    "sqrt(abs(x))": r"\sqrt{\left|x\right|}",
    "log(atan2(y, x))": r"\ln\left(\operatorname{atan2}\left(y, x\right)\right)",
    "alpha*x + beta_1*y + w2": r"\alpha \, x + \beta_{1} \, y + w_{2}",
    "my_rate*pi_2*x": r"\mathrm{my}_{\mathrm{rate}} \, \pi_{2} \, x",
    "2*pi*x": r"2 \, \pi \, x",
    "1e-7*x + 0.5": r"1 \cdot 10^{-7} \, x + 0.5",
    "where(x < 0 or y >= 1, -x, y) + 1": r"\left(\begin{cases} -x & \text{if } x < 0 \text{ or } y \ge 1 \\ "
    r"y & \text{otherwise} \end{cases}\right) + 1",
    "where(not 0 < x != 1, 1, 2)": r"\begin{cases} 1 & \text{if } "
    r"\text{not }\left(0 < x \text{ and } x \ne 1\right) \\ 2 & \text{otherwise} \end{cases}",
}


@pytest.mark.parametrize("expression", LATEX)
def test_a_formula_is_shown_back(expression: str) -> None:
    assert INFO.latex({"expression": expression}) == LATEX[expression]


def test_the_default_is_shown_before_anything_is_typed() -> None:
    assert INFO.latex() == INFO.formula == latex(parse(DEFAULT).tree, space=THIN)


def assert_balanced(text: str) -> None:
    for opening, closing in ("{}", "()"):
        depths = list(itertools.accumulate((c == opening) - (c == closing) for c in text))
        assert depths[-1] == min(depths[-1], *depths) == 0, text
    assert len(re.findall(r"\\left\b", text)) == len(re.findall(r"\\right\b", text))


# --- Bad input ---------------------------------------------------------------------------------------------

SENTENCES = {
    "": "The formula is empty: type one, such as x**2 + y**2.",
    "  ": "The formula is empty: type one, such as x**2 + y**2.",
    "x + foo(y)": "There is no function 'foo' (at character 5). To multiply, write foo*(…).",
    "  x + foo(y)": "There is no function 'foo' (at character 7). To multiply, write foo*(…).",
    "1.2.3": "The number '1.2' (at character 1) runs into another number.",
    "x(2)": "'x' (at character 1) is no list: the coordinates are called x and y. To multiply, write x*2.",
    "sin + x": "The function 'sin' (at character 1) needs brackets, as in sin(x).",
    "sin()": "The function sin (at character 1) takes 1 number, not 0.",
    "1 + atan2(x)": "The function atan2 (at character 5) takes 2 numbers, not 1.",
    "min(x)": "The function min (at character 1) takes 2 to 4 numbers, not 1.",
    "where(x, 1, 2)": "where needs a condition such as x < 0, not 'x' (at character 7).",
    "where(x < 1, 1)": "The function where (at character 1) takes a condition and 2 numbers, not 2.",
    "x < y": "The comparison 'x < y' (at character 1) can only be the condition of where(condition, a, b).",
    "1 + (not x)": "where needs a condition such as x < 0, not 'x' (at character 10).",
    "x = 2": "A formula has no = (at character 3): write only what stands after it, or == to compare two "
    "numbers.",
    "x if y else 1": "The word 'if' (at character 3) has no meaning in a formula: write "
    "where(condition, a, b).",
    "lambda: x": "The word 'lambda' (at character 1) is Python's own: write lam for λ, and of a function "
    "only its value.",
    "x + True": "The word 'True' (at character 5) is Python's own and has no meaning in a formula.",
    "expression*x": "The name 'expression' (at character 1) means something else here: choose another.",
    "x + torch": "The name 'torch' (at character 5) means something else here: choose another.",
    "x + _a": "The name '_a' (at character 5) begins with an underscore: choose another.",
    "x + " + "a" * 21: f"The name '{'a' * 20}…' (at character 5) has more than 20 characters.",
    "(x + 1": "The bracket ( (at character 1) is never closed.",
    "x + 1)": "The bracket ) (at character 6) closes nothing.",
    "x)+(y": "The bracket ) (at character 2) closes nothing.",
    "x +": "The formula ends after '+' (at character 3), where a number is missing.",
    "x + * y": "A number is missing before '*' (at character 5).",
    "x, y": "The comma before 'y' (at character 4) belongs to no function.",
    "x + ()": "The brackets '()' (at character 5) are empty, where a number is missing.",
    "x // y": "Division is written /, not // (at character 3), and there is no rounding.",
    "sin(*x)": "A number is missing before '*' (at character 5).",
    "sin(**x)": "A number is missing before '**' (at character 5).",
    "1e999*x": "The number '1e999' (at character 1) is too large.",
    "x + ;": "The character ';' (at character 5) has no meaning in a formula.",
    "x[0]": "There are no lists: write x for the one with [0] (at character 2).",
    "+".join("xabcdfghij"): "A formula can have at most 8 parameters, and 'j' (at character 19) is one more.",
}


@pytest.mark.parametrize("expression", SENTENCES)
def test_a_bad_formula_gets_a_sentence_that_points_at_the_place(expression: str) -> None:
    for refused in (lambda: formula(expression), lambda: INFO.latex({"expression": expression})):
        with pytest.raises(ValueError, match=f"^{re.escape(SENTENCES[expression])}$"):
            refused()


@pytest.mark.parametrize("expression", HOSTILE, ids=lambda text: ascii(text[:30]))
def test_hostile_input_is_refused_at_once(expression: str) -> None:
    began = time.thread_time()
    harmless = expression == "9" * 299  # a number like any other
    if not harmless:
        with pytest.raises(ValueError, match=r"^[A-Zw'].*[.?]$"):
            formula(expression)
    assert harmless or time.thread_time() - began < 0.5


@pytest.mark.parametrize(
    "expression", ["9**9**9**9*x", "x**(9**9)", "x**9**9**9", "(x**1000)**1000", "9" * 290 + "*x"]
)
def test_huge_powers_are_numbers(expression: str) -> None:
    began = time.thread_time()
    assert formula(expression)(torch.tensor([1.0, 1.0])).shape == ()
    assert time.thread_time() - began < 2


@pytest.mark.slow
def test_the_longest_that_is_allowed_works() -> None:
    widest = "x+" * 49 + "y"
    deepest = "(" * 30 + "x" + ")" * 30
    longest = "x**2" + " " * (LONGEST - 4)
    towers = ("-" * 99 + "x", "x" + "**x" * 90, "where(" + "not " * 60 + "x<1, 1, 2)")
    for expression in (widest, deepest, longest, *towers):
        assert formula(expression).searched
    with pytest.raises(ValueError, match="at most 300 characters, not 301"):
        parse(longest + " ")


def inputs(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)

    def one(kind: int) -> str:
        if kind == 0:
            return generated(rng, rng.randrange(5))
        if kind == 1:
            return mutated(rng, generated(rng, rng.randrange(4)))
        if kind == 2:
            return mutated(rng, rng.choice(HOSTILE)[:400])
        return "".join(rng.choice(PIECES) for _ in range(rng.randrange(12)))

    return [one(index % 4) for index in range(count)]


@pytest.mark.slow
@pytest.mark.parametrize("count", [1_500, pytest.param(12_000, marks=pytest.mark.long)])
def test_no_input_escapes_or_hangs_or_raises_anything_else(
    count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("os.system", "builtins.eval", "builtins.exec", "builtins.open", "builtins.print"):
        monkeypatch.setattr(module, lambda *given, **words: pytest.fail("escaped"))
    theta = torch.tensor([[[0.3, -0.7]], [[-1.0, 2.0]], [[0.0, 0.0]]], requires_grad=True)
    accepted, slowest = 0, 0.0
    refused: list[str] = []
    for text in inputs(count, seed=7):
        began = time.thread_time()
        try:
            checked = parse(text)
        except ValueError as error:
            refused.append(str(error))
            continue
        finally:
            slowest = max(slowest, time.thread_time() - began)
        accepted += 1
        settings = INFO.settings({"expression": text})
        assert INFO.code is not None
        assert_balanced(latex(checked.tree, space=THIN))
        assert "\n" not in INFO.code(settings).expression
        term = _term(text, tuple((name, 1.0) for name in checked.parameters))
        value = term.at(*theta.unbind(-1))
        assert value.shape == (3, 1) and value.dtype == torch.float32, text
        torch.autograd.grad(value.sum(), theta)
        exp = experiment(formula_spec(text), SGD, start=(0.5, 0.5), steps=20)
        assert ov.Experiment.from_url(exp.to_url()) == exp
    assert count / 4 < accepted < count * 3 / 4
    assert slowest < 1
    assert [sentence for sentence in refused if not re.fullmatch(r"[A-Zw'][^\n]*[.?]", sentence)] == []


@pytest.mark.slow
def test_some_of_them_all_the_way() -> None:
    """Built, searched, sampled, drawn and run, with every warning an error."""
    built = 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text in inputs(100, seed=11):
            try:
                surface = formula(text)
            except ValueError:
                continue
            built += 1
            assert surface.searched and len(surface.minimizers) <= 20
            assert not surface.minimizers or math.isfinite(surface.minimum)
            exp = experiment(formula_spec(text), SGD, start=surface.start, steps=5)
            draw(exp, ov.run(exp, "cpu"))
    assert built > 20


def draw(exp: ov.Experiment, trajectories: tuple[ov.Trajectory, ...]) -> None:
    grid = ov.sample(exp.surface, 40)
    levels = contour_levels(grid.z)
    assert (np.diff(levels) > 0).all() and np.isfinite(levels).all()
    assert places(grid.z, levels).shape == (40, 40)
    assert picture(grid, levels, [(0.0, "#000000"), (1.0, "#ffffff")], 40)
    for figure in (ov.contour_figure, ov.loss_figure, ov.surface_figure):
        figure(exp, trajectories)


# --- Minimizers --------------------------------------------------------------------------------------------

REGISTERED = {
    "Rosenbrock": "(1 - x)**2 + 100*(y - x**2)**2",
    "Himmelblau": "(x**2 + y - 11)**2 + (x + y**2 - 7)**2",
    "Booth": "(x + 2*y - 7)**2 + (2*x + y - 5)**2",
    "Beale": "(1.5 - x + x*y)**2 + (2.25 - x + x*y**2)**2 + (2.625 - x + x*y**3)**2",
    "Rastrigin": "20 + x**2 - 10*cos(2*pi*x) + y**2 - 10*cos(2*pi*y)",
    "Six-hump camel": "(4 - 2.1*x**2 + x**4/3)*x**2 + x*y + (4*y**2 - 4)*y**2",
    "Styblinski-Tang": "0.5*(x**4 - 16*x**2 + 5*x + y**4 - 16*y**2 + 5*y)",
    "Ackley": "-20*exp(-0.2*sqrt(0.5*(x**2 + y**2))) - exp(0.5*(cos(2*pi*x) + cos(2*pi*y))) + e + 20",
    "Easom": "-cos(x)*cos(y)*exp(-((x - pi)**2 + (y - pi)**2))",
    "Three-hump camel": "2*x**2 - 1.05*x**4 + x**6/6 + x*y + y**2",
    "Drop-wave": "-(1 + cos(12*sqrt(x**2 + y**2)))/(0.5*(x**2 + y**2) + 2)",
    "Matyas": "0.26*(x**2 + y**2) - 0.48*x*y",
    "Goldstein-Price": "(1 + (x + y + 1)**2*(19 - 14*x + 3*x**2 - 14*y + 6*x*y + 3*y**2))"
    " * (30 + (2*x - 3*y)**2*(18 - 32*x + 12*x**2 + 48*y - 36*x*y + 27*y**2))",
}


@pytest.mark.parametrize("name", REGISTERED)
def test_the_search_finds_what_the_literature_declares(name: str) -> None:
    known = ov.surface(ov.SurfaceSpec(name))
    found = formula(REGISTERED[name], x_range=known.domain[0], y_range=known.domain[1])
    wanted = sorted(known.minimizers)
    assert found.searched and not known.searched
    assert len(found.minimizers) == len(wanted)
    for point, other in zip(sorted(found.minimizers), wanted, strict=True):
        assert point == pytest.approx(other, rel=1e-7, abs=1e-7 * max(known.widths))
    assert found.minimum == pytest.approx(known.minimum, abs=1e-11)
    # Drop-wave's root is smooth at the origin once it is squared; all others say what the row says.
    assert found.smooth == known.smooth or name == "Drop-wave"


@pytest.mark.parametrize("middle", [(0.0, 0.0), (0.313, -0.217), (1.0, 0.5)])
@pytest.mark.parametrize(
    "pole",
    [
        "log({r})",
        "log({r}) + 100*{r}",
        "log(sqrt({r}))",
        "-1/{r}",
        "-1/sqrt({r})",
        "-{r}**-0.1",
        "-1/{r}**4",
        "-0.001/{r} + x**2",
        "log(abs(x - {x})) + y**2",
    ],
)
def test_a_pole_is_no_minimum(pole: str, middle: tuple[float, float]) -> None:
    x, y = middle
    surface = formula(pole.format(r=f"((x - {x})**2 + (y - {y})**2)", x=x))
    assert (surface.minimizers, surface.minimum) == ((), -math.inf)


@pytest.mark.parametrize("middle", [(0.0, 0.0), (0.313, -0.217)])
@pytest.mark.parametrize(
    ("text", "minimum"),
    [
        ("-1/({r} + 1e-9)", -1e9),
        ("{r} + 1e-9/(x - 1.9)**8", None),
        ("{r}**0.05", 0.0),
        ("{r}**0.25 - 3", -3.0),
        ("sqrt(abs(x - {x})) + sqrt(abs(y - {y}))", 0.0),
        ("-exp(-1e4*{r})", -1.0),
    ],
)
def test_beside_a_pole_a_kink_a_cusp_or_a_needle_is_one(
    text: str, minimum: float | None, middle: tuple[float, float]
) -> None:
    x, y = middle
    surface = formula(text.format(r=f"((x - {x})**2 + (y - {y})**2)", x=x, y=y))
    (found,) = surface.minimizers
    assert found == pytest.approx(middle, abs=1e-6)
    assert minimum is None or surface.minimum == pytest.approx(minimum, rel=1e-6, abs=1e-1)


@pytest.mark.parametrize(
    ("expression", "minimizers", "minimum", "smooth"),
    [
        ("abs(x) + abs(y - 0.3)", [(0, 0.3)], 0, False),
        ("sqrt(x**2 + y**2)", [(0, 0)], 0, False),
        ("x**4 + y**4", [(0, 0)], 0, True),
        ("x**2 + 1e-9*y**2", [(0, 0)], 0, True),
        ("-exp(-300*((x - 1.01)**2 + (y - 1)**2))", [(1.01, 1)], -1, True),
        ("where(x > 0, x*log(x), -x) + y**2", [(1 / math.e, 0)], -1 / math.e, True),
        ("max(abs(x - 1), abs(y))", [(1, 0)], 0, False),
        ("x - y", [], -math.inf, True),
        ("x**2 - y**2", [], -math.inf, True),
        ("log(x)", [], -math.inf, True),
        ("1/x", [], -math.inf, True),
        ("0/0", [], -math.inf, True),
        ("3", [], 3, True),
        ("x**2", [], 0, True),
        ("(x**2 + y**2 - 1)**2", [], 0, True),
    ],
)
def test_what_is_found(expression: str, minimizers: list, minimum: float, smooth: bool) -> None:
    surface = formula(expression)
    assert len(surface.minimizers) == len(minimizers)
    np.testing.assert_allclose(surface.minimizers, minimizers or np.zeros(0), rtol=0, atol=1e-12)
    assert surface.minimum == pytest.approx(minimum, abs=1e-14)
    assert surface.smooth == smooth


def test_at_most_twenty_are_kept() -> None:
    surface = formula("sin(x)*sin(y)", x_range=(-50, 50), y_range=(-50, 50))
    assert len(surface.minimizers) == 20 and surface.minimum == -1
    assert surface(torch.tensor(surface.minimizers, dtype=torch.float64)).tolist() == [-1] * 20


def test_a_surface_is_searched_once() -> None:
    began = time.thread_time()
    first = formula("x**2 + (y - a)**2", a=0.123)
    searched = time.thread_time() - began
    began = time.thread_time()
    assert formula("x**2 + (y - a)**2", a=0.123) is first
    assert time.thread_time() - began < max(0.005, searched / 2)
    assert formula("x**2 + (y - a)**2", a=0.124).minimizers == ((0, 0.124),)


# --- Where it is undefined or infinite ---------------------------------------------------------------------

UNDEFINED = [
    "log(x)",
    "1/x",
    "sqrt(x)",
    "x/0",
    "0/0",
    "1/0",
    "1e308*x",
    "1e300*x**2",
    "exp(exp(exp(x)))",
    "x**-3",
]
UNDEFINED += [
    "1e-320*x**2",
    "where(x > 100, x, 0/0)",
    "x**1001",
    "x**2*1e38",
    "1e308*x - 1e308*y",
    "acos(x) + y",
]


HUGE = ["1e300", "min(x, -1e300)", "where(x > 0, 1e300, x)", "where(x < 1e300, x, 1e300**2)"]


@pytest.mark.parametrize("expression", HUGE)
def test_a_constant_too_large_for_float32_is_infinite_there(expression: str) -> None:
    surface, theta = formula(expression), torch.tensor([[1.0, 1.0], [-1.0, 0.5]])
    wanted = value_and_gradient(surface, theta.double())[0].float()
    assert torch.equal(value_and_gradient(surface, theta)[0], wanted)


@pytest.mark.sampled(6)
@pytest.mark.slow
@pytest.mark.parametrize("expression", UNDEFINED)
def test_nothing_raises_where_a_formula_is_undefined(expression: str) -> None:
    chosen, surface = formula_spec(expression), formula(expression)
    for optimizer in ("SGD", "Adam", "LBFGS", "Muon"):
        lr = ov.suggested_lr(optimizer, chosen)
        assert 0 < lr < math.inf
        run = competitor(optimizer, {"lr": lr})
        for start in (surface.start, (-1.0, 1.0)) if optimizer != "LBFGS" else ((0.0, 0.0),):
            exp = experiment(chosen, run, start=start, steps=8, dtype="float64")
            (trajectory,) = ov.run(exp, "cpu")
            if not surface(torch.tensor(start, dtype=torch.float64)).isfinite():
                assert (trajectory.outcome.kind, trajectory.outcome.step) == ("diverged", 0)
                assert (
                    trajectory.outcome.detail
                    == "Diverged: where it starts the loss is undefined or infinite."
                )
            many = ov.run_many(exp, [start, (0.3, 0.3)], device="cpu")
            assert many.diverged[0] == (trajectory.outcome.kind == "diverged")
    draw(exp, (trajectory,))
    assert ov.hessians(chosen, [(0.0, 0.0), (1.0, 1.0)]).shape == (2, 2, 2)


def test_a_run_into_an_undefined_region_has_diverged_there() -> None:
    run = competitor("SGD", {"lr": 0.1})
    (trajectory,) = ov.run(experiment(formula_spec("x*sqrt(x + 1)"), run, start=(1.0, 0.0), steps=200), "cpu")
    assert trajectory.outcome.kind in ("minimum", "diverged")
    (trajectory,) = ov.run(experiment(formula_spec("x + 0*sqrt(x)"), run, start=(1.0, 0.0), steps=200), "cpu")
    step = trajectory.outcome.step
    assert (
        trajectory.outcome.detail
        == f"Diverged: at the point of step {step} the loss is undefined or infinite."
    )
    assert np.isfinite(trajectory.losses[:step]).all() and not np.isfinite(trajectory.losses[step])


BLANKS = [
    "log(x) + 10*(x - 1)**2 + y**2",
    "sqrt(abs(x) - 0.4) + y**2",
    "x**2 + y**2 + 0*log(sin(20*x))",
    "3*log(y) + x",
]


@pytest.mark.sampled(15)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "LBFGS", "Muon", "Rprop"])
@pytest.mark.parametrize("expression", BLANKS)
def test_the_first_point_without_a_loss_ends_a_run(expression: str, optimizer: str, dtype: str) -> None:
    """A loop of torch's would go on through the blank: its path up to there is the run."""
    chosen = formula_spec(expression)
    starts = np.random.default_rng(0).uniform(-2, 2, (5, 2)).astype(dtype)
    params = {"lr": 0.05, "max_iter": 2} if optimizer == "LBFGS" else {"lr": 0.05}
    run = competitor(optimizer, params)
    exp = experiment(chosen, run, start=(0.05, 0.5), steps=20, dtype=dtype)
    both = [ov.run_many(exp, starts, record=record, device="cpu") for record in ("ends", "paths")]
    for row, start in enumerate(starts.tolist()):
        one = ov.run_one(experiment(chosen, run, start=tuple(start), steps=20, dtype=dtype), 0, "cpu")
        assert np.isfinite(one.losses[:-1]).all()
        diverged = one.outcome.kind == "diverged"
        if not np.isfinite(one.losses[-1]):
            assert diverged and one.outcome.step == one.steps
        assert diverged or one.steps == 20
        for many in both:
            assert (many.steps[row], many.diverged[row]) == (one.steps, diverged)
            np.testing.assert_array_equal(many.ends[row], one.points[-1])
    assert both[0].diverged.any()


def test_a_path_does_not_lead_through_the_blank() -> None:
    run = competitor("SGD", {"lr": 0.02})
    (trajectory,) = ov.run(experiment(formula_spec(BLANKS[0]), run, start=(0.05, 0.5), steps=100), "cpu")
    assert (trajectory.outcome.kind, trajectory.outcome.step, trajectory.steps) == ("diverged", 2, 2)


# --- To the bit, and as a program --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "LBFGS", "Muon"])
def test_a_typed_rosenbrock_is_torchs_own_loop(optimizer: str, dtype: str) -> None:
    chosen = formula_spec("(1 - x)**2 + a*(y - x**2)**2", a=100.0)
    params = {"lr": ov.suggested_lr(optimizer, chosen), **ov.OPTIMIZERS[optimizer].suggested}
    run = competitor(optimizer, params)
    (trajectory,) = ov.run(experiment(chosen, run, start=(-1.2, 1.0), steps=60, dtype=dtype), "cpu")
    start = [[-1.2, 1.0]] if optimizer == "Muon" else [-1.2, 1.0]
    theta = torch.tensor(start, dtype=getattr(torch, dtype), requires_grad=True)
    torchs = getattr(torch.optim, optimizer)([theta], **params)
    path = [theta.detach().flatten().clone()]

    def closure() -> Tensor:
        torchs.zero_grad()
        x, y = theta.flatten()
        loss = (1 - x) ** 2 + 100.0 * (y - x**2) ** 2
        loss.backward()
        return loss

    for _ in range(60):
        torchs.step(closure)
        path.append(theta.detach().flatten().clone())
    np.testing.assert_array_equal(trajectory.points, torch.stack(path).numpy())


@pytest.mark.parametrize("frozen", [(), ("x",), ("y",)])
@pytest.mark.parametrize(
    "expression", [*EVERYWHERE, "x**2", "3", "log(-2)*x", "9**9**9 - x", "x**0 + y**3", "-x**-2"]
)
def test_the_program_that_is_shown_is_the_run(expression: str, frozen: tuple[str, ...]) -> None:
    chosen = formula_spec(expression, **values_of(expression))
    run = competitor("SGD", {"lr": 1e-3}, frozen=frozen)
    exp = experiment(chosen, run, start=(0.7, -0.4), steps=6)
    text = program(exp)
    assert max(map(len, text.splitlines())) <= 100
    assert "optviz" not in text and "\ndef formula(x, y" in text
    names: dict[str, object] = {}
    exec(text, names)
    last = torch.cat([part.detach().flatten() for part in trained(names)])
    (trajectory,) = ov.run(exp, "cpu")
    if expression in ("log(-2)*x", "9**9**9 - x"):  # no loss at the start: there a run ends
        assert (trajectory.outcome.kind, trajectory.steps) == ("diverged", 0)
    else:
        np.testing.assert_array_equal(last.numpy(), trajectory.points[-1])
    surface = ov.surface(chosen)
    made: Callable[..., Tensor] = names["formula"]  # type: ignore[assignment]
    for dtype in (torch.float32, torch.float64):
        theta = scatter(500, seed=9).to(dtype)
        torch.testing.assert_close(made(*theta.unbind(-1)), surface(theta), rtol=0, atol=0, equal_nan=True)


def test_a_program_shows_the_formula_as_a_person_writes_it() -> None:
    exp = experiment(formula_spec("(1 - x)**2 + a*(y - x**2)**2", a=100.0), SGD, start=(-1.2, 1.0), steps=20)
    assert program(exp).split("\ntheta")[0].splitlines() == [
        "import torch",
        "",
        "def formula(x, y, a=100.0):",
        "    return (1 - x) ** 2 + a * (y - x ** 2) ** 2",
    ]
    exp = experiment(
        formula_spec("where(x < 0, sigmoid(x), 1) + sin(2*pi*x)*y**4"), SGD, start=(-1.2, 1.0), steps=20
    )
    assert program(exp).split("\ntheta")[0].splitlines()[-2:] == [
        "def formula(x, y):",
        "    return torch.where(x < 0, sigmoid(x), 1) + torch.sin(2.0 * math.pi * x) * power(y, 4)",
    ]


def test_experiments_with_formulas_travel() -> None:
    chosen = formula_spec("where(x <= 0, -x, a*y) + 1e-3*y**2", a=2.5, x_range=(-1, 1), y_range=(0, 3.5))
    exp = experiment(chosen, SGD, start=(0.5, 0.5), steps=20)
    assert ov.Experiment.from_url(exp.to_url()) == exp == ov.Experiment.from_json(exp.to_json())
    assert hash(ov.Experiment.from_url(exp.to_url())) == hash(exp)
