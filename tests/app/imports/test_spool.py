"""What is written piece by piece is what the library would have written at once."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from app.imports.spool import Spool


def test_the_library_reads_it_and_nothing_stays(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.add("é.weight", np.arange(5, dtype=np.uint8))
        spool.stream("b", np.float32, (2, 3), (np.arange(k, dtype=np.float64) for k in (1, 2, 3)))
        spool.add("c", np.array([[1, -2]], np.int32).T)
        assert list(tmp_path.iterdir()) == []
        content = b"".join(spool.chunks())
        assert b"".join(spool.chunks()) == content
    tensors = load(content)
    assert tensors["é.weight"].tolist() == [0, 1, 2, 3, 4]
    assert tensors["b"].tolist() == [[0, 0, 1], [0, 1, 2]]
    assert tensors["c"].tolist() == [[1], [-2]]
    assert tensors["c"].dtype == np.int32
    assert int.from_bytes(content[:8], "little") % 8 == 0


def test_pieces_that_do_not_add_up_are_a_fault(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool, pytest.raises(ValueError, match="are not a float32"):
        spool.stream("a", np.float32, (4,), [np.zeros(3)])
