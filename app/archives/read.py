"""An archive from a stranger: each member is counted and compared with its digest before any is believed."""

import hashlib
import stat
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, TypeVar
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pydantic import TypeAdapter, ValidationError

from app import unique_json
from app.archives.manifest import (
    FORMAT,
    MANIFEST,
    MAX_LINE_BYTES,
    MAX_MANIFEST_BYTES,
    MAX_MEMBERS,
    MAX_RATIO,
    MAX_UNPACKED,
    MEMBER,
    SMALL,
    Manifest,
)
from app.imports.refused import Refused, shown
from app.store.archived import ROW, Row
from app.store.archived_sweeps import SWEEP_ROW, SweepRows

T = TypeVar("T")

FILE = "archive"
_PIECE = 2**20
_ENCRYPTED = 0x1


class Archive:
    """A file whose members are those of its manifest, in size and digest. Raises Refused."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip = ZipFile(file)
        except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise Refused(FILE, "is not a whole zip file: it is cut off, or something else") from error
        self._infos = _checked(self._zip.infolist())
        self.manifest = self._manifest()
        for member in self.manifest.members:
            digest = hashlib.sha256()
            for piece in self.pieces(member.name):
                digest.update(piece)
            if digest.hexdigest() != member.sha256:
                raise Refused(FILE, f"{member.name} is damaged: its bytes have another digest than the manifest has")
            if member.name.startswith("artifacts/") and member.name != f"artifacts/{member.sha256}":
                raise Refused(FILE, f"{member.name} does not bear the digest of its bytes")
        self.digests = {member.name: member.sha256 for member in self.manifest.members}

    def pieces(self, name: str) -> Iterator[bytes]:
        """Yield the bytes of a member, some at a time and no more than it declares."""
        info, size = self._infos[name], 0
        try:
            with self._zip.open(info) as file:
                while piece := file.read(_PIECE):
                    size += len(piece)
                    if size > info.file_size:
                        raise Refused(FILE, f"{name} holds more bytes than it declares", status=413)
                    yield piece
        except (BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, ValueError) as error:
            raise Refused(FILE, f"{name} cannot be unpacked: {error}") from error
        if size != info.file_size:
            raise Refused(FILE, f"{name} declares {info.file_size:,} bytes and holds {size:,}")

    def size(self, name: str) -> int:
        """Return how many bytes a member has."""
        return self._infos[name].file_size

    def rows(self, run_id: str) -> Iterator[Row]:
        """Yield the rows of a run, each checked by itself."""
        yield from self._rows(f"runs/{run_id}.jsonl", ROW)

    def sweep_rows(self, sweep_id: str) -> Iterator[SweepRows]:
        """Yield the rows of a sweep, each checked by itself."""
        yield from self._rows(f"sweeps/{sweep_id}.jsonl", SWEEP_ROW)

    def _rows(self, name: str, adapter: TypeAdapter[T]) -> Iterator[T]:
        for number, line in enumerate(self._lines(name), 1):
            where = f"{name}, line {number}"
            if b"\\u0000" in line:
                raise Refused(FILE, f"{where}: contains a null character")
            try:
                yield adapter.validate_python(unique_json.loads(line))
            except ValidationError as error:
                raise Refused(FILE, f"{where}: {_why(error)}") from None
            except (ValueError, RecursionError) as error:
                raise Refused(FILE, f"{where}: {str(error)[:200]}") from None

    def _lines(self, name: str) -> Iterator[bytes]:
        rest = b""
        for piece in self.pieces(name):
            *lines, rest = (rest + piece).split(b"\n")
            if max(map(len, (*lines, rest))) > MAX_LINE_BYTES:
                raise Refused(FILE, f"{name} has a line of more than {MAX_LINE_BYTES:,} bytes", status=413)
            yield from lines
        if rest:
            raise Refused(FILE, f"{name} ends within a line")

    def _manifest(self) -> Manifest:
        if MANIFEST not in self._infos:
            raise Refused(FILE, f"contains no {MANIFEST}: it was not written by Ticketscope")
        if self.size(MANIFEST) > MAX_MANIFEST_BYTES:
            raise Refused(FILE, f"{MANIFEST} has more than {MAX_MANIFEST_BYTES:,} bytes", status=413)
        try:
            document: Any = unique_json.loads(b"".join(self.pieces(MANIFEST)))
        except (ValueError, RecursionError) as error:
            raise Refused(FILE, f"{MANIFEST} is not JSON: {str(error)[:200]}") from None
        given = document.get("format") if isinstance(document, dict) else None
        if type(given) is int and given > FORMAT:
            by = shown(str(document.get("program", "")))
            raise Refused(
                FILE, f"was written by a newer version ({by}, format {given}; this one reads {FORMAT}): update this one"
            )
        try:
            manifest = Manifest.model_validate(document)
        except ValidationError as error:
            raise Refused(FILE, f"{MANIFEST}: {_why(error)}") from None
        listed = [member.name for member in manifest.members]
        if sorted(listed) != sorted(name for name in self._infos if name != MANIFEST):
            raise Refused(FILE, "holds other members than its manifest names")
        if sorted(f"runs/{run.id}.jsonl" for run in manifest.runs) != sorted(n for n in listed if n[0] == "r"):
            raise Refused(FILE, "names other runs in its manifest than it holds")
        if sorted(f"sweeps/{sweep.id}.jsonl" for sweep in manifest.sweeps) != sorted(n for n in listed if n[0] == "s"):
            raise Refused(FILE, "names other sweeps in its manifest than it holds")
        for member in manifest.members:
            if member.size_bytes != self.size(member.name):
                raise Refused(FILE, f"{member.name} has another size than its manifest names")
        return manifest


def _checked(infos: list[ZipInfo]) -> dict[str, ZipInfo]:
    if len(infos) > MAX_MEMBERS:
        raise Refused(FILE, f"holds {len(infos):,} members; at most {MAX_MEMBERS:,} are read", status=413)
    members: dict[str, ZipInfo] = {}
    for info in infos:
        name = info.filename
        if not (name == MANIFEST or MEMBER.fullmatch(name)):
            raise Refused(FILE, f"holds {shown(name)}, which is no member of an archive of runs")
        if name in members:
            raise Refused(FILE, f"holds {name} twice")
        if info.create_system == 3 and stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise Refused(FILE, f"{name} is a link or a device, not a file")
        if info.flag_bits & _ENCRYPTED:
            raise Refused(FILE, f"{name} is encrypted")
        if info.compress_type not in ((ZIP_STORED, ZIP_DEFLATED) if name[0] != "a" else (ZIP_STORED,)):
            raise Refused(FILE, f"{name} is packed in a way that archives of runs are not")
        if info.file_size > max(SMALL, MAX_RATIO * info.compress_size):
            raise Refused(FILE, f"{name} unpacks to more than {MAX_RATIO} times its size", status=413)
        members[name] = info
    total = sum(info.file_size for info in infos)
    if total > MAX_UNPACKED:
        raise Refused(FILE, f"unpacks to {total:,} bytes; at most {MAX_UNPACKED:,} are read", status=413)
    return members


def _why(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    path = ".".join(
        str(part)
        for part in first["loc"]
        if part not in ("run", "shard", "event", "chunk", "artifact", "sweep", "member")
    )
    if first["type"] == "extra_forbidden":
        return f"{shown(path)} is not known here"
    if first["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return f"no table {shown(str(first.get('input', {}).get('table', '')))} is known here"
    return f"{path}: {first['msg']}" if path else str(first["msg"])
