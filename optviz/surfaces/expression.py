"""What a user may type as a formula: read by Python's parser, checked against a whitelist, shown in LaTeX.

Nothing that is typed is ever run. Before the parser sees a text it has been cut into numbers, words and
signs, all of them known, with few brackets inside each other, so that the parser has bounded work; what it
returns is translated node by node into a tree of three kinds, and whatever is not expected is refused.

Every `ValueError` raised here is a sentence for the user that says where in the text the trouble is.
"""

from __future__ import annotations

import ast
import keyword
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from types import MappingProxyType

LONGEST = 300
"""Characters in a formula."""
MOST_PARAMETERS = 8
"""Names in a formula that become parameters."""
_DEEPEST_BRACKETS = 30
_DEEPEST = 100
"""Operations inside each other; 50 terms in a row are 50 deep."""
_LONGEST_NAME = 20


@dataclass(frozen=True)
class Number:
    """A number as it is typed; always a float, so that no power of it runs out of memory."""

    value: float


@dataclass(frozen=True)
class Name:
    """x, y, pi, e or a parameter."""

    name: str


@dataclass(frozen=True)
class Operation:
    """An operation on one or more parts: "+", "neg", "<", "and" or a function's name."""

    name: str
    parts: tuple[Node, ...]


Node = Number | Name | Operation

VARIABLES = ("x", "y")
CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "e": math.e})
FUNCTIONS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    dict.fromkeys(
        ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "exp", "log", "sqrt", "abs"),
        (1,),
    )
    | dict.fromkeys(("sign", "sigmoid", "relu", "softplus"), (1,))
    | {"atan2": (2,), "min": (2, 3, 4), "max": (2, 3, 4), "where": (3,)}
)
"""The functions, and how many arguments each takes."""

RESERVED = frozenset(
    (
        *("expression", "x_range", "y_range", "torch", "math", "formula"),
        *("power", "real_power", "variable_power", "piecewise", "flat"),
    )
)
"""Names that mean something beside a formula or in the program that is shown for it."""

_OPERATORS: Mapping[type[ast.AST], str] = MappingProxyType(
    {
        ast.Add: "+",
        ast.Sub: "-",
        ast.Mult: "*",
        ast.Div: "/",
        ast.Pow: "**",
        ast.USub: "neg",
        ast.Lt: "<",
        ast.LtE: "<=",
        ast.Gt: ">",
        ast.GtE: ">=",
        ast.Eq: "==",
        ast.NotEq: "!=",
        ast.And: "and",
        ast.Or: "or",
    }
)
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
CONDITIONS = frozenset((*COMPARISONS, "and", "or", "not"))


@dataclass(frozen=True)
class Expression:
    """A formula that has been checked."""

    tree: Node
    parameters: tuple[str, ...]
    """Names that are to be given, in the order in which they are first met."""


@lru_cache(maxsize=256)
def parse(text: str) -> Expression:
    """Read a formula. Raises ValueError with a sentence that says what is wrong, and where."""
    if len(text) > LONGEST:
        raise ValueError(f"A formula can have at most {LONGEST} characters, not {len(text):,}.")
    tokens = _tokens(text)
    _check_neighbours(tokens)
    _check_brackets(tokens)
    indent = len(text) - len(text.lstrip())
    reader = _Reader(re.sub(r"\s", " ", text.strip()), indent)
    tree = reader.number(_python_tree(reader.text, indent), 0)
    if len(reader.parameters) > MOST_PARAMETERS:
        named = ", ".join(reader.parameters)
        raise ValueError(
            f"A formula can have at most {MOST_PARAMETERS} parameters, not {len(reader.parameters)}: {named}."
        )
    return Expression(tree, tuple(reader.parameters))


def _error(sentence: str, at: int) -> ValueError:
    """`sentence` with "@" as the place, counted from 0."""
    return ValueError(sentence.replace("@", f"(at character {at + 1})", 1))


# -- before Python's parser ----------------------------------------------------------------------------

_TOKEN = re.compile(
    r"""\s*(?: (?P<number> (?:\d+\.?\d*|\.\d+) (?:[eE][+-]?\d+)? ) (?![\w.])
             | (?P<word> [A-Za-z_]\w* )
             | (?P<sign> \*\*|[<>=!]=|[-+*/(),<>] ) )""",
    re.VERBOSE | re.ASCII,
)
_NUMBER = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)
_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "^": "Powers are written **, not ^ @.",
        "=": "A formula has no = @; two numbers are compared with ==.",
        "[": "Brackets are round, not [ @.",
        "{": "Brackets are round, not { @.",
        "−": "The minus sign @ is not the keyboard's -.",
        "²": "Write **2 for ² @.",
        "³": "Write **3 for ³ @.",
        "·": "Write * for · @.",
        "×": "Write * for × @.",
        "π": "Write pi for π @.",
        "√": "Write sqrt for √ @.",
        "|": "Write abs(…) for | @.",
    }
)


@dataclass(frozen=True)
class _Token:
    kind: str
    """ "number", "word" or "sign"."""
    text: str
    at: int


def _tokens(text: str) -> list[_Token]:
    end, at, tokens = len(text.rstrip()), 0, []
    while at < end:
        found = _TOKEN.match(text, at)
        if not found or not found.lastgroup:
            raise _unknown(text, at + len(text[at:]) - len(text[at:].lstrip()))
        token = _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup))
        if token.kind == "word":
            _check_word(token)
        tokens.append(token)
        at = found.end()
    if not tokens:
        raise ValueError("The formula is empty: type one, such as x**2 + y**2.")
    return tokens


def _unknown(text: str, at: int) -> ValueError:
    if number := _NUMBER.match(text, at):
        rest = text[number.end() :]
        if rest[:1].isalpha() or rest[:1] == "_":
            return _missing(number[0], rest[0], number.end())
        return _error(f"The number '{number[0]}' @ does not end as a number does.", at)
    if text[at] in _HINTS:
        return _error(_HINTS[text[at]], at)
    shown = f"'{text[at]}' " if text[at].isprintable() else ""
    return _error(f"The character {shown}@ has no meaning in a formula.", at)


def _missing(left: str, right: str, at: int) -> ValueError:
    return _error(f"Between '{left}' and '{right}' @ an operator is missing, such as *.", at)


def _check_word(token: _Token) -> None:
    """Refuse words that can never mean anything."""
    word = token.text
    if word in ("and", "or", "not") or word in FUNCTIONS:
        return
    if word in ("if", "else"):
        raise _error(
            f"The word '{word}' @ has no meaning in a formula: write where(condition, a, b).", token.at
        )
    if keyword.iskeyword(word):
        raise _error(f"The word '{word}' @ is Python's own and has no meaning in a formula.", token.at)
    if word in RESERVED:
        raise _error(f"The name '{word}' @ means something else here: choose another.", token.at)
    if word.startswith("_"):
        raise _error(f"The name '{word[:20]}' @ begins with an underscore: choose another.", token.at)
    if len(word) > _LONGEST_NAME:
        raise _error(f"The name '{word[:20]}…' @ has more than {_LONGEST_NAME} characters.", token.at)


def _check_neighbours(tokens: Sequence[_Token]) -> None:
    """Refuse 2 x, x y and (x)(y), of which Python's parser would say less."""

    def is_value(token: _Token) -> bool:
        return token.kind == "number" or (token.kind == "word" and token.text not in ("and", "or", "not"))

    for left, right in pairwise(tokens):
        ends = is_value(left) or left.text == ")"
        begins = is_value(right) or (right.text == "(" and left.kind != "word")
        if ends and begins:
            raise _missing(left.text, right.text, right.at)
    if tokens[-1].kind == "sign" and tokens[-1].text not in ("(", ")"):
        raise _error(
            f"After '{tokens[-1].text}' @ the formula ends, where a number is missing.", tokens[-1].at
        )


def _check_brackets(tokens: Sequence[_Token]) -> None:
    opened: list[int] = []
    for token in tokens:
        if token.text == "(":
            opened.append(token.at)
            if len(opened) > _DEEPEST_BRACKETS:
                raise _error(f"More than {_DEEPEST_BRACKETS} brackets lie inside each other @.", token.at)
        elif token.text == ")":
            if not opened:
                raise _error("The bracket ) @ closes nothing.", token.at)
            opened.pop()
    if opened:
        raise _error("The bracket ( @ is never closed.", opened[-1])


def _python_tree(text: str, indent: int) -> ast.expr:
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        at = min(max((error.offset or 1) - 1, 0), len(text) - 1)
        raise _error(f"The formula cannot be read from '{text[at : at + 10]}' @ on.", at + indent) from None
    except (ValueError, RecursionError, MemoryError):
        raise ValueError("The formula cannot be read: it is too complicated.") from None


# -- after it ------------------------------------------------------------------------------------------


class _Reader:
    """Translates Python's tree into ours, and gathers the names that become parameters."""

    def __init__(self, text: str, indent: int) -> None:
        self.text, self.indent = text, indent
        self.parameters: dict[str, None] = {}

    def number(self, node: ast.expr, depth: int) -> Node:
        """What has a number as its value."""
        self._check_depth(node, depth)
        match node:
            case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
                return self._constant(node, value)
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.number(operand, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Operation("neg", (self.number(operand, depth + 1),))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                parts = (self.number(left, depth + 1), self.number(right, depth + 1))
                return Operation(_OPERATORS[type(op)], parts)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(node, name, arguments, depth)
            case ast.Compare() | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                raise self._error(
                    "The comparison # @ can only be the condition of where(condition, a, b).", node
                )
            case ast.Tuple(elts=[_, second, *_]):
                raise self._error("Before # @ there is a comma that belongs to no function.", second)
            case ast.Tuple():
                raise self._error("The brackets # @ hold no single number.", node)
        raise self._error("A formula cannot hold # @.", node)

    def condition(self, node: ast.expr, depth: int) -> Node:
        """What is true or false."""
        self._check_depth(node, depth)
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others) if all(
                type(op) in _OPERATORS for op in ops
            ):
                values = [self.number(part, depth + 1) for part in (left, *others)]
                pairs = [
                    Operation(_OPERATORS[type(op)], (one, other))
                    for op, one, other in zip(ops, values[:-1], values[1:], strict=True)
                ]
                return pairs[0] if len(pairs) == 1 else Operation("and", tuple(pairs))
            case ast.BoolOp(op=op, values=parts):
                return Operation(
                    _OPERATORS[type(op)], tuple(self.condition(part, depth + 1) for part in parts)
                )
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Operation("not", (self.condition(operand, depth + 1),))
        raise self._error("where needs a condition such as x < 0, not # @.", node)

    def _constant(self, node: ast.expr, value: float) -> Number:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number):
            raise self._error("The number # @ is too large.", node)
        return Number(number)

    def _name(self, node: ast.expr, name: str) -> Name:
        if name in FUNCTIONS:
            raise self._error(f"The function # @ needs brackets, as in {name}(x).", node)
        if name not in VARIABLES and name not in CONSTANTS:
            self.parameters[name] = None
        return Name(name)

    def _call(self, node: ast.expr, name: str, arguments: Sequence[ast.expr], depth: int) -> Operation:
        if name in VARIABLES or name in CONSTANTS:
            raise self._error(f"'{name}' @ is no function; to multiply, write {name}*(…).", node)
        if name not in FUNCTIONS:
            raise self._error(f"There is no function '{name}' @.", node)
        counts = FUNCTIONS[name]
        if len(arguments) not in counts:
            wanted = f"{counts[0]} to {counts[-1]} numbers" if len(counts) > 1 else _COUNTED[counts[0]]
            raise self._error(f"The function {name} @ takes {wanted}, not {len(arguments)}.", node)
        first = (self.condition if name == "where" else self.number)(arguments[0], depth + 1)
        return Operation(name, (first, *(self.number(part, depth + 1) for part in arguments[1:])))

    def _check_depth(self, node: ast.expr, depth: int) -> None:
        if depth > _DEEPEST:
            raise self._error(f"More than {_DEEPEST} operations lie inside each other @.", node)

    def _error(self, sentence: str, node: ast.expr) -> ValueError:
        """`sentence` with "#" as the piece of the text and "@" as its place."""
        piece = self.text[node.col_offset : node.end_col_offset]
        piece = piece if len(piece) <= 24 else f"{piece[:23]}…"
        return _error(sentence.replace("#", f"'{piece}'", 1), node.col_offset + self.indent)


_COUNTED = {1: "1 number", 2: "2 numbers", 3: "a condition and 2 numbers"}


# -- LaTeX ---------------------------------------------------------------------------------------------

_OPEN, _SUM, _PRODUCT, _BASE, _ATOM = range(5)
_GREEK = frozenset(
    (
        *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "mu", "nu"),
        *("xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
        *("Gamma", "Delta", "Theta", "Xi", "Sigma", "Upsilon", "Phi", "Psi", "Omega"),
    )
)
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
    """A name, its letters Greek and its number or second part below it: w_{1}, \\theta_{x}."""
    letters = re.match(r"[A-Za-z]+", name)
    assert letters, name
    head, rest = letters[0], name[letters.end() :].strip("_")
    below = "" if not rest else rf"_{{{rest}}}" if len(rest) == 1 else rf"_{{\mathrm{{{_escaped(rest)}}}}}"
    if head in _GREEK or head == "pi":
        return rf"\{head}{below}"
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
