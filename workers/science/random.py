"""Keyed random generators: every draw names its purpose, and the global generator is never used."""

import hashlib
import json

import torch


def generator(seed: int, *purpose: int | str, device: torch.device | str = "cpu") -> torch.Generator:
    """Return a generator on `device` whose stream depends on `seed` and `purpose` alone, e.g. `(0, replicate, "init")`.

    The key is the SHA-256 of the arguments, so neighbouring seeds and purposes share nothing, `1` differs from `"1"`
    and `("a", "b")` from `("ab",)`. Not true: 64 independent bits; torch's CPU engine reads only 32 of them.
    """
    key = hashlib.sha256(json.dumps([seed, *purpose]).encode()).digest()
    # Only the low 32 bits reach the CPU engine; 63 keep the seed a non-negative int64 for the others.
    return torch.Generator(device).manual_seed(int.from_bytes(key[:8], "little") >> 1)
