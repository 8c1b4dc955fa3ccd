"""What surfaces and schedulers say about themselves holds: a check by number for each sentence with a claim.

A sentence is tried where its words reach: at several rates, starts and settings, not at the default alone.
Plain gradient descent is a loop of its own here, from many starts at once; the rest is run by optviz.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.optim import lr_scheduler

import optviz as ov
from builders import build, competitor
from optviz.spec.experiment import EXPERIMENT_PARAMS, SurfaceSpec
from optviz.surfaces.catalogue import surface
from optviz.surfaces.problem import Surface

CHECKS: dict[str, Callable[[], None]] = {}
NO_CLAIM = {
    "Formula": "an invitation",
}
"""Rows whose sentence no number can refute here, and why."""


def says(name: str, *words: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """The check of a surface's sentence, and the words that it is about."""

    def keep(check: Callable[[], None]) -> Callable[[], None]:
        def whole() -> None:
            for part in words:
                assert part in ov.SURFACES[name].teaches, f"the check is about other words: {part}"
            check()

        CHECKS[name] = whole
        return check

    return keep


def points(*rows: tuple[float, float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def gradient(s: Surface, theta: Tensor) -> Tensor:
    theta = theta.clone().requires_grad_()
    (found,) = torch.autograd.grad(s(theta).sum(), theta)
    return found


def hessian(s: Surface, x: float, y: float) -> Tensor:
    found: Tensor = torch.autograd.functional.hessian(s, torch.tensor((x, y), dtype=torch.float64))
    return found


def curvatures(s: Surface, x: float = 0.0, y: float = 0.0) -> tuple[float, float]:
    low, high = torch.linalg.eigvalsh(hessian(s, x, y)).tolist()
    return low, high


def descend(s: Surface, theta: Tensor, lr: float, steps: int, momentum: float = 0.0) -> Tensor:
    """Where plain gradient descent, or heavy-ball momentum, ends from each start."""
    buffer = torch.zeros_like(theta)
    for _ in range(steps):
        buffer = momentum * buffer + gradient(s, theta)
        theta = theta - lr * buffer
    return theta


def grid(s: Surface, side: int, within: float | None = None) -> Tensor:
    """Points (side, side, 2) of the domain, or of the square around the origin that is so wide."""
    ends = [(-within, within)] * 2 if within else s.domain
    x, y = (torch.linspace(low, high, side, dtype=torch.float64) for low, high in ends)
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)


def minima(s: Surface, side: int) -> Tensor:
    """Inner points of a grid that are lower than all their neighbours."""
    theta = grid(s, side)
    z = s(theta)
    around = torch.nn.functional.max_pool2d(-z[None, None], 3, stride=1, padding=1)[0, 0]
    inner = torch.zeros_like(z, dtype=torch.bool)
    inner[1:-1, 1:-1] = True
    return theta[(z <= -around) & inner]


def walk(name: str, steps: int, optimizer: str, start: tuple[float, float], **settings: Any) -> Tensor:
    """The path (n+1, 2) of torch's own optimizer in float64; `run` among the settings is for the RunSpec."""
    around = settings.pop("run", {})
    run = competitor(optimizer, settings, **around)
    experiment = ov.Experiment(SurfaceSpec(name), start, steps, (run,), dtype="float64")
    return torch.as_tensor(ov.run_one(experiment, 0, device="cpu").points, dtype=torch.float64)


def share(holds: Tensor) -> float:
    return float(holds.double().mean())


def distance(theta: Tensor, x: float = 0.0, y: float = 0.0) -> Tensor:
    return (theta - points((x, y))[0]).norm(dim=-1)


# -- bowls -----------------------------------------------------------------------------------------------


@says("Quadratic bowl", "The steepest direction alone limits the learning rate of plain gradient descent")
def _() -> None:
    needed = []
    for kappa, angle in itertools.product((1.0, 10.0, 300.0), (0.0, 30.0)):
        s = build("Quadratic bowl", {"kappa": kappa, "angle": angle})
        flat, steep = curvatures(s)
        assert (flat, steep) == pytest.approx((2, 2 * kappa))
        start = points((1.0, 0.7))
        assert distance(descend(s, start, 1.98 / steep, 50)).item() < distance(start).item()
        assert distance(descend(s, start, 2.2 / steep, 50)).item() > 10
        needed.append(1 / -math.log(1 - flat / steep) if kappa > 1 else 0.0)
    assert needed == sorted(needed)


@says("Booth", "couples x and y", "cannot undo that")
def _() -> None:
    h = hessian(build("Booth"), 0.0, 0.0)
    assert h[0, 1] != 0

    def condition(ratio: float) -> float:
        scale = torch.diag(torch.tensor([1.0, ratio], dtype=torch.float64).sqrt())
        low, high = torch.linalg.eigvalsh(scale @ h @ scale).tolist()
        return high / low

    assert min(condition(10 ** (place / 10)) for place in range(-30, 31)) >= condition(1.0) - 1e-9


@says("Matyas", "enters it at once and finishes slowly", "a little momentum shortens")
def _() -> None:
    s = build("Matyas")
    flat, steep = curvatures(s)
    first = descend(s, points(s.start), 1 / steep, 1)[0]
    assert abs(float(first[0] - first[1])) < 1e-9  # in the valley after one step
    assert abs(float(first.sum())) > 0.9 * sum(s.start)
    plain = (steep - flat) / (steep + flat)  # what is left after a step at the best rate (Polyak 1964)
    little = ((steep**0.5 - flat**0.5) / (steep**0.5 + flat**0.5)) ** 2
    assert little < 0.5 and little**0.5 < plain < 0.9**0.5  # 0.9 is more than a little


@says(
    "Zakharov", "plain gradient descent at a learning rate that is right near the minimum blows up far away"
)
def _() -> None:
    s = build("Zakharov")
    _, steep = curvatures(s)
    for lr in (0.3 / steep, 1 / steep, 1.4 / steep):
        assert distance(descend(s, points((0.05, 0.05)), lr, 300)).item() < 1e-3
        assert not descend(s, points(s.start), lr, 50).isfinite().all()


# -- valleys ---------------------------------------------------------------------------------------------


@says("Rosenbrock", "a learning rate of plain gradient descent that suits the steep walls makes tiny steps")
def _() -> None:
    for b in (50.0, 100.0, 1000.0):
        s = build("Rosenbrock", {"b": b})
        for x in (-1.2, 0.0, 0.5):
            lr = 1 / curvatures(s, x, x * x)[1]
            off = descend(s, points((x, x * x + 0.1)), lr, 20)[0]
            assert abs(off[1] - off[0] ** 2) < 0.02  # back on the floor
            step = lr * gradient(s, points((x, x * x))).norm()
            assert step < 0.05 * math.hypot(1 - x, 1 - x * x)


@says("Beale", "cliffs at the corners", "a flat cross of valleys")
def _() -> None:
    s = build("Beale")
    slopes = gradient(s, grid(s, 201)).norm(dim=-1)
    corners = gradient(s, points(*itertools.product((-4.5, 4.5), repeat=2))).norm(dim=-1)
    assert corners.min() > 1e4 * slopes.flatten().quantile(0.05)
    z = s(grid(s, 201))
    assert z[:, 100].max() < 25 and z[110].median() < 0.01 * z[180].median()  # x = 0, and y = 0.45 by y = 3.6


@says("Dixon-Price", "small steps of plain gradient descent stay on their side", "momentum may cross")
def _() -> None:
    s = build("Dixon-Price")
    starts = grid(s, 24)  # an even number: none on the ridge

    def stays(lr: float, momentum: float = 0.0) -> float:
        ends = descend(s, starts, lr, 600, momentum)
        return share(ends[..., 1].sign() == starts[..., 1].sign())

    assert stays(5e-4) == stays(2e-3) == 1
    assert stays(5e-3) < 0.95 and stays(5e-4, 0.9) < 0.9


@says("Absolute value", "plain gradient descent zigzags", "settles if the rate decays")
def _() -> None:
    decays = {"scheduler": ov.SchedulerSpec("ExponentialLR", {"gamma": 0.93})}
    for lr in (0.31, 0.47):
        path = walk("Absolute value", 200, "SGD", (-3.1, 2.3), lr=lr)
        assert path[-20:].abs().max() > lr / 2
        assert walk("Absolute value", 200, "SGD", (-3.1, 2.3), lr=lr, run=decays)[-1].abs().max() < 1e-4


# -- several minima --------------------------------------------------------------------------------------


@says("Himmelblau", "Four equally deep minima", "its start, its learning rate and its momentum")
def _() -> None:
    s = build("Himmelblau")
    wells = points(*s.minimizers)

    def found(starts: Tensor, lr: float, momentum: float = 0.0) -> Tensor:
        ends = descend(s, starts, lr, 400, momentum)
        return (ends[..., None, :] - wells).norm(dim=-1).argmin(-1)

    starts = grid(s, 16)
    small = found(starts, 0.001)
    assert len(small.unique()) == len(wells) == 4
    assert share(found(starts, 0.01) != small) > 0.02 and share(found(starts, 0.001, 0.9) != small) > 0.02


@says("McCormick", "plain gradient descent stops in it", "may carry it past the deep one too")
def _() -> None:
    s = build("McCormick")
    start = points(s.start)
    shallow = 0.5 + 2 * math.pi / 3, -0.5 + 2 * math.pi / 3
    for lr in (0.05, 0.1, 0.3, 0.45):
        assert distance(descend(s, start, lr, 200), *shallow).item() < 1e-2
    deep = torch.tensor(s.minimizers[0], dtype=torch.float64)
    assert (descend(s, start, 0.1, 200, 0.9)[0] < deep - 5).all()


@says("Goldstein-Price", "more than five orders of magnitude", "tiny near the minimum")
def _() -> None:
    s = build("Goldstein-Price")
    z = s(grid(s, 201))
    assert 5 < math.log10(float(z.max() / z.min())) < 6
    starts = grid(s, 21)
    _, steep = curvatures(s, 0.0, -1.0)
    assert not descend(s, starts, 1e-5, 40).isfinite().all()
    assert descend(s, starts, 1e-6, 40).isfinite().all()
    assert 1e-6 * steep < 1e-3  # of what is left, the share that a step takes away


@says("Branin", "small steps settle in the one whose basin they start in", "momentum may carry")
def _() -> None:
    s = build("Branin")
    wells = points(*s.minimizers)
    assert s(wells).tolist() == pytest.approx([s.minimum] * 3)

    def found(lr: float, momentum: float = 0.0) -> Tensor:
        ends = descend(s, grid(s, 12), lr, 400, momentum)
        return (ends[..., None, :] - wells).norm(dim=-1).argmin(-1)

    assert share(found(0.005) == found(0.01)) > 0.98
    assert share(found(0.01, 0.9) == found(0.01)) < 0.95


@says("Six-hump camel", "Six minima of three depths in pairs", "from the left or right side")
def _() -> None:
    s = build("Six-hump camel")
    depths = s(minima(s, 401)).sort().values
    assert len(depths) == 6
    assert depths[::2].tolist() == pytest.approx(depths[1::2].tolist(), abs=1e-4)
    assert (depths[2::2] > depths[:-2:2] + 0.5).all()
    sides = grid(s, 21)[:, [0, 1, 2, -3, -2, -1]]
    assert (s(descend(s, sides, 0.005, 300)) > s.minimum + 0.5).all()


@says("Three-hump camel", "Two shallow minima guard the deep one", "from beyond a guard")
def _() -> None:
    s = build("Three-hump camel")
    x = [float(found[0]) for found in minima(s, 201)]
    assert len(x) == 3 and min(map(abs, x)) < 1e-9
    beyond = grid(s, 21)[:, [0, 1, 2, -3, -2, -1]]  # |x| ≥ 2
    aside = beyond[beyond[..., 0].sign() * beyond[..., 1] < 2]
    assert share(s(descend(s, aside, 0.005, 600)) > 0.25) == 1


@says("Styblinski-Tang", "on its own", "only one of the four combinations")
def _() -> None:
    s = build("Styblinski-Tang")
    assert (hessian(s, 1.3, -2.2) - torch.diag(torch.diagonal(hessian(s, 1.3, -2.2)))).abs().max() == 0
    depths = s(minima(s, 401)).sort().values
    assert len(depths) == 4 and depths[1] > depths[0] + 10


# -- many minima -----------------------------------------------------------------------------------------


@says("Ackley", "stop in a dimple nearby", "larger ones follow the funnel", "too large ones leave it")
def _() -> None:
    s = build("Ackley")
    starts = grid(s, 21)

    def ends(lr: float) -> Tensor:
        return descend(s, starts, lr, 150)

    for lr in (0.003, 0.03):
        assert (ends(lr) - starts).norm(dim=-1).max() < 1.6
    for lr in (0.1, 0.2):
        assert distance(ends(lr)).median() < 0.3 * distance(starts).median()
    assert distance(ends(1.0)).median() > 2 * distance(starts).median()


@says("Rastrigin", "near every point of whole numbers", "the one whose basin they start in")
def _() -> None:
    s = build("Rastrigin")
    wells = minima(s, 513)
    assert len(wells) == 11 * 11
    assert (wells - wells.round()).abs().max() < 0.05
    starts = grid(s, 16, within=4.4)
    for lr in (0.001, 0.004):
        assert share((descend(s, starts, lr, 200).round() == starts.round()).all(-1)) == 1
    assert share((descend(s, starts, 0.02, 200).round() == starts.round()).all(-1)) < 0.1


@says("Griewank", "neighbouring minima differ by so little")
def _() -> None:
    s = build("Griewank")
    depths = s(minima(s, 401))
    assert depths.max() < 0.05  # of a wave's height of 2
    widest = math.hypot(10, 10) / 2000  # the slope of the bowl at the corners
    assert widest < 0.02 * gradient(s, grid(s, 101)).norm(dim=-1).median()


@says("Levy", "in both coordinates", "several times as high")
def _() -> None:
    s = build("Levy")
    line = torch.linspace(-10, 1, 4001, dtype=torch.float64)
    climbs = []
    for across in (
        torch.stack([line, torch.ones_like(line)], -1),
        torch.stack([torch.ones_like(line), line], -1),
    ):
        z = s(across)
        turns = [z[i].item() for i in range(1, 4000) if (z[i] - z[i - 1]) * (z[i + 1] - z[i]) < 0]
        climbs.append([top - low for low, top in itertools.pairwise(turns) if top > low])
    assert len(climbs[0]) >= 2 and len(climbs[1]) >= 3
    assert max(climbs[0]) > 3 * max(climbs[1])


@says("Levy N.13", "ripples along y grow", "trap small steps even close by")
def _() -> None:
    s = build("Levy N.13")
    for near in (1 / 3, -1 / 3):
        stuck = descend(s, points((1 + near, 1.0)), 0.002, 300)
        assert abs(distance(stuck, 1.0, 1.0).item() - 1 / 3) < 0.02
    assert distance(descend(s, points((1.0, 1.5)), 0.005, 400), 1.0, 1.0).item() < 0.05
    assert abs(descend(s, points((1.0, -1.6)), 0.002, 300)[0, 1].item() + 1.49) < 0.05


@says("Schwefel", "near a corner and the next best far away", "seldom leads there")
def _() -> None:
    s = build("Schwefel")
    wells = minima(s, 401)
    best, second = wells[s(wells).argsort()[:2]]
    assert best.min() > 400 and (best - second).norm() > 700
    ends = descend(s, grid(s, 15, within=300), 0.5, 400)
    assert share(distance(ends, *s.minimizers[0]) < 20) == 0


@says("Eggholder", "About two hundred minima", "goes on past the edge")
def _() -> None:
    s = build("Eggholder")
    assert 150 < len(minima(s, 513)) < 250
    for optimizer, lr in (("SGD", 0.1), ("SGD", 0.5), ("Adam", 1.0)):
        assert walk("Eggholder", 100, optimizer, (490.0, 395.0), lr=lr)[-1, 0] > 513


@says("Holder table", "four deepest holes at the legs", "small steps from the middle")
def _() -> None:
    s = build("Holder table")
    assert all(min(abs(x), abs(y)) > 8 for x, y in s.minimizers) and len(s.minimizers) == 4
    assert (s(descend(s, grid(s, 20, within=5.0), 0.002, 500)) > s.minimum / 2).all()


@says("Cross-in-tray", "small nearly everywhere and enormous at the walls")
def _() -> None:
    s = build("Cross-in-tray")
    slopes = gradient(s, grid(s, 200)).norm(dim=-1).flatten()
    assert slopes.quantile(0.9) < 2
    assert gradient(s, points((1e-6, 2.0), (2.0, math.pi + 1e-6))).norm(dim=-1).min() > 1e4


@says("Drop-wave", "a trap along a whole circle", "never points along it")
def _() -> None:
    s = build("Drop-wave")
    theta = points(*[(3 * math.cos(a), 3 * math.sin(a)) for a in (0.1, 0.9, 2.5, 4.0)])
    along = torch.stack([-theta[:, 1], theta[:, 0]], -1)
    assert (gradient(s, theta) * along).sum(-1).abs().max() < 1e-12
    ends = descend(s, theta, 0.002, 500)
    assert distance(ends).std() < 1e-9 and distance(ends).min() > 2.5


@says("Bohachevsky", "small steps of plain gradient descent stop in one", "too large to settle at the bottom")
def _() -> None:
    s = build("Bohachevsky")
    starts = grid(s, 21)
    _, steep = curvatures(s)
    settled = {
        lr: distance(descend(s, starts, lr, 200)) < 1e-3 for lr in (0.003, 1.8 / steep, 0.05, 0.1, 0.2)
    }
    assert share(settled[0.003]) < 0.05
    assert torch.equal(settled[0.003], settled[1.8 / steep])  # no ripple is crossed by steps that can settle
    others = distance(starts) > 1e-9  # whoever starts at the bottom stays
    assert all(not (settled[lr] & others).any() for lr in (0.05, 0.1, 0.2))


# -- saddles ---------------------------------------------------------------------------------------------


def _steps_to_leave(name: str, lr: float, aside: Sequence[float]) -> list[int]:
    s = build(name)
    theta = points(*[(1.5, y) for y in aside])
    left = torch.full((len(aside),), -1)
    for step in range(4000):
        left = torch.where((left < 0) & (theta[:, 1].abs() > 1), step, left)
        if (left >= 0).all():
            return left.tolist()
        theta = torch.where((left < 0)[:, None], theta - lr * gradient(s, theta), theta)
    raise AssertionError("it never left")


@says("Saddle", "the time to get away depends on how far off the ridge a run is")
def _() -> None:
    assert walk("Saddle", 300, "SGD", (1.5, 0.0), lr=0.05)[-1].abs().max() < 1e-9
    for lr in (0.01, 0.05):
        times = _steps_to_leave("Saddle", lr, (1e-1, 1e-2, 1e-3, 1e-4))
        more = [b - a for a, b in itertools.pairwise(times)]
        assert max(more) - min(more) <= 2  # a fixed number for each tenth of the distance
        assert more[0] == pytest.approx(math.log(10) / math.log(1 + 2 * lr), abs=1.5)


@says("Monkey saddle", "the curvature is zero too", "about twice as long to get away")
def _() -> None:
    assert (hessian(build("Monkey saddle"), 0.0, 0.0) == 0).all()
    for lr in (0.03, 0.06):
        times = _steps_to_leave("Monkey saddle", lr, (1e-3, 1e-4, 1e-5))
        assert all(1.9 < b / a < 2.6 for a, b in itertools.pairwise(times))


# -- hard cases ------------------------------------------------------------------------------------------


@says("Bukin N.6", "grows without bound towards the floor", "does not settle at a constant learning rate")
def _() -> None:
    s = build("Bukin N.6")
    near = gradient(s, points(*[(-12.0, 1.44 + off) for off in (1e-2, 1e-4, 1e-6)])).norm(dim=-1)
    assert (near[1:] > 9 * near[:-1]).all()
    for lr in (1e-3, 1e-2, 1e-1):
        x, y = walk("Bukin N.6", 400, "SGD", s.start, lr=lr).unbind(-1)
        off = (y - 0.01 * x * x)[-100:]
        assert (off[1:] * off[:-1] < 0).double().mean() > 0.1 and off.abs().max() > 1e-2
        assert s(torch.stack([x, y], -1))[-100:].max() > 10


@says("Easom", "too small for plain gradient descent at a rate that suits the hole", "even for Adam")
def _() -> None:
    s = build("Easom")
    _, steep = curvatures(s, math.pi, math.pi)
    assert distance(descend(s, points((2.8, 3.4)), 1 / steep, 100), math.pi, math.pi).item() < 1e-6
    assert distance(descend(s, points((0.0, 0.0)), 1 / steep, 1000)).item() < 1e-3
    assert distance(walk("Easom", 100, "Adam", (0.0, 0.0), lr=0.1)[-1]).item() > 1
    assert distance(walk("Easom", 300, "Adam", (-2.0, -2.0), lr=0.1)[-1], -2.0, -2.0).item() < 1e-6


@says("Michalewicz", "Narrow channels cross an almost flat plain")
def _() -> None:
    s = build("Michalewicz")
    slopes = gradient(s, grid(s, 200)).norm(dim=-1).flatten()
    assert slopes.quantile(0.25) < 1e-3 < 1 < slopes.quantile(0.75)
    x, y = s.minimizers[0]
    assert s(points((x, 0.5))).item() < -0.7 and s(points((0.5, y))).item() < -0.7  # out in the channels
    assert s.minimum < -1.7 and abs(s(points((0.5, 0.5))).item()) < 1e-3


@says("Cliff", "by default a thousand times as steep", "while a clipped one climbs down and walks on")
def _() -> None:
    s = build("Cliff")
    before, cliff = gradient(s, points((1.7, 0.0), (1.25, 0.0))).norm(dim=-1).tolist()
    assert 1000 < cliff / before < 2000
    assert ov.SURFACES["Cliff"].params["height"].help.endswith("its slope is 2h.")
    for height in (1.0, 300.0, 1000.0):
        slope = gradient(build("Cliff", {"height": height}), points((1.25, 0.0))).norm().item()
        assert slope == pytest.approx(2 * height, abs=0.5)
    for lr in (0.1, 0.3, 1.0):  # 1/curvature at the origin is 2
        thrown = walk("Cliff", 60, "SGD", s.start, lr=lr)
        assert (thrown[1:] - thrown[:-1]).norm(dim=-1).max() > 500 * lr
        path = walk("Cliff", 200, "SGD", s.start, lr=lr, run={"clip_norm": 1.0})
        assert distance(path[-1]).item() < 0.01


@says("Plateau", "thousands of times smaller", "plain gradient descent stands nearly still where Adam")
def _() -> None:
    s = build("Plateau")
    well = gradient(s, grid(s, 101, within=1.0)).norm(dim=-1).max()
    assert gradient(s, points((7.0, 0.0), s.start)).norm(dim=-1).max() < well / 4000
    for lr in (0.1, 0.4):  # both are stable in the well, whose curvature is 4
        assert distance(descend(s, points((0.2, 0.1)), lr, 100)).item() < 1e-6
        assert distance(descend(s, points(s.start), lr, 300), *s.start).item() < 0.02
        assert distance(walk("Plateau", 500, "Adam", s.start, lr=lr)[-1]).item() < 0.1


# -- data and networks -----------------------------------------------------------------------------------


@says("Linear fit", "not centred tie slope and intercept", "a round one with MSELoss")
def _() -> None:
    s = build("Linear fit")
    low, high = curvatures(s)
    assert abs(hessian(s, 0.0, 0.0)[0, 1]) > 1 and high / low > 20
    for data in ("y = 2x + 1", "noise", "outlier"):
        low, high = curvatures(build("Linear fit", {"data": data, "standardize": True}))
        assert high / low == pytest.approx(1, abs=1e-5)
    truth = torch.tensor((2.0, 1.0))
    outlier = (
        build("Linear fit", {"data": "outlier", "loss": loss}).minimizers[0]
        for loss in ("MSELoss", "SmoothL1Loss", "L1Loss")
    )
    off = [(torch.tensor(fitted) - truth).norm().item() for fitted in outlier]
    assert off[0] > off[1] > off[2]  # the help of loss


@says("Least squares", "a hundred times smaller than for their mean")
def _() -> None:
    s = build("Least squares")
    assert s.data is not None
    _, steep = curvatures(s)
    inputs = torch.as_tensor(s.data.inputs, dtype=torch.float64)
    of_mean = torch.linalg.eigvalsh(2 * inputs.T @ inputs / len(inputs))[-1].item()
    assert steep == pytest.approx(100 * of_mean)


@says("Logistic regression", "the weights grow forever while their direction settles")
def _() -> None:
    s = build("Logistic regression", {"data": "separable"})
    assert not s.minimizers and build("Logistic regression").minimizers
    theta, sizes, turns = points((-1.5, 2.5)), [], []
    for steps in (50, 100, 200, 400):  # in all so many steps that each part doubles them
        before, theta = theta, descend(s, theta, 5.0, steps)
        sizes.append(theta.norm().item())
        turns.append(1 - torch.nn.functional.cosine_similarity(before, theta).item())
    assert all(b > a + 0.5 for a, b in itertools.pairwise(sizes))
    assert turns == sorted(turns, reverse=True) and turns[-1] < 1e-3


@says("Tanh unit", "two equal minima", "a saddle between them at the origin")
def _() -> None:
    s = build("Tanh unit")
    theta = grid(s, 21)
    assert torch.allclose(s(theta), s(-theta), rtol=1e-12)
    ends = descend(s, grid(s, 12), 0.1, 1500)
    near = (ends[..., None, :] - points(*s.minimizers)).norm(dim=-1).amin(-1)
    assert len(s.minimizers) == 2 and near.max() < 0.05
    low, high = curvatures(s)
    assert low < 0 < high and gradient(s, points((0.0, 0.0))).norm() == 0


@says("Two-layer linear", "a saddle at the origin", "steeper the less equal")
def _() -> None:
    s = build("Two-layer linear")
    low, high = curvatures(s)
    assert low < 0 < high
    steepest = [curvatures(s, w, 1 / w)[1] for w in (1.0, 1.2, 1.7, 3.0)]
    assert steepest == sorted(steepest) and steepest[-1] > 4 * steepest[0]


@says("MLP classifier", "a path that seems to climb may fall along those that are not seen")
def _() -> None:
    for lr in (0.3, 3.0):
        run = competitor("SGD", {"lr": lr})
        spec = SurfaceSpec("MLP classifier", {"plane": "random"})
        experiment = ov.Experiment(spec, (0.0, 0.0), 40, (run,))
        (path,) = ov.run(experiment, device="cpu")
        plane, data = ov.plane(experiment, [path]), surface(spec).data
        assert data is not None
        seen = data.slice(*(torch.as_tensor(part) for part in (plane.origin, plane.u, plane.v)))
        z = seen(*torch.as_tensor(plane.coordinates(path.theta)[0]).unbind(-1)).detach()
        climbs, falls = z.diff() > 0, torch.as_tensor(path.losses).diff() < 0
        assert int((climbs & falls).sum()) > 5


@says("Least squares with bias", "the plane that the paths vary most along shows nearly all")
def _() -> None:
    runs = [competitor(name, {"lr": lr}) for name, lr in (("SGD", 0.1), ("Adam", 0.05), ("RMSprop", 0.02))]
    experiment = ov.Experiment(SurfaceSpec("Least squares with bias"), (0.0, 0.0), 100, tuple(runs))
    assert sum(ov.plane(experiment, ov.run(experiment, device="cpu")).shares) > 0.95


@pytest.mark.parametrize("name", ov.SURFACES)
def test_what_a_surface_teaches_holds(name: str) -> None:
    assert (name in CHECKS) != (name in NO_CLAIM), "every sentence has a check or a reason"
    if name in CHECKS:
        CHECKS[name]()


# -- notes -----------------------------------------------------------------------------------------------


def test_a_note_of_lower_ground_outside_is_true() -> None:
    for name, far in (
        ("McCormick", (-60.0, -61.0)),
        ("Schwefel", (720.0, 720.0)),
        ("Eggholder", (900.0, 850.0)),
    ):
        s = build(name)
        assert any(words in ov.SURFACES[name].note for words in ("goes on downhill", "goes down further"))
        around = points(far) + grid(s, 41, within=60.0)
        assert s(around).min() < s.minimum - 50


def test_a_note_of_underflow_is_true() -> None:
    assert "underflows to 0" in ov.SURFACES["Easom"].note
    far = torch.tensor([-5.0, -5.0], requires_grad=True)
    build("Easom")(far).backward()
    assert far.grad is not None and (far.grad == 0).all()


# -- schedulers and experiments ----------------------------------------------------------------------------


def rates(name: str, steps: int, momentum: float = 0.0, **settings: Any) -> tuple[list[float], list[float]]:
    """The learning rate, from 0.1, and the momentum at each step; the loss never gets better."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1, momentum=momentum)
    scheduler: Any = getattr(lr_scheduler, name)(optimizer, **settings)
    seen = []
    for _ in range(steps):
        seen.append((optimizer.param_groups[0]["lr"], optimizer.param_groups[0]["momentum"]))
        optimizer.step()
        scheduler.step(*[1.0] * (name == "ReduceLROnPlateau"))
    lrs, momenta = zip(*seen, strict=True)
    return [round(lr, 12) for lr in lrs], [round(value, 12) for value in momenta]


@pytest.mark.parametrize("patience", [0, 1, 5])
def test_a_plateau_lowers_the_rate_after_more_than_patience_steps(patience: int) -> None:
    assert "for more than patience steps" in ov.SCHEDULERS["ReduceLROnPlateau"].teaches
    lrs, _ = rates("ReduceLROnPlateau", patience + 5, patience=patience)
    assert lrs.index(0.01) == 1 + patience + 1  # the first loss is the best; then it is put up with


def test_a_cosine_rises_again_after_its_bottom() -> None:
    assert ov.SCHEDULERS["CosineAnnealingLR"].params["T_max"].help.endswith("it rises again.")
    for bottom in (3, 10):
        lrs, _ = rates("CosineAnnealingLR", 2 * bottom + 1, T_max=bottom)
        assert lrs[bottom] == 0 and lrs[::-1] == pytest.approx(lrs, abs=1e-9)


@pytest.mark.parametrize("name", ["CyclicLR", "OneCycleLR"])
def test_a_cycle_moves_momentum_also_where_it_was_0(name: str) -> None:
    assert "even where it was 0" in ov.SCHEDULERS[name].params["cycle_momentum"].help
    given = {"total_steps": 9} if name == "OneCycleLR" else {"base_lr": 0.01, "step_size_up": 4}
    lrs, momenta = rates(name, 9, max_lr=0.1, **given)
    assert min(momenta) >= 0.8
    assert momenta[lrs.index(max(lrs))] == min(momenta)
    assert set(rates(name, 9, max_lr=0.1, cycle_momentum=False, **given)[1]) == {0.0}


def test_a_power_falls_early_above_1_and_late_below() -> None:
    late, straight, early = (rates("PolynomialLR", 8, total_iters=8, power=power)[0] for power in (0.5, 1, 2))
    assert all(a < b < c for a, b, c in zip(early[1:], straight[1:], late[1:], strict=True))


def test_noise_is_on_each_number_of_a_networks_gradient() -> None:
    assert "each number of every gradient" in EXPERIMENT_PARAMS["noise"].help
    run = competitor("SGD", {"lr": 1.0})
    name = SurfaceSpec("Least squares with bias")
    quiet, noisy = (
        torch.as_tensor(ov.run_one(ov.Experiment(name, (0.0, 0.0), 1, (run,), noise), 0, device="cpu").theta)
        for noise in (0.0, 1.0)
    )
    assert quiet.shape[-1] == 3 and ((quiet - noisy)[1].abs() > 1e-6).all()
