"""optviz runs the real `torch.optim` optimizers, step by step, on two-parameter loss surfaces.

>>> import optviz as ov
>>> exp = ov.Experiment(
...     surface=ov.SurfaceSpec("Rosenbrock"),
...     start=(-1.2, 1.0),
...     steps=300,
...     runs=(ov.RunSpec(ov.OptimizerSpec("Adam", {"lr": 0.05})),),
... )
>>> (adam,) = ov.run(exp, device="cpu")
>>> adam.points.shape
(301, 2)
>>> adam.outcome.kind
'moving'
"""

from importlib import import_module
from pathlib import Path

_MODULES = {
    name: module
    for line in Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8").splitlines()
    if line.startswith("from ")
    for _, module, _, name, *_ in [line.split()]
}
"""Where each public name is, as the stub says it to type checkers: a name is loaded when it is asked for."""

__all__ = sorted(_MODULES.keys() - {"__version__"})


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
