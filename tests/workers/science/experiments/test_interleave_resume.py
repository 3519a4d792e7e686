"""Trainings at once that are killed and resumed."""

from typing import Any

import pytest

from tests.workers.science.experiments.interleaved import (
    ALL,
    PAIRS,
    agree,
    at_once,
    check_resumes,
    counted,
    cuts,
    logged,
    spec,
    spoil,
    steps,
)
from tests.workers.science.experiments.lottery_runs import resumed_from
from tests.workers.science.experiments.situations import distinct
from tests.workers.science.experiments.stacked_runs import (
    kept,
)
from workers.science.outputs import Checkpoint
from workers.science.train import loop

pytestmark = pytest.mark.usefixtures("narrow")


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
    check_resumes(experiment, stacks, whole, sorted({*level} & {*distinct(whole)}))


def test_replicates_that_were_saved_apart_go_on_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    experiment = spec(levels=1)
    whole = at_once(experiment, {0: None, 1: None}, slots=2, every_s=0.0)
    for first, second in ((12, 16), (17, -3), (4, 14), (-1, 13)):
        at = {0: cuts(whole[0])[first], 1: cuts(whole[1])[second]}
        again = at_once(experiment, {slot: resumed_from(whole[slot][: cut + 1]) for slot, cut in at.items()}, slots=2)
        for slot, cut in at.items():
            assert kept(whole[slot][: cut + 1]) + kept(again[slot]) == kept(whole[slot]), (slot, first, second)


@pytest.mark.parametrize(("spoilt", "scale"), [(0, 1e18), (0, 1e6), (1, 1e6), (3, 1e6), (3, 1e18)])
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
    assert all((step > 0) == (scale == 1e6) for step in ends)
    updates = counted(monkeypatch)
    late = next(i for i in cuts(whole) if steps(whole[i], spoilt) == {9})
    at_once(experiment, {0: resumed_from(whole[: late + 1])})
    assert len(updates) == 10 - 9
    begun = [i for i in cuts(whole) if len(whole[i].state["done"]) >= 1]  # type: ignore[union-attr]
    check_resumes(experiment, ALL, whole, sorted({*begun} & {*distinct(whole)}))


@pytest.mark.parametrize("spoilt", [None, 1])
def test_killed_twice_and_resumed_twice_says_the_same_bits(spoilt: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when it is saved before all have come back to where they stood, as when one that diverged has its turn."""
    monkeypatch.setattr(loop, "TICK_S", 0.0)
    experiment = spec(levels=1, optimizer={"kind": "sgd"})
    if spoilt is not None:
        spoil(monkeypatch, spoilt, 1e6)
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
    agree(logged(whole[: cut + 1], rest), logged(whole))
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
    agree(logged(whole[: cut + 1], rest), logged(whole))
