"""How many SQL statements a request takes, the one that begins its transaction among them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.kinds.presets import PRESETS
from app.records import Run
from app.store import Store
from app.store import runs as run_rows
from app.store.tables import AnyRow
from tests.app.conftest import Hand
from tests.app.erased_run import ErasedRun, erasure_spec
from tests.app.masked_run import MaskedRun, write_run
from tests.app.reading import unmarked

FIRST = 12
LIVE = {"X-Live": "1"}
# The transaction, the run with those that repeat it, their shards, what the tab shows, and workers where it waits.
REFRESH = 5
TABS = ("curves", "training", "masks", "overlap", "movement", "spec", "log")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that is executed meanwhile."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


@contextmanager
def validated(patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The id of every run whose row becomes a record meanwhile, which validates its spec."""
    ids: list[str] = []
    record = run_rows._record

    def note(row: AnyRow, shards: Sequence[AnyRow], why_stopped: str | None) -> Run:
        ids.append(row.id)
        return record(row, shards, why_stopped)

    with patch.context() as context:
        context.setattr(run_rows, "_record", note)
        yield ids


def measured(run: MaskedRun, replicate: int, level: int, control: str = "winning_ticket") -> None:
    """Add what a training measures and ends with."""
    place = LotteryKey(level=level, control=control)
    hand = run.hands[replicate]
    curve = {"step": [0.0, 100.0], "train_loss": [2.0, 0.1], "validation_loss": [2.0, 0.3], "test_loss": [2.0, 0.3]}
    shares = {name: [0.1, 0.9] for name in ("train_accuracy", "validation_accuracy", "test_accuracy")}
    hand.measure("evaluation", place, curve | shares)
    ends = {
        "steps": 100.0, "density": 0.6**level, "train_accuracy": 1.0, "validation_accuracy": 0.9,
        "validation_loss": 0.3, "test_accuracy": 0.9, "test_loss": 0.3, "early_stop_step": 50.0,
        "early_stop_test_accuracy": 0.9, "early_stop_validation_loss": 0.3, "early_stop_censored": 0.0,
        "diverged_step": float("nan"),
    }  # fmt: skip
    hand.measure("outcome", place, {name: [value] for name, value in ends.items()})


@pytest.fixture
def run(store: Store) -> MaskedRun:
    """A live run with masks, curves and a control."""
    shapes = {"fc1": (8, 6), "fc2": (4, 8)}
    run = write_run(store, shapes, levels=3, replicates=2, controls=("reinit",), finish=False)
    for replicate, level in ((replicate, level) for replicate in range(2) for level in range(4)):
        measured(run, replicate, level)
        if level:
            measured(run, replicate, level, "reinit")
    return run


@pytest.mark.parametrize("tab", TABS)
def test_the_first_view_of_a_run_takes_few_statements(client: httpx.Client, run: MaskedRun, tab: str) -> None:
    with statements() as seen:
        assert client.get(f"/runs/{run.id}?tab={tab}").status_code == 200
    assert len(seen) <= FIRST, seen


@pytest.mark.parametrize("tab", TABS)
def test_a_live_refresh_takes_few_statements(
    client: httpx.Client, store: Store, run: MaskedRun, tab: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.create_run(store.run(run.id).experiment, name="again", again_of=run.id)
    client.get(f"/runs/{run.id}?tab={tab}")
    measured(run, 0, 3)
    with statements() as seen, validated(monkeypatch) as runs:
        assert "again" in client.get(f"/runs/{run.id}?tab={tab}", headers=LIVE).text
    assert len(seen) <= REFRESH, seen
    assert runs.count(run.id) == 1
    for hand in run.hands:
        hand.refuse("another version of torch")
    assert store.run(run.id).state == "queued"
    with statements() as seen:
        assert "another version of torch" in client.get(f"/runs/{run.id}?tab={tab}", headers=LIVE).text
    assert len(seen) <= REFRESH, seen


@pytest.mark.parametrize("tab", TABS)
def test_a_waiting_run_is_refreshed_with_few_statements(client: httpx.Client, store: Store, tab: str) -> None:
    spec = LotterySpec.model_validate({**PRESETS["digits-tickets"].spec.model_dump(), "replicates": 2})
    run = store.create_run(spec, name="waits")
    claim = store.claim("cpu", "old")
    assert claim is not None
    store.refuse(claim.shard_id, claim.token, "another version of torch")
    with statements() as seen:
        assert "another version of torch" in client.get(f"/runs/{run.id}?tab={tab}", headers=LIVE).text
    assert len(seen) <= REFRESH, seen


@pytest.mark.parametrize("tab", ["film", "erasure", "spectra", "spec", "log"])
def test_a_live_erasure_takes_few_statements(client: httpx.Client, store: Store, tab: str) -> None:
    run = ErasedRun(store, erasure_spec())
    run.train(run.cells[0])
    with statements() as seen:
        assert client.get(f"/runs/{run.id}?tab={tab}").status_code == 200
    assert len(seen) <= FIRST, seen
    run.train(run.cells[1])
    with statements() as seen:
        assert client.get(f"/runs/{run.id}?tab={tab}", headers=LIVE).status_code == 200
    assert len(seen) <= REFRESH, seen
    run.refuse("another version of torch")
    with statements() as seen:
        assert "another version of torch" in client.get(f"/runs/{run.id}?tab={tab}", headers=LIVE).text
    assert len(seen) <= REFRESH, seen


def test_a_figure_is_read_in_one_transaction(client: httpx.Client, run: MaskedRun) -> None:
    address = f"/api/v1/runs/{run.id}/figures/accuracy_vs_density"
    with statements() as seen:
        first = client.get(address)
    assert first.status_code == 200
    assert seen.count("BEGIN") == 1
    assert len(seen) <= 6, seen
    with statements() as seen:
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert len(seen) <= 3, seen


def test_the_board_reads_its_runs_together(client: httpx.Client, hand: Hand) -> None:
    for _ in range(50):
        hand.run()
        hand.outcome(0, 1.0, 0.9)
    with statements() as seen:
        assert "by hand" in client.get("/").text
    assert len(seen) <= FIRST, seen


@pytest.mark.parametrize("path", ["/", "/hardware"])
def test_a_page_reads_one_snapshot(client: httpx.Client, hand: Hand, path: str) -> None:
    hand.run(start=False)
    with statements() as seen:
        assert client.get(path).status_code == 200
    assert seen.count("BEGIN") == 1


def test_workers_and_all_that_they_hold_are_read_together(client: httpx.Client, store: Store, hand: Hand) -> None:
    about: dict[str, Any] = {"host": "h", "pid": 1, "queue": "cpu", "device": "CPU", "slots": 3, "versions": {}}
    store.register_worker("hand", **about)
    store.worker_seen("hand", [*(hand.run().id for _ in range(3)), "purged"])
    with statements() as seen:
        text = unmarked(client.get("/workers").text)
    assert text.count("replicate 0") == 3
    assert "purged" in text
    assert len(seen) <= 4, seen
