"""Spectral SGD: what the optimizer is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import Color
from app.contract.params import Lr, OptimizerParams
from app.methods.method import Method


class SpectralSgd(OptimizerParams):
    elementwise: ClassVar[bool] = False
    lrs: ClassVar[tuple[float, ...]] = (0.25, 0.5, 1.0)
    kind: Literal["spectral_sgd"]
    lr: Lr = 0.5


METHOD = Method(
    params=SpectralSgd,
    title="Spectral SGD",
    summary="SGD whose steps have the spectral norm of the dualised ones.",
    source="docs.modula.systems, weight erasure",
    order=30,
    look=Look(
        Color("#3d86cf", "#5592d8", "#2a6db4", "#6ea8e6"),
        dash="6px,3px",
        symbol="square",
        label="spectral SGD",
        phrase="spectral SGD",
    ),
)
