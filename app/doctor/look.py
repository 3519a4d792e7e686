"""All checks, in the order in which one that fails makes others fail too."""

from collections.abc import Callable, Iterable, Iterator

from sqlalchemy.exc import SQLAlchemyError

from app.doctor import kept, running
from app.doctor.finding import Finding, fault
from app.settings import Settings
from app.store import Store
from app.store.condition import diagnose


def look(settings: Settings, store: Store) -> Iterator[Finding]:
    """Yield what each check says; those that need the database are left out while it cannot be read."""
    database = kept.store(store)
    yield database
    yield from kept.room(settings, store)
    yield running.broker(settings)
    if database.state == "fault":
        return
    accounts = store.accounts_on()
    checks: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
        ("artifacts", lambda: [kept.artifacts(store)]),
        ("web", lambda: [running.web(settings)]),
        ("workers", lambda: running.workers(store)),
        ("clock", lambda: running.clocks(settings, store)),
        ("shards", lambda: running.stuck(store)),
        ("access", lambda: [kept.guarded(settings, accounts=accounts)]),
        ("secrets", lambda: [kept.secret(settings, store, accounts=accounts)]),
    )
    for name, check in checks:
        try:
            yield from check()
        except SQLAlchemyError as error:
            condition = diagnose(error)
            yield fault(name, condition.detail if condition else str(error), "See what the store says")
