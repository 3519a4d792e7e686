"""`ticketscope up`: broker, workers and web of one machine, as command lines for `Services` to keep running."""

import importlib.util
import os
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress

from sqlalchemy.exc import ArgumentError

from app import broker
from app.address import address, check_guarded, listen, reach
from app.gpus import gpus, torch_sees_gpus
from app.kinds.presets import PRESETS
from app.queue import Queue, queues_of
from app.records import Queue as QueueName
from app.services import Service, Services
from app.settings import Settings
from app.store import Store, Unusable
from app.store.database import PATIENCE_S

DEMO = "digits-tickets"
Say = Callable[[str], None]


def up(settings: Settings, say: Say) -> None:
    """Run everything until SIGINT or SIGTERM. Raises CannotListen or StoreError before anything is started."""
    listener = listen(settings)
    store = opened(settings)
    store.migrate()
    check_guarded(settings, accounts=store.accounts_on())
    services, env = [], {"TICKETSCOPE_BROKER_URL": settings.broker_url}
    if not settings.broker_url:
        port = broker.free_port()
        env["TICKETSCOPE_BROKER_URL"] = broker.url(port, settings.data_dir)
        # Last to go: workers and web hand things over when they end.
        services.append(Service("broker", broker.command(port, settings.data_dir), last=True))
    web = [sys.executable, "-m", "app.cli", "web", "--fd", str(listener.fileno())]
    # The web's linear algebra is small: more threads of it would only get in the way of the trainings.
    # And glibc keeps what threads free apart: two such heaps take an eighth less memory than one for each thread.
    web_env = {**env, "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    services.append(Service("web", web, web_env, fds=(listener.fileno(),)))
    services += worker_services(settings, env, say)
    demo = _submit_demo(store) if settings.demo else None
    store.close()
    first_answer = FirstAnswer(settings)

    def tick() -> None:
        if first_answer.came():
            if demo is not None:
                Queue(env["TICKETSCOPE_BROKER_URL"]).announce(queues_of(PRESETS[DEMO].spec))
                say(f"the demo run is on its way: [bold]{address(settings)}/runs/{demo}[/bold]")
            say(f"Ticketscope is ready at [bold]{address(settings)}[/bold] (Ctrl-C stops it)")

    Services(services, say).run(tick)


def opened(settings: Settings, patience_s: float = PATIENCE_S) -> Store:
    """Return the store that the settings name; create the data directory. Raises Unusable for what cannot be."""
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(f"TICKETSCOPE_DATA_DIR: {settings.data_dir} cannot be created: {error.strerror}") from error
    try:
        return Store(settings.resolved_database_url, settings.resolved_artifacts_url, patience_s=patience_s)
    except (ValueError, ImportError, ArgumentError) as error:
        raise Unusable(f"TICKETSCOPE_DATABASE_URL or TICKETSCOPE_ARTIFACTS_URL: {error}") from error


def worker_services(
    settings: Settings, env: Mapping[str, str], say: Say, only: QueueName | None = None
) -> list[Service]:
    """Return the workers of this machine: one for its cores and one for each GPU; `only` those of one queue."""
    if importlib.util.find_spec("torch") is None:
        say("torch is not installed, so nothing will be trained here: pip install 'ticketscope[worker]'")
        return []
    services = []
    slots = cores() if settings.workers is None else settings.workers
    if only != "gpu" and slots:
        services.append(Service("cpu worker", worker_command("cpu", slots), env))
    devices = gpus() if only != "cpu" and slots else []
    if devices and not torch_sees_gpus():
        say("this torch cannot use the GPUs of this machine: install a CUDA build of it to train on them")
        devices = []
    for gpu in devices:
        only_this = {**env, "CUDA_VISIBLE_DEVICES": gpu.uuid}
        services.append(Service(f"gpu {gpu.number} worker", worker_command("gpu", 1), only_this))
    return services


def worker_command(queue: QueueName, slots: int) -> list[str]:
    """Return the command line of one Celery worker."""
    return [
        *(sys.executable, "-m", "celery", "-A", "workers.celery_app", "-q", "worker"),
        *("-P", "threads", "-c", str(slots), "-Q", queue, "-l", "WARNING"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class FirstAnswer:
    """Sends the web one request and waits without blocking: the socket takes the request before it is served."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._socket: socket.socket | None = None
        self._over = False

    def came(self) -> bool:
        """Return whether the answer has come since the last call; True once."""
        if self._over:
            return False
        with suppress(OSError):
            if self._socket is None:
                self._socket = socket.create_connection((reach(self._settings.host).strip("[]"), self._settings.port))
                self._socket.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
                self._socket.setblocking(False)
            try:
                self._over = bool(self._socket.recv(64))
            except BlockingIOError:
                return False
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        return self._over


def _submit_demo(store: Store) -> str | None:
    """Submit the demo run if the store is empty; return its id."""
    if store.runs(limit=1).items or store.runs(limit=1, binned=True).items:
        return None
    preset = PRESETS[DEMO]
    return store.create_run(preset.spec, name=preset.title, tags=["demo"]).id
