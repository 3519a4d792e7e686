"""What the guard does besides the table: streams that end, and a database that is away."""

import pytest
from sqlalchemy import text

from app.store import Store
from app.web.accounts import guard
from tests.app.conftest import Hand, Serve
from tests.app.web.accounts.conftest import Lab
from tests.app.web.core.test_statements import statements


@pytest.mark.parametrize("path", ["/live", "/api/v1/runs/{run}/events"])
def test_a_stream_ends_for_who_may_no_longer_read_it(
    lab: Lab, hand: Hand, serve: Serve, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "CHECK_EVERY_S", 0.0)
    run = hand.run()
    web = serve(lab.app)
    headers = {"Authorization": f"Bearer {lab.tokens['read']}", "Accept": "text/event-stream"}
    address = path.format(run=run.id)
    assert web.client.get(address, headers={"Accept": "text/event-stream"}).status_code == 401
    with web.client.stream("GET", address, headers=headers) as stream:
        assert stream.status_code == 200
        lines = stream.iter_lines()
        next(lines)
        lab.store.change_person(lab.ids["mia"], active=False)
        seq = hand.measure("evaluation", step=[1.0])
        rest = "\n".join(lines)  # it ends
    assert f'"seq":{seq}' not in rest.replace(" ", "")
    assert web.client.get(address, headers=headers).status_code == 401


def test_what_is_open_to_all_answers_while_the_database_is_away(lab: Lab, store: Store) -> None:
    with store._db.write() as conn:
        conn.execute(text("ALTER TABLE users RENAME TO gone"))
    for who in ("nobody", "mia"):
        assert lab.client(who).get("/healthz").status_code == 200
        assert lab.client(who).get("/static/icon.svg").status_code == 200
    assert lab.client("mia").get("/").status_code == 503
    assert lab.client("read").get("/api/v1/runs").status_code == 503


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer x", "bearer \u00e9", "Basic YTph", "Bearer a\tb"])
def test_odd_credentials_open_nothing(lab: Lab, value: str) -> None:
    client = lab.client("nobody")
    assert client.get("/api/v1/runs", headers=[(b"Authorization", value.encode())]).status_code == 401


def test_a_wrong_token_is_not_replaced_by_a_session(lab: Lab) -> None:
    client = lab.client("ada")
    assert client.get("/api/v1/runs", headers={"Authorization": "Bearer x"}).status_code == 401


@pytest.mark.parametrize(("path", "transactions"), [("/hardware", 2), ("/", 3)])
def test_a_request_with_accounts_takes_one_small_query_more(lab: Lab, path: str, transactions: int) -> None:
    """And the board another one, of names that complete a search."""
    client = lab.client("mia")
    client.get(path)
    with statements() as seen:
        assert client.get(path).status_code == 200
    mine = [statement for statement in seen if "sessions" in statement]
    assert len(mine) == 1
    assert seen.count("BEGIN") == transactions
    assert not [statement for statement in seen if statement.startswith(("UPDATE", "INSERT", "DELETE"))]
