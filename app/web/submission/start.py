"""When a new run would start: behind which runs it waits, and for how long."""

import heapq
from collections.abc import Sequence

from app.contract.experiment import Experiment
from app.contract.words import plural
from app.estimate import replicate_seconds
from app.records import Shard, WorkerInfo
from app.store import Speed, Store
from app.store.fair_share import SLICE_S
from app.web.core.words import duration

# More runs than this are not looked at one by one.
LOOKED_AT = 50


def start(store: Store, spec: Experiment, workers: Sequence[WorkerInfo], speeds: Sequence[Speed]) -> str:
    """Return when a run of `spec` would start, such as `Starts in about 4 min, behind 2 runs.`; empty when at once.

    As in the store, a new run takes the next free slot after the waiting runs that no worker has. A slot is free
    when its replicate ends or has had its slice of time.
    """
    able = [
        worker for worker in workers if worker.alive and not worker.trouble and spec.device in ("any", worker.queue)
    ]
    waiting = [
        run.experiment for run in store.runs(state="queued", limit=LOOKED_AT).items if _shares(run.experiment, able)
    ]
    busy = {run_id for worker in able for run_id in worker.busy}
    held = {run_id: store.run(run_id).experiment for run_id in busy}
    running = [(held[shard.run_id], shard) for run_id in busy for shard in store.shards(run_id)
               if shard.state == "running" and shard.worker in {worker.id for worker in able}]  # fmt: skip
    n_slots = sum(worker.slots for worker in able)
    free = n_slots - len(running)
    if not n_slots or free > len(waiting):
        return ""
    ahead = plural(len(waiting) + len(busy), "run")
    times = [_remaining(shard, of, speeds) for of, shard in running]
    slices = [_slice(replicate_seconds(item, speeds)) for item in waiting]
    slots = [0.0] * max(0, free)
    for seconds in times:
        if seconds is None:
            return f"Starts behind {ahead}; when is not known yet."
        slots.append(seconds)
    heapq.heapify(slots)
    for one in slices:
        if one is None:
            return f"Starts behind {ahead}; when is not known yet."
        heapq.heapreplace(slots, slots[0] + one)
    return f"Starts in about {duration(slots[0])}, behind {ahead}."


def _shares(other: Experiment, able: Sequence[WorkerInfo]) -> bool:
    return any(other.device in ("any", worker.queue) for worker in able)


def _remaining(shard: Shard, spec: Experiment, speeds: Sequence[Speed]) -> float | None:
    whole = replicate_seconds(spec, speeds)
    if whole is None:
        return None
    return _slice(whole * max(0.0, 1 - shard.done / max(shard.total, 1)))


def _slice(seconds: float | None) -> float | None:
    return None if seconds is None else min(seconds, SLICE_S)
