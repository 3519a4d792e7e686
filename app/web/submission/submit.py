"""Store a run and notify the workers: what every submission ends in."""

from collections.abc import Sequence

from app.contract.experiment import Experiment, FieldError
from app.estimate import replicate_seconds
from app.kinds.specs import TITLES
from app.pictures.check import check_picture
from app.queue import Queue, queues_of
from app.records import Priority, Run
from app.store import Conflict, NotFound, Store
from app.store.submissions import Once
from app.web.submission.waits import noted

BROKER_DOWN = "Stored. The broker does not answer: the run starts when it is back."
IMPORTED = "these masks were imported, not trained here: import the files again"


def default_name(spec: Experiment) -> str:
    """Return a name for a run that was given none, e.g. `Lottery tickets: lenet_300_100 on digits`."""
    return f"{TITLES[spec.kind]}: {spec.model_name} on {spec.dataset_name}"


def trainable(run: Run) -> Experiment:
    """Return the spec of a run that workers can do once more. Raises Conflict for imported masks."""
    if not isinstance(run.spec, Experiment):
        raise Conflict(IMPORTED)
    return run.spec


def submit(
    store: Store,
    queue: Queue,
    spec: Experiment,
    *,
    name: str = "",
    tags: Sequence[str] = (),
    notes: str = "",
    again_of: str | None = None,
    once: Once | None = None,
    priority: Priority = "normal",
) -> Run:
    """Store a run and announce it; `again_of` is the run that it repeats. A request that is repeated finds its run.

    Raises FieldError when its picture, ticket, name, tags or notes are refused.
    """
    check_picture(spec)
    check_tickets(store, spec)
    estimated_s = replicate_seconds(spec, store.speeds())
    name = name or default_name(spec)
    run = store.create_run(
        spec,
        name=name,
        tags=tags,
        notes=notes,
        again_of=again_of,
        estimated_s=estimated_s,
        once=once,
        priority=priority,
    )
    return announce(store, queue, run)


def check_tickets(store: Store, spec: Experiment) -> None:
    """Check that the store still has the tickets that the spec names. Raises FieldError on `ticket`."""
    for ref in spec.tickets:
        try:
            run = store.run(ref.run)
        except NotFound as error:
            raise FieldError("ticket", str(error)) from None
        if not run.trains_tickets:
            raise FieldError("ticket", f"run {ref.run} is of kind {run.kind}: only tickets trained here can be used")
        if ref.replicate >= run.spec.replicates:
            raise FieldError("ticket", f"run {ref.run} has replicates 0 to {run.spec.replicates - 1}")
        if ref.level > run.levels:
            raise FieldError("ticket", f"run {ref.run} has levels 0 to {run.levels}")
        if not any((saved.name, saved.ticket) == ("ticket", ref) for saved in store.artifacts(ref.run)):
            raise FieldError("ticket", f"run {ref.run} has not saved level {ref.level} of replicate {ref.replicate}")


def extend(store: Store, queue: Queue, run_id: str, spec: Experiment) -> Run:
    """Ask more of a run and announce it. Raises NotFound, Conflict, FieldError."""
    estimated_s = replicate_seconds(spec, store.speeds())
    return announce(store, queue, store.extend_run(run_id, spec, estimated_s))


def announce(store: Store, queue: Queue, run: Run) -> Run:
    """Tell workers and open pages about a run that has work; its progress note is why it must wait for more."""
    reached = queue.announce(queues_of(run.experiment))
    if reached:
        queue.wake(run.id, run.last_seq)
        return noted(store, run)
    return run.model_copy(update={"progress": run.progress.model_copy(update={"note": BROKER_DOWN})})
