"""Weight movement: pooling of histograms, weighting of layers, and what each view says."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.kinds.lottery.figures.movement_by_level import ByLevelInfo
from app.kinds.lottery.figures.movement_histogram import HistogramInfo
from app.kinds.lottery.figures.movement_scatter import JointInfo
from app.kinds.lottery.figures.movement_view import MovementOptions, moved, shares
from app.kinds.lottery.figures.weight_movement import _VIEWS, draw, info, reads, table
from app.kinds.registry import FIGURES
from app.plotting import words
from app.plotting.source import Source

NAN = float("nan")
EDGES = np.linspace(0, 1, 65)


def source(records: Any, view: str, series: Any = None, artifacts: Any = None, run: Any = None, **options: Any
           ) -> Source[MovementOptions]:  # fmt: skip
    return Source(
        run or records.run(),
        MovementOptions.model_validate({"view": view, **options}),
        {} if series is None else {"movement": series},
        artifacts or {},
    )


def sentence(made: Any, view: str) -> str:
    return words.text(tuple(_VIEWS[view].finding(made)))


def row(replicate: int, layer: int, alive: int, kept: int, move: float, **more: float) -> dict[str, Any]:
    return {
        "replicate": replicate, "level": 2, "layer": float(layer), "alive": alive, "kept": kept,
        "mean_abs_move_kept": move, "mean_abs_move_pruned": move / 2, "sign_flips_kept": 0.1,
        "sign_flips_pruned": 0.4, "mean_abs_init_kept": 0.1, "mean_abs_trained_kept": 0.2, **more,
    }  # fmt: skip


def test_layers_are_pooled_weight_by_weight(records: Any) -> None:
    rows = records.series([row(0, 0, 100, 75, 0.4), row(0, 1, 30, 25, 0.8), row(1, 0, 100, 75, 0.6)])
    made = moved(rows, (0, 1, 2))
    np.testing.assert_allclose(made.move_kept, [[(75 * 0.4 + 25 * 0.8) / 100, 0.6]])
    np.testing.assert_allclose(made.move_pruned, [[(25 * 0.2 + 5 * 0.4) / 30, 0.3]])
    np.testing.assert_allclose(moved(rows, (1,)).move_kept, [[0.8]])


def test_an_empty_group_weighs_nothing_and_a_diverged_one_stays_undefined(records: Any) -> None:
    rows = records.series([row(0, 0, 50, 50, 0.4, mean_abs_move_pruned=NAN), row(0, 1, 10, 5, 0.4)])
    np.testing.assert_allclose(moved(rows, (0, 1)).move_pruned, [[0.2]])
    assert np.isnan(moved(rows, (0,)).move_pruned).all()
    rows = records.series([row(0, 0, 50, 25, NAN), row(0, 1, 10, 5, 0.4)])
    assert np.isnan(moved(rows, (0, 1)).move_kept).all()


def test_rebinning_conserves_counts_and_keeps_equal_bins() -> None:
    assert np.array_equal(shares(EDGES, EDGES), np.eye(64))
    wider = np.linspace(0, 2.5, 65)
    counts = np.random.default_rng(0).integers(0, 100, 64)
    assert (shares(EDGES, wider) @ counts).sum() == pytest.approx(counts.sum())
    # One old bin over two new ones, in the share of their widths.
    np.testing.assert_allclose(shares(np.array([0.0, 4.0]), np.array([0.0, 1.0, 4.0])), [[0.25], [0.75]])


def test_histogram_by_hand(records: Any, same: Callable[..., bool]) -> None:
    kept, pruned = np.arange(64.0), np.full(64, 3.0)
    one = {"fc1.weight.edges": EDGES.astype(np.float32), "fc1.weight.kept": kept, "fc1.weight.pruned": pruned}
    artifacts = {("movement", 0, 2): one, ("movement", 3, 2): one, ("movement", 0, 1): one}
    rows = records.series([row(0, 0, 100, 75, 0.4), row(3, 0, 100, 75, 0.6)])
    data = info(source(records, "histogram", rows, artifacts, level=2, layer="fc1"))
    expected = HistogramInfo(2, "fc1", 2, EDGES, kept + kept, pruned + pruned, 0.5, 0.25, ())
    assert same(data, expected)
    assert sentence(data, "histogram") == (
        "At level 2, weights that survive the next pruning moved 0.500 on average, those pruned 0.250: "
        "2.0 times as far."
    )


def test_joint_by_hand(records: Any, same: Callable[..., bool]) -> None:
    edges = np.linspace(-1, 1, 65)
    counts = np.zeros((64, 64), dtype=np.int64)
    counts[10, 50] = 7  # from a negative weight to a positive one
    one = {"fc2.weight.joint_edges": edges.astype(np.float32), "fc2.weight.joint": counts}
    rows = records.series([row(0, 1, 100, 75, 0.4)])
    data = info(source(records, "scatter", rows, {("movement", 0, 2): one}, level=2, layer="fc2"))
    assert same(data, JointInfo(2, "fc2", 1, edges, counts.astype(float), 0.1, 0.4, 0.1, 0.2, ()))
    heat = draw(data).data[0]
    # Start runs along x, end along y; a cell with no weight is bare.
    assert heat.z[50, 10] == pytest.approx(np.log10(7))
    assert np.isfinite(heat.z).sum() == 1
    assert (heat.x[10] < 0, heat.y[50] > 0) == (True, True)
    assert draw(data).layout.xaxis.range == draw(data).layout.yaxis.range == (-1, 1)
    assert sentence(data, "scatter") == (
        "At level 2, 10.0 % of the weights that survive the next pruning changed sign, of those pruned 40.0 %; "
        "survivors went from a mean size of 0.100 to 0.200."
    )
    assert table(data)["weights"] == [7.0]


def test_pooling_over_replicates_and_layers_keeps_every_weight(records: Any) -> None:
    artifacts = {("movement", replicate, 5): records.movement_artifact(replicate) for replicate in range(3)}
    every = sum(records.kept(0))
    for view in ("histogram", "scatter"):
        data = info(source(records, view, records.movement_series(), artifacts, level=5))
        assert not isinstance(data, ByLevelInfo)
        assert data.n == 3
        counts = data.counts if isinstance(data, JointInfo) else data.kept + data.pruned
        assert counts.sum() == pytest.approx(3 * every)


def test_histogram_groups_add_up_to_a_hundred_per_cent(records: Any) -> None:
    artifacts = {("movement", 0, 5): records.movement_artifact(0)}
    figure = draw(info(source(records, "histogram", records.movement_series(), artifacts, level=5)))
    assert [float(trace.y[:-1].sum()) for trace in figure.data] == pytest.approx([100, 100], rel=1e-5)
    assert [(trace.meta["role"], trace.line.dash) for trace in figure.data] == [
        ("pruned", "5px,3px"),
        ("winning_ticket", "solid"),
    ]


def test_by_level_has_means_bands_and_n(records: Any) -> None:
    rows = [row(replicate, 0, 100, 64, 0.2 + 0.1 * replicate) for replicate in range(2)]
    rows += [{**row(0, 0, 64, 41, 0.5), "level": 3}]
    data = info(source(records, "by_level", records.series(rows)))
    figure = draw(data)
    mean = next(trace for trace in figure.data if trace.name == "survives" and trace.yaxis == "y")
    assert mean.x.tolist() == [2, 3]
    assert mean.y.tolist() == pytest.approx([0.25, 0.5])
    assert list(mean.text) == ["0.250  (0.200 to 0.300, n = 2)", "0.500  (0.500 to 0.500, n = 1)"]
    assert figure.layout.meta["foot"].startswith("n = 1 to 2 replicates by level")
    assert sentence(data, "by_level") == (
        "At level 2, survivors moved 0.250 and weights pruned next 0.125; 10.0 % and 40.0 % of them changed sign."
    )
    assert table(data)["mean_abs_move_kept"][:2] == pytest.approx([0.2, 0.3])


def test_sizes_of_a_training_that_nearly_diverges_are_powers_of_ten(records: Any) -> None:
    rows = records.series([row(0, 0, 100, 64, 119_419_409_475.5)])
    data = info(source(records, "by_level", rows))
    assert "survivors moved 1.19 × 10¹¹ and weights pruned next 5.97 × 10¹⁰;" in sentence(data, "by_level")
    figure = draw(data)
    assert figure.layout.yaxis.exponentformat == "power"
    mean = next(trace for trace in figure.data if trace.name == "survives" and trace.yaxis == "y")
    assert list(mean.text) == ["1.19 × 10¹¹  (1.19 × 10¹¹ to 1.19 × 10¹¹, n = 1)"]


@pytest.mark.parametrize("view", ["histogram", "scatter", "by_level"])
def test_empty_says_what_it_waits_for(records: Any, view: str) -> None:
    data = info(source(records, view, run=records.run(state="running")))
    assert sentence(data, view) == "Movement is measured when the dense network is trained."
    assert draw(data).layout.meta["n"] == 0
    ended = info(source(records, view, run=records.run(state="failed")))
    assert sentence(ended, view).startswith("Nothing to show")


@pytest.mark.parametrize("view", ["histogram", "scatter", "by_level"])
def test_an_unknown_layer_is_answered_with_the_known_ones(records: Any, view: str) -> None:
    data = info(source(records, view, records.movement_series(), layer="fc9"))
    assert sentence(data, view) == "No layer is named 'fc9'. This network has the layers fc1, fc2, fc3."


def test_a_level_of_zero_movement_is_drawn(records: Any) -> None:
    rows = [row(0, 0, 100, 64, 0.0)]
    assert sentence(info(source(records, "by_level", records.series(rows))), "by_level").startswith("At level 2")
    one = {"fc1.weight.edges": EDGES, "fc1.weight.kept": np.zeros(64), "fc1.weight.pruned": np.zeros(64)}
    data = info(source(records, "histogram", records.series(rows), {("movement", 0, 2): one}, level=2, layer="fc1"))
    assert "cannot be compared" in sentence(data, "histogram")
    assert len(draw(data).data) == 0


def test_each_view_reads_no_more_than_it_needs() -> None:
    assert reads(MovementOptions(view="by_level", level=3)) == ({"movement": None}, {})
    assert reads(MovementOptions(view="scatter", level=3)) == ({"movement": 3}, {"movement": 3})
    assert FIGURES["weight_movement"].artifacts == ("movement",)
