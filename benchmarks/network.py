"""What the surface under a network's paths costs: all points of its plane at once, over a pass for each.

The ratio is a median of ones measured turn by turn in this very run, so that a noisy machine moves both sides
alike. `--device cuda` computes both on a GPU, in float64 too.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import torch
from torch import nn

import optviz as ov

SIDE = 64


def one_by_one(plane: ov.Plane, device: str) -> np.ndarray:
    """The same grid by a loop of forward passes of the module, as a person would write it."""
    data = ov.surface(plane.surface).data
    assert data is not None
    model = data.model.make().to(device, torch.float64)
    inputs, targets = (part.to(device) for part in data.tensors())
    (left, right), (bottom, top) = plane.domain
    losses = np.empty((SIDE, SIDE))
    with torch.no_grad():
        for row, y in enumerate(np.linspace(bottom, top, SIDE)):
            for column, x in enumerate(np.linspace(left, right, SIDE)):
                weights = torch.from_numpy(plane.origin + x * plane.u + y * plane.v).to(device)
                nn.utils.vector_to_parameters(weights, model.parameters())
                losses[row, column] = data.loss.module(model(inputs), targets).item()
    return losses


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {options.device}, {torch.get_num_threads()} threads")
    run = ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.05}))
    for hidden in ((8,), (16, 16)):
        spec = ov.SurfaceSpec("MLP classifier", {"hidden": hidden})
        (path,) = ov.run(ov.Experiment(spec, (0.0, 0.0), 100, (run,)), "cpu")
        assert path.plane is not None
        pairs = []
        for _ in range(options.repeats):
            began = time.perf_counter()
            together = ov.sample(path.plane, SIDE, device=options.device).z
            middle = time.perf_counter()
            apart = one_by_one(path.plane, options.device)
            pairs.append((middle - began, time.perf_counter() - middle))
            np.testing.assert_allclose(together, apart, rtol=1e-9)
        ratio = statistics.median(apart / together for together, apart in pairs)
        ours, plain = (1e3 * statistics.median(side) for side in zip(*pairs, strict=True))
        print(
            f"MLP {hidden}: {SIDE}×{SIDE} losses at once {ours:6.1f} ms, by a loop of forward passes "
            f"{plain:7.1f} ms, {ratio:5.1f} times (target over 10)"
        )


if __name__ == "__main__":
    main()
