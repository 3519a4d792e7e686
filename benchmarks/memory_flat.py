"""Memory over 200 consecutive shards: that of worker, fork server and web after them over that after the first 20.

Runs of 20 replicates each, a dense network and one ticket of one step, one slot. All the while a page of the board is
open, and after each run its page is read, with its figures. File descriptors and threads are counted too: they may
not grow by more than what comes and goes.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

import httpx
import psutil

from app.kinds.presets import PRESETS
from benchmarks.server import Server, server

NAME = "memory_flat"
BOUND = 1.03
"""Resident memory after 200 shards over that after 20, the worst of the three processes."""

RUNS, SHARDS = 10, 20
# A connection or a thread of a pool more or less; a leak of one for each shard would be 180.
COMES_AND_GOES = 5


class Held(NamedTuple):
    """What a process holds: resident bytes, file descriptors and threads."""

    rss: int
    fds: int
    threads: int


def measure() -> float:
    """Return the worst ratio. Raises AssertionError when file descriptors or threads grow."""
    early, late = (held for n, held in enumerate(shards(RUNS), 1) if n in (1, RUNS))
    for name in early:
        assert late[name].fds - early[name].fds <= COMES_AND_GOES, f"{name}: file descriptors {early} {late}"
        assert late[name].threads - early[name].threads <= COMES_AND_GOES, f"{name}: threads {early} {late}"
    return max(late[name].rss / early[name].rss for name in early)


def shards(runs: int) -> Iterator[dict[str, Held]]:
    """Yield what each process holds after every run."""
    with (
        server(workers=1) as running,
        _open_board(running.url),
        httpx.Client(base_url=running.url, trust_env=False) as client,
    ):
        for _ in range(runs):
            _run(running, client)
            time.sleep(1)  # what ends with the last shard has ended
            yield {name: _held(process) for name, process in _processes().items()}


def _run(running: Server, client: httpx.Client) -> None:
    spec = PRESETS["digits-tickets"].spec.model_copy(
        update={"steps": 1, "eval_every": 1, "levels": 1, "replicates": SHARDS, "branches": ()}
    )
    answer = client.post("/api/v1/runs", json={"spec": spec.model_dump(mode="json")})
    run_id = answer.raise_for_status().json()["id"]
    store = running.store()
    while store.run(run_id).state != "finished":
        time.sleep(0.05)
    store.close()
    for path in ("/", f"/runs/{run_id}", f"/api/v1/runs/{run_id}/figures/accuracy_vs_density"):
        client.get(path).raise_for_status()


@contextmanager
def _open_board(url: str) -> Iterator[None]:
    """Read all hints, as an open board does."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as board:
        board.sendall(f"GET /live HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        threading.Thread(target=_read, args=(board,), daemon=True).start()
        yield


def _read(board: socket.socket) -> None:
    with suppress(OSError):
        while board.recv(65_536):
            pass


def _processes() -> dict[str, psutil.Process]:
    """Return worker, fork server and web among what this process has started."""
    commands = {process: " ".join(process.cmdline()) for process in psutil.Process().children(recursive=True)}
    signs = {"worker": "celery", "fork server": "forkserver", "web": "app.cli web"}
    processes = {}
    for name, sign in signs.items():
        # A child of the fork server has its command line.
        processes[name] = min((p for p, command in commands.items() if sign in command), key=lambda p: p.create_time())
    return processes


def _held(process: psutil.Process) -> Held:
    return Held(process.memory_info().rss, process.num_fds(), process.num_threads())


if __name__ == "__main__":
    for n, held in enumerate(shards(RUNS), 1):
        print(
            n * SHARDS, {name: (usage.rss / 1e6, usage.fds, usage.threads) for name, usage in held.items()}, flush=True
        )
