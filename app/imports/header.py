"""The header of a safetensors file, checked against the file's own size before it is used."""

import json
import re
from collections.abc import Mapping
from math import prod
from typing import Any, BinaryIO, NamedTuple

from app.imports.formats import CONVERT, format_of
from app.imports.limits import MAX_BYTES, MAX_DIMENSIONS, MAX_HEADER_BYTES, MAX_NAME, MAX_TENSORS
from app.imports.refused import Refused

ITEM_BYTES: Mapping[str, int] = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4,
    "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
_UNREAD: Mapping[str, int] = {"F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "F8_E4M3FNUZ": 1, "F8_E5M2FNUZ": 1, "C64": 8}
_DTYPE = re.compile(r"[A-Z][A-Z0-9_]{0,23}")
_FIELDS = {"dtype", "shape", "data_offsets"}


class Entry(NamedTuple):
    """A tensor: its type and shape, and the byte of the file at which it starts."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int

    @property
    def size(self) -> int:
        """Return the number of its elements."""
        return prod(self.shape)

    @property
    def readable(self) -> bool:
        """Return whether its numbers are of a type that is read; tensors of other types are left out."""
        return self.dtype in ITEM_BYTES


def read_header(file: BinaryIO, size: int, name: str) -> dict[str, Entry]:
    """Read the tensors of a file of `size` bytes, by name. Raises Refused; reads no more than `MAX_HEADER_BYTES`."""
    file.seek(0)
    start = file.read(16)
    length = int.from_bytes(start[:8], "little")
    if length > MAX_HEADER_BYTES or start[8:9] != b"{":
        kind = format_of(start)
        if kind is not None:
            raise Refused(name, f"this is {kind}, not safetensors; {CONVERT}")
        if size < 10 or start[8:9] != b"{":
            raise Refused(name, "this is not a safetensors file: it does not begin with the length of a JSON header")
        raise Refused(name, f"its header claims {length:,} bytes; at most {MAX_HEADER_BYTES:,} are read", status=413)
    if 8 + length > size:
        raise Refused(name, f"its header claims {length:,} bytes, but the file ends after {size:,}")
    file.seek(8)
    document = _json(file.read(length), name)
    if len(document) > MAX_TENSORS:
        raise Refused(name, f"{len(document):,} tensors; at most {MAX_TENSORS:,} are read", status=413)
    entries = [_entry(key, item, name) for key, item in document.items() if key != "__metadata__"]
    if not isinstance(document.get("__metadata__", {}), dict):
        raise Refused(name, "must be a JSON object", field="__metadata__")
    if not entries:
        raise Refused(name, "it contains no tensors")
    _contiguous(entries, size - 8 - length, name)
    return {entry.name: entry._replace(start=8 + length + entry.start) for entry, _ in entries}


def _json(text: bytes, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]
        raise Refused(name, f"its header is not JSON: {why}") from None
    if not isinstance(document, dict):
        raise Refused(name, "its header must be a JSON object")
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("it contains a key twice")
    return document


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")


def _entry(key: str, item: Any, file: str) -> tuple[Entry, int]:
    """Return a tensor as the header has it, and the byte at which it ends.

    `start` counts from the end of the header.
    """
    if not 0 < len(key) <= MAX_NAME or not key.isprintable():
        raise Refused(file, f"must be 1 to {MAX_NAME} printable characters", tensor=key, field="name")
    if "/" in key or "\\" in key or ".." in key:
        raise Refused(file, "must not be a path", tensor=key, field="name")
    if not isinstance(item, dict) or item.keys() != _FIELDS:
        raise Refused(file, "must have exactly dtype, shape and data_offsets", tensor=key)
    dtype, shape, offsets = item["dtype"], item["shape"], item["data_offsets"]
    if not isinstance(dtype, str) or not _DTYPE.fullmatch(dtype):
        raise Refused(file, f"must be the name of a type, such as {', '.join(ITEM_BYTES)}", tensor=key, field="dtype")
    if not _counts(shape) or len(shape) > MAX_DIMENSIONS:
        message = f"must be at most {MAX_DIMENSIONS} non-negative integers"
        raise Refused(file, message, tensor=key, field="shape")
    size = _product(shape)
    width = ITEM_BYTES.get(dtype, _UNREAD.get(dtype))
    if size * (width or 0) > MAX_BYTES:
        message = f"has more elements than fit into the {MAX_BYTES:,} bytes of an import"
        raise Refused(file, message, tensor=key, field="shape", status=413)
    if not _counts(offsets) or len(offsets) != 2:
        raise Refused(file, "must be two integers", tensor=key, field="data_offsets")
    start, stop = offsets
    if stop < start or (width is not None and stop - start != size * width):
        message = f"must span {size * (width or 1):,} bytes, as its shape and dtype ask for"
        raise Refused(file, message, tensor=key, field="data_offsets")
    return Entry(key, dtype, tuple(shape), start), stop


def _counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and 0 <= item < 2**63 for item in value)


def _product(shape: list[int]) -> int:
    """Return the number of elements; stop as soon as no import could hold them."""
    size = 0 if 0 in shape else 1
    for side in shape:
        size *= side
        if size > MAX_BYTES:
            break
    return size


def _contiguous(entries: list[tuple[Entry, int]], size: int, file: str) -> None:
    """Check that every byte after the header belongs to one tensor. Raises Refused."""
    end = 0
    for entry, stop in sorted(entries, key=lambda entry: (entry[0].start, entry[1])):
        if entry.start != end:
            what = "leaves a gap before it" if entry.start > end else "overlaps another tensor"
            raise Refused(file, what, tensor=entry.name, field="data_offsets")
        end = stop
        if end > size:
            message = f"extends past the end of the file, which has {size:,} bytes of tensors"
            raise Refused(file, message, tensor=entry.name, field="data_offsets")
    if end < size:
        raise Refused(file, f"{size - end:,} bytes at its end belong to no tensor")
