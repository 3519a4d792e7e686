"""How many SQL statements a request takes, the one that begins its transaction among them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, event

from app.contract.events import Place
from app.store import Store
from tests.app.conftest import Hand
from tests.app.masked_run import MaskedRun, write_run

TABS = ("curves", "training", "masks", "overlap", "movement", "spec", "log")
FIRST = 12


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that is executed meanwhile."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def measured(run: MaskedRun, replicate: int, level: int, branch: str = "winning_ticket") -> None:
    """Add what a training measures and ends with."""
    place = Place(level=level, branch=branch)
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
