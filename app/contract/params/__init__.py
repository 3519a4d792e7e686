"""What the parameters of every group of methods share; the methods themselves are in `app/methods`."""

from app.contract.params.base import (
    RARE,
    Beta,
    Betas,
    Lr,
    Momentum,
    Params,
    Share,
    WeightDecay,
    unit,
    when,
)
from app.contract.params.controls import ControlParams, DrawnControl
from app.contract.params.datasets import DatasetParams, PictureParams
from app.contract.params.models import ConvParams, ModelParams, VggParams, misfit, too_small
from app.contract.params.optimizers import OptimizerParams
from app.contract.params.pruning import PruningParams

__all__ = [
    "RARE",
    "Beta",
    "Betas",
    "ControlParams",
    "ConvParams",
    "DatasetParams",
    "DrawnControl",
    "Lr",
    "ModelParams",
    "Momentum",
    "OptimizerParams",
    "Params",
    "PictureParams",
    "PruningParams",
    "Share",
    "VggParams",
    "WeightDecay",
    "misfit",
    "too_small",
    "unit",
    "when",
]  # fmt: skip
