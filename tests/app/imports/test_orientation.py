"""How kernels stand in files, and the order of layers."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load, save

from app.imports import limits
from app.imports.levels import MaskSequence, Saved
from app.masks import codec
from tests.app.imports.files import recognised

RNG = np.random.default_rng(1)


def kernel(*shape: int) -> NDArray[np.float32]:
    return (RNG.normal(size=shape) * (RNG.random(shape) < 0.6)).astype(np.float32)


def stored(content: bytes, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Masks and kept values of the first level, as they are saved."""
    sequence = MaskSequence(recognised(content))
    saved = {
        output.name: load(b"".join(output.spool.chunks()))
        for output in sequence.outputs(folder)
        if isinstance(output, Saved)
    }
    masks = {}
    for each in sequence.kernels:
        bits = codec.decode(saved["mask"][each.key], codec.full(*each.size))
        masks[each.name] = codec.unpack(bits, each.size[1]).reshape(each.shape)
    return masks, saved["ticket"]


@pytest.mark.parametrize("band", [limits.BAND, 8])
@pytest.mark.parametrize(
    ("name", "shape", "axes"),
    [
        ("Dense_0.kernel", (7, 5), (1, 0)),
        ("Conv_0.kernel", (3, 2, 4, 6), (3, 2, 0, 1)),
        ("Conv_0.kernel", (3, 4, 6), (2, 1, 0)),
        ("up.weight", (6, 4, 2, 3), (1, 0, 2, 3)),
        ("net.deconv1.weight", (6, 4, 1, 1), (1, 0, 2, 3)),
    ],
)
def test_a_kernel_that_stands_otherwise_is_turned_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, band: int, name: str, shape: tuple[int, ...], axes: tuple[int, ...]
) -> None:
    monkeypatch.setattr(limits, "BAND", band)
    weights = kernel(*shape)
    truth = weights.transpose(axes)
    masks, ticket = stored(save({name: weights}), tmp_path)
    layer = name.rpartition(".")[0]
    assert np.array_equal(masks[layer], truth != 0)
    assert np.array_equal(ticket[f"{layer}.weight.values"], truth[truth != 0])
    assert list(tmp_path.iterdir()) == []
    row = recognised(save({name: weights})).rows[0]
    assert "transposed" in row.line.why


def test_a_mask_of_flax_is_turned_with_its_weights_and_may_be_of_units(tmp_path: Path) -> None:
    weights, mask = kernel(3, 3, 2, 4), np.array([1, 0, 1, 1], np.uint8)
    masks, _ = stored(save({"c.kernel": weights, "c.kernel_mask": mask}), tmp_path)
    assert masks["c"].reshape(4, -1).min(axis=1).tolist() == [1, 0, 1, 1]


@pytest.mark.parametrize("shape", [(4, 1, 1, 1), (1, 3, 1, 1), (4, 3, 1, 1), (1, 1, 3, 3), (4,), (3, 1, 1)])
def test_a_mask_of_channels_is_repeated_over_the_kernel(tmp_path: Path, shape: tuple[int, ...]) -> None:
    mask = (RNG.random(shape) < 0.5).astype(np.float32)
    weights = RNG.normal(size=(4, 3, 3, 3)).astype(np.float32)
    masks, ticket = stored(save({"conv.weight_orig": weights, "conv.weight_mask": mask}), tmp_path)
    full = np.broadcast_to(mask.reshape(4, 1, 1, 1) if shape == (4,) else mask, weights.shape)
    assert np.array_equal(masks["conv"], full)
    assert np.array_equal(ticket["conv.weight.values"], weights[full == 1])


def test_weights_of_weight_norm_are_their_lengths_times_their_directions(tmp_path: Path) -> None:
    v, g = kernel(5, 7), RNG.normal(size=(5, 1)).astype(np.float32)
    v[2] = 0
    masks, ticket = stored(save({"fc.weight_v": v, "fc.weight_g": g}), tmp_path)
    lengths = np.linalg.norm(v, axis=1, keepdims=True)
    truth = np.where(lengths > 0, v * g / np.where(lengths > 0, lengths, 1), 0)
    assert np.array_equal(masks["fc"], v != 0)
    np.testing.assert_allclose(ticket["fc.weight.values"], truth[v != 0], rtol=1e-6)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [
        ({"dw": (8, 1, 3, 3)}, {"dw": ((8, 1, 3, 3), 8)}),
        ({"conv": (8, 1, 3, 3)}, {"conv": ((8, 1, 3, 3), 1)}),
        ({"a": (8, 3, 3, 3), "b": (8, 1, 3, 3), "c": (6, 8, 1, 1)}, {"a": ((8, 3, 3, 3), 1), "b": ((8, 1, 3, 3), 8),
                                                                   "c": ((6, 8, 1, 1), 1)}),
        ({"up": (8, 4, 2, 2)}, {"up": ((4, 8, 2, 2), 1)}),
        # A layer called up that reads what comes before it as it stands is an ordinary convolution.
        ({"a": (4, 3, 3, 3), "b.up": (8, 4, 3, 3)}, {"a": ((4, 3, 3, 3), 1), "b.up": ((8, 4, 3, 3), 1)}),
        # A generator: no name tells, but only as transposed convolutions does one read the other.
        ({"main.0": (9, 8, 4, 4), "main.3": (8, 6, 4, 4), "main.6": (6, 3, 4, 4)},
         {"main.0": ((8, 9, 4, 4), 1), "main.3": ((6, 8, 4, 4), 1), "main.6": ((3, 6, 4, 4), 1)}),
    ],
)  # fmt: skip
def test_depthwise_and_transposed_convolutions(shapes: dict[str, Any], expected: dict[str, Any]) -> None:
    recognition = recognised(save({f"{name}.weight": RNG.normal(size=shape) for name, shape in shapes.items()}))
    assert {kernel.name: (kernel.shape, kernel.groups) for kernel in recognition.kernels} == expected


@pytest.mark.parametrize(
    ("shapes", "order"),
    [
        ({"hidden2": (6, 8), "input": (8, 16), "output": (4, 6)}, ["input", "hidden2", "output"]),
        ({"l10": (8, 8), "l9": (8, 8), "l2": (8, 8)}, ["l2", "l9", "l10"]),
        # No order is a chain: the natural one, and the classifier behind the convolutions.
        ({"classifier.0": (5, 7), "features.10": (4, 3, 3, 3), "features.9": (6, 3, 3, 3)},
         ["features.9", "features.10", "classifier.0"]),
        ({"b10": (5, 7), "b9": (6, 11)}, ["b9", "b10"]),
    ],
)  # fmt: skip
def test_layers_are_in_the_order_of_their_shapes_or_else_of_their_names(
    shapes: dict[str, Any], order: list[str]
) -> None:
    recognition = recognised(save({f"{name}.weight": RNG.normal(size=shape) for name, shape in shapes.items()}))
    assert [kernel.name for kernel in recognition.kernels] == order
