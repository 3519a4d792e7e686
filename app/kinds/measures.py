"""Measures that several kinds of run declare, and those of every run."""

from app.contract.measures import Measure

BEST_ACCURACY = Measure(
    "best_accuracy",
    "Highest mean test accuracy of any training of the run, the dense network included: chosen on test data.",
    over="replicates",
)
TICKETS = (
    Measure(
        "accuracy",
        "Test accuracy of the tickets at the sparsest level that has one, at the end of training.",
        over="replicates",
    ),
    BEST_ACCURACY,
    Measure(
        "accuracy",
        "Test accuracy of the tickets at the level whose density is nearest to the given share, as a ratio.",
        by_density=True,
        over="replicates",
    ),
    Measure("sparsity", "Share of pruned weights at the level of accuracy.", over="replicates"),
)
"""What masks with test accuracies give."""
COSTS = (
    Measure("core_seconds", "Time that workers held the replicates of the run, in total.", "cost", "seconds"),
    Measure("disk_bytes", "Measurements and artifacts, each artifact once; checkpoints excluded.", "cost", "bytes"),
)
"""What every run costs."""
