"""The result of a run in a few words, for a list of runs."""

import numpy as np

from app.atlas.reader import Reader
from app.contract.words import plural
from app.kinds.erasure.measures import by_chance
from app.records import Run


def summary(reader: Reader, run: Run) -> str:
    """Return how many trainings have ended with the picture inside what chance makes of it."""
    rows = reader.store.series(run.id, "ending")
    if not len(rows):
        return ""
    marked = rows.where((rows["image"] == "picture") & np.isfinite(rows["visibility"]))
    gone = by_chance(marked)
    so_far = "" if run.state == "finished" else " so far"
    return f"picture no more than chance in {int(gone.sum())} of {plural(len(marked), 'training')}{so_far}"
