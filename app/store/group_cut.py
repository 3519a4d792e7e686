"""Of more groups than an answer has, those that come first, found by the database."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Double, Subquery, Text, and_, func, not_, select, true, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from app.search.facts import leaf_of
from app.search.fields import types_of, words
from app.store.facts import named
from app.store.spreads import mean_of
from app.store.tables import facts, runs

BETWEEN = "\x1f"
"""Between the values of a key."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_SAMPLE = 10
"""Values that are looked at, relative to the groups of an answer."""
_NUMBERS = ("inf", "nan")
"""Numbers that begin with a letter."""


class Cut(NamedTuple):
    """Keys of groups, among which the first ones are, and how many groups there are in all."""

    keys: list[str]
    total: int


class FirstNumber(FunctionElement[float]):
    """The first number of a key that consists of numbers; NULL of an empty one."""

    type = Double()
    inherit_cache = True


@compiles(FirstNumber, "sqlite")
def _first_sqlite(element: FirstNumber, compiler: SQLCompiler, **how: Any) -> str:
    # Reads as far as there is a number.
    return f"CAST(nullif({compiler.process(element.clauses, **how)}, '') AS REAL)"


@compiles(FirstNumber, "postgresql")
def _first_postgresql(element: FirstNumber, compiler: SQLCompiler, **how: Any) -> str:
    first = f"split_part({compiler.process(element.clauses, **how)}, chr(31), 1)"
    return f"CAST(nullif({first}, '') AS double precision)"


class ByCode(FunctionElement[str]):
    """A text that is compared by code points, as Python does."""

    type = Text()
    inherit_cache = True


@compiles(ByCode, "sqlite")
def _by_code_sqlite(element: ByCode, compiler: SQLCompiler, **how: Any) -> str:
    return f"({compiler.process(element.clauses, **how)} COLLATE BINARY)"


@compiles(ByCode, "postgresql")
def _by_code_postgresql(element: ByCode, compiler: SQLCompiler, **how: Any) -> str:
    return f'({compiler.process(element.clauses, **how)} COLLATE "C")'


def exceeds(conn: Connection, group: str, most: int) -> bool:
    """Return whether runs seem to have far more than `most` values of a field."""
    if group in ("state", "kind", "model", "dataset"):
        return False
    where: ColumnElement[bool] = true()
    if group in ("name", "again"):
        columns: list[ColumnElement[Any]] = [runs.c.name if group == "name" else runs.c.again_of]
    else:
        kinds = types_of(group)
        if kinds == {"word"} and words().get(leaf_of(group)):
            return False  # one of a few words
        where = named(group)
        columns = [facts.c.number if kind == "number" else facts.c.text for kind in kinds]
    samples = [select(column.label("value")).where(where, column.is_not(None)) for column in columns]
    return any(len(set(conn.scalars(sample.limit(most * _SAMPLE)))) > most for sample in samples)


def first(conn: Connection, group: str, members: Subquery, by: str, most: int, *, descending: bool) -> Cut:
    """Return the groups of `members` among which the first `most` are, by "value", "n" or the mean of a column.

    Words that could be read as numbers are all returned: where these belong a database cannot say.
    """
    numeric = group not in runs.c and types_of(group) == {"number"}
    source, mean = (members, None) if by in ("value", "n") else mean_of(by, members)
    columns = [members.c.key, func.count().label("n"), *([] if mean is None else [mean.label("mean")])]
    groups = select(*columns).select_from(source).group_by(members.c.key).cte("groups")
    key = ByCode(groups.c.key)
    values: list[ColumnElement[Any]] = [key]
    if numeric:
        number = FirstNumber(groups.c.key)
        values = [number, key] if by == "value" else [number.is_(None), number, key]
    match by:
        case "value":
            order = [groups.c.key == "", *(value.desc() if descending else value for value in values)]
        case "n":
            order = [groups.c.n.desc() if descending else groups.c.n, *values]
        case _:
            mean = groups.c.mean
            order = [mean.is_(None), mean.desc() if descending else mean, *values]
    total = select(func.count()).select_from(groups).scalar_subquery().label("total")
    word = true() if numeric else _is_word(groups.c.key)
    query: Any = select(groups.c.key, total).where(word).order_by(*order).limit(most)
    if not numeric:
        listed = query.subquery()
        query = union_all(select(listed.c.key, listed.c.total), select(groups.c.key, total).where(not_(word)))
    rows = conn.execute(query).all()
    return Cut([row[0] for row in rows], rows[0][1] if rows else 0)


def _is_word(key: ColumnElement[str]) -> ColumnElement[bool]:
    """Return that a key is one word that is no number: it begins with a letter."""
    small = func.lower(key)
    letter = func.substr(small, 1, 1).in_(list(_LETTERS))
    return and_(letter, func.substr(small, 1, 3).not_in(_NUMBERS), not_(key.contains(BETWEEN)))
