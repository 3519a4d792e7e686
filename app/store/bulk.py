"""One action on many runs: what it would change, and the change itself, some runs to a transaction."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from app.contract.experiment import FieldError
from app.store import acting, labels, lifecycle, matching
from app.store.tables import AnyRow, runs, shards

Action: TypeAlias = Literal["tag", "untag", "cancel", "resume", "bin", "restore"]
Tags: TypeAlias = str | Collection[str] | Mapping[str, Collection[str]]
"""A tag, several, or those of each run."""
MOST = 10_000
"""Runs of one action."""
CHUNK = 100
"""Runs of one transaction."""
MISSING = "no longer in the store"
CHANGED = "in another state than in the preview"
OTHERS = "of another person"
UNREACHED = "not reached, because the database did not answer"


@dataclass
class Outcome:
    """What an action changes, or has changed, of the requested runs.

    `changed` has the condition of each run before the change, `unchanged` the other runs by their reason. `tags` are
    those that each changed run gets or loses. `seqs` has the newest event of each changed run, `queues` where the
    resumed ones wait.
    """

    changed: dict[str, str] = field(default_factory=dict)
    unchanged: dict[str, list[str]] = field(default_factory=dict)
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=dict)
    queues: set[str] = field(default_factory=set)

    @property
    def asked(self) -> int:
        """Return how many runs were requested."""
        return len(self.changed) + sum(map(len, self.unchanged.values()))

    @property
    def by_tags(self) -> Mapping[tuple[str, ...], list[str]]:
        """Return the changed runs by the tags that they get or lose; all of them by () where the action has none."""
        groups: dict[tuple[str, ...], list[str]] = {}
        for run_id in self.changed:
            groups.setdefault(self.tags.get(run_id, ()), []).append(run_id)
        return groups

    def add(self, other: "Outcome") -> None:
        """Take in the outcome of further runs."""
        self.changed |= other.changed
        self.tags |= other.tags
        self.seqs |= other.seqs
        self.queues |= other.queues
        for reason, run_ids in other.unchanged.items():
            self.unchanged.setdefault(reason, []).extend(run_ids)


def matching_ids(conn: Connection, query: str, *, binned: bool) -> list[str]:
    """Return the ids of the runs that a query finds. Raises FieldError at `q`, also for more than `MOST`."""
    ids = list(conn.scalars(select(runs.c.id).where(*_where(query, binned=binned)).limit(MOST + 1)))
    if len(ids) > MOST:
        raise FieldError("q", f"finds more than {MOST:,} runs; narrow it down")
    return ids


def count(conn: Connection, query: str, *, binned: bool) -> int:
    """Return how many runs a query finds. Raises FieldError at `q`."""
    return conn.scalar(select(func.count()).select_from(runs).where(*_where(query, binned=binned))) or 0


def _where(query: str, *, binned: bool) -> tuple[ColumnElement[bool], ...]:
    place = runs.c.deleted_at.is_not(None) if binned else runs.c.deleted_at.is_(None)
    return place, matching.condition(query)


def chunks(run_ids: Collection[str]) -> Iterator[list[str]]:
    """Yield the runs of each transaction; in order of their ids, so that two actions never wait for each other."""
    ordered = sorted(set(run_ids))
    for first in range(0, len(ordered), CHUNK):
        yield ordered[first : first + CHUNK]


def tags_of(action: Action, run_ids: Collection[str], tags: Tags) -> Mapping[str, Sequence[str]]:
    """Return the checked tags of each run; none for an action without tags. Raises FieldError for a bad tag."""
    if action not in ("tag", "untag"):
        return {}
    if isinstance(tags, Mapping):
        return {run_id: labels.check_tags(some) for run_id, some in tags.items()}
    every = labels.check_tags([tags] if isinstance(tags, str) else tags)
    if not every:
        raise FieldError("tags", "must not be empty")
    return dict.fromkeys(run_ids, every)


def preview(conn: Connection, action: Action, run_ids: Sequence[str], tags: Mapping[str, Sequence[str]]) -> Outcome:
    """Return what an action would change of at most `CHUNK` runs."""
    return _sorted(action, tags, run_ids, _rows(conn, run_ids), _resumable(conn, action, run_ids), {})


def apply(
    conn: Connection,
    action: Action,
    run_ids: Sequence[str],
    tags: Mapping[str, Sequence[str]],
    seen: Mapping[str, str],
) -> Outcome:
    """Change at most `CHUNK` runs; `seen` is the condition that a reader saw each in; another one is reported."""
    if action not in ("tag", "untag"):
        locked = select(shards.c.id).where(shards.c.run_id.in_(run_ids)).order_by(shards.c.id)
        conn.execute(locked.with_for_update(key_share=True))
    rows = _rows(conn, run_ids, lock=True)
    outcome = _sorted(action, tags, run_ids, rows, _resumable(conn, action, run_ids), seen)
    changing = [row for row in rows if row.id in outcome.changed]
    ids = [row.id for row in changing]
    match action:
        case _ if not ids:
            return outcome
        case "tag" | "untag":
            _retag(conn, changing, outcome.tags, add=action == "tag")
        case "cancel":
            lifecycle.cancel_several(conn, ids)
        case "resume":
            lifecycle.resume_several(conn, ids)
        case "bin":
            lifecycle.discard_several(conn, {row.id: row.state for row in changing})
        case "restore":
            lifecycle.restore_several(conn, ids)
    last = conn.execute(select(runs.c.id, runs.c.last_seq).where(runs.c.id.in_(ids)))
    outcome.seqs = {row.id: row.last_seq for row in last}
    if action == "resume":
        waiting = select(shards.c.queue).distinct().where(shards.c.run_id.in_(ids), shards.c.state == "queued")
        outcome.queues = set(conn.scalars(waiting))
    return outcome


def _rows(conn: Connection, run_ids: Sequence[str], *, lock: bool = False) -> Sequence[AnyRow]:
    names = ("id", "name", "kind", "model", "dataset", "state", "tags", "deleted_at", "owner_id")
    query = select(*(runs.c[name] for name in names)).where(runs.c.id.in_(run_ids)).order_by(runs.c.id)
    return conn.execute(query.with_for_update(key_share=True) if lock else query).all()


def _resumable(conn: Connection, action: Action, run_ids: Sequence[str]) -> set[str]:
    """Return which of the runs have cancelled or failed shards, where that matters."""
    if action != "resume":
        return set()
    ended = shards.c.run_id.in_(run_ids), shards.c.state.in_(("cancelled", "failed"))
    return set(conn.scalars(select(shards.c.run_id).distinct().where(*ended)))


def _sorted(
    action: Action,
    tags: Mapping[str, Sequence[str]],
    run_ids: Sequence[str],
    rows: Sequence[AnyRow],
    resumable: Collection[str],
    seen: Mapping[str, str],
) -> Outcome:
    outcome = Outcome()
    there = {row.id for row in rows}
    if missing := [run_id for run_id in run_ids if run_id not in there]:
        outcome.unchanged[MISSING] = missing
    for row in rows:
        condition = _condition(row)
        own = tags.get(row.id, ())
        new = tuple(tag for tag in own if (tag in row.tags) == (action == "untag"))
        reason = OTHERS
        if acting.may_change(row.owner_id):
            reason = _reason(action, row, own, new, resumable=row.id in resumable)
        if not reason and action not in ("tag", "untag") and seen.get(row.id, condition) != condition:
            reason = CHANGED
        if reason:
            outcome.unchanged.setdefault(reason, []).append(row.id)
        else:
            outcome.changed[row.id] = condition
            if new:
                outcome.tags[row.id] = new
    return outcome


def _condition(row: AnyRow) -> str:
    """Return what of a run decides over an action: whether it is in the bin, goes on, or how it has ended."""
    if row.deleted_at is not None:
        return "binned"
    return "live" if row.state in ("queued", "running") else str(row.state)


def _reason(action: Action, row: AnyRow, tags: Sequence[str], new: Sequence[str], *, resumable: bool) -> str:
    """Return why an action leaves a run as it is, empty where it changes it."""
    match action:
        case "tag":
            if not new:
                return "tagged already"
            if len(row.tags) >= labels.TAGS:
                return f"at the limit of {labels.TAGS} tags"
            room = len(row.tags) + len(new) <= labels.TAGS
            return "" if room else f"too close to the limit of {labels.TAGS} tags"
        case "untag":
            return "" if new else f"without {'this tag' if len(tags) == 1 else 'any of these tags'}"
        case "bin":
            return "in the bin already" if row.deleted_at is not None else ""
        case "restore":
            return "not in the bin" if row.deleted_at is None else ""
        case "cancel":
            return "" if row.state in ("queued", "running") else _already(row.state)
        case "resume":
            if row.deleted_at is not None:
                return "in the bin"
            return "" if resumable and row.state != "cancelling" else _already(row.state)


def _already(state: str) -> str:
    return "still stopping" if state == "cancelling" else f"{state} already"


def _retag(conn: Connection, rows: Sequence[AnyRow], changes: Mapping[str, Sequence[str]], *, add: bool) -> None:
    values = []
    for row in rows:
        change = changes[row.id]
        tags = [*row.tags, *change] if add else [item for item in row.tags if item not in change]
        search = labels.search_lines(row.name, tags, row.kind, row.model, row.dataset)
        values.append({"run": row.id, "tags": tags, "search": search})
    conn.execute(update(runs).where(runs.c.id == bindparam("run")), values)
