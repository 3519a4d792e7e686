"""While another process holds the lock of the database: writes answer within five seconds, reads go on."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from app.store.database import WRITE_PATIENCE_S
from tests.app.conftest import Hand, Serve
from tests.app.imports.files import Network

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
# What a person waits for; beyond it the client raises.
PATIENCE_S = 5.0
HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
connection.execute("ROLLBACK")
"""


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process holds the write lock for as long as the block lasts."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    try:
        yield
    finally:
        holder.communicate()


@pytest.fixture
def database(settings: Settings) -> Path:
    return settings.data_dir / "ticketscope.db"


@pytest.fixture
def client(settings: Settings, store: Store, no_broker: Queue, serve: Serve) -> Iterator[httpx.Client]:
    own = Store(settings.resolved_database_url, settings.resolved_artifacts_url, patience_s=WRITE_PATIENCE_S)
    web = serve(create_app(settings, own, no_broker))
    with httpx.Client(base_url=web.url, timeout=PATIENCE_S, trust_env=False) as client:
        yield client
    own.close()


def test_every_write_is_answered_in_time_and_reads_go_on(
    client: httpx.Client, hand: Hand, store: Store, database: Path
) -> None:
    run = hand.run().id
    binned = hand.run(start=False).id
    cancelled = hand.run(start=False).id
    store.cancel_run(cancelled)
    store.bin_run(binned)
    spec = store.run(run).spec.model_dump(mode="json")
    grown = {**spec, "replicates": 2}
    masks = ("mask.safetensors", Network(1).masks_alone(0))
    api, form = "/api/v1", {"headers": BROWSER}
    writes: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"{api}/runs", {"json": {"preset": "digits-tickets"}}),
        ("PATCH", f"{api}/runs/{run}", {"json": {"notes": "x"}}),
        ("DELETE", f"{api}/runs/{run}", {}),
        ("DELETE", f"{api}/runs/{binned}?purge=true", {}),
        ("DELETE", f"{api}/bin", {}),
        ("POST", f"{api}/runs/{binned}/restore", {}),
        ("POST", f"{api}/runs/{run}/cancel", {}),
        ("POST", f"{api}/runs/{cancelled}/resume", {}),
        ("POST", f"{api}/runs/{run}/clone", {}),
        ("POST", f"{api}/runs/{run}/again", {}),
        ("POST", f"{api}/runs/{run}/extend", {"json": {"spec": grown}}),
        ("POST", f"{api}/imports", {"files": [("files", masks)]}),
        ("POST", "/presets/digits-tickets/run", form),
        ("POST", f"/runs/{run}/edit", {**form, "data": {"name": "a", "tags": "b", "notes": "c"}}),
        ("POST", f"/runs/{run}/cancel", form),
        ("POST", f"/runs/{cancelled}/resume", form),
        ("POST", f"/runs/{run}/again", form),
        ("POST", f"/runs/{run}/bin", form),
        ("POST", f"/runs/{binned}/restore", form),
        ("POST", f"/runs/{binned}/purge", form),
        ("POST", "/bin/empty", form),
        ("POST", "/import", {**form, "files": [("files", masks)]}),
    ]
    reads = [
        "/",
        f"/runs/{run}",
        f"{api}/runs",
        f"{api}/runs/{run}/events",
        "/workers",
        "/readyz",
        "/healthz",
        "/metrics",
    ]
    answers = []
    with locked(database), ThreadPoolExecutor(len(writes)) as pool:
        for method, path, sent in writes:
            answers.append(pool.submit(client.request, method, path, **sent))
            time.sleep(0.05)  # all wait at once, but their answers are not written at the same moment
        assert {path: client.get(path).status_code for path in reads} == dict.fromkeys(reads, 200)
        for (method, path, sent), future in zip(writes, answers, strict=True):
            answer = future.result()
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "5"), (method, path, answer.text)
            assert "Another process has locked the database" in answer.text
            kind = "text/html; charset=utf-8" if "headers" in sent else "application/problem+json"
            assert answer.headers["content-type"] == kind
    assert store.run(run).state == "running"
    assert client.patch(f"{api}/runs/{run}", json={"notes": "x"}).json()["notes"] == "x"


def test_a_refused_form_goes_back_with_what_was_typed_and_can_be_sent_again(
    client: httpx.Client, hand: Hand, store: Store, database: Path
) -> None:
    run = hand.run().id
    typed = {"name": 'a "name" & <b>', "tags": "one, two", "notes": "first\r\nsecond"}
    with locked(database):
        answer = client.post(f"/runs/{run}/edit", data=typed, headers=BROWSER)
    assert answer.status_code == 503
    assert "Nothing you typed is lost" in answer.text
    fields = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', answer.text)
    again = {name: unescape(value) for name, value in fields}
    assert again == typed
    assert client.post(f"/runs/{run}/edit", data=again).status_code == 303
    found = store.run(run)
    assert (found.name, found.tags, found.notes) == (typed["name"], ("one", "two"), "first\nsecond")


def test_a_password_does_not_come_back_in_the_page(client: httpx.Client, store: Store, database: Path) -> None:
    store.switch_accounts_on()
    data = {"name": "ada", "password": "correct horse battery"}
    with locked(database):
        answer = client.post("/login", data=data, headers=BROWSER)
    assert answer.status_code == 503
    assert "go back" in answer.text
    assert data["password"] not in answer.text
