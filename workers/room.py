"""How many networks the memory of a GPU has room for: asked by the child, as the worker itself has no CUDA."""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import NamedTuple

import torch

from app.kinds.specs import EXPERIMENTS
from app.store import Store
from app.store.errors import Fenced
from workers.job import Job
from workers.science.data.dataset import DatasetError

SHARE = 0.8
"""Of the memory; the rest is for what libraries need, which nobody tells beforehand."""


class Memory(NamedTuple):
    """Bytes of a device's memory that are free now, and all of it."""

    free: int
    total: int


def memory(device: str) -> Memory | None:
    """The memory of "cuda:0"; None for "cpu", whose memory the system shares out."""
    return None if device == "cpu" else Memory(*torch.cuda.mem_get_info(device))


def fitted(job: Job, store: Store, ask: Callable[[str], Memory | None] = memory) -> Job | None:
    """The job with as many replicates as there is room for now, at least one, and as many trainings of each at once.

    The other replicates are given back.

    None when one alone is too large for the device: then all of the job is refused by name, and waits for another
    worker. A shard that has begun keeps to its plan: if it does not fit any more, training will say so.
    """
    if job.claim.plan is not None or not (job.claim.spec.stackable or job.stacked):
        return job
    found = ask(job.device)
    if found is None:
        return job
    experiment = import_module(EXPERIMENTS[job.claim.spec.kind].target.partition(":")[0])
    try:
        needed = experiment.footprint(job.claim.spec, job.settings.resolved_datasets_dir)
    except DatasetError:
        return job  # the run's log will have it
    if not needed.fit(int(SHARE * found.total)):
        reason = (
            f"one replicate takes about {_size(needed.shared + needed.each)} of memory, and {job.device} has "
            f"{_size(found.total)}, of which {SHARE:.0%} are used"
        )
        for claim in job.claims:
            _told(lambda shard_id, token: store.refuse(shard_id, token, reason), claim.shard_id, claim.token)
        return None
    networks = max(1, needed.fit(int(SHARE * found.free)))
    width = min(job.width, networks)
    block = job.claim.replicate // width
    for claim in job.beside:
        if claim.replicate // width != block:
            _told(store.release, claim.shard_id, claim.token)
    beside = tuple(each for each in job.beside if each.replicate // width == block)
    return replace(job, width=width, beside=beside, at_once=min(job.at_once, networks // width))


def _told(write: Callable[[int, str], object], shard_id: int, token: str) -> None:
    try:
        write(shard_id, token)
    except Fenced:
        return  # it is somebody else's by now


def _size(n: int) -> str:
    return f"{n / 1e6:.0f} MB" if n < 1e9 else f"{n / 1e9:.1f} GB"
