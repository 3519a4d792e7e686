"""What is cut off, altered or made to do harm is refused in words, before the store is touched."""

import gzip
import hashlib
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.backups.manifest import BadBackup, Manifest
from app.backups.read import Backup
from app.backups.write import backup
from app.store import Store
from tests.app.backups.conftest import Restore
from tests.app.backups.filled import artifacts, contents

Written = tuple[Path, Manifest]


def rewrite(place: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Alter the manifest, and its digest with it."""
    about = json.loads((place / "manifest.json").read_text())
    change(about)
    text = json.dumps(about)
    (place / "manifest.json").write_text(text)
    (place / "manifest.json.sha256").write_text(f"{hashlib.sha256(text.encode()).hexdigest()}  manifest.json\n")


def table(about: dict[str, Any], name: str) -> dict[str, Any]:
    return next(item for item in about["tables"] if item["name"] == name)


def replant(place: Path, name: str, content: bytes) -> None:
    """Put other rows into a table, with all digests of the file as they should be."""
    packed = gzip.compress(content)
    (place / f"{name}.jsonl.gz").write_bytes(packed)
    digest = {"size": len(packed), "sha256": hashlib.sha256(packed).hexdigest()}
    rewrite(place, lambda about: table(about, name).update(digest))


@pytest.fixture
def refused(tmp_path: Path, new_file: str, bring: Restore) -> Callable[[Path, str], None]:
    """A backup is refused with these words, and nothing is left where it was restored to."""

    def refused(place: Path, words: str) -> None:
        with pytest.raises(BadBackup, match=words):
            bring(place, new_file)
        assert not (tmp_path / "restored").exists()
        assert not (tmp_path / "new.db").exists()

    return refused


Refused = Callable[[Path, str], None]


def test_each_flipped_byte_is_found(written: Written, refused: Refused) -> None:
    place = written[0]
    files = [*place.iterdir(), *(path for path in (place.parent / "artifacts").rglob("*") if path.stat().st_size)]
    for path in (path for path in files if path.is_file()):
        whole = path.read_bytes()
        for at in {0, len(whole) // 2, len(whole) - 1}:
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
            refused(place, "damaged|manifest")
        path.write_bytes(whole)
    Backup(place).check()


def test_each_missing_or_shortened_file_is_found(written: Written, refused: Refused) -> None:
    place = written[0]
    files = [*place.iterdir(), *(path for path in (place.parent / "artifacts").rglob("*") if path.stat().st_size)]
    for path in (path for path in files if path.is_file()):
        whole = path.read_bytes()
        path.write_bytes(whole[:-1])
        refused(place, "damaged|manifest|cannot")
        path.unlink()
        refused(place, "cannot be read|is missing|holds no backup")
        path.write_bytes(whole)
    Backup(place).check()


def test_links_lead_nowhere(written: Written, refused: Refused, tmp_path: Path) -> None:
    place = written[0]
    for path in (place / "runs.jsonl.gz", next(p for p in (place.parent / "artifacts").rglob("*") if p.is_file())):
        elsewhere = tmp_path / "elsewhere"
        path.rename(elsewhere)
        path.symlink_to(elsewhere)
        refused(place, "cannot be read")
        path.unlink()
        elsewhere.rename(path)


def test_one_of_a_newer_program(written: Written, refused: Refused) -> None:
    rewrite(written[0], lambda about: about.update(revision="9999", columns_of_tomorrow=1))
    refused(written[0], "a newer program .* revision 9999.*Update Ticketscope")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../../etc/passwd"),
        ("name", "sqlite_master"),
        ("name", "alembic_version"),
        ("rows", -1),
        ("columns", ["id; DROP TABLE runs"]),
        ("sha256", "x"),
        ("extra", 1),
    ],
)
def test_names_and_numbers_that_were_never_written(
    written: Written, refused: Refused, field: str, value: object
) -> None:
    rewrite(written[0], lambda about: table(about, "runs").update({field: value}))
    refused(written[0], "manifest.json")


def test_artifacts_with_paths_for_names(written: Written, refused: Refused) -> None:
    place = written[0]
    line = b'["../../../../../../../../../../../../../../../../../etc/passwd0000",1]\n'
    packed = gzip.compress(line)
    (place / "files.jsonl.gz").write_bytes(packed)
    digest = f"{int.from_bytes(hashlib.sha256(line).digest()):064x}"
    about = {"rows": 1, "digest": digest, "unpacked": len(line), "size": len(packed),
             "sha256": hashlib.sha256(packed).hexdigest()}  # fmt: skip
    rewrite(place, lambda manifest: manifest["artifacts"].update(about))
    refused(place, "names an artifact that is none")


@pytest.mark.parametrize(
    "content",
    [
        b"[" + b" " * 50_000_000 + b"]\n",
        b'{"a": 1}\n',
        b"not json\n",
        b'[["list"]]\n',
        b'[{"pickle": "gASV"}]\n',
        b"[1, 2",
        b"[" * 100_000 + b"\n",
    ],
    ids=["bomb", "object", "garbage", "list", "pickle", "cut", "deep"],
)
def test_rows_that_were_never_written(written: Written, refused: Refused, content: bytes) -> None:
    replant(written[0], "views", content)
    refused(written[0], "views.jsonl.gz")


def test_columns_of_another_schema_leave_the_store_as_it_was(
    small: Store, written: Written, bring: Restore, open_store: Callable[[str, str], Store]
) -> None:
    before = contents(small), artifacts(small)
    small.close()
    rewrite(written[0], lambda about: table(about, "views").update(columns=["id", "title", "query", "x", "y"]))
    with pytest.raises(BadBackup, match="the columns of views are not those of revision"):
        bring(written[0], small.database_url, "artifacts", replace=True)
    assert (contents(small), artifacts(small)) == before
    small.check_installation()


def test_a_full_disk_while_it_is_written(small: Store, folder: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    small.close()
    done = subprocess.run(
        [sys.executable, "-c", f"{ignored}; from app.cli import main; main()", "backup", str(folder)],
        env={**os.environ, "TICKETSCOPE_DATABASE_URL": small.database_url,
             "TICKETSCOPE_ARTIFACTS_URL": small.artifacts_url, "TICKETSCOPE_DATA_DIR": str(folder.parent)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, hard)),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "no backup was made" in done.stderr
    assert "Traceback" not in done.stderr
    assert soft != 500_000
    assert [path.name for path in folder.iterdir()] == ["artifacts"]
    assert not list(folder.rglob("*.part"))
    backup(small, folder)
    Backup(folder).check()


def test_a_full_disk_while_it_is_restored(written: Written, tmp_path: Path) -> None:
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    ignored = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)"
    target = tmp_path / "target"
    for limit in (100_000, 500_000):
        done = subprocess.run(
            [sys.executable, "-c", f"{ignored}; from app.cli import main; main()", "restore", str(written[0])],
            env={**os.environ, "TICKETSCOPE_DATA_DIR": str(target)},
            preexec_fn=lambda limit=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard)),  # type: ignore[misc]
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert "nothing was restored" in done.stderr
        assert "Traceback" not in done.stderr
        assert [path for path in (target / "artifacts").rglob("*") if path.is_file()] == []
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "restore", str(written[0])],
        env={**os.environ, "TICKETSCOPE_DATA_DIR": str(target)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
