"""What an optimizer can minimize.

A `Problem` is what the engine steps: parameter tensors to start from and the loss of a batch. A `Surface`
is the common case of two numbers; it also has a batched form, a domain to draw, and known minimizers.
`optviz.surfaces.catalogue` lists every surface that can be chosen. Importing this module loads no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from optviz.spec.experiment import SurfaceSpec
from optviz.spec.params import Param, Value, complete

if TYPE_CHECKING:
    from torch import Tensor

    from optviz.surfaces.models import Data

Point = tuple[float, float]
Domain = tuple[tuple[float, float], tuple[float, float]]
"""((lowest x, highest x), (lowest y, highest y))."""


class Problem(Protocol):
    """What the engine can step: named parameter tensors and a loss."""

    @property
    def names(self) -> tuple[str, ...]:
        """A name for each parameter that can be frozen."""

    def loss(self, parameters: Sequence[Tensor], batch: object = None) -> Tensor:
        """The loss at some parameters.

        Args:
            parameters: Tensors (*shape,); with a first axis of N where N starts are rows of the same tensors.
            batch: What the loss is taken of; None for all there is.

        Returns:
            (), or (N,) for N starts.
        """


@dataclass(frozen=True)
class Network:
    """What is known of a surface that is a plane through the space of more than two numbers."""

    plane: str
    """Which plane its picture is of: "principal", spanned by the paths, or "random"."""
    minimizers: tuple[tuple[float, ...], ...] = ()
    """Known minimizers, with all D numbers."""


@dataclass(frozen=True)
class Surface:
    """A function of two numbers, with what is known about it.

    `function(x, y)` is written in torch, element by element, so that it takes tensors of any shape, device
    and dtype and autograd gives its gradient. It evaluates everywhere: the `domain` only clips the view.
    """

    name: str
    function: Callable[[Tensor, Tensor], Tensor]
    domain: Domain
    minimizers: tuple[Point, ...]
    """All global minimizers inside the domain; empty where there is none."""
    minimum: float
    """The value at the minimizers; -inf where the function has no lower bound."""
    start: Point
    """The default start of a run: one that shows what the surface teaches."""
    smooth: bool = True
    """Whether the gradient exists, and is zero, at every minimizer."""
    total: bool = False
    """Whether the loss is known to be finite in float64 at every point that a run can reach before it has
    diverged. Otherwise each point's loss is computed, and one that is not finite ends the run."""
    searched: bool = False
    """Whether the minimizers were found by a search, so that there may be better ones."""
    data: Data | None = None
    """What its model is fitted to, where it is made of data. Then `function` is the model's loss on all of
    it, and the engine steps the model itself."""
    network: Network | None = None
    """Of a model of more than two numbers. Then `function` is its loss on one plane through their space: by
    itself that of two random directions from the initial weights of seed 0, as a `Plane` says else."""

    def __call__(self, theta: Tensor) -> Tensor:
        """The loss at `theta` of shape (..., 2), as a tensor of shape (...)."""
        x, y = theta.unbind(-1)
        return self.function(x, y)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what can be frozen: its two parameters, or the tensors of a network."""
        return ("x", "y") if self.data is None else self.data.model.names

    @property
    def axes(self) -> tuple[str, str]:
        """The names of its two parameters."""
        if self.network is not None:
            return "direction 1", "direction 2"
        x, y = self.names
        return x, y

    @property
    def widths(self) -> Point:
        """The extent of the domain along x and y: the unit in which distances are judged."""
        (left, right), (bottom, top) = self.domain
        return right - left, top - bottom

    @property
    def nearness(self) -> float:
        """The default of the distance from a minimizer that counts as having reached it.

        About a thousandth of the domain's mean width, a round number as it is read in tables.
        """
        return float(f"{sum(self.widths) / 2000:.0e}")

    def near(self, within: float | None) -> float:
        """The distance that counts as having reached a minimizer.

        Args:
            within: It, in units of x and y, or None for the default, `nearness`.

        Returns:
            The distance.
        """
        return self.nearness if within is None else within

    def loss(self, parameters: Sequence[Tensor], batch: object = None) -> Tensor:
        """The loss at one point, or at many.

        Args:
            parameters: One tensor (..., 2), or x and y as two tensors (..., 1).
            batch: Not used: a surface has no data.

        Returns:
            (...) the losses.
        """
        if len(parameters) == 1:
            return self(parameters[0])
        import torch

        return self(torch.cat(tuple(parameters), -1))


@dataclass(frozen=True)
class Code:
    """A surface's function as source, for programs that show it."""

    name: str
    """What the function is called."""
    expression: str
    """What it returns, of x, y and `params`, in Python with torch and math."""
    params: Mapping[str, float]
    uses: tuple[Callable[..., Tensor], ...] = ()
    """Other functions that the expression calls, by their own names."""


@dataclass(frozen=True)
class SurfaceInfo:
    """A surface that can be chosen: what to read about it, its parameters, and how to build it."""

    name: str
    """A plain ASCII label."""
    group: str
    """The heading it is listed under."""
    formula: str
    """LaTeX, without dollar signs."""
    teaches: str
    """One sentence: what one learns by watching optimizers on it."""
    source: str
    """Where the formula and its minimizers were published."""
    build: Callable[..., Surface]
    """Makes the surface from its parameters, by keyword."""
    params: Mapping[str, Param] = field(default_factory=dict)
    note: str = ""
    """A caveat, such as the points where there is no gradient; may be empty."""
    function: Callable[..., Tensor] | None = None
    """What `build` builds on, as a function of x, y and `params`, for programs that show its source."""
    further: Callable[[Mapping[str, object]], Mapping[str, Param]] = lambda given: {}
    """Parameters that depend on the values of others, such as those that a typed formula names.
    Raises ValueError where those values cannot be used."""
    remarks: Callable[[Mapping[str, object]], tuple[str, ...]] = lambda given: ()
    """Sentences about implicit consequences of these values, such as parameters that a formula
    names and that have not been set. Raises ValueError as `further` does."""
    written: Callable[[Mapping[str, object]], str] | None = None
    """The formula in LaTeX where it depends on the parameters; `formula` where it does not."""
    code: Callable[[Mapping[str, Value]], Code] | None = None
    """The source of the function, from all `settings`, where there is no `function` that has it."""

    def __post_init__(self) -> None:
        if not self.name.isascii() or SurfaceSpec(self.name).name != self.name.strip():
            raise ValueError(f"A surface's name must be plain ASCII, not {self.name!r}.")

    def declared(self, given: Mapping[str, object] | None = None) -> dict[str, Param]:
        """All parameters that there are where some values are given.

        Args:
            given: Values by their names; None for none.

        Returns:
            Declarations by names: those of the row, and those that a typed formula names.

        Raises:
            ValueError: The values cannot be used.
        """
        return {**self.params, **self.further(given or {})}

    def settings(self, given: Mapping[str, object] | None = None) -> dict[str, Value]:
        """A value for every parameter, by default its declared one.

        Args:
            given: Values by their names; None for none.

        Returns:
            Values by names.

        Raises:
            ValueError: There is no such parameter, or the value is of a wrong type.
        """
        return complete(self.name, self.declared(given), given or {})

    def latex(self, given: Mapping[str, object] | None = None) -> str:
        """The formula in LaTeX, without dollar signs.

        Args:
            given: Values by their names; None for none.

        Returns:
            LaTeX.

        Raises:
            ValueError: The values cannot be used.
        """
        return self.written(given or {}) if self.written else self.formula

    def surface(self, given: Mapping[str, object] | None = None) -> Surface:
        """The surface with these parameters.

        Args:
            given: Values by their names; None for none.

        Returns:
            The surface.

        Raises:
            ValueError: There is no such parameter, or its value cannot be used.
        """
        return self.build(**self.settings(given))

    @property
    def domain(self) -> Domain:
        """The domain at default parameters."""
        return self.surface().domain

    @property
    def minimizers(self) -> tuple[Point, ...]:
        """The minimizers at default parameters."""
        return self.surface().minimizers

    @property
    def minimum(self) -> float:
        """The minimum at default parameters."""
        return self.surface().minimum

    @property
    def start(self) -> Point:
        """The start at default parameters."""
        return self.surface().start
