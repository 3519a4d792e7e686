"""What the benchmarks of the board are filled with, and the time that they count."""

import pytest

from benchmarks import board, stock
from benchmarks.databases import KINDS, one_process_each, settle, spent_s, store_of


@pytest.mark.parametrize("kind", KINDS)
def test_a_filled_store_answers_as_one_that_was_filled_by_itself(kind: str) -> None:
    with store_of(kind) as store:
        stock.fill(store, 20)
        settle(store)
        one_process_each(store)
        assert sum(store.count_runs().values()) == 20
        run = store.runs(sort="-name", limit=1).items[0]
        assert run.spec.kind == "lottery"
        assert len(store.shards(run.id)) in (3, 4)
        groups = store.groups("optimizer", columns=["accuracy", "accuracy@5%"])
        assert sum(item.n for item in groups.items) == 20
        assert all(set(item.columns) == {"accuracy", "accuracy@5%"} for item in groups.items)
        began = spent_s(store)
        assert store.runs(q="accuracy@5%>0.5", sort="-accuracy@5%").items
        assert spent_s(store) > began


def test_the_worst_page_counts_over_its_own_bound() -> None:
    found = {"board": {"cpu": 0.03, "wall": 9.0}, "by name": {"cpu": 0.06, "wall": 9.0}}
    assert board.worst(found) == pytest.approx(0.6)
