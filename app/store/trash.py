"""What no run refers to goes to a trash folder of the artifact root, and after a week from there for good."""

import logging
import re
import time
from collections.abc import Container
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from app.store.artifacts import HASHED, Artifacts
from app.store.errors import MostUnknown

log = logging.getLogger(__name__)

DAY_S = 24 * 3600.0
TRASH_DAYS = 7
_PART = re.compile(r"part/[0-9a-f]{32}")
_TRASHED = re.compile(r"trash/(\d{4}-\d{2}-\d{2})/([0-9a-f]{64})")


class Swept(NamedTuple):
    """How many files were moved to the trash, came back from it, were deleted from it, and broken writes deleted."""

    trashed: int = 0
    restored: int = 0
    emptied: int = 0
    parts: int = 0


def sweep(
    artifacts: Artifacts, referenced: Container[str], released: Container[str], older_than_s: float = DAY_S
) -> Swept:
    """Move files that nothing refers to and that are older than this to the trash, and empty what is old in it.

    `released` are the hashes that the database once referred to. Others may keep files under the same URL: only names
    that `put` gives are looked at. A file in the trash that is referred to again comes back.
    Raises MostUnknown when most of the files would go and the database never referred to them: then it is not theirs.
    """
    fs, root = artifacts.fs, artifacts.root
    names = artifacts.names()
    hashes = {name.rpartition("/")[2]: f"{root}/{name}" for name in names if HASHED.fullmatch(name)}
    trashed = [(f"{root}/{name}", *hit.groups()) for name in names if (hit := _TRASHED.fullmatch(name))]
    restored = 0
    for path, _, sha256 in trashed:
        if sha256 in referenced and sha256 not in hashes:
            fs.makedirs(artifacts.path(sha256).rpartition("/")[0], exist_ok=True)
            with suppress(FileNotFoundError):
                fs.mv(path, artifacts.path(sha256))
                restored += 1
    going = {
        sha256: path
        for sha256, path in hashes.items()
        if sha256 not in referenced and _is_older(artifacts, path, older_than_s)
    }
    unknown = sum(sha256 not in released for sha256 in going)
    if 2 * unknown > len(hashes):
        raise MostUnknown(
            f"nothing was swept: {unknown} of {len(hashes)} files in {artifacts.url} would go that this database never "
            "referred to. Is TICKETSCOPE_DATABASE_URL the right one?"
        )
    today = datetime.now(UTC).date()
    moved = sum(_trash(artifacts, path, sha256, today, older_than_s) for sha256, path in going.items())
    last = (today - timedelta(days=TRASH_DAYS)).isoformat()
    emptied = sum(_remove(artifacts, path) for path, day, sha256 in trashed if day < last and sha256 not in referenced)
    parts = [f"{root}/{name}" for name in names if _PART.fullmatch(name)]
    broken = sum(_remove(artifacts, path) for path in parts if _is_older(artifacts, path, older_than_s))
    swept = Swept(moved, restored, emptied, broken)
    if any(swept):
        log.warning(
            "swept %s: %d of %d files moved to its trash, %d were restored from it, %d deleted from it after %d days, "
            "%d broken writes deleted",
            *(artifacts.url, moved, len(hashes), restored, emptied, TRASH_DAYS, broken),
        )
    return swept


def _trash(artifacts: Artifacts, path: str, sha256: str, today: date, older_than_s: float) -> bool:
    # Looked at once more just before it goes: a put may have renewed it since the listing.
    if not _is_older(artifacts, path, older_than_s):
        return False
    folder = f"{artifacts.root}/trash/{today.isoformat()}"
    artifacts.fs.makedirs(folder, exist_ok=True)
    try:
        artifacts.fs.mv(path, f"{folder}/{sha256}")
    except FileNotFoundError:  # another process sweeps as well
        return False
    return True


def _remove(artifacts: Artifacts, path: str) -> bool:
    try:
        artifacts.fs.rm_file(path)
    except FileNotFoundError:
        return False
    return True


def _is_older(artifacts: Artifacts, path: str, seconds: float) -> bool:
    try:
        modified: datetime = artifacts.fs.modified(path)
    except FileNotFoundError:
        return False
    return time.time() - modified.timestamp() > seconds
