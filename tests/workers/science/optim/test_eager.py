"""Optimizers without torch's compiler: the same bits, also of what a checkpoint holds."""

import subprocess
import sys

CODE = """
import sys
from functools import partial
import torch
from workers.science.optim import adam, adamw, momentum_sgd, muon, rmsprop, sgd
from workers.science.optim.eager import leave_out_the_compiler

def weights(build, steps=3):
    torch.manual_seed(0)
    model = torch.nn.Sequential(*(torch.nn.Linear(8, 8) for _ in range(4)))
    optimizers = build(model)
    for step in range(steps):
        for optimizer in optimizers:
            optimizer.zero_grad()
        model(torch.ones(2, 8)).square().mean().backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.load_state_dict(optimizer.state_dict())
    return torch.cat([p.detach().flatten() for p in model.parameters()])

builds = [sgd.build, partial(momentum_sgd.build, weight_decay=0.1), adam.build, adamw.build, rmsprop.build, muon.build]
if "before" in sys.argv:
    before = [weights(build) for build in builds]
    assert "torch._dynamo" in sys.modules
leave_out_the_compiler()
after = [weights(build) for build in builds]
if "before" in sys.argv:
    assert all(torch.equal(*pair) for pair in zip(before, after, strict=True))
    assert all(not torch.equal(weights(build, 0), each) for build, each in zip(builds, after, strict=True))
else:
    assert "torch._dynamo" not in sys.modules
"""


def run(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-c", CODE, *arguments], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_the_bits_are_those_of_before() -> None:
    run("before")


def test_no_optimizer_of_torch_loads_the_compiler() -> None:
    run()
