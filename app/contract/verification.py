"""The input of `ticketscope verify`: which training of which run to repeat."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class Verification(BaseModel):
    """One training of a run, by its `key`; what is not given is chosen.

    `anyway` continues where the numeric plan cannot be obeyed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    replicate: int | None = None
    key: Mapping[str, str] = {}
    anyway: bool = False
