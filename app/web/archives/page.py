"""The page on which an archive becomes runs, and the form that makes an archive of ticked runs."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, Response

from app.archives.manifest import MAX_BYTES
from app.imports.refused import Refused
from app.store.errors import Conflict
from app.web.archives.api import answer
from app.web.archives.receive import ArchiveDep, Plan
from app.web.core.context import QueueDep, StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import page, shell
from app.web.core.words import size

router = APIRouter(include_in_schema=False)


@router.get("/archives")
def archives(request: Request, store: StoreDep) -> HTMLResponse:
    """Return where an archive is chosen."""
    return page(request, "archives/archives.html", most=size(MAX_BYTES), shell=shell(store))


@router.post("/archives")
def import_archive(
    request: Request, file: ArchiveDep, store: StoreDep, queue: QueueDep, new_ids: bool = False
) -> HTMLResponse:
    """Import an archive, and show what has become of its runs; on a mistake the page again, in words."""
    about: dict[str, Any] = {"most": size(MAX_BYTES), "shell": shell(store)}
    try:
        plan = Plan.of(store, file, new_ids=new_ids)
        plan.carry_out(store, queue)
    except Refused as error:
        return page(request, "archives/archives.html", error.status, error=f"The {error}.", **about)
    except Conflict as error:
        return page(request, "archives/archives.html", 409, error=f"{error}.", **about)
    return page(
        request, "archives/archives.html", message=plan.message(done=True), arrivals=plan.arrivals, **about
    )  # fmt: skip


@router.post("/export")
def export(store: StoreDep, fields: FormDep) -> Response:
    """Return the chosen runs as one file."""
    run_ids = list(dict.fromkeys(filter(None, fields.get("runs", "").split(","))))
    return answer(store, run_ids, f"runs-{len(run_ids)}.ticketscope.zip")
