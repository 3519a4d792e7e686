"""Whether this process lives, and whether it can do its work."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel
from starlette.responses import PlainTextResponse

from app.web.context import QueueDep, StoreDep

router = APIRouter(tags=["health"])


class Ready(BaseModel):
    """`ready`, `degraded` (pages work, but new runs wait for the broker) or `not ready`; and each part by itself."""

    status: str
    parts: dict[str, str]


@router.get("/healthz", response_class=PlainTextResponse)
async def healthz() -> str:
    """Answers as long as the process does."""
    return "ok\n"


@router.get("/readyz", responses={503: {"model": Ready}})
def readyz(response: Response, store: StoreDep, queue: QueueDep) -> Ready:
    """503 when the database is away or not migrated; a broker that does not answer only delays runs, and is said."""
    stored = store.revision_ok()
    told = queue.alive()
    if not stored:
        response.status_code = 503
    return Ready(
        status="not ready" if not stored else "ready" if told else "degraded",
        parts={
            "store": "ok" if stored else "unreachable or not migrated: run `ticketscope migrate`",
            "broker": "ok" if told else "does not answer: runs are stored and start when it is back",
        },
    )


@router.get("/metrics", response_class=PlainTextResponse, include_in_schema=False)
def metrics(request: Request) -> Response:
    """Prometheus text."""
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
