"""Estimates by hand: exact speeds, scaled ones, rewinding and slots."""

from typing import Any, NamedTuple

import pytest

from app.estimate import Estimate, Spread, estimate_seconds, replicate_seconds, spread
from app.kinds.lottery.spec import LotterySpec
from app.kinds.presets import PRESETS


class Speed(NamedTuple):
    model: str = "lenet_300_100"
    dataset: str = "digits"
    batch_size: int = 60
    device: str = "cpu"
    step_s: float = 0.001


class Timing(NamedTuple):
    estimated_s: float
    took_s: float
    kind: str = "lottery"
    model: str = "lenet_300_100"
    dataset: str = "digits"
    device: str = "any"


def spec(**changed: Any) -> LotterySpec:
    return LotterySpec.model_validate({**PRESETS["digits-tickets"].spec.model_dump(), "eval_every": 100, **changed})


def step_seconds(speeds: list[Speed], model: str, dataset: str, batch_size: int, device: str) -> float | None:
    """Seconds of one step, by the estimate of a run of one replicate on one slot."""
    asked = spec(model={"kind": model}, dataset={"kind": dataset}, batch_size=batch_size, device=device, replicates=1)
    seconds = estimate_seconds(asked, speeds, 1).seconds
    return None if seconds is None else round(seconds / asked.units_per_replicate, 12)


def test_a_measured_step_is_taken_as_it_is() -> None:
    speeds = [Speed(batch_size=30, step_s=0.9), Speed(step_s=0.002), Speed(model="conv_2", step_s=0.5)]
    assert step_seconds(speeds, "lenet_300_100", "digits", 60, "cpu") == 0.002


def test_another_batch_is_scaled_from_the_nearest_by_ratio() -> None:
    speeds = [Speed(batch_size=32, step_s=0.001), Speed(batch_size=512, step_s=0.01)]
    # Every 100 steps 540 pictures are evaluated, each for a third of the time: 1.8 training pictures a step.
    assert step_seconds(speeds, "lenet_300_100", "digits", 64, "cpu") == pytest.approx(0.001 * 65.8 / 33.8)
    assert step_seconds(speeds, "lenet_300_100", "digits", 256, "cpu") == pytest.approx(0.01 * 257.8 / 513.8)


def test_evaluations_count_as_often_as_they_are_made() -> None:
    rare, often = (estimate_seconds(spec(eval_every=n), [Speed()], 1).seconds for n in (1_000, 10))
    assert rare is not None
    assert rare / 102 == pytest.approx((60 + 0.18) / (60 + 1.8))
    assert often is not None
    assert often / 102 == pytest.approx((60 + 18) / (60 + 1.8))


@pytest.mark.parametrize(
    ("model", "dataset", "device"),
    [("conv_2", "digits", "cpu"), ("lenet_300_100", "mnist", "cpu"), ("lenet_300_100", "digits", "gpu")],
)
def test_nothing_comparable_gives_none(model: str, dataset: str, device: str) -> None:
    assert step_seconds([Speed()], model, dataset, 60, device) is None


def test_cut_pictures_have_a_pace_of_their_own() -> None:
    cut, speeds = spec(augmentation="pad_crop_flip", replicates=1), [Speed()]
    untimed = "lenet_300_100 on digits, pad_crop_flip has not been timed here yet"
    assert estimate_seconds(cut, speeds, 1).basis.startswith(untimed)
    both = spec(augmentation="pad_crop_flip", precision="bfloat16")
    assert estimate_seconds(both, speeds, 1).basis.startswith("lenet_300_100 on digits, pad_crop_flip, bfloat16 has")
    speeds.append(Speed(dataset="digits, pad_crop_flip", step_s=0.005))
    assert replicate_seconds(cut, speeds) == pytest.approx(0.005 * cut.units_per_replicate)


def test_any_device_counts_the_slower() -> None:
    speeds = [Speed(device="gpu", step_s=0.0005), Speed(device="cpu", step_s=0.003)]
    assert step_seconds(speeds, "lenet_300_100", "digits", 60, "any") == 0.003
    assert step_seconds(speeds, "lenet_300_100", "digits", 60, "gpu") == 0.0005


def test_steps_of_a_replicate_are_those_of_all_its_trainings() -> None:
    # 1 dense + 11 levels of ticket, reinit and shuffled.
    assert spec().units_per_replicate == 34 * 1000


def test_rewound_trainings_skip_the_steps_before_the_rewind() -> None:
    branches = [{"kind": "reinit", "draws": 2}, {"kind": "shuffled", "draws": 3}, {"kind": "magnitude_at_init"}]
    # 1 dense, 11 × (ticket + 3 shuffled + 1 at init) from step 100, 11 × 2 reinits whole.
    expected = 1000 + 11 * 5 * 900 + 11 * 2 * 1000
    assert spec(rewind_step=100, branches=branches).units_per_replicate == expected


def test_replicates_run_at_once_as_far_as_there_are_slots() -> None:
    speeds = [Speed(step_s=0.001)]
    basis = "1 ms per step (lenet_300_100 on digits, cpu), {} at a time"
    assert estimate_seconds(spec(), speeds, 1) == Estimate(102.0, basis.format(1))
    assert estimate_seconds(spec(), speeds, 2) == Estimate(68.0, basis.format(2))
    assert estimate_seconds(spec(), speeds, 8) == Estimate(34.0, basis.format(3))


def test_a_scaled_basis_says_so() -> None:
    estimate = estimate_seconds(spec(), [Speed(batch_size=30, step_s=0.001)], 3)
    assert estimate.seconds == pytest.approx(34 * 61.8 / 31.8)
    assert "scaled from batch 30" in estimate.basis


def test_what_is_missing_is_named() -> None:
    assert estimate_seconds(spec(), [], 2) == Estimate(
        None,
        "lenet_300_100 on digits has not been timed here yet; a worker that is idle for some minutes times a step of "
        "every model",
    )
    assert estimate_seconds(spec(), [Speed()], 0) == Estimate(None, "no worker is running")


def test_a_replicate_is_told_by_its_units() -> None:
    assert replicate_seconds(spec(), [Speed(batch_size=30, step_s=0.001)]) == pytest.approx(34 * 61.8 / 31.8)
    assert replicate_seconds(spec(), []) is None


def test_the_spread_holds_nine_in_ten_of_the_latest_either_way() -> None:
    # Factors 1.1, 1.2, ..., 3.0, half of them too short and half too long; 18 of 20 are within 2.8.
    timings = [Timing(100, 100 * (1 + n / 10)) if n % 2 else Timing(100 * (1 + n / 10), 100) for n in range(1, 21)]
    found = spread(spec(), [*timings, Timing(1, 1000)])
    assert found is not None
    assert found.n == 20
    assert (found.low, found.high) == pytest.approx((1 / 2.8, 2.7))
    assert found.factor == pytest.approx(2.8)


def test_fewer_than_five_tell_no_spread_and_up_to_nine_all_count() -> None:
    assert spread(spec(), [Timing(1, 2)] * 4) is None
    assert spread(spec(), [*[Timing(1, 1)] * 4, Timing(1, 4)]) == Spread(1.0, 4.0, 5)


@pytest.mark.parametrize(
    "other",
    [
        Timing(1, 9, kind="erasure"),
        Timing(1, 9, model="conv_2"),
        Timing(1, 9, dataset="mnist"),
        Timing(1, 9, device="gpu"),
    ],
)
def test_only_estimates_of_the_same_work_count(other: Timing) -> None:
    assert spread(spec(), [*[other] * 20, *[Timing(1, 1.5)] * 5]) == Spread(1.5, 1.5, 5)
