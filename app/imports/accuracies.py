"""Test accuracies that are given with masks, level by level."""

import csv
from collections.abc import Collection
from math import isfinite
from typing import Final

from app.contract.experiment import FieldError

_COLUMNS: Final = {"level", "test_accuracy"}
_FIELD: Final = "accuracies"


def accuracies(text: str, places: Collection[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """Read test accuracy in [0, 1] by (replicate, level), from a CSV of level, test_accuracy and perhaps replicate.

    `places` are those of the import. Raises FieldError with the number of the line.
    """
    if not text.strip():
        return {}
    rows = csv.DictReader(text.strip().lstrip("\ufeff").splitlines())
    columns = {name.strip() for name in rows.fieldnames or ()}
    if not columns >= _COLUMNS or columns - _COLUMNS - {"replicate"}:
        raise FieldError(_FIELD, "needs the header level, test_accuracy and, with several replicates, replicate")
    accuracies: dict[tuple[int, int], float] = {}
    for number, raw in enumerate(rows, 2):
        row = {str(name).strip(): str(value or "").strip() for name, value in raw.items()}
        try:
            place = int(row.get("replicate") or 0), int(row["level"])
            value = float(row["test_accuracy"])
        except ValueError:
            raise FieldError(_FIELD, f"line {number}: needs whole numbers and an accuracy") from None
        if not isfinite(value) or not 0 <= value <= 1:
            raise FieldError(
                _FIELD,
                f"line {number}: {value:g} is not an accuracy in [0, 1], such as 0.978",
            )
        if place not in places:
            raise FieldError(_FIELD, f"line {number}: there is no level {place[1]} of replicate {place[0]}")
        if place in accuracies:
            raise FieldError(_FIELD, f"line {number}: level {place[1]} of replicate {place[0]} is given twice")
        accuracies[place] = value
    return accuracies
