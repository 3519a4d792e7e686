"""Metrics that are read when they are asked for: of the store, alike in every web, and of this process alone."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import get_args

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from app.records import State, WorkerInfo, WorkerLoad
from app.store import Store
from app.store.monitoring import BOUNDS_S, Monitored

# What reads every run is read this often at most, however many ask.
EVERY_S = 30.0


class Stored(Collector):
    """What the store knows; left out while the database is away."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._monitored: Monitored | None = None
        self._read_at = float("-inf")

    def describe(self) -> list[Metric]:
        """Return nothing, so that nothing is read at registration."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield what there is now."""
        try:
            states, queued, workers = self._store.count_runs(), self._store.queue_length(), self._store.workers()
            monitored = self._now()
        except SQLAlchemyError:
            return
        yield _gauge(
            "ticketscope_runs", "Runs outside the bin, by state.", "state",
            {state: states.get(state, 0) for state in get_args(State)},
        )  # fmt: skip
        yield _gauge("ticketscope_queued_replicates", "Replicates that wait, by the worker they need.", "queue", queued)
        yield _gauge(
            "ticketscope_oldest_queued_seconds", "How long the first of them has waited; as of the last half minute.",
            "queue", monitored.oldest_s,
        )  # fmt: skip
        yield from _workers([worker for worker in workers if worker.alive])
        events = CounterMetricFamily(
            "ticketscope_events", "Events that all runs have logged; as of the last half minute; less after a purge."
        )
        events.add_metric((), monitored.events)
        yield events
        durations = HistogramMetricFamily(
            "ticketscope_replicate_slot_seconds",
            "How long finished replicates held a slot, half a minute ago at most.",
        )
        bounds = [*(str(bound) for bound in BOUNDS_S), "+Inf"]
        durations.add_metric((), list(zip(bounds, map(float, monitored.durations), strict=True)), monitored.slot_s)
        yield durations

    def _now(self) -> Monitored:
        with self._lock:
            if self._monitored is None or time.monotonic() - self._read_at > EVERY_S:
                self._monitored, self._read_at = self._store.monitored(), time.monotonic()
            return self._monitored


class Process(Collector):
    """How this process reaches the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> list[Metric]:
        """Return nothing, so that nothing is read at registration."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield what this process sees now."""
        began, up = time.perf_counter(), 1
        try:
            self._store.clock()
        except SQLAlchemyError:
            up = 0
        yield _one("ticketscope_store_up", "Whether this process reaches the database.", up)
        yield _one(
            "ticketscope_store_seconds", "How long this process has just waited for a small read of the database.",
            time.perf_counter() - began,
        )  # fmt: skip
        errors = CounterMetricFamily(
            "ticketscope_artifact_errors", "Artifacts that this process could not read or write, or found damaged."
        )
        errors.add_metric((), self._store.artifacts_store.errors)
        yield errors


def _workers(alive: list[WorkerInfo]) -> Iterator[Metric]:
    yield _one("ticketscope_workers_alive", "Worker processes with contact in the last 15 s.", len(alive))
    slots, busy = Counter({"cpu": 0, "gpu": 0}), Counter({"cpu": 0, "gpu": 0})
    for worker in alive:
        slots[worker.queue] += worker.slots
        busy[worker.queue] += len(worker.busy)
    yield _gauge("ticketscope_slots", "Trainings that living workers can do at once.", "queue", slots)
    yield _gauge("ticketscope_running_replicates", "Replicates that workers train, by the queue.", "queue", busy)
    troubled = sum(worker.needs_help for worker in alive)
    yield _one("ticketscope_workers_troubled", "Living workers that accept no work.", troubled)
    loads = [(worker, worker.load.model_dump()) for worker in alive if worker.load is not None]
    for field, about in WorkerLoad.model_fields.items():
        gauge = GaugeMetricFamily(
            f"ticketscope_worker_{field}", about.description or "", labels=("worker", "queue", "host")
        )
        for worker, load in loads:
            if load[field] is not None:
                gauge.add_metric((worker.id, worker.queue, worker.host), load[field])
        yield gauge


def _gauge(name: str, about: str, label: str, values: Mapping[str, float]) -> Metric:
    gauge = GaugeMetricFamily(name, about, labels=(label,))
    for key, value in values.items():
        gauge.add_metric((key,), value)
    return gauge


def _one(name: str, about: str, value: float) -> Metric:
    gauge = GaugeMetricFamily(name, about)
    gauge.add_metric((), value)
    return gauge
