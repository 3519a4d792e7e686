"""Filled-in specs of the stable rank of updates."""

from app.contract.preset import Preset
from app.kinds.stable_rank.spec import StableRankSpec

_MODULA = {"paper": "Modula docs", "link": "https://docs.modula.systems/examples/weight-erasure/"}

PRESETS = (
    Preset(
        "stable-rank-vs-width",
        "How many directions does a step move?",
        **_MODULA,
        claim="The gradient of a wide layer has a stable rank near 1 at every width; its dualised update moves "
        "many directions, the more the wider, up to the batch size.",
        differs="Digits instead of CIFAR-10, widths to 1,024, and two batch sizes.",
        spec=StableRankSpec.model_validate({"kind": "stable_rank", "dataset": {"kind": "digits"}}),
    ),
)
