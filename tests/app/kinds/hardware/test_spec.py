"""The hardware spec: what it costs, what it can read, and what it refuses by name."""

from typing import Any

import pytest
from pydantic import ValidationError

from app.contract.tickets import TicketRef
from app.kinds.hardware.spec import FORMATS, HardwareSpec


def spec(**changes: Any) -> HardwareSpec:
    return HardwareSpec.model_validate({"kind": "hardware", **changes})


def test_work_is_a_measurement_for_each_format_mode_batch_and_network() -> None:
    experiment = spec(
        layers=[(8, 4), (4, 2), (2, 2)], densities=(0.5, 0.1), ticket="abc:0:3", batch_sizes=(1, 16), replicates=2,
        formats=("csr", "compacted"),
    )  # fmt: skip
    assert experiment.units_per_replicate == (3 * 2 + 1) * 2 * 2 * 3
    assert experiment.work == (168, "measurement")
    assert experiment.formula == (
        "2 replicates × (3 layers × 2 densities + 1 ticket) × 2 modes × 2 batch sizes × 3 formats"
    )
    assert experiment.model_name == "3 layers"


def test_a_size_may_be_written_as_in_a_form() -> None:
    assert spec(layers=["784x300", " 300 × 100 ", [8, 4]]).layers == ((784, 300), (300, 100), (8, 4))


def test_a_ticket_alone_is_enough() -> None:
    experiment = spec(layers=(), ticket="06f3k2m9qa:1:5")
    assert experiment.tickets == (TicketRef("06f3k2m9qa", 1, 5),)
    assert experiment.model_name == "ticket 06f3k2m9qa:1:5"
    assert experiment.units_per_replicate == 2 * 5
    assert spec().tickets == ()


def test_dense_comes_first_and_cannot_be_left_out() -> None:
    assert FORMATS == ("dense", "masked_dense", "csr", "compacted", "structured", "semi_structured")
    with pytest.raises(ValidationError, match="formats"):
        spec(formats=("dense",))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"layers": [(8, 4), (8, 4)]}, "layers: lists a value twice"),
        ({"densities": (0.1, 0.1)}, "densities: lists a value twice"),
        ({"layers": ()}, "layers: needs at least one"),
        ({"layers": ["784"]}, "layers"),
        ({"layers": [(8, 5000)]}, "less than or equal to 4096"),
        ({"densities": (0.0,)}, "greater than 0"),
        ({"densities": (1.5,)}, "less than or equal to 1"),
        ({"repeats": 3}, "greater than or equal to 7"),
        ({"device": "any"}, "device"),
        ({"device": "tpu"}, "device"),
        ({"dtype": "int8"}, "dtype"),
        ({"ticket": "somewhere"}, "ticket: 'somewhere' is not the address"),
        ({"ticket": "abc:0:3:reinit:0"}, "ticket: must be a winning ticket"),
        ({"formats": ("semi_structured",)}, "formats: semi_structured needs a GPU of compute capability 8.0"),
        ({"formats": ("semi_structured",), "device": "gpu"}, "dtype: semi_structured needs float16 or bfloat16"),
        (
            {"formats": ("semi_structured",), "device": "gpu", "dtype": "float16", "modes": ("training",)},
            "modes: semi_structured is for inference only",
        ),
        ({"dtype": "float16"}, "dtype: csr needs float32 or float64 on a CPU"),
        (
            {"layers": [(n, 8) for n in range(1, 9)], "densities": [n / 16 for n in range(1, 17)], "replicates": 100},
            "densities: 128,000 measurements exceed",
        ),
    ],
)
def test_what_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        spec(**changes)


def test_what_a_gpu_can_do_is_not_refused() -> None:
    experiment = spec(formats=("csr", "semi_structured"), device="gpu", dtype="bfloat16")
    assert experiment.formats == ("csr", "semi_structured")
    assert spec(formats=("compacted",), dtype="float16").dtype == "float16"
