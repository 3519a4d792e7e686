"""Run the shards of a job in a child process, and write their results to the store."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from importlib import import_module
from math import inf
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, assert_never

import torch
from sqlalchemy.exc import SQLAlchemyError

from app.contract.events import Event, Measured, Progress, Started
from app.kinds.specs import EXPERIMENTS
from app.queue import Queue
from app.store.errors import Corrupt, Fenced
from workers import checkpoints, failure, gpu_memory, logs, numerics, tickets
from workers.batcher import Batcher
from workers.job import DONE, FENCED, Job, Order, device_kind
from workers.parent import Parent
from workers.provenance import provenance
from workers.saves import Saves
from workers.science.experiments.clock import Clock
from workers.science.experiments.stacked_trainer import Stack, StackedTrainer, Step, Waiting, conduct
from workers.science.outputs import Checkpoint, Output, Tensors
from workers.speed import Stopwatch, timed
from workers.tuning import tuned

# Well within the supervisor's grace: an evaluation in which nothing can be saved may take longer than that.
LAST_CHECKPOINT_S = 1.5


def main(connection: "Connection[Any, Any]", job: Job) -> int:
    """Run the shards of `job` to one of their ends and return the exit code; `connection` leads to the supervisor."""
    parent = Parent(connection)
    logs.in_child(job)
    numerics.pin()
    try:
        return _main(job, parent)
    finally:
        _queue(job.settings.broker_url).close()


def _main(job: Job, parent: Parent) -> int:
    fitting = gpu_memory.fitted(job, job.store())
    if fitting is None:
        return DONE
    if fitting.stacked:
        run_together(fitting, parent)
        return DONE
    attempt = Attempt(fitting, parent)
    list(attempt.work())  # empty: a replicate that is trained alone waits for no stack
    return FENCED if attempt.fenced else DONE


def run_together(job: Job, parent: Parent) -> None:
    """Run all shards of `job` in one stack; release them with a smaller plan when it does not fit into the memory."""
    stack = Stack(job.width)
    attempts = {
        claim.replicate % job.width: Attempt(replace(job, claim=claim, siblings=()), parent) for claim in job.claims
    }
    works = {}
    for slot, attempt in attempts.items():
        # An experiment that is not stackable makes its own stacks, without slots for other shards.
        trainer = {"trainer": partial(StackedTrainer, stack=stack, slot=slot)} if job.claim.spec.stackable else {}
        works[slot] = attempt.work(**trainer)
    try:
        list(conduct(works))  # empty: each attempt stores the outputs of its experiment
    except torch.OutOfMemoryError as error:
        for attempt in attempts.values():
            attempt.release_smaller(error)
    except Exception as error:  # noqa: BLE001 (an error in the stack is logged for each shard)
        for attempt in attempts.values():
            attempt.fail(error)


@cache
def _queue(broker_url: str) -> Queue:
    """Return the one connection of this process."""
    return Queue(broker_url)


class Attempt:
    """One attempt at a shard, from its claim to the end that it writes to the store."""

    def __init__(self, job: Job, parent: Parent) -> None:
        self._claim = job.claim
        self._shard = (job.claim.shard_id, job.claim.token)
        self._job = job
        self._parent = parent
        self._store = job.store()
        self._queue = _queue(job.settings.broker_url)
        self._artifacts = self._store.artifacts_store
        self._saves = Saves(self._artifacts, partial(self._store.checkpoint, *self._shard))
        self._datasets = job.settings.resolved_datasets_dir
        # A shard that began on a CPU goes on on one, even where a GPU is at hand.
        self._device = "cpu" if job.claim.plan and job.claim.plan["device"] == "cpu" else job.device
        self._name = f"{job.claim.run_id}/{job.claim.replicate}"
        self._stopwatch = Stopwatch()
        self._clock = Clock(job.settings.checkpoint_s)
        self._leave_at = inf
        self._seq = 0
        self._progress: Progress | None = None
        self.fenced = False
        """Whether another worker has the shard by now: then nothing more is written."""

    def work(self, **knobs: Any) -> Iterator[Waiting]:
        """Run the experiment with `knobs` of its `run` and store its outputs; yield what it waits for.

        Raises `torch.OutOfMemoryError` from a stack, for all of its replicates.
        """
        try:
            yield from self._work(knobs)
        except Fenced:
            self.fenced = True
            return
        except numerics.PlanMismatchError as error:
            with suppress(Fenced):
                self._store.refuse(*self._shard, str(error))
        except Exception as error:
            if isinstance(error, torch.OutOfMemoryError) and self._job.stacked:
                raise
            self.fail(error)
        finally:
            self._saves.close()
        self._queue.wake(self._claim.run_id, self._seq)

    def fail(self, error: Exception) -> None:
        """Log the error of the shard, if it has not ended."""
        lines = "".join(traceback.format_exception(error))
        with suppress(Fenced):
            self._store.fail(*self._shard, failure.reason(error), lines, final=failure.final(error))
        self._queue.wake(self._claim.run_id, self._seq)

    def release_smaller(self, error: torch.OutOfMemoryError) -> None:
        """Release the shard, if it has not ended, to resume from its checkpoint with less at once."""
        plan, less = self._job.smaller_plan()
        reason = f"{less}: {error}"
        with suppress(Fenced):
            self._store.release_with_plan(*self._shard, plan, reason)
        self._queue.wake(self._claim.run_id, self._seq)

    def _work(self, knobs: dict[str, Any]) -> Iterator[Waiting]:
        module, _, function = EXPERIMENTS[self._claim.spec.kind].target.partition(":")
        experiment = import_module(module)
        plan = self._start(experiment)
        damaged: dict[str, str] = {}
        while True:
            self._saves.newest = checkpoints.newest(
                self._artifacts,
                self._claim.checkpoints,
                self._claim.next_ordinal,
                self._name,
                self._claim.spec,
                damaged,
            )
            try:
                yield from self._go_on(getattr(experiment, function), plan, knobs)
            except Corrupt as error:
                if self._saves.newest.sha256 in ("", *damaged):
                    raise
                damaged[self._saves.newest.sha256] = f"an artifact that it needs is damaged: {error}"
            else:
                return

    def _go_on(
        self, run: Callable[..., Iterator[Step]], plan: dict[str, Any], knobs: dict[str, Any]
    ) -> Iterator[Waiting]:
        """Run the experiment from its checkpoint. Raises Corrupt when an artifact that this needs is damaged."""
        saved = self._saves.newest
        batcher = Batcher(self._append, saved.next_ordinal, lambda: self._saves.arrived)
        # Only an experiment whose spec can name tickets takes them.
        needed = [tickets.load(self._store, ref) for ref in self._claim.spec.tickets]
        outputs = run(
            self._claim.spec,
            self._claim.replicate,
            device=self._device,
            datasets_dir=self._datasets,
            resume=saved.resume(self._artifacts),
            plan=plan,
            clock=self._clock,
            **({"tickets": needed} if needed else {}),
            **knobs,
        )
        # The experiment has the tensors of unfinished trainings now.
        saved.tensors = {}
        for output in timed(outputs, self._stopwatch, self._device):
            if isinstance(output, Waiting):
                yield output
                continue
            self._take(output, batcher)
            if self._parent.order is not None and self._saved_or_late(self._parent.order, output):
                self._commit(batcher)
                self._obey(self._parent.order)
                return
        self._commit(batcher)
        self._store.finish(*self._shard, self._progress)

    def _start(self, experiment: ModuleType) -> dict[str, Any]:
        """Log what is computed, and how; return the plan, which later attempts follow."""
        network = experiment.describe(self._claim.spec, self._datasets)
        plan = numerics.plan(network, self._device, self._job.width, self._job.stacks)
        plan["tuned"] = tuned(self._job, experiment, self._datasets, self._device)
        started = Started(
            replicate=self._claim.replicate,
            attempt=self._claim.attempt,
            worker=self._job.worker,
            plan=plan,
            provenance=provenance(self._claim.spec, self._device, network),
        )
        if self._claim.plan is not None:
            numerics.obey(self._claim.plan, plan)
        self._store.start(*self._shard, started)
        self._queue.wake(self._claim.run_id, self._seq)
        return plan

    def _take(self, output: Output, batcher: Batcher) -> None:
        match output:
            case Progress():
                self._progress = output
                self._parent.hear(self._claim.shard_id, output)
                batcher.tick()
            case Measured():
                batcher.add(output)
            case Tensors():
                batcher.add(self._saves.artifact(output))
            case Checkpoint():
                if self._saves.pending:
                    self._commit(batcher)
                self._saves.checkpoint(output, batcher.next_ordinal)
                self._record_speed()
            case _:
                assert_never(output)
        if self._saves.pending and self._saves.arrived:
            self._commit(batcher)

    def _commit(self, batcher: Batcher) -> None:
        """Log everything and store the checkpoint that is on its way."""
        batcher.flush()
        self._saves.commit()

    def _append(self, events: list[Event], first_ordinal: int) -> None:
        self._saves.wait()
        self._seq = self._store.append(*self._shard, events, first_ordinal)
        self._queue.wake(self._claim.run_id, self._seq)

    def _record_speed(self) -> None:
        step_s = self._stopwatch.step_s()
        # In a stack the time of a step is no network's own.
        if step_s is not None and not self._job.stacked:
            pace = self._claim.spec.pace
            standard_s = step_s * pace.standard.examples / pace.examples
            kind = device_kind(self._device)
            # A speed only makes estimates better; a training that is going well must not end for want of one.
            with suppress(SQLAlchemyError):
                self._store.record_speed(pace.model, pace.dataset, pace.batch_size, kind, standard_s)

    def _saved_or_late(self, order: Order, output: Output) -> bool:
        """Return whether to stop now: a shard that another worker will resume is first saved, if that is soon."""
        if order == "cancel" or isinstance(output, Checkpoint):
            return True
        now = time.monotonic()
        if self._leave_at == inf:
            self._leave_at = now + LAST_CHECKPOINT_S
            self._clock.hurry()
        return now >= self._leave_at

    def _obey(self, order: Order) -> None:
        if order == "cancel":
            self._store.cancelled(*self._shard)
        else:
            self._store.release(*self._shard)
