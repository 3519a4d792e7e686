"""Parts of tensors are what safetensors itself reads there; damage is noticed and named."""

import json
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load, save

from app.atlas.tensor_file import TensorFile
from app.store import Artifacts
from app.store.errors import Corrupt

RANDOM = np.random.default_rng(0)
TENSORS: dict[str, NDArray[Any]] = {
    "fc1.weight": RANDOM.normal(size=(30, 47)).astype(np.float32),
    "fc1.weight.rows": RANDOM.integers(-(2**31), 2**31 - 1, 30).astype(np.int32),
    "fc1.weight.shares": RANDOM.integers(0, 256, (2, 3)).astype(np.uint8),
    "steps": np.array([-(2**40), 2**40]),
    "none": np.zeros((0, 5), np.float32),
    "scalar": np.array(2.5, np.float32),
}
DATA = save(TENSORS, {"about": "a header that also has metadata"})


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(str(tmp_path))


@pytest.mark.parametrize("name", TENSORS)
def test_any_part_is_what_safetensors_reads_there(artifacts: Artifacts, name: str) -> None:
    whole = load(DATA)[name]
    with TensorFile(artifacts, artifacts.put(DATA)) as file:
        assert set(file.entries) == set(TENSORS)
        assert file.entries[name].shape == whole.shape
        flat, n = whole.reshape(-1), whole.size
        found = file.read(name)
        assert found.dtype == whole.dtype
        assert np.array_equal(found, flat)
        for first, last in {(0, n), (0, n // 2), (n // 3, n), (n // 3, n // 2), (n, n), (0, 0)}:
            assert np.array_equal(file.read(name, first, last), flat[first:last])


def test_a_tensor_that_is_not_there_is_a_key_error(artifacts: Artifacts) -> None:
    with TensorFile(artifacts, artifacts.put(DATA)) as file, pytest.raises(KeyError):
        file.read("fc9.weight")


def test_a_file_that_is_not_there_is_not_found(artifacts: Artifacts) -> None:
    with pytest.raises(FileNotFoundError):
        TensorFile(artifacts, "0" * 64)
    with pytest.raises(FileNotFoundError):
        TensorFile(artifacts, "../../etc/passwd")


def written(header: Any, data: bytes = b"", size: int | None = None) -> bytes:
    """A safetensors file with a header of our own."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if size is None else size).to_bytes(8, "little") + text + data


def entry(**changed: Any) -> dict[str, Any]:
    return {"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24], **changed}}


def test_what_these_headers_spoil_is_sound(artifacts: Artifacts) -> None:
    data = written(entry(), np.arange(6, dtype="<f4").tobytes())
    assert np.array_equal(load(data)["a"].reshape(-1), np.arange(6))
    with TensorFile(artifacts, artifacts.put(data)) as file:
        assert np.array_equal(file.read("a"), np.arange(6))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05\x00",
        written(b""),
        written(b"{"),
        written(b"\xff\xfe\xff\xfe"),
        written(b"[" * 100_000),
        written([]),
        written("a"),
        written(7),
        written({"a": []}),
        written({"a": {"dtype": "F32"}}),
        written(entry(), b"\0" * 24, size=1 << 20),
        written(entry(), b"\0" * 24, size=1 << 62),
        written(entry(dtype="F7"), b"\0" * 24),
        written(entry(dtype=[]), b"\0" * 24),
        written(entry(shape=3), b"\0" * 24),
        written(entry(shape=["2", 3]), b"\0" * 24),
        written(entry(data_offsets=[0]), b"\0" * 24),
        written(entry(data_offsets=[0, 24, 48]), b"\0" * 48),
        written(entry(data_offsets=["0", "24"]), b"\0" * 24),
        written(entry(data_offsets=[24, 0]), b"\0" * 24),
        written(entry(data_offsets=[-400, -376]), b"\0" * 24),
        written(entry(data_offsets=[0, 23]), b"\0" * 24),
        written(entry(shape=[2, 4]), b"\0" * 32),
    ],
    ids=count(),
)
def test_a_damaged_header_is_told(artifacts: Artifacts, data: bytes) -> None:
    sha256 = artifacts.put(data)
    with pytest.raises(Corrupt, match=f"artifact {sha256} is damaged: its header cannot be read"):
        TensorFile(artifacts, sha256)


@pytest.mark.parametrize("lost", [1, 3, 4, 100])
def test_a_file_that_ends_early_is_told_where_it_is_read(artifacts: Artifacts, lost: int) -> None:
    values = np.arange(60, dtype=np.float32)
    with TensorFile(artifacts, artifacts.put(save({"a": values})[:-lost])) as file:
        assert np.array_equal(file.read("a", 0, 35), values[:35])  # what is there can be read
        for part in ((0, 60), (59, 60), (30, 60)):
            with pytest.raises(Corrupt, match="tensor a is damaged: its file ends too early"):
                file.read("a", *part)


def test_the_file_is_closed_at_the_end(artifacts: Artifacts) -> None:
    with TensorFile(artifacts, artifacts.put(DATA)) as file:
        file.read("fc1.weight")
    with pytest.raises(ValueError, match="closed"):
        file.read("fc1.weight")
