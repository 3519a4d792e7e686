"""Machines side by side: memory of a layer and speed-up of tickets, against the numbers of the rows themselves."""

import numpy as np
import pytest

from app.kinds.hardware.figures import compared_memory, compared_ticket
from app.kinds.hardware.figures.compared_layer import FormatOptions, LayerChoice
from app.kinds.hardware.figures.compared_ticket import Judged
from app.plotting.compared import ComparedSource, Group, Measured, Said
from tests.app import hardware_rows


def machine(place: int, device: str, gain: float, **spec: str) -> Group:
    run = hardware_rows.hardware_run(device=device, **spec).model_copy(update={"id": f"r{place}", "name": device})
    rows = hardware_rows.whole(run)
    sparse = rows["storage_format"] != "dense"
    columns = {
        **rows.columns,
        "speedup": rows["speedup"] * gain,
        "bytes": np.where(sparse, rows["bytes"] * gain, 4.0 * rows["n_in"] * rows["n_out"]),
    }
    series = type(rows)(columns, rows.coordinates)
    return Group(f"compared_{place}", f"run {place}", (Measured(run, {"hardware": series}),))


def text(said: Said) -> str:
    return "".join(part.text for part in said.finding).replace("\u00a0", " ")


@pytest.fixture
def groups() -> list[Group]:
    return [machine(1, "CPU A", 1.0), machine(2, "CPU B", 3.0)]


def test_memory_of_a_layer_is_side_by_side(groups: list[Group]) -> None:
    info = compared_memory.info(ComparedSource(groups, LayerChoice()))
    # A row holds 1,000 bytes times its density, times the gain.
    assert [line.values.tolist() for line in info.lines] == [
        [[500.0, 500.0], [100.0, 100.0]], [[1500.0, 1500.0], [300.0, 300.0]]
    ]  # fmt: skip
    assert text(compared_memory.said(info)) == (
        "run 1 100 B at 10.0 %, dense 941 kB (n = 2); run 2 300 B at 10.0 %, dense 941 kB (n = 2)."
    )
    table = compared_memory.table(info)
    assert table["bytes"] == [500.0, 500.0, 100.0, 100.0, 1500.0, 1500.0, 300.0, 300.0]
    assert set(table["dense_bytes"]) == {4.0 * 784 * 300}
    figure = compared_memory.draw(info)
    lines = {trace.name: trace for trace in figure.data if trace.meta["part"] == "mean"}
    assert lines["run 2"].y.tolist() == pytest.approx([1.5, 0.3])
    sheet = compared_memory.sheet(info)
    assert sheet is not None
    assert sheet.head == ("device", "dense", "50.0 %", "10.0 %")
    assert [cell.text for cell in sheet.rows[1][2]] == ["CPU B", "941 kB", "1.50 kB", "300 B"]
    small = compared_memory.info(ComparedSource(groups, LayerChoice(layer="300x100")))
    assert set(compared_memory.table(small)["dense_bytes"]) == {4.0 * 300 * 100}
    none = compared_memory.info(ComparedSource(groups, LayerChoice(storage="semi_structured")))
    assert compared_memory.said(none).blank
    assert compared_memory.sheet(none) is None
    assert compared_memory.table(none)["bytes"] == []
    compared_memory.draw(none)


def test_tickets_are_ranked_by_their_speed_up(groups: list[Group]) -> None:
    info = compared_ticket.info(ComparedSource(groups, FormatOptions()))
    # CSR of a ticket of 7 %: 0.7 + 0.1 / 0.07, and 10 % more of the gain in replicate 1.
    slow = [0.7 + 0.1 / 0.07, 0.7 + 0.11 / 0.07]
    table = compared_ticket.table(info)
    assert table["speedup"] == pytest.approx([*slow, *(3 * value for value in slow)])
    assert set(table["ticket"]) == {hardware_rows.TICKET}
    said = text(compared_ticket.said(info))
    assert said == "run 2 on CPU B 6.6× at 7.0 % (n = 2); run 1 on CPU A 2.2× at 7.0 % (n = 2)."
    figure = compared_ticket.draw(info)
    means = {trace.name: trace.x[1] for trace in figure.data if trace.meta["part"] == "mean"}
    assert means == pytest.approx({"run 2": 3 * np.mean(slow), "run 1": np.mean(slow)})
    assert list(figure.layout.yaxis.ticktext) == ["run 2", "run 1"]
    sheet = compared_ticket.sheet(info)
    assert sheet is not None
    assert [name for _, name, _ in sheet.rows] == ["run 2", "run 1"]
    assert [cell.text for cell in sheet.rows[0][2]] == ["CPU B", hardware_rows.TICKET, "7.0 %", "60", "6.6×"]
    training = compared_ticket.info(ComparedSource(groups, FormatOptions(mode="training", storage="structured")))
    assert compared_ticket.table(training)["speedup"][0] == pytest.approx(0.7 + 0.8 / 0.07)


def test_runs_without_a_ticket_or_with_a_collapsed_one_have_no_speed_up(groups: list[Group]) -> None:
    groups.append(machine(3, "CPU C", 9.0, ticket=""))
    lost = Judged(collapsed=frozenset({"r2"}), unknown=frozenset({"r1", "r3"}))
    info = compared_ticket.info(ComparedSource(groups, FormatOptions(), loaded=lost))
    assert [line.name for line in info.lines] == ["run 1"]
    assert info.others == ("run 3",)
    said = text(compared_ticket.said(info))
    assert "1 run without such a measurement left out." in said
    assert "Whether the ticket has collapsed is not known of run 1: its run was deleted." in said
    assert "Layer collapse: run 2; these measurements are not counted" in said
    every = compared_ticket.info(ComparedSource(groups[1:2], FormatOptions(), loaded=lost))
    assert compared_ticket.said(every).blank
    assert "Layer collapse: run 2" in text(compared_ticket.said(every))
    assert compared_ticket.table(every)["speedup"] == []
    compared_ticket.draw(every)


def test_a_hundred_runs_are_drawn_as_the_fastest(groups: list[Group]) -> None:
    many = [machine(1, f"CPU {i}", 1 + i / 10)._replace(name=f"run {i}") for i in range(100)]
    info = compared_ticket.info(ComparedSource(many, FormatOptions()))
    figure = compared_ticket.draw(info)
    assert list(figure.layout.yaxis.ticktext)[:2] == ["run 99", "run 98"]
    assert len(figure.layout.yaxis.ticktext) == 24
    assert "the 24 fastest of 100 are drawn" in compared_ticket.said(info).foot
    assert len(set(compared_ticket.table(info)["line"])) == 100
