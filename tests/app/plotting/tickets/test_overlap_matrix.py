"""The matrix of overlaps: its data by hand, its sentences, its cells and their marks."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.contract.tickets import TicketRef
from app.kinds.registry import FIGURES
from app.masks.overlap import NO_OVERLAPS, NULLS, Overlaps
from app.plotting import words
from app.plotting.entry import render
from app.plotting.source import Source
from app.plotting.tickets.overlap_matrix import MatrixInfo, draw, finding, info, number, table
from app.plotting.tickets.overlap_view import ChanceOptions, MatrixOptions, OverlapOptions, labels

NAN = float("nan")
RUN = "0123456789"
NAMED = ",".join(f"{RUN}:0:{level}" for level in range(3))


def by_hand() -> Overlaps:
    """Three tickets of two layers of 10 weights; the third lies within the second."""
    both = np.zeros((3, 3, 2), np.int64)
    both[..., 0] = [[4, 3, 1], [3, 6, 2], [1, 2, 2]]
    both[..., 1] = [[5, 1, 0], [1, 4, 2], [0, 2, 2]]
    sizes = np.array([[4, 5], [6, 4], [2, 2]])
    uniform = sizes[:, None] * sizes[None] / 10
    none = np.full(both.shape, NAN)
    return Overlaps(
        refs=tuple(TicketRef(RUN, 0, level) for level in range(3)),
        layers=("fc1", "fc2"),
        weights=np.array([10, 10]),
        sizes=sizes,
        intersections=both,
        expected={"uniform": uniform, "unit_permuted": uniform / 2, "magnitude_at_init": none},
        sd=dict.fromkeys(NULLS, none),
    )


def source(records: Any, overlaps: Overlaps | None = None, **options: Any) -> Source[MatrixOptions]:
    run = options.pop("run", {})
    return Source(records.run(**run), MatrixOptions(**options), overlaps=overlaps)


def said(made: MatrixInfo) -> str:
    return words.text(tuple(finding(made)))


def test_info_by_hand(records: Any, same: Callable[..., bool]) -> None:
    expected = np.array([[4.1, 4.4, 1.8], [4.4, 5.2, 2.0], [1.8, 2.0, 0.8]])
    both = np.array([[9, 4, 1], [4, 10, 4], [1, 4, 4]])
    union = np.array([[9, 15, 12], [15, 10, 10], [12, 10, 4]])
    inside = np.array([[False, False, False], [False, False, True], [False, True, False]])
    least = np.array([[9, 9, 4], [9, 10, 4], [4, 4, 4]])
    total = np.array([9, 10, 4])
    data = info(source(records, by_hand(), tickets=NAMED))
    assert same(
        data,
        MatrixInfo(
            title="Overlap of 3 chosen tickets, all layers",
            tickets=(f"{RUN}:0:0", f"{RUN}:0:1", f"{RUN}:0:2"),
            labels=("L0", "L1", "L2"),
            measure="iou",
            null="uniform",
            sizes=total,
            intersections=both,
            nested=inside,
            iou=both / union,
            chance_iou=expected / (total[:, None] + total - expected),
            expected=expected,
            adjusted=(both - expected) / (least - expected),
            n=1,
            who="1 replicate",
            paired="",
            pairings=(("",) * 3,) * 3,
            left_out=0,
            awaited=(),
        ),
    )
    # IoU 4/15 and 1/12; by chance 4.4/14.6 and 1.8/11.2; adjusted -0.4/4.6 and -0.8/2.2.
    assert said(data) == (
        "2 pairs of tickets have a mean IoU of 0.175, where weights drawn at random would have 0.231: "
        "adjusted overlap −0.225, where 0 is chance and 1 is nested; 1 nested pair is marked ⊂."
    )


def test_the_null_is_the_one_that_is_measured_against(records: Any) -> None:
    data = info(source(records, by_hand(), tickets=NAMED, measure="unit_permuted"))
    np.testing.assert_allclose(data.shown[0, 1], (4 - 2.2) / (9 - 2.2))
    assert "where the same masks with hidden units permuted would have 0." in said(data)


def test_tickets_of_other_weights_have_no_magnitude_null(records: Any) -> None:
    data = info(source(records, records.overlaps([(r, 5) for r in range(3)]), measure="magnitude_at_init"))
    assert said(data) == "This null does not apply: these tickets do not start from the same weights."
    off = ~np.eye(3, dtype=bool)
    assert np.isnan(data.shown[off]).all()
    text = np.array(draw(data).data[0].text)
    assert (text[off] == "–").all()
    assert (text[~off] == "1.000").all()


def test_levels_are_nested_and_dense_ones_undefined(records: Any) -> None:
    overlaps = records.overlaps([(0, level) for level in range(3)])
    data = info(source(records, overlaps, across="levels", measure="uniform"))
    share = [records.density(level) for level in range(3)]
    low, high = f"{share[2]:.3f}", f"{share[2] / share[1]:.3f}"
    assert said(data) == f"Each pair is nested, one mask within the other, with an IoU from {low} to {high}."
    cells = np.array(draw(data).data[0].text).tolist()
    assert cells == [["–", "– ⊂", "– ⊂"], ["– ⊂", "1.00", "1.00 ⊂"], ["– ⊂", "1.00 ⊂", "1.00"]]


@pytest.mark.parametrize(
    ("places", "options", "run", "expected"),
    [
        (None, {}, {"state": "queued", "layers": False},
         "Masks are compared as soon as they are saved, each when its training starts."),
        ([], {}, {}, "Nothing to show: no mask of these tickets was saved."),
        ([(1, 5)], {}, {}, "Only replicate 1, level 5 is saved: a comparison needs two."),
        ([(1, 5)], {}, {"state": "running"}, "Only replicate 1, level 5 is saved so far: a comparison needs two."),
        ([(0, 5), (1, 5)], {"layer": "fc9"}, {}, "No layer is named 'fc9'. This network has the layers fc1, fc2, fc3."),
        ([(0, 0), (1, 0)], {}, {}, "These 2 tickets keep the same weights."),
    ],
)  # fmt: skip
def test_sentences_where_there_is_nothing_to_tell(
    records: Any, places: Any, options: dict[str, Any], run: dict[str, Any], expected: str
) -> None:
    overlaps = records.overlaps(places) if places else NO_OVERLAPS if places == [] else None
    assert said(info(source(records, overlaps, run=run, **options))) == expected


def test_a_click_names_both_tickets(records: Any) -> None:
    figure = json.loads(render(FIGURES["overlap_matrix"], source(records, by_hand(), tickets=NAMED)))
    assert figure["data"][0]["x"] == figure["data"][0]["y"] == figure["layout"]["meta"]["tickets"] == NAMED.split(",")
    hover = figure["data"][0]["hovertext"][0][1]
    assert hover == "L0 and L1<br>both keep 4 of 9 and 10, by chance 4<br>IoU 0.267, adjusted −0.087 (uniform)"
    assert figure["data"][0]["hovertext"][1][2].startswith("L1 and L2 (nested)")


def overlap_of(masks: list[list[int]], refs: list[TicketRef], **more: Any) -> Overlaps:
    """Masks of one layer of ten weights, each given by the weights that it keeps."""
    both = np.array([[[len({*a} & {*b})] for b in masks] for a in masks])
    sizes = np.array([[len(mask)] for mask in masks])
    uniform = sizes[:, None] * sizes[None] / 10
    nulls = {"uniform": uniform, "unit_permuted": uniform, "magnitude_at_init": np.full(both.shape, NAN)}
    return Overlaps(tuple(refs), ("fc1",), np.array([10]), sizes, both, nulls, dict.fromkeys(NULLS, uniform), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("masks", "sentence"),
    [
        ([[1, 2, 3], [1, 2, 3], [3, 4, 5]], "1 pair of the same mask is marked =."),
        ([[1, 2, 3], [2, 3], [3, 4, 5]], "1 nested pair is marked ⊂."),
        ([[1, 2, 3], [1, 2, 3], [2, 3], [3, 4, 5]],
         "2 nested pairs are marked ⊂ and 1 pair of the same mask is marked =."),
        ([[1, 2, 3], [1, 2, 3], [2, 3]],
         "2 nested pairs are marked ⊂ and 1 pair of the same mask is marked =, with an IoU from 0.667 to 1.000."),
        ([[1, 2, 3, 4], [1, 2]], "Each pair is nested, one mask within the other, with an IoU of 0.500."),
    ],
)  # fmt: skip
def test_the_sentence_counts_the_marks_that_the_cells_have(records: Any, masks: list[list[int]], sentence: str) -> None:
    refs = [TicketRef(RUN, replicate, 1) for replicate in range(len(masks))]
    data = info(source(records, overlap_of(masks, refs)))
    assert said(data).endswith(sentence)
    pairs = np.triu_indices(len(masks), 1)
    cells = "".join(np.array(draw(data).data[0].text)[pairs])
    columns = table(data)
    apart = [a != b for a, b in zip(columns["a"], columns["b"], strict=True)]
    same, nested = (sum(n for n, two in zip(columns[name], apart, strict=True) if two) for name in ("same", "nested"))
    assert (cells.count("="), cells.count("⊂")) == (same, nested - same)


def test_the_sentence_has_the_unit_of_the_cells(records: Any) -> None:
    """A share of weights in per cent, beside cells with fractions, was read as another quantity."""
    for masks in ([[1, 2, 3], [3, 4, 5]], [[1, 2, 3], [3, 4, 5], [5, 6]], [[1, 2, 3], [2, 3]]):
        refs = [TicketRef(RUN, replicate, 1) for replicate in range(len(masks))]
        data = info(source(records, overlap_of(masks, refs)))
        assert "%" not in said(data)
        mean = data.iou[np.triu_indices(len(masks), 1)].mean()
        assert f"IoU of {mean:.3f}" in said(data)
        assert "IoU = weights that both keep / that either keeps" in draw(data).layout.meta["foot"]


@pytest.mark.parametrize(
    ("masks", "ends"), [([[1, 2]], ""), ([[], []], ""), ([[1, 2], [1, 2]], "1.00"), ([[1, 2], [3, 4]], "0.05")]
)
def test_where_the_colours_end_is_stated_where_two_tickets_have_a_number(
    records: Any, masks: list[list[int]], ends: str
) -> None:
    refs = [TicketRef(RUN, replicate, 1) for replicate in range(len(masks))]
    drawn = draw(info(source(records, overlap_of(masks, refs))))
    assert drawn.layout.meta["foot"].partition("colours end at ")[2] == ends
    assert drawn.data[0].zmax == (float(ends) if ends else 1.0)


def test_replicate_0_of_two_runs_is_not_two_replicates(records: Any) -> None:
    runs = {RUN: "Digits, plain", "bbbbbbbbbb": "Digits, with decay"}
    refs = [TicketRef(RUN, 0, 5), TicketRef("bbbbbbbbbb", 0, 5)]
    partners = {"bbbbbbbbbb": ("input",)}
    two = overlap_of([[1, 2], [2, 3]], refs, runs=runs, partners=partners, paired_by={"bbbbbbbbbb": "choice"})
    data = info(source(records, two, others="bbbbbbbbbb"))
    foot = draw(data).layout.meta["foot"]
    assert foot.startswith("n = 2 tickets, replicate 0 of 2 runs · chance: uniform · layers paired as chosen · ")
    assert data.title == "Overlap between 2 runs at level 5, all layers"
    assert data.labels == ("Digits, plain", "Digits, with d…")
    assert table(data)["layers_paired"] == ["", "fc1 = input", ""]
    three = overlap_of([[1], [2], [3]], [*refs, TicketRef(RUN, 1, 5)])
    assert draw(info(source(records, three))).layout.meta["foot"].startswith("n = 3 tickets, 2 runs · ")


def test_many_tickets_lose_their_numbers_then_their_marks(records: Any) -> None:
    def texts(count: int) -> set[str]:
        overlaps = records.overlaps([(r, level) for r in range(3) for level in range(1, count // 3 + 1)])
        figure = draw(info(source(records, overlaps, measure="uniform")))
        assert len(figure.layout.xaxis.tickvals) <= 24
        return {item for row in figure.data[0].text for item in row}

    assert any("1.00" in text for text in texts(12))
    assert texts(30) == {"", "⊂"}
    assert texts(33) == {""}


def test_labels_say_what_differs() -> None:
    t = TicketRef
    assert labels([t("a", 0, 5), t("a", 1, 5)]) == ["r0", "r1"]
    assert labels([t("a", 0, 5), t("a", 0, 6)]) == ["L5", "L6"]
    assert labels([t("a", 0, 5), t("b", 0, 5)]) == ["a", "b"]
    assert labels([t("a", 0, 5), t("b", 1, 6)]) == ["a r0 L5", "b r1 L6"]
    assert labels([t("a", 0, 5), t("a", 0, 5, "shuffled", 1)]) == ["ticket", "shuffled mask 1"]
    assert labels([t("a", 2, 5)]) == ["r2"]
    two = [t("a", 0, 5), t("b", 0, 5)]
    assert labels(two, {"a": "short", "b": "a name that is long"}) == ["short", "a name that is…"]
    assert labels(two, {"a": "sweep of rates, 0.1", "b": "sweep of rates, 0.2"}) == [
        "sweep…ates, 0.1",
        "sweep…ates, 0.2",
    ]
    assert labels(two, {"a": "the same", "b": "the same"}) == ["a", "b"]


def test_numbers_are_written_alike() -> None:
    assert [number(value) for value in (-0.001, 0.004, -0.5, NAN)] == ["0.00", "0.00", "−0.50", "–"]
    assert number(-0.0004, 3) == "0.000"


def test_table(records: Any) -> None:
    columns = table(info(source(records, by_hand(), tickets=NAMED)))
    assert columns["a"] == [f"{RUN}:0:{level}" for level in (0, 0, 0, 1, 1, 2)]
    assert columns["b"] == [f"{RUN}:0:{level}" for level in (0, 1, 2, 1, 2, 2)]
    assert columns["intersection"] == [9, 4, 1, 10, 4, 4]
    assert columns["nested"] == [0, 0, 0, 0, 1, 0]
    assert columns["expected"] == pytest.approx([4.1, 4.4, 1.8, 5.2, 2.0, 0.8])
    assert set(columns["null"]) == {"uniform"}


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        (MatrixOptions, {"tickets": "nonsense"}, "not the address"),
        (MatrixOptions, {"tickets": ",".join(f"a:0:{level}" for level in range(61))}, "60 can be compared"),
        (ChanceOptions, {"tickets": ",".join(f"a:0:{level}" for level in range(13))}, "12 can be compared"),
        (MatrixOptions, {"others": "../x"}, "not the id"),
        (MatrixOptions, {"across": "seeds"}, "across"),
        (MatrixOptions, {"measure": "z"}, "measure"),
        (ChanceOptions, {"a": "a:0:1"}, "a pair has two"),
        (ChanceOptions, {"a": "a:0:1", "b": "a:0:1"}, "the same ticket"),
        (ChanceOptions, {"b": "x y"}, "not the address"),
    ],
)
def test_bad_options_are_refused(options: type[OverlapOptions], given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        options.model_validate(given)


def test_runs_that_options_name() -> None:
    assert MatrixOptions(tickets="a:0:1, b:0:1,a:0:2", others="c, a").other_runs == ("c", "a", "b")
    assert ChanceOptions(a="a:0:1", b="b:0:1", tickets="c:0:1").other_runs == ("a", "b")
