"""An installation with accounts: an admin, two members, a viewer and tokens of a member."""

from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from app.kinds.presets import PRESETS
from app.records.people import Role
from app.store import Store
from app.store.acting import Actor, as_person
from app.store.sweeps import Next
from app.store.tables import runs, sweeps
from app.sweeps.plan import Plan
from app.web.accounts import cookie, passwords
from tests.app.in_process import in_process

PASSWORD = "correct horse battery"
ROLES: dict[str, Role] = {"ada": "admin", "mia": "member", "max": "member", "vic": "viewer"}


@dataclass
class Lab:
    """Who is there, by name, and how each sends requests."""

    app: FastAPI
    store: Store
    sessions: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def client(self, who: str) -> httpx.Client:
        """A browser of `ada`, `mia`, `max` or `vic`, a script with a `read` or `write` token, or `nobody`."""
        client = in_process(self.app)
        if who in self.sessions:
            client.headers["Cookie"] = f"{cookie.NAME}={self.sessions[who]}"
            client.headers["X-CSRF-Token"] = cookie.csrf_of(self.sessions[who])
        elif who in self.tokens:
            client.headers["Authorization"] = f"Bearer {self.tokens[who]}"
        else:
            assert who == "nobody"
        return client

    def give(self, run_id: str, who: str) -> None:
        """Make a run somebody's."""
        with self.store._db.write() as conn:
            conn.execute(update(runs).where(runs.c.id == run_id).values(owner_id=self.ids[who]))

    def sweep(self, who: str) -> str:
        """A sweep without members of somebody."""
        spec = PRESETS["digits-tickets"].spec.model_dump(mode="json")
        plan = Plan.model_validate({"spec": spec, "axes": {"seed": {"values": [0, 1]}}})
        with as_person(Actor(self.ids[who])):
            return self.store.create_sweep(plan, Next([], None), name="a sweep")[0].id

    def state(self) -> list[tuple[object, ...]]:
        """All that people can change of runs and sweeps."""
        with self.store._db.read() as conn:
            queries = (select(runs.c.id, runs.c.state, runs.c.tags, runs.c.name, runs.c.deleted_at, runs.c.last_seq),
                       select(sweeps.c.id, sweeps.c.state, sweeps.c.name, sweeps.c.deleted_at))  # fmt: skip
            return [tuple(row) for query in queries for row in conn.execute(query)]

    def log_in_again(self, who: str) -> None:
        """Give somebody a new session."""
        if who in self.ids:
            self.sessions[who] = self.store.log_in(self.ids[who], who, "", "")


@pytest.fixture(scope="session")
def stored_password() -> str:
    return passwords.hashed(PASSWORD)


@pytest.fixture
def lab(app: FastAPI, store: Store, stored_password: str) -> Lab:
    lab = Lab(app, store)
    first = store.switch_accounts_on()
    assert first is not None
    for name, role in ROLES.items():
        link = store.invite(role, lab.ids["ada"]) if lab.ids else first
        lab.sessions[name] = store.join(link, name, stored_password)
        visitor = store.visitor(lab.sessions[name])
        assert visitor is not None
        lab.ids[name] = visitor.id
    for scope in ("read", "write"):
        lab.tokens[scope] = store.new_token(lab.ids["mia"], scope, scope, 1)
    app.state.accounts.look()
    return lab
