"""Schedules: the factor on the learning rate at each step of a training.

`step` counts updates from 0 to `steps` - 1: it is the number of updates made before the one that the factor is for.
"""

from math import cos, pi


def constant(step: int, steps: int) -> float:  # noqa: ARG001 (one signature for all)
    """1 at every step."""
    return 1.0


def step_decay(step: int, steps: int, *, milestones: tuple[float, ...] = (0.5, 0.75), gamma: float = 0.1) -> float:
    """`gamma` to the number of `milestones`, shares of the training, that have been reached.

    Source: Frankle et al. 2020, arXiv 1903.01611, which drops at half and three quarters of the training.
    """
    return gamma ** sum(step >= milestone * steps for milestone in milestones)


def cosine(step: int, steps: int, *, final: float = 0.0) -> float:
    """Half a cosine from 1 at the first step to `final` at the last; a training of one step stays at 1.

    Source: Loshchilov & Hutter 2017, arXiv 1608.03983, equation 5, without restarts.
    """
    if steps == 1:
        return 1.0
    return final + (1 - final) * (1 + cos(pi * step / (steps - 1))) / 2


def warmup(step: int, steps: int, *, warmup_steps: int = 100) -> float:  # noqa: ARG001
    """1 / `warmup_steps` at the first step, rising linearly to 1 at step `warmup_steps` - 1, then constant.

    Source: Frankle et al. 2020, arXiv 1903.01611. The climb counts from 0 *before* the first step, which is not wasted.
    """
    return min(1.0, (step + 1) / warmup_steps)
