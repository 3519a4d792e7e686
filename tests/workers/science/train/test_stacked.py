"""Trained together, every network goes where it would have gone alone."""

from collections.abc import Callable
from functools import partial
from math import isnan
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from app.methods.catalog import CATALOG
from tests.workers.science.train.stacked_networks import (
    EXPLODE,
    MODELS,
    STACKABLE,
    alone,
    assert_same_course,
    batches,
    by_slot,
    data,
    masks,
    network,
    precise,
    rows,
    together,
    train,
)
from workers.science.build import build
from workers.science.data.dataset import Split
from workers.science.metrics import evaluate as plain
from workers.science.models import conv_2, lenet_300_100
from workers.science.optim import sgd
from workers.science.stacked.network import StackedNetwork
from workers.science.train import loop
from workers.science.train.events import Diverged, Evaluated, Event, Tick
from workers.science.train.stacked import Stacked
from workers.science.train.state import LoopState


@settings(max_examples=25, deadline=None)
@given(
    model=st.sampled_from(sorted(MODELS)),
    optimizer=st.sampled_from(sorted(STACKABLE)),
    densities=st.lists(st.sampled_from([1.0, 0.5, 0.05]), min_size=1, max_size=4),
    spare=st.integers(0, 2),
    start=st.sampled_from([0, 3]),
    factor=st.sampled_from([None, lambda step: 1 / (1 + step)]),
    cut=st.booleans(),
)
def test_every_network_trains_as_it_would_alone(
    model: str,
    optimizer: str,
    densities: list[float],
    spare: int,
    start: int,
    factor: Callable[[int], float] | None,
    cut: bool,
) -> None:
    """Whatever the model, the optimizer, the masks, the pictures, the width of the stack, and with empty slots."""
    slots = range(spare, spare + len(densities))
    networks = {slot: network(MODELS[model], slot).double() for slot in slots}
    own = {slot: masks(networks[slot], slot, density) for slot, density in zip(slots, densities, strict=True)}
    knobs: dict[str, Any] = {"steps": 12, "start": start, "eval_every": 5, "factor": factor, "masks": own}
    knobs |= {"data": precise(), "cut": cut}
    make = partial(build(CATALOG["optimizer"][optimizer]), lr=1e-3)
    stack, moments = together(networks, spare + len(densities), make, **knobs)
    mine = by_slot(moments)
    theirs = alone(networks, make, **knobs)
    assert mine.keys() == theirs.keys()
    for slot in slots:
        assert_same_course(mine[slot], theirs[slot], rel=1e-9)
        state = stack.state(slot)
        for name, tensor in networks[slot].state_dict().items():
            torch.testing.assert_close(state[name], tensor, rtol=1e-7, atol=1e-9)
        for name, mask in (own[slot] or {}).items():
            assert not state[name][~mask].any()


@pytest.mark.parametrize(("optimizer", "lr"), [("sgd", 0.1), ("momentum_sgd", 0.01), ("adam", 1.2e-3)])
@pytest.mark.parametrize("model", sorted(MODELS))
def test_in_single_precision_losses_stay_within_rounding(model: str, optimizer: str, lr: float) -> None:
    networks = {slot: network(MODELS[model], slot) for slot in range(3)}
    own = {slot: masks(networks[slot], slot, density) for slot, density in enumerate((1.0, 0.3, 0.1))}
    knobs: dict[str, Any] = {"steps": 50, "eval_every": 10, "masks": own}
    make = partial(build(CATALOG["optimizer"][optimizer]), lr=lr)
    _, moments = together(networks, 3, make, **knobs)
    mine = by_slot(moments)
    theirs = alone(networks, make, **knobs)
    for slot in networks:
        assert_same_course(mine[slot], theirs[slot], rel=1e-5)


@pytest.mark.parametrize("key", sorted(CATALOG["optimizer"]))
def test_those_that_say_that_they_can_be_stacked_can_and_no_others(key: str) -> None:
    """Steps on a stack are those on each network for elementwise optimizers of one gradient a step, and no others."""
    make = build(CATALOG["optimizer"][key])
    networks = {slot: network(lenet_300_100.build, slot, scale=1 + slot) for slot in range(2)}
    try:
        stack, moments = together(networks, 2, make, steps=3, eval_every=3)
        for _ in moments:
            pass
    except (TypeError, ValueError, RuntimeError):
        assert key not in STACKABLE
        return
    alone(networks, make, steps=3, eval_every=3)
    same = all(
        torch.allclose(stack.state(slot)[name], tensor, rtol=1e-4, atol=1e-6)
        for slot, model in networks.items()
        for name, tensor in model.state_dict().items()
    )
    assert same == (key in STACKABLE)


@pytest.mark.parametrize("model", sorted(MODELS))
def test_in_sixteen_bits_losses_stay_within_their_rounding(model: str) -> None:
    """bfloat16 keeps 8 bits: 0.4 % in each product."""
    networks = {slot: network(MODELS[model], slot) for slot in range(3)}
    knobs: dict[str, Any] = {"steps": 20, "eval_every": 10}
    make = partial(sgd.build, lr=0.1)
    stack, moments = together(networks, 3, make, **knobs, autocast=torch.bfloat16)
    mine = by_slot(moments)
    full = by_slot(together(networks, 3, make, **knobs)[1])
    theirs = alone(networks, make, **knobs, autocast=torch.bfloat16)
    assert all(parameter.dtype == torch.float32 for parameter in stack.module.parameters())
    for slot in networks:
        for a, b in zip(rows(mine[slot]), rows(theirs[slot]), strict=True):
            assert (a.train_loss, a.test_loss) == pytest.approx((b.train_loss, b.test_loss), rel=1e-2, nan_ok=True)
        assert rows(mine[slot])[-1].train_loss != rows(full[slot])[-1].train_loss


def test_pruned_weights_and_what_is_remembered_of_them_are_zero_after_every_step() -> None:
    networks = {slot: network(conv_2.build, slot) for slot in range(2)}
    own = {slot: masks(networks[slot], slot, 0.2) for slot in range(2)}
    stack = StackedNetwork(networks[0], 2)
    for slot, model in networks.items():
        stack.put(slot, model.state_dict())
    optimizers = build(CATALOG["optimizer"]["adam"])(stack.module, weight_decay=0.1)
    states = {slot: LoopState() for slot in networks}
    examples = {slot: batches(slot) for slot in networks}
    named = dict(stack.module.named_parameters())
    stops = 0
    for slot, moment in train(stack, data(), optimizers, examples, own, states, steps=4, eval_every=4, stops=range(5)):
        kept = own[slot]
        assert kept is not None
        for name, mask in kept.items():
            assert not named[name][slot][~mask].any()
            for remembered in ("exp_avg", "exp_avg_sq"):
                state = optimizers[0].state[named[name]]
                assert not state or not state[remembered][slot][~mask].any()
        stops += isinstance(moment, Tick)
    assert stops > 8


@pytest.mark.parametrize("eval_every", [1, 7, 1000])
def test_a_network_that_diverges_says_so_at_its_own_step_and_disturbs_nobody(eval_every: int) -> None:
    """Slots 0 and 3 explode at steps of their own; the rest is to the bit what it is beside a sound network."""
    scales = {0: 1e10, 1: 1.0, 2: 1.0, 3: 1e4}
    knobs: dict[str, Any] = {"steps": 12, "eval_every": eval_every}
    networks = {slot: network(lenet_300_100.build, slot, scale) for slot, scale in scales.items()}
    make = partial(sgd.build, lr=0.01)
    stack, moments = together(networks, 4, make, **knobs)
    mine = by_slot(moments)
    sound = {slot: network(lenet_300_100.build, slot) for slot in scales}
    sound_stack, sound_moments = together(sound, 4, make, **knobs)
    sound_rows = by_slot(sound_moments)
    theirs = alone(networks, make, **knobs)
    for slot in (0, 3):
        assert isinstance(mine[slot][-1], Diverged)
        assert mine[slot][-1] == theirs[slot][-1]
        assert [row.step for row in rows(mine[slot])] == [row.step for row in rows(theirs[slot])]
    assert mine[0][-1] != mine[3][-1] or eval_every == 1000
    for slot in (1, 2):
        assert str(rows(mine[slot])) == str(rows(sound_rows[slot]))
        assert all(torch.equal(a, sound_stack.state(slot)[name]) for name, a in stack.state(slot).items())


def test_when_all_have_diverged_nothing_more_is_computed() -> None:
    networks = {slot: network(lenet_300_100.build, slot) for slot in range(2)}
    _, moments = together(networks, 2, EXPLODE, steps=1_000, eval_every=1_000)
    told = by_slot(moments)
    theirs = alone(networks, EXPLODE, steps=1_000, eval_every=1_000)
    for slot in networks:
        assert isinstance(told[slot][-1], Diverged)
        assert told[slot][-1] == theirs[slot][-1]
        assert max(moment.step for moment in told[slot]) <= loop.CHECK_EVERY


def test_a_network_that_starts_broken_diverges_at_its_start() -> None:
    networks = {slot: network(lenet_300_100.build, slot, scale) for slot, scale in enumerate((float("nan"), 1.0))}
    _, moments = together(networks, 2, sgd.build, steps=3, eval_every=3)
    told = by_slot(moments)
    assert [moment for moment in told[0] if not isinstance(moment, Tick)] == [Diverged(0)]
    assert [row.step for row in rows(told[1])] == [0, 3]


def test_one_diverges_while_the_others_could_be_saved() -> None:
    """Whoever hears of it may save them: their losses are read and their rows told, as at any tick between steps."""
    scales = {0: 1e10, 1: 1.0}
    networks = {slot: network(lenet_300_100.build, slot, scale) for slot, scale in scales.items()}
    for eval_every, step in ((100, 7), (3, 3)):
        stack = StackedNetwork(networks[0], 2)
        for slot, model in networks.items():
            stack.put(slot, model.state_dict())
        states = {slot: LoopState() for slot in scales}
        examples = {slot: batches(slot) for slot in scales}
        told: list[Event] = []
        for slot, moment in train(
            stack,
            data(),
            sgd.build(stack.module, lr=0.01),
            examples,
            {},
            states,
            steps=20,
            eval_every=eval_every,
            check_every=7,
        ):
            if isinstance(moment, Diverged):
                break
            if slot == 1 and isinstance(moment, Evaluated):
                told.append(moment)
        assert slot == 0
        assert states[1].step == step
        assert states[1].losses == []
        assert [item.step for item in told if isinstance(item, Evaluated)] == [0, *([3] if eval_every == 3 else [])]


def test_where_a_network_sits_decides_its_bits_and_its_neighbours_do_not() -> None:
    """What resuming with fewer replicates rests on: the same slot of a stack as wide gives the same bits."""
    ends = []
    for present in ((0, 1, 2), (1,)):
        networks = {slot: network(conv_2.build, slot) for slot in present}
        own = {slot: masks(networks[slot], slot, 0.3) for slot in present}
        make = partial(build(CATALOG["optimizer"]["adam"]))
        stack, moments = together(networks, 3, make, steps=5, eval_every=2, masks=own)
        ends.append((str(rows(by_slot(moments)[1])), stack.state(1)))
    assert ends[0][0] == ends[1][0]
    assert all(torch.equal(tensor, ends[1][1][name]) for name, tensor in ends[0][1].items())


def test_the_first_train_loss_is_not_a_number_and_the_others_are() -> None:
    networks = {0: network(lenet_300_100.build, 0)}
    _, moments = together(networks, 1, sgd.build, steps=4, eval_every=2)
    assert [isnan(row.train_loss) for row in rows(by_slot(moments)[0])] == [True, False, False]


def test_evaluation_is_that_of_each_network() -> None:
    networks = {slot: network(lenet_300_100.build, slot) for slot in range(3)}
    stack, _ = together(networks, 3, sgd.build, steps=1, eval_every=1)
    split = data().validation
    for slot, found in enumerate(Stacked(stack).evaluate(split)):
        wanted = plain.evaluate(networks[slot], split)
        assert found.accuracy == wanted.accuracy
        assert found.loss == pytest.approx(wanted.loss, rel=1e-6)
    with pytest.raises(ValueError, match="empty split"):
        Stacked(stack).evaluate(Split(split.x[:0], split.y[:0]))
