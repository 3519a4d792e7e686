"""Runs of every two kinds, failed, binned, unknown or named twice: compared as far as they can be, in words."""

from collections.abc import Callable, Mapping
from itertools import combinations

import httpx
import numpy as np
import pytest
from safetensors.numpy import save

from app.kinds.presets import PRESETS
from app.kinds.registry import COMPARED, KINDS, OF_ANY_RUNS
from app.kinds.specs import TITLES
from app.store import Store
from tests.app.conftest import Hand
from tests.app.erased_run import write_run as write_erased
from tests.app.kinds.hardware.web.test_pages import written as write_hardware
from tests.app.masked_run import write_run as write_masked
from tests.app.ranked_run import write_run as write_ranked
from tests.app.reading import unmarked
from tests.app.web.sound import HTML, sound


def _import(client: httpx.Client) -> str:
    given = np.eye(4, 6, dtype=np.float32)
    answer = client.post("/api/v1/imports", files={"files": ("a.safetensors", save({"fc1.weight": given}))})
    return str(answer.json()["id"])


@pytest.fixture
def kinds(client: httpx.Client, store: Store) -> Mapping[str, str]:
    """A finished run of each kind."""
    writers: dict[str, Callable[[], str]] = {
        "lottery": lambda: write_masked(store, {"fc1": (4, 6)}).id,
        "erasure": lambda: write_erased(store, {"adam": (0.01,)})[0].id,
        "stable_rank": lambda: write_ranked(store).id,
        "hardware": lambda: write_hardware(store),
        "imported": lambda: _import(client),
    }
    assert set(writers) == set(KINDS)
    return {kind: write() for kind, write in writers.items()}


def page(client: httpx.Client, runs: str, status: int = 200) -> str:
    answer = client.get("/compare", params={"runs": runs}, headers=HTML)
    assert answer.status_code == status
    sound(answer.text)
    return unmarked(answer.text).replace("\u00a0", " ")


def test_every_two_kinds_are_compared_as_far_as_they_can_be(client: httpx.Client, kinds: Mapping[str, str]) -> None:
    for one, other in combinations(kinds, 2):
        runs = f"{kinds[one]},{kinds[other]}"
        text = page(client, runs)
        assert "These runs are of 2 kinds. All are compared by their fields and measures" in text
        answer = client.get("/api/v1/compare", params={"runs": runs}).json()
        expected = {entry.name for entry in (*KINDS[one].compared, *KINDS[other].compared, *OF_ANY_RUNS)}
        assert set(answer["figures"]) == expected
        for entry in {entry.name for kind in (one, other) for entry in KINDS[kind].compared}:
            if not all(entry in [each.name for each in KINDS[kind].compared] for kind in (one, other)):
                kind = one if entry in [each.name for each in KINDS[one].compared] else other
                assert any(TITLES[kind] in note and "only" in note for note in answer["notes"]), (entry, kind)
        for name in COMPARED:
            for form in ("", "/table", "?format=csv"):
                figure = client.get(f"/api/v1/compare/figures/{name}{form}", params={"runs": runs})
                assert figure.status_code == 200, (name, form, one, other, figure.text)


def test_a_figure_of_another_kind_says_that_it_has_nothing(client: httpx.Client, kinds: Mapping[str, str]) -> None:
    for kind, run in kinds.items():
        for name in set(COMPARED) - {entry.name for entry in (*KINDS[kind].compared, *OF_ANY_RUNS)}:
            meta = client.get(f"/api/v1/compare/figures/{name}", params={"runs": run}).json()["layout"]["meta"]
            assert meta["blank"], (kind, name)
            assert "".join(part["text"] for part in meta["finding"]).strip(), (kind, name)


def test_failed_binned_unknown_and_repeated_runs(client: httpx.Client, store: Store, hand: Hand) -> None:
    good = hand.run().id
    hand.outcome(0, 1.0, 0.9)
    store.finish(hand.claim.shard_id, hand.claim.token)
    failed = hand.run(seed=1).id
    store.fail(hand.claim.shard_id, hand.claim.token, "disk full", "", final=True)
    binned = store.create_run(PRESETS["digits-tickets"].spec, name="put away").id
    store.cancel_run(binned)
    store.bin_run(binned)
    text = page(client, f"{good},{failed},{binned},{failed},0000000000")
    assert "3 runs compared" in text
    assert "disk full" in text
    assert "One of these runs is in the bin: put away." in text
    assert "One run was named more than once: each counts once." in text
    assert "There is no run 0000000000: it was deleted for good, or its id is mistyped." in text
    assert "There is no run 0000000000" in page(client, "0000000000", 404)
    answer = client.get("/api/v1/compare", params={"runs": f"{good},0000000000"})
    assert (answer.status_code, answer.json()["detail"]) == (404, "there is no run 0000000000")
    for odd in ("../etc/passwd", "'; DROP TABLE runs; --", "\x00", "é,ü"):
        assert client.get("/api/v1/compare", params={"runs": odd}).status_code in (400, 404, 422)
    assert store.run(good).state == "finished"
