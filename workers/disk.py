"""Free space on the disks that a run writes to: without it a shard is not begun, instead of failing half-way."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from app.settings import Settings
from app.store import Artifacts

# What one level of the largest network may write, 16.8 M weights with two moments of an optimizer and their masks
# (0.3 GB), on every core of a small machine, and the database's journal.
LEAST_FREE_BYTES = 1_000_000_000


def folders(settings: Settings) -> list[Path]:
    """Return the folders of this machine that a run writes to."""
    artifacts = Artifacts(settings.resolved_artifacts_url).folder
    return [settings.data_dir, *([artifacts] if artifacts is not None else [])]


def free_bytes(folder: Path) -> int:
    """Return the free bytes on the disk of a folder, which need not exist yet.

    Raises OSError when the disk does not answer.
    """
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return shutil.disk_usage(there).free


def trouble(where: Sequence[Path]) -> str:
    """Return why no work should begin that writes to these folders; empty when there is space."""
    for folder in where:
        try:
            free = free_bytes(folder)
        except OSError as error:
            return f"the disk of {folder} does not answer: {error.strerror}"
        if free < LEAST_FREE_BYTES:
            least = LEAST_FREE_BYTES / 1e6
            return f"only {free / 1e6:,.0f} MB are free on the disk of {folder}; work is taken from {least:,.0f} MB on"
    return ""
