"""Pruning methods: one file each, a `prune(context, *, ...)` that returns smaller masks."""
