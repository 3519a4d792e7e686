"""Tensors as safetensors bytes, the same bytes every time, so that equal artifacts have equal names."""

import json
from collections.abc import Mapping
from typing import Any

import safetensors.torch
from torch import Tensor

MEDIA_TYPE = "application/vnd.safetensors"


def dumps(tensors: Mapping[str, Tensor], meta: Mapping[str, str]) -> bytes:
    """Return `tensors` (on the CPU, contiguous) and `meta` as one safetensors file."""
    data = safetensors.torch.save(dict(tensors), dict(meta))
    # The library writes the metadata in the order of a hash map, which differs from process to process.
    size, header = _header(data)
    if "__metadata__" in header:
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + data[8 + size :]


def loads(data: bytes) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file."""
    return safetensors.torch.load(data)


def meta(data: bytes) -> dict[str, str]:
    """Return the metadata of a safetensors file. Raises ValueError when it has no header."""
    header: dict[str, str] = _header(data)[1].get("__metadata__", {})
    return header


def _header(data: bytes) -> tuple[int, dict[str, Any]]:
    """Return the length of the header in bytes, and its content."""
    size = int.from_bytes(data[:8], "little")
    return size, json.loads(data[8 : 8 + size])
