"""What was dear to make is made once, however many ask for it at the same time, and never outgrows its budget."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Lock

import numpy as np
import pytest
from numpy.typing import NDArray

from app.atlas.cache import Cache

Bytes = NDArray[np.uint8]
THREADS = 12


class Maker:
    """Makes arrays of `size` bytes and counts how often it was asked to."""

    def __init__(self, size: int = 10, *, until: Event | None = None) -> None:
        self.size, self.until, self.made = size, until, 0
        self._lock = Lock()

    def __call__(self) -> Bytes:
        if self.until is not None:
            assert self.until.wait(10)
        with self._lock:
            self.made += 1
        return np.full(self.size, self.made, np.uint8)


def together(ask: Callable[[], Bytes], threads: int = THREADS) -> list[Bytes]:
    """Ask from many threads that all begin at once."""
    barrier = Barrier(threads)

    def one(_: int) -> Bytes:
        barrier.wait(10)
        return ask()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


def test_who_asks_at_the_same_time_gets_the_same_array() -> None:
    cache, make = Cache(1000), Maker()
    first = cache.get("a", make)
    assert all(item is first for item in together(lambda: cache.get("a", make)))
    assert make.made == 1


def test_while_it_is_being_made_others_wait_for_it() -> None:
    cache, begun, go = Cache(1000), Event(), Event()
    make = Maker(until=go)

    def slow() -> Bytes:
        begun.set()
        return make()

    with ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(cache.get, "a", slow)
        assert begun.wait(10)
        others = [pool.submit(cache.get, "a", make) for _ in range(THREADS - 1)]
        assert not any(item.done() for item in others)
        assert cache.get("b", Maker()).size == 10  # what has nothing to do with it does not wait
        go.set()
        assert all(item.result(10) is first.result(10) for item in others)
    assert make.made == 1


def test_different_keys_are_different_arrays() -> None:
    cache = Cache(1000)
    assert cache.get(("a", 1), Maker(3)).size == 3
    assert cache.get(("a", 2), Maker(4)).size == 4
    assert cache.get(("a", 1), Maker(5)).size == 3
    assert cache.size_bytes == 7


def test_the_one_that_was_used_longest_ago_goes_first() -> None:
    cache = Cache(30)
    make = {name: Maker() for name in "abcd"}
    for name in ("a", "b", "c", "a", "d"):  # the second look at a makes b the oldest
        cache.get(name, make[name])
    assert cache.size_bytes == 30
    for name in ("a", "c", "d"):
        cache.get(name, make[name])
    assert [make[name].made for name in "abcd"] == [1, 1, 1, 1]
    cache.get("b", make["b"])
    assert make["b"].made == 2


def test_the_budget_holds_whatever_is_put_in() -> None:
    cache, random = Cache(1000), np.random.default_rng(0)
    for key in range(300):
        size = int(random.integers(0, 400))
        assert cache.get(key, Maker(size)).size == size
        assert cache.size_bytes <= 1000
    assert cache.size_bytes > 500


def test_an_array_beyond_the_budget_is_given_and_drives_nothing_out() -> None:
    cache, small, large = Cache(100), Maker(60), Maker(101)
    cache.get("small", small)
    for _ in range(2):
        assert cache.get("large", large).size == 101
    assert large.made == 2
    cache.get("small", small)
    assert (small.made, cache.size_bytes) == (1, 60)


def test_arrays_are_read_only() -> None:
    cache = Cache(100)
    for key, size in (("kept", 10), ("too large", 1000)):
        with pytest.raises(ValueError, match="read-only"):
            cache.get(key, Maker(size))[0] = 1


def test_what_failed_is_made_by_the_next_who_asks() -> None:
    cache = Cache(1000)

    def fail() -> Bytes:
        raise OSError("no such disk")

    for _ in range(2):
        with pytest.raises(OSError, match="no such disk"):
            cache.get("a", fail)
    assert cache.size_bytes == 0
    make = Maker()
    assert all(item is cache.get("a", make) for item in together(lambda: cache.get("a", make)))
    assert make.made == 1


def test_who_waited_for_what_fails_is_told() -> None:
    cache, begun, go = Cache(1000), Event(), Event()

    def fail() -> Bytes:
        begun.set()
        assert go.wait(10)
        raise OSError("no such disk")

    with ThreadPoolExecutor(THREADS) as pool:
        first = pool.submit(cache.get, "a", fail)
        assert begun.wait(10)
        others = [pool.submit(cache.get, "a", fail) for _ in range(THREADS - 1)]
        go.set()
        for each in (first, *others):
            with pytest.raises(OSError, match="no such disk"):
                each.result(10)
    assert cache.get("a", Maker()).size == 10


def test_nothing_is_left_of_what_is_no_longer_being_made() -> None:
    cache = Cache(50)

    def fail() -> Bytes:
        raise OSError("no such disk")

    for key in range(20):
        with pytest.raises(OSError, match="no such disk"):
            cache.get(("bad", key), fail)
        for _ in range(3):
            cache.get(("good", key), Maker())
    assert cache._making == {}


def test_making_one_may_need_another() -> None:
    cache = Cache(1000)

    def level(number: int) -> Bytes:
        return cache.get(number, lambda: level(number - 1) + np.uint8(number) if number else np.zeros(1, np.uint8))

    assert all(item[0] == 15 for item in together(lambda: level(5)))
