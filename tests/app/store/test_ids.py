"""Run ids sort by time and never repeat."""

import time

from app.store import ids


def test_ids_are_ten_characters_of_the_alphabet() -> None:
    run_id = ids.run_id()
    assert len(run_id) == 10
    assert set(run_id) <= set(ids.ALPHABET)


def test_ids_of_one_process_grow_even_within_a_millisecond() -> None:
    made = [ids.run_id() for _ in range(5000)]
    assert made == sorted(set(made))


def test_a_later_millisecond_sorts_after_an_earlier_one() -> None:
    before = ids.run_id()
    time.sleep(0.01)
    assert ids.run_id() > before
