"""Events survive JSON and refuse ragged columns."""

import json
import math

import pytest
from pydantic import TypeAdapter, ValidationError

from app.contract.events import ArtifactSaved, Changed, Event, Failed, Finished, Measured, Started
from app.kinds.lottery.spec import LotteryKey

ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)


@pytest.mark.parametrize(
    "event",
    [
        Started(replicate=0, attempt=1, worker="cpu-1", plan={"threads": 1}, provenance={}),
        ArtifactSaved(
            key=LotteryKey(), name="ticket", sha256="0" * 64, size_bytes=3, media_type="application/octet-stream"
        ),
        Failed(replicate=2, attempt=3, reason="disk full", final=True),
        Finished(replicate=1),
        Changed(state="cancelled", detail="by a reader"),
        Measured(
            series="evaluation", key=LotteryKey(level=2, control="reinit", draw=1), columns={"step": [0.0, 100.0]}
        ),
    ],
)
def test_an_event_survives_its_json(event: Event) -> None:
    document = json.loads(ADAPTER.dump_json(event))
    if "key" in document:  # of which the kind of the run knows the class
        document["key"] = LotteryKey.model_validate(document["key"])
    assert ADAPTER.validate_python(document) == event


def test_the_json_of_an_event_has_the_coordinates_in_the_declared_order() -> None:
    event = Measured(series="outcome", key=LotteryKey(level=2, control="reinit", draw=1), columns={"x": [1.0]})
    assert list(json.loads(event.model_dump_json())["key"].items()) == [
        ("level", 2),
        ("control", "reinit"),
        ("draw", 1),
    ]


def test_rows_are_counted_and_nan_is_a_value() -> None:
    measured = Measured(
        series="evaluation", key=LotteryKey(), columns={"step": [1.0, 2.0], "train_loss": [math.nan, 0.5]}
    )
    assert measured.rows == 2


@pytest.mark.parametrize("columns", [{}, {"step": [1.0], "value": []}])
def test_ragged_columns_are_refused(columns: dict[str, list[float]]) -> None:
    with pytest.raises(ValidationError, match="columns"):
        Measured(series="evaluation", key=LotteryKey(), columns=columns)
