"""Optimizers: one file each, a `build(model, *, lr, ...)` that returns the optimizers of one training."""
