"""Imported masks are a finished run with its whole log, stored at once or not at all."""

import pytest

from app.contract.events import ArtifactSaved, Measured
from app.contract.experiment import FieldError
from app.contract.tickets import TicketKey
from app.kinds.imported.spec import ImportedSpec
from app.kinds.lottery.spec import LotterySpec
from app.store import Conflict, Store

SPEC = ImportedSpec(kind="imported", files=("a.safetensors", "b.safetensors"), layers=1, levels=1)
PROVENANCE = {"layers": [{"name": "fc1", "shape": [3, 4]}], "files": ["a.safetensors", "b.safetensors"]}


def outputs(store: Store) -> list[Measured | ArtifactSaved]:
    outputs: list[Measured | ArtifactSaved] = []
    for level in range(2):
        place = TicketKey(level=level)
        sha256, size = store.artifacts_store.put_pieces([b"mask", bytes([level])])
        outputs.append(Measured(series="layers", key=place, columns={"layer": [0.0], "kept": [12.0 - level]}))
        outputs.append(ArtifactSaved(key=place, name="mask", sha256=sha256, size_bytes=size, media_type="x/y"))
    return outputs


def test_it_is_finished_and_its_log_is_whole(store: Store) -> None:
    run = store.import_run(SPEC, [outputs(store)], PROVENANCE, name="mine", tags=["a"], notes="n")
    assert store.run(run.id) == run
    assert (run.kind, run.spec, run.state, run.provenance) == ("imported", SPEC, "finished", PROVENANCE)
    assert (run.name, run.tags, run.notes, run.error) == ("mine", ("a",), "n", None)
    assert (run.progress.done, run.progress.total) == (2, 2)
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.created_at <= run.started_at <= run.finished_at
    assert [(shard.replicate, shard.state) for shard in store.shards(run.id)] == [(0, "finished")]
    events = store.events(run.id)
    assert [event.event["kind"] for event in events] == [
        "started", "measured", "artifact_saved", "measured", "artifact_saved", "finished", "changed",
    ]  # fmt: skip
    assert [event.seq for event in events] == list(range(1, 8))
    assert run.last_seq == 7


def test_what_it_saved_and_measured_is_read_as_of_any_run(store: Store) -> None:
    run = store.import_run(SPEC, [outputs(store)], PROVENANCE, name="mine")
    assert store.series(run.id, "layers")["kept"].tolist() == [12, 11]
    assert store.series(run.id, "layers")["level"].tolist() == [0, 1]
    refs = store.artifacts(run.id)
    assert [(ref.name, ref.replicate, ref.key) for ref in refs] == [
        ("mask", 0, {"level": 0}),
        ("mask", 0, {"level": 1}),
    ]
    assert not any(store.sweep_artifacts(older_than_s=0))
    assert [store.artifacts_store.get(ref.id) for ref in refs] == [b"mask\x00", b"mask\x01"]


def test_it_is_found_by_its_kind_and_files_and_no_worker_gets_it(store: Store) -> None:
    run = store.import_run(SPEC, [[]], PROVENANCE, name="mine")
    assert [found.id for found in store.runs(kind="imported").items] == [run.id]
    assert [found.id for found in store.runs(q='dataset:"2 files"').items] == [run.id]
    assert store.claim("cpu", "w1") is None
    assert store.claim("gpu", "w1") is None
    assert store.queue_length() == {"any": 0, "cpu": 0, "gpu": 0}


def test_it_can_be_neither_resumed_nor_cancelled_nor_extended(store: Store, spec: LotterySpec) -> None:
    run = store.import_run(SPEC, [[]], PROVENANCE, name="mine")
    for change in (store.resume_run, store.cancel_run, lambda run_id: store.extend_run(run_id, spec)):
        with pytest.raises(Conflict):
            change(run.id)
    assert store.run(run.id) == run


def test_it_goes_to_the_bin_and_back_or_for_good(store: Store) -> None:
    run = store.import_run(SPEC, [outputs(store)], PROVENANCE, name="mine")
    assert store.bin_run(run.id).state == "finished"
    assert store.restore_run(run.id).deleted_at is None
    store.bin_run(run.id)
    store.purge_run(run.id)
    assert store.sweep_artifacts(older_than_s=-1).trashed == 2


def test_bad_labels_store_nothing(store: Store) -> None:
    with pytest.raises(FieldError):
        store.import_run(SPEC, [[]], PROVENANCE, name="x" * 201)
    assert store.runs().items == ()
