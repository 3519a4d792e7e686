"""A run that prunes as it trains, killed within a training, goes on to the bit."""

from math import inf
from typing import Any

import pytest

from tests.workers.science.experiments.lottery_runs import resumed_from
from tests.workers.science.experiments.situations import distinct
from tests.workers.science.experiments.stacked_runs import gathered, kept, running
from tests.workers.science.experiments.test_gradual import ran, small
from workers.science.experiments.stacked_trainer import conduct
from workers.science.outputs import Checkpoint
from workers.science.train import loop

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.mark.parametrize(
    "fields", [{}, {"mode": "iterative"}, {"optimizer": {"kind": "muon"}, "rewind_step": 2}], ids=str
)
def test_killed_within_a_training_and_resumed_says_the_same_bits(
    fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    spec = small(branches=[{"kind": "random_pruning"}, {"kind": "shuffled"}], **fields)
    outputs = ran(spec, every_s=0.0)

    assert kept(outputs) == kept(ran(spec))
    cuts = [i for i, output in enumerate(outputs) if isinstance(output, Checkpoint)]
    halves = [i for i in cuts if "unfinished" in getattr(outputs[i], "state", {})]
    assert len(halves) > 100
    for at in [*halves[::41], cuts[-2]]:
        assert kept(ran(spec, resumed_from(outputs[: at + 1]))) == kept(outputs[at + 1 :])


def test_a_stack_killed_within_a_training_and_resumed_says_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """One replicate goes on from where it was saved, while the other begins."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    spec = small()
    stacks = spec.stack_groups(8)
    whole = gathered(conduct(running(spec, {0: None, 1: None}, 2, 0.0, stacks)))
    for at in distinct(whole[0])[2::5]:
        resume = {0: resumed_from(whole[0][: at + 1]), 1: None}
        again = gathered(conduct(running(spec, resume, 2, inf, stacks)))
        assert kept(again[0]) == kept(whole[0][at + 1 :])
        assert kept(again[1]) == kept(whole[1])
