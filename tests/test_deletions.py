"""Every place that deletes is known and has its own test; `make clean` leaves data alone."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# Calls that delete files or rows, and where each may stand: the tests that cover it are named beside it.
CALLS = {"unlink", "remove", "rmtree", "rmdir", "removedirs", "rm", "rm_file", "truncate", "delete", "drop_table"}
KNOWN = {
    # A half-written file of this process's own (tests/app/store/test_artifacts.py), and `delete` itself.
    "app/store/artifacts.py": {"rm_file"},
    # The trash after a week, and broken writes (tests/app/store/test_sweep.py).
    "app/store/trash.py": {"rm_file"},
    # Its own temporary file beside valkey.conf.
    "app/broker.py": {"unlink"},
    # A checkpoint that this attempt wrote and its shard has dropped (tests/workers/test_child.py).
    "workers/saves.py": {"delete"},
    # The broken part of an artifact or a backup of its own; what migrations put into new tables, and artifacts that a
    # restore which failed has put (tests/app/backups).
    "app/doctor/kept.py": {"delete"},  # a file of its own
    "app/backups/files.py": {"unlink"},
    "app/backups/write.py": {"rmtree"},
    "app/backups/restore.py": {"delete"},
    # Rows: a run purged from the bin, workers of yesterday, what they refused, notes of what was swept.
    "app/store/lifecycle.py": {"delete"},
    "app/store/sweep_bin.py": {"delete"},  # tests/app/store/test_sweep_bin.py
    "app/store/workers.py": {"delete"},
    # The message of before (tests/app/store/test_worker_control.py), and the way back to before there was one.
    "app/store/worker_control.py": {"delete"},
    "app/store/migrations/versions/0024_worker_modes.py": {"drop_table"},
    "app/store/refusals.py": {"delete"},
    # Sessions that are over, and logins of before the window or that were not tried (tests/app/store/test_accounts.py).
    "app/store/sessions.py": {"delete"},
    "app/store/logins.py": {"delete"},
    "app/store/references.py": {"delete"},
    # The way back to before there were published links (tests/app/store/test_published.py).
    **{
        f"app/store/migrations/versions/{name}.py": {"drop_table"}  # tests/app/store/test_migrate_back.py
        for name in (
            "0007_facts",
            "0009_measures",
            "0010_sweeps",
            "0011_submissions_and_early_stops",
            "0014_people",
            "0015_audit",
        )
    },
    "app/store/migrations/versions/0016_published.py": {"drop_table"},
    "app/store/migrations/versions/0017_identities.py": {"drop_table"},  # tests/app/store/test_identities.py
    "app/store/migrations/versions/0022_projects.py": {"drop_table"},  # tests/app/store/test_projects.py
    "app/store/projects.py": {"delete"},  # a member of a project, not an account
    "app/store/migrations/versions/0023_run_numbers.py": {"drop_table"},  # tests/app/store/test_before_run_numbers.py
    "app/store/identities.py": {"delete"},  # a login that its person has disconnected (…/accounts/test_oidc.py)
    # The way back to before there were priorities (tests/app/store/test_queue_order.py).
    "app/store/migrations/versions/0020_priorities.py": {"drop_table"},
    # A place that somebody has removed, and the way back (tests/app/store/test_notifying.py).
    "app/store/notifying.py": {"delete"},
    "app/store/migrations/versions/0025_notices.py": {"drop_table"},
    "app/web/reports/api.py": {"delete"},  # a report that can be restored (tests/app/web/reports/test_api.py)
    "app/store/migrations/versions/0026_reports.py": {"drop_table"},  # tests/app/store/test_reporting.py
    # The way back to before there were comments (tests/app/store/test_comments.py); the route of DELETE.
    "app/store/migrations/versions/0021_comments.py": {"drop_table"},
    "app/web/comments/api.py": {"delete"},
    # Fields of a spec that has grown, written anew from it (tests/app/store/test_matching.py).
    "app/store/facts.py": {"delete"},
    # Its own answer, written anew; its own broken download.
    "workers/memory.py": {"truncate"},
    "workers/science/data/files.py": {"unlink"},
    # Items of lists in memory; the route of DELETE.
    "workers/science/stacked/footprint.py": {"remove"},
    "app/imports/recognition.py": {"remove"},
    "workers/worker.py": {"remove"},
    "app/web/run/api.py": {"delete"},
    "app/web/sweeps/api.py": {"delete"},
    "app/web/board/views.py": {"delete"},
}


def _deletions(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in CALLS:
                yield name


def test_nothing_deletes_but_what_is_known_to() -> None:
    found: dict[str, set[str]] = {}
    for folder in ("app", "workers", "client"):
        for file in (ROOT / folder).rglob("*.py"):
            if names := set(_deletions(file)):
                found[str(file.relative_to(ROOT))] = names
    assert found == KNOWN


def test_a_new_deletion_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "planted.py"
    file.write_text("import shutil\nshutil.rmtree('data')\n")
    assert list(_deletions(file)) == ["rmtree"]


def test_make_clean_leaves_the_data(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    data = ["data/artifacts/ab/file", "data/ticketscope.db", "datasets/mnist.gz"]
    for name in (*data, ".venv/x", "build/x"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    subprocess.run(["make", "clean"], cwd=tmp_path, check=True, capture_output=True)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"Makefile", *data}
