"""ViT-Ti: a vision transformer of twelve layers of width 192 with three heads, on patches of small pictures."""

import torch
from torch import Tensor, nn

from workers.science.models.attention import EPS, TransformerLayer
from workers.science.models.blank import Conv2d, Linear

WIDTH, HEADS, DEPTH = 192, 3, 12


class VisionTransformer(nn.Module):
    """Patches and a class token with learned positions, layers, a norm, a linear layer on the class token."""

    def __init__(self, shape: tuple[int, ...], n_classes: int, patch: int) -> None:
        super().__init__()
        tokens = (shape[1] // patch) * (shape[2] // patch)
        self.patches = Conv2d(shape[0], WIDTH, patch, patch)
        self.token = nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.positions = nn.Parameter(torch.zeros(1, tokens + 1, WIDTH))
        self.layers = nn.Sequential(*[TransformerLayer(WIDTH, HEADS) for _ in range(DEPTH)])
        self.norm = nn.LayerNorm(WIDTH, eps=EPS)
        self.fc = Linear(WIDTH, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits `(n, n_classes)` of pictures `(n, channels, height, width)`."""
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.fc(self.norm(self.layers(x)[:, 0]))  # type: ignore[no-any-return]


def build(shape: tuple[int, ...], n_classes: int, *, patch: int = 4) -> nn.Module:
    """Build a network from pictures `(n, *shape)` to logits `(n, n_classes)`, its weights still to be initialised.

    `patch` is the side of a patch in pixels. 5,319,552 prunable weights on 3×32×32 and ten classes.

    Raises `ValueError` for pictures that patches do not tile.
    Source: Dosovitskiy et al. 2021, arXiv 2010.11929, section 3.1; sizes of Touvron et al. 2021, arXiv 2012.12877,
    table 1, with patches for small pictures.
    """
    if shape[1] % patch or shape[2] % patch:
        raise ValueError(f"patches of {patch}×{patch} do not tile pictures of {shape[1]}×{shape[2]}")
    return VisionTransformer(shape, n_classes, patch)
