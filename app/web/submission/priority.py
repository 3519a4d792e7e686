"""Which priorities a visitor may give: high only an admin, unless the settings let members too."""

from fastapi import Request

from app.contract.experiment import FieldError
from app.records import PRIORITIES, Priority
from app.store.priorities import check
from app.web.core.context import get_settings
from app.web.core.who import visitor_of


def allowed(request: Request) -> tuple[Priority, ...]:
    """Return the priorities that the caller may give, all of them without accounts."""
    visitor = visitor_of(request)
    if visitor is None or visitor.may("admin") or get_settings(request).members_set_high:
        return PRIORITIES
    return tuple(priority for priority in PRIORITIES if priority != "high")


def permitted(request: Request, priority: str) -> Priority:
    """Return a priority that the caller may give. Raises FieldError."""
    wanted = check(priority)
    if wanted not in allowed(request):
        raise FieldError("priority", "can be set to high by an admin only; ask one, or choose normal")
    return wanted
