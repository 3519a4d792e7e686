"""Layers and sums behind the figures of masks, and these figures of an imported run: one sparse mask, no weights."""

from typing import Any

import numpy as np
import pytest

from app.kinds.imported.spec import ImportedSpec
from app.kinds.registry import FIGURES, kinds_of
from app.plotting import words
from app.plotting.source import Source
from app.plotting.tickets.pyramid_view import Layer, layers, saved


def test_layers_are_told_by_the_run(records: Any) -> None:
    found = layers(Source(records.run(), FIGURES["weight_survival"].options()))
    assert found[0] == Layer("fc1", (300, 64))
    assert (found[2].size, found[2].weights, found[2].kernel) == ((10, 100), 1000, 1)
    conv = Layer("conv1", (64, 3, 3, 5))
    assert (conv.size, conv.weights, conv.kernel) == ((64, 45), 2880, 15)
    assert layers(Source(records.run(layers=False), FIGURES["weight_survival"].options())) == ()


def test_artifacts_come_by_level_and_replicate_in_order(records: Any) -> None:
    places = [("pyramid", 1, 10), ("movement", 0, 2), ("pyramid", 0, 10), ("pyramid", 0, 2)]
    artifacts = {place: {"x": np.array([i])} for i, place in enumerate(places)}
    found = saved(Source(records.run(), FIGURES["weight_survival"].options(), {}, artifacts))
    assert {level: [*by] for level, by in found.items()} == {2: [0], 10: [0, 1]}
    assert found[10][1]["x"] == 0


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("input_density", "At level 0, pixels at the border keep "),
        ("degree_histogram", "At level 0, 0 of 64 inputs of fc1 have no weights left, "),
        (
            "weight_survival",
            "At level 0, 26.8 % of the weights remain; whether the large ones survive is not known",
        ),
        ("mask_distance", "Nothing to show: no two successive masks were compared."),
        ("layer_density", "At level 0, 26.8 % of the weights are left"),
    ],
)
def test_an_imported_mask(records: Any, name: str, expected: str) -> None:
    spec = ImportedSpec(kind="imported", files=("mask.safetensors",), layers=3, levels=0)
    run = records.run().model_copy(update={"kind": "imported", "spec": spec})
    tensors = {key: values for key, values in records.pyramid(0, 3).items() if not key.endswith(".strata")}
    rows = [
        {"layer": layer, "kept": left, "total": total, "flipped": total - left}
        for layer, (left, total) in enumerate(zip(records.kept(3), records.kept(0), strict=True))
    ]
    entry = FIGURES[name]
    assert "imported" in kinds_of(entry.name)
    source = Source(run, entry.options(), {"layers": records.series(rows)}, {("pyramid", 0, 0): tensors})
    meta = entry.build(source).layout.meta
    assert "".join(part["text"] for part in meta["finding"]).replace("\xa0", " ").startswith(expected)
    assert meta["n"] == (0 if name == "mask_distance" else 1)
    assert words.density(records.density(3)) == "26.8 %"
