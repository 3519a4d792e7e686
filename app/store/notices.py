"""Notifications as rows, written in the transaction of what they tell of: once, and only if that happened."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
from sqlalchemy import ColumnElement, Connection, insert, or_, select

from app.contract.events import Changed
from app.contract.words import plural
from app.store import chunks, events, mentions
from app.store.acting import acting
from app.store.notice_tables import channels, deliveries, notices
from app.store.people import folded
from app.store.people_tables import users
from app.store.sql import Now
from app.store.tables import chunks as chunk_table
from app.store.tables import runs, sweep_members, sweeps

DIVERGED = "diverged_step"
"""The column of a series that is a number where a training diverged."""


def mine() -> ColumnElement[bool]:
    """Return the condition of what happened to who acts, or to the installation where nobody does."""
    me = acting()
    return notices.c.user_id.is_(None) if me is None else notices.c.user_id == me


def put(conn: Connection, people: Collection[str | None], kind: str, what: str, key: str, text: str) -> None:
    """Notify people, and all channels of theirs and of the installation, that something happened.

    An owner without an account here, as of a run from another installation, is nobody to notify.
    """
    wanted = {person for person in people if person}
    known = conn.scalars(select(users.c.id).where(users.c.id.in_(wanted)).order_by(users.c.id)) if wanted else ()
    whose: list[str | None] = [*known] or ([None] if None in people else [])
    for number, person in enumerate(whose):
        values = {"user_id": person, "kind": kind, "what": what, "key": key, "text": text, "at": Now()}
        notice_id = conn.execute(insert(notices).values(values).returning(notices.c.id)).scalar_one()
        where = [channels.c.user_id == person] if person else []
        # The installation hears of a thing once, however many people do.
        where += [channels.c.user_id.is_(None)] if number == 0 and kind not in ("mention", "test") else []
        if where:
            send(conn, notice_id, conn.scalars(select(channels.c.id).where(or_(*where))).all())


def send(conn: Connection, notice_id: int, channel_ids: Collection[str]) -> None:
    """Put a notification among what is to be sent."""
    rows = [{"notice_id": notice_id, "channel_id": channel_id, "tries": 0} for channel_id in channel_ids]
    if rows:
        conn.execute(insert(deliveries).values(due_at=Now()), rows)


def log_ends(conn: Connection, ended: Sequence[Mapping[str, Any]]) -> None:
    """Log that runs have ended, and notify their owners of those that are no members of sweeps."""
    events.log_each(conn, {item["run"]: Changed(state=item["state"]) for item in ended})
    states = {item["run"]: item["state"] for item in ended if item["state"] in ("finished", "failed")}
    if not states:
        return
    alone = select(runs.c.id, runs.c.name, runs.c.owner_id, runs.c.error).where(
        runs.c.id.in_(states), runs.c.sweep_id.is_(None)
    )
    for run in conn.execute(alone).all():
        state, n = states[run.id], diverged(conn, run.id)
        words = f"“{run.name}” {'has failed' if state == 'failed' else 'has finished'}"
        if state == "failed":
            words += f": {(run.error or 'it gave no reason').partition(chr(10))[0][:200]}"
        elif n:
            words += f"; {plural(n, 'training')} diverged"
        put(conn, [run.owner_id], "diverged" if n and state == "finished" else state, "run", run.id, words)


def diverged(conn: Connection, run_id: str) -> int:
    """Return how many trainings of a run have diverged."""
    query = select(chunk_table.c.names, chunk_table.c.data).where(
        chunk_table.c.run_id == run_id, chunk_table.c.names.contains(f'"{DIVERGED}"')
    )
    n = 0
    for row in conn.execute(query):
        names = orjson.loads(row.names)
        n += int(np.isfinite(chunks.unpack([row.data], len(names))[names.index(DIVERGED)]).sum())
    return n


def of_sweep(conn: Connection, sweep_id: str) -> None:
    """Notify the owner of a sweep when its last member has ended; of processes that look at once, one does."""
    sweep = conn.execute(select(sweeps).where(sweeps.c.id == sweep_id).with_for_update()).one()
    mine = select(runs.c.state, runs.c.finished_at).where(
        runs.c.id.in_(select(sweep_members.c.run_id).where(sweep_members.c.sweep_id == sweep_id))
    )
    members = conn.execute(mine).all()
    if (
        sweep.state != "closed"
        or sweep.deleted_at is not None
        or not members
        or any(one.finished_at is None for one in members)
    ):
        return
    last = max(one.finished_at for one in members)
    before = select(notices.c.id).where(
        notices.c.what == "sweep",
        notices.c.key == sweep_id,
        notices.c.kind.in_(("finished", "failed")),
        notices.c.at > last,
    )
    if conn.scalar(before.limit(1)) is not None:
        return
    failed = sum(one.state == "failed" for one in members)
    words = f"“{sweep.name}” has finished: {plural(len(members), 'run')}" + (f", {failed} failed" if failed else "")
    put(conn, [sweep.owner_id], "failed" if failed else "finished", "sweep", sweep_id, words)


def of_text(conn: Connection, table: str, key: str, text: str, before: str, *, comment: bool) -> None:
    """Notify people whom a text names anew, and the owner of the thing that it is a comment on."""
    thing = {"run": runs, "sweep": sweeps}[table]
    row = conn.execute(select(thing.c.name, thing.c.owner_id).where(thing.c.id == key)).first()
    if row is None:
        return
    known = {folded(name) for name in mentions.names_in(before)}
    people = mentions.people(conn, {name for name in mentions.names_in(text) if folded(name) not in known})
    named = {person for person, _ in people.values()} - {acting()}
    short = " ".join(text.split())
    short = f"{short[:199]}…" if len(short) > 200 else short
    put(conn, named, "mention", table, key, f"You are named on “{row.name}”: {short}")
    if comment and (row.owner_id is None or row.owner_id not in {*named, acting()}):
        put(conn, [row.owner_id], "comment", table, key, f"Comment on “{row.name}”: {short}")
