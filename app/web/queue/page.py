"""The page *Queue*: what runs, what waits, in which order, and from when."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.web.core.context import StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import page, shell
from app.web.core.who import visitor_of
from app.web.core.words import duration
from app.web.queue import words
from app.web.queue.view import queue_now
from app.web.submission.priority import allowed, permitted

router = APIRouter(include_in_schema=False)


@router.get("/queue")
def queue(request: Request, store: StoreDep) -> HTMLResponse:
    """Return what runs and what waits."""
    with store.snapshot() as now:
        known, edge = queue_now(now), shell(now)
    visitor = visitor_of(request)
    running = [
        {"run": run, "ends": "" if run.ends_in_s is None else f"in {duration(run.ends_in_s)}"} for run in known.running
    ]
    waiting = [
        {
            "run": run,
            "starts": words.starts(run),
            "counts": words.counts(run),
            "changes": visitor is None or visitor.may("admin") or (visitor.may("member") and run.owner == visitor.name),
        }
        for run in known.waiting
    ]
    return page(
        request, "queue/queue.html", shell=edge, running=running, waiting=waiting,
        more=max(0, known.n_waiting - len(waiting)), priorities=allowed(request),
    )  # fmt: skip


@router.post("/runs/{run_id}/priority")
def prioritise(request: Request, run_id: str, store: StoreDep, data: FormDep) -> RedirectResponse:
    """Change the priority of a run that waits."""
    store.prioritise_run(run_id, permitted(request, data.get("priority", "")))
    return RedirectResponse("/queue", 303)
