"""What one replicate measured and saved, read back whole and in its order."""

from functools import cache

import numpy as np
from sqlalchemy import Connection, and_, select

from app.contract.outputs import Key, Output, Outputs, Rows, Saved
from app.store.lookup import coordinates, key_of
from app.store.series import measured
from app.store.tables import artifacts, chunks, events


def of_replicate(conn: Connection, run_id: str, replicate: int) -> Outputs:
    """Return every series and artifact of each training, in the order of their first ordinals. Raises NotFound.

    Where the log was cut into chunks depends on the clock; the rows do not.
    """
    key_class = key_of(conn, run_id)
    trainings = cache(lambda text: key_class.model_validate(coordinates(text)))
    first: dict[Key, int] = {}
    outputs: dict[Key, Output] = {}
    pieces: dict[Key, list[tuple[int, str, bytes]]] = {}
    query = select(*(chunks.c[name] for name in ("key", "series", "ordinal", "rows", "names", "data")))
    query = query.where(chunks.c.run_id == run_id, chunks.c.replicate == replicate).order_by(chunks.c.ordinal)
    for row in conn.execute(query):
        key = Key(trainings(row.key), "rows", row.series)
        first.setdefault(key, row.ordinal)
        pieces.setdefault(key, []).append((row.rows, row.names, row.data))
    for key, of_key in pieces.items():
        columns = measured(*zip(*of_key, strict=True))
        outputs[key] = Rows(tuple(columns), np.stack(list(columns.values())))
    joined = artifacts.join(events, and_(events.c.run_id == artifacts.c.run_id, events.c.seq == artifacts.c.seq))
    names = ("key", "name", "sha256", "size_bytes")
    saved = select(*(artifacts.c[name] for name in names), events.c.ordinal).select_from(joined)
    for row in conn.execute(saved.where(artifacts.c.run_id == run_id, artifacts.c.replicate == replicate)):
        key = Key(trainings(row.key), "artifact", row.name)
        first[key] = row.ordinal
        outputs[key] = Saved(row.sha256, row.size_bytes)
    return {key: outputs[key] for key in sorted(outputs, key=first.__getitem__)}
