"""Room is asked of the disks that a run writes to, and named when it lacks."""

import shutil
from pathlib import Path

import pytest

from app.settings import Settings
from workers import disk


def test_the_folders_are_those_on_this_machine(tmp_path: Path) -> None:
    here = Settings(data_dir=tmp_path / "data", artifacts_url=f"file://{tmp_path}/bytes")
    assert disk.folders(here) == [tmp_path / "data", tmp_path / "bytes"]
    assert disk.folders(Settings(data_dir=tmp_path, artifacts_url="memory://elsewhere")) == [tmp_path]


def test_a_folder_that_is_not_there_yet_has_the_room_of_its_parent(tmp_path: Path) -> None:
    total = shutil.disk_usage(tmp_path).total
    assert 0 < disk.free_bytes(tmp_path / "not" / "yet") <= total


def test_trouble_names_the_folder_and_both_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LEAST_FREE_BYTES", 0)
    assert disk.trouble([tmp_path]) == ""
    monkeypatch.setattr(disk, "free_bytes", lambda _folder: 312_400_000)
    monkeypatch.setattr(disk, "LEAST_FREE_BYTES", 1_000_000_000)
    told = f"only 312 MB are free on the disk of {tmp_path}; work is taken from 1,000 MB on"
    assert disk.trouble([tmp_path]) == told


def test_a_disk_that_does_not_answer_is_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_folder: Path) -> int:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(disk, "free_bytes", gone)
    assert disk.trouble([tmp_path]) == f"the disk of {tmp_path} does not answer: Stale file handle"
