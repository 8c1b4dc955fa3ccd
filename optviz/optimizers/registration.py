"""Bring your own optimizer: any subclass of `torch.optim.Optimizer`, described by its own signature."""

from __future__ import annotations

import inspect
import logging
import types
import typing
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal

import torch

from optviz.optimizers.catalogue import PLUMBING, Coupling, LrUnit, OptimizerInfo, add_optimizer
from optviz.spec.params import Choice, Flag, Float, Int, Kind, Maybe, Param, Tuple, Value

_log = logging.getLogger(__name__)
YOURS = "Your own"
_ANY = 1e6
"""Upper bound for numbers whose meaning is unknown."""
_RATE = Float(0.0, 1e4, log=True)
_SMALL = Float(0.0, 1.0, log=True)
_KNOWN: Mapping[str, Kind] = {"lr": _RATE, "eps": _SMALL}
"""What a name says of a number."""
_KINDS: Mapping[Any, Kind] = {bool: Flag(), float: Float(-_ANY, _ANY), int: Int(-int(_ANY), int(_ANY))}


def register_optimizer(
    make: type[torch.optim.Optimizer],
    *,
    name: str = "",
    group: str = YOURS,
    given: Mapping[str, Value] = MappingProxyType({}),
    matrix: bool = False,
) -> OptimizerInfo:
    """Add an optimizer of your own to `OPTIMIZERS`: then it is in experiments, links, maps and the page.

    Its hyperparameters are the arguments of its constructor, with their defaults and kinds. What is neither a
    number, a flag, a choice (an annotation with `Literal`) nor a tuple of these stays at its default, and so
    do arguments that only say how torch computes (`foreach`, `fused`, …). How it couples the numbers of a
    point is not known, so each of many starts gets an optimizer of its own.

    Args:
        make: A subclass of `torch.optim.Optimizer`.
        name: What it is called; the name of its class where left out.
        group: The heading that it is listed under.
        given: Values for arguments that have no default, by their names.
        matrix: Whether it takes matrices only: then a point is given to it as one row, of shape (1, 2).

    Returns:
        The row that was added.

    Raises:
        ValueError: It is no optimizer, its name is taken or is no plain word, an argument has no default, or
            it has no learning rate called `lr`.

    Example:
        >>> import optviz as ov
        >>> ov.register_optimizer(dict)
        Traceback (most recent call last):
        ...
        ValueError: <class 'dict'> is no optimizer: it must be a subclass of torch.optim.Optimizer.
    """
    if not (isinstance(make, type) and issubclass(make, torch.optim.Optimizer)):
        raise ValueError(f"{make!r:.80} is no optimizer: it must be a subclass of torch.optim.Optimizer.")
    called = name or make.__name__
    params = MappingProxyType(dict(_declared(make, called, given)))
    if "lr" not in params:
        raise ValueError(f"{called} has no learning rate called lr, which every optimizer of optviz has.")
    teaches, _, _ = (inspect.getdoc(make) or "").partition("\n")
    info = OptimizerInfo(
        called,
        params,
        Coupling.OPTIMIZER,
        LrUnit.NONE,
        teaches.strip()[:300],
        f"Not torch's own: {make.__module__}.{make.__qualname__}.",
        _left(make, params),
        matrix,
        given=given,
        own=make,
        group=group,
    )
    add_optimizer(info)
    return info


# -- what a signature says ---------------------------------------------------------------------------------


def _arguments(make: type[torch.optim.Optimizer]) -> list[inspect.Parameter]:
    """What can be given besides the parameters to train."""
    options = list(inspect.signature(make).parameters.values())[1:]
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [option for option in options if option.kind not in variadic and option.name not in PLUMBING]


def _declared(
    make: type[torch.optim.Optimizer], called: str, given: Mapping[str, Value]
) -> Iterable[tuple[str, Param]]:
    """The arguments that can be shown and chosen."""
    try:
        hints = typing.get_type_hints(make.__init__)
    except Exception as error:  # annotations may name what is only there for a type checker
        _log.info(
            "The annotations of %s cannot be read: its defaults say what it takes.", called, exc_info=error
        )
        hints = {}
    for parameter in _arguments(make):
        default = given.get(parameter.name, parameter.default)
        if default is inspect.Parameter.empty:
            raise ValueError(f"{called} needs {parameter.name}, which has no default: name it in `given`.")
        kind = _kind(parameter.name, default, hints.get(parameter.name))
        if kind is None:
            continue
        try:
            yield parameter.name, Param(kind, kind.check(default), f"{parameter.name} of {called}.")
        except ValueError:
            continue  # its default is something else than its annotation says


def _kind(name: str, default: object, hint: Any) -> Kind | None:
    """What a value may be, by its default and its annotation; None for what cannot be shown."""
    options = _literals(hint)
    if options and (default is None or default in options):
        choice = Choice(options)
        return Maybe(choice) if default is None else choice
    if default is None:
        return _optional(name, hint)
    if isinstance(default, tuple) and default:
        kinds = [_kind("", part, None) for part in default]
        return Tuple(tuple(kind for kind in kinds if kind)) if all(kinds) else None
    if isinstance(default, int) and not isinstance(default, bool) and float in _alternatives(hint):
        default = float(default)
    if type(default) not in _KINDS:
        return None
    return _KNOWN.get(name, _KINDS[type(default)]) if isinstance(default, float) else _KINDS[type(default)]


def _optional(name: str, hint: Any) -> Kind | None:
    """Of a value that is None unless it is given."""
    for each in (float, int):
        if each in _alternatives(hint):
            kind = _KNOWN.get(name, _KINDS[each]) if each is float else _KINDS[each]
            return Maybe(kind)
    return None


def _alternatives(hint: Any) -> tuple[Any, ...]:
    """The types that an annotation allows."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return typing.get_args(hint)
    return (hint,)


def _literals(hint: Any) -> tuple[str, ...]:
    """The texts that an annotation lists."""
    for each in _alternatives(hint):
        values = typing.get_args(each)
        if typing.get_origin(each) is Literal and all(isinstance(value, str) for value in values):
            return values
    return ()


def _left(make: type[torch.optim.Optimizer], params: Mapping[str, Param]) -> str:
    """Which arguments cannot be chosen, in a sentence."""
    names = [parameter.name for parameter in _arguments(make) if parameter.name not in params]
    return f"Left at their defaults: {', '.join(names)}." if names else ""
