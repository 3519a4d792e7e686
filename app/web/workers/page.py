"""The page *Workers*: who works on what, and what waits."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import get_args

from fastapi import APIRouter, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import HTMLResponse, RedirectResponse

from app.contract.experiment import FieldError
from app.contract.words import plural
from app.queue import queues_of
from app.records import WorkerInfo
from app.records.workers import Mode
from app.store.workers import Held
from app.web.core.context import QueueDep, StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import page, shell
from app.web.core.words import ago
from app.web.workers.loads import gauges, machines, troubles

router = APIRouter(include_in_schema=False)
_MODE: TypeAdapter[Mode] = TypeAdapter(Mode)


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
            "mode": worker.mode,
            "state": _state(worker),
            "trouble": "" if worker.mode != "working" else worker.trouble,
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
        queue=f"Waiting: {text}." if text else "The queue is empty.", maintenance_value=_typed(request),
    )  # fmt: skip


@router.post("/workers/{worker_id}/mode")
def steer(worker_id: str, store: StoreDep, queue: QueueDep, data: FormDep) -> RedirectResponse:
    """Pause a worker, drain it, or let it work again."""
    try:
        mode = _MODE.validate_python(data.get("mode"))
    except ValidationError:
        raise FieldError("mode", f"must be one of {', '.join(get_args(Mode))}") from None
    store.steer_worker(worker_id, mode)
    queue.announce(("cpu", "gpu"), wait_s=0)
    return RedirectResponse("/workers", 303)


@router.post("/runs/{run_id}/move")
def move(run_id: str, store: StoreDep, queue: QueueDep, data: FormDep) -> RedirectResponse:
    """Take a run back from a worker, to go on from its last checkpoints."""
    run = store.move_run(run_id, worker=data.get("worker", ""))
    queue.announce(queues_of(run.experiment), wait_s=0)
    queue.wake(run.id, run.last_seq)
    return RedirectResponse("/workers", 303)


@router.post("/maintenance")
def announce(request: Request, store: StoreDep, data: FormDep) -> RedirectResponse:
    """Show a message on every page, or remove it."""
    typed = data.get("begins_at", "").strip()
    try:
        begins_at = datetime.fromisoformat(typed).replace(tzinfo=UTC) if typed else None
    except ValueError:
        raise FieldError("begins_at", "must be a time such as 2026-12-24T18:00, in UTC") from None
    store.put_maintenance(data.get("text", ""), begins_at)
    request.app.state.maintenance.read()
    return RedirectResponse("/workers", 303)


def _state(worker: WorkerInfo) -> str:
    if not worker.alive:
        return "no contact"
    if worker.mode == "paused":
        return "paused, still busy" if worker.busy else "paused"
    if worker.mode == "draining":
        return "draining" if worker.busy else "drained: empty"
    return "busy" if worker.busy else "accepts no work" if worker.trouble else "idle"


def _typed(request: Request) -> str:
    """Return from when the maintenance is, as a field of the form has it."""
    message = request.app.state.maintenance.current
    return f"{message.begins_at:%Y-%m-%dT%H:%M}" if message and message.begins_at else ""


def _parts(held: Sequence[Held], run_id: str, worker: str) -> list[str]:
    """Return how far each replicate of a run has come that a worker has in hand."""
    mine = (item for item in held if (item.run, item.worker) == (run_id, worker))
    return [", ".join(filter(None, (f"replicate {item.replicate}", item.note))) for item in mine]


def _whom(queue: str) -> str:
    return "any worker" if queue == "any" else f"a {queue} worker"
