"""Stored bytes that are others than they were: an older checkpoint is used, or the run says at once what is wrong."""

import threading

import psutil

from app.contract.experiment import Experiment
from app.kinds.hardware.spec import HardwareSpec
from app.queue import Queue
from app.settings import Settings
from app.store import CheckpointRef, Claim, Store
from tests.lab import dense, results, small_spec, until
from workers import checkpoints
from workers.job import Job
from workers.supervisor import Supervisor


def claim(store: Store) -> Claim:
    claim = store.claim("cpu", "a test")
    assert claim is not None
    return claim


def attempt(store: Store, settings: Settings) -> None:
    Supervisor(store, Queue(""), Job(claim(store), settings, "a test", "cpu"), lambda: False).run()


def killed(store: Store, settings: Settings, spec: Experiment) -> str:
    """A run whose child was killed after it had done some levels."""
    run_id = store.create_run(spec, name="x").id
    supervising = threading.Thread(target=attempt, args=(store, settings))
    supervising.start()
    until(lambda: len([ref for ref in store.artifacts(run_id) if ref.name == "ticket"]) > 3, 60)
    servers = [child for child in psutil.Process().children() if "forkserver" in " ".join(child.cmdline())]
    (child,) = [child for server in servers for child in server.children()]
    child.kill()
    supervising.join(20)
    assert store.run(run_id).state == "queued"
    return run_id


def damage(settings: Settings, hashes: set[str]) -> None:
    assert hashes
    for sha256 in hashes:
        path = settings.data_dir / "artifacts" / sha256[:2] / sha256
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)


def needs(store: Store, sha256: str, shard: str) -> set[str]:
    ref = [CheckpointRef(sha256, 0)]
    return set(
        checkpoints.newest(store.artifacts_store, ref, 0, shard, store.run(shard.split("/")[0]).spec).artifacts.values()
    )


def failures(store: Store, run_id: str) -> list[dict[str, object]]:
    return [event.event for event in store.events(run_id) if event.event["kind"] == "failed"]


# Without controls each checkpoint is the end of a level, and the next one needs its ticket.
SPEC = small_spec(steps=60, levels=8, branches=[])


def test_a_checkpoint_that_rests_on_damaged_bytes_gives_way_to_the_one_before(store: Store, settings: Settings) -> None:
    run_id = killed(store, settings, SPEC)
    found = claim(store)
    store.release(found.shard_id, found.token)
    new, old = (needs(store, ref.sha256, f"{run_id}/0") for ref in found.checkpoints)
    damage(settings, new - old)
    attempt(store, settings)
    assert (store.run(run_id).state, len(failures(store, run_id))) == ("finished", 1)
    assert dense(store, run_id)
    undisturbed = store.create_run(SPEC, name="undisturbed").id
    attempt(store, settings)
    assert results(store, run_id) == results(store, undisturbed)


def test_a_run_whose_checkpoints_all_rest_on_damaged_bytes_says_so_and_is_not_tried_again(
    store: Store, settings: Settings
) -> None:
    run_id = killed(store, settings, SPEC)
    damage(settings, {ref.id for ref in store.artifacts(run_id)})
    attempt(store, settings)
    run = store.run(run_id)
    _, failed = failures(store, run_id)
    assert (run.state, failed["final"]) == ("failed", True)
    assert "an artifact that it needs is damaged" in str(run.error)
    assert "Clone the run to start over" in str(run.error)


def test_a_damaged_ticket_of_another_run_is_named_and_not_tried_again(store: Store, settings: Settings) -> None:
    other = store.create_run(small_spec(steps=20, levels=1), name="other").id
    attempt(store, settings)
    damage(settings, {ref.id for ref in store.artifacts(other) if ref.name == "mask"})
    spec = {"kind": "hardware", "layers": (), "ticket": f"{other}:0:1", "replicates": 1}
    run_id = store.create_run(HardwareSpec.model_validate(spec), name="x").id
    attempt(store, settings)
    (failed,) = failures(store, run_id)
    assert (store.run(run_id).state, failed["final"]) == ("failed", True)
    assert f"mask of ticket {other}:0:0 is damaged" in str(store.run(run_id).error)
