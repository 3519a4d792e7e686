"""Memory against density: bytes by hand, and words for them."""

from typing import Any

import numpy as np
import pytest

from app.kinds.hardware.figures.hardware_view import LayerOptions
from app.kinds.hardware.figures.memory_vs_density import draw, finding, info, size_text, table
from app.plotting import words
from app.plotting.source import Source
from tests.app.erasure_rows import series
from tests.app.hardware_rows import hardware_run, row

ROWS = [
    row("dense", bytes=942_000.0), row("csr", bytes=471_604.0), row("masked_dense", bytes=1_882_800.0),
    row("dense", bytes=942_000.0, target=0.1), row("csr", bytes=190_564.0, target=0.1),
    row("masked_dense", bytes=1_882_800.0, target=0.1),
]  # fmt: skip


def source(rows: list[dict[str, Any]], **run: Any) -> Source[LayerOptions]:
    fields = {"formats": ("masked_dense", "csr"), "replicates": 1, **run}
    return Source(hardware_run(**fields), LayerOptions(), {"hardware": series(rows)})


def test_bytes_by_hand() -> None:
    data = info(source(ROWS))
    assert {item.name: item.values[:, 0].tolist() for item in data.formats} == {
        "dense": [942_000, 942_000], "masked_dense": [1_882_800, 1_882_800], "csr": [471_604, 190_564],
    }  # fmt: skip
    assert words.text(tuple(finding(data))) == (
        "For inference, 784×300 takes 942 kB dense; at 10.0 % of the weights masked dense 1.88 MB, CSR 191 kB."
    )
    means = {trace.name: trace.y.tolist() for trace in draw(data).data if trace.meta["part"] == "mean"}
    assert means["CSR"] == [471.604, 190.564]
    assert np.log10(1_882.8) < draw(data).layout.yaxis.range[1]


@pytest.mark.parametrize(
    ("n_bytes", "text"), [(812, "812 B"), (942_000, "942 kB"), (1_882_800, "1.88 MB"), (4e9, "4.00 GB"), (0.0, "0 B")]
)
def test_sizes_in_words(n_bytes: float, text: str) -> None:
    assert size_text(n_bytes) == text


def test_table_has_a_row_for_each_measurement() -> None:
    assert table(info(source(ROWS[:2]))) == {
        "format": ["dense", "csr"], "density": [0.5, 0.5], "replicate": [0, 0], "bytes": [942_000, 471_604],
    }  # fmt: skip
