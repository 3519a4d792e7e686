"""The page of notifications, and of where else they are sent."""

from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.contract.experiment import FieldError
from app.records.notices import Channel, Notice
from app.store import Store
from app.web.core.context import SettingsDep, StoreDep
from app.web.core.form_data import FormDep
from app.web.core.page import edge, page
from app.web.core.words import ago

router = APIRouter(include_in_schema=False)
PILLS = {"finished": "finished", "failed": "failed", "diverged": "failed"}


@router.get("/notifications")
def notifications(request: Request, store: StoreDep, settings: SettingsDep, tested: str = "") -> HTMLResponse:
    """Return what happened to the reader's runs and sweeps, the newest first."""
    return _page(request, store, mail=bool(settings.smtp_url.get_secret_value()), tested=bool(tested))


@router.post("/notifications/read")
def read(store: StoreDep, data: FormDep) -> RedirectResponse:
    """Mark what the page has shown as read."""
    newest = data.get("newest", "")
    if newest.isascii() and newest.isdecimal() and len(newest) < 10:
        store.read_notices(int(newest))
    return RedirectResponse("/notifications", 303)


@router.post("/notifications/channels")
def add(request: Request, store: StoreDep, settings: SettingsDep, data: FormDep) -> Response:
    """Send notifications elsewhere, too."""
    kind, target = data.get("kind", ""), data.get("target", "")
    try:
        store.add_channel(kind, target, of_all=data.get("of_all") == "1")
    except FieldError as error:
        mail = bool(settings.smtp_url.get_secret_value())
        return _page(request, store, 422, mail=mail, error=f"This {error.message}.", kind=kind, target=target)
    return RedirectResponse("/notifications#elsewhere", 303)


@router.post("/notifications/channels/{channel_id}/remove")
def remove(store: StoreDep, channel_id: str) -> RedirectResponse:
    """Send no more there."""
    store.remove_channel(channel_id)
    return RedirectResponse("/notifications#elsewhere", 303)


@router.post("/notifications/channels/{channel_id}/test")
def test(store: StoreDep, channel_id: str) -> RedirectResponse:
    """Send a test there."""
    store.test_channel(channel_id)
    return RedirectResponse("/notifications?tested=1#elsewhere", 303)


def _page(request: Request, store: Store, status: int = 200, **more: Any) -> HTMLResponse:
    rows = [_row(notice) for notice in store.notices() if notice.kind != "test"]
    places = [_place(channel) for channel in store.channels()]
    about: dict[str, Any] = {"error": "", "kind": "webhook", "target": "", "tested": False, **more}
    return page(
        request, "notifications/notifications.html", status, rows=rows, unread=any(not row["read"] for row in rows),
        newest=rows[0]["id"] if rows else 0, channels=places, shell=edge(request, store), **about,
    )  # fmt: skip


def _row(notice: Notice) -> dict[str, Any]:
    return {
        **notice.model_dump(),
        "when": ago(notice.at),
        "path": f"/{notice.what}s/{notice.key}" + ("#comments" if notice.kind == "comment" else ""),
        "pill": PILLS.get(notice.kind, ""),
    }


def _place(channel: Channel) -> dict[str, Any]:
    """Return a place; of a webhook only the host, since who knows the rest may post there."""
    parts = urlsplit(channel.target)
    shown = channel.target if channel.kind == "email" else f"{parts.scheme}://{parts.hostname}/…{channel.target[-4:]}"
    return {**channel.model_dump(), "target": shown}
