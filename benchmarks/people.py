"""Every page with 10,000 people and 1,000 projects over the same page with 200 of each, whose lists fill a page, too.

The time is that of the processors that serve a page, the database's own included. It is the median of visits that take
turns between the two stores. `python -m benchmarks.people` prints each page.
"""

import asyncio
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from sqlalchemy import select

from app.garbage import freeze
from app.main import create_app
from app.queue import Queue
from app.settings import Settings
from app.store import Store, secret
from app.store.acting import Actor, as_person
from app.store.people_tables import audit, tokens, users
from app.store.people_tables import sessions as session_table
from app.store.project_tables import project_members, projects
from app.store.sql import Now
from app.web.accounts import cookie, passwords
from benchmarks.databases import KINDS, one_process_each, spent_s, store_of, vacuum
from benchmarks.rows import insert
from benchmarks.stock import fill

NAME = "people_pages"
BOUND = 1.1
SMALL, LARGE = (200, 200), (10_000, 1_000)
"""People and projects."""
RUNS, REPEATS = 200, 15
PASSWORD = "correct horse battery"
PAGES: Mapping[str, str] = {
    "board": "/", "mine": "/?q=owner:me", "of a person": "/?q=owner:p00007", "of a project": "/?q=project:project-007",
    "run": "/runs/z000000007", "form": "/new", "sweeps": "/sweeps", "projects": "/projects",
    "project": "/projects/j000000007", "people": "/people", "people found": "/people?q=p0000",
    "account": "/account", "audit log": "/audit", "audit of one": "/audit?person=p00007",
    "publish": "/publish?what=run&runs=z000000007", "runs as JSON": "/api/v1/runs",
}  # fmt: skip


def measure() -> float:
    """Return the worst ratio of a page, on either database."""
    return max(ratio for kind in KINDS for ratio, _, _ in pages(kind).values())


def pages(kind: str) -> dict[str, tuple[float, float, float]]:
    """Return for each page the ratio, and the seconds that the smaller and the larger store take."""
    with ExitStack() as stack:
        stores = [stack.enter_context(store_of(kind)) for _ in (SMALL, LARGE)]
        for store, (people, groups) in zip(stores, (SMALL, LARGE), strict=True):
            _fill(store, people, groups)
            vacuum(store)
            one_process_each(store)
        visits = [stack.enter_context(_served(store)) for store in stores]
        freeze()
        return {name: _compared(stores, visits, name) for name in ("login", *PAGES)}


def _compared(stores: list[Store], visits: list[Callable[[str], None]], name: str) -> tuple[float, float, float]:
    spent: list[list[float]] = [[], []]
    for repeat in range(REPEATS + 2):
        for place in (0, 1) if repeat % 2 else (1, 0):
            began = spent_s(stores[place])
            visits[place](name)
            if repeat > 1:  # the first ones fill caches
                spent[place].append(spent_s(stores[place]) - began)
    small, large = map(statistics.median, spent)
    return large / small, small, large


@contextmanager
def _served(store: Store) -> Iterator[Callable[[str], None]]:
    """Yield what visits a page, or logs in, as the admin of a store."""
    admin = store.people_page("p00000", "", 1)[0].id
    session = store.log_in(admin, "p00000", "127.0.0.1", "")
    with TemporaryDirectory(prefix="ticketscope-") as folder, closing(Queue("")) as queue:
        app = create_app(Settings(data_dir=Path(folder), demo=False), store, queue)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1")
        with asyncio.Runner() as runner:

            def visit(name: str) -> None:
                headers = {"Accept": "text/html", "Cookie": f"{cookie.NAME}={session}"}
                form = {"name": "p00001", "password": PASSWORD}
                asked = (
                    client.post("/login", data=form) if name == "login" else client.get(PAGES[name], headers=headers)
                )
                answer = runner.run(_awaited(asked))
                if answer.status_code != (303 if name == "login" else 200):
                    raise RuntimeError(f"{name} answers {answer.status_code}")

            yield visit
            runner.run(client.aclose())


async def _awaited(asked: Any) -> httpx.Response:
    answer: httpx.Response = await asked
    return answer


def _fill(store: Store, people: int, groups: int) -> None:
    """Store runs, and people with a session, a token and ten lines of the log each, in projects."""
    first, hashed = store.switch_accounts_on(), passwords.hashed(PASSWORD)
    if first is None:
        raise RuntimeError("the store is not new")
    store.join(first, "p00000", hashed)
    admin = store.people_page("", "", 1)[0].id
    with as_person(Actor(admin, "p00000")):
        fill(store, RUNS)
    ids = [f"u{n:09}" for n in range(1, people)]
    names = [f"p{n:05}" for n in range(1, people)]
    since: dict[str, float] = {"created_at": 1e9}
    with store._db.write() as conn:
        now = float(conn.execute(select(Now())).scalar_one())
    rows: dict[Any, list[dict[str, Any]]] = {
        users: [
            {"id": key, "name": name, "folded": name, "password": hashed, "role": "member", **since}
            for key, name in zip(ids, names, strict=True)
        ],
        session_table: [
            {"secret": secret.hashed(key), "user_id": key, "created_at": now, "seen_at": now} for key in ids
        ],
        tokens: [
            {"id": f"t{key[1:]}", "secret": secret.hashed(f"t{key}"), "user_id": key, "name": "a script",
             "scope": "read", "expires_at": now + 1e6, **since}
            for key in ids
        ],
        audit: [
            {"at": now, "user_id": key, "name": name, "folded": name, "address": "127.0.0.1", "by_token": False,
             "action": action, "what": "run", "key": f"z{n % RUNS:09}", "detail": ""}
            for n, (key, name) in enumerate(zip(ids, names, strict=True))
            for action in ("submit", "cancel", "edit", "tag", "log in") * 2
        ],
        projects: [
            {"id": f"j{n:09}", "name": f"project-{n:03}", "folded": f"project-{n:03}", "owner_id": admin, **since}
            for n in range(groups)
        ],
        project_members: [
            {"project_id": f"j{n % groups:09}", "user_id": key} for n, key in enumerate(ids)
        ],
    }  # fmt: skip
    with store._db.write() as conn:
        for table, values in rows.items():
            insert(conn, table, values)
    with as_person(Actor(admin, "p00000")):
        store.move_runs({f"z{n:09}": f"j{n % groups:09}" for n in range(RUNS)})


if __name__ == "__main__":
    for kind in KINDS:
        print(kind)
        for name, (ratio, small, large) in pages(kind).items():
            print(f"{name:<16} {ratio:5.2f}  ({1_000 * small:.1f} and {1_000 * large:.1f} ms)", flush=True)
