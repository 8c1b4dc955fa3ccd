"""A bounded memory that the threads of all visitors share."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")
_UNBOUNDED = float("inf")


class Cache(Generic[Kept]):
    """A cache that evicts the least recently used values.

    Whatever reads or changes values holds the cache's own lock, and takes the same time however much is
    kept. The newest value stays, however large it is.
    """

    def __init__(
        self,
        *,
        entries: int | None = None,
        room: float = _UNBOUNDED,
        size: Callable[[Kept], float] = lambda value: 1,
    ) -> None:
        self._entries, self._room, self._size_of = entries or _UNBOUNDED, room, size
        self._lock = threading.Lock()
        self._values: OrderedDict[str, tuple[Kept, float]] = OrderedDict()
        self._filled = 0.0

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: str) -> Kept | None:
        """The value of a key, or None."""
        with self._lock:
            return self._get(key)

    def keep(self, key: str, value: Kept) -> None:
        """Set the value of a key."""
        with self._lock:
            self._keep(key, value)

    def get_or_keep(self, key: str, make: Callable[[], Kept], usable: Callable[[Kept], bool]) -> Kept:
        """The value of a key if it is there and usable; else a new one, which only one thread makes.

        All others wait for `make`: it must be quick and leave this cache alone.
        """
        with self._lock:
            value = self._get(key)
            if value is None or not usable(value):
                value = make()
                self._keep(key, value)
            return value

    def _get(self, key: str) -> Kept | None:
        if key not in self._values:
            return None
        self._values.move_to_end(key)
        return self._values[key][0]

    def _keep(self, key: str, value: Kept) -> None:
        _, before = self._values.pop(key, (None, 0.0))
        size = self._size_of(value)
        self._values[key] = value, size
        self._filled += size - before
        while len(self._values) > 1 and (len(self._values) > self._entries or self._filled > self._room):
            _, (_, gone) = self._values.popitem(last=False)
            self._filled -= gone
