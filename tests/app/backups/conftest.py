"""Stores of both kinds to back up, with rows in every table, and places to restore to."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.backups.manifest import Manifest
from app.backups.read import Backup
from app.backups.restore import restore
from app.backups.write import backup
from app.store import Store
from tests.app.backups.filled import fill
from tests.app.store.conftest import database_url as database_url
from tests.app.store.conftest import migrated_postgres as migrated_postgres
from tests.app.store.conftest import migrated_sqlite as migrated_sqlite
from tests.app.store.conftest import new_url as new_url
from tests.app.store.conftest import postgres as postgres
from tests.app.store.conftest import spec as spec

Restore = Callable[..., Store]


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[str, str], Store]]:
    """Opens the store of a database, with artifacts in a folder of its own."""
    opened: list[Store] = []

    def open_store(url: str, folder: str) -> Store:
        opened.append(Store(url, str(tmp_path / folder)))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[str, str], Store], database_url: str) -> Store:
    """A store with rows in every table and a few artifacts."""
    store = open_store(database_url, "artifacts")
    fill(store)
    return store


@pytest.fixture
def small(open_store: Callable[[str, str], Store], migrated_sqlite: Path, tmp_path: Path) -> Store:
    """The same in SQLite, for what has nothing to do with its kind."""
    shutil.copy(migrated_sqlite, tmp_path / "small.db")
    store = open_store(f"sqlite:///{tmp_path / 'small.db'}", "artifacts")
    fill(store)
    return store


@pytest.fixture
def new_file(tmp_path: Path) -> str:
    """An SQLite database that was never migrated."""
    return f"sqlite:///{tmp_path / 'new.db'}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def written(small: Store, folder: Path) -> tuple[Path, Manifest]:
    """The store as a backup."""
    return backup(small, folder)


@pytest.fixture
def bring(open_store: Callable[[str, str], Store]) -> Restore:
    """Checks and restores a backup into a database, with artifacts in a folder beside."""

    def bring(place: Path, url: str, folder: str = "restored", *, replace: bool = False) -> Store:
        source = Backup(place)
        source.check()
        store = open_store(url, folder)
        try:
            restore(source, store.database, store.artifacts_store, replace=replace)
        finally:
            store.close()
        return store

    return bring
