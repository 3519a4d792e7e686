"""Checks of what runs: broker, web, workers, their clocks and versions, and shards that make no progress."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import httpx

from app.address import address
from app.doctor.finding import Finding, fault, ok, warning
from app.queue import Queue
from app.records import WorkerInfo
from app.settings import Settings
from app.store import Store

SKEW_S = 5.0
# A worker's clock was read up to some heartbeats before its last contact.
WORKER_SKEW_S = 30.0
STUCK_S = 60.0
_NTP = "Let it set its clock by NTP (timedatectl set-ntp true)"


def broker(settings: Settings) -> Finding:
    """Check that the broker answers."""
    if not settings.broker_url:
        return ok("broker", "TICKETSCOPE_BROKER_URL is not set: `ticketscope up` starts one by itself")
    queue = Queue(settings.broker_url)
    try:
        if queue.alive():
            return ok("broker", "answers")
    except ValueError as error:
        return fault("broker", f"TICKETSCOPE_BROKER_URL: {error}", "Correct it")
    finally:
        queue.close()
    return fault(
        "broker", "does not answer: runs are stored, and start some seconds later than they could",
        "Start Valkey or Redis, or correct TICKETSCOPE_BROKER_URL",
    )  # fmt: skip


def workers(store: Store) -> Iterator[Finding]:
    """Check that there is a worker for all that waits, that workers accept work, and that they are of one version."""
    known = store.workers()
    alive = [worker for worker in known if worker.alive]
    waiting = {queue: n for queue, n in store.queue_length().items() if n}
    served = {worker.queue for worker in alive} | ({"any"} if alive else set())
    unserved = {queue: n for queue, n in waiting.items() if queue not in served}
    if unserved:
        counted = ", ".join(f"{n:,} for {queue}" for queue, n in unserved.items())
        yield fault(
            "workers", f"replicates wait without a worker for them: {counted}", "Start one: `ticketscope worker`"
        )
    elif alive:
        yield ok("workers", f"{len(alive)} alive, with {sum(worker.slots for worker in alive)} slots")
    else:
        yield warning("workers", f"none is alive{_last(known)}", "Start one: `ticketscope worker`")
    for worker in alive:
        if worker.needs_help:
            yield fault("workers", f"{worker.id} accepts no work: {worker.trouble}", f"Look at {worker.host}")
    for worker in known:
        if not worker.alive and worker.busy:
            yield warning(
                "workers", f"{worker.id} was silent for {_ago(worker)} with runs in its hands",
                f"Look at {worker.host}: it ended without a word, or does not reach the database",
            )  # fmt: skip
    yield _versions(alive)


def clocks(settings: Settings, store: Store) -> Iterator[Finding]:
    """Check clocks of this machine, the web and workers against the one of the database, which decides."""
    now = store.clock()
    skews = {"this machine": (time.time() - now, SKEW_S)}
    if (web := _web(settings)) is not None:
        skews["the web"] = (parsedate_to_datetime(web.headers["date"]).timestamp() - store.clock(), SKEW_S)
    for worker in store.workers():
        if worker.alive and worker.load is not None and worker.load.clock_s is not None:
            skews[worker.id] = (worker.load.clock_s - worker.seen_at.timestamp(), WORKER_SKEW_S)
    wrong = {name: skew for name, (skew, most) in skews.items() if abs(skew) > most}
    for name, skew in wrong.items():
        which = "ahead of" if skew > 0 else "behind"
        yield fault("clock", f"{name} is {abs(skew):,.0f} s {which} the database", _NTP)
    if not wrong:
        yield ok("clock", f"{', '.join(skews)}: within some seconds of the database")


def web(settings: Settings) -> Finding:
    """Check that the web answers and can do its work."""
    where = address(settings) + settings.root_path
    answer = _web(settings)
    if answer is None:
        return warning("web", f"none answers at {where}", "Start it: `ticketscope up`, or `ticketscope web`")
    try:
        parts = answer.json()["parts"]
        faults = [f"{name}: {detail}" for name, detail in parts.items() if detail != "ok"]
    except (ValueError, KeyError, TypeError, AttributeError):
        return fault("web", f"what answers at {where} is not Ticketscope", "Correct TICKETSCOPE_PORT")
    if faults:
        return fault("web", f"{where}: {'; '.join(faults)}", "Compare its settings with those of this command")
    return ok("web", f"answers at {where}")


def stuck(store: Store) -> Iterator[Finding]:
    """Check that no shard is held by a worker that has been silent for long."""
    shards = store.stuck(STUCK_S)
    for shard in shards[:10]:
        yield fault(
            "shards", f"replicate {shard.replicate} of run {shard.run} is held by {shard.worker}, silent for "
            f"{shard.silent_s:,.0f} s",
            "Start a web or a worker: each of them takes such shards back within seconds",
        )  # fmt: skip
    if len(shards) > 10:
        yield fault("shards", f"and {len(shards) - 10} more", "The same")
    if not shards:
        yield ok("shards", "none is held by a worker that is gone")


def _versions(alive: list[WorkerInfo]) -> Finding:
    own = version("ticketscope")
    others = {worker.id: said for worker in alive if (said := worker.versions.get("ticketscope", own)) != own}
    if others:
        which = ", ".join(f"{worker} has {said}" for worker, said in others.items())
        return fault("versions", f"this is Ticketscope {own}, and {which}", "Update them to the same version")
    differing = [
        name
        for name in sorted({name for worker in alive for name in worker.versions})
        if len({worker.versions.get(name) for worker in alive}) > 1
    ]
    if differing:
        return warning(
            "versions", f"workers differ in {', '.join(differing)}: a run that one has begun waits for one like it",
            "Install the same versions everywhere",
        )  # fmt: skip
    return ok("versions", f"Ticketscope {own}, and all workers are alike")


def _web(settings: Settings) -> httpx.Response | None:
    try:
        return httpx.get(f"{address(settings)}{settings.root_path}/readyz", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return None


def _last(known: list[WorkerInfo]) -> str:
    return f"; the last was seen {_ago(max(known, key=lambda worker: worker.seen_at))} ago" if known else ""


def _ago(worker: WorkerInfo) -> str:
    seconds = (datetime.now(UTC) - worker.seen_at).total_seconds()
    return f"{seconds / 60:,.0f} min" if seconds >= 120 else f"{seconds:,.0f} s"
