"""Every declaration of every surface of the literature, proved."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from builders import build
from optviz.spec.experiment import SurfaceSpec
from optviz.spec.params import Float, Int
from optviz.surfaces import classic
from optviz.surfaces.catalogue import SURFACES, surface
from optviz.surfaces.problem import Surface

NAMES = [info.name for info in classic.ROWS]

SADDLES = {"Saddle", "Monkey saddle"}

NOT_SMOOTH = {
    "Ackley": "its minimizer is the tip of a cone",
    "Absolute value": "its minimizer is where two kinks cross",
    "Bukin N.6": "its minimizer is on a cusp",
    "Eggholder": "its minimizer is on the edge of the domain, with lower ground beyond",
}

OVERFLOWS = {
    "Holder table": "it grows like exp(r/π)",
    "Cross-in-tray": "it grows like exp(r/10π)",
}


def corners(name: str) -> list[dict[str, float]]:
    """Every combination of the ends of the parameters' ranges; one empty combination where there are none."""
    ends = {}
    for key, param in SURFACES[name].params.items():
        assert isinstance(param.kind, Float | Int)
        ends[key] = (param.kind.low, param.kind.high)
    return [dict(zip(ends, values, strict=True)) for values in itertools.product(*ends.values())]


def some_corners(name: str) -> list[dict[str, float]]:
    """The default and all corners, or every ninth where they are many."""
    every = corners(name) if SURFACES[name].params else []
    return [{}, *(every if len(every) <= 8 else every[::9])]


CORNERS = [(name, params) for name in NAMES for params in some_corners(name)]

every_surface = pytest.mark.parametrize("name", NAMES)
every_corner = pytest.mark.parametrize(
    ("name", "params"), CORNERS, ids=[f"{name} {list(params.values()) or ''}" for name, params in CORNERS]
)
both_dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])


def points(*rows: tuple[float, float], dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(rows, dtype=dtype).reshape(-1, 2)


def grid(s: Surface, resolution: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Points (resolution, resolution, 2) over the whole domain, its edges included."""
    x, y = (torch.linspace(low, high, resolution, dtype=torch.float64) for low, high in s.domain)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1).to(dtype)


def scatter(s: Surface, count: int, seed: int, beyond: float = 1.0) -> Tensor:
    """Random points (count, 2) in the domain, or in one `beyond` times as wide about the same middle."""
    low, high = torch.tensor(s.domain, dtype=torch.float64).unbind(-1)
    random = torch.rand(count, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (low + high) / 2 + (random - 0.5) * beyond * (high - low)


def value_and_gradient(function: Callable[[Tensor], Tensor], theta: Tensor) -> tuple[Tensor, Tensor]:
    theta = theta.clone().requires_grad_(True)
    value = function(theta)
    (gradient,) = torch.autograd.grad(value.sum(), theta)
    return value.detach(), gradient


# --- What there is to read ---------------------------------------------------------------------------------


@every_surface
def test_a_row_can_be_read(name: str) -> None:
    info = SURFACES[name]
    assert info.name == name
    assert name.isascii()
    assert info.group
    assert "_" not in info.group
    assert re.fullmatch(r"[^.]*[^.\s]\.", info.teaches), "one sentence with one full stop"
    assert "own" in info.source or re.search(r"\((19|20)\d\d\)", info.source)
    assert info.source.endswith(".")
    assert not info.note or info.note.endswith(".")
    for key, param in info.params.items():
        assert key.isascii()
        assert param.help.endswith(".")
        assert param.kind.check(param.default) == param.default


@every_surface
def test_a_formula_is_balanced_latex(name: str) -> None:
    formula = SURFACES[name].formula
    assert formula
    assert "$" not in formula
    for opening, closing in ("{}", "()", "[]"):
        plain = formula.replace("\\" + opening, "").replace("\\" + closing, "")
        depths = list(itertools.accumulate((c == opening) - (c == closing) for c in plain))
        assert depths[-1] == min(depths) == 0, f"{opening}{closing}"
    assert len(re.findall(r"\\left(?![a-z])", formula)) == len(re.findall(r"\\right(?![a-z])", formula))


@every_surface
def test_a_parameter_out_of_range_is_refused(name: str) -> None:
    for key, param in SURFACES[name].params.items():
        assert isinstance(param.kind, Float | Int)
        for value in (param.kind.low - 1, param.kind.high + 1):
            with pytest.raises(ValueError, match=f"^{name}: {key} must be between .*\\.$"):
                build(name, {key: value})


# --- Minimizers and minimum --------------------------------------------------------------------------------


@every_surface
def test_the_minimum_is_the_value_at_every_minimizer(name: str) -> None:
    for params in [{}, *corners(name)]:
        s = build(name, params)
        assert bool(s.minimizers) == (name not in SADDLES)
        assert len(set(s.minimizers)) == len(s.minimizers)
        for minimizer in s.minimizers:
            assert all(low <= at <= high for at, (low, high) in zip(minimizer, s.domain, strict=True))
            assert s(points(minimizer)).item() == pytest.approx(s.minimum, rel=1e-14, abs=1e-12)


@every_corner
def test_the_gradient_is_zero_at_every_minimizer(name: str, params: dict[str, float]) -> None:
    s = build(name, params)
    for minimizer in s.minimizers if s.smooth else ():
        at = points(minimizer)[0]
        hessian = torch.autograd.functional.hessian(s, at)
        _, gradient = value_and_gradient(s, at)
        # Wrong in the 13th digit of the minimizer would be seen.
        assert gradient.abs().max() <= 1e-13 * (1 + hessian.abs().max())


@every_surface
def test_what_is_not_smooth_is_named_and_is_so(name: str) -> None:
    s = build(name)
    assert s.smooth == (name not in NOT_SMOOTH)
    h = 1e-6
    angles = torch.arange(16, dtype=torch.float64) * math.pi / 8
    around = h * torch.stack([angles.cos(), angles.sin()], -1)
    for minimizer in s.minimizers:
        slope = ((s(points(minimizer) + around) - s(points(minimizer))) / h).abs().max().item()
        assert slope < 0.02 if s.smooth else slope > 0.5


@pytest.mark.parametrize(("name", "params"), [corner for corner in CORNERS if corner[0] not in SADDLES])
def test_nothing_in_the_domain_is_lower_or_as_low(name: str, params: dict[str, float]) -> None:
    """Searches from the lowest points of a grid; what is as low as the minimum must be declared."""
    s = build(name, params)
    low, high = torch.tensor(s.domain, dtype=torch.float64).unbind(-1)
    theta = grid(s, 401)
    z = s(theta)
    tiny = 1e-11 * (1 + abs(s.minimum))
    assert z.min() >= s.minimum - tiny
    # Each grid point that is no higher than its neighbours is refined by a pattern search inside the domain.
    neighbours = torch.nn.functional.max_pool2d(-z[None, None], 3, stride=1, padding=1)[0, 0]
    candidates = theta[z <= -neighbours]
    candidates = candidates[s(candidates).argsort()[:400]]
    step = (high - low) / 400
    offsets = grid(Surface("", s.function, ((-1.0, 1.0), (-1.0, 1.0)), (), 0.0, (0.0, 0.0)), 5).reshape(-1, 2)
    for _ in range(40):
        trial = (candidates[:, None] + step * offsets).clamp(low, high)
        values = s(trial)
        best = values.argmin(1)
        assert values.min() >= s.minimum - tiny
        candidates = trial[torch.arange(len(trial)), best]
        step = step / 1.6
    as_low = candidates[s(candidates) <= s.minimum + 1e-6 * (1 + abs(s.minimum))]
    distance = ((as_low[:, None] - points(*s.minimizers)) / (high - low)).abs().amax(-1).amin(1)
    assert (distance < 1e-3).all(), f"not declared: {as_low[distance >= 1e-3].tolist()}"


@pytest.mark.parametrize("name", sorted(SADDLES))
def test_a_saddle_has_no_lower_bound(name: str) -> None:
    s = build(name)
    assert s.minimum == -math.inf
    assert s.minimizers == ()
    assert [s(scale * grid(s, 41)).min().item() < -scale for scale in (1, 1e2, 1e4)] == [True] * 3
    value, gradient = value_and_gradient(s, torch.zeros(2))
    assert value == 0
    assert (gradient == 0).all()


@pytest.mark.parametrize("m", range(1, 21))
def test_michalewiczs_minimizer_is_right_for_every_m(m: int) -> None:
    s = build("Michalewicz", {"m": m})
    _, gradient = value_and_gradient(s, points(s.minimizers[0]))
    assert gradient.abs().max() < 1e-13
    x = torch.linspace(0, math.pi, 100_001, dtype=torch.float64)
    assert (s(torch.stack([x, x], -1)) >= s.minimum - 1e-14).all()
    along_x = s(torch.stack([x, torch.full_like(x, math.pi / 2)], -1))
    assert along_x.min().item() == pytest.approx(s.minimum, abs=1e-7)


# --- Starts ------------------------------------------------------------------------------------------------


@every_corner
@both_dtypes
def test_a_start_is_inside_and_moves(name: str, params: dict[str, float], dtype: torch.dtype) -> None:
    s = build(name, params)
    assert all(low < at < high for at, (low, high) in zip(s.start, s.domain, strict=True))
    for minimizer in s.minimizers:
        assert max(abs(a - b) / w for a, b, w in zip(s.start, minimizer, s.widths, strict=True)) > 0.05
    _, gradient = value_and_gradient(s, points(s.start, dtype=dtype))
    assert gradient.norm() > 1e-6


# --- Values ------------------------------------------------------------------------------------------------

LITERATURE = [
    # name, point, value, tolerance. What is not in Surjanovic & Bingham's library, Jamil & Yang (2013) or
    # Wikipedia's "Test functions for optimization" follows from the formula by hand.
    ("Quadratic bowl", (3, 2), 49, 0),
    ("Quadratic bowl", (15, 0), 225, 0),
    ("Booth", (1, 3), 0, 0),
    ("Booth", (0, 0), 74, 0),
    ("Matyas", (1, 1), 0.04, 1e-15),
    ("Matyas", (10, -10), 100, 1e-13),
    ("Zakharov", (1, 1), 9.3125, 0),
    ("Zakharov", (0, 2), 4 + 4 + 16, 0),
    ("Rosenbrock", (-1.2, 1), 24.2, 1e-13),
    ("Rosenbrock", (0, 0), 1, 0),
    ("Beale", (0, 0), 14.203125, 0),
    ("Beale", (1, 1), 14.203125, 0),
    ("Beale", (3, 0.5), 0, 0),
    ("Dixon-Price", (0, 0), 1, 0),
    ("Dixon-Price", (1, 1), 2, 0),
    ("Dixon-Price", (2, -1), 1, 0),
    ("Absolute value", (-3, 2), 13, 0),
    ("Himmelblau", (0, 0), 170, 0),
    ("Himmelblau", (-0.270845, -0.923039), 181.617, 5e-4),
    ("Himmelblau", (-2.805118, 3.131312), 0, 1e-9),
    ("Himmelblau", (-3.779310, -3.283186), 0, 1e-9),
    ("Himmelblau", (3.584428, -1.848126), 0, 1e-9),
    ("McCormick", (-0.54719, -1.54719), -1.9133, 1e-4),
    ("McCormick", (0, 0), 1, 0),
    ("Goldstein-Price", (0, -1), 3, 0),
    ("Goldstein-Price", (0, 0), 600, 0),
    ("Goldstein-Price", (-0.6, -0.4), 30, 1e-11),
    ("Goldstein-Price", (1.8, 0.2), 84, 1e-11),
    ("Goldstein-Price", (1.2, 0.8), 840, 1e-10),
    ("Branin", (-math.pi, 12.275), 0.397887, 5e-7),
    ("Branin", (math.pi, 2.275), 0.397887, 5e-7),
    ("Branin", (9.42478, 2.475), 0.397887, 5e-7),
    ("Branin", (0, 0), 56 - 10 / (8 * math.pi), 1e-13),
    ("Six-hump camel", (0.0898, -0.7126), -1.0316, 5e-5),
    ("Six-hump camel", (-0.0898, 0.7126), -1.0316, 5e-5),
    ("Six-hump camel", (1.7036, -0.7961), -0.2155, 5e-5),
    ("Six-hump camel", (1, 1), 97 / 30, 1e-14),
    ("Three-hump camel", (0, 0), 0, 0),
    ("Three-hump camel", (1.7475, -0.8738), 0.2986, 5e-5),
    ("Three-hump camel", (1, 1), 187 / 60, 1e-14),
    ("Styblinski-Tang", (-2.903534, -2.903534), -78.33233, 5e-6),
    ("Styblinski-Tang", (0, 0), 0, 0),
    ("Styblinski-Tang", (1, 1), -10, 0),
    ("Styblinski-Tang", (2, -1), (16 - 64 + 10 + 1 - 16 - 5) / 2, 0),
    ("Ackley", (0, 0), 0, 0),
    ("Ackley", (1, 1), 3.6253849384403627, 1e-14),
    ("Ackley", (0.5, 0.5), 4.253654026568412, 1e-13),
    ("Rastrigin", (0, 0), 0, 0),
    ("Rastrigin", (1, 1), 2, 1e-14),
    ("Rastrigin", (0.5, 0.5), 40.5, 1e-13),
    ("Rastrigin", (4.52299366, 4.52299366), 80.70658039, 1e-7),
    ("Griewank", (0, 0), 0, 0),
    ("Griewank", (math.pi, 0), 2 + math.pi**2 / 4000, 1e-15),
    ("Griewank", (math.pi, math.pi * math.sqrt(2)), 3 * math.pi**2 / 4000, 1e-15),
    ("Levy", (1, 1), 0, 0),
    ("Levy", (5, 1), 1 + 10 * math.sin(1) ** 2, 1e-14),
    ("Levy", (1, 5), 1, 1e-14),
    ("Levy", (3, 1), 1 + (1 + 10 * math.cos(1) ** 2) / 4, 1e-14),
    ("Levy N.13", (1, 1), 0, 0),
    ("Levy N.13", (0, 0), 2, 1e-14),
    ("Levy N.13", (1.5, 1), 1.25, 1e-14),
    ("Levy N.13", (1, 1.25), 0.125, 1e-14),
    ("Schwefel", (420.9687, 420.9687), 0, 3e-5),
    ("Schwefel", (0, 0), 837.9658, 0),
    ("Schwefel", (-302.5249, 420.9687), 118.438, 5e-4),
    ("Eggholder", (512, 404.2319), -959.6407, 5e-5),
    ("Eggholder", (0, 0), -25.460337185286313, 1e-13),
    ("Holder table", (8.05502, 9.66459), -19.2085, 5e-5),
    ("Holder table", (-8.05502, 9.66459), -19.2085, 5e-5),
    ("Holder table", (math.pi / 2, 0), -math.exp(0.5), 1e-15),
    ("Holder table", (0, 0), 0, 0),
    ("Cross-in-tray", (1.3491, -1.3491), -2.06261, 5e-6),
    ("Cross-in-tray", (-1.34941, -1.34941), -2.06261, 5e-6),
    ("Cross-in-tray", (0, 0), -0.0001, 0),
    ("Cross-in-tray", (0, 7), -0.0001, 0),
    ("Drop-wave", (0, 0), -1, 0),
    ("Drop-wave", (math.pi / 12, 0), 0, 1e-15),
    ("Drop-wave", (0, math.pi / 6), -2 / (math.pi**2 / 72 + 2), 1e-15),
    ("Bohachevsky", (0, 0), 0, 0),
    ("Bohachevsky", (1, 1), 3.6, 1e-14),
    ("Bohachevsky", (1, 0.25), 1 + 0.125 + 0.6 + 0.8, 1e-14),
    ("Saddle", (3, 2), 5, 0),
    ("Saddle", (1, 2), -3, 0),
    ("Monkey saddle", (1, 1), -2, 0),
    ("Monkey saddle", (2, 1), 2, 0),
    ("Bukin N.6", (-10, 1), 0, 0),
    ("Bukin N.6", (-10, 0), 100, 0),
    ("Bukin N.6", (-5, 0), 50.05, 1e-13),
    ("Easom", (math.pi, math.pi), -1, 0),
    ("Easom", (0, 0), -math.exp(-2 * math.pi**2), 1e-23),
    ("Easom", (2 * math.pi, math.pi), math.exp(-(math.pi**2)), 1e-19),
    ("Michalewicz", (2.20, 1.57), -1.8013, 1e-3),
    ("Michalewicz", (2.2029055, 1.5707963), -1.8013034, 5e-8),
    ("Michalewicz", (math.pi / 2, math.pi / 2), -1 - 2**-10, 1e-15),
    ("Cliff", (-4, math.sqrt(8)), 2, 1e-15),
    ("Cliff", (4, math.sqrt(8)), 302, 1e-12),
    ("Cliff", (1.25, 0), (math.sqrt(2.5625) - 1) / 2 + 150, 1e-12),
    ("Plateau", (1, 0), 0.75, 0),
    ("Plateau", (3, 4), 1 - 1 / 676, 1e-15),
]


@pytest.mark.parametrize(
    ("name", "point", "value", "tolerance"), LITERATURE, ids=[f"{name} {at}" for name, at, _, _ in LITERATURE]
)
def test_values_agree_with_the_literature(
    name: str, point: tuple[float, float], value: float, tolerance: float
) -> None:
    assert abs(build(name)(points(point)).item() - value) <= tolerance


def test_the_literature_has_a_value_for_every_surface() -> None:
    assert {name for name, *_ in LITERATURE} == set(NAMES)


def _michalewicz(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    terms = [np.sin(xi) * np.sin(i * xi**2 / np.pi) ** 20 for i, xi in enumerate((x, y), start=1)]
    return -np.sum(terms, axis=0)


def _ackley(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    first = -20 * np.exp(-0.2 * np.sqrt((x**2 + y**2) / 2))
    return first - np.exp((np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y)) / 2) + 20 + np.exp(1)


def _levy(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    w1, w2 = 1 + (x - 1) / 4, 1 + (y - 1) / 4
    first = np.sin(np.pi * w1) ** 2 + (w1 - 1) ** 2 * (1 + 10 * np.sin(np.pi * w1 + 1) ** 2)
    return first + (w2 - 1) ** 2 * (1 + np.sin(2 * np.pi * w2) ** 2)


def _levy_n13(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    first = np.sin(3 * np.pi * x) ** 2 + (x - 1) ** 2 * (1 + np.sin(3 * np.pi * y) ** 2)
    return first + (y - 1) ** 2 * (1 + np.sin(2 * np.pi * y) ** 2)


def _eggholder(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    first = -(y + 47) * np.sin(np.sqrt(np.abs(y + x / 2 + 47)))
    return first - x * np.sin(np.sqrt(np.abs(x - (y + 47))))


def _holder_table(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return -np.abs(np.sin(x) * np.cos(y) * np.exp(np.abs(1 - np.sqrt(x**2 + y**2) / np.pi)))


def _cross_in_tray(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    bracket = np.abs(np.sin(x) * np.sin(y) * np.exp(np.abs(100 - np.sqrt(x**2 + y**2) / np.pi))) + 1
    return -0.0001 * bracket**0.1


def _goldstein_price(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    first = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    second = 30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return first * second


def _cliff(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    def ramp(t: np.ndarray) -> np.ndarray:
        return np.logaddexp(0, 1000 * t) / 1000

    return (np.sqrt(1 + x**2 + y**2) - 1) / 2 + 600 * (ramp(x - 1) - ramp(x - 1.5))


ORACLES = {  # straight from the literature's formula, in NumPy
    "Zakharov": lambda x, y: x**2 + y**2 + (0.5 * x + y) ** 2 + (0.5 * x + y) ** 4,
    "Beale": lambda x, y: sum((c - x * (1 - y**i)) ** 2 for i, c in ((1, 1.5), (2, 2.25), (3, 2.625))),
    "Goldstein-Price": _goldstein_price,
    "Branin": lambda x, y: (
        (y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6) ** 2
        + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x)
        + 10
    ),
    "Six-hump camel": lambda x, y: 4 * x**2 - 2.1 * x**4 + x**6 / 3 + x * y - 4 * y**2 + 4 * y**4,
    "Three-hump camel": lambda x, y: 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2,
    "Styblinski-Tang": lambda x, y: sum(t**4 - 16 * t**2 + 5 * t for t in (x, y)) / 2,
    "Ackley": _ackley,
    "Rastrigin": lambda x, y: 20 + sum(t**2 - 10 * np.cos(2 * np.pi * t) for t in (x, y)),
    "Griewank": lambda x, y: 1 + (x**2 + y**2) / 4000 - np.cos(x) * np.cos(y / np.sqrt(2)),
    "Levy": _levy,
    "Levy N.13": _levy_n13,
    "Schwefel": lambda x, y: 418.9829 * 2 - sum(t * np.sin(np.sqrt(np.abs(t))) for t in (x, y)),
    "Eggholder": _eggholder,
    "Holder table": _holder_table,
    "Cross-in-tray": _cross_in_tray,
    "Drop-wave": lambda x, y: -(1 + np.cos(12 * np.hypot(x, y))) / (0.5 * (x**2 + y**2) + 2),
    "Bohachevsky": lambda x, y: (
        x**2 + 2 * y**2 - 0.3 * np.cos(3 * np.pi * x) - 0.4 * np.cos(4 * np.pi * y) + 0.7
    ),
    "Bukin N.6": lambda x, y: 100 * np.sqrt(np.abs(y - 0.01 * x**2)) + 0.01 * np.abs(x + 10),
    "Easom": lambda x, y: -np.cos(x) * np.cos(y) * np.exp(-((x - np.pi) ** 2) - (y - np.pi) ** 2),
    "Michalewicz": _michalewicz,
    "Cliff": _cliff,
    "Plateau": lambda x, y: 1 - (1 + x**2 + y**2) ** -2.0,
}


@pytest.mark.parametrize("name", ORACLES)
def test_values_agree_with_numpy(name: str) -> None:
    s = build(name)
    theta = scatter(s, 2000, seed=1, beyond=1.5)
    ours, theirs = s(theta).numpy(), ORACLES[name](*theta.numpy().T)
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)


PARAMETERS = [  # the same at values that are not the defaults
    ("Quadratic bowl", {"kappa": 7.0, "angle": 90.0}, lambda x, y: y**2 + 7 * x**2),
    ("Rosenbrock", {"a": -0.5, "b": 3.0}, lambda x, y: (-0.5 - x) ** 2 + 3 * (y - x**2) ** 2),
    ("Absolute value", {"kappa": 7.0}, lambda x, y: np.abs(x) + 7 * np.abs(y)),
    (
        "Branin",
        {"a": 2.0, "b": 0.125, "c": 1.5, "r": 7.0, "s": 20.0, "t": 0.25},
        lambda x, y: 2 * (y - 0.125 * x**2 + 1.5 * x - 7) ** 2 + 20 * 0.75 * np.cos(x) + 20,
    ),
    (
        "Ackley",
        {"a": 3.0, "b": 0.5, "c": 4.0},
        lambda x, y: (
            (3 - 3 * np.exp(-0.5 * np.sqrt((x**2 + y**2) / 2)))
            + np.exp(1)
            - np.exp((np.cos(4 * x) + np.cos(4 * y)) / 2)
        ),
    ),
    ("Rastrigin", {"A": 2.0}, lambda x, y: 4 + sum(t**2 - 2 * np.cos(2 * np.pi * t) for t in (x, y))),
    (
        "Michalewicz",
        {"m": 3},
        lambda x, y: -np.sin(x) * np.sin(x**2 / np.pi) ** 6 - np.sin(y) * np.sin(2 * y**2 / np.pi) ** 6,
    ),
    ("Cliff", {"height": 150.0}, lambda x, y: (_cliff(x, y) + (np.sqrt(1 + x**2 + y**2) - 1) / 2) / 2),
]


@pytest.mark.parametrize(("name", "params", "oracle"), PARAMETERS, ids=[name for name, *_ in PARAMETERS])
def test_parameters_do_what_the_formula_says(
    name: str, params: dict[str, float], oracle: Callable[[np.ndarray, np.ndarray], np.ndarray]
) -> None:
    s = build(name, params)
    theta = scatter(s, 500, seed=6)
    np.testing.assert_allclose(s(theta).numpy(), oracle(*theta.numpy().T), rtol=1e-11, atol=1e-12)


def test_every_parameter_has_an_oracle() -> None:
    declared = {name: set(SURFACES[name].params) for name in NAMES if SURFACES[name].params}
    assert {name: set(params) for name, params, _ in PARAMETERS} == declared


@pytest.mark.parametrize("angle", [-90.0, -37.5, 10.0, 90.0])
def test_a_turned_bowl_is_flat_along_its_angle(angle: float) -> None:
    s = build("Quadratic bowl", {"kappa": 50.0, "angle": angle})
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    assert s(points((3 * cos, 3 * sin))).item() == pytest.approx(9)
    assert s(points((-3 * sin, 3 * cos))).item() == pytest.approx(450)


# --- Gradients ---------------------------------------------------------------------------------------------

KINKS = {  # how near a point (x, y) is to where there is no gradient, or where it has a pole
    "Absolute value": lambda x, y: np.minimum(np.abs(x), np.abs(y)),
    "Ackley": lambda x, y: np.hypot(x, y),
    "Schwefel": lambda x, y: np.minimum(np.abs(x), np.abs(y)),
    "Eggholder": lambda x, y: np.minimum(np.abs(x / 2 + y + 47), np.abs(x - y - 47)),
    "Holder table": lambda x, y: np.minimum(
        np.minimum(np.abs(np.sin(x)), np.abs(np.cos(y))), np.abs(np.hypot(x, y) - np.pi)
    ),
    "Cross-in-tray": lambda x, y: np.minimum(np.abs(np.sin(x)), np.abs(np.sin(y))),
    "Bukin N.6": lambda x, y: np.minimum(np.abs(y - 0.01 * x**2), np.abs(x + 10)),
}


@every_corner
def test_gradients_agree_with_central_differences(name: str, params: dict[str, float]) -> None:
    s = build(name, params)
    h = 1e-6
    theta = scatter(s, 500, seed=2)
    if name in KINKS:
        far = torch.from_numpy(KINKS[name](*theta.numpy().T) > 0.01)
        assert far.double().mean() > 0.9
        theta = theta[far]
    z, gradient = value_and_gradient(s, theta)
    shifts = h * torch.eye(2, dtype=torch.float64)
    differences = torch.stack([(s(theta + shift) - s(theta - shift)) / (2 * h) for shift in shifts], -1)
    scale = gradient.abs().amax(-1, keepdim=True)
    rounding = 1e-15 * (z.abs() + z.abs().max() / 100)[:, None] / h  # of the two values that are subtracted
    assert ((gradient - differences).abs() <= 1e-6 * scale + rounding + 1e-9).all()


SINGULAR = [
    # name, point, the gradient there: 0 along what has no derivative, and the true one along what has
    ("Ackley", (0, 0), (0, 0)),
    ("Drop-wave", (0, 0), (0, 0)),
    ("Absolute value", (0, 0), (0, 0)),
    ("Absolute value", (0, 2), (0, 5)),
    ("Absolute value", (-3, 0), (-1, 0)),
    ("Bukin N.6", (-10, 1), (0, 0)),
    ("Bukin N.6", (-8, 0.64), (0.01, 0)),
    ("Schwefel", (0, 0), (0, 0)),
    ("Schwefel", (0, 300), (0, None)),
    ("Schwefel", (-300, 0), (None, 0)),
    ("Holder table", (0, 0), (0, 0)),
    ("Holder table", (0, 3), (0, 0)),
    ("Cross-in-tray", (0, 0), (0, 0)),
    ("Cross-in-tray", (0, 4), (0, 0)),
    ("Cross-in-tray", (-4, 0), (0, 0)),
    ("Cross-in-tray", (700, 0), (0, 0)),
    ("Eggholder", (0, -47), (0, 0)),
]


@both_dtypes
@pytest.mark.parametrize(("name", "point", "gradient"), SINGULAR, ids=[f"{n} {at}" for n, at, _ in SINGULAR])
def test_singular_points_have_the_gradient_zero_and_a_note(
    name: str, point: tuple[float, float], gradient: tuple[float | None, float | None], dtype: torch.dtype
) -> None:
    value, found = value_and_gradient(build(name), points(point, dtype=dtype)[0])
    assert value.isfinite()
    assert found.isfinite().all()
    for ours, expected in zip(found.tolist(), gradient, strict=True):
        assert ours != 0 if expected is None else ours == pytest.approx(expected, abs=1e-6)
    assert re.search("differentiable|derivative", SURFACES[name].note)


def test_the_value_stays_true_beside_a_singular_point() -> None:
    """The double `where` must change the gradient at the point alone, not the function around it."""
    assert build("Drop-wave")(points((1e-9, 0))).item() == pytest.approx(-1, abs=1e-15)
    _, gradient = value_and_gradient(build("Ackley"), points((1e-12, 0)))
    assert gradient[0, 0].item() == pytest.approx(20 * 0.2 / math.sqrt(2), rel=1e-9)
    value, _ = value_and_gradient(build("Cross-in-tray"), points((1e-40, 1.0)))
    expected = math.sin(1e-40) * math.sin(1.0) * math.exp(100 - 1 / math.pi) + 1
    assert value.item() == pytest.approx(-0.0001 * expected**0.1, rel=1e-12)


# --- Everywhere, in every dtype, for one point and for many ------------------------------------------------


@every_corner
@both_dtypes
def test_finite_over_the_whole_domain(name: str, params: dict[str, float], dtype: torch.dtype) -> None:
    s = build(name, params)
    x = grid(s, 201).reshape(-1, 2)[:, 0]
    zero, waves = torch.zeros_like(x), (x / math.pi).round() * math.pi
    lines = [  # along which some formula has a root, a kink or a pole
        (x, zero), (zero, x), (x, x), (waves, x), (x, waves), (waves, waves + math.pi / 2),
        (x, 0.01 * x**2), (x, x - 47), (x, -47 - x / 2),
    ]  # fmt: skip
    low, high = torch.tensor(s.domain, dtype=torch.float64).unbind(-1)
    special = torch.cat([torch.stack(line, -1) for line in lines])
    special = special[((special >= low) & (special <= high)).all(-1)]
    theta = torch.cat([grid(s, 201).reshape(-1, 2), special, points(s.start, *s.minimizers)]).to(dtype)
    value, gradient = value_and_gradient(s, theta)
    assert value.dtype == gradient.dtype == dtype
    assert value.isfinite().all()
    assert gradient.isfinite().all()


def far_outside(s: Surface) -> Tensor:
    """Points (directions, distances, 2) from 1e3 to 1e6 domain widths away."""
    angles = torch.linspace(0.1, 2 * math.pi, 12, dtype=torch.float64)
    away = torch.logspace(3, 6, 7, dtype=torch.float64)
    directions = torch.stack([angles.cos(), angles.sin()], -1) * torch.tensor(s.widths, dtype=torch.float64)
    return away[:, None] * directions[:, None]


@every_corner
def test_finite_far_outside_unless_documented(name: str, params: dict[str, float]) -> None:
    s = build(name, params)
    value, gradient = value_and_gradient(s, far_outside(s))
    if name in OVERFLOWS:
        assert (value == -math.inf).any(), OVERFLOWS[name]
        assert not value.isnan().any()
        assert "overflow" in SURFACES[name].note
    else:
        assert value.isfinite().all()
        assert gradient.isfinite().all()


@pytest.mark.sampled(24)
@both_dtypes
@every_surface
def test_one_point_and_many_are_equal_to_the_bit(name: str, dtype: torch.dtype) -> None:
    s = build(name)
    theta = torch.cat([scatter(s, 200, seed=3), scatter(s, 31, seed=4, beyond=5)])
    edges = torch.linspace(0.99, 1.01, 20, dtype=torch.float64)  # the cliff's foot is as sharp as that
    theta = torch.cat([theta, torch.stack([edges, edges], -1), points(s.start, *s.minimizers)])
    assert_equal_to_the_bit(s, torch.cat([theta, torch.zeros(257 - len(theta), 2)]).to(dtype))


@both_dtypes
@pytest.mark.parametrize("name", [name for name in NAMES if SURFACES[name].params])
def test_one_point_and_many_are_equal_to_the_bit_with_other_parameters(name: str, dtype: torch.dtype) -> None:
    for share in (0.13, 0.71):
        params = {}
        for key, param in SURFACES[name].params.items():
            assert isinstance(param.kind, Float | Int)
            params[key] = param.kind.coerce(
                round(param.kind.low + share * (param.kind.high - param.kind.low))
                if isinstance(param.kind, Int)
                else param.kind.low + share * (param.kind.high - param.kind.low)
            )
        s = build(name, params)
        assert_equal_to_the_bit(s, scatter(s, 33, seed=5, beyond=2).to(dtype))


def assert_equal_to_the_bit(s: Surface, theta: Tensor) -> None:
    one_by_one = [value_and_gradient(s, row) for row in theta]
    value, gradient = (torch.stack(parts) for parts in zip(*one_by_one, strict=True))
    assert value.isfinite().all()
    assert value.shape == theta.shape[:-1]
    for shape in (theta.shape, (1, *theta.shape), (len(theta), 1, 2)):
        many = value_and_gradient(s, theta.reshape(shape))
        assert torch.equal(many[0].reshape(-1), value)
        assert torch.equal(many[1].reshape(-1, 2), gradient)
    # Two dense tensors instead of two columns take other code paths on the CPU.
    dense = value_and_gradient(lambda t: s.function(*t), theta.T.contiguous())
    assert torch.equal(dense[0], value)
    assert torch.equal(dense[1].T, gradient)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    more = s(theta.repeat(300, 1))  # enough for both
    torch.set_num_threads(threads)
    assert torch.equal(more, value.repeat(300))


# --- What the surfaces made for a lesson show --------------------------------------------------------------


def descend(
    s: Surface,
    make: Callable[[list[Tensor]], torch.optim.Optimizer],
    steps: int,
    clip_norm: float | None = None,
) -> np.ndarray:
    """The distance to the first minimizer, or to the origin, at the start and after each step."""
    theta = torch.tensor(s.start, requires_grad=True)
    optimizer = make([theta])
    path = [theta.detach().clone()]
    for _ in range(steps):
        optimizer.zero_grad()
        s(theta).backward()
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_([theta], clip_norm)
        optimizer.step()
        path.append(theta.detach().clone())
    return (torch.stack(path).double() - points(*s.minimizers[:1] or [(0.0, 0.0)])).norm(dim=-1).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("lr", [0.05, 0.1, 0.2, 0.5])
def test_on_the_cliff_clipping_earns_its_keep(lr: float) -> None:
    s = build("Cliff")
    plain = descend(s, lambda p: torch.optim.SGD(p, lr=lr), 500)
    clipped = descend(s, lambda p: torch.optim.SGD(p, lr=lr), 500, clip_norm=1.0)
    assert np.diff(plain).max() > 500 * lr  # thrown out in one step
    assert plain[-1] > max(s.widths)  # and still outside
    assert np.abs(np.diff(clipped)).max() <= lr * 1.0001
    assert clipped[-1] < 1e-4


@pytest.mark.parametrize("name", [name for name, info in SURFACES.items() if info.surface().total])
def test_what_is_said_to_be_finite_within_reach_is(name: str) -> None:
    """Then nobody asks at every step whether there is a loss."""
    function = surface(SurfaceSpec(name))
    middle = torch.tensor(function.domain, dtype=torch.float64).mean(dim=1)
    widths = torch.tensor(function.widths, dtype=torch.float64)
    signs = 2 * torch.rand(4000, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64) - 1
    sizes = 10 ** (14 * torch.rand(4000, 2, generator=torch.Generator().manual_seed(1)).double() - 8)
    corners = torch.cartesian_prod(torch.tensor([-1.0, 0.0, 1.0]), torch.tensor([-1.0, 0.0, 1.0])).double()
    points = middle + widths * torch.cat([signs.sign() * sizes, signs, 1e6 * signs, 1e6 * corners])
    assert function(points).isfinite().all()


@pytest.mark.slow
def test_on_the_plateau_adaptive_methods_earn_theirs() -> None:
    s = build("Plateau")
    # The well's curvature is 4, so a rate up to 2/4 is stable in it: 0.4 is as good as plain descent gets.
    plain = descend(s, lambda p: torch.optim.SGD(p, lr=0.4), 3000)
    assert plain[0] == 10
    assert 9.9 < plain[-1] < 10
    assert (np.diff(plain) < 0).mean() > 0.9
    close = dataclasses.replace(s, start=(0.3, 0.2))
    assert descend(close, lambda p: torch.optim.SGD(p, lr=0.4), 100)[-1] < 1e-6
    assert descend(s, lambda p: torch.optim.Adam(p, lr=0.1), 300)[-1] < 1e-3
    assert descend(s, lambda p: torch.optim.RMSprop(p, lr=0.05), 300)[-1] < 0.1


@pytest.mark.parametrize("name", sorted(SADDLES))
def test_a_run_on_a_saddle_slows_down_and_then_leaves(name: str) -> None:
    s = build(name)
    away = descend(s, lambda p: torch.optim.SGD(p, lr=0.05), 150)
    left = int((away > 2).argmax())
    nearest = int(away[:left].argmin())
    assert away[nearest] < 0.2
    assert 20 < nearest < left - 20


@pytest.mark.parametrize("kappa", [1.0, 10.0, 1000.0])
def test_x_on_the_bowl_is_that_of_x_squared_to_the_bit(kappa: float) -> None:
    s = build("Quadratic bowl", {"kappa": kappa})
    theta = torch.tensor([15.0, 8.0], requires_grad=True)  # with kappa 1000, y runs to infinity
    alone = torch.tensor(15.0, requires_grad=True)
    optimizer = torch.optim.SGD([theta, alone], lr=0.05)
    for _ in range(100):
        optimizer.zero_grad()
        (s(theta) + alone**2).backward()
        optimizer.step()
        assert theta[0] == alone
    assert 0 < alone < 1e-3
