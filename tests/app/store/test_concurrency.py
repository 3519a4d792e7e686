"""Workers, people and the reaper all at once: nothing deadlocks, and states, numbers and rows still agree."""

import random
import threading
from collections.abc import Callable, Iterable, Sequence

from app.contract.events import Measured
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.store import Claim, Conflict, Fenced, Store
from app.store.runs import derive

ROWS = 6


def _work(store: Store, claim: Claim, chance: random.Random) -> None:
    for ordinal in range(claim.next_ordinal - claim.next_ordinal % 2, ROWS, 2):
        event = Measured(series="evaluation", key=LotteryKey(), columns={"step": [float(ordinal), float(ordinal + 1)]})
        store.append(claim.shard_id, claim.token, [event], ordinal)
        if store.heartbeat(claim.shard_id, claim.token, None) == "cancel":
            store.cancelled(claim.shard_id, claim.token)
            return
        match chance.randrange(8):
            case 0:
                store.release(claim.shard_id, claim.token)
                return
            case 1:
                store.fail(claim.shard_id, claim.token, "killed", "")
                return
            case 2:
                return  # lost: the reaper finds it
            case 3:
                store.checkpoint(claim.shard_id, claim.token, "a" * 64, ordinal)
    store.finish(claim.shard_id, claim.token)


def test_a_crowd_leaves_a_consistent_store(open_store: Callable[..., Store], spec: LotterySpec) -> None:
    store = open_store(lease_s=0.2)
    runs = [store.create_run(LotterySpec(**{**dict(spec), "replicates": 4}), name=str(i)).id for i in range(3)]
    stop = threading.Event()
    errors: list[Exception] = []

    def worker(seed: int) -> None:
        chance = random.Random(seed)
        while not stop.is_set():
            claim = store.claim("cpu", f"w{seed}")
            if claim is not None:
                _work(store, claim, chance)

    def person(seed: int) -> None:
        chance = random.Random(seed)
        while not stop.is_set():
            run_id = chance.choice(runs)
            action = chance.choice([store.cancel_run, store.resume_run, _extend, store.bin_run, store.restore_run])
            action(run_id)
            stop.wait(0.05)

    def _extend(run_id: str) -> None:
        old = LotterySpec.model_validate(store.run(run_id).spec)
        if old.levels < 20:
            store.extend_run(run_id, LotterySpec(**{**dict(old), "levels": old.levels + 1}))

    def reaper(_: int) -> None:
        while not stop.wait(0.05):
            store.reap()

    def again_and_again(act: Callable[[int], None], seed: int) -> None:
        while not stop.is_set():
            try:
                act(seed)
            except (Conflict, Fenced):
                continue
            except Exception as error:  # noqa: BLE001 (whatever it is, the test reports it)
                errors.append(error)
                stop.set()

    crowd: Sequence[Callable[[int], None]] = [worker] * 4 + [person] * 2 + [reaper] * 2
    threads = [threading.Thread(target=again_and_again, args=(act, seed)) for seed, act in enumerate(crowd)]
    for thread in threads:
        thread.start()
    stop.wait(4.0)
    stop.set()
    for thread in threads:
        thread.join()
    assert errors == []

    for run_id in runs:
        run, events = store.run(run_id), store.events(run_id, limit=100_000)
        assert [event.seq for event in events] == list(range(1, run.last_seq + 1))
        assert run.state == derive([shard.state for shard in store.shards(run_id)])
        for replicate in range(4):
            steps: Iterable[float] = store.series(run_id, "evaluation", replicate=replicate).columns.get("step", ())
            assert all(step == i for i, step in enumerate(steps))
    assert any(len(store.series(run_id, "evaluation")) for run_id in runs)
