"""The test functions of the literature, each a function and a row.

A function takes x and y of any shape, device and dtype and is written with torch operations alone, so that
autograd differentiates it. Three rules keep one point and a million bit for bit alike and free of overflow:

- Integer powers above 3 are products (`power`), other powers are exp of log: `**4` and up, `**-2`,
  `sigmoid`, `softplus`, `logaddexp` and `hypot` round differently for one number and for many; sin, cos,
  exp, log, log1p, tanh and roots do not.
- It is finite in float32 over its whole domain.
- Where the function is finite but its formula has no derivative (the root of a sum of squares at 0), the
  double-`where` idiom of `sqrt` gives the subgradient 0 instead of autograd's NaN, and the row's `note` says
  so.

`optviz.programs` shows the source of a function as it stands here: so its lines have at most 100 characters,
and it uses nothing but torch, math and functions of this module and of `optviz.surfaces.operations`.

The formula shown is the literature's. The code may be an identity of it that loses no digits: 1 - cos instead
of cos and a constant, or the squared sine of a shifted angle, so that the value at a minimizer is exact.
Minimizers without a closed form were computed with 40 digits and are the nearest float64 numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from optviz.spec.params import Float, Int, Param
from optviz.surfaces.deferred import torch
from optviz.surfaces.operations import power, softplus, sqrt
from optviz.surfaces.problem import Domain, Point, Surface, SurfaceInfo

if TYPE_CHECKING:
    from torch import Tensor

Function: TypeAlias = "Callable[..., Tensor]"
ROWS: list[SurfaceInfo] = []

_SURVEY = "Jamil & Yang (2013), A literature survey of benchmark functions for global optimisation problems."


def classic(
    name: str,
    *,
    group: str,
    domain: Domain,
    start: Point,
    formula: str,
    teaches: str,
    source: str,
    minimizers: Sequence[Point] | Callable[..., Sequence[Point]] = (),
    minimum: float | Callable[..., float] = 0.0,
    smooth: bool = True,
    total: bool = True,
    params: Mapping[str, Param] | None = None,
    note: str = "",
) -> Callable[[Function], Function]:
    """A decorator that adds `function(x, y, **params)`, written element by element in torch, as a surface.

    Where `minimizers` and `minimum` move with the parameters they are functions of them. They hold in the
    declared ranges only, so building the surface refuses a parameter that is out of range. All other
    arguments are those of `Surface` and `SurfaceInfo`.
    """
    declared = params or {}

    def register(function: Function) -> Function:
        def build(**values: float) -> Surface:
            for key, value in values.items():
                try:
                    declared[key].kind.check(value)
                except ValueError as error:
                    raise ValueError(f"{name}: {key} {error}") from None
            return Surface(
                name=name,
                function=lambda x, y: function(x, y, **values),
                domain=domain,
                minimizers=tuple(minimizers(**values) if callable(minimizers) else minimizers),
                minimum=minimum(**values) if callable(minimum) else minimum,
                start=start,
                smooth=smooth,
                total=total,
            )

        ROWS.append(
            SurfaceInfo(
                name, group, formula, teaches, source, build, params=declared, note=note, function=function
            )
        )
        return function

    return register


def _mirrored(x: float, y: float) -> Sequence[Point]:
    """The point and its mirror images in both axes."""
    return [(x, y), (x, -y), (-x, y), (-x, -y)]


@classic(
    "Quadratic bowl",
    group="Bowls",
    domain=((-20.0, 20.0), (-20.0, 20.0)),
    start=(15.0, 8.0),
    formula=r"u^2 + \kappa\,v^2,\quad u = x\cos\theta + y\sin\theta,\quad v = y\cos\theta - x\sin\theta",
    teaches="The steepest direction alone limits the learning rate of plain gradient descent, so the more a "
    "bowl is stretched the slower it crawls along the flat one.",
    source="Shewchuk (1994), An introduction to the conjugate gradient method without the agonizing pain.",
    minimizers=[(0.0, 0.0)],
    params={
        "kappa": Param(
            Float(1.0, 1000.0, log=True), 10.0, "The condition number: how much steeper v is than u."
        ),
        "angle": Param(
            Float(-90.0, 90.0),
            0.0,
            "θ in degrees: how far the bowl is turned anticlockwise; at 0, u = x and v = y.",
        ),
    },
)
def quadratic_bowl(x: Tensor, y: Tensor, kappa: float, angle: float) -> Tensor:
    if angle:  # at 0 the x of a path must be that of x² to the bit, so nothing may be rounded
        cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        x, y = cos * x + sin * y, cos * y - sin * x
    return x**2 + kappa * y**2


@classic(
    "Booth",
    group="Bowls",
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(-8.0, 0.0),
    formula=r"(x + 2y - 7)^2 + (2x + y - 5)^2",
    teaches="A bowl stretched along a diagonal couples x and y, and a step size of its own for each "
    "coordinate cannot undo that.",
    source=_SURVEY,
    minimizers=[(1.0, 3.0)],
)
def booth(x: Tensor, y: Tensor) -> Tensor:
    return (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2


@classic(
    "Matyas",
    group="Bowls",
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(9.0, 3.0),
    formula=r"0.26\,(x^2 + y^2) - 0.48\,xy",
    teaches="A bowl that is nearly flat along its diagonal: plain gradient descent enters it at once and "
    "finishes slowly, and a little momentum shortens the second part.",
    source=_SURVEY,
    minimizers=[(0.0, 0.0)],
)
def matyas(x: Tensor, y: Tensor) -> Tensor:
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


@classic(
    "Zakharov",
    group="Bowls",
    domain=((-5.0, 10.0), (-5.0, 10.0)),
    start=(-4.0, 8.0),
    formula=r"x^2 + y^2 + s^2 + s^4,\quad s = \tfrac{1}{2}x + y",
    teaches="Where the loss grows with the fourth power, plain gradient descent at a learning rate that is "
    "right near the minimum blows up far away from it.",
    source=_SURVEY,
    minimizers=[(0.0, 0.0)],
)
def zakharov(x: Tensor, y: Tensor) -> Tensor:
    s = 0.5 * x + y
    return x**2 + y**2 + s**2 + power(s, 4)


@classic(
    "Rosenbrock",
    group="Valleys",
    domain=((-2.0, 2.0), (-1.0, 3.0)),
    start=(-1.2, 1.0),
    formula=r"(a - x)^2 + b\,(y - x^2)^2",
    teaches="Finding a curved valley is easy, following its flat floor is hard: a learning rate of plain "
    "gradient descent that suits the steep walls makes tiny steps along the floor.",
    source="Rosenbrock (1960), An automatic method for finding the greatest or least value of a function.",
    minimizers=lambda a, b: [(a, a * a)],
    params={
        "a": Param(Float(-1.4, 1.4), 1.0, "Where the minimum lies: at (a, a²)."),
        "b": Param(Float(1.0, 1000.0, log=True), 100.0, "How steep the valley's walls are."),
    },
)
def rosenbrock(x: Tensor, y: Tensor, a: float, b: float) -> Tensor:
    return (a - x) ** 2 + b * (y - x**2) ** 2


@classic(
    "Beale",
    group="Valleys",
    domain=((-4.5, 4.5), (-4.5, 4.5)),
    start=(-2.0, -1.5),
    formula=r"(1.5 - x + xy)^2 + (2.25 - x + xy^2)^2 + (2.625 - x + xy^3)^2",
    teaches="Between cliffs at the corners lies a flat cross of valleys, so one learning rate is too large "
    "here and too small there.",
    source="Beale (1958), On an iterative method for finding a local minimum of a function of more than one "
    "variable.",
    minimizers=[(3.0, 0.5)],
)
def beale(x: Tensor, y: Tensor) -> Tensor:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


@classic(
    "Dixon-Price",
    group="Valleys",
    domain=((-4.0, 6.0), (-3.0, 3.0)),
    start=(5.0, 0.3),
    formula=r"(x - 1)^2 + 2\,(2y^2 - x)^2",
    teaches="A parabolic valley with two equal minima: small steps of plain gradient descent stay on their "
    "side of the ridge between them, while large steps and momentum may cross it.",
    source="Dixon & Price (1989), Truncated Newton method for sparse unconstrained optimization using "
    "automatic differentiation.",
    minimizers=[(1.0, math.sqrt(0.5)), (1.0, -math.sqrt(0.5))],
    note="Often listed with one minimizer, the one with y > 0; its mirror image is as low.",
)
def dixon_price(x: Tensor, y: Tensor) -> Tensor:
    return (x - 1) ** 2 + 2 * (2 * y**2 - x) ** 2


@classic(
    "Absolute value",
    group="Valleys",
    domain=((-4.0, 4.0), (-4.0, 4.0)),
    start=(-3.1, 2.3),
    formula=r"|x| + \kappa\,|y|",
    teaches="At a kink the gradient does not shrink, so plain gradient descent zigzags across the valley at "
    "a constant learning rate and settles if the rate decays.",
    source="After Shor (1985), Minimization methods for non-differentiable functions.",
    minimizers=[(0.0, 0.0)],
    smooth=False,
    params={
        "kappa": Param(
            Float(1.0, 100.0, log=True), 5.0, "How much steeper the valley's walls are than its floor."
        )
    },
    note="Not differentiable on the axes, its minimizer among them; there optviz uses the subgradient 0.",
)
def absolute_value(x: Tensor, y: Tensor, kappa: float) -> Tensor:
    return x.abs() + kappa * y.abs()


@classic(
    "Himmelblau",
    group="Several minima",
    domain=((-6.0, 6.0), (-6.0, 6.0)),
    start=(-0.5, -1.0),
    formula=r"(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
    teaches="Four equally deep minima: which one a run finds depends on its start, its learning rate and its "
    "momentum.",
    source="Himmelblau (1972), Applied nonlinear programming.",
    minimizers=[
        (3.0, 2.0),
        (-2.805118086952745, 3.131312518250573),
        (-3.779310253377747, -3.2831859912861696),
        (3.5844283403304917, -1.8481265269644036),
    ],
)
def himmelblau(x: Tensor, y: Tensor) -> Tensor:
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


@classic(
    "McCormick",
    group="Several minima",
    domain=((-1.5, 4.0), (-3.0, 4.0)),
    start=(3.5, 3.5),
    formula=r"\sin(x + y) + (x - y)^2 - 1.5x + 2.5y + 1",
    teaches="A tilted, rippled trough has a shallow minimum on the way to the deep one: plain gradient "
    "descent stops in it, and momentum that carries a run past it may carry it past the deep one too.",
    source=_SURVEY,
    # The gradient vanishes where cos(x + y) = -1/2 and x - y = 1.
    minimizers=[(0.5 - math.pi / 3, -0.5 - math.pi / 3)],
    minimum=-math.sqrt(0.75) - math.pi / 3,
    note="Outside the domain the trough goes on downhill forever.",
)
def mccormick(x: Tensor, y: Tensor) -> Tensor:
    return torch.sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1


@classic(
    "Goldstein-Price",
    group="Several minima",
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(-1.5, 0.5),
    formula=r"\left[1 + (x + y + 1)^2 (19 - 14x + 3x^2 - 14y + 6xy + 3y^2)\right]"
    r"\left[30 + (2x - 3y)^2 (18 - 32x + 12x^2 + 48y - 36xy + 27y^2)\right]",
    teaches="The loss spans more than five orders of magnitude: a learning rate at which plain gradient "
    "descent survives far out is tiny near the minimum.",
    source="Goldstein & Price (1971), On descent from local minima.",
    minimizers=[(0.0, -1.0)],
    minimum=3.0,
)
def goldstein_price(x: Tensor, y: Tensor) -> Tensor:
    left = (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    right = (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    return (1 + left) * (30 + right)


def _branin_minimizers(a: float, b: float, c: float, r: float, s: float, t: float) -> Sequence[Point]:
    # The square vanishes on a parabola, and cos x = -1 is met on it three times inside the domain.
    return [(x, b * x * x - c * x + r) for x in (-math.pi, math.pi, 3 * math.pi)]


@classic(
    "Branin",
    group="Several minima",
    domain=((-5.0, 10.0), (0.0, 15.0)),
    start=(-3.0, 2.0),
    formula=r"a\,(y - b x^2 + c x - r)^2 + s\,(1 - t)\cos x + s",
    teaches="Three equal minima lie along one curved valley: small steps settle in the one whose basin they "
    "start in, while momentum may carry a run on to another.",
    source="Branin (1972), Widely convergent method for finding multiple solutions of simultaneous nonlinear "
    "equations.",
    minimizers=_branin_minimizers,
    minimum=lambda a, b, c, r, s, t: s * t,
    params={
        "a": Param(Float(0.1, 10.0, log=True), 1.0, "How steep the valley's walls are."),
        "b": Param(Float(0.12, 0.14), 5.1 / (4 * math.pi**2), "How strongly the valley is curved."),
        "c": Param(Float(1.5, 1.65), 5 / math.pi, "How strongly the valley is slanted."),
        "r": Param(Float(5.5, 8.0), 6.0, "How far up the valley lies."),
        "s": Param(Float(1.0, 100.0, log=True), 10.0, "How high the waves along x are."),
        "t": Param(Float(0.01, 0.9), 1 / (8 * math.pi), "The fraction of s that the minima lie above zero."),
    },
)
def branin(x: Tensor, y: Tensor, a: float, b: float, c: float, r: float, s: float, t: float) -> Tensor:
    return a * (y - b * x**2 + c * x - r) ** 2 + s * (1 - t) * torch.cos(x) + s


@classic(
    "Six-hump camel",
    group="Several minima",
    domain=((-2.0, 2.0), (-1.2, 1.2)),
    start=(-1.8, 0.2),
    formula=r"\left(4 - 2.1x^2 + \tfrac{1}{3}x^4\right)x^2 + xy + (4y^2 - 4)\,y^2",
    teaches="Six minima of three depths in pairs: small steps of plain gradient descent from the left or "
    "right side stop in one that is not the deepest.",
    source="Dixon & Szegö (1978), The global optimization problem: an introduction.",
    minimizers=[(0.08984201310031806, -0.7126564030207396), (-0.08984201310031806, 0.7126564030207396)],
    minimum=-1.0316284534898774,
)
def six_hump_camel(x: Tensor, y: Tensor) -> Tensor:
    return (4 - 2.1 * x**2 + power(x, 4) / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2


@classic(
    "Three-hump camel",
    group="Several minima",
    domain=((-2.5, 2.5), (-2.5, 2.5)),
    start=(-2.1, 2.0),
    formula=r"2x^2 - 1.05x^4 + \tfrac{1}{6}x^6 + xy + y^2",
    teaches="Two shallow minima guard the deep one between them: small steps of plain gradient descent from "
    "beyond a guard stop in it.",
    source=_SURVEY,
    minimizers=[(0.0, 0.0)],
)
def three_hump_camel(x: Tensor, y: Tensor) -> Tensor:
    return 2 * x**2 - 1.05 * power(x, 4) + power(x, 6) / 6 + x * y + y**2


@classic(
    "Styblinski-Tang",
    group="Several minima",
    domain=((-5.0, 5.0), (-5.0, 5.0)),
    start=(0.5, 4.5),
    formula=r"\tfrac{1}{2}\left(x^4 - 16x^2 + 5x + y^4 - 16y^2 + 5y\right)",
    teaches="Each coordinate chooses between two wells on its own, and only one of the four combinations is "
    "the deepest.",
    source="Styblinski & Tang (1990), Experiments in nonconvex optimization: stochastic approximation with "
    "function smoothing and simulated annealing.",
    minimizers=[(-2.903534027771177, -2.903534027771177)],
    minimum=-78.33233140754282,
)
def styblinski_tang(x: Tensor, y: Tensor) -> Tensor:
    return 0.5 * ((power(x, 4) - 16 * x**2 + 5 * x) + (power(y, 4) - 16 * y**2 + 5 * y))


@classic(
    "Ackley",
    group="Many minima",
    domain=((-5.0, 5.0), (-5.0, 5.0)),
    start=(-3.6, 2.4),
    formula=r"-a\,e^{-b\sqrt{(x^2 + y^2)/2}} - e^{(\cos cx + \cos cy)/2} + a + e",
    teaches="A funnel covered with dimples: small steps of plain gradient descent stop in a dimple nearby, "
    "larger ones follow the funnel, and too large ones leave it.",
    source="Ackley (1987), A connectionist machine for genetic hillclimbing.",
    minimizers=[(0.0, 0.0)],
    smooth=False,
    params={
        "a": Param(Float(1.0, 100.0, log=True), 20.0, "How deep the funnel is."),
        "b": Param(Float(0.01, 1.0, log=True), 0.2, "How quickly the funnel narrows."),
        "c": Param(Float(0.0, 4 * math.pi), 2 * math.pi, "How close together the dimples are."),
    },
    note="Not differentiable at its minimizer, the tip of a cone; there optviz uses the subgradient 0.",
)
def ackley(x: Tensor, y: Tensor, a: float, b: float, c: float) -> Tensor:
    funnel = torch.exp(-b * sqrt((x**2 + y**2) / 2))
    dimples = torch.exp((torch.cos(c * x) + torch.cos(c * y)) / 2)
    return a * (1 - funnel) + (math.e - dimples)


@classic(
    "Rastrigin",
    group="Many minima",
    domain=((-5.12, 5.12), (-5.12, 5.12)),
    start=(-3.3, 2.7),
    formula=r"2A + (x^2 - A\cos 2\pi x) + (y^2 - A\cos 2\pi y)",
    teaches="A wave on a bowl makes a minimum near every point of whole numbers, and small steps of plain "
    "gradient descent keep the one whose basin they start in.",
    source="Rastrigin (1974), Systems of extremal control.",
    minimizers=[(0.0, 0.0)],
    params={"A": Param(Float(0.0, 50.0), 10.0, "How high the waves are.")},
)
def rastrigin(x: Tensor, y: Tensor, A: float) -> Tensor:
    return x**2 + y**2 + A * ((1 - torch.cos(2 * math.pi * x)) + (1 - torch.cos(2 * math.pi * y)))


@classic(
    "Griewank",
    group="Many minima",
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(8.0, -7.0),
    formula=r"1 + \frac{x^2 + y^2}{4000} - \cos x\,\cos\frac{y}{\sqrt{2}}",
    teaches="Close up the waves hide the bowl under them almost entirely: neighbouring minima differ by so "
    "little that no gradient tells which is better.",
    source="Griewank (1981), Generalized descent for global optimization.",
    minimizers=[(0.0, 0.0)],
)
def griewank(x: Tensor, y: Tensor) -> Tensor:
    return (x**2 + y**2) / 4000 + (1 - torch.cos(x) * torch.cos(y / math.sqrt(2)))


@classic(
    "Levy",
    group="Many minima",
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(-8.0, 6.0),
    formula=r"\sin^2 \pi u + (u - 1)^2\left[1 + 10\sin^2(\pi u + 1)\right]"
    r" + (v - 1)^2\left[1 + \sin^2 2\pi v\right],"
    r"\quad u = 1 + \tfrac{1}{4}(x - 1),\quad v = 1 + \tfrac{1}{4}(y - 1)",
    teaches="Ridges cross the way to the minimum in both coordinates, and far out those that are crossed in "
    "x are several times as high as those in y.",
    source="Levy & Montalvo (1985), The tunneling algorithm for the global minimization of functions.",
    minimizers=[(1.0, 1.0)],
)
def levy(x: Tensor, y: Tensor) -> Tensor:
    # u - 1 and v - 1 of the formula: the squared sines have the period π.
    u, v = (x - 1) / 4, (y - 1) / 4
    waves = torch.sin(math.pi * u) ** 2 + 10 * u**2 * torch.sin(math.pi * u + 1) ** 2
    return waves + u**2 + v**2 * (1 + torch.sin(2 * math.pi * v) ** 2)


@classic(
    "Levy N.13",
    group="Many minima",
    domain=((-3.0, 5.0), (-3.0, 5.0)),
    start=(-2.2, 4.1),
    formula=r"\sin^2 3\pi x + (x - 1)^2\left[1 + \sin^2 3\pi y\right]"
    r" + (y - 1)^2\left[1 + \sin^2 2\pi y\right]",
    teaches="The ripples along y grow with the distance from the minimum, while those along x do not shrink "
    "towards it and trap small steps even close by.",
    source="Levy & Montalvo (1985), The tunneling algorithm for the global minimization of functions.",
    minimizers=[(1.0, 1.0)],
)
def levy_n13(x: Tensor, y: Tensor) -> Tensor:
    u, v = x - 1, y - 1  # the squared sines have whole periods
    waves = torch.sin(3 * math.pi * u) ** 2 + u**2 * (1 + torch.sin(3 * math.pi * v) ** 2)
    return waves + v**2 * (1 + torch.sin(2 * math.pi * v) ** 2)


@classic(
    "Schwefel",
    group="Many minima",
    domain=((-500.0, 500.0), (-500.0, 500.0)),
    start=(-100.0, 250.0),
    formula=r"2 \cdot 418.9829 - x\sin\sqrt{|x|} - y\sin\sqrt{|y|}",
    teaches="The deepest minimum lies near a corner and the next best far away from it, so the way down from "
    "the middle seldom leads there.",
    source="Schwefel (1981), Numerical optimization of computer models.",
    minimizers=[(420.96874635998205, 420.96874635998205)],
    minimum=2.5455132587450428e-05,
    note="Its minimum is not quite 0, because the formula's constant is rounded. The formula has no "
    "derivative on the axes, the function has; there optviz uses its true value, a zero for that coordinate. "
    "Outside the domain it goes down further.",
)
def schwefel(x: Tensor, y: Tensor) -> Tensor:
    return (418.9829 - x * torch.sin(sqrt(x.abs()))) + (418.9829 - y * torch.sin(sqrt(y.abs())))


@classic(
    "Eggholder",
    group="Many minima",
    domain=((-512.0, 512.0), (-512.0, 512.0)),
    start=(300.0, 100.0),
    formula=r"-(y + 47)\sin\sqrt{\left|\tfrac{1}{2}x + y + 47\right|} - x\sin\sqrt{|x - (y + 47)|}",
    teaches="About two hundred minima lie in curved troughs, and the best point is where the domain ends: a "
    "run towards it goes on past the edge.",
    source="Whitley, Rana, Dzubera & Mathias (1996), Evaluating evolutionary algorithms.",
    minimizers=[(512.0, 404.2318051137578)],
    minimum=-959.6406627208509,
    smooth=False,
    note="Its minimizer lies on the edge of the domain, where the gradient is not zero: beyond the edge it "
    "goes down further. Not differentiable where a root's argument is 0; there optviz uses the subgradient "
    "0.",
)
def eggholder(x: Tensor, y: Tensor) -> Tensor:
    shifted = y + 47
    troughs = shifted * torch.sin(sqrt((x / 2 + shifted).abs()))
    return -troughs - x * torch.sin(sqrt((x - shifted).abs()))


@classic(
    "Holder table",
    total=False,  # its exponential overflows far out
    group="Many minima",
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(5.2, 4.3),
    formula=r"-\left|\sin x\,\cos y\,\exp\left|1 - \frac{\sqrt{x^2 + y^2}}{\pi}\right|\right|",
    teaches="A table with its four deepest holes at the legs: small steps from the middle end in the shallow "
    "holes nearby.",
    source="Mishra (2006), Some new test functions for global optimization and performance of repulsive "
    "particle swarm method.",
    minimizers=_mirrored(8.055023475736563, 9.664590019241272),
    minimum=-19.208502567886732,
    note="Not differentiable at the origin and on the lines between its cells; there optviz uses the "
    "subgradient 0. Outside the domain it falls exponentially and overflows, in float32 beyond a distance of "
    "about 280 from the origin, in float64 of about 2,200.",
)
def holder_table(x: Tensor, y: Tensor) -> Tensor:
    r = sqrt(x**2 + y**2)
    return -(torch.sin(x) * torch.cos(y) * torch.exp((1 - r / math.pi).abs())).abs()


@classic(
    "Cross-in-tray",
    total=False,  # its exponential overflows far out
    group="Many minima",
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(4.9, 2.3),
    formula=r"-0.0001\left(\left|\sin x\,\sin y\,\exp\left|100 - \frac{\sqrt{x^2 + y^2}}{\pi}\right|\right|"
    r" + 1\right)^{0.1}",
    teaches="Flat cells between razor-sharp walls: the gradient is small nearly everywhere and enormous at "
    "the walls.",
    source="Mishra (2006), Some new test functions for global optimization and performance of repulsive "
    "particle swarm method.",
    minimizers=_mirrored(1.3494066171539107, 1.3494066171539107),
    minimum=-2.062611870822737,
    note="Not differentiable on the walls, the axes among them; there optviz uses the subgradient 0. The "
    "exponential is factored out of the bracket, because as written it overflows in float32. Far outside the "
    "domain it falls exponentially and overflows, in float32 beyond a distance of about 3,000 from the "
    "origin, in float64 of about 22,000.",
)
def cross_in_tray(x: Tensor, y: Tensor) -> Tensor:
    exponent = (100 - sqrt(x**2 + y**2) / math.pi).abs()
    cells = (torch.sin(x) * torch.sin(y)).abs()
    inside = cells > 0  # on a wall the bracket is 1 and its derivative has no limit
    bracket = torch.where(inside, cells, 1.0) + torch.exp(-exponent)  # over exp(exponent)
    return -0.0001 * torch.where(inside, torch.exp(0.1 * (exponent + torch.log(bracket))), 1.0)


@classic(
    "Drop-wave",
    group="Many minima",
    domain=((-5.12, 5.12), (-5.12, 5.12)),
    start=(2.9, 1.7),
    formula=r"-\frac{1 + \cos\left(12\sqrt{x^2 + y^2}\right)}{\frac{1}{2}(x^2 + y^2) + 2}",
    teaches="Circular waves around the minimum: every ring trough is a trap along a whole circle, and the "
    "gradient never points along it.",
    source="Molga & Smutnicki (2005), Test functions for optimization needs.",
    minimizers=[(0.0, 0.0)],
    minimum=-1.0,
    note="The formula's root has no derivative at the minimizer, the function has; there optviz uses its "
    "true value, 0.",
)
def drop_wave(x: Tensor, y: Tensor) -> Tensor:
    square = x**2 + y**2
    return -(1 + torch.cos(12 * sqrt(square))) / (0.5 * square + 2)


@classic(
    "Bohachevsky",
    group="Many minima",
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(-1.7, 1.4),
    formula=r"x^2 + 2y^2 - 0.3\cos 3\pi x - 0.4\cos 4\pi y + 0.7",
    teaches="A bowl with ripples: small steps of plain gradient descent stop in one, and steps that are "
    "large enough to cross the ripples are too large to settle at the bottom.",
    source="Bohachevsky, Johnson & Stein (1986), Generalized simulated annealing for function optimization.",
    minimizers=[(0.0, 0.0)],
)
def bohachevsky(x: Tensor, y: Tensor) -> Tensor:
    ripples = 0.3 * (1 - torch.cos(3 * math.pi * x)) + 0.4 * (1 - torch.cos(4 * math.pi * y))
    return x**2 + 2 * y**2 + ripples


@classic(
    "Saddle",
    group="Saddles",
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(1.5, 0.001),
    formula=r"x^2 - y^2",
    teaches="On the ridge of a saddle the gradient leads to a point that is no minimum, and the time to get "
    "away depends on how far off the ridge a run is.",
    source="Dauphin et al. (2014), Identifying and attacking the saddle point problem in high-dimensional "
    "non-convex optimization.",
    minimum=-math.inf,
    note="It has no minimum: it goes down forever along y.",
)
def saddle(x: Tensor, y: Tensor) -> Tensor:
    return x**2 - y**2


@classic(
    "Monkey saddle",
    group="Saddles",
    domain=((-2.0, 2.0), (-2.0, 2.0)),
    start=(1.5, 0.001),
    formula=r"x^3 - 3xy^2",
    teaches="At a degenerate saddle the curvature is zero too: from ten times as near its ridge plain "
    "gradient descent takes about twice as long to get away, not just a fixed number of steps more.",
    source="Hilbert & Cohn-Vossen (1952), Geometry and the imagination.",
    minimum=-math.inf,
    note="It has no minimum: it goes down forever in three directions, two for the legs and one for the "
    "tail.",
)
def monkey_saddle(x: Tensor, y: Tensor) -> Tensor:
    return x**3 - 3 * x * y**2


@classic(
    "Bukin N.6",
    group="Hard cases",
    domain=((-15.0, -5.0), (-3.0, 3.0)),
    start=(-13.0, -1.0),
    formula=r"100\sqrt{\left|y - 0.01x^2\right|} + 0.01\,|x + 10|",
    teaches="In a knife-edge valley the gradient grows without bound towards the floor, so plain gradient "
    "descent bounces from wall to wall and does not settle at a constant learning rate.",
    source="Bukin (1997), New minimization strategy for non-smooth functions.",
    minimizers=[(-10.0, 1.0)],
    smooth=False,
    note="Not differentiable along its whole valley, its minimizer included; there optviz uses the "
    "subgradient 0.",
)
def bukin_n6(x: Tensor, y: Tensor) -> Tensor:
    return 100 * sqrt((y - 0.01 * x**2).abs()) + 0.01 * (x + 10).abs()


@classic(
    "Easom",
    group="Hard cases",
    domain=((-4.0, 10.0), (-4.0, 10.0)),
    start=(1.65, 1.6),
    formula=r"-\cos x\,\cos y\,\exp\left(-(x - \pi)^2 - (y - \pi)^2\right)",
    teaches="A single hole in a flat field: a little way off the gradient is too small for plain gradient "
    "descent at a rate that suits the hole, and farther off even for Adam.",
    source="Easom (1990), A survey of global optimization techniques.",
    minimizers=[(math.pi, math.pi)],
    minimum=-1.0,
    note="Far from the hole the exponential, and the gradient with it, underflows to 0.",
)
def easom(x: Tensor, y: Tensor) -> Tensor:
    return -torch.cos(x) * torch.cos(y) * torch.exp(-((x - math.pi) ** 2 + (y - math.pi) ** 2))


def _michalewicz_minimizer(m: int) -> Point:
    # y = π/2 makes both its sines 1. The x part, sin x · sin(x²/π)^2m, is log-concave, so that it has one
    # maximum: bisect its derivative.
    low, high = math.pi / 2, math.pi / math.sqrt(2)
    while low < (x := (low + high) / 2) < high:
        u = x * x / math.pi
        rising = math.cos(x) * math.sin(u) + 4 * m * x / math.pi * math.sin(x) * math.cos(u) > 0
        low, high = (x, high) if rising else (low, x)
    return low, math.pi / 2


def _michalewicz_minimum(m: int) -> float:
    x, _ = _michalewicz_minimizer(m)
    return -math.sin(x) * math.sin(x * x / math.pi) ** (2 * m) - 1


@classic(
    "Michalewicz",
    group="Hard cases",
    domain=((0.0, math.pi), (0.0, math.pi)),
    start=(1.3, 1.1),
    formula=r"-\sin x\,\sin^{2m}\frac{x^2}{\pi} - \sin y\,\sin^{2m}\frac{2y^2}{\pi}",
    teaches="Narrow channels cross an almost flat plain: a run first has to find a channel and then the "
    "place where two of them meet.",
    source="Michalewicz (1992), Genetic algorithms + data structures = evolution programs.",
    minimizers=lambda m: [_michalewicz_minimizer(m)],
    minimum=_michalewicz_minimum,
    params={"m": Param(Int(1, 20), 10, "How narrow the channels are: a larger m is harder.")},
)
def michalewicz(x: Tensor, y: Tensor, m: int) -> Tensor:
    along_x = torch.sin(x) * power(torch.sin(x**2 / math.pi), 2 * m)
    return -along_x - torch.sin(y) * power(torch.sin(2 * y**2 / math.pi), 2 * m)


@classic(
    "Cliff",
    group="Hard cases",
    domain=((-4.0, 4.0), (-4.0, 4.0)),
    start=(3.0, 2.0),
    formula=r"\tfrac{1}{2}\left(\sqrt{1 + x^2 + y^2} - 1\right)"
    r" + 2h\left[\ell(x - 1) - \ell\left(x - \tfrac{3}{2}\right)\right],"
    r"\quad \ell(t) = \tfrac{1}{1000}\ln\left(1 + e^{1000t}\right)",
    teaches="A gentle slope ends at a cliff, by default a thousand times as steep: at a rate that suits the "
    "slope one step there throws plain gradient descent far away, while a clipped one climbs down and walks "
    "on to the minimum.",
    source="optviz's own, after Pascanu, Mikolov & Bengio (2013), On the difficulty of training recurrent "
    "neural networks.",
    # At the origin the cliff's slope is 2h e^-1000, which is 0 in float64.
    minimizers=[(0.0, 0.0)],
    params={
        "height": Param(Float(1.0, 1000.0, log=True), 300.0, "h: how far the cliff drops; its slope is 2h.")
    },
)
def cliff(x: Tensor, y: Tensor, height: float) -> Tensor:
    slope = ((1 + x**2 + y**2) ** 0.5 - 1) / 2
    return slope + height * (softplus(1000 * (x - 1)) - softplus(1000 * (x - 1.5))) / 500


@classic(
    "Plateau",
    group="Hard cases",
    domain=((-10.0, 10.0), (-10.0, 10.0)),
    start=(-8.0, 6.0),
    formula=r"1 - \frac{1}{\left(1 + x^2 + y^2\right)^2}",
    teaches="Out on the plateau the gradient is thousands of times smaller than in the well: at a rate that "
    "suits the well plain gradient descent stands nearly still where Adam, which rescales it, walks in.",
    source="optviz's own: a well whose gradient falls off with the fifth power of the distance.",
    minimizers=[(0.0, 0.0)],
)
def plateau(x: Tensor, y: Tensor) -> Tensor:
    return 1 - ((1 + x**2 + y**2) ** -1) ** 2
