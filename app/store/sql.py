"""A type of column and functions that SQLAlchemy has not, in the SQL of both databases."""

from typing import Any

import orjson
from sqlalchemy import Double, Text, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.store.errors import Damaged


class Json(TypeDecorator[Any]):
    """JSON in a text column: a NaN becomes null, which PostgreSQL's own type would refuse."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        try:
            return None if value is None else orjson.loads(value)
        except ValueError as error:
            raise Damaged(f"a row of the database is no longer valid JSON: {error}") from error


class Now(FunctionElement[float]):
    """The database's clock at this moment (not at the start of the transaction), in seconds since 1970."""

    type = Double()
    inherit_cache = True


@compiles(Now, "sqlite")
def _now_sqlite(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(Now, "postgresql")
def _now_postgresql(*_: Any, **__: Any) -> str:
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"


class Unsearched(FunctionElement[Any]):
    """A value by which SQLite searches no index: without statistics it mistakes which condition finds fewer rows."""

    type = Double()

    inherit_cache = True


@compiles(Unsearched, "sqlite")
def _unsearched_sqlite(element: Unsearched, compiler: SQLCompiler, **how: Any) -> str:
    return f"+{compiler.process(element.clauses, **how)}"


@compiles(Unsearched, "postgresql")
def _unsearched_postgresql(element: Unsearched, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.clauses, **how)


class CoordinateOf(FunctionElement[Any]):
    """One coordinate of a key in JSON text: `CoordinateOf(key, name)`; NULL where there is none."""

    type = Text()
    inherit_cache = True


@compiles(CoordinateOf, "sqlite")
def _coordinate_sqlite(element: CoordinateOf, compiler: SQLCompiler, **how: Any) -> str:
    key, name = (compiler.process(clause, **how) for clause in element.clauses)
    return f"json_extract({key}, '$.' || {name})"


@compiles(CoordinateOf, "postgresql")
def _coordinate_postgresql(element: CoordinateOf, compiler: SQLCompiler, **how: Any) -> str:
    key, name = (compiler.process(clause, **how) for clause in element.clauses)
    return f"(CAST({key} AS json) ->> CAST({name} AS text))"


class MonthOf(FunctionElement[str]):
    """The month, in UTC, of seconds since 1970: as `2026-12`."""

    type = Text()
    inherit_cache = True


@compiles(MonthOf, "sqlite")
def _month_sqlite(element: MonthOf, compiler: SQLCompiler, **how: Any) -> str:
    return f"strftime('%Y-%m', {compiler.process(element.clauses, **how)}, 'unixepoch')"


@compiles(MonthOf, "postgresql")
def _month_postgresql(element: MonthOf, compiler: SQLCompiler, **how: Any) -> str:
    return f"to_char(to_timestamp({compiler.process(element.clauses, **how)}) AT TIME ZONE 'UTC', 'YYYY-MM')"
