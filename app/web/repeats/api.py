"""A run done again, and whether two runs came out the same."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.records import Run
from app.repeat.comparison import Comparison
from app.web.core.context import QueueDep, StoreDep
from app.web.core.parameters import RunId
from app.web.core.problems import responses
from app.web.repeats.again import again, compared
from app.web.submission.once import KeyHeader, of_request

router = APIRouter(tags=["runs"])


@router.post("/runs/{run_id}/again", status_code=201, responses=responses(404, 409))
def run_again(
    run_id: RunId, response: Response, store: StoreDep, queue: QueueDep, idempotency_key: KeyHeader = None
) -> Run:
    """Submit exactly the same spec, seed and all, as a new run whose `again_of` is this one.

    When both have finished, their pages say whether they are identical to the bit. Imported masks cannot be run.
    """
    copy = again(store, queue, store.run(run_id), of_request(idempotency_key, f"runs/{run_id}/again"))
    response.headers["Location"] = f"/api/v1/runs/{copy.id}"
    return copy


@router.get("/runs/{run_id}/repetition", responses=responses(404, 409))
def compare_runs(
    run_id: RunId,
    store: StoreDep,
    to: Annotated[
        str | None, Query(max_length=32, description="Id of the run to compare with; default: the one it repeats.")
    ] = None,
) -> Comparison:
    """Return whether the results of a finished run equal those of an earlier one to the bit; if not, what differs."""
    return compared(store, store.run(run_id), to)
