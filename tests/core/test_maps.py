"""Maps are many single runs: sampled cells are compared with them, and what is said of a map is true."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

import optviz as ov
from builders import competitor, experiment, suggested
from comparisons import assert_same_arrays
from optviz import OUTCOMES, command
from optviz.maps.axes import AxisKind
from optviz.maps.catalogue import MAPS, requests
from optviz.maps.workers import Here, Piece, Watcher, carry_out, coarse_first, stand_ins
from optviz.spec.params import Choice, Flag, Float, Int, Kind, Maybe, Text

SGD, ADAM = experiment("Himmelblau", "SGD"), experiment("Himmelblau", "Adam")
TORCHS_LBFGS = competitor("LBFGS", {"lr": 1.0})
"""Without the line search that is suggested for it."""


def is_single_run(found: ov.BasinMap | ov.SweepMap, row: int, column: int) -> None:
    one = ov.run_one(found.at(row, column), found.index, "cpu")
    minimizer = -1 if one.outcome.minimizer is None else one.outcome.minimizer
    assert OUTCOMES[found.kinds[row, column]] == one.outcome.kind
    assert (found.steps[row, column], found.minimizers[row, column]) == (one.outcome.step, minimizer)
    np.testing.assert_array_equal(found.losses[row, column], one.final_loss)
    summary = one.summary(ov.surface(found.experiment.surface).minimizers, found.within)
    reached = -1 if summary.steps_to_reach is None else summary.steps_to_reach
    assert found.reached[row, column] == reached
    if isinstance(found, ov.SweepMap):
        np.testing.assert_array_equal(found.best[row, column], one.best_loss)


def sampled(found: ov.BasinMap | ov.SweepMap, count: int = 12) -> None:
    assert found.done.all()
    for cell in np.random.default_rng(0).choice(
        found.kinds.size, min(count, found.kinds.size), replace=False
    ):
        is_single_run(found, *divmod(int(cell), found.kinds.shape[1]))


# -- basins --------------------------------------------------------------------------------------------------


CYCLED = competitor("RMSprop", suggested("RMSprop", "Rosenbrock"), scheduler=ov.SchedulerSpec("OneCycleLR"))
CUT = competitor(
    "SGD", suggested("SGD", "Himmelblau"), scheduler=ov.SchedulerSpec("ReduceLROnPlateau", {"patience": 2})
)


@pytest.mark.parametrize(
    "exp",
    [
        SGD,
        experiment("Himmelblau", competitor("Adam", {"lr": 0.3}), noise=0.2, seed=3),
        experiment("Rosenbrock", CYCLED, dtype="float64"),
        experiment("Beale", competitor("SGD", {"lr": 1.0}, clip_norm=0.5)),
        experiment("Rosenbrock", competitor("SGD", {"lr": 0.01})),
        experiment("Saddle", competitor("Adam", {"lr": 0.1}, reset_every=20)),
        experiment("Least squares", "SGD", steps=8, batch_size=3),
        experiment("Himmelblau", "Muon", steps=8),
        experiment("Himmelblau", TORCHS_LBFGS, steps=3),
        experiment("Himmelblau", CUT, steps=20),
    ],
    ids=lambda exp: f"{exp.runs[0].name} {exp.surface.name}",
)
def test_every_pixel_of_a_basin_map_is_its_single_run(exp: ov.Experiment) -> None:
    side = 33 if ov.OPTIMIZERS[exp.runs[0].optimizer.name].coupling.name == "ELEMENTS" else 6
    sampled(ov.basins(exp, resolution=6 if exp.runs[0].scheduler and exp.steps == 20 else side, device="cpu"))


def test_basins_of_himmelblau_lie_around_its_four_minima() -> None:
    exp = experiment("Himmelblau", competitor("SGD", {"lr": 0.01}), steps=150)
    found = ov.basins(exp, resolution=40, device="cpu")
    nearest = np.asarray(ov.surface(found.experiment.surface).minimizers)
    for index, (x, y) in enumerate(nearest):
        cell = np.abs(found.y - y).argmin(), np.abs(found.x - x).argmin()
        assert found.minimizers[cell] == index
    assert set(found.minimizers[found.minimizers >= 0]) == {0, 1, 2, 3}
    (low, high), _ = ov.surface(found.experiment.surface).domain
    assert low < found.x[0] and found.x[-1] < high and found.x[0] - low == pytest.approx(high - found.x[-1])


def test_the_default_resolution_is_256_or_what_fits() -> None:
    assert ov.default_resolution(experiment("Himmelblau", "Adam", steps=200)) == 256
    slow = experiment("Himmelblau", TORCHS_LBFGS, steps=200)
    side = ov.default_resolution(slow)
    assert 16 <= side < 64
    assert ov.cost(slow, 0, 256**2) > 100 * ov.cost(experiment("Himmelblau", "SGD", steps=200), 0, 256**2)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda: ov.basins(SGD, resolution=1), "between 2 and 1,024"),
        (lambda: ov.basins(SGD, 3), "no competitor 3"),
        (
            lambda: ov.basins(experiment("Himmelblau", TORCHS_LBFGS, steps=5000), resolution=512),
            r"about [\d,]+ hours",
        ),
        (
            lambda: ov.basins(experiment("Himmelblau", competitor("SGD", {"lr": -1.0})), resolution=4),
            "Invalid learning rate",
        ),
        (lambda: ov.sweep(SGD, x=("lr", 1e-3, 1.0)), "An axis is"),
        (lambda: ov.sweep(SGD, x=("speed", 0.1, 1.0, 4)), "no number called speed"),
        (lambda: ov.sweep(SGD, x=("nesterov", 0.1, 1.0, 4)), "no number called nesterov"),
        (lambda: ov.sweep(ADAM, x=("betas[2]", 0.1, 0.9, 4), y=None), r"betas\[0\]"),
        (lambda: ov.sweep(ADAM, x=("betas", 0.1, 0.9, 4), y=None), "no number called betas"),
        (lambda: ov.sweep(SGD, x=("lr", 0.0, 1.0, 4, "log")), "no place for 0"),
        (lambda: ov.sweep(SGD, x=("lr", 0.1, 1.0, 4, "cubic")), "scale"),
        (lambda: ov.sweep(SGD, x=("lr", 0.1, 0.1, 4)), "not stay at"),
        (lambda: ov.sweep(SGD, x=("lr", 0.1, 1.0, 0)), "between 1 and"),
        (lambda: ov.sweep(SGD, y=("lr", 0.1, 1.0, 4)), "must differ"),
        (lambda: ov.sweep(SGD, y=("momentum", 0.5, -0.5, 3)), "Invalid momentum"),
        (
            lambda: ov.sweep(experiment("Himmelblau", TORCHS_LBFGS), x=("max_iter", 1, 3, 9), y=None),
            "whole numbers",
        ),
        (lambda: ov.tune(SGD, criterion="beauty"), "one of final loss"),
        (lambda: ov.tune(SGD, span=1.0), "span above 1"),
        (lambda: ov.tune(SGD, around="here"), "around"),
        (
            lambda: ov.tune(experiment("Himmelblau", competitor("SGD", {"lr": 0.0})), around="set"),
            "spread around",
        ),
        (lambda: ov.cloud(SGD), "same run"),
        (lambda: ov.cloud(experiment("Himmelblau", "SGD", noise=1.0), seeds=1), "2 to 10,000"),
        (lambda: ov.cloud(SGD, radius=-1.0), "positive"),
        (lambda: ov.cloud(experiment("Himmelblau", "SGD", noise=1.0), quantiles=(2.0,)), "Quantiles"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(ask, said) -> None:
    with pytest.raises(ValueError, match=said):
        ask()


def wrong(kind: Kind) -> list[Any]:
    """Values that a parameter may not have: too low, too high, of another kind."""
    match kind:
        case Maybe():
            return wrong(kind.kind)
        case Int() | Float():
            return [kind.low - 1, kind.high + 1, 10**9, "many", True, (1,)]
        case AxisKind():
            good = ("lr", 0.001, 0.1, 3, "log")
            parts = [(place, value) for place, part in enumerate(kind.kinds) for value in wrong(part)]
            return [
                "lr",
                (),
                good[:3],
                *((*good[:place], value, *good[place + 1 :]) for place, value in parts),
            ]
        case Flag():
            return [1, "on"]
        case Choice():
            return ["none of these", 1]
        case Text():
            return ["x" * (kind.longest + 1), 1]
    raise AssertionError(f"No value is known that is wrong for {kind}.")


@pytest.mark.parametrize(
    ("name", "parameter"), [(name, parameter) for name, info in MAPS.items() for parameter in info.params]
)
def test_a_value_that_no_map_can_have_is_a_sentence(name, parameter, tmp_path, capsys) -> None:
    """In Python, from a link and on the command line, and before anything is computed."""
    exp = replace(SGD, steps=1)
    for value in wrong(MAPS[name].params[parameter].kind):
        spec = ov.MapSpec(name, {parameter: value})
        said = rf"^The map {name}: {parameter} (\(value \d\) )?(must|is) .+\.$"
        with pytest.raises(ValueError, match=said) as error:
            requests(spec, exp, 0)
        link = exp.to_url(ov.View(map=spec))
        assert ov.View.from_url(link).map == spec
    assert command.main(["export", link, str(tmp_path / "map.svg"), "--figure", "map"]) == 1
    assert capsys.readouterr().err == f"optviz: {error.value}\n"


# -- sweeps --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("optimizer", "across", "up"),
    [
        ("SGD", "lr", "momentum"),
        ("Adam", "lr", "betas[0]"),
        ("SGD", "momentum", "lr"),
        ("LBFGS", "lr", "max_iter"),
    ],
)
def test_the_second_axis_of_a_sweep_is_one_that_its_optimizer_has(optimizer, across, up) -> None:
    run = competitor(optimizer, {"lr": ov.suggested_lr(optimizer, SGD.surface)})
    swept = ov.sweep(experiment("Himmelblau", run, steps=1), x=(across, 0.1, 0.9, 2), device="cpu")
    assert swept.y is not None and swept.y.name == up and swept.kinds.shape == (swept.y.count, 2)


def test_where_there_is_no_second_number_a_sweep_is_a_curve() -> None:
    class Plain(torch.optim.SGD):
        def __init__(self, params, lr: float = 1e-3) -> None:
            super().__init__(params, lr)

    with ov.OPTIMIZERS.temporarily():
        ov.register_optimizer(Plain)
        assert ov.sweep(experiment("Himmelblau", "Plain", steps=1), device="cpu").y is None


@pytest.mark.parametrize(
    ("exp", "x", "y"),
    [
        (experiment("Rosenbrock", "SGD"), ("lr", 1e-5, 1.0, 16), ("momentum", 0.0, 0.99, 8)),
        (ADAM, ("lr", 1e-3, 10.0, 12), ("betas", 1)),
        (experiment("Beale", "AdamW"), ("weight_decay", 0.0, 0.5, 9), ("lr", 1e-3, 1.0, 4)),
        (experiment("Himmelblau", "Rprop"), ("etas[1]", 1.1, 2.0, 5), ("lr", 1e-3, 1.0, 3)),
        (experiment("Himmelblau", TORCHS_LBFGS, steps=3), ("max_iter", 1, 3, 3), ("lr", 0.1, 1.0, 2)),
        (experiment("Least squares", "Adam", steps=9, batch_size=3), ("lr", 1e-3, 1.0, 5), None),
        (experiment("Himmelblau", "Adafactor", steps=9), ("eps[0]", 1e-9, 1e-3, 3), ("lr", 1e-3, 1.0, 3)),
    ],
    ids=lambda part: part.runs[0].name if isinstance(part, ov.Experiment) else None,
)
def test_every_cell_of_a_sweep_is_its_single_run(exp, x, y) -> None:
    y = (y, 0.5, 0.999, 6) if y and len(y) == 2 else y
    found = ov.sweep(exp, x=x, y=y, device="cpu")
    assert found.kinds.shape == (y[3] if y else 1, x[3])
    sampled(found, 8)


def test_axes_are_logarithmic_where_the_parameter_is() -> None:
    exp = experiment("Himmelblau", "Adam", steps=2)
    found = ov.sweep(exp, x=("lr", 1e-3, 1.0, 4), y=("betas[0]", 0.0, 0.9, 4))
    np.testing.assert_allclose(found.x.values, [1e-3, 1e-2, 1e-1, 1.0])
    np.testing.assert_allclose(found.y.values, [0.0, 0.3, 0.6, 0.9])
    assert found.at(3, 0).runs[0].optimizer.params == {"lr": 1e-3, "betas": (0.9, 0.999)}
    linear = ov.sweep(experiment("Himmelblau", "SGD", steps=2), x=("lr", 1.0, 2.0, 3, "linear"), y=None)
    assert linear.x.values.tolist() == [1.0, 1.5, 2.0] and linear.y is None


@pytest.mark.slow
def test_the_border_of_stability_is_where_sgd_begins_to_diverge() -> None:
    for extra in ({}, {"dampening": 0.3}, {"nesterov": True}, {"weight_decay": 0.5}):
        low = 0.1 if extra else 0.0
        exp = experiment("Quadratic bowl", competitor("SGD", extra), start=(1.0, 1.0), steps=400)
        found = ov.sweep(exp, x=("lr", 1e-2, 10.0, 24), y=("momentum", low, 0.8, 3), device="cpu")
        assert found.boundary is not None
        limits = np.interp(found.y.values, found.boundary[:, 1], found.boundary[:, 0])
        ratio = found.x.values[None] / limits[:, None]
        diverged = found.kinds == OUTCOMES.index("diverged")
        assert diverged[ratio > 1.15].all() and not diverged[ratio < 0.99].any()
    plain = experiment("Quadratic bowl", competitor("SGD"), steps=1)
    kappa = ov.SURFACES["Quadratic bowl"].params["kappa"].default
    assert ov.sweep(plain, y=None).boundary[0, 0] == pytest.approx(2 / (2 * max(kappa, 1.0)))
    assert ov.sweep(experiment("Himmelblau", "SGD", steps=1)).boundary is None
    assert ov.sweep(replace(plain, runs=(replace(plain.runs[0], clip_norm=1.0),))).boundary is None


# -- tunings -------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_tuning_gives_all_the_same_and_finds_the_best() -> None:
    adam = competitor("Adam", {"betas": (0.8, 0.99)}, label="mine")
    exp = replace(SGD, runs=(*SGD.runs, adam))
    for criterion in ("final loss", "best loss", "steps to reach"):
        found = ov.tune(exp, 13, criterion=criterion, within=0.5, device="cpu")
        assert found.rates.shape == found.values.shape == (2, 13)
        np.testing.assert_allclose(found.rates[:, [0, 6, 12]], [[1e-6, 1e-3, 1.0]] * 2, rtol=1e-12)
        for index, run in enumerate(found.tuned.runs):
            best = found.best[index]
            assert best >= 0
            assert run.optimizer.params["lr"] == found.rates[index, best]
            assert found.values[index, best] == np.nanmin(found.values[index])
            one = ov.run_one(found.tuned, index, "cpu")
            summary = one.summary(ov.surface(exp.surface).minimizers, 0.5)
            measured = {
                "final loss": one.final_loss,
                "best loss": one.best_loss,
                "steps to reach": summary.steps_to_reach,
            }
            assert found.values[index, best] == measured[criterion]
        assert found.tuned.runs[1].label == "mine"
        assert found.tuned.runs[1].optimizer.params["betas"] == (0.8, 0.99)
        named = criterion if "loss" in criterion else "steps to within 0.5"
        assert "13 learning rates × 60 steps" in found.budget and named in found.budget


def test_a_competitor_for_which_no_rate_is_any_good_stays_as_it_is() -> None:
    exp = experiment("Rosenbrock", competitor("SGD", {"lr": 0.5}), steps=200)
    found = ov.tune(exp, 3, span=1.5, around="set", device="cpu")
    assert found.best.tolist() == [-1] and found.tuned == exp
    assert np.isinf(found.values).all()


# -- clouds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "exp",
    [
        experiment("Himmelblau", competitor("Adam", {"lr": 0.1}), noise=2.0, seed=4),
        experiment("Himmelblau", competitor("Adam", {"lr": 0.1}, clip_norm=1.0, frozen=("y",)), noise=2.0),
        experiment("Himmelblau", "Muon", steps=6, noise=2.0),
        experiment("Least squares", "SGD", steps=12, batch_size=2, noise=0.1),
    ],
    ids=lambda exp: exp.runs[0].name,
)
def test_each_run_of_a_cloud_is_the_run_with_its_seed(exp: ov.Experiment) -> None:
    found = ov.cloud(exp, seeds=9, device="cpu")
    assert (found.over, found.count, found.losses.shape) == ("seeds", 9, (5, exp.steps + 1))
    for index in (0, 4, 8):
        one = ov.run_one(replace(exp, seed=exp.seed + index), 0, "cpu")
        np.testing.assert_array_equal(found.paths[index], one.points)
        np.testing.assert_array_equal(found.path_losses[index], one.losses)
    np.testing.assert_array_equal(found.losses[2], np.median(found.path_losses, axis=0))
    np.testing.assert_array_equal(found.points[2], np.median(found.paths, axis=0))
    assert (np.diff(found.losses, axis=0) >= 0).all()


def test_a_cloud_of_starts_lies_around_the_start() -> None:
    exp = experiment("Rosenbrock", competitor("SGD", {"lr": 0.01}), steps=30)
    found = ov.cloud(exp, seeds=70, radius=0.05, device="cpu")
    assert found.over == "starts" and len(found.paths) == 64 and found.count == len(found.finals) == 70
    away = (found.paths[:, 0] - np.float32(exp.start)) / ov.surface(exp.surface).widths
    assert away[0].tolist() == [0, 0] and np.linalg.norm(away, axis=1).max() <= 0.05
    one = ov.run_one(replace(exp, start=tuple(map(float, found.paths[5, 0]))), 0, "cpu")
    np.testing.assert_array_equal(found.paths[5, : one.steps + 1], one.points)
    assert one.outcome.kind == "diverged" and (found.paths[5, one.steps :] == one.points[-1]).all()


# -- how it runs ---------------------------------------------------------------------------------------------


def test_a_map_can_be_watched_and_what_there_is_so_far_is_true_and_coarse_first() -> None:
    seen = []
    whole = ov.basins(SGD, resolution=64, watch=lambda p: seen.append((p, p.partial())), device="cpu")
    assert len(seen) >= 4 and seen[-1][0].done == seen[-1][0].total == 64**2
    assert [p.done for p, _ in seen] == sorted(p.done for p, _ in seen)
    for progress, part in seen:
        assert part.done.sum() == progress.done
        assert progress.left is None if not progress.done else progress.left >= 0
        np.testing.assert_array_equal(part.kinds[part.done], whole.kinds[part.done])
        assert (part.kinds[~part.done] == -1).all()
        if progress.done:  # from the first picture on there is something to show everywhere
            assert (part.shown(part.kinds) >= 0).all()
    first = next(part for progress, part in seen if progress.done)  # a busy machine reports before it has any
    assert first.done[::8, ::8].all() and first.done.sum() == 64


def test_what_watch_raises_stops_the_map_at_once() -> None:
    class StopError(Exception):
        pass

    seen = []

    def watch(progress) -> None:
        seen.append(progress)
        if time.perf_counter() - began > 0.3:
            raise StopError

    exp = experiment("Himmelblau", "Muon", steps=3000)  # one piece of it takes longer than that
    began = time.perf_counter()
    with pytest.raises(StopError):
        ov.basins(exp, resolution=64, watch=watch, device="cpu")
    assert seen and seen[-1].done < 64**2
    assert seen[-1].partial().kinds.shape == (64, 64)


def test_every_cell_has_one_place_in_the_order_and_a_stand_in_until_its_turn() -> None:
    for height, width in ((256, 256), (64, 32), (1, 600), (5, 3), (1, 1), (33, 47)):
        lists = coarse_first(height, width)
        assert sorted(np.concatenate(lists)) == list(range(height * width))
        done = np.zeros(height * width, dtype=bool)
        for places in lists:
            done[places] = True
            shown = stand_ins(done.reshape(height, width))
            assert done[shown].all()
            assert (shown.reshape(-1)[done] == np.flatnonzero(done)).all()
    assert [len(places) for places in coarse_first(256, 256)] == [256, 768, 3072, 12288, 49152]


def test_the_lock_is_held_during_a_piece_of_work_and_not_between_them() -> None:
    held = []

    @contextmanager
    def once():
        with threading.Lock():
            held.append(True)
            yield
            held.append(False)

    class Lock:
        def __enter__(self):
            self.inner = once()
            return self.inner.__enter__()

        def __exit__(self, *error):
            return self.inner.__exit__(*error)

    between = []
    found = ov.basins(
        experiment("Himmelblau", "SGD", steps=3),
        resolution=32,
        executor=Here(Lock()),
        watch=lambda progress: between.append(held[-1]),
        device="cpu",
    )
    assert found.done.all() and len(held) >= 6 and not any(between)


class Unreliable(Executor):
    """Dies at some pieces: raises what a broken pool raises, or gives no answer it could give."""

    def __init__(self) -> None:
        self.asked = 0

    def submit(self, call, *args, **rest):
        self.asked += 1
        if self.asked % 3 == 0:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future = Future()
        if self.asked % 3 == 1:
            future.set_exception(OSError("the machine is gone"))
        else:
            future.set_result(call(*args, **rest))
        return future


@pytest.mark.slow
def test_what_a_worker_loses_is_done_again_and_said(caplog: pytest.LogCaptureFixture) -> None:
    unreliable, seen = Unreliable(), []
    assert_same_arrays(
        ov.basins(SGD, resolution=64, executor=unreliable, watch=seen.append, device="cpu"),
        ov.basins(SGD, resolution=64, device="cpu"),
    )
    assert unreliable.asked >= 4
    assert 0 < seen[-1].redone < seen[-1].done == 64**2
    warnings = [record for record in caplog.records if record.name.startswith("optviz.")]
    assert {record.levelname for record in warnings} == {"WARNING"}
    assert sum(record.args[0] for record in warnings) == seen[-1].redone
    assert "the machine is gone" in caplog.text and "after shutdown" in caplog.text
    assert (
        len([record for record in warnings if record.exc_info]) == 2
    )  # a traceback for each kind of failure


def test_what_fails_here_as_well_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    def fail(watch=None) -> None:
        raise OSError("there is no such file")

    with ThreadPoolExecutor(1) as pool, pytest.raises(OSError, match="no such file"):
        list(carry_out([Piece(np.arange(7), fail, ())], pool, Watcher(None, 7, lambda: None)))
    assert "A worker failed at 7 runs" in caplog.text and "in fail" in caplog.text


def test_what_does_not_fail_is_not_done_again(caplog: pytest.LogCaptureFixture) -> None:
    seen = []
    with ThreadPoolExecutor(1) as pool:
        exp = experiment("Himmelblau", "SGD", steps=3)
        ov.basins(exp, resolution=16, executor=pool, watch=seen.append, device="cpu")
    assert seen[-1].redone == 0 and not caplog.records


def test_an_error_about_what_was_asked_is_raised_and_the_rest_given_up() -> None:
    class Late(Executor):
        futures: list[Future] = []  # noqa: RUF012

        def submit(self, call, *args, **rest):
            self.futures.append(Future())
            if len(self.futures) == 1:
                self.futures[0].set_exception(ValueError("No."))
            return self.futures[-1]

    pieces = [Piece(np.arange(1), print, ()) for _ in range(3)]
    with pytest.raises(ValueError, match="No"):
        list(carry_out(pieces, Late(), Watcher(None, 3, lambda: None)))
    assert [future.cancelled() for future in Late.futures] == [False, True, True]
