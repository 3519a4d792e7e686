"""Lottery runs that are resumed or extended end as if nothing had happened."""

from collections.abc import Iterable
from typing import Any

import pytest
import torch

from app.contract.events import Measured, Progress
from app.kinds.lottery.spec import LotteryKey
from tests.workers.science.experiments.lottery_runs import (
    CONTROLS,
    NOWHERE,
    RESIDUAL,
    lasting,
    outcomes,
    ran,
    resumed_from,
    said,
    saved,
    small,
    to_the_next_checkpoint,
    unstacked,
)
from workers.science.experiments.lottery import run
from workers.science.outputs import Checkpoint, Output, Tensors

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.fixture(scope="module")
def whole() -> list[Output]:
    return ran(small())


def test_the_same_seed_gives_the_same_bits_and_another_replicate_others(whole: list[Output]) -> None:
    assert lasting(ran(small())) == lasting(whole)
    other = ran(small(), replicate=1)
    assert outcomes(other) != outcomes(whole)
    assert not torch.equal(
        saved(other, "init")[LotteryKey()]["fc1.weight"], saved(whole, "init")[LotteryKey()]["fc1.weight"]
    )


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"optimizer": {"kind": "muon"}, "rewind_step": 7},
        {"mode": "one_shot", "branches": [*CONTROLS]},
        {"rewind": "fine_tune", "schedule": {"kind": "step_decay"}, "branches": [{"kind": "shuffled"}]},
        {"rewind": "none", "pruning": {"kind": "global_magnitude", "rate": 0.4}, "branches": [{"kind": "random"}]},
        {**RESIDUAL, "levels": 1, "steps": 4, "rewind_step": 2, "branches": [{"kind": "reinit"}]},
    ],
    ids=["weights", "rewind_step", "one_shot", "fine_tune", "none", "residual"],
)
def test_killed_after_any_checkpoint_and_resumed_says_the_same(fields: dict[str, Any]) -> None:
    spec = small(**fields)
    whole = ran(spec)
    positions = [i for i, output in enumerate(whole) if isinstance(output, Checkpoint)]
    assert len(positions) == spec.trainings_per_replicate
    for n, position in enumerate(positions):
        # Killed somewhere in the next training: what came after the checkpoint is lost.
        later = [i for i, output in enumerate(whole) if i > position and not isinstance(output, Progress)]
        resume = resumed_from(whole[: later[1] + 1] if len(later) > 1 else whole)
        if n not in (0, len(positions) // 2, len(positions) - 1):
            # To the next checkpoint: from there on it is the run that resumes from that one.
            rest = to_the_next_checkpoint(unstacked(run(spec, 0, datasets_dir=NOWHERE, resume=resume)))
            assert lasting(rest) == lasting(whole[position + 1 : positions[n + 1] + 1])
            continue
        rest = ran(spec, resume)
        assert lasting(rest) == lasting(whole[position + 1 :])
        done = [output.done for output in rest if isinstance(output, Progress)]
        assert done[-1] == max(output.total for output in whole if isinstance(output, Progress))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"levels": 1}, {"levels": 2}),
        ({"branches": []}, {}),
        ({"branches": [{"kind": "shuffled"}, {"kind": "reinit"}]}, {}),
        ({"levels": 1, "branches": []}, {"levels": 3, "branches": [*CONTROLS], "rewind_step": 3}),
        ({"levels": 1, "branches": []}, {"levels": 2, "branches": [*CONTROLS], "mode": "one_shot"}),
    ],
    ids=["levels", "branch", "draws", "all", "one_shot"],
)
def test_an_extended_run_does_what_is_missing_and_ends_like_the_larger_one(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    same = {name: value for name, value in after.items() if name not in ("levels", "branches")}
    smaller, larger = small(**same | before), small(**after)
    assert larger.extends(smaller) is None
    first = ran(smaller)
    second = ran(larger, resumed_from(first))
    assert len(outcomes(second)) == larger.trainings_per_replicate - smaller.trainings_per_replicate
    assert not set(outcomes(first)) & set(outcomes(second))

    def units(outputs: Iterable[Output]) -> set[str]:
        return {said(output) for output in outputs if isinstance(output, Measured | Tensors)}

    assert units(first) | units(second) == units(ran(larger))


def test_a_finished_run_has_nothing_left_to_do(whole: list[Output]) -> None:
    assert lasting(ran(small(), resumed_from(whole))) == []
