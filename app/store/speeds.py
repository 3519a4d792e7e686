"""How long an optimizer step took the last time, by model, data set, batch and device."""

from typing import NamedTuple

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from app.store.tables import speeds


class Speed(NamedTuple):
    """Seconds per optimizer step of one training alone on its core or device, evaluations included."""

    model: str
    dataset: str
    batch_size: int
    device: str
    step_s: float


def record(conn: Connection, speed: Speed) -> None:
    """Keep a speed in place of an older one of the same combination."""
    # In one statement: two children that end a training at the same time may bring the same combination.
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    new = insert(speeds).values(speed._asdict())
    conn.execute(new.on_conflict_do_update(index_elements=speeds.primary_key, set_={"step_s": speed.step_s}))


def known(conn: Connection) -> list[Speed]:
    """Return all speeds, in the order of their keys."""
    columns = [speeds.c[field] for field in Speed._fields]
    return [Speed(*row) for row in conn.execute(select(*columns).order_by(*columns))]
