"""Rows of the board: why a run has failed, in words, and how to search before nothing is found."""

import re
from html import unescape

import httpx

from app.store import Store
from tests.app.conftest import Hand

HTML = {"Accept": "text/html"}


def why(text: str, run: str) -> list[str]:
    row = text.split(f'<tr id="run-{run}">')[1].split("</tr>")[0]
    return [
        unescape(found) for found in re.findall(r'<span class="left why" data-plain title="[^"]*">([^<]*)</span>', row)
    ]


def test_a_failed_run_says_why_in_its_row_and_keeps_its_verdict(client: httpx.Client, store: Store, hand: Hand) -> None:
    run = hand.run(replicates=3)
    for replicate in range(3):
        if replicate:
            hand.begin(replicate)
        hand.outcome(0, 1.0, 0.9)
        hand.outcome(1, 0.64, 0.91)
        if replicate < 2:
            traceback = "Traceback: <here>\n\nreplicate 7: of no importance" if replicate == 0 else ""
            store.fail(hand.claim.shard_id, hand.claim.token, "the disk <is> full", traceback, final=True)
        else:
            store.finish(hand.claim.shard_id, hand.claim.token)
    assert store.run(run.id).state == "failed"
    text = client.get("/", headers=HTML).text
    assert why(text, run.id)[0].startswith("replicate 0: the disk <is> full; ")
    assert "failed too" in why(text, run.id)[0]
    assert "matches dense to 64.0" in text
    assert "Traceback" not in text
    compared = client.get(f"/compare?runs={run.id}", headers=HTML).text
    assert "the disk &lt;is&gt; full" in compared


def test_other_runs_have_no_reason(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    assert why(client.get("/", headers=HTML).text, run.id) == []


def test_how_to_search_is_shown_before_nothing_is_found(client: httpx.Client, hand: Hand) -> None:
    for _ in range(2):
        text = client.get("/", headers=HTML).text
        help_ = text.split('<details class="chooser help">')[1].split("</details>")[0]
        assert '<summary class="btn" aria-label="How to search">?</summary>' in help_
        for example in ("lr>1e-3", "accuracy@5%>0.9", "created<7d", "-tag:old", "OR"):
            assert example in unescape(help_)
        hand.run(start=False)


def test_a_comparison_with_spaces_is_told_how_it_is_written(client: httpx.Client, hand: Hand) -> None:
    hand.run(start=False)
    text = unescape(client.get("/", params={"q": "lr > 0.01"}, headers=HTML).text)
    assert "at character 4: a comparison is written without spaces, such as lr>0.01" in text
