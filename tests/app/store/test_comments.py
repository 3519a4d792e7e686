"""Comments in the store: who may change them, when they go, and the way of their table up and down."""

import pytest
from alembic import command
from sqlalchemy import inspect, text

from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.store import Conflict, NotFound, Store, commenting
from app.store.acting import Actor, as_person
from app.store.database import Database
from app.store.errors import NotTheirs
from app.store.migrate import config

MIA, MAX, ADA = Actor("mia", "mia", only_own=True), Actor("max", "max", only_own=True), Actor("ada", "ada")


def test_a_comment_is_its_authors_and_every_change_is_noted(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="a run")
    with as_person(MIA):
        comment = store.add_comment("  *hm*  ", run_id=run.id)
    assert (comment.text, comment.run, comment.sweep, comment.edited_at) == ("*hm*", run.id, None, None)
    with as_person(MAX):
        with pytest.raises(NotTheirs):
            store.edit_comment(comment.id, "mine")
        with pytest.raises(NotTheirs):
            store.discard_comment(comment.id)
        with pytest.raises(NotTheirs):
            store.restore_comment(comment.id)
    assert [each.text for each in store.comments(run_id=run.id)] == ["*hm*"]
    with as_person(MIA):
        assert store.edit_comment(comment.id, "*hm*").edited_at is None
        assert store.edit_comment(comment.id, "better").edited_at is not None
    with as_person(ADA):
        assert store.discard_comment(comment.id).deleted
        assert store.comments(run_id=run.id) == []
        with pytest.raises(NotFound):
            store.edit_comment(comment.id, "too late")
        assert not store.restore_comment(comment.id).deleted
    assert [each.text for each in store.comments(run_id=run.id)] == ["better"]
    noted = [f"{entry.name}: {entry.action}" for entry in reversed(store.audit(key=run.id))]
    assert noted == ["mia: comment", "mia: edit a comment", "ada: delete a comment", "ada: restore a comment"]


def test_what_is_refused(store: Store, spec: LotterySpec, monkeypatch: pytest.MonkeyPatch) -> None:
    run = store.create_run(spec, name="a run")
    for bad in ("", " \n", "x" * 10_001, "nul\0", "\ud800"):
        with pytest.raises(FieldError):
            store.add_comment(bad, run_id=run.id)
    for missing in ({"run_id": "no"}, {"sweep_id": "no"}):
        with pytest.raises(NotFound):
            store.add_comment("x", **missing)
    monkeypatch.setattr(commenting, "MOST", 2)
    for _ in range(2):
        store.add_comment("x", run_id=run.id)
    with pytest.raises(Conflict):
        store.add_comment("x", run_id=run.id)


def test_comments_go_with_their_run(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="a run")
    comment = store.add_comment("x", run_id=run.id)
    store.bin_run(run.id)
    assert len(store.comments(run_id=run.id)) == 1
    store.purge_run(run.id)
    with pytest.raises(NotFound):
        store.comment(comment.id)


def test_the_migration_goes_up_and_down(new_url: str) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    with database.write() as connection:
        command.upgrade(config(connection), "0020")
        row = "INSERT INTO views (id, name, query, created_at) VALUES ('v', 'mine', '', 1.0)"
        connection.execute(text(row))
        before = set(inspect(connection).get_table_names())
        command.upgrade(config(connection), "0021")
        assert set(inspect(connection).get_table_names()) == before | {"comments"}
        connection.execute(text("INSERT INTO comments (id, text, created_at) VALUES ('c', 'x', 1.0)"))
        command.downgrade(config(connection), "0020")
        assert set(inspect(connection).get_table_names()) == before
        assert connection.scalar(text("SELECT name FROM views")) == "mine"
    database.dispose()
