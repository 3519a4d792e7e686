"""Filled-in erasure specs: each the evidence for or against one claim of one paper."""

from typing import Any

from app.contract.preset import Preset
from app.kinds.erasure.spec import ErasureSpec


def _erasure(**fields: Any) -> ErasureSpec:
    return ErasureSpec.model_validate({"kind": "erasure", **fields})


_MODULA = {"paper": "Modula docs", "link": "https://docs.modula.systems/examples/weight-erasure/"}
_FIVE = (0.125, 0.25, 0.5, 1.0, 2.0)
_FIGURE: dict[str, Any] = {
    "dataset": {"kind": "cifar10_10k"},
    "picture": {"kind": "text", "text": "a"},
    "widths": (1024,),
    "optimizers": [{"kind": kind, "lrs": _FIVE} for kind in ("spectral_sgd", "frobenius_sgd", "dualised")],
    "batch_size": 1024,
    "steps": 301,
    "twins": False,
}

PRESETS = (
    Preset(
        "erasure-digits",
        "Which optimizer erases the picture?",
        **_MODULA,
        claim="A picture in the initial weights survives training by gradient descent; updates that are dualised "
        "erase it and learn as well.",
        differs="Small digits instead of CIFAR-10, width 256 instead of 1024, 200 steps instead of 1,001; five "
        "optimizers, each with a twin without the picture.",
        spec=_erasure(
            dataset={"kind": "digits"},
            optimizers=[{"kind": kind} for kind in ("sgd", "spectral_sgd", "frobenius_sgd", "dualised", "adam")],
            steps=200,
        ),
    ),
    Preset(
        "modula-figure",
        "The Modula figure, as published",
        **_MODULA,
        claim="At equal spectral norm of every step, dualised updates learn to higher learning rates and erase the "
        "letter; plain ones leave it visible.",
        differs="Part of CIFAR-10, 301 steps instead of 1,001, five rates instead of ten; a second control of "
        "equal Frobenius norm. The notebook's batches, from its first 3,072 images only, are kept.",
        spec=_erasure(**_FIGURE, protocol="as_published"),
    ),
    Preset(
        "modula-corrected",
        "The Modula figure, corrected",
        **_MODULA,
        claim="Our own question: does the figure hold when batches come from all training images and accuracy is "
        "measured on images outside the training set?",
        differs="Same as modula-figure, but with batches from the whole training split.",
        spec=_erasure(**_FIGURE),
    ),
    Preset(
        "jesus-2020",
        "How far does SGD move from initialisation?",
        paper="Jesus et al. 2021",
        link="https://arxiv.org/abs/2012.02550",
        claim="Training by SGD leaves a network with two hidden layers close to its initial weights.",
        differs="Digits, three widths, with a picture in the weights to show it; rates chosen by this project.",
        spec=_erasure(
            dataset={"kind": "digits"},
            widths=(64, 256, 512),
            loss="cross_entropy",
            optimizers=[{"kind": "sgd", "lrs": (0.03, 0.1, 0.3)}],
            steps=1_000,
        ),
    ),
)
