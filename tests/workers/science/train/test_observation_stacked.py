"""In lock-step every network goes where a loop written out by hand takes it at its own rate."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from tests.workers.science.train.test_observation import CHECK_EVERY, SPLIT, batches, fresh, observe
from workers.science.optim import sam
from workers.science.stacked.network import StackedNetwork
from workers.science.train.events import Diverged, Observed, Tick
from workers.science.train.stacked import Stacked
from workers.science.train.state import LoopState
from workers.science.train.task import BY_LOSS

Found = dict[int, list[Observed | Diverged]]


def stacked(
    rates: Mapping[int, float], slots: int, loss: str = "mse"
) -> tuple[Stacked, dict[int, nn.Module], list[torch.optim.Optimizer]]:
    """A layout with a network a slot from the same start, each with plain SGD of its own."""
    layout = Stacked(StackedNetwork(fresh(), slots), BY_LOSS[loss])
    networks, optimizers = {}, list[torch.optim.Optimizer]()
    for slot, lr in rates.items():
        layout.load(slot, fresh().state_dict())
        networks[slot] = layout.view(slot)
        optimizers.append(torch.optim.SGD(networks[slot].parameters(), lr=lr))
    return layout, networks, optimizers


def watched(networks: Mapping[int, nn.Module]) -> dict[int, Tensor]:
    return {slot: network.get_parameter("fc2.weight") for slot, network in networks.items()}


def trained(
    rates: Mapping[int, float], slots: int, steps: tuple[int, ...], loss: str = "mse"
) -> tuple[Found, dict[int, nn.Module]]:
    layout, networks, optimizers = stacked(rates, slots, loss)
    found: Found = {slot: [] for slot in rates}
    for slot, event in observe(layout, watched(networks), optimizers, {slot: LoopState() for slot in rates}, steps):
        if not isinstance(event, Tick):
            assert isinstance(event, Observed | Diverged)
            found[slot].append(event)
    return found, networks


def by_hand(lr: float, steps: int, loss: str) -> list[tuple[float, Tensor, Tensor]]:
    """Loss, gradient and update of each step."""
    model, order, seen = fresh(), batches(), []
    watched = model.get_parameter("fc2.weight")
    for step in range(steps):
        model.zero_grad()
        value = BY_LOSS[loss].loss(model(SPLIT.x[order[step]]), SPLIT.y[order[step]])
        value.backward()  # type: ignore[no-untyped-call]
        assert watched.grad is not None
        seen.append((value.item(), watched.grad.clone(), -lr * watched.grad))
        with torch.no_grad():
            for parameter in model.parameters():
                assert parameter.grad is not None
                parameter.sub_(lr * parameter.grad)
    return seen


@pytest.mark.parametrize("loss", BY_LOSS)
def test_looks_show_what_a_plain_loop_makes_at_each_rate(loss: str) -> None:
    rates = {0: 0.3, 2: 1.1}  # nobody is in slot 1
    found, _ = trained(rates, 3, (0, 1, 3, 6), loss)
    for slot, lr in rates.items():
        alone = by_hand(lr, 6, loss)
        looks = [look for look in found[slot] if isinstance(look, Observed)]
        assert [look.step for look in looks] == [0, 1, 3, 6]
        means = [alone[0][0], alone[0][0], sum(item[0] for item in alone[1:3]) / 2, sum(e[0] for e in alone[3:]) / 3]
        assert [look.loss for look in looks] == pytest.approx(means, rel=1e-5)
        assert (looks[0].gradient, looks[0].update) == (None, None)
        for look in looks[1:]:
            assert look.gradient is not None
            assert look.update is not None
            assert torch.allclose(look.gradient, alone[look.step - 1][1], atol=1e-7)
            assert torch.allclose(look.update, alone[look.step - 1][2], atol=1e-6)


def test_one_that_diverges_is_silent_and_changes_no_bit_of_the_others() -> None:
    found, networks = trained({0: 0.3, 1: 1e30, 2: 0.5}, 3, (0, 1, 2, 5, 20, 60))
    last = found[1][-1]
    assert isinstance(last, Diverged)
    assert last.step <= 5
    assert all(isinstance(look, Observed) and look.step <= last.step for look in found[1][:-1])
    without, alone = trained({0: 0.3, 2: 0.5}, 3, (0, 1, 2, 5, 20, 60))
    for slot in (0, 2):
        assert [look.step for look in found[slot]] == [0, 1, 2, 5, 20, 60]
        assert [look.loss for look in found[slot]] == [look.loss for look in without[slot]]  # type: ignore[union-attr]
        for one, other in zip(networks[slot].parameters(), alone[slot].parameters(), strict=True):
            assert torch.equal(one, other)


def test_losses_are_looked_at_between_looks() -> None:
    """One that diverges between two looks far apart is not trained on to the second."""
    layout, networks, optimizers = stacked({0: 0.1, 1: 1e30}, 2)
    states = {slot: LoopState() for slot in networks}
    list(observe(layout, watched(networks), optimizers, states, (0, 4 * CHECK_EVERY)))
    assert [states[slot].step for slot in states] == [4 * CHECK_EVERY, CHECK_EVERY]


def test_when_all_have_diverged_training_ends() -> None:
    found, _ = trained({0: 1e30, 1: 1e32}, 2, (0, 10, 1_000_000))
    assert all(isinstance(found[slot][-1], Diverged) for slot in found)


def test_an_optimizer_of_two_gradients_is_refused() -> None:
    layout, networks, _ = stacked({0: 0.1}, 1)
    optimizers = sam.build(networks[0])
    with pytest.raises(ValueError, match="one gradient a step"):
        list(observe(layout, watched(networks), optimizers, {0: LoopState()}, (0, 2)))
