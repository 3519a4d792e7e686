"""How long an optimizer step took the last time, by model, data set, batch and device."""

from typing import NamedTuple

from sqlalchemy import Connection, delete, insert, select

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
    columns = ("model", "dataset", "batch_size", "device")
    conn.execute(delete(speeds).where(*(speeds.c[column] == getattr(speed, column) for column in columns)))
    conn.execute(insert(speeds).values(speed._asdict()))


def known(conn: Connection) -> list[Speed]:
    """All speeds, in the order of their keys."""
    columns = [speeds.c[field] for field in Speed._fields]
    return [Speed(*row) for row in conn.execute(select(*columns).order_by(*columns))]
