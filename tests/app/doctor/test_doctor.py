"""Each check finds the fault that it is for, in a real store with real servers, and says what to do."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from app.broker import free_port
from app.doctor.finding import Finding
from app.doctor.look import look
from app.records import WorkerLoad
from app.settings import Settings
from app.store import Store
from app.store.sql import Now
from app.store.tables import installation, shards, workers
from tests.app.commands import Forked, environment
from tests.app.conftest import Hand, Web

Look = Callable[..., list[Finding]]


@pytest.fixture
def look_at(settings: Settings, store: Store) -> Look:
    """What is at fault or may be, in a store that is otherwise well."""

    def look_at(check: str, **changed: object) -> list[Finding]:
        now = Settings.model_validate({**settings.model_dump(), "port": free_port(), **changed})
        return [item for item in look(now, store) if item.check == check and item.state != "ok"]

    return look_at


def worker(store: Store, name: str, load: WorkerLoad | None = None, *, trouble: str = "", **versions: str) -> None:
    store.register_worker(name, host="h", pid=1, queue="cpu", device="cpu", slots=1, versions=versions)
    store.worker_seen(name, [], load, trouble)


def load(clock_s: float) -> WorkerLoad:
    return WorkerLoad(
        cpu_cores=1, memory_bytes=1, machine_cpu_share=0, machine_cores=1, machine_memory_bytes=1,
        machine_memory_total_bytes=2, disk_free_bytes=2**40, clock_s=clock_s,
    )  # fmt: skip


def test_nothing_is_wrong_with_a_lab_that_works(web: Web, settings: Settings, store: Store, valkey: str) -> None:
    worker(store, "a", load(store.clock()), python="3.11")
    worker(store, "b", python="3.11")
    port = int(web.url.rpartition(":")[2])
    now = Settings.model_validate({**settings.model_dump(), "port": port, "broker_url": valkey})
    findings = list(look(now, store))
    # The web of the tests has no broker.
    assert {item.check for item in findings if item.state != "ok"} == {"web"}
    assert {item.check for item in findings} == {
        "store", "room", "broker", "artifacts", "web", "workers", "versions", "clock", "shards", "access", "secrets",
    }  # fmt: skip


def test_a_store_of_another_version(look_at: Look, store: Store) -> None:
    with store.database.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    (item,) = look_at("store")
    assert item.state == "fault"
    assert "revision 9999" in item.what


def test_a_damaged_store(look_at: Look, store: Store, hand: Hand) -> None:
    hand.run()
    path = store.database.path
    assert path is not None
    with store.database.writer.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    # Pages of the middle: the schema at the beginning can still be read.
    data[len(data) // 2 : len(data) // 2 + 8192] = b"\xff" * 8192
    path.write_bytes(data)
    (item,) = look_at("store")
    assert item.state == "fault"
    assert "damaged" in item.what
    assert "restore" in item.do + item.what


def test_a_broker_that_is_down(look_at: Look) -> None:
    (item,) = look_at("broker", broker_url=f"redis://127.0.0.1:{free_port()}/0")
    assert (item.state, item.what[:15]) == ("fault", "does not answer")


def test_artifacts_that_cannot_be_written(look_at: Look, store: Store) -> None:
    root = store.artifacts_store.folder
    assert root is not None
    root.write_bytes(b"a file in the place of the folder")
    (item,) = look_at("artifacts")
    assert item.state == "fault"
    assert "may write there" in item.do


def test_artifacts_of_another_database(look_at: Look, store: Store) -> None:
    assert look_at("artifacts") == []
    with store.database.write() as conn:
        conn.execute(update(installation).values(id="0" * 32))
    (item,) = look_at("artifacts")
    assert "belong to another database" in item.what


def test_the_probe_leaves_nothing(look_at: Look, store: Store) -> None:
    assert look_at("artifacts") == []
    assert store.artifacts_store.hashes() == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield disk
    subprocess.run(["umount", str(disk)], check=False)


def test_a_disk_that_is_nearly_full(look_at: Look, small_disk: Path) -> None:
    assert look_at("room") == []
    (item,) = look_at("room", data_dir=small_disk)
    assert (item.state, str(small_disk) in item.what) == ("fault", True)


def test_no_web(look_at: Look) -> None:
    (item,) = look_at("web")
    assert item.state == "warning"
    assert "ticketscope up" in item.do


def test_no_worker_for_what_waits(look_at: Look, store: Store, hand: Hand) -> None:
    (item,) = look_at("workers")
    assert (item.state, item.what) == ("warning", "none is alive")
    hand.run(start=False, device="gpu")
    worker(store, "a")
    (item,) = look_at("workers")
    assert (item.state, item.what) == ("fault", "replicates wait without a worker for them: 1 for gpu")


def test_workers_in_trouble_or_silent(look_at: Look, store: Store) -> None:
    worker(store, "full", trouble="the disk is full")
    worker(store, "gone")
    store.worker_seen("gone", ["a run"], None)
    with store.database.write() as conn:
        conn.execute(update(workers).where(workers.c.id == "gone").values(seen_at=Now() - 600))
    full, gone = look_at("workers")
    assert (full.state, full.what) == ("fault", "full accepts no work: the disk is full")
    assert (gone.state, gone.what) == ("warning", "gone was silent for 10 min with runs in its hands")


def test_workers_of_several_versions(look_at: Look, store: Store) -> None:
    worker(store, "a", torch="2.1")
    worker(store, "b", torch="2.2")
    (item,) = look_at("versions")
    assert (item.state, item.what.partition(":")[0]) == ("warning", "workers differ in torch")
    worker(store, "c", ticketscope="0.0.1")
    (item,) = look_at("versions")
    assert item.state == "fault"
    assert "c has 0.0.1" in item.what


def test_a_worker_with_a_wrong_clock(look_at: Look, store: Store) -> None:
    worker(store, "a", load(store.clock() + 3600))
    worker(store, "b", load(store.clock()))
    (item,) = look_at("clock")
    assert item.state == "fault"
    assert "a is 3,6" in item.what
    assert "ahead of the database" in item.what


def test_a_shard_that_nobody_moves_on(look_at: Look, store: Store, hand: Hand) -> None:
    run = hand.run()
    assert look_at("shards") == []
    with store.database.write() as conn:
        conn.execute(update(shards).values(lease_until=Now() - 100))
    (item,) = look_at("shards")
    assert item.state == "fault"
    assert item.what.startswith(f"replicate 0 of run {run.id} is held by hand, silent for 10")
    store.reap()
    assert look_at("shards") == []


def test_a_door_that_is_open(look_at: Look, store: Store) -> None:
    (item,) = look_at("access", host="0.0.0.0")
    assert (item.state, item.do[:23]) == ("fault", "`ticketscope accounts o")
    (item,) = look_at("access", host="0.0.0.0", unguarded=True)
    assert item.state == "warning"
    store.switch_accounts_on()
    assert look_at("access", host="0.0.0.0") == []


def test_secrets_that_others_can_read(look_at: Look, settings: Settings, store: Store) -> None:
    # The folders of pytest are closed to others.
    for folder in (settings.data_dir, *settings.data_dir.parents):
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    secret = settings.data_dir / "valkey.conf"
    secret.write_text("requirepass x")
    secret.chmod(0o644)
    (item,) = look_at("secrets")
    assert item.state == "fault"
    assert f"chmod o-rwx {secret}" in item.do
    secret.chmod(0o600)
    assert look_at("secrets") == []
    store.switch_accounts_on()
    (item,) = look_at("secrets")
    assert "ticketscope.db" in item.what


def test_the_command_ends_with_what_it_has_found(forked: Forked, migrated: Path, tmp_path: Path) -> None:
    shutil.copy(migrated, tmp_path / "ticketscope.db")
    well = forked(environment(tmp_path), "doctor", "--json")
    assert (well.returncode, well.stderr) == (0, "")
    assert {"check": "store", "state": "ok"}.items() <= json.loads(well.stdout)[0].items()
    ill = forked(environment(tmp_path, BROKER_URL=f"redis://127.0.0.1:{free_port()}/0"), "doctor")
    assert ill.returncode == 1
    assert "does not answer" in ill.stdout
