"""Filled-in lottery specs: each the evidence for or against one claim of one paper."""

from typing import Any

from app.contract.preset import Preset
from app.kinds.lottery import large_presets
from app.kinds.lottery.large_presets import lottery

_FC19 = {"paper": "Frankle & Carbin 2019", "link": "https://arxiv.org/abs/1803.03635"}
_LENET = {
    "model": {"kind": "lenet_300_100"},
    "optimizer": {"kind": "adam", "lr": 1.2e-3},
    "batch_size": 60,
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


PRESETS = (
    Preset(
        "digits-tickets",
        "Do tickets survive below 2 %?",
        **_FC19,
        claim="A sparse subnetwork, rewound to its own initial weights, learns as well as the dense network; "
        "with other initial weights it does not.",
        differs="Small digits instead of MNIST, 1,000 steps instead of 50,000, 36 % pruned per round instead of 20 %.",
        spec=lottery(**_DIGITS, steps=1_000, eval_every=50),
    ),
    Preset(
        "digits-tickets-long",
        "Is the gap only undertraining?",
        **_FC19,
        claim="Our own question: if the controls were only slower, four times as many steps would close the gap.",
        differs="Same as digits-tickets, but with 4,000 steps.",
        spec=lottery(**_DIGITS, steps=4_000, eval_every=100),
    ),
    Preset(
        "lenet-quick",
        "LeNet tickets on MNIST, quick",
        **_FC19,
        claim="Tickets at a fifth of the weights learn faster and reach a higher accuracy than the dense network.",
        differs="5,000 steps instead of 50,000, one reinit per ticket instead of three.",
        spec=lottery(
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
        spec=lottery(
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
        spec=lottery(
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
        "gradual-digits",
        "Pruned as it trains, or before?",
        paper="Zhu & Gupta 2017",
        link="https://arxiv.org/abs/1710.01878",
        claim="Weights can be pruned bit by bit while a network trains, down to a few per cent, with little loss; "
        "random weights at the same schedule cannot.",
        differs="LeNet on small digits instead of larger networks; pruned weights do not come back.",
        spec=lottery(
            **{
                **_DIGITS,
                "pruning": {"kind": "gradual_magnitude", "rate": 0.6, "begin": 0.1, "end": 0.6, "every": 25},
                "levels": 5,
                "branches": [{"kind": "reinit"}, {"kind": "random_pruning"}],
            },
            mode="one_shot",
            steps=1_000,
            eval_every=50,
        ),
    ),
    Preset(
        "char-tickets",
        "Tickets of a character transformer",
        paper="Chen et al. 2020",
        link="https://arxiv.org/abs/2007.12223",
        claim="Transformers have tickets too: at a fraction of their weights they predict text as well as dense ones, "
        "and better than the same weights shuffled or drawn anew.",
        differs="Two layers of width 64 on the characters of Shakespeare's plays, trained from scratch for 400 steps, "
        "instead of a pre-trained BERT of twelve layers.",
        spec=lottery(
            dataset={"kind": "tiny_shakespeare"},
            model={"kind": "char_transformer"},
            init="normal",
            optimizer={"kind": "adamw", "lr": 3e-3},
            schedule={"kind": "cosine"},
            pruning={"kind": "global_magnitude", "rate": 0.6},
            steps=400,
            eval_every=100,
            batch_size=32,
            levels=3,
            replicates=3,
            branches=[{"kind": "reinit"}, {"kind": "shuffled"}],
        ),
    ),
    Preset(
        "resnet-digits",
        "Does a residual network need rewinding?",
        paper="Frankle et al. 2020",
        link="https://arxiv.org/abs/1912.05671",
        claim="Tickets of deeper networks match the dense network when they are rewound to an early step of training; "
        "from step 0 they do not.",
        differs="ResNet-20 on small digits instead of CIFAR-10, 200 steps instead of 63,000, half of the weights "
        "pruned per round instead of a fifth; set the rewind step to 0 for the other half of the claim.",
        spec=lottery(
            dataset={"kind": "digits"},
            model={"kind": "resnet_20"},
            init="kaiming_normal",
            optimizer={"kind": "momentum_sgd", "lr": 0.1},
            pruning={"kind": "global_magnitude", "rate": 0.5},
            steps=200,
            eval_every=20,
            batch_size=60,
            levels=5,
            rewind_step=10,
            replicates=3,
            branches=[{"kind": "reinit"}, {"kind": "shuffled"}],
        ),
    ),
    *large_presets.PRESETS,
)
