"""What a user may type as a formula: pieces read into a tree by our own grammar, which is the whitelist.

Nothing that is typed is ever run, nor shown to Python's own parser. `spelling` cuts a text into pieces, all
of them known; here they are read once, from left to right, and nested to a bounded depth.

A product may be written without its sign where that can be read in one way only: 2x, 3(x + 1), x y, 2πx, x²y.
It binds as tightly as *. What people read in two ways is refused, with both readings spelled out: 1/2x, x^2y,
sin x y, √2x. Every refusal is a `FormulaError`: a sentence for the user that says where the trouble is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from optviz.expressions.spelling import (
    COMPARISONS,
    COMPOSED,
    CONDITIONS,
    FUNCTIONS,
    VARIABLES,
    FormulaError,
    Token,
    constant_of,
    first_of_two,
    function_of,
    is_refused,
    missing,
    no_function,
    other_meaning,
    tokens,
)
from optviz.expressions.terms import Number, Operation, Symbol, Term

LONGEST = 300
"""Characters in a formula."""
MOST_PARAMETERS = 8
"""Names in a formula that become parameters."""

_DEEPEST = 100
"""How deep operations may be nested; 100 terms in a row are 99 deep."""

_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER = range(8)
"""How tightly operators bind, the loosest first."""
_RANKS: Mapping[str, int] = MappingProxyType(
    {"or": _OR, "and": _AND, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "**": _POWER}
    | dict.fromkeys(COMPARISONS, _COMPARISON)
)


@dataclass(frozen=True)
class Expression:
    """A formula that has been checked."""

    tree: Term
    parameters: tuple[str, ...]
    """Names whose values are to be given, in the order of their first use."""
    missing: tuple[str, ...]
    """Those of x and y that are not in it."""


@lru_cache(maxsize=256)
def parse(text: str, given: frozenset[str] = frozenset()) -> Expression:
    """The tree of a typed formula, and the names in it that are to be given.

    Args:
        text: The formula as it was typed.
        given: Names of parameters whose values are given beside it: these surely mean what they say.

    Raises:
        FormulaError: The text is no formula. The sentence says what is wrong, and where.
    """
    if len(text) > LONGEST:
        raise FormulaError(f"A formula can have at most {LONGEST} characters, not {len(text):,}.", LONGEST)
    pieces = tokens(text)
    there = {piece.text for piece in pieces if piece.kind == "word"}
    absent = tuple(name for name in VARIABLES if name not in there)
    parser = _Parser(text, pieces, given, absent)
    return Expression(parser.whole(), tuple(parser.parameters), absent)


@dataclass(frozen=True)
class _Part:
    """A piece of the text that has been read."""

    node: Term
    at: int
    end: int
    depth: int = 1
    tail: str = ""
    """What it ends in where the next piece may belong to that end alone: "quotient", "power", "signed power",
    "raised", "call" without brackets, "root" or "bar"; else empty."""
    split: int = 0
    """Where the last part of it begins, to which alone the next piece could belong."""


class _Parser:
    """Reads tokens into a tree, and gathers the names that become parameters."""

    def __init__(
        self, text: str, pieces: Sequence[Token], given: frozenset[str], absent: Sequence[str]
    ) -> None:
        self.text, self.pieces, self.given, self.absent = text, pieces, given, absent
        self.place = self.depth = 0
        self.bars = [0]
        """How many bars | are open, for each bracket that is."""
        self.parameters: dict[str, None] = {}

    def whole(self) -> Term:
        """The formula as one number."""
        part = self._number(self._expression())
        if self._next.text == ",":
            raise self._comma()
        if self._next.kind != "end":
            piece = self._piece(self._next.at, self._next.end)
            raise FormulaError(f"An operator is missing before '{piece}' @.", self._next.at)
        return part.node

    # -- tokens --

    @property
    def _next(self) -> Token:
        return self.pieces[self.place]

    def _take(self) -> Token:
        self.place += 1
        return self.pieces[self.place - 1]

    def _piece(self, at: int, end: int) -> str:
        piece = " ".join(self.text[at:end].split())
        return piece if len(piece) <= 24 else f"{piece[:23]}…"

    def _begins_value(self) -> bool:
        """Whether a value comes next: after another one that is a product without its sign."""
        piece = self._next
        if piece.kind == "word":
            return piece.text not in ("and", "or", "not")
        return piece.kind == "number" or piece.text in ("(", "√") or (piece.text == "|" and not self.bars[-1])

    def _calls(self) -> bool:
        """Whether what is next is a function or a root."""
        piece = self._next
        return piece.text == "√" or (piece.kind == "word" and function_of(piece.text) is not None)

    # -- operators --

    def _expression(self, least: int = _OR) -> _Part:
        """All from here on that operators join which bind at least as tightly as `least`."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._too_deep(self._next.at)
        left = self._operand()
        while True:
            sign = self._next.text if self._next.text in _RANKS else "" if self._begins_value() else None
            if sign is None or _RANKS[sign or "*"] < least:
                break
            if sign in ("and", "or"):
                left = self._joined(left, sign)
            elif sign in COMPARISONS:
                left = self._compared(left)
            else:
                left = self._combined(left, sign)
        self.depth -= 1
        return left

    def _operand(self) -> _Part:
        piece = self._next
        if piece.text == "not":
            self._take()
            part = self._condition(self._expression(_NOT))
            return self._operation("not", [part], piece.at, part.end)
        if piece.text in ("+", "-"):
            self._take()
            part = self._number(self._expression(_SIGN))
            signed = part if piece.text == "+" else self._operation("neg", [part], piece.at, part.end)
            return replace(signed, at=piece.at, tail=part.tail, split=part.split)
        part = self._value()
        if self._next.kind == "raised":
            part = self._raised(part, self._take())
        return part

    def _combined(self, left: _Part, sign: str) -> _Part:
        """`left` in a sum, product, quotient or power; an empty sign stands for a product without one."""
        self._number(left)
        piece = self._next
        if sign:
            self._check_sign(left, piece)
            self._take()
        else:
            self._check_product(left, piece)
        rank = _RANKS[sign or "*"]
        right = self._number(self._expression(_SIGN if sign == "**" else rank + 1))
        whole = self._operation(sign or "*", [left, right], left.at, right.end)
        match sign:
            case "+" | "-":
                return whole
            case "/":
                return replace(whole, tail="quotient", split=right.at)
            case "**":
                signed = isinstance(right.node, Operation) and right.node.name == "neg"
                return replace(whole, tail="signed power" if signed else "power", split=right.at)
        return replace(whole, tail=right.tail, split=right.split)

    def _check_sign(self, left: _Part, sign: Token) -> None:
        """Refuse a sign when it is not clear what it belongs to."""
        if sign.text == "**" and left.tail == "raised":
            raise FormulaError("A power of a power @ needs brackets.", sign.at)
        if left.tail == "call" and sign.text in ("*", "/", "**"):
            following = self.pieces[self.place + 1]
            if not (sign.text == "*" and (following.text == "√" or function_of(following.text))):
                raise self._two_ways(left, sign)
        if left.tail == "root" and sign.text == "**":
            raise self._two_ways(left, sign)
        if left.tail == "power" and sign.text == "/" and self.text[left.split : left.end].strip() == "1":
            raise self._two_ways(left, sign)  # x^1/2

    def _check_product(self, left: _Part, piece: Token) -> None:
        """Refuse a product without its sign that could be read in another way, or is no product."""
        if piece.line:
            raise FormulaError("An operator is missing before this line @, such as + or *.", piece.at)
        if left.tail == "bar":
            raise missing("|", self._piece(piece.at, piece.end), piece.at)
        if left.tail in ("quotient", "signed power", "root") or (left.tail == "power" and piece.close):
            raise self._two_ways(left, piece)
        if left.tail == "call" and not self._calls():
            raise self._two_ways(left, piece)

    def _two_ways(self, left: _Part, piece: Token) -> FormulaError:
        """Why `left` and what follows it cannot stand side by side without brackets."""
        if piece.kind == "raised":
            sign, end = f"^{piece.text}", piece.end
        else:
            typed = piece.kind == "sign" and piece.text in _RANKS
            begins, end = self._operand_after(piece)
            sign = (self._piece(piece.at, piece.end) if typed else "*") + self._piece(begins, end)
        whole, head = self._piece(left.at, left.end), self._piece(left.at, left.split)
        other, both = self._piece(left.split, left.end), self._piece(left.at, end)
        return FormulaError(
            f"'{both}' @ can be read in two ways: write ({whole}){sign} or {head}({other}{sign}).",
            piece.at,
        )

    def _operand_after(self, piece: Token) -> tuple[int, int]:
        """The place of the operand that follows: one piece, or a bracket as a whole."""
        place = self.pieces.index(piece) + (piece.kind == "sign" and piece.text in _RANKS)
        begins = place = min(place, len(self.pieces) - 1)
        deep = 0
        while self.pieces[place].kind != "end":
            deep += (self.pieces[place].text == "(") - (self.pieces[place].text == ")")
            if deep == 0 and self.pieces[place + 1].text != "(":
                break
            place += 1
        return self.pieces[begins].at, self.pieces[place].end

    def _raised(self, base: _Part, raised: Token) -> _Part:
        """A power in raised digits, which binds more tightly than all else."""
        self._number(base)
        if base.tail in ("call", "root"):
            raise self._two_ways(base, raised)
        exponent = _Part(_whole(raised), raised.at, raised.end)
        return replace(self._operation("**", [base, exponent], base.at, raised.end), tail="raised")

    # -- conditions --

    def _joined(self, left: _Part, sign: str) -> _Part:
        """Conditions with the same word between them."""
        parts = [self._condition(left)]
        while self._next.text == sign:
            self._take()
            parts.append(self._condition(self._expression(_RANKS[sign] + 1)))
        return self._operation(sign, parts, left.at, parts[-1].end)

    def _compared(self, left: _Part) -> _Part:
        """Two numbers, or a chain such as 0 < x < 1."""
        first = left.at
        numbers, pairs = [self._number(left)], []
        while self._next.text in COMPARISONS:
            sign = self._take().text
            numbers.append(self._number(self._expression(_COMPARISON + 1)))
            left, right = numbers[-2:]
            pairs.append(self._operation(sign, [left, right], left.at, right.end))
        return pairs[0] if len(pairs) == 1 else self._operation("and", pairs, first, pairs[-1].end)

    def _number(self, part: _Part) -> _Part:
        if isinstance(part.node, Operation) and part.node.name in CONDITIONS:
            raise FormulaError(
                f"The comparison '{self._piece(part.at, part.end)}' @ can only be the condition of "
                "where(condition, a, b).",
                part.at,
            )
        return part

    def _condition(self, part: _Part) -> _Part:
        if not isinstance(part.node, Operation) or part.node.name not in CONDITIONS:
            piece = self._piece(part.at, part.end)
            raise FormulaError(f"where needs a condition such as x < 0, not '{piece}' @.", part.at)
        return part

    # -- values --

    def _value(self) -> _Part:
        piece = self._take()
        match piece.kind, piece.text:
            case "number", text:
                return _Part(_finite(piece, text), piece.at, piece.end)
            case "word", text if text not in ("and", "or"):
                return self._word(piece)
            case "sign", "(":
                return self._bracket(piece)
            case "sign", "|":
                return self._bars(piece)
            case "sign", "√":
                return self._root(piece)
        raise self._no_value(piece)

    def _no_value(self, piece: Token) -> FormulaError:
        before = self.pieces[self.place - 2] if self.place > 1 else piece
        if piece.kind == "end":
            return FormulaError(
                f"The formula ends after '{before.text}' @, where a number is missing.", before.at
            )
        if (before.text, piece.text) == ("(", ")"):
            return FormulaError("The brackets '()' @ are empty, where a number is missing.", before.at)
        return FormulaError(f"A number is missing before '{self._piece(piece.at, piece.end)}' @.", piece.at)

    def _bracket(self, opening: Token) -> _Part:
        self.bars.append(0)
        part = self._expression()
        if self._next.text == ",":
            raise self._comma()
        if self._next.text != ")":
            raise FormulaError("A bracket is not closed before this sign @.", self._next.at)
        self.bars.pop()
        return replace(part, at=opening.at, end=self._take().end, tail="")

    def _bars(self, opening: Token) -> _Part:
        """|x|: a bar after a value closes the last open one, any other bar opens one."""
        self.bars[-1] += 1
        part = self._expression()
        if self._next.text != "|":
            raise FormulaError(
                "The bar | @ is never closed. Write abs(x) for |x|, and or between conditions.", opening.at
            )
        self.bars[-1] -= 1
        self._number(part)
        return replace(self._operation("abs", [part], opening.at, self._take().end), tail="bar")

    def _root(self, sign: Token) -> _Part:
        if not self._begins_value() and self._next.text != "|":
            raise FormulaError("The root √ @ needs brackets, as in √(x + 1).", sign.at)
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self._too_deep(sign.at)
        part = self._number(self._value())
        self.depth -= 1
        root = self._operation("sqrt", [part], sign.at, part.end)
        return replace(root, tail="root", split=part.at)

    def _word(self, piece: Token) -> _Part:
        called = self._next.text == "("
        if piece.text in VARIABLES:
            self._check_no_index(piece)
            return _Part(Symbol(piece.text), piece.at, piece.end)
        if (function := function_of(piece.text)) and (called or piece.text not in self.given):
            return self._function(piece, function)
        if (constant := constant_of(piece.text)) and piece.text not in self.given:
            if called and constant == "e":
                raise FormulaError("'e' @ is no function: write exp(…), or e*(…) to multiply.", piece.at)
            return _Part(Symbol(constant), piece.at, piece.end)
        if called or (piece.text not in self.given and self._begins_value() and is_refused(piece.text)):
            raise no_function(piece.text, piece.at)
        return self._parameter(piece)

    def _check_no_index(self, piece: Token) -> None:
        """Refuse x(2), which is a second coordinate where brackets count."""
        opened, number, closed = (*self.pieces[self.place : self.place + 3], piece, piece)[:3]
        if opened.text == "(" and number.kind == "number" and closed.text == ")":
            raise FormulaError(
                f"'{piece.text}' @ is no list: the coordinates are called x and y. To multiply, write "
                f"{piece.text}*{number.text}.",
                piece.at,
            )

    def _parameter(self, piece: Token) -> _Part:
        """A name that becomes a parameter, unless it looks as if something else was meant."""
        name = piece.text
        if name not in self.given:
            if meant := other_meaning(name, self.absent):
                raise FormulaError(f"The name '{name}' @ is not known here: did you mean {meant}?", piece.at)
            if len(self.absent) == len(VARIABLES):
                asked = " Did you mean x?" if first_of_two(name) else ""
                raise FormulaError(
                    f"A formula is of x and y, and this one has neither, only '{name}' @.{asked}", piece.at
                )
        self.parameters[name] = None
        if len(self.parameters) > MOST_PARAMETERS:
            raise FormulaError(
                f"A formula can have at most {MOST_PARAMETERS} parameters, and '{name}' @ is one more.",
                piece.at,
            )
        return _Part(Symbol(name), piece.at, piece.end)

    # -- functions --

    def _function(self, piece: Token, name: str) -> _Part:
        power = self._power_of_function(piece, name)
        if self._next.text == "(":
            parts, end = self._arguments()
            self._check_count(piece, name, parts)
            tail, split = "", 0
        else:
            part = self._without_brackets(piece, name)
            parts, end, tail, split = [part], part.end, "call", part.at
        if name in COMPOSED:
            node = COMPOSED[name][1](*(part.node for part in parts))
            call = _Part(node, piece.at, end, 3 + max(part.depth for part in parts))
        else:
            call = self._operation(name, parts, piece.at, end)
        if power:
            call = self._operation("**", [call, power], piece.at, end)
        return replace(call, tail=tail, split=split)

    def _power_of_function(self, piece: Token, name: str) -> _Part | None:
        """The 2 in sin²(x) and sin^2(x)."""
        raised = self._next
        if raised.kind != "raised" and not (raised.text == "**" and _counts(name) == (1,)):
            return None
        exponent = self._take() if raised.kind == "raised" else self.pieces[self.place + 1]
        if raised.kind == "sign":
            self.place += 2
        if _counts(name) != (1,) or not exponent.text.isdecimal() or int(exponent.text[:6]) < 2:
            written = self._piece(piece.at, piece.end)
            inverse = f", or a{name}(x) for the inverse" if f"a{name}" in FUNCTIONS else ""
            raise FormulaError(
                f"The power of '{written}' @ is not clear: write {written}(x)**n{inverse}.", piece.at
            )
        return _Part(_whole(exponent), exponent.at, exponent.end)

    def _without_brackets(self, piece: Token, name: str) -> _Part:
        """The argument in sin x, sin 2x, sin 2πx and exp |x|: a value, or a number and names close to it."""
        if _counts(name) != (1,) or self._calls() or not (self._begins_value() or self._next.text == "|"):
            written = self._piece(piece.at, piece.end)
            raise FormulaError(
                f"The function '{written}' @ needs brackets, as in {written}({_example(name)}).", piece.at
            )
        self.depth += 1
        part = self._number(self._value())
        while isinstance(part.node, Number | Operation) and self._next.kind == "word" and self._next.close:
            if self._calls():
                break
            factor = self._value()
            part = self._operation("*", [part, factor], part.at, factor.end)
        if self._next.kind == "raised":
            raise self._two_ways(replace(part, at=piece.at, split=part.at), self._next)
        self.depth -= 1
        return part

    def _arguments(self) -> tuple[list[_Part], int]:
        """What stands in brackets, and where they end."""
        self._take()
        self.bars.append(0)
        parts: list[_Part] = []
        while self._next.text != ")" or parts:
            parts.append(self._expression())
            if self._next.text != ",":
                break
            self._take()
        if self._next.text != ")":
            raise FormulaError("A bracket is not closed before this sign @.", self._next.at)
        self.bars.pop()
        return parts, self._take().end

    def _check_count(self, piece: Token, name: str, parts: Sequence[_Part]) -> None:
        counts, comma = _counts(name), self._decimal_comma(piece)
        if len(parts) not in counts:
            wanted = f"{counts[0]} to {counts[-1]} numbers" if len(counts) > 1 else _COUNTED[counts[0]]
            remedy = " Decimal numbers have a point, such as 0.5." if comma else ""
            written = self._piece(piece.at, piece.end)
            raise FormulaError(
                f"The function {written} @ takes {wanted}, not {len(parts)}.{remedy}", piece.at
            )
        if comma and len(parts) - 1 in counts:
            raise FormulaError(
                "The comma @ may mark decimals: write a point for that, or a blank after the comma.", comma.at
            )
        for index, part in enumerate(parts):
            (self._condition if name == "where" and index == 0 else self._number)(part)

    def _decimal_comma(self, since: Token) -> Token | None:
        """A comma of this call that is close to digits on both sides."""
        places = range(self.pieces.index(since), self.place)
        return next((self.pieces[place] for place in places if self._is_decimal_comma(place)), None)

    def _is_decimal_comma(self, place: int) -> bool:
        before, comma, after = self.pieces[place - 1 : place + 2] if place else self.pieces[:3]
        digits = before.text.isdecimal() and before.kind == after.kind == "number"
        return comma.text == "," and digits and comma.close and after.close

    def _comma(self) -> FormulaError:
        place, following = self.place, self.pieces[self.place + 1]
        if self._is_decimal_comma(place):
            number = f"{self.pieces[place - 1].text}.{following.text}"
            return FormulaError(
                f"The comma @ belongs to no function: write {number} with a point.", self._next.at
            )
        if following.kind == "end":
            return FormulaError("The comma @ belongs to no function.", self._next.at)
        piece = self._piece(following.at, following.end)
        return FormulaError(f"The comma before '{piece}' @ belongs to no function.", following.at)

    # -- trees --

    def _operation(self, name: str, parts: Sequence[_Part], at: int, end: int) -> _Part:
        depth = 1 + max(part.depth for part in parts)
        if depth > _DEEPEST + 1:
            raise self._too_deep(at)
        return _Part(Operation(name, tuple(part.node for part in parts)), at, end, depth)

    def _too_deep(self, at: int) -> FormulaError:
        return FormulaError(f"Operations are nested more than {_DEEPEST} deep @.", at)


_COUNTED = {1: "1 number", 2: "2 numbers", 3: "a condition and 2 numbers"}


def _counts(name: str) -> tuple[int, ...]:
    """How many arguments a function takes."""
    return FUNCTIONS[name] if name in FUNCTIONS else (COMPOSED[name][0],)


def _example(name: str) -> str:
    """Arguments that a function can take."""
    return {1: "x", 2: "x, y", 3: "x < 0, 1, 2"}[_counts(name)[0]]


def _finite(piece: Token, text: str) -> Number:
    if not math.isfinite(number := float(text)):
        shown = text if len(text) <= 24 else f"{text[:23]}…"
        raise FormulaError(f"The number '{shown}' @ is too large.", piece.at)
    return Number(number)


def _whole(piece: Token) -> Term:
    """A power in raised digits, such as ⁻¹."""
    number = _finite(piece, piece.text.lstrip("+-"))
    return Operation("neg", (number,)) if piece.text.startswith("-") else number
