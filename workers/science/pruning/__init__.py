"""Pruning methods: one file each, a `prune(weights, masks, layers, rounds, *, ...)` that returns smaller masks."""
