"""Optimizers and schedules: each optimizer a `build(model, *, lr, ...)` that returns the optimizers of one training."""
