"""Trainings at once: the log is that of one after the other, whatever is killed, diverges or is left behind."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

import pytest
import torch

from app.contract.events import Measured, Progress
from app.kinds.lottery.spec import LotteryKey
from tests.workers.science.experiments.test_lottery import NOWHERE, resumed_from
from tests.workers.science.experiments.test_stacked_trainer import (
    alone,
    gathered,
    headings,
    kept,
    running,
    small,
)
from workers.science.experiments import stacked_trainer
from workers.science.experiments.lottery import run
from workers.science.experiments.stacked_trainer import Request, conduct
from workers.science.outputs import Checkpoint, Output, Resume
from workers.science.stacked.network import StackedNetwork
from workers.science.train import loop
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
    assert headings(_logged(mine)) == headings(_logged(theirs))
    pairs = zip(
        (o for o in mine if isinstance(o, Measured)), (o for o in theirs if isinstance(o, Measured)), strict=True
    )
    for one, other in pairs:
        for name, column in one.columns.items():
            # An example or a weight on the boundary may fall to the other side.
            tolerance = 5e-3 if "accuracy" in name or one.series == "movement" else 1e-4
            assert column == pytest.approx(other.columns[name], rel=tolerance, abs=tolerance, nan_ok=True), name


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


def cuts(outputs: Sequence[Output]) -> list[int]:
    return [i for i, output in enumerate(outputs) if isinstance(output, Checkpoint)]


def _steps(output: Output, without: int) -> set[int]:
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


@pytest.mark.parametrize(
    ("fields", "stacks"),
    [
        ({}, ALL),
        ({}, PAIRS),
        ({"rewind_step": 3}, ["winning_ticket/0 shuffled/0", "reinit/0 reinit/1"]),
        ({"optimizer": {"kind": "sgd", "momentum": 0.9}, "augmentation": "pad_crop_flip"}, ALL),
    ],
    ids=["all", "pairs", "rewound", "momentum"],
)
def test_killed_at_any_moment_that_can_be_saved_and_resumed_says_the_same_bits(
    fields: dict[str, Any], stacks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    experiment = spec(levels=1, **fields)
    whole = at_once(experiment, stacks=stacks, every_s=0.0)[0]
    assert kept(whole) == kept(at_once(experiment, stacks=stacks)[0])
    level = [i for i in cuts(whole) if len(whole[i].state["done"]) > 0]  # type: ignore[union-attr]
    assert len(level) > 12
    # Every training of the level that has begun is in it, whoever has had a turn.
    assert max(len(whole[i].state.get("unfinished", ())) for i in level) == stacks[0].count("/")  # type: ignore[union-attr]
    # Every third: with two or four to a stack, in the middle of each one's turns.
    check_resumes(experiment, stacks, whole, sorted({*level[::3], level[1], level[-1]}))


def test_replicates_that_were_saved_apart_go_on_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    experiment = spec(levels=1)
    whole = at_once(experiment, {0: None, 1: None}, slots=2, every_s=0.0)
    for first, second in ((12, 16), (17, -3), (4, 14), (-1, 13)):
        at = {0: cuts(whole[0])[first], 1: cuts(whole[1])[second]}
        again = at_once(experiment, {slot: resumed_from(whole[slot][: cut + 1]) for slot, cut in at.items()}, slots=2)
        for slot, cut in at.items():
            assert kept(whole[slot][: cut + 1]) + kept(again[slot]) == kept(whole[slot]), (slot, first, second)


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


def spoil(monkeypatch: pytest.MonkeyPatch, spoilt: int, scale: float) -> None:
    """Have the network that begins in one slot of four diverge."""
    put = StackedNetwork.put

    def spoiling(self: StackedNetwork, slot: int, state: Mapping[str, torch.Tensor]) -> None:
        bad = self.slots == 4 and slot == spoilt and max(float(item.abs().max()) for item in state.values()) < 100
        put(self, slot, {name: tensor * scale for name, tensor in state.items()} if bad else state)

    monkeypatch.setattr(StackedNetwork, "put", spoiling)


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


@pytest.mark.parametrize(("spoilt", "scale"), [(0, 1e18), (0, 1e4), (1, 1e4), (3, 1e4), (3, 1e18)])
def test_killed_beside_one_that_diverged_and_resumed_says_the_same_bits(
    spoilt: int, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before its turn has come: it is not trained again to find out."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    experiment = spec(levels=1, optimizer={"kind": "sgd"}, eval_every=3)
    spoil(monkeypatch, spoilt, scale)
    whole = at_once(experiment, every_s=0.0)[0]
    level = [o.state for o in whole if isinstance(o, Checkpoint) and 1 <= len(o.state["done"]) < 5]
    ends = {item["lost"] for state in level for item in state.get("unfinished", ())} - {None}
    bad = [key.model_dump() for key, _ in experiment.parts()][1 + spoilt]
    assert any(bad in state.get("pending", {}).get("ended", ()) for state in level) == (spoilt > 0)
    assert all((step > 0) == (scale == 1e4) for step in ends)
    updates = counted(monkeypatch)
    late = next(i for i in cuts(whole) if _steps(whole[i], spoilt) == {9})
    at_once(experiment, {0: resumed_from(whole[: late + 1])})
    assert len(updates) == 10 - 9
    begun = [i for i in cuts(whole) if len(whole[i].state["done"]) >= 1]  # type: ignore[union-attr]
    check_resumes(experiment, ALL, whole, sorted({*begun[::3], begun[1], begun[-1]}))


@pytest.mark.parametrize("spoilt", [None, 1])
def test_killed_twice_and_resumed_twice_says_the_same_bits(spoilt: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it is saved before all have come back to where they stood, as when one that diverged has its turn."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    experiment = spec(levels=1, optimizer={"kind": "sgd"})
    if spoilt is not None:
        spoil(monkeypatch, spoilt, 1e4)
    whole = at_once(experiment, every_s=0.0)[0]
    for cut in (i for i in cuts(whole)[20::4] if len(whole[i].state["done"]) in (1, 2)):  # type: ignore[union-attr]
        rest = at_once(experiment, {0: resumed_from(whole[: cut + 1])}, every_s=0.0)[0]
        first = [*whole[: cut + 1], *rest[: cuts(rest)[0] + 1]]
        again = at_once(experiment, {0: resumed_from(first)})[0]
        assert kept(first) + kept(again) == kept(whole), cut


def test_a_plan_of_fewer_at_once_goes_on_from_what_was_saved_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the memory was short: nothing is said twice or left out, and nothing begun is begun again."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    experiment = spec(levels=1)
    whole = at_once(experiment, every_s=0.0)[0]
    cut = next(
        i
        for i, o in enumerate(whole)
        if isinstance(o, Checkpoint) and [item["loop"]["step"] for item in o.state.get("unfinished", ())] == [6] * 4
    )
    updates = counted(monkeypatch)
    rest = at_once(experiment, {0: resumed_from(whole[: cut + 1])}, PAIRS, every_s=0.0)[0]
    agree(_logged(whole[: cut + 1], rest), _logged(whole))
    assert len(updates) == 2 * (10 - 6)
    # The second pair was kept by every checkpoint of the first.
    first = next(o for o in rest if isinstance(o, Checkpoint))
    saved = ["{control}/{draw}".format(**item["key"]) for item in first.state["unfinished"]]
    assert saved == " ".join(PAIRS).split()


@pytest.mark.parametrize("fewer", [PAIRS, []], ids=["pairs", "one by one"])
def test_divided_after_one_has_diverged_it_is_not_trained_again(
    fewer: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    experiment = spec(levels=1, optimizer={"kind": "sgd"})
    spoil(monkeypatch, 3, 1e18)
    whole = at_once(experiment, every_s=0.0)[0]
    cut = next(i for i in cuts(whole) if whole[i].state.get("pending", {}).get("ended"))  # type: ignore[union-attr]
    rest = at_once(experiment, {0: resumed_from(whole[: cut + 1])}, fewer)[0]
    agree(_logged(whole[: cut + 1], rest), _logged(whole))


def _logged(*parts: Sequence[Output]) -> list[Output]:
    return [output for part in parts for output in part if not isinstance(output, Checkpoint)]


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
