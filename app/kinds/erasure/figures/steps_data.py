"""The data of the figure of erasure over steps: which trainings are drawn, and how their measure is written."""

from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from app.kinds.erasure.figures import trainings
from app.kinds.erasure.figures.spectral_match import Match, match
from app.kinds.erasure.figures.trainings import Ends
from app.kinds.erasure.figures.trajectory import Trajectory, trajectory
from app.kinds.erasure.spec import ErasureSpec
from app.plotting.source import Options, Source

Measure = Literal[
    "visibility", "similarity", "movement", "ssim", "train_accuracy", "test_accuracy", "loss", "update_stable_rank",
    "gradient_stable_rank", "update_spectral", "update_frobenius",
]  # fmt: skip

MAX_LINES = 16


class Scale(NamedTuple):
    """How a measure is written: axis, word in a sentence, decimals or significant digits, unit and factor."""

    title: str
    word: str
    form: str
    unit: str = ""
    factor: float = 1.0
    log: bool = False


SCALES: dict[Measure, Scale] = {
    "visibility": Scale("visibility of the picture (AUC)", "AUC", ".2f"),
    "similarity": Scale("r(W0, Wt)", "r(W0, Wt)", ".2f"),
    "movement": Scale("‖Wt − W0‖ / ‖W0‖", "‖Wt − W0‖ / ‖W0‖", ".2f"),
    "ssim": Scale("SSIM of Wt and W0", "SSIM", ".2f"),
    "train_accuracy": Scale("training accuracy (%)", "training accuracy", ".1f", " %", 100),
    "test_accuracy": Scale("test accuracy (%)", "test accuracy", ".1f", " %", 100),
    "loss": Scale("mean minibatch loss since the previous point", "loss", ".2g", log=True),
    "update_stable_rank": Scale("stable rank of the update", "stable rank", ".3g", log=True),
    "gradient_stable_rank": Scale("stable rank of the gradient", "stable rank", ".3g", log=True),
    "update_spectral": Scale("spectral norm of one update", "spectral norm", ".2g", log=True),
    "update_frobenius": Scale("Frobenius norm of one update", "Frobenius norm", ".2g", log=True),
}

_GREY = Scale("visibility of the picture (rank correlation)", "rank correlation", ".2f")


class StepsOptions(Options):
    """What is shown, of which optimizer (all for None), at which width (the first for None).

    `rates`: only the rate of highest validation accuracy of each optimizer, or all. `twins`: those without the picture
    too.
    """

    measure: Measure = "visibility"
    optimizer: str | None = Field(None, max_length=40, json_schema_extra={"none": "all"})
    width: int | None = Field(None, ge=1, le=100_000)
    rates: Literal["best", "all"] = "best"
    twins: bool = False


class StepsInfo(NamedTuple):
    """Trajectories of `measure`, the marked ones before the twins; `left_out` counts marked ones that are not drawn."""

    measure: Measure
    scale: Scale
    width: int
    steps: int
    two_level: bool
    ends: tuple[Ends, ...]
    trajectories: tuple[Trajectory, ...]
    left_out: int
    match: Match | None
    live: bool


def info(source: Source[StepsOptions]) -> StepsInfo:
    """Return the data of the figure, from the series `erasure` and, for the best rates, `ending`."""
    options, spec = source.options, source.spec(ErasureSpec)
    width = trainings.width_of(spec, options.width)
    kinds = trainings.optimizers_of(spec, options.optimizer)
    ends = trainings.ends(source, width)
    mine = tuple(end for end in ends if end.optimizer in kinds)
    picked, left_out = _picked(mine, options.rates == "all")
    two_level = trainings.two_level(source.run)
    trajectories = [trajectory(source, end, rate, options.measure, best=best) for end, rate, best in picked]
    if options.twins and spec.twins:
        of_twins = {end.optimizer: end for end in trainings.ends(source, width, "none")}
        trajectories += [
            trajectory(source, of_twins[end.optimizer], rate, options.measure, best=best) for end, rate, best in picked
        ]
    return StepsInfo(
        measure=options.measure,
        scale=_GREY if options.measure == "visibility" and not two_level else SCALES[options.measure],
        width=width,
        steps=spec.steps,
        two_level=two_level,
        ends=mine,
        trajectories=tuple(trajectories),
        left_out=left_out,
        match=match(source, ends),
        live=source.live,
    )


def _picked(ends: tuple[Ends, ...], every: bool) -> tuple[list[tuple[Ends, int, bool]], int]:
    """Return which optimizers and rates are drawn, and how many are not: each optimizer's best first, then by rate.

    While none has ended, the first rate takes the place of the best.
    """
    best = {end.optimizer: 0 if end.best is None else end.best for end in ends}
    first = [(end, best[end.optimizer], True) for end in ends]
    if not every:
        return first, 0
    rest = [(end, rate, False) for end in ends for rate in range(len(end.lrs)) if rate != best[end.optimizer]]
    if len(rest) > (room := max(0, MAX_LINES - len(first))):
        rest_of = np.linspace(0, len(rest) - 1, room).round().astype(int).tolist()
        chosen = [rest[i] for i in sorted(set(rest_of))]
    else:
        chosen = rest
    picked = sorted([*first, *chosen], key=lambda pair: (ends.index(pair[0]), pair[0].lrs[pair[1]]))
    return picked, len(rest) - len(chosen)
