"""Workers are paused and drained, runs taken back and messages shown, on the pages, over the API and by commands."""

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import app as commands
from app.store import Store
from tests.app.conftest import Hand

ID = "gpu-1:42:cpu"


@pytest.fixture
def worker(store: Store) -> str:
    store.register_worker(ID, host="gpu-1", pid=42, queue="cpu", device="cpu", slots=1, versions={})
    return ID


def test_a_worker_is_drained_on_its_page(client: httpx.Client, store: Store, worker: str, hand: Hand) -> None:
    run = hand.run(start=False)
    assert store.claim("cpu", worker) is not None
    store.worker_seen(worker, [run.id])
    assert client.post(f"/workers/{worker}/mode", data={"mode": "draining"}).status_code == 303
    assert ">draining<" in client.get("/workers").text
    assert client.post(f"/runs/{run.id}/move", data={"worker": worker}).status_code == 303
    store.worker_seen(worker, [])
    assert "drained: empty" in client.get("/workers").text
    assert store.run(run.id).state == "queued"
    assert client.post(f"/workers/{worker}/mode", data={"mode": "working"}).status_code == 303
    assert ">idle<" in client.get("/workers").text
    assert client.post(f"/workers/{worker}/mode", data={"mode": "asleep"}).status_code == 422


def test_the_same_over_the_api(client: httpx.Client, worker: str) -> None:
    path = f"/api/v1/workers/{worker}/mode"
    (paused,) = client.post(path, json={"mode": "paused"}).json()["items"]
    assert (paused["mode"], paused["trouble"]) == ("paused", "an admin has paused them")
    assert client.post(path, json={"mode": "asleep"}).status_code == 422
    assert client.post("/api/v1/workers/nobody/mode", json={"mode": "paused"}).status_code == 404


def test_a_paused_worker_raises_no_alarm(client: httpx.Client, store: Store, worker: str) -> None:
    def troubled() -> str:
        (line,) = [
            each for each in client.get("/metrics").text.splitlines() if each.startswith("ticketscope_workers_tr")
        ]
        return line.rpartition(" ")[2]

    store.worker_seen(worker, [], trouble="the disk is full")
    assert float(troubled()) == 1
    store.steer_worker(worker, "paused")
    assert float(troubled()) == 0
    assert "accept no work" not in client.get("/workers").text


def test_a_message_is_on_every_page_until_it_is_removed(client: httpx.Client) -> None:
    form = {"text": "New disks <tonight>", "begins_at": "2026-12-24T18:00"}
    assert client.post("/maintenance", data=form).status_code == 303
    for path in ("/", "/queue", "/workers", "/bin", "/new"):
        page = client.get(path).text
        assert "From 2026-12-24 18:00 UTC:" in page, path
        assert "New disks &lt;tonight&gt;" in page, path
    assert client.get("/api/v1/maintenance").json()["text"] == "New disks <tonight>"
    assert client.post("/maintenance", data={"text": "x", "begins_at": "soon"}).status_code == 422
    assert client.post("/api/v1/maintenance", json={"text": ""}).json() is None
    assert "New disks" not in client.get("/").text


def test_commands_steer_a_worker(store: Store, worker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETSCOPE_DATABASE_URL", store.database_url)
    monkeypatch.setenv("TICKETSCOPE_ARTIFACTS_URL", store.artifacts_url)
    runner = CliRunner()
    done = runner.invoke(commands, ["drain", worker])
    assert (done.exit_code, store.workers()[0].mode) == (0, "draining")
    assert "It is empty." in done.output
    assert runner.invoke(commands, ["resume-worker", worker]).exit_code == 0
    assert runner.invoke(commands, ["pause", worker]).exit_code == 0
    assert store.workers()[0].mode == "paused"
    assert runner.invoke(commands, ["drain", "nobody"]).exit_code == 1
