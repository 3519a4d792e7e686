"""A query as a condition on rows of the table `runs`."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

from sqlalchemy import ColumnElement, and_, false, func, not_, or_, select, true

from app.contract.experiment import FieldError
from app.kinds.specs import NAMES
from app.records import PRIORITIES, State
from app.search.fields import Field, Type, field_of, number, seconds
from app.search.parse import parse, wrong
from app.search.terms import All, Comparison, Either, Not, Term, Word
from app.store.facts import named
from app.store.owners import of_project, owned_by
from app.store.sql import Now
from app.store.tables import facts, runs, shards

Condition = ColumnElement[bool]

# Characters of an id that a word is taken for the beginning of one.
_ID_PREFIX = 4
_SIGNS: dict[str, Callable[[Any, Any], Condition]] = {
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}
_ANSWERS = {"state": get_args(State), "kind": tuple(NAMES), "priority": PRIORITIES}
"""Fields of few values: another one is a slip of the pen."""


def condition(query: str) -> Condition:
    """Return the condition of a query on a run. Raises FieldError at `q`."""
    if "\0" in query:
        return false()  # which PostgreSQL refuses and no run contains
    return _of(parse(query))


def reads_facts(query: str) -> bool:
    """Return whether a query compares fields of specs or measures. Raises FieldError at `q`."""
    return _reads_facts(parse(query))


def _reads_facts(term: Term) -> bool:
    match term:
        case Comparison():
            return not field_of(term).of_run
        case Not(inner):
            return _reads_facts(inner)
        case All(terms) | Either(terms):
            return any(map(_reads_facts, terms))
        case Word():
            return False


def contains(text: str) -> Condition:
    """Return that a text is in what a run is found by."""
    return runs.c.search.contains(text.casefold(), autoescape=True)


def tagged(tag: str) -> Condition:
    """Return that a run has a tag. Raises FieldError for two."""
    if "," in tag:
        raise FieldError("tag", "must not contain a comma: search for one tag at a time")
    return contains(f"\n#{tag}\n")


def _of(term: Term) -> Condition:
    match term:
        case Word(text):
            return contains(text) if len(text) < _ID_PREFIX else or_(contains(text), _begins(text))
        case Not(inner):
            return not_(_of(inner))
        case All(terms):
            return and_(true(), *map(_of, terms))
        case Either(terms):
            return or_(*map(_of, terms))
        case Comparison():
            return _comparison(term)


def _comparison(term: Comparison) -> Condition:
    field = field_of(term)
    if not field.of_run:
        return _fact(term, field)
    (kind,) = field.types
    if kind == "time":
        return _moment(term, {"created": "created_at", "started": "started_at", "finished": "finished_at"}[field.name])
    if kind == "duration":
        took = runs.c.finished_at - runs.c.started_at
        return _compared(term, took, [seconds(term, value) for value in term.values])
    _no_order(term, kind)
    for value in term.values:
        known = _ANSWERS.get(field.name, ())
        if known and value.casefold() not in known and "*" not in value:
            raise wrong(term.value_at, f"{field.name} is one of {', '.join(known)}")
    return _any(term, [_text(field.name, value.casefold(), exact=term.operator != ":") for value in term.values])


def _text(name: str, value: str, *, exact: bool) -> Condition:
    if name == "tag":
        return tagged(value)
    if name == "id":
        return _begins(value)
    if name == "worker":
        of_worker = shards.c.worker.is_not(None), _equal(func.lower(shards.c.worker), value, exact=exact)
        return runs.c.id.in_(select(shards.c.run_id).where(*of_worker))
    if name == "owner":
        return owned_by(value)
    if name == "priority":
        return true() if "*" in value else runs.c.priority == PRIORITIES.index(value)
    if name == "project":
        return of_project(value)
    if name == "again":
        return runs.c.again_of == value
    if name == "sweep":
        # Any of them, or one by its id.
        return runs.c.sweep_id.is_not(None) if value == "*" else func.coalesce(runs.c.sweep_id == value, false())
    column = getattr(runs.c, name)
    if name in _ANSWERS:  # in small letters, and never empty
        return _equal(column, value, exact=True)
    return func.coalesce(_equal(func.lower(column), value, exact=exact), false())


def _equal(column: Any, value: str, *, exact: bool) -> Condition:
    """Compare a column with a text, in which * matches anything; without it, whole or in part."""
    if "*" in value:
        escaped = value.replace("/", "//").replace("%", "/%").replace("_", "/_")
        alike: Condition = column.like(escaped.replace("*", "%"), escape="/")
        return alike
    whole: Condition = column == value
    part: Condition = column.contains(value, autoescape=True)
    return whole if exact else part


def _fact(term: Comparison, field: Field) -> Condition:
    """Return that some fact of this name compares so; for !=, that there is one and none is equal."""
    name = named(field.name)
    numeric = "number" in field.types
    parts: list[Condition] = []
    for value in term.values:
        if term.operator in _SIGNS:
            if not numeric:
                _no_order(term, "word")
            parts.append(_SIGNS[term.operator](facts.c.number, number(term, value)))
        elif numeric and not ("word" in field.types and not _is_number(value)):
            parts.append(facts.c.number == number(term, value))
        else:
            parts.append(_equal(facts.c.text, value.casefold(), exact=True))

    def some(*conditions: Condition) -> Condition:
        return runs.c.id.in_(select(facts.c.run_id).where(name, *conditions))

    return and_(some(), not_(some(or_(*parts)))) if term.operator == "!=" else some(or_(*parts))


def _moment(term: Comparison, column_name: str) -> Condition:
    """Compare a time: by age, so that < 7d is younger; or by a date in UTC, so that < 2026-11-01 is before that day."""
    column = runs.c[column_name]
    conditions = []
    for value in term.values:
        day = _day(value)
        if day is None:
            age = Now() - column
            span = seconds(term, value)
            sign = term.operator if term.operator in _SIGNS else "<="
            conditions.append(_SIGNS[sign](age, span))
        else:
            begin, end = day.timestamp(), (day + timedelta(days=1)).timestamp()
            on = {"<": column < begin, "<=": column < end, ">": column >= end, ">=": column >= begin}
            conditions.append(on.get(term.operator, and_(column >= begin, column < end)))
    return _any(term, [func.coalesce(condition, false()) for condition in conditions])


def _compared(term: Comparison, column: Any, values: list[float]) -> Condition:
    sign = _SIGNS.get(term.operator)
    parts = [func.coalesce(sign(column, value) if sign else column == value, false()) for value in values]
    return _any(term, parts)


def _any(term: Comparison, conditions: Sequence[Condition]) -> Condition:
    return not_(or_(*conditions)) if term.operator == "!=" else or_(*conditions)


def _begins(text: str) -> Condition:
    return runs.c.id.startswith(text.casefold(), autoescape=True)


def _no_order(term: Comparison, kind: Type) -> None:
    if term.operator in _SIGNS and kind in ("word", "text"):
        raise wrong(term.at, f"{term.field} is a word, which {term.operator} does not compare; use : or !=")


def _is_number(value: str) -> bool:
    try:
        float(value.removesuffix("%"))
    except ValueError:
        return False
    return True


def _day(value: str) -> datetime | None:
    try:
        return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
