"""A layer's name of hundreds of characters works in every figure, picture and page."""

import httpx
import numpy as np
import pytest
from safetensors.numpy import save

from app.contract.tickets import MAX_LAYER_NAME
from app.kinds.registry import KINDS

PREFIX = "_fsdp_wrapped_module.model.layers.0._checkpoint_wrapped_module.self_attn."
LAYER = "layer"


@pytest.fixture(params=[200, MAX_LAYER_NAME - len(".weight_mask")])
def layer(request: pytest.FixtureRequest) -> str:
    return (PREFIX * 10)[: request.param]


@pytest.fixture
def run(client: httpx.Client, layer: str) -> str:
    """An imported run of two levels, whose first layer has a long name."""
    dice = np.random.default_rng(3)
    masks = [dice.random((8, 12)) < density for density in (0.9, 0.4)]
    files = [
        ("files", (f"level_{level}.safetensors", save({f"{layer}.weight_mask": mask.astype(np.uint8)})))
        for level, mask in enumerate(masks)
    ]
    answer = client.post("/api/v1/imports", files=files)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_every_figure_of_masks_answers(client: httpx.Client, run: str, layer: str) -> None:
    figures = KINDS["imported"].figures
    assert len(figures) > 5
    for entry in figures:
        chosen = {"layer": layer} if LAYER in entry.options.model_fields else {}
        for form in ({}, {"format": "csv"}):
            answer = client.get(f"/api/v1/runs/{run}/figures/{entry.name}", params={**chosen, **form})
            assert answer.status_code == 200, (entry.name, answer.text)


def test_every_page_and_picture_answers(client: httpx.Client, run: str, layer: str) -> None:
    for tab in ("", "masks", "overlap", "spec", "log"):
        answer = client.get(f"/runs/{run}", params={"tab": tab, "layer": layer})
        assert answer.status_code == 200, tab
    part = {"level": 1, "top": 0, "left": 0, "bottom": 8, "right": 12, "width": 96, "height": 64}
    picture = client.get(f"/api/v1/runs/{run}/masks/{layer}/tile", params=part)
    assert picture.status_code == 200, picture.text
    assert client.get(f"/api/v1/runs/{run}/tickets/0/1").status_code == 200
