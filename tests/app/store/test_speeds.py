"""Speeds: the last one of each combination."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from app.store import Speed, Store


def test_the_last_speed_of_each_combination_is_kept(store: Store) -> None:
    store.record_speed("lenet_300_100", "mnist", 60, "cpu", 0.002)
    store.record_speed("lenet_300_100", "mnist", 128, "cpu", 0.003)
    store.record_speed("lenet_300_100", "mnist", 60, "cpu", 0.001)
    assert store.speeds() == [
        Speed("lenet_300_100", "mnist", 60, "cpu", 0.001),
        Speed("lenet_300_100", "mnist", 128, "cpu", 0.003),
    ]


def test_many_may_record_the_same_combination_at_once(open_store: Callable[..., Store]) -> None:
    stores = [open_store() for _ in range(8)]

    def record(store: Store) -> None:
        for i in range(20):
            store.record_speed("lenet_300_100", "mnist", 60, "cpu", float(i))

    with ThreadPoolExecutor(len(stores)) as pool:
        for _ in pool.map(record, stores):
            pass
    assert stores[0].speeds() == [Speed("lenet_300_100", "mnist", 60, "cpu", 19.0)]
