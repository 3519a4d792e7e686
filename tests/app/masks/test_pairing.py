"""Pairs of layers of two networks: by name, by shape, as proposed, as chosen, or none and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.masks.pairing import Layers, Pairing, chosen, pair, parse, written

MLP = [("fc1", (300, 784)), ("fc2", (100, 300)), ("fc3", (10, 100))]


@pytest.mark.parametrize(
    "prefix", ["module.", "_orig_mod.", "module._orig_mod.", "net.", "model.encoder.", "_fsdp_wrapped_module.net."]
)
def test_prefixes_do_not_hide_names(prefix: str) -> None:
    other: Layers = [(f"{prefix}{name}", shape) for name, shape in reversed(MLP)]
    assert pair(MLP, other) == Pairing((2, 1, 0), "name")
    assert pair(other, MLP) == Pairing((2, 1, 0), "name")


def test_names_come_before_the_order_that_was_stored() -> None:
    one: Layers = [("a", (8, 8)), ("b", (8, 8))]
    assert pair(one, [("b", (8, 8)), ("a", (8, 8))]) == Pairing((1, 0), "name")


def test_other_names_are_paired_by_the_chain_of_shapes() -> None:
    assert pair(MLP, [("classifier", (10, 100)), ("hidden", (100, 300)), ("input", (300, 784))]) == Pairing(
        (2, 1, 0), "shape"
    )


def test_layers_of_one_shape_under_other_names_are_only_proposed() -> None:
    made = pair([("fc1", (8, 8)), ("fc2", (8, 8))], [("hidden", (8, 8)), ("input", (8, 8))])
    assert made == Pairing((1, 0), "proposal")
    assert not made.decided
    # What the names of one shape have in common still decides.
    mixed = pair([("x", (3, 4)), ("a", (8, 8)), ("b", (8, 8))], [("b", (8, 8)), ("a", (8, 8)), ("y", (3, 4))])
    assert mixed == Pairing((2, 1, 0), "shape")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ([*MLP, ("fc4", (10, 10))], "one has 3 layers, the other 4 layers"),
        (
            [MLP[0], ("fc2", (90, 300)), ("fc3", (10, 90))],
            r"no layer of the other has the shape of fc2 \(100×300\), fc3 \(10×100\); it has fc2 \(90×300\), fc3",
        ),
        ([MLP[0], MLP[0], MLP[2]], r"no layer of the other has the shape of fc2 \(100×300\); it has fc1"),
    ],
)
def test_what_cannot_be_paired_is_refused_with_the_reason(other: Layers, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        pair(MLP, other)


def test_a_name_that_two_layers_would_share_keeps_its_prefix() -> None:
    one: Layers = [("module.a", (4, 4)), ("a", (4, 4))]
    assert pair(one, one) == Pairing((0, 1), "name")


@given(st.permutations(range(5)))
def test_a_choice_survives_the_address_and_both_directions(places: list[int]) -> None:
    layers: Layers = [(f"l{place}", (4, 4)) for place in range(5)]
    choice = parse(written("aa", "bb", places))
    there = chosen(choice, "aa", "bb", layers, layers)
    back = chosen(choice, "bb", "aa", layers, layers)
    assert there == Pairing(tuple(places), "choice")
    assert back == there.inverse
    assert [places[place] for place in back.places] == list(range(5))


def test_two_runs_meet_in_the_one_that_both_are_paired_with() -> None:
    layers: Layers = [(f"l{place}", (4, 4)) for place in range(3)]
    choice = parse("aa:bb:1-2-0, aa:cc:2-1-0")
    # Layer 0 of bb is layer 2 of aa, which is layer 0 of cc.
    assert chosen(choice, "bb", "cc", layers, layers) == Pairing((0, 2, 1), "choice")
    assert chosen(choice, "bb", "dd", layers, layers) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aa:bb:0-0-1", "each layer once"),
        ("aa:bb:1-2-3", "each layer once"),
        ("aa:bb:0-1", "pairs 2 layers; aa has 3, bb 3"),
        ("aa:bb:1-0-2", "fc1 is 300×784, fc2 is 100×300"),
        ("aa:bb", "is not a pairing"),
        ("../x:bb:0-1-2", "is not a pairing"),
        ("cc:aa:0-1, cc:bb:0-1-2", "do not fit together"),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        chosen(parse(text), "aa", "bb", MLP, MLP)
