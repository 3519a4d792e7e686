"""Which tensors make which layer, and what is left out and why."""

from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from app.imports.layers import layers_of
from app.imports.limits import MAX_LAYERS, MAX_SIDE
from app.imports.names import taken_apart
from app.imports.refused import Refused
from app.imports.table import Choices
from tests.app.imports.files import Network, raw, recognised, source, typed

RNG = np.random.default_rng(0)
F = RNG.normal(size=(3, 4)).astype(np.float32)
U = (RNG.random((3, 4)) < 0.5).astype(np.uint8)


def taken(tensors: dict[str, Any], **choices: Any) -> dict[str, str]:
    """Roles of the tensors that are read, with their layers: "mask of fc"."""
    rows = recognised(save(tensors), choices=Choices(**({"roles": {}} | choices))).rows
    return {row.line.name: f"{row.line.role} of {row.line.layer}" for row in rows if row.line.taken}


@pytest.mark.parametrize(
    ("tensors", "expected"),
    [
        ({"fc.weight": F}, ["weights"]),
        ({"fc.weight_mask": U}, ["mask"]),
        ({"fc.weight_mask": U, "fc.weight_orig": F}, ["mask", "weights"]),
        ({"fc.weight_mask": U, "fc.weight": F}, ["mask", "weights"]),
        ({"fc.mask": U, "fc.weight": F}, ["mask", "weights"]),
        ({"fc.weight.mask": U, "fc.weight": F}, ["mask", "weights"]),
        ({"fc.__weight_mma_mask": U, "fc.weight": F}, ["mask", "weights"]),
        ({"fc.parametrizations.weight.0.mask": U, "fc.parametrizations.weight.original": F}, ["mask", "weights"]),
        ({"fc.weight_g": F[:, :1], "fc.weight_v": F}, ["gain", "direction"]),
        ({"fc.parametrizations.weight.original0": F[:, :1], "fc.parametrizations.weight.original1": F},
         ["gain", "direction"]),
        ({"fc.weight_mask": U, "fc.weight_orig": F, "fc.weight_trained": F},
         ["mask", "initial weights", "trained weights"]),
        ({"fc.weight_orig": F, "fc.weight_trained": F}, ["initial weights", "trained weights"]),
        ({"fc.weight": U.astype(bool)}, ["mask"]),
        ({"fc.weight": U.astype(np.int8)}, ["mask"]),
        ({"fc.weight": U.astype(np.float32)}, ["mask"]),
        ({"fc.weight": 2 * U.astype(np.int8)}, ["weights"]),
    ],
)  # fmt: skip
def test_the_parts_of_a_layer(tensors: dict[str, Any], expected: list[str]) -> None:
    assert taken(tensors) == dict(zip(tensors, [f"{role} of fc" for role in expected], strict=True))


@pytest.mark.parametrize(
    ("name", "array", "role"),
    [
        ("fc.bias", F[0], "bias"),
        ("fc.bias_mask", U[0], "bias"),
        ("attn.bias", np.tril(np.ones((1, 1, 4, 4), np.float32)), "bias"),
        ("norm.weight", F[0], "norm"),
        ("bn.weight_mask", U[0], "norm"),
        ("blocks.0.layernorm.weight", F, "norm"),
        ("fc.weight_scale", F[:, :1], "scale"),
        ("fc.weight_scale_inv", F, "scale"),
        ("fc.weight_zero_point", U, "scale"),
        ("fc.scores", F, "score"),
        ("fc.mask_scores", F, "score"),
        ("optimizer.state.0.exp_avg", F, "optimizer state"),
        ("fc.weight.exp_avg_sq", F, "optimizer state"),
        ("ema.fc.weight", F, "average"),
        ("model_ema.fc.weight", F, "average"),
        ("blocks.1.attn_mask", np.array([[[0, -100], [-100, 0]]], np.float32), "buffer"),
        ("blocks.0.attn.mask", np.tril(np.ones((1, 1, 4, 4), np.float32)), "buffer"),
        ("window_mask", np.array([[0, -100], [-100, 0]], np.float32), "buffer"),
        ("position_ids", np.ones((1, 8), np.int64), "buffer"),
        ("table", np.ones((2, 8), np.int64), "buffer"),
        ("transformer.wte.weight", F, "embedding"),
        ("pos_embed", F[None], "embedding"),
        ("gone.weight", F[:0], "empty"),
        ("step", np.array([3]), "other"),
    ],
)  # fmt: skip
def test_what_is_no_kernel_is_left_out_and_the_reason_told(name: str, array: Any, role: str) -> None:
    recognition = recognised(save({"fc.weight": F * U} | {name: array}))
    line = next(row.line for row in recognition.rows if row.line.name == name)
    assert [kernel.name for kernel in recognition.kernels] == ["fc"]
    assert (line.role, line.layer, line.taken) == (role, "", False)
    assert line.why


@pytest.mark.parametrize("dtype", ["F8_E4M3", "U32", "C64"])
def test_a_bystander_of_an_odd_type_is_left_out(dtype: str) -> None:
    width = {"F8_E4M3": 1, "U32": 4, "C64": 8}[dtype]
    content = typed({"fc.weight": (F, "F32")})
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length].decode()
    odd = f', "n": {{"dtype": "{dtype}", "shape": [3], "data_offsets": [48, {48 + 3 * width}]}}}}'
    recognition = recognised(raw((header[:-1] + odd).encode(), content[8 + length :] + bytes(3 * width)))
    assert [(row.line.name, row.line.taken) for row in recognition.rows] == [("fc.weight", True), ("n", False)]


def test_embeddings_and_averages_are_read_where_nothing_else_is_there_or_it_is_asked_for() -> None:
    assert taken({"ema.fc.weight": F}) == {"ema.fc.weight": "weights of ema.fc"}
    both = {"wte.weight": F, "fc.weight": F}
    assert taken(both, roles={"wte.weight": "weights"}).keys() == both.keys()
    assert taken(both, roles={"wte.weight": "weights", "fc.weight": "left out"}).keys() == {"wte.weight"}


def test_a_reader_decides_what_1_means() -> None:
    tensors = {"a.weight_mask": U, "b.weight_mask": U}
    kept = int(U.sum())
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [kept, kept]),
        ({"one_means": "pruned"}, [12 - kept, 12 - kept]),
        ({"roles": {"b.weight_mask": "inverted mask"}}, [kept, 12 - kept]),
        ({"roles": {"b.weight_mask": "mask"}, "one_means": "pruned"}, [12 - kept, kept]),
    ]
    for choices, expected in cases:
        recognition = recognised(save(tensors), choices=Choices(**({"roles": {}} | choices)))
        assert [item.kept for item in recognition.levels[0].counted] == expected


@pytest.mark.parametrize("one_means", ["", "kept", "pruned"])
def test_masks_whose_kept_weights_are_all_zero_are_a_question(one_means: Any) -> None:
    tensors: dict[str, Any] = {"fc.weight": F * U, "fc.weight_mask": 1 - U, "out.weight": F, "out.weight_mask": U}
    content = save(tensors)
    recognition = recognised(content, choices=Choices({}, one_means))
    assert recognition.question == (["fc"] if one_means == "" else [])


def test_a_layer_of_zeros_under_a_mask_is_no_question() -> None:
    assert recognised(save({"fc.weight": 0 * F, "fc.weight_mask": U})).question == []


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_pruned_may_be_no_number(value: float) -> None:
    weights = np.where(U == 1, F, value).astype(np.float32)
    recognition = recognised(save({"fc.weight_orig": weights, "fc.weight_mask": U}))
    assert recognition.levels[0].kept == U.sum()
    # Initial weights that are partly unknown are no initial weights.
    names: dict[str, Any] = {"fc.weight_orig": weights, "fc.weight_mask": U, "fc.weight_trained": F}
    assert not recognised(save(names)).has_initial


@pytest.mark.parametrize(
    ("tensors", "field", "words"),
    [
        ({"fc.weight_mask": U, "fc.weight_orig": F.T.copy()}, "shape", "is 3×4, but 4×3 in 'fc.weight_orig'"),
        ({"fc.weight_mask": U, "fc.weight_orig": F.reshape(-1)}, "shape", "is 3×4, but 12 in"),
        ({".weight_mask": U}, "name", "no layer name"),
        ({"_mask": U}, "name", "no layer name"),
        ({"fc.weight": F[:0]}, "", "no kernel"),
        ({"fc.weight": F, "fc": F}, "name", "occurs twice"),
        ({"fc.bias": F[0]}, "", "no kernel"),
        ({f"l{i}": F[:1, :1] for i in range(MAX_LAYERS + 1)}, "", "401 layers"),
        ({"fc.weight": np.ones((MAX_SIDE + 1, 2), np.int8)}, "shape", "262,145 rows or columns"),
        ({"d.kernel": np.ones((2, MAX_SIDE + 1), np.int8)}, "shape", "262,145 rows or columns"),
    ],
)
def test_what_makes_no_layer_is_refused(tensors: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        recognised(save(tensors))
    assert caught.value.field == field
    assert words in str(caught.value)


def test_a_layer_of_too_many_weights_is_refused() -> None:
    # All of them are there: it is a hole in a file, which takes no room.
    side = 8193
    header = {"fc.weight": {"dtype": "I8", "shape": [side, side], "data_offsets": [0, side * side]}}
    with pytest.raises(Refused, match="67,125,249 weights") as caught:
        recognised(raw(header, bytes(side * side)))
    assert caught.value.status == 413


def test_levels_must_have_the_same_layers() -> None:
    network = Network(2)
    recognised(network.ticket(0), network.ticket(1))
    for content, field, words in (
        (save({"conv1.weight": network.initial["conv1"]}), "name", "is missing from this file"),
        (save(network.initial | {"more": F}), "name", "not in the first file"),
        (save(network.initial | {"fc": network.initial["fc"].T.copy()}), "shape", "is 45×10 here and 10×45 in l0"),
    ):
        with pytest.raises(Refused, match=words) as caught:
            recognised(network.ticket(0), content)
        assert (caught.value.field, caught.value.file) == (field, "l1")


def test_a_tensor_in_two_shards_is_refused() -> None:
    content = save({"fc.weight": F})
    with pytest.raises(Refused, match="another file of the same network"):
        layers_of([source(content), source(content)])


def test_names_are_taken_apart_whatever_they_hold() -> None:
    for name in ("_orig.weight_mask", "$x^2$.weight_mask", "e\u0301.weight_mask", "блок.0.weight_mask"):
        assert taken_apart(name).stem == name.removesuffix("_mask")
        assert taken_apart(name).part == "mask"
