"""Cache the arrays that cost most to compute, the last used ones, within a budget of memory."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Any, TypeVar

from numpy.typing import NDArray

T = TypeVar("T", bound=NDArray[Any])


class Cache:
    """Keeps arrays up to `budget_bytes` together; safe to use from many threads.

    A caller of an array that is being built waits for it and gets it, or the error of building it. An array larger than
    the budget is built, returned and not kept. Arrays come out read-only, since others hold them too.
    """

    def __init__(self, budget_bytes: int) -> None:
        self.budget_bytes = budget_bytes
        self._lock = Lock()
        self._kept: OrderedDict[Hashable, NDArray[Any]] = OrderedDict()
        self._making: dict[Hashable, Future[Any]] = {}

    @property
    def size_bytes(self) -> int:
        """Return how many bytes are kept now."""
        with self._lock:
            return sum(array.nbytes for array in self._kept.values())

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the array of `key`; build it with `make` if it is not kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]  # type: ignore[return-value]  # what `make` made for this key
            waiting = key in self._making
            making: Future[T] = self._making.setdefault(key, Future())
        if waiting:
            return making.result()
        try:
            value = make()
            value.flags.writeable = False
        except BaseException as error:
            with self._lock:
                del self._making[key]
            making.set_exception(error)
            raise
        with self._lock:
            del self._making[key]
            if value.nbytes <= self.budget_bytes:
                self._kept[key] = value
            size = sum(array.nbytes for array in self._kept.values())
            while size > self.budget_bytes:
                size -= self._kept.popitem(last=False)[1].nbytes
        making.set_result(value)
        return value
