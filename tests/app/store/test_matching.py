"""Queries find the runs that a plain reading of each run finds, on both databases."""

import time

import pytest

from app.contract.experiment import FieldError
from app.kinds.erasure.spec import ErasureSpec
from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS
from app.store import Store
from app.store.facts import put
from app.store.tables import facts, runs

SECOND = 1.0
DAY = 86_400 * SECOND


@pytest.fixture
def stocked(store: Store, spec: LotterySpec) -> Store:
    """Runs a (adam, lr 0.001, tag old), b (sgd, lr 0.1), c (adam, lr 0.01, cancelled) and e (erasure)."""

    def lottery(**changes: object) -> LotterySpec:
        return LotterySpec.model_validate({**spec.model_dump(mode="json"), "replicates": 1, **changes})

    adam = {"kind": "adam", "lr": 0.001}
    a = store.create_run(lottery(optimizer=adam, levels=2), name="a", tags=["old"]).id
    b = store.create_run(lottery(optimizer={"kind": "sgd", "lr": 0.1}, levels=3), name="b").id
    c = store.create_run(lottery(optimizer={**adam, "lr": 0.01}, levels=5, replicates=2), name="c 50%").id
    erasure = PRESETS["erasure-digits"].spec
    assert isinstance(erasure, ErasureSpec)
    store.create_run(erasure, name="e_x")
    store.cancel_run(c)
    now = time.time()
    with store._db.write() as conn:
        for run, age, took in ((a, 10 * DAY, 60.0), (b, 2 * DAY, 7_200.0)):
            times = {"created_at": now - age, "started_at": now - age, "finished_at": now - age + took}
            conn.execute(runs.update().where(runs.c.id == run).values(times))
    return store


def names(store: Store, q: str) -> str:
    return "".join(run.name[0] for run in sorted(store.runs(q=q).items, key=lambda run: run.name))


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("optimizer:adam", "ace"),
        ("optimizer=adam", "ace"),
        ("optimizer:adam,sgd", "abce"),
        ("optimizer!=adam", "b"),
        ("-optimizer:adam", "b"),
        ("optimizer:*sgd", "be"),
        ("optimizer:ADAM", "ace"),
        ("optimizer.lr>0.005 kind:lottery", "bc"),
        ("lr>=0.01 kind:lottery", "bc"),
        ("lr<1e-3", ""),
        ("lr:0.001", "ae"),
        ("lr=0.1%", "ae"),
        ("lr:0.1,0.01 kind:lottery", "bc"),
        ("lr!=0.1 kind:lottery", "ac"),
        ("levels>2", "bc"),
        ("levels:3 OR levels:5", "bc"),
        ("(levels:3 OR levels:5) -state:cancelled", "b"),
        ("-(optimizer:adam kind:lottery)", "be"),
        ("width:256", "e"),
        ("twins:true", "e"),
        ("replicates>1", "ce"),
        ("state:queued", "abe"),
        ("state!=queued", "c"),
        ("state:cancelled,running", "c"),
        ("tag:old", "a"),
        ("-tag:old", "bce"),
        ("name:50%", "c"),
        ("name:e_", "e"),
        ("name:*", "abce"),
        ('name="c 50%"', "c"),
        ("model:lenet", "abc"),
        ("kind:eras*", "e"),
        ("created<7d", "bce"),
        ("created>3d", "a"),
        ("created<1h", "ce"),
        ("took>1h", "b"),
        ("took<=60s", "a"),
        ("took<1w", "ab"),
        ("created<2001-01-01", ""),
        ("created>=2001-01-01", "abce"),
        ("finished<1w", "bc"),
        ("-finished<1w", "ae"),
        ("notes:x", ""),
        ("worker:x", ""),
        ("error:boom", ""),
    ],
)
def test_a_query_finds_what_it_says(stocked: Store, q: str, found: str) -> None:
    assert names(stocked, q) == found


def test_a_day_is_one_of_the_calendar(stocked: Store) -> None:
    day = time.strftime("%Y-%m-%d", time.gmtime(stocked.runs(q="name:b").items[0].created_at.timestamp()))
    assert names(stocked, f"created:{day}") == "b"
    assert names(stocked, f"created<={day} created>={day}") == "b"
    assert "b" not in names(stocked, f"created>{day}")


@pytest.mark.parametrize(
    ("q", "words"),
    [
        ("optimiser:adam", "there is no field optimiser; did you mean optimizer"),
        ("a zzz:1", "at character 3: there is no field zzz"),
        ("lr>fast", "at character 4: lr is a number, and fast is none"),
        ("lr>nan", "finite"),
        ("lr:1e999", "finite"),
        ("state<failed", "state is a word"),
        ("optimizer>adam", "optimizer is a word"),
        ("state:faild", "state is one of queued, running"),
        ("kind:lotery", "kind is one of lottery"),
        ("created<soon", "created takes a span such as 90s"),
        ("took>3", "took takes a span"),
        ('tag:"a,b"', "one tag at a time"),
    ],
)
def test_what_cannot_be_compared_is_told_in_words(stocked: Store, q: str, words: str) -> None:
    with pytest.raises(FieldError, match=words):
        stocked.runs(q=q)


@pytest.mark.parametrize(
    "q",
    ["'; DROP TABLE runs; --", "name:%27%20OR%201=1", "name:\"x' OR '1'='1\"", 'name:"\\"', "name:_", "name:/%*"],
)
def test_signs_of_sql_are_characters(stocked: Store, q: str) -> None:
    try:
        found = names(stocked, q)
    except FieldError:
        found = ""
    assert found in ("", "e")  # whose name has a _
    assert len(stocked.runs().items) == 4


def test_an_extended_run_is_found_by_what_it_is_now(stocked: Store) -> None:
    run = stocked.runs(q="name:a").items[0]
    grown = LotterySpec.model_validate({**run.spec.model_dump(mode="json"), "levels": 9})
    stocked.extend_run(run.id, grown)
    assert names(stocked, "levels:9") == "a"
    assert names(stocked, "levels:2") == ""


def test_a_purged_run_leaves_no_facts(stocked: Store) -> None:
    run = stocked.runs(q="name:b").items[0].id
    assert _count(stocked, run) > 10
    stocked.bin_run(run)
    stocked.purge_run(run)
    assert _count(stocked, run) == 0


def _count(store: Store, run: str) -> int:
    with store._db.read() as conn:
        return len(conn.execute(facts.select().where(facts.c.run_id == run)).all())


def test_facts_are_put_once(stocked: Store) -> None:
    run = stocked.runs(q="name:b").items[0]
    before = _count(stocked, run.id)
    with stocked._db.write() as conn:
        put(conn, run.id, run.spec.model_dump(mode="json"))
    assert _count(stocked, run.id) == before


def test_runs_are_found_by_the_worker_that_had_a_replicate(store: Store, spec: LotterySpec) -> None:
    store.create_run(spec, name="held")
    store.create_run(spec, name="waits")
    assert store.claim("cpu", "Lab-1:7") is not None
    queries = ("worker:lab", "worker=lab-1:7", "worker:lab*", "worker:*", "worker=lab", "-worker:*")
    assert "|".join(names(store, q) for q in queries) == "h|h|h|h||w"
