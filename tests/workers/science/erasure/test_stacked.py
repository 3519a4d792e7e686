"""In lock-step every network goes where a loop written out by hand takes it at its own rate."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor, nn

from tests.workers.science.erasure.test_training import SPLIT, batches, fresh
from workers.science.course import Course
from workers.science.erasure.losses import LOSSES, mse
from workers.science.erasure.stacked import Lane, train
from workers.science.erasure.training import CHECK_EVERY, Look
from workers.science.optim import sam
from workers.science.stacked.network import StackedNetwork
from workers.science.training import Diverged, Tick

Found = dict[int, list[Look | Diverged]]


def lanes(stack: StackedNetwork, rates: Mapping[int, float]) -> dict[int, Lane]:
    """A lane a slot from the same start, with plain SGD."""
    made = {}
    for slot, lr in rates.items():
        stack.put(slot, fresh().state_dict())
        network = stack.view(slot)
        optimizer = torch.optim.SGD(network.parameters(), lr=lr)
        made[slot] = Lane(network, network.get_parameter("fc2.weight"), [optimizer], Course())
    return made


def trained(
    rates: Mapping[int, float], slots: int, moments: tuple[int, ...], loss: str = "mse"
) -> tuple[Found, dict[int, nn.Module]]:
    stack = StackedNetwork(fresh(), slots)
    own = lanes(stack, rates)
    found: Found = {slot: [] for slot in rates}
    for moment in train(stack, own, SPLIT, batches(), LOSSES[loss], moments=moments):
        if not isinstance(moment, Tick):
            found[moment[0]].append(moment[1])
    return found, {slot: lane.network for slot, lane in own.items()}


def by_hand(lr: float, steps: int, loss: str) -> list[tuple[float, Tensor, Tensor]]:
    """Loss, gradient and update of each step."""
    model, order, seen = fresh(), batches(), []
    watched = model.get_parameter("fc2.weight")
    for step in range(steps):
        model.zero_grad()
        value = LOSSES[loss](model(SPLIT.x[order[step]]), SPLIT.y[order[step]])
        value.backward()  # type: ignore[no-untyped-call]
        assert watched.grad is not None
        seen.append((value.item(), watched.grad.clone(), -lr * watched.grad))
        with torch.no_grad():
            for parameter in model.parameters():
                assert parameter.grad is not None
                parameter.sub_(lr * parameter.grad)
    return seen


@pytest.mark.parametrize("loss", LOSSES)
def test_looks_show_what_a_plain_loop_makes_at_each_rate(loss: str) -> None:
    rates = {0: 0.3, 2: 1.1}  # nobody is in slot 1
    found, _ = trained(rates, 3, (0, 1, 3, 6), loss)
    for slot, lr in rates.items():
        alone = by_hand(lr, 6, loss)
        looks = [look for look in found[slot] if isinstance(look, Look)]
        assert [look.step for look in looks] == [0, 1, 3, 6]
        means = [alone[0][0], alone[0][0], sum(each[0] for each in alone[1:3]) / 2, sum(e[0] for e in alone[3:]) / 3]
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
    assert all(isinstance(look, Look) and look.step <= last.step for look in found[1][:-1])
    without, alone = trained({0: 0.3, 2: 0.5}, 3, (0, 1, 2, 5, 20, 60))
    for slot in (0, 2):
        assert [look.step for look in found[slot]] == [0, 1, 2, 5, 20, 60]
        assert [look.loss for look in found[slot]] == [look.loss for look in without[slot]]  # type: ignore[union-attr]
        for one, other in zip(networks[slot].parameters(), alone[slot].parameters(), strict=True):
            assert torch.equal(one, other)


def test_losses_are_looked_at_between_looks() -> None:
    """One that diverges between two looks far apart is not trained on to the second."""
    stack = StackedNetwork(fresh(), 2)
    own = lanes(stack, {0: 0.1, 1: 1e30})
    list(train(stack, own, SPLIT, batches(), mse, moments=(0, 4 * CHECK_EVERY)))
    assert [own[slot].course.step for slot in own] == [4 * CHECK_EVERY, CHECK_EVERY]


def test_when_all_have_diverged_training_ends() -> None:
    found, _ = trained({0: 1e30, 1: 1e32}, 2, (0, 10, 1_000_000))
    assert all(isinstance(found[slot][-1], Diverged) for slot in found)


def test_an_optimizer_of_two_gradients_is_refused() -> None:
    stack = StackedNetwork(fresh(), 1)
    (one,) = lanes(stack, {0: 0.1}).values()
    own = {0: Lane(one.network, one.watched, sam.build(one.network), Course())}
    with pytest.raises(ValueError, match="one gradient a step"):
        list(train(stack, own, SPLIT, batches(), mse, moments=(0, 2)))
