"""What does not go together is refused at submission, in words and with the field named."""

from typing import Any

import httpx
import pytest

from app.kinds.presets import PRESETS
from app.kinds.specs import EXPERIMENTS

RUNS = "/api/v1/runs"
TEXT = {"kind": "tiny_shakespeare"}


def preset(name: str, **fields: Any) -> dict[str, Any]:
    return PRESETS[name].spec.model_dump(mode="json") | fields


CASES = {
    "five pools on 8×8": (
        preset("digits-tickets", model={"kind": "vgg_11"}), "model",
        "does not fit the data set digits: it halves pictures 5 times, and of 8×8 pixels nothing would be left",
    ),
    "patches that do not tile": (
        preset("digits-tickets", model={"kind": "vit_tiny", "patch": 3}), "model",
        "does not fit the data set digits: patches of 3×3 do not tile pictures of 8×8 pixels",
    ),
    "text to a convolutional network": (
        preset("conv-2-tickets", dataset=TEXT), "model",
        "does not fit the data set tiny_shakespeare: it reads pictures, and the examples are text",
    ),
    "text to a perceptron": (
        preset("digits-tickets", dataset=TEXT), "model",
        "does not fit the data set tiny_shakespeare: it reads pictures, and the examples are text",
    ),
    "pictures to the transformer": (
        preset("char-tickets", dataset={"kind": "mnist"}), "model",
        "does not fit the data set mnist: it reads text, and the examples are pictures",
    ),
    "heads that do not divide the width": (
        preset("char-tickets", model={"kind": "char_transformer", "heads": 3}), "model.heads",
        "must divide the width, 64",
    ),
    "text that is cropped and mirrored": (
        preset("char-tickets", augmentation="pad_crop_flip"), "augmentation",
        "changes pictures, and the examples of tiny_shakespeare are text",
    ),
    "text with standardised pixels": (
        preset("char-tickets", dataset={**TEXT, "normalise": True}), "dataset.normalise",
        "is not a known field",
    ),
    "random pruning without pruning in training": (
        preset("digits-tickets", branches=[{"kind": "random_pruning"}]), "branches",
        "random_pruning needs a pruning method that acts during the training, and layerwise_magnitude does not",
    ),
    "an interval longer than the pruning": (
        preset("digits-tickets", steps=100, pruning={"kind": "gradual_magnitude", "every": 51}), "pruning.every",
        "is longer than pruning lasts: in 100 steps it never happens",
    ),
    "pruning that ends before it begins": (
        preset("digits-tickets", pruning={"kind": "gradual_magnitude", "begin": 0.5, "end": 0.4}), "pruning.end",
        "must be after begin, 0.5",
    ),
    "pruning before the rewind step": (
        preset("digits-tickets", rewind_step=20, pruning={"kind": "gradual_magnitude"}), "pruning.begin",
        "must not be before the rewind step, 20",
    ),
    "an initialisation that does not exist": (
        preset("digits-tickets", init="he"), "init",
        "must be 'glorot_normal', 'kaiming_normal', 'kaiming_uniform', 'orthogonal' or 'normal'",
    ),
    "a picture in the weights of a text's network": (
        preset("erasure-digits", dataset=TEXT), "dataset", "must be of pictures, and the examples are text",
    ),
    "directions of a step on text": (
        preset("stable-rank-vs-width", dataset=TEXT), "dataset", "must be of pictures, and the examples are text",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_api_refuses_what_does_not_go_together(client: httpx.Client, name: str) -> None:
    spec, field, words = CASES[name]
    answer = client.post(RUNS, json={"spec": spec})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["path"] == field
    assert words in error["message"]


def test_every_kind_that_reads_a_data_set_says_what_it_makes_of_text() -> None:
    told = {spec["kind"] for spec, _, _ in CASES.values() if spec.get("dataset", {}).get("kind") == "tiny_shakespeare"}
    assert told == {name for name, entry in EXPERIMENTS.items() if "dataset" in entry.params.model_fields}
