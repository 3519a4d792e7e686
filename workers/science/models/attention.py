"""Layers of a transformer with the norm first, and separate matrices for queries, keys and values."""

from math import inf, sqrt

from torch import Tensor, nn
from torch.nn.functional import gelu

from workers.science.models.blank import Linear

EPS = 1e-6
"""Added to the variances of layer norms, as vision transformers do."""


class Attention(nn.Module):
    """Every token weighs the values of all tokens, or of those not `hidden` from it, in each head by itself.

    The products are written out: torch's fused attention is not the same to the bit on every GPU.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.scale = heads, 1 / sqrt(width / heads)
        self.query, self.key, self.value = (Linear(width, width) for _ in range(3))
        self.out = Linear(width, width)

    def forward(self, x: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Return `(n, tokens, width)` from the same.

        `hidden` bool `(tokens, tokens)` is true where a row's token sees none.
        """
        q, k, v = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        scores = q @ k.transpose(-2, -1) * self.scale
        if hidden is not None:
            scores = scores.masked_fill(hidden, -inf)
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class TransformerLayer(nn.Module):
    """x + attention(norm(x)), then x + down(gelu(up(norm(x)))) with four times as many units."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(width, eps=EPS), Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=EPS)
        self.up, self.down = Linear(width, 4 * width), Linear(4 * width, width)

    def forward(self, x: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Return `(n, tokens, width)` from the same; `hidden` is as for `Attention`."""
        x = x + self.attention(self.norm1(x), hidden)
        return x + self.down(gelu(self.up(self.norm2(x))))  # type: ignore[no-any-return]
