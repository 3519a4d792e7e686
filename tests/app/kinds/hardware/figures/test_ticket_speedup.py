"""Is this ticket faster? The fastest format first, structured apart since it is another network."""

from typing import Any

import pytest

from app.kinds.hardware.figures.hardware_view import TicketOptions, has_layers, has_ticket
from app.kinds.hardware.figures.ticket_speedup import draw, finding, info, table
from app.plotting import words
from app.plotting.source import Source
from tests.app.erasure_rows import erasure_run, series
from tests.app.hardware_rows import TICKET, hardware_run, refused, row


def source(rows: list[dict[str, Any]], options: dict[str, Any] | None = None, **run: Any) -> Source[TicketOptions]:
    fields = {"formats": ("csr", "compacted", "structured"), **run}
    chosen = TicketOptions.model_validate(options or {})
    return Source(hardware_run(**fields), chosen, {"hardware": series(rows)})


def of_ticket(name: str, speedup: float, **values: Any) -> dict[str, Any]:
    return row(name, (0, 0), ticket=1, target=0.07, speedup=speedup, **values)


ROWS = [
    of_ticket("dense", 1.0), of_ticket("csr", 2.6), of_ticket("csr", 2.8, replicate=1), of_ticket("compacted", 1.5),
    of_ticket("structured", 6.0), row("csr", speedup=99.0), of_ticket("csr", 0.5, training=1),
]  # fmt: skip


def test_the_sentence_by_hand() -> None:
    data = info(source(ROWS))
    assert data.density == 0.07
    assert words.text(tuple(finding(data))) == (
        "This ticket (7.0 % of the weights), inference, batch 60: 2.7× on this CPU as CSR; structured 6.0×, compacted "
        "1.5×. Measured on A Processor."
    )
    training = info(source(ROWS, {"mode": "training"}))
    assert "training, batch 60: 0.50× on this CPU as CSR." in words.text(tuple(finding(training)))


def test_a_row_for_each_format_from_one_to_its_speed_up() -> None:
    figure = draw(info(source(ROWS)))
    drawn = {trace.name: (trace.x.tolist() if hasattr(trace.x, "tolist") else list(trace.x), list(trace.y))
             for trace in figure.data if trace.meta["part"] == "mean"}  # fmt: skip
    assert drawn == {
        "CSR": ([1, pytest.approx(2.7)], [2, 2]), "compacted": ([1, 1.5], [1, 1]), "structured": ([1, 6], [0, 0]),
    }  # fmt: skip
    assert list(figure.layout.yaxis.ticktext) == ["CSR", "compacted", "structured"]
    theory = [trace.x[0] for trace in figure.data if trace.meta == {"role": "soft", "part": "reference"}]
    assert theory == [pytest.approx(1 / 0.07)]


def test_what_is_refused_has_no_row_but_a_reason() -> None:
    data = info(source([of_ticket("compacted", 1.5), refused("csr", 6, n_in=0, n_out=0, ticket=1)]))
    assert "CSR: no layer can be stored in this format" in draw(data).layout.meta["foot"]
    columns = table(data)
    assert columns["format"] == ["csr", "csr", "compacted"]
    assert columns["refused"] == ["layers", "layers", ""]


def test_a_run_without_a_ticket_says_so() -> None:
    data = info(source([], ticket=""))
    assert words.text(tuple(finding(data))).startswith("This run times single layers only")
    assert not has_ticket(hardware_run(ticket=""))
    assert has_ticket(hardware_run(ticket=TICKET))
    assert not has_layers(hardware_run(layers=[]))
    assert not has_layers(erasure_run())
