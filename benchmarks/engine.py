"""What the engine costs: per step over a bare torch loop, and per start over starts run one by one.

Each number is a median of ratios measured turn by turn in this very run, so that a noisy machine moves both
sides of a ratio alike. `--device cuda` measures on a GPU.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import product

import numpy as np
import torch

import optviz as ov

STEPS = 1000
MANY_STEPS = 200
CHOICES = {"SGD": {"lr": 1e-4, "momentum": 0.9}, "Adam": {"lr": 0.01}}


def experiment(optimizer: str, steps: int) -> ov.Experiment:
    run = ov.RunSpec(ov.OptimizerSpec(optimizer, CHOICES[optimizer]))
    return ov.Experiment(ov.SurfaceSpec("Rosenbrock"), (-1.2, 1.0), steps, (run,))


def bare(optimizer: str, steps: int, device: str) -> None:
    """A loop that only steps and keeps nothing."""
    surface = ov.surface(ov.SurfaceSpec("Rosenbrock"))
    theta = torch.tensor((-1.2, 1.0), device=device, requires_grad=True)
    torchs = getattr(torch.optim, optimizer)([theta], **CHOICES[optimizer])
    for _ in range(steps):
        torchs.zero_grad()
        surface(theta).backward()
        torchs.step()


def timed(work: Callable[[], object], device: str) -> float:
    started = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def per_step(optimizer: str, device: str, repeats: int) -> None:
    exp = experiment(optimizer, STEPS)
    pairs = []
    for _ in range(repeats):
        plain = timed(lambda: bare(optimizer, STEPS, device), device)
        pairs.append((timed(lambda: ov.run(exp, device), device), plain))
    ratio = statistics.median(ours / plain for ours, plain in pairs)
    ours, plain = (1e6 / STEPS * statistics.median(side) for side in zip(*pairs, strict=True))
    print(
        f"{optimizer:5} {STEPS} steps, everything recorded: {ours:6.1f} µs a step, "
        f"bare loop {plain:6.1f} µs, ratio {ratio:.2f} (target at most 1.15)"
    )


def many_starts(optimizer: str, count: int, device: str) -> None:
    exp = experiment(optimizer, MANY_STEPS)
    starts = np.random.default_rng(0).uniform((-2, -1), (2, 3), (count, 2))
    few = starts[:20]

    def one_by_one() -> None:
        for x, y in few:
            ov.run(ov.Experiment(exp.surface, (x, y), exp.steps, exp.runs), device)

    ratios, rates = [], []
    for _ in range(3):
        single = timed(one_by_one, device) / len(few)
        together = timed(lambda: ov.run_many(exp, starts, device=device), device)
        ratios.append(single * count / together)
        rates.append(count * MANY_STEPS / together)
    target = " (target over 1,000)" if count == 65_536 else ""
    print(
        f"{optimizer:5} {count:6,} starts × {MANY_STEPS} steps, ends: {statistics.median(rates):13,.0f} "
        f"steps a second, {statistics.median(ratios):8,.1f} times one by one{target}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {options.device}, {torch.get_num_threads()} threads")
    for optimizer in CHOICES:
        bare(optimizer, 200, options.device)
        ov.run(experiment(optimizer, 200), options.device)
        per_step(optimizer, options.device, options.repeats)
    for optimizer, count in product(CHOICES, (1, 100, 10_000, 65_536)):
        many_starts(optimizer, count, options.device)


if __name__ == "__main__":
    main()
