"""What an earlier commit wrote: a dump of its database, the files of its artifact store, and what its API answered."""

import gzip
import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData, insert

from app.contract.experiment import Experiment
from app.kinds.specs import EXPERIMENT
from app.store import Artifacts, CheckpointRef, Store
from app.store.database import Database
from app.store.migrate import config
from app.store.tables import metadata


class Left(NamedTuple):
    """What a kill left of the first replicate of a run."""

    name: str
    spec: Experiment
    refs: list[CheckpointRef]
    logged: int


class WrittenBefore:
    """A folder with `dump.sql.gz`, `artifacts.zip` and `answers.json.gz`, of a database at `revision`."""

    def __init__(self, folder: Path, revision: str) -> None:
        self._folder, self._revision = folder, revision
        self.answers: dict[str, Any] = json.loads(gzip.decompress((folder / "answers.json.gz").read_bytes()))

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(":memory:")
        connection.executescript(gzip.decompress((self._folder / "dump.sql.gz").read_bytes()).decode())
        connection.row_factory = sqlite3.Row
        yield connection
        connection.close()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table as they were."""
        if table == "alembic_version":
            return []
        with self._database() as connection:
            return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]

    def left(self, run_id: str) -> Left:
        """Return what a kill left of a run."""
        query = "SELECT spec, checkpoints, next_ordinal FROM runs JOIN shards ON run_id = runs.id WHERE runs.id = ?"
        with self._database() as connection:
            spec, refs, logged = connection.execute(query, (run_id,)).fetchone()
        checkpoints = [CheckpointRef(**ref) for ref in json.loads(refs)]
        return Left(f"{run_id}/0", EXPERIMENT.validate_json(spec), checkpoints, logged)

    def artifacts(self, folder: Path) -> Artifacts:
        """Unpack the artifact store into `folder`."""
        with zipfile.ZipFile(self._folder / "artifacts.zip") as archive:
            for name in archive.namelist():
                (folder / name[:2]).mkdir(parents=True, exist_ok=True)
                (folder / name[:2] / name).write_bytes(archive.read(name))
        return Artifacts(str(folder))

    def opened(self, url: str, folder: Path) -> Store:
        """Put the rows into the empty database at `url`, migrate it to the newest revision and open it."""
        database = Database(url)
        if database.is_sqlite:
            with database.writer.connect() as connection:
                connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
        with database.write() as connection:
            command.upgrade(config(connection), self._revision)
            tables = MetaData()
            tables.reflect(connection)
            connection.execute(tables.tables["installation"].delete())
            for table in tables.sorted_tables:
                if rows := self.rows(table.name):
                    connection.execute(insert(table), rows)
        with database.write() as connection:
            command.upgrade(config(connection), "head")
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            assert compare_metadata(context, metadata) == []
        database.dispose()
        self.artifacts(folder)
        return Store(url, str(folder))
