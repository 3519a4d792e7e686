"""Hardware records to draw: a run that times layers and a ticket, and rows whose numbers a test can work out."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from app.kinds.hardware.spec import HardwareSpec
from app.records import Run, RunProgress, Series, State
from tests.app.erasure_rows import NAN, series

TICKET = "06f3k2m9qa:0:5"
# How much of the theoretical speed-up a format gets.
SHARE = {"dense": 1.0, "masked_dense": 0.0, "csr": 0.1, "compacted": 0.01, "structured": 0.8}


def hardware_run(*, state: str = "finished", device: str = "A Processor", **spec: Any) -> Run:
    """A run on a CPU; `device` is empty before any worker has started."""
    fields = {"layers": [(784, 300), (300, 100)], "densities": (0.5, 0.1), "ticket": TICKET, "replicates": 2, **spec}
    return Run(
        id="0123456789",
        name="Is a sparse LeNet ever faster?",
        kind="hardware",
        spec=HardwareSpec.model_validate({"kind": "hardware", **fields}),
        state=cast("State", state),
        progress=RunProgress(done=0, total=1),
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        provenance={"device_name": device} if device else {},
    )


def row(name: str, layer: tuple[int, int] = (784, 300), **values: Any) -> dict[str, Any]:
    """A row of the series `hardware`: by default half of the weights, inference, as fast as dense."""
    made: dict[str, Any] = {
        "replicate": 0, "storage_format": name, "ticket": 0, "n_in": layer[0], "n_out": layer[1], "batch_size": 60,
        "training": 0, "target": 0.5, "density": 0.5, "seconds": 1e-3, "seconds_low": 9e-4, "seconds_high": 1.2e-3,
        "speedup": 1.0, "speedup_low": 0.9, "speedup_high": 1.1, "bytes": 1000.0, "error": 1e-6,
        "energy_j": NAN, "refused": 0,
    }  # fmt: skip
    if "speedup" in values:
        made |= {"speedup_low": 0.97 * values["speedup"], "speedup_high": 1.03 * values["speedup"]}
    return {**made, **values}


def refused(name: str, code: int, **values: Any) -> dict[str, Any]:
    """A row of a format that the device cannot do."""
    gone = ("density", "seconds", "seconds_low", "seconds_high", "speedup", "speedup_low", "speedup_high", "bytes",
            "error", "energy_j")  # fmt: skip
    return row(name, **{**dict.fromkeys(gone, NAN), "refused": code, **values})


def whole(run: Run) -> Series:
    """All rows of a run, with numbers of a plausible shape."""
    spec = cast("HardwareSpec", run.spec)
    subjects: Sequence[Mapping[str, Any]] = [
        *({"layer": layer, "target": target} for layer in spec.layers for target in spec.densities),
        {"layer": (0, 0), "target": 0.07, "ticket": 1},
    ]
    return series(
        [
            row(name, replicate=replicate, training=training, batch_size=batch, density=subject["target"],
                speedup=1.0 if name == "dense" else 0.7 + SHARE[name] / subject["target"] * (1 + 0.1 * replicate),
                bytes=1000.0 * subject["target"], **subject)
            for replicate in range(spec.replicates) for subject in subjects for training in (0, 1)
            for batch in spec.batch_sizes for name in ("dense", *spec.formats)
        ]
    )  # fmt: skip
