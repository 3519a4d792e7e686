"""Comments over the API."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.contract.strict import Strict
from app.records.discussion import Comment
from app.store.labels import NOTES_LENGTH
from app.web.core.context import StoreDep
from app.web.core.parameters import RunId
from app.web.core.problems import responses

router = APIRouter(tags=["comments"])


class Comments(BaseModel):
    """All comments on a run or sweep, the oldest first."""

    items: list[Comment]
    next: None = None


class NewComment(Strict):
    """A comment in Markdown; `#` and an id names a run or sweep, `@` and a name a person."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=NOTES_LENGTH)]


@router.get("/runs/{run_id}/comments", responses=responses(404))
def list_run_comments(run_id: RunId, store: StoreDep) -> Comments:
    """Return the comments on a run."""
    store.run(run_id)
    return Comments(items=store.comments(run_id=run_id))


@router.post("/runs/{run_id}/comments", status_code=201, responses=responses(404, 409))
def comment_on_run(run_id: RunId, body: NewComment, store: StoreDep) -> Comment:
    """Write a comment on a run."""
    return store.add_comment(body.text, run_id=run_id)


@router.get("/sweeps/{sweep_id}/comments", responses=responses(404))
def list_sweep_comments(sweep_id: str, store: StoreDep) -> Comments:
    """Return the comments on a sweep."""
    store.sweep(sweep_id)
    return Comments(items=store.comments(sweep_id=sweep_id))


@router.post("/sweeps/{sweep_id}/comments", status_code=201, responses=responses(404, 409))
def comment_on_sweep(sweep_id: str, body: NewComment, store: StoreDep) -> Comment:
    """Write a comment on a sweep."""
    return store.add_comment(body.text, sweep_id=sweep_id)


@router.patch("/comments/{comment_id}", responses=responses(404))
def change_comment(comment_id: str, body: NewComment, store: StoreDep) -> Comment:
    """Write a comment of yours anew."""
    return store.edit_comment(comment_id, body.text)


@router.delete("/comments/{comment_id}", responses=responses(404))
def delete_comment(comment_id: str, store: StoreDep) -> Comment:
    """Delete a comment of yours; it can be restored."""
    return store.discard_comment(comment_id)


@router.post("/comments/{comment_id}/restore", responses=responses(404))
def restore_comment(comment_id: str, store: StoreDep) -> Comment:
    """Put a deleted comment back."""
    return store.restore_comment(comment_id)
