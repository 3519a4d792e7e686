"""What a log says of an error, and which errors another attempt would meet again."""

import errno

import pytest
import torch
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from app.store import Store
from tests.lab import small_spec
from workers.checkpoints import LostCheckpointsError
from workers.failure import final, reason


def test_a_full_disk_under_sqlite_is_known_as_one(store: Store) -> None:
    # There is one connection that writes: the limit holds for whatever the store does next.
    with store._db.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(OperationalError, match="database or disk is full") as raised:
        store.create_run(small_spec(), name="x", notes="n" * 10_000)
    assert final(raised.value)
    assert reason(raised.value).startswith("the disk is full: ")


def test_other_errors_of_sqlite_are_no_full_disk(store: Store) -> None:
    with pytest.raises(OperationalError, match="no such table") as missing, store._db.write() as connection:
        connection.exec_driver_sql("SELECT * FROM nowhere")
    with pytest.raises(IntegrityError) as violated, store._db.write() as connection:
        connection.exec_driver_sql("INSERT INTO speeds (model) VALUES (NULL)")
    # An error that the driver raises by itself has no code.
    with pytest.raises(ProgrammingError) as unbound, store._db.write() as connection:
        connection.exec_driver_sql("SELECT ?", ())
    assert not any(final(raised.value) for raised in (missing, violated, unbound))


def test_what_is_lost_for_good_is_final_and_want_of_memory_is_not() -> None:
    assert final(LostCheckpointsError("gone"))
    full = OSError(errno.ENOSPC, "No space left on device")
    assert final(full)
    assert reason(full).endswith("Make room, then resume the run.")
    short = torch.OutOfMemoryError("CUDA out of memory.")
    assert not final(short)
    assert reason(short) == "one replicate does not fit into the memory that is free: CUDA out of memory."
    assert (final(ValueError("x")), reason(ValueError("x"))) == (False, "ValueError: x")
