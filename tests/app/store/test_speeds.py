"""Speeds: the last one of each combination."""

from app.store import Speed, Store


def test_the_last_speed_of_each_combination_is_kept(store: Store) -> None:
    store.record_speed("lenet_300_100", "mnist", 60, "cpu", 0.002)
    store.record_speed("lenet_300_100", "mnist", 128, "cpu", 0.003)
    store.record_speed("lenet_300_100", "mnist", 60, "cpu", 0.001)
    assert store.speeds() == [
        Speed("lenet_300_100", "mnist", 60, "cpu", 0.001),
        Speed("lenet_300_100", "mnist", 128, "cpu", 0.003),
    ]
