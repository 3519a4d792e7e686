"""A backup holds every row and every byte, and comes back as they were, into either kind of database."""

import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.backups.manifest import Manifest
from app.backups.write import backup
from app.contract.events import Started
from app.kinds.lottery.spec import LotterySpec
from app.store import Conflict, Store, Unusable
from app.store.tables import REVISION, metadata, shards
from tests.app.backups.conftest import Restore
from tests.app.backups.filled import artifacts, contents, fill


def test_every_row_and_byte_comes_back(
    store: Store, folder: Path, new_url: str, bring: Restore, spec: LotterySpec
) -> None:
    written = backup(store, folder)
    assert all(len(rows) > 0 for rows in contents(store).values())
    before = contents(store), artifacts(store)
    again = bring(written[0], new_url)
    assert (contents(again), artifacts(again)) == before
    assert again.trouble() is None
    again.check_installation()
    assert again.artifacts_store.marker() == written[1].installation
    # New rows are numbered after those that came.
    again.create_run(spec, name="new")
    with again.database.read() as conn:
        assert (conn.scalar(select(func.max(shards.c.id))) or 0) > 1002


def test_a_folder_of_backups_gives_the_newest(small: Store, folder: Path, new_file: str, bring: Restore) -> None:
    store = small
    backup(store, folder)
    store.artifacts_store.put(b"nobody needs it")
    store.save_view("later", "q=x")
    backup(store, folder)
    assert contents(bring(folder, new_file)) == contents(store)


def test_artifacts_are_copied_once_and_damaged_copies_replaced(small: Store, folder: Path) -> None:
    store = small
    backup(store, folder)
    copies = [path for path in (folder / "artifacts").rglob("*") if path.is_file()]
    assert len(copies) == 3
    before = {path: path.stat().st_ino for path in copies}
    largest = max(copies, key=lambda path: path.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[100] ^= 1
    largest.write_bytes(data)
    _, manifest = backup(store, folder)
    after = {path: path.stat().st_ino for path in (folder / "artifacts").rglob("*") if path.is_file()}
    assert [path for path in after if before[path] != after[path]] == [largest]
    assert manifest.lost == []
    assert largest.read_bytes() == store.artifacts_store.get(largest.name)


def test_only_its_owner_reads_it(written: tuple[Path, Manifest], folder: Path) -> None:
    for path in [written[0], *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_lost_bytes_are_named_and_the_rest_is_kept(small: Store, folder: Path, new_file: str, bring: Restore) -> None:
    store = small
    lost = max(store.artifacts_store.hashes())
    store.artifacts_store.delete(lost)
    place, manifest = backup(store, folder)
    assert manifest.lost == [lost]
    assert contents(bring(place, new_file)) == contents(store)


def test_nothing_deletes_what_a_backup_copies(store: Store, folder: Path) -> None:
    unneeded = store.artifacts_store.put(b"let go")
    backup(store, folder)
    assert not any(store.sweep_artifacts(older_than_s=-1.0))
    assert store.artifacts_store.exists(unneeded)
    with store.database.write() as conn:
        conn.execute(metadata.tables["installation"].update().values(kept_until=None))
    assert store.sweep_artifacts(older_than_s=-1.0).trashed == 1


def test_a_checkpoint_that_is_replaced_meanwhile_stays(store: Store, folder: Path, spec: LotterySpec) -> None:
    store.create_run(spec, name="a run")
    claim = next(claim for _ in range(3) if (claim := store.claim("cpu", "w")) and claim.run_id != "id1")
    store.start(claim.shard_id, claim.token, Started(replicate=claim.replicate, attempt=1, worker="w", plan={},
                                                     provenance={}))  # fmt: skip
    hashes = [store.artifacts_store.put(f"checkpoint {n}".encode()) for n in range(4)]
    dropped = [store.checkpoint(claim.shard_id, claim.token, sha256, 0) for sha256 in hashes[:3]]
    assert dropped == [[], [], hashes[:1]]
    backup(store, folder)
    assert store.checkpoint(claim.shard_id, claim.token, hashes[3], 0) == []
    assert set(hashes[:4]) <= set(store.artifacts_store.hashes())


def test_a_store_with_something_is_replaced_only_when_asked(
    small: Store, written: tuple[Path, Manifest], new_url: str, bring: Restore, open_store: Callable[[str, str], Store]
) -> None:
    store, other = small, open_store(new_url, "other")
    other.migrate()
    gone = fill(other)[2]
    extra = other.artifacts_store.put(b"only there")
    with other.database.write() as conn:
        conn.execute(metadata.tables["artifacts"].update().where(metadata.tables["artifacts"].c.seq == 1001)
                     .values(sha256=extra))  # fmt: skip
    before = contents(other), artifacts(other)
    other.close()
    with pytest.raises(Conflict, match=r"2 runs, 2 sweeps, 2 accounts, 2 views, 4 artifacts\. Restore with --replace"):
        bring(written[0], new_url, "other")
    assert (contents(other), artifacts(other)) == before
    other.close()
    again = bring(written[0], new_url, "other", replace=True)
    released = contents(again).pop("released")
    assert {name: rows for name, rows in contents(again).items() if name != "released"} == {
        name: rows for name, rows in contents(store).items() if name != "released"
    }
    # What only the replaced runs needed is left to the sweep, which keeps it for a week.
    assert len(released) == 5
    assert any(extra in row for row in released)
    assert not any(gone in row for row in released)
    assert again.artifacts_store.marker() == written[1].installation
    again.check_installation()


def test_a_store_in_use_is_left_alone(
    written: tuple[Path, Manifest], new_url: str, bring: Restore, open_store: Callable[[str, str], Store]
) -> None:
    other = open_store(new_url, "other")
    other.migrate()
    with other.database.read() as conn:
        conn.scalar(select(func.count()).select_from(shards))
        with pytest.raises(Unusable, match="in use: stop all webs and workers"):
            bring(written[0], new_url, "other")
    assert other.artifacts_store.hashes() == []
    assert other.trouble() is None


def test_it_is_one_moment_although_others_write(
    store: Store, folder: Path, new_file: str, bring: Restore, spec: LotterySpec
) -> None:
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            number += 1
            store.create_run(spec.model_copy(update={"replicates": 3}), name=f"run {number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        place, manifest = backup(store, folder)
    finally:
        ended.set()
        writer.join()
    counts = {table.name: table.rows for table in manifest.tables}
    assert manifest.revision == REVISION
    assert counts["shards"] - 2 == 3 * (counts["runs"] - 2)
    store.close()
    again = bring(place, new_file)
    mine, theirs = contents(again), contents(store)
    for name in ("runs", "shards", "facts"):
        assert set(mine[name]) <= set(theirs[name])
        assert len(mine[name]) == counts[name]
