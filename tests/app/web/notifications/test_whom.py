"""Who is notified of what, and what is sent where."""

import pytest

from app.continuing import continue_sweep, following
from app.kinds.presets import PRESETS
from app.queue import Queue
from app.store import NotFound, Store
from app.store.acting import Actor, as_person
from app.store.errors import NotTheirs
from app.sweeps.plan import Plan
from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab


def as_(lab: Lab, who: str) -> Actor:
    return Actor(lab.ids[who], who, only_own=who != "ada")


def test_mentions_and_comments_go_to_whom_they_concern(lab: Lab, hand: Hand) -> None:
    run = hand.run(start=False)
    lab.give(run.id, "mia")
    with as_person(as_(lab, "max")):
        comment = lab.store.add_comment("@vic and @max, look", run_id=run.id)
        lab.store.edit_comment(comment.id, "@vic and @ADA, look")
        lab.store.edit_comment(comment.id, "@vic, @ada!")
    with as_person(as_(lab, "mia")):
        lab.store.add_comment("thanks @mia", run_id=run.id)
        lab.store.update_run(run.id, notes="after @vic")
        lab.store.update_run(run.id, notes="long after @vic")
    seen = {}
    for who in lab.ids:
        with as_person(as_(lab, who)):
            seen[who] = [notice.kind for notice in lab.store.notices()]
            assert lab.store.unread() == len(seen[who])
    assert seen == {"ada": ["mention"], "mia": ["comment"], "max": [], "vic": ["mention", "mention"]}
    with as_person(as_(lab, "vic")):
        lab.store.read_notices(lab.store.notices()[1].id)
        assert [notice.read for notice in lab.store.notices()] == [False, True]
        assert lab.store.unread() == 1
    with as_person(as_(lab, "ada")):
        assert lab.store.unread() == 1


def test_places_are_for_their_own_and_those_of_all_for_admins(lab: Lab, hand: Hand) -> None:
    with as_person(as_(lab, "mia")):
        mine = lab.store.add_channel("email", "mia@lab.example")
        with pytest.raises(NotTheirs):
            lab.store.add_channel("email", "all@lab.example", of_all=True)
    with as_person(as_(lab, "ada")):
        lab.store.add_channel("email", "all@lab.example", of_all=True)
        assert [channel.target for channel in lab.store.channels()] == ["all@lab.example"]
        with pytest.raises(NotFound):
            lab.store.remove_channel(mine)
    for act in (lab.store.remove_channel, lab.store.test_channel):
        with as_person(as_(lab, "max")), pytest.raises(NotFound):
            act(mine)
    run = hand.run()
    lab.give(run.id, "mia")
    lab.store.fail(hand.claim.shard_id, hand.claim.token, "no", "", final=True)
    assert sorted(each.target for each in lab.store.due_deliveries()) == ["all@lab.example", "mia@lab.example"]


def test_a_run_that_finishes_is_told_of_once(store: Store, hand: Hand) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.9)
    store.finish(hand.claim.shard_id, hand.claim.token)
    [notice] = store.notices()
    assert (notice.kind, notice.what, notice.key) == ("finished", "run", run.id)
    assert notice.text == f"“{run.name}” has finished"


def test_a_run_with_a_training_that_diverged(store: Store, hand: Hand) -> None:
    hand.run()
    hand.measure("outcome", test_accuracy=[0.9, 0.1], diverged_step=[float("nan"), 120.0])
    store.finish(hand.claim.shard_id, hand.claim.token)
    [notice] = store.notices()
    assert (notice.kind, notice.text.partition("; ")[2]) == ("diverged", "1 training diverged")


def test_a_sweep_is_told_of_when_its_last_member_has_ended(store: Store, no_broker: Queue) -> None:
    spec = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": 1}).model_dump(mode="json")
    plan = Plan.model_validate({"spec": spec, "axes": {"seed": {"values": [0, 1]}}})
    sweep, runs = store.create_sweep(plan, following(store, plan, [], "two seeds"), name="two seeds")
    assert len(runs) == 2
    for _ in runs:
        assert store.notices() == []
        claim = store.claim("cpu", "w")
        assert claim is not None
        store.fail(claim.shard_id, claim.token, "no", "", final=True)
        for _ in range(2):
            continue_sweep(store, no_broker, sweep.id)
    [notice] = store.notices()
    assert (notice.kind, notice.what, notice.key) == ("failed", "sweep", sweep.id)
    assert notice.text == "“two seeds” has finished: 2 runs, 2 failed"
