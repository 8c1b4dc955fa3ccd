"""The surface that a user types: `SurfaceSpec("Formula", {"expression": "x**2 + a*y**2", "a": 3.0})`.

`optviz.expressions.parser` reads and checks the text, `lowering` makes it a torch function and the source of
one, and `search` looks for its minimizers. Nothing that is typed is run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from optviz.expressions.latex import THIN, latex
from optviz.expressions.parser import LONGEST, Expression, parse
from optviz.spec.params import Float, Param, Text, Tuple
from optviz.surfaces.deferred import torch
from optviz.surfaces.problem import Code, Domain, Point, Surface, SurfaceInfo

if TYPE_CHECKING:
    from torch import Tensor

    from optviz.surfaces.formula.lowering import Lowered

NAME = "Formula"
DEFAULT = "x**2 + y**2 + a*sin(3*x)*sin(3*y)"
_NARROWEST = 1e-6
_PARAMETER = Float(-1e6, 1e6)
_FARTHEST = 2e9
_RANGE = Tuple((Float(-_FARTHEST, _FARTHEST), Float(-_FARTHEST, _FARTHEST)), names=("from", "to"))

_PARAMS: Mapping[str, Param] = {
    "expression": Param(
        Text(LONGEST),
        DEFAULT,
        "The loss in x and y, as people write it: x**2, x^2 or x², 2x, 3(x + 1), √(x), |x|, π, np.sin(x). "
        "There are pi, e, sin, cos, tan, asin, acos, atan, atan2, sinh, cosh, tanh, exp, log (natural, also "
        "ln), log10, log2, sqrt, abs, sign, min, max, sigmoid, relu, softplus and where(x < 0, a, b). A "
        "product without its sign binds as tightly as any other; -x^2 is -(x^2), and 2^3^x is "
        "2^(3^x). Any other name becomes a parameter.",
        label="Formula",
    ),
    "x_range": Param(_RANGE, (-2.0, 2.0), "The lowest and highest x that are drawn and searched.", "x"),
    "y_range": Param(_RANGE, (-2.0, 2.0), "The lowest and highest y that are drawn and searched.", "y"),
}


def _expression(given: Mapping[str, object]) -> Expression:
    try:
        text = _PARAMS["expression"].kind.coerce(given.get("expression", DEFAULT))
    except ValueError as error:
        raise ValueError(f"{NAME}: expression {error}") from None
    assert isinstance(text, str)
    return parse(text, frozenset(given) - {*_PARAMS})


def _further(given: Mapping[str, object]) -> Mapping[str, Param]:
    names = _expression(given).parameters
    return {name: Param(_PARAMETER, 1.0, f"The number {name} in the formula.") for name in names}


def _remarks(given: Mapping[str, object]) -> tuple[str, ...]:
    """Parameters that have no value yet, and coordinates that the formula does not depend on."""
    expression = _expression(given)
    remarks = []
    if expression.missing:
        flat = "everywhere" if len(expression.missing) > 1 else f"along {expression.missing[0]}"
        remarks.append(f"The formula holds no {' and no '.join(expression.missing)}: it is flat {flat}.")
    if new := [f"{name} = 1" for name in expression.parameters if name not in given]:
        remarks.append(f"New parameter{'s' if len(new) > 1 else ''}: {', '.join(new)}.")
    return tuple(remarks)


def _build(expression: str, x_range: Point, y_range: Point, **values: float) -> Surface:
    domain = (_checked("x_range", x_range), _checked("y_range", y_range))
    for name, value in values.items():
        try:
            _PARAMETER.check(value)
        except ValueError as error:
            raise ValueError(f"{NAME}: {name} {error}") from None
    return _surface(expression, domain, tuple(values.items()))


def _checked(name: str, given: Point) -> Point:
    try:
        _RANGE.check(given)
    except ValueError as error:
        raise ValueError(f"{NAME}: {name} {error}") from None
    low, high = given
    if not low < high:
        raise ValueError(
            f"{NAME}: {name} must go from a lower to a higher number, not from {low:g} to {high:g}."
        )
    if high - low < 0.999 * _NARROWEST:  # 1.000001 - 1 is a little less
        raise ValueError(f"{NAME}: {name} must be at least {_NARROWEST:g} wide.")
    return low, high


@lru_cache(maxsize=64)
def _surface(expression: str, domain: Domain, values: tuple[tuple[str, float], ...]) -> Surface:
    """Kept for a page that asks for the same surface at every click: the search takes a moment."""
    from optviz.surfaces.formula.search import search

    term = _term(expression, values)
    lowest = search(term.at, domain)
    return Surface(
        name=NAME,
        function=term.at,
        domain=domain,
        minimizers=lowest.minimizers,
        minimum=lowest.minimum,
        start=_start(term, domain),
        smooth=lowest.smooth,
        searched=True,
    )


def _term(expression: str, values: tuple[tuple[str, float], ...]) -> Lowered:
    from optviz.surfaces.formula.lowering import lower

    return lower(parse(expression, frozenset(dict(values))).tree, dict(values))


def _start(term: Lowered, domain: Domain) -> Point:
    """A point at the upper left, or the nearest one of a grid from which an optimizer can move."""
    low, high = torch.tensor(domain, dtype=torch.float64).unbind(-1)
    wanted = torch.tensor([[0.125, 0.75]], dtype=torch.float64)
    axis = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    order = (grid - wanted).norm(dim=-1).argsort(stable=True)
    points = low + (high - low) * torch.cat([wanted, grid[order]])
    usable = _moves(term, points)
    x, y = points[int(usable.to(torch.int8).argmax())].tolist()
    return _rounded(x, domain[0]), _rounded(y, domain[1])


def _rounded(value: float, side: Point) -> float:
    """A place on a side of the domain, to 12 digits or, far from 0, to a ten-thousandth of its width."""
    size = abs(value) or 1.0
    return round(value, max(11 - math.floor(math.log10(size)), 4 - math.floor(math.log10(side[1] - side[0]))))


def _moves(term: Lowered, points: Tensor) -> Tensor:
    """At which points (k, 2) the loss and its gradient are finite in float32, and there is a slope."""
    theta = points.float().requires_grad_()
    with torch.enable_grad():
        loss = term.at(*theta.unbind(-1))
        (slope,) = torch.autograd.grad(loss.sum(), theta)
    finite: Tensor = loss.detach().isfinite() & slope.isfinite().all(-1)
    return finite & (slope != 0).any(-1)


def _code(settings: Mapping[str, Any]) -> Code:
    values = {name: value for name, value in settings.items() if name not in _PARAMS}
    term = _term(settings["expression"], tuple(values.items()))
    uses = sorted(term.uses, key=lambda function: function.__name__)
    return Code("formula", term.code, values, tuple(uses))


ROW = SurfaceInfo(
    name=NAME,
    group="Your formula",
    formula=latex(parse(DEFAULT).tree, space=THIN),
    teaches="Type the loss that you want to know about and see how optimizers fare on it.",
    source="Your own: what you type, with the parameters that it names.",
    build=_build,
    params=_PARAMS,
    note="Its minimizers were looked for by a search of the drawn domain, so a lower one may hide. Where "
    "the formula is undefined or infinite nothing is drawn, and the first point of a run without a "
    "finite loss ends it, as diverged. A power whose exponent is not a whole constant is defined for "
    "bases from 0 on. Where a root, a power, abs or atan2 has no derivative, optviz uses the subgradient "
    "0; a piece of where that is not taken adds nothing to the gradient.",
    further=_further,
    remarks=_remarks,
    written=lambda given: latex(_expression(given).tree, space=THIN),
    code=_code,
)
