"""Experiments: one file per kind, each a `run(spec, replicate, ...)` of outputs and a `describe(spec, ...)`."""
