"""Whether this process lives, and whether it can do its work."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.responses import PlainTextResponse

from app.web.core.context import QueueDep, StoreDep

router = APIRouter(tags=["health"])


class Ready(BaseModel):
    """`ready`, `degraded` (pages work, but new runs wait for the broker) or `not ready`; and each part by itself."""

    status: str
    parts: dict[str, str]


@router.get("/healthz", response_class=PlainTextResponse)
async def healthz() -> str:
    """Answer as long as the process does."""
    return "ok\n"


@router.get("/readyz", responses={503: {"model": Ready}})
def readyz(response: Response, store: StoreDep, queue: QueueDep) -> Ready:
    """Answer 503 when the database is away, damaged or not migrated; a silent broker only delays runs."""
    trouble = store.trouble()
    reachable = queue.alive()
    if trouble is not None:
        response.status_code = 503
    return Ready(
        status="not ready" if trouble is not None else "ready" if reachable else "degraded",
        parts={
            "store": "ok" if trouble is None else trouble.detail,
            "broker": "ok" if reachable else "does not answer: runs are stored and start when it is back",
        },
    )


@router.get("/metrics", response_class=PlainTextResponse, include_in_schema=False)
def metrics(request: Request) -> Response:
    """Return Prometheus text."""
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
