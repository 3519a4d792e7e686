"""Orders by a field or a measure against all runs sorted in Python, on both databases, page by page."""

from collections.abc import Callable
from itertools import cycle

import pytest

from app.kinds.lottery.spec import LotterySpec
from app.store import Store
from tests.app.store.planted import Planted, in_order, plant

FIELDS = (
    "optimizer.lr", "optimizer", "result.accuracy", "result.accuracy@30%", "result.accuracy@5%", "result.verdict",
    "cost.core_seconds", "seed", "width", "layer", "optimizer.beta",
)  # fmt: skip
WHICH: dict[str, tuple[dict[str, object], Callable[[Planted], bool]]] = {
    "all": ({}, lambda run: not run.binned),
    "in the bin": ({"binned": True}, lambda run: run.binned),
    "of an owner": ({"q": "owner:*"}, lambda run: not run.binned and run.owned),
    "cancelled": ({"state": "cancelled"}, lambda run: not run.binned and run.state == "cancelled"),
    "by a field": (
        {"q": "optimizer:adam lr>=0.001"},
        lambda run: (
            not run.binned
            and "adam" in run.values("optimizer")
            and any(float(value) >= 0.001 for value in run.values("optimizer.lr"))
        ),
    ),
    "of a group": (
        {"within": ("optimizer", "sgd")},
        lambda run: not run.binned and run.values("optimizer") == ["sgd"],
    ),
    "none": ({"q": "verdict:matches state:failed"}, lambda _: False),
}


@pytest.fixture
def planted(store: Store, spec: LotterySpec) -> list[Planted]:
    return plant(store, spec)


def test_orders_by_fields_are_those_of_a_sort_in_python(store: Store, planted: list[Planted]) -> None:
    sorts = [sign + field for field in FIELDS for sign in ("", "-")]
    # Every order of all runs, and each with one condition.
    asked = [(sort, "all") for sort in sorts] + list(zip(sorts, cycle(WHICH), strict=False))
    for sort, name in asked:
        conditions, which = WHICH[name]
        for limit in (50, 3):
            page = store.runs(**conditions, sort=sort, limit=limit)  # type: ignore[arg-type]
            expected = in_order(planted, sort, which)
            assert [run.id for run in page.items] == expected[:limit], (sort, name)
            assert page.total == (len(expected) or None if name in ("by a field", "none") else None), (sort, name)


def test_pages_of_an_order_by_a_field_hold_every_run_once(store: Store, planted: list[Planted]) -> None:
    for sort in ("optimizer.lr", "-optimizer", "result.accuracy@5%", "-result.verdict", "-seed"):
        expected = in_order(planted, sort, lambda run: not run.binned)
        found, cursor = [], None
        while True:
            page = store.runs(sort=sort, limit=5, cursor=cursor)
            found += [run.id for run in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert found == expected, sort


def test_a_new_run_shifts_no_page_of_an_order_by_a_measure(
    store: Store, spec: LotterySpec, planted: list[Planted]
) -> None:
    expected = in_order(planted, "-result.accuracy", lambda run: not run.binned)
    first = store.runs(sort="-result.accuracy", limit=10)
    store.create_run(spec, name="new")
    second = store.runs(sort="-result.accuracy", limit=10, cursor=first.next)
    assert [run.id for run in (*first.items, *second.items)] == expected[:20]
