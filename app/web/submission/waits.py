"""Why a run that could start does not: no worker for it, workers in trouble, or workers that give other numbers."""

from collections.abc import Iterable, Sequence

from app.records import Refusal, Run, WorkerInfo
from app.store import Reads

NO_WORKER = "no worker is running: start one with “ticketscope worker”"


def obstacle(device: str, workers: Iterable[WorkerInfo]) -> str:
    """Return what keeps all work for `device` ("any", "cpu" or "gpu") waiting, in words.

    Empty when a worker takes it.
    """
    able = [worker for worker in workers if worker.alive and device in ("any", worker.queue)]
    if not able:
        return NO_WORKER if device == "any" else f"no {device} worker is running: the run waits for one"
    if all(worker.trouble for worker in able):
        return f"no worker accepts work now: {able[0].trouble}"
    return ""


def reason(run: Run, workers: Iterable[WorkerInfo], refusals: Sequence[Refusal]) -> str:
    """Return why a queued run waits for more than a free slot; empty when it does not."""
    cause = obstacle(run.experiment.device, workers)
    if not cause and len({refusal.replicate for refusal in refusals}) == run.experiment.replicates:
        return "waits for a worker that computes identical numbers"
    return cause


def noted(store: Reads, run: Run) -> Run:
    """Return the run, with what it waits for as the note of its progress while it is queued."""
    if run.state != "queued":
        return run
    note = reason(run, store.workers(), store.refusals(run.id))
    return run.model_copy(update={"progress": run.progress.model_copy(update={"note": note})}) if note else run
