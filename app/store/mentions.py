"""What texts of people name: runs and sweeps by id, and people by name."""

import re
from collections.abc import Collection
from typing import Final

from sqlalchemy import Connection, select

from app.records.discussion import NamedThing
from app.store.people import folded
from app.store.people_tables import users
from app.store.tables import runs, sweeps

PERSON: Final = re.compile(r"(?<![\w@./])@(\w(?:[\w.-]{0,38}\w)?)")
"""A person by name."""
MOST = 100
"""Things or people that the texts of a page may name; others stay text."""


def names_in(text: str) -> set[str]:
    """Return names that a text mentions, whether there is such a person or not."""
    return {match[1] for match in PERSON.finditer(text)}


def things(conn: Connection, keys: Collection[str]) -> dict[str, NamedThing]:
    """Return the runs and sweeps among ids."""
    some = sorted(keys)[:MOST]
    if not some:
        return {}
    of_runs = select(runs.c.id, runs.c.name, runs.c.state, runs.c.deleted_at).where(runs.c.id.in_(some))
    of_sweeps = select(sweeps.c.id, sweeps.c.name, sweeps.c.state, sweeps.c.deleted_at).where(sweeps.c.id.in_(some))
    return {
        row.id: NamedThing(
            name=row.name, state=row.state if row.deleted_at is None else "in the bin", path=f"/{what}/{row.id}"
        )
        for what, query in (("sweeps", of_sweeps), ("runs", of_runs))
        for row in conn.execute(query)
    }


def people(conn: Connection, names: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return id and name of people with accounts that can be used, by the name as it is compared."""
    some = sorted({folded(name) for name in names})[:MOST]
    if not some:
        return {}
    query = select(users.c.folded, users.c.id, users.c.name).where(
        users.c.folded.in_(some), users.c.deactivated_at.is_(None)
    )
    return {row.folded: (row.id, row.name) for row in conn.execute(query)}
