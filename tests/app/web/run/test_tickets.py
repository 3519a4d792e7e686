"""Tickets as files hold all that was saved of them, and no more."""

import json
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load, save

from app.masks import codec
from app.store import Store
from app.web.run import tickets
from tests.app.conftest import Hand
from tests.app.masked_run import MaskedRun, write_run

SHAPES = {"conv1": (4, 2, 3, 3), "fc1": (5, 16)}


def ask(client: httpx.Client, run_id: str, replicate: int, level: int, status: int = 200) -> httpx.Response:
    answer = client.get(f"/api/v1/runs/{run_id}/tickets/{replicate}/{level}")
    assert answer.status_code == status, answer.text
    return answer


def about(answer: httpx.Response) -> dict[str, str]:
    """The metadata of a safetensors file."""
    size = int.from_bytes(answer.content[:8], "little")
    found: dict[str, str] = json.loads(answer.content[8 : 8 + size])["__metadata__"]
    return found


def drop(store: Store, run: MaskedRun, name: str, level: int) -> None:
    """Take an artifact's bytes away."""
    for ref in store.artifacts(run.id):
        if (ref.name, ref.key["level"]) == (name, level):
            store.artifacts_store.delete(ref.id)


def test_a_file_is_the_ticket_of_its_replicate_and_level(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES, replicates=2, controls=("shuffled",))
    for replicate in range(2):
        for level in range(3):
            answer = ask(client, run.id, replicate, level)
            found = load(answer.content)
            assert len(found) == 3 * len(SHAPES)
            for name in SHAPES:
                mask = run.masks[replicate][level][name]
                assert found[f"{name}.weight_mask"].dtype == np.uint8
                assert np.array_equal(found[f"{name}.weight_mask"], mask)
                assert np.array_equal(found[f"{name}.weight_orig"], run.init[replicate][name])
                assert np.array_equal(found[f"{name}.weight_trained"], run.trained[replicate][name] * mask)
            kept = sum(int(mask.sum()) for mask in run.masks[replicate][level].values())
            told = about(answer)
            assert (told["run"], told["replicate"], told["level"]) == (run.id, str(replicate), str(level))
            assert float(told["density"]) == kept / (4 * 2 * 9 + 5 * 16)


def test_a_file_has_the_name_that_the_run_has_now(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    assert about(ask(client, run.id, 0, 1))["name"] == "masked"
    store.update_run(run.id, name="another name")
    assert about(ask(client, run.id, 0, 1))["name"] == "another name"


def test_a_mask_whose_network_still_trains_is_no_ticket_yet(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    shapes = {"fc1": (3, 4), "fc2": (2, 3)}
    full = {f"{name}.weight": codec.full(*shape) for name, shape in shapes.items()}
    hand.save("mask", save({key: codec.encode(bits, bits) for key, bits in full.items()}))
    detail = ask(client, run.id, 0, 0, 404).json()["detail"]
    assert detail == "replicate 0 has saved no ticket of level 0 yet"


def test_a_ticket_whose_weights_are_gone_is_not_found(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    drop(store, run, "ticket", 2)
    assert "no ticket of level 2" in ask(client, run.id, 0, 2, 404).json()["detail"]
    assert load(ask(client, run.id, 0, 1).content)


def test_what_is_not_known_of_the_start_is_left_out(client: httpx.Client, store: Store) -> None:
    run = write_run(store, SHAPES)
    drop(store, run, "init", 0)
    answer = ask(client, run.id, 0, 1)
    assert set(load(answer.content)) == {f"{name}.weight_{part}" for name in SHAPES for part in ("mask", "trained")}
    assert about(answer)["orig"] == "not saved"


def files(levels: list[dict[str, NDArray[Any]]]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (f"{level}.safetensors", save(tensors))) for level, tensors in enumerate(levels)]


@pytest.mark.parametrize(("part", "saved"), [("_mask", {"_mask"}), ("", {"_mask", "_trained"})])
def test_imported_masks_come_back_without_what_they_came_without(
    client: httpx.Client, part: str, saved: set[str]
) -> None:
    random = np.random.default_rng(2)
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in SHAPES.items()}
    masks = [{name: random.random(shape) < share for name, shape in SHAPES.items()} for share in (2, 0.4)]
    given: list[dict[str, NDArray[Any]]] = [
        {f"{name}.weight{part}": mask[name].astype(np.uint8) if part else weights[name] * mask[name] for name in SHAPES}
        for mask in masks
    ]
    run_id = client.post("/api/v1/imports", files=files(given)).json()["id"]
    for level, mask in enumerate(masks):
        answer = ask(client, run_id, 0, level)
        found = load(answer.content)
        assert set(found) == {f"{name}.weight{end}" for name in SHAPES for end in saved}
        for name in SHAPES:
            assert np.array_equal(found[f"{name}.weight_mask"], mask[name])
            if "_trained" in saved:
                assert np.array_equal(found[f"{name}.weight_trained"], weights[name] * mask[name])
        assert about(answer)["orig"] == "not saved"
    ask(client, run_id, 0, 2, 404)
    ask(client, run_id, 1, 0, 404)


@pytest.mark.parametrize("name", ["init", "ticket"])
def test_a_ticket_made_of_damaged_bytes_is_refused_before_anything_is_sent(
    client: httpx.Client, store: Store, name: str
) -> None:
    run = write_run(store, SHAPES)
    folder = store.artifacts_store.folder
    assert folder is not None
    for ref in store.artifacts(run.id):
        if ref.name == name:
            path = folder / ref.id[:2] / ref.id
            path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert "is damaged" in ask(client, run.id, 0, 1, 500).json()["detail"]


def test_a_large_layer_is_sent_in_pieces_that_fit_together(
    client: httpx.Client, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tickets, "_PIECE", 50)
    run = write_run(store, SHAPES)
    found = load(ask(client, run.id, 0, 2).content)
    for name in SHAPES:
        mask = run.masks[0][2][name]
        assert np.array_equal(found[f"{name}.weight_mask"], mask)
        assert np.array_equal(found[f"{name}.weight_orig"], run.init[0][name])
        assert np.array_equal(found[f"{name}.weight_trained"], run.trained[0][name] * mask)
