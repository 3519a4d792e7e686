"""A figure whose spread is not named does not pass; and the walk over all figures does meet every kind of spread."""

from copy import deepcopy
from typing import Any

import pytest

from tests.cases.conftest import Cases
from tests.cases.spreads import marks, unsaid

SPREADS = [
    ("replicates", "accuracy_vs_density", "band", "band = min to max", "grey"),
    ("imported replicates", "layer_density", "bars", "bars = min to max", "band = min to max"),
    ("hardware", "ticket_speedup", "bars", "bars = min to max", "bars"),
    ("erasure", "accuracy_vs_lr", "±", "± standard deviation", "± spread"),
    ("erasure", "erasure_over_steps", "chance", "95 % of", "some of"),
    ("replicates", "overlap_vs_chance", "chance", "95 % of", "some of"),
]


@pytest.mark.parametrize(("case", "name", "mark", "said", "instead"), SPREADS)
def test_a_spread_that_is_not_named_is_found(
    cases: Cases, case: str, name: str, mark: str, said: str, instead: str
) -> None:
    figure = cases.figure(case, name)
    assert mark in marks(figure)
    assert unsaid(figure) == []
    assert unsaid(_with_foot(figure, said, instead)) == [f"{mark} is not named in the foot"]


@pytest.mark.parametrize(("case", "name"), [(case, name) for case, name, mark, *_ in SPREADS if mark != "chance"])
def test_a_spread_without_n_is_found(cases: Cases, case: str, name: str) -> None:
    without = _with_foot(cases.figure(case, name), "n = 2 replicates", "")
    assert unsaid(_with_foot(without, "n = 3 replicates", "")) == ["n of the spread is not in the foot"]


@pytest.mark.parametrize("where", ["finding", "annotation", "hover", "bars"])
def test_a_spread_that_is_planted_is_found(cases: Cases, where: str) -> None:
    """In a figure of one replicate, which has none."""
    figure = cases.figure("one replicate", "accuracy_vs_density")
    assert (marks(figure), unsaid(figure)) == (set(), [])
    if where == "finding":
        figure["layout"]["meta"]["finding"].append({"text": "0.5 ± 0.1."})
    elif where == "annotation":
        figure["layout"].setdefault("annotations", []).append({"text": "0.5 ± 0.1"})
    elif where == "hover":
        figure["data"][-1]["hovertemplate"] = "%{y} ± 0.1"
    else:
        figure["data"][-1]["error_y"] = {"array": [0.0, 0.1]}
    found = unsaid(figure)
    assert found == [
        f"{'bars' if where == 'bars' else '±'} is not named in the foot",
        "n of the spread is not in the foot",
    ]


def _with_foot(figure: dict[str, Any], said: str, instead: str) -> dict[str, Any]:
    changed = deepcopy(figure)
    meta = changed["layout"]["meta"]
    meta["foot"] = meta["foot"].replace("\u00a0", " ").replace(said, instead)
    return changed
