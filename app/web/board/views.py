"""Views of the board under a name: saved, deleted and restored, by forms and over the API."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse

from app.contract.strict import Strict
from app.records import View
from app.store.labels import VIEW_LENGTH
from app.store.views import LENGTH
from app.web.core.context import StoreDep
from app.web.core.form_data import FormDep
from app.web.core.problems import responses

router = APIRouter(tags=["views"])
pages = APIRouter(include_in_schema=False)


class Views(BaseModel):
    """All views by name."""

    items: list[View]
    next: None = None


class NewView(Strict):
    """A name for the board as an address shows it."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=VIEW_LENGTH, description="One line.")]
    query: Annotated[
        str,
        Field(max_length=LENGTH, description="Query string of a board, such as `q=state:failed&group=optimizer`."),
    ] = ""


@router.get("/views")
def list_views(store: StoreDep) -> Views:
    """Return views of the board that have a name."""
    return Views(items=store.views())


@router.post("/views", status_code=201, responses=responses(409))
def save_view(body: NewView, response: Response, store: StoreDep) -> View:
    """Name a view; one of the same name is replaced."""
    view = store.save_view(body.name, body.query)
    response.headers["Location"] = f"/?{view.query}"
    return view


@router.delete("/views/{view_id}", responses=responses(404))
def delete_view(view_id: str, store: StoreDep) -> View:
    """Take a view off the list; it can be restored."""
    return store.discard_view(view_id)


@router.post("/views/{view_id}/restore", responses=responses(404, 409))
def restore_view(view_id: str, store: StoreDep) -> View:
    """Put a deleted view back."""
    return store.restore_view(view_id)


@pages.post("/views")
def save(store: StoreDep, data: FormDep) -> RedirectResponse:
    """Name the view that a board shows."""
    view = store.save_view(data.get("name", ""), data.get("query", ""))
    return RedirectResponse(f"/?{view.query}", 303)


@pages.post("/views/{view_id}/delete")
def delete(view_id: str, store: StoreDep) -> RedirectResponse:
    """Take a view off the list, and offer to put it back."""
    view = store.discard_view(view_id)
    return RedirectResponse(f"/?{view.query}{'&' if view.query else ''}unsaved={view.id}", 303)


@pages.post("/views/{view_id}/restore")
def restore(view_id: str, store: StoreDep) -> RedirectResponse:
    """Put a deleted view back."""
    return RedirectResponse(f"/?{store.restore_view(view_id).query}", 303)
