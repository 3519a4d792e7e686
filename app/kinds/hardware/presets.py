"""Filled-in hardware specs."""

from app.contract.preset import Preset
from app.kinds.hardware.spec import HardwareSpec

PRESETS = (
    Preset(
        "hardware-lenet",
        "Is a sparse LeNet ever faster?",
        paper="Our own question",
        link="https://docs.pytorch.org/docs/stable/sparse.html",
        claim="A layer with a tenth of its weights needs a tenth of the multiplications; a mask alone makes it no "
        "faster, and sparse storage pays only below some density.",
        differs="Measured here: the two large layers of LeNet-300-100, batch 60, on this machine's CPU.",
        spec=HardwareSpec.model_validate({"kind": "hardware"}),
    ),
)
