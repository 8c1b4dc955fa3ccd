"""CSV files of numbers, with any separator of columns and either decimal mark.

Every `ValueError` is a sentence for the user that names the line.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from optviz.spec.digits import decimal_mark, read_number
from optviz.spec.params import describe

_SEPARATORS = ("\t", ";", "|", ",", " ")
"""In order of preference."""
_SAMPLE = 20
"""Lines from which the separator of columns is inferred."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SAID = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_MISSING = {"", "na", "n/a", "nan", "null", "none", "-", "?"}


@dataclass(frozen=True)
class Table:
    """Columns of a file, with their headings."""

    names: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    """The number of the line and the cells, one for each column."""
    mark: str
    """The decimal mark of its numbers, where that is known."""

    def points(self, x: int, y: int) -> list[tuple[float, float]]:
        """The numbers of two columns.

        Args:
            x: The place of the first column, counted from 0.
            y: The place of the second.

        Raises:
            ValueError: A cell is no number. The sentence names its line.
        """
        return [(self._number(line, cells, x), self._number(line, cells, y)) for line, cells in self.rows]

    @property
    def first_two(self) -> tuple[int, int]:
        """The first two columns that hold a number anywhere; those after them where there are none."""
        each = range(len(self.names))
        numeric = [place for place in each if any(_is_number(cells[place]) for _, cells in self.rows)]
        x, y, *_ = [*numeric, *(place for place in each if place not in numeric)]
        return x, y

    def _number(self, line: int, cells: Sequence[str], column: int) -> float:
        cell, name = cells[column], self.names[column]
        if cell.lower() in _MISSING:
            said = describe(cell) if cell else "empty"
            raise ValueError(f"Line {line} has no number for {name}: the cell is {said}.")
        try:
            return float(read_number(cell, mark=self.mark))
        except ValueError as error:
            raise ValueError(f"Line {line}: {name} {error}") from None


def read_table(content: bytes, most: int) -> Table:
    r"""The columns of a text file with a point on each line, optionally below a line of headings.

    Columns are separated by tabs, semicolons, bars, commas or blanks. Empty lines do not count.

    Args:
        content: The file.
        most: How many points it may have.

    Raises:
        ValueError: Where the file is no text, has no points, too many of them, or fewer than two columns, or
            where its lines differ in length.

    Example:
        >>> table = read_table(b"time;loss\n0;1,5\n1;0,75", most=200)
        >>> table.names, table.points(0, 1)
        (('time', 'loss'), [(0.0, 1.5), (1.0, 0.75)])
    """
    text = decoded(content)
    said = _SAID.match(text)
    separators = (said[1],) if said else _SEPARATORS
    if said:
        text = "\n" + text[said.end() :]
    separator = max(separators, key=lambda mark: _likeliness(list(islice(_split(text, mark), _SAMPLE))))
    rows = list(islice(_split(text, separator), most + 2))
    if not rows:
        raise ValueError("The file has no points.")
    first, cells = rows[0]
    names = tuple(f"column {place}" for place in range(1, len(cells) + 1))
    if not any(_is_number(cell) or cell.lower() in _MISSING - {""} for cell in cells):
        names = tuple(cell or name for cell, name in zip(cells, names, strict=True))
        rows = rows[1:]
    if not rows:
        raise ValueError("The file has no points.")
    if len(rows) > most:
        raise ValueError(f"The file has more than {most} points: no more are read.")
    for line, cells in rows:
        if len(cells) != len(names):
            raise ValueError(
                f"Line {line} must have as many values as line {first}: {len(names)}, not {len(cells)}."
            )
    kept = [place for place in range(len(names)) if any(cells[place] for _, cells in rows)]
    if len(kept) < 2:
        raise ValueError("Points need two columns, x and y: with a tab, a semicolon or a comma between them.")
    picked = tuple((line, tuple(cells[place] for place in kept)) for line, cells in rows)
    mark = _mark(cell for _, cells in picked for cell in cells)
    return Table(tuple(names[place][:40] for place in kept), picked, mark)


def decoded(content: bytes) -> str:
    """The text of a file: in UTF-8, in UTF-16 with its mark, or in what old spreadsheets write.

    Raises:
        ValueError: Where the file is no text.
    """
    sixteen = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if sixteen else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text):
            return text
    raise ValueError("The file must be text in UTF-8.")


def _split(text: str, separator: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Each line that is not empty, as its number and its cells."""
    if separator == " ":
        lines = ((number, line.split()) for number, line in enumerate(text.splitlines(), 1))
    else:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        lines = ((reader.line_num, cells) for cells in reader)
    try:
        for number, cells in lines:
            stripped = tuple(cell.strip() for cell in cells)
            if any(stripped) and not stripped[0].startswith("#"):
                yield number, stripped
    except csv.Error:
        raise ValueError(f"Line {reader.line_num} is too long for a line of numbers.") from None


def _likeliness(rows: Sequence[tuple[int, tuple[str, ...]]]) -> tuple[int, int, int]:
    """How plausible a separator is: first by rows of two numbers or more, then by rows of equal length."""
    counts = [(len(cells), sum(map(_is_number, cells))) for _, cells in rows]
    return (
        sum(width == numbers > 1 for width, numbers in counts),
        sum(width == counts[-1][0] > 1 for width, _ in counts),
        sum(numbers > 1 for _, numbers in counts),
    )


def _is_number(cell: str) -> bool:
    if " " in cell:
        return False
    try:
        read_number(cell, mark=".")
    except ValueError:
        return False
    return True


def _mark(cells: Iterable[str]) -> str:
    """The decimal mark, if all cells in which it is unambiguous agree."""
    marks = {decimal_mark(cell) for cell in cells} - {""}
    return marks.pop() if len(marks) == 1 else ""
