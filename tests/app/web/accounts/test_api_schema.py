"""With accounts, whatever the schema allows surprises the server as little, whoever asks."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from tests.app.conftest import Hand
from tests.app.web.accounts.conftest import Lab

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
FEW = settings(
    max_examples=2,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
# Of random ids none would be anybody's.
IDS = {"run_id": "run", "sweep_id": "sweep"}


@pytest.mark.parametrize("who", ["vic", "mia", "ada", "read", "nobody"])
def test_every_operation_answers_everybody_as_the_schema_says(lab: Lab, hand: Hand, who: str) -> None:
    run = hand.run()
    hand.outcome(0, 1.0, 0.9)
    lab.give(run.id, "max")
    known = {"run": run.id, "sweep": lab.sweep("max")}
    schema = schemathesis.openapi.from_dict(lab.app.openapi())
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) >= 20
    statuses: set[int] = set()
    with lab.client(who) as client:
        for operation in operations:
            tried = 0

            @settings(FEW)
            @given(case=operation.as_strategy())
            def try_it(case: schemathesis.Case[Any]) -> None:
                nonlocal tried
                tried += 1
                for name, what in IDS.items():
                    if name in case.path_parameters and tried % 2:
                        case.path_parameters[name] = known[what]
                request = case.as_transport_kwargs(base_url=str(client.base_url))
                request.pop("cookies", None)
                response = client.request(**request)
                case.validate_response(response, checks=CHECKS)
                statuses.add(response.status_code)

            try_it()
            assert tried > 0
    assert (401 in statuses) == (who == "nobody")
    assert (403 in statuses) == (who != "ada" and who != "nobody")
