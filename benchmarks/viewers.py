"""From a measurement to each of 1,000 viewers of 50 running runs, all on one web process.

This process plays the workers: it claims a shard of each run and appends a row to each of them once a second. Half of
the viewers are pages, which get hints of what is new. Half are scripts, which read the log itself, where not an event
may be missing. A process of its own holds their connections. All clocks are this machine's one.
`python -m benchmarks.viewers` prints more.
"""

import time
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np
import psutil

from app.contract.events import Measured, Progress, Started
from app.kinds.lottery.spec import LotteryKey
from app.kinds.presets import PRESETS
from app.queue import Queue
from app.store import Store
from app.store.claims import Claim
from benchmarks.server import server
from benchmarks.viewers_client import Seen, watch

NAME = "viewers"
BOUND = 1.0

RUNS, VIEWERS, SECONDS = 50, 1_000, 30
HEARTBEAT_S = 2


class Watched(NamedTuple):
    """Seconds from a measurement to pages and to scripts, and what the web process held and used."""

    pages: list[float]
    scripts: list[float]
    peak_bytes: int
    cores: float
    rows: int


def measure() -> float:
    """Return seconds from a measurement to a viewer, p99, of pages or of scripts, whichever is more."""
    result = watched()
    return max(p99(result.pages), p99(result.scripts))


@cache
def watched() -> Watched:
    """Measure all of it, once. Raises RuntimeError where a viewer was dropped or an event is missing."""
    with server(workers=0) as running, closing(running.store()) as store, closing(running.queue()) as queue:
        claims = [_claim(store, number) for number in range(RUNS)]
        kinds = ("/live?runs={}", "/api/v1/runs/{}/events")
        paths = [kinds[n // RUNS % 2].format(claims[n % RUNS].run_id) for n in range(VIEWERS)]
        ours, theirs = get_context("spawn").Pipe()
        port = int(running.url.rpartition(":")[2])
        client = get_context("spawn").Process(target=watch, args=(port, paths, theirs), daemon=True)
        client.start()
        while not ours.poll(1):
            for claim in claims:
                store.heartbeat(claim.shard_id, claim.token, None)
        if (there := ours.recv()) != VIEWERS:
            raise RuntimeError(f"{VIEWERS - there} of {VIEWERS} viewers were refused")
        web = _web()
        began, used = time.time(), sum(web.cpu_times()[:2])
        sent = _feed(store, queue, claims, web)
        cores = (sum(web.cpu_times()[:2]) - used) / (time.time() - began)
        last = [rows[-1][0] for rows in sent.rows]
        time.sleep(5)  # what has not come by then is lost
        ours.send("enough")
        seen: list[Seen] = ours.recv()
        client.join(10)
    _check(seen, last)
    pages = [wait for n in range(VIEWERS) if not n // RUNS % 2 for wait in waits(seen[n], sent.rows[n % RUNS])]
    scripts = [wait for n in range(VIEWERS) if n // RUNS % 2 for wait in waits(seen[n], sent.rows[n % RUNS])]
    return Watched(pages, scripts, sent.peak_bytes, cores, sum(map(len, sent.rows)))


class Sent(NamedTuple):
    """The rows of each run: seq and when it was measured (time.time); and the most bytes of the web meanwhile."""

    rows: list[list[tuple[int, float]]]
    peak_bytes: int


def _claim(store: Store, number: int) -> Claim:
    spec = PRESETS["digits-tickets"].spec.model_copy(update={"replicates": 1, "steps": 100_000})
    store.create_run(spec, name=f"run {number}")
    claim = store.claim("cpu", "benchmark")
    assert claim is not None
    started = Started(replicate=0, attempt=1, worker="benchmark", plan={}, provenance={})
    store.start(claim.shard_id, claim.token, started)
    return claim


def _feed(store: Store, queue: Queue, claims: Sequence[Claim], web: psutil.Process) -> Sent:
    """Append a row to each run once a second, evenly spread, with a heartbeat of each every two seconds."""
    names = ("train_loss", "validation_loss", "validation_accuracy", "test_loss", "test_accuracy")
    rows: list[list[tuple[int, float]]] = [[] for _ in claims]
    peak, began = 0, time.monotonic()
    for number in range(SECONDS * len(claims)):
        time.sleep(max(0.0, began + number / len(claims) - time.monotonic()))
        step, place = divmod(number, len(claims))
        claim = claims[place]
        columns = {"step": [float(step)], **{name: [0.5] for name in names}}
        row = Measured(series="evaluation", key=LotteryKey(), columns=columns)
        at = time.time()
        seq = store.append(claim.shard_id, claim.token, [row], step)
        queue.wake(claim.run_id, seq)
        rows[place].append((seq, at))
        if step % HEARTBEAT_S == 0:
            store.heartbeat(claim.shard_id, claim.token, Progress(done=step, total=100_000))
        peak = max(peak, web.memory_info().rss) if place == 0 else peak
    return Sent(rows, peak)


def _web() -> psutil.Process:
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if "app.cli web" in " ".join(child.cmdline()))


def _check(seen: Sequence[Seen], last: Sequence[int]) -> None:
    """Raise RuntimeError where a stream has ended, has not come to the last row, or has left out an event."""
    for number, viewer in enumerate(seen):
        of_log = number // RUNS % 2
        if not viewer.open:
            raise RuntimeError(f"viewer {number} was dropped")
        if viewer.seqs[-1] < last[number % RUNS]:
            raise RuntimeError(f"viewer {number} has seen {viewer.seqs[-1]} of {last[number % RUNS]} events")
        if of_log and viewer.seqs.tolist() != list(range(1, viewer.seqs[-1] + 1)):
            raise RuntimeError(f"viewer {number} has not seen every event in order")


def waits(seen: Seen, rows: Sequence[tuple[int, float]]) -> list[float]:
    """Return seconds from each row to when its viewer read of it or of a later one."""
    highest = np.maximum.accumulate(np.array(seen.seqs))
    times = np.array(seen.times)
    return [float(times[np.searchsorted(highest, seq)] - at) for seq, at in rows]


def p99(values: Sequence[float]) -> float:
    """Return what 99 % of these are at most."""
    return float(np.percentile(values, 99))


if __name__ == "__main__":
    result = watched()
    for name, values in (("pages", result.pages), ("scripts", result.scripts)):
        print(f"{name}: p50 {np.median(values):.3f} s, p99 {p99(values):.3f} s, most {max(values):.3f} s")
    print(f"{result.rows} rows; web: at most {result.peak_bytes / 1e6:.0f} MB, {result.cores:.2f} cores")
