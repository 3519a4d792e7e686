"""Every figure of several runs: the page says what the figure says, whole, empty and of a hundred runs."""

from typing import Any

import pytest

from app.kinds.registry import COMPARED, KINDS
from app.plotting.compared import LABELS, LINES, shorts
from app.plotting.words import glued
from app.store import Store
from app.web.compare.selection import Selection, select
from tests.app.compared_runs import write_runs
from tests.app.plotting.test_figures import CARTESIAN


def drawn(store: Store, entry: Any, ids: str, **options: Any) -> tuple[Any, Any, Selection]:
    with store.snapshot() as now:
        chosen = select(now, ids, "", "")
        info = entry.info(chosen.source(now, entry, entry.options(**options)))
    return entry.said(info), entry.draw(info), chosen


OF_TICKETS = [entry for name, entry in COMPARED.items() if entry in KINDS["lottery"].compared or not entry.series]


@pytest.mark.parametrize("many", [0, 1, 3, LINES + 2, LABELS + 2])
def test_a_page_says_what_the_figure_says(store: Store, many: int) -> None:
    ids = ",".join(run.id for run in write_runs(store, many, replicates=2, levels=3, points=5))
    for entry in OF_TICKETS:
        said, figure, _ = drawn(store, entry, ids)
        meta = figure.layout.meta
        assert meta["title"] == said.title
        assert [part["text"] for part in meta["finding"]] == [glued(part).text for part in said.finding]
        assert (meta["foot"], meta.get("size", "")) == (said.foot, said.size)
        assert bool(meta.get("blank")) == said.blank, entry.name
        assert {trace.type for trace in figure.data} <= CARTESIAN
        if many > LABELS + 1 and entry.series:
            # A hundred names and bands over one another could not be read, and take long to draw.
            assert {trace.meta["part"] for trace in figure.data} <= {"mean", "reference"}
            assert figure.layout.hovermode == "closest"
            assert len(figure.layout.annotations) == 1


def test_names_that_begin_alike_are_cut_where_they_differ() -> None:
    masks = ("Imported masks: names_words.safetensors", "Imported masks: names_numbered.safetensors", "short")
    assert list(shorts(masks).values()) == ["…words.safetensors", "…numbered.safeten…", "short"]
    seeds = [f"digits tickets with SGD, seed {seed}" for seed in (1, 2)]
    assert list(shorts(seeds).values()) == ["digits…SGD, seed 1", "digits…SGD, seed 2"]
    assert list(shorts(["a name that is too long to be shown", "b"]).values()) == ["a name that is to…", "b"]
    assert all(len(name) <= 18 for name in shorts([f"{place} {'x' * 40} {place}" for place in range(3)]).values())
