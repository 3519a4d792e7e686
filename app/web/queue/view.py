"""The queue as it is now: what runs, what waits, in which order, and from when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.estimate import replicate_seconds
from app.records import PRIORITIES, Queue, Run, WorkerInfo
from app.records.queue import QueuedRun, RunningRun
from app.store import Reads
from app.store.queue_rows import QUEUES, Waiting, Working
from app.web.queue.expected import Need, Slot, Start, expected

SHOWN = 200
"""Waiting runs that are shown."""


@dataclass(frozen=True)
class QueueNow:
    """What runs and the first `SHOWN` that wait; `n_waiting` counts all of these."""

    running: tuple[RunningRun, ...]
    waiting: tuple[QueuedRun, ...]
    n_waiting: int


def queue_now(store: Reads) -> QueueNow:
    """Return the queue as it is now."""
    waiting, working = store.queue()
    shown = waiting[:SHOWN]
    ids = dict.fromkeys([*(item.run_id for item in shown), *(item.run_id for item in working)])
    runs = {run.id: run for run in store.several(list(ids))}
    able = {worker.id: worker for worker in store.workers() if worker.alive and not worker.trouble}
    speeds = store.speeds()
    needs = []
    for item in shown:
        run = runs[item.run_id]
        what = f"{run.spec.model_name} on {run.spec.dataset_name}"
        needs.append(Need(run.id, _queues(item), replicate_seconds(run.experiment, speeds), what))
    held = [Slot(able[item.worker].queue, item.left_s, item.running_s) for item in working if item.worker in able]
    starts = expected(needs, held, _slots(able.values()))
    queued = tuple(_queued(item, runs[item.run_id], starts[item.run_id]) for item in shown)
    return QueueNow(_running(working, runs), queued, len(waiting))


def _queued(item: Waiting, run: Run, start: Start) -> QueuedRun:
    return QueuedRun(
        run=run.id, name=run.name, owner=run.owner, priority=run.priority, counts_as=PRIORITIES[item.level],
        position=min(item.places.values()), replicates=item.n, queue=item.device,
        starts_in_s=start.earliest_s, starts_at_latest_s=start.latest_s, why=start.why,
    )  # fmt: skip


def _running(working: Sequence[Working], runs: Mapping[str, Run]) -> tuple[RunningRun, ...]:
    of_run: dict[str, list[Working]] = {}
    for item in working:
        of_run.setdefault(item.run_id, []).append(item)
    return tuple(
        RunningRun(
            run=run_id, name=runs[run_id].name, owner=runs[run_id].owner, priority=runs[run_id].priority,
            replicates=len(items), workers=tuple(dict.fromkeys(item.worker for item in items)),
            ends_in_s=runs[run_id].progress.eta_s,
        )
        for run_id, items in of_run.items()
    )  # fmt: skip


def _queues(item: Waiting) -> tuple[Queue, ...]:
    return tuple(queue for queue in QUEUES if item.device in ("any", queue))


def _slots(workers: Iterable[WorkerInfo]) -> dict[Queue, int]:
    slots: dict[Queue, int] = {}
    for worker in workers:
        slots[worker.queue] = slots.get(worker.queue, 0) + worker.slots
    return slots
