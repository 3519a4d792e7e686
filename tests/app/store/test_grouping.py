"""Groups of runs against NumPy on planted values, on both databases."""

from typing import Any

import numpy as np
import pytest

from app.contract.experiment import FieldError
from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS
from app.records import Groups
from app.search.facts import Fact
from app.store import Store

RATES = (1e-5, 0.001, 0.1)
OFFSET = 1e6
"""So large that a variance from sums of squares would lose all of its digits."""


@pytest.fixture
def planted(store: Store, spec: LotterySpec) -> tuple[Store, list[dict[str, Any]]]:
    """Thirty runs under two optimizers and three rates, each with an accuracy but every seventh, and a cost."""
    rng, rows = np.random.default_rng(5), []
    for number in range(30):
        optimizer = {"kind": ("adam", "sgd")[number % 2], "lr": RATES[number % 3]}
        changes = {"optimizer": optimizer, "replicates": 1, "seed": number}
        run = store.create_run(
            LotterySpec.model_validate({**spec.model_dump(mode="json"), **changes}), name=f"r{number}"
        )
        accuracy = None if number % 7 == 0 else float(rng.normal(0.9, 0.01))
        cost = OFFSET + float(rng.normal(0, 1e-3))
        measured = [Fact("cost.core_seconds", cost), *([Fact("result.accuracy", accuracy, n=1)] if accuracy else [])]
        store.measure(run.id, run.last_seq, measured)
        if number % 5 == 0:
            store.cancel_run(run.id)
        rows.append(
            {"optimizer": optimizer["kind"], "lr": optimizer["lr"], "accuracy": accuracy, "cost": cost, "n": number}
        )
    store.create_run(PRESETS["erasure-digits"].spec, name="erasure")
    return store, rows


@pytest.mark.parametrize("field", ["optimizer", "lr", "optimizer.lr"])
def test_mean_and_spread_are_those_of_numpy(planted: tuple[Store, list[dict[str, Any]]], field: str) -> None:
    store, rows = planted
    groups = store.groups(field, q="kind:lottery", columns=["accuracy", "core_seconds", "seed"])
    name = field.rpartition(".")[2]
    values = sorted({row[name] for row in rows}, key=lambda value: (value is None, value))
    assert [item.value for item in groups.items] == [f"{v:g}" if isinstance(v, float) else v for v in values]
    assert groups.total == len(values)
    for item, value in zip(groups.items, values, strict=True):
        mine = [row for row in rows if row[name] == value]
        assert item.n == len(mine)
        cancelled = sum(int(str(row["n"])) % 5 == 0 for row in mine)
        assert item.states == {"queued": len(mine) - cancelled, "cancelled": cancelled}
        for column, key in (("accuracy", "accuracy"), ("core_seconds", "cost"), ("seed", "n")):
            there = np.array([row[key] for row in mine if row[key] is not None], float)
            spread = item.columns[column]
            assert spread.n == len(there)
            assert spread.mean == pytest.approx(there.mean(), rel=1e-12)
            assert spread.sd == pytest.approx(there.std(ddof=1), rel=1e-6)


def test_a_group_of_one_run_has_no_spread_and_runs_without_the_field_are_a_group(
    planted: tuple[Store, list[dict[str, Any]]],
) -> None:
    store, _ = planted
    groups = store.groups("levels", q="name:r1 OR name:erasure OR name:r2", columns=["accuracy"])
    named = {item.value: item for item in groups.items}
    assert list(named)[-1] == ""
    assert (named[""].n, named[""].columns) == (1, {})
    alone = store.groups("seed", q="seed:1 kind:lottery", columns=["accuracy"])
    assert alone.items[0].columns["accuracy"].sd is None
    assert alone.items[0].columns["accuracy"].n == 1


def test_equal_values_have_no_spread_though_their_mean_is_rounded(store: Store, spec: LotterySpec) -> None:
    for _ in range(7):
        run = store.create_run(spec, name="r")
        store.measure(run.id, run.last_seq, [Fact("result.accuracy", 0.1 + 0.2)])
    assert store.groups("kind", columns=["accuracy"]).items[0].columns["accuracy"].sd == 0.0


def test_several_values_are_one_group_in_their_order(planted: tuple[Store, list[dict[str, Any]]]) -> None:
    store, _ = planted
    (item,) = store.groups("beta", q="optimizer:adam kind:lottery").items
    assert (item.value, item.n) == ("0.9, 0.999", 15)
    assert len(store.runs(within=("beta", item.key), q="kind:lottery").items) == 15
    # As numbers they are none.
    assert store.groups("kind", q="optimizer:adam kind:lottery", columns=["beta"]).items[0].columns == {}


def test_a_group_unfolds_to_its_runs(planted: tuple[Store, list[dict[str, Any]]]) -> None:
    store, rows = planted
    for field in ("lr", "optimizer", "state", "kind", "levels", "model"):
        groups = store.groups(field)
        assert sum(item.n for item in groups.items) == 31
        for item in groups.items:
            names = {run.name for run in store.runs(within=(field, item.key)).items}
            assert len(names) == item.n
            if field == "lr" and item.value == "0.1":
                assert names == {f"r{row['n']}" for row in rows if row["lr"] == 0.1}


def order(found: Groups) -> list[str]:
    return [item.value for item in found.items]


def test_groups_are_sorted_by_value_number_or_column(planted: tuple[Store, list[dict[str, Any]]]) -> None:
    store, rows = planted
    assert order(store.groups("lr", q="kind:lottery")) == ["1e-05", "0.001", "0.1"]
    assert order(store.groups("lr", q="kind:lottery", sort="-value")) == ["0.1", "0.001", "1e-05"]
    assert order(store.groups("state", q="kind:lottery", sort="-n")) == ["queued", "cancelled"]
    assert order(store.groups("state", q="kind:lottery", sort="n")) == ["cancelled", "queued"]
    means = {
        rate: np.mean([row["accuracy"] for row in rows if row["lr"] == rate and row["accuracy"]]) for rate in RATES
    }
    expected = [f"{rate:g}" for rate in sorted(RATES, key=lambda rate: means[rate])]
    assert order(store.groups("lr", q="kind:lottery", columns=["accuracy"], sort="accuracy")) == expected
    assert order(store.groups("lr", q="kind:lottery", columns=["accuracy"], sort="-accuracy")) == expected[::-1]


@pytest.mark.parametrize(
    ("asked", "field", "words"),
    [
        ({"group": "colour"}, "group", "state, kind, model.*or a measure"),
        ({"group": "lr", "columns": ["optimizer"]}, "columns", "optimizer is no field or measure that holds numbers"),
        ({"group": "lr", "sort": "accuracy"}, "sort", "must be one of value, n"),
        ({"group": "lr", "q": "zzz:1"}, "q", "there is no field zzz"),
    ],
)
def test_what_cannot_be_grouped_is_told_in_words(store: Store, asked: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(FieldError, match=words) as error:
        store.groups(**asked)
    assert error.value.field == field


def test_very_many_groups_are_cut_and_counted(store: Store, spec: LotterySpec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.store.grouping.MOST", 2)
    for seed in range(3):
        store.create_run(spec.model_copy(update={"seed": seed}), name="r")
    groups = store.groups("seed")
    assert (order(groups), groups.total) == (["0", "1"], 3)


def test_of_very_many_groups_those_shown_have_their_own_columns(
    planted: tuple[Store, list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, rows = planted
    monkeypatch.setattr("app.store.grouping.MOST", 2)
    columns = ["accuracy", "core_seconds"]
    for sort in ("-accuracy", "value"):
        groups = store.groups("lr", q="kind:lottery", columns=columns, sort=sort)
        assert (groups.total, len(groups.items)) == (3, 2)
        for item in groups.items:
            mine = [row for row in rows if f"{row['lr']:g}" == item.value]
            for column, key in (("accuracy", "accuracy"), ("core_seconds", "cost")):
                there = np.array([row[key] for row in mine if row[key] is not None], float)
                spread = item.columns[column]
                assert spread.n == len(there)
                assert spread.mean == pytest.approx(there.mean(), rel=1e-12)
                assert spread.sd == pytest.approx(there.std(ddof=1), rel=1e-6)
    assert order(store.groups("lr", q="kind:lottery")) == ["1e-05", "0.001"]
