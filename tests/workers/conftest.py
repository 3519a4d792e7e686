"""A real lab per test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import Settings
from app.store import Store
from tests import migrated
from tests.lab import Lab, remember


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a process whose data are its own."""
    remember(tmp_path)
    return Settings(data_dir=tmp_path)


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    """The migrated store of `settings`."""
    migrated.put(settings.data_dir)
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def lab(tmp_path: Path, datasets_dir: Path) -> Iterator[Lab]:
    """Store only; a test starts the broker and the workers that it needs."""
    lab = Lab(tmp_path, datasets_dir)
    yield lab
    lab.close()
