"""What the API of films refuses, by name."""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from app.kinds.erasure.film.exports import MAX_SIDE
from app.store import Store
from tests.app.conftest import Hand, Web
from tests.app.erased_run import ErasedRun, erasure_spec, write_run
from tests.app.kinds.erasure.web.test_film import WHICH, ask
from tests.app.web.core.test_api_schema import CHECKS, FEW

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("/frame", {"step": -1}, "step"),
    ("/frame", {"step": 100_001}, "step"),
    ("/frame", {"step": 10, "size": 0}, "size"),
    ("/frame", {"step": 10, "size": 4097}, "size"),
    ("/frame", {"step": 10, "show": "gradient"}, "show"),
    ("/frame", {"step": 10, "scale": "log"}, "scale"),
    ("/frame", {"step": 10, "theme": "blue"}, "theme"),
    ("/frame", {"step": 10, "replicate": "x"}, "replicate"),
    ("/frame", {"step": 10, "lr": -1}, "lr"),
    ("/frame", {"step": 10, "lr": "nan"}, "lr"),
    ("/frame", {"step": 10, "width": "x"}, "width"),
    ("/frame", {"step": 10, "image": "twin"}, "image"),
    ("/frame", {"step": 10, "optimizer": "x" * 41}, "optimizer"),
    ("/frame", {}, "step"),
    ("/frame", {"step": 10, "sise": 3}, "sise"),
    ("/export", {"format": "mp4"}, "format"),
    ("/export", {"size": MAX_SIDE + 1}, "size"),
    ("/values", {"step": 10, "bottom": 17, "right": 4}, "bottom"),
    ("/values", {"step": 10, "bottom": 4, "right": 17}, "right"),
    ("/values", {"step": 10, "top": 4, "bottom": 4, "right": 4}, "bottom"),
    ("/values", {"step": 10, "top": -1, "bottom": 4, "right": 4}, "top"),
    ("/values", {"step": 10, "bottom": 10**9, "right": 4}, "bottom"),
]


@pytest.mark.parametrize(("part", "query", "field"), BAD)
def test_bad_input_is_refused_by_name(
    client: httpx.Client, store: Store, part: str, query: dict[str, Any], field: str
) -> None:
    (run,) = write_run(store)
    answer = ask(client, run.id, part, 422, **{**WHICH, **query})
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["path"] for error in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("part", "query"),
    [
        ("", {"replicate": 1}),
        ("/frame", {"step": 11}),
        ("/frame", {"step": 10, "replicate": 1}),
        ("/frame", {"step": 10, "width": 32}),
        ("/frame", {"step": 10, "optimizer": "lion"}),
        ("/frame", {"step": 10, "lr": 0.5}),
        ("/export", {"lr": 0.5}),
        ("/values", {"step": 11, "bottom": 1, "right": 1}),
    ],
)
def test_what_is_not_there_is_not_found(client: httpx.Client, store: Store, part: str, query: dict[str, Any]) -> None:
    (run,) = write_run(store)
    answer = ask(client, run.id, part, 404, **({**WHICH, **query} if part else query))
    assert answer.headers["content-type"] == "application/problem+json"


def test_frames_that_have_not_come_yet_are_not_found(client: httpx.Client, store: Store) -> None:
    run = ErasedRun(store, erasure_spec())
    parts: dict[str, dict[str, Any]] = {
        "/frame": {"step": 0}, "/export": {}, "/values": {"step": 0, "bottom": 1, "right": 1},
    }  # fmt: skip
    for part, query in parts.items():
        ask(client, run.id, part, 404, **WHICH, **query)


def test_runs_of_other_kinds_have_no_film(client: httpx.Client, hand: Hand) -> None:
    run = hand.run()
    assert "only erasure studies have films" in ask(client, run.id, status=404).json()["detail"]
    ask(client, "nothing", status=404)


def test_nothing_that_the_schema_allows_breaks_it(web: Web, store: Store) -> None:
    (run,) = write_run(store)
    schema = schemathesis.openapi.from_url(f"{web.url}/openapi.json").include(path_regex="/film")
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) == 4
    statuses: set[int] = set()
    for operation in operations:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            @settings(FEW, max_examples=25)
            @given(case=operation.as_strategy(generation_mode=mode))
            def try_it(case: schemathesis.Case[Any]) -> None:
                case.path_parameters["run_id"] = run.id
                if isinstance(case.query, dict) and case.query.get("optimizer"):
                    case.query["optimizer"] = "sgd"
                statuses.add(case.call_and_validate(checks=CHECKS, timeout=20).status_code)

            try_it()
    assert statuses <= {200, 400, 404, 422}
    assert {404, 422} <= statuses
