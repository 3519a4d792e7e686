"""Bytes named by their hash: whole or not at all, checked, swept only when nothing needs them."""

import errno
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.contract.events import ArtifactSaved
from app.kinds.lottery.spec import LotteryKey
from app.store import Artifacts, Claim, Corrupt, NotFound, Store

DATA = b"ticket" * 100
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(str(tmp_path / "artifacts"))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("url", ["folder", "file://", "memory://"])
def test_what_was_put_comes_back_by_its_hash(tmp_path: Path, url: str) -> None:
    artifacts = Artifacts({"folder": str(tmp_path), "file://": f"file://{tmp_path}"}.get(url, f"memory://{tmp_path}"))
    assert not artifacts.exists(SHA256)
    assert artifacts.put(DATA) == artifacts.put(DATA) == SHA256
    assert artifacts.exists(SHA256)
    assert artifacts.get(SHA256) == DATA
    assert Artifacts(artifacts.url).get(artifacts.put(b"")) == b""
    artifacts.delete(SHA256)
    artifacts.delete(SHA256)
    assert not artifacts.exists(SHA256)
    with pytest.raises(FileNotFoundError):
        artifacts.get(SHA256)


def test_synced_bytes_and_their_names_are_on_the_disk(
    artifacts: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_ino))
    saved = [artifacts.put(bytes([i])) for i in range(20)]
    assert synced == []
    artifacts.sync(saved)
    files = _files(tmp_path)
    assert {path.stat().st_ino for path in files} == set(synced[:20])
    folders = {*(path.parent for path in files), tmp_path / "artifacts"}
    assert {path.stat().st_ino for path in folders} == set(synced[20:])
    artifacts.delete(saved[0])
    artifacts.sync(saved[:1])  # somebody was faster
    Artifacts("memory://elsewhere").sync(saved)


def test_pieces_are_stored_as_one(artifacts: Artifacts, tmp_path: Path) -> None:
    assert artifacts.put_pieces(DATA[i : i + 7] for i in range(0, len(DATA), 7)) == (SHA256, len(DATA))
    assert artifacts.get(SHA256) == DATA


def test_pieces_that_break_off_leave_nothing(artifacts: Artifacts, tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield DATA
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        artifacts.put_pieces(pieces())
    assert _files(tmp_path) == []


@pytest.mark.parametrize("damage", [DATA[:-1], DATA + b"x", b""])
def test_damaged_bytes_are_never_given_out(artifacts: Artifacts, tmp_path: Path, damage: bytes) -> None:
    artifacts.put(DATA)
    (path,) = _files(tmp_path)
    path.write_bytes(damage)
    with pytest.raises(Corrupt, match=SHA256):
        artifacts.get(SHA256)
    artifacts.put(DATA)
    assert artifacts.get(SHA256) == DATA


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "a" * 63, SHA256.upper()])
def test_only_hashes_are_names(artifacts: Artifacts, name: str) -> None:
    assert not artifacts.exists(name)
    with pytest.raises(FileNotFoundError):
        artifacts.get(name)


def test_a_write_that_fails_raises_oserror_and_leaves_nothing(tmp_path: Path) -> None:
    script = """
import resource, sys
from app.store.artifacts import Artifacts
artifacts = Artifacts(sys.argv[1])
small = artifacts.put(b"small")
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    artifacts.put(b"x" * 100_000)
except OSError as error:
    print(error.errno)
assert artifacts.get(small) == b"small"
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    assert int(done.stdout) == errno.EFBIG
    assert [path.read_bytes() for path in _files(tmp_path)] == [b"small"]


def test_a_folder_that_cannot_be_written_raises_oserror(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("a file where the folder should be")
    with pytest.raises(OSError, match="artifacts"):
        Artifacts(str(tmp_path / "artifacts")).put(DATA)


def test_refs_say_where_an_artifact_belongs(store: Store, claim: Claim) -> None:
    place = LotteryKey(level=2, control="reinit", draw=1)
    event = ArtifactSaved(key=place, name="ticket", sha256=SHA256, size_bytes=2**40, media_type="x/y", meta={"a": "b"})
    seq = store.append(claim.shard_id, claim.token, [event], 0)
    (ref,) = store.artifacts(claim.run_id)
    assert ref == store.artifact(SHA256)
    assert (ref.id, ref.run_id, ref.seq, ref.name, ref.size_bytes) == (SHA256, claim.run_id, seq, "ticket", 2**40)
    assert (ref.replicate, ref.key, ref.meta) == (0, {"level": 2, "control": "reinit", "draw": 1}, {"a": "b"})
    with pytest.raises(NotFound):
        store.artifact("0" * 64)
