"""Files of points as people have them, whatever program has written them."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optviz.spec.columns import read_table

MOST = 200


def points(content: bytes) -> list[tuple[float, float]]:
    table = read_table(content, MOST)
    return table.points(*table.first_two)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"1,2\n3,4\n", [(1, 2), (3, 4)]),
        (b"\xef\xbb\xbfx;y\r\n1.5;-2e3\r\n", [(1.5, -2000)]),
        (b'"size"\t"price"\n"1"\t" 2 "\n\n3\t4', [(1, 2), (3, 4)]),
        (b"1,5;2,5\n0,25;3\n", [(1.5, 2.5), (0.25, 3)]),
        (b"1,500;2,5\n", [(1.5, 2.5)]),
        (b"1.500;2,5\n", [(1500, 2.5)]),
        (b"1,500;2.5\n", [(1500, 2.5)]),
        (b'"1,5","2,5"\n', [(1.5, 2.5)]),
        (b"x1,y2\n1,2\n", [(1, 2)]),
        ("Gr\u00f6\u00dfe;Preis (\u20ac)\n1;2\n".encode("cp1252"), [(1, 2)]),
        ("Gr\u00f6\u00dfe;Preis (\u20ac)\n1;2\n".encode(), [(1, 2)]),
        ("x\ty\n1,5\t2\n".encode("utf-16"), [(1.5, 2)]),
        (b"sep=;\n1;2\n", [(1, 2)]),
        (b"1;2;\n3;4;\n", [(1, 2), (3, 4)]),
        (b"# x y\n1.0e+00   2.0e+00\n", [(1, 2)]),
        (b"1,5 2,5\n3,5 250\n", [(1.5, 2.5), (3.5, 250)]),
        (b"x|y\n1|2\n", [(1, 2)]),
        (b'"a;b","c"\n1,2\n', [(1, 2)]),
        (b"name,height,weight\nAnn,1,2\nBob,3,4\n", [(1, 2), (3, 4)]),
        (b"\n\n1,2\n\n\n3,4\n\n", [(1, 2), (3, 4)]),
        (b"1,2\r3,4\r", [(1, 2), (3, 4)]),
    ],
)
def test_points(content: bytes, expected: list[tuple[float, float]]) -> None:
    assert points(content) == expected


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no points"),
        (b"\n \n", "has no points"),
        (b"x,y\n", "has no points"),
        (b"1\n2\n", "two columns"),
        (b"x,y\nu,v\n", "Line 2: x must be a number"),
        (b"x,y\n1,2\n\n3,nan\n", "Line 4 has no number for y: the cell is 'nan'"),
        (b"x;y\n1;2\n3;\n", "Line 3 has no number for y: the cell is empty"),
        (b"x,y\n1,NA\n", "Line 2 has no number for y"),
        (b"x,y\n1,inf\n", "Line 2: y must be a finite number"),
        (b"1,2\n3\n", "Line 2 must have as many values as line 1: 2, not 1"),
        (b"1,2\n3,4,5\n", "Line 2 must have as many values as line 1: 2, not 3"),
        (b"1,2\n\n=cmd|x,3", "Line 3: column 1 must be a number"),
        (b"1,500;2,500\n", "Line 1: column 1 .* write 1.5 or 1500"),
        (b"1,2\n3,1/4\n", "Line 2: column 2 .* a fraction"),
        (b"1,2\n" * 201, "more than 200 points"),
        (bytes(range(128, 256)), "text in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "text in UTF-8"),
        (b"\xff\xfe\x00", "text in UTF-8"),
        (b"x,y\n1," + b"9" * 200_000, "Line 2 is too long"),
        (b'x,y\n1,"' + b"9\n" * 200_000, "too long"),
        (b"9" * 1_000_000, "too long|two columns"),
    ],
)
def test_a_sentence_names_the_line(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said) as raised:
        points(content)
    assert len(str(raised.value)) < 300


def test_other_columns_can_be_chosen() -> None:
    table = read_table(b"year;height;weight\n2020;1,8;80\n2021;1,9;\n", MOST)
    assert table.names == ("year", "height", "weight") and table.first_two == (0, 1)
    assert table.points(1, 0) == [(1.8, 2020), (1.9, 2021)]
    with pytest.raises(ValueError, match="Line 3 has no number for weight"):
        table.points(0, 2)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
HEADINGS = st.none() | st.tuples(
    *[st.text("abc \u00e4\u00b5(]2", min_size=1).filter(lambda t: t.strip(" 2"))] * 2
)


@st.composite
def files(draw: Any) -> tuple[bytes, list[tuple[float, float]]]:
    """A file of points as some program writes it, and the points."""
    rows = draw(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6))
    separator = draw(st.sampled_from("\t;|,"))
    comma = draw(st.booleans())
    # Three digits after a comma may be thousands: somebody has to say that they are not.
    rows = [(0.5, 0.25), *rows]
    text = io.StringIO()
    quoting = draw(st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)))
    end = draw(st.sampled_from(("\n", "\r\n", "\n\n")))
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator=end)
    if heading := draw(HEADINGS):
        writer.writerow(heading)
    for row in rows:
        writer.writerow([repr(cell).replace(".", ",") if comma else repr(cell) for cell in row])
    encoding = draw(st.sampled_from(("utf-8", "utf-8-sig", "utf-16")))
    return text.getvalue().encode(encoding), rows


@pytest.mark.slow
@given(files())
def test_whatever_program_writes_them_the_points_are_the_same(file: tuple[bytes, list[Any]]) -> None:
    content, rows = file
    assert points(content) == rows


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_file_is_answered(content: bytes) -> None:
    with suppress(ValueError):
        points(content)
