"""Store a sweep and announce its work; what it would cost."""

from collections.abc import Sequence

from pydantic import BaseModel

from app.continuing import WOKEN, continue_sweep, tell
from app.contract.experiment import FieldError
from app.contract.words import plural
from app.estimate import replicate_seconds
from app.kinds.specs import EXPERIMENT
from app.plotting.sweep.data import label_of
from app.queue import Queue
from app.records import Priority, Sweep
from app.store import Conflict, Store
from app.store.submissions import Once
from app.sweeps.axes import Axis, key, written
from app.sweeps.plan import Budget, Plan, Stop, Values
from app.web.core.problems import BadField, Invalid
from app.web.core.words import duration
from app.web.submission.cost import Here
from app.web.submission.submit import default_name
from app.web.submission.sweep_check import Checked, checked

SHOWN = 5
"""Members that a preview shows."""


class Preview(BaseModel):
    """What a sweep would come to; `seconds` with nothing else running here, None where that is not known."""

    runs: int
    combinations: int | None
    seconds: float | None
    words: str
    first: list[Values]

    @property
    def first_words(self) -> list[str]:
        """Return the first members in words."""
        return [
            ", ".join(f"{label_of(path, list(item))} {written(value)}" for path, value in item.items())
            for item in self.first
        ]


def preview(store: Store, plan: Plan) -> Preview:
    """Return what a sweep would come to. Raises Invalid."""
    valid = checked(store, plan, "preview")
    seconds = _seconds(store, valid)
    which = valid.plan.combinations()
    took = "Time not known: not timed here yet" if seconds is None else f"About {duration(seconds)} here"
    words = f"{plural(valid.size, 'run')}. {took}, with nothing else running."
    return Preview(
        runs=valid.size,
        combinations=which,
        seconds=seconds,
        words=words if seconds is not None else f"{plural(valid.size, 'run')}. {took}.",
        first=[start.values for start in valid.first.starts[:SHOWN]],
    )


def submit_sweep(
    store: Store, queue: Queue, plan: Plan, *, name: str = "", tags: Sequence[str] = (), notes: str = "",
    once: Once | None = None, priority: Priority = "normal",
) -> Sweep:  # fmt: skip
    """Store a sweep with its first members and announce these. Raises Invalid; FieldError for bad labels.

    A request that is repeated finds its sweep.
    """
    name = name.strip() or f"Sweep: {default_name(EXPERIMENT.validate_python(plan.spec))}"[:200]
    valid = checked(store, plan, name)
    sweep, started = store.create_sweep(
        valid.plan, valid.first, name=name, tags=tags, notes=notes, once=once, priority=priority
    )
    tell(queue, store, started)
    return sweep


def extend_sweep(
    store: Store, queue: Queue, sweep_id: str, *, axes: dict[str, Axis], budget: Budget | None, stop: Stop | None
) -> Sweep:
    """Ask a sweep for more and start what follows. Raises NotFound, Conflict, Invalid."""
    sweep = store.sweep(sweep_id)
    if unknown := [path for path in axes if path not in sweep.axes]:
        raise Invalid([BadField(path=f"axes.{unknown[0]}", message="is not varied by this sweep: submit a new one")])
    plan = sweep.plan.model_copy(
        update={"axes": {**sweep.axes, **axes}, "budget": budget or sweep.budget, "stop": stop or sweep.stop}
    )
    if plan == sweep.plan:
        raise Conflict("the sweep already asks for all of this: give more values or another budget")
    members = store.members(sweep_id)
    for path in axes:
        for member in members:
            if not _takes(plan, path, member.values[path]):
                raise FieldError(f"axes.{path}", f"must keep the value {written(member.values[path])}, which a run has")
    valid = checked(store, plan, sweep.name)
    if valid.size < len(members):
        raise FieldError("budget.runs", f"must be at least {len(members)}: there are as many runs already")
    store.replan_sweep(sweep_id, valid.plan)
    continue_sweep(store, queue, sweep_id)
    return store.sweep(sweep_id)


def cancel_sweep(store: Store, queue: Queue, sweep_id: str) -> Sweep:
    """Start no more members and stop the live ones. Raises NotFound."""
    sweep, stopped = store.cancel_sweep(sweep_id)
    for run in store.several(stopped[:WOKEN]):
        queue.wake(run.id, run.last_seq)
    return sweep


def resume_sweep(store: Store, queue: Queue, sweep_id: str) -> Sweep:
    """Go on with cancelled and failed members, and start the others. Raises NotFound, Conflict."""
    _, again = store.resume_sweep(sweep_id)
    tell(queue, store, again)
    continue_sweep(store, queue, sweep_id)
    return store.sweep(sweep_id)


def _takes(plan: Plan, path: str, value: object) -> bool:
    axis, whole = plan.axes[path], plan.whole(path)
    if axis.count(whole=whole) is None and isinstance(value, int | float):
        ends = axis.range or axis.log_range
        return ends is not None and ends.low <= value <= ends.high
    return key(value) in {key(level) for level in axis.levels(whole=whole)}


def _seconds(store: Store, valid: Checked) -> float | None:
    """Return the time that all members take one after the other, shared by the slots that may take them."""
    here = Here.now(store)
    total = 0.0
    for spec in valid.specs:
        one_s = replicate_seconds(spec, here.speeds)
        slots = min(here.slots(spec), valid.plan.at_once * spec.replicates)
        if one_s is None or not slots:
            return None
        total += one_s * spec.replicates / slots
    return total * valid.size / len(valid.specs) if valid.specs else None
