"""Artifacts in a server that speaks S3: the same promises, other machines' files, and a server that is away."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from app.store import Artifacts, Store
from app.store.errors import Unusable
from tests.s3 import BUCKET, S3, environment

DATA = os.urandom(3 * 2**20)
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    s3 = S3(tmp_path_factory.mktemp("s3"))
    yield s3
    s3.close()


@pytest.fixture
def artifacts(s3: S3, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Artifacts]:
    for name, value in s3.env.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()
    yield Artifacts(f"{s3.url}/{request.node.name}")
    S3FileSystem.clear_instance_cache()


def test_what_was_put_comes_back_by_its_hash(artifacts: Artifacts) -> None:
    assert not artifacts.any()
    assert artifacts.names() == []
    assert artifacts.folder is None
    assert artifacts.put(DATA) == artifacts.put(DATA) == SHA256
    assert artifacts.put_pieces(DATA[i : i + 700_000] for i in range(0, len(DATA), 700_000)) == (SHA256, len(DATA))
    assert artifacts.get(SHA256) == b"".join(artifacts.pieces(SHA256)) == DATA
    assert artifacts.names() == [f"{SHA256[:2]}/{SHA256}"]  # and no parts
    with artifacts.open(SHA256) as file:
        file.seek(2**20 + 5)
        assert file.read(9) == DATA[2**20 + 5 : 2**20 + 14]
    artifacts.check(SHA256)
    artifacts.delete(SHA256)
    artifacts.delete(SHA256)
    assert not artifacts.exists(SHA256)
    with pytest.raises(FileNotFoundError):
        artifacts.get(SHA256)


def test_what_another_machine_puts_is_seen_at_once(artifacts: Artifacts) -> None:
    first = artifacts.put(b"first")
    assert artifacts.hashes() == [first]
    script = "import sys; from app.store import Artifacts; print(Artifacts(sys.argv[1]).put(b'second'))"
    put = subprocess.run([sys.executable, "-c", script, artifacts.url], capture_output=True, text=True, check=True)
    elsewhere = put.stdout.strip()
    assert elsewhere == hashlib.sha256(b"second").hexdigest()
    assert artifacts.exists(elsewhere)
    assert set(artifacts.hashes()) == {first, elsewhere}


def test_of_several_that_mark_it_at_once_one_does(artifacts: Artifacts) -> None:
    with ThreadPoolExecutor(8) as pool:
        written = set(pool.map(artifacts.mark, [f"{n:032x}" for n in range(8)]))
    assert written == {artifacts.marker()}


def test_a_bucket_that_is_not_there_is_not_made(artifacts: Artifacts) -> None:
    mistaken = Artifacts("s3://lb/artifacts")
    with pytest.raises(FileNotFoundError, match="bucket does not exist"):
        mistaken.put(DATA)
    with pytest.raises(FileNotFoundError, match="bucket does not exist"):
        mistaken.put_pieces([DATA])
    assert [bucket.rstrip("/") for bucket in artifacts.fs.ls("", detail=False)] == [BUCKET]


def test_a_server_that_is_away_raises_oserror(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", environment(1)["AWS_ENDPOINT_URL"])
    S3FileSystem.clear_instance_cache()
    away = Artifacts(artifacts.url)
    for ask in (away.any, away.names, away.marker, lambda: away.put(DATA), lambda: away.get(SHA256)):
        with pytest.raises(OSError, match="the artifact store cannot be reached"):
            ask()
    # An empty database may belong to artifacts that are there: nothing is filled before that is known.
    store = Store(f"sqlite:///{tmp_path / 'ticketscope.db'}", away.url)
    with pytest.raises(Unusable, match="the artifact store cannot be reached"):
        store.migrate()
    with pytest.raises(TimeoutError, match="the artifact store cannot be reached"):
        store.wait_for_revision(0)
    store.close()


def test_a_database_is_used_while_its_artifacts_are_away(
    artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(f"sqlite:///{tmp_path / 'ticketscope.db'}", artifacts.url)
    store.migrate()
    monkeypatch.setenv("AWS_ENDPOINT_URL", environment(1)["AWS_ENDPOINT_URL"])
    S3FileSystem.clear_instance_cache()
    away = Store(store.database_url, artifacts.url)
    away.wait_for_revision(0)
    assert "cannot be reached" in caplog.text
    assert away.trouble() is None
    away.close()
    store.close()
