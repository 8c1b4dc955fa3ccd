"""Models of two parameters on small data sets: the programs that people learn torch from, as landscapes.

A row builds a `Data`: examples, a real module and a real loss. Its minimizers are exact: least squares and
least absolute deviations in fractions, the rest by Newton's method until float64 has no more digits to give.

No data set comes from a random generator, whose numbers may change: they are literals, or quantiles of the
normal distribution along a sequence of evenly spread points, rounded to two decimals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial
from itertools import combinations
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from optviz.spec.params import Choice, Flag, Maybe, Param, Points
from optviz.surfaces.deferred import nn, np, torch
from optviz.surfaces.models import Data, Loss, Model
from optviz.surfaces.problem import Domain, Point, Surface, SurfaceInfo

if TYPE_CHECKING:
    from torch import Tensor

    from optviz.surfaces.models import Array

GROUP = "Data"
ROWS: list[SurfaceInfo] = []

# -- models and losses -----------------------------------------------------------------------------------

LINE = Model(
    "nn.Linear(1, 1)",
    lambda: nn.Linear(1, 1),
    ("w", "b"),
    lambda theta, inputs: theta[..., :1] * inputs[:, 0] + theta[..., 1:],
)
WEIGHTS = Model(
    "nn.Linear(2, 1, bias=False)",
    lambda: nn.Linear(2, 1, bias=False),
    ("w1", "w2"),
    lambda theta, inputs: theta[..., :1] * inputs[:, 0] + theta[..., 1:] * inputs[:, 1],
)
TANH = Model(
    "nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh(), nn.Linear(1, 1, bias=False))",
    lambda: nn.Sequential(nn.Linear(1, 1, bias=False), nn.Tanh(), nn.Linear(1, 1, bias=False)),
    ("w1", "w2"),
    lambda theta, inputs: theta[..., 1:] * torch.tanh(theta[..., :1] * inputs[:, 0]),
)
LINEAR_NET = Model(
    "nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False))",
    lambda: nn.Sequential(nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)),
    ("w1", "w2"),
    lambda theta, inputs: theta[..., 1:] * (theta[..., :1] * inputs[:, 0]),
)


def _squared(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets) ** 2


def _absolute(outputs: Tensor, targets: Tensor) -> Tensor:
    return (outputs - targets).abs()


def _smooth(outputs: Tensor, targets: Tensor) -> Tensor:
    error = outputs - targets
    return torch.where(error.abs() < 1, 0.5 * error**2, error.abs() - 0.5)


def _logistic(outputs: Tensor, targets: Tensor) -> Tensor:
    return -nn.functional.logsigmoid((2 * targets - 1) * outputs)  # of targets 0 and 1


SQUARES = Loss("nn.MSELoss()", lambda: nn.MSELoss(), _squared)
SUM_OF_SQUARES = Loss(
    'nn.MSELoss(reduction="sum")', lambda: nn.MSELoss(reduction="sum"), _squared, total=True
)
LOGISTIC = Loss("nn.BCEWithLogitsLoss()", lambda: nn.BCEWithLogitsLoss(), _logistic)
LINE_LOSSES = {
    "MSELoss": SQUARES,
    "SmoothL1Loss": Loss("nn.SmoothL1Loss()", lambda: nn.SmoothL1Loss(), _smooth),
    "L1Loss": Loss("nn.L1Loss()", lambda: nn.L1Loss(), _absolute),
}

# -- data ------------------------------------------------------------------------------------------------

_SPREAD = (0.7548776662466927, 0.5698402909980532)
"""1/p and 1/p² for the root p of p³ = p + 1: multiples of them, without their whole parts, are spread evenly
over the square (Roberts 2018)."""


def normal(count: int, columns: Sequence[int] = (0, 1)) -> list[list[float]]:
    """`count` rows as if drawn from the normal distribution, with two decimals."""
    quantile = NormalDist().inv_cdf
    return [
        [round(quantile((0.5 + place * _SPREAD[column]) % 1), 2) for column in columns]
        for place in range(1, count + 1)
    ]


def _noisy_line() -> list[tuple[float, float]]:
    """y = 2x + 1 with noise of standard deviation 0.5, at 20 points."""
    noise = [0.5 * error for (error,) in normal(20, [1])]
    xs = [round(-1.9 + 0.2 * place, 1) for place in range(20)]
    return [(x, round(2 * x + 1 + error, 2)) for x, error in zip(xs, noise, strict=True)]


LINES: Mapping[str, Sequence[tuple[float, float]]] = {
    "y = 2x + 1": [(1.0, 3.0), (2.0, 5.0), (3.0, 7.0), (4.0, 9.0)],
    "y = 2x": [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0), (4.0, 8.0)],
    "noise": _noisy_line(),
    "outlier": [*_noisy_line()[:-1], (1.9, -15.0)],
}

PLANE = [(x, z, round(0.77 * x - 0.56 * z, 4)) for x, z in normal(100)]
"""100 examples (x1, x2, y) of y = 0.77 x1 - 0.56 x2, without noise: four decimals are all that y has."""


def _classes(wrong: int | None = None) -> list[tuple[float, float, float]]:
    """40 examples (x1, x2, class): 1 where 1.5 x1 > x2, except every `wrong`-th, which is flipped.

    No example lies near the boundary.
    """
    apart = [(x, z) for x, z in normal(60) if abs(1.5 * x - z) > 0.2][:40]
    flips = [wrong is not None and place % wrong == 0 for place in range(40)]
    return [(x, z, float((1.5 * x > z) != flip)) for (x, z), flip in zip(apart, flips, strict=True)]


CLASSES = {"overlapping": _classes(wrong=6), "separable": _classes()}
CURVE = [(x, round(1.5 * math.tanh(1.2 * x), 2)) for x in (-2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 1.5, 2.0)]
"""Eight examples (x, y) of y = 1.5 tanh(1.2 x), rounded."""
IDENTITY = [(x, x) for x in (-2.0, -1.0, 1.0, 2.0)]
"""Four examples (x, y) of y = x."""


def table(
    rows: Sequence[Sequence[float]],
    names: tuple[str, ...],
    model: Model,
    loss: Loss,
    standardized: bool = False,
) -> Data:
    """Examples as a data set: each row its inputs, then its target."""
    table = np.asarray(rows, dtype=np.float64)
    return Data(table[:, :-1], table[:, -1], names, model, loss, standardized)


# -- where the minimum is --------------------------------------------------------------------------------


def _least_squares(x: Array, y: Array) -> Point:
    """Slope and intercept of the line with the least sum of squares, to the last digit."""
    xs, ys = [list(map(Fraction, values.tolist())) for values in (x, y)]
    return _solved(sum(x * x for x in xs), sum(xs), len(xs), _inner(xs, ys), sum(ys))


def _inner(xs: Sequence[Fraction], ys: Sequence[Fraction]) -> Any:
    return sum(x * y for x, y in zip(xs, ys, strict=True))


def _solved(a: Any, b: Any, c: Any, u: Any, v: Any) -> Point:
    """The (w, b) with a w + b b = u and b w + c b = v."""
    determinant = Fraction(a * c - b * b)
    return float((u * c - v * b) / determinant), float((a * v - b * u) / determinant)


def _least_deviations(x: Array, y: Array) -> Point:
    """A line with the least sum of absolute deviations: one of them goes through two of the points."""
    pairs = [(i, j) for i, j in combinations(range(len(x)), 2) if x[i] != x[j]]
    first, second = np.asarray(pairs).T
    slopes = (y[second] - y[first]) / (x[second] - x[first])
    intercepts = y[first] - slopes * x[first]
    totals = np.abs(slopes[:, None] * x + intercepts[:, None] - y).sum(axis=1)
    best = pairs[int(totals.argmin())]
    return _least_squares(x[list(best)], y[list(best)])


def _least_smooth(x: Array, y: Array) -> Point:
    """The line with the least SmoothL1Loss: errors below 1 count squared, others with their sign alone.

    Newton's method on x with mean 0 and deviation 1, halving steps that do not lower the loss; then exactly,
    for the errors that are below 1 at its end.
    """
    middle, scale = x.mean(), x.std()
    rows = np.stack(((x - middle) / scale, np.ones_like(x)), axis=1)

    def loss(at: Array) -> float:
        error = np.abs(rows @ at - y)
        return float(np.where(error < 1, 0.5 * error**2, error - 0.5).sum())

    w, b = _least_deviations(x, y)
    theta = np.asarray([w * scale, b + w * middle])
    for _ in range(200):
        error = rows @ theta - y
        small = rows[np.abs(error) < 1]
        step = np.linalg.solve(small.T @ small + 1e-9 * np.eye(2), rows.T @ np.clip(error, -1, 1))
        while loss(theta - step) > loss(theta) and np.abs(step).max() > 1e-15:
            step = step / 2
        theta = theta - step
        if np.abs(step).max() <= 1e-12 * np.abs(theta).max():
            break
    error = rows @ theta - y
    approximation = theta[0] / scale, theta[1] - theta[0] * middle / scale
    return _exactly_smooth(x, y, np.abs(error) < 1, np.sign(error)) or approximation


def _exactly_smooth(x: Array, y: Array, small: Any, sign: Any) -> Point | None:
    """Where the slope is 0 if these errors count squared and the others have these signs; None if nowhere."""
    xs, ys = [list(map(Fraction, values[small].tolist())) for values in (x, y)]
    if len(set(xs)) < 2:
        return None
    pulls = [(Fraction(a), int(s)) for a, s in zip(x[~small].tolist(), sign[~small].tolist(), strict=True)]
    u = _inner(xs, ys) - sum(a * s for a, s in pulls)
    v = sum(ys) - sum(s for _, s in pulls)
    return _solved(sum(x * x for x in xs), sum(xs), len(xs), u, v)


_SOLVERS: Mapping[str, Callable[[Array, Array], Point]] = {
    "MSELoss": _least_squares,
    "SmoothL1Loss": _least_smooth,
    "L1Loss": _least_deviations,
}


def _newton(function: Callable[[Tensor], Tensor], start: Point) -> Point:
    """A minimizer next to `start`, to the last digits."""
    theta = torch.tensor(start, dtype=torch.float64)
    for _ in range(50):
        slope = torch.autograd.functional.jacobian(function, theta)
        step = torch.linalg.solve(torch.autograd.functional.hessian(function, theta), slope)
        theta = theta - step
        if step.abs().max() <= 1e-15 * theta.abs().max():
            break
    x, y = theta.tolist()
    return x, y


def _at(data: Data, point: Point) -> float:
    x, y = torch.tensor(point, dtype=torch.float64)
    return float(data.surface(x, y))


# -- rows ------------------------------------------------------------------------------------------------


def _register(
    name: str, build: Callable[..., Surface], params: Mapping[str, Param] | None = None, **words: Any
) -> None:
    """Add a row whose surface is built by `build` from its parameters, once they are what they may be."""
    declared = params or {}
    kept = lru_cache(maxsize=32)(partial(build, name))  # a fit takes longer than a step

    def checked(**values: Any) -> Surface:
        for key, value in values.items():
            try:
                declared[key].kind.check(value)
            except ValueError as error:
                raise ValueError(f"{name}: {key} {error}") from None
        return kept(**values)

    ROWS.append(SurfaceInfo(name=name, group=GROUP, build=checked, params=declared, **words))


def _line(name: str, data: str, points: Any, loss: str, standardize: bool) -> Surface:
    rows = LINES[data] if points is None else points
    fitted = table(rows, ("x", "y"), LINE, LINE_LOSSES[loss], standardize)
    inputs, targets = (part.numpy()[:, 0] for part in fitted.tensors())
    minimizer = _SOLVERS[loss](inputs, targets)
    domain, start = _around(inputs, targets, minimizer, standardize)
    return Surface(
        name=name,
        function=fitted.surface,
        domain=domain,
        minimizers=(minimizer,),
        minimum=_at(fitted, minimizer),
        start=start,
        smooth=loss != "L1Loss",
        data=fitted,
    )


def _around(x: Array, y: Array, minimizer: Point, square: bool) -> tuple[Domain, Point]:
    """A domain about the best line, as wide as the data need, and a start that is not in its valley.

    The middle is that of least squares, so that another loss is seen to move the minimum.
    """
    middle = _least_squares(x, y)
    height = float(y.std()) or abs(float(y[0])) or 1.0
    slope = 1.5 * max(abs(middle[0]), height / float(x.std()))
    halves = [slope, max(1.5 * abs(middle[1]), 1.5 * height, slope * abs(float(x.mean())))]
    halves = [max(halves)] * 2 if square else halves
    beside = (-0.7, -math.copysign(0.7, x.mean()))  # the valley leads from -1, 1 to 1, -1 where x > 0
    sides, start = [], []
    for at, best, half, share in zip(middle, minimizer, halves, beside, strict=True):
        half = max(half, 1.25 * abs(best - at))
        unit = 10.0 ** (math.floor(math.log10(half)) - 1)
        sides.append((_round(math.floor, at - half, unit), _round(math.ceil, at + half, unit)))
        start.append(_round(round, at + share * half, unit))
    return (sides[0], sides[1]), (start[0], start[1])


def _round(how: Callable[[float], int], number: float, unit: float) -> float:
    """A whole number of units, which are a power of ten, as the float with the fewest digits."""
    return float(f"{how(number / unit) * unit:.12g}")


_LINE_FORMULAS = {
    "MSELoss": r"\frac{1}{n} \sum_{i=1}^{n} \left(w x_i + b - y_i\right)^2",
    "SmoothL1Loss": r"\frac{1}{n} \sum_{i=1}^{n} h\!\left(w x_i + b - y_i\right),\quad "
    r"h(e) = \begin{cases} \tfrac{1}{2} e^2 & |e| < 1 \\ |e| - \tfrac{1}{2} & \text{else} \end{cases}",
    "L1Loss": r"\frac{1}{n} \sum_{i=1}^{n} \left|w x_i + b - y_i\right|",
}

_register(
    "Linear fit",
    _line,
    {
        "data": Param(Choice(tuple(LINES)), "y = 2x + 1", "The points that the line is fitted to."),
        "points": Param(Maybe(Points()), None, "Points (x, y) of your own, instead of those of `data`."),
        "loss": Param(
            Choice(tuple(LINE_LOSSES)),
            "MSELoss",
            "How errors count: squared, squared only where they are below 1, or as they are. The less a "
            "large error counts, the less an outlier moves the line.",
        ),
        "standardize": Param(
            Flag(),
            False,
            "Give the model x with mean 0 and standard deviation 1: w and b no longer depend on each other, "
            "and the ellipses become round.",
        ),
    },
    formula=_LINE_FORMULAS["MSELoss"],
    written=lambda given: _LINE_FORMULAS.get(str(given.get("loss", "MSELoss")), _LINE_FORMULAS["MSELoss"]),
    teaches="Inputs that are not centred tie slope and intercept together: a long valley, which "
    "standardizing the inputs turns into a bowl, a round one with MSELoss.",
    source="nn.Linear(1, 1) on y = 2x + 1, as in many first tutorials; Legendre (1805), Nouvelles méthodes "
    "pour la détermination des orbites des comètes.",
    note="With L1Loss several lines may be equally good; then one of them is marked. At its kinks optviz, as "
    "torch, has the subgradient 0.",
)


def _plane(name: str) -> Surface:
    data = table(PLANE, ("x1", "x2", "y"), WEIGHTS, SUM_OF_SQUARES)
    return Surface(
        name=name,
        function=data.surface,
        domain=((-1.0, 2.5), (-2.2, 1.2)),
        minimizers=((0.77, -0.56),),
        minimum=0.0,
        start=(-0.6, 0.8),
        data=data,
    )


_register(
    "Least squares",
    _plane,
    formula=r"\sum_{i=1}^{100} \left(w_1 x_{i1} + w_2 x_{i2} - y_i\right)^2",
    teaches="A sum of squares grows with the number of examples, and so does its gradient: with a hundred of "
    "them plain gradient descent needs a learning rate a hundred times smaller than for their mean.",
    source="Gauss (1809), Theoria motus corporum coelestium; the data are optviz's own.",
)


def _logistic_regression(name: str, data: str) -> Surface:
    fitted = table(CLASSES[data], ("x1", "x2", "class"), WEIGHTS, LOGISTIC)
    runs_away = data == "separable"
    function = Surface(name, fitted.surface, ((0.0, 1.0), (0.0, 1.0)), (), 0.0, (0.0, 0.0))
    minimizers = () if runs_away else (_newton(function, (1.0, -1.0)),)
    return Surface(
        name=name,
        function=fitted.surface,
        domain=((-3.0, 12.0), (-11.0, 4.0)) if runs_away else ((-3.0, 5.0), (-4.0, 4.0)),
        minimizers=minimizers,
        minimum=0.0 if runs_away else _at(fitted, *minimizers),
        start=(-1.5, 2.5),
        data=fitted,
    )


_register(
    "Logistic regression",
    _logistic_regression,
    {
        "data": Param(
            Choice(tuple(CLASSES)),
            "overlapping",
            "Whether a line through the origin separates the two classes, or they overlap.",
        )
    },
    formula=r"-\frac{1}{n} \sum_{i=1}^{n} \left[y_i \log \sigma(z_i) + (1 - y_i) \log\left(1 - "
    r"\sigma(z_i)\right)\right],\quad z_i = w_1 x_{i1} + w_2 x_{i2}",
    teaches="Where a line separates the classes there is no minimum, and the weights grow forever while "
    "their direction settles.",
    source="Cox (1958), The regression analysis of binary sequences; Soudry et al. (2018), The implicit bias "
    "of gradient descent on separable data.",
    note="For separable classes the loss only comes near 0: no minimizer is marked.",
)


def _tanh_unit(name: str) -> Surface:
    data = table(CURVE, ("x", "y"), TANH, SQUARES)
    function = Surface(name, data.surface, ((-3.0, 3.0), (-3.0, 3.0)), (), 0.0, (0.0, 0.0))
    w1, w2 = _newton(function, (1.2, 1.5))
    return Surface(
        name=name,
        function=data.surface,
        domain=function.domain,
        minimizers=((w1, w2), (-w1, -w2)),
        minimum=_at(data, (w1, w2)),
        start=(1.3, -0.9),
        data=data,
    )


_register(
    "Tanh unit",
    _tanh_unit,
    formula=r"\frac{1}{n} \sum_{i=1}^{n} \left(w_2 \tanh(w_1 x_i) - y_i\right)^2",
    teaches="A network of two weights already has two equal minima, because both weights may change their "
    "sign, with a saddle between them at the origin.",
    source="Sussmann (1992), Uniqueness of the weights for minimal feedforward nets with a given "
    "input-output map.",
)


def _linear_net(name: str) -> Surface:
    data = table(IDENTITY, ("x", "y"), LINEAR_NET, SQUARES)
    return Surface(
        name=name,
        function=data.surface,
        domain=((-3.0, 3.0), (-3.0, 3.0)),
        minimizers=((1.0, 1.0), (-1.0, -1.0)),
        minimum=0.0,
        start=(2.2, -1.6),
        data=data,
    )


_register(
    "Two-layer linear",
    _linear_net,
    formula=r"\frac{1}{n} \sum_{i=1}^{n} \left(w_2 w_1 x_i - y_i\right)^2",
    teaches="Even without a nonlinearity two layers make a saddle at the origin, and minima that are steeper "
    "the less equal the two weights are.",
    source="Saxe, McClelland & Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in deep "
    "linear neural networks.",
    note="Every point with w1 w2 = 1 is a minimizer; the two with equal weights, which are the flattest, are "
    "marked.",
)
