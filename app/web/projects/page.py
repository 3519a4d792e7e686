"""Projects in the browser: the list, one of them with its members, and runs moved into one."""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import TypeAdapter, ValidationError
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.contract.experiment import FieldError
from app.contract.words import plural
from app.records.projects import Project
from app.store import Store
from app.store.projects import Moved
from app.web.bulk.page import Fields, chosen
from app.web.bulk.words import sentence
from app.web.core.context import StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import edge, page, shell
from app.web.core.parameters import Short
from app.web.core.words import ago

router = APIRouter(include_in_schema=False)
LIMIT = 100
"""Projects of a page."""
_BEFORE: TypeAdapter[dict[str, str | None]] = TypeAdapter(dict[str, str | None])


@router.get("/projects")
def projects(request: Request, store: StoreDep, q: Short = "", after: Short = "") -> HTMLResponse:
    """Return the projects, a page at a time, and the form that begins another."""
    return _list(request, store, q=q, after=after)


@router.post("/projects")
def begin(request: Request, store: StoreDep, data: FormDep) -> Response:
    """Begin a project, and show it."""
    try:
        project_id = store.new_project(data.get("name", ""))
    except FieldError as error:
        return _list(request, store, 422, error=error, name=data.get("name", ""))
    return RedirectResponse(f"/projects/{project_id}", 303)


@router.get("/projects/{project_id}")
def project(request: Request, store: StoreDep, project_id: str) -> HTMLResponse:
    """Return a project."""
    return _one(request, store, project_id)


@router.post("/projects/{project_id}/rename")
def rename(request: Request, store: StoreDep, data: FormDep, project_id: str) -> Response:
    """Give a project another name."""
    try:
        store.rename_project(project_id, data.get("name", ""))
    except FieldError as error:
        return _one(request, store, project_id, 422, error=error, field="name")
    return RedirectResponse(f"/projects/{project_id}", 303)


@router.post("/projects/{project_id}/members")
def add_member(request: Request, store: StoreDep, data: FormDep, project_id: str) -> Response:
    """Let a person fill a project."""
    try:
        store.add_member(project_id, data.get("name", ""))
    except FieldError as error:
        return _one(request, store, project_id, 422, error=error, field="member", typed=data.get("name", ""))
    return RedirectResponse(f"/projects/{project_id}", 303)


@router.post("/projects/{project_id}/members/{user_id}/remove")
def remove_member(store: StoreDep, project_id: str, user_id: str) -> RedirectResponse:
    """Let a person fill a project no more."""
    store.remove_member(project_id, user_id)
    return RedirectResponse(f"/projects/{project_id}", 303)


@router.post("/bulk/project")
def move(request: Request, store: StoreDep, fields: Fields) -> HTMLResponse:
    """Move the chosen runs into a project, or back to where they were."""
    try:
        if "before" in fields:
            targets: Mapping[str, str | None] = _before(fields["before"][-1])
            where = "moved back"
        else:
            project_id = fields.get("project", [""])[-1] or None
            targets = dict.fromkeys(chosen(store, fields), project_id)
            where = f"moved to “{store.project(project_id).name}”" if project_id else "moved out of their project"
        moved = store.move_runs(targets)
    except FieldError as error:
        return page(
            request, "projects/moved.html", 422, message=f"The {error.field} {error.message}.", shell=shell(store)
        )
    back = json.dumps(moved.before) if moved.before and "before" not in fields else ""
    return page(request, "projects/moved.html", message=_moved(where, moved), before=back, shell=shell(store))


@router.post("/sweeps/{sweep_id}/project")
def move_sweep(store: StoreDep, data: FormDep, sweep_id: str) -> RedirectResponse:
    """Move a sweep with its runs into a project."""
    store.move_sweep(sweep_id, data.get("project") or None)
    return RedirectResponse(f"/sweeps/{sweep_id}", 303)


def _moved(where: str, moved: Moved) -> str:
    return sentence(where, len(moved.before), moved.unchanged)


def _before(text: str) -> dict[str, str | None]:
    try:
        return _BEFORE.validate_json(text)
    except ValidationError:
        raise FieldError("before", "must be a JSON object of projects by run") from None


def _list(request: Request, store: Store, status: int = 200, q: str = "", after: str = "", **more: Any) -> HTMLResponse:
    listed = store.projects(q, after, LIMIT + 1)
    about: dict[str, Any] = {"error": None, "name": "", **more}
    return page(
        request, "projects/projects.html", status, rows=[_row(item) for item in listed[:LIMIT]], q=q,
        next=listed[LIMIT - 1].name if len(listed) > LIMIT else "", shell=edge(request, store), **about,
    )  # fmt: skip


def _row(project: Project) -> dict[str, Any]:
    many = plural(project.runs, "run")
    return {
        **project.model_dump(),
        "since": ago(project.created_at),
        "many": many,
        "query": f'project:"{project.name}"',
    }


def _one(request: Request, store: Store, project_id: str, status: int = 200, **more: Any) -> HTMLResponse:
    about: dict[str, Any] = {"error": None, "field": "", "typed": "", **more}
    return page(
        request, "projects/project.html", status, project=_row(store.project(project_id)),
        members=store.project_members(project_id), shell=edge(request, store), **about,
    )  # fmt: skip
