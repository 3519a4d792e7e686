"""When waiting runs are expected to start, as a range: nobody knows how long a slot is held."""

import heapq
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.records import Queue
from app.store.fair_share import SLICE_S


class Start(NamedTuple):
    """Seconds until a run starts, at the earliest and at the latest; both None for the reason `why`."""

    earliest_s: float | None
    latest_s: float | None
    why: str = ""


class Need(NamedTuple):
    """A waiting run, the queues whose workers take it, and the seconds of one replicate; None where never timed."""

    run_id: str
    queues: tuple[Queue, ...]
    seconds: float | None
    what: str = ""


class Slot(NamedTuple):
    """A slot of a queue that is held by a replicate with so many seconds left, and was for `running_s`."""

    queue: Queue
    left_s: float | None
    running_s: float


def expected(needs: Sequence[Need], held: Sequence[Slot], slots: Mapping[Queue, int]) -> dict[str, Start]:
    """Return when each waiting run starts, `needs` in the order of the queue; `slots` counts those of living workers.

    Earliest: each slot is given back when its slice is over. Latest: when its replicate has ended. A run ahead takes
    one slot. New runs, and workers that come or go, are not foreseen.
    """
    free: dict[Queue, _Free] = {}
    for queue, n in slots.items():
        mine = [slot for slot in held if slot.queue == queue]
        free[queue] = _Free(n, mine)
    starts = {}
    for need in needs:
        theirs = {queue: free[queue] for queue in need.queues if queue in free and free[queue].early}
        starts[need.run_id] = _start(need, theirs)
    return starts


class _Free:
    """When the slots of a queue are free; `unknown` is why the latest moment is not known any more."""

    def __init__(self, n: int, held: Sequence[Slot]) -> None:
        empty = [0.0] * max(0, n - len(held))
        early = [
            min(max(0.0, SLICE_S - slot.running_s), SLICE_S if slot.left_s is None else slot.left_s) for slot in held
        ]
        late = [SLICE_S if slot.left_s is None else slot.left_s for slot in held]
        self.early, self.late = ([*empty, *times][: max(n, 0)] for times in (early, late))
        self.unknown = "it is not known when what runs will end" if any(slot.left_s is None for slot in held) else ""
        heapq.heapify(self.early)
        heapq.heapify(self.late)


def _start(need: Need, free: Mapping[Queue, _Free]) -> Start:
    if not free:
        wanted = " or ".join(need.queues)
        return Start(None, None, f"no {wanted} worker takes work" if len(need.queues) == 1 else "no worker takes work")
    first = min(free.values(), key=lambda item: item.early[0])
    at_once = first.early[0] == 0.0 and first.late[0] == 0.0
    start = Start(first.early[0], first.late[0]) if at_once or not first.unknown else Start(None, None, first.unknown)
    if need.seconds is None:
        first.unknown = first.unknown or f"{need.what} ahead has not been timed here"
    seconds = SLICE_S if need.seconds is None else need.seconds
    heapq.heapreplace(first.early, first.early[0] + min(seconds, SLICE_S))
    heapq.heapreplace(first.late, first.late[0] + seconds)
    return start
