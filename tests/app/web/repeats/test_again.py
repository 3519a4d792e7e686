"""A run done again: linked both ways, compared once both have finished, and the reasons named where they differ."""

from typing import Any

import httpx
import numpy as np
import pytest

from app.contract.events import Started
from app.kinds.imported.spec import ImportedSpec
from app.kinds.lottery.spec import LotteryKey
from app.store import Store
from tests.app.conftest import Hand
from tests.app.masked_run import MaskedRun, write_run
from tests.app.reading import unmarked
from tests.app.web.sound import HTML, sound
from tests.lab import small_spec

RUNS = "/api/v1/runs"
SHAPES = {"fc1": (6, 8), "fc2": (3, 6)}


def repeat(store: Store, first: MaskedRun, **changed: Any) -> MaskedRun:
    """Write a run that repeats another one as a worker would that finds the same numbers, but for what is changed."""
    second = write_run(store, SHAPES, **{"seed": 3, **changed})
    with store._db.write() as connection:
        connection.exec_driver_sql(f"UPDATE runs SET again_of = '{first.id}' WHERE id = '{second.id}'")
    return second


@pytest.fixture
def first(store: Store) -> MaskedRun:
    return write_run(store, SHAPES, seed=3)


def emptied(run: MaskedRun) -> list[list[dict[str, Any]]]:
    """Its masks, with the second layer of the last level dead."""
    masks = [[dict(level) for level in replicate] for replicate in run.masks]
    masks[0][2]["fc2"] = np.zeros_like(masks[0][2]["fc2"])
    return masks


def page(client: httpx.Client, run_id: str, tab: str = "spec") -> str:
    text = client.get(f"/runs/{run_id}", params={"tab": tab}, headers=HTML).raise_for_status().text
    sound(text)
    return text


def test_a_run_is_submitted_again_as_it_is(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    answer = client.post(f"{RUNS}/{run.id}/again")
    made = answer.json()
    assert (answer.status_code, answer.headers["location"]) == (201, f"{RUNS}/{made['id']}")
    assert (made["again_of"], made["name"], made["state"]) == (run.id, "by hand (again)", "queued")
    assert made["spec"] == run.spec.model_dump(mode="json")
    # The name does not grow with every repetition.
    third = client.post(f"{RUNS}/{made['id']}/again").json()
    assert (third["again_of"], third["name"]) == (made["id"], "by hand (again)")


def test_both_pages_lead_to_the_other(client: httpx.Client, hand: Hand) -> None:
    run = hand.run(start=False)
    answer = client.post(f"/runs/{run.id}/again", headers=HTML, follow_redirects=False)
    made = answer.headers["location"].rpartition("/")[2]
    assert answer.status_code == 303
    text = page(client, made, "curves")
    assert f'Rerun of <a href="/runs/{run.id}">by hand</a>' in text
    assert "is compared when both have finished" in text
    assert f'Rerun as <a href="/runs/{made}">by hand (again)</a>' in page(client, run.id, "log")
    answer = client.get(f"{RUNS}/{made}/repetition")
    assert (answer.status_code, "is queued" in answer.json()["detail"]) == (409, True)


def test_the_same_bits_are_told_on_both_pages(client: httpx.Client, store: Store, first: MaskedRun) -> None:
    second = repeat(store, first)
    found = client.get(f"{RUNS}/{second.id}/repetition").json()
    assert (found["then"], found["now"], found["identical"], found["same"]) == (first.id, second.id, True, 13)
    for run_id in (first.id, second.id):
        text = page(client, run_id)
        assert '<span class="pill finished">identical to the bit</span>' in text
        assert "13 series and artifacts" in text
        assert "numbers differ" not in text


def test_other_numbers_are_told_with_their_place_and_reason(
    client: httpx.Client, store: Store, first: MaskedRun
) -> None:
    second = repeat(store, first, masks=emptied(first))
    text = page(client, second.id)
    assert '<span class="pill failed">numbers differ</span>' in text
    assert "4 of 13 series and artifacts differ, first layers in replicate 0, level 2, winning ticket" in unmarked(text)
    assert "All recorded conditions are equal" in text
    assert f'<a href="/runs/{second.id}?tab=spec#again">what differs</a>' in page(client, second.id, "curves")
    found = client.get(f"{RUNS}/{second.id}/repetition").json()
    assert not found["identical"]
    assert [each["name"] for each in found["differences"]] == ["layers", "mask", "pyramid", "ticket"]


def test_any_two_runs_are_compared_by_name(client: httpx.Client, store: Store, first: MaskedRun) -> None:
    other = write_run(store, SHAPES, seed=3)
    assert client.get(f"{RUNS}/{other.id}/repetition", params={"to": first.id}).json()["identical"]
    answer = client.get(f"{RUNS}/{other.id}/repetition")
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "to")
    assert client.get(f"{RUNS}/{other.id}/repetition", params={"to": "0000000000"}).status_code == 404
    assert client.get(f"{RUNS}/0000000000/repetition", params={"to": first.id}).status_code == 404


def test_a_run_that_was_deleted_for_good_is_said_to_be(client: httpx.Client, store: Store, first: MaskedRun) -> None:
    second = repeat(store, first)
    store.bin_run(first.id)
    store.purge_run(first.id)
    assert "deleted for good" in page(client, second.id)
    assert client.get(f"{RUNS}/{second.id}/repetition").status_code == 404


def test_imported_masks_cannot_be_run_again(client: httpx.Client, store: Store) -> None:
    spec = ImportedSpec(kind="imported", files=("a.safetensors",), layers=1, levels=0)
    run = store.import_run(spec, [[]], {"layers": []}, name="from elsewhere")
    answer = client.post(f"{RUNS}/{run.id}/again")
    assert (answer.status_code, "imported" in answer.json()["detail"]) == (409, True)
    assert "Run again" not in page(client, run.id)


def test_replicates_that_were_made_differently_are_told_apart(client: httpx.Client, store: Store) -> None:
    run = store.create_run(small_spec(replicates=2), name="on two machines")
    for replicate, host in enumerate(("one", "two")):
        claim = store.claim("cpu", f"worker-{host}")
        assert claim is not None
        provenance = {"host": host, "instructions": "AVX2", "versions": {"torch": f"2.1{replicate}"}}
        started = Started(replicate=replicate, attempt=1, worker=f"worker-{host}", plan={}, provenance=provenance)
        store.start(claim.shard_id, claim.token, started)
    text = page(client, run.id)
    assert "Differences between replicates" in text
    for cell in ("worker-one", "worker-two", "2.10", "2.11"):
        assert f'<td class="num">{cell}</td>' in text
    assert '<dt class="num">instructions</dt><dd class="num">AVX2</dd>' in text
    assert '<dt class="num">host</dt>' not in text


def test_one_origin_needs_no_table(client: httpx.Client, first: MaskedRun) -> None:
    text = page(client, first.id)
    assert "Differences between replicates" not in text
    assert "fc1 6×8, fc2 3×6" in text


def test_a_place_of_a_control_has_its_draw(client: httpx.Client, store: Store) -> None:
    one = write_run(store, SHAPES, controls=("random",), seed=0)
    two = write_run(store, SHAPES, controls=("random",), seed=1)
    found = client.get(f"{RUNS}/{two.id}/repetition", params={"to": one.id}).json()
    places = {LotteryKey.model_validate(each["key"]) for each in found["differences"]}
    assert LotteryKey(level=1, control="random") in places
