"""Return who is working over the API, and change it."""

from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter, Path, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.contract.strict import Strict
from app.queue import queues_of
from app.records import Run, WorkerInfo
from app.records.workers import Maintenance, Mode
from app.store.queueing import MESSAGE_LENGTH
from app.web.core.context import QueueDep, StoreDep
from app.web.core.parameters import RunId
from app.web.core.problems import responses

router = APIRouter(tags=["workers"])

WorkerId: TypeAlias = Annotated[str, Path(description="Id of a worker, such as `gpu-1:4242:gpu`.", max_length=200)]


class _Body(Strict):
    model_config = ConfigDict(extra="forbid")


class Steering(_Body):
    """What a worker is to do from now on."""

    mode: Annotated[
        Mode,
        Field(description="`paused`: take no new replicates; `draining`: hand over those it has as well, at their next "
              "checkpoints; `working`: take work again."),
    ]  # fmt: skip


class Move(_Body):
    """Where a run is to go: away from its workers or from one, or to workers of another queue."""

    worker: Annotated[str, Field(max_length=200, description="Take it back from this worker only.")] = ""
    queue: Annotated[
        Literal["", "cpu", "gpu", "any"],
        Field(description="Have its replicates that have not begun wait for these workers instead."),
    ] = ""


class Announcement(_Body):
    """A message on every page; an empty one removes it."""

    text: Annotated[str, Field(max_length=MESSAGE_LENGTH)]
    begins_at: AwareDatetime | None = None


class Workers(BaseModel):
    """Worker processes with contact in the last day."""

    items: list[WorkerInfo]
    next: None = None


@router.get("/workers")
def get_workers(store: StoreDep) -> Workers:
    """Return who is working: `alive` are those with contact in the last 15 s."""
    return Workers(items=store.workers())


@router.post("/workers/{worker_id}/mode", responses=responses(404))
def steer_worker(worker_id: WorkerId, body: Steering, store: StoreDep, queue: QueueDep) -> Workers:
    """Pause a worker, drain it, or let it work again; for admins."""
    store.steer_worker(worker_id, body.mode)
    queue.announce(("cpu", "gpu"), wait_s=0)
    return Workers(items=[worker for worker in store.workers() if worker.id == worker_id])


@router.post("/runs/{run_id}/move", responses=responses(404, 409))
def move_run(run_id: RunId, body: Move, store: StoreDep, queue: QueueDep) -> Run:
    """Take a run back from its workers, to go on from its last checkpoints elsewhere; for admins."""
    run = store.move_run(run_id, worker=body.worker, queue=body.queue)
    queue.announce(queues_of(run.experiment), wait_s=0)
    queue.wake(run.id, run.last_seq)
    return run


@router.get("/maintenance")
def get_maintenance(store: StoreDep) -> Maintenance | None:
    """Return the message that every page shows; null without one."""
    return store.maintenance()


@router.post("/maintenance")
def announce_maintenance(request: Request, body: Announcement, store: StoreDep) -> Maintenance | None:
    """Show a message on every page, or remove it; for admins."""
    store.put_maintenance(body.text, body.begins_at)
    request.app.state.maintenance.read()
    return store.maintenance()
