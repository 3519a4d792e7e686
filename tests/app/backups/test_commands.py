"""The commands of docs/operations.md, run as they stand, and a run that goes on where its backup was restored."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.store import Store
from app.store.tables import REVISION
from tests.app.backups.filled import contents, fill
from tests.app.commands import Forked, environment
from tests.lab import Lab, results, small_spec, until

PAGE = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines()]


@pytest.fixture
def data(migrated: Path, tmp_path: Path) -> Path:
    """A data directory with rows in every table."""
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(migrated, folder / "ticketscope.db")
    store = Store(f"sqlite:///{folder / 'ticketscope.db'}", str(folder / "artifacts"))
    fill(store)
    store.close()
    return folder


def test_the_commands_of_the_page_work_one_after_the_other(data: Path, tmp_path: Path) -> None:
    assert len(COMMANDS) >= 5
    env = environment(data)
    store = Store(f"sqlite:///{data / 'ticketscope.db'}", str(data / "artifacts"))
    before = contents(store)
    store.close()
    printed: dict[str, str] = {}
    for command in COMMANDS:
        program, *arguments = command.split()
        assert program == "ticketscope"
        if arguments[0] == "restore" and "--check" not in arguments:
            shutil.rmtree(data)
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", *arguments], env={**env, "PYTHONPATH": str(Path(__file__).parents[3])},
            cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        printed[command] = done.stdout
        # The rows that were planted are of no lab that works.
        assert done.returncode == (1 if arguments[0] == "doctor" else 0), done.stderr
        if arguments[0] == "restore":
            again = Store(f"sqlite:///{data / 'ticketscope.db'}", str(data / "artifacts"))
            assert contents(again) == before
            again.close()
    assert "every byte is as it was written" in printed["ticketscope restore backups --check"]
    assert "restored" in printed["ticketscope restore backups"]


def test_replacing_says_what_would_go_and_asks(forked: Forked, data: Path, tmp_path: Path) -> None:
    env = environment(data)
    assert forked(env, "backup", str(tmp_path / "backups")).returncode == 0
    refused = forked(env, "restore", str(tmp_path / "backups"))
    assert (refused.returncode, "Restore with --replace" in refused.stderr) == (1, True)
    asked = forked(env, "restore", str(tmp_path / "backups"), "--replace")
    assert asked.returncode == 1
    assert "This would go: 2 runs, 2 sweeps, 2 accounts, 2 views, 3 artifacts" in asked.stdout
    replaced = forked(env, "restore", str(tmp_path / "backups"), "--replace", "--yes")
    assert replaced.returncode == 0, replaced.stderr
    none = forked(env, "restore", str(tmp_path / "nowhere"))
    assert (none.returncode, len(none.stderr.splitlines())) == (1, 1)


def test_a_database_goes_back_and_is_then_too_old_for_a_backup(forked: Forked, data: Path, tmp_path: Path) -> None:
    env = environment(data)
    assert forked(env, "migrate", "--to", "0016").stdout == "the database is at revision 0016\n"
    late = forked(env, "backup", str(tmp_path / "backups"))
    assert (late.returncode, "ticketscope migrate" in late.stderr) == (1, True)
    assert forked(env, "migrate").returncode == 0
    wrong = forked(env, "migrate", "--to", REVISION)
    assert (wrong.returncode, "not an earlier revision" in wrong.stderr) == (1, True)


def test_a_run_goes_on_where_its_backup_was_restored(tmp_path: Path, datasets_dir: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    spec = small_spec(steps=400, eval_every=40, levels=3)
    first = Lab(folders[0], datasets_dir, checkpoint_s=0.2)
    try:
        first.start_broker()
        first.start_worker()
        run = first.submit(spec)
        until(lambda: first.count(run, "measured") >= 2, 60)
        done = subprocess.run(
            [sys.executable, "-m", "app.cli", "backup", str(tmp_path / "backups")], env=first.env,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert first.store.run(run).state == "running"
        first.ends([run], 120)
        wanted = results(first.store, run)
    finally:
        first.close()
    env = environment(folders[1])
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "restore", str(tmp_path / "backups")], env=env,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    second = Lab(folders[1], datasets_dir)
    try:
        assert second.store.run(run).state == "running"
        second.start_broker()
        second.start_worker()
        assert [run.state for run in second.ends([run], 120)] == ["finished"]
        assert results(second.store, run) == wanted
        starts = second.store.starts(run)
        assert len(starts) == 2  # it was resumed
    finally:
        second.close()
