"""Comments as a page shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request
from markupsafe import Markup

from app.records.discussion import Comment
from app.store import NotFound, Reads
from app.web.core.context import get_settings
from app.web.core.who import visitor_of
from app.web.core.words import ago
from app.web.writing.markdown import render


@dataclass(frozen=True)
class Shown:
    """A comment; `changes`: whether its reader may change it."""

    id: str
    author: str
    when: str
    at: str
    edited: bool
    html: Markup
    text: str
    changes: bool


@dataclass(frozen=True)
class Discussion:
    """The notes of a run or sweep and the comments on it; `gone` is the id of the one that was just deleted."""

    notes: Markup
    comments: Sequence[Shown]
    action: str
    gone: str = ""


def discussion(request: Request, store: Reads, notes: str, *, run_id: str = "", sweep_id: str = "") -> Discussion:
    """Return notes and comments, whose links are looked up together."""
    comments = store.comments(run_id=run_id, sweep_id=sweep_id)
    texts = {comment.id: comment.text for comment in comments} | {"": notes}
    rendered = render(store, texts, get_settings(request).root_path)
    return Discussion(
        notes=rendered[""],
        comments=[_shown(request, comment, rendered) for comment in comments],
        action=f"/runs/{run_id}/comments" if run_id else f"/sweeps/{sweep_id}/comments",
        gone=_gone(store, request.query_params.get("uncommented", ""), run_id or sweep_id),
    )


def _gone(store: Reads, comment_id: str, key: str) -> str:
    """Return the id of a comment on a thing that is deleted; empty where there is none."""
    try:
        comment = store.comment(comment_id) if comment_id else None
    except NotFound:
        comment = None
    return comment_id if comment and comment.deleted and key in (comment.run, comment.sweep) else ""


def _shown(request: Request, comment: Comment, rendered: Mapping[str, Markup]) -> Shown:
    visitor = visitor_of(request)
    switch = request.app.state.accounts
    return Shown(
        id=comment.id,
        author=comment.author,
        when=ago(comment.created_at),
        at=f"{comment.created_at:%Y-%m-%d %H:%M} UTC",
        edited=comment.edited_at is not None,
        html=rendered[comment.id],
        text=comment.text,
        changes=not switch.on
        or (
            visitor is not None and (visitor.may("admin") or (visitor.may("member") and visitor.name == comment.author))
        ),
    )
