"""Every figure of every run in every state: the numbers of its sentence are in its data, or in its table."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.kinds.registry import FIGURES, KINDS
from app.records import Run
from tests.cases.conftest import Cases
from tests.cases.numbers import faults
from tests.cases.spreads import unsaid

CASES = (
    "collapse", "diverge", "one replicate", "replicates", "erasure", "stable rank", "imported", "many layers",
    "imported replicates",
    "hardware", "hardware of a collapsed ticket", "cancelled", "running",
)  # fmt: skip
ENDED = "cancelled", "finished", "failed"


def options(name: str, levels: int) -> Iterator[dict[str, Any]]:
    """The figure as it comes, and at every level where it can be asked for one."""
    yield {}
    if "level" in FIGURES[name].options.model_fields:
        yield from ({"level": level} for level in range(min(levels, 4) + 1))


def asked(spec: Any) -> Iterator[float]:
    """The numbers of a spec: what a run was asked for."""
    if isinstance(spec, dict):
        spec = list(spec.values())
    for each in spec:
        if isinstance(each, dict | list):
            yield from asked(each)
        elif isinstance(each, int | float):
            yield float(each)


def at_one_moment(cases: Cases, case: str, name: str, chosen: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A figure and its table, with no event between the two."""
    address = f"/api/v1/runs/{cases.ids[case]}"
    for _ in range(50):
        before = cases.client.get(address).json()["last_seq"]
        figure = cases.figure(case, name, **chosen)
        table = cases.client.get(f"{address}/figures/{name}", params={**chosen, "format": "csv"})
        assert table.status_code == 200
        if cases.client.get(address).json()["last_seq"] == before:
            return figure, table.text
    raise TimeoutError(f"{name}: events come too fast to compare figure and table")


@pytest.mark.parametrize("case", CASES)
def test_sentence_figure_and_table_agree(cases: Cases, case: str) -> None:
    answer = cases.client.get(f"/api/v1/runs/{cases.ids[case]}").json()
    run = Run.model_validate(answer)
    entries = list(KINDS[run.kind].figures)
    assert entries
    # Levels and replicates are counted from 0 on, and a sentence may name any.
    known = [*asked(answer["spec"]), *range(run.levels + 1), *range(run.spec.replicates + 1)]
    names = [str(run.provenance["device_name"])] if "device_name" in run.provenance else []
    found = []
    for entry in entries:
        for chosen in options(entry.name, run.levels):
            figure, table = at_one_moment(cases, case, entry.name, chosen)
            meta = figure["layout"]["meta"]
            sentence = "".join(part["text"] for part in meta["finding"])
            wrong = faults(entry.name, figure, table, known, names)
            said = f"{sentence} {meta['foot']}"
            wrong += unsaid(figure)
            wrong += [] if sentence.strip().endswith(".") else ["no full stop"]
            wrong += ["not a number"] if "nan" in said.lower().split() else []
            wrong += ["ended, yet so far"] if run.state in ENDED and "so far" in said else []
            found += [f"{entry.name} {chosen}: {item}: {sentence}" for item in wrong]
    assert found == []
