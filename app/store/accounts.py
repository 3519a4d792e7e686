"""People, their sessions and tokens, for the web and for the command line."""

from collections.abc import Sequence

from sqlalchemy import select

from app.records.people import AuditEntry, Invitation, Person, Role, Scope, Token, Visitor
from app.store import audit, logins, people, sessions
from app.store.acting import Actor
from app.store.connected import Connected
from app.store.people_tables import users
from app.store.tables import runs, sweeps


class Accounts(Connected):
    """One transaction per method."""

    def accounts_on(self) -> bool:
        """Return whether accounts are on: whether there is one, or an invitation to make one."""
        with self._db.read() as conn:
            return people.any_account(conn)

    def switch_accounts_on(self) -> str | None:
        """Return the secret of a new link for an admin's account; None where there is an admin already.

        Only the newest such link can be used.
        """
        with self._db.write() as conn:
            if people.any_admin(conn):
                return None
            people.withdraw(conn)
            return people.invite(conn, "admin", lasts_s=people.INVITED_S)

    def invite(self, role: Role, invited_by: str | None = None) -> str:
        """Return the secret of a new invitation."""
        with self._db.write() as conn:
            link = people.invite(conn, role, invited_by=invited_by, lasts_s=people.INVITED_S)
            audit.note(conn, "invite", "invitation", [""], role)
            return link

    def invite_again(self, name: str, invited_by: str | None = None) -> str | None:
        """Return the secret of a link that sets a new password; None where no account has this name."""
        with self._db.write() as conn:
            row = people.named(conn, name)
            if row is None:
                return None
            audit.note(conn, "link for a new password", "person", [row.id], row.name)
            return people.invite(conn, row.role, invited_by=invited_by, user_id=row.id, lasts_s=people.INVITED_S)

    def invitation(self, link: str) -> Invitation | None:
        """Return what a link is for; None where it cannot be used."""
        with self._db.read() as conn:
            return people.invitation(conn, link)

    def join(
        self, link: str, name: str, password: str, session: str = "", address: str = "", *, end_tokens: bool = False
    ) -> str:
        """Take an invitation and return the secret of a session. `password` is a hash. Raises Conflict, FieldError."""
        with self._db.write() as conn:
            invitation = people.invitation(conn, link)
            person = people.join(conn, link, name, password, end_tokens=end_tokens)
            action = "set a new password" if invitation and invitation.person else "join"
            audit.note(conn, action, "person", [person.id], person.role, Actor(person.id, person.name, address))
            return sessions.begin(conn, person.id, session)

    def names(self, most: int = 100) -> Sequence[str]:
        """Return names of people, the first of all where there are more than `most`."""
        with self._db.read() as conn:
            return conn.scalars(select(users.c.name).order_by(users.c.folded).limit(most)).all()

    def person(self, user_id: str) -> Person:
        """Return an account. Raises NotFound."""
        with self._db.read() as conn:
            return people.person(conn, user_id)

    def people_page(self, q: str, after: str, limit: int) -> Sequence[Person]:
        """Return accounts by name, from the one after a name on."""
        with self._db.read() as conn:
            return people.page(conn, q, after, limit)

    def change_person(self, user_id: str, *, role: Role | None = None, active: bool | None = None) -> Person:
        """Change a role, deactivate or reactivate. Raises NotFound, Conflict."""
        with self._db.write() as conn:
            person = people.change(conn, user_id, role=role, active=active)
            action = "change the role" if active is None else "reactivate" if active else "deactivate"
            audit.note(conn, action, "person", [user_id], f"{person.name}: {person.role}")
            return person

    def password_of(self, name: str) -> tuple[str, str] | None:
        """Return id and hash of the account with this name; None where there is none that can be used."""
        with self._db.read() as conn:
            row = people.named(conn, name)
            return None if row is None else (row.id, row.password)

    def set_password(self, user_id: str, password: str, *, end_tokens: bool = False) -> str:
        """Replace the hash of a password, and return the secret of the one session that is left."""
        with self._db.write() as conn:
            people.set_password(conn, user_id, password, end_tokens=end_tokens)
            audit.note(conn, "change the password", "person", [user_id], "and end all tokens" if end_tokens else "")
            return sessions.begin(conn, user_id)

    def try_login(self, name: str, address: str) -> float:
        """Note a login; returns the seconds that it must wait, 0 where it may be tried.

        It is noted in a transaction of its own: of logins that are tried at once each counts the others. One that must
        wait is taken back, so that no flood of them fills the store or makes the wait longer.
        """
        with self._db.write(hasty=True) as conn:
            number = logins.note(conn, name, address)
        with self._db.read() as conn:
            wait_s = logins.wait_s(conn, name, address)
        if wait_s:
            with self._db.write(hasty=True) as conn:
                logins.take_back(conn, number)
        return wait_s

    def logins_succeeded(self, name: str, address: str) -> None:
        """Count the logins of a name from an address no more."""
        with self._db.write(hasty=True) as conn:
            logins.forget(conn, name, address)

    def log_in(self, user_id: str, name: str, address: str, session: str) -> str:
        """Return the secret of a new session in place of the one that the browser has sent."""
        with self._db.write() as conn:
            logins.forget(conn, name, address)
            by = Actor(user_id, people.person(conn, user_id).name, address)
            audit.note(conn, "log in", "session", [""], by=by)
            return sessions.begin(conn, user_id, session)

    def log_out(self, session: str) -> None:
        """End a session."""
        with self._db.write() as conn:
            sessions.end(conn, session)

    def log_out_everywhere(self, user_id: str) -> None:
        """End all sessions of a person."""
        with self._db.write() as conn:
            sessions.end_all(conn, user_id)
            audit.note(conn, "log out everywhere", "session", [""])

    def visitor(self, session: str = "", token: str = "") -> Visitor | None:
        """Return who sends a request with this session or token; None where that is no account."""
        with self._db.read() as conn:
            if token:
                return sessions.visitor_of_token(conn, token)
            of_session = sessions.visitor(conn, session)
        if of_session is None:
            return None
        visitor, note = of_session
        if note:
            with self._db.write(hasty=True) as conn:
                sessions.note(conn, session)
        return visitor

    def owns(self, user_id: str, *, run_id: str = "", sweep_id: str = "") -> bool | None:
        """Return whether a run or sweep is a person's; None where there is none."""
        table, key = (runs, run_id) if run_id else (sweeps, sweep_id)
        with self._db.read() as conn:
            row = conn.execute(select(table.c.owner_id).where(table.c.id == key)).first()
        return None if row is None else row.owner_id == user_id

    def audit(
        self, *, person: str = "", action: str = "", key: str = "", before: int | None = None, limit: int = 100
    ) -> Sequence[AuditEntry]:
        """Return what was done, the newest first; empty filters let everything through."""
        with self._db.read() as conn:
            return audit.entries(conn, person=person, action=action, key=key, before=before, limit=limit)

    def audit_actions(self) -> Sequence[str]:
        """Return the actions that the log has."""
        with self._db.read() as conn:
            return audit.actions(conn)

    def new_token(self, user_id: str, name: str, scope: Scope, days: int) -> str:
        """Return the secret of a new token. Raises FieldError, Conflict."""
        with self._db.write() as conn:
            token = sessions.new_token(conn, user_id, name, scope, days)
            audit.note(conn, "make", "token", [""], f"{name}: {scope}, {days} days")
            return token

    def tokens_of(self, user_id: str) -> Sequence[Token]:
        """Return the tokens of a person."""
        with self._db.read() as conn:
            return sessions.tokens_of(conn, user_id)

    def revoke_token(self, user_id: str, token_id: str) -> None:
        """End a token of a person. Raises NotFound."""
        with self._db.write() as conn:
            sessions.revoke(conn, user_id, token_id)
            audit.note(conn, "revoke", "token", [token_id])
