"""Filled-in lottery specs of deeper networks: recipes of papers, and ones that two cores can afford."""

from typing import Any

from app.contract.preset import Preset
from app.kinds.lottery.spec import LotterySpec


def lottery(**fields: Any) -> LotterySpec:
    """Return a lottery spec with these fields."""
    return LotterySpec.model_validate({"kind": "lottery", **fields})


_LMC = {"paper": "Frankle et al. 2020", "link": "https://arxiv.org/abs/1912.05671"}
# 160 epochs of 50,000 images in batches of 128, the rate divided by ten after 80 and 120 of them.
_RECIPE: dict[str, Any] = {
    "dataset": {"kind": "cifar10", "normalise": True},
    "init": "kaiming_normal",
    "optimizer": {"kind": "momentum_sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
    "schedule": {"kind": "step_decay", "milestones": (0.5, 0.75), "gamma": 0.1},
    "steps": 62_500,
    "batch_size": 128,
    "eval_every": 500,
    "augmentation": "pad_crop_flip",
    "pruning": {"kind": "global_magnitude", "rate": 0.2},
    "replicates": 3,
    "branches": [{"kind": "reinit"}, {"kind": "shuffled"}],
}
_PART: dict[str, Any] = {"dataset": {"kind": "cifar10_10k", "normalise": True}, "replicates": 3}

PRESETS = (
    Preset(
        "resnet-20-cifar10",
        "ResNet-20 tickets on CIFAR-10",
        **_LMC,
        claim="Rewound to an early step, tickets of ResNet-20 match the dense network down to 13 % of the weights.",
        differs="45,000 training images instead of 50,000. For a GPU: 84 trainings of 60,500 or 62,500 steps.",
        spec=lottery(**_RECIPE, model={"kind": "resnet_20"}, levels=9, rewind_step=2_000),
    ),
    Preset(
        "vgg-16-cifar10",
        "VGG-16 tickets on CIFAR-10",
        **_LMC,
        claim="Rewound to an early step, tickets of VGG-16 match the dense network down to 1.2 % of the weights.",
        differs="45,000 training images instead of 50,000. For a GPU: 183 trainings of 61,500 or 62,500 steps.",
        spec=lottery(**_RECIPE, model={"kind": "vgg_16"}, levels=20, rewind_step=1_000),
    ),
    Preset(
        "vgg-11-part",
        "VGG-11 tickets on part of CIFAR-10",
        **_LMC,
        claim="Tickets of a deeper network match the dense network when they are rewound to an early step of training.",
        differs="VGG-11 instead of VGG-16, the first 10,000 images, 150 steps instead of 62,500, four fifths of the "
        "weights pruned per round instead of one.",
        spec=lottery(
            **_PART,
            model={"kind": "vgg_11"},
            init="kaiming_normal",
            optimizer={"kind": "momentum_sgd", "lr": 0.05, "momentum": 0.9},
            pruning={"kind": "global_magnitude", "rate": 0.8},
            steps=150,
            eval_every=50,
            batch_size=60,
            levels=2,
            rewind_step=10,
            branches=[{"kind": "shuffled"}],
        ),
    ),
    Preset(
        "vit-digits",
        "Does a vision transformer have tickets?",
        paper="Chen et al. 2020",
        link="https://arxiv.org/abs/2007.12223",
        claim="Our own question, after tickets of language models: are some weights of an untrained vision transformer "
        "worth more than the same number shuffled?",
        differs="ViT-Ti on patches of 4×4 of small digits instead of BERT on text, from its initialisation.",
        spec=lottery(
            dataset={"kind": "digits"},
            model={"kind": "vit_tiny"},
            optimizer={"kind": "adamw", "lr": 1e-3, "weight_decay": 0.05},
            schedule={"kind": "cosine"},
            # Glorot draws the kernel of the patches so small that a global threshold leaves nearly nothing of it.
            pruning={"kind": "layerwise_magnitude", "rate": 0.6, "conv_rate": 0.6, "output_rate": 0.3},
            steps=200,
            eval_every=50,
            batch_size=60,
            levels=3,
            replicates=3,
            branches=[{"kind": "shuffled"}],
        ),
    ),
)
