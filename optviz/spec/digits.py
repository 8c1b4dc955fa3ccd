"""Numbers as people write them: 0.01, 1e-3, 0,01, −1.5, 1 000 000. Each is read with one meaning or refused.

What is read is exact, a `Decimal`: whoever wants a float or a whole number says what that loses. Every
`ValueError` is a sentence for the user, without its subject: "must be a number, …".
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

LONGEST = 100
"""Longest number in characters: more than any float needs."""
_MOST_POWER = 9999
_BLANKS = " \t\r\n\u00a0\u2007\u2009\u200b\u202f\ufeff"
_ALIKE = {**dict.fromkeys("−－﹣‐‑–", "-"), "＋": "+", "．": ".", "，": ",", "’": "'"}
_NUMBER = re.compile(r"([+-]?) ?([0-9][0-9.,' _]*|[.,][0-9]+)(?:[eE]([+-]?[0-9]+))?")
_GROUPED = re.compile(r"[1-9][0-9]{,2}([.,' _])[0-9]{3}(?:\1[0-9]{3})*")
_EITHER = re.compile(r"([1-9][0-9]{,2})[.,]([0-9]{3})")
_NOT_FINITE = re.compile(r"[+-]?(inf(inity)?|nan|∞)", re.IGNORECASE)
_REMEDIES = (
    (re.compile(r"[\^*·×⁰¹²³⁴-⁹⁺⁻]"), "a power of ten is written with an e, such as 1e-3 for 10^-3"),
    (re.compile("[/÷]"), "a fraction is written as its value, such as 0.25 for 1/4"),
    (re.compile("[%‰]"), "a percentage is written as a share of 1, such as 0.05 for 5%"),
)


def read_number(text: str, whole: bool = False, mark: str = "") -> Decimal:
    """The number that a text means, exactly.

    A point is a decimal point, as in Python: 1.500 is 1.5. A comma before three digits may be a decimal comma
    or group thousands, so 1,500 is refused. Where only a whole number makes sense it is the other way round.

    Args:
        text: What somebody has typed, or a cell of a file.
        whole: Whether only a whole number makes sense.
        mark: The decimal mark, "." or ",", where it is known. Then there is no doubt.

    Raises:
        ValueError: Where the text means no number, or may mean two.

    Example:
        >>> read_number("−1,5e-3"), read_number("1 000 000"), read_number("1,500", whole=True)
        (Decimal('-0.0015'), Decimal('1000000'), Decimal('1500'))
    """
    if len(text) > LONGEST:
        raise ValueError(f"must be a number of at most {LONGEST} characters, not of {len(text):,}.")
    plain = "".join(map(_plain, text)).strip()
    if not plain:
        raise ValueError("must be a number, but nothing is here.")
    if _NOT_FINITE.fullmatch(plain):
        raise ValueError(f"must be a finite number, not {plain}.")
    if not (match := _NUMBER.fullmatch(plain)):
        raise _refusal(text)
    sign, digits, power = match.groups()
    if len(power or "") > 1 and abs(int(power)) > _MOST_POWER:
        raise ValueError(f"must be a number that a computer can hold, not {text.strip()!r}.")
    if either := _EITHER.fullmatch(digits):
        if not mark and ("," in digits) != whole:
            raise _doubt(sign, either, text)
        if mark not in digits or whole:
            digits = either[1] + either[2]
    before, after = _halves(digits, text)
    return Decimal(f"{sign}{before}.{after}e{power or 0}")


def decimal_mark(text: str) -> str:
    """The decimal mark of a number, "." or ","; empty where there is none or it is ambiguous."""
    match = _NUMBER.fullmatch("".join(map(_plain, text)).strip())
    if not match or _EITHER.fullmatch(match[2]):
        return ""
    marks = [character for character in match[2] if character in ".,"]
    return marks[-1] if marks and marks.count(marks[-1]) == 1 else ""


def write_number(number: float) -> str:
    """The shortest text that `read_number` reads as this very number: 0.001, 300, 1e-05."""
    return repr(number).removesuffix(".0")


def _plain(character: str) -> str:
    """A character of a number in ASCII: digits of any script, dashes of any length."""
    if character in _BLANKS:
        return "" if character in "\u200b\ufeff" else " "
    digit = unicodedata.decimal(character, None)
    return _ALIKE.get(character, character) if digit is None else str(digit)


def _halves(digits: str, text: str) -> tuple[str, str]:
    """The digits before and after the decimal mark, without separators of thousands."""
    mark = next((character for character in reversed(digits) if character in ".,"), "")
    if not mark or digits.count(mark) > 1:
        whole, mark, part = digits, "", ""
    else:
        whole, mark, part = digits.partition(mark)
    grouped = _GROUPED.fullmatch(whole)
    if grouped and grouped[1] != mark:
        whole = whole.replace(grouped[1], "")
    if not (whole + part).isdecimal():
        raise _refusal(text)
    return whole, part


def _doubt(sign: str, either: re.Match[str], text: str) -> ValueError:
    first, last = either.groups()
    means = f"{write_number(float(f'{sign}{first}.{last}'))} or {sign}{first}{last}"
    return ValueError(f"must be a number with one meaning: write {means}, not {text.strip()!r}.")


def _refusal(text: str) -> ValueError:
    for sign, remedy in _REMEDIES:
        if sign.search(text):
            return ValueError(f"must be a number, not {text.strip()!r}: {remedy}.")
    return ValueError(f"must be a number, such as 0.01, -2 or 1e-3, not {text.strip()!r}.")
