"""Comments by forms: written, edited, deleted and put back, all without a script."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.contract.experiment import FieldError
from app.records.discussion import Comment
from app.web.core.context import StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import page

router = APIRouter(include_in_schema=False)
_LONGEST, _FIELDS = 4_000, 100


@router.post("/runs/{run_id}/comments")
def on_run(request: Request, run_id: str, store: StoreDep, data: FormDep) -> Response:
    """Write a comment on a run."""
    try:
        return _back(store.add_comment(_text(data.get("text", "")), run_id=run_id), _view(request, data))
    except FieldError as error:
        return _again(request, f"/runs/{run_id}/comments", data, error)


@router.post("/sweeps/{sweep_id}/comments")
def on_sweep(request: Request, sweep_id: str, store: StoreDep, data: FormDep) -> Response:
    """Write a comment on a sweep."""
    try:
        return _back(store.add_comment(_text(data.get("text", "")), sweep_id=sweep_id), _view(request, data))
    except FieldError as error:
        return _again(request, f"/sweeps/{sweep_id}/comments", data, error)


@router.post("/comments/{comment_id}/edit")
def edit(request: Request, comment_id: str, store: StoreDep, data: FormDep) -> Response:
    """Write a comment anew."""
    try:
        return _back(store.edit_comment(comment_id, _text(data.get("text", ""))), _view(request, data))
    except FieldError as error:
        return _again(request, f"/comments/{comment_id}/edit", data, error)


@router.post("/comments/{comment_id}/delete")
def discard(request: Request, comment_id: str, store: StoreDep) -> RedirectResponse:
    """Delete a comment, and offer to put it back."""
    comment = store.discard_comment(comment_id)
    query = urlencode([*_view(request, {}), ("uncommented", comment.id)])
    return RedirectResponse(f"{_place(comment)}?{query}#comments", 303)


@router.post("/comments/{comment_id}/restore")
def restore(request: Request, comment_id: str, store: StoreDep) -> RedirectResponse:
    """Put a deleted comment back."""
    return _back(store.restore_comment(comment_id), _view(request, {}))


def _text(text: str) -> str:
    return text.replace("\r\n", "\n")


def _place(comment: Comment) -> str:
    return f"/runs/{comment.run}" if comment.run else f"/sweeps/{comment.sweep}"


def _view(request: Request, data: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the tab and the options of the page that a form was on: its field `view`, else where it came from."""
    try:
        query = data.get("view") or urlsplit(request.headers.get("referer", "")).query
        given = parse_qsl(query[:_LONGEST], max_num_fields=_FIELDS)
    except ValueError:  # no browser sends such an address
        given = []
    return [pair for pair in given if pair[0] != "uncommented"]


def _back(comment: Comment, view: list[tuple[str, str]]) -> RedirectResponse:
    query = f"?{urlencode(view)}" if view else ""
    return RedirectResponse(f"{_place(comment)}{query}#comment-{comment.id}", 303)


def _again(request: Request, action: str, data: Mapping[str, str], error: FieldError) -> Response:
    """Return the form once more, with what was typed and why it was refused."""
    return page(
        request, "comments/again.html", 422, action=action, text=data.get("text", ""),
        view=urlencode(_view(request, data)), error=f"The comment {error.message}.",
    )  # fmt: skip
