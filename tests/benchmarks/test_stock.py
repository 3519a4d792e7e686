"""What the benchmarks of the board are filled with, and the time that they count."""

import pytest

from benchmarks import board, points, stock
from benchmarks.databases import KINDS, one_process_each, spent_s, store_of, vacuum


@pytest.mark.parametrize("kind", KINDS)
def test_a_filled_store_answers_as_one_that_was_filled_by_itself(kind: str) -> None:
    with store_of(kind) as store:
        stock.fill(store, 20)
        vacuum(store)
        one_process_each(store)
        assert sum(store.count_runs().values()) == 20
        run = store.runs(sort="-name", limit=1).items[0]
        assert run.spec.kind == "lottery"
        replicates = len(store.shards(run.id))
        assert replicates in (3, 4)
        shards = sum(len(store.shards(each.id)) for each in store.runs().items)
        assert points.fill(store) == shards * points.rows_of_shard() > 12_000
        evaluations = store.series(run.id, "evaluation", level=3, replicate=replicates - 1)
        assert evaluations["step"].tolist() == [25.0 * step for step in range(points.PER_LEVEL * points.ROWS)]
        assert len(store.series(run.id, "outcome")["test_accuracy"]) == replicates * points.LEVELS
        log = store.events(run.id, 0, 1_000)
        assert [event.seq for event in log] == list(range(2, store.run(run.id).last_seq + 1))
        assert store.count_unmeasured() == 0
        groups = store.groups("optimizer", columns=["accuracy", "accuracy@5%"])
        assert sum(item.n for item in groups.items) == 20
        assert all(set(item.columns) == {"accuracy", "accuracy@5%"} for item in groups.items)
        began = spent_s(store)
        assert store.runs(q="accuracy@5%>0.5", sort="-accuracy@5%").items
        assert spent_s(store) > began


def test_the_worst_page_counts_over_its_own_bound() -> None:
    found = {"board": {"cpu": 0.03, "wall": 9.0}, "by name": {"cpu": 0.06, "wall": 9.0}}
    assert board.worst(found) == pytest.approx(0.6)
