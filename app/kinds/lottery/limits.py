"""How large one run may be."""

from app.contract.experiment import FieldError

# The most of one run; more is refused with the number named. A paper-scale LeNet run of 20 replicates fits.
MAX_TRAININGS = 20_000
MAX_STEPS = 500_000_000
# A row of the log each, and a look at every validation and test example: the paper-scale run has 163,000.
MAX_EVALUATIONS = 2_000_000


def check_size(trainings: int, steps: int, eval_every: int) -> None:
    """Raise FieldError for a run of so many trainings, of so many steps each, that is too large."""
    if trainings > MAX_TRAININGS:
        raise FieldError("replicates", f"{trainings:,} trainings exceed the limit of {MAX_TRAININGS:,}")
    if trainings * steps > MAX_STEPS:
        raise FieldError("steps", f"{trainings * steps:,} steps in total exceed the limit of {MAX_STEPS:,}")
    evaluations = trainings * (steps // eval_every + 2)
    if evaluations > MAX_EVALUATIONS:
        raise FieldError("eval_every", f"{evaluations:,} evaluations in total exceed the limit of {MAX_EVALUATIONS:,}")
