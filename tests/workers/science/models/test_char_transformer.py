"""The character transformer: outputs as written out in NumPy, no look ahead, a loss of ln 65 before any training."""

from math import log, prod, sqrt

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.special import erf

from workers.science.data.dataset import Split
from workers.science.metrics.evaluate import evaluate
from workers.science.models import char_transformer
from workers.science.models.init import initialise
from workers.science.models.prunable import prunable
from workers.science.random import generator
from workers.science.train.task import NEXT_TOKEN

Floats = NDArray[np.float64]
WIDTH, HEADS, LENGTH, SYMBOLS = 12, 3, 7, 9


def norm(x: Floats, scale: Floats, shift: Floats) -> Floats:
    centred = x - x.mean(-1, keepdims=True)
    return np.asarray(centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6) * scale + shift)


def attention(x: Floats, state: dict[str, Floats], name: str) -> Floats:
    """Head by head and position by position: each weighs what came before it, and itself."""
    q, k, v = (
        x @ state[f"{name}.{part}.weight"].T + state[f"{name}.{part}.bias"] for part in ("query", "key", "value")
    )
    out = np.zeros_like(x)
    size = WIDTH // HEADS
    for head in range(HEADS):
        units = slice(head * size, (head + 1) * size)
        for place in range(len(x)):
            scores = q[place, units] @ k[: place + 1, units].T / sqrt(size)
            weights = np.exp(scores - scores.max())
            out[place, units] = weights / weights.sum() @ v[: place + 1, units]
    return np.asarray(out @ state[f"{name}.out.weight"].T + state[f"{name}.out.bias"])


def layer(x: Floats, state: dict[str, Floats], name: str) -> Floats:
    x = x + attention(norm(x, state[f"{name}.norm1.weight"], state[f"{name}.norm1.bias"]), state, f"{name}.attention")
    y = norm(x, state[f"{name}.norm2.weight"], state[f"{name}.norm2.bias"])
    y = y @ state[f"{name}.up.weight"].T + state[f"{name}.up.bias"]
    y = y * (1 + erf(y / sqrt(2))) / 2
    return np.asarray(x + y @ state[f"{name}.down.weight"].T + state[f"{name}.down.bias"])


def drawn(layers: int) -> torch.nn.Module:
    model = char_transformer.build((LENGTH,), SYMBOLS, layers=layers, width=WIDTH, heads=HEADS)
    initialise(model, generator(0, "init"))
    for name, tensor in model.named_parameters():
        if tensor.ndim == 1 or name in ("symbols.weight", "positions"):
            tensor.detach().uniform_(-0.5, 1.5, generator=generator(1, name))
    return model.double()


@pytest.mark.parametrize("layers", [1, 2])
def test_it_computes_what_is_written_out(layers: int) -> None:
    model = drawn(layers)
    state = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    text = torch.randint(SYMBOLS, (2, LENGTH), generator=generator(2))
    for logits, symbols in zip(model(text).detach().numpy(), text.numpy(), strict=True):
        x = state["symbols.weight"][symbols] + state["positions"]
        for number in range(layers):
            x = layer(x, state, f"layers.{number}")
        expected = norm(x, state["norm.weight"], state["norm.bias"]) @ state["fc.weight"].T + state["fc.bias"]
        np.testing.assert_allclose(logits, expected, rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_no_symbol_is_predicted_from_later_ones() -> None:
    model = drawn(2)
    text = torch.randint(SYMBOLS, (1, LENGTH), generator=generator(2))
    before = model(text)
    for place in range(LENGTH):
        changed = text.clone()
        changed[0, place] = (changed[0, place] + 1) % SYMBOLS
        after = model(changed)
        assert torch.equal(after[0, :place], before[0, :place])
        assert not torch.equal(after[0, place], before[0, place])


def test_a_network_that_has_learnt_nothing_loses_ln_65() -> None:
    """Kernels of standard deviation 0.02 give logits near 0; those of Glorot add about half their variance of 1."""
    model = char_transformer.build((64,), 65)
    text = torch.randint(65, (50, 64), generator=generator(0, "text"))
    split = Split(text, torch.randint(65, (50, 64), generator=generator(0, "next")))
    initialise(model, generator(0, "init"), "normal")
    assert evaluate(model, split, NEXT_TOKEN).loss == pytest.approx(log(65), abs=0.03)
    initialise(model, generator(0, "init"), "glorot_normal")
    assert evaluate(model, split, NEXT_TOKEN).loss == pytest.approx(log(65) + 0.5, abs=0.1)


def test_sizes_and_what_is_pruned() -> None:
    model = char_transformer.build((64,), 65)
    layers = prunable(model)
    assert sum(prod(layer.shape) for layer in layers.values()) == 102_464 == 2 * 12 * 64**2 + 64 * 65
    assert sum(parameter.numel() for parameter in model.parameters()) == 112_577
    assert [name for name, layer in layers.items() if layer.kind == "output"] == ["fc.weight"]
    assert not {"symbols.weight", "positions"} & layers.keys()
    assert not any("norm" in name or "bias" in name for name in layers)


def test_what_is_no_text_and_heads_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="examples of 3 dimensions are none"):
        char_transformer.build((1, 8, 8), 10)
    with pytest.raises(ValueError, match="3 heads do not divide a width of 64"):
        char_transformer.build((64,), 65, heads=3)
