"""Which optimizers can move a stack of networks as one tensor."""

ELEMENTWISE = frozenset({"sgd", "momentum_sgd", "adam", "adamw", "rmsprop", "lion"})
"""Catalog keys of the optimizers that move each weight by its own gradients alone.

They do to parameters `(R, *shape)` what they would do to R apart. The others look at whole kernels (muon, dualised,
spectral_sgd, frobenius_sgd, shampoo, soap) or at all gradients of a network at once (sam): they would mix replicates.
"""
