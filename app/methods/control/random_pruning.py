"""Random pruning: what the control is and takes."""

from typing import ClassVar, Literal

from app.contract.look import Look
from app.contract.palette import LILAC
from app.contract.params import DrawnControl
from app.methods.method import Method


class RandomPruning(DrawnControl):
    rewound: ClassVar[bool] = True
    pruned_in_training: ClassVar[bool] = True
    kind: Literal["random_pruning"]


METHOD = Method(
    params=RandomPruning,
    title="Random pruning",
    summary="The ticket's initial weights, of which random ones go whenever the ticket loses its smallest.",
    source="Zhu & Gupta 2017, arXiv 1710.01878, equation 1, with random instead of small weights",
    order=50,
    look=Look(
        LILAC,
        dash="10px,3px,2px,3px,2px,3px",
        symbol="square",
        label="random pruning",
        phrase="random pruning at the same schedule",
    ),
)
