"""What a run that times layers and tickets shows."""

from dataclasses import replace

from app.kinds.hardware.figures import (
    compared_memory,
    compared_speedup,
    compared_ticket,
    memory_vs_density,
    speedup_vs_density,
    ticket_speedup,
)
from app.kinds.hardware.figures.hardware_view import key, size
from app.kinds.hardware.spec import ENTRY, HardwareSpec
from app.kinds.hardware.timed_tickets import judged
from app.kinds.kind import Choices, Kind, Placed, Tab


def choices(spec: HardwareSpec, option: str) -> Choices:
    """Return the modes, batch sizes or layers of the run's spec."""
    match option:
        case "mode":
            return [(str(mode), str(mode)) for mode in spec.modes]
        case "batch":
            return [(str(batch), f"{batch:,}") for batch in spec.batch_sizes]
        case "layer":
            return [(key(layer), size(layer)) for layer in spec.layers]
        case _:
            return []


KIND = Kind(
    entry=ENTRY,
    tabs=(
        Tab(
            "hardware",
            "Hardware",
            (
                Placed(ticket_speedup.ENTRY, "short"),
                Placed(speedup_vs_density.ENTRY, "big"),
                Placed(memory_vs_density.ENTRY),
            ),
        ),
    ),
    series=("hardware",),
    compared=(compared_speedup.ENTRY, compared_memory.ENTRY, replace(compared_ticket.ENTRY, load=judged)),
    choices=choices,
    page="/hardware?run=",
    of_ticket="Is this ticket faster?",
    navigation=(("/hardware", "Hardware"),),
)
