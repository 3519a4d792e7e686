"""What a sweep takes, what it leaves, and that what it took can come back for a week."""

import logging
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.contract.events import ArtifactSaved
from app.kinds.lottery.spec import LotteryKey, LotterySpec
from app.store import Artifacts, Store
from app.store.errors import MostUnknown
from app.store.trash import TRASH_DAYS, Swept, sweep

DATA = b"ticket" * 100


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(str(tmp_path / "artifacts"))


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _age(folder: Path, *but: str) -> None:
    long_ago = time.time() - 25 * 3600
    for path in _files(folder):
        if path.name not in but:
            os.utime(path, (long_ago, long_ago))


def test_it_moves_old_files_that_nothing_refers_to(
    artifacts: Artifacts, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept, fresh, stale = artifacts.put(b"kept"), artifacts.put(b"fresh"), artifacts.put(b"stale")
    (tmp_path / "artifacts" / "part" / ("0" * 32)).write_bytes(b"left by a kill")
    _age(tmp_path, fresh)
    assert sweep(artifacts, {kept}, {stale}) == Swept(trashed=1, parts=1)
    assert (artifacts.exists(kept), artifacts.exists(fresh), artifacts.exists(stale)) == (True, True, False)
    (trashed,) = (path for path in _files(tmp_path) if path.name == stale)
    assert trashed.read_bytes() == b"stale"
    assert trashed.parent.parent == tmp_path / "artifacts" / "trash"
    assert "1 of 3 files moved to its trash" in caplog.text


def test_nothing_is_said_where_nothing_was_done(artifacts: Artifacts, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert sweep(artifacts, set(), set(), older_than_s=0) == Swept()
    artifacts.put(DATA)
    assert sweep(artifacts, set(), set()) == Swept()
    assert caplog.text == ""


def test_most_of_the_files_never_go_unless_they_were_let_go(artifacts: Artifacts, tmp_path: Path) -> None:
    saved = [artifacts.put(bytes([i])) for i in range(20)]
    _age(tmp_path)
    for needed in (set(), set(saved[:9])):
        with pytest.raises(MostUnknown, match="of 20 files"):
            sweep(artifacts, needed, set())
        assert all(map(artifacts.exists, saved))
    assert sweep(artifacts, set(), set(saved)).trashed == 20


def test_the_trash_keeps_for_a_week_and_gives_back_what_is_needed_again(artifacts: Artifacts, tmp_path: Path) -> None:
    gone, again = artifacts.put(b"gone"), artifacts.put(b"again")
    assert sweep(artifacts, set(), {gone, again}, older_than_s=-1).trashed == 2
    (folder,) = (tmp_path / "artifacts" / "trash").iterdir()
    today = datetime.now(UTC).date()
    for days in (0, TRASH_DAYS):
        folder = folder.rename(folder.with_name((today - timedelta(days=days)).isoformat()))
        assert sweep(artifacts, set(), {gone, again}) == Swept()
    folder.rename(folder.with_name((today - timedelta(days=TRASH_DAYS + 1)).isoformat()))
    assert sweep(artifacts, {again}, {gone}) == Swept(restored=1, emptied=1)
    assert artifacts.get(again) == b"again"
    assert [path.name for path in _files(tmp_path)] == [again]


def test_what_a_killed_writer_left_is_deleted_after_a_day_and_not_before(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from app.store.artifacts import Artifacts
def pieces():
    for _ in range(100):
        yield b"x" * 100_000
    os.kill(os.getpid(), signal.SIGKILL)
    yield b"x"
Artifacts(sys.argv[1]).put_pieces(pieces())
"""
    artifacts = Artifacts(str(tmp_path))
    kept = artifacts.put(DATA)
    assert subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False).returncode == -signal.SIGKILL
    (part,) = [path for path in _files(tmp_path) if path.name != kept]
    assert part.stat().st_size > 1_000_000
    assert sweep(artifacts, {kept}, set()) == Swept()
    _age(tmp_path)
    assert sweep(artifacts, {kept}, set()) == Swept(parts=1)
    assert [path.name for path in _files(tmp_path)] == [kept]


@pytest.mark.parametrize("trailing", ["", "/"])
@pytest.mark.parametrize("protocol", ["", "file://"])
def test_the_files_of_others_stay(tmp_path: Path, protocol: str, trailing: str) -> None:
    artifacts = Artifacts(f"{protocol}{tmp_path}{trailing}")
    stale, kept = artifacts.put(b"stale"), artifacts.put(DATA)
    foreign = [
        tmp_path / name
        for name in (
            "README.md",
            "thesis/data.csv",
            "part/notes.txt",
            f"part/{kept}",
            f"{stale[:2]}/notes.txt",
            f"{stale[:2]}/{stale}.bak",
            f"thesis/{stale[:2]}/{stale}",
            f"thesis/part/{'0' * 32}",
            f"{'ff' if kept[:2] != 'ff' else '00'}/{kept}",
            kept,
            "trash/2001-01-01/notes.txt",
            f"trash/{stale}",
        )
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"of somebody else")
    for path in _files(tmp_path):
        os.utime(path, (0, 0))
    assert sweep(artifacts, {kept}, {stale}) == Swept(trashed=1)
    assert set(foreign) <= set(_files(tmp_path))
    assert len(_files(tmp_path)) == len(foreign) + 2


def test_it_knows_its_own_in_any_file_system(tmp_path: Path) -> None:
    artifacts = Artifacts(f"memory://{tmp_path}")
    kept, stale = artifacts.put(b"kept"), artifacts.put(b"stale")
    assert sweep(artifacts, {kept}, {stale}, older_than_s=-1.0).trashed == 1
    assert (artifacts.exists(kept), artifacts.exists(stale)) == (True, False)
    assert sweep(artifacts, {kept, stale}, set()).restored == 1
    assert artifacts.get(stale) == b"stale"


def test_putting_again_renews_the_age(artifacts: Artifacts, tmp_path: Path) -> None:
    sha256 = artifacts.put(DATA)
    (path,) = _files(tmp_path)
    os.utime(path, (0, 0))
    artifacts.put(DATA)
    assert sweep(artifacts, set(), {sha256}) == Swept()


def test_artifacts_and_checkpoints_of_a_run_outlive_a_sweep_until_it_is_purged(store: Store, spec: LotterySpec) -> None:
    run = store.create_run(spec.model_copy(update={"replicates": 1}), name="x")
    claim = store.claim("cpu", "w")
    assert claim is not None
    put = store.artifacts_store.put
    saved, lost, *checkpoints = put(b"saved"), put(b"lost"), put(b"0"), put(b"1"), put(b"2")
    event = ArtifactSaved(
        key=LotteryKey(), name="init", sha256=saved, size_bytes=5, media_type="text/plain", meta={"a": "b"}
    )
    store.append(claim.shard_id, claim.token, [event], 0)
    for sha256 in checkpoints:
        store.checkpoint(claim.shard_id, claim.token, sha256, 1)
    time.sleep(0.02)
    assert store.sweep_artifacts() == Swept()
    assert store.sweep_artifacts(older_than_s=0.0).trashed == 2
    present = [store.artifacts_store.exists(sha256) for sha256 in (saved, lost, *checkpoints)]
    assert present == [True, False, False, True, True]
    store.finish(claim.shard_id, claim.token)
    store.bin_run(run.id)
    store.purge_run(run.id)
    assert store.sweep_artifacts(older_than_s=0.0).trashed == 3


def test_what_another_run_still_needs_stays_when_one_is_purged(store: Store, spec: LotterySpec) -> None:
    sha256 = store.artifacts_store.put(DATA)
    event = ArtifactSaved(key=LotteryKey(), name="init", sha256=sha256, size_bytes=len(DATA), media_type="text/plain")
    runs = []
    for _ in range(2):
        runs.append(store.create_run(spec.model_copy(update={"replicates": 1}), name="x").id)
        claim = store.claim("cpu", "w")
        assert claim is not None
        store.append(claim.shard_id, claim.token, [event], 0)
        store.finish(claim.shard_id, claim.token)
    store.bin_run(runs[0])
    store.purge_run(runs[0])
    assert store.sweep_artifacts(older_than_s=-1.0) == Swept()
    assert store.artifacts_store.exists(sha256)


def test_emptying_the_bin_deletes_no_run_outside_it(store: Store, spec: LotterySpec) -> None:
    kept, binned = (store.create_run(spec, name=name).id for name in ("kept", "binned"))
    store.bin_run(binned)
    assert store.empty_bin() == 1
    assert [run.id for run in store.runs().items] == [kept]
