"""Figures: records of a run → a tuple of data → a Plotly figure. One file per plot, one entry here.

Pure: nothing here reads a store, answers a request or knows a queue.
"""

from collections.abc import Mapping

from app.figures import accuracy_vs_density as accuracy
from app.figures import accuracy_vs_lr as rates
from app.figures import degree_histogram as degrees
from app.figures import early_stop_vs_density as early_stop
from app.figures import erasure_over_steps as over_steps
from app.figures import erasure_vs_accuracy as erasing
from app.figures import hardware_view as hardware
from app.figures import input_density as inputs
from app.figures import layer_density as layers
from app.figures import mask_distance as distance
from app.figures import memory_vs_density as memory
from app.figures import overlap_matrix as overlap
from app.figures import overlap_vs_chance as by_chance
from app.figures import singular_values as spectrum
from app.figures import speedup_vs_density as speedup
from app.figures import stable_rank_vs_width as ranks
from app.figures import ticket_speedup as faster
from app.figures import training_curves as training
from app.figures import update_sizes as sizes
from app.figures import weight_movement as movement
from app.figures import weight_survival as survival
from app.figures.entry import FigureEntry, Reads, csv, render, to_csv
from app.figures.movement_view import MovementOptions
from app.figures.one_training import TrainingChoice
from app.figures.overlap_view import ChanceOptions, MatrixOptions
from app.figures.source import Options, Source

__all__ = ["FIGURES", "FigureEntry", "Options", "Reads", "Source", "csv", "render", "to_csv"]

_LOTTERY = ("lottery",)
_MASKS = ("lottery", "imported")
_ERASURE = ("erasure",)
_HARDWARE = ("hardware",)


def _overlaps_alone(_options: Options) -> Reads:
    """Overlaps are read apart, mask by mask; no artifact is loaded whole."""
    return Reads({}, {})


def _outcome_alone(_options: Options) -> Reads:
    """The series `layers` only tells which tickets have collapsed, which comes with the source."""
    return Reads({"outcome": None}, {})


FIGURES: Mapping[str, FigureEntry] = {
    entry.name: entry
    for entry in (
        FigureEntry("accuracy_vs_density", "Accuracy against density",
                    "Does a sparse ticket still learn as well as the dense network, and do its controls?",
                    _MASKS, ("outcome", "layers"), accuracy.AccuracyOptions, accuracy.info, accuracy.draw,
                    accuracy.table, narrow=_outcome_alone, wanted=accuracy.wanted),
        FigureEntry("early_stop_vs_density", "Early stop against density",
                    "Does a sparse ticket learn faster than the dense network, and do its controls?",
                    _LOTTERY, ("outcome", "layers"), Options, early_stop.info, early_stop.draw, early_stop.table,
                    narrow=_outcome_alone),
        FigureEntry("training_curves", "Training curves", "How do the ticket and its controls learn at one level?",
                    _LOTTERY, ("evaluation", "layers", "outcome"), training.TrainingOptions, training.info,
                    training.draw, training.table, narrow=training.reads),
        FigureEntry("layer_density", "Density by layer", "Which layers lose their weights?",
                    _MASKS, ("layers",), Options, layers.info, layers.draw, layers.table),
        FigureEntry("weight_movement", "Weight movement",
                    "Do the weights that survive move differently from those that are pruned?",
                    _LOTTERY, ("movement",), MovementOptions, movement.info, movement.draw, movement.table,
                    artifacts=("movement",), narrow=movement.reads),
        FigureEntry("input_density", "Kept weights per input pixel", "Which input pixels does the ticket use?",
                    _MASKS, (), inputs.InputOptions, inputs.info, inputs.draw, inputs.table, artifacts=("pyramid",)),
        FigureEntry("degree_histogram", "Kept weights per unit",
                    "Are the kept weights distributed over inputs and units as in a random mask?",
                    _MASKS, (), degrees.DegreeOptions, degrees.info, degrees.draw, degrees.table,
                    artifacts=("pyramid",), narrow=degrees.reads),
        FigureEntry("weight_survival", "Survival of weights", "Do initially large weights survive pruning?",
                    _MASKS, (), survival.SurvivalOptions, survival.info, survival.draw, survival.table,
                    artifacts=("pyramid",), wanted=survival.wanted),
        FigureEntry("mask_distance", "Distance between successive masks", "How much of the mask changes at each level?",
                    _MASKS, ("layers",), Options, distance.info, distance.draw, distance.table,
                    wanted=distance.wanted),
        FigureEntry("overlap_matrix", "Overlap of tickets", "Do different tickets keep the same weights?",
                    _MASKS, (), MatrixOptions, overlap.info, overlap.draw, overlap.table,
                    artifacts=("mask", "pyramid"), narrow=_overlaps_alone),
        FigureEntry("overlap_vs_chance", "Overlap against chance, by layer",
                    "In which layers do tickets overlap more than expected by chance?",
                    _MASKS, (), ChanceOptions, by_chance.info, by_chance.draw, by_chance.table,
                    artifacts=("mask", "pyramid"), narrow=_overlaps_alone),
        FigureEntry("accuracy_vs_lr", "Accuracy against learning rate",
                    "At which learning rates does each optimizer learn, and what is left of the picture there?",
                    _ERASURE, ("ending", "erasure"), rates.AccuracyLrOptions, rates.info, rates.draw, rates.table),
        FigureEntry("erasure_vs_accuracy", "Erasure against accuracy",
                    "Which optimizers learn without erasing the picture?",
                    _ERASURE, ("ending",), erasing.ErasureAccuracyOptions, erasing.info, erasing.draw, erasing.table),
        FigureEntry("erasure_over_steps", "Erasure over steps",
                    "When does the picture fade, and how far has the matrix moved by then?",
                    _ERASURE, ("erasure", "ending"), over_steps.StepsOptions, over_steps.info, over_steps.draw,
                    over_steps.table),
        FigureEntry("singular_values", "Singular values",
                    "Does training change all directions of the matrix, or only a few?",
                    _ERASURE, ("spectrum", "ending"), TrainingChoice, spectrum.info, spectrum.draw, spectrum.table),
        FigureEntry("update_sizes", "Entry sizes of updates",
                    "Does a step change every weight a little, or a few weights a lot?",
                    _ERASURE, ("update_sizes", "erasure", "ending"), sizes.SizesOptions, sizes.info, sizes.draw,
                    sizes.table),
        FigureEntry("stable_rank_vs_width", "Stable rank against width",
                    "Along how many directions does a step move, as networks get wider?",
                    ("stable_rank",), ("stable_rank",), Options, ranks.info, ranks.draw, ranks.table),
        FigureEntry("ticket_speedup", "Is this ticket faster?",
                    "How much faster than its dense network is this ticket, on this machine?",
                    _HARDWARE, ("hardware",), hardware.TicketOptions, faster.info, faster.draw, faster.table,
                    wanted=hardware.has_ticket),
        FigureEntry("speedup_vs_density", "Speed-up against density",
                    "Below which density is a sparse layer faster than the dense one on this machine?",
                    _HARDWARE, ("hardware",), hardware.LayerOptions, speedup.info, speedup.draw, speedup.table,
                    wanted=hardware.has_layers),
        FigureEntry("memory_vs_density", "Memory against density", "How much memory does each format need?",
                    _HARDWARE, ("hardware",), hardware.LayerOptions, memory.info, memory.draw, memory.table,
                    wanted=hardware.has_layers),
    )
}  # fmt: skip
