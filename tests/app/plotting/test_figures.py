"""What holds for every registered figure: whole, empty, or with one replicate."""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple, get_args

import plotly.graph_objects as go
import pytest

from app.kinds.hardware import spec as hardware
from app.kinds.registry import FIGURES, kinds_of
from app.methods.catalog import CATALOG
from app.plotting.entry import FigureEntry, csv, render
from app.plotting.source import Source
from app.plotting.style import CONTROLS, FORMATS, LOOKS, OPTIMIZERS
from app.plotting.tickets.overlap_view import OverlapOptions
from tests.app import erasure_rows, hardware_rows
from tests.app.figure_records import Records

# What plotly.js's cartesian bundle can draw; anything else would fail there without a word.
CARTESIAN = {"scatter", "bar", "histogram", "heatmap", "contour", "box", "violin"}
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "accuracy_vs_density": [{}, {"at": "early_stop"}, {"at": "train"}],
    "early_stop_vs_density": [{}],
    "training_curves": [
        {"level": 9, "metric": metric}
        for metric in get_args(FIGURES["training_curves"].options.model_fields["metric"].annotation)
    ],
    "layer_density": [{}],
    "weight_movement": [
        {"level": 5, "view": view, "layer": layer}
        for view in ("histogram", "scatter", "by_level") for layer in (None, "fc2")
    ],
    "input_density": [{}],
    "degree_histogram": [{"level": 5}, {"level": 5, "side": "units", "layer": "fc2"}],
    "weight_survival": [{}, {"layer": "fc3"}],
    "mask_distance": [{}],
    "overlap_matrix": [{}, {"measure": "unit_permuted"}],
    "overlap_vs_chance": [{}],
    "accuracy_vs_lr": [{}, {"split": "train"}],
    "erasure_vs_accuracy": [{}, {"split": "validation"}],
    "erasure_over_steps": [
        *({"measure": measure}
          for measure in get_args(FIGURES["erasure_over_steps"].options.model_fields["measure"].annotation)),
        {"rates": "all", "twins": True}, {"optimizer": "dualised", "rates": "all"},
    ],
    "singular_values": [{}, {"optimizer": "dualised", "lr": 0.5}],
    "update_sizes": [{}, {"optimizer": "sgd", "step": 10}],
    "stable_rank_vs_width": [{}],
    "ticket_speedup": [{}, {"mode": "training"}],
    "speedup_vs_density": [{}, {"mode": "training", "layer": "300x100"}],
    "memory_vs_density": [{}, {"mode": "training"}],
}  # fmt: skip
CASES = [pytest.param(entry, options, id=f"{name}-{options}") for name, entry in FIGURES.items()
         for options in OPTIONS[name]]  # fmt: skip


def sources(records: Any, entry: FigureEntry, options: dict[str, Any]) -> Iterator[Source[Any]]:
    """A finished run, one with a single replicate, one that has just been queued, one that failed at once."""
    chosen = entry.options.model_validate(options)
    if kinds_of(entry.name) == ("hardware",):
        for replicates in (3, 1):
            run = hardware_rows.hardware_run(replicates=replicates)
            yield Source(run, chosen, {"hardware": hardware_rows.whole(run)})
        yield Source(hardware_rows.hardware_run(state="queued", device=""), chosen)
        yield Source(hardware_rows.hardware_run(state="failed"), chosen, {"hardware": erasure_rows.series([])})
        return
    if kinds_of(entry.name) in (("erasure",), ("stable_rank",)):
        yield from erasure_sources(entry, chosen)
        return
    for replicates in (3, 1):
        series = {
            "outcome": records.full_outcome(replicates),
            "evaluation": records.evaluation(replicates=replicates),
            "layers": records.layers_series(replicates),
            "movement": records.movement_series(replicates),
        }
        artifacts = {
            ("movement", replicate, 5): records.movement_artifact(replicate) for replicate in range(replicates)
        } | {
            ("pyramid", replicate, level): records.pyramid(replicate, level)
            for replicate in range(replicates) for level in range(12)
        }  # fmt: skip
        overlaps = None
        if isinstance(chosen, OverlapOptions):
            overlaps = records.overlaps([(replicate, 5) for replicate in range(replicates)])
        yield Source(records.run(replicates=replicates), chosen, series, artifacts, overlaps)
    yield Source(records.run(state="queued", layers=False), chosen)
    yield Source(records.run(state="failed"), chosen, {"outcome": records.series([])})


def erasure_sources(entry: FigureEntry, options: Any) -> Iterator[Source[Any]]:
    """The same four of the kind that the figure is of."""
    erasure = kinds_of(entry.name) == ("erasure",)
    make: Any = erasure_rows.erasure_run if erasure else erasure_rows.rank_run
    more = {"twins": True} if erasure else {}
    for replicates in (3, 1):
        run = make(replicates=replicates, **more)
        series = erasure_rows.whole(run) if erasure else {"stable_rank": erasure_rows.rank_rows(run)}
        yield Source(run, options, series)
    yield Source(make(state="queued", **(more | {"two_level": None} if erasure else {})), options)
    yield Source(make(state="failed", **more), options, {name: erasure_rows.series([]) for name in entry.series})


class Drawn(NamedTuple):
    """A figure of one source as it leaves: JSON and CSV."""

    source: Source[Any]
    json: bytes
    csv: str

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.json)
        return document


def drawn(entry: FigureEntry, options: dict[str, Any]) -> list[Drawn]:
    """The figure of each of `sources`, drawn once for all tests."""
    return _drawn(entry.name, json.dumps(options))


@cache
def _drawn(name: str, options: str) -> list[Drawn]:
    entry = FIGURES[name]
    found = sources(Records, entry, json.loads(options))
    return [Drawn(source, render(entry, source), csv(entry, source)) for source in found]


@pytest.mark.parametrize(("entry", "options"), CASES)
def test_json_is_what_plotly_accepts_and_the_bundle_draws(entry: FigureEntry, options: dict[str, Any]) -> None:
    for made in drawn(entry, options):
        document = made.document
        figure = go.Figure(document)  # validates every attribute
        assert {trace.type for trace in figure.data} <= CARTESIAN
        assert document["layout"]["template"].get("layout", {}) == {}
        assert document["layout"]["uirevision"] == "constant"
        assert len(figure.data) <= 100


@pytest.mark.parametrize(("entry", "options"), CASES)
def test_every_figure_tells_title_finding_foot_and_n(entry: FigureEntry, options: dict[str, Any]) -> None:
    ns = []
    for made in drawn(entry, options):
        meta = made.document["layout"]["meta"]
        assert meta["title"]
        assert meta["foot"].startswith(f"n = {meta['n']}" if meta["n"] < 2 else "n = ")
        assert "".join(part["text"] for part in meta["finding"]).endswith(".")
        assert {part["role"] for part in meta["finding"] if "role" in part} <= {
            *CONTROLS, *OPTIMIZERS, *FORMATS, "dense", "pruned",
        }  # fmt: skip
        assert meta["axes"]["x"]
        assert meta["axes"]["y"]
        ns.append(meta["n"])
    assert ns == [3, 1, 0, 0]


@pytest.mark.parametrize(("entry", "options"), CASES)
def test_every_trace_has_a_role_to_be_recoloured_by(entry: FigureEntry, options: dict[str, Any]) -> None:
    document = drawn(entry, options)[0].document
    roles = {*LOOKS, "heat"}
    assert {trace["meta"]["role"] for trace in document["data"]} <= roles
    assert {note["name"] for note in document["layout"].get("annotations", [])} <= roles


@pytest.mark.parametrize(("entry", "options"), CASES)
def test_the_plot_keeps_its_place_from_empty_to_full(entry: FigureEntry, options: dict[str, Any]) -> None:
    full, _, queued, _ = (made.document["layout"] for made in drawn(entry, options))
    assert full["margin"] == queued["margin"]
    assert full["meta"]["axes"] == queued["meta"]["axes"]
    assert full["xaxis"].get("type") == queued["xaxis"].get("type")


@pytest.mark.parametrize(("entry", "options"), CASES)
def test_csv_is_rectangular(entry: FigureEntry, options: dict[str, Any]) -> None:
    for made in drawn(entry, options):
        header, *lines = made.csv.splitlines()
        assert {line.count(",") for line in lines} <= {header.count(",")}
        assert "nan" not in "".join(lines)
        if any(len(series) for series in made.source.series.values()):
            assert lines


@pytest.mark.parametrize(("entry", "options"), CASES)
def test_only_what_reads_says_is_read(entry: FigureEntry, options: dict[str, Any]) -> None:
    """A figure made from exactly what `reads` names equals the one made from everything."""
    made = drawn(entry, options)[0]
    whole = made.source
    reads = entry.reads(whole.options)
    assert set(reads.series) <= set(entry.series)
    assert set(reads.artifacts) <= set(entry.artifacts)
    series = {
        key: whole.series[key].where(whole.series[key]["level"] == level) if level is not None
        else whole.series[key]
        for key, level in reads.series.items()
    }  # fmt: skip
    artifacts = {
        key: value for key, value in whole.artifacts.items()
        if key[0] in reads.artifacts and reads.artifacts[key[0]] in (None, key[2])
    }  # fmt: skip
    assert render(entry, Source(whole.run, whole.options, series, artifacts, whole.overlaps)) == made.json


def test_every_branch_of_the_catalog_has_its_look() -> None:
    assert set(CATALOG["control"]) | {"winning_ticket"} == set(CONTROLS)
    assert len({(look.dash, look.symbol) for look in CONTROLS.values()}) == len(CONTROLS)


def test_every_optimizer_of_the_catalog_has_its_look() -> None:
    assert set(CATALOG["optimizer"]) == set(OPTIMIZERS)
    assert len({look.symbol for look in OPTIMIZERS.values()}) == len(OPTIMIZERS)
    by_color = {(look.color, look.dash) for look in OPTIMIZERS.values()}
    assert len(by_color) == len(OPTIMIZERS)
    assert not set(OPTIMIZERS) & set(CONTROLS)


def test_every_format_that_can_be_asked_for_has_its_look() -> None:
    assert ("dense", *FORMATS) == hardware.FORMATS
    assert len({(look.dash, look.symbol) for look in FORMATS.values()}) == len(FORMATS)
    assert not set(FORMATS) & {*CONTROLS, *OPTIMIZERS}


def test_unknown_options_are_refused() -> None:
    for entry in FIGURES.values():
        with pytest.raises(ValueError, match="extra"):
            entry.options.model_validate({"no_such_option": 1})


def test_heavy_libraries_wait_for_their_first_use() -> None:
    heavy = "('torch', 'scipy', 'tsdownsample')"
    code = f"import sys, app.kinds.registry, app.estimate; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
