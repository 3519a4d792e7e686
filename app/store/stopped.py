"""Why sweeps have stopped runs early, as members keep it: text, and empty once the run was resumed."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select, update

from app.store.tables import AnyRow, sweep_members


def reasons(conn: Connection, rows: Iterable[AnyRow]) -> dict[str, str]:
    """Return the reason of each run, of these rows of the table `runs`, that a sweep has stopped."""
    run_ids = [row.id for row in rows if row.sweep_id and row.state in ("cancelling", "cancelled")]
    if not run_ids:
        return {}
    mine = sweep_members.c.run_id.in_(run_ids), sweep_members.c.stopped != ""
    query = select(sweep_members.c.run_id, sweep_members.c.stopped).where(*mine)
    return {row.run_id: row.stopped for row in conn.execute(query)}


def spare(conn: Connection, run_ids: Collection[str]) -> None:
    """Let runs that a sweep has stopped go on to their end, as they are resumed."""
    mine = sweep_members.c.run_id.in_(run_ids), sweep_members.c.stopped.is_not(None)
    conn.execute(update(sweep_members).where(*mine).values(stopped=""))
