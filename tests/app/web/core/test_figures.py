"""Rendered once, for everybody, until an event touches what is drawn."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotteryKey
from app.kinds.registry import FIGURES
from app.plotting.entry import FigureEntry, Reads
from app.plotting.source import Options, Source
from app.store import Store
from app.store.errors import NotFound
from app.web.core.figures import Figures
from app.web.core.problems import Invalid
from tests.app.atlas.saved import Saved
from tests.app.conftest import Hand

NAME = "accuracy_vs_density"


class Counting(Figures):
    """Counts how often it reads what a figure is drawn from."""

    read = 0

    def source(self, *args: Any) -> Source[Any]:
        self.read += 1
        return super().source(*args)


@pytest.fixture
def figures(store: Store) -> Counting:
    return Counting(store, capacity=3)


def test_a_figure_is_rendered_once(figures: Counting, hand: Hand) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.9)
    first = figures.answer(run.id, NAME, {}, "json")
    assert figures.answer(run.id, NAME, {}, "json") is first
    assert figures.read == 1


def test_events_that_do_not_touch_it_leave_it_as_it_is(figures: Counting, hand: Hand) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.9)
    first = figures.answer(run.id, NAME, {}, "json")
    hand.measure("evaluation", LotteryKey(level=1), step=[0.0], test_accuracy=[0.1])
    hand.save("unrelated", b"bytes")
    assert figures.answer(run.id, NAME, {}, "json") is first
    hand.outcome(1, 0.5, 0.95)
    second = figures.answer(run.id, NAME, {}, "json")
    assert (figures.read, second.etag != first.etag) == (2, True)


def test_many_threads_share_one_rendering(figures: Counting, hand: Hand) -> None:
    run = hand.run()
    for level in range(3):
        hand.outcome(level, 0.5**level, 0.9)
    together = Barrier(16)

    def ask(_: int) -> str:
        together.wait()
        return figures.answer(run.id, NAME, {}, "json").etag

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(ask, range(16)))) == 1
    assert figures.read == 1


def test_options_and_forms_are_kept_apart(figures: Counting, hand: Hand) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.9)
    as_json, as_csv = (figures.answer(run.id, NAME, {}, "json"), figures.answer(run.id, NAME, {}, "csv"))
    assert as_json.body != as_csv.body
    assert figures.answer(run.id, NAME, {}, "json") is as_json


def test_only_the_newest_are_kept(figures: Counting, hand: Hand) -> None:
    runs = [hand.run(start=False) for _ in range(4)]
    for run in runs:
        figures.answer(run.id, NAME, {}, "json")
    figures.answer(runs[3].id, NAME, {}, "json")
    assert figures.read == 4
    figures.answer(runs[0].id, NAME, {}, "json")
    assert figures.read == 5


def test_the_tag_is_that_of_the_content(store: Store, hand: Hand) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.9)
    here, there = (Figures(store).answer(run.id, NAME, {}, "json") for _ in range(2))
    assert here.etag == there.etag


def test_what_is_unknown_is_refused(figures: Counting, hand: Hand) -> None:
    run = hand.run(start=False)
    with pytest.raises(NotFound, match="there is"):
        figures.answer(run.id, "pie_chart", {}, "json")
    with pytest.raises(NotFound):
        figures.answer("0000000000", NAME, {}, "json")
    with pytest.raises(Invalid) as caught:
        figures.answer(run.id, NAME, {"colour": "red"}, "json")
    assert [error.path for error in caught.value.errors] == ["colour"]


def test_only_what_the_options_ask_for_is_loaded(figures: Counting, hand: Hand) -> None:
    """Artifacts of one level, by (name, replicate, level); the rest stays where it is."""
    run = hand.run()
    for level in range(3):
        hand.save("movement", save({"x": np.full(2, level)}), level)
    entry = FigureEntry(
        "probe", "", "", series=(), options=Options, artifacts=("movement",),
        info=lambda source: source, draw=lambda info: info, table=lambda _: {},
        reads_of=lambda _: Reads({}, {"movement": 1}),
    )  # fmt: skip
    source = figures.source(run, entry, Options())
    assert list(source.artifacts) == [("movement", 0, 1)]
    assert source.artifacts["movement", 0, 1]["x"].tolist() == [1, 1]


def test_a_figure_of_several_runs_follows_each_of_them(figures: Counting, store: Store) -> None:
    """A later event of the run beside it draws it anew; one of a third run does not."""
    run, other, third = (Saved(store, replicates=1, levels=1, seed=seed) for seed in range(3))
    options = {"others": other.id}
    first = figures.answer(run.id, "overlap_matrix", options, "csv")
    assert first.body.count(b"\n") == 1 + 3
    third.level(0, 2, draws=0)
    assert figures.answer(run.id, "overlap_matrix", options, "csv") is first
    other.level(0, 2, draws=0)
    assert figures.answer(run.id, "overlap_matrix", options, "csv") is not first
    run.level(0, 2, draws=0)
    last = figures.answer(run.id, "overlap_matrix", options, "csv")
    assert f"{run.id}:0:2,{other.id}:0:2," in last.body.decode()


def test_overlaps_load_no_artifact_whole(figures: Counting, store: Store) -> None:
    run = Saved(store, replicates=2, levels=1)
    for name in ("overlap_matrix", "overlap_vs_chance"):
        entry = FIGURES[name]
        source = figures.source(store.run(run.id), entry, entry.options())
        assert source.artifacts == {}
        assert source.overlaps is not None
        assert len(source.overlaps.refs) == 2
    with pytest.raises(FieldError, match="no run"):
        figures.answer(run.id, "overlap_matrix", {"others": "0000000000"}, "json")


def test_a_figure_whose_bytes_are_gone_says_so(figures: Counting, store: Store) -> None:
    run = Saved(store, replicates=1)
    for ref in store.artifacts(run.id):
        store.artifacts_store.delete(ref.id)
    with pytest.raises(NotFound, match="no longer in the artifact store"):
        figures.answer(run.id, "degree_histogram", {}, "json")
