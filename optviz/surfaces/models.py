"""Data and the models that are fitted to it: what the engine steps, and how that looks from outside.

A `Model` is a real `nn.Module` with D numbers, a `Data` the examples that it is fitted to and the loss.
The engine steps the module itself, as in any training loop (`Fitting`). The surface is the same loss as a
function of those numbers, for many points at once: it rounds in another order, so the two agree to about
1e-12 in float64, not to the bit.

Two numbers are the axes of a picture. A network has more: its weights begin as torch draws them, and a
picture is a plane through their space.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import islice, product
from typing import TYPE_CHECKING, Any, NamedTuple

from optviz.surfaces.deferred import nn, np, torch
from optviz.surfaces.layers import Activation, Layer, Linear

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    Array = NDArray[np.float64]

_AT_ONCE = 2**22
"""Numbers that are held at a time while a surface is sampled."""


class Part(NamedTuple):
    """A parameter tensor of a model."""

    name: str
    """What torch calls it."""
    shape: torch.Size
    axes: tuple[str, ...]
    """The names of the numbers that it holds, row by row."""

    def is_frozen(self, frozen: Sequence[str]) -> bool:
        """Whether it, or one of its numbers, is among `frozen`."""
        return not {self.name, *self.axes}.isdisjoint(frozen)


@dataclass(frozen=True, eq=False)
class Model:
    """A module of D numbers."""

    text: str
    """How a person writes it, after `from torch import nn`."""
    make: Callable[[], nn.Module]
    """What `text` says."""
    axes: tuple[str, ...]
    """A name for each of its numbers, in the order of `module.parameters()`."""
    outputs: Callable[[Tensor, Tensor], Tensor]
    """What the module gives for theta (..., D) and inputs (n, k), for many theta at once: (..., n)."""
    units: int = 1
    """Numbers that an evaluation holds for each example."""
    is_network: bool = False
    """Whether its numbers begin as torch draws them, instead of at an experiment's start."""

    def module(self, dtype: torch.dtype, device: torch.device) -> nn.Module:
        """A module whose numbers are not set yet. Nothing is drawn from torch's global generator."""
        with torch.device("meta"):
            module = self.make()
        return module.to(dtype).to_empty(device=device)

    @property
    def layers(self) -> list[Layer]:
        """What a player needs to evaluate it: see `layers`."""
        return layers(self.module(torch.float32, torch.device("cpu")))

    def parts(self) -> tuple[Part, ...]:
        """The parameter tensors, in the order of `module.parameters()`."""
        axes = iter(self.axes)
        return tuple(
            Part(name, part.shape, tuple(islice(axes, part.numel())))
            for name, part in self.module(torch.float32, torch.device("cpu")).named_parameters()
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What can be frozen: each of two numbers, or each tensor of a network."""
        return tuple(part.name for part in self.parts()) if self.is_network else self.axes

    def initial(self, seed: int) -> Tensor:
        """The weights of `torch.manual_seed(seed)` and then making the module.

        torch's global generator, which modules draw from, is as it was before.

        Args:
            seed: The seed.

        Returns:
            (D,) in float32, on the CPU.
        """
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)  # not torch.manual_seed, which is also the GPUs'
            module = self.make()
        return nn.utils.parameters_to_vector(module.parameters()).detach()

    def random_directions(self, seed: int) -> tuple[Tensor, Tensor]:
        """Two random directions from the initial weights of a seed, filter-normalised.

        Numbers from the normal distribution, scaled so that in each row of a weight, which is what one neuron
        gets, they are as long as the row of initial weights; 0 for biases.

        Args:
            seed: The seed of the weights. The directions are drawn by the next one.

        Returns:
            Two tensors (D,) in float64.

        Source:
            Li et al. (2018), Visualizing the loss landscape of neural nets, section 4, and their program.
        """
        generator = torch.Generator().manual_seed(seed + 1)  # apart from what the weights are drawn from
        begin = self._shaped(self.initial(seed).double())
        first, second = (torch.cat([_like(part, generator) for part in begin]) for _ in range(2))
        return first, second

    def _shaped(self, theta: Tensor) -> list[Tensor]:
        """Numbers (D,) as the tensors of the module."""
        parts = self.parts()
        pieces = theta.split([len(part.axes) for part in parts])
        return [piece.reshape(part.shape) for piece, part in zip(pieces, parts, strict=True)]


def _like(weights: Tensor, generator: torch.Generator) -> Tensor:
    """A random direction whose rows are as long as those of `weights`; 0 where there are no rows."""
    if weights.ndim < 2:
        return torch.zeros_like(weights).flatten()
    random = torch.randn(weights.shape, generator=generator, dtype=weights.dtype)
    lengths = [torch.linalg.vector_norm(rows, dim=1, keepdim=True) for rows in (weights, random)]
    scaled: Tensor = random * lengths[0] / lengths[1]
    return scaled.flatten()


def network(text: str, make: Callable[[], nn.Module], axes: Sequence[str] = ()) -> Model:
    """The model of any module with one output, whose weights begin as torch draws them.

    Without `axes` its numbers are called by their place in torch's tensors, "0.weight[3,1]".
    """
    with torch.device("meta"):  # a module without numbers of its own: each call brings them along
        module = make()
    shapes = {name: part.shape for name, part in module.named_parameters()}

    def output(theta: Tensor, inputs: Tensor) -> Tensor:
        pieces = theta.split([shape.numel() for shape in shapes.values()])
        parts = {name: piece.reshape(shapes[name]) for name, piece in zip(shapes, pieces, strict=True)}
        column: Tensor = torch.func.functional_call(module, parts, (inputs,))
        return column.squeeze(-1)

    def outputs(theta: Tensor, inputs: Tensor) -> Tensor:
        rows = theta.reshape(-1, theta.shape[-1])
        each: Tensor = torch.vmap(output, (0, None))(rows, inputs)
        return each.reshape(*theta.shape[:-1], len(inputs))

    names = (_numbered(name, shape) for name, shape in shapes.items())
    axes = tuple(axes) or tuple(name for part in names for name in part)
    units = sum(shape[0] for shape in shapes.values())
    return Model(text, make, axes, outputs, units, is_network=True)


def _numbered(name: str, shape: torch.Size) -> list[str]:
    return [f"{name}[{','.join(map(str, place))}]" for place in product(*map(range, shape))]


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss of torch, and what it makes of a single example."""

    text: str
    """How a person writes it, after `from torch import nn`."""
    make: Callable[[], nn.Module]
    """What `text` says."""
    each: Callable[[Tensor, Tensor], Tensor]
    """The loss of each example, in plain arithmetic: outputs (..., n) and targets (n,) → (..., n)."""
    total: bool = False
    """Whether the examples' losses are summed, not averaged."""

    @cached_property
    def module(self) -> nn.Module:
        """The module itself: it holds no numbers, so one serves all."""
        return self.make()


@dataclass(frozen=True, eq=False)
class Data:
    """A small data set, with the model that is fitted to it and the loss."""

    inputs: Array
    """(n, k) as they were given."""
    targets: Array
    """(n,)"""
    names: tuple[str, ...]
    """What the k columns of the inputs are called, and then the targets."""
    model: Model
    loss: Loss
    standardized: bool = False
    """Whether the model gets its inputs with mean 0 and standard deviation 1."""

    def __len__(self) -> int:
        """n, the number of examples."""
        return len(self.inputs)

    def tensors(self, dtype: torch.dtype | None = None) -> tuple[Tensor, Tensor]:
        """Inputs (n, k), standardized where that is asked for, and targets (n, 1), in float64 or `dtype`."""
        dtype = dtype or torch.float64
        inputs = torch.tensor(self.inputs, dtype=dtype)
        if self.standardized:
            inputs = (inputs - inputs.mean(0)) / inputs.std(0, correction=0)
        return inputs, torch.tensor(self.targets[:, None], dtype=dtype)

    def predict(self, theta: Any, inputs: Any = None) -> Array:
        """What the model gives for some inputs: of a classifier a logit, which is positive for class 1.

        Args:
            theta: (..., D) parameters.
            inputs: (m, k) as they would be given, before any standardization; by default the data's own.

        Returns:
            (..., m) in float64.
        """
        own = torch.tensor(self.inputs)
        given = own if inputs is None else torch.as_tensor(np.asarray(inputs, dtype=np.float64))
        if self.standardized:
            given = (given - own.mean(0)) / own.std(0, correction=0)
        outputs: Array = self.model.outputs(torch.as_tensor(np.asarray(theta, np.float64)), given).numpy()
        return outputs

    @property
    def classifies(self) -> bool:
        """Whether the targets are classes, 0 and 1, and the model gives logits."""
        return isinstance(self.loss.module, nn.BCEWithLogitsLoss)

    def scaling(self) -> tuple[Array, Array]:
        """The offset (k,) subtracted from the inputs, and the scale (k,) that they are then divided by."""
        own = torch.tensor(self.inputs)
        if not self.standardized:
            return np.zeros(own.shape[1]), np.ones(own.shape[1])
        return own.mean(0).numpy(), own.std(0, correction=0).numpy()

    def order(self, batch_size: int, seed: int, steps: int) -> NDArray[np.uint16]:
        """The examples that the first steps see, in order: each epoch holds every example once.

        Args:
            batch_size: Examples a step; the last of an epoch may have fewer.
            seed: What shuffles them.
            steps: How many steps.

        Returns:
            (examples,) places in the data, of all steps one after the other.
        """
        return _order(len(self), batch_size, seed, steps)

    def surface(self, x: Tensor, y: Tensor) -> Tensor:
        """The loss of all examples as a function of two numbers.

        Args:
            x: (...) the first number.
            y: (...) the second.

        Returns:
            (...)
        """
        return self.losses(torch.stack((x, y), -1))

    def losses(self, theta: Tensor) -> Tensor:
        """The loss of all examples.

        Args:
            theta: (..., D) parameters, in any dtype, on any device.

        Returns:
            (...)
        """
        inputs, targets = (part.to(theta) for part in self.tensors())
        reduced = [
            self._reduced(self.loss.each(self.model.outputs(piece, inputs), targets[:, 0]))
            for piece in theta.reshape(-1, theta.shape[-1]).split(self.at_once)
        ]
        return torch.cat(reduced).reshape(theta.shape[:-1])

    @property
    def at_once(self) -> int:
        """Points whose losses are computed at a time: more would not fit into memory."""
        return max(1, _AT_ONCE // (len(self) * self.model.units))

    def slice(self, origin: Tensor, u: Tensor, v: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """The loss on a plane through the space of the parameters.

        Args:
            origin: (D,) the parameters at (0, 0).
            u: (D,) what x = 1 adds to them.
            v: (D,) what y = 1 adds to them.

        Returns:
            A function of x (...) and y (...) that gives losses (...).
        """

        def function(x: Tensor, y: Tensor) -> Tensor:
            through, along, across = (part.to(x) for part in (origin, u, v))
            return self.losses(through + x[..., None] * along + y[..., None] * across)

        return function

    def _reduced(self, losses: Tensor) -> Tensor:
        return losses.sum(-1) if self.loss.total else losses.mean(-1)

    def epoch_steps(self, batch_size: int | None) -> int:
        """How many steps see every example once."""
        return 1 if batch_size is None else -(-len(self) // batch_size)


class Fitting:
    """The real modules at some starts, on the real data, in one dtype and on one device: a `Problem`."""

    def __init__(self, data: Data, starts: Tensor, frozen: Sequence[str] = ()) -> None:
        """One module for each of `starts` (N, D), without a gradient for what is `frozen`."""
        self.names = data.model.names
        self._loss = data.loss.module
        inputs, targets = data.tensors(starts.dtype)
        self._examples = inputs.to(starts.device), targets.to(starts.device)
        self._modules = [data.model.module(starts.dtype, starts.device) for _ in starts]
        self.each = [list(module.parameters()) for module in self._modules]
        """Each module's own parameters."""
        parts = data.model.parts()
        for start, parameters in zip(starts, self.each, strict=True):
            numbers = start.split([len(part.axes) for part in parts])
            for parameter, part, values in zip(parameters, parts, numbers, strict=True):
                parameter.requires_grad_(not part.is_frozen(frozen))
                with torch.no_grad():
                    parameter.copy_(values.reshape(part.shape))

    def loss(self, parameters: Sequence[Tensor], batch: object = None) -> Tensor:
        """The loss of a batch, or of all examples.

        Args:
            parameters: Its own tensors (*shape,), as `Model.parts` has them: the modules read them.
            batch: Inputs (m, k) and targets (m, 1); None for all examples.

        Returns:
            (), or (N,) where there are many starts.
        """
        inputs, targets = batch if isinstance(batch, tuple) else self._examples
        if len(self._modules) == 1:
            loss: Tensor = self._loss(self._modules[0](inputs), targets)
            return loss
        return torch.stack([self._loss(module(inputs), targets) for module in self._modules])

    def minibatches(self, size: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches for ever, epoch by epoch, of a `DataLoader` that shuffles.

        Args:
            size: Examples a batch; the last of an epoch may have fewer.
            seed: The seed of the generator that shuffles them.

        Returns:
            Inputs (m, k) and targets (m, 1) of each batch.
        """
        inputs, targets = self._examples
        for place in _shuffled(len(inputs), size, seed):
            place = place.to(inputs.device)
            yield inputs[place], targets[place]


def _shuffled(count: int, size: int, seed: int) -> Iterator[Tensor]:
    """The places of the examples in each minibatch, for ever."""
    generator = torch.Generator().manual_seed(seed)
    places: Any = range(count)
    from torch.utils.data import DataLoader

    loader = DataLoader(places, batch_size=size, shuffle=True, generator=generator)
    while True:
        yield from loader


@lru_cache(maxsize=8)
def _order(count: int, size: int, seed: int, steps: int) -> NDArray[np.uint16]:
    if count > 2**16:
        raise ValueError(f"There is room for {2**16:,} examples, not for {count:,}.")
    order = torch.cat(list(islice(_shuffled(count, size, seed), steps))).numpy().astype(np.uint16)
    order.setflags(write=False)
    return order


# -- what a player can evaluate by itself ----------------------------------------------------------------

_ACTIVATIONS: dict[str, Activation] = {"Tanh": {"kind": "tanh"}, "ReLU": {"kind": "relu"}}
"""By the names of torch's classes."""


def layers(module: nn.Module) -> list[Layer]:
    """The layers of a module, as a player evaluates them.

    Args:
        module: A linear layer, or a sequence of such layers with tanh and ReLU.

    Raises:
        ValueError: It is, or holds, any other module.
    """
    if isinstance(module, nn.Sequential):
        return [layer for part in module for layer in layers(part)]
    if isinstance(module, nn.Linear):
        linear: Linear = {
            "kind": "linear",
            "in": module.in_features,
            "out": module.out_features,
            "bias": module.bias is not None,
        }
        return [linear]
    name = type(module).__name__
    if name in _ACTIVATIONS and type(module) is getattr(nn, name):
        return [_ACTIVATIONS[name]]
    raise ValueError(f"A player cannot evaluate {name}.")
