"""Tickets of stored runs in the hands of an experiment: real runs, done by real children."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from app.atlas.collapses import collapse, collapses_of, unjudged
from app.atlas.reader import Reader
from app.contract.experiment import Experiment
from app.contract.tickets import TicketRef
from app.kinds.hardware.spec import HardwareSpec
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from tests.lab import small_spec
from workers import tensors
from workers.job import Job
from workers.science.data.digits import load as digits
from workers.supervisor import Supervisor
from workers.tickets import TicketGoneError, load


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("lab"))


@pytest.fixture(scope="module")
def store(settings: Settings) -> Iterator[Store]:
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    store.migrate()
    yield store
    store.close()


def worked(store: Store, settings: Settings, spec: Experiment) -> str:
    run_id = store.create_run(spec, name="x").id
    claim = store.claim("cpu", "a test")
    assert claim is not None
    Supervisor(store, Queue(""), Job(claim, settings, "a test", "cpu"), lambda: False).run()
    return run_id


@pytest.fixture(scope="module")
def lottery(store: Store, settings: Settings) -> str:
    run_id = worked(store, settings, small_spec(replicates=1))
    assert store.run(run_id).state == "finished"
    return run_id


HARD = {"kind": "layerwise_magnitude", "rate": 0.6}


def timing(ticket: str, **fields: Any) -> HardwareSpec:
    return HardwareSpec.model_validate({"kind": "hardware", "layers": (), "ticket": ticket, "replicates": 1, **fields})


def test_a_ticket_comes_back_as_the_network_that_was_trained(store: Store, lottery: str) -> None:
    """Its test accuracy is the one that the run measured, and its density too."""
    saved = load(store, TicketRef(lottery, 0, 2))
    layers = store.series(lottery, "layers", control="winning_ticket", level=2)
    assert [int(mask.sum()) for mask in saved.ticket.masks.values()] == [int(kept) for kept in layers["kept"]]
    outcome = store.series(lottery, "outcome", control="winning_ticket", level=2)
    test = digits(Path()).test
    with torch.no_grad():
        right = (saved.network()(test.x).argmax(dim=1) == test.y).float().mean()
    assert float(right) == pytest.approx(float(outcome["test_accuracy"][0]))


def test_a_child_times_the_ticket_of_another_run(store: Store, settings: Settings, lottery: str) -> None:
    spec = timing(f"{lottery}:0:2", modes=("inference",), formats=("csr", "compacted"))
    run_id = worked(store, settings, spec)
    run = store.run(run_id)
    assert (run.state, run.error) == ("finished", None)
    rows = store.series(run_id, "hardware")
    assert rows["storage_format"].tolist() == ["dense", "csr", "compacted"]
    assert (rows["error"] < 1e-4).all()
    assert (rows["speedup"] > 0).all()
    (artifact,) = store.artifacts(run_id)
    assert (artifact.name, artifact.meta) == ("compacted", {"collapsed": "null"})
    assert "fc1.weight.columns" in tensors.loads(store.artifacts_store.get(artifact.id))
    # Nothing like it was timed before; now an estimate has something to rest on.
    assert "hardware" in {speed.model for speed in store.speeds()}


def test_a_collapse_is_still_known_when_the_run_of_the_ticket_is_deleted(store: Store, settings: Settings) -> None:
    """Of 9 rounds each leaves 40 % of a layer: of its 1,000 weights fc3 keeps none that a path leads to."""
    trained = worked(store, settings, small_spec(replicates=1, levels=9, steps=2, eval_every=2, pruning=HARD))
    ref = TicketRef(trained, 0, 9)
    before = collapse(Reader(store), ref)
    assert before is not None
    run_id = worked(store, settings, timing(str(ref), modes=("inference",), formats=("csr",)))
    run = store.run(run_id)
    assert (run.state, run.error) == ("finished", None)
    reader = Reader(store)
    assert collapses_of(reader, run) == {(0, 9): before}
    store.bin_run(trained)
    store.purge_run(trained)
    assert collapses_of(reader, run) == {(0, 9): before}
    assert not unjudged(reader, run)
    never_timed = store.cancel_run(store.create_run(timing(str(ref)), name="x").id)
    assert unjudged(reader, never_timed)


def test_a_ticket_that_is_gone_ends_the_run_with_its_name(store: Store, settings: Settings, lottery: str) -> None:
    spec = timing(f"{lottery}:0:9")
    run = store.run(worked(store, settings, spec))
    assert run.state == "failed"
    assert f"mask of ticket {lottery}:0:3 is not in the store" in str(run.error)
    for ref, words in (
        (TicketRef("nowhere", 0, 0), "there is no run nowhere"),
        (TicketRef(lottery, 4, 0), "mask of ticket"),
        (TicketRef(run.id, 0, 0), "is of kind hardware"),
    ):
        with pytest.raises(TicketGoneError, match=words):
            load(store, ref)
