"""Every ending is reached by a case made for it, and never mistaken for another."""

from __future__ import annotations

import math

import numpy as np
import pytest

import optviz as ov
from builders import competitor, experiment, formula_spec, suggested
from optviz.engine.outcome import OUTCOMES, Landscape, judge, judge_many
from optviz.engine.sampling import landscape


def run(surface, optimizer, params, start=None, steps=300, **rest) -> ov.Trajectory:
    exp = experiment(surface, competitor(optimizer, params, **rest), start=start, steps=steps)
    return ov.run(exp, device="cpu")[0]


CASES = {
    "minimum": [
        ("Rosenbrock", "Adam", {"lr": 0.05}, (0.9, 0.8), 1500),
        ("Himmelblau", "SGD", {"lr": 0.01}, (3.5, 2.5), 200),
        (
            "Ackley",
            "SGD",
            {"lr": 1e-4},
            (1e-4, 0.0),
            1,
        ),  # no gradient at the tip: the declared minimizer counts
        ("Rastrigin", "SGD", {"lr": 1e-3}, (2.1, 0.9), 500),  # a local one
        ("Drop-wave", "SGD", {"lr": 0.01}, (3.0, 1.6), 300),  # a ring of minima: no curvature along it
    ],
    "saddle": [
        ("Saddle", "SGD", {"lr": 0.1}, (1.0, 0.0), 200),
        ("Saddle", "Adam", {"lr": 0.05}, (1.0, 0.0), 1000),
        ("Monkey saddle", "SGD", {"lr": 0.1}, (1.0, 0.0), 2000),
        ("Himmelblau", "LBFGS", {"lr": 0.1}, (-3.07302715, -0.08135306), 3),
    ],
    "maximum": [("Himmelblau", "SGD", {"lr": 0.01, "maximize": True}, (0.0, 0.0), 500)],
    "plateau": [("Easom", "SGD", {"lr": 0.1}, (-50.0, 60.0), 100)],
    "cycle": [
        ("Quadratic bowl", "SGD", {"lr": 1.0}, (2.0, 0.0), 200),  # 1 − lr·2 = −1: back and forth for ever
        ("Absolute value", "SGD", {"lr": 0.1}, (1.0, 1.0), 300),
    ],
    "moving": [
        ("Rosenbrock", "SGD", {"lr": 1e-4}, (-1.2, 1.0), 300),
        ("Quadratic bowl", "SGD", {"lr": 1e-4}, (2.0, 1.0), 300),  # a loss that hardly changes is no minimum
        ("Rosenbrock", "Adam", {"lr": 0.0}, (-1.2, 1.0), 50),
    ],
    "left": [("Saddle", "Adam", {"lr": 0.05}, (1.0, 1e-3), 400)],
    "diverged": [
        ("Rosenbrock", "SGD", {"lr": 0.1}, (-1.2, 1.0), 100),
        ("Quadratic bowl", "SGD", {"lr": 1.5}, (2.0, 1.0), 400),
    ],
}


@pytest.mark.parametrize(("kind", "case"), [(kind, case) for kind, cases in CASES.items() for case in cases])
def test_every_ending_has_its_case(kind: str, case: tuple) -> None:
    surface, optimizer, params, start, steps = case
    trajectory = run(surface, optimizer, params, start, steps)
    assert trajectory.outcome.kind == kind, trajectory.outcome
    assert 0 <= trajectory.outcome.step <= trajectory.steps
    assert trajectory.outcome.detail.endswith(".")


def test_every_kind_of_ending_is_tested() -> None:
    assert CASES.keys() == set(OUTCOMES)


@pytest.mark.parametrize("surface", [name for name, info in ov.SURFACES.items() if info.minimizers])
def test_next_to_each_minimizer_a_run_ends_there_and_says_which(surface: str) -> None:
    function = ov.surface(ov.SurfaceSpec(surface))
    for index, (x, y) in enumerate(function.minimizers):
        step = 1e-4 * min(function.widths)
        outcome = run(surface, "Adam", {"lr": step / 100}, (x + step, y - step), steps=3).outcome
        assert (outcome.kind, outcome.minimizer) == ("minimum", index), outcome


def test_a_local_minimum_is_not_called_a_global_one() -> None:
    outcome = run("Rastrigin", "SGD", {"lr": 1e-3}, (2.1, 0.9), 500).outcome
    assert outcome.minimizer is None and "local" in outcome.detail


@pytest.mark.slow
def test_a_run_on_the_ridge_is_never_a_minimum() -> None:
    for optimizer in ov.OPTIMIZERS:
        if optimizer in ("RAdam", "LBFGS"):
            continue
        lr = ov.suggested_lr(optimizer, ov.SurfaceSpec("Saddle"))
        params = {"lr": lr} | ({"weight_decay": 0.0} if optimizer in ("AdamW", "Muon") else {})
        trajectory = run("Saddle", optimizer, params, (1.0, 0.0), 600)
        assert (trajectory.points[:, 1] == 0).all()
        assert trajectory.outcome.kind in ("saddle", "moving", "cycle"), (optimizer, trajectory.outcome)


@pytest.mark.parametrize("optimizer", ov.OPTIMIZERS)
def test_a_run_beside_a_kink_is_not_at_rest(optimizer: str) -> None:
    """Bukin's valley is a kink of √|·|: beside it Newton steps are short, but the slope is endless."""
    spec = ov.SurfaceSpec("Bukin N.6")
    params = {"lr": ov.suggested_lr(optimizer, spec), **ov.OPTIMIZERS[optimizer].suggested}
    for start in ((-12.0, 1.45), (-8.0, 0.6), (-5.7, 0.33), (-9.2, 0.85)):
        outcome = run("Bukin N.6", optimizer, params, start, 60).outcome
        assert outcome.kind not in ("saddle", "maximum", "plateau"), outcome


def test_outcome_names_the_step() -> None:
    trajectory = run("Himmelblau", "SGD", {"lr": 0.01}, (3.5, 2.5), 200)
    step = trajectory.outcome.step
    widths = np.asarray(ov.surface(ov.SurfaceSpec("Himmelblau")).widths)
    away = np.linalg.norm((trajectory.points - trajectory.points[-1]) / widths, axis=1)
    assert 0 < step < 200 and away[step - 1] > 1e-3 and (away[step:] <= 1e-3).all()


def test_a_diverged_path_is_cut_at_its_first_point_beyond_reach() -> None:
    trajectory = run("Quadratic bowl", "SGD", {"lr": 1.5}, (2.0, 1.0), 400)
    widths = max(ov.surface(ov.SurfaceSpec("Quadratic bowl")).widths)
    reach = 1e6 * widths
    assert trajectory.steps == trajectory.outcome.step < 400
    assert np.abs(trajectory.points[-1]).max() > reach >= np.abs(trajectory.points[:-1]).max()


def test_lbfgs_that_chokes_has_diverged() -> None:
    """torch's line search raises IndexError on a surface without a floor; that is an ending, not a crash."""
    trajectory = run("Monkey saddle", "LBFGS", suggested("LBFGS", "Monkey saddle"), (1.5, 0.001), 100)
    assert trajectory.outcome.kind == "diverged" and trajectory.steps < 100
    many = ov.run_many(
        experiment("Monkey saddle", "LBFGS", start=(0.0, 0.0), steps=100),
        [(1.5, 0.001)],
        device="cpu",
    )
    assert many.diverged[0] and many.steps[0] == trajectory.steps


def land(gradient, hessian, *, smooth=True, minimizers=(), losses=None) -> Landscape:
    """A made-up landscape over the unit square, its range 1; slope and Hessian are those in the middle."""

    def first_order(points):
        values = np.zeros(len(points)) if losses is None else losses(points)
        return values, np.asarray(gradient, float) + (points - 0.5) @ np.asarray(hessian, float)

    return Landscape(
        low=np.zeros(2),
        widths=np.ones(2),
        minimizers=np.asarray(minimizers, float).reshape(-1, 2),
        minimum=-math.inf,
        smooth=smooth,
        range=1.0,
        relief=1.0,
        first_order=first_order,
        hessian=lambda points: np.broadcast_to(np.asarray(hessian, float), (len(points), 2, 2)),
    )


STILL = np.full((30, 2), 0.5)
FLAT = [[0.0, 0.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("landscape", "kind"),
    [
        (land([1e-4, 0], [[1, 0], [0, 2]]), "minimum"),
        (land([1e-4, 0], [[-1, 0], [0, -2]]), "maximum"),
        (land([0, 0], [[1, 2], [2, 1]]), "saddle"),
        (land([1e-2, 0], [[1, 0], [0, 2]]), "moving"),  # the Newton step is 1e-2 domain widths long
        (land([1e-3, 0], FLAT), "moving"),  # a slope without curvature leads somewhere
        (land([0, 0], FLAT), "plateau"),
        (land([1e-6, 0], [[1e-6, 0], [0, 0]]), "plateau"),
        (land([0, 0], FLAT, losses=lambda p: ((p - 0.5) ** 4).sum(1)), "minimum"),
        (land([0, 0], FLAT, losses=lambda p: -((p - 0.5) ** 4).sum(1)), "maximum"),
        (land([0, 0], FLAT, losses=lambda p: (p[:, 0] - 0.5) ** 3), "saddle"),
        (land([1, 1], FLAT, smooth=False, minimizers=[(0.5005, 0.5)]), "minimum"),
        (land([1, 1], FLAT, smooth=False, minimizers=[(0.51, 0.5)]), "moving"),
        (land([np.nan, 0], FLAT), "moving"),
        (land([0, 0], [[1, 0], [0, 1e-9]], losses=lambda p: (p[:, 0] - 0.5) ** 2), "minimum"),
    ],
)
def test_verdicts_on_made_up_landscapes(landscape: Landscape, kind: str) -> None:
    assert judge(STILL, False, landscape).kind == kind


def spiral(decay: float, steps: int = 200) -> np.ndarray:
    angle = np.arange(steps + 1) * 0.9
    return 0.5 + 0.3 * decay ** np.arange(steps + 1)[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)


@pytest.mark.parametrize(
    ("points", "kind"),
    [
        (spiral(1.0), "cycle"),
        (spiral(0.98), "moving"),  # it settles
        (np.linspace([0.1, 0.1], [0.9, 0.9], 201), "moving"),
        (spiral(1.0) * [0.05, 0.05] + np.linspace([0, 0], [0.9, 0.9], 201), "moving"),  # it drifts
        (spiral(1.0) + np.array([0.8, 0.0]), "cycle"),
        (spiral(1.0) + np.array([2.0, 0.0]), "left"),
        (spiral(1.0)[:8], "moving"),  # too short to tell
    ],
)
def test_cycles_are_bounded_and_do_not_settle(points: np.ndarray, kind: str) -> None:
    points = points if kind != "cycle" else np.vstack([points, points[:1] * 0 + [0.9, 0.5]])
    assert judge(points, False, land([1, 1], [[1, 0], [0, 1]])).kind == kind


@pytest.mark.slow
@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "surface", ["Himmelblau", "Ackley", "Saddle", "Rosenbrock", "Easom", "Absolute value"]
)
def test_many_verdicts_are_those_of_each_run_alone(surface: str) -> None:
    function = ov.surface(ov.SurfaceSpec(surface))
    low, high = np.asarray(function.domain).T
    starts = np.random.default_rng(0).uniform(low, high, (8, 2))
    kinds = set()
    for optimizer, factor in (("SGD", 1), ("SGD", 30), ("Rprop", 1)):
        lr = factor * ov.suggested_lr(optimizer, ov.SurfaceSpec(surface))
        walker = competitor(optimizer, {"lr": lr})
        exp = experiment(surface, walker, steps=90)
        many = ov.run_many(exp, starts, record="paths", device="cpu")
        found = judge_many(many.paths.transpose(1, 0, 2), many.steps, many.diverged, landscape(function))
        for row, start in enumerate(many.starts):
            one = experiment(surface, walker, start=tuple(map(float, start)), steps=exp.steps)
            outcome = ov.run(one, "cpu")[0].outcome
            minimizer = -1 if outcome.minimizer is None else outcome.minimizer
            assert OUTCOMES[found.kinds[row]] == outcome.kind
            assert (found.steps[row], found.minimizers[row]) == (outcome.step, minimizer)
            kinds.add(outcome.kind)
    assert len(kinds) > 1


def typed(expression: str, start: tuple, steps: int, lr: float, half: float = 5.0, **rest) -> ov.Trajectory:
    spec = formula_spec(expression, x_range=(-half, half), y_range=(-half, half))
    run = competitor(rest.pop("optimizer", "SGD"), {"lr": lr})
    return ov.run(experiment(spec, run, start=start, steps=steps, dtype="float64"), device="cpu")[0]


SLOW = [
    ("exp(x**2) + y**2", (0.5, 1.0)),
    ("exp(x**2) + 0.001*y**2", (0.0, 3.0)),  # a slope that was rounding beside the wall
    ("exp(x**2) + y", (0.5, 1.0)),
    ("1/x", (0.5, 1.0)),
    ("1/(x**2 + y**2)", (2.5, 1.0)),
    ("x**2 + y**2 + 1/(x - 3)**8", (0.5, 1.0)),
    ("x**2 + y**2 - 1/(x - 3.01)**2", (-2.0, 1.0)),
    ("x**8 + y**8", (0.3, 0.2)),
    ("x**8 + y**8", (0.06, 0.05)),
    ("x**20 + y**20", (0.5, 0.4)),
    ("-1/(x**2 + y**2 + 1e-9)", (0.5, 1.0)),
]


@pytest.mark.parametrize("lr", [1e-3, 1e-5])
@pytest.mark.parametrize(("expression", "start"), SLOW)
def test_a_slow_run_is_not_a_finished_one(expression: str, start: tuple, lr: float) -> None:
    outcome = typed(expression, start, 50, lr).outcome
    assert outcome.kind == "moving", outcome


@pytest.mark.parametrize("lr", [1e-3, 1e-9])
@pytest.mark.parametrize("half", [5.0, 20.0])
@pytest.mark.parametrize("wall", ["0", "1/(x - 3)**8", "exp(x**2)"])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_neither_walls_nor_units_make_a_plateau(wall: str, scale: float, half: float, lr: float) -> None:
    """Not even where the run hardly moves: there is a slope."""
    expression = f"{scale:g}*(x**2 + y**2 + x*y/2 + {wall}) + 7"
    assert typed(expression, (0.5, 1.0), 50, lr / scale, half).outcome.kind == "moving"


FLATS = [
    ("1/(1 + exp(-x))", (40.0, 1.0), 50.0),  # a saturated unit, above and below
    ("1/(1 + exp(-x))", (-40.0, 1.0), 50.0),
    ("tanh(x)", (20.0, 1.0), 50.0),
    ("exp(-x**2 - y**2)", (5.0, 0.0), 5.0),
    ("1 - exp(-x**2 - y**2)", (4.9, 1.0), 5.0),
    ("1 - exp(-x**2 - y**2)", (8.0, 0.0), 20.0),
]


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(("expression", "start", "half"), FLATS)
def test_almost_no_slope_is_a_plateau(expression: str, start: tuple, half: float, scale: float) -> None:
    outcome = typed(f"{scale:g}*({expression})", start, 60, 0.1 / scale, half).outcome
    assert outcome.kind == "plateau", outcome


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "Rprop"])
@pytest.mark.parametrize(
    "expression", ["1 - exp(-x**2 - y**2)", "x**8 + y**8", "tanh(x) + tanh(y)", "exp(x**2) + y**2"]
)
def test_who_rests_on_a_plateau_is_still_there_after_many_more_steps(expression: str, optimizer: str) -> None:
    rests = 0
    for start in np.random.default_rng(0).uniform(-5, 5, (6, 2)).tolist():
        run = typed(expression, tuple(start), 20, 0.01, optimizer=optimizer)
        if run.outcome.kind == "plateau":
            longer = typed(expression, tuple(start), 400, 0.01, optimizer=optimizer)
            assert np.linalg.norm(longer.points[-1] - run.points[-1]) <= 1e-3 * 10
            rests += 1
    assert rests or optimizer != "SGD" or "exp(-" not in expression


@pytest.mark.parametrize("start", [(0.01, 0.005), (0.004, -0.003), (0.0, 0.0)])
def test_a_flat_bottom_is_the_minimum_that_is_declared(start: tuple) -> None:
    outcome = typed("x**8 + y**8", start, 20, 1e-3).outcome
    assert (outcome.kind, outcome.minimizer) == ("minimum", 0)


def test_a_run_that_was_stopped_is_judged_by_what_it_did() -> None:
    """Of runs together some may have been stopped: what follows is no path of theirs."""
    paths = np.stack([np.vstack([spiral(1.0)[:101], np.full((100, 2), np.nan)]), spiral(1.0)], axis=1)
    found = judge_many(paths, np.array([100, 200]), np.zeros(2, bool), land([1, 1], [[1, 0], [0, 1]]))
    assert [OUTCOMES[kind] for kind in found.kinds] == ["cycle", "cycle"]
    outcome = judge(paths[:101, 0], False, land([1, 1], [[1, 0], [0, 1]]), "it failed")
    assert outcome.detail.endswith(". Stopped after 100 steps: it failed.")
