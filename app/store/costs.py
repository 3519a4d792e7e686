"""What runs have cost: hours on slots and bytes of artifacts, summed up by the database.

A shard keeps the time that it has had a slot, over all its attempts. Replicates that are trained as one stack have one
slot together: of these the longest time counts. Runs in the bin count, as they take space; purged ones left nothing.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Subquery,
    Text,
    case,
    cast,
    func,
    literal,
    select,
)

from app.records.costs import Cost, CostGroup, CostRow, Costs, CostSort
from app.store.people_tables import users
from app.store.project_tables import projects
from app.store.sql import CoordinateOf, MonthOf, Now, Unsearched
from app.store.tables import AnyRow, artifacts, runs, shards

WIDEST = 64
"""Replicates of the widest stack that is recognised."""

_KEYS: dict[CostGroup, ColumnElement[Any]] = {
    "person": func.coalesce(runs.c.owner_id, ""),
    "project": func.coalesce(runs.c.project_id, ""),
    "month": MonthOf(func.coalesce(runs.c.started_at, runs.c.created_at)),
    "run": runs.c.id,
}
_SUMS = ("runs", "core", "gpu", "unknown", "disk")
_HOUR = 3600.0


def by(conn: Connection, group: CostGroup, sort: CostSort, limit: int) -> Costs:
    """Return what runs have cost, by group, the most expensive first; months the newest first."""
    groups = _groups(group)
    c = groups.c
    sums = [func.sum(c[name]).over().label(f"all_{name}") for name in _SUMS]
    # In the order of the table: by the index on hashes each row would be looked up.
    by_hash = Unsearched(artifacts.c.sha256)
    files = select(func.max(artifacts.c.size_bytes).label("size")).group_by(by_hash).subquery()
    stored = select(func.coalesce(func.sum(files.c.size), 0)).scalar_subquery()
    counted = select(groups, *sums, func.count().over().label("groups"), stored.label("stored"))
    ranked = counted.order_by(*_order(groups, group, sort)).limit(limit).subquery()
    return _costs(group, conn.execute(_named(group, ranked).order_by(*_order(ranked, group, sort))).all())


def _order(groups: FromClause, group: CostGroup, sort: CostSort) -> list[ColumnElement[Any]]:
    c = groups.c
    hours = c.core + c.gpu + c.unknown
    first = c.key if group == "month" else {"hours": hours, "core": c.core, "gpu": c.gpu, "disk": c.disk}[sort]
    return [first.desc(), hours.desc(), c.disk.desc(), c.key.desc()]


def _groups(group: CostGroup) -> CTE:
    """Select the sums of each group; a file counts once in each."""
    keyed = select(runs.c.id, _KEYS[group].label("key")).cte("keyed")
    hours = _hours()
    in_group = (
        select(keyed.c.key, artifacts.c.sha256, func.max(artifacts.c.size_bytes).label("size"))
        .join_from(artifacts, keyed, keyed.c.id == artifacts.c.run_id)
        .group_by(keyed.c.key, artifacts.c.sha256)
        .subquery()
    )
    disk = select(in_group.c.key, func.sum(in_group.c.size).label("disk")).group_by(in_group.c.key).subquery()
    spent = [func.coalesce(func.sum(hours.c[name]), 0.0).label(name) for name in ("core", "gpu", "unknown")]
    summed = (
        select(keyed.c.key, func.count().label("runs"), *spent)
        .outerjoin_from(keyed, hours, hours.c.run_id == keyed.c.id)
        .group_by(keyed.c.key)
        .subquery()
    )
    joined = summed.outerjoin(disk, disk.c.key == summed.c.key)
    return select(summed, func.coalesce(disk.c.disk, 0).label("disk")).select_from(joined).cte("groups")


def _hours() -> Subquery:
    """Select the seconds on slots of each run, by the kind of device that the frozen plan names."""
    # As text, and only numbers that are known: the plan of an imported archive may hold anything.
    text = cast(CoordinateOf(shards.c.plan, literal("replicates")), Text)
    width = case({str(n): n for n in range(2, WIDEST + 1)}, value=text, else_=1)
    device = CoordinateOf(shards.c.plan, literal("device"))
    known = case((device == "cpu", "cpu"), (device.is_not(None), "gpu"), else_=shards.c.queue)
    held = func.coalesce(shards.c.slot_s, 0.0) + func.coalesce(Now() - shards.c.claimed_at, 0.0)
    block = (shards.c.replicate // width).label("block")
    one = select(shards.c.run_id, known.label("device"), block, held.label("held")).subquery()
    stacks = (
        select(one.c.run_id, one.c.device, func.max(one.c.held).label("held"))
        .group_by(one.c.run_id, one.c.device, one.c.block)
        .subquery()
    )
    of = {"core": stacks.c.device == "cpu", "gpu": stacks.c.device == "gpu", "unknown": stacks.c.device == "any"}
    sums = [func.sum(case((which, stacks.c.held), else_=0.0)).label(name) for name, which in of.items()]
    return select(stacks.c.run_id, *sums).group_by(stacks.c.run_id).subquery()


def _named(group: CostGroup, ranked: Subquery) -> Select[Any]:
    """Add the names of the groups, and of a run whose it is."""
    if group == "month":
        return select(ranked, ranked.c.key.label("name"))
    if group == "run":
        joined = ranked.join(runs, runs.c.id == ranked.c.key).outerjoin(users, users.c.id == runs.c.owner_id)
        about = runs.c.name.label("name"), users.c.name.label("owner"), runs.c.deleted_at.is_not(None).label("binned")
        return select(ranked, *about).select_from(joined)
    table = users if group == "person" else projects
    name = func.coalesce(table.c.name, ranked.c.key).label("name")
    return select(ranked, name).select_from(ranked.outerjoin(table, table.c.id == ranked.c.key))


def _costs(group: CostGroup, listed: Sequence[AnyRow]) -> Costs:
    rows = tuple(
        CostRow(
            key=row.key, name=row.name, owner=getattr(row, "owner", None), binned=bool(getattr(row, "binned", False)),
            **_cost([getattr(row, name) for name in _SUMS]),
        )
        for row in listed
    )  # fmt: skip
    if not listed:
        nothing = Cost(**_cost([0] * len(_SUMS)))
        return Costs(group=group, rows=(), rest_groups=0, rest=nothing, total=nothing, shared_bytes=0)
    sums = [getattr(listed[0], f"all_{name}") for name in _SUMS]
    shown = [sum(getattr(row, name) for row in listed) for name in _SUMS]
    rest_groups = listed[0].groups - len(listed)
    rest = [a - b for a, b in zip(sums, shown, strict=True)] if rest_groups else [0] * len(_SUMS)
    stored = int(listed[0].stored)
    return Costs(
        group=group, rows=rows, rest_groups=rest_groups, rest=Cost(**_cost(rest)),
        total=Cost(**_cost([*sums[:-1], stored])), shared_bytes=int(sums[-1]) - stored,
    )  # fmt: skip


def _cost(sums: list[Any]) -> dict[str, Any]:
    n, core, gpu, unknown, disk = sums
    hours = {"core_hours": core, "gpu_hours": gpu, "unknown_hours": unknown}
    return {"runs": int(n), "disk_bytes": int(disk), **{name: max(0.0, float(s)) / _HOUR for name, s in hours.items()}}
