"""Sparse networks that are stored, and so trained, as sparse: the kept weights and nothing else."""
