"""Runs as rows of a table, each with its verdict in a few words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from app.atlas.reader import Reader
from app.contract.words import plural
from app.kinds.registry import KINDS
from app.kinds.specs import TITLES
from app.records import Run
from app.store import Reads, Snapshot
from app.store.early_stops import STOPPED
from app.web.core.words import ago, duration
from app.web.run.progress import done, share_done, took

# Per store: run -> (last seq, text). Bounded by the number of runs; each text is a few words.
_summaries: WeakKeyDictionary[Reads, dict[str, tuple[int, str]]] = WeakKeyDictionary()

# Runs of a list whose series are read at once.
_AT_ONCE = 25


@dataclass(frozen=True)
class Row:
    """One run in a table; `left` is the time left or the rest of its progress, `reason` why it has failed."""

    id: str
    state: str
    name: str
    kind: str
    kind_title: str
    dataset: str
    model: str
    tags: tuple[str, ...]
    done: int
    total: int
    left: str
    reason: str
    verdict: str
    age: str
    created: str
    deleted: str
    cells: tuple[str, ...] = ()
    owner: str = ""
    titles: tuple[str, ...] = ()
    """The same as `cells`, with what a mean is over."""


def row(
    run: Run,
    summary: str = "",
    now: datetime | None = None,
    cells: tuple[str, ...] = (),
    titles: tuple[str, ...] = (),
) -> Row:
    """Return a run as a row of a table; `summary` is its verdict in short, `cells` what is in chosen columns."""
    return Row(
        id=run.id,
        state=run.state,
        name=run.name,
        kind=run.kind,
        kind_title=TITLES[run.kind],
        dataset=run.spec.dataset_name,
        model=run.spec.model_name,
        tags=run.tags,
        done=done(run),
        total=max(run.progress.total, 1),
        left=_left(run),
        reason=reason(run),
        verdict=summary,
        age=ago(run.created_at, now),
        created=f"{run.created_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        deleted=ago(run.deleted_at, now) if run.deleted_at else "",
        cells=cells,
        titles=titles or cells,
        owner=run.owner or "",
    )


def summaries(store: Snapshot, reader: Reader, runs: Sequence[Run]) -> dict[str, str]:
    """Return the verdict of each run in a few words, empty while there is none; once per state of a run's log."""
    known = _summaries.setdefault(store.origin, {})
    new = [run for run in runs if run.id not in known or known[run.id][0] != run.last_seq]
    for first in range(0, len(new), _AT_ONCE):
        some = new[first : first + _AT_ONCE]
        names = {name for run in some for name in KINDS[run.kind].summary_series}
        store.read_ahead([run.id for run in some], names)
        for run in some:
            known[run.id] = (run.last_seq, KINDS[run.kind].summary(reader, run))
    return {run.id: known[run.id][1] for run in runs}


def reason(run: Run) -> str:
    """Return why a run has failed, by its first replicate that did, and how many others did; else "".

    Or why its sweep has stopped it early.
    """
    if run.state != "failed":
        return (run.stopped or "").replace(f"{STOPPED}: ", "stopped early: ")
    first, *others = [part.partition("\n")[0] for part in (run.error or "").split("\n\nreplicate ")]
    return first + (f"; {plural(len(others), 'other replicate')} failed too" if others else "")


def _left(run: Run) -> str:
    if run.state == "running":
        eta = run.progress.eta_s
        return f"{duration(eta)} left" if eta is not None else share_done(run)
    if run.state == "queued":
        device = run.experiment.device
        who = "a worker" if device == "any" else f"a {device} worker"
        return f"waits for {who}" if not run.progress.done else "waits to continue"
    if run.state == "finished":
        return f"took {took(run)}" if took(run) else ""
    return share_done(run)
