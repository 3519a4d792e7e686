"""Trainings of an erasure run: which rate is best, what a diverged one counts for, how numbers are told."""

import math
from typing import Any

import numpy as np
import pytest

from app.contract.experiment import FieldError
from app.kinds.erasure.figures import trainings
from app.kinds.erasure.key import Image
from app.plotting import spread
from app.plotting.source import Options, Source
from tests.app.erasure_rows import NAN, ending, erasure_run, place, series

ONE = {"sgd": (0.1, 1.0, 10.0)}


def ends(accuracies: dict[tuple[int, int], float], lost: dict[tuple[int, int], float] | None = None) -> trainings.Ends:
    """Ends of SGD from validation accuracies by (rate's number, replicate), and the steps at which others diverged."""
    rows = [
        ending(
            place(rate=rate, replicate=replicate, optimizers=ONE), validation_accuracy=value, test_accuracy=1 - value
        )
        for (rate, replicate), value in accuracies.items()
    ]
    rows += [
        ending(place(rate=rate, replicate=r, optimizers=ONE), diverged=step) for (rate, r), step in (lost or {}).items()
    ]
    (made,) = trainings.ends(Source(erasure_run(optimizers=ONE), Options(), {"ending": series(rows)}), 16)
    return made


def test_ends_by_hand(same: Any) -> None:
    made = ends({(0, 0): 0.5, (1, 1): 0.75}, {(2, 0): 40.0})
    assert same(made.values["validation_accuracy"], np.array([[0.5, NAN], [NAN, 0.75],
                                                                                           [NAN, NAN]]))  # fmt: skip
    assert made.ended.tolist() == [[True, False], [False, True], [True, False]]
    assert same(made.diverged, np.array([[NAN, NAN], [NAN, NAN], [40.0, NAN]]))
    assert trainings.awaited([made]) == 3


def test_the_best_rate_is_told_by_validation_never_by_test() -> None:
    made = ends({(0, 0): 0.9, (0, 1): 0.8, (1, 0): 0.7, (1, 1): 0.95})
    assert made.best == 0  # 0.85 against 0.825; test accuracy says otherwise, and so does the best replicate


def test_a_rate_where_some_diverge_is_best_only_if_all_have_such() -> None:
    assert ends({(0, 0): 0.5, (0, 1): 0.5, (1, 0): 0.99}, {(1, 1): 3.0}).best == 0
    assert ends({(0, 0): 0.5, (1, 0): 0.99}, {(0, 1): 5.0, (1, 1): 3.0}).best == 1
    assert ends({}, {(0, 0): 5.0}).best is None


def test_values_measured_of_a_diverged_training_count_for_nothing() -> None:
    row = {**ending(place(), diverged=40.0), "test_accuracy": 0.9}
    (made,) = trainings.ends(Source(erasure_run(optimizers=ONE), Options(), {"ending": series([row])}), 16)
    assert not np.isfinite(made.values["test_accuracy"]).any()


def test_twins_and_widths_are_apart() -> None:
    run = erasure_run(optimizers=ONE, widths=(16, 32), twins=True)
    values: dict[tuple[int, Image], float] = {
        (16, "picture"): 0.0,
        (16, "none"): 0.1,
        (32, "picture"): 0.2,
        (32, "none"): 0.3,
    }
    rows = [ending(place(width=width, image=image), test_accuracy=value) for (width, image), value in values.items()]
    source = Source(run, Options(), {"ending": series(rows)})
    for (width, image), value in values.items():
        (made,) = trainings.ends(source, width, image)
        assert made.values["test_accuracy"][0, 0] == value


def test_what_the_run_does_not_have_is_blamed_on_its_field() -> None:
    spec: Any = erasure_run(widths=(16, 32)).spec
    assert (trainings.width_of(spec, None), trainings.width_of(spec, 32)) == (16, 32)
    with pytest.raises(FieldError, match="width: must be one of 16, 32"):
        trainings.width_of(spec, 64)
    with pytest.raises(FieldError, match="optimizer: must be one of sgd, spectral_sgd, dualised"):
        trainings.optimizers_of(spec, "adam")


@pytest.mark.parametrize(
    ("visibility", "two_level", "expected"),
    [
        (0.505, True, "erased"),
        (0.55, True, "erased, yet detectable"),
        (0.551, True, "visible"),
        (0.46, True, "erased, yet detectable"),
        (0.449, True, "inverted"),
        (0.505, False, "not detectable"),
        (0.55, False, "detectable"),
        (-0.3, False, "detectable"),
    ],
)
def test_erased_and_detectable_are_two_words(visibility: float, two_level: bool, expected: str) -> None:
    assert trainings.fate(visibility, 0.48, 0.52, two_level=two_level) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.5, 0.52, 0.51], "0.51 ± 0.01"),  # sd 0.01 with n − 1
        ([0.5, NAN, 0.5], "0.50 ± 0.00"),
        ([0.5001, 0.5], "0.50005 ± 0.00007"),
        ([0.972, 0.977, 0.975], "0.975 ± 0.003"),
        ([0.1, 0.1, 0.1], "0.10 ± 0.00"),  # the spread of their sum's rounding is none
        ([-0.125, NAN], "−0.12"),
    ],
)
def test_mean_and_spread_are_told(values: list[float], expected: str) -> None:
    assert spread.mean_text(np.array(values), 2) == expected


def test_small_sizes_are_told_in_powers_of_ten() -> None:
    assert spread.power_text(np.array([1.2e-3, 1.4e-3])) == "(1.3 ± 0.1) × 10⁻³"
    assert spread.power_text(np.array([2.5e4])) == "2.5 × 10⁴"
    assert spread.power_text(np.zeros(2)) == "0"
    assert math.isnan(spread.deviation(np.array([1.0, NAN])))


def test_what_diverged_is_listed_with_when() -> None:
    made = ends({(1, 0): 0.5}, {(1, 1): 1_040.0, (2, 0): 5.0, (2, 1): 3.0})
    text = trainings.diverged_text([made], {"sgd": "SGD"})
    assert text == (
        "diverged; not in the mean: SGD lr 1 (1 of 2, at step 1,040), SGD lr 10 (2 of 2, first at step 3)"
    )  # fmt: skip
    assert trainings.diverged_text([made], {"sgd": "SGD"}, most=1).endswith("at step 1,040) and 1 more")
    assert trainings.diverged_text([ends({(1, 0): 0.5})], {"sgd": "SGD"}) == ""
