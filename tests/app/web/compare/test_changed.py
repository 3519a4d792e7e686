"""Only traces that have changed are sent again."""

import httpx

from app.store import Store
from tests.app.compared_runs import write_runs
from tests.app.conftest import Hand

ADDRESS = "/api/v1/compare/figures/compared_accuracy"


def test_a_trace_that_is_known_is_named_by_its_tag(client: httpx.Client, store: Store, hand: Hand) -> None:
    ended = write_runs(store, 2, replicates=1, levels=2, points=3)
    live = hand.run(levels=2, branches=[]).id
    hand.outcome(0, 1.0, 0.9)
    chosen = {"runs": ",".join([*(run.id for run in ended), live])}
    whole = client.get(ADDRESS, params=chosen)
    first = client.get(ADDRESS, params=chosen, headers={"X-Traces": ""})
    assert first.json()["data"] == whole.json()["data"]
    assert first.headers["cache-control"] == "no-store"
    tags = first.json()["tags"]
    assert len(set(tags)) == 3
    hand.outcome(1, 0.64, 0.8)
    again = client.get(ADDRESS, params=chosen, headers={"X-Traces": " ".join(tags)}).json()
    sent = [trace for trace in again["data"] if "same" not in trace]
    assert [trace["name"] for trace in sent] == ["by hand"]
    # What the browser puts together from both is what it would get anew.
    known = dict(zip(tags, first.json()["data"], strict=True))
    whole = client.get(ADDRESS, params=chosen)
    assert [known[trace["same"]] if "same" in trace else trace for trace in again["data"]] == whole.json()["data"]
    assert len(client.get(ADDRESS, params=chosen, headers={"X-Traces": " ".join(again["tags"])}).content) < len(
        whole.content
    )


def test_nothing_new_is_no_answer(client: httpx.Client, store: Store) -> None:
    chosen = {"runs": ",".join(run.id for run in write_runs(store, 2, replicates=1, levels=1, points=3))}
    first = client.get(ADDRESS, params=chosen, headers={"X-Traces": ""})
    headers = {"X-Traces": " ".join(first.json()["tags"]), "If-None-Match": first.headers["etag"]}
    assert client.get(ADDRESS, params=chosen, headers=headers).status_code == 304
