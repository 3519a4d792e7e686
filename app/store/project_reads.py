"""Which projects who acts may fill or change."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select, true

from app.store.acting import Actor, actor
from app.store.project_tables import project_members, projects


class ProjectReads(ABC):
    """Projects, as they are now or as they were at one moment."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]:
        """Return a transaction that only reads."""

    def projects_to_fill(self, most: int = 200) -> Sequence[tuple[str, str]]:
        """Return id and name of the projects that who acts may fill, by name, at most so many."""
        query = select(projects.c.id, projects.c.name).where(fills()).order_by(projects.c.folded).limit(most)
        with self._read() as conn:
            return [(row.id, row.name) for row in conn.execute(query)]


def _restricted() -> Actor | None:
    """Return who acts, where they may not do everything."""
    who = actor()
    return who if who is not None and who.only_own else None


def leads() -> ColumnElement[bool]:
    """Return that who acts may change a project."""
    who = _restricted()
    return true() if who is None else func.coalesce(projects.c.owner_id == who.user_id, False)


def fills() -> ColumnElement[bool]:
    """Return that who acts may put runs into a project."""
    who = _restricted()
    if who is None:
        return true()
    belongs = project_members.c.project_id == projects.c.id, project_members.c.user_id == who.user_id
    return or_(leads(), exists(select(project_members.c.user_id).where(*belongs)))
