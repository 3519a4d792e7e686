"""Passwords: argon2id by the recommendation of its library, and the same work for names that do not exist."""

import secrets
import threading
from collections.abc import Mapping
from functools import cache
from typing import Final

from pwdlib import PasswordHash

from app.contract.experiment import FieldError

LEAST: Final = 10
MOST: Final = 200
_ARGON2 = PasswordHash.recommended()
# Each takes 64 MiB and a sixth of a second of a core.
_AT_ONCE = threading.BoundedSemaphore(2)


def checked(data: Mapping[str, str], name: str) -> str:
    """Return the new password of a form. Raises FieldError for one that is too short, too long or the name."""
    password = data.get("password", "")
    if len(password) < LEAST:
        raise FieldError("password", f"must have at least {LEAST} characters")
    if len(password) > MOST:
        raise FieldError("password", f"has {len(password):,} characters; at most {MOST} are allowed")
    if password.casefold() == name.strip().casefold():
        raise FieldError("password", "must not be the name")
    if password != data.get("again"):
        raise FieldError("again", "is not the same password")
    return password


def hashed(password: str) -> str:
    """Return what is stored of a password."""
    with _AT_ONCE:
        return _ARGON2.hash(password)


def fits(password: str, stored: str | None) -> bool:
    """Return whether a password is the stored one; without one it takes as long, and the answer is no."""
    nobody = _of_nobody()
    with _AT_ONCE:
        same = _ARGON2.verify(password[:MOST], stored or nobody)
    return same and stored is not None


@cache
def _of_nobody() -> str:
    return hashed(secrets.token_urlsafe(32))
