"""Fit a job into the memory of its GPU; the child does this, as the worker itself has no CUDA."""

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
"""Share of the memory that networks may use; libraries need the rest, and how much is not known beforehand."""


class Memory(NamedTuple):
    """Bytes of the memory of a device: free now, and in total."""

    free: int
    total: int


def memory(device: str) -> Memory | None:
    """Return the memory of "cuda:0"; None for "cpu", whose memory the system manages."""
    return None if device == "cpu" else Memory(*torch.cuda.mem_get_info(device))


def fitted(job: Job, store: Store, ask: Callable[[str], Memory | None] = memory) -> Job | None:
    """Return the job with as many replicates, and trainings of each at once, as fit into the free memory: at least one.

    Release the other replicates. Return None when one alone is too large for the device: all shards are then refused
    with the reason, and wait for another worker. A shard that has begun keeps its plan: training fails if it no longer
    fits.
    """
    if job.claim.plan is not None or not (job.claim.spec.stackable or job.stacked):
        return job
    memory_now = ask(job.device)
    if memory_now is None:
        return job
    experiment = import_module(EXPERIMENTS[job.claim.spec.kind].target.partition(":")[0])
    try:
        needed = experiment.footprint(job.claim.spec, job.settings.resolved_datasets_dir)
    except DatasetError:
        return job  # training fails with the same error, which is logged
    if not needed.fit(int(SHARE * memory_now.total)):
        reason = (
            f"one replicate takes about {_size(needed.shared + needed.per_replicate)} of memory, and {job.device} has "
            f"{_size(memory_now.total)}, of which {SHARE:.0%} are used"
        )
        for claim in job.claims:
            _unless_fenced(lambda shard_id, token: store.refuse(shard_id, token, reason), claim.shard_id, claim.token)
        return None
    networks = max(1, needed.fit(int(SHARE * memory_now.free)))
    width = min(job.width, networks)
    block = job.claim.replicate // width
    for claim in job.siblings:
        if claim.replicate // width != block:
            _unless_fenced(store.release, claim.shard_id, claim.token)
    siblings = tuple(claim for claim in job.siblings if claim.replicate // width == block)
    return replace(job, width=width, siblings=siblings, at_once=min(job.at_once, networks // width))


def _unless_fenced(write: Callable[[int, str], object], shard_id: int, token: str) -> None:
    try:
        write(shard_id, token)
    except Fenced:
        return  # another worker has it by now


def _size(n: int) -> str:
    return f"{n / 1e6:.0f} MB" if n < 1e9 else f"{n / 1e9:.1f} GB"
