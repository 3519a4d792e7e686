"""Controls: one file per branch, each a `derive(origin, *, draws)` that yields one `Start` per draw."""
