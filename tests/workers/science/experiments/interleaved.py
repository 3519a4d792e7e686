"""Trainings at once, and what tests of them count and compare."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

import pytest
import torch

from app.contract.events import Measured
from tests.workers.science.experiments.lottery_runs import resumed_from
from tests.workers.science.experiments.stacked_runs import (
    gathered,
    headings,
    kept,
    running,
    small,
)
from workers.science.experiments import stacked_trainer
from workers.science.experiments.stacked_trainer import Request, conduct
from workers.science.outputs import Checkpoint, Output, Resume
from workers.science.stacked.network import StackedNetwork
from workers.science.train.events import SlotEvent

CONTROLS: list[dict[str, Any]] = [{"kind": "reinit", "draws": 2}, {"kind": "shuffled"}]

ALL = ["winning_ticket/0 reinit/0 reinit/1 shuffled/0"]

PAIRS = ["winning_ticket/0 reinit/0", "reinit/1 shuffled/0"]


def at_once(
    spec: Any,
    resumes: Mapping[int, Resume | None] | None = None,
    stacks: Sequence[str] = ALL,
    slots: int = 1,
    every_s: float = inf,
) -> dict[int, list[Output]]:
    return gathered(conduct(running(spec, {0: None} if resumes is None else resumes, slots, every_s, stacks)))


def spec(**fields: Any) -> Any:
    return small(**{"levels": 2, "branches": CONTROLS} | fields)


def served(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The slots that each stacked training serves."""
    found: list[list[int]] = []
    train = stacked_trainer._train

    def spy(requests: Mapping[int, Request]) -> Iterator[SlotEvent]:
        found.append(sorted(requests))
        return train(requests)

    monkeypatch.setattr(stacked_trainer, "_train", spy)
    return found


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The slots of each step that a stack makes."""
    forward, made = StackedNetwork.__call__, list[int]()

    def count(self: StackedNetwork, x: torch.Tensor) -> torch.Tensor:
        if torch.is_grad_enabled():
            made.append(self.slots)
        return forward(self, x)

    monkeypatch.setattr(StackedNetwork, "__call__", count)
    return made


def agree(mine: Sequence[Output], theirs: Sequence[Output]) -> None:
    """The same in the same order, up to rounding; but a stack has one checkpoint when all of it has ended."""
    assert headings(logged(mine)) == headings(logged(theirs))
    pairs = zip(
        (o for o in mine if isinstance(o, Measured)), (o for o in theirs if isinstance(o, Measured)), strict=True
    )
    for one, other in pairs:
        for name, column in one.columns.items():
            # An example or a weight on the boundary may fall to the other side.
            tolerance = 5e-3 if "accuracy" in name or one.series == "movement" else 1e-4
            assert column == pytest.approx(other.columns[name], rel=tolerance, abs=tolerance, nan_ok=True), name


def cuts(outputs: Sequence[Output]) -> list[int]:
    return [i for i, output in enumerate(outputs) if isinstance(output, Checkpoint)]


def steps(output: Output, without: int) -> set[int]:
    """The steps at which a checkpoint has the trainings of a level, but for one of them."""
    assert isinstance(output, Checkpoint)
    own = {name: i for i, name in enumerate(ALL[0].split())}
    return {
        item["loop"]["step"]
        for item in output.state.get("unfinished", ())
        if item["key"]["level"] == 1 and own["{control}/{draw}".format(**item["key"])] != without
    }


def check_resumes(made: Any, stacks: Sequence[str], whole: list[Output], at: Sequence[int]) -> None:
    for cut in at:
        again = at_once(made, {0: resumed_from(whole[: cut + 1])}, stacks)[0]
        assert kept(whole[: cut + 1]) + kept(again) == kept(whole), cut


def spoil(monkeypatch: pytest.MonkeyPatch, spoilt: int, scale: float) -> None:
    """Have the network that begins in one slot of four diverge."""
    put = StackedNetwork.put

    def spoiling(self: StackedNetwork, slot: int, state: Mapping[str, torch.Tensor]) -> None:
        bad = self.slots == 4 and slot == spoilt and max(float(item.abs().max()) for item in state.values()) < 100
        put(self, slot, {name: tensor * scale for name, tensor in state.items()} if bad else state)

    monkeypatch.setattr(StackedNetwork, "put", spoiling)


def logged(*parts: Sequence[Output]) -> list[Output]:
    return [output for part in parts for output in part if not isinstance(output, Checkpoint)]
