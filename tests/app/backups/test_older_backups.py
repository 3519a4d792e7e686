"""A backup that an earlier program has written is restored at its revision, and migrated from there."""

from pathlib import Path

import pytest
from sqlalchemy import MetaData

from app.backups.write import backup
from app.store import Store
from tests.app.backups.conftest import Restore
from tests.app.backups.filled import artifacts, contents

FIRST_WITH_BACKUPS = "0019"


def test_one_of_an_older_program_is_migrated(
    small: Store, folder: Path, new_url: str, bring: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.migrate_back(FIRST_WITH_BACKUPS)
    tables = MetaData()
    with small.database.read() as conn:
        tables.reflect(conn)
    # What that program knew of: its revision and its tables.
    tables.remove(tables.tables["alembic_version"])
    monkeypatch.setattr("app.backups.write.REVISION", FIRST_WITH_BACKUPS)
    monkeypatch.setattr("app.backups.write.metadata", tables)
    place, manifest = backup(small, folder)
    assert manifest.revision == FIRST_WITH_BACKUPS
    small.migrate()
    again = bring(place, new_url)
    assert again.trouble() is None
    assert (contents(again), artifacts(again)) == (contents(small), artifacts(small))
