"""Optimizers of a stack, saved and given back slot by slot."""

import json

import pytest
import torch
from torch import nn

from workers.science.optim import adam, momentum_sgd, sgd, state
from workers.science.stacked import memory
from workers.science.stacked.network import StackedNetwork


def stack(slots: int = 2) -> StackedNetwork:
    return StackedNetwork(nn.Linear(1, 2), slots)


def learn(network: StackedNetwork, optimizer: torch.optim.Optimizer, *gradients: float) -> None:
    """A step by one gradient for each slot."""
    for parameter in network.module.parameters():
        shape = (len(gradients), *([1] * (parameter.dim() - 1)))
        parameter.grad = torch.tensor(gradients).view(shape).expand_as(parameter).clone()
    optimizer.step()


def test_momentum_of_a_slot_is_that_of_its_network() -> None:
    """After gradients g1 and g2, a momentum of 0.5 remembers g1 / 2 + g2."""
    network = stack()
    (optimizer,) = momentum_sgd.build(network.module, momentum=0.5)
    learn(network, optimizer, 2.0, 8.0)
    learn(network, optimizer, 1.0, 16.0)
    for slot, remembered in ((0, 2.0), (1, 20.0)):
        told, tensors = memory.dump([optimizer], slot)
        assert json.loads(json.dumps(told)) == told
        assert [tensor.tolist() for tensor in tensors.values()] == [[[remembered]] * 2, [remembered] * 2]


def test_what_was_said_of_a_slot_is_what_its_optimizer_alone_says() -> None:
    """In the same words, so that a network can leave a stack and train alone."""
    network, one = stack(3), nn.Linear(1, 2)
    (stacked,), (alone,) = adam.build(network.module), adam.build(one)
    for gradient in (1.0, -3.0):
        learn(network, stacked, 7.0, gradient, 5.0)
        for parameter in one.parameters():
            parameter.grad = torch.full_like(parameter, gradient)
        alone.step()
    told, tensors = memory.dump([stacked], 1)
    theirs, expected = state.dump([alone])
    assert told == theirs
    assert tensors.keys() == expected.keys()
    for name, tensor in tensors.items():
        assert torch.equal(tensor, expected[name]), name


def test_a_slot_is_given_back_and_the_others_keep_theirs() -> None:
    network = stack()
    (optimizer,) = adam.build(network.module)
    learn(network, optimizer, 2.0, 8.0)
    saved = memory.dump([optimizer], 1)
    (fresh,) = adam.build(network.module)
    memory.load([fresh], 1, 2, *saved)
    memory.load([fresh], 0, 2, *memory.dump([optimizer], 0))
    again = memory.dump([fresh], 1)
    assert again[0] == saved[0]
    assert all(torch.equal(tensor, saved[1][name]) for name, tensor in again[1].items())
    for one, other in zip(optimizer.state_dict()["state"].values(), fresh.state_dict()["state"].values(), strict=True):
        assert one.keys() == other.keys()
        assert all(torch.equal(tensor, other[name]) for name, tensor in one.items())


def test_what_nobody_gave_back_is_zero() -> None:
    network = stack()
    (optimizer,) = momentum_sgd.build(network.module, momentum=0.5)
    learn(network, optimizer, 2.0, 8.0)
    (fresh,) = momentum_sgd.build(network.module, momentum=0.5)
    memory.load([fresh], 1, 2, *memory.dump([optimizer], 1))
    assert fresh.state_dict()["state"][1]["momentum_buffer"].tolist() == [[0.0, 0.0], [8.0, 8.0]]


def test_other_optimizers_are_refused() -> None:
    network = stack()
    saved = memory.dump(sgd.build(network.module), 0)
    with pytest.raises(ValueError, match="1 optimizers were saved, and there are 2"):
        memory.load([*sgd.build(network.module), *sgd.build(network.module)], 0, 2, *saved)
