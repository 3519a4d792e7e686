"""Who owns a run, as lists and searches need it."""

from sqlalchemy import ColumnElement, false, func, select

from app.store.acting import acting
from app.store.people import folded
from app.store.people_tables import users
from app.store.project_tables import projects
from app.store.tables import runs, sweeps

ME = "me"
"""The person who searches."""

OWNER = select(users.c.name).where(users.c.id == runs.c.owner_id).scalar_subquery().label("owner")
"""The name of a run's owner; no row of another table is locked with the run's."""

OF_SWEEP = select(users.c.name).where(users.c.id == sweeps.c.owner_id).scalar_subquery().label("owner")
"""The same of a sweep."""

PROJECT = select(projects.c.name).where(projects.c.id == runs.c.project_id).scalar_subquery().label("project")
"""The name of a run's project."""

PROJECT_OF_SWEEP = (
    select(projects.c.name).where(projects.c.id == sweeps.c.project_id).scalar_subquery().label("project")
)
"""The same of a sweep."""


def of_project(name: str) -> ColumnElement[bool]:
    """Return that a run belongs to a project by name, or to any for `*`."""
    if name == "*":
        return runs.c.project_id.is_not(None)
    of_name = select(projects.c.id).where(projects.c.folded == folded(name))
    return func.coalesce(runs.c.project_id.in_(of_name), false())


def owned_by(name: str) -> ColumnElement[bool]:
    """Return that a run is of a person by name; `me` is the person who searches, `*` any person."""
    if name == "*":
        return runs.c.owner_id.is_not(None)
    if name == ME:
        return func.coalesce(runs.c.owner_id == acting(), false()) if acting() else false()
    of_name = select(users.c.id).where(users.c.folded == folded(name))
    return func.coalesce(runs.c.owner_id.in_(of_name), false())
