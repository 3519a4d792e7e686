"""Where the controls of a level start, to be asked for in another order than they are derived in."""

from collections.abc import Callable, Iterator

from app.contract.events import Place
from workers.science.branches.origin import Start


class Starts:
    """Derives what `made` yields no sooner than it is needed, and keeps what is passed by, where it is `wanted`."""

    def __init__(self, made: Iterator[tuple[Place, Start]], wanted: Callable[[Place], bool]) -> None:
        self._made, self._wanted = made, wanted
        self._kept: dict[Place, Start] = {}

    def of(self, place: Place) -> Start:
        """The start of a control that is wanted, once. Raises `KeyError` when there is none."""
        while place not in self._kept:
            try:
                each, start = next(self._made)
            except StopIteration:
                raise KeyError(place) from None
            if self._wanted(each):
                self._kept[each] = start
        return self._kept.pop(place)
