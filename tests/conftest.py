"""For all tests: one torch thread, so that test processes beside each other do not fight over the cores."""

import torch

torch.set_num_threads(1)
