"""Return who is working, over the API."""

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
