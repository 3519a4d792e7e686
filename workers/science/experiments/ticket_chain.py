"""The tickets of a replicate, level by level: each one's masks come from the trained network of a level before it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from app.kinds.lottery.spec import LotteryKey, LotterySpec
from workers.science.build import build
from workers.science.data.dataset import Dataset
from workers.science.experiments.ticket import Ticket, masks_of, unpack
from workers.science.models.prunable import prunable
from workers.science.outputs import Resume
from workers.science.pruning.context import PruningContext, Trainable
from workers.science.train.batches import Batches, feed
from workers.science.train.pruning import Pruner


class TicketChain:
    """The masks and trained tickets of the levels; what is not in memory is loaded from `resume`.

    `key(*purpose)` gives the replicate's generators, `blank()` a network whose weights are still to be set. `data` is
    on the CPU, as all weights and masks are, so that masks come out the same whatever trains them. `theta0` are the
    weights at initialisation, once they are set.
    """

    theta0: Mapping[str, Tensor]

    def __init__(
        self,
        spec: LotterySpec,
        key: Callable[..., torch.Generator],
        data: Dataset,
        blank: Callable[[], nn.Module],
        resume: Resume | None,
    ) -> None:
        self._spec, self._key, self._data, self._blank, self._resume = spec, key, data, blank, resume
        self.layers = prunable(blank(), data.train.x[:2])
        self.groups = {name: layer.groups for name, layer in self.layers.items()}
        self.full = {name: torch.ones(layer.shape, dtype=torch.bool) for name, layer in self.layers.items()}
        self._prune = build(spec.pruning)
        self.in_training = spec.pruning.acts == "during training"
        self._tickets: dict[int, Ticket] = {}
        self._final_masks: dict[int, Mapping[str, Tensor]] = {}

    def parent(self, level: int) -> int:
        """Return the level whose trained network is pruned to make `level`."""
        return 0 if self._spec.mode == "one_shot" else level - 1

    def masks(self, level: int) -> Mapping[str, Tensor]:
        """Return the masks with which a level's ticket begins to train: its own, unless it is pruned as it trains."""
        if level == 0:
            return self.full
        parent = self.parent(level)
        if self.in_training:
            return self.trained(parent).masks if parent else self.full
        ticket = self.trained(parent)
        weights = self.theta0 if self._spec.pruning.acts == "at initialisation" else ticket.weights
        return self._pruned(level, weights, ticket.masks, level - parent)

    def final_masks(self, level: int) -> Mapping[str, Tensor]:
        """Return the masks with which a ticket ended that was pruned as it trained."""
        if level not in self._final_masks:
            self._final_masks = {level: self._loaded(level)}
        return self._final_masks[level]

    def keep_final_masks(self, level: int, masks: Mapping[str, Tensor]) -> None:
        """Keep the masks with which a ticket ended, the last ones only."""
        self._final_masks = {level: masks}

    def pruner(
        self, level: int, start: Mapping[str, Tensor], scores: Mapping[str, Tensor] | None = None
    ) -> Pruner | None:
        """Return what prunes the ticket of a level as it trains, from masks `start` on; None where nothing does.

        With `scores` it prunes a control, by these.
        """
        if level == 0 or not self.in_training:
            return None
        rounds = level - self.parent(level)

        def prune(weights: Mapping[str, Tensor], masks: Mapping[str, Tensor], step: int) -> Mapping[str, Tensor]:
            weights = weights if scores is None else scores
            return self._pruned(level, weights, masks, rounds, start=start, step=step)

        return Pruner(self._spec.pruning.pruning_steps(self._spec.steps), prune)

    def next_masks(self, level: int, ticket: Ticket) -> Mapping[str, Tensor]:
        """Return the masks that the pruning after a level keeps, be there a next level or not."""
        if self.in_training:
            return self._pruned(level + 1, ticket.weights, ticket.masks, 1)
        return self.masks(level + 1)

    def masks_at_init(self, level: int) -> Mapping[str, Tensor]:
        """Return masks that spend the budget of a level on the weights at initialisation."""
        return self._pruned(level, self.theta0, self.full, level)

    def base(self, level: int) -> Mapping[str, Tensor]:
        """Return what the masks of a level are stored against: those of the level before it."""
        if level == 0:
            return self.full
        if self._spec.mode == "iterative":
            return self.trained(level - 1).masks
        return self.final_masks(level - 1) if self.in_training else self.masks(level - 1)

    def trained(self, level: int) -> Ticket:
        """Return the trained ticket of a level."""
        if level not in self._tickets:
            masks = self._loaded(level)
            ticket = unpack(self.load("ticket", level), masks)
            self.keep(level, ticket)
            return ticket
        return self._tickets[level]

    def keep(self, level: int, ticket: Ticket) -> None:
        """Keep what later levels need: the newest ticket, or in one shot the dense network."""
        newest = max(self._tickets, default=0)
        if level >= newest if self._spec.mode == "iterative" else level == 0:
            self._tickets = {level: ticket}

    def load(self, name: str, level: int = 0) -> Mapping[str, Tensor]:
        """Return an artifact of the ticket of a level. Raises `LookupError` when there is nothing to resume from."""
        if self._resume is None:
            raise LookupError(f"artifact {name} of level {level}: there is nothing to resume from")
        return self._resume.load(name, LotteryKey(level=level))

    def _loaded(self, level: int) -> Mapping[str, Tensor]:
        """Return the stored masks of a ticket, each of which is saved as what its level flips."""
        masks: Mapping[str, Tensor] = self.full
        for before in range(level + 1):
            masks = masks_of(self.load("mask", before), masks)
        return {name: masks[name] for name in self.full}  # in the network's order, not the file's

    def _pruned(
        self,
        level: int,
        weights: Mapping[str, Tensor],
        masks: Mapping[str, Tensor],
        rounds: int,
        **during: Any,
    ) -> Mapping[str, Tensor]:
        step: tuple[int, ...] = (during["step"],) if during else ()
        n, order = len(self._data.train), partial(self._key, "pruning", level, *step, "order")
        batches = Batches(n, self._spec.batch_size, lambda epoch: torch.randperm(n, generator=order(epoch)))
        trainable = Trainable(self._blank, feed(self._data, batches), self._data.task)
        generator = self._key("pruning", level, *step)
        more = {**during, "steps": self._spec.steps} if during else {}
        context = PruningContext(weights, masks, self.layers, rounds, self.theta0, trainable, generator, **more)
        pruned: dict[str, Tensor] = self._prune(context)
        return pruned
