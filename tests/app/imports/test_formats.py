"""Other kinds of files are known by their content, whatever they are called, and never opened."""

import bz2
import gzip
import io
import lzma
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from app.imports.formats import LINE, SCRIPT
from app.imports.refused import Refused
from tests.app.imports.files import source


class Bomb:
    """Unpickled, it would leave a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def torch_file(**options: Any) -> bytes:
    out = io.BytesIO()
    torch.save({"fc1.weight": torch.ones(3, 4)}, out, **options)
    return out.getvalue()


def archive(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("weights.safetensors", content)
    return out.getvalue()


def numpy_file() -> bytes:
    out = io.BytesIO()
    np.savez(out, weight=np.ones((3, 4)))
    return out.getvalue()


ZEROS = bytes(10_000_000)


# What training loops save beside the weights: a score as a tensor, and the optimizer's moments.
BESIDE = {"epoch": 4, "best_acc1": torch.tensor(0.9), "optimizer": {"state": {0: {"exp_avg": torch.ones(4, 3)}}}}


@pytest.mark.parametrize("key", [None, "state_dict", "model_state_dict", "model"])
@pytest.mark.parametrize("code", [LINE, SCRIPT])
def test_the_advised_code_converts_nested_checkpoints_and_names_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], key: str | None, code: str
) -> None:
    weights = {"fc.weight": torch.arange(12.0).reshape(4, 3).T, "step": 3}
    monkeypatch.chdir(tmp_path)
    for name in ("file.pt", "ticket.pt"):
        torch.save(weights if key is None else {**BESIDE, key: weights}, name)
    exec(code, {})
    assert key is None or key in capsys.readouterr().out
    (path,) = tmp_path.glob("*.safetensors")
    assert [(n, v.tolist()) for n, v in load_file(path).items()] == [("fc.weight", weights["fc.weight"].tolist())]  # type: ignore[attr-defined]


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_and_never_loaded(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "loaded"
    content = pickle.dumps(Bomb(trace), protocol)
    with pytest.raises(Refused, match=r"a pickle.*safetensors\.torch\.save_file"):
        source(content).entries()
    assert not trace.exists()
    pickle.loads(content)
    assert trace.exists()  # the trap was a real one


@pytest.mark.parametrize("protocol", [0, 1])
def test_an_old_pickle_is_no_safetensors_file_either(protocol: int) -> None:
    with pytest.raises(Refused, match="safetensors"):
        source(pickle.dumps({"weight": [0.0] * 20}, protocol)).entries()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (torch_file(), "zip archive"),
        (torch_file(_use_new_zipfile_serialization=False), "pickle"),
        (numpy_file(), "zip archive"),
        (archive(ZEROS), "zip archive"),
        (gzip.compress(ZEROS), "compressed"),
        (gzip.compress(ZEROS, mtime=0), "compressed"),
        (bz2.compress(ZEROS), "compressed"),
        (lzma.compress(ZEROS), "compressed"),
    ],
    ids=["torch", "torch of old", "npz", "zip bomb", "gzip bomb", "gzip bomb without a time", "bzip2", "xz"],
)
def test_archives_are_refused_with_how_to_convert(content: bytes, words: str) -> None:
    with pytest.raises(Refused, match=r"safetensors\.torch\.save_file") as caught:
        source(content).entries()
    assert words in str(caught.value)
    assert caught.value.status == 422
