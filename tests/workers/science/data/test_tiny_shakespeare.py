"""Tiny Shakespeare: the published text, in windows that follow each other, each with the text one character on."""

import hashlib
from pathlib import Path

import pytest
import torch

from workers.science.data import tiny_shakespeare
from workers.science.data.dataset import DatasetError, Split

SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


@pytest.fixture(scope="module")
def text(datasets_dir: Path) -> str:
    path = datasets_dir / "tinyshakespeare" / "input.txt"
    if not path.is_file():
        pytest.skip(f"no {path} here")
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == SHA256
    return content.decode("ascii")


def test_windows_are_the_text_and_targets_what_comes_next(text: str, datasets_dir: Path) -> None:
    data = tiny_shakespeare.load(datasets_dir)
    symbols = sorted(set(text))
    assert data.n_classes == len(symbols) == 65

    def written(tensor: torch.Tensor) -> str:
        return "".join(symbols[symbol] for symbol in tensor.flatten().tolist())

    at = 0
    for split, n in ((data.train, 15_685), (data.validation, 871), (data.test, 871)):
        assert isinstance(split, Split)
        assert split.x.shape == split.y.shape == (n, 64)
        assert (split.x.dtype, split.y.dtype) == (torch.int64, torch.int64)
        start = text.index(written(split.x[:3]), at)
        assert written(split.x) == text[start : start + 64 * n]
        assert written(split.y) == text[start + 1 : start + 64 * n + 1]
        assert start >= at, "parts do not overlap"
        at = start + 64 * n + 1
    assert len(text) - at < 64


def test_another_text_is_refused_with_the_file_named(tmp_path: Path) -> None:
    path = tmp_path / "tinyshakespeare" / "input.txt"
    path.parent.mkdir()
    path.write_text("To be, or not to be")
    with pytest.raises(DatasetError, match=r"input.txt is not the published file"):
        tiny_shakespeare.load(tmp_path)
