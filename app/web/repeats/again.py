"""A run and those that repeat it, or that it repeats: linked both ways, and compared once both have finished."""

from dataclasses import dataclass
from typing import Literal
from weakref import WeakKeyDictionary

from app.contract.experiment import FieldError
from app.queue import Queue
from app.records import Run
from app.repeat.comparison import Comparison, Difference, compare_runs
from app.store import Reads, Store
from app.store.labels import NAME_LENGTH
from app.store.submissions import Once
from app.web.submission.submit import submit, trainable

AGAIN = " (again)"
NEWEST = 5
"""Repetitions of a run that its page compares it with."""
_KEPT = 100
_known: WeakKeyDictionary[Reads, dict[tuple[str, int, str, int], Comparison]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Relation:
    """Another run with the same spec; `words` are how the two compare, `id` is empty when it was deleted for good."""

    how: Literal["Rerun of", "Rerun as"]
    id: str
    name: str
    mark: Literal["same", "differs", "open"]
    words: str
    detail: str
    comparison: Comparison | None = None


def again(store: Store, queue: Queue, run: Run, once: Once | None = None) -> Run:
    """Submit the spec of a run once more, unchanged. Raises Conflict for imported masks."""
    name = run.name if run.name.endswith(AGAIN) else run.name[: NAME_LENGTH - len(AGAIN)] + AGAIN
    return submit(store, queue, trainable(run), name=name, tags=run.tags, notes=run.notes, again_of=run.id, once=once)


def compared(store: Reads, now: Run, to: str | None) -> Comparison:
    """Return a run against an earlier one, `to` or the one that it repeats. Raises FieldError, NotFound, Conflict."""
    to = to or now.again_of
    if to is None:
        raise FieldError("to", "name a run: this one repeats none")
    then = store.run(to)
    known = _known.setdefault(store.origin, {})
    key = (then.id, then.last_seq, now.id, now.last_seq)
    if key not in known:
        comparison = compare_runs(store, then, now)
        if len(known) >= _KEPT:
            known.clear()
        known[key] = comparison
    return known[key]


def relations(store: Reads, run: Run) -> tuple[Relation, ...]:
    """Return the run that this one repeats, and the newest of those that repeat it, the newest first."""
    family, relations_of = store.relatives(run.id, NEWEST), []
    if run.again_of is not None:
        if family.original is None:
            relations_of.append(Relation("Rerun of", "", run.again_of, "open", "deleted for good", ""))
        else:
            relations_of.append(_relation(store, family.original, run, "Rerun of"))
    return (*relations_of, *(_relation(store, run, repeat, "Rerun as") for repeat in family.repeats))


def _relation(store: Reads, then: Run, now: Run, how: Literal["Rerun of", "Rerun as"]) -> Relation:
    other = then if how == "Rerun of" else now
    waiting = [item for item in (then, now) if item.state != "finished"]
    if waiting:
        words = "is compared when both have finished"
        return Relation(how, other.id, other.name, "open", words, f"{waiting[-1].name} is {waiting[-1].state}")
    if not now.experiment.repeatable:
        return Relation(how, other.id, other.name, "open", "measured times, which differ each time", "")
    comparison = compared(store, now, then.id)
    mark: Literal["same", "differs", "open"] = (
        "differs" if comparison.different else "same" if comparison.same else "open"
    )
    return Relation(how, other.id, other.name, mark, _words(comparison), _detail(comparison), comparison)


def _words(comparison: Comparison) -> str:
    if comparison.different:
        return "numbers differ"
    return "identical to the bit" if comparison.same else "nothing to compare"


def _detail(comparison: Comparison) -> str:
    both = comparison.same + comparison.different
    texts = []
    if comparison.different:
        first = place(comparison.differences[0])
        texts.append(f"{comparison.different:,} of {both:,} series and artifacts differ, first {first}")
    else:
        texts.append(f"{both:,} series and artifacts")
    for count, which in ((comparison.only_then, "first"), (comparison.only_now, "second")):
        if count:
            texts.append(f"{count:,} more in the {which} only")
    return "; ".join(texts)


def place(difference: Difference) -> str:
    """Return where a difference lies: `evaluation in replicate 0, level 2, winning ticket`."""
    return f"{difference.name} in replicate {difference.replicate}, {difference.words}"
