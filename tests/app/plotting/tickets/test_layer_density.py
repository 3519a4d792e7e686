"""Density by layer: its data by hand, labels shared by layers that end together, layers that die."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.kinds.imported.spec import ImportedSpec
from app.plotting import words
from app.plotting.collapse import Collapse
from app.plotting.source import Options, Source
from app.plotting.tickets.layer_density import LayerInfo, draw, finding, info, sparsely, table

NAN = float("nan")


def source(records: Any, rows: list[dict[str, Any]] | None = None, **run: Any) -> Source[Options]:
    return Source(records.run(**run), Options(), {} if rows is None else {"layers": records.series(rows)})


def rows(kept: dict[tuple[int, int], tuple[float, float]]) -> list[dict[str, Any]]:
    """Kept weights of two layers of 100 and 50 by (replicate, level)."""
    return [
        {"replicate": replicate, "level": level, "layer": float(layer), "kept": left, "total": total}
        for (replicate, level), both in kept.items()
        for layer, (left, total) in enumerate(zip(both, (100.0, 50.0), strict=True))
    ]


KEPT = {(0, 0): (100.0, 50.0), (1, 0): (100.0, 50.0), (0, 1): (40.0, 45.0), (1, 1): (50.0, 35.0), (0, 2): (20.0, 40.0)}


def test_info_by_hand(records: Any, same: Callable[..., bool]) -> None:
    expected = LayerInfo(
        names=("fc1", "fc2"),
        levels=np.arange(3),
        replicates=np.arange(2),
        density=np.array([[[1.0, 1.0], [0.4, 0.5], [0.2, NAN]], [[1.0, 1.0], [0.9, 0.7], [0.8, NAN]]]),
        weights=np.array([[[100.0, 100.0], [100.0, 100.0], [100.0, NAN]], [[50.0, 50.0], [50.0, 50.0], [50.0, NAN]]]),
        csr=np.array([[[0.0, 0.0], [0.0, 0.0], [0.0, NAN]]] * 2),
        overall=np.array([1.0, 170 / 300, 60 / 150]),
        kept=60.0,
        total=150.0,
        planned_levels=11,
        live=False,
    )
    data = info(source(records, rows(KEPT)))
    assert same(data, expected)
    assert words.text(tuple(finding(data))) == (
        "At level 2, 40.0 % of the weights are left, 60 of 150; fc1 keeps 20.0 %, fc2 80.0 %."
    )


def test_n_is_that_of_each_level(records: Any) -> None:
    figure = draw(info(source(records, rows(KEPT))))
    assert figure.layout.meta["n"] == 2
    assert figure.layout.meta["foot"].startswith("n = 1 to 2 replicates by level, mean")
    assert [list(trace.text) for trace in figure.data if trace.name == "fc1"] == [
        ["100 % (n = 2)", "45.0 % (n = 2)", "20.0 % (n = 1)"]
    ]
    alike = draw(info(source(records, rows({key: kept for key, kept in KEPT.items() if key[1] < 2}))))
    assert alike.layout.meta["foot"].startswith("n = 2 replicates, mean")
    assert "n =" not in "".join(text for trace in alike.data for text in trace.text or ())


def test_what_was_trained_sparsely_is_said(records: Any) -> None:
    csr = {(0, 0): (0, 0), (1, 0): (0, 0), (0, 1): (1, 0), (1, 1): (0, 0), (0, 2): (1, 1)}
    told = [{**row, "csr": float(csr[row["replicate"], row["level"]][int(row["layer"])])} for row in rows(KEPT)]
    data = info(source(records, told))
    assert sparsely(data) == " · trained in CSR format: fc1 from level 1 on; fc2 from level 2 on"
    assert draw(data).layout.meta["foot"].endswith(sparsely(data))
    shown = [value for value in table(data)["csr"] if value == value]
    assert shown == [0, 0, 1, 0, 1, 0, 0, 0, 0, 1]
    assert sparsely(info(source(records, rows(KEPT)))) == ""


def test_a_band_only_where_replicates_differ(records: Any) -> None:
    differing = draw(info(source(records, rows(KEPT))))
    alike = draw(info(Source(records.run(), Options(), {"layers": records.layers_series()})))
    assert "band" in {trace.meta["part"] for trace in differing.data}
    assert {trace.meta["part"] for trace in alike.data} == {"mean"}


def test_layers_that_end_together_share_a_label(records: Any) -> None:
    figure = draw(info(Source(records.run(), Options(), {"layers": records.layers_series()})))
    assert [note.text for note in figure.layout.annotations][1:] == ["fc1, fc2", "fc3", "all"]
    looks = {(trace.line.dash, trace.marker.symbol) for trace in figure.data if trace.mode == "lines+markers"}
    assert len(looks) == 3


def test_a_layer_without_weights_stays_at_the_floor_and_is_named(records: Any) -> None:
    collapse = Collapse(1, ("fc1",), "fc1")
    plain = source(records, rows({(0, 0): (100.0, 50.0), (0, 1): (0.0, 10.0)}), replicates=1)
    data = info(Source(plain.run, plain.options, plain.series, collapses={(0, 1): collapse}))
    figure = draw(data)
    floor = figure.layout.yaxis.tickvals[0]
    assert figure.layout.yaxis.ticktext[0] == "0"
    np.testing.assert_allclose(figure.data[1].y, [100.0, floor])
    assert figure.data[1].marker.symbol[1] == "x-thin"
    np.testing.assert_allclose(figure.data[0].y, [100, 1000 / 150])
    assert floor < 1000 / 150
    assert words.text(tuple(finding(data))).endswith(
        "fc1 keeps 0 %, fc2 20.0 %. Layer collapse at level 1 in fc1. The network is cut at fc1: the output no longer "
        "depends on the input."
    )
    assert figure.layout.meta["foot"].endswith("× at the foot: no weight is kept")


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        ({}, "The first point appears when the first training starts."),
        ({(0, 0): (100.0, 50.0)}, "All 150 weights are kept; the first pruning follows."),
        (
            {(0, 0): (100.0, 50.0), (0, 1): (50.0, 25.0)},
            "At level 1, 50.0 % of the weights are left, 75 of 150; every layer lost the same fraction.",
        ),
        (
            {(0, 0): (100.0, 50.0), (0, 1): (1.04, 0.5)},
            "At level 1, 1.0 % of the weights are left, 2 of 150; every layer lost about the same fraction.",
        ),
    ],
)
def test_findings_while_running(records: Any, kept: dict[Any, Any], expected: str) -> None:
    data = info(source(records, rows(kept) or None, state="running"))
    assert words.text(tuple(finding(data))) == expected
    assert draw(data).layout.xaxis.range == (-0.2, 11.2)


def test_an_imported_mask_may_be_sparse_from_the_start(records: Any) -> None:
    spec = ImportedSpec(kind="imported", files=("mask.safetensors",), layers=2, levels=0)
    run = records.run().model_copy(update={"kind": "imported", "spec": spec})
    data = info(Source(run, Options(), {"layers": records.series(rows({(0, 0): (40.0, 45.0)}))}))
    assert words.text(tuple(finding(data))) == (
        "At level 0, 56.7 % of the weights are left, 85 of 150; fc1 keeps 40.0 %, fc2 90.0 %."
    )
    figure = draw(data)
    # Lines of a single level would be points on top of one another: each layer has a row instead.
    assert figure.layout.yaxis.ticktext == ("fc1", "fc2")
    np.testing.assert_allclose(figure.data[0].x, [40, 90])


def test_a_layer_of_a_single_level_that_keeps_nothing_is_a_cross(records: Any) -> None:
    spec = ImportedSpec(kind="imported", files=("mask.safetensors",), layers=2, levels=0)
    run = records.run().model_copy(update={"kind": "imported", "spec": spec})
    figure = draw(info(Source(run, Options(), {"layers": records.series(rows({(0, 0): (0.0, 45.0)}))})))
    assert list(figure.data[0].marker.symbol) == ["x-thin", "circle"]
    assert list(figure.data[0].text) == ["fc1: nothing kept", "fc2: 90.0 %"]
    assert figure.data[0].x[0] == figure.layout.xaxis.tickvals[0]
    assert figure.layout.xaxis.ticktext[0] == "0"


def test_hundreds_of_layers_have_a_row_each(records: Any) -> None:
    many = [{"level": level, "layer": layer, "kept": 100 - level * layer / 5, "total": 100}
            for level in range(2) for layer in range(400)]  # fmt: skip
    figure = draw(info(Source(records.run(), Options(), {"layers": records.series(many)})))
    earlier, last = figure.data
    assert len(last.x) == len(last.y) == 400
    np.testing.assert_allclose(last.x[:3], [100, 99.8, 99.6])
    assert earlier.meta["part"] == "levels"
    assert figure.layout.meta["size"] == "roll"
    assert 30 < len(figure.layout.yaxis.ticktext) <= 64


def test_table(records: Any) -> None:
    columns = table(info(source(records, rows({(0, 0): (100.0, 50.0), (0, 1): (40.0, 45.0)}))))
    assert columns == {
        "layer": ["fc1", "fc1", "fc2", "fc2"],
        "level": [0, 1, 0, 1],
        "replicate": [0, 0, 0, 0],
        "density": [1.0, 0.4, 1.0, 0.9],
        "kept": [100.0, 40.0, 50.0, 45.0],
        "weights": [100.0, 100.0, 50.0, 50.0],
        "csr": [0.0, 0.0, 0.0, 0.0],
    }
