"""What is installed beside optviz: which torch, asked without loading it, and what extras bring."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

EXTRAS = {
    "app": "The app in the browser",
    "films": "A film",
    "pictures": "A picture as PNG or SVG",
    "tables": "A table as Parquet",
    "more": "The list of more optimizers",
}
"""The extras of pyproject.toml that something needs: the beginning of the sentence that says so."""


@contextmanager
def extra(name: str) -> Iterator[None]:
    """For the imports of packages that an extra brings: one that is missing is said in a sentence.

    Args:
        name: One of `EXTRAS`.

    Raises:
        ValueError: A package is not installed. The sentence names it and the extra.

    Example:
        >>> with extra("films"):
        ...     import a_package_that_nobody_has
        Traceback (most recent call last):
        ...
        ValueError: A film needs a_package_that_nobody_has: pip install "optviz[films]"
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise ValueError(f'{EXTRAS[name]} needs {error.name}: pip install "optviz[{name}]"') from None


@cache
def torch_version() -> str:
    """The version of the installed torch, such as "2.13.0+cpu"."""
    from importlib.metadata import PackageNotFoundError, version  # takes longer to load than all of this

    try:
        return version("torch")
    except PackageNotFoundError:  # built from source, say: then it has to be loaded
        from torch import __version__

        return str(__version__)


def is_there(since: str) -> bool:
    """Whether the installed torch has what a version brought.

    Args:
        since: The version, such as "2.14"; empty for what every version has that optviz runs on.
    """
    return _numbers(torch_version()) >= _numbers(since)


def newer(since: str) -> str:
    """The end of a sentence about what the installed torch does not have.

    Args:
        since: The version that brought it.
    """
    return f"came with torch {since}, and here is torch {torch_version()}."


def other_torch(version: object) -> str:
    """What to know of numbers that were computed with another torch, in a sentence; empty for this one.

    Args:
        version: The version that a file names; it may be anything.
    """
    if not isinstance(version, str) or _numbers(version) in ((), _numbers(torch_version())):
        return ""
    plain = ".".join(map(str, _numbers(version)))
    return (
        f"This was saved with torch {plain}, and here torch {torch_version()} computes: the last digits of "
        "its numbers may differ, and so may the end of a path that is sensitive to them."
    )


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: (2, 14, 0) of "2.14.0.dev20260801+cpu"."""
    plain = re.match(r"\d{1,9}(\.\d{1,9}){0,3}(?!\d)", version, re.ASCII)  # a file may say anything
    return tuple(int(part) for part in plain[0].split(".")) if plain else ()
