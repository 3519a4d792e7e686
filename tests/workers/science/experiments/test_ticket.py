"""Packing a ticket and reading it back loses nothing."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load, save

from app.contract.events import Measured
from app.kinds.lottery.spec import LotteryKey
from workers.science.experiments.ticket import Ticket, mask_outputs, masks_of, pack, unpack
from workers.science.outputs import Tensors


@given(st.lists(st.integers(1, 7), min_size=1, max_size=4), st.floats(0, 1), st.integers(0, 99))
def test_a_ticket_comes_back_as_it_was(shape: list[int], density: float, seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    mask, base = (torch.rand(shape, generator=draw) < density for _ in range(2))
    weights = torch.randn(shape, generator=draw) * mask
    bias = torch.randn(3, generator=draw)
    _, encoded, _ = mask_outputs(LotteryKey(), {"fc.weight": mask}, {"fc.weight": base}, None)
    assert isinstance(encoded, Tensors)
    masks = masks_of(load(save(dict(encoded.tensors))), {"fc.weight": base})
    ticket = unpack(load(save(pack(Ticket(masks, {"fc.weight": weights, "fc.bias": bias})))), masks)
    assert torch.equal(ticket.masks["fc.weight"], mask)
    assert torch.equal(ticket.weights["fc.weight"], weights)
    assert torch.equal(ticket.weights["fc.bias"], bias)


def test_names_and_values_are_those_that_readers_rely_on() -> None:
    mask = torch.tensor([[True, False, True], [True, False, False]])
    weights = torch.tensor([[1.0, 9.0, 2.0], [0.0, 9.0, 9.0]])
    tensors = pack(Ticket({"fc.weight": mask}, {"fc.weight": weights}))
    assert set(tensors) == {"fc.weight.values"}
    # A kept weight that is 0 is kept.
    assert tensors["fc.weight.values"].tolist() == [1.0, 2.0, 0.0]
    assert unpack(tensors, {"fc.weight": mask}).weights["fc.weight"].tolist() == [[1.0, 0.0, 2.0], [0.0, 0.0, 0.0]]
    measured, encoded, pyramid = mask_outputs(LotteryKey(level=3), {"fc.weight": mask}, {"fc.weight": ~mask}, None)
    assert isinstance(measured, Measured)
    assert measured.columns == {
        "layer": [0.0], "kept": [3.0], "total": [6.0], "dead_inputs": [1.0], "dead_units": [0.0], "flipped": [6.0],
        "csr": [0.0],
    }  # fmt: skip
    assert isinstance(encoded, Tensors)
    assert isinstance(pyramid, Tensors)
    assert (encoded.name, pyramid.name, pyramid.key) == ("mask", "pyramid", LotteryKey(level=3))
    assert pyramid.tensors["fc.weight.rows"].tolist() == [2, 1]
    assert pyramid.tensors["fc.weight.columns"].tolist() == [2, 0, 1]


def test_each_channel_of_a_depthwise_convolution_is_an_input_of_its_own() -> None:
    mask = torch.ones(3, 1, 2, 2, dtype=torch.bool)
    mask[1] = False
    at_once = {"conv.weight": mask}
    measured, *_ = mask_outputs(LotteryKey(), at_once, at_once, None, groups={"conv.weight": 3})
    assert isinstance(measured, Measured)
    assert (measured.columns["dead_inputs"], measured.columns["dead_units"]) == ([1.0], [1.0])


def test_values_that_do_not_fit_the_mask_are_refused() -> None:
    with pytest.raises(RuntimeError, match="shape"):
        unpack({"fc.weight.values": torch.ones(3)}, {"fc.weight": torch.tensor([[True, True], [False, False]])})
