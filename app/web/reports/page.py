"""Reports: listed, written with a preview, shown, deleted and put back, all without a script."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.contract.experiment import FieldError
from app.records.discussion import Report
from app.store.errors import Conflict, NotFound
from app.store.reporting import LENGTH
from app.web.core.context import SettingsDep, Sources, SourcesDep, StoreDep
from app.web.core.form_data import FormDep
from app.web.core.headers import framed
from app.web.core.page import edge, page
from app.web.core.who import visitor_of
from app.web.core.words import ago
from app.web.reports.blocks import blocks

router = APIRouter(include_in_schema=False)
_OTHER = "was changed by another person after you began: read it in another tab; saving again replaces it"


@router.get("/reports")
def list_reports(request: Request, store: StoreDep, gone: str = "") -> HTMLResponse:
    """Return reports, the newest first; `gone` is one that was just deleted."""
    try:
        undo = store.report(gone[:10]) if gone else None
    except NotFound:
        undo = None
    rows = [{**report.model_dump(), "when": ago(report.edited_at)} for report in store.reports()]
    shown = undo if undo and undo.deleted else None
    return page(request, "reports/reports.html", rows=rows, gone=shown, shell=edge(request, store))


@router.get("/reports/new")
def new(request: Request, sources: SourcesDep) -> HTMLResponse:
    """Return an empty form."""
    return _form(request, sources, "/reports/new")


@router.post("/reports/new")
def create(request: Request, sources: SourcesDep, data: FormDep) -> Response:
    """Store a report, or show what it would look like."""
    name, text = data.get("name", ""), data.get("text", "").replace("\r\n", "\n")
    if data.get("act") == "preview":
        return _form(request, sources, "/reports/new", name, text, preview=True)
    try:
        return _to(sources.store.add_report(name, text))
    except FieldError as error:
        return _form(request, sources, "/reports/new", name, text, error=error)


@router.get("/reports/{report_id}")
def show(request: Request, report_id: str, sources: SourcesDep) -> HTMLResponse:
    """Return a report with its figures."""
    report = _there(sources.store.report(report_id))
    with sources.now() as readers:
        return page(
            request, "reports/report.html", report=report, blocks=blocks(readers, report.text, _root(request)),
            when=ago(report.edited_at), changes=_changes(request, report), shell=edge(request, readers.store),
        )  # fmt: skip


@router.get("/reports/{report_id}/embed")
def embed(request: Request, report_id: str, sources: SourcesDep, settings: SettingsDep) -> HTMLResponse:
    """Return a report alone, for a frame of this site or of one that the settings name."""
    report = _there(sources.store.report(report_id))
    with sources.now() as readers:
        shown = blocks(readers, report.text, _root(request))
        answer = page(request, "reports/embed.html", report=report, blocks=shown, linked=False)
    answer.headers.update(framed(settings.embed_in))
    return answer


@router.get("/reports/{report_id}/edit")
def edit_page(request: Request, report_id: str, sources: SourcesDep) -> HTMLResponse:
    """Return the form with a report in it."""
    report = _there(sources.store.report(report_id))
    return _form(request, sources, f"/reports/{report_id}/edit", report.name, report.text, version=report.version)


@router.post("/reports/{report_id}/edit")
def edit(request: Request, report_id: str, sources: SourcesDep, data: FormDep) -> Response:
    """Write a report anew, or show what it would look like."""
    name, text = data.get("name", ""), data.get("text", "").replace("\r\n", "\n")
    action, version = f"/reports/{report_id}/edit", data.get("version", "")
    if data.get("act") == "preview":
        return _form(request, sources, action, name, text, version=version, preview=True)
    try:
        return _to(sources.store.edit_report(report_id, name, text, version=version or None))
    except Conflict:
        version, error = sources.store.report(report_id).version, FieldError("text", _OTHER)
    except FieldError as refusal:
        error = refusal
    return _form(request, sources, action, name, text, version=version, error=error)


@router.post("/reports/{report_id}/delete")
def discard(report_id: str, store: StoreDep) -> RedirectResponse:
    """Delete a report, and offer to put it back."""
    return RedirectResponse(f"/reports?gone={store.discard_report(report_id).id}", 303)


@router.post("/reports/{report_id}/restore")
def restore(report_id: str, store: StoreDep) -> RedirectResponse:
    """Put a deleted report back."""
    return _to(store.restore_report(report_id))


def _there(report: Report) -> Report:
    if report.deleted:
        raise NotFound(f"the report {report.id} was deleted")
    return report


def _to(report: Report) -> RedirectResponse:
    return RedirectResponse(f"/reports/{report.id}", 303)


def _root(request: Request) -> str:
    root: str = request.app.state.settings.root_path
    return root


def _changes(request: Request, report: Report) -> bool:
    visitor = visitor_of(request)
    if not request.app.state.accounts.on:
        return True
    return visitor is not None and (visitor.may("admin") or (visitor.may("member") and visitor.name == report.author))


def _form(
    request: Request, sources: Sources, action: str, name: str = "", text: str = "", *, version: str = "",
    preview: bool = False, error: FieldError | None = None,
) -> HTMLResponse:  # fmt: skip
    with sources.now() as readers:
        shown: Any = blocks(readers, text[:LENGTH], _root(request)) if preview else None
        return page(
            request, "reports/edit.html", 422 if error else 200, action=action, name=name, text=text, blocks=shown,
            version=version, error=error, longest=LENGTH, shell=edge(request, readers.store),
        )  # fmt: skip
