"""Training pictures shifted and mirrored at random, on the device that holds them: pad, crop and flip.

Source: He et al. 2015, arXiv:1512.03385, section 4.2.
"4 pixels are padded on each side, and a 32×32 crop is randomly sampled from the padded image or its horizontal flip".
"""

import torch
from torch import Tensor

PAD = 4
"""Pixels by which a picture is shifted at most, whatever its size."""


def draw(n: int, generator: torch.Generator) -> Tensor:
    """Draw how each of `n` pictures is cut, `(n, 3)` int64: top, left and mirrored.

    Top and left are in [0, 8] of the padded picture; 1 is mirrored, 0 is not.
    """
    corners = torch.randint(2 * PAD + 1, (n, 2), generator=generator)
    return torch.cat([corners, torch.randint(2, (n, 1), generator=generator)], dim=1)


def cut(x: Tensor, cuts: Tensor, black: Tensor) -> Tensor:
    """Return pictures `x` `(n, channels, height, width)`, each cut by its row of `cuts`, and flipped after that if so.

    What is beyond the edges has the value `black` `(channels,)`.
    """
    n, channels, height, width = x.shape
    padded = black.view(-1, 1, 1).expand(n, -1, height + 2 * PAD, width + 2 * PAD).clone()
    padded[:, :, PAD : PAD + height, PAD : PAD + width] = x
    top, left, mirrored = cuts.unbind(1)
    rows = top.unsqueeze(1) + torch.arange(height, device=x.device)
    columns = torch.arange(width, device=x.device).expand(n, -1)
    columns = left.unsqueeze(1) + torch.where(mirrored.unsqueeze(1) == 1, width - 1 - columns, columns)
    places = rows.unsqueeze(2) * (width + 2 * PAD) + columns.unsqueeze(1)
    flat = places.flatten(1).unsqueeze(1).expand(-1, channels, -1)
    return padded.flatten(2).gather(2, flat).view_as(x)
