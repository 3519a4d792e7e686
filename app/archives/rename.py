"""Addresses of tickets in what is imported under new ids."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from app.contract.tickets import TicketRef


def addresses(value: Any, renamed: Mapping[str, str]) -> Any:
    """Return JSON in which tickets are named by the new ids of their runs."""
    if isinstance(value, dict):
        return {name: addresses(item, renamed) for name, item in value.items()}
    if isinstance(value, list):
        return [addresses(item, renamed) for item in value]
    if isinstance(value, str) and ":" in value:
        try:
            ticket = TicketRef.parse(value)
        except ValueError:
            return value
        return str(dataclasses.replace(ticket, run=renamed.get(ticket.run, ticket.run)))
    return value
