"""Speed-up against density: break-even on straight lines in log-log, what is refused or wrong is said and not drawn."""

import math
from typing import Any

import numpy as np
import pytest

from app.contract.experiment import FieldError
from app.kinds.hardware.figures.hardware_view import Format, LayerOptions, View
from app.kinds.hardware.figures.speedup_vs_density import SpeedupInfo, break_even, draw, finding, info, table
from app.plotting import words
from app.plotting.source import Source
from tests.app.erasure_rows import NAN, erasure_run, series
from tests.app.hardware_rows import hardware_run, refused, row

RUN = {"formats": ("masked_dense", "csr"), "densities": (0.1, 0.5)}


def source(rows: list[dict[str, Any]], options: dict[str, Any] | None = None, **run: Any) -> Source[LayerOptions]:
    chosen = LayerOptions.model_validate(options or {})
    return Source(hardware_run(**{**RUN, **run}), chosen, {"hardware": series(rows)})


ROWS = [
    row("dense"), row("csr", speedup=0.5), row("csr", speedup=0.7, replicate=1), row("masked_dense", speedup=0.8),
    row("csr", target=0.1, speedup=2.0), row("csr", target=0.1, speedup=2.4, replicate=1),
    row("masked_dense", target=0.1, speedup=0.9),
    # What is not chosen: another layer, mode, batch, or the ticket.
    row("csr", (300, 100), speedup=99.0), row("csr", training=1, speedup=98.0), row("csr", batch_size=7, speedup=97.0),
    row("csr", (0, 0), ticket=1, speedup=96.0),
]  # fmt: skip


def test_info_by_hand(same: Any) -> None:
    none, nothing = np.full((2, 2), NAN), ("", "")
    dense, csr = np.array([[0.8, NAN], [0.9, NAN]]), np.array([[0.5, 0.7], [2.0, 2.4]])
    expected = SpeedupInfo(
        view=View((784, 300), "inference", 60, 11, "A Processor", "cpu"),
        densities=np.array([0.5, 0.1]),
        formats=(
            Format("masked_dense", dense, none, nothing, NAN, 0.97 * dense, 1.03 * dense),
            Format("csr", csr, none, nothing, NAN, 0.97 * csr, 1.03 * csr),
        ),
        live=False,
    )
    assert same(info(source(ROWS)), expected)


def test_break_even_is_where_a_straight_line_in_log_log_crosses_one() -> None:
    densities = np.array([0.5, 0.1])
    # From 1/2 to 2 is as far below 1 as above it: at the geometric mean of the densities.
    assert break_even(densities, np.array([0.5, 2.0])) == pytest.approx(math.sqrt(0.05))
    assert break_even(densities, np.array([0.5, 1.0])) == pytest.approx(0.1)
    assert break_even(densities, np.array([1.5, 2.0])) is None
    assert break_even(densities, np.array([0.5, 0.9])) is None
    assert break_even(densities, np.array([2.0, 0.9])) is None
    three = np.array([0.5, 0.2, 0.1])
    assert break_even(three, np.array([2.0, 0.5, 2.0])) == pytest.approx(math.sqrt(0.02))
    assert break_even(three, np.array([0.5, NAN, 2.0])) == pytest.approx(math.sqrt(0.05))


def test_the_finding_says_where_each_format_breaks_even() -> None:
    data = info(source(ROWS))
    # CSR: means 0.6 and 2.2; 0.5·(0.1/0.5)^(ln(1/0.6)/ln(2.2/0.6)) = 0.266.
    assert words.text(tuple(finding(data))) == (
        "Inference of 784×300, batch 60, on A Processor: masked dense is slower at every density (0.90× at 10.0 %), "
        "CSR breaks even at 26.6 % (2.2× at 10.0 %)."
    )
    (mark,) = [trace for trace in draw(data).data if trace.meta["part"] == "break_even"]
    assert mark.x[0] == pytest.approx(26.556, abs=0.01)
    assert mark.y[0] == 1
    assert mark.meta["role"] == "csr"
    assert "even at 26.6 %" in [note.text for note in draw(data).layout.annotations]


def measured(*points: tuple[float, float, float]) -> list[dict[str, Any]]:
    """CSR at the densities 0.5, 0.2 and 0.1: median and quartiles of its speed-up."""
    return [row("csr", target=target, speedup=middle, speedup_low=low, speedup_high=high)
            for target, (middle, low, high) in zip((0.5, 0.2, 0.1), points, strict=False)]  # fmt: skip


SLOWER, SAME, FASTER = (0.91, 0.89, 0.93), (0.95, 0.90, 1.04), (1.2, 1.1, 1.3)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        # 9 % slower in nearly every repeat is slower; 5 % that half of the repeats do not show is not.
        ((SLOWER, SLOWER, SLOWER), "CSR is slower at every density (0.91× at 10.0 %)"),
        ((SAME, SAME, SAME), "CSR is as fast as dense within the spread of the repeats (0.95× at 10.0 %, middle half"),
        ((SAME, SAME, SAME), "0.95× at 10.0 %, middle half of the repeats 0.900 to 1.04×)"),
        ((FASTER, FASTER, FASTER), "CSR is faster at every density (1.2× at 10.0 %)"),
        ((SAME, SLOWER, SAME), "CSR is nowhere faster (0.95× at 10.0 %, middle half of the repeats 0.900 to 1.04×)"),
        ((SAME, FASTER, FASTER), "CSR is faster from 20.0 % down (1.2× at 10.0 %)"),
        ((SLOWER, SAME, FASTER), "CSR breaks even at "),
        ((FASTER, SAME, SLOWER), "CSR is faster only at higher densities (0.91× at 10.0 %)"),
    ],
)  # fmt: skip
def test_faster_and_slower_are_what_the_repeats_show(points: Any, said: str) -> None:
    data = info(source(measured(*points), densities=(0.5, 0.2, 0.1)))
    assert said in words.text(tuple(finding(data)))
    figure = draw(data)
    assert (
        "faster, slower: the middle half of the repeats lies above, below 1 in every replicate"
        in (figure.layout.meta["foot"])
    )
    rings = [trace for trace in figure.data if trace.meta["part"] == "break_even"]
    assert bool(rings) == ("breaks even" in said)


def test_one_replicate_that_shows_the_contrary_is_enough_to_say_neither() -> None:
    other = {**measured(FASTER)[0], "target": 0.1, "replicate": 1, "speedup_low": 0.99}
    rows = [*measured(FASTER, FASTER, FASTER), other]
    data = info(source(rows, densities=(0.5, 0.2, 0.1)))
    assert "CSR is faster only at higher densities" in words.text(tuple(finding(data)))


def test_theory_and_dense_are_drawn_beside_what_is_measured() -> None:
    figure = draw(info(source(ROWS)))
    reference = {trace.name: (trace.x.tolist(), trace.y.tolist()) for trace in figure.data
                 if trace.meta["part"] == "reference"}  # fmt: skip
    assert reference == {"1/density": ([100, 10], [1, 10]), "dense": ([100, 10], [1, 1])}
    means = {trace.name: trace.y.tolist() for trace in figure.data if trace.meta["part"] == "mean"}
    assert means == {"masked dense": pytest.approx([0.8, 0.9]), "CSR": pytest.approx([0.6, 2.2])}
    assert figure.layout.xaxis.range[0] > figure.layout.xaxis.range[1]
    assert figure.layout.yaxis.range[1] > 1


def test_a_format_that_is_refused_says_why_and_has_no_line() -> None:
    rows = [*ROWS[:1], row("csr"), refused("masked_dense", 7), refused("masked_dense", 7, target=0.1)]
    data = info(source(rows))
    assert data.formats[0].refused == ("torch", "torch")
    figure = draw(data)
    assert "masked dense: refused by PyTorch on this machine" in figure.layout.meta["foot"]
    assert [trace.name for trace in figure.data if trace.meta["part"] == "mean"] == ["CSR"]
    assert table(data)["refused"] == [*["torch"] * 4, ""]
    some = info(source([row("csr", target=0.1), refused("csr", 5)]))
    assert "CSR, at some densities: keeps at most half of the weights" in draw(some).layout.meta["foot"]


def test_a_format_whose_numbers_are_wrong_is_not_counted() -> None:
    data = info(source([row("csr", speedup=5.0, error=0.04), row("csr", target=0.1, speedup=2.0)]))
    assert data.formats[1].values[:, 0].tolist() == [pytest.approx(NAN, nan_ok=True), 2.0]
    assert "CSR: off by up to 4 % of the largest output, so excluded" in draw(data).layout.meta["foot"]


def test_energy_is_told_as_missing_only_where_it_is() -> None:
    assert "energy cannot be measured here" in draw(info(source(ROWS))).layout.meta["foot"]
    data = info(source([row("csr", energy_j=0.002)]))
    assert "energy" not in draw(data).layout.meta["foot"]
    assert table(data)["energy_j"] == [0.002]


def test_options_choose_layer_mode_and_batch() -> None:
    data = info(source(ROWS, {"layer": "300x100"}))
    assert data.formats[1].values[0, 0] == 99
    assert info(source(ROWS, {"mode": "training"})).formats[1].values[0, 0] == 98
    assert info(source(ROWS, {"batch": 7}, batch_sizes=(60, 7))).formats[1].values[0, 0] == 97
    for option, value in (("layer", "1x1"), ("batch", 5)):
        with pytest.raises(FieldError, match=f"{option}: must be one of"):
            info(source(ROWS, {option: value}))
    with pytest.raises(FieldError, match="mode: must be one of training"):
        info(source(ROWS, {"mode": "inference"}, modes=("training",)))


@pytest.mark.parametrize(("state", "expected"), [
    ("running", "The first point appears with the first measurement."),
    ("failed", "Nothing to show: no timing succeeded."),
])  # fmt: skip
def test_empty_says_what_it_waits_for(state: str, expected: str) -> None:
    assert words.text(tuple(finding(info(source([], state=state))))) == expected


def test_the_measurements_of_a_ticket_are_no_layer() -> None:
    """A collapsed ticket would get its speed-up here."""
    rows = [row("dense", (0, 0), ticket=1), row("csr", (0, 0), ticket=1, speedup=3.4)]
    data = info(source(rows, layers=[]))
    assert words.text(tuple(finding(data))) == "Nothing to show: this run times no layer by itself."
    assert not any(np.isfinite(item.values).any() for item in data.formats)


def test_another_kind_of_run_is_refused() -> None:
    with pytest.raises(TypeError, match="is of kind erasure"):
        info(Source(erasure_run(), LayerOptions()))
