"""Checks of what is kept: the database, the artifacts, the room on their disks, and who can read them."""

import secrets
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

from app.address import CannotListen, check_guarded
from app.doctor.finding import Finding, fault, ok, warning
from app.settings import Settings
from app.store import Mismatch, Store, integrity

FAULT_BYTES = 2**28
WARNING_BYTES = 2**31


def store(store: Store) -> Finding:
    """Check that the database answers, has this program's tables and no damaged page."""
    trouble = store.trouble()
    if trouble is not None:
        return fault("store", f"{store.database.name}: {trouble.detail}", "Do what it says, or restore a backup")
    path = store.database.path
    try:
        damage = integrity.check(path) if path is not None else ""
    except sqlite3.OperationalError as error:
        return warning("store", f"{store.database.name} could not be checked: {error}", "Try again in a moment")
    if damage:
        return fault(
            "store", f"{store.database.name} is damaged: {damage}",
            "Stop everything, move the file away, and restore a backup: `ticketscope restore FOLDER`",
        )  # fmt: skip
    return ok("store", f"{store.database.name} answers, at this program's revision")


def artifacts(store: Store) -> Finding:
    """Check that a file can be written, read and deleted, and that the artifacts are those of the database."""
    probe = secrets.token_bytes(64)
    kept = store.artifacts_store
    try:
        store.check_installation()
        sha256 = kept.put(probe)
        try:
            same = kept.get(sha256) == probe
        finally:
            kept.delete(sha256)
    except Mismatch as error:
        return fault("artifacts", str(error), "Correct one of the two settings")
    except OSError as error:
        return fault(
            "artifacts", f"{kept.url}: {error.strerror or error}",
            "Check that the folder or the bucket exists, that this user may write there, and that there is room",
        )  # fmt: skip
    if not same:
        return fault("artifacts", f"{kept.url} gives other bytes than were put", "Check its disk")
    return ok("artifacts", f"{kept.url}: a file was written, read and deleted")


def room(settings: Settings, store: Store) -> Iterator[Finding]:
    """Check how much is free on the disks of the database and of the artifacts."""
    places = {settings.data_dir, store.database.path, store.artifacts_store.folder}
    seen: set[int] = set()
    for place in sorted(filter(None, places)):
        folder = next((parent for parent in (place, *place.parents) if parent.is_dir()), Path("/"))
        device = folder.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(folder).free
        what = f"{free / 2**30:,.1f} GiB free on the disk of {folder}"
        do = "Free some space: purge runs from the bin, or move old backups elsewhere"
        if free < FAULT_BYTES:
            yield fault("room", what, do)
        elif free < WARNING_BYTES:
            yield warning("room", what, do)
        else:
            yield ok("room", what)


def guarded(settings: Settings, *, accounts: bool) -> Finding:
    """Check that strangers cannot come in."""
    try:
        check_guarded(settings, accounts=accounts)
    except CannotListen as error:
        return fault("access", str(error), "`ticketscope accounts on`, or TICKETSCOPE_HOST=127.0.0.1")
    if accounts:
        return ok("access", "accounts are on")
    if settings.unguarded:
        return warning(
            "access", "TICKETSCOPE_UNGUARDED is set: everybody who reaches the web may change and delete",
            "Make sure that something else asks for a login, or switch accounts on",
        )  # fmt: skip
    return ok("access", f"without accounts, and only this machine reaches {settings.host}")


def secret(settings: Settings, store: Store, *, accounts: bool) -> Finding:
    """Check that other users of this machine cannot read passwords and sessions."""
    files = [settings.data_dir / "valkey.conf"]
    if accounts and store.database.path is not None:
        files.append(store.database.path)
    open_files = [str(path) for path in files if path.is_file() and _read_by_others(path)]
    if open_files:
        return fault(
            "secrets", f"other users of this machine can read {', '.join(open_files)}",
            f"chmod o-rwx {' '.join(open_files)}, or the folder that they are in",
        )  # fmt: skip
    return ok("secrets", "other users of this machine cannot read them")


def _read_by_others(path: Path) -> bool:
    if not path.stat().st_mode & stat.S_IROTH:
        return False
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)
