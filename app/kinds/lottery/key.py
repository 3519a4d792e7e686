"""What names a training of a lottery run."""

from pydantic import Field

from app.contract.events import WINNING_TICKET
from app.contract.params import Params
from app.contract.tickets import TicketKey


def draws(control: Params) -> int:
    """Return how many times a control is drawn per replicate and level; a deterministic one counts once."""
    n: int = getattr(control, "draws", 1)
    return n


class LotteryKey(TicketKey):
    """A network of a level: the ticket, or one draw of a control; level 0 is the dense network."""

    control: str = Field(WINNING_TICKET, max_length=40, title="Control")
    draw: int = Field(0, ge=0, title="Draw")

    @property
    def is_winning(self) -> bool:
        """Return whether it is the ticket itself, not a control."""
        return self.control == WINNING_TICKET

    @property
    def words(self) -> str:
        """Return such as `dense network` or `level 3, reinit 2`."""
        if self.level == 0 and self.is_winning:
            return "dense network"
        draw = f" {self.draw + 1}" if self.draw else ""
        return f"level {self.level}, {self.control.replace('_', ' ')}{draw}"
