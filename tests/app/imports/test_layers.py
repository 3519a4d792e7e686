"""Which tensors make which layer, and in what order."""

from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from app.imports.layers import agree, layers_of
from app.imports.limits import MAX_LAYERS, MAX_SIDE
from app.imports.refused import Refused
from tests.app.imports.files import Network, raw, source

F = np.ones((3, 4), np.float32)
U = np.ones((3, 4), np.uint8)


def roles(**tensors: Any) -> list[tuple[Any, ...]]:
    """(layer, mask, values, initial) of each layer, as names of tensors."""
    content = save({name.replace("__", "."): array for name, array in tensors.items()})
    return [
        (each.name, *(part and part.name for part in (each.mask, each.values, each.initial)))
        for each in layers_of(source(content))
    ]


@pytest.mark.parametrize(
    ("tensors", "expected"),
    [
        ({"fc__weight": F}, ("fc", None, "fc.weight", None)),
        ({"fc__weight_mask": U}, ("fc", "fc.weight_mask", None, None)),
        ({"fc__weight_mask": F, "fc__weight_orig": F}, ("fc", "fc.weight_mask", "fc.weight_orig", None)),
        ({"fc__weight_mask": F, "fc__weight": F}, ("fc", "fc.weight_mask", "fc.weight", None)),
        (
            {"fc__weight_mask": U, "fc__weight_orig": F, "fc__weight_trained": F},
            ("fc", "fc.weight_mask", "fc.weight_trained", "fc.weight_orig"),
        ),
        ({"fc__weight_orig": F, "fc__weight_trained": F}, ("fc", None, "fc.weight_trained", "fc.weight_orig")),
        ({"fc__weight": U.astype(bool)}, ("fc", "fc.weight", None, None)),
        ({"fc__weight": U.astype(np.int8)}, ("fc", None, "fc.weight", None)),
        ({"w1": F}, ("w1", None, "w1", None)),
        ({"w1_mask": U}, ("w1", "w1_mask", None, None)),
    ],
)
def test_the_parts_of_a_layer(tensors: dict[str, Any], expected: tuple[Any, ...]) -> None:
    assert roles(**tensors) == [expected]


def test_what_is_not_prunable_is_left_out() -> None:
    one = np.ones(3, np.float32)
    assert roles(
        fc__weight=F, fc__bias=one, norm__weight=one, fc__bias_mask=one, fc__bias_orig=one,
        position_ids=np.ones((1, 8), np.int64), attn__bias=np.ones((1, 1, 4, 4), np.float32),
    ) == [("fc", None, "fc.weight", None)]  # fmt: skip


def test_convolutions_come_first_and_numbers_in_their_order() -> None:
    conv = np.ones((2, 1, 3, 3), np.float32)
    made = roles(classifier__0__weight=F, features__10__weight=conv, features__9__weight=conv, classifier__12__weight=F)
    assert [name for name, *_ in made] == ["features.9", "features.10", "classifier.0", "classifier.12"]


@pytest.mark.parametrize(
    ("tensors", "field", "words"),
    [
        ({"fc__weight_mask": U, "fc__weight_orig": F.T.copy()}, "shape", "is 4×3, but 3×4 in 'fc.weight_mask'"),
        ({"fc__weight_mask": U, "fc__weight_orig": F.reshape(-1)}, "shape", "is 12, but 3×4"),
        ({"__weight_mask": U}, "name", "no name"),
        ({"_mask": U}, "name", "no name"),
        ({"fc__weight": F[:0]}, "shape", "0 weights"),
        ({"fc__weight": F, "fc": F}, "name", "named twice"),
        ({"fc__bias": F[0]}, "", "no kernel"),
        ({f"l{i}": F[:1, :1] for i in range(MAX_LAYERS + 1)}, "", "401 layers"),
        ({"fc__weight": np.ones((MAX_SIDE + 1, 2), np.int8)}, "shape", "262,145 rows or columns"),
    ],
)
def test_what_makes_no_layer_is_refused(tensors: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(Refused) as caught:
        roles(**tensors)
    assert caught.value.field == field
    assert words in str(caught.value)


def test_a_layer_of_too_many_weights_is_refused_by_its_header_alone() -> None:
    # All of them are there: it is a hole in a file, which takes no room.
    side = 8193
    header = {"fc.weight": {"dtype": "I8", "shape": [side, side], "data_offsets": [0, side * side]}}
    with pytest.raises(Refused, match="67,125,249 weights") as caught:
        layers_of(source(raw(header, bytes(side * side))))
    assert caught.value.status == 413


def test_levels_must_have_the_same_layers() -> None:
    network = Network(2)
    first, second = (source(network.ticket(level), f"l{level}") for level in (0, 1))
    agree([first, second], [layers_of(first), layers_of(second)])
    for content, field, words in (
        (save({"conv1.weight": network.initial["conv1"]}), "name", "is missing here"),
        (save(network.initial | {"more": F}), "name", "not in the first file"),
        (save(network.initial | {"fc": network.initial["fc"].T.copy()}), "shape", "is 45×10 here and 10×45 in l0"),
    ):
        other = source(content, "l1")
        with pytest.raises(Refused, match=words) as caught:
            agree([first, other], [layers_of(first), layers_of(other)])
        assert (caught.value.field, caught.value.file) == (field, "l1")
