"""One worker process: its slots, its presence in the store, and how it leaves."""

import logging
import os
import socket
import threading
import time
from collections.abc import Set
from contextlib import suppress
from importlib.metadata import version

import psutil
from sqlalchemy.exc import SQLAlchemyError

from app import logs
from app.gpus import gpus
from app.queue import Queue
from app.reaper import Reaper
from app.records import Queue as QueueName
from app.records import WorkerLoad
from app.settings import Settings
from app.store import Store
from workers import calibration, disk, forkserver, machine
from workers.job import PARENT_PATIENCE_S, TOGETHER, Job, width
from workers.load import Meter
from workers.logs import ids_of
from workers.supervisor import Supervisor

log = logging.getLogger(__name__)

SEEN_EVERY_S = 2.0
# Longer than any child may take to stop: whatever still hangs then (a broker's socket, a thread) is left behind.
LEAVE_S = 5.0
REVISION_TIMEOUT_S = 60.0


class Worker:
    """Works for one queue with `slots` shards at a time; every slot is a thread that supervises a child."""

    def __init__(self, settings: Settings, name: QueueName, slots: int) -> None:
        self.id = f"{socket.gethostname()}:{os.getpid()}:{name}"
        self.name: QueueName = name
        self.slots = slots
        # The one GPU that CUDA_VISIBLE_DEVICES leaves this process.
        self._device = "cuda:0" if name == "gpu" else "cpu"
        self._settings = settings
        self._folders = disk.folders(settings)
        self._together = settings.together or TOGETHER[name]
        self._store = Store(
            settings.resolved_database_url, settings.resolved_artifacts_url, patience_s=PARENT_PATIENCE_S
        )
        self._queue = Queue(settings.broker_url)
        self._reaper = Reaper(self._store, self._queue, self._on_work)
        self._free = threading.BoundedSemaphore(slots)
        self._busy: list[str] = []
        self._load: WorkerLoad | None = None
        self._trouble = ""
        self._unserved = 0
        self._stopping = False

    def start(self) -> None:
        """Warm up, wait for the schema, and register; raises TimeoutError when the database is not migrated in time."""
        forkserver.warm()
        self._store.wait_for_revision(REVISION_TIMEOUT_S)
        threading.Thread(target=self._measure, name="load", daemon=True).start()
        threading.Thread(target=self._be_seen, name="presence", daemon=True).start()
        self._reaper.start()
        calibration.start(self._settings, self._store, self._device, lambda: not self._busy and not self._stopping)

    def stop(self) -> None:
        """Have every child hand back its shard; returns at once, a signal handler may call it."""
        self._stopping = True
        threading.Thread(target=self._leave_at_last, name="leave", daemon=True).start()

    def serve(self) -> None:
        """Do the best queued shard and those to be trained with it, then the next, until none is left.

        Returns at once when no slot is free.
        """
        if not self._free.acquire(blocking=False):
            return
        try:
            while not self._stopping and self._serve_one():
                pass
        except SQLAlchemyError as error:
            log.warning("the store is not reachable, its work waits: %s", error)
        finally:
            self._free.release()

    def _serve_one(self) -> bool:
        if disk.trouble(self._folders):
            return False  # the board shows why; reapers announce what waits until there is space again
        claim = self._store.claim(self.name, self.id)
        if claim is None:
            return False
        self._busy.append(claim.run_id)
        try:
            wide = width(claim, self._together)
            siblings = self._store.claim_siblings(claim, wide, self.id) if wide > 1 else ()
            log.info("claimed by a worker", extra=logs.about(**ids_of(claim, self.id), together=1 + len(siblings)))
            self._pass_on()
            job = Job(claim, self._settings, self.id, self._device, wide, tuple(siblings), self._together // wide)
            with logs.bound(**ids_of(claim, self.id)):
                Supervisor(self._store, self._queue, job, lambda: self._stopping).run()
                log.info("the training process has ended")
        finally:
            self._busy.remove(claim.run_id)
        return True

    def _pass_on(self) -> None:
        """Announce that there are more shards after one was taken; so one message wakes as many as are needed."""
        try:
            waiting = self._store.queue_length()
            if waiting[self.name] or waiting["any"]:
                self._queue.announce([self.name], wait_s=0)
        except Exception:
            # The shard is claimed: it must not lie idle for want of a message, which reapers repeat.
            log.exception("more work could not be announced")

    def _on_work(self, waiting: Set[str]) -> None:
        """Serve without a message when two looks in a row find work, a free slot and a broker that is up.

        A Celery consumer may fall silent after a reconnect (celery#8030, #10205).
        """
        missed = self.name in waiting and len(self._busy) < self.slots and self._queue.alive()
        self._unserved = self._unserved + 1 if missed else 0
        if self._unserved >= 2:
            threading.Thread(target=self.serve, name="self-serve").start()

    def _measure(self) -> None:
        # Apart from the presence: a driver may take seconds to answer, and a worker must not look dead meanwhile.
        devices = gpus() if self.name == "gpu" else []
        meter = Meter(self._folders, devices[0].uuid if devices else None)
        while not self._stopping:
            self._trouble = disk.trouble(self._folders)
            try:
                self._load = meter.read()
            except (psutil.Error, OSError) as error:
                log.warning("the load could not be measured: %s", error)
            time.sleep(SEEN_EVERY_S)

    def _be_seen(self) -> None:
        shown: tuple[str, ...] = ()
        known, shown_at = False, 0.0
        while not self._stopping:
            busy, now = tuple(self._busy), time.monotonic()
            try:
                if not known:
                    self._register()
                    known = True
                elif busy != shown or now - shown_at >= SEEN_EVERY_S:
                    known = self._store.worker_seen(self.id, busy, self._load, self._trouble)
                    shown, shown_at = busy, now
            except SQLAlchemyError as error:
                log.warning("the store is not reachable: %s", error)
            time.sleep(0.2)

    def _register(self) -> None:
        self._store.register_worker(
            self.id,
            host=socket.gethostname(),
            pid=os.getpid(),
            queue=self.name,
            device=machine.device_name(self.name),
            slots=self.slots,
            versions={"ticketscope": version("ticketscope"), **machine.versions()},
        )

    def leave(self) -> None:
        """Leave the store, and leave no process: a fork server that still imports torch would notice late."""
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        try:
            self._store.forget_worker(self.id)
        except SQLAlchemyError as error:
            log.warning("the store is not reachable: %s", error)

    def _leave_at_last(self) -> None:
        time.sleep(LEAVE_S)
        self.leave()
        os._exit(0)
