"""Keeps a handful of processes running: starts them, restarts what dies, and leaves none behind."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

# A worker needs about a second to hand back its shards; what still runs after this is killed, well within 10 s.
GRACE_S = 6.0
_TICK_S = 0.1
_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0
# A process that lived this long has recovered: the next back-off starts from the beginning.
_SETTLED_S = 60.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Service:
    """A process to keep running; `env` goes on top of the environment, `last` is stopped after all others."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    fds: tuple[int, ...] = ()
    last: bool = False


@dataclass
class _Running:
    service: Service
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    backoff_s: float = _FIRST_BACKOFF_S


def _end_with(parent: int) -> None:
    # Runs in the child, before it becomes the service: were this process killed, Linux would end the service too.
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # killed before Linux knew
            os._exit(1)


class Services:
    """The processes of one machine, each in a session of its own, so that only this process hears Ctrl-C."""

    def __init__(self, services: Sequence[Service], say: Callable[[str], None]) -> None:
        self._all = [_Running(service) for service in services]
        self._say = say
        self._stop = False

    def stop(self, *_: object) -> None:
        """Make `run` return after ending everything; a signal handler may call it."""
        self._stop = True

    def run(self, tick: Callable[[], None] = lambda: None) -> None:
        """Start all, restart what dies, call `tick` about ten times a second; ends all on SIGINT, SIGTERM or `stop`."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self.stop)
        try:
            while not self._stop:
                for running in self._all:
                    self._keep(running)
                tick()
                time.sleep(_TICK_S)
        finally:
            self._end([running for running in self._all if not running.service.last], GRACE_S)
            self._end([running for running in self._all if running.service.last], 1.0)

    def _keep(self, running: _Running) -> None:
        now = time.monotonic()
        if running.process is None:
            if now >= running.due_at:
                self._start(running)
        elif (code := running.process.poll()) is not None:
            _kill_group(running.process)
            if now - running.started_at > _SETTLED_S:
                running.backoff_s = _FIRST_BACKOFF_S
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
            self._say(f"{running.service.name} {how}; starting it again in {running.backoff_s:g} s")
            running.process = None
            running.due_at = now + running.backoff_s
            running.backoff_s = min(2 * running.backoff_s, _LONGEST_BACKOFF_S)

    def _start(self, running: _Running) -> None:
        service = running.service
        running.process = subprocess.Popen(  # noqa: S603 (services are our own command lines)
            service.argv,
            env={**os.environ, **service.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # Celery chats there; what matters comes on the error stream
            pass_fds=service.fds,
            start_new_session=True,
            preexec_fn=partial(_end_with, os.getpid()),
        )
        running.started_at = time.monotonic()

    def _end(self, all_running: list[_Running], grace_s: float) -> None:
        processes = [running.process for running in all_running if running.process is not None]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + grace_s
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            _kill_group(process)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    # Whatever the service left behind in its session; its own group id stays taken as long as one of them lives.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
