"""Settings of every test that loads torch; a conftest imports them."""

from __future__ import annotations

import torch

from optviz.optimizers import third_party

torch.set_num_threads(1)  # processes beside each other share the cores
# Tests go over all optimizers, and mean torch's: those of other packages have tests of their own.
third_party.is_installed = lambda: False
