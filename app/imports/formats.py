"""What other files are, by their first bytes, and how to convert them to safetensors."""

from typing import Final

SCRIPT: Final = """import torch
from safetensors.torch import save_file

def parts(name, part):
    yield name, part
    for key, value in part.items():
        if isinstance(value, dict) and key != "optimizer":
            yield from parts(f"{name}.{key}", value)

found = dict(parts("checkpoint", torch.load("ticket.pt", weights_only=True, map_location="cpu")))
matrices = {key: sum(torch.is_tensor(v) and v.ndim > 1 for v in part.values()) for key, part in found.items()}
print("tensors of two or more dimensions:", matrices)
key = max(matrices, key=matrices.get)
print("used:", key)  # wrong one? set key to another of them
tensors = {str(k): v.contiguous().clone() for k, v in found[key].items() if torch.is_tensor(v)}
save_file(tensors, "ticket.safetensors")
"""
"""How to make a safetensors file of a checkpoint, nested or not; it names the part that it takes."""

LINE: Final = (
    'import torch, safetensors.torch; d = torch.load("file.pt", weights_only=True, map_location="cpu"); '
    'p = {"": d, **{k: v for k, v in d.items() if isinstance(v, dict)}}; '
    "k = max(p, key=lambda k: sum(torch.is_tensor(v) and v.ndim > 1 for v in p[k].values())); "
    'print("key used:", k or "none"); '
    "safetensors.torch.save_file({n: v.contiguous().clone() for n, v in p[k].items() if torch.is_tensor(v)}, "
    '"file.safetensors")'
)
"""Python that does it; of a nested checkpoint it takes the key with the most matrices, and names it."""

CONVERT: Final = (
    "convert it on a machine where you trust the file; if it contains more than weights, "
    f"use the key of its weights, such as state_dict: "
    f"{LINE}"
)
_PICKLE = "a pickle, which can run code and is never loaded here"
_PACKED = "a compressed file, which is never unpacked here"
_STARTS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PK\x03\x04", "a zip archive (as written by torch.save and numpy.savez), which is never unpacked here"),
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


def format_of(start: bytes) -> str | None:
    """Return what a file that begins with these bytes is, if it is one of the kinds that people keep weights in."""
    return next((what for prefix, what in _STARTS if start.startswith(prefix)), None)
