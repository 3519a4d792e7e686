"""What machines and workers carry, as gauges with words."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.records import WorkerInfo, WorkerLoad
from app.web.core.words import size


@dataclass(frozen=True)
class Gauge:
    """A share in [0, 1] and its words, such as `5.1 of 16 GB`."""

    name: str
    share: float
    text: str


@dataclass(frozen=True)
class Machine:
    """A machine with workers that live: what all that runs on it uses together; no gauges before it was measured."""

    host: str
    workers: str
    gauges: tuple[Gauge, ...]
    room: str


def machines(workers: Sequence[WorkerInfo]) -> tuple[Machine, ...]:
    """Return the machines of the living workers, each by those on it that measured last."""
    hosts: dict[str, list[WorkerInfo]] = {}
    for worker in workers:
        if worker.alive:
            hosts.setdefault(worker.host, []).append(worker)
    return tuple(_machine(host, of_host) for host, of_host in hosts.items())


def gauges(load: WorkerLoad) -> tuple[Gauge, ...]:
    """Return what one worker uses by itself, out of what its machine has; the GPU is its own."""
    own = [
        Gauge(
            "CPU", min(load.cpu_cores / load.machine_cores, 1.0), f"{load.cpu_cores:.1f} of {load.machine_cores} cores"
        ),
        _bytes("Memory", load.memory_bytes, load.machine_memory_total_bytes),
    ]
    if load.gpu_share is not None:
        own.append(_percent("GPU", load.gpu_share))
    if load.gpu_memory_bytes is not None and load.gpu_memory_total_bytes is not None:
        own.append(_bytes("GPU memory", load.gpu_memory_bytes, load.gpu_memory_total_bytes))
    return tuple(own)


def troubles(workers: Sequence[WorkerInfo]) -> tuple[str, ...]:
    """Return what keeps living workers from taking work, once for each machine."""
    texts = dict.fromkeys((worker.host, worker.trouble) for worker in workers if worker.alive and worker.needs_help)
    return tuple(f"The workers on {host} accept no work: {trouble}." for host, trouble in texts)


def _machine(host: str, workers: Sequence[WorkerInfo]) -> Machine:
    slots: dict[str, int] = {}
    for worker in workers:
        slots[worker.queue] = slots.get(worker.queue, 0) + worker.slots
    measured = [(worker.seen_at, worker.load) for worker in workers if worker.load is not None]
    gauges: list[Gauge] = []
    room = ""
    if measured:
        _, load = max(measured, key=lambda pair: pair[0])
        gauges = [
            _percent("CPU", load.machine_cpu_share),
            _bytes("Memory", load.machine_memory_bytes, load.machine_memory_total_bytes),
        ]
        shares = [one.gpu_share for _, one in measured if one.gpu_share is not None]
        gauges += [_percent(f"GPU {n}" if len(shares) > 1 else "GPU", share) for n, share in enumerate(shares, 1)]
        room = f"{size(load.disk_free_bytes)} free on disk"
    return Machine(host, ", ".join(f"{queue} × {count}" for queue, count in slots.items()), tuple(gauges), room)


def _percent(name: str, share: float) -> Gauge:
    return Gauge(name, min(share, 1.0), f"{100 * share:.0f} %")


def _bytes(name: str, used: int, total: int) -> Gauge:
    return Gauge(name, min(used / total, 1.0) if total else 0.0, f"{size(used)} of {size(total)}")
