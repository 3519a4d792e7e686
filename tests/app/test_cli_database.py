"""A database that cannot be used ends every command at once, with one line that says what to do."""

import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.broker import free_port
from tests.app.commands import Forked, environment

COMMANDS = ["up", "web", "migrate", "worker"]
# Far below the minute for which a start waits for somebody to migrate.
TIMEOUT_S = 40
Start = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(migrated: Path, tmp_path: Path) -> Iterator[Path]:
    """A data directory with a migrated database."""
    folder = tmp_path
    shutil.copy(migrated, folder / "ticketscope.db")
    yield folder
    subprocess.run(["umount", str(folder / "disk")], check=False, capture_output=True)


@pytest.fixture
def start(forked: Forked) -> Start:
    """Runs a command in a data directory."""

    def start(command: str, folder: Path, **settings: str) -> subprocess.CompletedProcess[str]:
        env = environment(folder, **{"BROKER_URL": "redis://127.0.0.1:1/0", **settings})
        return forked(env, command, seconds=TIMEOUT_S)

    return start


def says(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_garbage(start: Start, folder: Path, command: str) -> None:
    (folder / "ticketscope.db").write_bytes(b"this was never a database " * 1000)
    says(start(command, folder), "The database is damaged", "restore", "ticketscope.db")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_newer_one(start: Start, folder: Path, command: str) -> None:
    with closing(sqlite3.connect(folder / "ticketscope.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    says(start(command, folder), "revision 9999", "Update Ticketscope")


@pytest.fixture
def disk(folder: Path) -> Path:
    """A data directory on a disk of 1 MB of its own."""
    disk = folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a small disk can only be mounted by root")
    shutil.copy(folder / "ticketscope.db", disk)
    return disk


@pytest.mark.parametrize("command", COMMANDS)
def test_one_that_cannot_be_written(start: Start, disk: Path, command: str) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    says(start(command, disk), "database cannot be", "folder")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_disk_that_is_full(start: Start, disk: Path, command: str) -> None:
    (disk / "filler").write_bytes(bytes(shutil.disk_usage(disk).free))
    says(start(command, disk), "is full", "Free space")


@pytest.mark.parametrize("command", ["up"])
def test_a_folder_in_its_place(start: Start, folder: Path, command: str) -> None:
    (folder / "ticketscope.db").unlink()
    (folder / "ticketscope.db" / "x").mkdir(parents=True)
    says(start(command, folder), "cannot be opened")


@pytest.mark.parametrize("command", ["up"])
def test_a_server_that_is_not_there(start: Start, folder: Path, command: str) -> None:
    url = f"postgresql://user:secret@127.0.0.1:{free_port()}/lab"
    done = start(command, folder, DATABASE_URL=url)
    says(done, "does not answer", "127.0.0.1")
    assert "secret" not in done.stderr


@pytest.mark.parametrize("url", ["mysql://host/name", "nonsense"])
def test_an_address_that_is_none(start: Start, folder: Path, url: str) -> None:
    says(start("up", folder, DATABASE_URL=url), "TICKETSCOPE_DATABASE_URL")


def test_a_data_directory_that_cannot_be_made(start: Start, folder: Path) -> None:
    says(start("up", folder / "ticketscope.db" / "x"), "TICKETSCOPE_DATA_DIR")
