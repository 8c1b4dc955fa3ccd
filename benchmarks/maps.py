"""What maps cost, beside the same runs one by one: basins, a sweep and a tuning.

A yardstick is measured beside each map, in turns, and a number is a median of ratios. What the maps come to
is compared with single runs as well, so that nothing is fast by being wrong. `--device cuda` measures a GPU.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

import optviz as ov

STEPS = 200
BASINS = {"SGD": {"lr": 1e-3}, "Adam": {"lr": 0.05}, "RMSprop": {"lr": 0.01}, "NAdam": {"lr": 0.02}}
RATES, TUNING_STEPS = 600, 400


def experiment(optimizer: str, params: dict, steps: int, surface: str = "Rosenbrock") -> ov.Experiment:
    run = ov.RunSpec(ov.OptimizerSpec(optimizer, params))
    return ov.Experiment(ov.SurfaceSpec(surface), (-1.2, 1.0), steps, (run,))


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measured(
    map_of: Callable[[], object], one_by_one: Callable[[], float], repeats: int
) -> tuple[float, float]:
    """Median seconds of the map, and how many times faster it is than its yardstick, run by run."""
    seconds, ratios = [], []
    for _ in range(repeats):
        started = time.perf_counter()
        share = one_by_one()
        single = (time.perf_counter() - started) * share
        seconds.append(timed(map_of))
        ratios.append(single / seconds[-1])
    return statistics.median(seconds), statistics.median(ratios)


def check(found: ov.BasinMap | ov.SweepMap, device: str, count: int = 8) -> str:
    """Whether sampled cells are their single runs to the bit; how far off where not."""
    worst = 0.0
    for cell in np.random.default_rng(0).choice(found.kinds.size, count, replace=False):
        place = divmod(int(cell), found.kinds.shape[1])
        one = ov.run_one(found.at(*place), found.index, device).final_loss
        if not (one == found.losses[place] or (np.isnan(one) and np.isnan(found.losses[place]))):
            worst = max(worst, abs(one - found.losses[place]) / max(abs(one), 1e-300))
    return "cells equal single runs" if worst == 0 else f"cells differ from single runs by {worst:.1e}"


def basins(optimizer: str, device: str, repeats: int) -> None:
    exp = experiment(optimizer, BASINS[optimizer], STEPS, "Himmelblau")
    starts = np.random.default_rng(0).uniform(-5, 5, (16, 2))

    def one_by_one() -> int:
        for x, y in starts:
            ov.run(replace(exp, start=(x, y)), device)
        return 256**2 // len(starts)

    seconds, ratio = measured(lambda: ov.basins(exp, resolution=256, device=device), one_by_one, repeats)
    aim = "" if optimizer == "NAdam" else " (target over 1,000, within 3 s)"
    print(
        f"basins 256×256 × {STEPS} steps, {optimizer:8}: {seconds:5.2f} s, {ratio:8,.0f} times "
        f"single runs{aim}"
    )
    print(f"    {check(ov.basins(exp, resolution=64, device=device), device)}")


def sweep(optimizer: str, y: tuple, device: str, repeats: int) -> None:
    exp = experiment(optimizer, {}, STEPS)
    x = ("lr", 1e-4, 1.0, 64)
    found = ov.sweep(exp, x=x, y=y, device=device)
    cells = np.random.default_rng(0).choice(found.kinds.size, 24, replace=False)

    def one_by_one() -> float:
        for cell in cells:
            ov.run(found.at(*divmod(int(cell), 64)), device)
        return found.kinds.size / len(cells)

    seconds, ratio = measured(lambda: ov.sweep(exp, x=x, y=y, device=device), one_by_one, repeats)
    name = f"{optimizer}, lr × {y[0]}"
    print(
        f"sweep 64×32 × {STEPS} steps, {name}: {seconds:5.2f} s, {ratio:6,.0f} times "
        "single runs (target over 10)"
    )
    print(f"    {check(found, device)}")


def tuning(optimizer: str, device: str, repeats: int) -> None:
    exp = experiment(optimizer, {}, TUNING_STEPS)
    surface = ov.surface(exp.surface)
    few = np.geomspace(1e-5, 1e-1, 12)

    def plain_loop() -> int:
        """What a person would write, and nothing recorded but the last loss."""
        for lr in few:
            theta = torch.tensor(exp.start, device=device, requires_grad=True)
            made = getattr(torch.optim, optimizer)([theta], lr=lr)
            for _ in range(TUNING_STEPS):
                made.zero_grad()
                loss = surface(theta)
                loss.backward()
                made.step()
            loss.item()
        return RATES // len(few)

    seconds, ratio = measured(lambda: ov.tune(exp, RATES, device=device), plain_loop, repeats)
    print(
        f"tuning of {RATES} rates × {TUNING_STEPS} steps, {optimizer:5}: {seconds:5.2f} s, "
        f"{ratio:6,.0f} times a plain loop (target over 10)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {options.device}, {torch.get_num_threads()} threads")
    ov.basins(experiment("SGD", {"lr": 1e-3}, 20), resolution=16, device=options.device)  # warm
    for optimizer in BASINS:
        basins(optimizer, options.device, options.repeats)
    sweep("SGD", ("momentum", 0.0, 0.99, 32), options.device, options.repeats)
    sweep("Adam", ("betas[1]", 0.5, 0.9999, 32), options.device, options.repeats)
    for optimizer in ("SGD", "Adam"):
        tuning(optimizer, options.device, options.repeats)


if __name__ == "__main__":
    main()
