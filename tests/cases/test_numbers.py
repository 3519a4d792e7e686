"""The check of every figure finds what is planted: a number a little off, a wrong n, a number that no table has."""

from typing import Any

import pytest

from app.contract.events import WINNING_TICKET
from tests.cases.numbers import faults, said

TABLE = """control,level,density,replicate,accuracy
winning_ticket,0,1.0,0,0.92
winning_ticket,0,1.0,1,0.94
winning_ticket,1,0.173,0,0.90
winning_ticket,1,0.173,1,0.91
reinit,1,0.173,0,0.80
reinit,1,0.173,1,0.81
"""
FOOT = "n = 2 replicates, thin lines · band = min to max"


def figure(ticket: str = "90.5 %", control: str = "80.5 %", after: str = "200 steps", n: int = 2, foot: str = FOOT
           ) -> dict[str, Any]:  # fmt: skip
    finding = [
        {"text": "At 17.3\u00a0% of the weights the ticket reaches "},
        {"text": ticket, "role": WINNING_TICKET},
        {"text": "; random reinit "},
        {"text": control, "role": "reinit"},
        {"text": "; dense "},
        {"text": "93.0 %", "role": "dense"},
        {"text": f"; after {after}."},
    ]
    trace = {"x": [100.0, 17.3], "y": [93.0, 90.5], "meta": {"role": WINNING_TICKET, "part": "mean"}}
    return {"data": [trace], "layout": {"meta": {"finding": finding, "foot": foot, "n": n}}}


def found(made: dict[str, Any], table: str = TABLE, name: str = "a new figure") -> list[str]:
    return faults(name, made, table, asked=[200.0], names=[])


def test_a_true_sentence_has_no_fault() -> None:
    assert found(figure()) == []


@pytest.mark.parametrize(("planted", "fault"), [
    ({"ticket": "90.4 %"}, "90.4 is nowhere in figure or table"),
    ({"ticket": "90.6 %"}, "90.6 is nowhere in figure or table"),
    ({"control": "90.5 %"}, "90.5 is nowhere in figure or table"),  # the ticket's
    ({"after": "201 steps"}, "201 is nowhere in figure or table"),
    ({"after": "200 steps, by 1.3 points"}, "1.3 is nowhere in figure or table"),
    ({"n": 3}, "n is 3, the table has 2 replicates"),
    ({"foot": "n = 1 to 3 replicates"}, "the foot says n = 1 to 3, the table has 2 replicates"),
])  # fmt: skip
def test_a_planted_fault_is_found(planted: dict[str, Any], fault: str) -> None:
    assert found(figure(**planted)) == [fault]


def test_a_number_that_the_table_lacks_is_found() -> None:
    without = "\n".join(line for line in TABLE.splitlines() if not line.startswith("reinit,1,0.173,1"))
    assert found(figure(), without) == ["80.5 is nowhere in figure or table"]


def test_only_figures_that_are_listed_may_work_numbers_out() -> None:
    plot = figure(after="200 steps, 1.5 times as far")
    table = "abs_move_from,abs_move_to,kept,replicates,mean_abs_move_kept,mean_abs_move_pruned\n0,1,5,2,0.93,0.62\n"
    wrong = ["17.3", "90.5", "80.5", "93.0"]
    plot["data"][0]["y"] = []
    strict = [fault.split()[0] for fault in found(plot, table)]
    listed = [fault.split()[0] for fault in found(plot, table, "weight_movement")]
    assert set(strict) - set(listed) == {"1.5"}
    assert set(strict) <= {*wrong, "1.5"}


def test_every_number_of_a_sentence_is_read() -> None:
    text = (
        "In layer1.0.conv, 784×300 of fc1: 0.97× and 1,234 weights, −0.05 to 12 % and 46.4 ± 6.3 %, <0.1, "
        "(2.9 ± 2.0) × 10⁻⁴ at 95 % interval, 1.90 kB on Xeon 8488C."
    )
    read = list(said([{"text": text}], ["Xeon 8488C"]))
    assert [item.text for item in read] == ["2.9", "2.0", "0.97", "1,234", "−0.05", "12", "46.4", "6.3", "<0.1", "1.90"]
    low, high = (getattr(read[0], end) for end in ("low", "high"))
    assert low < 2.9e-4 < high < 2.96e-4
    assert read[-1].low < 1900 < read[-1].high < 1906
    assert [item.share for item in read] == [False] * 5 + [True] * 3 + [False] * 2
