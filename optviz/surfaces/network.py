"""Networks: real modules with many weights, trained for real, and seen on a plane through their space.

Their start is what torch draws by the experiment's seed, the same for every competitor.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from optviz.spec.params import Choice, Ints, Param
from optviz.surfaces.data import LOGISTIC, PLANE, SQUARES, normal, table
from optviz.surfaces.deferred import nn
from optviz.surfaces.models import Data, Model, network
from optviz.surfaces.problem import Network, Surface, SurfaceInfo

GROUP = "Networks"
ROWS: list[SurfaceInfo] = []
_PLANE = Param(
    Choice(("principal", "random")),
    "principal",
    "The plane of the picture: along the two directions in which all paths vary most, or along two random "
    "ones, filter-normalised.",
)
_ACTIVATIONS = ("Tanh", "ReLU")
"""Names of torch's classes."""
_HIDDEN = Ints(1, 32, 3)


def _moons(count: int) -> list[tuple[float, float, float]]:
    """Two half circles that reach into each other, with noise: (x1, x2, class)."""
    noise = normal(count)
    angles = [math.pi * (place // 2 + 0.5) / (count / 2) for place in range(count)]
    rows = []
    for place, (angle, (dx, dy)) in enumerate(zip(angles, noise, strict=True)):
        x, y = math.cos(angle), math.sin(angle)
        x, y = (1 - x, 0.5 - y) if place % 2 else (x, y)
        rows.append((round(x + 0.12 * dx, 2), round(y + 0.12 * dy, 2), float(place % 2)))
    return rows


def _spiral(count: int) -> list[tuple[float, float, float]]:
    """Two arms that wind once around each other: (x1, x2, class)."""
    noise = normal(count)
    rows = []
    for place, (dx, dy) in enumerate(noise):
        share = (place // 2 + 1) / (count / 2)
        angle = 2 * math.pi * share + math.pi * (place % 2)
        radius = 0.2 + 1.3 * share
        x, y = radius * math.cos(angle) + 0.06 * dx, radius * math.sin(angle) + 0.06 * dy
        rows.append((round(x, 2), round(y, 2), float(place % 2)))
    return rows


def _blobs(count: int) -> list[tuple[float, float, float]]:
    """Four clouds at the corners of a square, opposite ones of one class: (x1, x2, class)."""
    noise = normal(count)
    corners = [(1.0, 1.0), (1.0, -1.0), (-1.0, -1.0), (-1.0, 1.0)]
    rows = []
    for place, (dx, dy) in enumerate(noise):
        x, y = corners[place % 4]
        rows.append((round(x + 0.4 * dx, 2), round(y + 0.4 * dy, 2), float(place % 2)))
    return rows


CLASSES = {"moons": _moons(80), "spiral": _spiral(80), "blobs": _blobs(80)}


@lru_cache(maxsize=32)
def perceptron(hidden: Sequence[int], activation: str) -> Model:
    """A classifier of points in the plane: linear layers with an activation between them, and one logit."""
    sizes = [2, *hidden]
    layers = []
    for before, after in pairwise(sizes):
        layers += [f"nn.Linear({before}, {after})", f"nn.{activation}()"]
    text = f"nn.Sequential({', '.join([*layers, f'nn.Linear({sizes[-1]}, 1)'])})"

    def make() -> nn.Module:
        parts: list[nn.Module] = []
        for before, after in pairwise(sizes):
            parts += [nn.Linear(before, after), getattr(nn, activation)()]
        return nn.Sequential(*parts, nn.Linear(sizes[-1], 1))

    return network(text, make)


def _surface(name: str, data: Data, known: Network, smooth: bool = True) -> Surface:
    """Its loss on the plane of two random directions from the initial weights of seed 0."""
    model = data.model
    function = data.slice(model.initial(0).double(), *model.random_directions(0))
    return Surface(
        name=name,
        function=function,
        domain=((-1.0, 1.0), (-1.0, 1.0)),
        minimizers=(),
        minimum=0.0,
        start=(0.0, 0.0),
        smooth=smooth,
        data=data,
        network=known,
    )


@lru_cache(maxsize=32)
def _classifier(data: str, hidden: tuple[int, ...], activation: str, plane: str) -> Surface:
    model = perceptron(hidden, activation)
    fitted = table(CLASSES[data], ("x1", "x2", "class"), model, LOGISTIC)
    return _surface("MLP classifier", fitted, Network(plane), smooth=activation != "ReLU")


def _checked_classifier(data: str, hidden: Any, activation: str, plane: str) -> Surface:
    try:
        sizes = _HIDDEN.check(hidden)
    except ValueError as error:
        raise ValueError(f"MLP classifier: hidden {error}") from None
    for given, known in ((data, CLASSES), (activation, _ACTIVATIONS), (plane, ("principal", "random"))):
        if given not in known:
            raise ValueError(f"MLP classifier has no {given!r}; it has {', '.join(known)}.")
    return _classifier(data, sizes, activation, plane)


ROWS.append(
    SurfaceInfo(
        name="MLP classifier",
        group=GROUP,
        formula=r"\frac{1}{n} \sum_{i=1}^{n} \mathrm{BCE}\left(\mathrm{MLP}_\theta(x_i),\, y_i\right)",
        teaches="A network's loss has more directions than a picture: a path that seems to climb may fall "
        "along those that are not seen. The curves show its true loss.",
        source="Rosenblatt (1958), The perceptron; Li et al. (2018), Visualizing the loss landscape of "
        "neural nets; Lorch (2016), Visualizing deep network training trajectories with PCA.",
        build=_checked_classifier,
        params={
            "data": Param(
                Choice(tuple(CLASSES)), "moons", "The points of two classes that it learns to tell apart."
            ),
            "hidden": Param(
                _HIDDEN,
                (8,),
                "The sizes of the hidden layers, at most three, such as 8 or 8, 8. Empty: it is linear.",
            ),
            "activation": Param(Choice(_ACTIVATIONS), "Tanh", "The function between two layers."),
            "plane": _PLANE,
        },
        note="The surface is the true loss on the plane; the legend says how far off it each path is. "
        "Weights begin as torch draws them by the seed.",
    )
)


@lru_cache(maxsize=4)
def _least_squares(plane: str) -> Surface:
    def make() -> nn.Module:
        return nn.Linear(2, 1)

    model = network("nn.Linear(2, 1)", make, ("w1", "w2", "b"))
    rows = [(x, z, round(0.5 + y, 4)) for x, z, y in PLANE]
    fitted = table(rows, ("x1", "x2", "y"), model, SQUARES)
    return _surface("Least squares with bias", fitted, Network(plane, ((0.77, -0.56, 0.5),)))


def _checked_least_squares(plane: str) -> Surface:
    if plane not in ("principal", "random"):
        raise ValueError(f"Least squares with bias has no plane {plane!r}, only principal and random.")
    return _least_squares(plane)


ROWS.append(
    SurfaceInfo(
        name="Least squares with bias",
        group=GROUP,
        formula=r"\frac{1}{n} \sum_{i=1}^{n} \left(w_1 x_{i1} + w_2 x_{i2} + b - y_i\right)^2",
        teaches="With three parameters a picture already has to leave something out: the plane that the "
        "paths vary most along shows nearly all that happens.",
        source="Gauss (1809), Theoria motus corporum coelestium; the data are optviz's own.",
        build=_checked_least_squares,
        params={"plane": _PLANE},
    )
)
