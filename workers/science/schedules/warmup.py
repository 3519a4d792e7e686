"""Warm-up: the rate rises linearly from 0 and then stays."""


def factor(step: int, steps: int, *, warmup_steps: int = 100) -> float:  # noqa: ARG001
    """Return 1 / `warmup_steps` at the first step, rising linearly to 1 at step `warmup_steps` - 1, then constant.

    Source: Frankle et al. 2020, arXiv 1903.01611. The climb counts from 0 *before* the first step, which is not wasted.
    """
    return min(1.0, (step + 1) / warmup_steps)
