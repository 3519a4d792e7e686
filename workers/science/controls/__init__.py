"""Controls: one file each, each a `derive(context, *, draws)` that yields one `InitialState` per draw."""
