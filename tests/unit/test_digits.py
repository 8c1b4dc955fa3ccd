"""Numbers as people type them: one meaning, or a sentence, and never another number."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optviz.spec.digits import LONGEST, read_number, write_number
from optviz.spec.params import Float, Int, Ints, Maybe

ANY = Float(-math.inf, math.inf)
WHOLE = Int(-(2**70), 2**70)

MEANINGS = {
    "0,01": 0.01,
    "0.01": 0.01,
    "1,5": 1.5,
    "1,5e3": 1500.0,
    "\u22121.5": -1.5,
    "\u20131.5": -1.5,
    "- 3": -3.0,
    "+7": 7.0,
    "1e3": 1000.0,
    "1E-3": 1e-3,
    "1e\u22123": 1e-3,
    ".5": 0.5,
    ",5": 0.5,
    "5.": 5.0,
    "  2 ": 2.0,
    "\ufeff2\u200b": 2.0,
    "1.500": 1.5,
    "0,125": 0.125,
    "1234,125": 1234.125,
    "1,500,000": 1.5e6,
    "1.500.000": 1.5e6,
    "1.500,25": 1500.25,
    "1,500.25": 1500.25,
    "1 000 000": 1e6,
    "1\u202f000,5": 1000.5,
    "1'000": 1000.0,
    "1_000": 1000.0,
    "\uff11\uff12\uff0e\uff15": 12.5,
    "\u0663": 3.0,
}


@pytest.mark.parametrize("text", MEANINGS)
def test_one_meaning(text: str) -> None:
    assert ANY.read(text) == MEANINGS[text]


REFUSED = {
    "": "nothing is here",
    " ": "nothing is here",
    "abc": "such as 0.01",
    "-": "such as 0.01",
    "1,500": "write 1.5 or 1500,",
    "-1,500": "write -1.5 or -1500,",
    "1,000": "write 1 or 1000,",
    "1/3": "a fraction",
    "50%": "a percentage",
    "10^-3": "a power of ten",
    "10**3": "a power of ten",
    "10\u00b3": "a power of ten",
    "2\u00d710": "a power of ten",
    "inf": "finite",
    "-Infinity": "finite",
    "NaN": "finite",
    "1e999": "too large",
    "1e-999": "too near to 0",
    "1e99999999999": "can hold",
    "1e": "such as 0.01",
    "1e3.5": "such as 0.01",
    "1 2": "such as 0.01",
    "1,2,3": "such as 0.01",
    "1.2.3": "such as 0.01",
    "0x10": "such as 0.01",
    "--3": "such as 0.01",
    "\u00bd": "such as 0.01",
    "9" * 101: "at most 100 characters",
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_sentence_where_there_is_none_or_two(text: str) -> None:
    with pytest.raises(ValueError, match=REFUSED[text]) as said:
        ANY.read(text)
    assert str(said.value).endswith(".")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_written_is_read_as_the_very_same(number: float) -> None:
    assert ANY.read(write_number(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_decimal_comma_is_the_same_number_or_is_doubted(number: float) -> None:
    text = write_number(number).replace(".", ",")
    if re.fullmatch(r"-?[1-9]\d{,2},\d{3}", text):
        with pytest.raises(ValueError, match="one meaning"):
            ANY.read(text)
    else:
        assert ANY.read(text) == number
    assert float(read_number(text, mark=",")) == number


@given(st.integers(-(2**70), 2**70))
def test_whole_numbers_keep_every_digit(number: int) -> None:
    for text in (str(number), f"{number:,}", f"{number:_}", f"{number}.0", f" {number} "):
        assert WHOLE.read(text) == number


def meant(read: Callable[[str], float], text: str) -> float | None:
    try:
        return read(text)
    except ValueError:
        return None


@given(st.text("0123456789.,eE+- '_", max_size=12))
def test_no_text_means_another_number_than_python_says(text: str) -> None:
    number, pythons = meant(ANY.read, text), meant(float, text)
    assert number is None or number == pythons or (pythons is None and set(text) & set(", '_-+"))


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e3", 1000), ("1,000", 1000), ("250.0", 250), ("2 500", 2500), ("9007199254740993", 9007199254740993)],
)
def test_whole_numbers(text: str, value: int) -> None:
    assert WHOLE.read(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("250.7", "a whole number, 250 or 251, not 250.7"),
        ("-0,5", "a whole number, -1 or 0, not -0,5"),
        ("250.00000000000000000001", "250 or 251"),
        ("2.000", "write 2 or 2000"),
        ("1e40", "too large"),
        ("1e9999", "too large"),
        ("9000", "between 1 and 5,000, not 9,000"),
        ("0", "between 1 and 5,000, not 0"),
    ],
)
def test_no_whole_number(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Int(1, 5000).read(text)


def test_lists_and_nothing() -> None:
    milestones = Ints(0, 10_000)
    for text in ("100, 1e3", "(100, 1000)", "100;1000", "100 1000"):
        assert milestones.read(text) == (100, 1000)
    assert milestones.read("") == ()
    with pytest.raises(ValueError, match=r"\(value 2\) must be a number"):
        milestones.read("100, many")
    assert Maybe(ANY).read(" ") is None and Maybe(ANY).read("None") is None and Maybe(ANY).read("0,5") == 0.5


def test_the_longest_number_is_longer_than_any_float() -> None:
    assert all(len(write_number(number)) < LONGEST for number in (5e-324, -1.7976931348623157e308, 0.1 + 0.2))
