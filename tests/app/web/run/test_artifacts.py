"""Artifacts as files, and tickets that torch.nn.utils.prune understands."""

import hashlib
from collections import OrderedDict
from pathlib import Path

import httpx
import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load, save
from torch import nn
from torch.nn.utils import prune

from app.kinds.lottery.spec import LotteryKey
from app.store import Store
from tests.app.conftest import Hand
from workers.science.experiments.ticket import Ticket, mask_outputs, pack
from workers.science.outputs import Tensors


def network() -> nn.Sequential:
    return nn.Sequential(OrderedDict(fc1=nn.Linear(4, 3), relu=nn.ReLU(), fc2=nn.Linear(3, 2)))


class Saved:
    """A run whose replicate 0 has saved its initial weights, its weights at step 5 and two tickets."""

    def __init__(self, hand: Hand, rewind_step: int, rewind: str = "weights") -> None:
        generator = torch.Generator().manual_seed(1)

        def drawn() -> dict[str, torch.Tensor]:
            return {name: torch.randn(w.shape, generator=generator) for name, w in network().state_dict().items()}

        self.init, self.rewind, self.trained = drawn(), drawn(), drawn()
        self.masks = {
            name: torch.rand(self.init[name].shape, generator=generator) > 0.5 for name in ("fc1.weight", "fc2.weight")
        }
        self.run = hand.run(rewind_step=rewind_step, rewind=rewind)
        hand.save("init", save(self.init))
        if rewind_step:
            hand.save("rewind", save(self.rewind))
        full = {name: torch.ones_like(mask) for name, mask in self.masks.items()}
        for level, masks in enumerate((full, self.masks)):
            weights = {name: w * masks[name] if name in masks else w for name, w in self.trained.items()}
            for output in mask_outputs(LotteryKey(level=level), masks, full, None):
                if isinstance(output, Tensors):
                    hand.save(output.name, save(dict(output.tensors)), level)
            hand.save("ticket", save(pack(Ticket(masks, weights))), level)

    def url(self, level: int) -> str:
        return f"/api/v1/runs/{self.run.id}/tickets/0/{level}"


def test_a_ticket_loads_into_a_pruned_network(client: httpx.Client, hand: Hand) -> None:
    saved = Saved(hand, rewind_step=0)
    answer = client.get(saved.url(1))
    assert answer.headers["content-disposition"] == f'attachment; filename="{saved.run.id}-r0-l1.safetensors"'
    tensors = load(answer.content)

    # The five lines a reader would write.
    model = network()
    for name in ("fc1", "fc2"):
        prune.custom_from_mask(model.get_submodule(name), "weight", tensors[f"{name}.weight_mask"])  # type: ignore[no-untyped-call]
    state = {name: tensors[name if name in tensors else f"{name}_orig"] for name in model.state_dict()}
    model.load_state_dict(state)

    for name, mask in saved.masks.items():
        assert torch.equal(tensors[f"{name}_mask"], mask.to(torch.uint8))
        assert torch.equal(tensors[f"{name}_orig"], saved.init[name])
        assert torch.equal(tensors[f"{name}_trained"], saved.trained[name] * mask)
        layer = model.get_submodule(name.removesuffix(".weight"))
        assert isinstance(layer, nn.Linear)
        layer(torch.ones(1, layer.in_features))
        assert torch.equal(layer.weight, saved.init[name] * mask)
    assert torch.equal(tensors["fc1.bias_orig"], saved.init["fc1.bias"])
    assert torch.equal(tensors["fc1.bias_trained"], saved.trained["fc1.bias"])


def test_a_rewound_ticket_starts_where_it_was_rewound_to(
    client: httpx.Client, hand: Hand, tmp_path_factory: pytest.TempPathFactory
) -> None:
    saved = Saved(hand, rewind_step=5)
    dense, sparse = (client.get(saved.url(level)).content for level in (0, 1))
    assert torch.equal(load(dense)["fc1.weight_orig"], saved.init["fc1.weight"])
    assert torch.equal(load(sparse)["fc1.weight_orig"], saved.rewind["fc1.weight"])
    path = tmp_path_factory.mktemp("tickets") / "ticket.safetensors"
    path.write_bytes(sparse)
    with safe_open(path, "pt") as file:
        about = file.metadata()
    kept = sum(int(mask.sum()) for mask in saved.masks.values())
    assert float(about["density"]) == kept / (3 * 4 + 2 * 3)
    assert (about["run"], about["level"], about["orig"]) == (saved.run.id, "1", "weights at step 5")


def test_a_ticket_that_trained_on_starts_where_its_parent_ended(client: httpx.Client, hand: Hand) -> None:
    saved = Saved(hand, rewind_step=0, rewind="fine_tune")
    dense, ticket = load(client.get(saved.url(0)).content), load(client.get(saved.url(1)).content)
    for name, weights in saved.trained.items():
        assert torch.equal(dense[f"{name}_orig"], saved.init[name])
        assert torch.equal(ticket[f"{name}_orig"], weights)


def test_a_ticket_that_is_not_trained_yet_is_not_found(client: httpx.Client, hand: Hand) -> None:
    saved = Saved(hand, rewind_step=0)
    assert client.get(saved.url(2)).status_code == 404
    assert client.get(f"/api/v1/runs/{saved.run.id}/tickets/7/1").status_code == 404
    assert client.get(f"/api/v1/runs/{saved.run.id}/tickets/-1/1").status_code == 422


def test_artifacts_are_listed_and_sent_as_files(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    content = np.arange(100).tobytes()
    artifact_id = hand.save("init", content)
    (ref,) = client.get(f"/api/v1/runs/{run.id}/artifacts").json()["items"]
    assert (ref["id"], ref["name"], ref["size_bytes"]) == (artifact_id, "init", len(content))
    answer = client.get(f"/api/v1/artifacts/{artifact_id}")
    assert hashlib.sha256(answer.content).hexdigest() == artifact_id
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = client.get(f"/api/v1/artifacts/{artifact_id}", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_bytes_that_are_gone_or_damaged_are_never_sent(client: httpx.Client, hand: Hand, store: Store) -> None:
    hand.run()
    artifact_id = hand.save("init", b"whole")
    (path,) = Path(store.artifacts_url).rglob(artifact_id)
    path.write_bytes(b"other")
    damaged = client.get(f"/api/v1/artifacts/{artifact_id}")
    assert (damaged.status_code, "damaged" in damaged.json()["detail"]) == (500, True)
    store.artifacts_store.delete(artifact_id)
    assert client.get(f"/api/v1/artifacts/{artifact_id}").status_code == 404


def test_an_artifact_that_is_no_hash_is_refused(client: httpx.Client) -> None:
    assert client.get("/api/v1/artifacts/..%2F..%2Fticketscope.db").status_code in (404, 422)
    assert client.get("/api/v1/artifacts/" + "0" * 64).status_code == 404
