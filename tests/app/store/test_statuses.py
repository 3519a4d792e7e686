"""Where many runs are, read at once, is what each of them says by itself."""

import pytest

from app.contract.events import Measured, Progress
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.store import Claim, Store
from app.store.statuses import Status


@pytest.fixture
def several(store: Store, claim: Claim, spec: LotterySpec) -> list[str]:
    """A run that has begun, with rows of two series, one that waits and one that is cancelled."""
    for series in ("evaluation", "outcome"):
        row = Measured(series=series, key=LotteryKey(), columns={"step": [0.0]})
        store.append(claim.shard_id, claim.token, [row], ("evaluation", "outcome").index(series))
    store.heartbeat(claim.shard_id, claim.token, Progress(done=50, total=300, note="level 1"))
    waiting, cancelled = (store.create_run(spec, name=name).id for name in ("waiting", "cancelled"))
    store.cancel_run(cancelled)
    return [claim.run_id, waiting, cancelled]


@pytest.mark.parametrize("at_once", [200, 1])
def test_statuses_are_those_of_the_runs(
    store: Store, several: list[str], monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("app.store.statuses._AT_ONCE", at_once)
    found = store.statuses([*several, "0000000000"])
    assert set(found) == set(several)
    for run_id in several:
        run = store.run(run_id)
        assert found[run_id] == Status(run.last_seq, run.state, run.progress, measured=0)
    store.measure(several[0], 1, [])
    assert store.statuses(several)[several[0]].measured == 1
    assert {found[run_id].state for run_id in several} == {"running", "queued", "cancelled"}
    assert store.statuses([]) == {}


@pytest.mark.parametrize("at_once", [200, 1])
def test_what_is_new_of_each_run_is_what_it_has_touched(
    store: Store, several: list[str], monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("app.store.statuses._AT_ONCE", at_once)
    first, *others = several
    last = store.run(first).last_seq
    for seq in range(last + 1):
        after = {first: seq, **dict.fromkeys(others, 0)}
        assert store.touched_each(after) == {run_id: store.touched(run_id, after[run_id]) for run_id in several}
    assert store.touched_each({first: last - 1}) == {first: {"outcome"}}
    assert store.touched_each({}) == {}
