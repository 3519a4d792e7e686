"""Pages of a run: tabs, findings and verdict before any script, actions by forms, failures, log and spec."""

import re
from html import unescape

import httpx
import pytest

from app.store import Claim, Store
from tests.app.conftest import Hand
from tests.app.reading import unmarked
from tests.app.web.sound import HTML, TABS, measured, sound


@pytest.mark.parametrize("tab", TABS)
def test_every_tab_is_sound_with_measurements_and_without(client: httpx.Client, hand: Hand, tab: str) -> None:
    for run_id in (hand.run(start=False).id, measured(hand)):
        answer = client.get(f"/runs/{run_id}?tab={tab}", headers=HTML)
        assert answer.status_code == 200
        sound(answer.text)
        assert re.search(rf'data-tab="{tab}" aria-current="page"', answer.text)


def test_the_verdict_is_told_under_the_curves(client: httpx.Client, hand: Hand) -> None:
    text = client.get(f"/runs/{measured(hand)}", headers=HTML).text
    assert "n = 1: no interval." in text
    assert "41.0 %" in text
    assert "+1.00" in text


@pytest.mark.parametrize(
    ("asked", "shown"), [("", "0.2"), ("1.5", "1.5"), ("much", "0.2"), ("nan", "0.2"), ("-1", "0.2")]
)
def test_the_bound_of_the_verdict_is_part_of_the_link(client: httpx.Client, hand: Hand, asked: str, shown: str) -> None:
    text = client.get(f"/runs/{measured(hand)}?at=train&bound={asked}", headers=HTML).text
    assert re.search(rf'name="bound" [^>]*value="{shown}"', text)
    assert f"comparison?format=csv&amp;bound={shown}" in text
    assert '<input type="hidden" name="at" value="train">' in text


def test_findings_are_in_the_page_before_any_script(client: httpx.Client, hand: Hand) -> None:
    run_id = measured(hand)
    text = client.get(f"/runs/{run_id}?tab=training&level=1&metric=test_loss", headers=HTML).text
    assert "Level 1 (64.0\xa0% of the weights), test loss after 1,000 of 1,000 steps" in unmarked(text)
    assert re.search(r'name="level" min="0" max="2" step="1" value="1"', text)
    assert re.search(r'<option value="test_loss" selected>', text)
    lean = client.get(f"/runs/{run_id}?tab=training&level=1", headers=HTML | {"X-Live": "1"}).text
    assert "Level 1 (64.0\xa0%" not in unmarked(lean)


def test_a_bad_option_in_a_link_counts_as_not_given(client: httpx.Client, hand: Hand) -> None:
    answer = client.get(f"/runs/{measured(hand)}?tab=training&level=nine&metric=luck", headers=HTML)
    assert answer.status_code == 200
    assert 'max="2" step="1" value="0"' in answer.text


def test_tabs_keep_the_view(client: httpx.Client, hand: Hand) -> None:
    text = client.get(f"/runs/{measured(hand)}?tab=training&level=2", headers=HTML).text
    assert re.search(r'href="/runs/\w+\?tab=movement&amp;level=2"', text)


def test_cancel_resume_bin_restore_and_purge_by_forms(client: httpx.Client, hand: Hand, store: Store) -> None:
    run = hand.run(start=False)
    for action, state in (("cancel", "cancelled"), ("resume", "queued")):
        assert client.post(f"/runs/{run.id}/{action}").headers["location"] == f"/runs/{run.id}"
        assert store.run(run.id).state == state
    binned = client.post(f"/runs/{run.id}/bin")
    board = client.get(binned.headers["location"], headers=HTML).text
    assert "“by hand” is in the bin." in board
    assert f"/runs/{run.id}/restore" in board
    assert "by hand" in client.get("/bin", headers=HTML).text
    assert "This run is in the" in client.get(f"/runs/{run.id}", headers=HTML).text
    client.post(f"/runs/{run.id}/restore")
    assert store.run(run.id).deleted_at is None
    client.post(f"/runs/{run.id}/bin")
    assert client.post(f"/runs/{run.id}/purge").headers["location"] == "/bin?purged=1"
    assert client.get(f"/runs/{run.id}", headers=HTML).status_code == 404


def test_an_action_that_cannot_be_done_says_why(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False)
    answer = client.post(f"/runs/{run.id}/resume", headers=HTML)
    assert answer.status_code == 409
    assert "there is nothing to resume" in answer.text
    sound(answer.text)


def test_rename_tag_and_annotate(client: httpx.Client, hand: Hand, store: Store) -> None:
    run = hand.run(start=False)
    data = {"name": "New", "tags": "one, two", "notes": "line\r\nline"}
    assert client.post(f"/runs/{run.id}/edit", data=data).status_code == 303
    run = store.run(run.id)
    assert (run.name, run.tags, run.notes) == ("New", ("one", "two"), "line\nline")
    refused = client.post(f"/runs/{run.id}/edit", data=data | {"name": " ", "notes": "kept"})
    assert refused.status_code == 422
    assert "must not be empty" in refused.text
    assert ">kept</textarea>" in refused.text
    assert "Left empty" not in refused.text
    assert client.get(f"/runs/{run.id}/edit").headers["location"] == f"/runs/{run.id}"


def test_a_failure_says_what_was_kept_and_the_next_step(client: httpx.Client, hand: Hand, store: Store) -> None:
    run = hand.run()
    store.fail(hand.claim.shard_id, hand.claim.token, "the disk is full", "Traceback: <here>", final=True)
    text = client.get(f"/runs/{run.id}", headers=HTML).text
    assert "Failed: replicate 0: the disk is full" in text
    assert "Resume continues from the last checkpoint" in text
    assert "Traceback: &lt;here&gt;" in text
    assert f'action="/runs/{run.id}/resume"' in text
    log = client.get(f"/runs/{run.id}?tab=log", headers=HTML).text
    assert "attempt 1: the disk is full" in log


def test_the_third_try_in_vain_shows_the_last_traceback_that_there_was(
    client: httpx.Client, hand: Hand, store: Store
) -> None:
    run = hand.run()
    claim: Claim | None = hand.claim
    for reason, traceback in (("ValueError: one", "Traceback 1"), ("ValueError: two", "Traceback 2"), ("lost", "")):
        assert claim is not None
        store.fail(claim.shard_id, claim.token, reason, traceback)
        claim = store.claim("cpu", "hand")
    assert claim is None  # no fourth try
    text = client.get(f"/runs/{run.id}", headers=HTML).text
    assert "Failed: replicate 0: lost" in text
    assert "<summary>Traceback</summary><pre>Traceback 2</pre>" in text
    assert "Traceback 1" not in text


def test_a_queued_run_says_what_it_waits_for(client: httpx.Client, hand: Hand) -> None:
    text = client.get(f"/runs/{hand.run(start=False).id}", headers=HTML).text
    assert "starts when the broker is back" in text
    assert "No worker is running" in client.get("/workers", headers=HTML).text
    assert "The broker does not answer" in client.get("/workers", headers=HTML).text


def test_the_log_is_newest_first_and_can_hold_measurements(client: httpx.Client, hand: Hand) -> None:
    run_id = measured(hand)
    quiet = client.get(f"/runs/{run_id}?tab=log", headers=HTML).text
    assert quiet.index("attempt 1, on worker hand") < quiet.index("the run is queued")
    assert "outcome, 1 row" not in quiet
    assert "outcome, 1 row · replicate 0, level 2, winning ticket" in client.get(
        f"/runs/{run_id}?tab=log&all=1", headers=HTML
    ).text  # fmt: skip


@pytest.mark.parametrize("before", ["9" * 10, "9" * 5_000, "x", "²"])
def test_a_place_beyond_the_log_is_its_end(client: httpx.Client, hand: Hand, before: str) -> None:
    answer = client.get(f"/runs/{hand.run().id}", params={"tab": "log", "before": before}, headers=HTML)
    assert answer.status_code == 200
    assert "the run is queued" in answer.text


def test_the_spec_tab_says_how_to_repeat_the_run(client: httpx.Client, hand: Hand) -> None:
    run_id = measured(hand)
    text = client.get(f"/runs/{run_id}?tab=spec", headers=HTML).text
    assert "curl -X POST http://127.0.0.1" in text
    assert "-- spec.json" in text
    assert "fc1 3×4, fc2 2×3" in text
    assert "None saved yet" in text
    hand.save("ticket", b"bytes", level=1)
    text = client.get(f"/runs/{run_id}?tab=spec", headers=HTML).text
    assert f'href="/api/v1/runs/{run_id}/tickets/0/1"' in text
    assert f'load_file("{run_id}-r0-l1.safetensors")' in unescape(text)
