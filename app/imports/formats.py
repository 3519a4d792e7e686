"""What other files are, told by their first bytes, and how to make a safetensors file of them."""

from typing import Final

CONVERT: Final = (
    "convert it where you trust it: safetensors.torch.save_file({k: v.contiguous() for k, v in "
    'torch.load("file.pt", weights_only=True).items()}, "file.safetensors")'
)
_PICKLE = "a pickle, which can run code and is never loaded here"
_PACKED = "a compressed file, which is never unpacked here"
_STARTS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PK\x03\x04", "a zip archive (as torch.save and numpy.savez write), which is never unpacked here"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"PK\x07\x08", "a zip archive in parts"),
    *((bytes([0x80, protocol]), _PICKLE) for protocol in range(2, 6)),
    *((start, _PICKLE) for start in (b"(dp", b"(lp", b"}q", b"ccollections", b"c__", b"cnumpy", b"cposix", b"cos\n")),
    (b"\x1f\x8b", _PACKED),
    (b"BZh", _PACKED),
    (b"\xfd7zXZ", _PACKED),
    (b"\x28\xb5\x2f\xfd", _PACKED),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"GGUF", "a GGUF file"),
)


def told_by(start: bytes) -> str | None:
    """What a file that begins with these bytes is, if it is one of the kinds that people keep weights in."""
    return next((what for prefix, what in _STARTS if start.startswith(prefix)), None)
