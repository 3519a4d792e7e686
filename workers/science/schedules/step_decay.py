"""Step decay: the rate drops by a factor at fixed fractions of the training."""


def factor(step: int, steps: int, *, milestones: tuple[float, ...] = (0.5, 0.75), gamma: float = 0.1) -> float:
    """Return `gamma` to the number of `milestones`, shares of the training, that have been reached.

    Source: Frankle et al. 2020, arXiv 1903.01611, which drops at half and three quarters of the training.
    """
    return gamma ** sum(step >= milestone * steps for milestone in milestones)
