"""Random pruning: the ticket's own beginning, and scores by which every weight is as likely to go."""

import torch

from workers.science.controls import random_pruning
from workers.science.controls.context import ControlContext
from workers.science.pruning.magnitude import prune_smallest
from workers.science.random import generator


def context(first: dict[str, torch.Tensor]) -> ControlContext:
    theta0 = {name: torch.ones(mask.shape) for name, mask in first.items()}
    found = {name: torch.zeros_like(mask) for name, mask in first.items()}
    return ControlContext(found, theta0, lambda _: {}, lambda draw: generator(1, draw), dict, first)


def test_it_begins_where_the_ticket_began() -> None:
    first = {"a": torch.rand(4, 6) < 0.5, "b": torch.ones(3, 2, dtype=torch.bool)}
    given = context(first)
    starts = list(random_pruning.derive(given, draws=3))
    assert all(start.masks is first and start.weights is given.theta0 for start in starts)
    scores = [start.scores for start in starts]
    assert all(each is not None and {n: s.shape for n, s in each.items()} == {n: m.shape for n, m in first.items()}
               for each in scores)  # fmt: skip
    again = next(iter(random_pruning.derive(given, draws=1))).scores
    assert again is not None
    assert scores[0] is not None
    assert scores[1] is not None
    assert torch.equal(again["a"], scores[0]["a"])
    assert not torch.equal(scores[1]["a"], scores[0]["a"])


def test_every_weight_is_as_likely_to_go() -> None:
    """One of four goes, 4,000 times: each about 1,000 times (5 standard deviations are 137)."""
    full = torch.ones(2, 2, dtype=torch.bool)
    gone = torch.zeros(2, 2)
    for start in random_pruning.derive(context({"a": full}), draws=4_000):
        assert start.scores is not None
        gone += ~prune_smallest(start.scores["a"], full, 1)
    assert (gone - 1_000).abs().max() < 137
