"""What it costs to begin: each command and a first run in a process of its own, beside what it stands on.

Seconds are CPU seconds of a whole process, the median of some. What is measured and its yardstick take turns.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys

BARE = """
import torch
theta = torch.tensor([-1.2, 1.0], requires_grad=True)
optimizer = torch.optim.Adam([theta], lr=0.05)
def closure():
    optimizer.zero_grad()
    x, y = theta
    loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    loss.backward()
    return loss
for _ in range(300):
    optimizer.step(closure)
"""
FIRST = """
import optviz as ov
run = ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.05}))
ov.run(ov.Experiment(ov.SurfaceSpec("Rosenbrock"), (-1.2, 1.0), 300, (run,)), device="cpu")
"""
COMMAND = "import sys; from optviz.web.cli import main; sys.argv = ['optviz', *{words}]; main()"
PAIRS = {
    "import optviz": ("import optviz", "pass"),
    "optviz --version": (COMMAND.format(words=["--version"]), "pass"),
    "optviz --help": (COMMAND.format(words=["--help"]), "pass"),
    "optviz list surfaces": (COMMAND.format(words=["list", "surfaces"]), "pass"),
    "optviz list optimizers": (COMMAND.format(words=["list", "optimizers"]), "pass"),
    "a first ov.run, beside a bare loop": (FIRST, BARE),
}


def seconds(code: str) -> float:
    """CPU seconds of a fresh Python that runs this."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    for name, (code, yardstick) in PAIRS.items():
        pairs = [(seconds(code), seconds(yardstick)) for _ in range(repeats)]
        own, beside = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{name:36} {own:6.2f} s, {own - beside:+.2f} s beyond {beside:.2f} s")


if __name__ == "__main__":
    main()
