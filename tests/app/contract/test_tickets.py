"""The address of a ticket comes back from its text, and nothing else is taken for one."""

import pytest

from app.contract.tickets import TicketRef


@pytest.mark.parametrize("address", ["06f3k2m9qa:0:5", "06f3k2m9qa:2:11:shuffled:1", "a:0:0"])
def test_addresses_come_back(address: str) -> None:
    assert str(TicketRef.parse(address)) == address


def test_the_ticket_itself_needs_no_branch() -> None:
    assert str(TicketRef.parse("a:0:3:winning_ticket:0")) == "a:0:3"


@pytest.mark.parametrize(
    "text", ["", "a", "a:1", "a:1:2:shuffled", "a:-1:2", "A:1:2", "a:1:2;", "a:1:2:x:y", "a/b:1:2"]
)
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the address"):
        TicketRef.parse(text)
