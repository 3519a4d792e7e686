"""A database that the code before training keys wrote opens, shows the same under the new names, and resumes.

`before_training_keys/` holds what commit a5384e3 wrote: a run of each kind, two that a kill left unfinished, and what
its API answered about them.
"""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.atlas.reader import Reader
from app.kinds.registry import KINDS
from app.main import create_app
from app.measuring import Measuring
from app.queue import Queue
from app.settings import Settings
from app.store import Store
from tests.app.in_process import in_process
from tests.written_before import WrittenBefore

BEFORE = WrittenBefore(Path(__file__).parent / "before_training_keys", "0005")
WIDTHS, RATES = (8, 16), {"sgd": (0.01, 0.3), "adam": (1e-05,)}
RUNS: dict[str, str] = BEFORE.answers["runs"]
ANSWERS: dict[str, str] = BEFORE.answers["answers"]


@pytest.fixture
def opened(new_url: str, tmp_path: Path) -> Iterator[Store]:
    """The database of before on either kind of server, migrated to the newest revision."""
    store = BEFORE.opened(new_url, tmp_path / "artifacts")
    yield store
    store.close()


@pytest.fixture
def asked(opened: Store, settings: Settings, no_broker: Queue) -> Iterator[httpx.Client]:
    with in_process(create_app(settings, opened, no_broker)) as client:
        yield client


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def lottery(row: dict[str, str]) -> dict[str, str]:
    return {"level": row.pop("level"), "control": row.pop("branch"), "draw": row.pop("draw")}


def imported(row: dict[str, str]) -> dict[str, str]:
    del row["branch"], row["draw"]
    return {"level": row.pop("level")}


def erasure(row: dict[str, str]) -> dict[str, str]:
    level, optimizer, draw = int(row.pop("level")), row.pop("branch"), int(row.pop("draw"))
    image = "none" if level % 2 else "picture"
    return {"width": str(WIDTHS[level // 2]), "image": image, "optimizer": optimizer, "lr": str(RATES[optimizer][draw])}


def hardware(row: dict[str, str]) -> dict[str, str]:
    del row["level"], row["draw"]
    return {"storage_format": row.pop("branch")}


def stable_rank(row: dict[str, str]) -> dict[str, str]:
    del row["level"], row["branch"], row["draw"]
    return {name: str(int(float(row.pop(name)))) for name in ("width", "batch_size")}


NEW: dict[str, Callable[[dict[str, str]], dict[str, str]]] = {
    "lottery": lottery, "imported": imported, "erasure": erasure, "hardware": hardware, "stable_rank": stable_rank,
}  # fmt: skip


@pytest.mark.parametrize("kind", NEW)
def test_every_series_has_the_values_of_before_under_the_coordinates_of_its_kind(
    asked: httpx.Client, kind: str
) -> None:
    for name in KINDS[kind].series:
        rows = table(ANSWERS[f"{kind}/series/{name}"])
        expected = [{"replicate": row.pop("replicate"), **NEW[kind](row), **row} for row in rows]
        answer = asked.get(f"/api/v1/runs/{RUNS[kind]}/series", params={"name": name, "format": "csv"})
        found = table(answer.text)
        assert found == expected, name
        assert [list(row) for row in found[:1]] == [list(row) for row in expected[:1]]


@pytest.mark.parametrize("kind", NEW)
def test_every_figure_shows_what_it_showed(asked: httpx.Client, kind: str) -> None:
    names = [key.rpartition("/")[2] for key in ANSWERS if key.startswith(f"{kind}/figures/")]
    assert names
    for name in names:
        answer = asked.get(f"/api/v1/runs/{RUNS[kind]}/figures/{name}", params={"format": "csv"})
        assert table(answer.text) == [
            {"control" if column == "branch" else column: value for column, value in row.items()}
            for row in table(ANSWERS[f"{kind}/figures/{name}"])
        ], name


@pytest.mark.parametrize(
    ("kind", "coordinates"),
    [
        ("lottery", {"level": 1, "control": "reinit", "draw": 1}),
        ("erasure", {"width": 16, "image": "none", "optimizer": "adam", "lr": 1e-05}),
        ("hardware", {"storage_format": "csr"}),
        ("stable_rank", {"width": 16, "batch_size": 32}),
        ("imported", {"level": 1}),
    ],
)
def test_rows_are_found_by_each_coordinate(opened: Store, kind: str, coordinates: dict[str, Any]) -> None:
    name = KINDS[kind].series[0]
    whole = opened.series(RUNS[kind], name)
    for coordinate, value in coordinates.items():
        rows = opened.series(RUNS[kind], name, **{coordinate: value})
        assert len(rows) == int((whole[coordinate] == value).sum()) > 0
        with opened.snapshot() as now:
            now.read_ahead([RUNS[kind]], [name])
            assert len(now.series(RUNS[kind], name, **{coordinate: value})) == len(rows)
    assert len(opened.series(RUNS[kind], name, **coordinates)) > 0


def test_events_and_artifacts_name_their_training_by_its_key(opened: Store) -> None:
    for kind, run_id in RUNS.items():
        run = opened.run(run_id)
        for record in opened.events(run_id, limit=10_000):
            assert "place" not in record.event
            if record.event["kind"] in ("measured", "artifact_saved"):
                assert list(run.spec.key.model_validate(record.event["key"]).model_dump()) == list(record.event["key"])
        for ref in opened.artifacts(run_id):
            run.spec.key.model_validate(ref.key)
        if kind == "stable_rank":
            measured = [event.event for event in opened.events(run_id) if event.event["kind"] == "measured"]
            assert {tuple(event["columns"]) for event in measured} == {("gradient", "dualised", "cap")}
    init = {ref.key["image"]: ref.key for ref in opened.artifacts(RUNS["erasure"]) if ref.name == "init"}
    assert init["none"] == {"width": 16, "image": "none", "optimizer": None, "lr": None}


def test_pages_open_and_films_are_named_by_what_they_are_of(asked: httpx.Client) -> None:
    for run_id in RUNS.values():
        assert asked.get(f"/runs/{run_id}", headers={"Accept": "text/html"}).status_code == 200
    answer = asked.get(f"/api/v1/runs/{RUNS['erasure']}/film").json()
    assert {tuple(cell[name] for name in ("width", "image", "optimizer", "lr")) for cell in answer["cells"]} == {
        (width, image, optimizer, lr)
        for width in WIDTHS for image in ("picture", "none") for optimizer, lrs in RATES.items() for lr in lrs
    }  # fmt: skip
    assert all(cell["frames"] for cell in answer["cells"])
    frame: dict[str, str | float] = {"width": 16, "image": "none", "optimizer": "adam", "lr": 1e-05, "step": 6}
    assert asked.get(f"/api/v1/runs/{RUNS['erasure']}/film/frame", params=frame).status_code == 200


def test_runs_of_before_are_found_by_their_specs_and_by_what_they_measured(opened: Store) -> None:
    specs = {"lottery": "optimizer:adam", "erasure": "width>8", "hardware": "format:csr", "imported": "kind:imported"}
    for kind, query in specs.items():
        assert RUNS[kind] in [run.id for run in opened.runs(q=query).items], query
    measuring = Measuring(opened, Reader(opened))
    while measuring.measure():
        pass
    assert opened.unmeasured(1) == []
    for kind in ("lottery", "erasure"):
        series = {"lottery": "outcome", "erasure": "ending"}[kind]
        best = max(opened.series(RUNS[kind], series)["test_accuracy"])
        found = opened.facts([RUNS[kind]])[RUNS[kind]]
        shares = [fact.number for fact in found if fact.n and "accuracy" in fact.path and fact.number is not None]
        assert shares, kind
        assert 0 < min(shares) <= best
    assert RUNS["lottery"] in [run.id for run in opened.runs(q="accuracy>0").items]
