"""The page of a sweep, and the list of sweeps."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse

from app.contract.experiment import FieldError
from app.contract.words import plural
from app.store import NotFound, Reads, Store
from app.web.board.notice import Notice
from app.web.comments.shown import discussion
from app.web.core.context import QueueDep, StoreDep
from app.web.core.form_data import FormDep
from app.web.core.live_parts import known_parts
from app.web.core.page import edge, page
from app.web.core.problems import BadField, Invalid
from app.web.core.words import short
from app.web.form.checks import split_tags
from app.web.submission import sweep_bin, sweep_submit
from app.web.sweeps.extension import extension
from app.web.sweeps.view import head, view

router = APIRouter(include_in_schema=False)


@router.get("/sweeps")
def list_sweeps(
    request: Request,
    store: StoreDep,
    cursor: Annotated[str, Query(max_length=32)] = "",
    binned: Annotated[str, Query(max_length=32)] = "",
    runs: Annotated[int, Query(ge=0)] = 0,
) -> HTMLResponse:
    """Return sweeps, the newest first; `binned` is one that was just moved to the bin, with so many runs."""
    with store.snapshot() as now:
        sweeps = now.sweeps(50, cursor or None)
        rows = [head(item) for item in sweeps.items]
        notice = _gone(now, binned, runs)
        return page(
            request, "sweeps/sweeps.html", rows=rows, next=sweeps.next, notice=notice, shell=edge(request, now)
        )  # fmt: skip


def _gone(store: Reads, sweep_id: str, runs: int) -> Notice | None:
    """Return what was just moved to the bin, None where nothing was or it is no longer there."""
    try:
        gone = store.sweep(sweep_id) if sweep_id else None
    except NotFound:
        return Notice(f"There is no sweep “{short(sweep_id)}” in the bin.")
    if gone is None or gone.deleted_at is None:
        return None
    with_runs = f" and its {plural(runs, 'run')} are" if runs else " is"
    return Notice(f"“{gone.name}”{with_runs} in the bin.", undo=f"/sweeps/{sweep_id}/restore")


@router.get("/sweeps/{sweep_id}")
def show_sweep(
    request: Request, sweep_id: str, store: StoreDep, sort: Annotated[str, Query(max_length=20)] = ""
) -> HTMLResponse:
    """Return one sweep."""
    return _render(request, store, sweep_id, sort)


@router.post("/sweeps/{sweep_id}/cancel")
def cancel(sweep_id: str, store: StoreDep, queue: QueueDep) -> RedirectResponse:
    """Start no more runs and stop the live ones."""
    sweep_submit.cancel_sweep(store, queue, sweep_id)
    return _back(sweep_id)


@router.post("/sweeps/{sweep_id}/resume")
def resume(sweep_id: str, store: StoreDep, queue: QueueDep) -> RedirectResponse:
    """Go on with cancelled and failed runs, and start the others."""
    sweep_submit.resume_sweep(store, queue, sweep_id)
    return _back(sweep_id)


@router.post("/sweeps/{sweep_id}/extend", response_model=None)
def extend(
    request: Request, sweep_id: str, store: StoreDep, queue: QueueDep, data: FormDep
) -> HTMLResponse | RedirectResponse:
    """Ask for more values or another budget; with 422 and an error at each bad field where that cannot be."""
    sweep = store.sweep(sweep_id)
    try:
        axes, budget, stop = extension(sweep, data)
        sweep_submit.extend_sweep(store, queue, sweep_id, axes=axes, budget=budget, stop=stop)
    except (Invalid, FieldError) as error:
        bad = error.errors if isinstance(error, Invalid) else [BadField(path=error.field, message=error.message)]
        return _render(request, store, sweep_id, extended=data, errors={item.path: item.message for item in bad})
    return _back(sweep_id)


@router.post("/sweeps/{sweep_id}/edit", response_model=None)
def edit(request: Request, sweep_id: str, store: StoreDep, data: FormDep) -> HTMLResponse | RedirectResponse:
    """Rename, tag, annotate; on a mistake the page again with 422, nothing typed lost."""
    try:
        store.update_sweep(
            sweep_id, name=data.get("name"), tags=split_tags(data.get("tags", "")),
            notes=data.get("notes", "").replace("\r\n", "\n"),
        )  # fmt: skip
    except FieldError as error:
        return _render(request, store, sweep_id, edited=data, edit_errors={error.field: error.message})
    return _back(sweep_id)


@router.post("/sweeps/{sweep_id}/bin")
def discard(sweep_id: str, store: StoreDep, queue: QueueDep, data: FormDep) -> RedirectResponse:
    """Move a sweep to the bin, with its runs or without them."""
    moved = sweep_bin.discard_sweep(store, queue, sweep_id, with_runs=data.get("with_runs") == "1")[1]
    return RedirectResponse(f"/sweeps?binned={sweep_id}&runs={len(moved)}", 303)


@router.post("/sweeps/{sweep_id}/restore")
def restore(sweep_id: str, store: StoreDep, queue: QueueDep) -> RedirectResponse:
    """Take a sweep out of the bin, with the runs that went with it."""
    sweep_bin.restore_sweep(store, queue, sweep_id)
    return _back(sweep_id)


@router.post("/sweeps/{sweep_id}/purge")
def purge(sweep_id: str, store: StoreDep) -> RedirectResponse:
    """Delete a binned sweep for good; its runs stay where they are."""
    store.purge_sweep(sweep_id)
    return RedirectResponse("/bin", 303)


def _back(sweep_id: str) -> RedirectResponse:
    return RedirectResponse(f"/sweeps/{sweep_id}", 303)


def _render(
    request: Request, store: Store, sweep_id: str, sort: str = "", *,
    extended: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None,
    edited: Mapping[str, str] | None = None, edit_errors: Mapping[str, str] | None = None,
) -> HTMLResponse:  # fmt: skip
    """Show a sweep; with 422 where `errors` name fields of the form that extends it, or `edit_errors` of its labels."""
    with store.snapshot() as now:
        sweep = now.sweep(sweep_id)
        view_ = view(
            sweep, now.members(sweep_id), sort,
            extended=extended, errors=errors, edited=edited, edit_errors=edit_errors,
        )  # fmt: skip
        status = 422 if errors or edit_errors else 200
        talk = discussion(request, now, sweep.notes, sweep_id=sweep_id)
        choices = now.projects_to_fill() if known_parts(request) is None else ()
        return page(
            request, "sweeps/sweep.html", status, page=view_, talk=talk, shell=edge(request, now), projects=choices,
        )  # fmt: skip
