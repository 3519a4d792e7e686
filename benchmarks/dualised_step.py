"""What the dualised optimizer's step takes beyond the matrix products that six Newton-Schulz rounds consist of.

Gradients of the weight-erasure network at its published size, 3072-1024-1024-10, one core. A round is X Xᵀ, its square,
and their product with X, on the smaller side's Gram matrix. The bare products go into buffers that exist before.
"""

import time
from statistics import median

import torch
from torch import Tensor, nn

from workers.science.optim import dualised
from workers.science.optim.orthogonalise import MODULA
from workers.science.random import generator

NAME = "dualised_step"
BOUND = 1.3
"""Ratio of the step to its bare products."""

ROUNDS, WIDTH, INPUTS, OUTPUTS = 7, 1024, 3072, 10


def measure() -> float:
    """Return the median of the ratios of processor times over interleaved rounds, after one to warm up."""
    torch.set_num_threads(1)
    sides = [(INPUTS, WIDTH), (WIDTH, WIDTH), (WIDTH, OUTPUTS)]
    model = nn.Sequential(*(nn.Linear(n_in, n_out, bias=False) for n_in, n_out in sides))
    for i, parameter in enumerate(model.parameters()):
        parameter.grad = torch.randn(parameter.shape, generator=generator(0, "gradient", i))
    (optimizer,) = dualised.build(model)
    wide = [p.grad if p.shape[0] <= p.shape[1] else p.grad.T for p in model.parameters() if p.grad is not None]
    # Of norm 1, as in the rounds: numbers that grow or vanish are slower to multiply.
    operands = [(x / x.norm()).contiguous() for x in wide]
    ratios = []
    for _ in range(1 + ROUNDS):
        bare = products(operands)
        began = time.process_time()
        optimizer.step()
        ratios.append((time.process_time() - began) / bare)
    return median(ratios[1:])


def products(operands: list[Tensor]) -> float:
    """Return the processor time, in seconds, of the three products of each of the rounds on each of the matrices."""
    buffers = [(x.new_empty(len(x), len(x)), x.new_empty(len(x), len(x)), torch.empty_like(x)) for x in operands]
    began = time.process_time()
    for x, (gram, square, result) in zip(operands, buffers, strict=True):
        for _ in MODULA:
            torch.mm(x, x.T, out=gram)
            torch.mm(gram, gram, out=square)
            torch.mm(square, x, out=result)
    return time.process_time() - began
