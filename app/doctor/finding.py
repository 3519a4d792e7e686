"""What a check says."""

from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

State: TypeAlias = Literal["ok", "warning", "fault"]


class Finding(BaseModel):
    """One line: what was checked, whether it works, what was seen, and what to do about it."""

    model_config = ConfigDict(frozen=True)

    check: str
    state: State
    what: str
    do: str = ""


def ok(check: str, what: str) -> Finding:
    """Return that something works."""
    return Finding(check=check, state="ok", what=what)


def warning(check: str, what: str, do: str) -> Finding:
    """Return what works now and may not for long."""
    return Finding(check=check, state="warning", what=what, do=do)


def fault(check: str, what: str, do: str) -> Finding:
    """Return what does not work."""
    return Finding(check=check, state="fault", what=what, do=do)
