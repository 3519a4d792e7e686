"""Data sets: one file each, a `load(directory, *, normalise)` that returns a `Dataset` of whole tensors."""
