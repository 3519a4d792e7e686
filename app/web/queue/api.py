"""The queue, over the API."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.records.queue import QueuedRun, RunningRun
from app.web.core.context import StoreDep
from app.web.queue.view import queue_now

router = APIRouter(tags=["workers"])


class QueueAnswer(BaseModel):
    """Replicates that wait, by the kind of worker that they wait for, and the runs that wait and that run."""

    cpu: int
    gpu: int
    any: int
    running: list[RunningRun]
    waiting: list[QueuedRun] = Field(description="The first of the waiting runs, in the order of the queue.")
    waiting_runs: int


@router.get("/queue")
def get_queue(store: StoreDep) -> QueueAnswer:
    """Return what runs and what waits, in the order in which workers take it."""
    with store.snapshot() as now:
        queue, counts = queue_now(now), now.queue_length()
    return QueueAnswer(**counts, running=list(queue.running), waiting=list(queue.waiting), waiting_runs=queue.n_waiting)
