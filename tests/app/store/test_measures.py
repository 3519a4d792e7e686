"""Measures are facts that a search compares, on both databases; each run has those of its newest event."""

import json
import time
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, text

from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.search.facts import Fact
from app.store import Store
from app.store.database import Database
from app.store.migrate import config
from app.store.tables import REVISION, runs


def tickets(*levels: tuple[float, float, float]) -> list[Fact]:
    """Accuracies by density: from, up to, value; the last one is the final one."""
    each = [Fact("result.accuracy@", value, n=3, low=low, high=high) for low, high, value in levels]
    return [Fact("result.accuracy", levels[-1][2], n=3), *each]


@pytest.fixture
def measured(store: Store, spec: LotterySpec) -> Store:
    """Runs a, b and c with 0.8, 0.95 and no accuracy at 5 %; a and b cost 30 min and 3 h, c 10 min."""
    verdicts = {"a": "loses", "b": "matches"}
    for name, facts in {
        "a": tickets((0.5, 2.0, 0.97), (0.04, 0.06, 0.8)),
        "b": tickets((0.5, 2.0, 0.96), (0.03, 0.07, 0.95), (0.01, 0.03, 0.5)),
        "c": tickets((0.5, 2.0, 0.9)),
    }.items():
        run = store.create_run(spec, name=name)
        cost = {"a": 1_800.0, "b": 10_800.0, "c": 600.0}[name]
        costs = [Fact("cost.core_seconds", cost), Fact("cost.disk_bytes", 3e6)]
        word = [Fact("result.verdict", text=verdicts[name])] if name in verdicts else []
        store.measure(run.id, run.last_seq, [*facts, *word, *costs])
    return store


def names(store: Store, q: str, sort: str = "name") -> str:
    return "".join(run.name for run in store.runs(q=q, sort=sort).items)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("accuracy@5%>0.9", "b"),
        ("accuracy@5>0.9", "b"),
        ("accuracy@5%>=80%", "ab"),
        ("accuracy@100%>0.9", "ab"),
        ("accuracy@2%<1", "b"),
        ("accuracy@0.5%>0", ""),
        ("-accuracy@5%>0", "c"),
        ("result.accuracy@5%<0.9", "a"),
        ("accuracy<0.85", "ab"),
        ("accuracy:0.9", "c"),
        ("accuracy!=0.9", "ab"),
        ("verdict:matches", "b"),
        ("verdict:matches,loses", "ab"),
        ("-verdict:matches", "ac"),
        ("core_seconds>20min", "ab"),
        ("core_seconds>1h", "b"),
        ("core_seconds<=600", "c"),
        ("disk_bytes>2MB disk_bytes<0.01GB", "abc"),
        ("disk_bytes>3.1e6", ""),
        ("optimizer:adam accuracy@5%>0.9 OR verdict:loses", "ab"),
    ],
)
def test_a_query_compares_measures(measured: Store, q: str, found: str) -> None:
    assert names(measured, q) == found


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("accuracy@5%", "abc"),
        ("-accuracy@5%", "bac"),
        ("-core_seconds", "bac"),
        ("verdict", "abc"),
        ("-verdict", "bac"),
    ],
)
def test_a_list_is_sorted_by_measures_runs_without_last(measured: Store, sort: str, order: str) -> None:
    assert names(measured, "", sort) == order
    pages, cursor = "", None
    for _ in range(3):
        page = measured.runs(sort=sort, limit=1, cursor=cursor)
        pages, cursor = pages + page.items[0].name, page.next
    assert (pages, cursor) == (order, None)


@pytest.mark.parametrize(
    ("q", "words"),
    [
        ("accuracy@x>0.9", "at character 1: x is no percentage of kept weights; write it as in accuracy@5%"),
        ("accuracy@>0.9", "at character 1: nothing is no percentage of kept weights; write it as in accuracy@5%"),
        ("ana@lab:3", "at character 1: there is no field ana@lab. Quote it to search for it as it is written"),
        ("lr@5%>1", "at character 1: lr@5% is not measured at each density; accuracy@5% is"),
        ("a accuracy@200%>1", "at character 3: 200% is not above 0 % and up to 100 % of kept weights, as in"),
        ("accuracy@0%>1", "at character 1: 0% is not above 0 % and up to 100 % of kept weights, as in"),
        ("accurcy>1", "did you mean accuracy"),
        ("verdict>matches", "verdict is a word"),
        ("disk_bytes>many", "disk_bytes is a number"),
        ("accuracy>1h", "accuracy is a number"),
    ],
)
def test_what_is_no_measure_is_told_in_words(measured: Store, q: str, words: str) -> None:
    with pytest.raises(FieldError, match=words):
        measured.runs(q=q)
    with pytest.raises(FieldError, match="a field of a spec or a measure"):
        measured.runs(sort="lr@5%")


def test_facts_of_runs_have_the_measures_that_are_asked_for(measured: Store) -> None:
    run = measured.runs(q="name:b").items[0].id
    facts = measured.facts([run], ["result.accuracy@5%", "result.accuracy@80%", "result.accuracy@0.1%"])[run]
    assert [(fact.path, fact.number, fact.n) for fact in facts if "@" in fact.path] == [
        ("result.accuracy@80%", 0.96, 3),
        ("result.accuracy@5%", 0.95, 3),
    ]
    assert not any("@" in fact.path for fact in measured.facts([run])[run])


def test_older_measures_never_replace_newer_ones_and_extension_keeps_them(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="r")
    assert store.unmeasured(5) == [run.id]
    store.measure(run.id, run.last_seq, tickets((0.5, 2.0, 0.9)))
    store.measure(run.id, run.last_seq - 1, tickets((0.5, 2.0, 0.1)))
    assert store.unmeasured(5) == []
    store.extend_run(run.id, spec.model_copy(update={"levels": 3}))
    assert store.unmeasured(5) == [run.id]
    assert [each.id for each in store.runs(q="accuracy:0.9 levels:3").items] == [run.id]
    store.bin_run(run.id)
    store.purge_run(run.id)
    store.measure(run.id, 99, tickets((0.5, 2.0, 0.9)))
    assert store.facts([run.id])[run.id] == []


def test_costs_count_replicates_that_are_held(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="r")
    assert store.costs(run.id) == (0.0, 0)
    claim = store.claim("cpu", "w")
    assert claim is not None
    time.sleep(0.05)
    held = store.costs(run.id).core_seconds
    assert held > 0.03
    store.finish(claim.shard_id, claim.token)
    assert store.costs(run.id).core_seconds >= held


def test_runs_of_before_wait_for_their_measures(new_url: str, tmp_path: Path, spec: LotterySpec) -> None:
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    with database.write() as connection:
        command.upgrade(config(connection), "0006")
        connection.execute(
            text(
                "INSERT INTO runs (id, name, kind, model, dataset, spec, work, state, tags, notes, search, provenance, "
                "created_at, finished_at, last_seq) VALUES ('r', 'r', 'lottery', 'm', 'd', :spec, 0, 'finished', '[]', "
                "'', '', '{}', 1.0, 2.0, 7)"
            ),
            {"spec": json.dumps(spec.model_dump(mode="json"))},
        )
        command.upgrade(config(connection), "head")
        assert "ix_runs_unmeasured" in {index["name"] for index in inspect(connection).get_indexes("runs")}
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar() == REVISION
        # Fields of specs are no measures.
        assert connection.execute(text("SELECT count(*) FROM facts WHERE seq IS NOT NULL")).scalar() == 0
        assert (connection.execute(text("SELECT count(*) FROM facts")).scalar() or 0) > 10
    database.dispose()
    store = Store(new_url, str(tmp_path / "artifacts"))
    assert (store.unmeasured(5), store.count_unmeasured()) == (["r"], 1)
    store.measure("r", 7, tickets((0.5, 2.0, 0.9)))
    assert (store.unmeasured(5), store.count_unmeasured()) == ([], 0)
    store.close()


def test_only_runs_that_have_ended_count_as_waiting_for_their_measures(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec, name="r")
    assert store.unmeasured(5) == [run.id]
    assert store.count_unmeasured() == 0
    store.cancel_run(run.id)
    assert store.count_unmeasured() == 0, "it ended a moment ago"
    with store._db.write() as conn:
        conn.execute(runs.update().values(finished_at=time.time() - 60))
    assert store.count_unmeasured() == 1
