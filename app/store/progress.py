"""How far a run is and how long it will take, from the columns of its shards."""

import heapq
import math
from collections.abc import Sequence
from typing import NamedTuple

from app.contract.events import Progress
from app.records import RunProgress
from app.store.tables import AnyRow

# A speed forgets with this time constant, so that one slow evaluation does not make the estimate jump.
MEMORY_S = 10.0
# Below this, clock and batching make a speed meaningless.
LEAST_S = 1.0


class Rate(NamedTuple):
    """Recent steps per second, None until known, and the steps and time of the last look."""

    speed: float | None
    mark_done: int
    mark_at: float


def rate(old: Rate | None, done: int, now: float) -> Rate:
    """Return the rate after `done` steps at `now`, in seconds: an exponential mean over the recent past."""
    if old is None or done < old.mark_done:
        return Rate(None, done, now)
    elapsed = now - old.mark_at
    if elapsed < LEAST_S:
        return old
    latest = (done - old.mark_done) / elapsed
    kept = 0.0 if old.speed is None else math.exp(-elapsed / MEMORY_S)
    return Rate(kept * (old.speed or 0.0) + (1 - kept) * latest, done, now)


def note(progress: Progress) -> str:
    """Return what a shard works on, in words."""
    return progress.note or (progress.key.words if progress.key else "")


def run_progress(shards: Sequence[AnyRow]) -> RunProgress:
    """Return the sum over a run's shards, with the note of those that are running."""
    notes = [shard.note for shard in shards if shard.state == "running" and shard.note]
    return RunProgress(
        done=sum(shard.done for shard in shards),
        total=sum(shard.total for shard in shards),
        eta_s=eta_s(shards),
        note=f"{notes[0]} and {len(notes) - 1} more" if len(set(notes)) > 1 else "".join(notes[:1]),
    )


def eta_s(shards: Sequence[AnyRow]) -> float | None:
    """Return seconds until the last shard is done, if as many run at once as now; None until a speed is known.

    Queued shards are dealt, at the mean speed, to whichever running one ends first. While none of those that run has a
    speed, the finished ones count.
    """
    running = [shard for shard in shards if shard.state == "running"]
    speeds = [shard.speed for shard in running if shard.speed]
    speeds = speeds or [shard.total / shard.slot_s for shard in shards if shard.state == "finished" and shard.slot_s]
    if not running or not speeds:
        return None
    mean = sum(speeds) / len(speeds)
    lanes = [max(0, shard.total - shard.done) / (shard.speed or mean) for shard in running]
    heapq.heapify(lanes)
    for shard in shards:
        if shard.state == "queued":
            heapq.heapreplace(lanes, lanes[0] + max(0, shard.total - shard.done) / mean)
    longest: float = max(lanes)
    return longest
