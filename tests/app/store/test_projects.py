"""Projects on both databases: who may fill them, what moves, what a search finds, and the way up and down."""

import json

import pytest
from alembic import command
from sqlalchemy import inspect, text

from app.contract.experiment import FieldError
from app.kinds.presets import PRESETS
from app.store import NotFound, Store
from app.store.acting import Actor, as_person, in_project
from app.store.database import Database
from app.store.errors import NotTheirs
from app.store.migrate import config
from app.store.sweeps import Next, Start
from app.sweeps.plan import Plan
from tests.app.conftest import Hand
from tests.app.store.test_accounts import HASH, first_admin


def people(store: Store) -> tuple[Actor, Actor, Actor]:
    """An admin and two members."""
    ada = first_admin(store)
    ids = [ada]
    for name in ("mia", "max"):
        visitor = store.visitor(store.join(store.invite("member", ada), name, HASH))
        assert visitor is not None
        ids.append(visitor.id)
    return Actor(ids[0], "ada"), Actor(ids[1], "mia", only_own=True), Actor(ids[2], "max", only_own=True)


def run_of(hand: Hand, who: Actor, project: str | None = None) -> str:
    with as_person(who), in_project(project):
        return hand.run(start=False).id


def test_runs_move_and_are_found_by_their_project(store: Store, hand: Hand) -> None:
    ada, mia, other = people(store)
    mine, others = run_of(hand, mia), run_of(hand, other)
    with as_person(mia):
        project = store.new_project(" Lottery tickets ")
        moved = store.move_runs({mine: project, others: project, "0" * 10: project})
    assert moved.before == {mine: None}
    assert sorted(moved.unchanged.values()) == sorted([[others], ["0" * 10]])
    assert store.run(mine).project == "Lottery tickets"
    assert store.run(others).project is None
    for query in ('project:"lottery TICKETS"', "project:*", 'project:"Lottery tickets" owner:mia'):
        assert [run.id for run in store.runs(q=query).items] == [mine], query
    assert [run.id for run in store.runs(q="-project:*").items] == [others]
    assert store.runs(q="project:none").items == ()
    with as_person(mia):
        assert store.move_runs({mine: project}).unchanged == {"in it already": [mine]}
        assert store.move_runs({mine: None}).before == {mine: project}
    assert store.run(mine).project is None
    with as_person(ada):
        assert set(store.move_runs({mine: project, others: project}).before) == {mine, others}
    assert [(row.runs, row.members, row.owner) for row in store.projects()] == [(2, 0, "mia")]


def test_only_members_fill_a_project_and_only_who_began_it_changes_it(store: Store, hand: Hand) -> None:
    ada, mia, other = people(store)
    run = run_of(hand, other)
    with as_person(mia):
        project = store.new_project("one")
        with pytest.raises(FieldError, match="nobody"):
            store.add_member(project, "zoe")
    with as_person(other):
        assert store.projects_to_fill() == []
        with pytest.raises(FieldError, match="belong"):
            store.move_runs({run: project})
        with pytest.raises(FieldError, match="belong"):
            store.project_to_fill(project)
        with pytest.raises(NotTheirs):
            store.rename_project(project, "x")
        with pytest.raises(NotTheirs):
            store.add_member(project, "max")
        with pytest.raises(NotTheirs):
            store.remove_member(project, mia.user_id)
    with as_person(mia):
        store.add_member(project, "MAX")
        store.add_member(project, "max")
    assert [member.name for member in store.project_members(project)] == ["max"]
    with as_person(other):
        assert store.projects_to_fill() == [(project, "one")]
        assert store.move_runs({run: store.project_to_fill(project)}).before == {run: None}
        with pytest.raises(NotTheirs):
            store.rename_project(project, "x")
    with as_person(ada):
        store.rename_project(project, "two")
        store.remove_member(project, other.user_id)
    with as_person(other):
        assert store.projects_to_fill() == []
    assert store.run(run).project == "two"
    log = [(entry.action, entry.name) for entry in store.audit(key=project)]
    assert log == [("remove a member of", "ada"), ("rename", "ada"), ("add a member to", "mia"), ("begin", "mia")]


@pytest.mark.parametrize("name", ["", " ", 'a"b', "a,b", "a*", "x" * 81, "a\nb", "\u200b"])
def test_a_name_that_no_search_could_find_is_refused(store: Store, name: str) -> None:
    with pytest.raises(FieldError, match=r"must|has|contains"):
        store.new_project(name)
    project = store.new_project("one")
    with pytest.raises(FieldError):
        store.rename_project(project, name)
    with pytest.raises(FieldError, match="taken"):
        store.new_project("ONE")
    with pytest.raises(NotFound):
        store.project("0" * 10)


def test_without_accounts_everybody_fills_every_project(store: Store, hand: Hand) -> None:
    project = store.new_project("one")
    run = hand.run(start=False).id
    assert store.move_runs({run: project}).before == {run: None}
    assert store.projects_to_fill() == [(project, "one")]


def test_a_sweep_moves_with_its_runs_and_later_ones_follow(store: Store) -> None:
    _, mia, other = people(store)
    spec = PRESETS["digits-tickets"].spec
    plan = Plan.model_validate({"spec": spec.model_dump(mode="json"), "axes": {"seed": {"values": [0, 1, 2]}}})

    def start(seed: int) -> Start:
        return Start({"seed": seed}, spec.model_copy(update={"seed": seed}), f"m{seed}")

    with as_person(mia):
        first, second = store.new_project("one"), store.new_project("two")
        with in_project(first):
            sweep, runs = store.create_sweep(plan, Next([start(0)], None), name="a sweep")
        assert (sweep.project, store.run(runs[0]).project) == ("one", "one")
        store.move_sweep(sweep.id, second)
    with as_person(other), pytest.raises(NotTheirs):
        store.move_sweep(sweep.id, None)
    (later,) = store.continue_sweep(sweep.id, 1, Next([start(1)], None))
    assert [store.run(run).project for run in (runs[0], later)] == ["two", "two"]
    assert store.sweep(sweep.id).project == "two"


def test_the_migration_goes_up_and_down_and_loses_no_run(new_url: str) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    run = (
        "INSERT INTO runs (id, name, kind, model, dataset, spec, work, state, tags, notes, search, provenance, "
        "created_at, last_seq) "
        "VALUES ('r', 'r', 'imported', 'm', 'd', '{}', 0, 'finished', :tags, '', '', '{}', 1.0, 0)"
    )
    with database.write() as connection:
        command.upgrade(config(connection), "0021")
        connection.execute(text(run), {"tags": json.dumps(["a"])})
        before = set(inspect(connection).get_table_names())
        command.upgrade(config(connection), "0022")
        assert set(inspect(connection).get_table_names()) == before | {"projects", "project_members"}
        assert connection.execute(text("SELECT id, project_id FROM runs")).all() == [("r", None)]
        command.downgrade(config(connection), "0021")
        assert set(inspect(connection).get_table_names()) == before
        assert connection.scalar(text("SELECT tags FROM runs")) == '["a"]'
        assert "project_id" not in {column["name"] for column in inspect(connection).get_columns("runs")}
    database.dispose()
