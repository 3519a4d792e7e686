"""Groups on the board and in the API: rows with mean and spread, that unfold, sort and keep all of it in the link."""

import csv
import io
import re
from html import unescape

import httpx
import numpy as np
import pytest

from app.search.facts import Fact
from app.store import Store
from tests.app.conftest import Hand
from tests.app.reading import unmarked

HTML = {"Accept": "text/html"}
ACCURACIES = {"adam": (0.91, 0.93, 0.98), "sgd": (0.7,)}


@pytest.fixture
def planted(store: Store, hand: Hand) -> dict[str, list[str]]:
    """Runs of two optimizers with planted accuracies, one of them without a value; ids by optimizer."""
    found: dict[str, list[str]] = {}
    for optimizer, accuracies in ACCURACIES.items():
        for accuracy in (*accuracies, None) if optimizer == "adam" else accuracies:
            run = hand.run(start=False, optimizer={"kind": optimizer, "lr": 0.01})
            facts = [] if accuracy is None else [Fact("result.accuracy", accuracy, n=1)]
            store.measure(run.id, run.last_seq, [*facts, Fact("cost.core_seconds", 120.0)])
            found.setdefault(optimizer, []).append(run.id)
    return found


def rows(text: str) -> list[list[str]]:
    table = text.split('<tbody id="rows">')[1].split("</tbody>")[0]
    groups = re.findall(r'<tr id="group-\d+".*?</tr>', table, re.S)
    return [
        [unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)]
        for row in groups
    ]


def test_groups_show_n_states_mean_and_spread(client: httpx.Client, planted: dict[str, list[str]]) -> None:
    text = unmarked(client.get("/?group=optimizer", headers=HTML).text)
    values = np.array(ACCURACIES["adam"])
    spread = f"{values.mean():.3f} ± {values.std(ddof=1):.3f} (n = 3)"
    assert rows(text) == [
        ["▸ adam", "4", "4 queued", spread, "2 min ± 0 s"],
        ["▸ sgd", "1", "1 queued", "0.7", "2 min"],
    ]
    assert "mean ± standard deviation over runs (n − 1)" in text


def test_a_group_unfolds_to_its_runs_by_a_link(client: httpx.Client, planted: dict[str, list[str]]) -> None:
    text = client.get("/?group=optimizer&columns=accuracy&sort=-n", headers=HTML).text
    link = unescape(re.findall(r'href="([^"]*unfold=adam[^"]*)"', text)[0])
    assert {"group=optimizer", "columns=accuracy", "sort=-n"} <= set(
        link.partition("#")[0].partition("?")[2].split("&")
    )
    unfolded = client.get(link.partition("#")[0], headers=HTML).text
    assert set(re.findall(r'<tr id="run-(\w+)"', unfolded)) == set(planted["adam"])
    assert 'aria-expanded="true"' in unfolded
    listed = unescape(re.findall(r'href="([^"]*)">Show them as a list', unfolded)[0])
    found = client.get(listed, headers=HTML).text
    assert set(re.findall(r'<tr id="run-(\w+)"', found)) == set(planted["adam"])


def test_groups_are_sorted_by_their_columns(client: httpx.Client, planted: dict[str, list[str]]) -> None:
    for sort, order in (
        ("result.accuracy", ["sgd", "adam"]),
        ("-result.accuracy", ["adam", "sgd"]),
        ("n", ["sgd", "adam"]),
    ):
        text = client.get("/", params={"group": "optimizer", "columns": "accuracy", "sort": sort}, headers=HTML).text
        assert [row[0].removeprefix("▸ ") for row in rows(text)] == order
        assert 'aria-sort="' in text


def test_runs_without_the_field_unfold_too(client: httpx.Client, store: Store, planted: dict[str, list[str]]) -> None:
    text = client.get("/?group=verdict", headers=HTML).text
    assert rows(text)[0][:2] == ["▸ without verdict", "5"]
    link = unescape(re.findall(r'href="([^"#]*unfold=[^"#]*)', text)[0])
    assert client.get(link, headers=HTML).text.count('<tr id="run-') == 5


def test_what_cannot_be_grouped_gives_the_board_and_a_bad_search_says_so(
    client: httpx.Client, planted: dict[str, list[str]]
) -> None:
    assert client.get("/?group=colour", headers=HTML).text.count('<tr id="run-') == 5
    assert "This search cannot be read" in client.get("/?group=optimizer&q=zzz:1", headers=HTML).text
    assert "No run matches" in client.get("/?group=optimizer&q=nothing-like-it", headers=HTML).text
    text = client.get("/", params={"group": "optimizer", "unfold": "<script>x"}, headers=HTML).text
    assert "<script>x" not in text
    for q in ("<script>x", '"'):
        assert "<script>x" not in client.get("/", params={"group": "optimizer", "q": q}, headers=HTML).text


def test_the_api_groups_and_names_bad_fields(client: httpx.Client, planted: dict[str, list[str]]) -> None:
    query = {"group": "optimizer", "columns": "accuracy,steps", "sort": "-accuracy"}
    answer = client.get("/api/v1/runs/groups", params=query).json()
    values = np.array(ACCURACIES["adam"])
    assert answer["total"] == 2
    adam, sgd = answer["items"]
    assert (adam["key"], adam["value"], adam["n"], adam["states"]) == ("adam", "adam", 4, {"queued": 4})
    assert adam["columns"]["accuracy"] == {
        "mean": pytest.approx(values.mean()), "sd": pytest.approx(values.std(ddof=1)), "n": 3
    }  # fmt: skip
    assert adam["columns"]["steps"] == {"mean": 1000.0, "sd": 0.0, "n": 4}
    assert sgd["columns"]["accuracy"] == {"mean": 0.7, "sd": None, "n": 1}
    for more, field in (
        ({"group": "colour"}, "group"), ({"columns": "optimizer"}, "columns"), ({"sort": "luck"}, "sort"),
        ({"q": "zzz:1"}, "q"), ({"group": "x" * 300}, "group"), ({"q": "x" * 50_000}, "q"),
    ):  # fmt: skip
        refused = client.get("/api/v1/runs/groups", params={**query, **more})
        assert (refused.status_code, refused.json()["errors"][0]["path"].rpartition(".")[2]) == (422, field)


def test_groups_are_csv(client: httpx.Client, planted: dict[str, list[str]]) -> None:
    query = {"group": "optimizer", "columns": "accuracy", "format": "csv"}
    adam, sgd = csv.DictReader(io.StringIO(client.get("/api/v1/runs/groups", params=query).text))
    assert (adam["value"], adam["n"], adam["queued"], adam["accuracy.n"]) == ("adam", "4", "4", "3")
    assert float(adam["accuracy.sd"]) == pytest.approx(np.std(ACCURACIES["adam"], ddof=1))
    assert sgd["accuracy.sd"] == ""
