"""Figures: records of a run → a tuple of data → a Plotly figure. One file per plot, one entry here.

Pure: nothing here reads a store, answers a request or knows a queue.
"""

from collections.abc import Mapping

from app.figures import accuracy_vs_density as accuracy
from app.figures import early_stop_vs_density as early_stop
from app.figures import layer_density as layers
from app.figures import training_curves as training
from app.figures import weight_movement as movement
from app.figures.entry import FigureEntry, Reads, csv, render, to_csv
from app.figures.movement_view import MovementOptions
from app.figures.source import Options, Source

__all__ = ["FIGURES", "FigureEntry", "Options", "Reads", "Source", "csv", "render", "to_csv"]

_LOTTERY = ("lottery",)

FIGURES: Mapping[str, FigureEntry] = {
    entry.name: entry
    for entry in (
        FigureEntry("accuracy_vs_density", "Accuracy against density",
                    "Does a sparse ticket still learn as well as the dense network, and do its controls?",
                    _LOTTERY, ("outcome",), accuracy.AccuracyOptions, accuracy.info, accuracy.draw, accuracy.table),
        FigureEntry("early_stop_vs_density", "Early stop against density",
                    "Does a sparse ticket learn faster than the dense network, and do its controls?",
                    _LOTTERY, ("outcome",), Options, early_stop.info, early_stop.draw, early_stop.table),
        FigureEntry("training_curves", "Training curves", "How does each branch learn at one level?",
                    _LOTTERY, ("evaluation", "layers"), training.TrainingOptions, training.info, training.draw,
                    training.table, narrow=training.reads),
        FigureEntry("layer_density", "Density by layer", "Which layers give up their weights?",
                    _LOTTERY, ("layers",), Options, layers.info, layers.draw, layers.table),
        FigureEntry("weight_movement", "Weight movement",
                    "Do the weights that survive move differently from those that are pruned?",
                    _LOTTERY, ("movement",), MovementOptions, movement.info, movement.draw, movement.table,
                    artifacts=("movement",), narrow=movement.reads),
    )
}  # fmt: skip
