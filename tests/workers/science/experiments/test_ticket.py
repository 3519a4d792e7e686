"""Packing a ticket and reading it back loses nothing."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from workers.science.experiments.ticket import Ticket, pack, unpack


@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.floats(0, 1), st.integers(0, 99))
def test_a_ticket_comes_back_as_it_was(shape: list[int], density: float, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    mask = torch.rand(shape, generator=draw) < density
    weights = torch.randn(shape, generator=draw) * mask
    bias = torch.randn(3, generator=draw)
    tensors, meta = pack(Ticket({"fc.weight": mask}, {"fc.weight": weights, "fc.bias": bias}))
    assert json.loads(meta["shapes"]) == {"fc.weight": shape}
    ticket = unpack(load(save(tensors)), json.loads(meta["shapes"]))
    assert torch.equal(ticket.masks["fc.weight"], mask)
    assert torch.equal(ticket.weights["fc.weight"], weights)
    assert torch.equal(ticket.weights["fc.bias"], bias)


def test_names_and_bits_are_those_that_readers_rely_on() -> None:
    mask = torch.tensor([[True, False, True], [True, False, False]])
    weights = torch.tensor([[1.0, 9.0, 2.0], [0.0, 9.0, 9.0]])
    tensors, _ = pack(Ticket({"fc.weight": mask}, {"fc.weight": weights}))
    assert set(tensors) == {"fc.weight.mask", "fc.weight.values"}
    assert tensors["fc.weight.mask"].tolist() == [0b10110000]
    # A kept weight that is 0 is kept.
    assert tensors["fc.weight.values"].tolist() == [1.0, 2.0, 0.0]
    assert unpack(tensors, {"fc.weight": (2, 3)}).weights["fc.weight"].tolist() == [[1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]


def test_values_that_do_not_fit_the_mask_are_refused() -> None:
    tensors = {"fc.weight.mask": torch.tensor([0b11000000], dtype=torch.uint8), "fc.weight.values": torch.ones(3)}
    with pytest.raises(RuntimeError, match="shape"):
        unpack(tensors, {"fc.weight": (2, 2)})
