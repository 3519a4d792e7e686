"""What a run of lottery tickets shows."""

from app.kinds import compared_overlap
from app.kinds.kind import Kind, Placed, Tab
from app.kinds.lottery.figures import (
    accuracy_vs_density,
    compared_accuracy,
    compared_difference,
    compared_training,
    early_stop_vs_density,
    training_curves,
    weight_movement,
)
from app.kinds.lottery.measures import measured
from app.kinds.lottery.objectives import OBJECTIVES
from app.kinds.lottery.spec import ENTRY
from app.kinds.lottery.summary import summary
from app.kinds.ticket_tabs import MASKS, OVERLAP
from app.plotting.tickets import layer_density

KIND = Kind(
    entry=ENTRY,
    tabs=(
        Tab(
            "curves",
            "Curves",
            (
                Placed(accuracy_vs_density.ENTRY, "big"),
                Placed(early_stop_vs_density.ENTRY, log_y="log_early_stop"),
                Placed(layer_density.ENTRY, "short"),
            ),
            series=("outcome", "layers"),
        ),
        Tab("training", "Training", (Placed(training_curves.ENTRY, "big", log_y="log_training"),)),
        MASKS,
        OVERLAP,
        Tab("movement", "Movement", (Placed(weight_movement.ENTRY, "big"),)),
    ),
    summary=summary,
    summary_series=("outcome", "layers"),
    measured=measured,
    measured_series=("outcome", "layers"),
    compared=(compared_accuracy.ENTRY, compared_difference.ENTRY, compared_training.ENTRY, compared_overlap.ENTRY),
    objectives=OBJECTIVES,
    series=("evaluation", "outcome", "layers", "movement"),
)
