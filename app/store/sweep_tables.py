"""Tables of sweeps and of the runs that belong to them."""

from sqlalchemy import Column, Double, ForeignKey, Index, Integer, SmallInteger, String, Table, Text

from app.store.acting import acting, chosen_project
from app.store.schema import metadata
from app.store.sql import Json

sweeps = Table(
    "sweeps",
    metadata,
    Column("id", String(10), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("kind", String(40), nullable=False),
    # The spec of the base, the fields that vary, and who chooses their values.
    Column("spec", Json, nullable=False),
    Column("axes", Json, nullable=False),
    Column("sampler", Json, nullable=False),
    Column("objective", String(80), nullable=False),
    Column("budget", Json, nullable=False),
    Column("stop", Json, nullable=False),
    # `open` while members may be started, then `closed` or `cancelled`; `note` is the reason.
    Column("state", String(12), nullable=False),
    Column("note", Text, nullable=False),
    Column("tags", Json, nullable=False),
    Column("notes", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    # Who stops weak members early; empty: none are stopped.
    Column("pruner", Json),
    Column("deleted_at", Double),
    # Who has submitted it; nobody where there were no accounts.
    Column("owner_id", String(10), default=acting),
    # 0 low, 1 normal, 2 high.
    Column("priority", SmallInteger, nullable=False, default=1, server_default="1"),
    # The project that it belongs to, if to any.
    Column("project_id", String(10), default=chosen_project),
    Index(None, "created_at", "id"),
)

# Runs of sweeps by their place; one that was purged, or refused for its values, has no run.
sweep_members = Table(
    "sweep_members",
    metadata,
    Column("sweep_id", String(10), ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("run_id", String(10), ForeignKey("runs.id", ondelete="SET NULL"), index=True),
    Column("values", Json, nullable=False),
    # The objective and the hours of workers when the run had ended at this event; an error where there is no run.
    Column("objective", Double),
    Column("hours", Double),
    Column("seq", Integer),
    Column("error", Text),
    # Values of the objective on the way to the end, and why the sweep stopped the run early.
    Column("reports", Json),
    Column("stopped", Text),
)
