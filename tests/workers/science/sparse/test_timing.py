"""Interleaved times: as long as what is timed, every action once in each repeat, none always first."""

import time

import torch

from workers.science.sparse.timing import clock, interleaved, seconds

CPU = torch.device("cpu")


def spin(spent_s: float) -> None:
    end = clock(CPU)() + spent_s
    while clock(CPU)() < end:
        pass


def test_seconds_are_those_of_a_pass() -> None:
    assert 0.002 <= seconds(lambda: spin(0.002), 3, CPU) < 0.01


def test_time_asleep_is_not_counted_on_one_thread() -> None:
    assert torch.get_num_threads() == 1
    assert clock(CPU) is time.process_time
    assert seconds(lambda: time.sleep(0.02), 1, CPU) < 0.01


def test_repeats_are_interleaved_and_begin_with_another_each_time() -> None:
    order: list[int] = []

    def action(i: int) -> None:
        order.append(i)
        spin(0.0005 * (i + 1))

    timing = interleaved([lambda i=i: action(i) for i in range(3)], 4, CPU, window_s=1e-6)  # type: ignore[misc]
    yields = 0
    while True:
        try:
            next(timing)
            yields += 1
        except StopIteration as end:
            taken = end.value
            break
    assert yields == 3 + 4 * 3
    assert order[-12:] == [0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 2]
    assert taken.shape == (4, 3)
    fastest = taken.min(dim=0).values
    assert all(0.0005 * (i + 1) <= fastest[i] < 0.0005 * (i + 1) + 0.002 for i in range(3))
