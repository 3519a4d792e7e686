"""The chain of tickets: whose weights and masks each level is pruned from, and what it remembers."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from app.kinds.lottery.spec import LotterySpec
from app.methods.pruning.layerwise_magnitude import LayerwiseMagnitude
from tests.workers.science.experiments.lottery_runs import SMALL
from workers.science.build import build
from workers.science.data import digits
from workers.science.experiments.ticket import Ticket
from workers.science.experiments.ticket_chain import TicketChain
from workers.science.pruning import layerwise_magnitude
from workers.science.pruning.context import PruningContext
from workers.science.random import generator

DATA = digits.load(Path())


def chain(**fields: Any) -> TicketChain:
    spec = LotterySpec.model_validate(SMALL | {"pruning": {"kind": "layerwise_magnitude"}} | fields)
    blank = partial(build(spec.model), DATA.shape, DATA.n_classes)
    ticket_chain = TicketChain(spec, partial(generator, 0, 0), DATA, blank, None)
    ticket_chain.theta0 = weights(ticket_chain, "init")
    return ticket_chain


def weights(of: TicketChain, *key: int | str) -> dict[str, Tensor]:
    return {name: torch.randn(layer.shape, generator=generator(1, name, *key)) for name, layer in of.layers.items()}


def pruned(of: TicketChain, trained: dict[str, Tensor], masks: Any, rounds: int = 1) -> dict[str, Tensor]:
    return layerwise_magnitude.prune(PruningContext(trained, masks, of.layers, rounds))


def same(some: Any, others: Any) -> bool:
    return all(torch.equal(some[name], others[name]) for name in others)


def test_each_level_is_pruned_from_the_ticket_before_it() -> None:
    mine = chain()
    dense = weights(mine, "dense")
    mine.keep(0, Ticket(mine.full, dense))
    first = mine.masks(1)
    assert same(first, pruned(mine, dense, mine.full))
    assert same(mine.base(1), mine.full)
    ticket = weights(mine, "ticket")
    mine.keep(1, Ticket(first, ticket))
    assert same(mine.masks(2), pruned(mine, ticket, first))
    assert same(mine.base(2), first)
    assert same(mine.masks_at_init(2), pruned(mine, dict(mine.theta0), mine.full, 2))
    with pytest.raises(LookupError, match="artifact mask of level 0: there is nothing to resume from"):
        mine.trained(0)  # which no later level asks for


def test_in_one_shot_each_level_is_pruned_from_the_dense_network() -> None:
    mine = chain(mode="one_shot")
    dense = weights(mine, "dense")
    mine.keep(0, Ticket(mine.full, dense))
    mine.keep(1, Ticket(mine.masks(1), weights(mine, "ticket")))
    assert same(mine.masks(2), pruned(mine, dense, mine.full, 2))
    assert same(mine.base(2), mine.masks(1))
    assert same(mine.base(1), mine.full)


def test_at_initialisation_it_is_pruned_by_initial_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LayerwiseMagnitude, "acts", "at initialisation")
    mine = chain()
    mine.keep(0, Ticket(mine.full, weights(mine, "dense")))
    first = mine.masks(1)
    assert same(first, pruned(mine, dict(mine.theta0), mine.full))
    mine.keep(1, Ticket(first, weights(mine, "ticket")))
    assert same(mine.masks(2), pruned(mine, dict(mine.theta0), first))
