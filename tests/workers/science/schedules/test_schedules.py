"""Schedules: known values, and what holds for every step of every training."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.science.schedules.constant import factor as constant
from workers.science.schedules.cosine import factor as cosine
from workers.science.schedules.step_decay import factor as step_decay
from workers.science.schedules.warmup import factor as warmup

STEPS = st.integers(1, 10_000).flatmap(lambda steps: st.tuples(st.integers(0, steps - 1), st.just(steps)))


@given(STEPS)
def test_constant_is_one(at: tuple[int, int]) -> None:
    assert constant(*at) == 1.0


@given(STEPS, st.floats(0, 1))
def test_cosine_starts_at_one_ends_at_final_and_falls(at: tuple[int, int], final: float) -> None:
    step, steps = at
    assert cosine(0, steps, final=final) == pytest.approx(1.0)
    if steps > 1:
        assert cosine(steps - 1, steps, final=final) == pytest.approx(final)
    if step > 0:
        assert cosine(step, steps, final=final) <= cosine(step - 1, steps, final=final) + 1e-12
    assert cosine(step, steps, final=final) >= final - 1e-12


def test_cosine_is_half_way_in_the_middle() -> None:
    assert cosine(50, 101) == pytest.approx(0.5)
    assert cosine(50, 101, final=0.2) == pytest.approx(0.6)


@given(STEPS, st.lists(st.floats(0.01, 0.99), min_size=1, max_size=4).map(sorted), st.floats(0.01, 0.99))
def test_step_decay_counts_the_milestones_behind(at: tuple[int, int], milestones: list[float], gamma: float) -> None:
    step, steps = at
    passed = len([m for m in milestones if step / steps > m + 1e-9])
    reached = len([m for m in milestones if step / steps > m - 1e-9])
    factor = step_decay(step, steps, milestones=tuple(milestones), gamma=gamma)
    assert gamma**reached - 1e-12 <= factor <= gamma**passed + 1e-12


def test_step_decay_drops_at_the_milestone_itself() -> None:
    factors = [step_decay(step, 8) for step in range(8)]
    assert factors == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])


@given(STEPS, st.integers(1, 500))
def test_warmup_climbs_by_equal_parts_and_never_stands_at_zero(at: tuple[int, int], warmup_steps: int) -> None:
    step, steps = at
    factor = warmup(step, steps, warmup_steps=warmup_steps)
    assert factor == pytest.approx(min(1, (step + 1) / warmup_steps))
    assert factor > 0


def test_warmup_reaches_the_full_rate_at_its_last_step() -> None:
    assert [warmup(step, 10, warmup_steps=4) for step in range(6)] == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("schedule", [constant, step_decay, cosine, warmup])
@given(at=STEPS)
def test_every_schedule_stays_between_zero_and_one(schedule: Callable[[int, int], float], at: tuple[int, int]) -> None:
    assert 0 <= schedule(*at) <= 1
