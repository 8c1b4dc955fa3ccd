"""Formulas in LaTeX, as a mathematician would write them. `player/static/formula.js` writes the same way."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from optviz.expressions.terms import GREEK, Number, Operation, Symbol, Term

_OPEN, _SUM, _PRODUCT, _BASE, _ATOM = range(5)
"""How tightly the outermost operation of a text binds, the loosest first."""
THIN = r" \, "
"""The space in a product of names that may have several letters."""

_NAMED: Mapping[str, str] = MappingProxyType(
    {name: rf"\{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "min", "max")}
    | {"asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "log": r"\ln"}
    | {f"{side} mean": rf"\operatorname{{mean}}_{{\text{{{side}}}}}" for side in ("row", "column")}
)
"""How functions are written that have a command in LaTeX, or an index."""
_RELATIONS: Mapping[str, str] = MappingProxyType(
    {"<": "<", "<=": r"\le", ">": ">", ">=": r"\ge", "==": "=", "!=": r"\ne"}
)
_JOINED: Mapping[str, str] = MappingProxyType({"and": r"\text{ and }", "or": r"\text{ or }"})
_COMMANDS: Mapping[str, str] = MappingProxyType(
    {name: rf"\{name}" for name in GREEK.values()} | {"lam": r"\lambda"}
)
_LETTERS: Mapping[str, str] = MappingProxyType(
    {letter: _COMMANDS[name] for letter, name in GREEK.items()} | {"Π": r"\Pi", "∞": r"\infty", "−": "-"}
)
_MARKS: Mapping[str, str] = MappingProxyType({"hat": r"\hat{%s}", "tilde": r"\tilde{%s}", "prime": "%s'"})


def latex(term: Term, shown: Callable[[Symbol], str] | None = None, space: str = " ") -> str:
    """A formula in LaTeX, without dollar signs.

    Args:
        term: The formula.
        shown: What stands for a symbol, such as its value; by default the symbol itself.
        space: What stands between the factors of a product, where no dot is needed.
    """
    return _Writer(shown or symbol_latex, space).text(term)


class _Writer:
    def __init__(self, shown: Callable[[Symbol], str], space: str) -> None:
        self._shown, self._space = shown, space

    def text(self, term: Term) -> str:
        return self._written(term)[0]

    def _held(self, term: Term, rank: int) -> str:
        """The LaTeX of a term, in brackets where it binds less tightly than `rank`."""
        text, own = self._written(term)
        return text if own >= rank else rf"\left({text}\right)"

    def _written(self, term: Term) -> tuple[str, int]:
        """The LaTeX of a term, and how tightly it binds."""
        match term:
            case Number(value):
                return _ranked(_exact(value))
            case Symbol():
                return _ranked(self._shown(term))
            case Operation("+" | "-" as sign, (left, right)):
                return f"{self._held(left, _SUM)} {sign} {self._held(right, _PRODUCT)}", _SUM
            case Operation("neg", (part,)):
                return f"-{self._held(part, _PRODUCT)}", _SUM
            case Operation("*", (Operation("neg", (left,)), right)):
                return self._written(-(left * right))
            case Operation("*", (left, right)):
                return self._product(self._held(left, _PRODUCT), self._held(right, _PRODUCT)), _PRODUCT
            case Operation("/", (left, right)):
                return rf"\frac{{{self.text(left)}}}{{{self.text(right)}}}", _BASE
            case Operation("**", (base, exponent)):
                return self._power(base, exponent), _BASE
            case Operation(name, parts):
                return self._call(name, parts)
        raise TypeError(f"{term!r} is no term.")

    def _product(self, left: str, right: str) -> str:
        """Two factors, with a dot where they could be read as one number."""
        need_dot = right[0].isdigit() or (right.startswith(r"\frac{") and left[-1].isdigit())
        return left + (r" \cdot " if need_dot else self._space) + right

    def _power(self, base: Term, exponent: Term) -> str:
        above = self.text(exponent)
        match base, exponent:
            case Operation(name, (part,)), Number() if name in _NAMED:
                return rf"{_NAMED[name]}^{{{above}}}\left({self.text(part)}\right)"
        return rf"{self._held(base, _ATOM)}^{{{above}}}"

    def _call(self, name: str, parts: tuple[Term, ...]) -> tuple[str, int]:
        if name in _JOINED:
            nested = (self._held(part, _ATOM) for part in parts)
            return f" {_JOINED[name]} ".join(nested), _OPEN
        texts = [self.text(part) for part in parts]
        if name in _RELATIONS:
            return f" {_RELATIONS[name]} ".join(texts), _ATOM
        match name, texts:
            case "not", (text,):
                return rf"\text{{not }}\left({text}\right)", _ATOM
            case "sqrt", (text,):
                return rf"\sqrt{{{text}}}", _ATOM
            case "abs", (text,):
                return rf"\left|{text}\right|", _ATOM
            case "where", (condition, then, otherwise):
                return _cases(
                    rf"{then} & \text{{if }} {condition}", rf"{otherwise} & \text{{otherwise}}"
                ), _OPEN
            case "by sign", (of, *values):
                signs = zip(values, ("> 0", "< 0", "= 0"), strict=True)
                return _cases(*(f"{value} & {of} {sign}" for value, sign in signs)), _OPEN
        called = _NAMED.get(name, rf"\operatorname{{{name}}}")
        return rf"{called}\left({', '.join(texts)}\right)", _BASE


def _cases(*rows: str) -> str:
    return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}"


def _ranked(text: str) -> tuple[str, int]:
    """A symbol or a number, and how tightly it binds: TeX refuses a second superscript."""
    if text.startswith("-"):
        return text, _SUM
    return text, _PRODUCT if r"\cdot" in text else _BASE if "'" in text or "^" in text else _ATOM


# -- numbers -------------------------------------------------------------------------------------------


def number_latex(number: float) -> str:
    """A number as LaTeX, with six significant digits."""
    if math.isnan(number):
        return r"\text{NaN}"
    if math.isinf(number):
        return r"\infty" if number > 0 else r"-\infty"
    return _powers_of_ten(f"{number:.6g}")


def _exact(number: float) -> str:
    """A number with all its digits."""
    if not math.isfinite(number):
        return number_latex(number)
    return _powers_of_ten(f"{number:.0f}" if number == int(number) and abs(number) < 1e6 else repr(number))


def _powers_of_ten(text: str) -> str:
    digits, mark, exponent = text.partition("e")
    return rf"{digits} \cdot 10^{{{int(exponent)}}}" if mark else digits


# -- symbols -------------------------------------------------------------------------------------------


def symbol_latex(symbol: Symbol) -> str:
    """A symbol as LaTeX, with its mark, index and exponent."""
    if not symbol.base:
        return _spelt(symbol.key)
    marked = _MARKS.get(symbol.mark, "%s") % _letters(symbol.base)
    above = "" if symbol.mark in (*_MARKS, "") else f"^{{{_word(symbol.mark)}}}"
    below = f"_{{{_word(symbol.sub)}}}" if symbol.sub else ""
    return marked + below + above


def _spelt(name: str) -> str:
    r"""A name with Greek letters, and with its number or second part as an index: w_{1}, \theta_{x}."""
    letters = re.match(r"[A-Za-z]+", name)
    assert letters, name
    head, rest = letters[0], name[letters.end() :].strip("_").replace("_", r"\_")
    below = "" if not rest else rf"_{{{rest}}}" if len(rest) == 1 else rf"_{{\mathrm{{{rest}}}}}"
    return _COMMANDS.get(head, head if len(head) == 1 else rf"\mathrm{{{head}}}") + below


def _word(text: str) -> str:
    return rf"\text{{{text}}}" if text.isalpha() and len(text) > 2 else _letters(text)


def _letters(text: str) -> str:
    return "".join(_LETTERS.get(letter, letter) for letter in text)
