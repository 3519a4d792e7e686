"""Layers of compared runs that only a reader can pair: a form for each run, as under a run's own overlaps."""

from collections.abc import Sequence

from app.atlas.pairings import choices
from app.atlas.reader import Reader
from app.kinds import compared_overlap
from app.kinds.registry import KINDS
from app.records import Run
from app.web.masks.pairing import PairingForm, pairing_form


def pairing_forms(reader: Reader, runs: Sequence[Run], text: str) -> tuple[PairingForm, ...]:
    """Return a form for each run whose layers names and shapes do not pair with those of the others, first the open.

    Raises FieldError for a text that is no pairing.
    """
    masked = [run for run in runs if compared_overlap.ENTRY in KINDS[run.kind].compared]
    alike = compared_overlap.alike(reader, masked, choices(text))
    if not alike.runs:
        return ()
    first, *others = alike.runs
    forms = [pairing_form(first, index, text) for index in (*(index for index, _ in alike.others), *others)]
    return tuple(form for form in forms if not form.problem and (form.open or form.by == "as chosen"))
