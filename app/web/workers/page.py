"""The page *Workers*: who works on what, and what waits."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.contract.words import plural
from app.records import WorkerInfo
from app.store.workers import Held
from app.web.core.context import QueueDep, StoreDep
from app.web.core.page import page, shell
from app.web.core.words import ago
from app.web.workers.loads import gauges, machines, troubles

router = APIRouter(include_in_schema=False)


@router.get("/workers")
def workers(request: Request, store: StoreDep, queue: QueueDep) -> HTMLResponse:
    """Return who works on what, and what waits."""
    with store.snapshot() as now:
        known, edge = now.workers(), shell(now)
        held = now.held({run for worker in known for run in worker.busy})
        queued = now.queue_length()
    names = {item.run: item.name for item in held}
    lines = [
        {
            "id": worker.id,
            "state": _state(worker),
            "trouble": worker.trouble,
            "alive": worker.alive,
            "queue": worker.queue,
            "device": worker.device,
            "slots": worker.slots,
            "busy": [(run, names.get(run, run), _parts(held, run, worker.id)) for run in dict.fromkeys(worker.busy)],
            "gauges": gauges(worker.load) if worker.alive and worker.load is not None else (),
            "versions": ", ".join(f"{key} {value}" for key, value in worker.versions.items()),
            "seen": ago(worker.seen_at),
        }
        for worker in known
    ]
    waiting = {key: count for key, count in queued.items() if count}
    text = ", ".join(f"{plural(count, 'replicate')} for {_whom(key)}" for key, count in waiting.items())
    return page(
        request, "workers/workers.html", workers=lines, machines=machines(known), troubles=troubles(known),
        alive=edge.alive, broker=queue.alive(), shell=edge,
        queue=f"Waiting: {text}." if text else "The queue is empty.",
    )  # fmt: skip


def _state(worker: WorkerInfo) -> str:
    if not worker.alive:
        return "no contact"
    return "busy" if worker.busy else "accepts no work" if worker.trouble else "idle"


def _parts(held: Sequence[Held], run_id: str, worker: str) -> list[str]:
    """Return how far each replicate of a run has come that a worker has in hand."""
    mine = (item for item in held if (item.run, item.worker) == (run_id, worker))
    return [", ".join(filter(None, (f"replicate {item.replicate}", item.note))) for item in mine]


def _whom(queue: str) -> str:
    return "any worker" if queue == "any" else f"a {queue} worker"
