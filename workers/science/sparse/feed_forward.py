"""A sparse multilayer perceptron with its gradients written out.

At a density of a few per cent a step of a small network is very short. The bookkeeping of autograd, and of an optimizer
with many parameters, then takes longer than the arithmetic. Written out, with one flat parameter, the whole step
measures about 1.6 times as fast (docs/benchmarks.md).
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import nll_loss

from workers.science.sparse.csr import Csr
from workers.science.sparse.transposed import transposed

PIECE = 192
"""Examples that go through at a time where no gradient is needed: more would not stay in a core's cache."""
_threshold_backward = torch.ops.aten.threshold_backward.default


class Layer(NamedTuple):
    """A linear layer: weight `(n_out, n_in)`, mask of the same shape, bias `(n_out,)`."""

    weight: Tensor
    mask: Tensor
    bias: Tensor


class FeedForward(nn.Module):
    """Sparse linear layers with a ReLU between each two, from pictures or vectors `(n, ...)` to logits.

    `flat` holds all kept weights and biases: one parameter, for optimizers that treat each weight by itself. It begins
    with those that are live. The others belong to units that no live weight of the next layer reads: no gradient
    reaches them, and nothing is computed for them. Inputs that no live weight reads are left out too.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        super().__init__()
        self._masks = [layer.mask for layer in layers]
        self._n_in = self._masks[0].shape[1]
        live = _live(self._masks)
        read = [mask.any(0) for mask in live]
        units = [*read[1:], torch.ones(len(live[-1]), dtype=torch.bool)]
        self.inputs = read[0].nonzero().squeeze(1)
        parts = [part.detach() for layer in layers for part in (layer.weight[layer.mask], layer.bias)]
        alive = [part for mask, kept, rows in zip(live, self._masks, units, strict=True) for part in (mask[kept], rows)]
        self._sizes, self._alive = [len(part) for part in parts], torch.cat(alive)
        whole = torch.cat(parts)
        self.flat = nn.Parameter(torch.cat([whole[self._alive], whole[~self._alive]]))
        *views, idle = torch.split(
            self.flat.detach(), [*(int(part.sum()) for part in alive), int((~self._alive).sum())]
        )
        smaller = [mask[rows][:, columns] for mask, rows, columns in zip(live, units, read, strict=True)]
        self._matrices = [Csr(mask, values) for mask, values in zip(smaller, views[::2], strict=True)]
        self._biases = views[1::2]
        self._no_gradient = torch.zeros_like(idle)

    def inputs_read(self, x: Tensor) -> Tensor:
        """Return the inputs that are read of pictures or vectors `(n, ...)`, `(n, n_read)`: other methods take both."""
        x = x.flatten(1)
        return x.index_select(1, self.inputs) if len(self.inputs) < self._n_in else x

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        """Return the logits `(n, n_classes)`, outside autograd."""
        logits = torch.cat([self._through(piece)[-1] for piece in torch.split(x, PIECE)], 1)
        return logits.t().contiguous()

    def gradients(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the mean cross-entropy of a batch; its gradient replaces the one that `flat` held."""
        return self.backward(x, partial(_cross_entropy, y=y))

    @torch.no_grad()
    def backward(self, x: Tensor, loss_of: Callable[[Tensor], tuple[Tensor, Tensor]]) -> Tensor:
        """Return the loss of a batch, of which `loss_of` logits `(n_classes, n)` gives value and gradient.

        Its gradient by `flat` replaces the previous one: what autograd computes of the masked dense network, up to the
        order of additions.
        """
        *seen, logits = self._through(x)
        loss, grad = loss_of(logits)
        parts = [self._no_gradient]
        for matrix, features in zip(reversed(self._matrices), reversed(seen), strict=True):
            parts += grad.sum(1), matrix.to_values(grad, features)
            if features is not seen[0]:
                # A ReLU lets a gradient through where its output is above 0.
                grad = _threshold_backward(matrix.to_features(grad), features, 0.0)
        self.flat.grad = torch.cat(parts[::-1])
        return loss

    def layers(self) -> list[tuple[Tensor, Tensor]]:
        """Return weight `(n_out, n_in)`, 0 where pruned, and bias of each layer: copies."""
        flat, n_live = self.flat.detach(), int(self._alive.sum())
        whole = torch.empty_like(flat)
        whole[self._alive], whole[~self._alive] = flat[:n_live], flat[n_live:]
        parts = torch.split(whole, self._sizes)
        weights = [torch.zeros(mask.shape, dtype=flat.dtype) for mask in self._masks]
        for weight, mask, values in zip(weights, self._masks, parts[::2], strict=True):
            weight[mask] = values
        return list(zip(weights, [bias.clone() for bias in parts[1::2]], strict=True))

    def indices(self, *, training: bool) -> list[Tensor]:
        """Return the tensors that its passes read besides `flat`."""
        held = [index for matrix in self._matrices for index in matrix.indices(training=training)]
        return [self.inputs, *held] if len(self.inputs) < self._n_in else held

    def _through(self, x: Tensor) -> list[Tensor]:
        """Return what each layer gets, `(n_features, n)`, and the logits."""
        features = transposed(x.flatten(1))
        if len(self.inputs) < self._n_in == len(features):
            features = features.index_select(0, self.inputs)
        seen = [features]
        for matrix, bias in zip(self._matrices, self._biases, strict=True):
            if len(seen) > 1:
                torch.relu_(seen[-1])
            seen.append(matrix.product(seen[-1], bias))
        return seen


def _live(masks: Sequence[Tensor]) -> list[Tensor]:
    """Return each mask's weights of units that a live weight of the next layer reads; all weights of the last one."""
    live = [masks[-1]]
    for mask in masks[-2::-1]:
        live.append(mask & live[-1].any(0)[:, None])
    return live[::-1]


def _cross_entropy(logits: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean cross-entropy of logits `(n_classes, n)`, and its gradient: (softmax - one-hot) / n."""
    log_p = torch.log_softmax(logits, 0)
    loss = nll_loss(log_p.t(), y)
    grad = log_p.exp_().scatter_(0, y[None], -1.0, reduce="add")
    return loss, grad.div_(len(y))
