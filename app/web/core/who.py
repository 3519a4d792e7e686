"""Who sends a request, as the guard has found out."""

from typing import Annotated, Any

from fastapi import Depends, Request

from app.records.people import Visitor
from app.web.core import tokens
from app.web.core.maintenance import MaintenanceMessage, begins


def visitor_of(request: Request) -> Visitor | None:
    """Return who sends a request; None where accounts are off or the caller is not logged in."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    return visitor


def about(request: Request) -> dict[str, Any]:
    """Return what every template knows of who reads it."""
    token: str = getattr(request.state, "csrf", "")
    switch = getattr(request.app.state, "accounts", None)
    message: MaintenanceMessage | None = getattr(request.app.state, "maintenance", None)
    maintenance = message.current if message else None
    return {
        "maintenance": maintenance,
        "maintenance_begins": begins(maintenance) if maintenance else "",
        "me": visitor_of(request),
        "with_accounts": bool(switch and switch.on),
        "csrf": token,
        "csrf_field": tokens.field(token),
    }


VisitorDep = Annotated[Visitor | None, Depends(visitor_of)]
