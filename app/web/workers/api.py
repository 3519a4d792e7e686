"""Return who is working, and how long the queue is, over the API."""

from fastapi import APIRouter
from pydantic import BaseModel

from app.records import WorkerInfo
from app.web.core.context import StoreDep

router = APIRouter(tags=["workers"])


class Workers(BaseModel):
    """Worker processes with contact in the last day."""

    items: list[WorkerInfo]
    next: None = None


@router.get("/workers")
def get_workers(store: StoreDep) -> Workers:
    """Return who is working: `alive` are those with contact in the last 15 s."""
    return Workers(items=store.workers())


@router.get("/queue")
def get_queue_length(store: StoreDep) -> dict[str, int]:
    """Return replicates that wait, by the kind of worker they wait for: `cpu`, `gpu` or `any`."""
    return store.queue_length()
