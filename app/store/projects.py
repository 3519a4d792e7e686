"""Projects: made, renamed, joined, left, and filled with runs and sweeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, delete, exists, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.contract.experiment import FieldError
from app.records.projects import Project, ProjectMember
from app.store import audit, bulk, ids, labels
from app.store.acting import actor, may_change
from app.store.connected import Connected
from app.store.errors import NotFound, NotTheirs
from app.store.lookup import moment
from app.store.people import folded, named
from app.store.people_tables import users
from app.store.project_reads import fills, leads
from app.store.project_tables import project_members, projects
from app.store.sql import Now
from app.store.tables import AnyRow, runs, sweeps

THERE = "in it already"


@dataclass
class Moved:
    """Which runs belong to another project now: `before` has the project that each belonged to, if any."""

    before: dict[str, str | None] = field(default_factory=dict)
    unchanged: dict[str, list[str]] = field(default_factory=dict)


class Projects(Connected):
    """One transaction per method. Without accounts everybody may do everything."""

    def new_project(self, name: str) -> str:
        """Return the id of a new project, which who acts leads. Raises FieldError for a bad name or one taken."""
        who, project_id = actor(), ids.run_id()
        values = {"id": project_id, "owner_id": who.user_id if who else None, "created_at": Now(), **_named(name)}
        with self._db.write() as conn:
            try:
                conn.execute(insert(projects).values(**values))
            except IntegrityError:
                raise FieldError("name", "is taken by another project") from None
            audit.note(conn, "begin", "project", [project_id], name)
        return project_id

    def rename_project(self, project_id: str, name: str) -> None:
        """Give a project another name. Raises NotFound, NotTheirs, FieldError."""
        with self._db.write() as conn:
            _led(conn, project_id)
            try:
                conn.execute(update(projects).where(projects.c.id == project_id).values(**_named(name)))
            except IntegrityError:
                raise FieldError("name", "is taken by another project") from None
            audit.note(conn, "rename", "project", [project_id], name)

    def project(self, project_id: str) -> Project:
        """Return a project. Raises NotFound."""
        with self._db.read() as conn:
            return _record(_row(conn, project_id))

    def projects(self, q: str = "", after: str = "", limit: int = 100) -> Sequence[Project]:
        """Return projects by name, from the one after a name on."""
        if not f"{q}{after}".isprintable():
            return []
        which = projects.c.folded.contains(folded(q.strip()), autoescape=True), projects.c.folded > folded(after)
        query = _query().where(*which).order_by(projects.c.folded).limit(limit)
        with self._db.read() as conn:
            return [_record(row) for row in conn.execute(query)]

    def project_members(self, project_id: str) -> Sequence[ProjectMember]:
        """Return the members of a project by name. Raises NotFound."""
        query = (
            select(users.c.id, users.c.name)
            .join(project_members, project_members.c.user_id == users.c.id)
            .where(project_members.c.project_id == project_id)
            .order_by(users.c.folded)
        )
        with self._db.read() as conn:
            _row(conn, project_id)
            return [ProjectMember(id=row.id, name=row.name) for row in conn.execute(query)]

    def add_member(self, project_id: str, name: str) -> None:
        """Let a person fill a project. Raises NotFound, NotTheirs, FieldError for a name of nobody."""
        with self._db.write() as conn:
            _led(conn, project_id)
            person = named(conn, name)
            if person is None:
                raise FieldError("name", "is of nobody who has an account here")
            values = {"project_id": project_id, "user_id": person.id}
            known = project_members.c.project_id == project_id, project_members.c.user_id == person.id
            if not conn.scalar(select(exists(select(project_members.c.user_id).where(*known)))):
                conn.execute(insert(project_members).values(**values))
                audit.note(conn, "add a member to", "project", [project_id], person.name)

    def remove_member(self, project_id: str, user_id: str) -> None:
        """Let a person fill a project no more; their runs stay in it. Raises NotFound, NotTheirs."""
        with self._db.write() as conn:
            _led(conn, project_id)
            which = project_members.c.project_id == project_id, project_members.c.user_id == user_id
            if conn.execute(delete(project_members).where(*which)).rowcount:
                audit.note(conn, "remove a member of", "project", [project_id], user_id)

    def project_to_fill(self, project_id: str) -> str | None:
        """Return a project that who acts may fill, None for none. Raises FieldError."""
        if not project_id:
            return None
        with self._db.read() as conn:
            _check_fills(conn, project_id)
        return project_id

    def move_runs(self, targets: Mapping[str, str | None]) -> Moved:
        """Put runs into projects, or into none. Runs of others stay as they are. Raises FieldError for a project."""
        moved = Moved()
        with self._db.write() as conn:
            for project_id in {target for target in targets.values() if target}:
                _check_fills(conn, project_id)
            for part in bulk.chunks(targets):
                _move(conn, {run_id: targets[run_id] for run_id in part}, moved)
        return moved

    def move_sweep(self, sweep_id: str, project_id: str | None) -> None:
        """Put a sweep with its runs into a project. Raises NotFound, NotTheirs, FieldError."""
        with self._db.write() as conn:
            if project_id:
                _check_fills(conn, project_id)
            row = conn.execute(select(sweeps.c.owner_id).where(sweeps.c.id == sweep_id).with_for_update()).first()
            if row is None:
                raise NotFound(f"there is no sweep {sweep_id}")
            if not may_change(row.owner_id):
                raise NotTheirs("This is of another person: only its owner and admins may change it.")
            for table, key in ((sweeps, sweeps.c.id), (runs, runs.c.sweep_id)):
                conn.execute(update(table).where(key == sweep_id).values(project_id=project_id))
            audit.note(conn, "move to a project", "sweep", [sweep_id], project_id or "none")


def _move(conn: Connection, targets: Mapping[str, str | None], moved: Moved) -> None:
    """Move at most as many runs as one statement takes."""
    columns = runs.c.id, runs.c.owner_id, runs.c.project_id
    locked = select(*columns).where(runs.c.id.in_(targets)).order_by(runs.c.id).with_for_update(key_share=True)
    rows = {row.id: row for row in conn.execute(locked)}
    changing: dict[str | None, list[str]] = {}
    for run_id, project_id in targets.items():
        row = rows.get(run_id)
        reason = bulk.MISSING if row is None else "" if may_change(row.owner_id) else bulk.OTHERS
        if not reason and row is not None and row.project_id == project_id:
            reason = THERE if project_id else "in none already"
        if reason or row is None:
            moved.unchanged.setdefault(reason, []).append(run_id)
            continue
        moved.before[run_id] = row.project_id
        changing.setdefault(project_id, []).append(run_id)
    for project_id, run_ids in changing.items():
        conn.execute(update(runs).where(runs.c.id.in_(run_ids)).values(project_id=project_id))
        audit.note(conn, "move to a project", "run", run_ids, project_id or "none")


def _named(name: str) -> dict[str, str]:
    name = labels.check_view(name)
    if any(character in name for character in '",*'):
        raise FieldError("name", "must not contain a quote, a comma or an asterisk, which mean something in a search")
    return {"name": name, "folded": folded(name)}


def _query() -> Select[Any]:
    counted = select(func.count()).select_from(runs)
    many = counted.where(runs.c.project_id == projects.c.id, runs.c.deleted_at.is_(None)).scalar_subquery()
    people = select(func.count()).select_from(project_members)
    members = people.where(project_members.c.project_id == projects.c.id).scalar_subquery()
    owner = select(users.c.name).where(users.c.id == projects.c.owner_id).scalar_subquery()
    return select(
        projects, many.label("many"), members.label("members"), owner.label("owner"),
        fills().label("mine"), leads().label("leads"),
    )  # fmt: skip


def _row(conn: Connection, project_id: str) -> AnyRow:
    row = conn.execute(_query().where(projects.c.id == project_id)).first()
    if row is None:
        raise NotFound(f"there is no project {project_id}")
    return row


def _led(conn: Connection, project_id: str) -> None:
    if not _row(conn, project_id).leads:
        raise NotTheirs("Only who has begun a project and admins may change it.")


def _check_fills(conn: Connection, project_id: str) -> None:
    row = conn.execute(_query().where(projects.c.id == project_id)).first()
    if row is None or not row.mine:
        raise FieldError("project", "must be one that you belong to")


def _record(row: AnyRow) -> Project:
    return Project(
        id=row.id, name=row.name, owner=row.owner, created_at=moment(row.created_at), runs=row.many,
        members=row.members, mine=bool(row.mine), leads=bool(row.leads),
    )  # fmt: skip
