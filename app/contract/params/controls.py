"""What controls that are derived from a ticket share."""

from typing import ClassVar

from pydantic import Field

from app.contract.params.base import Params, unit


class ControlParams(Params):
    """What every control has.

    One that is `rewound` starts from the ticket's own weights at the rewind step. One that is `pruned_in_training` is
    pruned when its ticket is, for which the pruning method must act during the training.
    """

    rewound: ClassVar[bool] = False
    pruned_in_training: ClassVar[bool] = False


class DrawnControl(ControlParams):
    """A control derived from a ticket; its draws are averaged within their replicate."""

    draws: int = Field(
        1, ge=1, le=10, description="Independent repetitions per replicate and level.", json_schema_extra=unit("draws")
    )
