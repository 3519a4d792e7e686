"""A database and an artifact root that do not belong together: nothing is deleted, and a line says what to do."""

import shutil
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from app.store import Artifacts, Mismatch, NotAdopted, Store
from app.store.database import Database
from app.store.migrate import config
from app.store.trash import Swept
from tests.app.commands import Forked, environment
from tests.app.store.crowd import crowd

ROOTS = ["folder", "memory"]


@pytest.fixture(params=ROOTS)
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "root") if request.param == "folder" else f"memory://{tmp_path}"


@pytest.fixture
def url(tmp_path: Path, migrated_sqlite: Path) -> str:
    shutil.copy(migrated_sqlite, tmp_path / "known.db")
    return f"sqlite:///{tmp_path / 'known.db'}"


def _filled(url: str, root: str) -> list[str]:
    """Migrate a database and put 20 artifacts into its root; returns their hashes."""
    store = Store(url, root)
    store.migrate()
    store.close()
    return [store.artifacts_store.put(bytes([i])) for i in range(20)]


def _hashes(root: str) -> set[str]:
    return set(Artifacts(root).hashes())


def test_an_empty_database_in_place_of_a_known_one_is_refused_and_stays_empty(
    url: str, new_url: str, root: str
) -> None:
    saved = _filled(url, root)
    store = Store(new_url, root)
    for start in (store.migrate, lambda: store.wait_for_revision(60)):
        with pytest.raises(Mismatch, match=r"is empty.*TICKETSCOPE_DATABASE_URL.*start with an empty one"):
            start()
    assert store._db.is_new()
    assert _hashes(root) == set(saved)
    store.close()


def test_a_truncated_database_is_refused(url: str, root: str, tmp_path: Path) -> None:
    _filled(url, root)
    for path in tmp_path.glob("known.db*"):
        path.write_bytes(b"")
    store = Store(url, root)
    with pytest.raises(Mismatch, match="is empty"):
        store.migrate()
    store.close()


def test_artifacts_of_before_there_were_ids_also_show_that_there_was_a_database(new_url: str, root: str) -> None:
    Artifacts(root).put(b"of an old version")
    store = Store(new_url, root)
    with pytest.raises(Mismatch, match="is empty"):
        store.migrate()
    store.close()


def test_another_database_starts_nothing_and_sweeps_nothing(url: str, new_url: str, root: str, tmp_path: Path) -> None:
    saved = _filled(url, root)
    other = Store(new_url, str(tmp_path / "its own root"))
    other.migrate()
    other.close()
    other = Store(new_url, root)
    for start in (other.migrate, lambda: other.wait_for_revision(60), lambda: other.sweep_artifacts(-1.0)):
        with pytest.raises(Mismatch, match="belong to another database"):
            start()
    assert _hashes(root) == set(saved)
    other.close()


def test_its_own_database_sweeps(url: str, root: str) -> None:
    _filled(url, root)
    store = Store(url, root)
    store.migrate()
    store.wait_for_revision(0.0)
    assert store.sweep_artifacts() == Swept()
    store.close()


@pytest.mark.parametrize("known", [12, 3])
def test_a_database_of_the_old_schema_adopts_its_own_artifacts_and_no_others(
    new_url: str, root: str, known: int, caplog: pytest.LogCaptureFixture
) -> None:
    saved = [Artifacts(root).put(bytes([i])) for i in range(20)]
    database = Database(new_url)
    if database.is_sqlite:
        with database.writer.connect() as connection:
            connection.connection.cursor().execute("PRAGMA journal_mode = WAL")
    with database.write() as connection:
        command.upgrade(config(connection), "0003")
        connection.execute(
            text(
                "INSERT INTO runs (id, name, kind, model, dataset, spec, work, state, tags, notes, search, provenance, "
                "created_at, last_seq) VALUES ('r', 'r', 'imported', 'm', 'd', '{}', 0, 'finished', '[]', '', '', "
                "'{}', 1.0, 0)"
            )
        )
        for seq, sha256 in enumerate(saved[:known]):
            connection.execute(
                text(
                    "INSERT INTO artifacts (run_id, seq, sha256, replicate, level, branch, draw, name, media_type, "
                    "size_bytes, meta) VALUES ('r', :seq, :sha256, 0, 0, '', 0, 'mask', 'x/y', 1, '{}')"
                ),
                {"seq": seq, "sha256": sha256},
            )
    database.dispose()
    store = Store(new_url, root)
    store.migrate()
    store.wait_for_revision(0.0)
    if known == 12:
        assert len(Artifacts(root).marker()) == 32
        assert store.sweep_artifacts(older_than_s=-1.0).trashed == 8
        assert _hashes(root) == set(saved[:12])
    else:
        assert "17 of 20 files" in caplog.text
        with pytest.raises(NotAdopted, match=r"write [0-9a-f]{32} into .*ticketscope-id"):
            store.sweep_artifacts(older_than_s=-1.0)
        assert _hashes(root) == set(saved)
    store.close()


def test_a_root_that_two_databases_take_at_once_belongs_to_one(tmp_path: Path) -> None:
    script = """
from app.store import Mismatch, Store
try:
    Store(f"sqlite:///{folder}/{i}.db", f"{folder}/root").migrate()
except Mismatch:
    print("refused")
"""
    assert sorted(crowd(script, 4, folder=str(tmp_path))) == ["", *["refused\n"] * 3]


def test_a_marker_that_a_power_cut_left_empty_is_written_again(url: str, tmp_path: Path) -> None:
    root = tmp_path / "root"
    _filled(url, str(root))
    marker = root / "ticketscope-id"
    own = marker.read_text()
    shutil.rmtree(root)
    root.mkdir()
    marker.write_text("")
    store = Store(url, str(root))
    store.wait_for_revision(0.0)
    assert marker.read_text() == own
    store.close()


def test_artifacts_out_of_reach_delay_no_start(url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    root = tmp_path / "root"
    _filled(url, str(root))
    shutil.rmtree(root)
    root.write_text("a file where the folder should be")
    store = Store(url, str(root))
    store.wait_for_revision(0.0)
    assert "cannot be reached" in caplog.text
    store.close()


def test_the_command_line_says_it_in_one_line(forked: Forked, url: str, tmp_path: Path) -> None:
    root = tmp_path / "artifacts"
    _filled(url, str(root))
    for name in ("migrate", "web", "up"):
        done = forked(environment(tmp_path), name, seconds=30)
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "is empty, but" in done.stderr
    assert not (tmp_path / "ticketscope.db").exists()
