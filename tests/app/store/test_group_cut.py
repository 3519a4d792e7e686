"""Groups, the first of too many and their columns, against NumPy over planted runs, on both databases."""

from collections.abc import Callable, Sequence

import pytest

from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.kinds.specs import MEASURES
from app.search.facts import leaf_of
from app.store import Store
from app.store.tables import run_numbers
from tests.app.store.planted import Planted, plant
from tests.app.store.planted_groups import Group, groups_of, seen

COLUMNS = ("result.accuracy", "cost.core_seconds", "result.accuracy@30%", "seed")
FIELDS = (
    "seed", "optimizer.lr", "optimizer", "optimizer.beta", "result.accuracy", "result.accuracy@5%", "result.verdict",
    "width", "layer",
)  # fmt: skip
SORTS = ("value", "-value", "n", "-n", "result.accuracy", "-cost.core_seconds", "-seed")


@pytest.fixture
def planted(store: Store, spec: LotterySpec) -> list[Planted]:
    return plant(store, spec)


def alike(found: Sequence[Group], expected: Sequence[Group]) -> None:
    """Check that groups are the same but for rounding."""
    assert [item[:2] for item in found] == [item[:2] for item in expected]
    for item, other in zip(found, expected, strict=True):
        assert item.columns.keys() == other.columns.keys()
        for name, (n, mean, sd) in other.columns.items():
            assert item.columns[name][0] == n
            assert item.columns[name][1] == pytest.approx(mean, rel=1e-12)
            # The planted costs differ in their tenth digit.
            assert item.columns[name][2] == (None if sd is None else pytest.approx(sd, rel=1e-6, abs=1e-14))


def values_of(field: str) -> Callable[[Planted], Sequence[float | str]]:
    return (lambda run: [run.name]) if field == "name" else (lambda run: run.values(field))


@pytest.mark.parametrize("most", [200, 3])
def test_groups_are_those_of_numpy(
    store: Store, planted: list[Planted], monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("app.store.grouping.MOST", most)
    there = [run for run in planted if not run.binned]
    for place, field in enumerate((*FIELDS, "name")):
        for sort in (SORTS[place % len(SORTS)], SORTS[(place + 3) % len(SORTS)], "value"):
            groups = store.groups(field, columns=COLUMNS, sort=sort)
            expected = groups_of(there, values_of(field), COLUMNS, sort)
            assert groups.total == len(expected), (field, sort)
            alike([seen(item) for item in groups.items], expected[:most])


def test_groups_of_a_search_are_cut_as_those_of_all(
    store: Store, planted: list[Planted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.grouping.MOST", 2)
    there = [run for run in planted if not run.binned and run.owned]
    for field in ("seed", "name", "result.accuracy"):
        groups = store.groups(field, q="owner:*", columns=COLUMNS, sort="-n")
        expected = groups_of(there, values_of(field), COLUMNS, "-n")
        assert groups.total == len(expected)
        alike([seen(item) for item in groups.items], expected[:2])
    none = store.groups("seed", q="verdict:matches state:failed")
    assert (none.items, none.total) == ((), 0)


def test_more_names_than_a_statement_may_list_are_still_cut(
    store: Store, planted: list[Planted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.store.grouping.MOST", 2)
    monkeypatch.setattr("app.store.grouping._NAMED", 3)
    expected = groups_of([run for run in planted if not run.binned], values_of("name"), COLUMNS, "value")
    alike([seen(item) for item in store.groups("name", columns=COLUMNS).items], expected[:2])


def test_numbers_of_a_run_are_those_that_were_measured_last(store: Store, planted: list[Planted]) -> None:
    def row(run_id: str) -> dict[str, float | None]:
        with store._db.read() as conn:
            found = conn.execute(run_numbers.select().where(run_numbers.c.run_id == run_id)).mappings().all()
        return {name: value for name, value in found[0].items() if name != "run_id" and value is not None}

    for run in planted:
        paths = {fact.path for fact in run.facts if fact.path.startswith(("result.", "cost.")) and fact.low is None}
        expected = {path.partition(".")[2]: run.values(path)[0] for path in paths if path != "result.verdict"}
        assert row(run.id) == expected
    again = planted[1].id
    with store._db.write() as conn:
        conn.execute(run_numbers.delete().where(run_numbers.c.run_id == again))
    store.measure(again, store.run(again).last_seq + 1, [])
    assert row(again) == {}


def test_every_measure_that_is_one_number_has_a_column() -> None:
    numbers = {leaf_of(measure.path) for measure in MEASURES if not measure.words and not measure.by_density}
    # A measure that is new wants a migration that adds a column and fills it from facts, as 0023 does.
    assert {column.name for column in run_numbers.c} == {"run_id", *numbers}


def test_a_column_without_numbers_is_refused(store: Store) -> None:
    with pytest.raises(FieldError, match="holds numbers"):
        store.groups("seed", columns=["result.verdict"])
