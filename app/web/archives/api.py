"""Archives: runs as one file, and such a file as runs."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from app.archives.manifest import MAX_BYTES
from app.archives.write import MEDIA_TYPE, archive, check, runs_of
from app.contract.experiment import FieldError
from app.search.parse import LENGTH
from app.store import Store
from app.store.bulk import MOST
from app.store.errors import NotFound
from app.web.archives.receive import ArchiveDep, Plan
from app.web.core.columns import attachment
from app.web.core.context import QueueDep, StoreDep
from app.web.core.problems import responses

router = APIRouter(tags=["archives"])

_ZIP: Final[dict[int | str, dict[str, Any]]] = {
    **responses(404, 409),
    200: {"description": "A zip file.", "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
}
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["file"],
    "additionalProperties": False,
    "properties": {
        "file": {"type": "string", "format": "binary", "description": f"An archive of at most {MAX_BYTES:,} bytes."}
    },
}


class Imported(BaseModel):
    """A run or a sweep of an archive: `new` here, `equal` to one that is here already, or `different` from it.

    `imported_as` is its id here; `was` its state when it was exported: what was unfinished arrives as cancelled.
    """

    what: Literal["run", "sweep"]
    id: str
    name: str
    state: str
    was: str
    fate: Literal["new", "equal", "different"]
    differs: str
    imported_as: str


class ImportedArchive(BaseModel):
    """What becomes of the runs and sweeps of an archive, in this order; `message` says it in a sentence."""

    items: list[Imported]
    message: str


@router.get("/runs/{run_id}/archive", response_class=Response, responses=_ZIP)
def get_archive(run_id: Annotated[str, Path(max_length=32)], store: StoreDep) -> Response:
    """Return the run as one file for another installation: its log, measurements, artifacts and provenance."""
    store.run(run_id)
    return answer(store, [run_id], f"{run_id}.ticketscope.zip")


@router.get("/archive", response_class=Response, responses=_ZIP)
def get_archives(
    store: StoreDep,
    q: Annotated[str | None, Query(max_length=LENGTH, description="A query: all runs that it finds.")] = None,
    runs: Annotated[str, Query(max_length=11 * MOST, description="Ids of runs, separated by commas.")] = "",
) -> Response:
    """Return several runs as one file."""
    named = list(dict.fromkeys(filter(None, runs.split(","))))
    if not named and q is None:
        raise FieldError("runs", "name runs, or send a query as q")
    run_ids = named or sorted(store.matching_ids(q or ""))
    if not run_ids:
        raise NotFound("the query finds no run")
    return answer(store, run_ids, f"runs-{len(run_ids)}.ticketscope.zip")


@router.get("/sweeps/{sweep_id}/archive", response_class=Response, responses=_ZIP)
def get_sweep_archive(sweep_id: Annotated[str, Path(max_length=32)], store: StoreDep) -> Response:
    """Return the sweep as one file, with its runs but for those in the bin, which another installation imports."""
    check(store, runs_of(store.archived_sweep(sweep_id)))
    headers = {"Content-Disposition": attachment(f"sweep-{sweep_id}.ticketscope.zip")}
    return StreamingResponse(archive(store, (), [sweep_id]), media_type=MEDIA_TYPE, headers=headers)


def answer(store: Store, run_ids: list[str], filename: str) -> Response:
    """Return an archive, written as it is sent. Raises NotFound, Conflict."""
    check(store, run_ids)
    headers = {"Content-Disposition": attachment(filename)}
    return StreamingResponse(archive(store, run_ids), media_type=MEDIA_TYPE, headers=headers)


@router.post(
    "/archives",
    status_code=201,
    responses={200: {"model": ImportedArchive, "description": "Of a dry run: what would be stored."},
               **responses(409, 507)},
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}},
)  # fmt: skip
def import_archive(
    file: ArchiveDep,
    response: Response,
    store: StoreDep,
    queue: QueueDep,
    new_ids: Annotated[
        bool, Query(description="Give every run and sweep a new id, so that both are kept where one is here already.")
    ] = False,
    dry_run: Annotated[bool, Query(description="Check everything, and store nothing.")] = False,
) -> ImportedArchive:
    """Import the runs and sweeps of an archive: all of them or, where one is refused, none.

    A run that is here already and equal is left as it is; one that differs is refused, unless new ids are requested.
    """
    plan = Plan.of(store, file, new_ids=new_ids)
    if dry_run:
        response.status_code = 200
    else:
        plan.carry_out(store, queue)
    return ImportedArchive(
        items=[
            Imported(
                what=arrival.what, id=arrival.run.id, name=arrival.run.name, state=arrival.run.state,
                was=arrival.run.was, fate=arrival.fate, differs=arrival.differs, imported_as=arrival.id,
            )
            for arrival in plan.arrivals
        ],
        message=plan.message(done=not dry_run),
    )  # fmt: skip
