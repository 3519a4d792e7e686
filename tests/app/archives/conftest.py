"""Runs to archive, and other installations to import them into."""

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.archives.write import archive
from app.settings import Settings
from app.store import Store
from tests.app.conftest import Hand
from tests.app.erased_run import write_run as erased_run
from tests.app.masked_run import write_run
from tests.app.store.conftest import migrated_postgres as migrated_postgres
from tests.app.store.conftest import postgres as postgres


@pytest.fixture
def elsewhere(tmp_path: Path, migrated: Path) -> Iterator[Callable[[], Store]]:
    """Opens further, empty installations."""
    opened: list[Store] = []

    def elsewhere() -> Store:
        folder = tmp_path / f"elsewhere-{len(opened)}"
        folder.mkdir()
        shutil.copy(migrated, folder / "ticketscope.db")
        opened.append(Store(f"sqlite:///{folder / 'ticketscope.db'}", str(folder / "artifacts")))
        return opened[-1]

    yield elsewhere
    for store in opened:
        store.close()


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> tuple[Path, list[str]]:
    """A data directory with runs of two kinds, and their ids, written once.

    Masks of two replicates, an erasure, and tickets with outcomes whose run has failed.
    """
    folder = tmp_path_factory.mktemp("three")
    shutil.copy(migrated, folder / "ticketscope.db")
    store = Store(f"sqlite:///{folder / 'ticketscope.db'}", str(folder / "artifacts"))
    masked = write_run(store, {"fc1": (6, 8), "fc2": (3, 6)}, replicates=2)
    (erased,) = erased_run(store)
    hand = Hand(store)
    measured = hand.run(branches=[{"kind": "reinit"}])
    for level, density, accuracy in ((0, 1.0, 0.91), (1, 0.64, 0.92), (2, 0.41, 0.90)):
        hand.outcome(level, density, accuracy)
    hand.outcome(1, 0.64, 0.88, control="reinit")
    store.fail(hand.claim.shard_id, hand.claim.token, "out of “disk”", "Traceback …", final=True)
    store.update_run(measured.id, name="é <b>", tags=["one", "two"], notes="line\nline")
    store.close()
    return folder, [masked.id, erased.id, measured.id]


@pytest.fixture
def store(request: pytest.FixtureRequest, settings: Settings, migrated: Path) -> Iterator[Store]:
    """The store of a test; of one that takes `three` it holds them from the start."""
    if "three" in request.fixturenames:
        shutil.copytree(request.getfixturevalue("written")[0], settings.data_dir, dirs_exist_ok=True)
    else:
        shutil.copy(migrated, settings.data_dir / "ticketscope.db")
    store = Store(settings.resolved_database_url, settings.resolved_artifacts_url)
    yield store
    store.close()


@pytest.fixture
def three(store: Store, written: tuple[Path, list[str]]) -> list[str]:
    """Ids of the runs of `written`, of which `store` has a copy."""
    return list(written[1])


def packed(store: Store, run_ids: list[str]) -> io.BytesIO:
    """An archive of runs in memory."""
    return io.BytesIO(b"".join(archive(store, run_ids)))
