"""Stable rank against width: gradient and dualised update for each batch size, below the cap."""

from typing import Any

import numpy as np
import pytest

from app.kinds.stable_rank.figures.stable_rank_vs_width import Batch, RankInfo, draw, finding, foot, info, table
from app.plotting import words
from app.plotting.source import Options, Source
from tests.app.erasure_rows import NAN, erasure_run, rank_run, series


def row(width: int, batch: int, gradient: float, dualised: float, replicate: int = 0) -> dict[str, Any]:
    return {"replicate": replicate, "width": width, "batch_size": batch, "gradient": gradient,
            "dualised": dualised, "cap": min(width, batch)}  # fmt: skip


def source(rows: list[dict[str, Any]], **run: Any) -> Source[Options]:
    spec = {"widths": (128, 32), "batch_sizes": (16, 64), **run}
    return Source(rank_run(**spec), Options(), {"stable_rank": series(rows)})


ROWS = [
    row(32, 64, 1.0, 10.0), row(32, 64, 1.2, 12.0, 1), row(128, 64, 1.1, 40.0), row(128, 64, 1.3, 44.0, 1),
    row(32, 16, 1.5, 8.0),
]  # fmt: skip


def test_info_by_hand(same: Any) -> None:
    data = info(source(ROWS))
    expected = RankInfo(
        widths=np.array([32, 128]),
        batches=(
            Batch(64, np.array([[1.0, 1.2], [1.1, 1.3]]), np.array([[10.0, 12.0], [40.0, 44.0]]), np.array([32, 64])),
            Batch(16, np.array([[1.5, NAN], [NAN, NAN]]), np.array([[8.0, NAN], [NAN, NAN]]), np.array([16, 16])),
        ),
        replicates=2,
        live=False,
    )
    assert same(data, expected)
    # 40 and 44: sd 2.83; 10 and 12: sd 1.41.
    assert words.text(tuple(finding(data))) == (
        "From width 32 to 128, with batches of 64 over 2 replicates: stable rank of the gradient 1.1 ± 0.1 to 1.2 ± "
        "0.1, of its dualised update 11.0 ± 1.4 to 42.0 ± 2.8; no update of that batch could exceed 64."
    )
    assert foot(data).startswith("n = 1 to 2 replicates, mean ± standard deviation · band = min to max")


def test_lines_caps_and_axes() -> None:
    figure = draw(info(source(ROWS)))
    means = {trace.name: (trace.x.tolist(), trace.y.tolist()) for trace in figure.data if trace.meta["part"] == "mean"}
    assert means == {
        "gradient, batch 64": ([32, 128], pytest.approx([1.1, 1.2])),
        "dualised, batch 64": ([32, 128], [11, 42]),
        "gradient, batch 16": ([32], [1.5]),
        "dualised, batch 16": ([32], [8]),
    }
    caps = [(trace.y.tolist(), trace.line.dash) for trace in figure.data if trace.meta["part"] == "cap"]
    assert caps == [([32, 64], "dot"), ([16, 16], "dot")]
    assert (figure.layout.xaxis.type, figure.layout.yaxis.type) == ("log", "log")
    assert figure.layout.yaxis.range[1] > np.log10(64)
    assert len({trace.line.dash for trace in figure.data if trace.meta["role"] == "dualised" and trace.name}) == 2


def test_a_live_run_is_told_from_the_batch_that_has_a_point() -> None:
    data = info(source([row(32, 16, 1.5, 8.0)], state="running"))
    assert words.text(tuple(finding(data))) == (
        "At width 32, with batches of 16: stable rank of the gradient 1.5, of its dualised update 8.0."
    )
    assert foot(data).startswith("n = 1 replicate: no spread")
    assert foot(data).endswith("7 gradients remaining")


@pytest.mark.parametrize(("state", "expected"), [
    ("running", "The first point appears with the first gradient."),
    ("failed", "Nothing to show: no gradient was taken."),
])  # fmt: skip
def test_empty_says_what_it_waits_for(state: str, expected: str) -> None:
    assert words.text(tuple(finding(info(source([], state=state))))) == expected


def test_table_has_a_row_for_each_gradient() -> None:
    columns = table(info(source(ROWS)))
    assert columns["batch_size"] == [64, 64, 64, 64, 16]
    assert columns["width"] == [32, 32, 128, 128, 32]
    assert columns["dualised"] == [10, 12, 40, 44, 8]
    assert columns["cap"] == [32, 32, 64, 64, 16]


def test_another_kind_of_run_is_refused() -> None:
    with pytest.raises(TypeError, match="is of kind erasure"):
        info(Source(erasure_run(), Options()))
