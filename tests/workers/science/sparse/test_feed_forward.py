"""The written-out gradients of a sparse network are those of the masked dense one."""

from collections.abc import Sequence

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from tests.workers.science.sparse.test_csr import drawn
from workers.science.sparse.feed_forward import FeedForward, Layer


def network(sizes: Sequence[int], density: float, seed: int) -> list[Layer]:
    """Layers between `sizes` units."""
    pairs = zip(sizes[1:], sizes, strict=False)
    return [Layer(*drawn(n_out, n_in, density, seed + i)) for i, (n_out, n_in) in enumerate(pairs)]


def dense_loss(layers: Sequence[Layer], x: Tensor, y: Tensor) -> tuple[Tensor, list[Tensor]]:
    """The masked dense network by autograd: its loss, and weight and bias of each layer as leaves."""
    leaves = [leaf.clone().requires_grad_() for layer in layers for leaf in (layer.weight * layer.mask, layer.bias)]
    x = x.flatten(1)
    for i in range(len(layers)):
        x = linear(torch.relu(x) if i else x, leaves[2 * i], leaves[2 * i + 1])
    return cross_entropy(x, y), leaves


def _layers(made: FeedForward, layers: Sequence[Layer]) -> list[Layer]:
    """The layers as they now are."""
    return [Layer(weight, layer.mask, bias) for layer, (weight, bias) in zip(layers, made.layers(), strict=True)]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(2, 8), min_size=2, max_size=5),
    st.floats(0, 1),
    st.integers(1, 6),
    st.integers(0, 99),
    st.booleans(),
)
def test_loss_and_gradients_are_those_of_the_masked_dense_network(
    sizes: list[int], density: float, n: int, seed: int, narrowed: bool
) -> None:
    layers = network(sizes, density, seed)
    draw = torch.Generator().manual_seed(seed)
    x = torch.randn(n, sizes[0], generator=draw, dtype=torch.float64)
    y = torch.randint(sizes[-1], (n,), generator=draw)
    expected, leaves = dense_loss(layers, x, y)
    expected.backward()  # type: ignore[no-untyped-call]

    stack = FeedForward(layers)
    loss = stack.gradients(stack.inputs_read(x) if narrowed else x, y)
    torch.testing.assert_close(loss, expected.detach())
    # A step of rate 1 subtracts the gradient.
    torch.optim.SGD(stack.parameters(), lr=1.0).step()
    for before, (weight, bias), w, b in zip(layers, stack.layers(), leaves[::2], leaves[1::2], strict=True):
        assert w.grad is not None
        assert b.grad is not None
        torch.testing.assert_close(weight, (before.weight - w.grad) * before.mask)
        torch.testing.assert_close(bias, before.bias - b.grad)
    torch.testing.assert_close(cross_entropy(stack(x), y), dense_loss(_layers(stack, layers), x, y)[0].detach())
    assert torch.equal(stack(x), stack(stack.inputs_read(x)))


def test_inputs_that_nothing_reads_are_left_out_and_come_back() -> None:
    mask = torch.tensor([[True, False, False, True], [False, False, False, True]])
    first = Layer(torch.ones(2, 4), mask, torch.zeros(2))
    stack = FeedForward([first, Layer(torch.ones(3, 2), torch.ones(3, 2, dtype=torch.bool), torch.ones(3))])
    assert stack.inputs_read(torch.arange(8.0).reshape(2, 1, 2, 2)).tolist() == [[0.0, 3.0], [4.0, 7.0]]
    (weight, bias), (last, _) = stack.layers()
    assert torch.equal(weight, mask.float())
    assert torch.equal(bias, torch.zeros(2))
    assert torch.equal(last, torch.ones(3, 2))


def test_training_keeps_pruned_weights_at_zero_and_moves_the_kept_ones() -> None:
    layers = network((5, 6, 3), 0.4, 1)
    stack = FeedForward(layers)
    adam = torch.optim.Adam(stack.parameters(), lr=0.01)
    x, y = torch.randn(8, 5, dtype=torch.float64), torch.randint(3, (8,))
    first = stack.gradients(stack.inputs_read(x), y)
    for _ in range(50):
        loss = stack.gradients(stack.inputs_read(x), y)
        adam.step()
    assert loss < first
    for layer, (weight, _) in zip(layers, stack.layers(), strict=True):
        assert torch.count_nonzero(weight[~layer.mask]) == 0
        assert torch.count_nonzero(weight[layer.mask]) == int(layer.mask.sum())


def test_no_gradient_reaches_what_no_later_layer_reads_but_an_optimizer_does() -> None:
    """Of three hidden units the last layer reads one; what feeds the others is kept, decays, and is not computed."""
    ones = torch.ones(3, 2, dtype=torch.bool)
    last = torch.tensor([[False, True, False], [False, True, False]])
    layers = [Layer(torch.ones(3, 2), ones, torch.ones(3)), Layer(torch.ones(2, 3), last, torch.ones(2))]
    stack = FeedForward(layers)
    sgd = torch.optim.SGD(stack.parameters(), lr=0.5, weight_decay=0.5)
    stack.gradients(torch.tensor([[1.0, 2.0]]), torch.tensor([1]))
    sgd.step()
    (weight, bias), (read, _) = stack.layers()
    idle = torch.tensor([0, 2])
    assert stack.flat.numel() == 6 + 3 + 2 + 2
    assert torch.equal(weight[idle], torch.full((2, 2), 0.75))
    assert torch.equal(bias[idle], torch.full((2,), 0.75))
    # By the logits (4 + 1, 4 + 1) softmax is a half each, so that what it pulls at the hidden unit cancels.
    assert torch.equal(weight[1], torch.full((2,), 0.75))
    assert torch.equal(read, torch.tensor([[0.0, 0.75 - 0.5 * 0.5 * 4, 0.0], [0.0, 0.75 + 0.5 * 0.5 * 4, 0.0]]))


def test_where_a_layer_keeps_nothing_its_bias_still_learns() -> None:
    nothing = torch.zeros(3, 2, dtype=torch.bool)
    layers = [
        Layer(torch.ones(2, 2), torch.ones(2, 2, dtype=torch.bool), torch.ones(2)),
        Layer(torch.ones(3, 2), nothing, torch.zeros(3)),
    ]
    stack = FeedForward(layers)
    assert len(stack.inputs) == 0
    assert stack(torch.ones(5, 2)).tolist() == [[0.0, 0.0, 0.0]] * 5
    stack.gradients(torch.ones(1, 2), torch.tensor([2]))
    torch.optim.SGD(stack.parameters(), lr=3.0).step()
    (weight, _), (_, bias) = stack.layers()
    assert torch.equal(weight, torch.ones(2, 2))
    torch.testing.assert_close(bias, torch.tensor([-1.0, -1.0, 2.0]))
