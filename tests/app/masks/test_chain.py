"""The order of layers by the chain of their shapes, against trying every order."""

from itertools import pairwise, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.masks.chain import by_name, chain, natural, no_link


def test_units_of_one_layer_are_the_inputs_of_the_next() -> None:
    shapes = {"hidden2": (6, 8), "input": (8, 16), "output": (4, 6)}
    assert chain(shapes) == ("input", "hidden2", "output")


def test_a_flattened_convolution_is_read_several_times_over() -> None:
    shapes = {"a": (10, 84), "b": (84, 16 * 25), "c": (16, 6, 5, 5), "d": (6, 1, 5, 5)}
    assert chain(shapes) == ("d", "c", "b", "a")


def test_layers_of_one_shape_keep_the_order_of_their_names() -> None:
    shapes = {"fc10": (8, 8), "fc2": (8, 8), "z": (8, 4), "a": (3, 8)}
    assert chain(shapes) == ("z", "fc2", "fc10", "a")
    assert chain({"hidden": (8, 8), "input": (8, 8), "b.output": (8, 8), "stemming": (8, 8)}) == (
        "input", "hidden", "stemming", "b.output",
    )  # fmt: skip


def test_no_order_or_several_are_none() -> None:
    assert chain({"a": (4, 3), "b": (6, 5)}) is None  # neither follows the other
    assert chain({"encoder": (4, 9), "decoder": (9, 4)}) is None  # each follows the other
    assert chain({"conv": (8, 1, 3, 3), "depthwise": (8, 1, 3, 3)}) is None
    assert chain({"vector": (4,), "a": (4, 4)}) is None
    assert chain({"empty": (0, 3, 1, 1), "a": (2, 4)}) is None  # a file may hold a kernel of no units


@pytest.mark.parametrize(
    "name",
    ["layer1.0.shortcut.0", "layer2.0.downsample.0.weight", "conv_skip", "stage.downSample", "block.residual_conv",
     "h.0.attn.c_attn", "encoder.attention.query", "layers.3.q_proj", "blocks.1.qkv", "Mixed_5b.branch1x1.conv",
     "attn_2.k.kernel", "blocks.3.short.0"],
)  # fmt: skip
def test_a_name_may_show_that_a_layer_is_no_link_of_a_chain(name: str) -> None:
    assert no_link(["fc1", name, "fc2"]) == name


@pytest.mark.parametrize(
    "name", ["fc1", "features.0", "conv2d_1", "k1", "lin.q2", "squeeze", "proj", "stem.conv", "shortened"]
)
def test_other_names_do_not(name: str) -> None:
    assert no_link([name]) == ""


def test_none_and_one_layer_are_in_order() -> None:
    assert chain({}) == ()
    assert chain({"only": (3, 5)}) == ("only",)


def test_many_layers_are_answered_whether_they_chain_or_not() -> None:
    widths = [3, *(16 + place // 9 for place in range(300)), 10]
    straight = {f"layer{place}": (after, before) for place, (before, after) in enumerate(pairwise(widths))}
    assert chain(dict(reversed(straight.items()))) == tuple(straight)
    # A residual network: shortcuts fit nowhere in one line.
    residual = {"conv1": (64, 3, 7, 7), "fc": (1000, 512)}
    for stage, width in enumerate((64, 128, 256, 512)):
        for block in range(8):
            before = width if block or not stage else width // 2
            residual[f"{stage}.{block}.conv1"] = (width, before, 3, 3)
            residual[f"{stage}.{block}.conv2"] = (width, width, 3, 3)
        if stage:
            residual[f"{stage}.shortcut"] = (width, width // 2, 1, 1)
    assert chain(residual) is None


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3), st.booleans()), max_size=5))
def test_the_same_as_trying_every_order(kernels: list[tuple[int, int, bool]]) -> None:
    shapes = {f"l{place}": (out, into, 2, 2)[: 4 if conv else 2] for place, (out, into, conv) in enumerate(kernels)}

    def fits(order: tuple[str, ...]) -> bool:
        for a, b in pairwise(shapes[name] for name in order):
            if b[1] != a[0] and not (len(a) == 4 and len(b) == 2 and b[1] % a[0] == 0):
                return False
        return True

    every = {tuple(shapes[name] for name in order) for order in permutations(shapes) if fits(order)}
    found = chain(shapes)
    assert (found is not None) == (len(every) == 1)
    if found is not None:
        assert sorted(found) == sorted(shapes)
        assert tuple(shapes[name] for name in found) in every


def test_numbers_in_names_are_numbers() -> None:
    names = ["level_10/main", "level_2/main", "level_1/main"]
    assert sorted(names, key=natural) == ["level_1/main", "level_2/main", "level_10/main"]
    assert sorted(["output", "fc10", "fc9", "input"], key=by_name) == ["input", "fc9", "fc10", "output"]
