"""A sparse multilayer perceptron with its gradients written out.

At a density of a few per cent a step of a small network is so short that the bookkeeping of autograd, and of an
optimizer with many parameters, takes longer than the arithmetic: written out, with one flat parameter, the whole step
measures about 1.6 times as fast (docs/benchmarks.md).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from workers.science.sparse.csr import Csr

_aten = torch.ops.aten
_MEAN = 1  # how aten calls the reduction


class Layer(NamedTuple):
    """A linear layer: weight `(n_out, n_in)`, mask of the same shape, bias `(n_out,)`."""

    weight: Tensor
    mask: Tensor
    bias: Tensor


class FeedForward(nn.Module):
    """Sparse linear layers with a ReLU between each two, from pictures or vectors `(n, ...)` to logits.

    `flat` holds all kept weights and biases, layer after layer: one parameter, for optimizers that treat each weight by
    itself. Inputs that no kept weight reads are left out from the start: `narrow` takes them off.

    Raises `ValueError` for a layer that keeps nothing.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self.inputs = layers[0].mask.any(0).nonzero().squeeze(1)
        self._n_in = layers[0].mask.shape[1]
        first = layers[0]._replace(weight=layers[0].weight[:, self.inputs], mask=layers[0].mask[:, self.inputs])
        layers = [first, *layers[1:]]
        parts = [part.detach() for layer in layers for part in (layer.weight[layer.mask], layer.bias)]
        self.flat = nn.Parameter(torch.cat(parts))
        views = torch.split(self.flat.detach(), [len(part) for part in parts])
        self._matrices = [Csr(layer.mask, values) for layer, values in zip(layers, views[::2], strict=True)]
        self._biases = views[1::2]

    def narrow(self, x: Tensor) -> Tensor:
        """Of pictures or vectors `(n, ...)` the inputs that are read: `(n, n_read)`, as `forward` also takes them."""
        x = x.flatten(1)
        return x.index_select(1, self.inputs) if len(self.inputs) < self._n_in else x

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """The logits `(n, n_classes)`, outside autograd."""
        if x.dim() > 2 or x.shape[1] == self._n_in:
            x = self.narrow(x)
        return self._through(x)[-1].t()

    @torch.no_grad()
    def gradients(self, x: Tensor, y: Tensor) -> Tensor:
        """Mean cross-entropy of a batch, narrowed; its gradient replaces the one that `flat` held.

        What autograd computes of the masked dense network, up to the order of additions.
        """
        *seen, features = self._through(x)
        log_p = torch.log_softmax(features.t().contiguous(), 1)
        loss, weight = _aten.nll_loss_forward.default(log_p, y, None, _MEAN, -100)
        one = torch.ones_like(loss)
        by_log_p = _aten.nll_loss_backward.default(one, log_p, y, None, _MEAN, -100, weight)
        grad = _aten._log_softmax_backward_data.default(by_log_p, log_p, 1, log_p.dtype).t().contiguous()
        parts: list[Tensor] = []
        for matrix, features in zip(reversed(self._matrices), reversed(seen), strict=True):
            parts += grad.sum(1), matrix.to_values(grad, features)
            if features is not seen[0]:
                # A ReLU lets a gradient through where its output is above 0.
                grad = _aten.threshold_backward.default(matrix.to_features(grad), features, 0.0)
        self.flat.grad = torch.cat(parts[::-1])
        return loss  # type: ignore[no-any-return]

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Weight `(n_out, n_in)`, 0 where pruned, and bias of each layer: copies."""
        dense = [matrix.dense for matrix in self._matrices]
        first = torch.zeros(len(dense[0]), self._n_in, dtype=dense[0].dtype)
        first[:, self.inputs] = dense[0]
        return list(zip([first, *dense[1:]], [bias.clone() for bias in self._biases], strict=True))

    def _through(self, x: Tensor) -> list[Tensor]:
        """What each layer gets, `(n_features, n)`, and the logits."""
        seen = [x.t().contiguous()]
        for matrix, bias in zip(self._matrices, self._biases, strict=True):
            if len(seen) > 1:
                torch.relu_(seen[-1])
            seen.append(matrix.product(seen[-1], bias))
        return seen
