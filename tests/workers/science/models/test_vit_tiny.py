"""The vision transformer: parameters as its paper counts them, outputs as torch's own layers give them."""

import pytest
import torch
from torch import Tensor, nn

from workers.science.models import vit_tiny
from workers.science.models.init import initialise
from workers.science.random import generator

PARTS = {
    "self_attn.out_proj": "attention.out", "linear1": "up", "linear2": "down", "norm1": "norm1", "norm2": "norm2",
}  # fmt: skip
ENDS = ("weight", "bias")


def test_parameters_are_those_of_the_paper() -> None:
    """DeiT-Ti on patches of 16×16 of 224×224 pixels, a thousand classes: 5.7M in Touvron et al. 2021, table 1."""
    model = vit_tiny.build((3, 224, 224), 1000, patch=16)
    assert sum(parameter.numel() for parameter in model.parameters()) == 5_717_416


def encoder(state: dict[str, Tensor], layer: int) -> nn.Module:
    """Torch's own layer, whose one matrix holds queries, keys and values."""
    name = f"layers.{layer}"
    reference = nn.TransformerEncoderLayer(
        192, 3, 768, dropout=0, activation="gelu", layer_norm_eps=1e-6, batch_first=True, norm_first=True
    ).double()
    weights = {f"{a}.{end}": state[f"{name}.{b}.{end}"] for a, b in PARTS.items() for end in ENDS}
    for end in ENDS:
        parts = [state[f"{name}.attention.{part}.{end}"] for part in ("query", "key", "value")]
        weights[f"self_attn.in_proj_{end}"] = torch.cat(parts)
    reference.load_state_dict(weights)
    return reference


@pytest.mark.parametrize(("shape", "patch"), [((3, 32, 32), 4), ((1, 8, 8), 2), ((1, 28, 28), 14)])
def test_it_computes_what_torchs_own_layers_do(shape: tuple[int, int, int], patch: int) -> None:
    model = vit_tiny.build(shape, 10, patch=patch)
    initialise(model, generator(0, "init"))
    for name, tensor in model.named_parameters():
        if tensor.ndim == 1 or name in ("token", "positions"):
            tensor.detach().uniform_(-0.5, 1.5, generator=generator(1, name))
    state = model.double().state_dict()
    x = torch.randn(2, *shape, dtype=torch.float64, generator=generator(2, "x"))
    corners = [(i, j) for i in range(0, shape[1], patch) for j in range(0, shape[2], patch)]
    rows = [x[:, :, i : i + patch, j : j + patch].flatten(1) for i, j in corners]
    tokens = torch.stack(rows, 1) @ state["patches.weight"].flatten(1).T + state["patches.bias"]
    tokens = torch.cat([state["token"].expand(2, 1, 192), tokens], 1) + state["positions"]
    for layer in range(12):
        tokens = encoder(state, layer)(tokens)
    first = nn.functional.layer_norm(tokens[:, 0], (192,), state["norm.weight"], state["norm.bias"], 1e-6)
    torch.testing.assert_close(model(x), first @ state["fc.weight"].T + state["fc.bias"], rtol=1e-8, atol=1e-8)


def test_patches_that_do_not_tile_a_picture() -> None:
    with pytest.raises(ValueError, match="5×5 do not tile pictures of 8×8"):
        vit_tiny.build((1, 8, 8), 10, patch=5)
