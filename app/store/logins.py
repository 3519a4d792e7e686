"""Logins that are tried: how many a name and an address have had lately."""

from sqlalchemy import Connection, delete, func, insert, select

from app.store.people import folded
from app.store.people_tables import logins
from app.store.secret import hashed
from app.store.sql import Now

WINDOW_S = 900.0
OF_BOTH = 10
"""Logins of one name from one address within `WINDOW_S`."""
OF_NAME = 100
"""Logins of one name from anywhere: far more than a person needs, far fewer than a guess does."""
OF_ADDRESS = 100
"""Logins of all names from one address, which a lab may share."""


def note(conn: Connection, name: str, address: str) -> int:
    """Note a login before it is tried and return its number; those of before the window are deleted."""
    conn.execute(delete(logins).where(logins.c.at < Now() - WINDOW_S))
    new = insert(logins).values(name=_key(name), address=address[:64], at=Now()).returning(logins.c.id)
    return int(conn.execute(new).scalar_one())


def take_back(conn: Connection, number: int) -> None:
    """Delete a login that was refused, so that to try too early does not lengthen the wait."""
    conn.execute(delete(logins).where(logins.c.id == number))


def wait_s(conn: Connection, name: str, address: str) -> float:
    """Return after how many seconds the noted login could be tried; 0 where it may be now."""
    of_name, of_address = logins.c.name == _key(name), logins.c.address == address[:64]
    lately = logins.c.at >= Now() - WINDOW_S
    waits = [0.0]
    for which, most in (((of_name, of_address), OF_BOTH), ((of_name,), OF_NAME), ((of_address,), OF_ADDRESS)):
        count, left = conn.execute(
            select(func.count(), func.min(logins.c.at) + WINDOW_S - Now()).select_from(logins).where(*which, lately)
        ).one()
        if count > most:
            waits.append(max(1.0, left))
    return max(waits)


def forget(conn: Connection, name: str, address: str) -> None:
    """Delete the logins of a name from an address: one of them has succeeded."""
    conn.execute(delete(logins).where(logins.c.name == _key(name), logins.c.address == address[:64]))


def _key(name: str) -> str:
    return hashed(folded(name.strip()))
