"""A damaged database: readyz notices, and every answer says so and what to do."""

import sqlite3
from contextlib import closing

import httpx
import pytest

from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from tests.app.conftest import Hand, Serve
from tests.app.damage import zero_pages
from tests.lab import until

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def damaged(settings: Settings, hand: Hand, no_broker: Queue, serve: Serve) -> httpx.Client:
    """A client of a web over a database whose table of runs is zeros."""
    hand.run()
    hand.store.close()
    zero_pages(settings.data_dir / "ticketscope.db", "runs")
    return serve(create_app(settings, hand.store, no_broker)).client


def test_readyz_notices_before_anybody_reads_it(damaged: httpx.Client) -> None:
    answer = damaged.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert answer.json()["parts"]["store"].startswith("The database is damaged")
    assert damaged.get("/healthz").status_code == 200


def test_readyz_notices_what_happens_while_the_web_runs(settings: Settings, client: httpx.Client, hand: Hand) -> None:
    hand.run()
    assert client.get("/readyz").status_code == 200
    zero_pages(settings.data_dir / "ticketscope.db", "runs")
    until(lambda: client.get("/readyz").status_code == 503, 10)


@pytest.mark.parametrize("path", ["/api/v1/runs", "/", "/bin"])
def test_every_answer_says_what_is_wrong_and_what_to_do(damaged: httpx.Client, path: str) -> None:
    answer = damaged.get(path, headers=BROWSER)
    assert answer.status_code == 503
    assert "retry-after" not in answer.headers
    assert "The database is damaged" in answer.text
    assert "backup" in answer.text
    html = not path.startswith("/api")
    assert answer.headers["content-type"].startswith("text/html" if html else "application/problem+json")
    assert damaged.post("/api/v1/runs", json={"preset": "digits-tickets"}).status_code == 503


def test_a_row_that_is_no_json_any_more_is_damage(settings: Settings, client: httpx.Client, hand: Hand) -> None:
    run = hand.run().id
    with closing(sqlite3.connect(settings.data_dir / "ticketscope.db")) as connection, connection:
        connection.execute("UPDATE runs SET spec = zeroblob(100)")
    answer = client.get(f"/api/v1/runs/{run}")
    assert answer.status_code == 503
    assert "The database is damaged" in answer.json()["detail"]


def test_a_whole_database_is_looked_at_seldom(
    settings: Settings, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.integrity.LEAST_PAUSE_S", 3600.0)
    assert store.trouble() is None
    zero_pages(settings.data_dir / "ticketscope.db", "speeds")
    assert store.trouble() is None
