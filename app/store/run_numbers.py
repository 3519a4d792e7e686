"""Numbers of runs as columns, which groups read: one row holds what facts spread over many."""

from sqlalchemy import Column, Double, ForeignKey, String, Table

from app.store.schema import metadata

# Of the measures of a run those that do not depend on the share of kept weights. A measure without a column here is
# read from facts, which takes longer.
run_numbers = Table(
    "run_numbers",
    metadata,
    Column("run_id", String(10), ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("accuracy", Double),
    Column("best_accuracy", Double),
    Column("sparsity", Double),
    Column("test_loss", Double),
    Column("matched_density", Double),
    Column("erased", Double),
    Column("core_seconds", Double),
    Column("disk_bytes", Double),
)
