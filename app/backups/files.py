"""Artifacts as files of a backup: copied once, and read whole before they are believed."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from app.backups import private
from app.store import Artifacts, Corrupt

_PIECE_BYTES = 2**20


def path(files: Path, sha256: str) -> Path:
    """Return where the bytes of this hash are."""
    return files / sha256[:2] / sha256


def copy(artifacts: Artifacts, files: Path, sha256: str) -> int | None:
    """Copy an artifact unless it is there already, and return its size; None where its bytes are lost.

    Raises OSError when there is no room, and Unreachable.
    """
    target = path(files, sha256)
    there = _size(target, sha256)
    if there is not None:
        return there
    private.folder(target.parent)
    part = target.with_name(f"{sha256}.{secrets.token_hex(4)}.part")
    try:
        with private.opened(part) as file:
            for piece in artifacts.pieces(sha256):
                file.write(piece)
    except FileNotFoundError:
        return None
    else:
        size = _size(part, sha256)
        if size is not None:
            part.replace(target)
        return size
    finally:
        part.unlink(missing_ok=True)


def pieces(files: Path, sha256: str) -> Iterator[bytes]:
    """Yield the bytes of a file of a backup. Raises FileNotFoundError, and Corrupt for a link or other bytes."""
    digest = hashlib.sha256()
    # A backup comes from anywhere: a link in it leads nowhere.
    try:
        descriptor = os.open(path(files, sha256), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Corrupt(f"artifact {sha256} cannot be read: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            yield piece
    if digest.hexdigest() != sha256:
        raise Corrupt(f"artifact {sha256} is damaged: its bytes have another hash")


def _size(file: Path, sha256: str) -> int | None:
    """Return the size of a file with these bytes; None where there is none, or one with others."""
    digest, size = hashlib.sha256(), 0
    try:
        with file.open("rb") as opened:
            while piece := opened.read(_PIECE_BYTES):
                digest.update(piece)
                size += len(piece)
    except FileNotFoundError:
        return None
    return size if digest.hexdigest() == sha256 else None
