"""The network of the study and its start."""

import pytest
import torch

from workers.science.erasure.network import LAYERS, build, initialise


def test_it_is_three_matrices_without_biases() -> None:
    model = build(64, 32, 10)
    assert {name: tuple(p.shape) for name, p in model.named_parameters()} == {
        "fc1.weight": (32, 64), "fc2.weight": (32, 32), "fc3.weight": (10, 32)
    }  # fmt: skip
    assert [f"{name}.weight" for name in LAYERS] == [name for name, _ in model.named_parameters()]


@pytest.mark.parametrize("width", [16, 100])
def test_every_singular_value_is_the_root_of_outputs_over_inputs(width: int) -> None:
    model = build(64, width, 10)
    before = torch.get_rng_state()
    initialise(model, torch.Generator().manual_seed(0))
    assert torch.equal(before, torch.get_rng_state())
    for weight in model.parameters():
        n_out, n_in = weight.shape
        values = torch.linalg.svdvals(weight.detach().double())
        assert torch.allclose(values, torch.full_like(values, (n_out / n_in) ** 0.5), atol=1e-5)
