"""Accounts: how they come to be, how they change, and whose runs are whose."""

import re
import unicodedata
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, exists, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from app.contract.experiment import FieldError
from app.records.people import Invitation, Person, Role
from app.store import ids, secret, sessions
from app.store.errors import Conflict, NotFound
from app.store.lookup import moment
from app.store.people_tables import invitations, users
from app.store.sql import Now
from app.store.tables import AnyRow, runs, sweeps

INVITED_S = 7 * 86_400.0
"""How long an invitation can be used."""
NAME = re.compile(r"\w[\w.-]{0,38}\w")
GONE = "This link was used before, has expired or was never valid. Ask for a new one."
_ADMINS = users.c.role == "admin", users.c.deactivated_at.is_(None)
LAST = "This is the last admin: make another person an admin first."


def any_account(conn: Connection) -> bool:
    """Return whether accounts are on: whether there is one, or an invitation to make one."""
    return bool(conn.scalar(select(or_(exists(select(users.c.id)), exists(select(invitations.c.secret))))))


def folded(name: str) -> str:
    """Return a name as it is compared: compatible letters and both cases are the same."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def invite(
    conn: Connection, role: Role, *, invited_by: str | None = None, user_id: str | None = None, lasts_s: float
) -> str:
    """Store an invitation and return its secret, or with `user_id` a link that sets that person's password."""
    new = secret.new()
    values = {"secret": secret.hashed(new), "role": role, "user_id": user_id, "invited_by": invited_by}
    conn.execute(insert(invitations).values(**values, created_at=Now(), expires_at=Now() + lasts_s))
    return new


def withdraw(conn: Connection) -> None:
    """End the links that make the first admin."""
    first = invitations.c.user_id.is_(None), invitations.c.invited_by.is_(None), invitations.c.used_at.is_(None)
    conn.execute(update(invitations).where(*first).values(used_at=Now()))


def invitation(conn: Connection, link: str) -> Invitation | None:
    """Return what a link is for; None where it cannot be used."""
    query = select(invitations.c.role, invitations.c.expires_at, users.c.name).outerjoin(
        users, users.c.id == invitations.c.user_id
    )
    row = conn.execute(query.where(*_usable(link))).first()
    return Invitation(role=row.role, person=row.name, expires_at=moment(row.expires_at)) if row else None


def _usable(link: str) -> tuple[ColumnElement[bool], ...]:
    inviting = select(users.c.id).where(*_ADMINS)
    return (
        invitations.c.secret == secret.hashed(link),
        invitations.c.used_at.is_(None),
        invitations.c.expires_at > Now(),
        # An admin who no longer is one has invited nobody.
        or_(invitations.c.invited_by.is_(None), invitations.c.invited_by.in_(inviting)),
    )


def join(conn: Connection, link: str, name: str, password: str, *, end_tokens: bool = False) -> Person:
    """Take an invitation, once: make the account, or set the password of the person whose it is.

    `password` is the hash. Raises Conflict for a link that cannot be used, FieldError as `create` does.
    """
    row = conn.execute(
        update(invitations)
        .where(*_usable(link))
        .values(used_at=Now())
        .returning(invitations.c.role, invitations.c.user_id)
    ).first()
    if row is None:
        raise Conflict(GONE)
    if row.user_id is not None:
        set_password(conn, row.user_id, password, end_tokens=end_tokens)
        return person(conn, row.user_id)
    return create(conn, name, password, row.role)


def create(conn: Connection, name: str, password: str, role: Role) -> Person:
    """Make an account; `password` is a hash, empty for who logs in elsewhere only.

    The first admin takes the runs and sweeps that nobody owns. Raises FieldError for a name that is not one or taken.
    """
    name = unicodedata.normalize("NFKC", name.strip())
    if not NAME.fullmatch(name):
        raise FieldError("name", "must have 2 to 40 letters, digits, dots, dashes or underscores")
    first = role == "admin" and not conn.scalar(select(exists(select(users.c.id).where(users.c.role == "admin"))))
    user_id = ids.run_id()
    values = {"id": user_id, "name": name, "folded": folded(name), "password": password, "role": role}
    try:
        conn.execute(insert(users).values(**values, created_at=Now()))
    except IntegrityError:
        raise FieldError("name", "is taken: choose another one") from None
    if first:
        for table in (runs, sweeps):
            conn.execute(update(table).where(table.c.owner_id.is_(None)).values(owner_id=user_id))
    return person(conn, user_id)


def person(conn: Connection, user_id: str) -> Person:
    """Return an account. Raises NotFound."""
    row = conn.execute(select(users).where(users.c.id == user_id)).first()
    if row is None:
        raise NotFound(f"there is no person {user_id}")
    return _record(row)


def any_admin(conn: Connection) -> bool:
    """Return whether there is an admin whose account can be used."""
    return bool(conn.scalar(select(exists(select(users.c.id).where(*_ADMINS)))))


def admins(conn: Connection) -> int:
    """Return how many admins there are whose accounts can be used."""
    return conn.scalar(select(func.count()).select_from(users).where(*_ADMINS)) or 0


def page(conn: Connection, q: str, after: str, limit: int) -> Sequence[Person]:
    """Return accounts whose names contain a text, by name, from the one after a name on."""
    if not f"{q}{after}".isprintable():
        return []
    which = users.c.folded.contains(folded(q.strip()), autoescape=True), users.c.folded > folded(after)
    return [_record(row) for row in conn.execute(select(users).where(*which).order_by(users.c.folded).limit(limit))]


def named(conn: Connection, name: str) -> AnyRow | None:
    """Return the row of an account that can be used, by its name; None where there is none."""
    if not name.isprintable():  # no database looks for what none stores
        return None
    return conn.execute(
        select(users).where(users.c.folded == folded(name.strip()), users.c.deactivated_at.is_(None))
    ).first()


def set_password(conn: Connection, user_id: str, password: str, *, end_tokens: bool = False) -> None:
    """Replace the hash of a password; all sessions of the person end, and links that would set another one.

    Tokens end where that is requested.
    """
    conn.execute(update(users).where(users.c.id == user_id).values(password=password))
    _end_links(conn, user_id)
    sessions.end_all(conn, user_id)
    if end_tokens:
        sessions.revoke_all(conn, user_id)


def _end_links(conn: Connection, user_id: str) -> None:
    """End the links that would set a person's password."""
    open_ = invitations.c.user_id == user_id, invitations.c.used_at.is_(None)
    conn.execute(update(invitations).where(*open_).values(used_at=Now()))


def change(conn: Connection, user_id: str, *, role: Role | None = None, active: bool | None = None) -> Person:
    """Give a person another role, deactivate or reactivate the account; all sessions of the person end.

    Tokens and links of a deactivated account end. Raises NotFound; Conflict for the last admin.
    """
    # All admins are locked, so that two who remove each other wait for one another.
    admins = conn.scalars(select(users.c.id).where(*_ADMINS).order_by(users.c.id).with_for_update()).all()
    person(conn, user_id)
    if list(admins) == [user_id] and ((role is not None and role != "admin") or active is False):
        raise Conflict(LAST)
    values = ({} if role is None else {"role": role}) | (
        {} if active is None else {"deactivated_at": None if active else Now()}
    )
    conn.execute(update(users).where(users.c.id == user_id).values(**values))
    if active is False:
        sessions.revoke_all(conn, user_id)
        _end_links(conn, user_id)
    sessions.end_all(conn, user_id)
    return person(conn, user_id)


def _record(row: AnyRow) -> Person:
    return Person(
        id=row.id, name=row.name, role=row.role, created_at=moment(row.created_at),
        deactivated_at=moment(row.deactivated_at),
    )  # fmt: skip
