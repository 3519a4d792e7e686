"""Secrets that are shown once and stored as a hash: of sessions, invitations and tokens."""

import hashlib
import hmac
import secrets

_BYTES = 32


def new() -> str:
    """Return a secret of 256 random bits, safe in addresses and headers."""
    return secrets.token_urlsafe(_BYTES)


def hashed(secret: str) -> str:
    """Return what is stored of a secret: a plain hash is enough for what cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def derived(secret: str, purpose: str) -> str:
    """Return another secret that follows from this one, and from which it does not follow."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()
