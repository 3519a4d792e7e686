"""Digits: what the data set is and takes."""

from typing import ClassVar, Literal

from app.contract.params import PictureParams
from app.methods.method import Method


class Digits(PictureParams):
    n_train: ClassVar[int] = 1_257
    n_validation: ClassVar[int] = 180
    n_test: ClassVar[int] = 360
    shape: ClassVar[tuple[int, ...]] = (1, 8, 8)
    kind: Literal["digits"]


METHOD = Method(
    params=Digits,
    title="Digits",
    summary="1,797 handwritten digits of 8×8, bundled: no download. Tested on writers outside the training set.",
    source="scikit-learn's copy of the UCI optical digits test set",
    order=10,
)
