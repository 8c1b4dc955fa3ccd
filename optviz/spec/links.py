"""Links as text, and their parts as Python writes values and calls: SGD(lr=0.1).StepLR(step_size=30).

Whatever a link holds is hostile: reading takes bounded work and raises nothing but ValueError, with a
sentence for the user.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote

from optviz.spec.digits import read_number
from optviz.spec.frozen import check_length
from optviz.spec.params import DEEPEST, WORD, Kind, Spelling, Value, describe

VERSION = 1
"""The version of links and files. Old ones keep working: raise it only together with a translation."""

LONGEST_LINK = 20_000
"""Characters that a link can have."""


def split_link(url: str) -> dict[str, list[str]]:
    """The texts of a link by their names, unread.

    Args:
        url: A whole address or its query alone.

    Returns:
        For each name all texts that it has, unquoted, in their order.

    Raises:
        ValueError: Where the link is no text, or longer than 20,000 characters.

    Example:
        >>> split_link("?v=1&run=SGD(lr=0.1)&run=Adam")
        {'v': ['1'], 'run': ['SGD(lr=0.1)', 'Adam']}
    """
    query = url
    if isinstance(url, str):
        address, mark, after = url.partition("#")[0].partition("?")
        query = after if mark else address
    check_length("link", query, LONGEST_LINK)
    texts: dict[str, list[str]] = {}
    for name, text in parse_qsl(query, keep_blank_values=True):
        texts.setdefault(name, []).append(text)
    return texts


def join_link(words: Mapping[str, Iterable[str]]) -> str:
    """The query of a web address, "?v=1&surface=…", that holds these texts: the inverse of `split_link`.

    Args:
        words: The texts of each name.

    Raises:
        ValueError: Where the link would be longer than 20,000 characters.
    """
    parts = [(name, text) for name, texts in words.items() for text in texts]
    query = "&".join(f"{name}={quote(text, safe='(),=.:-*/')}" for name, text in parts)
    check_length("link", query, LONGEST_LINK)
    return f"?{query}"


def read_link(
    url: str, readers: Mapping[str, Callable[[str], object]], several: Container[str] = ()
) -> dict[str, Any]:
    """What a link says, of the names that have a reader.

    Args:
        url: A whole address or its query alone.
        readers: What makes a value of a text, by the name that the text has in the link.
        several: Names that may be there more than once. Each has a tuple of values.

    Returns:
        The values of the names that the link has. All other names are left out.

    Raises:
        ValueError: Where this is no link of optviz, a name is there twice, or a text cannot be read.
    """
    texts = split_link(url)
    if texts.pop("v", None) != [str(VERSION)]:
        raise ValueError(f"This is not a link of optviz, version {VERSION}.")
    values: dict[str, Any] = {}
    for name in filter(readers.__contains__, texts):
        parts = tuple(readers[name](text) for text in texts[name])
        if len(parts) > 1 and name not in several:
            raise ValueError(f"The link cannot have {describe(name)} twice.")
        values[name] = parts if name in several else parts[0]
    return values


def write_field(value: Value) -> str:
    """A field of a spec in a link: a list without its brackets, "1,2", a text without quotes."""
    if isinstance(value, str):
        return value
    if not isinstance(value, tuple):
        return write_value(value)
    if all(isinstance(part, str) for part in value):
        return ",".join(map(str, value))
    return write_value(value)[1:-1]


def read_field(kind: Kind, text: str) -> Value:
    """What `write_field` wrote of a value of this kind, or a person. It is not checked any further."""
    return _FIELDS[kind.in_links](text)


def _read_value(text: str) -> Value:
    try:
        reader = Reader(f"({text})")
        value = reader.value()
        reader.end()
    except ValueError:
        return text  # The experiment's own sentence says what it must be instead.
    return value


def _read_typed(text: str) -> Value:
    try:
        number = read_number(text)
    except ValueError:
        return _read_value(text)
    whole = number.adjusted() < 30 and number == int(number)
    return int(number) if whole else float(number)


def _read_texts(text: str) -> Value:
    return tuple(filter(None, text.split(",")))


_FIELDS: Mapping[Spelling, Callable[[str], Value]] = {
    "text": str,
    "texts": _read_texts,
    "number": _read_typed,
    "value": _read_value,
}


def write_call(name: str, params: Mapping[str, Value]) -> str:
    """A name and its values, "SGD(lr=0.1)"; without values the name alone."""
    if not params:
        return name
    return f"{name}({','.join(f'{key}={write_value(value)}' for key, value in params.items())})"


def write_value(value: Value) -> str:
    """A value as Python writes it, without spaces."""
    if not isinstance(value, tuple):
        return repr(value)
    return f"({','.join(map(write_value, value))}{',' if len(value) == 1 else ''})"


_TOKEN = re.compile(
    r"""\s*( [^\W\d]\w*
          | -?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?
          | '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*"
          | [()\[\],=.]
        )\s*""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", "'": "'", '"': '"'}
_CONSTANTS: Mapping[str, Value] = {"True": True, "False": False, "None": None}
_CLOSING = {"(": ")", "[": "]"}


class Reader:
    """Reads values and calls as `write_value` and `write_call` write them, which is as Python does.

    Python's own parser would take less code, but a link can make it recurse until the stack of a server's
    thread overflows, which ends the whole process. This one recurses at most DEEPEST times.
    """

    def __init__(self, text: str, at: int = 0) -> None:
        self._text = text
        self._tokens: list[str] = []
        while at < len(text):
            if not (token := _TOKEN.match(text, at)):
                raise self._error()
            self._tokens.append(token[1])
            at = token.end()
        self._tokens = ["", *reversed(self._tokens)]  # The next one is last, and "" is the end.

    def calls(self) -> list[tuple[str, dict[str, Value]]]:
        """Read "Name(a=1).Other(b=2)" as [("Name", {"a": 1}), ("Other", {"b": 2})]."""
        calls = [(self._word(), self.settings())]
        while self._skip("."):
            calls.append((self._word(), self.settings()))
        self.end()
        return calls

    def settings(self) -> dict[str, Value]:
        """Read "(a=1,b=2)" as {"a": 1, "b": 2}; brackets without values may be missing.

        Raises:
            ValueError: It is not written so, or has a name twice.
        """
        settings: dict[str, Value] = {}
        more = self._skip("(")
        while more and not self._skip(")"):
            name = self._word()
            if name in settings:
                raise ValueError(f"A part of the link has {describe(name)} twice: {describe(self._text)}.")
            self._expect("=")
            settings[name] = self.value()
            if not (more := self._skip(",")):
                self._expect(")")
        return settings

    def value(self, depth: int = 0) -> Value:
        """Read a number, a text, True, False, None or a list of these.

        Args:
            depth: How many lists it is in.

        Raises:
            ValueError: It is none of them, or too many lists deep.
        """
        token = self._take()
        if token in _CONSTANTS:
            return _CONSTANTS[token]
        if token in _CLOSING:
            return self._list(_CLOSING[token], depth)
        try:
            if token.startswith(("'", '"')):
                return _ESCAPE.sub(_unescape, token[1:-1])
            return int(token) if token.lstrip("-").isdecimal() else float(token)
        except (KeyError, ValueError, OverflowError):
            raise self._error() from None

    def end(self) -> None:
        """Refuse what is left to read.

        Raises:
            ValueError: Anything is left.
        """
        if self._tokens[-1]:
            raise self._error()

    def _list(self, closing: str, depth: int) -> Value:
        if depth == DEEPEST:
            raise ValueError(f"A value in the link is nested more than {DEEPEST} lists deep.")
        parts: list[Value] = []
        more = True
        while more and not self._skip(closing):
            parts.append(self.value(depth + 1))
            if not (more := self._skip(",")):
                self._expect(closing)
        # As in Python, (1) is a number, and (1,) a list of one.
        return parts[0] if closing == ")" and len(parts) == 1 and not more else tuple(parts)

    def _take(self) -> str:
        return self._tokens.pop() if len(self._tokens) > 1 else ""

    def _skip(self, token: str) -> bool:
        """Step over the next token if it is this one."""
        return self._tokens[-1] == token and bool(self._take())

    def _expect(self, token: str) -> None:
        if not self._skip(token):
            raise self._error()

    def _word(self) -> str:
        if not WORD.fullmatch(word := self._take()):
            raise self._error()
        return word

    def _error(self) -> ValueError:
        return ValueError(
            f"A part of the link is not written as Name(parameter=value): {describe(self._text)}."
        )


def _unescape(escape: re.Match[str]) -> str:
    code = escape[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPED[code]
