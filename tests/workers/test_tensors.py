"""The same tensors are the same bytes in every process."""

import hashlib
import subprocess
import sys
from pathlib import Path

import torch
from safetensors import safe_open

from workers import tensors

META = {name: name.upper() for name in ("shapes", "a", "z", "é", "k", "b", 'quote"d')}


def sample() -> dict[str, torch.Tensor]:
    return {
        "fc.weight": torch.arange(6.0).reshape(2, 3),
        "mask": torch.ones(3, dtype=torch.uint8),
        "empty": torch.empty(0),
    }


def test_there_and_back() -> None:
    loaded = tensors.loads(tensors.dumps(sample(), META))
    assert loaded.keys() == sample().keys()
    for name, tensor in sample().items():
        assert loaded[name].dtype == tensor.dtype
        assert torch.equal(loaded[name], tensor)


def test_metadata_can_be_read_by_the_library(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(tensors.dumps(sample(), META))
    with safe_open(path, framework="pt") as opened:
        assert opened.metadata() == META


def test_other_processes_make_the_same_bytes() -> None:
    code = (
        "import hashlib, torch; from workers import tensors;"
        f"print(hashlib.sha256(tensors.dumps({{'w': torch.ones(2)}}, {META!r})).hexdigest())"
    )
    theirs = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert theirs.strip() == hashlib.sha256(tensors.dumps({"w": torch.ones(2)}, META)).hexdigest()


def test_no_metadata() -> None:
    assert tensors.loads(tensors.dumps({"w": torch.ones(2)}, {}))["w"].tolist() == [1, 1]
