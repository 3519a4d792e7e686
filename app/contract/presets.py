"""Named, filled-in specs: each the evidence for or against one claim of one paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.contract.specs import ErasureSpec, Experiment, HardwareSpec, LotterySpec, StableRankSpec


@dataclass(frozen=True)
class Preset:
    """A filled-in spec; `claim` is what the paper says, `differs` what this run does otherwise."""

    name: str
    title: str
    paper: str
    link: str
    claim: str
    differs: str
    spec: Experiment


def _lottery(**fields: Any) -> LotterySpec:
    return LotterySpec.model_validate({"kind": "lottery", **fields})


def _erasure(**fields: Any) -> ErasureSpec:
    return ErasureSpec.model_validate({"kind": "erasure", **fields})


_FC19 = {"paper": "Frankle & Carbin 2019", "link": "https://arxiv.org/abs/1803.03635"}
_LENET = {
    "model": {"kind": "lenet_300_100"},
    "optimizer": {"kind": "adam", "lr": 1.2e-3},
    "batch_size": 60,
}
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
_PAPER_RATES = {"kind": "layerwise_magnitude", "rate": 0.2, "output_rate": 0.1}
# One round at these rates prunes about as much as two of the paper's: 1 % density in eleven levels.
_DIGITS: dict[str, Any] = {
    **_LENET,
    "dataset": {"kind": "digits"},
    "pruning": {"kind": "layerwise_magnitude", "rate": 0.36, "output_rate": 0.18},
    "levels": 11,
    "replicates": 3,
    "branches": [{"kind": "reinit"}, {"kind": "shuffled"}],
}

PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "digits-tickets",
            "Do tickets survive below 2 %?",
            **_FC19,
            claim="A sparse subnetwork, rewound to its own initial weights, learns as well as the dense network; "
            "with other initial weights it does not.",
            differs="Small digits instead of MNIST, 1,000 steps instead of 50,000, 36 % pruned per round instead of "
            "20 %.",
            spec=_lottery(**_DIGITS, steps=1_000, eval_every=50),
        ),
        Preset(
            "digits-tickets-long",
            "Is the gap only undertraining?",
            **_FC19,
            claim="Our own question: if the controls were only slower, four times as many steps would close the gap.",
            differs="As digits-tickets, with 4,000 steps.",
            spec=_lottery(**_DIGITS, steps=4_000, eval_every=100),
        ),
        Preset(
            "lenet-quick",
            "LeNet tickets on MNIST, quick",
            **_FC19,
            claim="Tickets at a fifth of the weights learn faster and reach a higher accuracy than the dense network.",
            differs="5,000 steps instead of 50,000, one reinit per ticket instead of three.",
            spec=_lottery(
                **_LENET,
                dataset={"kind": "mnist"},
                pruning=_PAPER_RATES,
                steps=5_000,
                levels=16,
                replicates=5,
                branches=[{"kind": "reinit"}],
            ),
        ),
        Preset(
            "frankle-carbin-lenet",
            "Frankle & Carbin, LeNet on MNIST",
            **_FC19,
            claim="Tickets at a fifth of the weights learn faster and reach a higher accuracy than the dense network; "
            "reinitialised, they are slower and worse.",
            differs="None, except that the 5,000 validation images are this project's own fixed draw.",
            spec=_lottery(
                **_LENET,
                dataset={"kind": "mnist"},
                pruning=_PAPER_RATES,
                steps=50_000,
                levels=16,
                replicates=5,
                branches=[{"kind": "reinit", "draws": 3}],
            ),
        ),
        Preset(
            "conv-2-tickets",
            "Conv-2 tickets on part of CIFAR-10",
            **_FC19,
            claim="Convolutional tickets learn faster than the dense network and end more accurate.",
            differs="The first 10,000 images instead of 50,000, 2,000 steps instead of 20,000, three replicates.",
            spec=_lottery(
                dataset={"kind": "cifar10_10k"},
                model={"kind": "conv_2"},
                optimizer={"kind": "adam", "lr": 2e-4},
                pruning={"kind": "layerwise_magnitude", "rate": 0.2, "conv_rate": 0.1, "output_rate": 0.1},
                steps=2_000,
                batch_size=60,
                levels=10,
                replicates=3,
                branches=[{"kind": "reinit"}],
            ),
        ),
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
            "that of images never trained on?",
            differs="As modula-figure, with batches from the whole training split.",
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
        Preset(
            "stable-rank-vs-width",
            "How many directions does a step move?",
            **_MODULA,
            claim="The gradient of a wide layer has a stable rank near 1 at every width; its dualised update moves "
            "many directions, the more the wider, up to the batch size.",
            differs="Digits instead of CIFAR-10, widths to 1,024, and two batch sizes.",
            spec=StableRankSpec.model_validate({"kind": "stable_rank", "dataset": {"kind": "digits"}}),
        ),
        Preset(
            "hardware-lenet",
            "Is a sparse LeNet ever faster?",
            paper="Our own question",
            link="https://docs.pytorch.org/docs/stable/sparse.html",
            claim="A layer with a tenth of its weights needs a tenth of the multiplications; a mask alone makes it no "
            "faster, and sparse storage pays only below some density.",
            differs="Measured here: the two large layers of LeNet-300-100, batch 60, on this machine's CPU.",
            spec=HardwareSpec.model_validate({"kind": "hardware"}),
        ),
    )
}
