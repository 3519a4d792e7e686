"""Archives over the API, on the page, and from the command line of another process."""

import io
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from app.kinds.presets import PRESETS
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from tests.app.archives.conftest import elsewhere as elsewhere
from tests.app.commands import Forked, environment
from tests.app.conftest import Hand, Serve, Web
from tests.app.in_process import in_process
from tests.app.masked_run import write_run
from tests.app.reading import unmarked
from tests.app.web.sound import HTML, sound


def _bytes(client: httpx.Client, address: str) -> bytes:
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].endswith('.ticketscope.zip"')
    return answer.content


def test_a_dry_run_checks_and_an_import_stores(
    client: httpx.Client, store: Store, settings: Settings, no_broker: Queue, elsewhere: Callable[[], Store]
) -> None:
    masked = write_run(store, {"fc1": (6, 8)})
    one = _bytes(client, f"/api/v1/runs/{masked.id}/archive")
    assert _bytes(client, "/api/v1/archive?q=name:masked")[:100] == one[:100]
    assert zipfile.ZipFile(io.BytesIO(one)).testzip() is None
    other = elsewhere()
    with in_process(create_app(settings, other, no_broker)) as there:
        answer = there.post("/api/v1/archives?dry_run=true", files={"file": one})
        assert answer.status_code == 200
        assert answer.json()["message"] == "1 run will be imported."
        assert other.runs().items == ()
        answer = there.post("/api/v1/archives", files={"file": one})
        assert answer.status_code == 201
        assert answer.json()["message"] == "1 run imported."
        assert answer.json()["items"] == [
            {"what": "run", "id": masked.id, "name": "masked", "state": "finished", "was": "finished", "fate": "new",
             "differs": "", "imported_as": masked.id}
        ]  # fmt: skip
        assert other.run(masked.id).name == "masked"
        assert there.post("/api/v1/archives", files={"file": one}).json()["message"] == (
            "0 runs imported; 1 is here already and equal."
        )
        other.update_run(masked.id, name="mine")
        answer = there.post("/api/v1/archives", files={"file": one})
        assert answer.status_code == 409
        assert f"run {masked.id} is here already, with another name" in answer.json()["detail"]
        answer = there.post("/api/v1/archives?dry_run=true", files={"file": one})
        assert answer.json()["message"] == "Nothing can be imported with these ids: 1 is here as another run."
        assert there.post("/api/v1/archives?new_ids=true", files={"file": one}).status_code == 201
        assert len(other.runs().items) == 2


def test_a_sweep_is_exported_and_imported_over_the_api_and_on_the_page(
    client: httpx.Client, store: Store, settings: Settings, no_broker: Queue, elsewhere: Callable[[], Store]
) -> None:
    spec = PRESETS["digits-tickets"].spec.model_dump(mode="json")
    body = {"spec": spec, "axes": {"seed": {"values": [1, 2]}}, "name": "Which seed?"}
    sweep = client.post("/api/v1/sweeps", json=body).json()["id"]
    address = f"/api/v1/sweeps/{sweep}/archive"
    assert f'href="{address}"' in client.get(f"/sweeps/{sweep}", headers=HTML).text
    whole = _bytes(client, address)
    assert client.get("/api/v1/sweeps/nothing/archive").status_code == 404
    other = elsewhere()
    with in_process(create_app(settings, other, no_broker)) as there:
        dry = there.post("/api/v1/archives?dry_run=true", files={"file": whole}).json()
        assert dry["message"] == "2 runs and 1 sweep will be imported."
        assert [(item["what"], item["was"], item["state"]) for item in dry["items"]] == [
            ("run", "queued", "cancelled"), ("run", "queued", "cancelled"), ("sweep", "running", "finished")
        ]  # fmt: skip
        assert other.sweeps().items == ()
        text = unmarked(there.post("/archives", files={"file": whole}, headers=HTML).text)
        assert "2 runs and 1 sweep imported." in text
        assert f'href="/sweeps/{sweep}">Which seed?</a>' in text
        assert other.sweep(sweep).counts == {"cancelled": 2}
        answer = there.post("/api/v1/archives", files={"file": whole})
        assert answer.json()["message"] == "0 runs imported; 3 are here already and equal."
        other.update_sweep(sweep, name="mine")
        answer = there.post("/api/v1/archives", files={"file": whole})
        assert f"sweep {sweep} is here already, with another name" in answer.json()["detail"]
        dry = there.post("/api/v1/archives?dry_run=true", files={"file": whole}).json()
        assert dry["message"] == "Nothing can be imported with these ids: 1 is here as another sweep."


def test_bad_requests_are_told_in_words(client: httpx.Client, store: Store, hand: Hand) -> None:
    assert client.get("/api/v1/runs/nothing/archive").status_code == 404
    assert client.get("/api/v1/archive").json()["errors"][0]["path"] == "runs"
    assert client.get("/api/v1/archive?q=name:nothing").status_code == 404
    assert client.get("/api/v1/archive?q=nonsense:1").json()["errors"][0]["path"] == "q"
    requests: list[dict[str, Any]] = [
        {"files": {"other": b"x"}}, {"data": {"file": "x"}}, {"json": {}}, {"files": {"file": b"x"}, "data": {"a": "b"}}
    ]  # fmt: skip
    for request in requests:
        assert client.post("/api/v1/archives", **request).json()["errors"][0]["path"] == "file"
    answer = client.post("/api/v1/archives", files={"file": b"PK nonsense"})
    assert answer.status_code == 422
    assert "not a whole zip file" in answer.json()["detail"]
    run = hand.run()
    lost = hand.save("ticket", b"bytes", media_type="application/vnd.safetensors")
    store.artifacts_store.delete(lost)
    answer = client.get(f"/api/v1/runs/{run.id}/archive")
    assert answer.status_code == 409
    assert "are lost" in answer.json()["detail"]


def test_the_page_imports_and_the_board_exports_without_a_script(client: httpx.Client, store: Store) -> None:
    masked = write_run(store, {"fc1": (6, 8)})
    sound(client.get("/archives", headers=HTML).text)
    assert f'href="/api/v1/runs/{masked.id}/archive"' in client.get(f"/runs/{masked.id}", headers=HTML).text
    text = unmarked(client.post("/bulk", data={"action": "export", "run": masked.id}, headers=HTML).text)
    assert "1 run with " in text
    assert "of artifacts will be exported as one file." in text
    archive = client.post("/export", data={"runs": masked.id})
    assert archive.headers["content-type"] == "application/zip"
    answer = client.post("/archives", files={"file": archive.content}, data={"new_ids": "true"}, headers=HTML)
    assert answer.status_code == 200
    sound(answer.text)
    answer = client.post("/archives", files={"file": b"nonsense"}, headers=HTML)
    assert answer.status_code == 422
    assert "not a whole zip file" in unmarked(answer.text)
    assert "No run is chosen." in client.post("/bulk", data={"action": "export"}, headers=HTML).text


def test_the_commands_move_runs_between_servers(
    web: Web, store: Store, settings: Settings, no_broker: Queue, serve: Serve, elsewhere: Callable[[], Store],
    forked: Forked, tmp_path: Path,
) -> None:  # fmt: skip
    masked = write_run(store, {"fc1": (6, 8)})
    other = elsewhere()
    there = serve(create_app(settings, other, no_broker))
    file = tmp_path / "one.zip"

    def cli(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return forked({**environment(tmp_path), "NO_COLOR": "1"}, *arguments, "--url", url)

    done = cli(web.url, "export", masked.id, "-o", str(file))
    assert (done.returncode, f"{file.stat().st_size:,} bytes" in done.stdout) == (0, True)
    assert "exists already" in cli(web.url, "export", masked.id, "-o", str(file)).stderr
    assert "finds no run" in cli(web.url, "export", "name:nothing", "-o", str(tmp_path / "two.zip")).stderr
    assert not (tmp_path / "two.zip").exists()
    assert "1 run will be imported." in cli(there.url, "import-archive", str(file), "--dry-run").stdout
    assert "1 run imported." in cli(there.url, "import-archive", str(file)).stdout
    assert other.run(masked.id).state == "finished"
    assert "1 run imported." in cli(there.url, "import-archive", str(file), "--new-ids").stdout
    assert len(other.runs().items) == 2
    assert "cannot be read" in cli(there.url, "import-archive", str(tmp_path / "two.zip")).stderr
    body = {"preset": "digits-tickets", "axes": {"seed": {"values": [1]}}}
    sweep = web.client.post("/api/v1/sweeps", json=body).json()["id"]
    swept = tmp_path / "sweep.zip"
    assert cli(web.url, "export", "--sweep", sweep, "-o", str(swept)).returncode == 0
    assert "there is no sweep" in cli(web.url, "export", "--sweep", "nothing", "-o", str(tmp_path / "two.zip")).stderr
    assert "1 run and 1 sweep imported." in cli(there.url, "import-archive", str(swept)).stdout
    assert other.sweep(sweep).counts == {"cancelled": 1}
