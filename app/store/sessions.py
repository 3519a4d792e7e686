"""Sessions of browsers and tokens of the API: who sends a request."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from app.contract.experiment import FieldError
from app.records.people import Scope, Token, Visitor
from app.store import ids, labels, secret
from app.store.errors import Conflict, NotFound
from app.store.lookup import moment
from app.store.people_tables import sessions, tokens, users
from app.store.sql import Now

IDLE_S = 14 * 86_400.0
"""After so long without a request a session is over."""
LASTS_S = 60 * 86_400.0
"""After so long it is over in any case."""
SEEN_EVERY_S = 600.0
"""How often a request is noted in its session: not each is a write."""
LONGEST_DAYS = 366
TOKENS = 50
"""Tokens of a person."""


def begin(conn: Connection, user_id: str, before: str = "") -> str:
    """Return the secret of a new session; `before` is one that it replaces. Sessions that are over are deleted."""
    over = (sessions.c.seen_at < Now() - IDLE_S) | (sessions.c.created_at < Now() - LASTS_S)
    conn.execute(delete(sessions).where(over | (sessions.c.secret == secret.hashed(before))))
    new = secret.new()
    conn.execute(insert(sessions).values(secret=secret.hashed(new), user_id=user_id, created_at=Now(), seen_at=Now()))
    return new


def end(conn: Connection, session: str) -> None:
    """Delete a session."""
    conn.execute(delete(sessions).where(sessions.c.secret == secret.hashed(session)))


def end_all(conn: Connection, user_id: str) -> None:
    """Delete all sessions of a person."""
    conn.execute(delete(sessions).where(sessions.c.user_id == user_id))


def visitor(conn: Connection, session: str) -> tuple[Visitor, bool] | None:
    """Return whose session it is and whether to note that it was used; None where it is over or there is none."""
    row = conn.execute(
        select(users.c.id, users.c.name, users.c.role, (sessions.c.seen_at < Now() - SEEN_EVERY_S).label("note"))
        .join(users, users.c.id == sessions.c.user_id)
        .where(
            sessions.c.secret == secret.hashed(session),
            sessions.c.seen_at >= Now() - IDLE_S,
            sessions.c.created_at >= Now() - LASTS_S,
            users.c.deactivated_at.is_(None),
        )
    ).first()
    return None if row is None else (Visitor(id=row.id, name=row.name, role=row.role), bool(row.note))


def note(conn: Connection, session: str) -> None:
    """Note that a session is used."""
    conn.execute(update(sessions).where(sessions.c.secret == secret.hashed(session)).values(seen_at=Now()))


def visitor_of_token(conn: Connection, token: str) -> Visitor | None:
    """Return whose token it is; None where it is over, revoked or there is none."""
    row = conn.execute(
        select(users.c.id, users.c.name, users.c.role, tokens.c.scope)
        .join(users, users.c.id == tokens.c.user_id)
        .where(
            tokens.c.secret == secret.hashed(token),
            tokens.c.expires_at > Now(),
            tokens.c.revoked_at.is_(None),
            users.c.deactivated_at.is_(None),
        )
    ).first()
    return None if row is None else Visitor(id=row.id, name=row.name, role=row.role, scope=row.scope)


def new_token(conn: Connection, user_id: str, name: str, scope: Scope, days: int) -> str:
    """Store a token and return its secret. Raises FieldError, Conflict for too many."""
    name = labels.check_view(name)
    if not 1 <= days <= LONGEST_DAYS:
        raise FieldError("days", f"must be from 1 to {LONGEST_DAYS}")
    if sum(not token.over for token in tokens_of(conn, user_id)) >= TOKENS:
        raise Conflict(f"there are {TOKENS} tokens: revoke one first")
    new = secret.new()
    values = {"id": ids.run_id(), "secret": secret.hashed(new), "user_id": user_id, "name": name, "scope": scope}
    conn.execute(insert(tokens).values(**values, created_at=Now(), expires_at=Now() + days * 86_400.0))
    return new


def tokens_of(conn: Connection, user_id: str) -> Sequence[Token]:
    """Return the tokens of a person, the newest first, without those that were revoked."""
    rows = conn.execute(
        select(tokens, (tokens.c.expires_at <= Now()).label("over"))
        .where(tokens.c.user_id == user_id, tokens.c.revoked_at.is_(None))
        .order_by(tokens.c.created_at.desc(), tokens.c.id)
    )
    return [
        Token(
            id=row.id, name=row.name, scope=row.scope, created_at=moment(row.created_at),
            expires_at=moment(row.expires_at), over=bool(row.over),
        )
        for row in rows
    ]  # fmt: skip


def revoke_all(conn: Connection, user_id: str) -> None:
    """End all tokens of a person."""
    which = tokens.c.user_id == user_id, tokens.c.revoked_at.is_(None)
    conn.execute(update(tokens).where(*which).values(revoked_at=Now()))


def revoke(conn: Connection, user_id: str, token_id: str) -> None:
    """End a token of a person. Raises NotFound."""
    which = tokens.c.id == token_id, tokens.c.user_id == user_id, tokens.c.revoked_at.is_(None)
    if conn.execute(update(tokens).where(*which).values(revoked_at=Now())).rowcount != 1:
        raise NotFound("there is no such token of yours")
