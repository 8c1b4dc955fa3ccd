"""A formula's text cut into numbers, words and signs, each in the one spelling that it has here.

×, · and ∗ are all *, and π and `math.pi` are both pi. What has two meanings, or none, is refused with its
place and with what to write instead. Places are those in the text as it was typed: a spelling changes single
characters only, so nothing moves.
"""

from __future__ import annotations

import difflib
import keyword
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from optviz.expressions.terms import GREEK, Number, Operation, Term

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
"""The functions, and the numbers of arguments that each can take."""

RESERVED = frozenset(
    (
        *("expression", "x_range", "y_range", "torch", "math", "formula"),
        *("power", "real_power", "variable_power", "piecewise", "flat"),
    )
)
"""Names that mean something else beside a formula, or in the program that shows it."""

COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
CONDITIONS = frozenset((*COMPARISONS, "and", "or", "not"))

_DEEPEST_BRACKETS = 30
_LONGEST_NAME = 20


class FormulaError(ValueError):
    """Why a formula is refused: a sentence for the user, and the place in the text that it is about."""

    def __init__(self, sentence: str, at: int) -> None:
        """`sentence` has "@" where it names the place `at`, which is counted from 0."""
        super().__init__(sentence.replace("@", f"(at character {at + 1})", 1))
        self.at = at


@dataclass(frozen=True)
class Token:
    """A piece of a formula."""

    kind: str
    """ "number", "word", "raised" (a power in raised digits), "sign", or "end" behind the last of them."""
    text: str
    """In the spelling that it has here; numbers and powers in raised digits as Python spells them."""
    at: int
    end: int
    close: bool
    """Whether nothing stands between it and the piece before."""
    line: bool = False
    """Whether it begins a line."""


# -- characters ----------------------------------------------------------------------------------------

_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_LOWERED = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_SAME: Mapping[int, str] = MappingProxyType(
    {ord(character): "-" for character in "−–—‐‑‒﹣"}
    | {ord(character): "*" for character in "·×⋅∗•∙✕⨯\u2062"}
    | {ord(character): "/" for character in "÷∕⁄"}
    | {ord("^"): "^", ord("∣"): "|", ord("\u2061"): " ", ord("µ"): "μ"}
    # Full-width forms, and the letters of formula editors.
    | {
        code: unicodedata.normalize("NFKC", chr(code))
        for code in (*range(0xFF01, 0xFF5F), *range(0x1D400, 0x1D800))
    }
)
_SIGNS: Mapping[str, str] = MappingProxyType(
    {"^": "**", "≤": "<=", "≥": ">=", "≠": "!=", "∧": "and", "∨": "or", "¬": "not"}
)
_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "=": "A formula has no = @: write only what stands after it, or == to compare two numbers.",
        "[": "Brackets are round, not [ @.",
        "{": "Brackets are round, not { @.",
        "‖": "Write sqrt(x**2 + y**2) for a length, not ‖ @.",
        "∛": "Write sign(x)*abs(x)**(1/3) for a cube root, not ∛ @.",
        "∞": "There is no infinity @: write a number, such as 1e6.",
        "%": "A formula has no % @: a percentage is divided by 100, and there is no remainder.",
        "//": "Division is written /, not // @, and there is no rounding.",
        "&": "Write and for & @.",
        "||": "Write or for || @.",
        "~": "Write not for ~ @.",
        "!": "There is no factorial ! @.",
        "@": "The sign of matrix products @ has no meaning in a formula: write *.",
        "°": "Angles are in radians @: multiply degrees by pi/180.",
        "±": "A formula has one value: write + or - for ± @.",
        "\\": "LaTeX is not read @: write sqrt(x) for \\sqrt{x}, a/b for \\frac{a}{b} and pi for \\pi.",
        "$": "Write the formula without $ @.",
        "'": "There are no derivatives and no texts: ' @ has no meaning in a formula.",
    }
)
_CYRILLIC: Mapping[str, str] = MappingProxyType(dict(zip("хуеасорХУЕАСОР", "xyeacopXYEACOP", strict=True)))

_GREEK = "".join(GREEK)
_TOKEN = re.compile(
    rf"""(?P<blank> \s+ )
       | (?P<number> (?:[0-9]+\.?[0-9]*|\.[0-9]+) (?:[eE][+-]?[0-9]+)? | [½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞] )
       | (?P<word> [A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*[₀-₉]*
                 | π | [{_GREEK}](?:_?[0-9]+|[₀-₉]+|_[A-Za-z]+)? )
       | (?P<raised> [⁺⁻]?[⁰¹²³⁴-⁹]+ )
       | (?P<sign> \*\*|[<>=!]=|/(?!/)|[-+*(),<>^|√≤≥≠∧∨¬] )""",
    re.VERBOSE,
)
_POWER = re.compile(r"\s*(?:\^|\*\*|[⁺⁻⁰¹²³⁴-⁹])")
_ELEMENT = re.compile(r"(?<=[\w₀-₉])\[\s*([01])\s*\]")
_HEAD = re.compile(rf"\s*(?![xy]\s*:?=)[A-Za-z{_GREEK}]\w*\s*(?:\(\s*x\s*,\s*y\s*\)\s*)?:?=(?!=)")


def tokens(text: str) -> list[Token]:
    """The pieces of a formula, and after them one that marks its end.

    Args:
        text: The formula as it was typed.

    Raises:
        FormulaError: A piece is unknown, or two cannot stand side by side. The sentence says where.
    """
    known = text.translate(_SAME)
    head = _HEAD.match(known)  # f(x, y) = …, z = …
    pieces: list[Token] = []
    at = last = head.end() if head else 0
    while at < len(known):
        match = _TOKEN.match(known, at)
        if not match:
            raise _unknown(text, known, at)
        at = match.end()
        if match.lastgroup == "number" and known[at : at + 1] == "_":
            raise FormulaError("Write the number @ without _.", match.start())
        if (kind := match.lastgroup or "") != "blank":
            pieces.append(_token(kind, match, last, known))
            last = at
    if not pieces:
        raise FormulaError("The formula is empty: type one, such as x**2 + y**2.", 0)
    for left, right in pairwise(pieces):
        _check_pair(left, right, known)
    _check_brackets(pieces)
    return [*pieces, Token("end", "", pieces[-1].end, pieces[-1].end, False)]


def _token(kind: str, match: re.Match[str], last: int, known: str) -> Token:
    text, at = match[0], match.start()
    match kind:
        case "number":
            text = text if text.isascii() else repr(unicodedata.numeric(text))
        case "raised":
            text = text.translate(_RAISED)
        case "sign":
            text = _SIGNS.get(text, text)
            kind = "word" if text.isalpha() else kind
        case "word":
            text = _greek(text.translate(_LOWERED))
            text = _word(text, at)
    return Token(kind, text, at, match.end(), last == at, any(mark in known[last:at] for mark in "\r\n"))


def _greek(text: str) -> str:
    return GREEK.get(text[0], text[0]) + text[1:]


def _unknown(text: str, known: str, at: int) -> FormulaError:
    if element := _ELEMENT.match(known, at):
        coordinate = "xy"[int(element[1])]
        return FormulaError(f"There are no lists: write {coordinate} for the one with [{element[1]}] @.", at)
    for sign in (known[at : at + 2], known[at]):
        if sign in _HINTS:
            return FormulaError(_HINTS[sign], at)
    character = text[at]
    if character in _CYRILLIC:
        return FormulaError(
            f"The letter '{character}' @ is Cyrillic: type the Latin {_CYRILLIC[character]}.", at
        )
    if not character.isprintable():
        return FormulaError("A character @ that cannot be seen has no meaning in a formula: delete it.", at)
    return FormulaError(f"The character '{character}' @ has no meaning in a formula.", at)


def missing(left: str, right: str, at: int) -> FormulaError:
    """The refusal of two pieces that cannot stand side by side."""
    return FormulaError(f"An operator is missing between '{left}' and '{right}' @, such as *.", at)


def _check_pair(left: Token, right: Token, known: str) -> None:
    """Refuse numbers in other notations, and two pieces side by side that may have lost their operator."""
    if left.kind == "number" and right.close:
        number, word = known[left.at : left.end], right.text
        if right.kind == "number":
            raise FormulaError(f"The number '{number}' @ runs into another number.", left.at)
        if number == "0" and re.fullmatch(r"[xXbBoO][0-9a-fA-F]+", word):
            raise FormulaError("Numbers are decimal @.", left.at)
        if word in ("j", "J"):
            raise FormulaError(f"There are no complex numbers, such as {number}{word} @.", left.at)
        if word == "e" and not _POWER.match(known, right.end):
            raise FormulaError(
                f"The number '{number}e' @ has no exponent: write {number}e3, or {number}*e for e = 2.718.",
                left.at,
            )
    name = left.kind == "word" and left.text not in _JOINING and not function_of(left.text)
    ends = name or left.kind in ("number", "raised")
    if right.kind == "number" and (ends or left.text == ")"):
        raise missing(known[left.at : left.end], known[right.at : right.end], right.at)


def _check_brackets(pieces: Sequence[Token]) -> None:
    opened: list[int] = []
    for token in pieces:
        if token.text == "(":
            opened.append(token.at)
            if len(opened) > _DEEPEST_BRACKETS:
                raise FormulaError(f"Brackets are nested more than {_DEEPEST_BRACKETS} deep @.", token.at)
        elif token.text == ")":
            if not opened:
                raise FormulaError("The bracket ) @ closes nothing.", token.at)
            opened.pop()
    if opened:
        raise FormulaError("The bracket ( @ is never closed.", opened[-1])


# -- words ---------------------------------------------------------------------------------------------

_JOINING = ("and", "or", "not")
_MODULES = frozenset(
    (
        *(
            "math",
            "np",
            "numpy",
            "torch",
            "nn",
            "functional",
            "F",
            "special",
            "jax",
            "jnp",
            "tf",
            "tensorflow",
        ),
        *("scipy", "sympy", "sp", "mpmath"),
    )
)
_SPELLINGS: Mapping[str, str] = MappingProxyType(
    {"ln": "log", "tg": "tan", "sgn": "sign", "fabs": "abs", "absolute": "abs", "expit": "sigmoid"}
    | {f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "tan2")}
    | {"minimum": "min", "maximum": "max", "fmin": "min", "fmax": "max", "power": "pow"}
)
"""Other names of functions."""


def _log_to(base: float) -> Callable[..., Term]:
    return lambda part: Operation("/", (Operation("log", (part,)), Operation("log", (Number(base),))))


COMPOSED: Mapping[str, tuple[int, Callable[..., Term]]] = MappingProxyType(
    {
        "log10": (1, _log_to(10.0)),
        "log2": (1, _log_to(2.0)),
        "square": (1, lambda part: Operation("**", (part, Number(2.0)))),
        "pow": (2, lambda base, exponent: Operation("**", (base, exponent))),
    }
)
"""Functions that are written with others: how many arguments each takes, and what it makes of them."""
_INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "lg": "write log10(x) or log2(x)",
        "cbrt": "write sign(x)*abs(x)**(1/3)",
        "log1p": "write log(1 + x)",
        "expm1": "write exp(x) - 1",
        "sec": "write 1/cos(x)",
        "csc": "write 1/sin(x)",
        "cot": "write 1/tan(x)",
        "ctg": "write 1/tan(x)",
        "sh": "write sinh(x)",
        "ch": "write cosh(x)",
        "th": "write tanh(x)",
        "hypot": "write sqrt(x**2 + y**2)",
        "norm": "write sqrt(x**2 + y**2)",
        "heaviside": "write where(x < 0, 0, 1)",
        "step": "write where(x < 0, 0, 1)",
        "sqr": "write x**2 or sqrt(x)",
    }
)
_NO_NUMBER = frozenset(("inf", "infinity", "infty", "nan"))
_ITS_NAMES = frozenset((*FUNCTIONS, *_SPELLINGS, *COMPOSED))


def _word(text: str, at: int) -> str:
    """A word in the spelling that it has here; one that can mean nothing in a formula is refused."""
    *modules, word = text.split(".")
    if modules and not _MODULES.issuperset(modules):
        called = "x**2, not x.pow(2)" if word == "pow" else f"{word}(x)" if word in _ITS_NAMES else ""
        remedy = f"write {called}" if called else "names have none"
        raise FormulaError(f"The point in '{_cut(text)}' @ has no meaning: {remedy}.", at)
    if word in _JOINING or word in FUNCTIONS:
        return word
    if word.lower() in _NO_NUMBER:
        raise FormulaError(f"'{word}' @ is no number that a formula can hold: write one, such as 1e6.", at)
    if modules and word in CONSTANTS:
        return word
    if modules and word not in _ITS_NAMES and not _INSTEAD.get(word):
        raise FormulaError(f"There is no '{_cut(text)}' @ in a formula.", at)
    if word in ("if", "else"):
        raise FormulaError(
            f"The word '{word}' @ has no meaning in a formula: write where(condition, a, b).", at
        )
    if word == "lambda":
        raise FormulaError(
            "The word 'lambda' @ is Python's own: write lam for λ, and of a function only its value.",
            at,
        )
    if keyword.iskeyword(word):
        raise FormulaError(f"The word '{word}' @ is Python's own and has no meaning in a formula.", at)
    if word in RESERVED and not (modules and word in _ITS_NAMES):
        raise FormulaError(f"The name '{word}' @ means something else here: choose another.", at)
    if word.startswith("_"):
        raise FormulaError(f"The name '{word[:20]}' @ begins with an underscore: choose another.", at)
    if len(word) > _LONGEST_NAME:
        raise FormulaError(f"The name '{word[:20]}…' @ has more than {_LONGEST_NAME} characters.", at)
    return word


def _cut(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:23]}…"


def function_of(word: str) -> str | None:
    """The function that a word means, in any case and spelling; None for none."""
    for spelled in (word, word.lower()):
        name = _SPELLINGS.get(spelled, spelled)
        if name in FUNCTIONS or name in COMPOSED:
            return name
    return None


def constant_of(word: str) -> str | None:
    """The constant that a word means; None for none."""
    name = "pi" if word in ("PI", "Pi") else word
    return name if name in CONSTANTS else None


def is_refused(word: str) -> bool:
    """Whether a word is a function that a formula spells out with others, such as sec."""
    return word.lower() in _INSTEAD


def no_function(word: str, at: int) -> FormulaError:
    """The refusal of a word that cannot be called, with what may have been meant."""
    if instead := _INSTEAD.get(word.lower()):
        return FormulaError(f"There is no function '{word}' @: {instead}.", at)
    near = difflib.get_close_matches(word.lower(), sorted(_ITS_NAMES), 1, 0.7)
    asked = f" Did you mean {near[0]}?" if near else f" To multiply, write {word}*(…)."
    return FormulaError(f"There is no function '{word}' @.{asked}", at)


_PRODUCT = re.compile(r"(?:pi|[xye])(?:pi|[xye])+")
_CALL = re.compile(rf"({'|'.join(sorted(_ITS_NAMES, key=len, reverse=True))})(pi|[xye])")
_COORDINATE = re.compile(r"([xy])_?([0-9]{1,2})")
_FACTORS = re.compile(r"([a-z])([xy])|([xy])([a-z])")
_FIRST_OF_TWO = frozenset(("theta", "Theta", "w", "u", "t"))


def other_meaning(word: str, absent: Sequence[str]) -> str:
    """What a word may have been meant for rather than for a parameter; empty where there is no doubt.

    Args:
        word: A name in a formula.
        absent: Those of x and y that the formula does not hold: only then are x1 and ax suspicious.
    """
    if word in ("X", "Y", "E"):
        return word.lower()
    if _PRODUCT.fullmatch(word):
        return "*".join(re.findall("pi|[xye]", word))
    if call := _CALL.fullmatch(word):
        return f"{call[1]}({call[2]})"
    if indexed := _COORDINATE.fullmatch(word):
        letter, number = indexed.groups()
        if letter in absent or ("y" in absent and number != "0"):
            return _coordinate(letter, int(number), absent)
    if (factors := _FACTORS.fullmatch(word)) and ({*word} & {*absent}):
        return "*".join(filter(None, factors.groups()))
    return ""


def _coordinate(letter: str, number: int, absent: Sequence[str]) -> str:
    """What x1, x_2, x0 or y2 may mean: an element of a list that begins at 0 or 1, or a power typed flat."""
    if letter not in absent:
        return "y"
    if number < 2:
        return letter
    power = f"{letter}**{number}"
    return f"y or {power}" if letter == "x" and number == 2 and "y" in absent else power


def first_of_two(word: str) -> bool:
    """Whether others use a word for the vector of both coordinates, such as theta."""
    return word.rstrip("0123456789_") in _FIRST_OF_TWO
