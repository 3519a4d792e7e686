"""What `ticketscope verify` is asked: which training of which run to make again."""

from pydantic import BaseModel, ConfigDict


class Verification(BaseModel):
    """One training of a run; what is None is chosen. `anyway` goes on where the numeric plan cannot be obeyed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    replicate: int | None = None
    level: int | None = None
    branch: str | None = None
    draw: int | None = None
    anyway: bool = False
