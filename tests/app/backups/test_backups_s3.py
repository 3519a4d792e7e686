"""Artifacts of a server that speaks S3 are backed up, and restored to it and to a folder."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from s3fs import S3FileSystem

from app.backups.manifest import BadBackup
from app.backups.read import Backup
from app.backups.restore import restore
from app.backups.write import backup
from app.doctor.kept import artifacts as check
from app.store import Store
from tests.app.backups.filled import artifacts, contents, fill
from tests.s3 import S3


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3]:
    server = S3(tmp_path)
    for name, value in server.env.items():
        monkeypatch.setenv(name, value)
    S3FileSystem.clear_instance_cache()
    yield server
    S3FileSystem.clear_instance_cache()
    server.close()


def test_from_a_server_to_a_folder_and_back(s3: S3, tmp_path: Path) -> None:
    urls = [s3.url, str(tmp_path / "artifacts"), f"{s3.url}-2"]
    stores = [Store(f"sqlite:///{tmp_path / f'{number}.db'}", url) for number, url in enumerate(urls)]
    stores[0].migrate()
    fill(stores[0])
    wanted = contents(stores[0]), artifacts(stores[0])
    for source, target in pairwise(stores):
        place, manifest = backup(source, tmp_path / "backups")
        assert manifest.lost == []
        held = Backup(place)
        held.check()
        restore(held, target.database, target.artifacts_store)
        assert (contents(target), artifacts(target)) == wanted
        assert target.artifacts_store.marker() == manifest.installation
        assert check(target).state == "ok"
    s3.close()
    with pytest.raises(BadBackup, match=r"the artifact store cannot be reached.*; no backup was made"):
        backup(stores[0], tmp_path / "others")
    assert [path.name for path in (tmp_path / "others").iterdir()] == ["artifacts"]
    for store in stores:
        store.close()
