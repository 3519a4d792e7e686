"""Networks with branches, norms and attention, to be described."""

from itertools import pairwise

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


def perceptron() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 100), nn.ReLU(), nn.Linear(100, 10)
    )


def vgg() -> nn.Module:
    layers: list[nn.Module] = []
    n_in = 3
    for n_out in (6, 8, 8):
        layers += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU(), nn.MaxPool2d(2)]
        n_in = n_out
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(8 * 16, 12), nn.Tanh(), nn.Linear(12, 10))


class _Block(nn.Module):
    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.c1, self.n1 = nn.Conv2d(n_in, n_out, 3, stride, 1, bias=False), nn.BatchNorm2d(n_out)
        self.c2, self.n2 = nn.Conv2d(n_out, n_out, 3, 1, 1, bias=False), nn.BatchNorm2d(n_out)
        projected = n_in != n_out
        short = (nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)) if projected else ()
        self.short = nn.Sequential(*short)

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.n1(self.c1(x)))
        return F.relu(self.n2(self.c2(y)) + self.short(x))


class ResNet20(nn.Module):
    """Three stages of three blocks, the first of the later two with a projection."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(3, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        widths = [width] * 4 + [2 * width] * 3 + [4 * width] * 3
        pairs = pairwise(widths)
        self.blocks = nn.Sequential(*[_Block(a, b, 1 if a == b else 2) for a, b in pairs])
        self.out = nn.Linear(4 * width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.blocks(F.relu(self.norm(self.stem(x))))
        return self.out(x.mean((2, 3)))  # type: ignore[no-any-return]


class PaddedShortcut(nn.Module):
    """A residual block whose shortcut drops pixels and adds channels of zeros."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.c1, self.c2 = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 1, 1)
        self.out = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.stem(x))
        x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2)) + self.c2(F.relu(self.c1(x)))
        return self.out(F.adaptive_avg_pool2d(x, 1).flatten(1))  # type: ignore[no-any-return]


class Concatenated(nn.Module):
    """Two branches that are concatenated, added to a third network's output, concatenated again and flattened."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 6, 5, padding=2)
        self.c, self.norm = nn.Conv2d(10, 10, 1), nn.BatchNorm2d(10)
        self.out = nn.Linear(20 * 16 * 16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([F.relu(self.a(x)), F.relu(self.b(x))], 1)
        x = torch.cat([x, x + F.relu(self.norm(self.c(x)))], 1)
        return self.out(F.max_pool2d(x, 2).flatten(1))  # type: ignore[no-any-return]


class Grouped(nn.Module):
    """A grouped and a depthwise convolution, a group norm, and a gate per channel."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.grouped, self.norm = nn.Conv2d(3, 8, 1), nn.Conv2d(8, 12, 3, groups=4), nn.GroupNorm(2, 12)
        self.depthwise, self.gate = nn.Conv2d(12, 12, 3, groups=12), nn.Linear(12, 12)
        self.slope, self.out = nn.PReLU(12), nn.Linear(12, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.slope(self.depthwise(self.norm(self.grouped(self.stem(x)))))
        gate = torch.sigmoid(self.gate(x.mean((2, 3))))
        return self.out((x * gate[:, :, None, None]).amax((2, 3)))  # type: ignore[no-any-return]


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        n, length, _ = x.shape
        q, k, v = (part(x).view(n, length, self.heads, -1).transpose(1, 2) for part in (self.q, self.k, self.v))
        return self.o(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))  # type: ignore[no-any-return]


class _Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention, self.n1, self.n2 = _Attention(width, heads), nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.n1(x))
        return x + self.down(F.gelu(self.up(self.n2(x))))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """Two pre-norm layers on symbols."""

    def __init__(self, width: int = 16, heads: int = 4, length: int = 12, symbols: int = 9) -> None:
        super().__init__()
        self.embed, self.place = nn.Embedding(symbols, width), nn.Parameter(torch.randn(length, width))
        self.layers, self.norm = nn.Sequential(*[_Layer(width, heads) for _ in range(2)]), nn.LayerNorm(width)
        self.out = nn.Linear(width, symbols)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.norm(self.layers(self.embed(x) + self.place)))  # type: ignore[no-any-return]


class VisionTransformer(nn.Module):
    """Patches, a class token, and attention written out with one matrix for queries, keys and values."""

    def __init__(self, width: int = 12, heads: int = 3) -> None:
        super().__init__()
        self.heads = heads
        self.patches, self.token = nn.Conv2d(3, width, 8, 8), nn.Parameter(torch.randn(1, 1, width))
        self.place = nn.Parameter(torch.randn(1, 17, width))
        self.norm, self.qkv, self.o = nn.LayerNorm(width), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.out = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.place
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=-1)
        q, k, v = (part.reshape(x.shape[0], 17, self.heads, -1).permute(0, 2, 1, 3) for part in (q, k, v))
        weights = (q @ k.transpose(-2, -1) / 2).softmax(-1)
        x = x + self.o((weights @ v).transpose(1, 2).reshape(x.shape[0], 17, -1))
        return self.out(x[:, 0])  # type: ignore[no-any-return]


class TiedEmbedding(nn.Module):
    """Symbols are read and written by one table."""

    def __init__(self) -> None:
        super().__init__()
        self.embed, self.hidden = nn.Embedding(9, 6), nn.Linear(6, 6)
        self.out = nn.Linear(6, 9, bias=False)
        self.out.weight = self.embed.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.out(torch.relu(self.hidden(self.embed(x))))  # type: ignore[no-any-return]


class Constant(nn.Module):
    """Each hidden unit is multiplied by a number of its own that is no parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(64, 5), nn.Linear(5, 10)
        self.numbers = torch.arange(5.0, dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(self.fc1(x.flatten(1)) * self.numbers)  # type: ignore[no-any-return]
