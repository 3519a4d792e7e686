"""When waiting runs start: known answers."""

from app.web.queue.expected import Need, Slot, Start, expected


def test_a_free_slot_starts_the_first_at_once() -> None:
    needs = [Need("a", ("cpu",), 50.0), Need("b", ("cpu",), 50.0), Need("c", ("cpu",), 50.0)]
    starts = expected(needs, [Slot("cpu", 80.0, 10.0)], {"cpu": 2})
    # The second waits for the first of them, the third for the slot that is held.
    assert starts == {"a": Start(0.0, 0.0), "b": Start(50.0, 50.0), "c": Start(80.0, 80.0)}


def test_a_long_one_may_be_given_back_after_its_slice() -> None:
    starts = expected([Need("a", ("cpu",), 10.0)], [Slot("cpu", 5000.0, 100.0)], {"cpu": 1})
    assert starts == {"a": Start(200.0, 5000.0)}


def test_it_is_unknown_behind_what_was_never_timed() -> None:
    needs = [Need("a", ("cpu",), None, "conv_4 on cifar10"), Need("b", ("cpu",), 5.0)]
    starts = expected(needs, [], {"cpu": 1})
    assert starts["a"] == Start(0.0, 0.0)
    assert starts["b"] == Start(None, None, "conv_4 on cifar10 ahead has not been timed here")


def test_it_is_unknown_while_what_runs_has_no_speed() -> None:
    starts = expected([Need("a", ("cpu",), 5.0)], [Slot("cpu", None, 1.0)], {"cpu": 1})
    assert starts["a"] == Start(None, None, "it is not known when what runs will end")


def test_without_a_worker_for_it_nobody_knows() -> None:
    needs = [Need("a", ("gpu",), 5.0), Need("b", ("cpu", "gpu"), 5.0)]
    assert expected(needs, [], {"cpu": 1})["a"] == Start(None, None, "no gpu worker takes work")
    assert expected(needs, [], {"cpu": 1})["b"] == Start(0.0, 0.0)
    assert expected(needs, [], {})["b"] == Start(None, None, "no worker takes work")


def test_a_run_for_any_worker_takes_the_slot_that_is_free_first() -> None:
    held = [Slot("cpu", 100.0, 0.0), Slot("gpu", 30.0, 0.0)]
    starts = expected([Need("a", ("cpu", "gpu"), 5.0)], held, {"cpu": 1, "gpu": 1})
    assert starts == {"a": Start(30.0, 30.0)}
