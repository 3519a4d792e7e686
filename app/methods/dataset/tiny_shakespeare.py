"""Tiny Shakespeare: what the data set is."""

from typing import ClassVar, Literal

from app.contract.params import DatasetParams
from app.methods.method import Method


class TinyShakespeare(DatasetParams):
    n_train: ClassVar[int] = 15_685
    n_validation: ClassVar[int] = 871
    n_test: ClassVar[int] = 871
    shape: ClassVar[tuple[int, ...]] = (64,)
    n_classes: ClassVar[int] = 65
    examples: ClassVar[Literal["pictures", "text"]] = "text"
    guess: ClassVar[float | None] = 0.146
    kind: Literal["tiny_shakespeare"]


METHOD = Method(
    params=TinyShakespeare,
    title="Tiny Shakespeare",
    summary="1,115,394 characters of plays in windows of 64, 65 different ones: predict each next character.",
    source="Karpathy 2015, char-rnn, data/tinyshakespeare",
    order=60,
)
