"""Entry sizes of an update: shares by bin, the median, and which step is shown."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from app.kinds.erasure.figures.update_sizes import Sizes, SizesInfo, SizesOptions, draw, finding, foot, info, table
from app.plotting import words
from app.plotting.source import Source
from tests.app import erasure_rows
from tests.app.erasure_rows import NAN, ending, erasure_run, moment, series, update_sizes

GRIDS = {"sgd": (0.5, 1.0), "dualised": (1.0,)}
place = partial(erasure_rows.place, optimizers=GRIDS)
DENSE = {-2.125: 0.5, -1.875: 0.5}
SPARSE = {-5.125: 0.75, -2.125: 0.25}


def source(rows: list[dict[str, Any]], *, ends: Any = (), moments: Any = (), run: Any = None, **options: Any) -> Any:
    tables = {"update_sizes": series(rows), "ending": series(list(ends)), "erasure": series(list(moments))}
    return Source(run or erasure_run(optimizers=GRIDS), SizesOptions(**options), tables)


def rows() -> list[dict[str, Any]]:
    """Dualised at steps 10 and 100 in two replicates; SGD at lr 1 at step 100 in the first."""
    out = [row for r in (0, 1) for step in (10, 100) for row in update_sizes(place("dualised", 0, r), step, DENSE)]
    return out + update_sizes(place("sgd", 1), 100, SPARSE)


ENDS = [ending(place("sgd", 1)), ending(place("dualised")), ending(place("dualised", 0, 1))]


def test_info_by_hand(same: Any) -> None:
    moments = [moment(place("dualised", 0, r), 100, update_stable_rank=50 + r) for r in (0, 1)]
    data = info(source(rows(), ends=ENDS, moments=moments))
    sparse = np.zeros((13, 1))
    sparse[0], sparse[12] = 0.75, 0.25
    expected = SizesInfo(
        step=100,
        steps=100,
        width=16,
        sizes=(
            Sizes("sgd", 1.0, (0,), np.arange(-5.125, -2.1, 0.25), sparse, np.array([NAN])),
            Sizes("dualised", 1.0, (0, 1), np.array([-2.125, -1.875]), np.full((2, 2), 0.5), np.array([50.0, 51.0])),
        ),
        planned=("sgd", "dualised"),
        absent=(),
        diverged=0,
        live=False,
    )
    assert same(data, expected)
    # Half of the dense entries lie above 10^−2; of the sparse ones a third of the bin from 10^−5.25 to 10^−5.
    assert data.sizes[1].median.tolist() == pytest.approx([1e-2, 1e-2])
    assert data.sizes[0].median.tolist() == pytest.approx([10 ** (-5 - 0.25 / 3)])
    assert words.text(tuple(finding(data))) == (
        "The median size of the entries of the update at step 100 is (1.0 ± 0.0) × 10⁻² for dualised at lr 1 (stable "
        "rank 50.5); 8.3 × 10⁻⁶ for SGD at lr 1."
    )
    assert foot(data) == (
        "n = 1 to 2 replicates, mean ± standard deviation · band = min to max · percentage of entries in bins of a "
        "quarter of a decade; zeros are not shown"
    )


def test_the_median_is_that_of_the_entries_themselves() -> None:
    """Against numpy's median of entries that are then put into bins."""
    entries = np.abs(np.random.default_rng(0).standard_normal(20_000)) * 1e-3
    bins, counts = np.unique(np.floor(np.log10(entries) / 0.25).astype(int), return_counts=True)
    shares = dict(zip(((bins + 0.5) * 0.25).tolist(), (counts / len(entries)).tolist(), strict=True))
    (sizes,) = info(source(update_sizes(place("sgd"), 100, shares), optimizer="sgd", lr=0.5)).sizes
    assert sizes.median[0] == pytest.approx(np.median(entries), rel=0.05)


def test_where_most_entries_are_zero_half_exceed_nothing() -> None:
    data = info(source(update_sizes(place("sgd"), 100, {-2.125: 0.25}), optimizer="sgd", lr=0.5))
    assert data.sizes[0].median.tolist() == [0]
    assert "is 0, more than half being exactly that, for SGD at lr 0.5" in words.text(tuple(finding(data)))


def test_a_bin_without_an_entry_is_zero_and_both_ends_come_down() -> None:
    (line,) = draw(info(source(rows(), ends=ENDS, optimizer="sgd"))).data
    assert line.x.tolist() == pytest.approx((10 ** np.arange(-5.375, -1.8, 0.25)).tolist())
    assert line.y.tolist() == [0, 75, *[0] * 11, 25, 0]


def test_the_last_step_that_all_have_reached_is_shown_or_the_one_asked_for() -> None:
    running = rows() + update_sizes(place("sgd", 1, 1), 10, SPARSE)
    assert info(source(running, optimizer="dualised")).step == 100
    assert info(source(running, optimizer="sgd", lr=1.0)).step is None
    early = info(source(rows(), ends=ENDS, step=10))
    assert [size.optimizer for size in early.sizes] == ["dualised"]
    none = info(source(rows(), ends=ENDS, step=7))
    assert words.text(tuple(finding(none))) == "No update of step 7 was recorded (yet)."


def test_what_diverged_is_not_shown_but_told() -> None:
    ends = [ending(place("sgd", 1)), ending(place("dualised"), diverged=3), ending(place("dualised", 0, 1), diverged=3)]
    data = info(source(rows(), ends=ends))
    assert [size.optimizer for size in data.sizes] == ["sgd"]
    assert foot(data).endswith("1 optimizer diverged at this learning rate")


def test_a_rate_that_only_some_have_leaves_the_others_out() -> None:
    data = info(source(update_sizes(place("sgd"), 100, SPARSE), lr=0.5))
    assert data.absent == ("dualised",)
    assert foot(data).endswith("not trained at this learning rate: dualised")
    nothing = info(source([], lr=7.0))
    assert words.text(tuple(finding(nothing))) == "Not trained at this learning rate: SGD, dualised."


@pytest.mark.parametrize(("state", "expected"), [
    ("queued", "The first line appears when a network has taken a step."),
    ("failed", "Nothing to show: no network completed a step."),
])  # fmt: skip
def test_empty_says_what_it_waits_for(state: str, expected: str) -> None:
    data = info(source([], run=erasure_run(state=state)))
    assert words.text(tuple(finding(data))) == expected
    assert (foot(data), draw(data).data) == ("n = 0", ())


def test_table_has_a_row_for_each_bin() -> None:
    columns = table(info(source(rows(), ends=ENDS, optimizer="dualised")))
    assert np.isnan(columns.pop("stable_rank")).all()
    assert columns == {
        "optimizer": ["dualised"] * 4, "lr": [1.0] * 4, "step": [100] * 4,
        "log10_size": [-2.125, -2.125, -1.875, -1.875], "replicate": [0, 1, 0, 1], "share": [0.5] * 4,
        "median": [0.01] * 4,
    }  # fmt: skip
