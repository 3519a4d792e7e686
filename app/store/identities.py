"""People as the login of their lab knows them: who comes in by it, and who has connected an account with it."""

import re
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, insert, select

from app.records.people import Person, Role
from app.store import audit, people, secret, sessions
from app.store.acting import Actor
from app.store.connected import Connected
from app.store.errors import Conflict, NotFound
from app.store.people_tables import identities, users
from app.store.sql import Now

NO_ACCOUNT = "You have no account here yet. Ask an admin of this server for an invitation, and open it first."
DEACTIVATED = "Your account is deactivated."
TAKEN = "This login is connected with another account."
NO_PASSWORD = "You could not log in any more: set a password first, by a link that an admin can give you."  # noqa: S105
_ODD = re.compile(r"[^\w.-]+")


class Identity(NamedTuple):
    """Who has logged in elsewhere: `role` is what the login says that they are here, None where it says nothing."""

    issuer: str
    subject: str
    name: str = ""
    role: Role | None = None

    @property
    def key(self) -> str:
        """Return what is stored of it: no name of another system is."""
        return secret.hashed(f"{self.issuer} {self.subject}")


class Identities(Connected):
    """One transaction per method."""

    def come_in(self, who: Identity, *, new: Role | None, link: str = "", session: str = "", address: str = "") -> str:
        """Return the secret of a session of who has logged in elsewhere, in place of the one that the browser has sent.

        Who is new gets an account by the role that the login names, else by the invitation `link`, else of the role
        `new`. Raises Conflict for who gets none.
        """
        with self._db.write() as conn:
            person = _person(conn, who)
            joins = person is None
            if person is None:
                person = _joined(conn, who, new, link)
                conn.execute(insert(identities).values(**_row(who, person.id)))
            elif person.deactivated_at is not None:
                raise Conflict(DEACTIVATED)
            by = Actor(person.id, person.name, address)
            if who.role is not None and who.role != person.role and not _is_last_admin(conn, person):
                person = people.change(conn, person.id, role=who.role)
                audit.note(conn, "change the role", "person", [person.id], f"{person.name}: {person.role}", by)
            host = _host(who.issuer)
            if joins:
                audit.note(conn, "join", "person", [person.id], f"{person.role}, by {host}", by)
            audit.note(conn, "log in", "session", [""], f"by {host}", by)
            return sessions.begin(conn, person.id, session)

    def connect(self, user_id: str, who: Identity) -> None:
        """Let a person log in elsewhere from now on. Raises Conflict where that login is another person's."""
        with self._db.write() as conn:
            person = _person(conn, who)
            if person is not None and person.id != user_id:
                raise Conflict(TAKEN)
            if person is None:
                conn.execute(insert(identities).values(**_row(who, user_id)))
                audit.note(conn, "connect a login", "person", [user_id], f"by {_host(who.issuer)}")

    def disconnect(self, user_id: str) -> None:
        """Delete where else a person logs in. Raises Conflict for who has no password."""
        with self._db.write() as conn:
            if not conn.scalar(select(users.c.password).where(users.c.id == user_id)):
                raise Conflict(NO_PASSWORD)
            conn.execute(delete(identities).where(identities.c.user_id == user_id))
            audit.note(conn, "disconnect a login", "person", [user_id])

    def ways_in(self, user_id: str) -> tuple[bool, bool]:
        """Return whether a person has a password, and whether they have connected another login. Raises NotFound."""
        connected = exists(select(identities.c.identity).where(identities.c.user_id == user_id))
        with self._db.read() as conn:
            row = conn.execute(select(users.c.password, connected).where(users.c.id == user_id)).first()
        if row is None:
            raise NotFound(f"there is no person {user_id}")
        return bool(row[0]), bool(row[1])


def _person(conn: Connection, who: Identity) -> Person | None:
    user_id = conn.scalar(select(identities.c.user_id).where(identities.c.identity == who.key))
    return None if user_id is None else people.person(conn, user_id)


def _row(who: Identity, user_id: str) -> dict[str, object]:
    return {"identity": who.key, "user_id": user_id, "issuer": who.issuer, "created_at": Now()}


def _joined(conn: Connection, who: Identity, new: Role | None, link: str) -> Person:
    name = _free_name(conn, who.name)
    invitation = people.invitation(conn, link) if link else None
    if link and (invitation is None or invitation.person):
        raise Conflict(people.GONE)
    if invitation is not None:
        return people.join(conn, link, name, "")
    role = who.role or new
    if role is None:
        raise Conflict(NO_ACCOUNT)
    return people.create(conn, name, "", role)


def _free_name(conn: Connection, wanted: str) -> str:
    """Return the name that the login tells, as far as it can be one here, with a number where it is taken."""
    name = _ODD.sub(".", wanted.partition("@")[0].strip()).strip(".-")[:34]
    name = name if people.NAME.fullmatch(name) else "member"
    like = users.c.folded.startswith(people.folded(name), autoescape=True)
    taken = set(conn.scalars(select(users.c.folded).where(like)))
    names = [name, *(f"{name}-{n}" for n in range(2, len(taken) + 2))]
    return next(free for free in names if people.folded(free) not in taken)


def _is_last_admin(conn: Connection, person: Person) -> bool:
    """Return whether there would be no admin any more: that one stays, whatever the login says."""
    return person.role == "admin" and people.admins(conn) == 1


def _host(issuer: str) -> str:
    return issuer.partition("://")[2].partition("/")[0]
