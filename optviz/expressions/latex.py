"""A checked formula in LaTeX, as a mathematician would write it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from optviz.expressions.expression import CONDITIONS, GREEK, Name, Node, Number, Operation

_OPEN, _SUM, _PRODUCT, _BASE, _ATOM = range(5)
_GREEK = frozenset(GREEK.values())
_NAMED: Mapping[str, str] = MappingProxyType(
    {name: rf"\{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "min", "max")}
    | {"asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "log": r"\ln"}
    | {name: rf"\operatorname{{{name}}}" for name in ("atan2", "sign", "sigmoid", "relu", "softplus")}
)
_SIGNS: Mapping[str, str] = MappingProxyType(
    {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"}
    | {"and": r"\text{ and }", "or": r"\text{ or }"}
)


def latex(node: Node) -> str:
    """A checked formula in LaTeX, without dollar signs."""
    return _latex(node)[0]


def _latex(node: Node) -> tuple[str, int]:
    """The LaTeX of a node, and how tightly it holds together."""
    match node:
        case Number(value):
            return _number_latex(value)
        case Name(name):
            return _name_latex(name), _ATOM
        case Operation("+" | "-" as sign, (left, right)):
            return f"{_held(left, _SUM)} {sign} {_held(right, _PRODUCT)}", _SUM
        case Operation("neg", (part,)):
            return f"-{_held(part, _PRODUCT)}", _SUM
        case Operation("*", (Operation("neg", (left,)), right)):
            return f"-{_held(Operation('*', (left, right)), _PRODUCT)}", _SUM
        case Operation("*", (left, right)):
            one, other = _held(left, _PRODUCT), _held(right, _PRODUCT)
            return f"{one}{_between(other)}{other}", _PRODUCT
        case Operation("/", (left, right)):
            return rf"\frac{{{latex(left)}}}{{{latex(right)}}}", _BASE
        case Operation("**", (base, exponent)):
            return _power_latex(base, exponent), _BASE
        case Operation(name, parts) if name in CONDITIONS:
            return _condition_latex(name, parts), _ATOM
        case Operation(name, parts):
            return _call_latex(name, parts)
    raise AssertionError(node)


def _held(node: Node, rank: int) -> str:
    """The LaTeX of a node, in brackets where it holds together less tightly than `rank`."""
    text, own = _latex(node)
    return text if own >= rank else rf"\left({text}\right)"


def _between(right: str) -> str:
    return r" \cdot " if right[0].isdigit() or right.startswith(r"\frac{") else r" \, "


def _number_latex(value: float) -> tuple[str, int]:
    text = f"{value:.0f}" if value == int(value) and value < 1e6 else repr(value)
    digits, mark, exponent = text.partition("e")
    if not mark:
        return text, _ATOM
    return rf"{digits} \cdot 10^{{{int(exponent)}}}", _PRODUCT


def _name_latex(name: str) -> str:
    r"""A name, its letters Greek and its number or second part below it: w_{1}, \theta_{x}."""
    letters = re.match(r"[A-Za-z]+", name)
    assert letters, name
    head, rest = letters[0], name[letters.end() :].strip("_")
    below = "" if not rest else rf"_{{{rest}}}" if len(rest) == 1 else rf"_{{\mathrm{{{_escaped(rest)}}}}}"
    if head in _GREEK:
        return rf"\{'lambda' if head == 'lam' else head}{below}"
    return f"{head}{below}" if len(head) == 1 else rf"\mathrm{{{head}}}{below}"


def _escaped(text: str) -> str:
    return text.replace("_", r"\_")


def _power_latex(base: Node, exponent: Node) -> str:
    above = latex(exponent)
    match base, exponent:
        case Operation(name, (part,)), Number() if name in _NAMED:
            return rf"{_NAMED[name]}^{{{above}}}\left({latex(part)}\right)"
    return rf"{_held(base, _ATOM)}^{{{above}}}"


def _call_latex(name: str, parts: Sequence[Node]) -> tuple[str, int]:
    texts = [latex(part) for part in parts]
    match name:
        case "sqrt":
            return rf"\sqrt{{{texts[0]}}}", _ATOM
        case "abs":
            return rf"\left|{texts[0]}\right|", _ATOM
        case "where":
            condition, then, otherwise = texts
            rows = rf"{then} & \text{{if }} {condition} \\ {otherwise} & \text{{otherwise}}"
            return rf"\begin{{cases}} {rows} \end{{cases}}", _OPEN
    return rf"{_NAMED[name]}\left({', '.join(texts)}\right)", _BASE


def _condition_latex(name: str, parts: Sequence[Node]) -> str:
    if name == "not":
        return rf"\text{{not }}\left({latex(parts[0])}\right)"
    nested = [rf"\left({latex(part)}\right)" if _is_joined(part) else latex(part) for part in parts]
    return f" {_SIGNS[name]} ".join(nested)


def _is_joined(node: Node) -> bool:
    return isinstance(node, Operation) and node.name in ("and", "or")
