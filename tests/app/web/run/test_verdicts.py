"""Verdicts on the page of a run, on the board, in the API and in CSV: one source."""

import io
import re
from csv import DictReader
from html import unescape

import httpx
import pytest

from tests.app.conftest import Hand
from tests.app.reading import unmarked

HTML = {"Accept": "text/html"}


def replicated(hand: Hand) -> str:
    """Three replicates: 30 and 36 of 360 examples fewer than dense, and 40 more than random reinit."""
    run = hand.run(branches=[{"kind": "reinit"}], replicates=3)
    for replicate in range(3):
        if replicate:
            hand.begin(replicate)
        for level, lost in ((0, 0), (1, 30), (2, 36)):
            for control, less in (("winning_ticket", 0), ("reinit", 40))[: 2 if level else 1]:
                accuracy = 0.9 + 0.01 * replicate - (lost + less) / 360
                hand.outcome(level, 0.8**level, accuracy, control=control)
    return run.id


def test_the_page_the_api_and_the_board_say_the_same_of_dense_and_controls(client: httpx.Client, hand: Hand) -> None:
    run_id = replicated(hand)
    dense = (
        "Loses more than the bound at all 2 pruned levels tested: −10.00 to −8.33 points (n = 3, bound −0.2, "
        "simultaneous 95 % intervals)."
    )
    reinit = (
        "The ticket beats random reinit from 80.0 % of the weights down, by 11.11 points (n = 3, simultaneous 95 % "
        "intervals)."
    )
    page = unmarked(client.get(f"/runs/{run_id}", headers=HTML).text)
    answer = client.get(f"/api/v1/runs/{run_id}/comparison").json()
    assert (answer["verdict"], answer["controls"]) == (dense, {"reinit": reinit})
    assert answer["columns"]["beats_reinit"] == [True, True]
    assert dense in page
    assert reinit in page
    assert "better than random reinit from 80.0 % down (n = 3) so far" in unmarked(client.get("/", headers=HTML).text)


@pytest.mark.parametrize(("asked", "kind"), [("", "simultaneous"), ("pointwise", "pointwise"), ("x", "simultaneous")])
def test_the_kind_of_interval_is_part_of_the_link(client: httpx.Client, hand: Hand, asked: str, kind: str) -> None:
    run_id = replicated(hand)
    text = client.get(f"/runs/{run_id}?intervals={asked}", headers=HTML).text
    assert re.search(rf'<option value="{kind}" selected>', text)
    assert f"bound −0.2, {kind} 95 % intervals)" in unmarked(text)
    csv = unescape(re.search(r'href="([^"]*comparison[^"]*)"', text).group(1))  # type: ignore[union-attr]
    shown = re.search(r"−8.33</span> <span[^>]*>(± [0-9.]+)", unmarked(text))
    row = next(iter(DictReader(io.StringIO(client.get(csv).text))))
    assert row["intervals"] == kind
    half = 100 * (float(row["minus_dense_high"]) - float(row["minus_dense_low"])) / 2
    assert shown is not None
    assert shown.group(1) == f"± {half:.2f}"
