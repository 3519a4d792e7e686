"""Which trainings are made at once, in which order, and what a checkpoint tells of where they stand."""

import json

import torch

from app.contract.events import Measured
from app.kinds.lottery.spec import LotteryKey
from tests.workers.science.experiments.lottery_runs import small as lottery
from tests.workers.science.experiments.test_erasure import small as erasure
from workers.science.experiments.replicate_progress import ReplicateProgress
from workers.science.experiments.training_checkpoint import TrainingCheckpoint
from workers.science.outputs import Checkpoint, Resume

SPEC = lottery(levels=2, branches=[{"kind": "reinit", "draws": 2}, {"kind": "shuffled"}])
PLACES = [key for key, _ in SPEC.parts()]
PAIR = ["winning_ticket/0 shuffled/0"]


def keys(groups: list[list[LotteryKey]]) -> list[list[int]]:
    return [[PLACES.index(key) for key in group] for group in groups]


def resumed(checkpoint: Checkpoint) -> Resume:
    return Resume(json.loads(json.dumps(checkpoint.state)), lambda *_: {}, checkpoint.tensors)


def row(key: LotteryKey) -> Measured:
    return Measured(series="evaluation", key=key, columns={"step": [0.0]})


def test_what_is_not_named_is_made_by_itself_and_a_level_without_all_of_a_stack_has_none() -> None:
    assert keys(ReplicateProgress(SPEC, PLACES, (), None).groups) == [[i] for i in range(9)]
    assert keys(ReplicateProgress(SPEC, PLACES, PAIR, None).groups) == [[0], [1, 4], [2], [3], [5, 8], [6], [7]]
    assert keys(ReplicateProgress(SPEC, PLACES, ["reinit/0 random/0"], None).groups) == [[i] for i in range(9)]


def test_a_network_and_its_twin_share_a_stack() -> None:
    spec = erasure(optimizers=[{"kind": "sgd", "lrs": (0.5, 0.1)}], widths=(8, 16))
    cells = [key for key, _ in spec.parts()]
    groups = ReplicateProgress(spec, cells, spec.stack_groups(4), None).groups
    assert groups == [cells[:4], cells[4:]]
    assert {key.image for key in groups[0]} == {"picture", "none"}


def test_what_was_in_progress_comes_first_and_is_known_to_be_half_done() -> None:
    progress = ReplicateProgress(SPEC, PLACES, PAIR, None)
    assert list(progress.order.end(PLACES[0])) == []
    progress.order.add(PLACES[1], row(PLACES[1]))
    progress.order.add(PLACES[4], row(PLACES[4]))
    progress.order.end(PLACES[4])
    half = TrainingCheckpoint(PLACES[1], {"key": PLACES[1].model_dump(), "loop": 3}, {"network/a": torch.ones(2)})
    checkpoint = progress.checkpoint([half], mine=[1])
    assert checkpoint.state["mine"] == [1]

    more = lottery(levels=2, branches=[{"kind": "random"}, {"kind": "reinit", "draws": 2}, {"kind": "shuffled"}])
    again = ReplicateProgress(more, [key for key, _ in more.parts()], PAIR, resumed(checkpoint))
    assert again.groups[0] == [PLACES[1], PLACES[4]]
    assert [again.left(key) for key in PLACES[:5]] == [False, True, True, True, False]
    assert again.done == [PLACES[0], PLACES[4]]
    (begun,) = again.unfinished.values()
    assert (begun.values, begun.part("network")["a"].tolist()) == (half.values, [1, 1])
    # Its row is in the log, that of the other is not.
    assert again.order.end(PLACES[1]) == [row(PLACES[4])]
    assert not again.order.waits(PLACES[4])
    assert again.checkpoint([begun]).state["done"] == [key.model_dump() for key in (PLACES[0], PLACES[1], PLACES[4])]


def test_a_checkpoint_after_the_last_names_nothing_more() -> None:
    progress = ReplicateProgress(SPEC, PLACES[:2], (), None)
    for key in PLACES[:2]:
        progress.order.end(key)
    state = progress.checkpoint().state
    assert state == {"done": [key.model_dump() for key in PLACES[:2]], "next": None}
    assert ReplicateProgress(SPEC, PLACES[:2], (), resumed(progress.checkpoint())).groups == []
