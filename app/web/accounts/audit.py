"""The page of the audit log, for admins: who has done what, as a table and as CSV."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from app.records.people import AuditEntry
from app.web.accounts.people import known
from app.web.core.columns import csv_response
from app.web.core.context import StoreDep
from app.web.core.page import edge, page
from app.web.core.parameters import Short

router = APIRouter(include_in_schema=False, dependencies=[Depends(known)])
LIMIT = 100
"""Rows of a page."""
MOST = 10_000
"""Rows of a file."""
_ADDRESSES = {"run": "/runs/", "sweep": "/sweeps/"}


@router.get("/audit")
def audit(
    request: Request,
    store: StoreDep,
    person: Short = "",
    action: Short = "",
    key: Short = "",
    before: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    form: Annotated[str, Query(alias="format", max_length=10)] = "",
) -> Response:
    """Return what was done, the newest first."""
    which: dict[str, Any] = {"person": person, "action": action, "key": key}
    if form == "csv":
        return csv_response(_columns(store.audit(**which, before=before, limit=MOST)), "audit.csv")
    entries = store.audit(**which, before=before, limit=LIMIT + 1)
    shown = entries[:LIMIT]
    return page(
        request, "accounts/audit.html", rows=[_row(entry) for entry in shown], actions=store.audit_actions(), **which,
        next=shown[-1].id if len(entries) > LIMIT else None, shell=edge(request, store),
    )  # fmt: skip


def _row(entry: AuditEntry) -> dict[str, Any]:
    to = f"{_ADDRESSES[entry.what]}{entry.key}" if entry.what in _ADDRESSES else ""
    thing = "" if entry.what in ("session", "person", "invitation") else f" a {entry.what}"
    return {**entry.model_dump(), "when": f"{entry.at:%Y-%m-%d %H:%M:%S}", "did": f"{entry.action}{thing}", "to": to}


def _columns(entries: Sequence[AuditEntry]) -> dict[str, list[str]]:
    return {
        "at": [entry.at.isoformat(timespec="milliseconds") for entry in entries],
        "by": ["token" if entry.by_token else "session" for entry in entries],
        **{name: [getattr(entry, name) for entry in entries] for name in ("name", "address", "action", "what")},
        "id": [entry.key for entry in entries],
        "detail": [entry.detail for entry in entries],
    }
