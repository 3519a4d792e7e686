"""Measures as columns of the board, in the API and as CSV."""

import csv
import io
import re
from html import unescape

import httpx

from app.search.facts import Fact
from app.store import Store
from app.store.tables import runs
from tests.app.conftest import Hand
from tests.app.reading import unmarked

HTML = {"Accept": "text/html"}


def measured(store: Store, hand: Hand, name: str, accuracy: float) -> str:
    run = hand.run(start=False)
    store.update_run(run.id, name=name)
    at = Fact("result.accuracy@", accuracy - 0.1, n=2, low=0.03, high=0.07)
    facts = [Fact("result.accuracy", accuracy, n=3), at, Fact("result.verdict", text="matches", n=3)]
    costs = [Fact("cost.core_seconds", 7_200.0), Fact("cost.disk_bytes", 1.3e6)]
    store.measure(run.id, run.last_seq, [*facts, *costs])
    return run.id


def test_measures_are_columns_in_their_units_with_their_n(client: httpx.Client, store: Store, hand: Hand) -> None:
    measured(store, hand, "good", 0.97312)
    hand.run(start=False)
    columns = {"columns": "accuracy@5%,result.verdict,core_seconds,disk_bytes,accuracy"}
    text = unmarked(client.get("/", params=columns, headers=HTML).text)
    row = next(each for each in re.findall(r"<tr id=\"run-.*?</tr>", text, re.S) if ">good</a>" in each)
    cells = re.findall(r'<td title="([^"]*)" class="field( num)?">([^<]*)</td>', row)
    assert cells == [
        ("0.8731, n = 2 replicates", " num", "0.8731"),
        ("matches, n = 3 replicates", "", "matches"),
        ("2 h", " num", "2 h"),
        ("1.3 MB", " num", "1.3 MB"),
        ("0.9731, n = 3 replicates", " num", "0.9731"),
    ]
    assert ">accuracy@5%</a>" in text
    assert "sort=result.accuracy%405%25" in text
    other = next(each for each in re.findall(r"<tr id=\"run-.*?</tr>", text, re.S) if ">by hand</a>" in each)
    assert re.findall(r'class="field(?: num)?">([^<]*)<', other) == ["–"] * 5
    assert 'value="result.accuracy@2%"' in text  # is offered as well


def test_measures_never_come_by_themselves(client: httpx.Client, store: Store, hand: Hand) -> None:
    measured(store, hand, "one", 0.9)
    measured(store, hand, "two", 0.8)
    assert not re.search(r'class="field(?: num)?">', client.get("/", headers=HTML).text)


def test_the_board_finds_and_sorts_by_them(client: httpx.Client, store: Store, hand: Hand) -> None:
    for name, accuracy in (("one", 0.9), ("two", 0.99), ("three", 0.7)):
        measured(store, hand, name, accuracy)
    for query, order in (
        ({"q": "accuracy@5%>0.75"}, ["two", "one"]),
        ({"sort": "-accuracy"}, ["two", "one", "three"]),
        ({"sort": "result.accuracy@5%"}, ["three", "one", "two"]),
    ):
        text = client.get("/", params=query, headers=HTML).text
        assert re.findall(r'class="name" href="[^"]*">(\w+)<', text) == order
    words = unescape(client.get("/", headers=HTML).text)
    assert '"verdict": ["matches", "loses", "undecided", "collapsed"]' in words
    assert '"accuracy@5%": []' in words


def test_the_api_gives_the_columns_that_are_asked_for(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = measured(store, hand, "one", 0.9)
    query = {"columns": "accuracy@5%,verdict,optimizer,steps", "q": "accuracy>0.8"}
    answer = client.get("/api/v1/runs", params=query).json()
    assert answer["unmeasured"] == 0
    (item,) = answer["items"]
    assert (item["id"], item["name"]) == (run, "one")
    assert item["fields"] == {
        "result.accuracy@5%": {"values": [0.8], "n": 2},
        "result.verdict": {"values": ["matches"], "n": 3},
        "optimizer": {"values": ["adam"], "n": None},
        "steps": {"values": [1000.0], "n": None},
    }
    assert client.get("/api/v1/runs").json()["items"][0]["fields"] == {}
    refused = client.get("/api/v1/runs", params={"sort": "luck"})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "sort")


def test_a_list_is_csv_whole_with_harmless_cells(client: httpx.Client, store: Store, hand: Hand) -> None:
    measured(store, hand, "=1+1", 0.9)
    for _ in range(3):
        hand.run(start=False)
    query = {"columns": "accuracy@5%,core_seconds,optimizer", "format": "csv", "limit": "1"}
    answer = client.get("/api/v1/runs", params=query)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 4
    assert "X-Next" not in answer.headers
    named = {row["name"]: row for row in rows}
    assert named["'=1+1"]["result.accuracy@5%"] == "0.8"
    assert (named["'=1+1"]["result.accuracy@5%.n"], named["'=1+1"]["cost.core_seconds"]) == ("2", "7200.0")
    assert named["by hand"]["result.accuracy@5%"] == ""
    assert named["by hand"]["optimizer"] == "adam"


def test_runs_that_wait_for_their_measures_are_counted_on_the_board(
    client: httpx.Client, store: Store, hand: Hand
) -> None:
    hand.run(start=False)
    with store._db.write() as conn:
        conn.execute(runs.update().values(finished_at=1.0, state="finished"))
    assert "measures of 1 ended run are being computed" in client.get("/", headers=HTML).text
    assert client.get("/api/v1/runs").json()["unmeasured"] == 1
