"""Metrics are well named, alike in every web where they are of the store, and all that the Grafana board shows."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import update

from app.main import create_app
from app.queue import Queue
from app.records import WorkerLoad
from app.settings import Settings
from app.store import Store
from app.store.sql import Now
from app.store.tables import runs, shards
from tests.app.conftest import Hand
from tests.app.in_process import in_process

BOARD = json.loads((Path(__file__).parents[4] / "deploy" / "grafana" / "ticketscope.json").read_text())
EXPRESSIONS = [target["expr"] for panel in BOARD["panels"] for target in panel["targets"]]
NAMES = sorted({name for text in EXPRESSIONS for name in re.findall(r"ticketscope_\w+", text)})
OF_A_PROCESS = {
    "ticketscope_http_request_seconds",
    "ticketscope_http_request_seconds_created",
    "ticketscope_live_viewers",
    "ticketscope_build_info",
    "ticketscope_store_up",
    "ticketscope_store_seconds",
    "ticketscope_artifact_errors",
}


def families(settings: Settings, store: Store) -> dict[str, Metric]:
    """What a web of this store says, after a request."""
    queue = Queue("")
    with in_process(create_app(settings, store, queue)) as client:
        client.get("/api/v1/runs")
        text = client.get("/metrics").text
    queue.close()
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(of: dict[str, Metric], name: str, **labels: str) -> float:
    """Return one sample."""
    samples = [item for family in of.values() for item in family.samples if item.name == name]
    return next(item.value for item in samples if item.labels == labels)


@pytest.fixture
def lab(store: Store, hand: Hand) -> Store:
    """A store with runs of all ages, and two workers of which one is busy."""
    hand.run()
    store.finish(hand.claim.shard_id, hand.claim.token)
    with store.database.write() as conn:
        conn.execute(update(shards).values(slot_s=20.0))
    waits = hand.run(start=False, device="gpu")
    with store.database.write() as conn:
        conn.execute(update(runs).where(runs.c.id == waits.id).values(created_at=Now() - 500))
    load = WorkerLoad(
        cpu_cores=1.5, memory_bytes=3, machine_cpu_share=0.25, machine_cores=8, machine_memory_bytes=5,
        machine_memory_total_bytes=10, disk_free_bytes=7, gpu_share=0.5, gpu_memory_bytes=1, gpu_memory_total_bytes=2,
        clock_s=1.0,
    )  # fmt: skip
    for name in ("busy", "full"):
        store.register_worker(name, host="h", pid=1, queue="cpu", device="x", slots=2, versions={})
    store.worker_seen("busy", ["a run"], load)
    store.worker_seen("full", [], load, "the disk is full")
    return store


def test_what_someone_on_call_needs(lab: Store, settings: Settings) -> None:
    lab.artifacts_store.put(b"x")
    folder = lab.artifacts_store.folder
    assert folder is not None
    damaged = next(path for path in folder.rglob("*") if len(path.name) == 64)
    damaged.write_bytes(b"y")
    with pytest.raises(OSError, match="damaged"):
        lab.artifacts_store.get(damaged.name)
    with pytest.raises(FileNotFoundError):
        lab.artifacts_store.get("0" * 64)
    now = families(settings, lab)
    assert value(now, "ticketscope_queued_replicates", queue="gpu") == 1
    assert 500 <= value(now, "ticketscope_oldest_queued_seconds", queue="gpu") < 600
    assert value(now, "ticketscope_oldest_queued_seconds", queue="cpu") == 0
    assert value(now, "ticketscope_slots", queue="cpu") == 4
    assert value(now, "ticketscope_running_replicates", queue="cpu") == 1
    assert value(now, "ticketscope_workers_troubled") == 1
    assert value(now, "ticketscope_events_total") == sum(lab.last_seqs().values())
    assert value(now, "ticketscope_replicate_slot_seconds_bucket", le="10.0") == 0
    assert value(now, "ticketscope_replicate_slot_seconds_bucket", le="60.0") == 1
    assert value(now, "ticketscope_replicate_slot_seconds_count") == 1
    assert value(now, "ticketscope_replicate_slot_seconds_sum") == 20.0
    assert value(now, "ticketscope_store_up") == 1
    assert 0 < value(now, "ticketscope_store_seconds") < 5
    assert value(now, "ticketscope_artifact_errors_total") == 1


def test_two_webs_say_the_same_of_the_store(lab: Store, settings: Settings) -> None:
    one, other = families(settings, lab), families(settings, lab)
    assert set(one) == set(other)
    of_the_store = set(one) - OF_A_PROCESS - {"ticketscope_oldest_queued_seconds"}
    assert len(of_the_store) > 15
    for name in of_the_store:
        assert one[name].samples == other[name].samples, name


@pytest.mark.parametrize("name", NAMES)
def test_the_board_shows_what_there_is(lab: Store, settings: Settings, name: str) -> None:
    assert name in {item.name for family in families(settings, lab).values() for item in family.samples}


def test_names_are_those_of_prometheus(lab: Store, settings: Settings) -> None:
    for family in families(settings, lab).values():
        assert re.fullmatch(r"ticketscope(_[a-z0-9]+)+", family.name)
        assert family.documentation.endswith("."), family.name
        assert family.type in ("gauge", "counter", "histogram")
        for item in family.samples:
            assert (item.name.endswith("_total")) == (family.type == "counter"), item.name


def test_without_a_database_the_rest_is_said(store: Store, settings: Settings) -> None:
    path = store.database.path
    assert path is not None
    queue = Queue("")
    with in_process(create_app(settings, store, queue)) as client:
        client.get("/metrics")
        store.close()
        path.write_bytes(b"no database" * 500)
        path.with_name(f"{path.name}-wal").unlink(missing_ok=True)
        text = client.get("/metrics").text
    queue.close()
    assert "ticketscope_store_up 0.0" in text
    assert "ticketscope_runs{" not in text


def test_the_board_is_one_that_grafana_reads() -> None:
    assert {"title", "uid", "schemaVersion", "panels", "templating", "time"} <= set(BOARD)
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"]) > 15
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}  # fmt: skip
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
        for target in panel["targets"]:
            assert target["expr"].count("(") == target["expr"].count(")")
