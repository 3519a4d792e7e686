"""Notifications over the API: listed page by page, and marked as read."""

import httpx

from app.store import Store
from app.store.notices import put
from tests.app.web.accounts.conftest import Lab

PATH = "/api/v1/notifications"


def happen(store: Store, n: int, who: str | None = None) -> None:
    with store._db.write() as conn:
        for number in range(n):
            put(conn, [who], "finished", "run", "0" * 10, f"number {number}")


def test_pages_hold_each_notification_once_though_new_ones_come(client: httpx.Client, store: Store) -> None:
    assert client.get(PATH).json() == {"items": [], "next": None}
    happen(store, 5)
    first = client.get(PATH, params={"limit": 2}).json()
    assert [item["text"] for item in first["items"]] == ["number 4", "number 3"]
    happen(store, 1)
    second = client.get(PATH, params={"limit": 2, "cursor": first["next"]}).json()
    last = client.get(PATH, params={"limit": 2, "cursor": second["next"]}).json()
    assert [item["text"] for item in second["items"] + last["items"]] == ["number 2", "number 1", "number 0"]
    assert last["next"] is None
    assert client.get(PATH, params={"limit": 3, "cursor": second["next"]}).json()["next"] is None


def test_what_was_seen_is_marked_as_read(client: httpx.Client, store: Store) -> None:
    happen(store, 3)
    newest = client.get(PATH).json()["items"][1]["id"]
    assert client.post(f"{PATH}/read", json={"up_to": newest}).json() == {"unread": 1}
    assert [item["read"] for item in client.get(PATH).json()["items"]] == [False, True, True]
    unread = client.get(PATH, params={"unread": True}).json()["items"]
    assert [item["text"] for item in unread] == ["number 2"]
    assert client.post(f"{PATH}/read", json={"up_to": 2**31 - 1}).json() == {"unread": 0}


def test_bad_requests_name_their_field(client: httpx.Client) -> None:
    for body in ({}, {"up_to": -1}, {"up_to": 2**31}, {"up_to": True}, {"up_to": "x"}):
        answer = client.post(f"{PATH}/read", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "up_to"), body
    for cursor in ("x", "-1", "²", "9" * 30, str(2**31)):
        answer = client.get(PATH, params={"cursor": cursor})
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "cursor"), cursor


def test_everybody_has_their_own(lab: Lab) -> None:
    happen(lab.store, 2, lab.ids["mia"])
    happen(lab.store, 1, lab.ids["max"])
    seen = {who: len(lab.client(who).get(PATH).json()["items"]) for who in ("mia", "read", "max", "ada", "vic")}
    assert seen == {"mia": 2, "read": 2, "max": 1, "ada": 0, "vic": 0}
    assert lab.client("max").post(f"{PATH}/read", json={"up_to": 2**31 - 1}).json() == {"unread": 0}
    assert [item["read"] for item in lab.client("mia").get(PATH).json()["items"]] == [False, False]
    assert lab.client("read").post(f"{PATH}/read", json={"up_to": 9}).status_code == 403
    assert lab.client("write").post(f"{PATH}/read", json={"up_to": 2**31 - 1}).json() == {"unread": 0}
