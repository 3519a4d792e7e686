"""Small queries that every part of the store needs."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import Connection, select

from app.contract.training_key import TrainingKey, Value
from app.kinds.specs import KEYS
from app.store.errors import NotFound
from app.store.tables import runs


def exists(conn: Connection, run_id: str) -> None:
    """Check that there is such a run, in the bin or not. Raises NotFound."""
    key_of(conn, run_id)


def key_of(conn: Connection, run_id: str) -> type[TrainingKey]:
    """Return the coordinates that the kind of a run declares. Raises NotFound."""
    kind = conn.execute(select(runs.c.kind).where(runs.c.id == run_id)).scalar()
    if kind is None:
        raise NotFound(f"there is no run {run_id}")
    return KEYS[kind]


@lru_cache(4096)
def coordinates(key: str) -> Mapping[str, Value | None]:
    """Return the coordinates of a stored key by name."""
    coordinates: dict[str, Value | None] = orjson.loads(key)
    return MappingProxyType(coordinates)


def moment(seconds: float | None) -> Any:
    """Return seconds since 1970 as a time in UTC; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
