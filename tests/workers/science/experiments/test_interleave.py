"""Trainings at once: the log is that of one after the other, whatever is killed, diverges or is left behind."""

from typing import Any

import pytest

from app.contract.events import Measured, Progress
from app.kinds.lottery.spec import LotteryKey
from tests.workers.science.experiments.interleaved import (
    ALL,
    PAIRS,
    agree,
    at_once,
    cuts,
    served,
    spec,
    spoil,
)
from tests.workers.science.experiments.lottery_runs import NOWHERE, resumed_from
from tests.workers.science.experiments.stacked_runs import (
    alone,
    kept,
    small,
)
from workers.science.experiments.lottery import run
from workers.science.outputs import Checkpoint, Resume

pytestmark = pytest.mark.usefixtures("narrow")


@pytest.mark.parametrize(
    ("fields", "most", "names"),
    [
        ({}, 4, ALL),
        ({}, 2, PAIRS),
        ({"schedule": {"kind": "warmup"}, "optimizer": {"kind": "sgd"}}, 3, PAIRS),
        ({"mode": "one_shot", "rewind": "none"}, 9, ALL),
        ({"rewind": "fine_tune"}, 3, ["winning_ticket/0", "reinit/0 reinit/1 shuffled/0"]),
        ({"rewind_step": 3}, 2, ["winning_ticket/0 shuffled/0", "reinit/0 reinit/1"]),
        (
            {"rewind_step": 3, "branches": [{"kind": "reinit"}, {"kind": "shuffled", "draws": 2}]},
            4,
            ["winning_ticket/0 shuffled/0 shuffled/1", "reinit/0"],
        ),
    ],
    ids=str,
)
def test_the_log_is_that_of_one_training_after_the_other(fields: dict[str, Any], most: int, names: list[str]) -> None:
    """With rewinding, what begins at the rewind step comes before what begins at step 0."""
    experiment = spec(**fields)
    stacks = experiment.stack_groups(most)
    assert stacks == [name for name in names if " " in name]
    order = [LotteryKey(), *(LotteryKey(level=level, control=name.split("/")[0], draw=int(name.split("/")[1]))
                        for level in (1, 2) for name in " ".join(names).split())]  # fmt: skip
    theirs = [o for o in alone(experiment, 0) if not isinstance(o, Progress)]
    mine = [o for o in at_once(experiment, stacks=stacks)[0] if not isinstance(o, Progress)]
    if "rewind_step" not in fields:
        agree(mine, theirs)
    assert list(dict.fromkeys(o.key for o in mine if isinstance(o, Measured))) == order
    for key in order:
        agree(
            [o for o in mine if getattr(o, "key", None) == key],
            [o for o in theirs if getattr(o, "key", None) == key],
        )


def test_replicates_and_their_trainings_share_one_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    found = served(monkeypatch)
    experiment = spec(levels=1)
    mine = at_once(experiment, {0: None, 1: None}, slots=2)
    assert found == [[0, 1], [0, 1, 2, 3, 4, 5, 6, 7]]
    for replicate in range(2):
        agree(mine[replicate], alone(experiment, replicate))


def test_progress_rises_to_the_total_and_follows_whose_turn_it_is() -> None:
    experiment = spec()
    told = [output for output in at_once(experiment)[0] if isinstance(output, Progress)]
    assert [item.done for item in told] == sorted(item.done for item in told)
    assert told[-1].done == experiment.units_per_replicate
    keys = list(dict.fromkeys(item.key for item in told))
    # At the end it is of none.
    assert keys == [*dict.fromkeys(key for key, _ in experiment.parts()), None]


def test_rows_of_the_first_are_told_while_it_trains() -> None:
    """Not only at its end: what is held back is that of the others."""
    outputs = at_once(spec(levels=1))[0]
    ticket = LotteryKey(level=1)
    rows = [i for i, o in enumerate(outputs) if isinstance(o, Measured) and (o.series, o.key) == ("evaluation", ticket)]
    between = [o for o in outputs[rows[0] : rows[-1]] if isinstance(o, Progress)]
    assert {item.key for item in between} == {ticket}
    assert between[-1].done > between[0].done


def test_bits_do_not_depend_on_who_else_is_there() -> None:
    """As when the others are done: each training of a level made by itself, in its slot of a stack as wide."""
    experiment = spec(levels=1)
    whole = at_once(experiment)[0]
    keys = [key for key, _ in experiment.parts()]
    for key in keys[1:]:
        done = [item.model_dump() for item in keys if item != key]
        level = resumed_from(whole[: cuts(whole)[0] + 1])
        own = at_once(experiment, {0: Resume({"done": done, "diverged": []}, level.load)})[0]
        assert kept(own) == kept(o for o in whole if getattr(o, "key", None) == key)


@pytest.mark.parametrize("spoilt", range(4))
def test_one_that_diverges_ends_in_its_turn_and_the_others_do_not_notice(
    spoilt: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = spec(levels=1)
    whole = at_once(experiment)[0]
    spoil(monkeypatch, spoilt, 1e18)
    mine = at_once(experiment)[0]
    bad = [key for key, _ in experiment.parts()][1 + spoilt]
    others = [[o for o in outputs if getattr(o, "key", None) != bad] for outputs in (whole, mine)]
    assert kept(others[0]) == kept(others[1])
    (outcome,) = [o for o in mine if isinstance(o, Measured) and (o.series, o.key) == ("outcome", bad)]
    assert outcome.columns["diverged_step"][0] < 10
    last = [o for o in mine if isinstance(o, Checkpoint)][-1]
    assert last.state["diverged"] == [bad.model_dump()]


def test_what_an_extension_adds_is_trained_by_itself_and_leaves_the_rest_its_slots(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    experiment = spec(levels=1)
    whole = at_once(experiment)[0]
    found = served(monkeypatch)
    more = small(levels=1, branches=[{"kind": "reinit", "draws": 3}, {"kind": "shuffled"}, {"kind": "random"}])
    rest = at_once(more, {0: resumed_from(whole)})[0]
    assert found == [[0], [0]]
    assert {o.key for o in rest if isinstance(o, Measured)} == {
        LotteryKey(level=1, control="reinit", draw=2),
        LotteryKey(level=1, control="random"),
    }
    anew = at_once(more)[0]
    old = {key for key, _ in experiment.parts()}
    assert kept(o for o in anew if getattr(o, "key", None) in old) == kept(whole)


def test_several_at_once_need_a_stack() -> None:
    with pytest.raises(ValueError, match="4 trainings at once need a stack"):
        list(run(spec(), 0, datasets_dir=NOWHERE, plan={"stack_groups": ALL}))


def test_a_checkpoint_follows_each_stack() -> None:
    done = [
        [len(o.state["done"]) for o in outputs if isinstance(o, Checkpoint)]
        for outputs in (at_once(spec())[0], alone(spec(), 0))
    ]
    assert done == [[1, 5, 9], list(range(1, 10))]
