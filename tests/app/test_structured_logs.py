"""As JSON each line has the ids of its request, run, shard and worker, and none has a secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from app import logs
from app.store import Store
from app.store.tables import users
from tests.app.conftest import Hand
from tests.app.in_process import in_process

PASSWORD = "correct horse battery"


class Written:
    """What was logged, as text and as one object a line."""

    def __init__(self, stream: io.StringIO) -> None:
        self._stream = stream

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """Logs as JSON, of everything down to the finest."""
    root, stream = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    monkeypatch.setattr("sys.stderr", stream)
    logs.set_up("json")
    for name in ("app", "workers", "uvicorn", "sqlalchemy.pool"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield Written(stream)
    for name in ("app", "workers", "uvicorn", "sqlalchemy.pool"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    root.handlers[:] = before
    root.setLevel(level)


def test_one_search_follows_a_run(client: httpx.Client, written: Written, store: Store, hand: Hand) -> None:
    answer = client.post("/api/v1/runs", json={"preset": "digits-tickets"}, headers={"X-Request-ID": "from-a-proxy.1"})
    assert answer.headers["x-request-id"] == "from-a-proxy.1"
    run = answer.json()["id"]
    submitted = next(line for line in written.lines if line.get("run") == run)
    assert (submitted["message"], submitted["request"]) == ("a run was submitted", "from-a-proxy.1")
    asked = next(line for line in written.lines if line["message"] == "POST /api/v1/runs: 201")
    assert (asked["request"], asked["status"], asked["level"]) == ("from-a-proxy.1", 201, "info")
    client.get(f"/api/v1/runs/{run}")
    asked = next(line for line in written.lines if line["message"] == "GET /api/v1/runs/{run_id}: 200")
    assert asked["run"] == run
    hand.begin()
    with logs.bound(run=hand.claim.run_id, worker="hand"):
        store.finish(hand.claim.shard_id, hand.claim.token)
    ended = next(line for line in written.lines if line["message"] == "a replicate has ended: finished")
    assert (ended["run"], ended["worker"], ended["shard"]) == (run, "hand", hand.claim.shard_id)


@pytest.mark.parametrize("sent", ["", "a b", "x" * 65, '{"level":"error"}', "é", "a\x7f"])
def test_an_id_that_is_none_is_replaced(client: httpx.Client, sent: str) -> None:
    given = client.get("/healthz", headers=[(b"X-Request-ID", sent.encode())]).headers["x-request-id"]
    assert given != sent
    assert logs.SANE_ID.fullmatch(given)


def test_each_request_has_an_id_of_its_own(client: httpx.Client) -> None:
    ids = {client.get(path).headers["x-request-id"] for path in ("/", "/", "/nowhere", "/static/none", "/healthz")}
    assert len(ids) == 5


def test_no_secret_is_logged(app: FastAPI, written: Written, store: Store) -> None:
    link = store.switch_accounts_on()
    assert link
    app.state.accounts.look()
    with in_process(app) as client:
        assert "password" in client.get("/join", params={"link": link}).text
        data = {"link": link, "name": "mia", "password": PASSWORD, "again": PASSWORD}
        assert client.post("/join", data=data).status_code == 303
        client.cookies.clear()
        assert client.post("/login", data={"name": "mia", "password": PASSWORD}).status_code == 303
        session = next(iter(client.cookies.values()))
        assert client.get("/api/v1/runs").status_code == 200
    with store.database.read() as conn:
        user: str = conn.scalars(select(users.c.id)).one()
    token = store.new_token(user, "a script", "read", 1)
    with in_process(app) as client:
        assert client.get("/api/v1/runs", headers={"Authorization": f"Bearer {token}"}).status_code == 200
        client.get("/api/v1/runs", params={"token": token})
        client.get(f"/published/{token}")
    assert any(line["message"].startswith("POST /login") for line in written.lines)
    for secret in (link, PASSWORD, session, token):
        assert secret not in written.text


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("GET /join?link=abc123&x=1", "abc123"),
        ("Authorization: Bearer abc123", "abc123"),
        ("postgresql://lab:abc123@db/x is away", "abc123"),
        ("redis://:abc123@127.0.0.1:1/0", "abc123"),
        ("{'password': 'abc123'}", "abc123"),
        ("/published/abc123/live failed", "abc123"),
        ("cookie: abc123", "abc123"),
    ],
)
@pytest.mark.parametrize("formatter", [logs.Json(), logs.Text("%(message)s")])
def test_secrets_become_stars(text: str, secret: str, formatter: logging.Formatter) -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 0, "%s", (text,), None)
    assert secret not in formatter.format(record)
    assert "***" in formatter.format(record)


def test_a_message_cannot_become_two_lines() -> None:
    record = logging.LogRecord("x", logging.ERROR, "", 0, 'a\n{"level": "info"}', (), None)
    assert len(logs.Json().format(record).splitlines()) == 1


def test_text_stays_what_went_wrong(client: httpx.Client, capsys: pytest.CaptureFixture[str]) -> None:
    client.post("/api/v1/runs", json={"preset": "digits-tickets"})
    assert capsys.readouterr().err == ""
