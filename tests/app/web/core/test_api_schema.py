"""Nothing that the OpenAPI schema allows surprises the server, and its answers are those that the schema promises."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.app.conftest import Hand, Web

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FEW = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# One that exists: of random ids none would. It is the path that is tried, not the id.
TAKES_A_RUN = "{run_id}"


def test_every_operation_answers_as_the_schema_says(web: Web, hand: Hand) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.9)
    schema = schemathesis.openapi.from_url(f"{web.url}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) >= 20

    for operation in operations:
        tried = 0

        @settings(FEW)
        @given(case=operation.as_strategy())
        def try_it(case: schemathesis.Case[Any]) -> None:
            nonlocal tried
            tried += 1
            if TAKES_A_RUN in case.path and tried % 2:
                case.path_parameters["run_id"] = run.id
            case.call_and_validate(checks=CHECKS, timeout=20)

        try_it()
        assert tried > 0


@pytest.mark.parametrize("path", ["/api/v1/runs", "/api/v1/runs/{run_id}", "/api/v1/runs/{run_id}/extend"])
def test_what_the_schema_forbids_is_refused_and_breaks_nothing(web: Web, hand: Hand, path: str) -> None:
    run = hand.run(start=False)
    schema = schemathesis.openapi.from_url(f"{web.url}/openapi.json")
    for method, operation in schema[path].items():
        if method in ("post", "patch"):

            @settings(FEW)
            @given(case=operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
            def try_it(case: schemathesis.Case[Any]) -> None:
                if TAKES_A_RUN in case.path:
                    case.path_parameters["run_id"] = run.id
                case.call_and_validate(checks=[not_a_server_error], timeout=20)

            try_it()
