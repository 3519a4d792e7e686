"""Statements that are compiled once for all stores of a process, as SQLAlchemy does for those of one engine.

Each test opens a store of its own, hence an engine of its own that has compiled nothing yet. A fourth of the processor
time of such tests went into compiling what the test before had compiled too.
"""

from typing import Any

from sqlalchemy import Connection, Engine, event


class Compiled(dict[Any, Any]):
    """Statements by their cache key, of which the first part names a dialect instead of being one engine's own."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_shared(key), default)

    def __setitem__(self, key: Any, statement: Any) -> None:
        super().__setitem__(_shared(key), statement)


def _shared(key: Any) -> Any:
    dialect, *rest = key
    return dialect.name, dialect.driver, *rest


def share() -> None:
    """Let all engines of this process share what they compile."""
    compiled = Compiled()

    @event.listens_for(Engine, "engine_connect")
    def _use(connection: Connection) -> None:
        connection.execution_options(compiled_cache=compiled)
