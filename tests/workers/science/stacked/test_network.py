"""A stack computes what its networks compute apart, whatever layers they are made of."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from workers.science.models import conv_2, conv_4, lenet_300_100
from workers.science.models.init import initialise
from workers.science.random import generator
from workers.science.stacked.network import StackedNetwork


def odd(shape: tuple[int, int, int], n_classes: int) -> nn.Module:
    """A network with layers that have no batched form here: a norm, strides, groups, no bias, another activation."""
    channels, height, width = shape
    block = nn.Sequential(
        nn.Conv2d(channels, 4, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.Tanh(),
        nn.Conv2d(4, 6, 3, padding="same", groups=2),
        nn.AvgPool2d(2),
    )
    return nn.Sequential(block, nn.Flatten(), nn.Linear(6 * (height // 4) * (width // 4), n_classes, bias=False))


def filled(build: Callable[..., nn.Module], slots: int) -> tuple[list[nn.Module], StackedNetwork]:
    """Networks with weights of their own, and their stack; in double precision, where no ReLU flips by rounding."""
    networks = [build((3, 8, 8), 10).double() for _ in range(slots)]
    stack = StackedNetwork(build((3, 8, 8), 10).double(), slots)
    for slot, network in enumerate(networks):
        for i, parameter in enumerate(network.parameters()):
            nn.init.normal_(parameter, std=0.1, generator=generator(7, slot, i))
        stack.put(slot, network.state_dict())
    return networks, stack


def inputs(slots: int) -> Tensor:
    return torch.randn(slots, 5, 3, 8, 8, generator=generator(7, "x"), dtype=torch.float64)


@pytest.mark.parametrize("slots", [1, 3])
@pytest.mark.parametrize("build", [lenet_300_100.build, conv_2.build, conv_4.build, odd])
def test_outputs_gradients_and_buffers_are_those_of_each_network_alone(
    build: Callable[..., nn.Module], slots: int
) -> None:
    networks, stack = filled(build, slots)
    x = inputs(slots)
    logits = stack(x)
    (logits**2).sum().backward()  # type: ignore[no-untyped-call]
    for slot, network in enumerate(networks):
        alone = network(x[slot])
        torch.testing.assert_close(logits[slot], alone)
        (alone**2).sum().backward()
        wide = dict(stack.module.named_parameters())
        for name, parameter in network.named_parameters():
            gradient = wide[name].grad
            assert gradient is not None
            torch.testing.assert_close(gradient[slot], parameter.grad)
        for name, tensor in stack.state(slot).items():
            torch.testing.assert_close(tensor, network.state_dict()[name])


def test_evaluation_mode_reaches_every_layer() -> None:
    networks, stack = filled(odd, 2)
    stack.train(False)
    x = inputs(2)
    for slot, network in enumerate(networks):
        network.eval()
        torch.testing.assert_close(stack(x)[slot], network(x[slot]))


def test_a_broken_network_stays_alone() -> None:
    networks, stack = filled(conv_2.build, 3)
    broken = {name: torch.full_like(tensor, torch.nan) for name, tensor in networks[1].state_dict().items()}
    x = inputs(3)
    whole = stack(x)
    stack.put(1, broken)
    partly = stack(x)
    assert partly[1].isnan().all()
    assert torch.equal(partly[0], whole[0])
    assert torch.equal(partly[2], whole[2])
    partly.sum().backward()  # type: ignore[no-untyped-call]
    for parameter in stack.module.parameters():
        assert parameter.grad is not None
        assert parameter.grad[[0, 2]].isfinite().all()
        assert parameter.grad[0].any()


def test_what_was_put_comes_back_and_nothing_else_changes() -> None:
    model = lenet_300_100.build((3, 8, 8), 10)
    initialise(model, generator(7, "init"))
    stack = StackedNetwork(model, 2)
    stack.put(1, model.state_dict())
    assert stack.state(1).keys() == model.state_dict().keys()
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in stack.state(1).items())
    assert not any(tensor.any() for tensor in stack.state(0).values())
    # A copy: training on does not change it.
    before = stack.state(1)
    stack.put(1, {name: tensor + 1 for name, tensor in before.items()})
    assert all(torch.equal(tensor, model.state_dict()[name]) for name, tensor in before.items())


def test_a_state_without_a_name_is_refused() -> None:
    stack = StackedNetwork(lenet_300_100.build((3, 8, 8), 10), 2)
    with pytest.raises(KeyError, match="fc1"):
        stack.put(0, {})


@pytest.mark.parametrize("slots", [1, 3])
def test_of_a_batch_that_all_see_outputs_and_gradients_are_those_of_each_alone(slots: int) -> None:
    def no_bias(shape: tuple[int, int, int], n_classes: int) -> nn.Module:
        n_in = shape[0] * shape[1] * shape[2]
        layers = nn.Linear(n_in, 7, bias=False), nn.ReLU(), nn.Linear(7, n_classes, bias=False)
        return nn.Sequential(nn.Flatten(), *layers)

    networks, stack = filled(no_bias, slots)
    x = inputs(1)[0]
    logits = stack(x.expand(slots, *x.shape))
    (logits**2).sum().backward()  # type: ignore[no-untyped-call]
    for slot, network in enumerate(networks):
        alone = network(x)
        torch.testing.assert_close(logits[slot], alone)
        (alone**2).sum().backward()
        for parameter, wide in zip(network.parameters(), stack.module.parameters(), strict=True):
            assert wide.grad is not None
            torch.testing.assert_close(wide.grad[slot], parameter.grad)


@pytest.mark.parametrize("build", [lenet_300_100.build, conv_2.build, odd])
def test_a_view_is_the_network_of_its_slot_and_of_no_other(build: Callable[..., nn.Module]) -> None:
    networks, stack = filled(build, 3)
    views = [stack.view(slot) for slot in range(3)]
    x = inputs(3)
    for slot, view in enumerate(views):
        torch.testing.assert_close(view(x[slot]), networks[slot](x[slot]))
    before = [stack.state(slot) for slot in range(3)]
    optimizer = torch.optim.SGD(views[1].parameters(), lr=0.5)
    for parameter in views[1].parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    learnt = dict(views[1].named_parameters())
    for slot in range(3):
        for name, tensor in stack.state(slot).items():
            moved = slot == 1 and name in learnt
            torch.testing.assert_close(tensor, before[slot][name] - 0.5 if moved else before[slot][name])
    stack.put(2, networks[0].state_dict())
    for name, tensor in views[2].state_dict().items():
        assert torch.equal(tensor, networks[0].state_dict()[name])
    assert all(parameter.grad is None for parameter in stack.module.parameters())
