"""A character transformer: a decoder that predicts each next symbol of a text from those before it."""

import torch
from torch import Tensor, nn

from workers.science.models.attention import EPS, TransformerLayer
from workers.science.models.blank import Embedding, Linear


class CharTransformer(nn.Module):
    """A table of symbols and one of positions, causal layers with the norm first, a norm, a linear layer."""

    def __init__(self, length: int, n_symbols: int, layers: int, width: int, heads: int) -> None:
        super().__init__()
        self.length = length
        self.symbols = Embedding(n_symbols, width)
        self.positions = nn.Parameter(torch.zeros(length, width))
        self.layers = nn.ModuleList([TransformerLayer(width, heads) for _ in range(layers)])
        self.norm = nn.LayerNorm(width, eps=EPS)
        self.fc = Linear(width, n_symbols)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits `(n, length, n_symbols)` of the symbol after each of the symbols int64 `(n, length)`."""
        future = torch.ones(self.length, self.length, dtype=torch.bool, device=x.device).triu(1)
        x = self.symbols(x) + self.positions
        for layer in self.layers:
            x = layer(x, future)
        return self.fc(self.norm(x))  # type: ignore[no-any-return]


def build(shape: tuple[int, ...], n_classes: int, *, layers: int = 2, width: int = 64, heads: int = 4) -> nn.Module:
    """Build a network from texts of symbols `(n, *shape)` to logits `(n, *shape, n_classes)`, weights not initialised.

    102,464 prunable weights of 112,577 parameters on texts of 64 characters, 65 different ones, at the default size.

    Raises `ValueError` for examples that are no texts, and for a width that heads do not divide.
    Source: Vaswani et al. 2017, arXiv 1706.03762, section 3, without the encoder. Norms before each part, GELU, learnt
    positions and a norm at the end are those of Radford et al. 2019. (See "Language models are unsupervised multitask
    learners", section 2.3.) The output layer has a matrix of its own.
    """
    if len(shape) != 1:
        raise ValueError(f"a text has one dimension, its length; examples of {len(shape)} dimensions are none")
    if width % heads:
        raise ValueError(f"{heads} heads do not divide a width of {width}")
    return CharTransformer(shape[0], n_classes, layers, width, heads)
