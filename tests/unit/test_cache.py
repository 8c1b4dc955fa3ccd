"""The memory that all visitors share: bounded, in order of use, and whole in any number of threads."""

from __future__ import annotations

import random
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator

import pytest

from optviz.web.compute.cache import Cache


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def together(work: Callable[[int], None], threads: int = 8) -> None:
    """Call `work` with a number in threads that begin at once. Raises what any of them raised."""
    ready, failed = threading.Barrier(threads), list[BaseException]()

    def run(number: int) -> None:
        ready.wait()
        try:
            work(number)
        except BaseException as error:
            failed.append(error)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    if failed:
        raise failed[0]


def test_it_does_what_a_plain_list_in_order_of_use_does() -> None:
    cache: Cache[int] = Cache(entries=20, room=300, size=float)
    expected: OrderedDict[str, int] = OrderedDict()
    draw = random.Random(0)
    for _ in range(3000):
        key, value = str(draw.randrange(40)), draw.randrange(1, 60)
        if draw.random() < 0.5:
            cache.keep(key, value)
            expected[key] = value
            expected.move_to_end(key)
            while len(expected) > 20 or sum(expected.values()) > 300:
                expected.popitem(last=False)
        else:
            assert cache.get(key) == expected.get(key)
            if key in expected:
                expected.move_to_end(key)
        assert len(cache) == len(expected)


def test_the_newest_stays_however_large() -> None:
    cache: Cache[str] = Cache(room=10, size=len)
    cache.keep("small", "12345")
    cache.keep("large", "x" * 100)
    assert cache.get("large") and cache.get("small") is None and len(cache) == 1


def test_a_key_that_is_set_again_counts_once() -> None:
    cache: Cache[str] = Cache(room=10, size=len)
    for _ in range(5):
        cache.keep("one", "12345")
    cache.keep("other", "12345")
    assert len(cache) == 2


def test_a_value_is_measured_once() -> None:
    """What is kept costs the same however much is there."""
    measured = []
    cache: Cache[int] = Cache(room=100, size=lambda value: measured.append(value) or 1)  # type: ignore[func-returns-value]
    for value in range(500):
        cache.keep(str(value), value)
    assert measured == [*range(500)] and len(cache) == 100


def test_threads_that_hammer_it_leave_it_whole(hasty: None) -> None:
    cache: Cache[int] = Cache(entries=50, room=400, size=lambda value: value % 17)

    def hammer(number: int) -> None:
        draw = random.Random(number)
        for _ in range(4000):
            key = draw.randrange(120)
            if draw.random() < 0.5:
                cache.keep(str(key), key)
            else:
                assert cache.get(str(key)) in (None, key)

    together(hammer)
    assert len(cache) <= 50
    kept = [key for key in range(120) if cache.get(str(key)) is not None]
    assert cache._filled == sum(key % 17 for key in kept) <= 400


def test_what_all_ask_for_at_once_is_made_once(hasty: None) -> None:
    cache: Cache[object] = Cache(entries=5)
    made, given = [], []

    def ask(number: int) -> None:
        given.append(cache.get_or_keep("one", lambda: made.append(number) or object(), lambda value: True))  # type: ignore[func-returns-value]

    together(ask)
    assert len(made) == 1 and len(set(map(id, given))) == 1


def test_what_is_not_usable_is_made_again() -> None:
    cache: Cache[int] = Cache(entries=5)
    assert cache.get_or_keep("one", lambda: 1, lambda value: value > 1) == 1
    assert cache.get_or_keep("one", lambda: 2, lambda value: value > 1) == 2
    assert cache.get_or_keep("one", lambda: 3, lambda value: value > 1) == 2
