"""Registries: tables of what can be chosen, to which a program may add its own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Protocol, TypeVar


class Named(Protocol):
    """A row of a table."""

    @property
    def name(self) -> str:
        """The key that it is found by."""


Row = TypeVar("Row", bound=Named)


class Registry(Mapping[str, Row]):
    """Rows by their names, in the order in which they were added. Only `add` changes it.

    `noun` is what a sentence calls a row, with its article. `own` gives the first rows; it is called when
    somebody looks for one, so that it may import files that are slow to load.
    """

    def __init__(self, noun: str, own: Callable[[], Iterable[Row]] = tuple) -> None:
        self._noun, self._own, self._lock = noun, own, Lock()
        self._known: dict[str, Row] | None = None

    @property
    def _rows(self) -> dict[str, Row]:
        with self._lock:
            if self._known is None:
                self._known = {row.name: row for row in self._own()}
            return self._known

    def __getitem__(self, name: str) -> Row:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._rows)})"

    def add(self, row: Row) -> None:
        """Add a row under its name.

        Raises:
            ValueError: The name is taken.
        """
        if row.name in self._rows:
            raise ValueError(f"There is already {self._noun} named {row.name!r}.")
        self._rows[row.name] = row

    @contextmanager
    def temporarily(self) -> Iterator[None]:
        """Forget at the end of a `with` block what was added inside, as a test or a trial wants it.

        Example:
            >>> import torch, optviz as ov
            >>> class Mine(torch.optim.SGD): ...
            >>> with ov.OPTIMIZERS.temporarily():
            ...     name = ov.register_optimizer(Mine).name
            >>> name, name in ov.OPTIMIZERS
            ('Mine', False)
        """
        before = dict(self._rows)
        try:
            yield
        finally:
            self._known = before
