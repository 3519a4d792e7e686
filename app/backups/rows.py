"""Rows as lines of a packed file, and back: one at a time, counted and summed as they pass."""

import gzip
import hashlib
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import IO, Any, cast

import orjson
from sqlalchemy import ColumnElement, Connection, Table, select

from app.backups.manifest import MAX_LINE_BYTES, BadBackup, Rows
from app.backups.private import opened

_AT_ONCE = 200
_MODULUS = 2**256
# Rows are many and alike: more would take three times as long for a tenth less.
_LEVEL = 2


class Total:
    """How many lines have passed, and what they sum to in any order."""

    def __init__(self) -> None:
        self.rows = self.unpacked = self._sum = 0

    def add(self, line: bytes) -> None:
        """Count one more line, with its end."""
        self.rows += 1
        self.unpacked += len(line)
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest())) % _MODULUS

    @property
    def digest(self) -> str:
        """Return the sum of the digests of all lines."""
        return f"{self._sum:064x}"


def line(values: Iterable[Any]) -> bytes:
    """Return a row as a line of JSON; bytes and numbers that JSON has not are written as objects."""
    return orjson.dumps([_plain(value) for value in values]) + b"\n"


def stored(conn: Connection, table: Table, columns: Sequence[ColumnElement[Any]]) -> Iterator[bytes]:
    """Yield the rows of a table, in no order, with these columns."""
    for row in conn.execute(select(*columns).select_from(table), execution_options={"yield_per": _AT_ONCE}):
        yield line(row)


def write(folder: Path, name: str, columns: Sequence[str], lines: Iterable[bytes]) -> Rows:
    """Write lines into a new file of a folder and return what they are. Raises OSError."""
    total, digest, size = Total(), hashlib.sha256(), 0
    path = folder / f"{name}.jsonl.gz"
    with opened(path) as file, gzip.GzipFile("", "wb", _LEVEL, file, mtime=0) as packed:
        for item in lines:
            total.add(item)
            packed.write(item)
    with path.open("rb") as written:
        while piece := written.read(2**20):
            digest.update(piece)
            size += len(piece)
    return Rows(
        name=name, columns=list(columns), rows=total.rows, digest=total.digest, unpacked=total.unpacked, size=size,
        sha256=digest.hexdigest(),
    )  # fmt: skip


def read(folder: Path, about: Rows) -> Iterator[list[Any]]:
    """Yield the rows of a file, no more bytes than the manifest says. Raises BadBackup for any other."""
    total = Total()
    try:
        with gzip.GzipFile(folder / about.file) as file:
            for item in _lines(cast(IO[bytes], file), about):
                total.add(item)
                yield _values(item, about, total.rows)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadBackup(f"{about.file} cannot be unpacked: {error}") from error
    if (total.rows, total.digest) != (about.rows, about.digest):
        raise BadBackup(f"{about.file} holds other rows than the manifest says")


def _lines(file: IO[bytes], about: Rows) -> Iterator[bytes]:
    left = about.unpacked
    while item := file.readline(min(left, MAX_LINE_BYTES) + 1):
        left -= len(item)
        if left < 0 or not item.endswith(b"\n"):
            raise BadBackup(f"{about.file} holds more bytes than the manifest says, or a row without an end")
        yield item


def _values(item: bytes, about: Rows, number: int) -> list[Any]:
    try:
        values = orjson.loads(item)
        if isinstance(values, list) and len(values) == len(about.columns):
            return [_value(value) for value in values]
    except ValueError as error:
        raise BadBackup(f"{about.file}, row {number}: {error}") from error
    raise BadBackup(f"{about.file}, row {number}: expected {len(about.columns)} values")


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": b64encode(value).decode()}
    if isinstance(value, float) and not isfinite(value):
        return {"float": str(value)}
    return value


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        if list(value) == ["bytes"] and isinstance(value["bytes"], str):
            return b64decode(value["bytes"], validate=True)
        if list(value) == ["float"] and value["float"] in ("nan", "inf", "-inf"):
            return float(value["float"])
        raise ValueError("an object is neither bytes nor a number")
    if isinstance(value, list):
        raise ValueError("a list is no value of a column")  # noqa: TRY004 (all of them are of the file)
    return value
