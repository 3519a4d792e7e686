"""Accounts on both databases: links that work once, the last admin, owners, and the way from before accounts."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select, text

from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.records.people import Role
from app.store import Conflict, NotFound, Store, logins, sessions
from app.store.acting import Actor, as_person
from app.store.database import Database
from app.store.migrate import config
from app.store.people import LAST
from app.store.sweeps import Next, Start
from app.store.tables import runs, sweeps
from app.sweeps.plan import Plan

HASH = "$argon2id$not-verified-here"


def first_admin(store: Store, name: str = "ada") -> str:
    """The id of the first admin."""
    link = store.switch_accounts_on()
    assert link is not None
    visitor = store.visitor(store.join(link, name, HASH))
    assert visitor is not None
    return visitor.id


def another(store: Store, admin: str, name: str, role: Role) -> str:
    visitor = store.visitor(store.join(store.invite(role, admin), name, HASH))
    assert visitor is not None
    return visitor.id


def owner_of(store: Store, run_id: str) -> str | None:
    with store._db.read() as conn:
        owner: str | None = conn.scalar(select(runs.c.owner_id).where(runs.c.id == run_id))
    return owner


def test_accounts_are_on_as_soon_as_there_is_a_link(store: Store) -> None:
    assert not store.accounts_on()
    store.switch_accounts_on()
    assert store.accounts_on()


def test_a_link_works_once_though_many_use_it_at_once(store: Store) -> None:
    link = store.switch_accounts_on()
    assert link is not None

    def join(number: int) -> bool:
        try:
            store.join(link, f"person-{number}", HASH)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(join, range(8))) == [False] * 7 + [True]
    assert len(store.people_page("", "", 100)) == 1


@pytest.mark.parametrize("name", ["ada", "ADA", "Ａda", " ada "])
def test_two_people_have_two_names(store: Store, name: str) -> None:
    link = store.invite("member", first_admin(store))
    with pytest.raises(FieldError, match="taken"):
        store.join(link, name, HASH)
    assert store.invitation(link) is not None
    store.join(link, "other", HASH)


def test_the_last_admin_stays(store: Store) -> None:
    ada = first_admin(store)
    mia = another(store, ada, "mia", "member")
    for change in ({"role": "member"}, {"active": False}):
        with pytest.raises(Conflict, match=LAST):
            store.change_person(ada, **change)
    store.change_person(mia, role="admin")
    store.change_person(ada, role="viewer")
    with pytest.raises(Conflict, match=LAST):
        store.change_person(mia, active=False)
    with pytest.raises(NotFound):
        store.change_person("nobody", role="admin")


def test_two_admins_who_remove_each_other_at_once_leave_one(store: Store) -> None:
    ada = first_admin(store)
    for number in range(3):
        bob = another(store, ada, f"bob{number}", "admin")

        def demote(user_id: str) -> bool:
            try:
                store.change_person(user_id, role="member")
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(demote, (ada, bob))) == [False, True]
        (left,) = [each.id for each in store.people_page("", "", 100) if each.role == "admin"]
        ada = left


def test_runs_and_sweeps_are_of_who_submits_them(store: Store, spec: LotterySpec) -> None:
    before = store.create_run(spec, name="before")
    ada = first_admin(store)
    mia = another(store, ada, "mia", "member")
    assert owner_of(store, before.id) == ada
    with as_person(Actor(mia)):
        run = store.create_run(spec, name="mine")
        plan = Plan.model_validate(
            {"spec": spec.model_dump(mode="json"), "axes": {"seed": {"values": [0, 1]}}, "budget": {"at_once": 1}}
        )
        sweep, first = store.create_sweep(plan, Next([Start({"seed": 0}, spec, "m0")], None), name="sweep")
    # The loop that continues it acts for nobody.
    later = store.continue_sweep(sweep.id, 1, Next([Start({"seed": 1}, spec, "m1")], None))
    assert [owner_of(store, run_id) for run_id in (run.id, *first, *later)] == [mia] * 3
    assert store.owns(mia, sweep_id=sweep.id) is True
    assert store.owns(ada, run_id=run.id) is False
    assert store.owns(ada, run_id="none") is None
    assert (store.run(run.id).owner, store.run(before.id).owner) == ("mia", "ada")
    assert {each.id for each in store.runs(q="owner:Mia").items} == {run.id, *first, *later}
    with as_person(Actor(ada)):
        assert [each.id for each in store.runs(q="owner:me").items] == [before.id]
    assert store.runs(q="owner:me").items == ()
    assert owner_of(store, store.create_run(spec, name="a command").id) is None


def test_tokens_end_at_their_time_or_when_they_are_revoked(store: Store) -> None:
    ada = first_admin(store)
    mia = another(store, ada, "mia", "member")
    token = store.new_token(mia, "script", "write", 1)
    visitor = store.visitor(token=token)
    assert visitor is not None
    assert (visitor.id, visitor.scope, visitor.acts_as) == (mia, "write", "member")
    (listed,) = store.tokens_of(mia)
    with pytest.raises(NotFound):
        store.revoke_token(ada, listed.id)
    store.revoke_token(mia, listed.id)
    assert store.visitor(token=token) is None
    assert store.tokens_of(mia) == []
    for days in (0, sessions.LONGEST_DAYS + 1):
        with pytest.raises(FieldError, match="days"):
            store.new_token(mia, "script", "read", days)
    over = store.new_token(mia, "over", "read", 1)
    with store._db.write() as conn:
        conn.execute(text("UPDATE tokens SET expires_at = 1.0"))
    assert store.visitor(token=over) is None


def test_a_session_is_no_token_and_a_token_no_session(store: Store) -> None:
    ada = first_admin(store)
    session, token = store.log_in(ada, "ada", "", ""), store.new_token(ada, "t", "write", 1)
    assert store.visitor(token=session) is None
    assert store.visitor(token) is None


def test_of_many_logins_at_once_no_more_than_the_bound_are_tried(open_store: Callable[..., Store]) -> None:
    webs = [open_store(), open_store()]

    def attempt(number: int) -> bool:
        return webs[number % 2].try_login("ada", "192.0.2.1") == 0

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(attempt, range(3 * logins.OF_BOTH)))
    assert 0 < passed <= logins.OF_BOTH
    passed += sum(map(attempt, range(2 * logins.OF_BOTH)))  # those that had to wait left room
    assert passed == logins.OF_BOTH
    assert webs[0].try_login("ada", "192.0.2.1") > 0
    with webs[0]._db.write() as conn:
        conn.execute(text(f"UPDATE logins SET at = at - {logins.WINDOW_S + 1}"))
    assert webs[0].try_login("ada", "192.0.2.1") == 0


def test_a_new_password_ends_all_sessions_but_the_new_one(store: Store) -> None:
    ada = first_admin(store)
    old = store.log_in(ada, "ada", "", "")
    link = store.invite_again("ADA")
    assert link is not None
    assert store.invite_again("nobody") is None
    new = store.join(link, "", HASH + "2")
    assert store.visitor(old) is None
    assert store.visitor(new) is not None
    assert store.password_of("ada") == (ada, HASH + "2")
    assert [each.name for each in store.people_page("", "", 100)] == ["ada"]


@pytest.mark.parametrize("ends", ["another link", "a new password", "deactivated"])
def test_a_link_for_a_password_ends_with_what_it_was_made_for(store: Store, ends: str) -> None:
    ada = first_admin(store)
    mia = another(store, ada, "mia", "member")
    links = [store.invite_again("mia") or pytest.fail("no link") for _ in range(2)]
    if ends == "another link":
        store.join(links.pop(), "", HASH + "2")
    elif ends == "a new password":
        store.set_password(mia, HASH + "2")
    else:
        store.change_person(mia, active=False)
        store.change_person(mia, active=True)
    before = store.password_of("mia")
    for link in links:
        assert store.invitation(link) is None
        with pytest.raises(Conflict, match="used before"):
            store.join(link, "", HASH + "3")
    assert store.password_of("mia") == before


def test_links_of_who_is_no_longer_an_admin_set_no_password(store: Store) -> None:
    ada = first_admin(store)
    eve = another(store, ada, "eve", "admin")
    link, of_terminal = store.invite_again("ada", eve), store.invite_again("ada")
    assert link is not None
    assert of_terminal is not None
    assert store.invitation(link) is not None
    store.change_person(eve, role="viewer")
    assert store.invitation(link) is None
    with pytest.raises(Conflict, match="used before"):
        store.join(link, "", HASH + "2")
    assert store.invitation(of_terminal) is not None


@pytest.fixture
def upgraded(new_url: str, tmp_path: Path, spec: LotterySpec) -> Iterator[Store]:
    """A run and a sweep stored at 0013, before there were accounts, migrated to the newest."""
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    stored = json.dumps(spec.model_dump(mode="json"))
    with database.write() as connection:
        command.upgrade(config(connection), "0013")
        connection.execute(
            text(
                "INSERT INTO runs (id, name, kind, model, dataset, spec, work, state, tags, notes, search, provenance, "
                "created_at, last_seq) VALUES ('1r5kaaaaaa', 'old', 'lottery', 'lenet_300_100', 'digits', :spec, 0, "
                "'finished', '[]', '', '', '{}', 1.0, 0)"
            ),
            {"spec": stored},
        )
        connection.execute(
            text(
                "INSERT INTO sweeps (id, name, kind, spec, axes, sampler, objective, budget, stop, state, note, tags, "
                "notes, created_at) VALUES ('1r5kcccccc', 'old', 'lottery', :spec, :axes, '{\"kind\": \"grid\"}', "
                "'last_ticket_validation_accuracy', '{}', '{}', 'closed', '', '[]', '', 2.0)"
            ),
            {"spec": stored, "axes": json.dumps({"seed": {"values": [0, 1]}})},
        )
    database.dispose()
    store = Store(new_url, str(tmp_path / "artifacts"))
    store.migrate()
    yield store
    store.close()


def test_what_was_there_before_accounts_goes_to_the_first_admin(upgraded: Store) -> None:
    assert not upgraded.accounts_on()
    assert (upgraded.run("1r5kaaaaaa").name, upgraded.sweep("1r5kcccccc").name) == ("old", "old")
    with upgraded._db.read() as conn:
        assert conn.execute(select(runs.c.owner_id)).all() == conn.execute(select(sweeps.c.owner_id)).all() == [(None,)]
    ada = first_admin(upgraded)
    assert upgraded.owns(ada, run_id="1r5kaaaaaa") is True
    assert upgraded.owns(ada, sweep_id="1r5kcccccc") is True
    mia = another(upgraded, ada, "mia", "admin")
    assert upgraded.owns(mia, run_id="1r5kaaaaaa") is False


def test_what_a_person_does_is_noted_with_it_and_found_again(store: Store, spec: LotterySpec) -> None:
    ada = first_admin(store)
    with as_person(Actor(ada, "Ada", "192.0.2.1")):
        run = store.create_run(spec, name="mine")
        store.cancel_run(run.id)
        with pytest.raises(Conflict):
            store.extend_run(run.id, spec)
    with as_person(Actor("other", "mia", "192.0.2.2", by_token=True)):
        store.change_runs("tag", [run.id, "none"], "a")
    entries = store.audit(key=run.id)
    assert [(each.name, each.action, each.address, each.by_token) for each in entries] == [
        ("mia", "tag", "192.0.2.2", True), ("Ada", "cancel", "192.0.2.1", False), ("Ada", "submit", "192.0.2.1", False)
    ]  # fmt: skip
    assert [each.id for each in store.audit(person="ADA", action="cancel")] == [entries[1].id]
    assert [each.id for each in store.audit(key=run.id, before=entries[1].id, limit=1)] == [entries[2].id]
    assert store.audit_actions() == ["cancel", "join", "submit", "tag"]
    assert [each.name for each in store.audit(action="join")] == ["ada"]
    store.bin_run(run.id)
    store.purge_run(run.id)
    assert len(store.audit(key=run.id)) == 3
