"""A competitor as the parts of a program, for a model that is fitted to data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from optviz.programs.program import Program, needs_closure
from optviz.programs.writing import INDENT, call, listed, literal
from optviz.surfaces.models import Data


@dataclass(frozen=True)
class ModelProgram(Program):
    """A model that is fitted to data."""

    data: Data

    @property
    def given(self) -> str:
        if not self.run.frozen:
            return "model.parameters()"
        return "trained" if self.data.model.is_network else f"[{', '.join(self._trained)}]"

    @property
    def point(self) -> str:
        return "nn.utils.parameters_to_vector(model.parameters()).detach()"

    @property
    def loss(self) -> str:
        inputs, targets = ("inputs", "targets") if self._whole else ("xb", "yb")
        return f"loss_fn(model({inputs}), {targets})"

    @property
    def names_noise(self) -> bool:
        several = self.data.model.is_network or len(self._trained) > 1
        return several or needs_closure(self.info)

    @property
    def size(self) -> int:
        return len(self.data.model.axes)

    @property
    def _whole(self) -> bool:
        return self.experiment.batch_size is None

    @property
    def _tensors(self) -> dict[str, tuple[str, ...]]:
        """What the program calls each parameter tensor, and the axes that it holds."""
        return {_reached(part.name): part.axes for part in self.data.model.parts()}

    @property
    def _trained(self) -> list[str]:
        parts = self.data.model.parts()
        return [_reached(part.name) for part in parts if not part.is_frozen(self.run.frozen)]

    def imports(self) -> list[str]:
        lines = ["import torch", "from torch import nn"]
        return lines if self._whole else [*lines, "from torch.utils.data import DataLoader, TensorDataset"]

    def shared(self) -> list[str]:
        """Every call of its `batches` shuffles anew from the seed."""
        lines = [*self._examples(), self._loss_function]
        if self._whole:
            return lines
        inside = [INDENT + line for line in self._loader()]
        return [*lines, "", "def batches():", *inside, *self._epochs()]

    def beginning(self) -> list[str]:
        return [
            *self.imports(),
            *self.own_imports(),
            "",
            *self._examples(),
            "",
            *self.start(),
            self._loss_function,
        ]

    @property
    def _loss_function(self) -> str:
        return f"loss_fn = {self.data.loss.text}"

    def _examples(self) -> list[str]:
        inputs = [_numbers(row) for row in self.data.inputs]
        targets = [_numbers([target]) for target in self.data.targets]
        closing = ", ".join(["]", *self.dtype()]) + ")"
        lines = listed("inputs = torch.tensor([", inputs, closing)
        lines += listed("targets = torch.tensor([", targets, closing)
        if self.data.standardized:
            lines.append("inputs = (inputs - inputs.mean(0)) / inputs.std(0, correction=0)")
        return lines

    def start(self) -> list[str]:
        double = ".double()" if self.experiment.dtype == "float64" else ""
        frozen = [f"{name}.requires_grad_(False)" for name in self._tensors if name not in self._trained]
        if self.data.model.is_network:  # torch draws its weights itself
            seeded = [f"torch.manual_seed({self.experiment.seed})", *_module(self.data.model.text, double)]
            rest = "trained = [part for part in model.parameters() if part.requires_grad]"
            return [*seeded, *frozen, *([rest] if frozen else [])]
        lines = [f"model = {self.data.model.text}{double}", "with torch.no_grad():"]
        start = iter(self.experiment.start)
        for name, axes in self._tensors.items():
            values = [next(start) for _ in axes]
            if len(values) == 1:
                lines.append(f"{INDENT}{name}.fill_({literal(values[0])})")
            else:
                row = ", ".join([f"[{_numbers(values)}]", *self.dtype()])
                lines.append(f"{INDENT}{name}.copy_(torch.tensor({row}))")
        return [*lines, *frozen]

    def add_noise(self, noise: str) -> list[str]:
        if self.data.model.is_network:
            return [
                f"{name}.grad += {noise}{part}"
                for name, part in self._pieces().items()
                if name in self._trained
            ]
        places = {axis: place for place, axis in enumerate(self.data.model.axes)}
        parts = {name: axes for name, axes in self._tensors.items() if name in self._trained}
        used = {name: f"[{places[axes[0]]}]" if len(axes) == 1 else "" for name, axes in parts.items()}
        return [f"{name}.grad += {noise}{part}" for name, part in used.items()]

    def _pieces(self) -> dict[str, str]:
        """Which of all numbers in a row belong to each tensor, and in what shape."""
        pieces, first = {}, 0
        for part in self.data.model.parts():
            end = first + len(part.axes)
            shape = f".view({', '.join(map(str, part.shape))})" if len(part.shape) > 1 else ""
            pieces[_reached(part.name)] = f"[{first}:{end}]{shape}"
            first = end
        return pieces

    def batches(self) -> list[str]:
        return [] if self._whole else [*self._loader(), "", "def batches():", *self._epochs()]

    def _loader(self) -> list[str]:
        size, seed = self.experiment.batch_size, self.experiment.seed
        shuffled = [f"batch_size={size}", "shuffle=True", f"generator=torch.Generator().manual_seed({seed})"]
        return call("loader = DataLoader", ["TensorDataset(inputs, targets)", *shuffled])

    def _epochs(self) -> list[str]:
        return [
            f"{INDENT}while True:  # an epoch: every example once, shuffled anew",
            f"{INDENT * 2}yield from loader",
        ]

    def head(self) -> str:
        if self._whole:
            return super().head()
        return f"for step, (xb, yb) in zip(range({self.experiment.steps}), batches()):"


def _module(text: str, after: str) -> list[str]:
    """How a module is made, by a call whose arguments may need several lines."""
    name, _, inside = text.removesuffix(")").partition("(")
    return listed(f"model = {name}(", re.findall(r"[\w.]+(?:\(.*?\))?", inside), f"){after}")


def _reached(name: str) -> str:
    """How a person reaches the parameter that a module calls so: model[0].weight for "0.weight"."""
    return "model" + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in name.split("."))


def _numbers(row: Iterable[float]) -> str:
    return f"[{', '.join(literal(float(number)) for number in row)}]"
